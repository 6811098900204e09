"""One decision, whichever version asks: generated requests in both forms get the same status, reason and route."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.frames import ClientPeer, block, data, head
from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Message, Upstream
from harness.wire import Client, Closed, Truncated

COUNT = 400
#: What every part of a request is drawn from; most of it good.
METHODS = ["GET"] * 6 + ["HEAD", "PUT", "DELETE", "POST", "OPTIONS", "get", "TRACE", "PURGE", "G@T", "GE T", "GET/", ""]
PATHS = [
    "/", "/health", "/public/a", "/public/a/b/", "/status/", "/status", "/items/1", "/items/1/", "/items/%31", "/any", "/admin/x", "/edit",
    "/nowhere", "/public/../admin/x", "/public/%2e%2e/items/1", "/public/./a", "/public/../../a", "/public/a%2Fb", "/public//a",
    "//public/a", "/items/a;b", "/items/%2e", "/public/%00", "/public/%zz", "/public/%", "/public/\\a", "/public/a#b", "/public/é",
    "/public/\x7f", "/public/a b", "/public/a?b=c", "/public/a?b=%00", "/items/1?a=/../admin", "/public/%252e%252e/a", "/public/%C0%AF",
    "/public/" + "a" * 9000, "*", "public/a", "",
]
HOSTS = ["gateway.test"] * 8 + ["GATEWAY.TEST", "gateway.test.", "gateway.test:80", "gateway.test:8080", "[::1]", "127.0.0.1", "a_b",
         "a@b", "a b", "a/b", "a,b", "a:99999", "a:b", ":80", "[::1", "a?b"]
VALUES = ["1", "", "a b", "a\tb", "a, b", "\"a\"", "\xe9", "a" * 1000, "a" * 17_000, "a\x01b", "a\x7fb"]
NAMES = ["x-a", "x-b", "accept", "user-id", "x_a", "x!a", "1", "x a", "x(a", "x\x7f"]
#: Fields that mean something to the gateway.
MEANING = [
    ("authorization", "Basic YTpi"), ("authorization", "Bearer"), ("authorization", "Bearer a b"), ("authorization", "DPoP a"),
    ("x-forwarded-for", "192.0.2.1"), ("x-request-id", "mine"), ("forwarded", "for=a"), ("cookie", "a=b"), ("range", "bytes=0-1"),
    ("expect", "100-continue"), ("expect", "nonsense"), ("content-length", "0"), ("x-http-method-override", "DELETE"),
    ("max-forwards", "0"), ("origin", "https://app.test"), ("access-control-request-method", "PUT"), ("content-type", "application/grpc"),
]


@dataclass
class Asked:
    """A request in the terms that both versions share."""

    method: str
    path: str
    host: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None

    @property
    def http1(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}", *(f"{name}: {value}" for name, value in self.fields)]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("Connection: close")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (self.body or b"")

    @property
    def http2(self) -> bytes:
        pseudo = [(":method", self.method), (":scheme", "http"), (":path", self.path), (":authority", self.host)]
        length = [] if self.body is None else [("content-length", str(len(self.body)))]
        frames = head(1, block([*pseudo, *self.fields, *length]), end=self.body is None)
        return frames + (b"" if self.body is None else data(1, self.body, end=True))


def generate(seed: int, tokens: list[str]) -> list[Asked]:
    """Each token, each path and each host once, and then mixtures."""
    chance = random.Random(seed)
    made = [Asked("GET", "/items/1", "gateway.test", [("authorization", f"Bearer {token}")]) for token in tokens]
    made += [Asked("GET", path, "gateway.test") for path in PATHS]
    made += [Asked("GET", "/public/a", host) for host in dict.fromkeys(HOSTS)]
    while len(made) < COUNT:
        asked = Asked(chance.choice(METHODS), chance.choice(PATHS), chance.choice(HOSTS))
        if chance.random() < 0.6:
            asked.path = chance.choice(PATHS[:13])
        for _ in range(chance.randrange(4)):
            asked.fields.append(
                chance.choice(MEANING) if chance.random() < 0.5 else (chance.choice(NAMES[:4] * 4 + NAMES), chance.choice(VALUES)))
        if chance.random() < 0.5:
            asked.fields.append(("authorization", f"Bearer {chance.choice(tokens)}"))
        if asked.method in ("PUT", "POST", "DELETE") and ("content-length", "0") not in asked.fields:
            asked.body = b"x" * chance.choice([0, 1, 5000])
        made.append(asked)
    return made


@dataclass
class Decided:
    """What the client saw, what the log says, and what the upstream saw."""

    status: int
    line: dict[str, Any]
    seen: list[tuple[str, str, bytes, list[tuple[str, str]]]]

    def agrees(self, other: Decided, *, faults: bool) -> bool:
        """Where a message has several `faults`, each version says which it met first; it is rejected in both."""
        if (self.line["decision"], other.line["decision"]) == ("reject", "reject"):
            return faults or (self.answer, self.line["reason"]) == (other.answer, other.line["reason"])
        keys = ("decision", "reason", "route", "path", "host")
        return (self.status, self.seen, *map(self.line.get, keys)) == (other.status, other.seen, *map(other.line.get, keys))

    @property
    def answer(self) -> int:
        """What is malformed gets no answer over HTTP/2 (RFC 9113 §8.1.1), and a 400 over HTTP/1.1."""
        return self.status or 400


#: Fields that differ from one request to the next, or by design between the versions.
VARYING = {"x-request-id", "x-forwarded-for", "via", "traceparent", "content-length", "transfer-encoding"}


def essence(message: Message) -> tuple[str, str, bytes, list[tuple[str, str]]]:
    fields = sorted((name.lower(), value) for name, value in message.fields if name.lower() not in VARYING)
    return message.method, message.target, message.body, fields


@dataclass
class Sent:
    """A request in one form, from an address of its own, and the status that came."""

    asked: Asked
    version: int
    address: str
    status: int = 0

    def send(self, gateway: Gateway) -> None:
        if self.version == 2:
            with ClientPeer(gateway.address, source=self.address) as peer:
                peer.send(self.asked.http2)
                self.status = peer.answer().status
            return
        with Client(gateway.address, source=self.address) as client:
            client.send_leniently(self.asked.http1)
            try:
                self.status = client.read_response(self.asked.method).status
            except (Closed, Truncated):
                pass


def decide(gateway: Gateway, upstream: Upstream, requests: list[Asked]) -> Iterator[tuple[Asked, Decided, Decided]]:
    """Asks for all of them in both forms."""
    sent = [
        Sent(asked, version, f"127.{210 + version}.{index // 250 + 1}.{index % 250 + 1}")
        for index, asked in enumerate(requests) for version in (1, 2)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: one.send(gateway), sent))
    lines = {line["remote_ip"]: line for line in gateway.wait_for_log_count(len(sent))}
    decided = [
        Decided(one.status, lines[one.address], [essence(m) for m in upstream.messages_from(one.address) if m.complete])
        for one in sent
    ]
    yield from zip(requests, decided[::2], decided[1::2], strict=True)


@pytest.fixture(scope="module")
def tokens(mint: Mint) -> list[str]:
    return [
        mint.token("items:read"), mint.token("items:read items:write"), mint.token("me"), mint.token(None, roles=["admin"]),
        mint.token(None, roles=["viewer"]), mint.token(exp=1), mint.token(aud="other"), mint.token(iss="https://other.test/"), "abc",
    ]


def is_stricter_by_rule(asked: Asked) -> bool:
    """HTTP/2 refuses control characters in values (RFC 9113 §8.2.1), which HTTP/1.1 lets pass (RFC 9110 §5.5)."""
    return any(character in "\x01\x7f" for _, value in asked.fields for character in value)


@pytest.mark.timeout(120)
def test_both_versions_get_the_same_decision(gateway: Gateway, shared_upstream: Upstream, tokens: list[str]) -> None:
    requests, decisions, differences = generate(20261124, tokens), set(), []
    for index, (asked, first, second) in enumerate(decide(gateway, shared_upstream, requests)):
        decisions |= {first.line["reason"], second.line["reason"]}
        same = first.agrees(second, faults=index >= len(tokens) + len(PATHS) + len(set(HOSTS)))
        stricter = is_stricter_by_rule(asked) and second.line["reason"] == "bad_request" and not second.seen
        if not same and not stricter:
            differences.append(f"- {str(asked)[:400]}\n  HTTP/1.1: {first}\n  HTTP/2:   {second}")
    assert not differences, f"{len(differences)} of {COUNT}:\n" + "\n".join(differences[:20])
    # The test is worth something only if it reaches all kinds of decisions.
    assert {"allowed", "public", "no_token", "insufficient_scope", "insufficient_role", "expired", "wrong_audience", "unknown_issuer",
            "malformed_token", "no_route", "method_not_allowed", "ambiguous_path", "bad_request", "head_too_large", "target_too_long",
            "expectation_failed"} <= decisions, decisions
