"""An upstream that records every byte it receives, reads requests strictly, and answers as a test scripts it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .wire import PATIENCE, TOKEN, Closed, Reader, Response, Truncated, parse_fields, read_chunked

#: Fields that must never cross the gateway towards an upstream (security.md rule 8), beside what `Connection` names.
HOP_BY_HOP = {"keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "upgrade", "http2-settings"}

#: Fields that a well-formed request carries at most once.
SINGLE = {"host", "content-length", "transfer-encoding", "authorization", "x-request-id", "x-forwarded-for",
          "x-forwarded-proto", "x-forwarded-host", "connection", "te", "expect"}


@dataclass
class Message:
    """A request as the upstream understood it; `complete` only once the last byte of its body was there."""

    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    complete: bool = False
    #: Of HTTP/2 only.
    scheme: str = ""
    authority: str = ""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    @property
    def client(self) -> str | None:
        """The client's address as the gateway states it."""
        return self.get("x-forwarded-for")


class Exchange:
    """What a handler works with: a request whose head has come, and the connection to answer on."""

    def __init__(self, connection: UpstreamConnection, message: Message):
        self.connection = connection
        self.message = message
        self.closing = False

    def read_body(self) -> bytes:
        """The whole body, which makes the message complete."""
        self.connection.read_body(self.message)
        return self.message.body

    def send(self, data: bytes) -> None:
        self.connection.socket.sendall(data)

    def respond(self, status: int = 200, *lines: str, body: bytes = b"", length: int | None = None) -> None:
        """A plain response with Content-Length; `length` is for a body that is not there, as with HEAD."""
        self.send_head(status, *lines, f"Content-Length: {len(body) if length is None else length}", after=body)

    def send_head(self, status: int, *lines: str, after: bytes = b"") -> None:
        """A head as it stands: of an interim response, or of one that has no content."""
        self.send(("\r\n".join([f"HTTP/1.1 {status} Scripted", *lines]) + "\r\n\r\n").encode("latin-1") + after)

    def begin(self, status: int, *lines: str) -> None:
        """The head of a response whose length is not known yet."""
        self.send_head(status, *lines, "Transfer-Encoding: chunked")

    def write(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def finish(self, *trailers: str) -> None:
        self.send(("\r\n".join(["0", *trailers]) + "\r\n\r\n").encode("latin-1"))

    def close(self) -> None:
        """Ends the connection in order once the handler returns."""
        self.closing = True

    def reset(self) -> None:
        """Ends the connection with a TCP reset, now."""
        self.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.socket.close()
        self.closing = True


Handler = Callable[[Exchange], None]


def echo(exchange: Exchange) -> None:
    """Reads the whole request, then says what it was; `X-Probe` comes back so that a mix-up of answers shows."""
    body = exchange.read_body()
    message = exchange.message
    answer = json.dumps({
        "method": message.method,
        "target": message.target,
        "fields": message.fields,
        "trailers": message.trailers,
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }).encode()
    lines = ["Content-Type: application/json"]
    lines += [f"X-Probe: {value}" for value in message.all("x-probe")[:1]]
    exchange.respond(200, *lines, body=b"" if message.method == "HEAD" else answer, length=len(answer))


class UpstreamConnection:
    """One accepted connection: what came in, as bytes and as messages, and how it ended."""

    def __init__(self, upstream: Upstream, accepted: socket.socket, index: int):
        self.upstream = upstream
        self.socket = accepted
        self.index = index
        self.raw = bytearray()
        self.messages: list[Message] = []
        self.closed = threading.Event()
        self.was_reset = False
        #: Whether the handshake continued a session of TLS, and the certificate that the gateway showed.
        self.resumed, self.shown = False, None
        self.reader = Reader(_Recording(accepted, self.raw))

    def secure(self) -> bool:
        """Does the handshake where the upstream has TLS; false if there is none, which is remembered."""
        if self.upstream.tls is None:
            return True
        try:
            self.socket = self.upstream.tls.wrap_socket(self.socket, server_side=True)
        except OSError as failure:
            self.upstream.failed_handshakes.append(str(failure))
            return False
        self.resumed = bool(self.socket.session_reused)
        self.shown = self.socket.getpeercert(binary_form=True)
        self.reader = Reader(_Recording(self.socket, self.raw))
        return True

    def read_head(self) -> Message:
        head = self.reader.until(b"\r\n\r\n")
        request_line, *lines = head[:-4].split(b"\r\n")
        parts = request_line.split(b" ")
        if len(parts) != 3:
            raise Truncated("malformed request line", head)
        method, target, version = (part.decode("latin-1") for part in parts)
        message = Message(method, target, version, parse_fields(lines))
        self.upstream.inspect(message)
        self.messages.append(message)
        self.upstream.arrivals.append(message)
        return message

    def read_body(self, message: Message) -> None:
        if message.complete:
            return
        if message.all("transfer-encoding"):
            carrier = Response(0, "", "", [])
            try:
                read_chunked(self.reader, carrier)
            finally:
                message.body, message.trailers, message.chunks = carrier.body, carrier.trailers, carrier.chunks
        elif (length := message.get("content-length")) is not None:
            message.body = self.reader.exactly(int(length))
        message.complete = True

    def serve(self) -> None:
        try:
            is_secure = self.secure()
            while is_secure:
                message = self.read_head()
                exchange = Exchange(self, message)
                self.upstream.handler(exchange)
                if exchange.closing:
                    break
                self.read_body(message)
                if (message.get("connection") or "").lower() == "close":
                    break
        except (Closed, OSError, ValueError):
            pass
        except Truncated as truncated:
            self.upstream.note_truncated(self, truncated)
        except AssertionError as violation:
            self.upstream.violations.append(str(violation))
        finally:
            self.was_reset = self.reader.was_reset
            self.socket.close()
            self.closed.set()
            self.upstream.forget(self)


class _Recording:
    """A socket whose reads are copied aside; a test that streams hundreds of megabytes turns the copy off."""

    def __init__(self, accepted: socket.socket, raw: bytearray):
        self.accepted, self.raw = accepted, raw

    def recv(self, count: int) -> bytes:
        data = self.accepted.recv(count)
        if len(self.raw) < 4 << 20:
            self.raw += data
        return data


class Upstream:
    """Listens on loopback (or on a Unix-domain socket), one thread per connection; with `tls`, inside TLS."""

    connection_type: type[UpstreamConnection] = UpstreamConnection

    def __init__(
        self, handler: Handler = echo, *, host: str = "127.0.0.1", port: int = 0, path: str | None = None,
        tls: ssl.SSLContext | None = None,
    ):
        self.handler = handler
        self.path = path
        self.tls = tls
        self.failed_handshakes: list[str] = []
        self.connections: list[UpstreamConnection] = []
        self.arrivals: list[Message] = []
        #: What was wrong with requests that came in: a test of the gateway fails if this is not empty at its end.
        self.violations: list[str] = []
        self.truncated: list[Truncated] = []
        self._open: set[UpstreamConnection] = set()
        self._changed = threading.Condition()
        if path is not None:
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.listener.bind(path)
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, port))
        self.listener.listen(1024)
        self.address = path if path is not None else self.listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, daemon=True, name="upstream")
        self._thread.start()

    @property
    def url(self) -> str:
        if self.path is not None:
            return f"http://unix:{self.path}"
        host, port = self.address
        scheme = "https" if self.tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def messages(self) -> list[Message]:
        """Every request seen so far, complete or not, in the order of arrival."""
        return list(self.arrivals)

    @property
    def complete_messages(self) -> list[Message]:
        return [message for message in self.messages if message.complete]

    @property
    def open_connections(self) -> int:
        with self._changed:
            return len(self._open)

    def messages_from(self, client: str) -> list[Message]:
        """The requests that the gateway attributes to a client address."""
        return [message for message in self.messages if message.client == client]

    def wait_until(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Waits for something to become true of this upstream."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"the upstream waited {timeout} s in vain for: {what}"
            with self._changed:
                self._changed.wait(0.02)

    def inspect(self, message: Message) -> None:
        """What every request that leaves the gateway must be, whatever came in (security.md rules 5–9)."""
        names = [name.lower() for name, _ in message.fields]
        where = f"{message.method} {message.target} {message.fields}"
        assert all(ord(character) in TOKEN for character in message.method), f"not a method: {where}"
        assert message.version == "HTTP/1.1", f"not HTTP/1.1: {where}"
        assert message.target.startswith("/") or (message.method, message.target) == ("OPTIONS", "*"), f"target: {where}"
        assert all(0x21 <= ord(character) <= 0x7E for character in message.target), f"target: {where}"
        assert "#" not in message.target, f"fragment: {where}"
        assert names.count("host") == 1, f"not exactly one Host: {where}"
        for name in SINGLE:
            assert names.count(name) <= 1, f"{name} is repeated: {where}"
        assert not ("content-length" in names and "transfer-encoding" in names), f"two framings: {where}"
        for length in message.all("content-length"):
            assert length.isdigit(), f"Content-Length: {where}"
        for coding in message.all("transfer-encoding"):
            assert coding == "chunked", f"Transfer-Encoding: {where}"
        assert not HOP_BY_HOP & set(names), f"hop-by-hop field: {where}"
        for option in message.all("connection"):
            # RFC 9110 §10.1.4: who sends TE names it in Connection, so that it is not sent on.
            assert option.lower() in ("close", "keep-alive") or (option == "TE" and "te" in names), f"Connection: {where}"
        for value in message.all("te"):
            assert value == "trailers", f"TE: {where}"
        assert not any("_" in name for name in names), f"underscore in a field name: {where}"
        assert message.method not in ("CONNECT", "TRACE"), f"method that never passes: {where}"

    def note_truncated(self, connection: UpstreamConnection, truncated: Truncated) -> None:
        """A request that stopped half-way is legal (its client went away); nonsense is not."""
        if "the connection ended" in str(truncated):
            self.truncated.append(truncated)
        else:
            self.violations.append(str(truncated))

    def forget(self, connection: UpstreamConnection) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            accepted.settimeout(60)
            if self.path is None:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                connection = self.connection_type(self, accepted, len(self.connections))
                self.connections.append(connection)
                self._open.add(connection)
            threading.Thread(target=connection.serve, daemon=True, name="upstream connection").start()

    def stop(self, *, reset: bool = False) -> None:
        """Stops listening and ends every connection, with a reset if asked: what a killed process looks like."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self._thread.join(PATIENCE)
        with self._changed:
            open_now = list(self._open)
        for connection in open_now:
            try:
                if reset:
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.closed.wait(PATIENCE)
        if self.path is not None and os.path.exists(self.path):
            os.unlink(self.path)

    def __enter__(self) -> Upstream:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
