"""A server of WebSockets built on the library `websockets`, which knows what it has seen."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from .wire import PATIENCE, Address

MiB = 1 << 20


def block(index: int) -> bytes:
    """A message of 1 MiB, like no other of its number."""
    return index.to_bytes(4, "big") * (MiB // 4)


@dataclass
class Visit:
    """One WebSocket as the server saw it."""

    connection: ServerConnection
    #: Fragments of messages, in order.
    fragments: list[list[str | bytes]] = field(default_factory=list)
    #: How many messages of a flood were sent.
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def code(self) -> int | None:
        """The code by which the WebSocket ended, 1006 without a Close frame; waits for the end."""
        assert self.ended.wait(PATIENCE), "the WebSocket is still open at the server"
        return self.connection.close_code

    @property
    def reason(self) -> str | None:
        return self.connection.close_reason


class WebSocketServer:
    """What happens on a WebSocket is chosen by the last segment of its target."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        #: What `sink` waits for.
        self.drink = threading.Event()
        self._news = threading.Condition()
        self._server = serve(
            self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=2, max_size=64 * MiB,
            subprotocols=["chat.v1", "chat.v2"],
            select_subprotocol=lambda _, offered: next((name for name in offered if name.startswith("chat.")), None))
        self.address: Address = self._server.socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="WebSockets")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def _serve(self, connection: ServerConnection) -> None:
        visit = Visit(connection)
        with self._news:
            self.visits.append(visit)
            self._news.notify_all()
        assert connection.request is not None
        deed, _, argument = connection.request.path.rpartition("/")[2].partition("?")
        try:
            getattr(self, f"_{deed}")(visit, argument)
        except ConnectionClosed:
            pass
        finally:
            connection.close()
            connection.wait_closed(PATIENCE)
            visit.ended.set()

    def _echo(self, visit: Visit, _: str) -> None:
        """Sends every message back in the fragments in which it came."""
        while True:
            fragments = list(visit.connection.recv_streaming())
            visit.fragments.append(fragments)
            visit.connection.send(fragments[0] if len(fragments) == 1 else fragments)

    def _close(self, visit: Visit, argument: str) -> None:
        """Says a word, and closes."""
        code, _, reason = argument.partition(",")
        visit.connection.send("about to close")
        visit.connection.close(int(code), reason)

    def _ping(self, visit: Visit, _: str) -> None:
        """Tells the client whether its pong came."""
        visit.connection.send("answered" if visit.connection.ping(b"are you there").wait(PATIENCE) else "in vain")
        for _ in visit.connection:
            pass

    def _flood(self, visit: Visit, argument: str) -> None:
        """Sends as many messages of 1 MiB as the client takes."""
        for index in range(int(argument)):
            visit.connection.send(block(index))
            visit.sent += 1

    def _sink(self, visit: Visit, argument: str) -> None:
        """Reads nothing until the test says so, then so many messages of 1 MiB."""
        assert self.drink.wait(PATIENCE)
        wrong = [index for index in range(int(argument)) if visit.connection.recv() != block(index)]
        visit.connection.send(f"wrong: {wrong}")

    def _vanish(self, visit: Visit, _: str) -> None:
        """Ends the connection without a Close frame, once something has come."""
        visit.connection.recv()
        visit.connection.socket.shutdown(socket.SHUT_RDWR)

    def visit(self, count: int) -> Visit:
        """The visit with this number, from 1, once it is there."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while len(self.visits) < count:
                assert self._news.wait(deadline - time.monotonic()), f"{len(self.visits)} WebSockets instead of {count}"
            return self.visits[count - 1]

    def stop(self) -> None:
        for visit in self.visits:
            visit.connection.close_socket()
        self._server.shutdown()
        self._thread.join(PATIENCE)
