"""A client that writes exactly the bytes it is given and reads responses by RFC 9112, strictly."""

from __future__ import annotations

import select
import socket
import struct
from dataclasses import dataclass, field

#: What every wait of a test is bounded by, in seconds, unless the test says otherwise.
PATIENCE = 15.0

Address = tuple[str, int] | str


class Closed(Exception):
    """The connection ended before the first byte of a message."""


class Truncated(Exception):
    """The connection ended, or nonsense came, in the middle of a message."""

    def __init__(self, reason: str, received: bytes = b"", response: Response | None = None):
        super().__init__(f"{reason}: {received[:200]!r}")
        self.received = received
        self.response = response


def open_socket(address: Address, *, source: str | None = None, timeout: float = PATIENCE) -> socket.socket:
    """Connects to `(host, port)` or to the path of a Unix-domain socket; `source` is the local address to bind."""
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        if not isinstance(address, str):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            connection.bind((source, 0))
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def request(
    method: str,
    target: str,
    *lines: str,
    body: bytes = b"",
    host: str | None = "gateway.test",
    version: str = "HTTP/1.1",
) -> bytes:
    """The bytes of a request: `lines` are field lines as they stand; Content-Length is added when there is a body."""
    head = [f"{method} {target} {version}"]
    if host is not None:
        head.append(f"Host: {host}")
    head.extend(lines)
    if body and not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines):
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


@dataclass
class Response:
    """One final response, with the informational ones that came before it."""

    status: int
    reason: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    informational: list[int] = field(default_factory=list)
    framing: str = "none"
    chunks: list[int] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of a field that must not be repeated."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None


def parse_fields(lines: list[bytes]) -> list[tuple[str, str]]:
    """Field lines by RFC 9112 §5, with none of its tolerances."""
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or not all(character in TOKEN for character in name):
            raise Truncated("malformed field line", line)
        if any(byte in b"\0\r\n" for byte in value):
            raise Truncated("control character in a field value", line)
        fields.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return fields


TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Reader:
    """Buffered reads from a socket, by line or by count."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.buffer = bytearray()
        self.ended = False
        self.was_reset = False

    def fill(self) -> bool:
        """Reads once; false at the end of the stream (a reset counts as an end and is remembered)."""
        if self.ended:
            return False
        try:
            data = self.connection.recv(256 * 1024)
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        return True

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        start = 0
        while (end := self.buffer.find(mark, start)) < 0:
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill():
                if not self.buffer:
                    raise Closed()
                raise Truncated("the connection ended inside a line or head", bytes(self.buffer))
        return self.take(end + len(mark))

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self.buffer) < count:
            if not self.fill():
                raise Truncated(f"the connection ended with {count - len(self.buffer)} bytes missing", bytes(self.buffer))
        return self.take(count)

    def begin(self, count: int) -> bytes:
        """The first `count` bytes of a message; `Closed` if the stream ends before them."""
        if not self.buffer and not self.fill():
            raise Closed()
        return self.exactly(count)

    def rest(self) -> bytes:
        """Everything up to the end of the stream."""
        while self.fill():
            pass
        return self.take(len(self.buffer))

    def take(self, count: int) -> bytes:
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data


def read_chunked(reader: Reader, message: Response) -> None:
    """A chunked body with its trailer section (RFC 9112 §7.1), into `message`."""
    body = bytearray()
    try:
        while True:
            size_line = reader.until(b"\r\n")[:-2]
            size_text = size_line.partition(b";")[0]
            if not size_text or not all(byte in b"0123456789abcdefABCDEF" for byte in size_text):
                raise Truncated("malformed chunk size", size_line)
            size = int(size_text, 16)
            if size == 0:
                break
            message.chunks.append(size)
            body += reader.exactly(size)
            if reader.exactly(2) != b"\r\n":
                raise Truncated("no CRLF after a chunk")
        lines = []
        while line := reader.until(b"\r\n")[:-2]:
            lines.append(line)
        message.trailers = parse_fields(lines)
    except Closed:
        raise Truncated("the connection ended inside a chunked body", bytes(body), message) from None
    finally:
        message.body = bytes(body)


class Client:
    """One connection to the gateway. Usable as a context manager."""

    def __init__(self, address: Address, *, source: str | None = None, timeout: float = PATIENCE):
        self.socket = open_socket(address, source=source, timeout=timeout)
        self.reader = Reader(self.socket)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_bytewise(self, data: bytes) -> None:
        """One byte per write; stops quietly if the gateway has closed, as it may on what it refuses."""
        try:
            for index in range(len(data)):
                self.socket.send(data[index : index + 1])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def send_leniently(self, data: bytes) -> None:
        """In one write; stops quietly if the gateway has closed, as it may on what it refuses."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def await_data(self, timeout: float) -> None:
        """Waits until something has arrived, or the end, and no longer than that."""
        select.select([self.socket], [], [], timeout)

    def finish_writing(self) -> None:
        """Half-closes: nothing more will be sent, answers are still awaited."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def read_head(self) -> Response:
        """One response head, informational or final."""
        head = self.reader.until(b"\r\n\r\n")
        status_line, *lines = head[:-4].split(b"\r\n")
        version, _, rest = status_line.partition(b" ")
        code, _, reason = rest.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(code) != 3 or not code.isdigit():
            raise Truncated("malformed status line", head)
        return Response(int(code), reason.decode("latin-1"), version.decode(), parse_fields(lines))

    def read_final_head(self) -> Response:
        """The head of a final response, the informational ones noted in it."""
        informational: list[int] = []
        while (response := self.read_head()).status < 200:
            informational.append(response.status)
        response.informational = informational
        return response

    def read_response(self, method: str = "GET") -> Response:
        """A whole response to a request with `method`; raises `Truncated` if it is not whole."""
        response = self.read_final_head()
        self.read_body(response, method)
        return response

    def read_body(self, response: Response, method: str = "GET") -> None:
        """The body that belongs to `response` (RFC 9112 §6.3)."""
        codings, lengths = response.all("transfer-encoding"), response.all("content-length")
        if codings and lengths:
            raise Truncated("Content-Length and Transfer-Encoding in one response", repr(response.fields).encode())
        if method == "HEAD" or response.status in (204, 304):
            return
        if codings:
            if [coding.lower() for coding in codings] != ["chunked"]:
                raise Truncated("a transfer coding that was not asked for", repr(codings).encode())
            response.framing = "chunked"
            read_chunked(self.reader, response)
        elif lengths:
            if len(lengths) != 1 or not lengths[0].isdigit():
                raise Truncated("malformed Content-Length", repr(lengths).encode())
            response.framing = "length"
            try:
                response.body = self.reader.exactly(int(lengths[0]))
            except Truncated as truncated:
                truncated.response = response
                response.body = truncated.received
                raise
        else:
            response.framing = "close"
            response.body = self.reader.rest()

    def exchange(self, data: bytes) -> Response:
        """Sends one request and reads its response."""
        self.send(data)
        return self.read_response(data.split(b" ", 1)[0].decode("latin-1"))

    def expect_close(self) -> bytes:
        """Waits for the gateway to close; answers what came before it did."""
        return self.reader.rest()

    def reset(self) -> None:
        """Closes with a TCP reset instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()
