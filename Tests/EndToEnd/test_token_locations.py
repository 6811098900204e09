"""token_locations: tokens in another field and in a cookie, whose cookie counts, and what the upstream sees of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Upstream
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.websocket_frames import WebSocketUpstream, close_frame, handshake, open_websocket
from harness.wire import Response, request
from test_decisions import bearer, check_log, check_refusal
from test_websocket_handshakes import chat

OWN, APP, EVIL = "https://api.test", "https://app.test", "https://evil.test"
SCOPED = {"scopes": ["items:read"]}
STRIP = {"authorization_header": "strip"}
ROUTES: list[dict[str, Any]] = [
    {"id": "pass", "path": "/pass/{rest...}", **SCOPED},
    {"id": "strip", "path": "/strip/{rest...}", **SCOPED, **STRIP},
    {"id": "strip.http2", "path": "/http2/{rest...}", **SCOPED, **STRIP, "upstream": "http2"},
    {"id": "app", "path": "/app/{rest...}", **SCOPED, "cors": {"origins": [APP], "credentials": True}},
    {"id": "frames", "path": "/frames/{rest...}", **SCOPED, "cors": {"origins": ["null"], "credentials": True}},
    {"id": "shadow", "path": "/shadow/{rest...}", **SCOPED, "shadow": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
]
LOCATIONS = {"header": "X-Access-Token", "cookie": "session", "websocket_protocol": "bearer"}
#: Where a token may stand; every pair of them is one too many.
PLACES = ["Authorization: Bearer {}", "X-Access-Token: {}", "Cookie: theme=dark; session={}"]


@pytest.fixture(scope="module")
def http2() -> Iterator[HTTP2Upstream]:
    upstream = HTTP2Upstream()
    yield upstream
    upstream.stop()
    assert upstream.violations == []


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream, http2: HTTP2Upstream) -> Gateway:
    return module_gateway(
        shared_upstream, routes=ROUTES, token_locations=LOCATIONS,
        listeners=[{"address": "127.0.0.1:0", "external_url": OWN}],
        upstreams={
            "service": {"servers": [shared_upstream.url]}, "http2": {"servers": [http2.url], "protocol": "h2c"}})


@pytest.fixture
def token(mint: Mint) -> str:
    return mint.token()


def seen(upstream: Any, name: str) -> list[str]:
    """What the upstream has received last of a field."""
    return upstream.messages[-1].all(name)


# Places


@pytest.mark.parametrize("place", PLACES)
def test_a_token_is_good_wherever_it_may_stand(
    gateway: Gateway, shared_upstream: Upstream, token: str, place: str
) -> None:
    line = place.format(token)
    response = gateway.exchange(request("GET", "/pass/a", line))
    assert response.status == 200
    check_log(gateway, response, "allow", "allowed", sub="alice")
    name, _, value = line.partition(": ")
    assert seen(shared_upstream, name) == [value], "it crosses as it came"


@pytest.mark.parametrize("first", PLACES)
@pytest.mark.parametrize("second", PLACES)
def test_two_credentials_are_one_too_many(gateway: Gateway, token: str, first: str, second: str) -> None:
    if first == second:
        return
    response = gateway.exchange(request("GET", "/pass/a", first.format(token), second.format(token)))
    problem = check_refusal(
        response, 400, "ambiguous_credentials", challenge='Bearer realm="api", error="invalid_request"')
    for place in ("Authorization", "field", "cookie", "protocols"):
        assert place in problem["detail"]
    check_log(gateway, response, "reject", "ambiguous_credentials")


def test_the_field_twice_is_refused_on_every_route(gateway: Gateway, token: str) -> None:
    field = f"X-Access-Token: {token}"
    for path in ("/pass/a", "/public/a"):
        for other in (field, field.lower(), field.replace("-", "_", 1)):
            assert gateway.exchange(request("GET", path, field, other)).status == 400


def test_the_cookie_twice_is_ambiguous_in_one_line_or_two(gateway: Gateway, token: str) -> None:
    cookie = f"session={token}"
    for lines in ([f"Cookie: {cookie}; {cookie}"], [f"Cookie: {cookie}", f"Cookie: {cookie}"]):
        check_refusal(
            gateway.exchange(request("GET", "/pass/a", *lines)), 400, "ambiguous_credentials",
            challenge='Bearer realm="api", error="invalid_request"')
    assert gateway.exchange(request("GET", "/public/a", f"Cookie: {cookie}; {cookie}")).status == 200


def test_cookies_that_http2_splits_are_one_field(gateway: Gateway, shared_upstream: Upstream, token: str) -> None:
    with HTTP2Client(gateway.address) as client:
        assert client.exchange("GET", "/pass/a", "cookie: a=1", f"cookie: session={token}", "cookie: b=2").status == 200
        assert seen(shared_upstream, "cookie") == [f"a=1; session={token}; b=2"]
        response = client.exchange("GET", "/pass/a", f"cookie: session={token}", f"cookie: session={token}")
        assert (response.status, json.loads(response.body)["reason"]) == (400, "ambiguous_credentials")


def test_nothing_in_its_place_is_no_token(gateway: Gateway) -> None:
    for line in ("Cookie: session=", 'Cookie: session=""', "Cookie: other=a", "Cookie: Session=a"):
        assert refusal(gateway.exchange(request("GET", "/pass/a", line))) == (401, "no_token"), line
    for line in ("X-Access-Token:", "X-Access-Token: Bearer a.b.c", "Cookie: session=a.b.c"):
        assert refusal(gateway.exchange(request("GET", "/pass/a", line))) == (401, "malformed_token"), line


def refusal(response: Response) -> tuple[int, str]:
    return response.status, json.loads(response.body)["reason"]


# What the upstream sees


COOKIES = [
    ("session={}", []), ("a=1; session={}; b=\"2\"", ["a=1; b=\"2\""]), ("session={}; a=1", ["a=1"]),
    ("a=1;b=2; session={}", ["a=1;b=2"]), ("session2=x; session={};  c", ["session2=x;  c"]),
]


@pytest.mark.parametrize("sent, left", COOKIES)
def test_a_route_that_strips_the_token_leaves_the_other_cookies(
    gateway: Gateway, shared_upstream: Upstream, http2: HTTP2Upstream, token: str, sent: str, left: list[str]
) -> None:
    line = f"Cookie: {sent.format(token)}"
    for path, upstream in (("/strip/a", shared_upstream), ("/http2/a", http2)):
        assert gateway.exchange(request("GET", path, line, "X-Other: kept")).status == 200
        assert "; ".join(seen(upstream, "cookie")) == "; ".join(left)
        assert seen(upstream, "x-other") == ["kept"]
        with HTTP2Client(gateway.address) as client:
            assert client.exchange("GET", path, line).status == 200
        assert "; ".join(seen(upstream, "cookie")) == "; ".join(left)


def test_a_route_that_strips_the_token_strips_it_from_every_place(
    gateway: Gateway, shared_upstream: Upstream, http2: HTTP2Upstream, token: str
) -> None:
    """Also from those that it was not taken from: a cookie that is empty, or does not count."""
    for path, upstream in (("/strip/a", shared_upstream), ("/http2/a", http2)):
        assert gateway.exchange(request("GET", path, f"x-aCCess-tokeN: {token}")).status == 200
        assert seen(upstream, "x-access-token") == []
        assert gateway.exchange(request("GET", path, f"X-Access-Token: {token}", "Cookie: session=; a=1")).status == 200
        assert (seen(upstream, "x-access-token"), seen(upstream, "cookie")) == ([], ["a=1"])
        forged = request("POST", path, bearer(token), f"Origin: {EVIL}", "Cookie: session=mine; a=1")
        assert gateway.exchange(forged).status == 200
        assert (seen(upstream, "authorization"), seen(upstream, "cookie")) == ([], ["a=1"])


def test_a_token_in_trailers_does_not_cross(gateway: Gateway, token: str) -> None:
    lines = (f"X-Access-Token: {token}", "Transfer-Encoding: chunked")
    body = f"0\r\nx-access-token: {token}\r\nCookie: session={token}\r\nX-Sum: 1\r\n\r\n".encode()
    response = gateway.exchange(request("POST", "/pass/a", *lines) + body)
    assert json.loads(response.body)["trailers"] == [["X-Sum", "1"]]


# Whose cookie it is


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PURGE"])
@pytest.mark.parametrize("lines, path, is_own", [
    ([], "/pass/a", True), (["Sec-Fetch-Site: same-origin"], "/pass/a", True), (["Sec-Fetch-Site: none"], "/pass/a", True),
    (["Sec-Fetch-Site: same-site"], "/pass/a", False), (["Sec-Fetch-Site: cross-site"], "/pass/a", False),
    ([f"Origin: {OWN}"], "/pass/a", True), ([f"Origin: {EVIL}"], "/pass/a", False), (["Origin: null"], "/pass/a", False),
    (["Origin: http://api.test"], "/pass/a", False), (["Origin: https://gateway.test"], "/pass/a", False),
    ([f"Origin: {EVIL}", "Sec-Fetch-Site: cross-site"], "/pass/a", False),
    ([f"Origin: {APP}"], "/pass/a", False), ([f"Origin: {APP}", "Sec-Fetch-Site: cross-site"], "/app/a", True),
    ([f"Origin: {EVIL}"], "/app/a", False),
    # Any page can be in a frame of this origin.
    (["Origin: null"], "/frames/a", False), (["Origin: null", "Sec-Fetch-Site: cross-site"], "/frames/a", False),
])
def test_a_page_of_another_site_cannot_use_the_cookie(
    gateway: Gateway, token: str, method: str, lines: list[str], path: str, is_own: bool
) -> None:
    response = gateway.exchange(request(method, path, *lines, f"Cookie: session={token}"))
    assert response.status == 200 if is_own else refusal(response) == (401, "no_token")
    assert gateway.exchange(request(method, path, *lines, bearer(token))).status == 200, "Authorization needs no such rule"
    forged = gateway.exchange(request(method, path, *lines, bearer(token), f"Cookie: session={token}"))
    assert forged.status == (400 if is_own else 200), "a cookie that does not count is no second credential"


def test_what_is_safe_is_answered_to_whoever_sent_it(gateway: Gateway, token: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        head = request(method, "/pass/a", "Sec-Fetch-Site: cross-site", f"Cookie: session={token}")
        with gateway.client() as client:
            client.send(head)
            assert client.read_response(method).status == 200


def test_a_shadow_route_tells_what_it_would_not_have_taken(gateway: Gateway, token: str) -> None:
    response = gateway.exchange(request("POST", "/shadow/a", f"Origin: {EVIL}", f"Cookie: session={token}"))
    assert response.status == 200
    check_log(gateway, response, "allow", "shadow", would_deny="no_token")


@pytest.mark.parametrize("lines, opens", [
    ([], True), ([f"Origin: {OWN}"], True), ([f"Origin: {EVIL}"], False), (["Origin: null"], False),
    (["Sec-Fetch-Site: same-origin", f"Origin: {OWN}"], True), (["Sec-Fetch-Site: cross-site", f"Origin: {EVIL}"], False),
])
def test_a_page_of_another_site_opens_no_websocket_with_the_cookie(
    start_gateway: Any, token: str, lines: list[str], opens: bool
) -> None:
    upstream = WebSocketUpstream(chat)
    gateway = start_gateway(
        upstream, routes=ROUTES[:2], token_locations=LOCATIONS,
        listeners=[{"address": "127.0.0.1:0", "external_url": OWN}])
    with gateway.client() as client:
        cookie = f"Cookie: session={token}; a=1"
        if opens:
            websocket, _ = open_websocket(client, "/strip/ws", cookie, *lines)
            assert seen(upstream, "cookie") == ["a=1"]
            websocket.send(close_frame(1000))
            websocket.expect_close(1000)
        else:
            client.send(handshake("/strip/ws", cookie, *lines))
            assert refusal(client.read_response()) == (401, "no_token")
    upstream.stop()


def test_without_an_external_url_the_host_that_the_client_names_is_its_own(
    start_gateway: Any, shared_upstream: Upstream, token: str
) -> None:
    gateway = start_gateway(shared_upstream, routes=ROUTES[:1], token_locations={"cookie": "session"})
    for origin, status in (("http://gateway.test", 200), ("https://gateway.test", 401), (EVIL, 401)):
        sent = request("POST", "/pass/a", f"Origin: {origin}", f"Cookie: session={token}")
        assert gateway.exchange(sent).status == status


# Secrets


def test_no_token_is_in_a_log_or_an_answer(gateway: Gateway, mint: Mint) -> None:
    tokens = [mint.token(), mint.token("me"), mint.token(exp=1_000_000_000)]
    for token in tokens:
        for place in PLACES[1:]:
            response = gateway.exchange(request("GET", "/pass/a", place.format(token)))
            gateway.log_of(response)
            assert response.status == 200 or token.encode() not in response.body
    assert gateway.log_path is not None
    written = gateway.log_path.read_text() + "\n".join(map(str, [*gateway.application_log, *gateway.unstructured]))
    for token in tokens:
        assert not any(part in written for part in token.split("."))


def test_without_the_setting_neither_place_counts(start_gateway: Any, upstream: Upstream, token: str) -> None:
    gateway = start_gateway(upstream, routes=ROUTES[:2])
    for place in PLACES[1:]:
        assert refusal(gateway.exchange(request("GET", "/pass/a", place.format(token)))) == (401, "no_token")
    lines = [place.format(token) for place in PLACES]
    assert gateway.exchange(request("GET", "/strip/a", *lines)).status == 200
    assert (seen(upstream, "authorization"), seen(upstream, "x-access-token")) == ([], [token])
    assert seen(upstream, "cookie") == [f"theme=dark; session={token}"]
