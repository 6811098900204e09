"""Fixtures: every process that a test starts is ended by its id when the test is over, whatever happened."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import REPOSITORY, Gateway, binary, configuration
from harness.process import stop_process
from harness.tls import World
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.wire import PATIENCE, Address

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly and not os.access(binary(), os.X_OK):
        pytest.exit(f"no gateway to test at {binary()}: build it (swift build -c release) or set GATEWAY_BINARY", 2)


@pytest.fixture(scope="session")
def mint() -> Mint:
    return Mint()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Who is trusted, and what the gateway and upstreams show."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Records and echoes; fails the test if the gateway sent it anything that is not one plain request."""
    upstream = Upstream()
    yield upstream
    upstream.stop()
    assert upstream.violations == []


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[Upstream]:
    """The same for a whole module; `gateway` stands in front of it."""
    upstream = Upstream()
    yield upstream
    upstream.stop()
    assert upstream.violations == []


Starter = Callable[..., Gateway]


def make_starter(directory: Path, mint: Mint, started: list[Gateway]) -> Starter:
    def start(upstream: Upstream | str, *, launch: dict[str, Any] | None = None, **changes: Any) -> Gateway:
        """Starts a gateway in front of `upstream`; `changes` replace top-level keys of the configuration."""
        home = directory / f"gateway-{len(started)}"
        home.mkdir()
        url = upstream if isinstance(upstream, str) else upstream.url
        gateway = Gateway(home, configuration(url, mint, home / "access.log", **changes))
        started.append(gateway)
        return gateway.start(**(launch or {}))

    return start


def end(started: list[Gateway]) -> None:
    """A gateway that has crashed, or that does not drain, fails the test that started it."""
    problems = []
    for gateway in started:
        try:
            status = gateway.stop()
            if status != 0 and not getattr(gateway, "may_fail", False):
                problems.append(f"status {status}: {gateway.application_log[-3:]} {gateway.unstructured[-20:]}")
        except AssertionError as failure:
            problems.append(str(failure))
    assert not problems, problems


@pytest.fixture
def start_gateway(tmp_path: Path, mint: Mint) -> Iterator[Starter]:
    started: list[Gateway] = []
    yield make_starter(tmp_path, mint, started)
    end(started)


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory, mint: Mint) -> Iterator[Starter]:
    started: list[Gateway] = []
    yield make_starter(tmp_path_factory.mktemp("module"), mint, started)
    end(started)


@pytest.fixture(scope="module")
def gateway(module_gateway: Starter, shared_upstream: Upstream) -> Gateway:
    """The plain case: the default configuration in front of `shared_upstream`, one process for the module."""
    return module_gateway(shared_upstream)


class Service:
    """A FastAPI application on uvicorn, a process of its own."""

    def __init__(self, log: Path, script: str = "service.py", *arguments: str):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(log, "wb"), text=True,
        )
        assert self.process.stdout is not None
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        assert line.startswith("port "), f"the service did not start: {log.read_text()}"
        self.port = int(line.split()[1])

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        stop_process(self.process)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service") / "service.log")
    yield service
    service.stop()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of public test material; tests that need it are skipped where it is not present."""
    named = os.environ.get("GATEWAY_CORPORA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "corpora"
    if not (folder / "http1").is_dir():
        pytest.skip(f"no corpora at {folder} (GATEWAY_CORPORA names another place)")
    return folder
