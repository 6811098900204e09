"""Real clients, each asked the same way: what it sends is its own affair, what it was told comes back."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from .tls import World, parse_response, s_client
from .wire import Address, Response, parse_fields, request

#: How long a tool may take, in seconds.
LIMIT = 15


@dataclass
class Ask:
    """One request to a listener of the gateway."""

    world: World
    address: Address
    secure: bool
    method: str
    target: str
    fields: tuple[str, ...] = ()
    body: bytes = b""

    @property
    def scheme(self) -> str:
        return "https" if self.secure else "http"

    @property
    def url(self) -> str:
        """With the address as its authority."""
        return f"{self.scheme}://{self.address[0]}:{self.address[1]}{self.target}"


def run(command: list[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, input=stdin, capture_output=True, timeout=LIMIT)


def curl(*options: str) -> Callable[[Ask], Response]:
    def fetch(ask: Ask) -> Response:
        with tempfile.TemporaryDirectory() as home:
            port = 443 if ask.secure else 80
            command = [
                "curl", "-sS", *options, "--cacert", ask.world.authorities, "--max-time", str(LIMIT), "-X", ask.method,
                "--connect-to", f"gateway.test:{port}:{ask.address[0]}:{ask.address[1]}", "-D", f"{home}/head",
                "-o", f"{home}/body", *(part for field in ask.fields for part in ("-H", field)),
                f"{ask.scheme}://gateway.test{ask.target}",
            ]
            if ask.method == "HEAD":
                command.append("-I")
            if ask.body:
                command += ["-H", "Content-Type: application/octet-stream", "--data-binary", "@-"]
            done = run(command, ask.body)
            assert done.returncode == 0, done
            *_, last = Path(f"{home}/head").read_bytes().removesuffix(b"\r\n\r\n").split(b"\r\n\r\n")
            status_line, *lines = last.split(b"\r\n")
            version, status = status_line.decode().split(" ")[:2]
            body = Path(f"{home}/body")
            return Response(int(status), "", version, parse_fields(lines), body.read_bytes() if body.exists() else b"")
    return fetch


def nghttp(ask: Ask) -> Response:
    """Tells of frames; how long the body was is all that it says of it."""
    command = ["nghttp", "-nvy", "-t", str(LIMIT), "-H", f":method: {ask.method}", "-H", ":authority: gateway.test"]
    for field in ask.fields:
        command += ["-H", field]
    with tempfile.NamedTemporaryFile() as file:
        if ask.body:
            file.write(ask.body)
            file.flush()
            command += ["-d", file.name]
        done = run([*command, ask.url])
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode("latin-1"))
    lines = re.findall(r"recv \(stream_id=\d+(?:, sensitive)?\) (:?[^:\n]+): (.*)", text)
    statuses = [int(value) for name, value in lines if name == ":status" and not value.startswith("1")]
    assert len(statuses) == 1, (done.returncode, text[-3000:], done.stderr)
    length = sum(int(size) for size in re.findall(r"recv DATA frame <length=(\d+)", text))
    return Response(statuses[0], "", "HTTP/2", [line for line in lines if not line[0].startswith(":")], b"?" * length)


def openssl(ask: Ask) -> Response:
    said = s_client(
        ask.address, "-quiet", "-CAfile", ask.world.authorities, "-verify_return_error",
        send=request(ask.method, ask.target, *ask.fields, "Connection: close", body=ask.body))
    start = said.text.find("HTTP/1.1 ")
    assert start >= 0, said
    return parse_response(said.text[start:].encode("latin-1"), ask.method)


def httpx_client(http2: bool) -> Callable[[Ask], Response]:
    def fetch(ask: Ask) -> Response:
        # Without HTTP/1.1 it begins HTTP/2 with prior knowledge.
        with httpx.Client(http1=not http2, http2=http2, verify=ask.world.client(), timeout=LIMIT, trust_env=False) as client:
            split = [field.partition(":") for field in ask.fields]
            answer = client.request(
                ask.method, ask.url, content=ask.body or None, extensions={"sni_hostname": "gateway.test"},
                headers=[("Host", "gateway.test"), *((name, value.strip()) for name, _, value in split)])
            return Response(answer.status_code, "", answer.http_version, answer.headers.multi_items(), answer.content)
    return fetch


@dataclass
class Load:
    """What `h2load` counted."""

    text: str
    succeeded: int
    #: Without a good answer; a status of 4xx or 5xx is one of them.
    failed: int
    #: Without an answer at all.
    errored: int
    statuses: dict[str, int]


def h2load(url: str, *options: str, timeout: float = 60) -> Load:
    if shutil.which("h2load") is None:
        pytest.skip("h2load is not installed")
    done = subprocess.run(["h2load", *options, url], capture_output=True, timeout=timeout)
    text = done.stdout.decode("latin-1")
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    assert counts, (text, done.stderr)
    statuses = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    assert statuses, text
    return Load(text, int(counts[1]), int(counts[2]), int(counts[3]) + int(counts[4]), {
        f"{part + 1}xx": int(statuses[part]) for part in (1, 2, 3, 4)})
