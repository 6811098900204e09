"""WebSockets over HTTP/2 (RFC 8441) for clients that only know HTTP/1.1: they write their handshake into a socket, and the
bridge at its other end makes a stream of it."""

from __future__ import annotations

import select
import socket
import threading

from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError

from .http2_client import HTTP2Client
from .websocket_frames import acceptance
from .wire import PATIENCE, Address, Closed, Reader, Truncated, parse_fields

#: Fields of the handshake that have no meaning in HTTP/2 (RFC 8441 section 5).
REPLACED = {"host", "connection", "upgrade", "sec-websocket-key"}


class Bridge:
    """One connection of HTTP/2 with one stream; `near` is the socket for the client."""

    def __init__(self, connection: Address | socket.socket):
        self.client = HTTP2Client(connection)
        self.near, self._far = socket.socketpair()
        self.near.settimeout(PATIENCE)
        #: The status of the response, and the code of RST_STREAM, if there was one.
        self.status: int | None = None
        self.reset: int | None = None
        self.ended = threading.Event()
        self._aborting = False
        self._wake, self._woken = socket.socketpair()
        self._to_client = bytearray()
        self._unacknowledged = 0
        threading.Thread(target=self._run, daemon=True, name="bridge").start()

    def abort(self) -> None:
        """Ends the stream as a client does that is torn away: RST_STREAM with CANCEL."""
        self._aborting = True
        self._wake.send(b"x")

    def _run(self) -> None:
        try:
            self._open()
            self._relay()
        except (OSError, Closed, Truncated, StreamClosedError):
            # The client is gone, or the stream was reset.
            pass
        finally:
            for end in (self.client.socket, self._far, self._wake, self._woken):
                end.close()
            self.ended.set()

    def _open(self) -> None:
        reader = Reader(self._far)
        request_line, *lines = reader.until(b"\r\n\r\n")[:-4].split(b"\r\n")
        fields = parse_fields(lines)
        self._key = next(value for name, value in fields if name.lower() == "sec-websocket-key")
        target = request_line.split(b" ")[1].decode()
        lines_left = [f"{name}: {value}" for name, value in fields if name.lower() not in REPLACED]
        self.client.wait_until(lambda: self.client.allows_websockets, "SETTINGS_ENABLE_CONNECT_PROTOCOL")
        self.stream = self.client.begin("CONNECT", target, *lines_left, protocol="websocket", end=False)
        self.client.unread.add(self.stream)
        self._from_client = reader.take(len(reader.buffer))

    def _relay(self) -> None:
        """Bytes both ways until both have ended; what a side does not take is not read from the other."""
        client, stream, client_ended, passed_end = self.client, self.stream, False, False
        while not (client_ended and passed_end):
            if self._from_client and self.status is not None:
                client.send(stream, self._from_client, end=False)
                self._from_client = b""
            self._take()
            if not passed_end and not self._to_client and self._has_ended():
                self._far.shutdown(socket.SHUT_WR)
                passed_end = True
                if self.reset is not None or client.ended:
                    return
            room = not client_ended and self.status is not None and client.h2.local_flow_control_window(stream) > 0
            if not getattr(client.socket, "pending", int)():
                inputs = [self._woken, *([] if client.ended else [client.socket]), *([self._far] if room else [])]
                readable, writable, _ = select.select(inputs, [self._far] if self._to_client else [], [], PATIENCE)
            else:
                readable, writable = [client.socket], [self._far] if self._to_client else []
            if self._aborting:
                client.h2.reset_stream(stream, ErrorCodes.CANCEL)
                client.flush()
                return
            if writable:
                self._give()
            if self._far in readable:
                self._from_client = self._far.recv(min(65536, client.h2.local_flow_control_window(stream)))
                if not self._from_client:
                    client_ended = True
                    client.h2.end_stream(stream)
                    client.flush()
            if client.socket in readable:
                client.pump()

    def _has_ended(self) -> bool:
        self.reset = self.client.resets.get(self.stream)
        return self.reset is not None or self.stream in self.client.complete or self.client.ended

    def _take(self) -> None:
        """What has come in on the stream: the head first, as HTTP/1.1 would have it."""
        response = self.client.responses.get(self.stream)
        if response is None or not response.status:
            return
        if self.status is None:
            self.status = response.status
            first = f"HTTP/1.1 {response.status} Refused"
            added = []
            if response.status == 200:
                first = "HTTP/1.1 101 Switching Protocols"
                added = ["Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Accept: {acceptance(self._key)}"]
            lines = [first, *(f"{name}: {value}" for name, value in response.fields), *added]
            self._to_client += ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if response.body:
            self._to_client += response.body
            self._unacknowledged += len(response.body)
            response.body = b""

    def _give(self) -> None:
        """Gives the client what it takes; the window opens only by that."""
        count = self._far.send(self._to_client[:65536], socket.MSG_DONTWAIT)
        del self._to_client[:count]
        freed = min(self._unacknowledged, max(0, self._unacknowledged - len(self._to_client)))
        if freed and not self._has_ended():
            self._unacknowledged -= freed
            self.client.h2.acknowledge_received_data(freed, self.stream)
            self.client.flush()
