"""identity_headers: what upstreams are told about who makes a request (security.md, rules 5, 7 and 12)."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream
from harness.wire import request
from test_api_keys import KEYS, READER
from test_decisions import bearer, check_refusal

TOLD = {
    "X-User": "subject", "X-Client": "client", "X-Issuer": "issuer", "X-Scopes": "scopes", "X-Roles": "roles",
    "X-Token-Id": "token_id", "X-Email": ["email"], "X-Tenant": ["https://claims.test/tenant", "name"],
}
ROUTES: list[dict[str, Any]] = [
    {"id": "told", "path": "/told", "authenticated": True, "identity_headers": TOLD},
    {"id": "untold", "path": "/untold", "authenticated": True},
    {"id": "public", "path": "/public", "public": True},
    {"id": "shadow", "path": "/shadow", "scopes": ["items:write"], "shadow": True, "identity_headers": {"X-User": "subject"}},
]


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES, api_keys={"keys": KEYS})


def told(gateway: Gateway, path: str, *lines: str) -> dict[str, str]:
    """The managed fields that the upstream got; none of them twice."""
    response = gateway.exchange(request("GET", path, *lines))
    assert response.status == 200, response.body
    names = {name.lower() for name in TOLD}
    pairs = [
        (name, value) for name, value in json.loads(response.body)["fields"] if name.lower().replace("_", "-") in names
    ]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def test_the_upstream_is_told_what_is_configured(gateway: Gateway, mint: Mint) -> None:
    claims = {"email": "alice@example.com", "https://claims.test/tenant": {"name": "acme"}}
    token = mint.token("items:read other", roles=["viewer", "unknown"], client_id="web", jti="t1", **claims)
    for _ in range(2):  # once verified, once remembered
        assert told(gateway, "/told", bearer(token)) == {
            "X-User": "alice", "X-Client": "web", "X-Issuer": mint.issuer, "X-Scopes": "items:read", "X-Roles": "viewer",
            "X-Token-Id": "t1", "X-Email": "alice@example.com", "X-Tenant": "acme",
        }


def test_scopes_and_roles_are_those_that_decisions_count(gateway: Gateway, mint: Mint) -> None:
    seen = told(gateway, "/told", bearer(mint.token("me", roles=["editor"])))
    assert (seen["X-Scopes"], seen["X-Roles"]) == ("items:read items:write me", "viewer editor")


def test_scopes_that_the_grant_takes_away_are_not_told(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    gateway = start_gateway(upstream, grant="intersection", routes=ROUTES)
    seen = told(gateway, "/told", bearer(mint.token("items:read items:write me", roles=["viewer"])))
    assert seen["X-Scopes"] == "items:read"


def test_what_there_is_not_leaves_no_field(gateway: Gateway, mint: Mint) -> None:
    seen = told(gateway, "/told", bearer(mint.token(None, sub=None, jti="t")))
    assert seen == {"X-Issuer": mint.issuer, "X-Token-Id": "t"}


def test_the_holder_of_a_key_has_no_claims(gateway: Gateway) -> None:
    seen = told(gateway, "/told", bearer(READER))
    assert seen == {
        "X-User": "reader", "X-Issuer": "api_keys", "X-Scopes": "items:read", "X-Token-Id": KEYS["reader"]["hash"][7:15]
    }


SHAPES = {
    "a string": ("a", "a"), "a whole number": (42, "42"), "a number": (1.5, "1.5"), "true": (True, "true"), "false": (False, "false"),
    "a list": (["a", "b"], "a b"), "an empty list": ([], None), "an empty string": ("", None), "null": (None, None),
    "an object": ({"a": 1}, None), "a list with a number": (["a", 1], None), "a list of lists": ([["a"]], None),
    "a space": ("Alice B", "Alice%20B"), "spaces around": (" a ", "%20a%20"), "a list with a space": (["a b", "c"], "a%20b c"),
    "a line end": ("a\r\nX-Roles: admin", "a%0D%0AX-Roles:%20admin"), "NUL": ("a\0b", "a%00b"), "a tab": ("\t", "%09"),
    "a percent sign": ("%0A", "%250A"), "beyond ASCII": ("é\u2028", "%C3%A9%E2%80%A8"), "DEL": ("\x7f", "%7F"),
    "a comma and quotes": ('"a",b', '"a",b'),
}


@pytest.mark.parametrize(("value", "expected"), SHAPES.values(), ids=SHAPES.keys())
def test_a_claim_of_any_shape_is_one_word_or_some_or_nothing(
    gateway: Gateway, mint: Mint, value: Any, expected: str | None
) -> None:
    assert told(gateway, "/told", bearer(mint.token(email=value, jti="t"))).get("X-Email") == expected


def test_a_subject_cannot_add_a_field(gateway: Gateway, mint: Mint) -> None:
    seen = told(gateway, "/told", bearer(mint.token(sub="bob\r\nX-Roles: admin\r\n\r\n")))
    assert seen["X-User"] == "bob%0D%0AX-Roles:%20admin%0D%0A%0D%0A"
    assert "X-Roles" not in seen


# What a client sends of it


@pytest.mark.parametrize("spelling", ["X-User", "x-user", "X_User", "x_USER"])
@pytest.mark.parametrize("underscores", ["drop", "pass"])
def test_the_clients_own_is_removed_on_every_route(
    start_gateway: Any, upstream: Upstream, mint: Mint, spelling: str, underscores: str
) -> None:
    listeners = [{"address": "127.0.0.1:0", "underscore_fields": underscores}]
    gateway = start_gateway(upstream, routes=ROUTES, listeners=listeners)
    forged, token = f"{spelling}: root", bearer(mint.token())
    assert told(gateway, "/told", token, forged)["X-User"] == "alice"
    assert told(gateway, "/untold", token, forged) == {}
    assert told(gateway, "/public", forged) == {}
    assert told(gateway, "/shadow", forged) == {}


@pytest.mark.parametrize("second", ["x-user", "X_User"])
def test_a_repeated_managed_name_is_malformed(gateway: Gateway, mint: Mint, second: str) -> None:
    for path in ("/told", "/untold", "/public", "/nowhere"):
        response = gateway.exchange(request("GET", path, bearer(mint.token()), "X-User: a", f"{second}: a"))
        check_refusal(response, 400, "bad_request")


def test_a_managed_name_in_connection_removes_nothing(gateway: Gateway, mint: Mint) -> None:
    lines = (bearer(mint.token()), "Connection: X-User, X-Scopes, close", "X-User: root")
    seen = told(gateway, "/told", *lines)
    assert (seen["X-User"], seen["X-Scopes"]) == ("alice", "items:read")


def test_managed_names_are_dropped_from_trailers(gateway: Gateway, mint: Mint) -> None:
    lines = (bearer(mint.token()), "Transfer-Encoding: chunked")
    body = b"1\r\na\r\n0\r\nx-user: root\r\nX_User: root\r\nX-Sum: 1\r\n\r\n"
    response = gateway.exchange(request("POST", "/told", *lines) + body)
    assert json.loads(response.body)["trailers"] == [["X-Sum", "1"]]


def test_an_identity_does_not_stay_for_the_next_request(gateway: Gateway, mint: Mint) -> None:
    with gateway.client() as client:
        for path, token, expected in [
            ("/told", mint.token(), "alice"), ("/public", mint.token(), None), ("/shadow", "nonsense", None),
            ("/told", mint.token(sub="bob"), "bob"), ("/shadow", mint.token(sub="carol"), "carol"), ("/public", "", None),
        ]:
            response = client.exchange(request("GET", path, bearer(token)))
            fields = dict(json.loads(response.body)["fields"])
            assert fields.get("X-User") == expected, path


def test_a_shadow_route_tells_only_verified_identities(gateway: Gateway, mint: Mint) -> None:
    assert told(gateway, "/shadow", bearer(mint.token("items:read"))) == {"X-User": "alice"}
    assert told(gateway, "/shadow", bearer(mint.token(exp=1))) == {}
    assert told(gateway, "/shadow") == {}


def test_an_upstream_cannot_answer_with_managed_names(start_gateway: Any, upstream: Upstream) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.respond(200, "x-user: root", "X-Other: 1")

    upstream.handler = answer
    response = start_gateway(upstream, routes=ROUTES).exchange(request("GET", "/public"))
    assert (response.get("x-user"), response.get("x-other")) == (None, "1")


def test_a_reload_that_tells_more_finds_it_in_tokens_seen_before(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    gateway = start_gateway(upstream, routes=[{"id": "told", "path": "/told", "authenticated": True}])
    token = bearer(mint.token(email="a@b.test"))
    assert told(gateway, "/told", token) == {}
    settings = json.loads(gateway.configuration_path.read_text())
    settings["routes"][0]["identity_headers"] = {"X-Email": ["email"]}
    gateway.configuration_path.write_text(json.dumps(settings))
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reloaded")
    for _ in range(4):  # whichever worker it was
        assert told(gateway, "/told", token) == {"X-Email": "a@b.test"}


def test_route_defaults_tell_of_every_route_but_public_ones(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    defaults = {"upstream": "service", "identity_headers": {"X-User": "subject"}}
    routes = [
        {"id": "default", "path": "/default", "authenticated": True}, {"id": "public", "path": "/public", "public": True},
        {"id": "own", "path": "/own", "authenticated": True, "identity_headers": {"X-Client": "client"}},
    ]
    gateway = start_gateway(upstream, route_defaults=defaults, routes=routes)
    token = bearer(mint.token(client_id="web"))
    assert told(gateway, "/default", token) == {"X-User": "alice"}
    assert told(gateway, "/own", token) == {"X-Client": "web"}
    assert told(gateway, "/public", token) == {}
