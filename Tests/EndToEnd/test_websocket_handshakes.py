"""The opening of a WebSocket (RFC 6455 section 4, RFC 8441 section 5): who may, what crosses, and what never does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from h2.errors import ErrorCodes

from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Upstream
from harness.tls import World, over
from harness.tokens import Mint
from harness.upstream import Exchange, echo
from harness.websocket_clients import Reached
from harness.websocket_frames import (
    CLOSE, TEXT, Frame, WebSocketUpstream, acceptance, accept_websocket, close_frame, handshake, new_key, open_websocket,
    read_frame,
)
from harness.wire import PATIENCE, Client, Closed, Response, Truncated, request
from test_api_keys import READER, hash_of

SCOPED = {"methods": ["GET"], "scopes": ["items:read"]}
ROUTES = [
    {"id": "ws", "path": "/ws/{rest...}", **SCOPED},
    {"id": "post", "path": "/post/{rest...}", "methods": ["POST"], "public": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "strip", "path": "/strip/{rest...}", **SCOPED, "authorization_header": "strip"},
    {"id": "brief", "path": "/brief/{rest...}", **SCOPED, "timeout": "300ms"},
    {"id": "http2", "path": "/http2/{rest...}", "public": True, "upstream": "http2"},
    {"id": "tls", "path": "/tls/{rest...}", "public": True, "upstream": "tls"},
    {"id": "gone", "path": "/gone/{rest...}", "public": True, "upstream": "gone"},
]
LOCATIONS = {"token_locations": {"websocket_protocol": "bearer"}}

#: A request that nobody may send to the upstream; it stands where frames would.
SMUGGLED = request("GET", "/ws/smuggled")


def chat(exchange: Exchange) -> None:
    """Opens the WebSocket, and sends back what comes; answers other requests like any service."""
    if not exchange.message.get("upgrade"):
        return echo(exchange)
    websocket = accept_websocket(exchange, "X-Own: kept")
    while (frame := websocket.receive()).opcode != CLOSE:
        websocket.send(Frame(frame.opcode, frame.payload))
    websocket.send(Frame(CLOSE, frame.payload))


@pytest.fixture(scope="module")
def both(world: World) -> Iterator[tuple[WebSocketUpstream, HTTP2Upstream, WebSocketUpstream]]:
    upstreams = WebSocketUpstream(), HTTP2Upstream(), WebSocketUpstream(chat, tls=world.server("http/1.1"))
    yield upstreams
    for upstream in upstreams:
        upstream.stop()
        assert upstream.violations == []


@pytest.fixture
def upstream(both: Any) -> WebSocketUpstream:
    """The same for all tests; each scripts it anew."""
    both[0].handler = chat
    return both[0]


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, both: Any, world: World) -> Gateway:
    plain, http2, tls = both
    return module_gateway(plain, routes=ROUTES, **LOCATIONS, upstreams={
        "service": {"servers": [plain.url]},
        "http2": {"servers": [http2.url], "protocol": "h2c"},
        "tls": {"servers": [f"https://127.0.0.1:{tls.address[1]}"], "tls": {"authorities": world.authorities}},
        "gone": {"servers": ["http://127.0.0.1:9"]},
    })


@pytest.fixture
def bearer(mint: Mint) -> str:
    return f"Authorization: Bearer {mint.token()}"


@pytest.fixture(params=["h1", "h2c"])
def connect(request: pytest.FixtureRequest, gateway: Gateway, world: World) -> Iterator[Callable[[], Client]]:
    """Connections that speak HTTP/1.1 to the test, and that or HTTP/2 to the gateway."""
    opened: list[Reached] = []

    def one() -> Client:
        opened.append(Reached(request.param, [gateway.address], world))
        return over(opened[-1].socket)

    yield one
    for reached in opened:
        reached.close()


def refused(client: Client, target: str, *lines: str) -> Response:
    """The answer to a handshake that is an ordinary one."""
    client.send(handshake(target, *lines))
    response = client.read_response()
    assert response.status not in (101, 200) and not response.all("sec-websocket-accept"), response
    return response


def check_refusal(response: Response, status: int, reason: str) -> None:
    assert response.status == status and response.get("content-type") == "application/problem+json", response
    assert f'"reason":"{reason}"'.encode() in response.body, response.body
    assert not response.all("upgrade"), response


def targets(upstream: WebSocketUpstream) -> list[str]:
    return [message.target for message in upstream.messages]


def carrier(upstream: WebSocketUpstream, target: str) -> Any:
    """The connection on which the last request for `target` came, which may have served others before."""
    return [connection for connection in upstream.connections
            if any(message.target == target for message in connection.messages)][-1]


def check_end(upstream: WebSocketUpstream, target: str) -> None:
    """The connection has ended, and that request was its last."""
    connection = carrier(upstream, target)
    assert connection.closed.wait(PATIENCE), f"the connection of {target} is still open"
    assert connection.messages[-1].target == target


# Who may


@pytest.mark.parametrize("scope, target, status, reason", [
    (None, "/ws/a", 401, "no_token"), ("me", "/ws/a", 401, "insufficient_scope"), ("items:read", "/ws", 401, "no_route"),
    ("items:read", "/post/a", 401, "method_not_allowed"), ("items:read", "/ws/..%2fa", 400, "ambiguous_path"),
])
def test_a_handshake_is_authorised_as_the_get_that_it_is(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, mint: Mint, scope: str | None, target: str, status: int,
    reason: str,
) -> None:
    before = len(upstream.connections)
    lines = [f"Authorization: Bearer {mint.token(scope)}"] if scope else []
    response = refused(connect(), target, *lines)
    check_refusal(response, status, reason)
    if status == 401:
        assert (response.get("www-authenticate") or "").startswith("Bearer "), response
    line = gateway.log_of(response)
    assert (line["method"], line["status"], line["reason"]) == ("GET", status, reason)
    assert len(upstream.connections) == before


def test_an_open_websocket_is_an_exchange_of_the_log(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    client = connect()
    websocket, response = open_websocket(client, "/ws/logged", bearer)
    websocket.send(Frame(TEXT, b"hello"))
    assert websocket.receive() == Frame(TEXT, b"hello")
    websocket.send(close_frame(1000))
    websocket.expect_close(1000)
    assert websocket.expect_end() == b""
    line = gateway.log_of(response)
    over_http2 = line["proto"] == "HTTP/2.0"
    expected = {
        "method": "GET", "path": "/ws/logged", "status": 200 if over_http2 else 101, "upstream_status": 101, "route": "ws",
        "decision": "allow", "reason": "allowed", "origin": "upstream", "sub": "alice", "bytes_in": 11 + 8, "bytes_out": 7 + 4,
    }
    assert {key: line.get(key) for key in expected} == expected
    assert not {"aborted", "ended", "grpc_status"} & set(line), line


# What crosses


def test_the_gateway_opens_the_websocket_of_the_upstream_by_a_key_of_its_own(
    upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    before = len(upstream.messages)
    keys = set()
    for _ in range(3):
        client, key = connect(), new_key()
        client.send(handshake("/ws/key?a=%31", bearer, key=key))
        response = client.read_head()
        assert (response.status, response.get("sec-websocket-accept")) == (101, acceptance(key))
        keys.add(key)
    messages = upstream.messages[before:]
    assert [message.target for message in messages] == ["/ws/key?a=%31"] * 3
    assert len(keys | {message.get("sec-websocket-key") for message in messages}) == 6


def test_fields_cross_as_those_of_any_exchange(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    """Managed and hop-by-hop fields do not; what belongs to the two ends does (security.md, rules 5, 6 and 8)."""
    before = len(upstream.messages)
    websocket, response = open_websocket(
        connect(), "/ws/fields", bearer, "Origin: https://app.test", "Cookie: a=b", "X-Own: mine",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-other", "Sec-WebSocket-Protocol: one, two",
        "X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "X-Request-Id: forged", "X-HTTP-Method-Override: DELETE",
        "X_Own: dropped")
    message = upstream.messages[before]
    crossed = {
        "sec-websocket-version": "13", "sec-websocket-extensions": "permessage-deflate; client_max_window_bits, x-other",
        "sec-websocket-protocol": "one, two", "origin": "https://app.test", "cookie": "a=b", "x-own": "mine",
        "x-forwarded-for": "127.0.0.1", "authorization": bearer.partition(": ")[2],
    }
    assert {name: message.get(name) for name in crossed} == crossed
    assert not message.all("x-real-ip") and not message.all("x-http-method-override")
    assert message.get("x-request-id") == response.get("x-request-id") != "forged"
    assert response.get("x-own") == "kept"
    websocket.send(close_frame(1000))
    websocket.expect_close(1000)


def test_fields_named_in_connection_stay(upstream: WebSocketUpstream, gateway: Gateway, bearer: str) -> None:
    before = len(upstream.messages)
    with gateway.client() as client:
        client.send(request(
            "GET", "/ws/hop", "Connection: keep-alive, X-Hop", "Connection: upGrade", "Upgrade: foo, WebSocket", "X-Hop: 1",
            "Keep-Alive: timeout=5", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {new_key()}", bearer))
        assert client.read_head().status == 101
    message = upstream.messages[before]
    assert (message.get("upgrade"), message.all("x-hop"), message.all("keep-alive")) == ("websocket", [], [])


def test_an_upstream_inside_tls_is_as_good(gateway: Gateway, connect: Any) -> None:
    websocket, _ = open_websocket(connect(), "/tls/a")
    websocket.send(Frame(TEXT, b"x" * 70_000))
    assert websocket.receive() == Frame(TEXT, b"x" * 70_000)


# Malformed handshakes, and requests that are none


KEY = f"Sec-WebSocket-Key: {new_key()}"


@pytest.mark.parametrize("lines, body", [
    ([], b""), ([KEY, KEY], b""), (["Sec-WebSocket-Key:"], b""), (["Sec-WebSocket-Key: c2hvcnQ="], b""),
    (["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="], b""), ([KEY.removesuffix("==") + "!="], b""),
    ([KEY, "Content-Length: 5"], b"12345"), ([KEY, "Transfer-Encoding: chunked"], b"5\r\n12345\r\n0\r\n\r\n"),
    ([KEY, f"Content-Length: {len(SMUGGLED)}"], SMUGGLED),
])
def test_a_malformed_handshake_is_a_bad_request(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str, lines: list[str], body: bytes
) -> None:
    before = len(upstream.messages)
    with gateway.client() as client:
        client.send(request(
            "GET", "/ws/malformed", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", bearer, *lines,
        ) + body)
        response = client.read_response()
        check_refusal(response, 400, "bad_request")
        client.expect_close()
    assert gateway.log_of(response)["decision"] == "reject"
    assert len(upstream.messages) == before


@pytest.mark.parametrize("method, version, lines", [
    ("GET", "HTTP/1.1", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"]),
    ("GET", "HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket/13"]),
    ("GET", "HTTP/1.1", ["Upgrade: websocket", KEY]), ("GET", "HTTP/1.1", ["Connection: keep-alive", "Upgrade: websocket", KEY]),
    ("GET", "HTTP/1.0", ["Connection: Upgrade", "Upgrade: websocket", KEY]),
    ("POST", "HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", KEY]),
    ("HEAD", "HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", KEY]),
    ("OPTIONS", "HTTP/1.1", ["Connection: Upgrade", "Upgrade: TLS/1.0"]),
])
def test_other_upgrades_are_passed_over(
    gateway: Gateway, upstream: WebSocketUpstream, method: str, version: str, lines: list[str]
) -> None:
    before = len(upstream.messages)
    with gateway.client() as client:
        client.send(request(method, "/public/upgrade", *lines, "Sec-WebSocket-Version: 13", version=version))
        assert client.read_response(method).status == 200
    (message,) = upstream.messages[before:]
    assert not message.all("upgrade") and not message.all("http2-settings"), message
    assert message.method == method


def test_http2_says_that_it_knows_extended_connect(gateway: Gateway) -> None:
    with HTTP2Client(gateway.address) as client:
        client.wait_until(lambda: client.allows_websockets, "SETTINGS_ENABLE_CONNECT_PROTOCOL")


@pytest.mark.parametrize("protocol", ["connect-udp", "websockets", "WebSocket", "h2c"])
def test_other_protocols_of_extended_connect_are_not_implemented(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str, protocol: str
) -> None:
    before = len(upstream.connections)
    with HTTP2Client(gateway.address) as client:
        client.wait_until(lambda: client.allows_websockets, "the settings")
        stream = client.begin("CONNECT", "/ws/other", bearer, protocol=protocol, end=False)
        client.wait_until(lambda: stream in client.complete, "the refusal")
        check_refusal(client.responses[stream], 501, "not_implemented")
    assert len(upstream.connections) == before


@pytest.mark.parametrize("lines, end", [(["content-length: 5"], False), ([], True)])
def test_extended_connect_with_content_is_a_bad_request(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str, lines: list[str], end: bool
) -> None:
    before = len(upstream.messages)
    with HTTP2Client(gateway.address) as client:
        client.wait_until(lambda: client.allows_websockets, "the settings")
        stream = client.begin("CONNECT", "/ws/content", bearer, *lines, protocol="websocket", end=end)
        client.wait_until(lambda: stream in client.complete or stream in client.resets, "the refusal")
        if stream in client.responses:
            check_refusal(client.responses[stream], 400, "bad_request")
        else:
            assert client.resets[stream] == ErrorCodes.PROTOCOL_ERROR
    assert len(upstream.messages) == before


def test_an_upstream_of_http2_cannot_have_websockets(gateway: Gateway, both: Any, connect: Any) -> None:
    check_refusal(refused(connect(), "/http2/a"), 501, "not_implemented")
    assert both[1].messages == []


# What the upstream answers


def scripted(*lines: str, status: int = 101, body: bytes = b"") -> Callable[[Exchange], None]:
    """Answers a handshake by this head; `{accept}` is what would be right. Then holds the connection."""
    def answer(exchange: Exchange) -> None:
        if not exchange.message.get("upgrade"):
            return echo(exchange)
        accept = acceptance(exchange.message.get("sec-websocket-key") or "")
        exchange.send_head(status, *(line.replace("{accept}", accept) for line in lines), after=body)
    return answer


UPGRADED = ["Upgrade: websocket", "Connection: Upgrade"]
RIGHT = "Sec-WebSocket-Accept: {accept}"


@pytest.mark.parametrize("answer", [
    scripted(*UPGRADED), scripted(*UPGRADED, f"Sec-WebSocket-Accept: {acceptance(new_key())}"),
    scripted(*UPGRADED, RIGHT, f"Sec-WebSocket-Accept: {acceptance(new_key())}"), scripted(*UPGRADED, RIGHT.lower() + "x"),
    scripted("Connection: Upgrade", RIGHT), scripted("Upgrade: h2c", "Connection: Upgrade", RIGHT),
    scripted("Content-Length: 0", status=200), scripted(RIGHT, *UPGRADED, "Content-Length: 5", status=200, body=b"hello"),
    scripted(RIGHT, status=204), scripted("Content-Length: 3", status=201, body=b"abc"),
], ids=[
    "no accept", "wrong accept", "two accepts", "more than accept", "no upgrade", "another upgrade", "200", "200 accept", "204",
    "201",
])
def test_an_upstream_that_accepts_otherwise_breaks_the_protocol(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str, answer: Any
) -> None:
    """Over HTTP/2 a 200 would look like an open WebSocket."""
    upstream.handler = answer
    response = refused(connect(), "/ws/otherwise", bearer)
    check_refusal(response, 502, "upstream_protocol")
    assert gateway.log_of(response)["reason"] == "upstream_protocol"
    check_end(upstream, "/ws/otherwise")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 426, 429, 500, 503])
def test_a_refusal_of_the_upstream_passes_and_its_connection_ends(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str, status: int
) -> None:
    upstream.handler = scripted("Content-Length: 2", "X-Own: kept", "Sec-WebSocket-Version: 13", status=status, body=b"no")
    response = refused(connect(), "/ws/declined", bearer)
    assert (response.status, response.body, response.get("x-own")) == (status, b"no", "kept")
    assert response.get("sec-websocket-version") == "13"
    line = gateway.log_of(response)
    assert (line["status"], line["upstream_status"], line["origin"], line["decision"]) == (status, status, "upstream", "allow")
    check_end(upstream, "/ws/declined")


def test_the_connection_of_a_handshake_serves_nothing_else(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    """Whatever came of it: declined, open and closed (security.md, rule 10)."""
    for answer in (scripted("Content-Length: 2", status=403, body=b"no"), chat):
        upstream.handler = answer
        client = connect()
        client.send(handshake("/ws/first", bearer))
        if answer is chat:
            assert client.read_head().status == 101
            client.send(close_frame(1000).encode(mask=True))
            assert read_frame(client.reader).opcode == CLOSE
            client.expect_close()
        else:
            assert client.read_response().status == 403
        for _ in range(4):
            assert gateway.exchange(request("GET", "/public/next")).status == 200
        check_end(upstream, "/ws/first")


def test_a_101_that_nobody_asked_for_opens_nothing(gateway: Gateway, upstream: WebSocketUpstream) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send_head(101, *UPGRADED, f"Sec-WebSocket-Accept: {acceptance(new_key())}", after=b"\x81\x02hi")
    upstream.handler = answer
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/unasked"))
        check_refusal(response, 502, "upstream_protocol")
        upstream.handler = chat
        assert client.exchange(request("GET", "/public/next")).status == 200
    check_end(upstream, "/public/unasked")


def test_an_upstream_that_answers_too_late_or_not_at_all(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    released = threading.Event()
    upstream.handler = lambda exchange: released.wait(PATIENCE)
    check_refusal(refused(connect(), "/brief/late", bearer), 504, "upstream_timeout")
    released.set()
    check_end(upstream, "/brief/late")
    check_refusal(refused(connect(), "/gone/a"), 503, "upstream_unreachable")


def test_what_the_upstream_sends_behind_its_head_is_the_clients(
    upstream: WebSocketUpstream, connect: Any, bearer: str
) -> None:
    first = Frame(TEXT, b"first")
    upstream.handler = scripted(*UPGRADED, RIGHT, body=first.encode(mask=False))
    websocket, _ = open_websocket(connect(), "/ws/first", bearer)
    assert websocket.receive() == first


# Bytes behind the handshake (security.md, rule 10)


class Slow:
    """An upstream that answers a handshake when it is told to, and looks at what has come behind it by then."""

    def __init__(self, answer: Callable[[Exchange], None]):
        self.answer, self.reached, self.release = answer, threading.Event(), threading.Event()
        self.early: bytes | None = None

    def __call__(self, exchange: Exchange) -> None:
        if not exchange.message.get("upgrade"):
            return echo(exchange)
        self.reached.set()
        assert self.release.wait(PATIENCE)
        connection = exchange.connection
        connection.socket.settimeout(0.3)
        try:
            connection.reader.fill()
        except TimeoutError:
            pass
        connection.socket.settimeout(PATIENCE)
        self.early = bytes(connection.reader.buffer)
        self.answer(exchange)


HELLO = Frame(TEXT, b"hello").encode(mask=True)


def test_bytes_behind_the_handshake_wait_for_the_upstream(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str
) -> None:
    upstream.handler = slow = Slow(chat)
    with gateway.client() as client:
        client.send(handshake("/ws/early", bearer) + HELLO)
        assert slow.reached.wait(PATIENCE)
        client.send(HELLO)
        slow.release.set()
        assert client.read_head().status == 101
        assert [read_frame(client.reader).payload for _ in range(2)] == [b"hello"] * 2
    assert slow.early == b""


def test_bytes_behind_the_handshake_wait_in_http2(gateway: Gateway, upstream: WebSocketUpstream, bearer: str) -> None:
    upstream.handler = slow = Slow(chat)
    with HTTP2Client(gateway.address) as client:
        client.wait_until(lambda: client.allows_websockets, "the settings")
        stream = client.begin("CONNECT", "/ws/early", bearer, "Sec-WebSocket-Version: 13", protocol="websocket", end=False)
        client.send(stream, HELLO * 2, end=False)
        assert slow.reached.wait(PATIENCE)
        slow.release.set()
        client.wait_until(lambda: stream in client.responses and len(client.responses[stream].body) >= 14, "both frames")
        assert client.responses[stream].body == Frame(TEXT, b"hello").encode(mask=False) * 2
    assert slow.early == b""


@pytest.mark.parametrize("behind", [HELLO, SMUGGLED, SMUGGLED * 50], ids=["frame", "request", "requests"])
def test_bytes_behind_a_handshake_that_is_declined_are_never_sent(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str, behind: bytes
) -> None:
    upstream.handler = slow = Slow(scripted("Content-Length: 2", status=403, body=b"no"))
    seen = len(upstream.messages)
    with gateway.client() as client:
        client.send(handshake("/ws/behind", bearer) + behind)
        assert slow.reached.wait(PATIENCE)
        slow.release.set()
        response = client.read_response()
        assert (response.status, response.body) == (403, b"no")
        client.finish_writing()
        refuse_the_rest(client)
    check_end(upstream, "/ws/behind")
    assert slow.early == b"" and carrier(upstream, "/ws/behind").raw.endswith(b"\r\n\r\n")
    assert targets(upstream)[seen:] == ["/ws/behind"]


def refuse_the_rest(client: Client) -> None:
    """What stands behind is either not looked at, or refused as the requests that it holds."""
    try:
        while True:
            assert client.read_response().status in (400, 401)
    except (Closed, Truncated):
        pass


def test_bytes_behind_a_handshake_that_is_refused_open_no_connection(gateway: Gateway, upstream: WebSocketUpstream) -> None:
    before = len(upstream.connections)
    for behind in (HELLO, SMUGGLED, SMUGGLED * 50):
        with gateway.client() as client:
            client.send(handshake("/ws/refused") + behind)
            assert client.read_response().status == 401
            client.finish_writing()
            refuse_the_rest(client)
    assert len(upstream.connections) == before


def test_a_request_behind_an_open_websocket_is_bytes_of_it(gateway: Gateway, upstream: WebSocketUpstream, bearer: str) -> None:
    """To the gateway they are no request any more: they have one reading, and no line of the log."""
    received, seen = [], len(upstream.messages)

    def answer(exchange: Exchange) -> None:
        websocket = accept_websocket(exchange)
        received.append(websocket.reader.exactly(len(SMUGGLED)))
        websocket.send(close_frame(1002))
    upstream.handler = answer
    with gateway.client() as client:
        client.send(handshake("/ws/open", bearer) + SMUGGLED)
        response = client.read_head()
        assert response.status == 101
        assert read_frame(client.reader).code == 1002
    assert received == [SMUGGLED] and targets(upstream)[seen:] == ["/ws/open"]
    gateway.log_of(response)
    assert not any(line.get("path") == "/ws/smuggled" and line["decision"] == "allow" for line in gateway.log_lines())


@pytest.mark.parametrize("way", ["h1", "h2c"])
def test_a_client_that_leaves_during_the_handshake_is_missed_upstream(
    gateway: Gateway, upstream: WebSocketUpstream, bearer: str, world: World, way: str
) -> None:
    reached, left = threading.Event(), threading.Event()

    def answer(exchange: Exchange) -> None:
        reached.set()
        exchange.connection.reader.rest()
        left.set()
        exchange.close()
    upstream.handler = answer
    client = Reached(way, [gateway.address], world)
    client.socket.sendall(handshake("/ws/left", bearer))
    assert reached.wait(PATIENCE)
    client.abort()
    assert left.wait(1)
    line = gateway.wait_for_log(lambda line: line.get("path") == "/ws/left")
    assert (line.get("aborted"), line.get("status")) == ("client", None)
    client.close()


# The token as a subprotocol


def offers(upstream: WebSocketUpstream, before: int) -> tuple[list[str], str | None]:
    """What the upstream saw of subprotocols and of the token."""
    message = upstream.messages[before]
    return message.all("sec-websocket-protocol"), message.get("authorization")


@pytest.mark.parametrize("offered, left", [
    (["bearer, {token}"], []), (["bearer,{token} , chat"], ["chat"]), (["chat, bearer, {token}"], ["chat"]),
    (["one, bearer, {token}, two"], ["one, two"]), (["bearer", "{token}"], []), (["one", "bearer, {token}", "two"], ["one, two"]),
])
def test_the_token_is_the_entry_behind_the_marker(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, mint: Mint, offered: list[str], left: list[str]
) -> None:
    before, token = len(upstream.messages), mint.token()
    lines = [f"Sec-WebSocket-Protocol: {value.replace('{token}', token)}" for value in offered]
    websocket, response = open_websocket(connect(), "/ws/marked", *lines)
    protocols, authorization = offers(upstream, before)
    assert [entry.strip() for line in protocols for entry in line.split(",")] == [
        entry.strip() for line in left for entry in line.split(",")]
    assert authorization == f"Bearer {token}"
    assert response.all("sec-websocket-protocol") == ["bearer"]
    websocket.send(close_frame(1000))
    websocket.expect_close(1000)
    assert gateway.log_of(response)["sub"] == "alice"


def test_the_upstreams_choice_of_a_subprotocol_stands(upstream: WebSocketUpstream, connect: Any, mint: Mint) -> None:
    upstream.handler = scripted(*UPGRADED, RIGHT, "Sec-WebSocket-Protocol: two")
    _, response = open_websocket(connect(), "/ws/chosen", f"Sec-WebSocket-Protocol: one, bearer, {mint.token()}, two")
    assert response.all("sec-websocket-protocol") == ["two"]


@pytest.mark.parametrize("offered", ["one, bearer, {token}", "one, bearer, bearer, {token}", "one, bearer"])
def test_a_public_route_gives_the_upstream_neither_marker_nor_token(
    upstream: WebSocketUpstream, connect: Any, mint: Mint, offered: str
) -> None:
    """It looks at no credential, but the protocols that are left are the application's."""
    before, token = len(upstream.messages), mint.token()
    open_websocket(connect(), "/public/a", f"Sec-WebSocket-Protocol: {offered.replace('{token}', token)}")
    protocols, authorization = offers(upstream, before)
    assert protocols == ["one"] and authorization in (None, f"Bearer {token}")


def test_without_the_marker_nothing_is_added(upstream: WebSocketUpstream, connect: Any, bearer: str) -> None:
    _, response = open_websocket(connect(), "/ws/unmarked", "Sec-WebSocket-Protocol: one, two", bearer)
    assert response.all("sec-websocket-protocol") == []


def test_a_route_that_strips_the_token_strips_this_one(upstream: WebSocketUpstream, connect: Any, mint: Mint) -> None:
    before = len(upstream.messages)
    open_websocket(connect(), "/strip/a", f"Sec-WebSocket-Protocol: bearer, {mint.token()}, one")
    assert offers(upstream, before) == (["one"], None)


def test_a_bad_token_as_a_subprotocol_is_a_bad_token(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, mint: Mint
) -> None:
    old, narrow = mint.token(exp=1_000_000_000), mint.token("me")
    for entry, reason in ((old, "expired"), (narrow, "insufficient_scope"), ("chat", "malformed_token")):
        response = refused(connect(), "/ws/bad", f"Sec-WebSocket-Protocol: bearer, {entry}")
        check_refusal(response, 401, reason)
        assert not response.all("sec-websocket-protocol")


@pytest.mark.parametrize("lines, status, reason", [
    (["Sec-WebSocket-Protocol: bearer"], 401, "malformed_token"),
    (["Sec-WebSocket-Protocol: one, bearer"], 401, "malformed_token"),
    (["Sec-WebSocket-Protocol: one, bearer,"], 401, "malformed_token"),
    (["Sec-WebSocket-Protocol: bearer, {token}, bearer, {token}"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: bearer, {token}", "Sec-WebSocket-Protocol: bearer, {token}"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: bearer, {token}, bearer"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: bearer, bearer, {token}"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: bearer, {token}", "Authorization: Bearer {token}"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: bearer, {token}", "Authorization: Basic YTpi"], 400, "ambiguous_credentials"),
    (["Sec-WebSocket-Protocol: Bearer, {token}"], 401, "no_token"),
])
def test_a_marker_that_does_not_say_one_token(
    gateway: Gateway, upstream: WebSocketUpstream, connect: Any, mint: Mint, lines: list[str], status: int, reason: str
) -> None:
    before, token = len(upstream.connections), mint.token()
    response = refused(connect(), "/ws/unclear", *(line.replace("{token}", token) for line in lines))
    check_refusal(response, status, reason)
    assert gateway.log_of(response)["reason"] == reason
    assert len(upstream.connections) == before


def test_an_api_key_may_stand_behind_the_marker(
    start_gateway: Any, upstream: WebSocketUpstream, mint: Mint
) -> None:
    keys = {"reader": {"hash": hash_of(READER), "scopes": ["items:read"]}}
    gateway = start_gateway(
        upstream, routes=ROUTES[:1], **LOCATIONS, api_keys={"header": "X-API-Key", "keys": keys})
    with gateway.client() as client:
        websocket, response = open_websocket(client, "/ws/a", f"Sec-WebSocket-Protocol: bearer, {READER}")
        websocket.send(close_frame(1000))
        websocket.expect_close(1000)
    assert gateway.log_of(response)["sub"] == "reader"
    for lines in ([f"X-API-Key: {READER}"], [f"Authorization: Bearer {READER}"]):
        with gateway.client() as client:
            answer = refused(client, "/ws/a", f"Sec-WebSocket-Protocol: bearer, {mint.token()}", *lines)
            check_refusal(answer, 400, "ambiguous_credentials")


def test_the_marker_means_something_in_handshakes_only(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("GET", "/ws/plain", f"Sec-WebSocket-Protocol: bearer, {mint.token()}"))
    check_refusal(response, 401, "no_token")


def test_without_the_setting_the_marker_is_a_subprotocol(
    start_gateway: Any, upstream: WebSocketUpstream, mint: Mint, bearer: str
) -> None:
    gateway, value = start_gateway(upstream, routes=ROUTES[:1]), f"bearer, {mint.token()}"
    before = len(upstream.messages)
    with gateway.client() as client:
        check_refusal(refused(client, "/ws/a", f"Sec-WebSocket-Protocol: {value}"), 401, "no_token")
    with gateway.client() as client:
        websocket, response = open_websocket(client, "/ws/a", f"Sec-WebSocket-Protocol: {value}", bearer)
        assert response.all("sec-websocket-protocol") == []
    assert offers(upstream, before) == ([value], bearer.partition(": ")[2])


def test_the_token_is_in_no_log(gateway: Gateway, upstream: WebSocketUpstream, connect: Any, mint: Mint) -> None:
    tokens = [mint.token(), mint.token("me"), mint.token(exp=1_000_000_000)]
    for token in tokens:
        client = connect()
        client.send(handshake("/ws/secret", f"Sec-WebSocket-Protocol: bearer, {token}"))
        head = client.read_head()
        client.close()
        gateway.log_of(head)
    assert gateway.log_path is not None
    written = gateway.log_path.read_text() + "\n".join(map(str, [*gateway.application_log, *gateway.unstructured]))
    for token in tokens:
        assert not any(part in written for part in token.split("."))
