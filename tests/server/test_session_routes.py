import pytest

from auscult.server.access import COOKIE

from .monitored import TOKEN, MonitorClient, detail


def cookie_of(answer):
    return answer.headers["set-cookie"].partition(";")[0]


def test_a_person_signs_in_acts_and_signs_out(asked, alarmed, alarm_id):
    assert asked.json("/api/session") == {"is_read_only": False, "who": ""}
    answer = asked.post("/api/login", json={"who": "Ada", "token": TOKEN})
    assert answer.json() == {"is_read_only": False, "who": "Ada"}
    cookie = cookie_of(answer)
    assert cookie.startswith(f"{COOKIE}=")
    assert TOKEN not in cookie
    own = {"Cookie": cookie, "Origin": "http://127.0.0.1:5001"}
    assert asked.get("/api/session", headers=own).json()["who"] == "Ada"
    asked.post(f"/api/alarms/{alarm_id}/acknowledge", json={}, headers=own)
    assert alarmed.desk.board.of("fan/id_00").acknowledged_by == "Ada"
    asked.post("/api/logout", json={}, headers=own)
    assert asked.get("/api/session", headers=own).json()["who"] == ""


def test_another_sites_page_cannot_use_the_session(asked, alarmed, alarm_id):
    cookie = cookie_of(asked.post("/api/login", json={"who": "Ada", "token": TOKEN}))
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = asked.post(f"/api/alarms/{alarm_id}/acknowledge", json={}, headers={"Cookie": cookie} | headers)
        assert "may change nothing here" in detail(answer, 403)
    form = asked.post(f"/api/alarms/{alarm_id}/acknowledge", data={"why": ""}, headers={"Cookie": cookie})
    assert form.status_code == 415
    assert alarmed.desk.board.of("fan/id_00").acknowledged_at is None


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"who": "Ada", "token": "wrong"}, 401),
        ({"who": " ", "token": TOKEN}, 422),
        ({"who": "Ada"}, 422),
        ({"who": "Ada", "token": TOKEN, "more": 1}, 422),
    ],
)
def test_who_is_not_let_in(asked, content, status):
    answer = asked.post("/api/login", json=content)
    detail(answer, status)
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down(asked):
    statuses = [asked.post("/api/login", json={"who": "Eve", "token": str(n)}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert asked.post("/api/login", json={"who": "Eve", "token": TOKEN}).headers["retry-after"] == "1"


def test_without_a_token_all_is_read_only(alarmed):
    client = MonitorClient(alarmed, token=None)
    assert client.json("/api/session") == {"is_read_only": True, "who": ""}
    assert "http.token" in detail(client.post("/api/login", json={"who": "Ada", "token": ""}), 403)
