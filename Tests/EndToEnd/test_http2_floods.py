"""Rules 11 and 21 of security.md: floods over HTTP/2 end their connection or stay bounded, and others hardly notice.

Each flood prints what it cost: the CPU time and memory of the gateway, and the time per request of another client.
"""

from __future__ import annotations

import multiprocessing
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from harness.frames import (
    MAX_WINDOW, PREFACE, ClientPeer, Code, Setting, Type, block, continuation, data, frame, goaway, head, headers, literal, ping,
    priority, request, rst_stream, settings, window_update,
)
from harness.gateway import Gateway
from harness.process import MiB, PeakMemory, cpu_seconds
from harness.upstream import Exchange, Upstream, echo
from harness.wire import open_socket
from harness.wire import request as http1_request

pytestmark = pytest.mark.timeout(60)

LIMITS = {"head_timeout": "1s", "idle_timeout": "1500ms", "body_rate": "4KiB", "max_body": "unlimited"}
#: How long an attacker goes on, with one connection after the other, in seconds.
DURATION = 0.6
#: What no flood may make the gateway keep, in bytes.
MEMORY = 24 * MiB
LARGE = 4 * MiB

FORK = multiprocessing.get_context("fork")


GET = request("/nowhere")
HEAD_ONLY = request("/nowhere", method="POST")
NO_WINDOW = settings((Setting.INITIAL_WINDOW_SIZE, 0))


def each(make: Callable[[int], bytes], count: int = 20_000) -> bytes:
    """What `make` makes of so many streams."""
    return b"".join(make(2 * index + 1) for index in range(count))


def after_each(*cause: Callable[[int], bytes], count: int = 20_000) -> bytes:
    """Requests whose answer cannot be sent yet, each followed by what makes the gateway reset its stream."""
    return NO_WINDOW + each(lambda stream: headers(stream, GET) + b"".join(part(stream) for part in cause), count)


def bomb(entry: int, references: int, requests: int) -> bytes:
    """A large field in the table, and then requests that refer to it again and again (RFC 7541 §7.3)."""
    first = headers(1, GET + literal("x-bomb", b"b" * entry, pattern=0x40))
    again = GET + b"\xbe" * references
    return first + b"".join(head(2 * index + 3, again) for index in range(requests))


@dataclass
class Flood:
    """The bytes of a flood, made when they are needed, and whether the gateway must end the connection over them."""

    make: Callable[[], bytes]
    ends: bool = True


FLOODS: dict[str, Flood] = {
    "rapid reset (CVE-2023-44487)": Flood(lambda: each(lambda s: headers(s, request("/public/h2")) + rst_stream(s))),
    "rapid reset of refused requests": Flood(lambda: each(lambda s: headers(s, GET) + rst_stream(s))),
    "rapid reset with content": Flood(lambda: each(lambda s: headers(s, HEAD_ONLY, end=False) + data(s, b"x") + rst_stream(s))),
    # CVE-2025-8671: the gateway is made to reset the stream itself.
    "MadeYouReset, WINDOW_UPDATE of 0": Flood(lambda: after_each(lambda s: window_update(s, 0))),
    "MadeYouReset, window overflow": Flood(lambda: after_each(lambda s: window_update(s, MAX_WINDOW) * 2)),
    "MadeYouReset, DATA after the end": Flood(lambda: after_each(lambda s: data(s, b"x"))),
    "MadeYouReset, HEADERS after the end": Flood(lambda: after_each(lambda s: headers(s, GET))),
    "MadeYouReset, PRIORITY of a wrong length": Flood(lambda: after_each(lambda s: frame(Type.PRIORITY, 0, s, bytes(4)))),
    "MadeYouReset, PRIORITY on itself": Flood(lambda: after_each(lambda s: priority(s, s))),
    "MadeYouReset, malformed heads": Flood(lambda: each(lambda s: headers(s, GET + literal("X-A", "b")))),
    "MadeYouReset, wrong lengths": Flood(
        lambda: each(lambda s: headers(s, request("/nowhere", ("content-length", "1"), method="POST"), end=False) + data(s, b"xx"))),
    "MadeYouReset, trailers without an end": Flood(
        lambda: each(lambda s: headers(s, HEAD_ONLY, end=False) + headers(s, block([("x-a", "b")]), end=False))),
    # CVE-2024-28182 and others
    "CONTINUATION without an end": Flood(
        lambda: headers(1, GET, whole=False) + continuation(1, literal("x-a", b"b" * 16_000), whole=False) * 2_000),
    "CONTINUATION without an end, small": Flood(
        lambda: headers(1, GET, whole=False) + continuation(1, literal("x", "y"), whole=False) * 100_000),
    "CONTINUATION in small pieces, whole": Flood(
        lambda: each(
            lambda s: headers(s, b"", whole=False) + b"".join(continuation(s, GET[i : i + 1], whole=False) for i in range(len(GET)))
            + continuation(s), 2_000)),
    "empty CONTINUATION": Flood(lambda: headers(1, GET, whole=False) + continuation(1, whole=False) * 200_000),
    # CVE-2019-9511 … 9518
    "SETTINGS": Flood(lambda: settings((Setting.MAX_FRAME_SIZE, 1 << 14)) * 200_000),
    "empty SETTINGS": Flood(lambda: settings() * 200_000),
    "SETTINGS that move windows": Flood(
        lambda: NO_WINDOW + each(lambda s: headers(s, GET), 90)
        + (settings((Setting.INITIAL_WINDOW_SIZE, 1)) + NO_WINDOW) * 100_000),
    "SETTINGS of the table size": Flood(
        lambda: (settings((Setting.HEADER_TABLE_SIZE, 0)) + settings((Setting.HEADER_TABLE_SIZE, 1 << 30))) * 100_000),
    "PING": Flood(lambda: ping() * 200_000),
    "acknowledgements of nothing": Flood(lambda: (ping(ack=True) + settings(ack=True)) * 100_000),
    "PRIORITY": Flood(lambda: each(lambda s: priority(s, 0, 1 + s % 256), 200_000)),
    "PRIORITY of one stream": Flood(lambda: priority(1, 0, 1) * 200_000),
    "empty DATA": Flood(lambda: headers(1, request("/public/h2", method="POST"), end=False) + data(1) * 200_000),
    # Costs the sender as much as content would, and is ended for its pace.
    "padded DATA": Flood(
        lambda: headers(1, request("/public/h2", method="POST"), end=False) + data(1, b"", padding=255) * 50_000, ends=False),
    "empty HEADERS": Flood(lambda: each(lambda s: headers(s, b""))),
    "WINDOW_UPDATE of 1": Flood(lambda: window_update(0, 1) * 200_000),
    "WINDOW_UPDATE of 1 on a stream": Flood(lambda: NO_WINDOW + headers(1, request("/public/large")) + window_update(1, 1) * 200_000),
    "unknown frames": Flood(lambda: frame(Type.UNKNOWN, 0, 0, b"x") * 200_000),
    "RST_STREAM of what has ended": Flood(lambda: headers(1, GET) + rst_stream(1) * 200_000),
    "DATA for what has ended": Flood(lambda: headers(1, GET) + rst_stream(1) + data(1) * 200_000),
    "GOAWAY": Flood(lambda: goaway() * 200_000),
    "HPACK bomb, 4 KB": Flood(lambda: bomb(3_900, 16_000, 600)),
    "HPACK bomb, 4 KB in CONTINUATION": Flood(lambda: bomb(3_900, 60_000, 200)),
    "HPACK bomb, small": Flood(lambda: bomb(1, 60_000, 200)),
    "fields beyond the limit": Flood(lambda: each(lambda s: headers(s, GET + literal("x-a", "b") * 2_000), 2_000)),
    "one field beyond the limit": Flood(
        lambda: each(lambda s: head(s, GET + literal("x-a", b"b" * 16_400)), 2_000), ends=False),
    "more streams than there may be": Flood(lambda: NO_WINDOW + each(lambda s: headers(s, GET))),
    # What any client may do, in such numbers
    "requests": Flood(lambda: each(lambda s: headers(s, GET), 5_000), ends=False),
}


@dataclass
class Connection:
    """What became of one connection of an attacker."""

    ended: bool
    code: Code | None
    sent: int
    total: int


def flood_once(gateway: Gateway, payload: bytes) -> Connection:
    """Sends it all, and reads all that comes, until the gateway ends the connection or has taken everything."""
    sent = 0
    with ClientPeer(gateway.address) as peer:
        peer.socket.settimeout(5)

        def send() -> None:
            nonlocal sent
            try:
                while sent < len(payload):
                    sent += peer.socket.send(payload[sent : sent + 65536])
            except OSError:
                return
            peer.send(ping(b"all sent"))

        writer = threading.Thread(target=send)
        writer.start()
        try:
            peer.until(lambda: (Type.PING, b"all sent") in [(f.kind, f.payload) for f in peer.frames[-1:]], "an end", 8)
        except AssertionError:
            pass  # it takes nothing more, and says nothing
        peer.close_both_ways()
        writer.join()
        return Connection(peer.is_closed or peer.goaway is not None, peer.goaway, sent, len(payload))


def attack(gateway: Gateway, flood: Flood, results: Any, stop: Any) -> None:
    payload = flood.make()
    results.put("ready")
    connections = []
    while not stop.is_set() or not connections:
        connections.append(flood_once(gateway, payload))
    results.put(connections)


def latency(gateway: Gateway, duration: float) -> tuple[float, float]:
    """The median and the 95th percentile of another client's time per request, in milliseconds."""
    times = []
    end = time.monotonic() + duration
    with gateway.client() as client:
        while time.monotonic() < end or len(times) < 20:
            started = time.perf_counter()
            assert client.exchange(http1_request("GET", "/nowhere")).status == 401
            times.append(1000 * (time.perf_counter() - started))
            time.sleep(0.002)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


@pytest.fixture(scope="module")
def front(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    shared_upstream.handler = large_or_echo
    return module_gateway(shared_upstream, limits=LIMITS)


def large_or_echo(exchange: Exchange) -> None:
    if exchange.message.target != "/public/large":
        return echo(exchange)
    exchange.read_body()
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
    for _ in range(LARGE // 65536):
        exchange.send(b"x" * 65536)


@pytest.fixture(scope="module")
def quiet(front: Gateway) -> tuple[float, float]:
    latency(front, 0.2)
    return latency(front, 0.5)


@pytest.fixture(scope="module")
def tell(pytestconfig: pytest.Config) -> Iterator[Callable[[str], None]]:
    """Prints at the end of the module, whether output is captured or not."""
    lines: list[str] = []
    yield lines.append
    manager = pytestconfig.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        print("", *lines, sep="\n")


@pytest.mark.parametrize("name", FLOODS)
def test_rule_11_a_flood_ends_or_is_bounded(front: Gateway, quiet: Any, tell: Any, name: str) -> None:
    flood = FLOODS[name]
    results, stop = FORK.Queue(), FORK.Event()
    attacker = FORK.Process(target=attack, args=(front, flood, results, stop))
    attacker.start()
    try:
        assert results.get(timeout=20) == "ready"
        cpu, started = cpu_seconds(front.pid), time.monotonic()
        with PeakMemory(front.pid) as memory:
            median, worst = latency(front, DURATION)
            stop.set()
            connections: list[Connection] = results.get(timeout=30)
        cpu, elapsed = cpu_seconds(front.pid) - cpu, time.monotonic() - started
    finally:
        attacker.kill()
        attacker.join()
    last = connections[-1]
    share = sum(connection.sent for connection in connections) / sum(connection.total for connection in connections)
    code = last.code.name if last.code is not None else "-"
    tell(f"{name:42} {len(connections):5} connections, {'ended' if last.ended else 'whole'} {code:20} {share:6.1%} sent, "
         f"{cpu:5.2f} s CPU in {elapsed:4.1f} s, {memory.growth / MiB:5.1f} MiB, "
         f"median {median:5.2f} ms (quiet {quiet[0]:.2f}), 95 % {worst:5.2f} ms (quiet {quiet[1]:.2f})")
    assert front.is_alive()
    if flood.ends:
        assert all(connection.ended for connection in connections), last
    assert memory.growth < MEMORY, f"{memory.growth / MiB:.1f} MiB"
    # Twice the quiet time is what is aimed at; this machine may be busy with other things as well.
    assert median < max(10 * quiet[0], 20), f"{median} ms, {quiet[0]} ms when it is quiet"
    assert worst < max(20 * quiet[1], 250), f"{worst} ms, {quiet[1]} ms when it is quiet"


def test_rule_11_a_rapid_reset_does_not_flood_the_upstream(front: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    result = flood_once(front, FLOODS["rapid reset (CVE-2023-44487)"].make())
    assert result.ended
    assert len(shared_upstream.messages) - before < 2_000, "of 20 000"


def test_an_ordinary_client_that_cancels_a_lot_is_not_taken_for_an_attacker(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        for stream in range(1, 201, 2):
            peer.send(headers(stream, GET), rst_stream(stream))
        assert peer.exchange(201, GET).status == 401
        assert peer.goaway is None


def test_an_ordinary_client_that_asks_a_lot_is_not_taken_for_an_attacker(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        for first in range(1, 4001, 100):
            streams = range(first, first + 100, 2)
            peer.send(*(headers(stream, GET) + window_update(0, 1000) for stream in streams), ping())
            assert all(peer.answer(stream).status == 401 for stream in streams)
        assert peer.goaway is None


# What is slow instead of fast


def ended_within(peer: ClientPeer, seconds: float) -> Code | None:
    """The code of GOAWAY, if there was one: a connection that does nothing useful ends."""
    started = time.monotonic()
    code = peer.ends(seconds)
    assert time.monotonic() - started < seconds
    return code


def drip(peer: ClientPeer, piece: bytes, every: float) -> threading.Event:
    """Sends a piece again and again, until it is told to stop or the gateway has closed."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(every) and peer.send(piece):
            pass

    threading.Thread(target=send, daemon=True).start()
    return stop


@pytest.mark.parametrize("count", [0, 3, 16, 23, 24, 30])
def test_rule_21_a_preface_that_does_not_end_is_given_up(front: Gateway, count: int) -> None:
    connection = open_socket(front.address, timeout=8)
    connection.sendall((PREFACE + settings())[:count])
    received = b""
    while more := connection.recv(65536):
        received += more
    assert b" 200 " not in received


def test_rule_21_a_connection_without_requests_is_ended_in_order(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        assert ended_within(peer, 6) == Code.NO_ERROR


def test_rule_21_pings_alone_do_not_keep_a_connection(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        stop = drip(peer, ping(), 0.2)
        ended_within(peer, 8)
        stop.set()


def test_rule_21_a_head_that_drips_is_given_up(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        peer.send(headers(1, GET[:10], whole=False))
        stop = drip(peer, continuation(1, literal("x", "y"), whole=False), 0.2)
        ended_within(peer, 6)
        stop.set()


def test_rule_21_a_frame_that_drips_is_given_up(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        peer.send(headers(1, GET)[:20])
        stop = drip(peer, b"a", 0.2)
        ended_within(peer, 8)
        stop.set()


def test_rule_21_streams_that_wait_for_a_body_for_ever_are_ended(front: Gateway) -> None:
    with ClientPeer(front.address) as peer:
        peer.send(*(headers(2 * index + 1, request("/public/h2", method="POST"), end=False) for index in range(100)))
        peer.until(lambda: all(peer.message(2 * index + 1).is_over for index in range(100)), "an end of each", 10)
        assert all(peer.message(2 * index + 1).status in (408, 0) for index in range(100))


@pytest.mark.parametrize("fields", [[], [("content-type", "application/grpc")]], ids=["plain", "as if it were gRPC"])
def test_rule_21_a_body_that_dribbles_is_ended(
    start_gateway: Any, upstream: Upstream, fields: list[tuple[str, str]]
) -> None:
    """Calls of gRPC may, but only to an upstream that can take them."""
    gateway = start_gateway(upstream, limits=LIMITS | {"idle_timeout": "1s", "body_rate": "100KiB"})
    with ClientPeer(gateway.address) as peer:
        peer.send(headers(1, request("/public/h2", *fields, method="POST"), end=False))
        stop = drip(peer, data(1, b"x", padding=100), 0.1)
        answer = peer.answer(1, 15)
        assert answer.status in (408, 0) or dict(answer.fields)["grpc-status"] == "2"
        stop.set()
    (line,) = gateway.wait_for_log_count(1)
    assert line["reason"] == "request_timeout"
    assert upstream.complete_messages == []


@pytest.mark.parametrize("level", ["stream", "connection", "socket"])
def test_rule_11_answers_that_are_not_read_are_bounded_and_ended(
    start_gateway: Any, upstream: Upstream, tell: Any, level: str
) -> None:
    """100 answers of 4 MiB for which there is no window, or which are not taken from the socket."""
    upstream.handler = large_or_echo
    gateway = start_gateway(upstream, limits=LIMITS | {"timeout": "10s"})
    windows = {"stream": (0, 0), "connection": (MAX_WINDOW, 0), "socket": (MAX_WINDOW, MAX_WINDOW - 65_535)}
    of_streams, of_connection = windows[level]
    with ClientPeer(gateway.address) as warm:
        warm.exchange()
    with ClientPeer(gateway.address, (Setting.INITIAL_WINDOW_SIZE, of_streams)) as peer, PeakMemory(gateway.pid) as memory:
        if level == "socket":
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if of_connection:
            peer.send(window_update(0, of_connection))
        peer.send(*(headers(2 * index + 1, request("/public/large")) for index in range(100)))
        upstream.wait_until(lambda: len(upstream.messages) == 101, "all requests")
        with ClientPeer(gateway.address) as other:
            assert other.exchange().status == 200, "others are served"
        lines = gateway.wait_for_log_count(102, timeout=25)
    tell(f"{'100 unread answers, no window of the ' + level:42} {memory.growth / MiB:5.1f} MiB")
    large = [line for line in lines if line.get("path") == "/public/large"]
    assert len(large) == 100 and all(line["aborted"] == "client" for line in large)
    assert memory.growth < 32 * MiB, f"{memory.growth / MiB:.1f} MiB"
    upstream.wait_until(lambda: upstream.open_connections <= 4, "connections to be given up")


def test_rule_11_a_window_that_is_opened_byte_by_byte_is_below_the_pace(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = large_or_echo
    gateway = start_gateway(upstream, limits=LIMITS | {"idle_timeout": "1s", "body_rate": "100KiB"})
    with ClientPeer(gateway.address, (Setting.INITIAL_WINDOW_SIZE, 0)) as peer:
        peer.send(headers(1, request("/public/large")))
        stop = drip(peer, window_update(1, 1), 0.05)
        answer = peer.answer(1, 15)
        stop.set()
        assert not answer.ended and len(answer.body) < 1000


def test_the_last_stream_identifier_is_the_last(front: Gateway) -> None:
    """RFC 9113 §5.1.1: a connection whose identifiers are used up serves nothing more, and harms nobody."""
    with ClientPeer(front.address) as peer:
        assert peer.exchange(MAX_WINDOW - 2, GET).status == 401
        assert peer.exchange(MAX_WINDOW, GET).status == 401
        peer.send(headers(1, GET), headers(MAX_WINDOW - 2, GET), ping(b"after it"))
        peer.until(lambda: any(f.kind == Type.PING for f in peer.frames), "an answer to PING")
        assert 1 not in peer.messages
    with ClientPeer(front.address) as peer:
        assert peer.exchange(1, GET).status == 401


def test_the_most_padding_is_not_content(front: Gateway, shared_upstream: Upstream) -> None:
    with ClientPeer(front.address) as peer:
        peer.send(headers(1, request("/public/padded", method="POST"), end=False, padding=255))
        peer.send(*(data(1, bytes([index]), padding=255, end=index == 99) for index in range(100)))
        assert peer.answer(1).status == 200
    message = next(message for message in shared_upstream.messages if message.target == "/public/padded")
    assert message.body == bytes(range(100))
