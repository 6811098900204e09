"""Very many streams at once, and clients that do not read: everybody else is served, and memory has a bound."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.clients import h2load
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Exchange, HTTP2Upstream
from harness.process import MiB, PeakMemory
from harness.tls import World, connect
from harness.upstream import Exchange, Upstream

CONNECTIONS, STREAMS = 50, 100

#: Connections of clients that do not read, and the streams on each.
SLOW, STALLED = 10, 20

#: What the gateway may grow by, in bytes.
GROWTH = 256 * MiB


class Patient:
    """Answers `…/wait` when all of them are there, which proves that they wait at once; others directly."""

    def __init__(self, total: int):
        self.total, self.waiting, self.everyone = total, [], threading.Event()

    def __call__(self, exchange: HTTP2Exchange) -> None:
        if exchange.message.target != "/public/wait":
            return exchange.respond(200, body=b"fast")
        self.waiting.append(exchange)
        if len(self.waiting) == self.total:
            self.everyone.set()
        return None


def endless(exchange: Exchange) -> None:
    """Writes for as long as somebody takes it, up to 64 MiB."""
    exchange.begin(200)
    for _ in range(1024):
        exchange.write(bytes(65536))
    exchange.finish()


@pytest.mark.parametrize("slow_protocol", ["http/1.1", "h2c"])
@pytest.mark.parametrize("secure", [False, True], ids=["cleartext", "TLS"])
def test_5000_streams_on_50_connections_beside_slow_readers(
    start_gateway: Any, world: World, secure: bool, slow_protocol: str
) -> None:
    total = CONNECTIONS * STREAMS
    patient = Patient(total)
    routes = [
        {"id": "slow", "path": "/slow", "public": True, "upstream": "slow"},
        {"id": "public", "path": "/public/{rest...}", "public": True, "upstream": "service"},
    ]
    with HTTP2Upstream(patient, streams=2000, at_once=True) as upstream, (
        HTTP2Upstream if slow_protocol == "h2c" else Upstream)(endless) as slow_upstream:
        gateway = start_gateway(
            upstream, listeners=[world.listener() if secure else {"address": "127.0.0.1:0"}], routes=routes,
            route_defaults={}, limits={"timeout": "60s"}, upstreams={
                "service": {"servers": [upstream.url], "protocol": "h2c"},
                "slow": {"servers": [slow_upstream.url], "protocol": slow_protocol},
            })

        def client(window: int) -> HTTP2Client:
            address = gateway.address
            return HTTP2Client(connect(address, world.client("h2")) if secure else address, window=window)

        with ThreadPoolExecutor(1) as pool, PeakMemory(gateway.pid) as memory:
            slow = [client(1) for _ in range(SLOW)]
            for each in slow:
                for _ in range(STALLED):
                    each.unread.add(each.begin("GET", "/slow"))
            slow_upstream.wait_until(lambda: len(slow_upstream.messages) == SLOW * STALLED, "the slow ones", 30)
            url = f"{'https' if secure else 'http'}://127.0.0.1:{gateway.address[1]}/public/wait"
            load = pool.submit(h2load, url, "-n", str(total), "-c", str(CONNECTIONS), "-m", str(STREAMS))
            answered = serve_others(client(65535), patient, load)
            for exchange in patient.waiting:
                exchange.respond(200, body=b"waited")
            result = load.result()
        print(f"grew by {memory.growth / MiB:.1f} MiB; {len(upstream.connections)} upstream connections; {answered} others")
        for each in slow:
            each.socket.close()
        assert (result.succeeded, result.failed, result.statuses["2xx"]) == (total, 0, total), result.text
        assert memory.growth < GROWTH, f"grew by {memory.growth / MiB:.0f} MiB"
        assert len(upstream.connections) <= CONNECTIONS, "streams share connections"
        slow_upstream.wait_until(lambda: is_over(slow_upstream), "the end of what nobody reads", 20)
        assert upstream.violations == []


def serve_others(client: HTTP2Client, patient: Patient, load: Any) -> int:
    """One request after the other, until all that wait have arrived, and some more; how many were answered meanwhile."""
    answered = 0
    with client:
        while not patient.everyone.wait(0.01):
            assert client.exchange("GET", "/public/fast").body == b"fast"
            answered += 1
            assert not load.done(), f"{len(patient.waiting)} of {patient.total} have arrived: {load.result().text}"
        for _ in range(20):
            assert client.exchange("GET", "/public/fast").body == b"fast"
    assert answered > 0
    return answered


def is_over(upstream: Upstream) -> bool:
    if isinstance(upstream, HTTP2Upstream):
        return all(
            exchange.was_reset is not None or connection.closed.is_set()
            for connection in upstream.connections for exchange in connection.exchanges.values())
    return upstream.open_connections == 0
