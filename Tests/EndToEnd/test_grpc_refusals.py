"""Refusals of gRPC calls (decisions.md): answers of gRPC, mapped from the status that other requests would get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from harness.gateway import Gateway
from harness.grpc_app import KINDS
from harness.grpc_client import Channel, Outcome, Requests
from harness.grpc_service import GRPCService
from harness.http2_client import HTTP2Client
from harness.process import free_port
from harness.tokens import Mint, Signer
from harness.upstream import Upstream
from harness.wire import Response, request

Status = grpc.StatusCode
ROUTES: list[dict[str, Any]] = [
    {"id": "probe", "path": "/test.Probe/{method}", "methods": ["POST"], "scopes": ["items:read"]},
    {"id": "write", "path": "/test.Write/{method}", "methods": ["POST"], "scopes": ["items:write", "me"]},
    {"id": "admin", "path": "/test.Admin/{method}", "methods": ["POST"], "roles": ["admin"]},
    {"id": "reads", "path": "/test.Reads/{method}", "methods": ["GET"], "scopes": ["items:read"]},
    {"id": "small", "path": "/test.Small/{method}", "methods": ["POST"], "scopes": ["items:read"], "max_body": "1KiB",
     "rewrite": {"replace_prefix": ["/test.Small", "/test.Probe"]}},
    {"id": "down", "path": "/test.Down/{method}", "methods": ["POST"], "scopes": ["items:read"], "upstream": "down"},
]
#: What the operator may choose about refusals; the first is the default.
CHOICES: dict[str, dict[str, Any]] = {
    "default": {"realm": "api"},
    "chosen": {"realm": "api", "insufficient_scope_status": 403, "unmatched_status": 404},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GRPCService]:
    service = GRPCService(tmp_path_factory.mktemp("grpc") / "service.log")
    yield service
    service.stop()


@pytest.fixture(scope="module")
def gateways(service: GRPCService, module_gateway: Any) -> dict[str, Gateway]:
    upstreams = {
        "service": {"servers": [service.url], "protocol": "h2c"},
        "down": {"servers": [f"http://127.0.0.1:{free_port()}"], "protocol": "h2c"},
    }
    return {
        name: module_gateway(
            service.url, routes=ROUTES, upstreams=upstreams, refusals=refusals,
            api_keys={"header": "X-API-Key", "keys": {"key": {"hash": "sha256:" + "0" * 64}}})
        for name, refusals in CHOICES.items()
    }


def refused(
    gateway: Gateway, method: str, code: grpc.StatusCode, words: str, *, token: str | None = None, metadata: Any = None,
    kind: str = "Unary",
) -> Outcome:
    """A call that is refused: with the status, the words for the client, and a line that tells the same."""
    with Channel(gateway.address, token=token) as channel:
        outcome = channel.run(kind, b"a", method=method, metadata=metadata)
    assert (outcome.code, outcome.details, outcome.messages, outcome.initial) == (code, words, [], [])
    assert outcome.trailer("cache-control") == "no-store" and outcome.trailer("date")
    line = gateway.wait_for_log(lambda line: line.get("request_id") == outcome.trailer("x-request-id"))
    assert (line["status"], line["grpc_status"], line["reason"]) == (200, code.value[0], words.rpartition("(")[2][:-1])
    assert (line["origin"], line["level"], line["path"]) == ("gateway", "warn", method)
    return outcome


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_token_is_unauthenticated(gateways: dict[str, Gateway], choice: str, kind: str) -> None:
    outcome = refused(
        gateways[choice], f"/test.Probe/{kind}", Status.UNAUTHENTICATED, "Not authenticated (no_token)", kind=kind)
    assert outcome.trailer("www-authenticate") == 'Bearer realm="api", scope="items:read"'


@pytest.mark.parametrize("case", ["another scheme", "malformed", "expired", "another key"])
def test_a_credential_that_is_not_usable_is_unauthenticated(gateways: dict[str, Gateway], mint: Mint, case: str) -> None:
    credential, words = {
        "another scheme": ("Basic YTpi", "Not authenticated (no_token)"),
        "malformed": ("Bearer a.b.c", "Could not validate credentials (malformed_token)"),
        "expired": (f"Bearer {mint.token(lifetime=-60)}", "Could not validate credentials (expired)"),
        "another key": (
            f"Bearer {mint.token(signer=Signer('ES256', 'key-es256'))}", "Could not validate credentials (bad_signature)"),
    }[case]
    outcome = refused(
        gateways["default"], "/test.Probe/Unary", Status.UNAUTHENTICATED, words, metadata=[("authorization", credential)])
    challenge = outcome.trailer("www-authenticate") or ""
    assert ('error="invalid_token"' in challenge) == (case != "another scheme")


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_scope_is_permission_denied(gateways: dict[str, Gateway], mint: Mint, choice: str, kind: str) -> None:
    """Also where HTTP would see 401: a client of gRPC does not refresh its token for it."""
    outcome = refused(
        gateways[choice], f"/test.Write/{kind}", Status.PERMISSION_DENIED, "Not enough permissions (insufficient_scope)",
        token=mint.token("items:read"), kind=kind)
    assert outcome.trailer("www-authenticate") == 'Bearer realm="api", error="insufficient_scope", scope="items:write me"'


@pytest.mark.parametrize("choice", CHOICES)
def test_a_missing_role_is_permission_denied(gateways: dict[str, Gateway], mint: Mint, choice: str) -> None:
    refused(
        gateways[choice], "/test.Admin/Unary", Status.PERMISSION_DENIED, "Not enough permissions (insufficient_role)",
        token=mint.token(roles=["viewer"]))


@pytest.mark.parametrize("choice", CHOICES)
def test_a_method_without_a_route_is_hidden_or_unimplemented(gateways: dict[str, Gateway], mint: Mint, choice: str) -> None:
    hidden = choice == "default"
    refused(
        gateways[choice], "/test.Unknown/Unary", Status.UNAUTHENTICATED if hidden else Status.UNIMPLEMENTED,
        "No route matches (no_route)", token=mint.token())
    refused(
        gateways[choice], "/test.Reads/Unary", Status.UNAUTHENTICATED if hidden else Status.UNKNOWN,
        "No route matches (method_not_allowed)", token=mint.token())


def test_an_ambiguous_path_is_an_internal_error(gateways: dict[str, Gateway], mint: Mint) -> None:
    refused(
        gateways["default"], "/test.Probe/a%2Fb", Status.INTERNAL,
        "The path could be read in more than one way (ambiguous_path)", token=mint.token())


def test_two_credentials_are_an_internal_error(gateways: dict[str, Gateway], mint: Mint) -> None:
    refused(
        gateways["default"], "/test.Probe/Unary", Status.INTERNAL,
        "More than one of Authorization, the fields for API keys and tokens, the cookie for tokens and a WebSocket's "
        "protocols holds a credential"
        " (ambiguous_credentials)", token=mint.token(), metadata=[("x-api-key", "gwk_a")])


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_beyond_the_limit_is_refused(gateways: dict[str, Gateway], mint: Mint, kind: str) -> None:
    with Channel(gateways["default"].address, token=mint.token()) as channel:
        outcome = channel.run(kind, bytes(100_000), method=f"/test.Small/{kind}")
    assert outcome.code is Status.UNKNOWN and outcome.details.endswith("(body_too_large)")


def test_a_stream_that_grows_beyond_the_limit_is_ended_with_a_status(
    gateways: dict[str, Gateway], service: GRPCService, mint: Mint
) -> None:
    requests = Requests(b"a")
    with Channel(gateways["default"].address, token=mint.token()) as channel:
        call = channel.begin("Bidirectional", requests=requests, method="/test.Small/Bidirectional", echoes=True, call="grows")
        assert call.next() == b"a"
        requests.send(bytes(2000))
        outcome = call.outcome()
    assert outcome.code is Status.UNKNOWN and outcome.details.endswith("(body_too_large)")
    identity = dict(outcome.initial)["x-request-id"]
    line = gateways["default"].wait_for_log(lambda line: line.get("request_id") == identity)
    assert (line["decision"], line["reason"], line["grpc_status"], line["aborted"]) == ("reject", "body_too_large", 2, "client")


def test_an_upstream_that_is_down_is_unavailable(gateways: dict[str, Gateway], mint: Mint) -> None:
    with Channel(gateways["default"].address, token=mint.token()) as channel:
        outcome = channel.run("Unary", method="/test.Down/Unary")
    assert outcome.code is Status.UNAVAILABLE and outcome.details.endswith("(upstream_unreachable)")
    line = gateways["default"].wait_for_log(lambda line: line.get("request_id") == outcome.trailer("x-request-id"))
    assert (line["decision"], line["level"], line["grpc_status"], line["status"]) == ("allow", "error", 14, 200)


def test_refusals_leave_the_connection_and_its_calls_alone(
    gateways: dict[str, Gateway], service: GRPCService, mint: Mint
) -> None:
    with Channel(gateways["default"].address) as channel:
        good: Any = [("authorization", f"Bearer {mint.token()}")]
        stream = channel.begin("Bidirectional", b"a", metadata=good, initial=[["x-a", "b"]], replies=3, pause=0.3, size=1)
        assert stream.next() == b"\0"
        for _ in range(50):
            assert channel.run("Unary", b"a", call="refused").code is Status.UNAUTHENTICATED
        assert stream.outcome().code is Status.OK
    assert service.find("begun", "refused") == []


# MARK: On the wire


def asked(gateway: Gateway, protocol: str, content_type: str | None) -> Response:
    """A request without a credential, as it comes from a client of either version."""
    lines = [f"Content-Type: {content_type}"] if content_type else []
    if protocol == "HTTP/1.1":
        return gateway.exchange(request("POST", "/test.Probe/Unary", *lines, body=b"\0\0\0\0\0"))
    with HTTP2Client(gateway.address) as client:
        return client.exchange("POST", "/test.Probe/Unary", *lines, body=b"\0\0\0\0\0")


@pytest.mark.parametrize("content_type", [
    "application/grpc", "application/grpc+proto", "application/grpc+json", "APPLICATION/gRPC", "application/grpc; a=b",
    "application/grpc;a=b",
])
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_a_refusal_is_one_head_of_trailers_only(gateways: dict[str, Gateway], content_type: str, protocol: str) -> None:
    response = asked(gateways["default"], protocol, content_type)
    assert (response.status, response.body, response.trailers) == (200, b"", [])
    assert response.get("content-type") == "application/grpc"
    assert (response.get("grpc-status"), response.get("grpc-message")) == ("16", "Not authenticated (no_token)")
    assert response.get("www-authenticate") and response.get("date") and response.get("x-request-id")
    assert gateways["default"].log_of(response)["grpc_status"] == 16


@pytest.mark.parametrize("content_type", [
    None, "application/json", "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
    "application/grpcs",
    "text/application/grpc", "application/x-grpc",
])
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_other_requests_get_ordinary_refusals(gateways: dict[str, Gateway], content_type: str | None, protocol: str) -> None:
    """Among them those of gRPC-Web, whose clients know by the status."""
    response = asked(gateways["default"], protocol, content_type)
    assert (response.status, response.get("content-type")) == (401, "application/problem+json")
    assert json.loads(response.body)["reason"] == "no_token" and response.get("grpc-status") is None
    assert "grpc_status" not in gateways["default"].log_of(response)


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_permitted_calls_of_gRPC_Web_are_requests_like_any_other(
    gateway: Gateway, shared_upstream: Upstream, protocol: str
) -> None:
    content = b"\0\0\0\0\1a\x80\0\0\0\x0egrpc-status:0"
    lines = ("Content-Type: application/grpc-web+proto", "X-Grpc-Web: 1")
    if protocol == "HTTP/1.1":
        response = gateway.exchange(request("POST", "/public/a", *lines, body=content))
    else:
        with HTTP2Client(gateway.address) as client:
            response = client.exchange("POST", "/public/a", *lines, body=content)
    message = shared_upstream.messages[-1]
    assert (response.status, message.body, message.get("content-type")) == (200, content, "application/grpc-web+proto")
