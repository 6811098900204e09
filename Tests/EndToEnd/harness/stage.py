"""An upstream's handler whose answers the test itself writes, and which notices at once when the gateway leaves."""

from __future__ import annotations

import queue
import select
import socket
import threading
import time
from typing import Any

from .gateway import Gateway
from .http2_upstream import HTTP2Exchange
from .streamed import Streamed
from .tls import World
from .wire import PATIENCE


class Performance:
    """A request that has come as a whole; the test answers on `exchange`, and ends with `answer`, `finish` or `die`."""

    def __init__(self, exchange: Any):
        self.exchange, self.message = exchange, exchange.message
        self.left = threading.Event()
        #: When the gateway had left, by the monotonic clock.
        self.left_at = 0.0
        self._done = False

    def begin(self, *lines: str, media_type: str = "text/event-stream", length: int | None = None) -> Performance:
        """The head; with `length`, the content is not chunked."""
        lines = (f"Content-Type: {media_type}", *lines)
        if length is not None and not self.is_http2:
            self.exchange.send_head(200, *lines, f"Content-Length: {length}")
            self.write = self.exchange.send
        else:
            self.exchange.begin(200, *lines, *([f"Content-Length: {length}"] if length is not None else []))
            self.write = self.exchange.write
        return self

    @property
    def is_http2(self) -> bool:
        return isinstance(self.exchange, HTTP2Exchange)

    def answer(self, status: int, *lines: str, body: bytes = b"") -> None:
        """All of the answer."""
        self._done = True
        if body:
            self.exchange.respond(status, *lines, body=body)
        else:
            self.exchange.send_head(status, *lines)

    def finish(self) -> None:
        self._done = True
        self.exchange.finish()

    def die(self) -> None:
        """In the middle of the response."""
        self._done = True
        if self.is_http2:
            self.exchange.reset()
        else:
            self.exchange.connection.socket.shutdown(socket.SHUT_RDWR)

    def watch(self) -> None:
        """Until the test has ended the answer, or the gateway has left."""
        began = time.monotonic()
        while not self._done:
            assert time.monotonic() - began < 60, "nothing happens"
            if self._notices_end():
                self.left_at = time.monotonic()
                self.exchange.closing = True
                self.left.set()
                return

    def _notices_end(self) -> bool:
        """Waits a moment for the end of the gateway's side."""
        if self.is_http2:
            connection = self.exchange.connection
            is_over = lambda: self.exchange.was_reset is not None or connection.closed.is_set()  # noqa: E731
            with connection.changed:
                return connection.changed.wait_for(is_over, 0.005)
        connection = self.exchange.connection.socket
        if not select.select([connection], [], [], 0.005)[0] or self._done:
            return False
        try:
            sent = connection.recv(1, socket.MSG_PEEK)
        except ConnectionResetError:
            sent = b""
        assert not sent or self._done, "bytes behind a request that was not answered yet"
        return not sent


class Stage:
    """The handler: give it to an upstream, or to several."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[Performance] = queue.Queue()

    def __call__(self, exchange: Any) -> None:
        exchange.read_body()
        performance = Performance(exchange)
        self._arrived.put(performance)
        performance.watch()

    def next(self, timeout: float = PATIENCE) -> Performance:
        """The next request that no test has taken."""
        return self._arrived.get(timeout=timeout)


class Place:
    """A gateway of `listeners`, in front of upstreams that a stage answers for."""

    def __init__(self, gateway: Gateway, world: World, stage: Stage, token: str):
        self.gateway, self.world, self.stage = gateway, world, stage
        self.bearer = f"Authorization: Bearer {token}"

    def open(self, kind: str) -> Streamed:
        return Streamed.to(self.gateway, kind, self.world)

    def begin(self, kind: str, target: str, *lines: str, method: str = "GET", **options: Any) -> Streamed:
        """A request on a connection of its own."""
        return self.open(kind).begin(method, target, self.bearer, *lines, **options)
