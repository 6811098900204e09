"""TLS from the outside: contexts for clients and upstreams of a test, and the tool `openssl s_client`."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from .certificates import Authority, Identity
from .wire import PATIENCE, Address, Client, Reader, Response, open_socket

#: What `openssl s_client` needs so that it really offers what is long out of use.
LENIENT = ["-cipher", "ALL:@SECLEVEL=0"]


class World:
    """An authority, and the files that processes of a test read; one for the whole run."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.authority = Authority()
        self.authorities = str(directory / "authority.pem")
        Path(self.authorities).write_bytes(self.authority.pem)
        self.gateway = self.authority.issue("gateway.test", "127.0.0.1")
        self.upstream = self.authority.issue("upstream.test", "127.0.0.1")
        self.entry = self.gateway.write(directory, "gateway")

    def listener(self, *entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A listener with TLS on an ephemeral port; `changes` are keys of its `tls`."""
        return {"address": "127.0.0.1:0", "tls": {"certificates": list(entries or (self.entry,))} | changes}

    def client(self, *protocols: str, identity: Identity | None = None, verify: bool = True) -> ssl.SSLContext:
        """What a client is made of that trusts the authority and offers `protocols` (ALPN)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.authorities)
        if not verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(list(protocols))
        if identity is not None:
            self.load(context, identity)
        return context

    def server(self, *protocols: str, identity: Identity | None = None, clients: str | None = None) -> ssl.SSLContext:
        """What an upstream is made of; with `clients`, those must show a certificate of these authorities."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.load(context, identity or self.upstream)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        if clients is not None:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def load(self, context: ssl.SSLContext, identity: Identity) -> None:
        name = f"loaded-{identity.certificate.serial_number:x}"
        identity.write(self.directory, name)
        context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")


def connect(
    address: Address, context: ssl.SSLContext, name: str | None = "gateway.test", *, first: bytes = b"",
    session: ssl.SSLSession | None = None,
) -> ssl.SSLSocket:
    """A connection inside TLS; `first` goes before it, in cleartext; without `name`, none is sent."""
    connection = open_socket(address)
    try:
        if first:
            connection.sendall(first)
        return context.wrap_socket(connection, server_hostname=name, session=session)
    except BaseException:
        connection.close()
        raise


def over(connection: Any) -> Client:
    """The HTTP/1.1 client of the other tests, on a connection that is there already."""
    client = Client.__new__(Client)
    client.socket, client.reader = connection, Reader(connection)
    return client


class Fragmented:
    """TLS over a socket whose first flight goes out as the test cuts it."""

    def __init__(self, address: Address, context: ssl.SSLContext, name: str):
        self.socket = open_socket(address)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.hello = self.outgoing.read()

    def finish(self) -> ssl.SSLObject:
        """The rest of the handshake."""
        while True:
            try:
                self.tls.do_handshake()
                self.socket.sendall(self.outgoing.read())
                return self.tls
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                if not self._receive():
                    raise ssl.SSLEOFError("the connection ended inside the handshake") from None

    def exchange(self, data: bytes) -> bytes:
        """Sends a request, and reads until the end of the connection."""
        self.tls.write(data)
        self.socket.sendall(self.outgoing.read())
        received = bytearray()
        while True:
            try:
                piece = self.tls.read(65536)
                if not piece:
                    return bytes(received)
                received += piece
            except ssl.SSLWantReadError:
                if not self._receive():
                    return bytes(received)
            except ssl.SSLZeroReturnError:
                return bytes(received)

    def _receive(self) -> bool:
        data = self.socket.recv(65536)
        self.incoming.write(data)
        return bool(data)


def records(hello: bytes, size: int) -> bytes:
    """The handshake message of one record, in records of at most `size` bytes (RFC 8446 section 5.1)."""
    kind, version, message = hello[:1], hello[1:3], hello[5:]
    pieces = [message[start:start + size] for start in range(0, len(message), size)]
    return b"".join(kind + version + len(piece).to_bytes(2, "big") + piece for piece in pieces)


class Said:
    """What `openssl s_client` printed."""

    def __init__(self, text: str, status: int):
        self.text, self.status = text, status

    def __repr__(self) -> str:
        return f"status {self.status}: {self.text[-3000:]}"

    @property
    def connected(self) -> bool:
        """Whether there was a handshake to its end."""
        return bool(re.search(r"^(New|Reused), TLSv1", self.text, re.M))

    @property
    def resumed(self) -> bool:
        assert self.connected, self
        return bool(re.search(r"^Reused, ", self.text, re.M))

    @property
    def version(self) -> str | None:
        found = re.search(r"^(?:New|Reused), (TLSv[0-9.]+)", self.text, re.M)
        return found[1] if found and "(NONE)" not in found[0] else None

    @property
    def certificate(self) -> bytes:
        """The server's certificate, as DER."""
        found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", self.text, re.S)
        assert found, self
        return ssl.PEM_cert_to_DER_cert(found[0])

    @property
    def http_status(self) -> int | None:
        found = re.search(r"^HTTP/1\.1 (\d{3}) ", self.text, re.M)
        return int(found[1]) if found else None


def s_client(
    address: Address, *options: str, send: bytes = b"", name: str | None = "gateway.test", timeout: float = 10
) -> Said:
    """Runs `openssl s_client`, which sends `send` and reads until the gateway closes."""
    binary = shutil.which("openssl")
    if binary is None:
        pytest.skip("openssl is not installed")
    named = ["-servername", name] if name else ["-noservername"]
    command = [binary, "s_client", "-connect", f"{address[0]}:{address[1]}", *named, "-ign_eof", *options]
    done = subprocess.run(command, input=send, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    return Said(done.stdout.decode("latin-1"), done.returncode)


def parse_response(data: bytes, method: str = "GET") -> Response:
    """A response of HTTP/1.1 that a tool printed; interim ones before it are noted."""
    left, right = socket.socketpair()
    with left, right:
        right.settimeout(PATIENCE)
        left.settimeout(PATIENCE)
        threading.Thread(target=lambda: (left.sendall(data), left.shutdown(socket.SHUT_WR)), daemon=True).start()
        return over(right).read_response(method)
