"""The HTTP/1.1 corpora: lines of JSON with raw bytes and a verdict (see the README beside them)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Case:
    """One message, or run of messages, and what it ought to lead to."""

    identity: str
    kind: str
    expect: str
    data: bytes
    agree: int | None
    line: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.identity} [{self.kind}, {self.expect}, agree {self.agree}] {self.data[:160]!r}"


def wrapped(kind: str, data: bytes) -> bytes:
    """Cases of a part of a message, as a whole request."""
    host = b"Host: gateway.test\r\n"
    if kind == "chunked-body":
        return b"POST /part HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" + data
    if kind == "headers":
        return b"GET /part HTTP/1.1\r\n" + (b"" if b"host:" in data.lower() else host) + data
    if kind == "url":
        return b"GET " + data + b" HTTP/1.1\r\n" + host + b"\r\n"
    return data


def load(folder: Path, *kinds: str) -> list[Case]:
    """Every case of the given kinds, in file order."""
    cases = []
    for path in sorted((folder / "http1").glob("*.jsonl")):
        for text in path.read_text().splitlines():
            line = json.loads(text)
            if line["kind"] in kinds:
                data = base64.b64decode(line.get("host_b64") or line["raw_b64"])
                cases.append(
                    Case(line["id"], line["kind"], line["expect"], wrapped(line["kind"], data), line.get("agree"), line)
                )
    return cases
