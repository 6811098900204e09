"""Long runs: memory and descriptors stay flat, nothing is lost."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway, binary
from harness.process import MiB, descriptors, resident
from harness.tokens import Mint
from harness.wire import Client, request

wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


@pytest.fixture
def plain_upstream() -> Any:
    """The example upstream: small answers, and no bottleneck."""
    process = subprocess.Popen(
        [binary(), "example-upstream", "--listen", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    assert process.stderr is not None
    yield f"http://{process.stderr.readline().split()[-1]}"
    process.terminate()
    process.wait(10)


def load(gateway: Gateway, token: str, seconds: int) -> int:
    """Keep-alive requests with a token for some seconds; answers how many were made, all of them good."""
    host, port = gateway.address
    result = subprocess.run(
        ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "10s", "-H", f"Authorization: Bearer {token}",
         f"http://{host}:{port}/items/1"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60, check=True,
    )
    assert "Non-2xx" not in result.stdout and "Socket errors" not in result.stdout, result.stdout
    found = re.search(r"(\d+) requests in", result.stdout)
    assert found, result.stdout
    return int(found.group(1))


def keep_alive_soak(gateway: Gateway, mint: Mint, goal: int, algorithm: str = "ES256") -> None:
    token = mint.token(lifetime=3600, algorithm=algorithm)
    done = load(gateway, token, 3)
    warm, open_before = resident(gateway.pid), descriptors(gateway.pid)
    samples = []
    while done < goal:
        done += load(gateway, token, 5)
        samples.append(resident(gateway.pid))
    growth = resident(gateway.pid) - warm
    assert growth < 2 * MiB, f"{growth / MiB:.2f} MiB after {done} requests; samples {[s // 1024 for s in samples]} KiB"
    settle(gateway, open_before + 8)
    count_lines(gateway, done)


def settle(gateway: Gateway, at_most: int) -> None:
    """Clients that have just left are noticed within moments."""
    deadline = time.monotonic() + 15
    while (count := descriptors(gateway.pid)) > at_most:
        assert time.monotonic() < deadline, f"{count} descriptors open, {at_most} at most should be"
        time.sleep(0.05)


def count_lines(gateway: Gateway, at_least: int) -> None:
    """One line per exchange; wrk does not count the answers that were under way when it stopped."""
    deadline = time.monotonic() + 10
    assert gateway.log_path is not None
    while True:
        lines = sum(block.count(b"\n") for block in iter_blocks(gateway.log_path))
        if lines >= at_least:
            return
        assert time.monotonic() < deadline, f"{lines} lines for at least {at_least} exchanges"
        time.sleep(0.1)


def iter_blocks(path: Path) -> Any:
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            yield block


def connection_soak(gateway: Gateway, goal: int) -> None:
    data = request("GET", "/health", "Connection: close")

    def connect(count: int) -> None:
        for index in range(count):
            with Client(gateway.address) as client:
                if index % 4 == 3:
                    client.send(b"GET /health HT")
                    client.reset()
                    continue
                assert client.exchange(data).status == 200

    connect(2000)
    warm, open_before = resident(gateway.pid), descriptors(gateway.pid)
    connect(goal)
    settle(gateway, open_before + 4)
    growth = resident(gateway.pid) - warm
    assert growth < 2 * MiB, f"{growth / MiB:.2f} MiB after {goal} connections"


@wrk
@pytest.mark.timeout(240)
def test_100_000_requests_with_keep_alive_leave_memory_flat(start_gateway: Any, plain_upstream: str, mint: Mint) -> None:
    keep_alive_soak(start_gateway(plain_upstream), mint, 100_000)


@wrk
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_million_requests_with_keep_alive_leave_memory_flat(start_gateway: Any, plain_upstream: str, mint: Mint) -> None:
    keep_alive_soak(start_gateway(plain_upstream), mint, 1_000_000)


@pytest.mark.timeout(240)
def test_10_000_new_connections_leave_memory_and_descriptors_flat(start_gateway: Any, plain_upstream: str) -> None:
    connection_soak(start_gateway(plain_upstream), 10_000)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_100_000_new_connections_leave_memory_and_descriptors_flat(start_gateway: Any, plain_upstream: str) -> None:
    connection_soak(start_gateway(plain_upstream), 100_000)


@wrk
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_verifications_leave_memory_flat(start_gateway: Any, plain_upstream: str, mint: Mint, count: int) -> None:
    """Nothing is remembered of a token, so that each request verifies it."""
    keep_alive_soak(start_gateway(plain_upstream, limits={"token_cache": 0}), mint, count, algorithm="RS256")


@pytest.mark.timeout(120)
def test_3_000_idle_connections_hold_no_buffers(start_gateway: Any, plain_upstream: str) -> None:
    gateway = start_gateway(plain_upstream)
    for _ in range(50):
        # So that each worker has what it keeps for whoever comes next.
        assert gateway.exchange(request("GET", "/health")).status == 200
    before = resident(gateway.pid)
    clients = []
    for _ in range(3000):
        client = gateway.client()
        assert client.exchange(request("GET", "/health")).status == 200
        clients.append(client)
    held = resident(gateway.pid)
    for client in clients:
        client.close()
    each = (held - before) / 3000
    # The target is 32 MiB; the libraries of TLS and HTTP/2, and the code that asks providers, take more than one at the start.
    assert held <= 34 * MiB, f"{held / MiB:.1f} MiB with 3 000 idle connections"
    assert each <= 4608, f"{each:.0f} bytes for each idle connection; the budget is 4 096"
