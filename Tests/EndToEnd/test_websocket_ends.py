"""How WebSockets end: with their token, with the gateway, by silence, and by either side; and what the log says of it."""

from __future__ import annotations

import datetime
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from h2.errors import ErrorCodes

from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.process import descriptors, free_port
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import World, over
from harness.tokens import Mint
from harness.upstream import Exchange
from harness.websocket_clients import WAYS, Reached
from harness.websocket_frames import (
    BINARY, CLOSE, PING, TEXT, Frame, WebSocket, WebSocketUpstream, accept_websocket, close_frame, handshake, open_websocket,
)
from harness.wire import PATIENCE, request
from test_api_keys import READER, hash_of

ROUTES = [
    {"id": "ws", "path": "/ws/{rest...}", "scopes": ["items:read"]},
    {"id": "outliving", "path": "/outliving/{rest...}", "scopes": ["items:read"], "outlive_token": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "shadow", "path": "/shadow/{rest...}", "scopes": ["items:read"], "shadow": True},
    {"id": "idle", "path": "/idle/{rest...}", "public": True, "stream_idle_timeout": "1s"},
]

#: How long after a moment something may happen that is to happen at that moment, in seconds.
TOLERANCE = 1.0


class Service:
    """An upstream of WebSockets whose side a test takes itself: `upstream_side` gives it what it is to speak by."""

    def __init__(self) -> None:
        self.upstream = WebSocketUpstream(self._serve)
        self._opened: list[WebSocket] = []
        self._news = threading.Semaphore(0)
        self._over = threading.Event()

    def _serve(self, exchange: Exchange) -> None:
        if not exchange.message.get("upgrade"):
            return exchange.respond(200)
        exchange.connection.socket.settimeout(PATIENCE)
        self._opened.append(accept_websocket(exchange))
        self._news.release()
        # Whose handler returns loses its connection.
        self._over.wait(60)

    def upstream_side(self) -> WebSocket:
        assert self._news.acquire(timeout=PATIENCE), "no WebSocket came"
        return self._opened.pop(0)

    def stop(self) -> None:
        self._over.set()
        self.upstream.stop()
        assert self.upstream.violations == []


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


#: For what every way has to pass.
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(params=["h1", "h2c"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


class Pair:
    """A WebSocket with the test on both sides of the gateway."""

    def __init__(self, way: str, gateway: Gateway, world: World, service: Service, target: str, *lines: str):
        self.reached = Reached(way, gateway.listeners, world)
        self.client, self.response = open_websocket(over(self.reached.socket), target, *lines)
        self.upstream = service.upstream_side()

    def exchange(self) -> None:
        """A word each way."""
        self.client.send(Frame(TEXT, b"to the upstream"))
        frame = self.upstream.receive()
        assert (frame.payload, frame.masked) == (b"to the upstream", True)
        self.upstream.send(Frame(TEXT, b"to the client"))
        assert self.client.receive().payload == b"to the client"

    def expect_ends(self) -> None:
        """Both connections end, without another byte."""
        assert self.client.expect_end() == b"" and self.upstream.expect_end() == b""


Open = Callable[..., Pair]


@pytest.fixture
def pairs(way: str, world: World, service: Service) -> Iterator[Open]:
    opened: list[Pair] = []

    def open_one(gateway: Gateway, target: str, *lines: str) -> Pair:
        opened.append(Pair(way, gateway, world, service, target, *lines))
        return opened[-1]

    yield open_one
    for pair in opened:
        pair.reached.close()


def start(start_gateway: Any, service: Service, world: World, mint: Mint, *, skew: str = "0s", **changes: Any) -> Gateway:
    issuer = {"issuer": mint.issuer, "audience": [mint.audience], "algorithms": ["ES256"], "keys": {"jwks": mint.jwks()}}
    defaults = {
        "listeners": [{"address": "127.0.0.1:0"}, world.listener()], "routes": ROUTES,
        "issuers": {"main": issuer | {"clock_skew": skew}},
    }
    return start_gateway(service.upstream, **(defaults | changes))


class Token:
    """A token that has expired `lifetime` seconds from now; its second begins when the test does, for exact moments."""

    def __init__(self, mint: Mint, lifetime: int, **claims: Any):
        self.end = int(time.time()) + lifetime
        self.line = f"Authorization: Bearer {mint.token(exp=self.end, **claims)}"

    @property
    def since(self) -> float:
        """Seconds since its end."""
        return time.time() - self.end


# The token


@every_way
def test_a_websocket_ends_with_its_token(start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 3)
    pair = pairs(gateway, "/ws/a", token.line)
    pair.exchange()
    pair.client.expect_close(1008)
    assert 0 <= token.since < TOLERANCE, token.since
    frame = pair.upstream.receive()
    assert (frame.opcode, frame.code, frame.masked) == (CLOSE, 1008, True)
    assert token.since < TOLERANCE
    pair.client.send(close_frame(1008))
    pair.upstream.send(close_frame(1008))
    pair.expect_ends()
    assert token.since < 2.5
    line = gateway.log_of(pair.response)
    assert (line["ended"], line["decision"], line["reason"], line.get("aborted")) == ("token_expired", "allow", "allowed", None)
    assert line["bytes_in"] == pair.client.sent and line["bytes_out"] >= pair.upstream.sent - 4
    assert 1.5 < line["duration"] < 5.5


@pytest.mark.parametrize("why, answers", [
    ("token", True), ("token", False), ("drain", True), ("drain", False), ("client", True), ("client", False), ("idle", False),
])
def test_a_stream_of_http2_ends_in_order(
    start_gateway: Any, service: Service, world: World, mint: Mint, why: str, answers: bool
) -> None:
    """END_STREAM stands for the end of a connection, and a reset for an accident (RFC 8441 section 5)."""
    gateway = start(start_gateway, service, world, mint)
    with HTTP2Client(gateway.address) as client:
        client.wait_until(lambda: client.allows_websockets, "the settings")
        token, target = Token(mint, 2 if why == "token" else 60), "/idle/a" if why == "idle" else "/ws/a"
        stream = client.begin("CONNECT", target, token.line, "Sec-WebSocket-Version: 13", protocol="websocket", end=False)
        upstream = service.upstream_side()
        if why == "drain":
            gateway.signal(signal.SIGTERM)
        if why == "client":
            client.send(stream, close_frame(1000).encode(mask=True), end=False)
            if answers:
                upstream.send(close_frame(1000))
        elif why != "idle":
            upstream.expect_close(1008 if why == "token" else 1001)
            if answers:
                upstream.send(close_frame(1000))
                client.send(stream, close_frame(1000).encode(mask=True), end=False)
        if why == "client" and not answers:
            client.send(stream, b"")
        client.wait(stream)
    assert client.resets.get(stream, ErrorCodes.NO_ERROR) == ErrorCodes.NO_ERROR


def test_the_connections_end_though_nobody_answers_the_close(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 2)
    pair = pairs(gateway, "/ws/a", token.line)
    pair.client.expect_close(1008)
    pair.upstream.expect_close(1008)
    pair.expect_ends()
    assert token.since < 3
    assert gateway.log_of(pair.response)["ended"] == "token_expired"


def test_the_grace_of_a_websocket_is_the_clock_skew(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """It ends when a new request with its token would be refused."""
    gateway, token = start(start_gateway, service, world, mint, skew="2s"), Token(mint, 1)
    pair = pairs(gateway, "/ws/a", token.line)
    pair.client.expect_close(1008)
    assert 2 <= token.since < 2 + TOLERANCE, token.since
    assert gateway.exchange(request("GET", "/ws/b", token.line)).status == 401


def test_a_frame_under_way_to_the_client_is_ended_first(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 2)
    pair = pairs(gateway, "/ws/a", token.line)
    data = bytes(range(256)) * 4096
    frame = Frame(BINARY, data).encode(mask=False)
    pair.upstream.send_bytes(frame[:500_000])
    pair.upstream.expect_close(1008)
    time.sleep(0.3)
    pair.upstream.send_bytes(frame[500_000:])
    assert pair.client.receive().payload == data
    pair.client.expect_close(1008)
    pair.expect_ends()
    assert token.since < 3


def test_a_frame_under_way_to_the_upstream_is_ended_first(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 2)
    pair = pairs(gateway, "/ws/a", token.line)
    data = bytes(range(256)) * 4096
    frame = Frame(BINARY, data).encode(mask=True)
    pair.client.send_bytes(frame[:500_000])
    pair.client.expect_close(1008)
    time.sleep(0.3)
    pair.client.send_bytes(frame[500_000:])
    assert pair.upstream.receive() == Frame(BINARY, data, masked=True)
    pair.upstream.expect_close(1008)
    pair.expect_ends()
    assert token.since < 3


def test_a_frame_that_does_not_end_gets_no_close_into_it(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 2)
    pair = pairs(gateway, "/ws/a", token.line)
    to_client, to_upstream = Frame(BINARY, bytes(5000)).encode(mask=False), Frame(BINARY, bytes(5000)).encode(mask=True)
    pair.upstream.send_bytes(to_client[:1000])
    pair.client.send_bytes(to_upstream[:1000])
    assert pair.client.expect_end() == to_client[:1000]
    assert pair.upstream.expect_end() == to_upstream[:1000]
    assert 0 <= token.since < 5 + TOLERANCE
    assert gateway.log_of(pair.response)["ended"] == "token_expired"


def test_nothing_passes_behind_the_end_of_the_token(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """Who goes on sending does not keep a WebSocket open; what was sent behind the Close goes nowhere."""
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 2)
    pair = pairs(gateway, "/ws/a", token.line)
    stopped = threading.Event()

    def chatter(side: WebSocket) -> None:
        try:
            while not stopped.wait(0.01):
                side.send(Frame(TEXT, b"more"))
        except OSError:
            pass

    threads = [threading.Thread(target=chatter, args=(side,)) for side in (pair.client, pair.upstream)]
    for thread in threads:
        thread.start()
    for side in (pair.client, pair.upstream):
        while (frame := side.receive()).opcode == TEXT:
            pass
        assert (frame.opcode, frame.code) == (CLOSE, 1008)
        assert side.expect_end() == b""
    assert token.since < 3
    stopped.set()
    for thread in threads:
        thread.join()


def test_a_websocket_ends_with_its_api_key(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    end = int(time.time()) + 3
    expires = datetime.datetime.fromtimestamp(end, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = {"reader": {"hash": hash_of(READER), "scopes": ["items:read"], "expires": expires}}
    gateway = start(start_gateway, service, world, mint, api_keys={"header": "X-API-Key", "keys": keys})
    pair = pairs(gateway, "/ws/a", f"X-API-Key: {READER}")
    pair.client.expect_close(1008)
    assert 0 <= time.time() - end < TOLERANCE
    pair.upstream.expect_close(1008)
    assert gateway.log_of(pair.response)["ended"] == "token_expired"


@pytest.mark.parametrize("route", ["outliving", "public", "shadow"])
def test_some_websockets_outlive_their_token(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open, route: str
) -> None:
    gateway, token = start(start_gateway, service, world, mint), Token(mint, 1)
    pair = pairs(gateway, f"/{route}/a", token.line)
    while token.since < 1.5:
        pair.exchange()
        time.sleep(0.3)
    pair.client.send(close_frame(1000))
    pair.upstream.expect_close(1000)
    pair.upstream.send(close_frame(1000))
    pair.client.expect_close(1000)
    assert "ended" not in gateway.log_of(pair.response)


def test_a_token_without_an_end_ends_no_websocket(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    issuer = {"issuer": mint.issuer, "audience": [mint.audience], "algorithms": ["ES256"], "keys": {"jwks": mint.jwks()}}
    gateway = start(
        start_gateway, service, world, mint, issuers={"main": issuer | {"require_expiry": False, "clock_skew": "0s"}})
    pair = pairs(gateway, "/ws/a", f"Authorization: Bearer {mint.token(exp=None)}")
    time.sleep(1.5)
    pair.exchange()


# The gateway


@every_way
def test_a_drain_says_going_away_on_both_sides_at_once(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/ws/a", Token(mint, 60).line)
    pair.exchange()
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    pair.client.expect_close(1001)
    frame = pair.upstream.receive()
    assert (frame.opcode, frame.code, frame.masked) == (CLOSE, 1001, True)
    assert time.monotonic() - began < TOLERANCE
    pair.client.send(close_frame(1001))
    pair.upstream.send(close_frame(1001))
    pair.expect_ends()
    assert gateway.wait(5) == 0
    assert time.monotonic() - began < 3
    line = gateway.log_of(pair.response)
    assert (line["ended"], line["decision"], line.get("aborted")) == ("draining", "allow", None)


def test_a_drain_waits_not_long_for_those_who_do_not_answer(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway = start(start_gateway, service, world, mint)
    opened = [pairs(gateway, "/ws/a", Token(mint, 60).line) for _ in range(5)]
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    assert gateway.wait(10) == 0
    assert time.monotonic() - began < 4
    for pair in opened:
        pair.client.expect_close(1001)
        pair.upstream.expect_close(1001)
        pair.expect_ends()
        assert gateway.log_of(pair.response)["ended"] == "draining"


@every_way
def test_a_listener_that_goes_away_takes_its_websockets_along(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open, way: str
) -> None:
    listeners = [{"address": f"127.0.0.1:{free_port()}"}, world.listener() | {"address": f"127.0.0.1:{free_port()}"}]
    gateway = start(start_gateway, service, world, mint, launch=NO_WATCH, listeners=listeners)
    leaving = pairs(gateway, "/ws/leaving", Token(mint, 60).line)
    settings = settings_of(gateway)
    del settings["listeners"][1 if way in ("h1s", "h2") else 0]
    assert reload(gateway, settings)["event"] == "reloaded"
    leaving.client.expect_close(1001)
    leaving.upstream.expect_close(1001)
    leaving.client.send(close_frame(1001))
    leaving.upstream.send(close_frame(1001))
    leaving.expect_ends()
    assert gateway.log_of(leaving.response)["ended"] == "draining"
    assert gateway.is_alive()


def test_a_reload_leaves_other_websockets_alone(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway = start(start_gateway, service, world, mint, launch=NO_WATCH)
    pair = pairs(gateway, "/ws/a", Token(mint, 60).line)
    settings = settings_of(gateway)
    settings["routes"].append({"id": "more", "path": "/more", "public": True})
    assert reload(gateway, settings)["event"] == "reloaded"
    pair.exchange()


# Silence


@every_way
def test_silence_ends_a_websocket(start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open) -> None:
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/idle/a")
    pair.exchange()
    began = time.monotonic()
    pair.expect_ends()
    assert 0.8 < time.monotonic() - began < 1 + 2 * TOLERANCE
    line = gateway.log_of(pair.response)
    assert (line["ended"], line["decision"], line.get("aborted")) == ("idle_timeout", "allow", None)


@pytest.mark.parametrize("from_client", [True, False])
def test_a_byte_of_either_side_is_no_silence(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open, from_client: bool
) -> None:
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/idle/a")
    speaker, hearer = (pair.client, pair.upstream) if from_client else (pair.upstream, pair.client)
    for _ in range(6):
        time.sleep(0.5)
        speaker.send(Frame(PING))
        assert hearer.receive().opcode == PING
    pair.exchange()


def test_limits_of_ordinary_exchanges_are_not_those_of_websockets(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """Neither the time between bytes of a body nor its least pace, nor the time to the response head."""
    gateway = start(start_gateway, service, world, mint, limits={"idle_timeout": "500ms", "timeout": "500ms"})
    pair = pairs(gateway, "/ws/a", Token(mint, 60).line)
    for _ in range(3):
        time.sleep(0.8)
        pair.exchange()


# Either side


def test_an_end_that_both_sides_agreed_on_needs_no_more(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """RFC 6455 section 7.1.1: the server is to close the connection; one that forgets it holds up nothing."""
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/public/a")
    pair.upstream.send(close_frame(1000))
    pair.client.expect_close(1000)
    pair.client.send(close_frame(1000))
    pair.upstream.expect_close(1000)
    began = time.monotonic()
    pair.expect_ends()
    assert time.monotonic() - began < 1 + TOLERANCE
    assert not {"aborted", "ended"} & set(gateway.log_of(pair.response))


@every_way
def test_whose_connection_ends_without_a_close_has_aborted(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/public/client")
    pair.exchange()
    pair.reached.abort()
    began = time.monotonic()
    assert pair.upstream.expect_end() == b""
    assert time.monotonic() - began < 0.5
    line = gateway.log_of(pair.response)
    assert (line["aborted"], line.get("ended"), line["decision"]) == ("client", None, "allow")
    assert (line["bytes_in"], line["bytes_out"]) == (pair.client.sent, pair.upstream.sent)

    pair = pairs(gateway, "/public/upstream")
    pair.exchange()
    pair.upstream.socket.shutdown(2)
    began = time.monotonic()
    assert pair.client.expect_end() == b""
    assert time.monotonic() - began < 0.5
    assert gateway.log_of(pair.response)["aborted"] == "upstream"


@pytest.mark.parametrize("closer", ["client", "upstream"])
def test_a_connection_that_ends_behind_a_close_has_not_aborted(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open, closer: str
) -> None:
    gateway = start(start_gateway, service, world, mint)
    pair = pairs(gateway, "/public/a")
    one, other = (pair.client, pair.upstream) if closer == "client" else (pair.upstream, pair.client)
    one.send(close_frame(4000, b"enough"))
    frame = other.receive()
    assert (frame.opcode, frame.code, frame.payload[2:]) == (CLOSE, 4000, b"enough")
    other.send(Frame(CLOSE, frame.payload))
    one.expect_close(4000)
    pair.upstream.socket.shutdown(2)
    assert pair.client.expect_end() == b""
    line = gateway.log_of(pair.response)
    assert not {"aborted", "ended"} & set(line), line
    assert (line["bytes_in"], line["bytes_out"]) == (pair.client.sent, pair.upstream.sent)


@every_way
def test_what_was_sent_before_the_end_still_arrives(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """An end is no reason to lose bytes: the last frames of an upstream that closes at once are the client's."""
    gateway = start(start_gateway, service, world, mint)
    for _ in range(10):
        pair = pairs(gateway, "/public/last")
        data = bytes(200_000)
        pair.upstream.send(Frame(BINARY, data))
        pair.upstream.send(close_frame(1000))
        pair.upstream.socket.shutdown(1)
        assert pair.client.receive().payload == data
        pair.client.expect_close(1000)
        assert pair.client.expect_end() == b""


def test_open_websockets_count_as_connections_of_the_upstream(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    gateway = start(
        start_gateway, service, world, mint, workers=1, limits={"upstream_connections": 2, "connect_timeout": "500ms"})
    first, second = pairs(gateway, "/public/1"), pairs(gateway, "/public/2")
    with gateway.client() as client:
        client.send(handshake("/public/3"))
        response = client.read_response()
    assert response.status == 503 and b"upstream_busy" in response.body
    first.client.send(close_frame(1000))
    first.upstream.expect_close(1000)
    first.upstream.send(close_frame(1000))
    first.client.expect_close(1000)
    assert first.client.expect_end() == b""
    pairs(gateway, "/public/4").exchange()
    second.exchange()


def test_many_websockets_leave_nothing_behind(
    start_gateway: Any, service: Service, world: World, mint: Mint, pairs: Open
) -> None:
    """Descriptors are back where they were, however the WebSockets ended."""
    gateway = start(start_gateway, service, world, mint)
    assert gateway.exchange(request("GET", "/public/a", "Connection: close")).status == 200
    before = descriptors(gateway.pid)
    for index in range(60):
        pair = pairs(gateway, "/public/many")
        if index % 3 == 0:
            pair.reached.abort()
        elif index % 3 == 1:
            pair.upstream.socket.shutdown(2)
        else:
            pair.client.send(close_frame(1000))
            pair.upstream.expect_close(1000)
            pair.upstream.socket.shutdown(2)
        pair.upstream.expect_end() if index % 3 == 0 else pair.client.expect_end()
    deadline = time.monotonic() + PATIENCE
    while descriptors(gateway.pid) > before + 2:
        assert time.monotonic() < deadline, (before, descriptors(gateway.pid))
        time.sleep(0.05)
