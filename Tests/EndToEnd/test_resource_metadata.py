"""Resource metadata (RFC 9728): how OAuth clients learn where tokens are to be had, and for what."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from harness.gateway import Gateway, binary
from harness.http2_client import HTTP2Client
from harness.reloading import reload, settings_of
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.wire import Response, request
from test_cross_origin import cross_origin, preflight
from test_decisions import bearer, check_log, check_refusal

URL, OTHER = "https://api.test", "http://other.test:8080"
BASE = "/.well-known/oauth-protected-resource"
ROUTES: list[dict[str, Any]] = [
    {"id": "mcp", "path": "/mcp", "methods": ["GET", "POST", "DELETE"], "scopes": ["me"]},
    {"id": "read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["items:read"]},
    {"id": "write", "path": "/items/{id}", "methods": ["PUT"], "any_scopes": [["items:write"], ["me"]]},
    {"id": "news", "path": "/items/news", "public": True},
    {"id": "edit", "path": "/edit/{rest...}", "roles": ["editor"]},
    {"id": "away", "path": "/away", "host": "other.test", "authenticated": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "rest", "path": "/{rest...}", "host": "rest.test", "public": True},
]
LISTENERS = [
    {"address": "127.0.0.1:0", "external_url": URL}, {"address": "127.0.0.1:0", "external_url": OTHER},
    {"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "external_url": URL, "resource_metadata": False},
]
SCOPES = ["items:read", "items:write", "me"]


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES, listeners=LISTENERS)


def document(gateway: Gateway, path: str = "", listener: int = 0) -> dict[str, Any]:
    """The document of a resource, which is what section 3.2 asks for."""
    response = gateway.exchange(request("GET", BASE + path), listener)
    assert (response.status, response.get("content-type")) == (200, "application/json")
    assert response.get("cache-control") == "public, max-age=300"
    check_log(gateway, response, "allow", "public", route="gateway.resource_metadata", origin="gateway")
    return json.loads(response.body)


def told(mint: Mint, path: str, scopes: list[str] | None, url: str = URL) -> dict[str, Any]:
    members = {"resource": url + path, "authorization_servers": [mint.issuer], "bearer_methods_supported": ["header"]}
    return members | ({"scopes_supported": scopes} if scopes else {})


# Documents


def test_each_beginning_of_protected_routes_has_a_document(gateway: Gateway, mint: Mint) -> None:
    assert document(gateway, "/mcp") == told(mint, "/mcp", ["me"])
    assert document(gateway, "/items") == told(mint, "/items", SCOPES)
    assert document(gateway, "/edit") == told(mint, "/edit", None)


def test_the_document_of_the_root_is_of_all_of_them(gateway: Gateway, mint: Mint) -> None:
    assert document(gateway) == document(gateway, "/") == told(mint, "", SCOPES)
    assert list(document(gateway))[0] == "resource"


def test_the_document_of_a_path_names_that_path(gateway: Gateway, mint: Mint) -> None:
    assert document(gateway, "/items/42") == told(mint, "/items/42", SCOPES)
    assert document(gateway, "/edit/a%20b/c;d") == told(mint, "/edit/a%20b/c;d", None)


def test_each_listener_tells_of_its_own_url(gateway: Gateway, mint: Mint) -> None:
    assert document(gateway, "/mcp", 1) == told(mint, "/mcp", ["me"], OTHER)
    assert document(gateway, "/away", 1) == told(mint, "/away", None, OTHER)


def test_what_the_client_says_of_the_host_makes_no_difference(gateway: Gateway) -> None:
    expected = document(gateway)
    forged = ("X-Forwarded-Host: evil.test", "Forwarded: host=evil.test", "X-Forwarded-Proto: http")
    for host in ("evil.test", "rest.test", "other.test", "api.test:1"):
        response = gateway.exchange(request("GET", f"{BASE}?a=b", *forged, host=host))
        assert json.loads(response.body) == expected


def test_where_there_is_no_protected_resource_there_is_no_document(gateway: Gateway) -> None:
    for path in ("/nowhere", "/items/news", "/public/a", "/away", "/items/1/2", "//mcp", "/MCP", "/mcp/", "/public"):
        response = gateway.exchange(request("GET", BASE + path))
        check_refusal(response, 401, "no_route", challenge='Bearer realm="api"')
        assert cross_origin(response) == {"Allow-Origin": "*"}, "clients in browsers look elsewhere then"


def test_head_is_answered_and_other_methods_are_not(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(request("HEAD", BASE))
        response = client.read_response("HEAD")
        assert (response.status, response.body) == (200, b"") and int(response.get("content-length") or 0) > 100
        check_refusal(client.exchange(request("POST", BASE)), 401, "method_not_allowed", challenge='Bearer realm="api"')
        assert client.exchange(request("GET", BASE)).status == 200


def test_a_client_of_http2_is_told_the_same(gateway: Gateway) -> None:
    with HTTP2Client(gateway.address) as client:
        assert json.loads(client.exchange("GET", f"{BASE}/items/1").body) == document(gateway, "/items/1")


@pytest.mark.parametrize("listener", [2, 3])
def test_a_listener_that_publishes_nothing_leaves_the_path_to_routes(
    gateway: Gateway, mint: Mint, shared_upstream: Upstream, listener: int
) -> None:
    response = gateway.exchange(request("GET", f"{BASE}/mcp", host="rest.test"), listener)
    assert response.status == 200 and shared_upstream.messages[-1].target == f"{BASE}/mcp"
    check_log(gateway, response, "allow", "public", route="rest")
    check_refusal(
        gateway.exchange(request("GET", "/mcp"), listener), 401, "no_token", challenge='Bearer realm="api", scope="me"')


def test_another_reading_of_a_path_does_not_lead_there(gateway: Gateway) -> None:
    for path in (f"/{BASE}", BASE.replace("/oauth", "//oauth"), f"/public;/..;{BASE}", BASE.replace("/oauth", "%2Foauth")):
        assert gateway.exchange(request("GET", path, host="rest.test")).status == 400


# Pages of other origins


def test_pages_of_every_origin_may_read_it(gateway: Gateway) -> None:
    for lines in ([], ["Origin: https://app.test"]):
        response = gateway.exchange(request("GET", f"{BASE}/mcp", *lines))
        assert cross_origin(response) == {"Allow-Origin": "*"} and response.get("vary") is None


def test_a_preflight_permits_what_clients_in_browsers_send(gateway: Gateway) -> None:
    response = preflight(gateway, f"{BASE}/mcp", "GET", "https://app.test", "Access-Control-Request-Headers: mcp-protocol-version")
    assert (response.status, response.body) == (204, b"")
    assert cross_origin(response) == {
        "Allow-Origin": "*", "Allow-Methods": "GET, HEAD", "Allow-Headers": "*", "Max-Age": "3600"}
    check_log(gateway, response, "allow", "public", route="gateway.resource_metadata", method="OPTIONS")
    plain = gateway.exchange(request("OPTIONS", BASE))
    check_refusal(plain, 401, "method_not_allowed", challenge='Bearer realm="api"')


# Challenges


def metadata(response: Response) -> str | None:
    """The last parameter of the challenge, if it is this one."""
    challenge = response.get("www-authenticate") or ""
    _, found, value = challenge.partition(', resource_metadata="')
    assert not found or value.endswith('"') and value.count('"') == 1, challenge
    return value[:-1] if found else None


def test_the_challenge_of_a_route_names_its_document(gateway: Gateway, mint: Mint) -> None:
    narrow = bearer(mint.token("nothing"))
    for path, lines, reason in (
        ("/mcp", [], "no_token"), ("/mcp", [bearer("a.b.c")], "malformed_token"), ("/mcp", [narrow], "insufficient_scope"),
        ("/items/42", [], "no_token"), ("/edit/a", [], "no_token"), ("/edit/a", [narrow], "insufficient_role"),
    ):
        response = gateway.exchange(request("GET", path, *lines, host="evil.test"))
        assert (response.status, json.loads(response.body)["reason"]) == (401, reason)
        beginning = "/" + path.split("/")[1]
        assert metadata(response) == URL + BASE + beginning
        named = gateway.exchange(request("GET", BASE + beginning))
        assert json.loads(named.body)["resource"] == URL + beginning


def test_the_parameters_of_a_challenge_have_an_order(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/mcp", bearer("a.b.c")))
    names = [part.partition("=")[0].split()[-1] for part in (response.get("www-authenticate") or "").split(", ")]
    assert names == ["realm", "error", "error_description", "scope", "resource_metadata"]


def test_there_is_no_document_to_name_elsewhere(gateway: Gateway, mint: Mint) -> None:
    assert metadata(gateway.exchange(request("GET", "/nowhere"))) is None
    assert metadata(gateway.exchange(request("GET", "/away", host="other.test"))) is None
    assert metadata(gateway.exchange(request("GET", "/away", host="other.test"), 1)) == f"{OTHER}{BASE}/away"


def test_a_client_may_be_asked_for_more_with_403(start_gateway: Any, shared_upstream: Upstream, mint: Mint) -> None:
    gateway = start_gateway(
        shared_upstream, routes=ROUTES, listeners=LISTENERS[:1],
        refusals={"realm": "api", "insufficient_scope_status": 403, "unmatched_status": 404})
    response = gateway.exchange(request("GET", "/mcp", bearer(mint.token("items:read"))))
    check_refusal(
        response, 403, "insufficient_scope",
        challenge=f'Bearer realm="api", error="insufficient_scope", scope="me", resource_metadata="{URL}{BASE}/mcp"')
    check_refusal(gateway.exchange(request("GET", f"{BASE}/nowhere")), 404, "no_route")


def test_a_call_of_grpc_is_told_in_its_head(gateway: Gateway) -> None:
    with HTTP2Client(gateway.address) as client:
        response = client.exchange("POST", "/mcp", "content-type: application/grpc", "te: trailers")
    assert (response.status, response.get("grpc-status")) == (200, "16")
    assert metadata(response) == f"{URL}{BASE}/mcp"


# Configuration


def test_a_reload_tells_of_other_routes(start_gateway: Any, shared_upstream: Upstream, mint: Mint) -> None:
    gateway = start_gateway(shared_upstream, routes=ROUTES[:1], listeners=LISTENERS[:1])
    assert document(gateway) == told(mint, "", ["me"])
    settings = settings_of(gateway)
    settings["routes"] = ROUTES[1:3]
    settings["listeners"][0]["external_url"] = OTHER
    reload(gateway, settings)
    assert document(gateway) == told(mint, "", SCOPES, OTHER)
    assert gateway.exchange(request("GET", f"{BASE}/mcp")).status == 401
    assert metadata(gateway.exchange(request("GET", "/items/1"))) == f"{OTHER}{BASE}/items"


def test_routes_and_explain_know_it(gateway: Gateway) -> None:
    config = ["--config", str(gateway.configuration_path)]
    listed = subprocess.run([binary(), "routes", *config], capture_output=True, text=True, timeout=30, check=True).stdout
    assert any("gateway.resource_metadata" in line and BASE in line for line in listed.splitlines()), listed
    for target, expected in (
        ("/mcp", f'resource_metadata="{URL}{BASE}/mcp"'), (f"{BASE}/mcp", "gateway.resource_metadata"), (f"{BASE}/nowhere", "no_route"),
    ):
        explained = subprocess.run(
            [binary(), "explain", "GET", target, *config], capture_output=True, text=True, timeout=30).stdout
        assert expected in explained, explained
