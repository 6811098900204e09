"""The process of `grpc_app.py`, and what it reports."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .process import stop_process
from .tls import World
from .wire import PATIENCE, Address


class GRPCService:
    def __init__(self, log: Path, *, world: World | None = None, port: int = 0):
        """With `world`, the service speaks TLS; `port` is where it listens, one of its own choice by default."""
        files = []
        if world:
            entry = world.upstream.write(world.directory, "upstream")
            files = [entry["key"]["file"], entry["certificate"]]
        self.secure = world is not None
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("grpc_app.py")), json.dumps({"port": port, "files": files})],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(log, "wb"), text=True,
        )
        self.reports: list[dict[str, Any]] = []
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True, name="reports").start()
        self.port: int = self.wait_for("listening")["port"]

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.reports.append(json.loads(line))
                self._news.notify_all()

    def find(self, event: str, call: str | None = None) -> list[dict[str, Any]]:
        with self._news:
            return [report for report in self.reports if report["event"] == event and report.get("call") == call]

    def wait_for(self, event: str, call: str | None = None, timeout: float = PATIENCE) -> dict[str, Any]:
        """The first report of an event, with its time by `time.monotonic`."""
        return self.wait_until(lambda: self.find(event, call), f"{event} of {call}", timeout)[0]

    def wait_until(self, condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
        with self._news:
            found = self._news.wait_for(condition, timeout)
            assert found, f"the service did not report {what}; status {self.process.poll()}; {self.reports[-5:]}"
            return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        stop_process(self.process)
