"""Real proxies in front of the gateway, and the headers that they send."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from .process import free_port, stop_process
from .wire import PATIENCE, Address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_v1(source: str, destination: str = "192.0.2.1", port: int = 4711) -> bytes:
    """A header of version 1 of the PROXY protocol."""
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {port} 80\r\n".encode()


def proxy_v2(source: str | None, *, command: int = 1, family: int | None = None, values: bytes = b"") -> bytes:
    """A header of version 2; without `source` its addresses are unknown."""
    if source is None:
        kind, addresses = 0x00, b""
    elif ":" in source:
        kind, addresses = 0x21, socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "::1")
    else:
        kind, addresses = 0x11, socket.inet_aton(source) + socket.inet_aton("192.0.2.1")
    if source is not None:
        addresses += struct.pack("!HH", 4711, 80)
    payload = addresses + values
    kind = kind if family is None else family
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, kind, len(payload)) + payload


class FrontProxy:
    """HAProxy or nginx on a Unix-domain socket's or a port's behalf; usable as a context manager."""

    def __init__(self, command: list[str], address: Address):
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        self.address = address
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> FrontProxy:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(self.address, timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    assert self.process.stdout is not None
                    raise AssertionError(f"the proxy did not start: {self.process.stdout.read()!r}") from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        stop_process(self.process)


def haproxy(directory: Path, gateway: Address, server_options: str = "", mode: str = "tcp", extra: str = "") -> FrontProxy:
    port = free_port()
    host = f"{gateway[0]}:{gateway[1]}"
    configuration = directory / f"haproxy-{port}.cfg"
    configuration.write_text(
        f"global\n  maxconn 100\ndefaults\n  mode {mode}\n  timeout connect 5s\n  timeout client 15s\n  timeout server 15s\n"
        f"listen front\n  bind 127.0.0.1:{port}\n{extra}  server gateway {host} {server_options}\n"
    )
    return FrontProxy(["haproxy", "-db", "-f", str(configuration)], ("127.0.0.1", port))


def nginx(directory: Path, gateway: Address) -> FrontProxy:
    port = free_port()
    configuration = directory / f"nginx-{port}.conf"
    target = f"unix:{gateway}:" if isinstance(gateway, str) else f"{gateway[0]}:{gateway[1]}"
    temporary = "".join(
        f"  {name}_temp_path {directory}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"daemon off; master_process off; pid {directory}/nginx-{port}.pid; error_log stderr;\nevents {{}}\n"
        f"http {{\n{temporary}  access_log off;\n  server {{\n    listen 127.0.0.1:{port};\n    location / {{\n"
        f"      proxy_pass http://{target};\n      proxy_http_version 1.1;\n      proxy_set_header Host $http_host;\n"
        "      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
        "      proxy_set_header X-Forwarded-Proto https;\n      proxy_set_header X-Real-IP $remote_addr;\n"
        "      proxy_set_header X-Request-Id $request_id;\n    }\n  }\n}\n"
    )
    return FrontProxy(
        ["nginx", "-p", str(directory), "-e", "stderr", "-c", str(configuration)], ("127.0.0.1", port))
