"""The gateway as a process: its configuration, its two logs, its signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .tokens import Mint
from .wire import PATIENCE, Address, Client, Response

REPOSITORY = Path(__file__).resolve().parents[3]


def binary() -> str:
    """The program under test: GATEWAY_BINARY, or the release build of this checkout."""
    return os.environ.get("GATEWAY_BINARY") or str(REPOSITORY / ".build" / "release" / "gateway")


ROUTES: list[dict[str, Any]] = [
    {"id": "root", "path": "/", "public": True},
    {"id": "health", "path": "/health", "methods": ["GET", "HEAD"], "public": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "status", "path": "/status/", "methods": ["GET"], "authenticated": True},
    {"id": "items.read", "path": "/items/{id}", "methods": ["GET", "HEAD"], "scopes": ["items:read"]},
    {"id": "items.write", "path": "/items/{id}", "methods": ["PUT", "DELETE"], "scopes": ["items:write", "items:read"]},
    {"id": "any", "path": "/any", "any_scopes": [["items:read", "me"], ["items:write"]]},
    {"id": "admin", "path": "/admin/{rest...}", "roles": ["admin"]},
    {"id": "edit", "path": "/edit", "roles": ["viewer"]},
]


def configuration(upstream: str, mint: Mint, log_file: str | Path, **changes: Any) -> dict[str, Any]:
    """A whole configuration on an ephemeral port; `changes` replace top-level keys."""
    return {
        "version": 1,
        "listeners": [{"address": "127.0.0.1:0"}],
        "workers": 2,
        "scopes": {"items:read": "Read items", "items:write": "Change items", "me": "Read about yourself"},
        "roles": {
            "viewer": {"scopes": ["items:read"]},
            "editor": {"includes": ["viewer"], "scopes": ["items:write"]},
            "admin": {"includes": ["editor"], "scopes": ["me"]},
        },
        "issuers": {
            "main": {
                "issuer": mint.issuer,
                "audience": [mint.audience],
                "algorithms": ["RS256", "ES256", "EdDSA"],
                "keys": {"jwks": mint.jwks()},
                "clock_skew": "5s",
                "maximum_lifetime": "24h",
            }
        },
        "upstreams": {"service": {"servers": [upstream]}},
        "route_defaults": {"upstream": "service"},
        "routes": ROUTES,
        "refusals": {"realm": "api"},
        "access_log": {"output": {"file": str(log_file)}, "format": "json"},
    } | changes


class Gateway:
    """One gateway process. `start` returns once it listens; `stop` asks it to drain and checks that it did."""

    def __init__(self, directory: Path, settings: dict[str, Any]):
        self.directory = directory
        self.configuration_path = directory / "gateway.json"
        self.configuration_path.write_text(json.dumps(settings, indent=2))
        output = settings.get("access_log", {}).get("output")
        self.log_path = Path(output["file"]) if isinstance(output, dict) else None
        self.application_log: list[dict[str, Any]] = []
        self.unstructured: list[str] = []
        self.listeners: list[Address] = []
        self._news = threading.Condition()
        self._stderr_ended = False
        self.is_ending = False

    def start(self, *, stdout: Any = None, arguments: list[str] | None = None) -> Gateway:
        self.is_ending = False
        out = stdout if stdout is not None else open(self.directory / "stdout.log", "wb")
        self.process = subprocess.Popen(
            [binary(), "serve", "--config", str(self.configuration_path), *(arguments or [])],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, cwd=self.directory,
        )
        self._reader = threading.Thread(target=self._read_stderr, daemon=True, name="application log")
        self._reader.start()
        started = self.wait_for_event("started")
        self.listeners = [parse_address(text) for text in addresses_in(started["listeners"])]
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def address(self) -> Address:
        return self.listeners[0]

    def client(self, listener: int = 0, **options: Any) -> Client:
        return Client(self.listeners[listener], **options)

    def exchange(self, data: bytes, listener: int = 0, **options: Any) -> Response:
        """One request on a connection of its own."""
        with self.client(listener, **options) as client:
            return client.exchange(data)

    # Application log

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for raw in self.process.stderr:
            text = raw.decode("utf-8", "replace").rstrip("\n")
            with self._news:
                try:
                    line = json.loads(text)
                    self.application_log.append(line if isinstance(line, dict) else {"msg": line})
                except ValueError:
                    self.unstructured.append(text)
                self._news.notify_all()
        with self._news:
            self._stderr_ended = True
            self._news.notify_all()

    def wait_for_event(self, event: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The first line of the application log with this `event`."""
        return self.wait_for_application_line(lambda line: line.get("event") == event, f"event {event}", timeout)

    def wait_for_application_line(
        self, matches: Callable[[dict[str, Any]], bool], what: str, timeout: float = PATIENCE
    ) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self.application_log:
                    if matches(line):
                        return line
                remaining = deadline - time.monotonic()
                if self._stderr_ended or remaining <= 0:
                    state = "ended" if self._stderr_ended else "is silent"
                    raise AssertionError(
                        f"the gateway {state} without {what}; status {self.process.poll()}; "
                        f"stderr: {self.application_log} {self.unstructured}"
                    )
                self._news.wait(remaining)

    def event_count(self, *events: str) -> int:
        """How many lines of the application log have one of the `events`."""
        with self._news:
            return sum(line.get("event") in events for line in self.application_log)

    def wait_for_next_event(self, count: int, *events: str) -> dict[str, Any]:
        """The line with one of the `events` that comes after the first `count` of them."""
        self.wait_for_application_line(lambda _: self._count(events) > count, " or ".join(events))
        with self._news:
            return [line for line in self.application_log if line.get("event") in events][count]

    def _count(self, events: tuple[str, ...]) -> int:
        return sum(line.get("event") in events for line in self.application_log)

    # Access log

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line of the access log so far; each must be one JSON object."""
        if self.log_path is None or not self.log_path.exists():
            return []
        data = self.log_path.read_bytes()
        lines = data.split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def wait_for_log(
        self, matches: Callable[[dict[str, Any]], bool], what: str = "the line", timeout: float = 5.0
    ) -> dict[str, Any]:
        """The access-log line that matches; lines are flushed within 100 ms, so the wait is short."""
        deadline = time.monotonic() + timeout
        while True:
            lines = self.log_lines()
            for line in lines:
                if matches(line):
                    return line
            assert time.monotonic() < deadline, f"no access-log line for {what}; the last ones: {lines[-3:]}"
            time.sleep(0.02)

    def log_of(self, response: Response) -> dict[str, Any]:
        """The access-log line of the exchange that `response` ended."""
        identity = response.get("x-request-id")
        assert identity, f"no X-Request-Id in {response}"
        return self.wait_for_log(lambda line: line.get("request_id") == identity, identity)

    def wait_for_log_count(self, count: int, timeout: float = PATIENCE) -> list[dict[str, Any]]:
        """All lines, once there are at least `count`."""
        deadline = time.monotonic() + timeout
        while len(lines := self.log_lines()) < count:
            assert time.monotonic() < deadline, f"{len(lines)} access-log lines instead of {count}"
            time.sleep(0.02)
        return lines

    # Life

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.is_ending = self.is_ending or number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        self.process.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status, once it has ended."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self, timeout: float = PATIENCE) -> int:
        """Asks it to drain; kills it if it does not end in time, which fails the test."""
        if not hasattr(self, "process"):
            return 0
        # A second signal would end it at once.
        if self.is_alive() and not self.is_ending:
            self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait()
            raise AssertionError(f"the gateway did not drain within {timeout} s") from None

    def kill(self) -> None:
        if hasattr(self, "process") and self.is_alive():
            self.process.kill()
            self.wait()


def addresses_in(value: Any) -> list[str]:
    """The listener addresses of the `started` line: a list, or the list as text."""
    if isinstance(value, str):
        return re.findall(r"(?:unix:[^\s\",\]]+|\[[0-9a-fA-F:.]+\]:\d+|[0-9.]+:\d+)", value)
    return [entry if isinstance(entry, str) else entry["address"] for entry in value]


def parse_address(text: str) -> Address:
    """`host:port`, `[v6]:port` or `unix:/path`."""
    if text.startswith("unix:"):
        return text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
