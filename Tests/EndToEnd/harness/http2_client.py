"""A client of HTTP/2 on one connection, which sees what tools do not show: interim responses, trailers, GOAWAY."""

from __future__ import annotations

import socket
import time
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived, InformationalResponseReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived,
)
from h2.settings import SettingCodes, Settings

from .goaway import Goaways
from .wire import PATIENCE, Address, Response, Truncated, open_socket


class HTTP2Client:
    """One connection, cleartext with prior knowledge unless one inside TLS is given; a context manager."""

    def __init__(self, connection: Address | socket.socket, *, window: int = 1 << 20, authority: str = "gateway.test"):
        self.socket = connection if isinstance(connection, socket.socket) else open_socket(connection)
        self.authority = authority
        self.scheme = "http" if type(self.socket) is socket.socket else "https"
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.h2.local_settings = Settings(True, {
            SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: window, SettingCodes.MAX_HEADER_LIST_SIZE: 65536})
        self.responses: dict[int, Response] = {}
        self.complete: set[int] = set()
        self.resets: dict[int, int] = {}
        #: Streams whose content is left in the window.
        self.unread: set[int] = set()
        self.goaways = Goaways()
        self.ended = False
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self) -> HTTP2Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def flush(self) -> None:
        if data := self.h2.data_to_send():
            self.socket.sendall(data)

    @property
    def allows_websockets(self) -> bool:
        """Whether the gateway has sent SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3)."""
        return self.h2.remote_settings.enable_connect_protocol == 1

    def begin(
        self, method: str, target: str, *lines: str, authority: str | None = None, end: bool = True, protocol: str = "",
    ) -> int:
        """Sends the head of a request; returns its stream. With `protocol`, an extended CONNECT (RFC 8441 section 4)."""
        stream = self.h2.get_next_available_stream_id()
        split = [line.partition(":") for line in lines]
        self.h2.send_headers(stream, [
            (":method", method), *([(":protocol", protocol)] if protocol else []),
            (":scheme", self.scheme), (":authority", authority or self.authority), (":path", target),
            *((name.lower(), value.strip()) for name, _, value in split),
        ], end_stream=end)
        self.flush()
        return stream

    def send(self, stream: int, data: bytes, *, end: bool = True, trailers: list[tuple[str, str]] | None = None) -> None:
        """Sends content, at the pace of the window."""
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                assert not self.ended, "the connection ended before all was sent"
                self.pump()
                continue
            piece, data = data[:room], data[room:]
            self.h2.send_data(stream, piece)
            self.flush()
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        elif end:
            self.h2.end_stream(stream)
        self.flush()

    def exchange(self, method: str, target: str, *lines: str, body: bytes = b"", **options: Any) -> Response:
        """One request and its response."""
        stream = self.begin(method, target, *lines, end=not body, **options)
        if body:
            self.send(stream, body)
        return self.wait(stream)

    def wait(self, stream: int) -> Response:
        """The whole response of a stream; raises `Truncated` if it does not come to its end."""
        self.wait_until(lambda: stream in self.complete or stream in self.resets, f"stream {stream}")
        response = self.responses.get(stream)
        if stream not in self.complete:
            raise Truncated(f"stream {stream} was reset with {self.resets[stream]}", b"", response)
        assert response is not None
        return response

    def wait_until(self, condition: Any, what: str, timeout: float = PATIENCE) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"the client waited in vain for {what}"
            if self.ended:
                raise Truncated(f"the connection ended before {what}; GOAWAY {self.goaways.seen}")
            self.pump(deadline - time.monotonic())

    def pump(self, timeout: float = PATIENCE) -> None:
        """Reads once, and answers what must be answered."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            data = self.socket.recv(256 * 1024)
        except TimeoutError:
            return
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        finally:
            self.socket.settimeout(PATIENCE)
        if not data:
            self.ended = True
            return
        for event in self.h2.receive_data(self.goaways.without(data)):
            self._note(event)
        try:
            self.flush()
        except (ConnectionResetError, BrokenPipeError):
            self.ended = True

    def expect_end(self, timeout: float = PATIENCE) -> None:
        """Until the gateway closes the connection."""
        deadline = time.monotonic() + timeout
        while not self.ended:
            assert time.monotonic() < deadline, f"the connection is still open; GOAWAY {self.goaways.seen}"
            self.pump(deadline - time.monotonic())

    def _note(self, event: Any) -> None:
        stream = getattr(event, "stream_id", None)
        if isinstance(event, ResponseReceived):
            fields = [(name, value) for name, value in event.headers if not name.startswith(":")]
            status = next(value for name, value in event.headers if name == ":status")
            interim = self.responses[stream].informational if stream in self.responses else []
            self.responses[stream] = Response(int(status), "", "HTTP/2", fields, informational=interim)
        elif isinstance(event, InformationalResponseReceived):
            status = next(value for name, value in event.headers if name == ":status")
            response = self.responses.setdefault(stream, Response(0, "", "HTTP/2", []))
            response.informational.append(int(status))
        elif isinstance(event, DataReceived):
            self.responses[stream].body += event.data
            if stream not in self.unread and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, TrailersReceived):
            self.responses[stream].trailers = [(name, value) for name, value in event.headers]
        elif isinstance(event, StreamEnded):
            self.complete.add(stream)
        elif isinstance(event, StreamReset):
            self.resets[stream] = event.error_code
