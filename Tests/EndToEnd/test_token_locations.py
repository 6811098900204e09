"""Tokens elsewhere than in `Authorization`, by choice: in a field and in a cookie, and never in two places at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.wire import request
from test_remote_keys import outcome

ROUTES: list[dict[str, Any]] = [
    {"id": "any", "path": "/any", "authenticated": True},
    {"id": "stripped", "path": "/stripped", "authenticated": True, "authorization_header": "strip"},
    {"id": "shared", "path": "/shared", "authenticated": True,
     "cors": {"origins": ["https://app.example.com"], "credentials": True}},
    {"id": "public", "path": "/public", "public": True},
]
FIELD, COOKIE = "X-Token", "session"
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==")


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    gateway: Gateway = module_gateway(
        shared_upstream, routes=ROUTES, token_locations={"header": FIELD, "cookie": COOKIE},
        listeners=[{"address": "127.0.0.1:0", "external_url": "https://api.example.com"}])
    return gateway


def ask(gateway: Gateway, *lines: str, method: str = "GET", target: str = "/any", host: str = "api.example.com") -> str:
    return outcome(gateway.exchange(request(method, target, *lines, host=host)))


@pytest.mark.parametrize("place", ["Authorization: Bearer {}", "X-Token: {}", "Cookie: session={}", "Cookie: a=b; session={}; c=d"])
def test_each_place(gateway: Gateway, mint: Mint, place: str) -> None:
    assert ask(gateway, place.format(mint.token())) == "200"
    assert ask(gateway, place.format(mint.token(exp=1))) == "401 expired"
    assert ask(gateway, place.format("nonsense")) == "401 malformed_token"


@pytest.mark.parametrize("places", [
    ("Authorization: Bearer {}", "X-Token: {}"), ("Authorization: Bearer {}", "Cookie: session={}"),
    ("X-Token: {}", "Cookie: session={}"), ("X-Token: {}", "X-Token: {}"), ("Cookie: session={}; session={}",),
    ("Cookie: session={}", "Cookie: session={}"), ("Authorization: Basic {}", "X-Token: {}"),
], ids=str)
def test_two_credentials_are_400(gateway: Gateway, mint: Mint, places: tuple[str, ...]) -> None:
    """RFC 6750 section 2: at most one; which of them counts is nobody's guess, whatever they are worth."""
    token = mint.token()
    assert ask(gateway, *(place.replace("{}", token) for place in places)) == "400 ambiguous_credentials"


@pytest.mark.parametrize("lines", [
    ("Cookie: other={}",), ("Cookie: Session={}",), ("Cookie: session=",), ("Cookie: xsession={}",), ("X-Tokens: {}",),
    ("Cookie: other=a session={}",),
], ids=str)
def test_what_is_elsewhere_is_no_credential(gateway: Gateway, mint: Mint, lines: tuple[str, ...]) -> None:
    assert ask(gateway, *(line.replace("{}", mint.token()) for line in lines)) == "401 no_token"


def test_a_token_in_the_query_is_no_credential(gateway: Gateway, mint: Mint) -> None:
    assert ask(gateway, target=f"/any?access_token={mint.token()}") == "401 no_token"


def test_not_chosen_not_looked_at(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    gateway = start_gateway(upstream, routes=ROUTES)
    for line in (f"X-Token: {mint.token()}", f"Cookie: session={mint.token()}"):
        assert ask(gateway, line) == "401 no_token"


# MARK: Pages of other sites

OWN, ALLOWED, EVIL = "https://api.example.com", "https://app.example.com", "https://evil.example"


@pytest.mark.parametrize(("lines", "target", "wanted"), [
    ((), "/any", "200"),
    (("Sec-Fetch-Site: same-origin",), "/any", "200"),
    (("Sec-Fetch-Site: none",), "/any", "200"),
    ((f"Origin: {OWN}",), "/any", "200"),
    ((f"Origin: {OWN}", "Sec-Fetch-Site: same-origin"), "/any", "200"),
    (("Sec-Fetch-Site: cross-site",), "/any", "401 no_token"),
    (("Sec-Fetch-Site: same-site",), "/any", "401 no_token"),
    (("Sec-Fetch-Site: nonsense",), "/any", "401 no_token"),
    ((f"Origin: {EVIL}",), "/any", "401 no_token"),
    (("Origin: null",), "/any", "401 no_token"),
    ((f"Origin: {OWN}.evil.example",), "/any", "401 no_token"),
    (("Origin: http://api.example.com",), "/any", "401 no_token"),
    ((f"Origin: {ALLOWED}",), "/any", "401 no_token"),
    ((f"Origin: {ALLOWED}", "Sec-Fetch-Site: same-site"), "/shared", "200"),
    ((f"Origin: {EVIL}", "Sec-Fetch-Site: cross-site"), "/shared", "401 no_token"),
], ids=str)
def test_a_cookie_counts_where_no_page_of_another_site_can_have_sent_it(
    gateway: Gateway, mint: Mint, lines: tuple[str, ...], target: str, wanted: str
) -> None:
    """A browser adds cookies to whatever any page sends (CSRF); with a method that changes something, it must say from where."""
    cookie = f"Cookie: session={mint.token()}"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert ask(gateway, cookie, *lines, method=method, target=target) == wanted
    assert ask(gateway, cookie, *lines, target=target) == "200", "what is safe changes nothing"
    own = (f"X-Token: {mint.token()}", *lines)
    assert ask(gateway, *own, method="POST", target=target) == "200", "no page of another site can know a token"


def test_a_websocket_of_another_site_has_no_cookie(gateway: Gateway, mint: Mint) -> None:
    """Though its handshake is a GET: whoever opened it can read it."""
    cookie = f"Cookie: session={mint.token()}"
    for origin in (EVIL, "null"):
        assert ask(gateway, cookie, f"Origin: {origin}", *UPGRADE) == "401 no_token"


# MARK: What goes upstream


def test_what_is_stripped(gateway: Gateway, mint: Mint) -> None:
    """`authorization_header: "strip"`: the token goes no further, wherever it stood; other cookies do."""
    token = mint.token()
    for line in (f"X-Token: {token}", f"Cookie: a=b; session={token}; c=d", f"Cookie: session={token}",
                 f"Authorization: Bearer {token}"):
        for target, reaches in (("/any", True), ("/stripped", False)):
            response = gateway.exchange(request("GET", target, line, host="api.example.com"))
            assert response.status == 200 and (token in response.body.decode()) == reaches, (line, target)
    response = gateway.exchange(request("GET", "/stripped", f"Cookie: a=b; session={token}; c=d", host="api.example.com"))
    assert dict(json.loads(response.body)["fields"]).get("Cookie", "").replace(" ", "") == "a=b;c=d"


def test_a_token_in_a_cookie_gets_into_no_log(gateway: Gateway, mint: Mint) -> None:
    token = mint.token(sub="logged")
    response = gateway.exchange(request("GET", "/any", f"Cookie: session={token}", host="api.example.com"))
    assert token not in json.dumps(gateway.log_of(response))
