"""How event streams end that would have gone on: with their token, when the gateway stops, when nothing happens."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.gateway import configuration
from harness.http2_upstream import HTTP2Upstream
from harness.reloading import NO_WATCH, reload, settings_of
from harness.stage import Performance, Place, Stage
from harness.streamed import KINDS, Streamed, listeners
from harness.tls import World
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.wire import Closed, Truncated

EVENT = b"data: tick\n\n"
ROUTES: list[dict[str, Any]] = [
    {"id": "events", "path": "/events/{rest...}", "authenticated": True},
    {"id": "h2", "path": "/h2/{rest...}", "authenticated": True, "upstream": "http2"},
    {"id": "outlives", "path": "/outlives/{rest...}", "authenticated": True, "outlive_token": True},
    {"id": "shadow", "path": "/shadow/{rest...}", "authenticated": True, "shadow": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
]
HASTY = {"authenticated": True, "stream_idle_timeout": "700ms"}
ROUTES += [
    HASTY | {"id": "hasty", "path": "/hasty/{rest...}"},
    HASTY | {"id": "hasty.h2", "path": "/hasty-h2/{rest...}", "upstream": "http2"},
]


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def upstreams(stage: Stage) -> Iterator[dict[str, Any]]:
    with Upstream(stage) as plain, HTTP2Upstream(stage) as http2:
        yield {"service": {"servers": [plain.url]}, "http2": {"servers": [http2.url], "protocol": "h2c"}}
    assert plain.violations == [] and http2.violations == []


def make_place(
    start: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint, *, lifetime: float = 600, **changes: Any
) -> Place:
    issuer = configuration("http://127.0.0.1:1", mint, "unused")["issuers"]["main"] | {"clock_skew": "0s"}
    gateway = start(
        "http://127.0.0.1:1", launch=NO_WATCH,
        **({"listeners": listeners(world), "routes": ROUTES, "upstreams": upstreams, "issuers": {"main": issuer}} | changes))
    return Place(gateway, world, stage, mint.token(lifetime=lifetime))


class Watched:
    """A stream that the upstream keeps going, and how it goes for the client."""

    def __init__(self, stream: Streamed, performance: Performance):
        self.stream, self.performance = stream, performance
        self.head = stream.head()
        self.received, self.is_cut, self.ended_at = b"", False, 0.0
        self._stops = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    def _write(self) -> None:
        try:
            while not self._stops.wait(0.1) and not self.performance.left.is_set():
                self.performance.write(EVENT)
        except (OSError, Closed, Truncated):
            pass  # The gateway has left.

    def _read(self) -> None:
        try:
            while piece := self.stream.read(60):
                self.received += piece
        except Truncated:
            self.is_cut = True
        except (OSError, ValueError):
            pass  # `stop` has closed it.
        self.ended_at = time.time()

    @property
    def is_over(self) -> bool:
        return not self._threads[1].is_alive()

    def wait(self, timeout: float) -> bool:
        """Whether the client has seen the end in `timeout` seconds."""
        self._threads[1].join(timeout)
        return self.is_over

    def stop(self) -> None:
        self._stops.set()
        self._threads[0].join()


class Ends:
    """Streams of every kind, opened with a token of 3 s and left to themselves for longer than that."""

    def __init__(self, place: Place, expiry: int):
        self.place, self.expiry = place, expiry
        self.streams = {
            f"{prefix} {kind}": self.open(kind, f"/{prefix}/x") for prefix in ("events", "h2") for kind in KINDS
        } | {prefix: self.open("h1", f"/{prefix}/x") for prefix in ("outlives", "shadow", "public")}
        self.streams["HTTP/1.0"] = self.open("h1", "/events/x", version="HTTP/1.0")
        self.streams["length"] = self.open("h1", "/events/x", length=1 << 20)
        self.streams["length h2"] = self.open("h2", "/events/x", length=1 << 20)
        self.streams["ordinary"] = self.open("h1", "/events/x", media_type="text/plain")

    def open(self, kind: str, target: str, *, version: str = "HTTP/1.1", **head: Any) -> Watched:
        stream = self.place.begin(kind, target, version=version)
        return Watched(stream, self.place.stage.next().begin(**head))


@pytest.fixture(scope="module")
def ends(
    module_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> Iterator[Ends]:
    place = make_place(module_gateway, world, stage, upstreams, mint)
    # As much of its 3 seconds as there can be is left when all are open.
    time.sleep(1 - time.time() % 1)
    expiry = int(time.time()) + 3
    place.bearer = f"Authorization: Bearer {mint.token(exp=expiry)}"
    ends = Ends(place, expiry)
    assert time.time() < expiry, "too slow to have opened them all in time"
    time.sleep(max(0, expiry + 1.5 - time.time()))
    yield ends
    for watched in ends.streams.values():
        watched.stop()
        watched.stream.client.socket.close()


def check_end(ends: Ends, name: str, *, is_cut: bool) -> None:
    watched = ends.streams[name]
    assert watched.is_over, "the stream goes on"
    assert watched.is_cut == is_cut
    late = watched.ended_at - ends.expiry
    assert -0.05 < late < 0.5, f"ended {late:.3f} s after its token"
    assert watched.received and watched.received.count(EVENT) * len(EVENT) == len(watched.received)
    assert watched.performance.left.wait(1), "the upstream was not told"
    line = ends.place.gateway.log_of(watched.head)
    assert (line["status"], line["decision"], line["reason"], line["ended"]) == (200, "allow", "allowed", "token_expired")
    assert line["bytes_out"] == len(watched.received) and "aborted" not in line


@pytest.mark.parametrize("prefix", ["events", "h2"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_ends_cleanly_with_its_token(ends: Ends, kind: str, prefix: str) -> None:
    """With the last chunk, or END_STREAM: what a reader of events has so far is whole."""
    check_end(ends, f"{prefix} {kind}", is_cut=False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_connection_goes_on_without_the_stream_that_ended(ends: Ends, kind: str) -> None:
    stream = ends.streams[f"events {kind}"].stream
    stream.begin("GET", "/events/late", ends.place.bearer)
    assert stream.head().status == 401
    assert ends.place.gateway.log_of(stream.response)["reason"] == "expired"


def test_a_stream_of_http_1_0_ends_with_the_connection(ends: Ends) -> None:
    check_end(ends, "HTTP/1.0", is_cut=False)


@pytest.mark.parametrize("name", ["length", "length h2"])
def test_a_stream_of_an_announced_length_is_cut(ends: Ends, name: str) -> None:
    check_end(ends, name, is_cut=True)


@pytest.mark.parametrize("name", ["ordinary", "outlives", "shadow", "public"])
def test_other_responses_outlive_the_token(ends: Ends, name: str) -> None:
    """What is no stream, what the route says may go on, and what no token was needed for."""
    watched = ends.streams[name]
    count = len(watched.received)
    assert not watched.is_over and not watched.performance.left.is_set()
    deadline = time.monotonic() + 5
    while len(watched.received) == count:
        assert time.monotonic() < deadline, "nothing comes any more"
        time.sleep(0.01)
    watched.stop()
    watched.performance.finish()
    assert watched.wait(5) and not watched.is_cut
    assert "ended" not in ends.place.gateway.log_of(watched.head)


def test_the_grace_of_a_stream_is_that_of_its_token(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    """A stream ends at the moment from which a new request with its token is refused."""
    issuer = configuration("http://127.0.0.1:1", mint, "unused")["issuers"]["main"] | {"clock_skew": "2s"}
    place = make_place(start_gateway, world, stage, upstreams, mint, issuers={"main": issuer})
    expiry = int(time.time()) + 1
    place.bearer = f"Authorization: Bearer {mint.token(exp=expiry)}"
    watched = Watched(place.begin("h1", "/events/x"), stage.next().begin())
    last_good = 0.0
    while not watched.is_over:
        with place.begin("h1", "/events/again", "Max-Forwards: 0", method="OPTIONS") as probe:
            began = time.time()
            if probe.head().status == 204:
                last_good = began
        time.sleep(0.02)
    watched.stop()
    assert -0.05 < watched.ended_at - expiry - 2 < 0.5
    assert last_good <= watched.ended_at < last_good + 0.5


def test_a_stream_without_a_byte_ends_with_its_token(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    """Nothing has to happen for the end to be noticed."""
    place = make_place(start_gateway, world, stage, upstreams, mint)
    expiry = int(time.time()) + 2
    place.bearer = f"Authorization: Bearer {mint.token(exp=expiry)}"
    with place.begin("h1", "/events/x") as stream:
        performance = stage.next().begin()
        head = stream.head()
        assert stream.read() == b""
        assert -0.05 < time.time() - expiry < 0.5
        assert performance.left.wait(1)
    assert place.gateway.log_of(head)["ended"] == "token_expired"


# Idle


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", ["hasty", "hasty-h2"])
def test_a_stream_ends_cleanly_when_nothing_happens_for_long(
    ends: Ends, mint: Mint, kind: str, prefix: str
) -> None:
    """Each byte makes the wait begin anew."""
    place = Place(ends.place.gateway, ends.place.world, ends.place.stage, mint.token())
    with place.begin(kind, f"/{prefix}/x") as stream:
        performance = place.stage.next().begin()
        head = stream.head()
        for _ in range(3):
            time.sleep(0.4)
            performance.write(EVENT)
            assert stream.read() == EVENT
        began = time.monotonic()
        assert stream.read() == b""
        assert 0.6 < time.monotonic() - began < 1.5
        assert performance.left.wait(1)
    line = place.gateway.log_of(head)
    assert (line["ended"], line["decision"], line["bytes_out"]) == ("idle_timeout", "allow", 3 * len(EVENT))


def test_a_stream_knows_no_idle_timeout_and_no_rate(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    limits = {"idle_timeout": "300ms", "body_rate": "1MiB"}
    place = make_place(start_gateway, world, stage, upstreams, mint, limits=limits)
    for kind in KINDS:
        with place.begin(kind, "/events/x") as stream:
            performance = stage.next().begin()
            assert stream.head().status == 200
            time.sleep(0.8)
            performance.write(EVENT)
            assert stream.read() == EVENT
            performance.finish()
            assert stream.read() == b""
    with place.begin("h1", "/events/x") as stream:
        performance = stage.next().begin(media_type="text/plain")
        assert stream.head().status == 200
        with pytest.raises(Truncated):
            stream.read(5)
        assert performance.left.wait(1)


# Draining and reloading


def test_streams_go_on_until_the_drain_times_out_and_then_end_cleanly(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    place = make_place(start_gateway, world, stage, upstreams, mint, limits={"drain_timeout": "1500ms"})
    streams = {
        f"{prefix} {kind}": Watched(place.begin(kind, f"/{prefix}/x"), stage.next().begin())
        for prefix in ("events", "h2") for kind in KINDS
    }
    ordinary = Watched(place.begin("h1", "/events/x"), stage.next().begin(media_type="text/plain"))
    began = time.time()
    place.gateway.signal(signal.SIGTERM)
    time.sleep(1)
    for name, watched in streams.items():
        assert not watched.is_over, f"{name} has ended before the limit"
        assert watched.received.count(EVENT) > 5, f"{name} is silent"
    assert place.gateway.wait() == 0
    for name, watched in streams.items():
        assert watched.wait(5) and not watched.is_cut, f"{name} was cut"
        assert 1.4 < watched.ended_at - began < 3, f"{name} ended after {watched.ended_at - began:.2f} s"
        line = place.gateway.log_of(watched.head)
        assert (line["ended"], line["decision"]) == ("draining", "allow") and "aborted" not in line, name
    assert ordinary.wait(5) and ordinary.is_cut, "what is missing of an ordinary response is told from its end"
    for watched in (*streams.values(), ordinary):
        watched.stop()


def test_a_stream_that_ends_in_time_lets_the_drain_end(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    place = make_place(start_gateway, world, stage, upstreams, mint)
    with place.begin("h1", "/events/x") as stream:
        performance = stage.next().begin()
        head = stream.head()
        place.gateway.signal(signal.SIGTERM)
        place.gateway.wait_for_event("draining")
        performance.write(EVENT)
        assert stream.read() == EVENT
        performance.finish()
        assert stream.read() == b""
    assert place.gateway.wait(5) == 0
    assert "ended" not in place.gateway.log_of(head)


def test_a_reload_ends_no_stream(
    start_gateway: Any, world: World, stage: Stage, upstreams: dict[str, Any], mint: Mint
) -> None:
    """Not even one that takes the route, the upstream or the listener away."""
    place = make_place(start_gateway, world, stage, upstreams, mint)
    streams = [
        Watched(place.begin(kind, f"/{prefix}/x"), stage.next().begin()) for prefix in ("events", "h2") for kind in KINDS
    ]
    settings = settings_of(place.gateway)
    changed = settings | {
        "listeners": settings["listeners"][:1], "routes": [route for route in ROUTES if "h2" not in route["id"]],
        "upstreams": {"service": settings["upstreams"]["service"]},
    }
    assert reload(place.gateway, changed)["event"] == "reloaded"
    counts = [len(watched.received) for watched in streams]
    time.sleep(0.5)
    for watched, count in zip(streams, counts):
        assert not watched.is_over and len(watched.received) > count
        watched.stop()
        watched.performance.finish()
        assert watched.wait(5) and not watched.is_cut
        assert "ended" not in place.gateway.log_of(watched.head)
