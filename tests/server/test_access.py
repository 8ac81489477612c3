import hmac
from itertools import pairwise

import pytest
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from auscult.errors import OptionError
from auscult.server.access import COOKIE, LONGEST_WAIT_S, MOST_KEPT, SESSION_S, Access, remember


class Clock:
    at = 0.0

    def __call__(self):
        return self.at


def request(cookie="", **headers):
    told = {"cookie": f"{COOKIE}={cookie}"} | headers if cookie else headers
    pairs = [(name.encode(), value.encode()) for name, value in told.items()]
    return Request({"type": "http", "headers": pairs, "client": ("10.0.0.1", 1)})


def refused(function, *arguments):
    with pytest.raises(HTTPException) as caught:
        function(*arguments)
    return caught.value.status_code


def test_a_session_is_a_persons_for_twelve_hours():
    clock = Clock()
    access = Access("secret", clock=clock)
    session = access.sign_in("secret", " Ada ", "10.0.0.1")
    assert access.person(request(session)) == "Ada"
    assert access.person(request(session), "Eve") == "Ada"  # a page cannot act in another's name
    clock.at = SESSION_S
    assert access.session(request(session)) == ""
    assert refused(access.person, request(session)) == 401


def test_sessions_are_secret_and_end():
    access = Access("secret")
    sessions = {access.sign_in("secret", "Ada", "10.0.0.1") for _ in range(10)}
    assert len(sessions) == 10
    assert min(map(len, sessions)) >= 43  # 32 bytes
    one = sessions.pop()
    access.sign_out(request(one))
    assert access.session(request(one)) == ""
    assert access.session(request(sessions.pop())) == "Ada"
    assert access.session(request("guessed")) == ""


def test_without_a_token_nobody_changes_anything():
    for token in (None, ""):
        access = Access(token)
        assert access.is_read_only
        assert refused(access.sign_in, "", "Ada", "10.0.0.1") == 403
        assert refused(access.person, request()) == 403
        assert refused(access.person, request(authorization="Bearer "), "Ada") == 403


def test_programs_say_the_token_and_whom_they_act_for():
    access = Access("secret")
    assert access.person(request(authorization="Bearer secret"), "robot") == "robot"
    assert access.person(request(authorization="bearer  secret"), "robot") == "robot"
    with pytest.raises(OptionError, match="Say who you are"):
        access.person(request(authorization="Bearer secret"), " ")
    assert refused(access.person, request(authorization="Bearer Secret"), "robot") == 401
    assert refused(access.person, request(authorization="Basic secret"), "robot") == 401


def test_guessing_is_slowed_down_for_whoever_guesses():
    clock = Clock()
    access = Access("secret", clock=clock)
    waits = []
    for _ in range(12):
        while True:
            status = refused(access.sign_in, "guess", "Eve", "10.6.6.6")
            if status == 401:
                break
            assert status == 429
            clock.at += 0.5
        waits.append(clock.at)
    steps = [after - before for before, after in pairwise(waits)]
    assert steps[:2] == [0, 0]
    assert steps[2:6] == [1, 2, 4, 8]
    assert steps[-1] == LONGEST_WAIT_S
    assert refused(access.sign_in, "secret", "Eve", "10.6.6.6") == 429  # even if the guess is right
    assert access.sign_in("secret", "Ada", "10.0.0.1")
    clock.at += LONGEST_WAIT_S
    assert access.sign_in("secret", "Eve", "10.6.6.6")
    assert refused(access.sign_in, "guess", "Eve", "10.6.6.6") == 401  # and all is forgotten


def test_a_program_that_guesses_is_slowed_down_too():
    access = Access("secret", clock=Clock())
    answers = [refused(access.person, request(authorization="Bearer x"), "robot") for _ in range(4)]
    assert answers == [401, 401, 401, 429]


def test_memory_is_bounded():
    access = Access("secret", clock=Clock())
    first = access.sign_in("secret", "Ada", "10.0.0.1")
    for number in range(MOST_KEPT):
        access.sign_in("secret", "Ada", "10.0.0.1")
        refused(access.sign_in, "guess", "Eve", f"10.1.{number // 256}.{number % 256}")
    assert access.session(request(first)) == ""
    assert len(access._sessions) == MOST_KEPT
    refused(access.sign_in, "guess", "Eve", "10.9.9.9")
    assert len(access._failures) == MOST_KEPT


def test_tokens_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    access = Access("geheimnis-ü")
    access.sign_in("geheimnis-ü", "Ada", "10.0.0.1")
    assert compared == [("geheimnis-ü".encode(), "geheimnis-ü".encode())]


def test_the_cookie_is_out_of_reach():
    for is_secure in (False, True):
        response = Response()
        remember(response, "abc", is_secure=is_secure)
        said = response.headers["set-cookie"]
        assert f"{COOKIE}=abc; " in said
        assert "HttpOnly" in said
        assert "SameSite=strict" in said
        assert "Max-Age=43200" in said
        assert ("Secure" in said) is is_secure
