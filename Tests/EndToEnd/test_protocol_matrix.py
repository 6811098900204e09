"""Every client, over TLS or not, in front of every upstream: the same request means the same."""

from __future__ import annotations

import hashlib
import json
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness.clients import Ask, Load, curl, h2load, httpx_client, nghttp, openssl
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Upstream
from harness.tls import World, connect, over
from harness.upstream import Upstream, echo
from harness.wire import Client, Response, request

KINDS = ["h1", "h1s", "h2c", "h2"]
CLEARTEXT, SECURE = 0, 1


def serve(exchange: Any) -> None:
    """Answers as the end of the target says."""
    name = exchange.message.target.rpartition("/")[2]
    if name == "continue" and exchange.message.get("expect"):
        exchange.send_head(100)
    if name == "hints":
        exchange.send_head(103, "Link: </a>; rel=preload")
    body = exchange.read_body()
    if name == "mirror":
        exchange.respond(200, "Content-Type: application/octet-stream", body=body)
    elif name == "stream":
        exchange.begin(200, "Content-Type: text/plain")
        for index in range(64):
            exchange.write(b"%04d" % index * 1024)
        exchange.finish()
    elif name == "trailers":
        exchange.begin(200, "Trailer: X-Sum")
        exchange.write(b"one ")
        exchange.write(b"two")
        exchange.finish("X-Sum: 42")
    elif name in ("204", "304"):
        exchange.send_head(int(name), 'ETag: "a"')
    elif name == "large":
        exchange.respond(200, *(f"X-Large-{index}: {'x' * 1000}" for index in range(14)), body=b"large")
    else:
        echo(exchange)


@pytest.fixture(scope="module")
def upstreams(world: World) -> Iterator[dict[str, Upstream]]:
    upstreams = {
        "h1": Upstream(serve), "h1s": Upstream(serve, tls=world.server("http/1.1")),
        "h2c": HTTP2Upstream(serve), "h2": HTTP2Upstream(serve, tls=world.server("h2")),
    }
    yield upstreams
    for upstream in upstreams.values():
        upstream.stop()
    assert {name: upstream.violations for name, upstream in upstreams.items()} == dict.fromkeys(KINDS, [])


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, world: World, upstreams: dict[str, Upstream]) -> Gateway:
    """A listener with TLS beside one without; the first segment of the path chooses the upstream."""
    routes = []
    for kind in KINDS:
        routes.append({"id": f"{kind}.public", "path": f"/{kind}/public/{{rest...}}", "public": True, "upstream": kind})
        routes.append({"id": f"{kind}.items", "path": f"/{kind}/items/{{id}}", "scopes": ["items:read"], "upstream": kind})
    authorities = {"tls": {"authorities": world.authorities}}
    configured = {
        "h1": {}, "h1s": authorities, "h2c": {"protocol": "h2c"}, "h2": {"protocol": "h2"} | authorities,
    }
    return module_gateway(
        "http://127.0.0.1:1", listeners=[{"address": "127.0.0.1:0"}, world.listener()], routes=routes, route_defaults={},
        upstreams={kind: {"servers": [upstreams[kind].url]} | configured[kind] for kind in KINDS})


def check_log(gateway: Gateway, response: Response, secure: int, proto: str, **expected: Any) -> None:
    line = gateway.log_of(response)
    assert (line["proto"], line.get("tls")) == (proto, "TLSv1.3" if secure else None), line
    assert {key: line.get(key) for key in expected} == expected, line


def challenge(response: Response) -> tuple[int, str | None, str]:
    assert response.get("content-type") == "application/problem+json"
    return response.status, response.get("www-authenticate"), json.loads(response.body)["reason"]


REFUSED = (401, 'Bearer realm="api", scope="items:read"', "no_token")
MEBIBYTE = random.Random(5).randbytes(1 << 20)

#: Each with what it speaks to the listener without TLS, and to the one with it.
CLIENTS = {
    "curl --http1.1": (curl("--http1.1"), "HTTP/1.1", "HTTP/1.1"),
    # In cleartext it asks for an upgrade to h2c, which never happens.
    "curl --http2": (curl("--http2"), "HTTP/1.1", "HTTP/2.0"),
    "curl --http2-prior-knowledge": (curl("--http2-prior-knowledge"), "HTTP/2.0", "HTTP/2.0"),
    "nghttp": (nghttp, "HTTP/2.0", "HTTP/2.0"),
    "openssl s_client": (openssl, None, "HTTP/1.1"),
    "httpx HTTP/1.1": (httpx_client(False), "HTTP/1.1", "HTTP/1.1"),
    "httpx HTTP/2": (httpx_client(True), "HTTP/2.0", "HTTP/2.0"),
}
WITH_LISTENER = [
    pytest.param(name, secure, id=f"{name}, {'TLS' if secure else 'cleartext'}")
    for name, protocols in CLIENTS.items() for secure in (CLEARTEXT, SECURE) if protocols[1 + secure]
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "secure"), WITH_LISTENER)
def test_a_client_is_served_and_refused(
    gateway: Gateway, world: World, upstreams: dict[str, Upstream], mint: Any, name: str, secure: int, kind: str
) -> None:
    fetch, proto = CLIENTS[name][0], CLIENTS[name][1 + secure]

    def ask(method: str, target: str, *fields: str, body: bytes = b"") -> Response:
        return fetch(Ask(world, gateway.listeners[secure], bool(secure), method, target, fields, body))

    token = f"Authorization: Bearer {mint.token('items:read')}"
    permitted = ask("GET", f"/{kind}/items/7", token, "X-Probe: mine")
    assert (permitted.status, permitted.get("x-probe")) == (200, "mine")
    check_log(
        gateway, permitted, secure, proto, status=200, reason="allowed", decision="allow", route=f"{kind}.items", sub="alice",
        upstream=kind, upstream_status=200, bytes_in=0, bytes_out=len(permitted.body), origin="upstream", host="gateway.test",
        path=f"/{kind}/items/7")

    before = len(upstreams[kind].messages)
    refused = ask("GET", f"/{kind}/items/7")
    if name == "nghttp":
        assert (refused.status, refused.get("www-authenticate")) == REFUSED[:2]
    else:
        assert challenge(refused) == REFUSED
    check_log(
        gateway, refused, secure, proto, status=401, reason="no_token", decision="deny", upstream=None, upstream_status=None,
        bytes_out=len(refused.body), origin="gateway")
    assert len(upstreams[kind].messages) == before, "what is refused opens no connection and sends nothing"

    mirrored = ask("POST", f"/{kind}/public/mirror", body=MEBIBYTE)
    assert mirrored.status == 200 and len(mirrored.body) == len(MEBIBYTE)
    if name != "nghttp":
        assert hashlib.sha256(mirrored.body).digest() == hashlib.sha256(MEBIBYTE).digest()
    check_log(gateway, mirrored, secure, proto, bytes_in=len(MEBIBYTE), bytes_out=len(MEBIBYTE), upstream_status=200)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secure", [CLEARTEXT, SECURE], ids=["cleartext", "TLS"])
@pytest.mark.parametrize("version", ["--h1", "h2"])
def test_h2load_loses_nothing(gateway: Gateway, mint: Any, version: str, secure: int, kind: str) -> None:
    host, port = gateway.listeners[secure]
    options = ["-n", "300", "-c", "5", "-m", "10"] + (["--h1"] if version == "--h1" else [])

    def load(*more: str) -> Load:
        return h2load(f"{'https' if secure else 'http'}://{host}:{port}/{kind}/items/7", *options, *more)

    permitted = load("-H", f"Authorization: Bearer {mint.token('items:read')}")
    assert (permitted.succeeded, permitted.failed, permitted.statuses["2xx"]) == (300, 0, 300), permitted.text
    refused = load()
    assert (refused.errored, refused.statuses["4xx"]) == (0, 300), refused.text


# What the tools do not show, by clients of our own.


class Peer:
    """One connection of either version to either listener."""

    def __init__(self, gateway: Gateway, world: World, version: int, secure: int):
        address = gateway.listeners[secure]
        offered = world.client("h2" if version == 2 else "http/1.1")
        connection: socket.socket | Any = connect(address, offered) if secure else address
        self.secure, self.proto = secure, "HTTP/2.0" if version == 2 else "HTTP/1.1"
        self.http2 = HTTP2Client(connection) if version == 2 else None
        self.http1 = None if version == 2 else (over(connection) if secure else Client(address))

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        (self.http2 or self.http1).socket.close()

    def exchange(self, method: str, target: str, *fields: str, body: bytes = b"") -> Response:
        if self.http2:
            return self.http2.exchange(method, target, *fields, body=body)
        return self.http1.exchange(request(method, target, *fields, body=body))


@pytest.fixture(params=[(1, CLEARTEXT), (1, SECURE), (2, CLEARTEXT), (2, SECURE)], ids=["h1", "h1 TLS", "h2", "h2 TLS"])
def peer(request: pytest.FixtureRequest, gateway: Gateway, world: World) -> Iterator[Peer]:
    with Peer(gateway, world, *request.param) as peer:
        yield peer


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_response_without_length_crosses_whole(gateway: Gateway, peer: Peer, kind: str) -> None:
    for _ in range(2):
        response = peer.exchange("GET", f"/{kind}/public/stream")
        assert response.body == b"".join(b"%04d" % index * 1024 for index in range(64))
        assert response.get("content-length") is None
        check_log(gateway, response, peer.secure, peer.proto, bytes_out=64 * 4096, upstream_status=200)


def test_trailers_of_a_response_cross(peer: Peer, kind: str) -> None:
    response = peer.exchange("GET", f"/{kind}/public/trailers", "TE: trailers")
    assert response.body == b"one two"
    assert [(name.lower(), value) for name, value in response.trailers] == [("x-sum", "42")]
    assert peer.exchange("GET", f"/{kind}/public/next").status == 200


def test_trailers_of_a_request_cross(peer: Peer, kind: str) -> None:
    target, dropped = f"/{kind}/public/echo", ("Host: forged", "Authorization: forged", "X-Request-Id: forged")
    if peer.http2:
        stream = peer.http2.begin("POST", target, end=False)
        trailers = [tuple(line.split(": ")) for line in dropped]
        # `h2` sends what we ask it to; names that belong into heads are the gateway's to drop.
        peer.http2.send(stream, b"hello", trailers=[("x-checksum", "42"), *((name.lower(), value) for name, value in trailers)])
        response = peer.http2.wait(stream)
    else:
        body = b"5\r\nhello\r\n0\r\nX-Checksum: 42\r\n" + "".join(f"{line}\r\n" for line in dropped).encode() + b"\r\n"
        response = peer.http1.exchange(request("POST", target, "Transfer-Encoding: chunked", body=body))
    answer = json.loads(response.body)
    assert answer["length"] == 5
    assert [[name.lower(), value] for name, value in answer["trailers"]] == [["x-checksum", "42"]]


def test_head_has_the_length_but_no_body(gateway: Gateway, peer: Peer, kind: str) -> None:
    response = peer.exchange("HEAD", f"/{kind}/public/echo")
    assert (response.status, response.body) == (200, b"")
    assert int(response.get("content-length") or 0) > 100
    check_log(gateway, response, peer.secure, peer.proto, bytes_out=0, upstream_status=200, method="HEAD")
    assert peer.exchange("GET", f"/{kind}/public/next").status == 200


def test_a_refused_head_has_no_body(peer: Peer, kind: str) -> None:
    response = peer.exchange("HEAD", f"/{kind}/items/7")
    assert (response.status, response.get("www-authenticate"), response.body) == (*REFUSED[:2], b"")
    assert peer.exchange("GET", f"/{kind}/public/next").status == 200


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_that_has_no_body_is_not_waited_for(gateway: Gateway, peer: Peer, kind: str, status: int) -> None:
    response = peer.exchange("GET", f"/{kind}/public/{status}")
    assert (response.status, response.body, response.get("etag")) == (status, b"", '"a"')
    check_log(gateway, response, peer.secure, peer.proto, bytes_out=0, status=status, upstream_status=status)
    assert peer.exchange("GET", f"/{kind}/public/next").status == 200


def test_the_upstreams_100_is_relayed(peer: Peer, kind: str) -> None:
    target, fields = f"/{kind}/public/continue", ("Expect: 100-continue", "Content-Length: 5")
    if peer.http2:
        stream = peer.http2.begin("POST", target, *fields, end=False)
        peer.http2.wait_until(lambda: stream in peer.http2.responses, "the 100")
        peer.http2.send(stream, b"hello")
        response = peer.http2.wait(stream)
        assert response.informational == [100]
    else:
        peer.http1.send(request("POST", target, *fields))
        assert peer.http1.read_head().status == 100
        peer.http1.send(b"hello")
        response = peer.http1.read_response()
    assert json.loads(response.body)["length"] == 5


def test_a_refused_request_gets_its_final_status_and_no_100(peer: Peer, kind: str) -> None:
    target, fields = f"/{kind}/items/7", ("Expect: 100-continue", "Content-Length: 5")
    if peer.http2:
        response = peer.http2.wait(peer.http2.begin("POST", target, *fields, end=False))
    else:
        peer.http1.send(request("POST", target, *fields))
        response = peer.http1.read_response()
    assert (response.informational, challenge(response)) == ([], REFUSED)


def test_early_hints_cross(peer: Peer, kind: str) -> None:
    response = peer.exchange("GET", f"/{kind}/public/hints")
    assert (response.status, response.informational) == (200, [103])


def test_a_large_response_head_crosses(peer: Peer, kind: str) -> None:
    response = peer.exchange("GET", f"/{kind}/public/large")
    assert (response.status, response.body) == (200, b"large")
    assert [response.get(f"x-large-{index}") for index in range(14)] == ["x" * 1000] * 14


def test_a_large_request_head_crosses(peer: Peer, kind: str) -> None:
    response = peer.exchange("GET", f"/{kind}/public/echo", *(f"X-Large-{index}: {'x' * 1000}" for index in range(14)))
    fields = {name.lower(): value for name, value in json.loads(response.body)["fields"]}
    assert [fields.get(f"x-large-{index}") for index in range(14)] == ["x" * 1000] * 14


def test_what_the_upstream_is_told_does_not_depend_on_versions(
    gateway: Gateway, upstreams: dict[str, Upstream], peer: Peer, kind: str
) -> None:
    response = peer.exchange("GET", f"/{kind}/public/a%2Db?q=1", "Cookie: a=1", "X-Mine: yes", "TE: trailers")
    message = upstreams[kind].messages[-1]
    assert (message.method, message.target) == ("GET", f"/{kind}/public/a-b?q=1")
    assert (message.get("host") or message.authority) == "gateway.test"
    assert message.get("x-forwarded-proto") == ("https" if peer.secure else "http")
    assert message.get("x-forwarded-host") == "gateway.test"
    assert message.get("x-request-id") == response.get("x-request-id")
    assert (message.get("cookie"), message.get("x-mine"), message.get("te")) == ("a=1", "yes", "trailers")
    assert message.complete and message.body == b""


def test_cookies_that_http2_splits_arrive_as_one(peer: Peer, kind: str, upstreams: dict[str, Upstream]) -> None:
    """RFC 9113 section 8.2.3."""
    if peer.http1:
        peer.exchange("GET", f"/{kind}/public/cookie", "Cookie: a=1; b=2; c=3")
    else:
        peer.exchange("GET", f"/{kind}/public/cookie", "Cookie: a=1", "Cookie: b=2", "Cookie: c=3")
    assert "; ".join(upstreams[kind].messages[-1].all("cookie")) == "a=1; b=2; c=3"
