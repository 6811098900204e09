"""cors: which pages of other origins may use a route (Fetch §3.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream
from harness.wire import Response, request
from test_decisions import bearer, check_log, check_refusal

APP, OTHER = "https://app.test", "https://app.test:8443"
CORS = {
    "origins": [APP, "http://localhost:3000"], "headers": ["Authorization", "Content-Type"], "expose": ["X-Total", "X-Request-Id"],
    "credentials": True, "max_age": "10m",
}
ROUTES: list[dict[str, Any]] = [
    {"id": "read", "path": "/items/{id}", "methods": ["GET", "HEAD"], "scopes": ["items:read"], "cors": CORS},
    {"id": "write", "path": "/items/{id}", "methods": ["PUT"], "scopes": ["items:write"], "cors": {"origins": [APP]}},
    {"id": "delete", "path": "/items/{id}", "methods": ["DELETE"], "scopes": ["items:write"]},
    {"id": "any", "path": "/any", "public": True, "cors": {"origins": ["*"], "expose": ["X-Total"], "max_age": "0s"}},
    {"id": "null", "path": "/null", "public": True, "cors": {"origins": ["null"]}},
    {"id": "own", "path": "/own", "public": True},
]


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES)


def preflight(gateway: Gateway, path: str, method: str, origin: str = APP, *lines: str) -> Response:
    asked = (f"Origin: {origin}", f"Access-Control-Request-Method: {method}", *lines)
    return gateway.exchange(request("OPTIONS", path, *asked))


def cross_origin(response: Response) -> dict[str, str]:
    """The fields that browsers look at, none of them twice."""
    pairs = [(name, value) for name, value in response.fields if name.lower().startswith("access-control-")]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), pairs
    return {name.removeprefix("Access-Control-"): value for name, value in pairs}


# Preflights


def test_a_preflight_is_answered_for_the_route_of_the_requested_method(
    start_gateway: Any, upstream: Upstream
) -> None:
    gateway = start_gateway(upstream, routes=ROUTES)
    response = preflight(gateway, "/items/1", "GET", APP, "Access-Control-Request-Headers: authorization")
    assert (response.status, response.body) == (204, b"")
    assert cross_origin(response) == {
        "Allow-Origin": APP, "Allow-Credentials": "true", "Allow-Methods": "GET, HEAD",
        "Allow-Headers": "Authorization, Content-Type", "Max-Age": "600",
    }
    assert response.get("vary") == "Origin"
    assert response.get("cache-control") == "no-store"
    assert response.get("date") and response.get("content-length") is None
    check_log(gateway, response, "allow", "public", route="read", origin="gateway", method="OPTIONS")
    assert cross_origin(preflight(gateway, "/items/1", "PUT")) == {"Allow-Origin": APP, "Allow-Methods": "PUT"}
    assert upstream.connections == []


def test_a_preflight_from_an_origin_that_is_not_listed_is_permitted_nothing(gateway: Gateway) -> None:
    for origin in (OTHER, "http://app.test", "https://APP.test", "https://app.test/", "https://app.test.", "null", "*", ""):
        response = preflight(gateway, "/items/1", "GET", origin)
        assert (response.status, cross_origin(response), response.get("vary")) == (204, {}, "Origin"), origin


def test_any_origin_is_told_so_without_credentials(gateway: Gateway) -> None:
    response = preflight(gateway, "/any", "PURGE", "https://anything.test")
    assert cross_origin(response) == {"Allow-Origin": "*", "Allow-Methods": "PURGE", "Max-Age": "0"}
    assert response.get("vary") is None


def test_null_is_an_origin_where_it_is_listed(gateway: Gateway) -> None:
    assert cross_origin(preflight(gateway, "/null", "GET", "null"))["Allow-Origin"] == "null"


def test_any_other_options_is_a_request_like_any_other(gateway: Gateway) -> None:
    asked = "Access-Control-Request-Method: GET"
    for lines in ([], [f"Origin: {APP}"], [asked], [f"Origin: {APP}", "Access-Control-Request-Method: TRACE"],
                  [f"Origin: {APP}", "Access-Control-Request-Method: a b"], [f"Origin: {APP}", asked, asked],
                  [f"Origin: {APP}", f"Origin: {APP}", asked]):
        response = gateway.exchange(request("OPTIONS", "/items/1", *lines))
        check_refusal(response, 401, "method_not_allowed", challenge='Bearer realm="api"')
        assert cross_origin(response) == {}
    assert gateway.exchange(request("OPTIONS", "/any", f"Origin: {APP}")).status == 200


def test_a_route_without_cors_leaves_preflights_to_the_routes(gateway: Gateway) -> None:
    check_refusal(preflight(gateway, "/items/1", "DELETE"), 401, "method_not_allowed", challenge='Bearer realm="api"')
    check_refusal(preflight(gateway, "/nowhere", "GET"), 401, "no_route", challenge='Bearer realm="api"')
    response = preflight(gateway, "/own", "GET")
    assert json.loads(response.body)["method"] == "OPTIONS", "the service has rules of its own"


def test_the_connection_goes_on_after_a_preflight(gateway: Gateway, mint: Mint) -> None:
    asked = (f"Origin: {APP}", "Access-Control-Request-Method: GET")
    with gateway.client() as client:
        for _ in range(3):
            assert client.exchange(request("OPTIONS", "/items/1", *asked, body=b"no interest")).status == 204
            assert client.exchange(request("GET", "/items/1", asked[0], bearer(mint.token()))).status == 200
            assert cross_origin(client.exchange(request("GET", "/own"))) == {}


# Responses


def test_the_gateways_rule_replaces_what_the_upstream_says(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.respond(
            200, "Access-Control-Allow-Origin: *", "access-control-allow-credentials: false", "Vary: Accept",
            "Access-Control-Allow-Private-Network: true", "Access-Control-Expose-Headers: Set-Cookie", "X-Total: 3",
        )

    upstream.handler = answer
    gateway = start_gateway(upstream, routes=ROUTES)
    response = gateway.exchange(request("GET", "/items/1", f"Origin: {APP}", bearer(mint.token())))
    assert cross_origin(response) == {
        "Allow-Origin": APP, "Allow-Credentials": "true", "Expose-Headers": "X-Total, X-Request-Id"
    }
    assert sorted(response.all("vary")) == ["Accept", "Origin"]
    for lines in ([], [f"Origin: {OTHER}"], [f"Origin: {APP}", f"Origin: {APP}"]):
        response = gateway.exchange(request("GET", "/items/1", *lines, bearer(mint.token())))
        assert (response.status, cross_origin(response), sorted(response.all("vary"))) == (200, {}, ["Accept", "Origin"])
    response = gateway.exchange(request("GET", "/any", f"Origin: {OTHER}"))
    assert cross_origin(response) == {"Allow-Origin": "*", "Expose-Headers": "X-Total"}
    assert response.all("vary") == ["Accept"]
    untouched = gateway.exchange(request("GET", "/own", f"Origin: {APP}"))
    assert len(untouched.all("access-control-allow-origin")) == 1
    assert untouched.get("access-control-expose-headers") == "Set-Cookie"
    assert untouched.all("vary") == ["Accept"]


def test_refusals_can_be_read_by_the_page(gateway: Gateway, mint: Mint) -> None:
    for credential, reason in (([], "no_token"), ([bearer("a.b.c")], "malformed_token"),
                               ([bearer(mint.token("me"))], "insufficient_scope")):
        response = gateway.exchange(request("GET", "/items/1", f"Origin: {APP}", *credential))
        assert json.loads(response.body)["reason"] == reason
        assert cross_origin(response)["Allow-Origin"] == APP
        assert response.get("vary") == "Origin"
    stranger = gateway.exchange(request("GET", "/items/1", f"Origin: {OTHER}"))
    assert (cross_origin(stranger), stranger.get("vary")) == ({}, "Origin")
    assert cross_origin(gateway.exchange(request("GET", "/nowhere", f"Origin: {APP}"))) == {}


def test_an_upstream_that_is_gone_is_told_to_the_page(start_gateway: Any) -> None:
    gone = Upstream()
    gone.stop()
    response = start_gateway(gone, routes=ROUTES).exchange(request("GET", "/any", f"Origin: {APP}"))
    check_refusal(response, 503, "upstream_unreachable")
    assert cross_origin(response)["Allow-Origin"] == "*"
