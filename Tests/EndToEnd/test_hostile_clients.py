"""Thousands of slow, stuck and rude clients: others are served at normal latency, limits close them, memory is bounded."""

from __future__ import annotations

import asyncio
import socket
import statistics
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.process import MiB, PeakMemory, descriptors
from harness.upstream import Exchange, Upstream, echo
from harness.wire import request

MANY = 2000
LIMITS = {"head_timeout": "4s", "idle_timeout": "4s", "body_rate": "1KiB"}


def latency(gateway: Gateway, count: int = 200) -> float:
    """The 95th percentile of a well-behaved client's time per request, in seconds."""
    times = []
    with gateway.client() as client:
        for index in range(count):
            started = time.perf_counter()
            assert client.exchange(request("GET", f"/public/{index}")).status == 200
            times.append(time.perf_counter() - started)
    return statistics.quantiles(times, n=20)[-1]


class Crowd:
    """Many connections at once, each behaving in the same way, on an event loop of their own."""

    def __init__(self, gateway: Gateway, behaviour: Callable[[socket.socket], Awaitable[None]]):
        self.gateway, self.behaviour = gateway, behaviour
        self.closed_by_gateway = 0
        self.connected = asyncio.Event()

    async def one(self, index: int) -> None:
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, self.gateway.address)
            self.count += 1
            if self.count == MANY:
                self.connected.set()
            await self.behaviour(connection)
            self.closed_by_gateway += 1
        except (ConnectionResetError, BrokenPipeError):
            self.closed_by_gateway += 1
        finally:
            connection.close()

    async def run(self, meanwhile: Callable[[], None], patience: float) -> None:
        self.count = 0
        tasks = [asyncio.create_task(self.one(index)) for index in range(MANY)]
        try:
            await asyncio.wait_for(self.connected.wait(), 30)
            await asyncio.to_thread(meanwhile)
            await asyncio.wait_for(asyncio.gather(*tasks), patience)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until_closed(connection: socket.socket) -> None:
    """Reads until the gateway closes."""
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(connection, 65536):
        pass


async def drip(connection: socket.socket, data: bytes) -> None:
    """A byte a second, until the gateway closes."""
    loop = asyncio.get_running_loop()

    async def write() -> None:
        for index in range(len(data)):
            await loop.sock_sendall(connection, data[index : index + 1])
            await asyncio.sleep(1)

    writer = asyncio.create_task(write())
    try:
        await until_closed(connection)
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def dripping_heads(connection: socket.socket) -> None:
    await drip(connection, request("GET", "/public/slow", "X-Padding: " + "x" * 1000))


async def dripping_bodies(connection: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, request("POST", "/public/slow", "Content-Length: 100000"))
    await drip(connection, b"x" * 1000)


async def silent(connection: socket.socket) -> None:
    await until_closed(connection)


async def half_closed(connection: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, b"GET /public/half HTTP/1.1\r\nHost: a")
    connection.shutdown(socket.SHUT_WR)
    await until_closed(connection)


async def reset_in_mid_body(connection: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(
        connection, request("POST", "/public/reset", "Content-Length: 100000") + b"x" * 500
    )
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


BEHAVIOURS = {
    "heads dripping a byte a second": dripping_heads,
    "bodies dripping a byte a second": dripping_bodies,
    "silence": silent,
    "half-closed in a head": half_closed,
    "reset in mid-body": reset_in_mid_body,
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_two_thousand_such_clients_do_not_disturb_others(start_gateway: Any, upstream: Upstream, behaviour: Any) -> None:
    # A body on its way holds a connection to the upstream; that there are enough of them is not what is tested.
    gateway = start_gateway(upstream, limits=LIMITS | {"upstream_connections": 2 * MANY})
    usual = latency(gateway)
    open_before = descriptors(gateway.pid)
    during: list[float] = []
    crowd = Crowd(gateway, behaviour)
    with PeakMemory(gateway.pid) as memory:
        asyncio.run(crowd.run(lambda: during.append(latency(gateway)), patience=60))
    assert crowd.closed_by_gateway == MANY, "limits close every one of them"
    assert during[0] < max(20 * usual, 0.25), f"{during[0] * 1000:.1f} ms beside {usual * 1000:.1f} ms without the crowd"
    assert memory.growth < 48 * MiB, f"{memory.growth / MiB:.1f} MiB for {MANY} connections"
    assert gateway.is_alive()
    wait_for_descriptors(gateway, open_before + 8)
    assert latency(gateway) < max(20 * usual, 0.25)


def wait_for_descriptors(gateway: Gateway, at_most: int) -> None:
    """Descriptors of what is over are given back."""
    deadline = time.monotonic() + 15
    while (count := descriptors(gateway.pid)) > at_most:
        assert time.monotonic() < deadline, f"{count} descriptors are open, {at_most} at most should be"
        time.sleep(0.05)


@pytest.mark.timeout(180)
def test_two_thousand_clients_that_never_read_are_bounded_and_closed(start_gateway: Any, upstream: Upstream) -> None:
    size = 4 * MiB

    def handler(exchange: Exchange) -> None:
        if exchange.message.target != "/public/large":
            return echo(exchange)
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            exchange.send(b"x" * 65536)

    upstream.handler = handler
    count = 300  # each holds an upstream connection and a thread here; the bound per connection is what is looked at
    gateway = start_gateway(upstream, limits=LIMITS)
    usual = latency(gateway)
    clients = []
    with PeakMemory(gateway.pid) as memory:
        for _ in range(count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(gateway.address)
            client.sendall(request("GET", "/public/large"))
            clients.append(client)
        during = latency(gateway)
        upstream.wait_until(
            lambda: sum(message.target == "/public/large" for message in upstream.messages) == count, "all of them"
        )
        gateway.wait_for_log_count(count + 400, timeout=40)
    assert during < max(20 * usual, 0.5)
    assert memory.growth < count * 256 * 1024 + 16 * MiB, f"{memory.growth / MiB:.1f} MiB for {count} stuck readers"
    lines = [line for line in gateway.log_lines() if line.get("path") == "/public/large"]
    assert all(line["aborted"] == "client" for line in lines)
    for client in clients:
        client.close()


@pytest.mark.timeout(60)
def test_a_pipeliner_does_not_starve_its_worker(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1)
    usual = latency(gateway)
    flood = request("GET", "/nowhere") * 20_000

    async def run() -> float:
        reader, writer = await asyncio.open_connection(*gateway.address)

        async def read() -> None:
            seen, mark, tail = 0, b"HTTP/1.1 401", b""
            while seen < 20_000 and (data := await reader.read(1 << 20)):
                data = tail + data
                seen += data.count(mark)
                tail = data[1 - len(mark) :]

        reading = asyncio.create_task(read())
        writing = asyncio.create_task(_write(writer, flood))
        during = await asyncio.to_thread(latency, gateway, 100)
        await asyncio.wait_for(asyncio.gather(reading, writing), 40)
        writer.close()
        return during

    assert asyncio.run(run()) < max(20 * usual, 0.25)


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


@pytest.mark.timeout(90)
def test_connections_that_come_and_go_at_once_leave_nothing_behind(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    latency(gateway, 20)
    open_before = descriptors(gateway.pid)
    for index in range(4000):
        connection = socket.create_connection(gateway.address)
        if index % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert latency(gateway, 20) < 1
    wait_for_descriptors(gateway, open_before + 8)
