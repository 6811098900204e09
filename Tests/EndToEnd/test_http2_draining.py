"""HTTP/2 when the gateway stops, or a listener goes away: what is under way ends well (RFC 9113 section 6.8)."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from typing import Any

import pytest

from harness.clients import h2load
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Upstream
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import World, connect
from harness.upstream import Exchange, Upstream, echo
from harness.wire import PATIENCE, Truncated, request

NO_ERROR = 0


class Held:
    """An upstream's handler that answers `…/held` when it is told to."""

    def __init__(self) -> None:
        self.reached, self.release = threading.Semaphore(0), threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        if exchange.message.target.endswith("/held"):
            self.reached.release()
            assert self.release.wait(PATIENCE)
        echo(exchange)


@pytest.fixture(params=["cleartext", "TLS"])
def secure(request: pytest.FixtureRequest) -> bool:
    return request.param == "TLS"


def listener(world: World, secure: bool) -> dict[str, Any]:
    return world.listener() if secure else {"address": "127.0.0.1:0"}


def client_of(gateway: Gateway, world: World, secure: bool, number: int = 0) -> HTTP2Client:
    address = gateway.listeners[number]
    return HTTP2Client(connect(address, world.client("h2")) if secure else address)


def test_sigterm_lets_streams_finish_says_goaway_and_ends(
    start_gateway: Any, upstream: Upstream, world: World, secure: bool
) -> None:
    upstream.handler = held = Held()
    gateway = start_gateway(upstream, listeners=[listener(world, secure)])
    with client_of(gateway, world, secure) as client, client_of(gateway, world, secure) as idle:
        assert idle.exchange("GET", "/public/once").status == 200
        streams = [client.begin("GET", f"/public/{index}/held") for index in range(5)]
        for _ in streams:
            assert held.reached.acquire(timeout=PATIENCE)
        gateway.signal(signal.SIGTERM)
        client.wait_until(lambda: client.goaways.seen, "GOAWAY")
        idle.expect_end(5)
        assert idle.goaways.seen and gateway.is_alive()
        held.release.set()
        for stream in streams:
            assert client.wait(stream).status == 200
        client.expect_end(5)
        last, code = client.goaways.seen[-1]
        assert last >= streams[-1] and code == NO_ERROR
    assert gateway.wait() == 0


def test_a_stream_that_crosses_with_goaway_is_answered_or_certainly_not_served(
    start_gateway: Any, upstream: Upstream, world: World, secure: bool
) -> None:
    """A client cannot know of a GOAWAY that is on its way; what it sends then must not vanish."""
    upstream.handler = held = Held()
    gateway = start_gateway(upstream, listeners=[listener(world, secure)])
    with client_of(gateway, world, secure) as client:
        first = client.begin("GET", "/public/0/held")
        assert held.reached.acquire(timeout=PATIENCE)
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_event("draining")
        late = client.begin("GET", "/public/late")
        client.wait_until(lambda: client.goaways.seen, "GOAWAY")
        held.release.set()
        assert client.wait(first).status == 200
        try:
            client.wait_until(lambda: late in client.complete or late in client.resets, "the late one")
        except Truncated:
            pass
        served = any(message.target == "/public/late" for message in upstream.messages)
        if late in client.complete:
            assert client.responses[late].status in (200, 503)
        else:
            assert not served and (late in client.resets or client.goaways.seen[-1][0] < late)
    assert gateway.wait() == 0


def test_a_drain_ends_at_its_limit(start_gateway: Any, upstream: Upstream, world: World, secure: bool) -> None:
    upstream.handler = held = Held()
    gateway = start_gateway(upstream, listeners=[listener(world, secure)], limits={"drain_timeout": "700ms"})
    with client_of(gateway, world, secure) as client:
        client.begin("GET", "/public/0/held")
        assert held.reached.acquire(timeout=PATIENCE)
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(10) == 0
        assert time.monotonic() - began < 5
        held.release.set()


def test_an_upload_under_way_finishes(start_gateway: Any, upstream: Upstream, world: World, secure: bool) -> None:
    gateway = start_gateway(upstream, listeners=[listener(world, secure)])
    with client_of(gateway, world, secure) as client:
        stream = client.begin("POST", "/public/upload", end=False)
        client.send(stream, bytes(1000), end=False)
        upstream.wait_until(lambda: len(upstream.messages) == 1, "the head")
        gateway.signal(signal.SIGTERM)
        client.wait_until(lambda: client.goaways.seen, "GOAWAY")
        client.send(stream, bytes(500_000))
        assert json.loads(client.wait(stream).body)["length"] == 501_000
    assert gateway.wait() == 0


def test_load_loses_nothing_that_was_accepted(start_gateway: Any, upstream: Upstream, world: World) -> None:
    """h2load opens no other connection; every request that the log knows was answered."""
    gateway = start_gateway(upstream, listeners=[world.listener()])
    url = f"https://127.0.0.1:{gateway.address[1]}/public/a"
    timer = threading.Timer(0.7, lambda: gateway.signal(signal.SIGTERM))
    timer.start()
    load = h2load(url, "-D", "2", "-c", "4", "-m", "5")
    timer.join()
    assert gateway.wait() == 0
    lines = gateway.log_lines()
    assert load.succeeded > 20 and {line["status"] for line in lines} <= {200, 503}
    assert not [line for line in lines if "aborted" in line], "no exchange under way was cut"


def test_a_drain_with_an_http2_upstream_waits_for_its_streams(start_gateway: Any, world: World) -> None:
    held = Held()
    with HTTP2Upstream(held) as upstream:
        gateway = start_gateway(upstream, upstreams={"service": {"servers": [upstream.url], "protocol": "h2c"}})
        with HTTP2Client(gateway.address) as client:
            stream = client.begin("GET", "/public/0/held")
            assert held.reached.acquire(timeout=PATIENCE)
            gateway.signal(signal.SIGTERM)
            client.wait_until(lambda: client.goaways.seen, "GOAWAY")
            held.release.set()
            assert client.wait(stream).status == 200
        assert gateway.wait() == 0
        assert upstream.violations == []


def test_a_listener_that_a_reload_removes_lets_its_streams_finish(
    start_gateway: Any, upstream: Upstream, world: World, secure: bool
) -> None:
    upstream.handler = held = Held()
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[{"address": "127.0.0.1:0"}, listener(world, secure)])
    settings = settings_of(gateway)
    with client_of(gateway, world, secure, 1) as client, client_of(gateway, world, secure, 1) as idle:
        assert idle.exchange("GET", "/public/once").status == 200
        stream = client.begin("GET", "/public/0/held")
        assert held.reached.acquire(timeout=PATIENCE)
        assert reload(gateway, settings | {"listeners": settings["listeners"][:1]})["event"] == "reloaded"
        with pytest.raises(OSError):
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                socket.create_connection(gateway.listeners[1], timeout=1).close()
                time.sleep(0.02)
        idle.expect_end(5)
        assert idle.goaways.seen
        held.release.set()
        assert client.wait(stream).status == 200
        client.expect_end(5)
    assert gateway.exchange(request("GET", "/public/kept")).status == 200


def test_an_upstream_that_a_reload_removes_lets_its_streams_finish(start_gateway: Any, upstream: Upstream) -> None:
    held = Held()
    with HTTP2Upstream(held) as old:
        gateway = start_gateway(
            old, launch=NO_WATCH, workers=1, upstreams={"service": {"servers": [old.url], "protocol": "h2c"}})
        with HTTP2Client(gateway.address) as client:
            stream = client.begin("GET", "/public/0/held")
            assert held.reached.acquire(timeout=PATIENCE)
            line = reload(gateway, settings_of(gateway) | {"upstreams": {"service": {"servers": [upstream.url]}}})
            assert line["event"] == "reloaded"
            assert client.exchange("GET", "/public/new").status == 200
            assert len(upstream.messages) == 1
            held.release.set()
            assert client.wait(stream).status == 200
        old.wait_until(lambda: old.open_connections == 0, "the connection to the old upstream to be closed")
        assert old.violations == []


def test_a_connection_that_is_idle_is_ended_with_a_word(
    start_gateway: Any, upstream: Upstream, world: World, secure: bool
) -> None:
    gateway = start_gateway(upstream, listeners=[listener(world, secure)], limits={"idle_timeout": "400ms"})
    with client_of(gateway, world, secure) as client:
        assert client.exchange("GET", "/public/a").status == 200
        client.expect_end(5)
        assert client.goaways.seen and client.goaways.seen[-1][1] == NO_ERROR
