"""An upstream that speaks HTTP/2, with the handlers of the other one and ways to misbehave."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived, PingReceived, RequestReceived, StreamEnded, StreamReset, TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from .goaway import PREFACE, Goaways, goaway
from .upstream import HOP_BY_HOP, SINGLE, Message, Upstream, UpstreamConnection
from .wire import PATIENCE, Closed, Truncated


def pairs(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    split = [line.partition(":") for line in lines]
    return [(name.lower(), value.strip()) for name, _, value in split]


class HTTP2Exchange:
    """A request whose head has come, and the stream to answer on: as `upstream.Exchange`, beside what only HTTP/2 has."""

    def __init__(self, connection: HTTP2Connection, stream: int, message: Message):
        self.connection, self.stream, self.message = connection, stream, message
        #: The code of the RST_STREAM that the gateway has sent.
        self.was_reset: int | None = None

    def read_body(self) -> bytes:
        """The whole body, which makes the message complete."""
        with self.connection.changed:
            self._wait(lambda: self.message.complete, "the end of a request")
        return self.message.body

    def respond(self, status: int = 200, *lines: str, body: bytes = b"", length: int | None = None) -> None:
        self._head(status, *lines, f"Content-Length: {len(body) if length is None else length}", end=not body)
        if body:
            self.write(body, end=True)

    def send_head(self, status: int, *lines: str) -> None:
        """An interim response, or one that has no content."""
        self._head(status, *lines, end=status >= 200)

    def begin(self, status: int, *lines: str) -> None:
        self._head(status, *lines, end=False)

    def write(self, data: bytes, end: bool = False) -> None:
        h2, at = self.connection.h2, 0
        with self.connection.changed:
            while at < len(data):
                self._wait(lambda: h2.local_flow_control_window(self.stream) > 0, "room in the window")
                piece = data[at:at + min(h2.local_flow_control_window(self.stream), h2.max_outbound_frame_size)]
                at += len(piece)
                self._do(lambda: h2.send_data(self.stream, piece, end_stream=end and at == len(data)))

    def finish(self, *trailers: str) -> None:
        h2 = self.connection.h2
        if trailers:
            self._do(lambda: h2.send_headers(self.stream, pairs(trailers), end_stream=True))
        else:
            self._do(lambda: h2.end_stream(self.stream))

    def reset(self, code: int = ErrorCodes.INTERNAL_ERROR) -> None:
        self._do(lambda: self.connection.h2.reset_stream(self.stream, code))

    def refuse(self) -> None:
        """Says that nothing was done with the request (RFC 9113 section 8.7)."""
        self.reset(ErrorCodes.REFUSED_STREAM)

    def _head(self, status: int, *lines: str, end: bool) -> None:
        fields = [(":status", str(status)), *pairs(lines)]
        self._do(lambda: self.connection.h2.send_headers(self.stream, fields, end_stream=end))

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        is_over = lambda: self.was_reset is not None or self.connection.closed.is_set()  # noqa: E731
        done = self.connection.changed.wait_for(lambda: is_over() or condition(), 60)
        if is_over() and not condition():
            raise Truncated("the connection ended, or the stream was reset")
        assert done, f"waited in vain for {what}"

    def _do(self, act: Callable[[], None]) -> None:
        with self.connection.changed:
            try:
                act()
            except ProtocolError:
                raise Closed() from None  # The gateway has ended the stream.
            self.connection.flush()


class HTTP2Connection(UpstreamConnection):
    """One accepted connection; each stream has a thread unless the upstream answers `at_once`."""

    upstream: HTTP2Upstream

    def __init__(self, upstream: Upstream, accepted: socket.socket, index: int):
        super().__init__(upstream, accepted, index)
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self.h2.local_settings = Settings(False, self.upstream.settings)
        self.changed = threading.Condition(threading.RLock())
        self.exchanges: dict[int, HTTP2Exchange] = {}
        #: How many streams were open at once, at most.
        self.peak = 0
        self.pings = 0
        self.said_goaway = False
        self.goaways = Goaways(skip=len(PREFACE))

    def serve(self) -> None:
        try:
            if self.secure():
                self.socket.setblocking(False)
                with self.changed:
                    self.h2.initiate_connection()
                    self.flush()
                while (data := self._receive()) is not None:
                    self._take(data)
        except (Closed, OSError):
            pass
        except (AssertionError, ProtocolError) as violation:
            if "the connection ended" not in str(violation):
                self.upstream.violations.append(f"{type(violation).__name__}: {violation}")
        finally:
            with self.changed:
                self.closed.set()
                self.changed.notify_all()
            self.socket.close()
            self.upstream.forget(self)

    def goaway(self, last: int | None = None, code: int = ErrorCodes.NO_ERROR) -> None:
        """Says that streams after `last`, or after all that have come so far, will not be looked at; the others go on."""
        with self.changed:
            self.said_goaway = True
            last = last if last is not None else max(self.exchanges, default=0)
            self.last = last
            self._send(goaway(last, code))

    def flush(self) -> None:
        """Sends what the library has made ready."""
        with self.changed:
            self._send(self.h2.data_to_send())

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self.socket.send(view):]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                select.select([], [self.socket], [], PATIENCE)

    def _receive(self) -> bytes | None:
        """What has arrived; None at the end. One thread at a time is inside TLS."""
        while True:
            self.upstream.hold.wait(60)
            with self.changed:
                try:
                    data = self.socket.recv(65536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    data = None
            if data is not None:
                # It may have come just when everything was to be held.
                self.upstream.hold.wait(60)
                return data or None
            select.select([self.socket], [], [], 60)

    def _take(self, data: bytes) -> None:
        ready = []
        with self.changed:
            for event in self.h2.receive_data(self.goaways.without(data)):
                if (exchange := self._note(event)) is not None:
                    ready.append(exchange)
            self.flush()
            self.changed.notify_all()
        for exchange in ready:
            if self.upstream.at_once:
                self._handle(exchange)
            else:
                threading.Thread(target=self._handle, args=(exchange,), daemon=True, name="upstream stream").start()

    def _note(self, event: Any) -> HTTP2Exchange | None:
        """Answers an exchange that is to be handled now."""
        exchange = self.exchanges.get(getattr(event, "stream_id", 0) or 0)
        if isinstance(event, RequestReceived):
            if self.said_goaway and event.stream_id > self.last:
                return None
            return self._begin(event.stream_id, event.headers)
        if isinstance(event, PingReceived):
            self.pings += 1
        if isinstance(event, DataReceived) and self.upstream.reads:
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if exchange is None:
            return None
        if isinstance(event, DataReceived):
            exchange.message.body += event.data
        elif isinstance(event, TrailersReceived):
            exchange.message.trailers = [(name, value) for name, value in event.headers]
        elif isinstance(event, StreamEnded):
            exchange.message.complete = True
            return exchange if self.upstream.at_once else None
        elif isinstance(event, StreamReset):
            exchange.was_reset = event.error_code
        return None

    def _begin(self, stream: int, headers: Any) -> HTTP2Exchange | None:
        pseudo = {name: value for name, value in headers if name.startswith(":")}
        fields = [(name, value) for name, value in headers if not name.startswith(":")]
        message = Message(
            pseudo.get(":method", ""), pseudo.get(":path", ""), "HTTP/2.0", fields,
            scheme=pseudo.get(":scheme", ""), authority=pseudo.get(":authority", ""))
        self.upstream.inspect(message)
        exchange = self.exchanges[stream] = HTTP2Exchange(self, stream, message)
        self.peak = max(self.peak, self.h2.open_inbound_streams)
        self.messages.append(message)
        self.upstream.arrivals.append(message)
        return None if self.upstream.at_once else exchange

    def _handle(self, exchange: HTTP2Exchange) -> None:
        try:
            self.upstream.handler(exchange)  # type: ignore[arg-type]
        except (Closed, OSError, Truncated):
            pass
        except AssertionError as violation:
            self.upstream.violations.append(str(violation))


class HTTP2Upstream(Upstream):
    """Speaks HTTP/2: with `tls` as it was agreed on there, else with prior knowledge.

    - `streams`: how many the gateway may have open on a connection.
    - `at_once`: the handler gets whole requests, one after the other, and may answer later.
    """

    connection_type = HTTP2Connection
    connections: list[HTTP2Connection]  # type: ignore[assignment]

    def __init__(self, handler: Any = None, *, streams: int = 100, at_once: bool = False, **options: Any):
        self.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: streams, SettingCodes.MAX_HEADER_LIST_SIZE: 65536}
        self.at_once = at_once
        #: Whether what was received opens the window again.
        self.reads = True
        #: While not set, nothing is read.
        self.hold = threading.Event()
        self.hold.set()
        super().__init__(**({"handler": handler} if handler else {}), **options)

    def inspect(self, message: Message) -> None:
        """What every request that leaves the gateway must be; the library refuses much by itself."""
        names = [name for name, _ in message.fields]
        where = f"{message.method} {message.target} {message.fields}"
        assert message.target.startswith("/") or (message.method, message.target) == ("OPTIONS", "*"), f"target: {where}"
        assert all(0x21 <= ord(character) <= 0x7E for character in message.target), f"target: {where}"
        assert message.scheme in ("http", "https"), f"scheme: {where}"
        assert message.authority, f"no authority: {where}"
        assert message.method not in ("CONNECT", "TRACE"), f"method that never passes: {where}"
        for name in SINGLE:
            assert names.count(name) <= 1, f"{name} is repeated: {where}"
        assert not (HOP_BY_HOP | {"connection", "transfer-encoding"}) & set(names), f"hop-by-hop field: {where}"
        for value in message.all("te"):
            assert value == "trailers", f"TE: {where}"
        assert not any("_" in name for name in names), f"underscore in a field name: {where}"
