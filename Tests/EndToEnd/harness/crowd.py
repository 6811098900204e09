"""Thousands of streams at once, on one thread: their clients, and the upstream behind the gateway."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import resource
import threading
from collections.abc import Coroutine
from typing import Any

from .wire import PATIENCE, Address, parse_fields

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def allow_descriptors(count: int) -> None:
    """Lets this process, and those that it starts from now on, have `count` descriptors open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


def text_frame(text: str, mask: bytes = b"") -> bytes:
    """A short WebSocket message (RFC 6455 section 5.2), masked as clients must."""
    payload = text.encode()
    assert len(payload) < 126
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
    return bytes([0x81, (0x80 if mask else 0) | len(payload)]) + mask + masked


class LoopThread:
    """An event loop on a thread of its own; a context manager."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True, name="crowd")

    def __enter__(self) -> LoopThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any], timeout: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)


class CrowdConnection(asyncio.Protocol):
    """A connection at the upstream: an event stream, or a WebSocket that echoes; anything else gets a short answer."""

    def __init__(self, upstream: CrowdUpstream):
        self.upstream, self.received, self.is_websocket = upstream, bytearray(), False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.upstream.open.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.upstream.open.discard(self)
        self.upstream.streams.pop(self, None)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.is_websocket:
            return self._echo()
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            request_line, *lines = bytes(self.received[:end]).split(b"\r\n")
            del self.received[:end + 4]
            self._answer(request_line.split(b" ")[1].decode(), dict(parse_fields(lines)))

    def _answer(self, target: str, fields: dict[str, str]) -> None:
        fields = {name.lower(): value for name, value in fields.items()}
        name = target.rpartition("/")[2]
        if fields.get("upgrade") == "websocket":
            accept = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest())
            self.is_websocket = True
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        elif fields.get("accept") == "text/event-stream":
            self.upstream.streams[self] = name
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.tell("begin")
        else:
            self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode())

    def tell(self, word: str) -> None:
        """Sends the event stream an event that is for it alone."""
        event = f"data: {word} {self.upstream.streams[self]}\n\n".encode()
        self.transport.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")

    def _echo(self) -> None:
        while len(self.received) >= 6 and len(self.received) >= (end := 6 + (self.received[1] & 0x7F)):
            mask, masked = self.received[2:6], self.received[6:end]
            assert self.received[0] == 0x81 and self.received[1] & 0x80
            self.transport.write(text_frame(bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)).decode()))
            del self.received[:end]


class CrowdUpstream:
    """Listens on loopback; `url` is for the configuration."""

    def __init__(self, loop: LoopThread):
        self.loop = loop
        self.open: set[CrowdConnection] = set()
        #: The event streams, and the last segment of the path of each.
        self.streams: dict[CrowdConnection, str] = {}
        self.server = loop.run(self._listen())
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: CrowdConnection(self), "127.0.0.1", 0, backlog=1024)

    def tell_all(self, word: str) -> None:
        async def tell() -> None:
            for connection in list(self.streams):
                connection.tell(word)
        self.loop.run(tell())

    def stop(self) -> None:
        async def stop() -> None:
            self.server.close()
            for connection in list(self.open):
                connection.transport.abort()
        self.loop.run(stop())


class Member(asyncio.Protocol):
    """A client that has one stream; `received` is what came on it and has not been taken."""

    def __init__(self) -> None:
        self.received, self.lost, self._news = bytearray(), False, asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
        self._news.set()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self._news.set()

    async def expect(self, end: bytes) -> bytes:
        """What comes until `end`, with it."""
        while (at := self.received.find(end)) < 0:
            assert not self.lost, f"lost before {end!r}: {bytes(self.received)!r}"
            self._news.clear()
            await self._news.wait()
        taken = bytes(self.received[:at + len(end)])
        del self.received[:at + len(end)]
        return taken


class Crowd:
    """Event streams and WebSockets through a gateway, each on a connection of its own."""

    def __init__(self, loop: LoopThread, address: Address, token: str, *, streams: int, websockets: int):
        self.loop, self.address, self.token = loop, address, token
        self.streams, self.websockets = streams, websockets
        self.members: list[Member] = []

    def open(self) -> None:
        """Opens all of them, 100 at a time; each has got its head, and an event stream its first event."""
        self.members = self.loop.run(self._together([self._open(index) for index in range(self.count)]))

    @property
    def count(self) -> int:
        return self.streams + self.websockets

    async def _together(self, work: list[Coroutine[Any, Any, Any]]) -> list[Any]:
        gate = asyncio.Semaphore(100)

        async def one(part: Coroutine[Any, Any, Any]) -> Any:
            async with gate:
                return await asyncio.wait_for(part, PATIENCE)

        results = await asyncio.gather(*(one(part) for part in work), return_exceptions=True)
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure
        return results

    async def _open(self, index: int) -> Member:
        host, port = self.address
        _, member = await asyncio.get_running_loop().create_connection(Member, host, port)
        head = f"GET /items/{index} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {self.token}\r\n"
        if index < self.streams:
            member.transport.write(f"{head}Accept: text/event-stream\r\n\r\n".encode())
            answer = await member.expect(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            await self._expect_event(member, "begin", index)
        else:
            key = base64.b64encode(os.urandom(16)).decode()
            member.transport.write(
                f"{head}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
            answer = await member.expect(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            assert base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()) in answer
        return member

    async def _expect_event(self, member: Member, word: str, index: int) -> None:
        event = f"data: {word} {index}\n\n".encode()
        await member.expect(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        assert not member.received, bytes(member.received)

    def use(self, upstream: CrowdUpstream, word: str) -> None:
        """An event passes on each event stream, and a message there and back on each WebSocket."""
        async def echo(member: Member, index: int) -> None:
            member.transport.write(text_frame(f"{word} {index}", os.urandom(4)))
            assert await member.expect(text_frame(f"{word} {index}")) == text_frame(f"{word} {index}")

        upstream.tell_all(word)
        self.loop.run(self._together([
            self._expect_event(member, word, index) if index < self.streams else echo(member, index)
            for index, member in enumerate(self.members)]))

    def close(self) -> None:
        """Ends every connection."""
        async def close() -> None:
            for member in self.members:
                member.transport.close()
        self.loop.run(close())
