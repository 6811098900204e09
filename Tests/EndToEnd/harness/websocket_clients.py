"""The ways by which a WebSocket reaches the gateway; what comes out is a socket of HTTP/1.1 in all of them."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .tls import World
from .tls import connect as connect_tls
from .websocket_bridge import Bridge
from .wire import PATIENCE, Address, open_socket

#: HTTP/1.1 and HTTP/2, without and with TLS.
WAYS = ["h1", "h1s", "h2c", "h2"]


class Reached:
    """A connection of a client; `socket` is what it writes its handshake into."""

    def __init__(self, way: str, listeners: list[Address], world: World):
        """The first of the listeners is without TLS, the second with it."""
        self.bridge: Bridge | None = None
        self._secure: ssl.SSLSocket | None = None
        if way in ("h1s", "h2"):
            self._secure = connect_tls(listeners[1], world.client("http/1.1" if way == "h1s" else "h2"))
        if way in ("h2c", "h2"):
            self.bridge = Bridge(self._secure or listeners[0])
            self.socket = self.bridge.near
        else:
            self.socket = tunnel(self._secure) if self._secure else open_socket(listeners[0])

    def abort(self) -> None:
        """Goes away without a word of WebSocket or TLS."""
        if self.bridge is not None:
            return self.bridge.abort()
        try:
            (self._secure or self.socket).shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self.socket.close()


def tunnel(secure: ssl.SSLSocket) -> socket.socket:
    """A socket whose bytes go through `secure`, so that only one thread uses that: OpenSSL takes no two at once."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    for end in (secure, far):
        end.setblocking(False)
    threading.Thread(target=_pump, args=(secure, far), daemon=True, name="TLS").start()
    return near


def _pump(secure: ssl.SSLSocket, far: socket.socket) -> None:
    up = down = b""
    try:
        while True:
            read_any = False
            for source in (far, secure):
                if up if source is far else down:
                    continue
                data = _attempt(source.recv, 65536)
                if data == b"":
                    return
                read_any = read_any or data is not None
                up, down = (data or up, down) if source is far else (up, data or down)
            up, down = up[_attempt(secure.send, up) or 0 :] if up else up, down[_attempt(far.send, down) or 0 :]
            if not read_any:
                reads = [end for end, waiting in ((far, up), (secure, down)) if not waiting]
                select.select(reads, [end for end, waiting in ((secure, up), (far, down)) if waiting], [], PATIENCE)
    except OSError:
        pass
    finally:
        secure.close()
        far.close()


def _attempt(deed: Any, argument: Any) -> Any:
    """What it returns, or None where it would have to wait."""
    try:
        return deed(argument)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None


def open_library(connection: socket.socket, target: str, token: str | None = None, **options: Any) -> ClientConnection:
    """A WebSocket of the library `websockets` on a connection that is there already."""
    fields = {"Authorization": f"Bearer {token}"} if token else None
    return connect(
        f"ws://gateway.test{target}", sock=connection, additional_headers=fields,
        **{"legacy": True, "ping_interval": None, "close_timeout": 2, "max_size": 64 << 20, "open_timeout": PATIENCE} | options)
