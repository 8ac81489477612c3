"""The exchange of logins for tokens, with a double of Azure's protocol and with what only hostile registries say."""

import httpx
import pytest
from fake_acr import NO_NAME

from auscult.errors import DataError
from auscult.patience import PassingError
from auscult.registry import Login, Reference, pull, push
from auscult.registry.tokens import authorization


@pytest.fixture
def reference(acr):
    return Reference.parse(f"{acr.host}/line/fan:1")


@pytest.mark.parametrize(
    "login",
    [
        Login("robot", "secret/of:the robot"),
        Login(NO_NAME, "refresh-me"),
        Login(refresh_token="refresh-me"),
    ],
    ids=["password", "refresh token for a password", "refresh token"],
)
def test_push_and_pull_with_azures_protocol(acr, acr_client, reference, cache, notes, trained_bundle, login):
    with acr_client(login=login) as client:
        pinned = push(trained_bundle, reference, client, notes.append)
        path, _ = pull(pinned, client, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    scopes = {scope for scope, _ in acr.tokens.values()}
    assert scopes == {"repository:line/fan:pull", "repository:line/fan:push,pull"}
    token_requests = {(method, kind) for _, method, path, kind in acr.asked if path == "/oauth2/token"}
    assert token_requests == {("POST", "")} if login.refresh_token else {("GET", "Basic")}
    assert {kind for host, _, _, kind in acr.asked if host == "storage"} == {""}  # the login stays with the registry


def test_token_that_runs_out_is_fetched_anew(acr, acr_client, reference, notes, trained_bundle):
    acr.uses_a_token = 1
    with acr_client(login=Login("robot", acr.passwords["robot"])) as client:
        push(trained_bundle, reference, client, notes.append)
    assert len(acr.tokens) > 5
    assert notes == []


@pytest.mark.parametrize(
    "login", [Login("robot", "secretly wrong"), Login(NO_NAME, "secretly wrong"), Login(refresh_token="secretly wrong")]
)
def test_wrong_login_is_said_at_once(acr, acr_client, reference, cache, notes, login):
    with (
        acr_client(login=login) as client,
        pytest.raises(DataError, match=r"not accepted \((a token|user '.*') from .*;.*401") as caught,
    ):
        pull(reference, client, cache, notes.append)
    assert len([path for _, _, path, _ in acr.asked if path == "/oauth2/token"]) == 1
    assert "secretly" not in str(caught.value)


ME = Login("me", "secret")


def answer_of(service, *challenges, login=ME, plain_http=False):
    """What a client would say to challenges; `service` answers its request for a token."""
    refusal = httpx.Response(401, headers=[("WWW-Authenticate", challenge) for challenge in challenges])
    with httpx.Client(base_url="https://a.b", transport=httpx.MockTransport(service)) as http:
        return authorization(http, refusal, login, "m", plain_http)


def sent(body):
    return httpx.Response(200, stream=httpx.ByteStream(body))


def nobody(request):
    raise AssertionError(f"asked {request.url}")


def test_realm_may_have_a_query_of_its_own():
    def service(request):
        assert dict(request.url.params) == {"account": "1", "service": "s", "scope": "repository:fan:pull"}
        return sent(b'{"token": "t"}')

    challenge = 'Bearer realm="https://auth.b/t?account=1",service="s",scope="repository:fan:pull"'
    assert answer_of(service, challenge) == "Bearer t"


def test_without_a_login_a_token_is_asked_for_without_a_name():
    def service(request):
        assert "Authorization" not in request.headers
        return sent(b'{"token": "public"}')

    assert answer_of(service, 'Bearer realm="https://auth.b/t"', login=None) == "Bearer public"


def test_token_is_preferred_to_a_password_each_time():
    bearer = 'Bearer realm="https://auth.b/t"'
    assert answer_of(lambda _: sent(b'{"token": "t"}'), 'Basic realm="r"', bearer) == "Bearer t"
    assert answer_of(lambda _: sent(b'{"token": "t"}'), bearer, 'Basic realm="r"') == "Bearer t"


def test_token_service_without_tls_only_where_nothing_has():
    assert answer_of(lambda _: sent(b'{"token": "t"}'), 'Bearer realm="http://auth.b/t"', plain_http=True) == "Bearer t"


@pytest.mark.parametrize("status", [429, 503])
def test_overloaded_token_service_is_asked_again(status):
    with pytest.raises(PassingError, match=f"token service answers {status}"):
        answer_of(lambda _: httpx.Response(status), 'Bearer realm="https://auth.b/t"')


@pytest.mark.parametrize("realm", ["http://auth.b/t", "ftp://auth.b/t", "/t", "file:///etc/passwd"])
def test_login_is_not_sent_without_tls(realm):
    with pytest.raises(DataError, match="without TLS"):
        answer_of(nobody, f'Bearer realm="{realm}"')


def test_basic_login():
    assert answer_of(nobody, 'Basic realm="registry"') == "Basic bWU6c2VjcmV0"
    with pytest.raises(DataError, match="wants a login, and none is known"):
        answer_of(nobody, 'Basic realm="registry"', login=None)
    with pytest.raises(DataError, match=r"and was given a token from the command\. Set AUSCULT_"):
        answer_of(nobody, 'Basic realm="registry"', login=Login(refresh_token="t"))
    of_environment = Login(refresh_token="t", source="AUSCULT_REGISTRY_TOKEN")
    with pytest.raises(DataError, match="Unset AUSCULT_REGISTRY_TOKEN, which goes before"):
        answer_of(nobody, 'Basic realm="registry"', login=of_environment)


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Bearer", 'Bearer service="s"'])
def test_unknown_kinds_of_login(challenge):
    with pytest.raises(DataError, match="of a kind that is not known here"):
        answer_of(nobody, challenge)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\r\\nb: c"}', b"x" * (1 << 20)])
def test_token_service_that_sends_no_token(body):
    with pytest.raises(DataError, match="sends no token"):
        answer_of(lambda _: sent(body), 'Bearer realm="https://auth.b/t"')
