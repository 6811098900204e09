"""HTTP/2 by hand (RFC 9113): frames as they are told to be, valid or not, and what comes back."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

import hpack

from .wire import PATIENCE, Address, open_socket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_WINDOW = 2**31 - 1


class Type(IntEnum):
    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9
    UNKNOWN = 0x16


class Code(IntEnum):
    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class Setting(IntEnum):
    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20

Text = str | bytes
FieldList = Iterable[tuple[Text, Text]]


# Writing


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """Any frame; `length` says something else than the truth."""
    said = len(payload) if length is None else length
    return struct.pack(">BHBBI", said >> 16, said & 0xFFFF, kind, flags, stream) + payload


def head(stream: int, block: bytes, *, end: bool = True) -> bytes:
    """HEADERS, with as many CONTINUATIONs as it takes."""
    pieces = [block[start : start + 16_000] for start in range(0, len(block), 16_000)]
    frames = [headers(stream, pieces[0], end=end, whole=len(pieces) == 1)]
    frames += [continuation(stream, piece, whole=index == len(pieces) - 2) for index, piece in enumerate(pieces[1:])]
    return b"".join(frames)


def data(stream: int, payload: bytes = b"", *, end: bool = False, padding: int | None = None) -> bytes:
    return frame(Type.DATA, END_STREAM * end | PADDED * (padding is not None), stream, padded(payload, padding))


def headers(
    stream: int, block: bytes, *, end: bool = True, whole: bool = True, padding: int | None = None,
    priority: bytes | None = None,
) -> bytes:
    flags = END_STREAM * end | END_HEADERS * whole | PADDED * (padding is not None) | HAS_PRIORITY * (priority is not None)
    return frame(Type.HEADERS, flags, stream, padded((priority or b"") + block, padding))


def padded(payload: bytes, padding: int | None) -> bytes:
    return payload if padding is None else bytes([padding]) + payload + bytes(padding)


def continuation(stream: int, block: bytes = b"", *, whole: bool = True) -> bytes:
    return frame(Type.CONTINUATION, END_HEADERS * whole, stream, block)


def dependency(on: int = 0, weight: int = 16, *, exclusive: bool = False) -> bytes:
    """The payload of PRIORITY, which HEADERS may hold, too; `weight` from 1 to 256."""
    return struct.pack(">IB", on | exclusive << 31, weight - 1)


def priority(stream: int, on: int = 0, weight: int = 16, *, exclusive: bool = False) -> bytes:
    return frame(Type.PRIORITY, 0, stream, dependency(on, weight, exclusive=exclusive))


def rst_stream(stream: int, code: int = Code.CANCEL) -> bytes:
    return frame(Type.RST_STREAM, 0, stream, struct.pack(">I", code))


def settings(*pairs: tuple[int, int], ack: bool = False) -> bytes:
    return frame(Type.SETTINGS, ACK * ack, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def ping(payload: bytes = b"12345678", *, ack: bool = False, stream: int = 0) -> bytes:
    return frame(Type.PING, ACK * ack, stream, payload)


def goaway(last: int = 0, code: int = Code.NO_ERROR, *, stream: int = 0) -> bytes:
    return frame(Type.GOAWAY, 0, stream, struct.pack(">II", last, code))


def window_update(stream: int, increment: int) -> bytes:
    return frame(Type.WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def octets(text: Text) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def integer(value: int, bits: int, pattern: int) -> bytes:
    """An integer with a prefix of `bits` (RFC 7541 §5.1), below what `pattern` sets."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([pattern | value])
    coded, value = bytearray([pattern | most]), value - most
    while value >= 128:
        coded.append(value & 127 | 128)
        value >>= 7
    return bytes(coded) + bytes([value])


def string(text: Text) -> bytes:
    """A string literal without Huffman coding (RFC 7541 §5.2)."""
    return integer(len(octets(text)), 7, 0) + octets(text)


def literal(name: Text, value: Text, *, pattern: int = 0x00) -> bytes:
    """A literal field with a new name: not indexed, never indexed (0x10) or added to the table (0x40)."""
    return bytes([pattern]) + string(name) + string(value)


def block(fields: FieldList) -> bytes:
    """A field block that leaves the table alone, so that it can be sent any number of times."""
    return b"".join(literal(name, value) for name, value in fields)


def request(
    path: Text = "/public/h2", *fields: tuple[Text, Text], method: Text = "GET", authority: Text = "gateway.test",
    scheme: Text = "http",
) -> bytes:
    """The field block of an ordinary request."""
    pseudo = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority)]
    return block([*pseudo, *fields])


# Reading


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def ends_stream(self) -> bool:
        return self.kind in (Type.DATA, Type.HEADERS) and bool(self.flags & END_STREAM)

    @property
    def is_ack(self) -> bool:
        return self.kind in (Type.SETTINGS, Type.PING) and bool(self.flags & ACK)

    @property
    def content(self) -> bytes:
        """The payload without padding and priority."""
        payload = self.payload
        if self.kind in (Type.DATA, Type.HEADERS) and self.flags & PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        return payload[5:] if self.kind == Type.HEADERS and self.flags & HAS_PRIORITY else payload


@dataclass
class Message:
    """What came on one stream: interim heads, the head, content, trailers, and how it ended."""

    heads: list[list[tuple[str, str]]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=list)
    ended: bool = False
    reset: Code | None = None

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset is not None

    @property
    def interim(self) -> list[int]:
        return [int(dict(head)[":status"]) for head in self.heads if dict(head).get(":status", "").startswith("1")]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Of the final response, or of the request."""
        return next((head for head in self.heads if not dict(head).get(":status", "").startswith("1")), [])

    @property
    def trailers(self) -> list[tuple[str, str]]:
        return self.heads[-1] if self.heads and not any(name.startswith(":") for name, _ in self.heads[-1]) else []

    @property
    def status(self) -> int:
        """0 where no final head came."""
        return int(dict(self.fields).get(":status", "0"))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None


class Peer:
    """One side of a connection. It acknowledges SETTINGS and PING, and else only does what it is told."""

    def __init__(self, connection: socket.socket):
        self.socket = connection
        self.decoder = hpack.Decoder(max_header_list_size=1 << 22)
        self.buffer = bytearray()
        self.frames: list[Frame] = []
        self.messages: dict[int, Message] = {}
        #: What the other side announced.
        self.settings: dict[int, int] = {}
        self.goaway: Code | None = None
        self.is_closed = False
        self.acknowledges = True
        self._block = bytearray()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def close_both_ways(self) -> None:
        """Ends the connection while another thread may be reading from it."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def send(self, *parts: bytes) -> bool:
        """In one write; false if the other side has closed, as it may on what it refuses."""
        try:
            self.socket.sendall(b"".join(parts))
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def message(self, stream: int) -> Message:
        return self.messages.setdefault(stream, Message())

    def receive(self, count: int) -> bool:
        """Fills the buffer up to `count` bytes; false at the end."""
        while len(self.buffer) < count:
            try:
                received = self.socket.recv(1 << 18)
            except ConnectionResetError:
                received = b""
            if not received:
                self.is_closed = True
                return False
            self.buffer += received
        return True

    def read(self) -> Frame | None:
        """The next frame, with what follows from it; none at the end of the connection."""
        if not self.receive(9):
            return None
        high, low, kind, flags, stream = struct.unpack(">BHBBI", self.buffer[:9])
        length = high << 16 | low
        if not self.receive(9 + length):
            return None
        frame = Frame(kind, flags, stream & MAX_WINDOW, bytes(self.buffer[9 : 9 + length]))
        del self.buffer[: 9 + length]
        self.frames.append(frame)
        self._take(frame)
        return frame

    def _take(self, frame: Frame) -> None:
        if frame.kind == Type.SETTINGS and not frame.is_ack:
            self.settings |= dict(struct.iter_unpack(">HI", frame.payload))
            if self.acknowledges:
                self.send(settings(ack=True))
        elif frame.kind == Type.PING and not frame.is_ack and self.acknowledges:
            self.send(ping(frame.payload, ack=True))
        elif frame.kind == Type.GOAWAY:
            self.goaway = Code(struct.unpack(">I", frame.payload[4:8])[0])
        elif frame.kind == Type.RST_STREAM:
            self.message(frame.stream).reset = Code(struct.unpack(">I", frame.payload)[0])
        elif frame.kind in (Type.HEADERS, Type.CONTINUATION):
            self._block += frame.content
            if frame.flags & END_HEADERS:
                fields = self.decoder.decode(bytes(self._block), raw=True)
                self._block.clear()
                self.message(frame.stream).heads.append([(n.decode("latin-1"), v.decode("latin-1")) for n, v in fields])
        elif frame.kind == Type.DATA:
            self.message(frame.stream).body += frame.content
            self.message(frame.stream).sizes.append(len(frame.payload))
        if frame.ends_stream:
            self.message(frame.stream).ended = True

    def until(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> bool:
        """Reads until something is so, which is answered, or until the connection is at its end."""
        deadline = time.monotonic() + timeout
        while not condition():
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                if self.read() is None:
                    return condition()
            except TimeoutError:
                seen = [(f.kind, f.flags, f.stream, f.payload[:40]) for f in self.frames[-8:]]
                raise AssertionError(f"{timeout} s passed without {what}; the last that came: {seen}") from None
            finally:
                self.socket.settimeout(PATIENCE)
        return True

    def answer(self, stream: int = 1, timeout: float = PATIENCE) -> Message:
        """What came on a stream once it is over, or the connection is."""
        self.until(lambda: self.message(stream).is_over, f"an end of stream {stream}", timeout)
        return self.message(stream)

    def answers_ping(self, payload: bytes = b"barrier!") -> bool:
        """Whether the other side has taken everything that was sent before and goes on."""
        self.send(ping(payload))
        return self.until(
            lambda: any(frame.kind == Type.PING and frame.is_ack and frame.payload == payload for frame in self.frames),
            "an answer to PING",
        )

    def ends(self, timeout: float = PATIENCE) -> Code | None:
        """Waits for the end of the connection; the code that came before it, if there was one."""
        self.until(lambda: False, "an end of the connection", timeout)
        return self.goaway


class ClientPeer(Peer):
    """A client: the preface is sent and SETTINGS have been exchanged both ways."""

    def __init__(
        self, address: Address, *pairs: tuple[int, int], source: str | None = None, wrap: Callable | None = None
    ):
        connection = open_socket(address, source=source)
        super().__init__(wrap(connection) if wrap else connection)
        self.send(PREFACE, settings(*pairs))
        self.until(lambda: any(frame.is_ack for frame in self.frames) and bool(self.greeting), "SETTINGS")

    @property
    def greeting(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.kind == Type.SETTINGS and not frame.is_ack]

    def exchange(self, stream: int = 1, block: bytes | None = None, body: bytes | None = None) -> Message:
        """One request and its answer."""
        self.send(headers(stream, request() if block is None else block, end=body is None))
        if body is not None:
            self.send(data(stream, body, end=True))
        return self.answer(stream)


class ServerPeer(Peer):
    """A server that has read the preface of its client."""

    def __init__(self, accepted: socket.socket, *pairs: tuple[int, int]):
        super().__init__(accepted)
        self.send(settings(*pairs))
        if not self.receive(len(PREFACE)):
            return
        assert self.buffer.startswith(PREFACE), bytes(self.buffer[:64])
        del self.buffer[: len(PREFACE)]

    def requests(self) -> Iterable[int]:
        """The streams of whole requests, as they come."""
        told: set[int] = set()
        while True:
            if not self.until(lambda: any(m.ended and s not in told for s, m in self.messages.items()), "a request", 60):
                return
            for stream in [s for s, message in self.messages.items() if message.ended and s not in told]:
                told.add(stream)
                yield stream

    def respond(self, stream: int, body: bytes = b"hello", status: int = 200, *fields: tuple[Text, Text]) -> bool:
        return self.send(
            headers(stream, block([(":status", str(status)), *fields]), end=not body), data(stream, body, end=True) * bool(body)
        )


def answer_all(peer: ServerPeer) -> None:
    """An ordinary server."""
    for stream in peer.requests():
        peer.respond(stream)


class FrameUpstream:
    """Listens on loopback, one thread per connection; `serve` says what happens on it."""

    def __init__(self, serve: Callable[[ServerPeer], None] = answer_all):
        self.serve = serve
        self.peers: list[ServerPeer] = []
        self.failures: list[BaseException] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True, name="frame upstream")
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.settimeout(PATIENCE)
            threading.Thread(target=self._run, args=(accepted, self.serve), daemon=True).start()

    def _run(self, accepted: socket.socket, serve: Callable[[ServerPeer], None]) -> None:
        try:
            with ServerPeer(accepted) as peer:
                self.peers.append(peer)
                serve(peer)
        except OSError:
            pass
        except Exception as failure:  # which the test looks at
            self.failures.append(failure)

    def stop(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self._thread.join(PATIENCE)
        for peer in self.peers:
            peer.close_both_ways()
