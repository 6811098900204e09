"""A proxy that tunnels (RFC 9110 section 9.3.6) and forwards, and remembers what it was asked for."""

from __future__ import annotations

import base64
import socket
import threading
from urllib.parse import urlsplit

from .wire import PATIENCE, Closed, Reader, Truncated, open_socket


class TunnelProxy:
    """Listens on loopback; with `credentials` ("name:secret"), whoever does not give them is answered 407."""

    def __init__(self, credentials: str | None = None):
        self.credentials = credentials
        #: "CONNECT 127.0.0.1:443" or "GET http://127.0.0.1:80/", in the order of arrival.
        self.requests: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True, name="proxy").start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="proxy connection").start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        try:
            head = Reader(client).until(b"\r\n\r\n").decode("latin-1")
            method, target = head.split(" ")[:2]
            self.requests.append(f"{method} {target}")
            if self.credentials is not None:
                wanted = base64.b64encode(self.credentials.encode()).decode()
                if f"\r\nproxy-authorization: basic {wanted}\r\n".lower() not in head.lower():
                    client.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
                    return
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                server = open_socket((host.strip("[]"), int(port)))
                client.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
            else:
                url = urlsplit(target)
                server = open_socket((url.hostname or "", url.port or 80))
                server.sendall(head.replace(target, url.path, 1).encode("latin-1"))
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join(PATIENCE)
        except (OSError, Closed, Truncated, ValueError):
            pass
        finally:
            client.close()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> TunnelProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until the end of one of them, which is passed on."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            end.close()
