"""Thousands of streams on which nothing happens: they cost little, harm nobody, and are alive afterwards."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.crowd import Crowd, CrowdUpstream, LoopThread, allow_descriptors
from harness.gateway import Gateway
from harness.process import MiB, descriptors, resident
from harness.reloading import NO_WATCH, reload
from harness.tokens import Mint
from harness.wire import request

KiB = 1024
LIMITS = {"connections": 10_000, "upstream_connections": 5_000}


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def crowd_upstream(loop: LoopThread) -> Iterator[CrowdUpstream]:
    allow_descriptors(16_384)
    upstream = CrowdUpstream(loop)
    yield upstream
    upstream.stop()


def latencies(gateway: Gateway, token: str, seconds: float) -> list[float]:
    """What ordinary requests take, one after the other on one connection, in seconds; each must be answered right."""
    taken, until = [], time.monotonic() + seconds
    with gateway.client() as client:
        while not taken or time.monotonic() < until:
            number = len(taken)
            began = time.monotonic()
            response = client.exchange(request("GET", f"/items/{number}", f"Authorization: Bearer {token}"))
            taken.append(time.monotonic() - began)
            assert (response.status, response.body) == (200, str(number).encode())
            time.sleep(0.01)
    return taken


def settle(gateway: Gateway, upstream: CrowdUpstream, at_most: int) -> None:
    """Until the gateway has closed what it had open for the crowd, on both sides."""
    deadline = time.monotonic() + 15
    while (count := descriptors(gateway.pid)) > at_most or upstream.streams:
        assert time.monotonic() < deadline, f"{count} descriptors, {len(upstream.streams)} streams at the upstream"
        time.sleep(0.05)


def wait_until_resident(gateway: Gateway, at_most: int) -> None:
    deadline = time.monotonic() + 5
    while (now := resident(gateway.pid)) > at_most:
        assert time.monotonic() < deadline, f"{now / MiB:.1f} MiB instead of {at_most / MiB:.1f}"
        time.sleep(0.05)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seconds", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_4_000_idle_streams_cost_little_and_harm_nobody(
    start_gateway: Any, crowd_upstream: CrowdUpstream, mint: Mint, seconds: float
) -> None:
    gateway = start_gateway(crowd_upstream, workers=1, limits=LIMITS, launch=NO_WATCH)
    token = mint.token(lifetime=3600)
    crowd = Crowd(crowd_upstream.loop, gateway.address, token, streams=2000, websockets=2000)
    # First, so that the worker has what it keeps for whoever comes next.
    alone = statistics.median(latencies(gateway, token, 3))
    before, open_before = resident(gateway.pid), descriptors(gateway.pid)
    crowd.open()
    beside = statistics.median(latencies(gateway, token, seconds))
    held = resident(gateway.pid) - before
    assert held / crowd.count <= 8 * KiB, f"{held / crowd.count / KiB:.2f} KiB for each of them"
    assert beside < 2 * alone + 0.002, f"{beside * 1e3:.2f} ms beside them, {alone * 1e3:.2f} ms alone"
    crowd.use(crowd_upstream, "still here")
    crowd.close()
    settle(gateway, crowd_upstream, open_before + 16)
    # A reload gives back to the system what is free.
    assert reload(gateway)["event"] == "reloaded"
    wait_until_resident(gateway, before + held // 4)
