"""A proxy that tunnels (RFC 9110 section 9.3.6) and forwards: to ports of this machine, whatever the name."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

from .wire import PATIENCE, Closed, Reader, Truncated, open_socket


class TunnelProxy:
    """Listens on loopback; one that `refuses` answers 407."""

    def __init__(self, *, refuses: bool = False):
        self.refuses = refuses
        #: "CONNECT idp.test:443" or "GET http://idp.test:80/", in the order of arrival.
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
            self._relay(client, Reader(client))
        except (OSError, Closed, Truncated):
            pass
        finally:
            client.close()

    def _relay(self, client: socket.socket, reader: Reader) -> None:
        method, target, head = self._read(reader)
        if self.refuses:
            client.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            return
        with open_socket(("127.0.0.1", urlsplit(target if "//" in target else f"//{target}").port or 80)) as server:
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
                return _copy(client, server)
            while True:
                # To the server goes the path alone (RFC 9112 section 3.2.1); there are no bodies.
                server.sendall(head.replace(target, urlsplit(target).path, 1).encode("latin-1"))
                method, target, head = self._read(reader)

    def _read(self, reader: Reader) -> tuple[str, str, str]:
        """The next request: its method, its target, and its whole head."""
        head = reader.until(b"\r\n\r\n").decode("latin-1")
        method, target = head.split(" ")[:2]
        self.requests.append(f"{method} {target}")
        return method, target, head

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
