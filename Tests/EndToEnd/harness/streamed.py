"""Responses read piece by piece, as they arrive: the same over HTTP/1.1 and HTTP/2, in cleartext and inside TLS."""

from __future__ import annotations

import socket
import struct
import time

from h2.errors import ErrorCodes

from .gateway import Gateway
from .http2_client import HTTP2Client
from .tls import World, connect, over
from .wire import PATIENCE, Address, Client, Closed, Response, Truncated, request

#: How a client may speak. A gateway of `listeners` speaks all of them.
KINDS = ["h1", "h1 TLS", "h2", "h2 TLS"]

#: The ways in which a client of each kind leaves.
DEPARTURES = {
    "h1": ["close", "half-close", "reset"], "h1 TLS": ["close", "half-close", "notify", "reset"],
    "h2": ["cancel", "close", "reset"], "h2 TLS": ["cancel", "close", "notify", "reset"],
}


def listeners(world: World) -> list[dict[str, object]]:
    return [{"address": "127.0.0.1:0"}, world.listener()]


class Streamed:
    """A request under way, and what has come of its response."""

    def __init__(self, client: Client | HTTP2Client):
        self.client = client

    @staticmethod
    def to(gateway: Gateway, kind: str, world: World) -> Streamed:
        """On a connection of its own to a gateway of `listeners`."""
        secure = kind.endswith("TLS")
        address = gateway.listeners[secure]
        if kind.startswith("h2"):
            return Streamed(HTTP2Client(connect(address, world.client("h2")) if secure else address))
        return Streamed(over(connect(address, world.client("http/1.1"))) if secure else Client(address))

    @staticmethod
    def direct(address: Address) -> Streamed:
        """On a connection of its own to an upstream."""
        return Streamed(Client(address))

    def __enter__(self) -> Streamed:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.socket.close()

    def begin(self, method: str, target: str, *lines: str, body: bytes = b"", version: str = "HTTP/1.1") -> Streamed:
        """Sends the request."""
        self.method, self._left, self._taken, self._done = method, 0, 0, False
        if isinstance(self.client, HTTP2Client):
            self.stream = self.client.begin(method, target, *lines, end=not body)
            if body:
                self.client.send(self.stream, body)
        else:
            self.client.send(request(method, target, *lines, body=body, version=version))
        return self

    def head(self) -> Response:
        """The head of the response."""
        if isinstance(self.client, HTTP2Client):
            client, stream = self.client, self.stream
            client.wait_until(lambda: stream in client.responses or stream in client.resets, "the head")
            if stream not in client.responses:
                raise Truncated(f"stream {stream} was reset with {client.resets[stream]}")
            self.response = client.responses[stream]
        else:
            self.response = self.client.read_final_head()
            if self.method == "HEAD" or self.response.status in (204, 304):
                self.response.framing, self._done = "none", True
            elif self.response.get("transfer-encoding"):
                self.response.framing = "chunked"
            elif (length := self.response.get("content-length")) is not None:
                self.response.framing, self._left = "length", int(length)
                self._done = not self._left
            else:
                self.response.framing = "close"
        return self.response

    def read(self, timeout: float = PATIENCE) -> bytes:
        """The content that has arrived, at least one byte of it; none at its clean end.

        Raises `Truncated` if it was cut, and `TimeoutError` if nothing came in `timeout` seconds.
        """
        if isinstance(self.client, HTTP2Client):
            return self._read_http2(self.client, timeout)
        if self._done:
            return b""
        self.client.socket.settimeout(timeout)
        try:
            return self._read_http1(self.client)
        finally:
            self.client.socket.settimeout(PATIENCE)

    def _read_http1(self, client: Client) -> bytes:
        reader = client.reader
        if self.response.framing == "close":
            if not reader.buffer:
                reader.fill()
            if reader.was_reset:
                raise Truncated("the connection was reset")
            return reader.take(len(reader.buffer))
        if not self._left:
            try:
                self._left = int(reader.until(b"\r\n"), 16)
            except Closed:
                raise Truncated("the connection ended between chunks") from None
            if not self._left:
                assert reader.until(b"\r\n") == b"\r\n", "trailers that nobody sent"
                self._done = True
                return b""
        if not reader.buffer and not reader.fill():
            raise Truncated("the connection ended inside the content")
        piece = reader.take(min(self._left, len(reader.buffer)))
        self._left -= len(piece)
        if not self._left:
            if self.response.framing == "chunked":
                assert reader.exactly(2) == b"\r\n"
            else:
                self._done = True
        return piece

    def _read_http2(self, client: HTTP2Client, timeout: float) -> bytes:
        stream, deadline = self.stream, time.monotonic() + timeout
        while len(self.response.body) == self._taken:
            if stream in client.complete:
                return b""
            if stream in client.resets:
                raise Truncated(f"stream {stream} was reset with {client.resets[stream]}")
            if client.ended:
                raise Truncated("the connection ended")
            if (remaining := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            client.pump(remaining)
        piece = self.response.body[self._taken:]
        self._taken += len(piece)
        return piece

    def read_exactly(self, count: int) -> bytes:
        """The next `count` bytes of content, where no more than these have been sent."""
        received = b""
        while len(received) < count:
            piece = self.read()
            assert piece, f"the content ended after {received!r}"
            received += piece
        assert len(received) == count, f"more than was sent: {received!r}"
        return received

    def read_to_end(self) -> bytes:
        """What is left of the content, which must end cleanly."""
        received = b""
        while piece := self.read():
            received += piece
        return received

    def leave(self, how: str) -> float:
        """Leaves in one of the `DEPARTURES`; returns when."""
        connection, began = self.client.socket, time.monotonic()
        if how == "cancel":
            assert isinstance(self.client, HTTP2Client)
            self.client.h2.reset_stream(self.stream, ErrorCodes.CANCEL)
            self.client.flush()
        elif how == "half-close":
            # Of an SSLSocket, too, this ends the connection below.
            socket.socket.shutdown(connection, socket.SHUT_WR)
        elif how == "notify":
            connection.settimeout(0.001)
            try:
                connection.unwrap()  # type: ignore[attr-defined]
            except OSError:
                pass  # The gateway owes no answer to close_notify.
        else:
            if how == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        return began
