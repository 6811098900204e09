"""Frames of WebSockets and their handshake (RFC 6455), byte by byte: what libraries do not show."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from dataclasses import dataclass
from typing import Any

from .upstream import Exchange, Message, Upstream
from .wire import Client, Reader, Response, request

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Frame:
    """One frame (section 5.2), its payload as it was before it was masked."""

    opcode: int
    payload: bytes = b""
    final: bool = True
    masked: bool = False

    def encode(self, *, mask: bool) -> bytes:
        """The frame on the wire; clients mask, servers do not."""
        first, length = self.opcode | (0x80 if self.final else 0), len(self.payload)
        bit = 0x80 if mask else 0
        if length < 126:
            head = bytes([first, bit | length])
        elif length < 1 << 16:
            head = bytes([first, bit | 126]) + struct.pack("!H", length)
        else:
            head = bytes([first, bit | 127]) + struct.pack("!Q", length)
        if not mask:
            return head + self.payload
        key = os.urandom(4)
        return head + key + masked(self.payload, key)

    @property
    def code(self) -> int | None:
        """The status code of a Close frame (section 5.5.1)."""
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


def masked(data: bytes, key: bytes) -> bytes:
    """Section 5.3; the same again takes it off."""
    whole = int.from_bytes((key * (len(data) // 4 + 1))[: len(data)], "big")
    return (int.from_bytes(data, "big") ^ whole).to_bytes(len(data), "big")


def close_frame(code: int, reason: bytes = b"") -> Frame:
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)


def read_frame(reader: Reader) -> Frame:
    """The next frame; `Closed` or `Truncated` where the connection ends instead."""
    first = reader.begin(2)
    length, key = first[1] & 0x7F, b""
    if length >= 126:
        length = int.from_bytes(reader.exactly(2 if length == 126 else 8), "big")
    if first[1] & 0x80:
        key = reader.exactly(4)
    payload = reader.exactly(length)
    return Frame(first[0] & 0x0F, masked(payload, key) if key else payload, bool(first[0] & 0x80), bool(key))


def new_key() -> str:
    return base64.b64encode(os.urandom(16)).decode()


def acceptance(key: str) -> str:
    """What answers a key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def handshake(target: str, *lines: str, key: str | None = None, **options: Any) -> bytes:
    """A client's handshake over HTTP/1.1 (section 4.1)."""
    return request(
        "GET", target, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key or new_key()}", *lines, **options)


class WebSocket:
    """One side of an open WebSocket; the client's masks."""

    def __init__(self, connection: Any, reader: Reader, *, masks: bool):
        self.socket, self.reader, self.masks = connection, reader, masks
        #: Bytes of frames sent.
        self.sent = 0

    def send(self, frame: Frame) -> None:
        self.send_bytes(frame.encode(mask=self.masks))

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def receive(self) -> Frame:
        frame = read_frame(self.reader)
        assert frame.masked != self.masks, f"masked by the wrong side: {frame}"
        return frame

    def expect_close(self, code: int) -> None:
        frame = self.receive()
        assert frame.opcode == CLOSE and frame.code == code, frame

    def expect_end(self) -> bytes:
        """Waits for the end of the connection; what came before it."""
        return self.reader.rest()


def open_websocket(client: Client, target: str, *lines: str) -> tuple[WebSocket, Response]:
    """Opens a WebSocket on a connection, and checks what the server answered (section 4.1)."""
    key = new_key()
    client.send(handshake(target, *lines, key=key))
    response = client.read_head()
    assert response.status == 101, (response, client.reader.buffer)
    assert response.get("sec-websocket-accept") == acceptance(key), response
    assert (response.get("upgrade") or "").lower() == "websocket", response
    assert (response.get("connection") or "").lower() == "upgrade", response
    return WebSocket(client.socket, client.reader, masks=True), response


def accept_websocket(exchange: Exchange, *lines: str) -> WebSocket:
    """Answers a handshake as a server does, from within the handler of an upstream."""
    key = exchange.message.get("sec-websocket-key")
    assert key, exchange.message
    exchange.send_head(
        101, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {acceptance(key)}", *lines)
    exchange.close()
    return WebSocket(exchange.connection.socket, exchange.connection.reader, masks=False)


class WebSocketUpstream(Upstream):
    """An upstream to which handshakes of WebSockets are requests like others, if they are well-formed."""

    def inspect(self, message: Message) -> None:
        if message.get("upgrade") is None:
            return super().inspect(message)
        assert message.get("upgrade") == "websocket", f"another upgrade: {message}"
        assert (message.get("connection") or "").lower() == "upgrade", f"Connection: {message}"
        assert message.method == "GET", f"a handshake that is no GET: {message}"
        assert len(base64.b64decode(message.get("sec-websocket-key") or "", validate=True)) == 16, f"key: {message}"
        assert not message.all("content-length") and not message.all("transfer-encoding"), f"framing: {message}"
        rest = [field for field in message.fields if field[0].lower() not in ("upgrade", "connection")]
        return super().inspect(Message(message.method, message.target, message.version, rest))
