"""Rules 4 to 9, 11 and 12 of security.md where HTTP/2 meets HTTP/1.1: a message has one reading, or it does not cross.

What a client sends reaches the upstream as the one request that was decided on, or not at all. What an upstream sends reaches
the client as one response, and no connection is of a different opinion than the gateway about where that ends.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.frames import (
    ClientPeer, Code, FrameUpstream, ServerPeer, Text, block, data, headers, request, rst_stream,
)
from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import HOP_BY_HOP, Exchange, Message, Upstream, echo
from harness.wire import Closed, Truncated
from harness.wire import request as http1_request

Fields = list[tuple[Text, Text]]

#: What a smuggler would have the upstream read: its path tells.
SMUGGLED = "GET /admin/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
ROUTES: list[dict[str, Any]] = [
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "admin", "path": "/admin/{rest...}", "roles": ["admin"]},
    {"id": "identity", "path": "/identity", "authenticated": True, "identity_headers": {"X-User": "subject"}},
    {"id": "server", "path": "*", "methods": ["OPTIONS"], "authenticated": True},
]
SOURCES = itertools.count()


@pytest.fixture(scope="module")
def front(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES)


@dataclass
class Case:
    """A request and what must come of it."""

    head: Fields
    body: list[bytes] | None = None
    trailers: Fields | None = None
    #: `malformed` ends the stream with PROTOCOL_ERROR; `refused` may as well be an answer; `one` reaches the upstream once;
    #: `either` may be refused, or reach the upstream once.
    expect: str = "malformed"
    method: str = "GET"
    target: str = "/public/h2"
    #: What of the body may have crossed as a whole request before the fault came; else none may.
    crosses: bytes | None = None
    #: What the upstream sees of these fields, which is nothing where they are empty.
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def frames(self) -> bytes:
        parts = [headers(1, block(self.head), end=self.body is None and self.trailers is None)]
        for index, part in enumerate(self.body or []):
            parts.append(data(1, part, end=self.trailers is None and index == len(self.body or []) - 1))
        if self.trailers is not None:
            parts.append(headers(1, block(self.trailers)))
        return b"".join(parts)


def pseudo(method: Text = "GET", path: Text = "/public/h2", authority: Text | None = "gateway.test", scheme: Text = "http") -> Fields:
    start: Fields = [(":method", method), (":scheme", scheme), (":path", path)]
    return start if authority is None else [*start, (":authority", authority)]


def malformed(*fields: tuple[Text, Text], **options: Any) -> Case:
    return Case([*pseudo(), *fields], **options)


def one(*fields: tuple[Text, Text], start: Fields | None = None, **options: Any) -> Case:
    return Case([*(start or pseudo()), *fields], expect="one", **options)


def refused(start: Fields, *fields: tuple[Text, Text], **options: Any) -> Case:
    return Case([*start, *fields], expect="refused", **options)


def posted(*fields: tuple[Text, Text], body: list[bytes], **options: Any) -> Case:
    return Case([*pseudo("POST"), *fields], body=body, method="POST", **options)


def injections() -> Iterator[tuple[str, Case]]:
    """Line ends and NUL at every place that becomes part of a line."""
    for name, end in {"CRLF": "\r\n", "LF": "\n", "CR": "\r", "NUL": "\0"}.items():
        lines = end + "Transfer-Encoding: chunked" + end + end + SMUGGLED
        places: dict[str, Fields] = {
            "a value": [*pseudo(), ("x-a", "b" + lines)],
            "the end of a value": [*pseudo(), ("x-a", "b" + end)],
            "the start of a value": [*pseudo(), ("x-a", end + "b")],
            "a name": [*pseudo(), ("x-a" + lines, "b")],
            "a name with a colon": [*pseudo(), ("x-a: b" + end + "x-c", "d")],
            "the method": pseudo(method="GET /public/a HTTP/1.1" + lines),
            "the path": pseudo(path="/public/h2 HTTP/1.1" + lines),
            "the authority": pseudo(authority="gateway.test" + lines),
            "the scheme": pseudo(scheme="http" + lines),
            "host": [*pseudo(authority=None), ("host", "gateway.test" + lines)],
            "a cookie": [*pseudo(), ("cookie", "a=b" + lines)],
        }
        for place, fields in places.items():
            yield f"{name} in {place}", Case(fields)


TOKENS = {"a space": "x a", "a colon": "x:a", "an upper-case letter": "X-A", "a tab": "x\ta", "a parenthesis": "x(a", "an umlaut": "x-ä",
          "DEL": "x\x7fa", "a space at its end": "content-length ", "nothing": ""}
LENGTHS = {"more than it": "5", "less than it": "3", "a sign": "+4", "a minus": "-4", "hex": "0x4", "a list": "4, 4", "text": "four",
           "nothing": "", "more than fits": "18446744073709551620", "a semicolon": "4;"}

CASES: dict[str, Case] = {
    **dict(injections()),
    **{f"a name with {what}": malformed((name, "b")) for what, name in TOKENS.items()},
    **{f"a length that says {what}": posted(("content-length", value), body=[b"test"]) for what, value in LENGTHS.items()},
    # Fields for one connection (RFC 9113 §8.2.2)
    "transfer-encoding": posted(("transfer-encoding", "chunked"), body=[b"0\r\n\r\n" + SMUGGLED.encode()]),
    "transfer-encoding without a body": malformed(("transfer-encoding", "chunked")),
    "connection: close": malformed(("connection", "close")),
    "connection that names a field": malformed(("connection", "x-a"), ("x-a", "b")),
    "connection that names a managed field": malformed(("connection", "x-forwarded-for")),
    "keep-alive": malformed(("keep-alive", "timeout=5")),
    "proxy-connection": malformed(("proxy-connection", "keep-alive")),
    "upgrade: h2c": malformed(("upgrade", "h2c"), ("http2-settings", "AAMAAABk")),
    "upgrade: websocket": malformed(("upgrade", "websocket")),
    "te: gzip": malformed(("te", "gzip")),
    "te: trailers, gzip": malformed(("te", "trailers, gzip")),
    "te: trailers": one(("te", "trailers")),
    "http2-settings": one(("http2-settings", "AAMAAABk"), fields={"http2-settings": []}),
    "fields for a proxy": one(("proxy-authorization", "Basic YTpi"), ("proxy-authenticate", "Basic"),
                              fields={"proxy-authorization": [], "proxy-authenticate": []}),
    # Length and content (RFC 9113 §8.1.1)
    "the right length": posted(("content-length", "4"), body=[b"te", b"st"], expect="one"),
    "the right length with zeros": posted(("content-length", "004"), body=[b"test"], expect="either"),
    "the right length twice": posted(("content-length", "4"), ("content-length", "4"), body=[b"test"]),
    "two lengths": posted(("content-length", "4"), ("content-length", "5"), body=[b"test"]),
    "no content, but a length": malformed(("content-length", "4")),
    "content after what the length says": posted(("content-length", "4"), body=[b"test", SMUGGLED.encode()], crosses=b"test"),
    "the end comes alone": posted(("content-length", "4"), body=[b"test", b""], expect="one"),
    "the end comes too early": posted(("content-length", "4"), body=[b"te", b""]),
    "a body that looks chunked": posted(body=[b"0\r\n\r\n" + SMUGGLED.encode()], expect="one"),
    "a body that looks chunked, with a length": posted(
        ("content-length", str(5 + len(SMUGGLED))), body=[b"0\r\n\r\n" + SMUGGLED.encode()], expect="one"),
    "GET with a body": Case(pseudo(), body=[SMUGGLED.encode()], expect="one"),
    "HEAD with a body": Case(pseudo("HEAD"), body=[SMUGGLED.encode()], expect="one", method="HEAD"),
    "DELETE with a body": Case(pseudo("DELETE"), body=[SMUGGLED.encode()], expect="one", method="DELETE"),
    "an empty body": Case(pseudo("POST"), body=[b""], expect="one", method="POST"),
    # The path
    "no path": Case(pseudo(path="")),
    "a path without its slash": Case(pseudo(path="public/h2")),
    "a path that is a URL": Case(pseudo(path="http://gateway.test/public/h2")),
    "* for GET": Case(pseudo(path="*")),
    "* for OPTIONS": refused(pseudo("OPTIONS", "*")),
    "a path with a space": Case(pseudo(path="/public/a b")),
    "a path with a version": Case(pseudo(path="/public/h2 HTTP/1.1")),
    "a path with a fragment": refused(pseudo(path="/public/h2#/../../admin/smuggled")),
    "a path with an authority": refused(pseudo(path="//evil.test/public/h2")),
    "a path with a backslash": refused(pseudo(path="/public\\..\\admin\\smuggled")),
    "a path with raw UTF-8": refused(pseudo(path="/public/é".encode())),
    "a path with DEL": refused(pseudo(path="/public/\x7f")),
    "a path with %00": refused(pseudo(path="/public/%00")),
    "a path with %2e%2e%2f": refused(pseudo(path="/public/%2e%2e%2fadmin/smuggled")),
    "a path that leads elsewhere": refused(pseudo(path="/public/../admin/smuggled")),
    "a path that leads elsewhere, escaped": refused(pseudo(path="/public/%2e%2e/admin/smuggled")),
    "a path that climbs above the root": refused(pseudo(path="/public/../../admin/smuggled")),
    "a path that is made canonical": one(start=pseudo(path="/public/./x/../%61?q=/../%00"), target="/public/a?q=/../%00"),
    # The method
    "a method that is a line": Case(pseudo(method="GET /public/a HTTP/1.1")),
    "no method": Case(pseudo(method="")),
    "a method with a colon": Case(pseudo(method="GET:")),
    "a method in lower case": Case(pseudo(method="get"), expect="either", method="get"),
    "TRACE": refused(pseudo("TRACE")),
    "CONNECT to a path": refused(pseudo("CONNECT")),
    "CONNECT": refused([(":method", "CONNECT"), (":authority", "gateway.test:443")]),
    "extended CONNECT": refused([*pseudo("CONNECT"), (":protocol", "websocket")]),
    "PRI": Case(pseudo("PRI"), expect="either", method="PRI"),
    "PRI *": refused(pseudo("PRI", "*")),
    "a method override": one(("x-http-method-override", "DELETE"), ("x-original-url", "/admin/smuggled"),
                             fields={"x-http-method-override": [], "x-original-url": []}),
    # The authority (RFC 9113 §8.3.1)
    "an authority with a user": refused(pseudo(authority="evil@gateway.test")),
    "an authority with a space": refused(pseudo(authority="gateway.test evil")),
    "an authority with a path": refused(pseudo(authority="gateway.test/admin")),
    "an authority with a query": refused(pseudo(authority="gateway.test?a")),
    "two authorities in one": refused(pseudo(authority="gateway.test, evil.test")),
    "an authority with a wrong port": refused(pseudo(authority="gateway.test:99999")),
    "an authority in other letters": one(start=pseudo(authority="GATEWAY.test.:80"), fields={"host": ["gateway.test"]}),
    "an authority and the same host": one(("host", "gateway.test"), fields={"host": ["gateway.test"]}),
    "an authority and another host": refused(pseudo(), ("host", "evil.test")),
    "an authority and two hosts": refused(pseudo(), ("host", "gateway.test"), ("host", "gateway.test")),
    "host alone": one(("host", "gateway.test"), start=pseudo(authority=None), fields={"host": ["gateway.test"]}),
    "two hosts": refused(pseudo(authority=None), ("host", "gateway.test"), ("host", "gateway.test")),
    "two different hosts": refused(pseudo(authority=None), ("host", "gateway.test"), ("host", "evil.test")),
    "neither authority nor host": Case(pseudo(authority=None)),
    "an empty authority": Case(pseudo(authority=""), expect="either"),
    # Pseudo-fields (RFC 9113 §8.3)
    "two paths": Case([*pseudo(), (":path", "/admin/smuggled")]),
    "two methods": Case([*pseudo(), (":method", "DELETE")]),
    "two schemes": Case([*pseudo(), (":scheme", "http")]),
    "two authorities": Case([*pseudo(), (":authority", "gateway.test")]),
    "a path after the fields": Case([*pseudo()[:2], ("x-a", "b"), *pseudo()[2:]]),
    "an unknown pseudo-field": Case([*pseudo(), (":evil", "x")]),
    "a pseudo-field of responses": Case([*pseudo(), (":status", "200")]),
    "a colon alone": Case([*pseudo(), (":", "x")]),
    ":protocol without CONNECT": refused([*pseudo(), (":protocol", "websocket")]),
    # The scheme: what the upstream is told comes from the listener
    "https": Case(pseudo(scheme="https"), expect="either"),
    "another scheme": Case(pseudo(scheme="ftp"), expect="either"),
    "a scheme that is a URL": Case(pseudo(scheme="http://evil.test/")),
    "an empty scheme": Case(pseudo(scheme="")),
    # Trailers
    "trailers": posted(body=[b"test"], trailers=[("x-fine", "yes")], expect="one"),
    **{f"trailers with {name}": posted(body=[b"test"], trailers=[("x-fine", "yes"), (name, value)], expect="one")
       for name, value in {"content-length": "4", "host": "evil.test", "authorization": "Bearer evil", "x-forwarded-for": "192.0.2.1",
                           "x-request-id": "evil", "x-user": "evil", "x_user": "evil", "cookie": "a=evil", "expect": "100-continue",
                           "forwarded": "for=192.0.2.1", "te": "trailers", "x-http-method-override": "DELETE"}.items()},
    "trailers with transfer-encoding": posted(body=[b"test"], trailers=[("transfer-encoding", "chunked")]),
    "trailers with connection": posted(body=[b"test"], trailers=[("connection", "close")]),
    "trailers with a pseudo-field": posted(body=[b"test"], trailers=[(":path", "/admin/smuggled")]),
    "trailers with a line end": posted(body=[b"test"], trailers=[("x-a", "b\r\n\r\n" + SMUGGLED)]),
    "trailers with an upper-case letter": posted(body=[b"test"], trailers=[("X-A", "b")]),
    # Cookies (RFC 9113 §8.2.3)
    "cookies in crumbs": one(("cookie", "a=1"), ("x-a", "b"), ("cookie", "b=2"), ("cookie", "c=3; d=4"),
                             fields={"cookie": ["a=1; b=2; c=3; d=4"], "x-a": ["b"]}),
    "one cookie": one(("cookie", "a=1; b=2"), fields={"cookie": ["a=1; b=2"]}),
    # Fields that the gateway writes, or that would be taken for them
    "underscores": one(("x_forwarded_for", "192.0.2.1"), ("content_length", "5"), ("transfer_encoding", "chunked"), ("x_user", "evil")),
    "forwarding fields": one(
        ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "evil"), ("x-forwarded-host", "evil.test"), ("x-real-ip", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"), ("x-request-id", "evil"), ("x-forwarded-port", "1"), ("x-forwarded-prefix", "/evil"),
        fields={"forwarded": [], "x-real-ip": [], "x-forwarded-proto": ["http"], "x-forwarded-port": [], "x-forwarded-prefix": []}),
    "an identity": one(("x-user", "evil"), fields={"x-user": []}),
    "an identity with an underscore": one(("x_user", "evil"), fields={"x-user": [], "x_user": []}),
    "an identity twice": refused(pseudo(), ("x-user", "evil"), ("x_user", "evil")),
    "two authorizations": refused(pseudo(), ("authorization", "Bearer a"), ("authorization", "Bearer b")),
    # Expectations
    "expect: 100-continue": posted(("expect", "100-continue"), body=[b"test"], expect="one"),
    "another expectation": refused(pseudo("POST"), ("expect", "the-unexpected"), body=[b"test"]),
    # Values
    "a value with bytes above 127": one(("x-a", b"\xe9\xff"), fields={"x-a": ["\xe9\xff"]}),
    "an empty value": one(("x-a", ""), fields={"x-a": [""]}),
    "a value with a tab in it": one(("x-a", "b\tc"), fields={"x-a": ["b\tc"]}),
    "a value with DEL": refused(pseudo(), ("x-a", "b\x7f")),
    "a value with BEL": refused(pseudo(), ("x-a", "b\x07")),
    "a value that starts with a space": Case([*pseudo(), ("x-a", " b")], expect="either", fields={"x-a": ["b"]}),
}


def run(front: Gateway, upstream: Upstream, case: Case) -> tuple[ClientPeer, list[Message]]:
    """The case from an address of its own, then an ordinary request on the same connection; what the upstream saw of it."""
    number = next(SOURCES)
    source = f"127.201.{number // 250 + 1}.{number % 250 + 1}"
    before = len(upstream.messages)
    with ClientPeer(front.address, source=source) as peer:
        peer.send(case.frames)
        peer.answer(1)
        if peer.goaway is None and not peer.is_closed:
            follow = peer.exchange(3, request("/public/follow-up"))
            assert json.loads(follow.body)["target"] == "/public/follow-up", "the next answer belongs to the next request"
    seen = [message for message in upstream.messages[before:] if message.target != "/public/follow-up"]
    assert all(message.client == source for message in seen), "every request is told whose it is"
    return peer, seen


@pytest.mark.parametrize("name", CASES)
def test_a_request_crosses_once_as_it_was_decided_on_or_not_at_all(front: Gateway, shared_upstream: Upstream, name: str) -> None:
    case = CASES[name]
    peer, seen = run(front, shared_upstream, case)
    answer, whole = peer.message(1), [message for message in seen if message.complete]
    outcome = f"{answer}, {peer.goaway}, {seen}"
    was_refused = answer.reset is not None or peer.goaway is not None or 400 <= answer.status < 600
    assert len(seen) <= 1 and len(whole) <= 1, outcome
    if case.expect == "malformed":
        assert Code.PROTOCOL_ERROR in (answer.reset, peer.goaway) and answer.status == 0, outcome
        assert all(message.body == case.crosses for message in whole), outcome
        assert not seen or case.body, outcome
    elif case.expect == "refused":
        assert was_refused and not seen, outcome
    elif case.expect == "one" or not was_refused:
        assert answer.status == 200 and len(whole) == 1, outcome
        check_request(case, whole[0])
    else:
        assert not seen, outcome


def check_request(case: Case, message: Message) -> None:
    assert (message.method, message.target) == (case.method, case.target)
    assert message.body == b"".join(case.body or [])
    assert message.get("host") in ("gateway.test", "")
    assert message.get("x-forwarded-proto") == "http"
    assert all(name.lower() == "x-fine" for name, _ in message.trailers), message.trailers
    if case.trailers:
        assert message.trailers, "what may cross does"
    for name, values in case.fields.items():
        assert message.all(name) == values, name
    assert not any("evil" in value or "192.0.2.1" in value for _, value in message.fields), message.fields


def test_nothing_smuggled_was_read_by_the_upstream(front: Gateway, shared_upstream: Upstream) -> None:
    """Runs after the cases, and stands for all of them."""
    assert shared_upstream.violations == []
    assert not any("smuggled" in message.target or message.client is None for message in shared_upstream.messages)


def test_an_identity_is_the_gateways_and_never_the_clients(front: Gateway, shared_upstream: Upstream, mint: Mint) -> None:
    with ClientPeer(front.address) as peer:
        token = ("authorization", f"Bearer {mint.token(sub='alice')}")
        assert peer.exchange(1, request("/identity", token, ("x-user", "evil"))).status == 200
    assert shared_upstream.messages[-1].all("x-user") == ["alice"]


def test_a_request_that_is_reset_before_its_end_is_never_whole(front: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.complete_messages)
    with ClientPeer(front.address) as peer:
        peer.send(headers(1, request(method="POST"), end=False), data(1, b"half"), rst_stream(1))
        assert peer.exchange(3).status == 200
    seen = shared_upstream.complete_messages[before:]
    assert [message.method for message in seen] == ["GET"]


# What an upstream that speaks HTTP/2 answers to a client that speaks HTTP/1.1


@dataclass
class Answer:
    """What the upstream sends on a stream, made from its number."""

    frames: Callable[[int], bytes]
    #: `malformed` is a 502; `broken` may be forwarded in part, but not as if it were whole; `one` is forwarded whole.
    expect: str = "malformed"
    method: str = "GET"
    status: int = 200
    body: bytes = b""


def says(*fields: tuple[Text, Text], status: Text | None = "200", body: bytes | None = None, **options: Any) -> Answer:
    start: Fields = [] if status is None else [(":status", status)]
    head = block([*start, *fields])
    return Answer(
        lambda stream: headers(stream, head, end=body is None) + (b"" if body is None else data(stream, body, end=True)),
        body=body or b"", **options)


SECOND = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"
ENDS = {"CRLF": "\r\n", "LF": "\n", "CR": "\r", "NUL": "\0"}

ANSWERS: dict[str, Answer] = {
    **{f"{name} in a value": says(("x-a", "b" + end + end + SECOND)) for name, end in ENDS.items()},
    **{f"{name} in a name": says(("x-a" + end + "x-b", "c")) for name, end in ENDS.items()},
    **{f"{name} in the status": says(status="200 OK" + end + end + SECOND) for name, end in ENDS.items()},
    **{f"{name} in a location": says(("location", "/" + end + "set-cookie: a=b"), status="302") for name, end in ENDS.items()},
    "transfer-encoding": says(("transfer-encoding", "chunked"), body=b"0\r\n\r\n" + SECOND.encode()),
    "connection": says(("connection", "x-a"), ("x-a", "b")),
    "keep-alive": says(("keep-alive", "timeout=5")),
    "proxy-connection": says(("proxy-connection", "close")),
    "upgrade": says(("upgrade", "h2c")),
    "an upper-case name": says(("X-A", "b")),
    "a name with a colon": says(("x:a", "b")),
    "a name with a space": says(("content-length ", "0")),
    "no status": says(("x-a", "b"), status=None),
    "a status with four digits": says(status="2000"),
    "a status with two digits": says(status="99"),
    "a status in letters": says(status="abc"),
    "a status with a sign": says(status="+20"),
    "status 101": says(status="101", body=SECOND.encode()),
    "a pseudo-field of requests": says((":path", "/")),
    "two statuses": says((":status", "200")),
    "a status after the fields": says(("x-a", "b"), (":status", "200"), status=None),
    "an interim response that ends the stream": says(status="103"),
    "two lengths": says(("content-length", "5"), ("content-length", "6"), body=b"hello"),
    "the same length twice": says(("content-length", "5"), ("content-length", "5"), body=b"hello"),
    "a length with a sign": says(("content-length", "+5"), body=b"hello"),
    "a length in a list": says(("content-length", "5, 5"), body=b"hello"),
    "a length without content": says(("content-length", "5")),
    "less content than its length": says(("content-length", "9"), body=b"hello", expect="broken"),
    "more content than its length": says(("content-length", "4"), body=SECOND.encode(), expect="broken"),
    "content after a length of 0": says(("content-length", "0"), body=SECOND.encode(), expect="bodiless"),
    "content in a 204": says(status="204", body=SECOND.encode(), expect="bodiless"),
    "content in a 304": says(status="304", body=SECOND.encode(), expect="bodiless"),
    "content in an answer to HEAD": says(("content-length", "5"), body=SECOND.encode(), expect="bodiless", method="HEAD"),
    "a second head": Answer(lambda stream: headers(stream, block([(":status", "200")]), end=False) * 2, "broken"),
    "trailers with a status": Answer(
        lambda s: headers(s, block([(":status", "200")]), end=False) + data(s, b"hello") + headers(s, block([(":status", "200")])),
        "broken"),
    "trailers with a line end": Answer(
        lambda s: headers(s, block([(":status", "200")]), end=False) + data(s, b"hello") + headers(s, block([("x-a", "b\r\n" + SECOND)])),
        "broken"),
    "trailers with transfer-encoding": Answer(
        lambda s: headers(s, block([(":status", "200")]), end=False) + data(s, b"hello")
        + headers(s, block([("transfer-encoding", "chunked")])), "broken"),
    "an end that is a reset": Answer(
        lambda s: headers(s, block([(":status", "200")]), end=False) + data(s, b"hello") + rst_stream(s), "broken"),
    "a body that looks like a response": says(body=SECOND.encode(), expect="one"),
    "a body that looks chunked": says(body=b"0\r\n\r\n" + SECOND.encode(), expect="one"),
    "the right length": says(("content-length", "5"), body=b"hello", expect="one"),
    "fields of its own": says(("x-request-id", "evil"), ("via", "2 evil"), body=b"hello", expect="one"),
    "HEAD with a length": says(("content-length", "5"), expect="bodiless", method="HEAD"),
    "304 with a length": says(("content-length", "5"), status="304", expect="bodiless"),
}


class Scripted:
    """An upstream that gives `answer` to requests for `/public/case`, and says hello to all others."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.upstream = FrameUpstream(self.serve)

    def serve(self, peer: ServerPeer) -> None:
        for stream in peer.requests():
            if self.answer is not None and dict(peer.message(stream).fields)[":path"] == "/public/case":
                peer.send(self.answer.frames(stream))
            else:
                peer.respond(stream)


@pytest.fixture(scope="module")
def scripted() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.upstream.stop()
    assert scripted.upstream.failures == []


@pytest.fixture(scope="module")
def before_http2(module_gateway: Any, scripted: Scripted) -> Gateway:
    upstream = {"servers": [scripted.upstream.url], "protocol": "h2c"}
    return module_gateway("", upstreams={"service": upstream}, limits={"timeout": "3s", "idle_timeout": "3s"}, workers=1)


@pytest.mark.parametrize("name", ANSWERS)
def test_rule_12_an_http2_answer_is_one_http1_response(before_http2: Gateway, scripted: Scripted, name: str) -> None:
    answer = scripted.answer = ANSWERS[name]
    with before_http2.client() as client:
        client.send(http1_request(answer.method, "/public/case"))
        try:
            response = client.read_response(answer.method)
        except (Closed, Truncated):
            assert answer.expect in ("broken", "bodiless"), "it was to be answered"
            return
        names = {name.lower() for name, _ in response.fields}
        assert not names & (HOP_BY_HOP | {"x-a", "x-b", "set-cookie"}), names
        assert "smuggled" not in repr(response.fields) and "evil" not in (response.get("x-request-id") or "")
        if answer.expect == "one":
            assert (response.status, response.body) == (200, answer.body)
        elif answer.expect == "bodiless":
            assert response.body == b"" or response.status == 502
        else:
            assert response.status == 502 and b"smuggled" not in response.body, response
        # Where the client may go on, the next answer is that of the next request.
        try:
            client.send(http1_request("GET", "/public/after"))
            assert client.read_response().body == b"hello"
        except (Closed, BrokenPipeError, ConnectionResetError):
            pass
    assert before_http2.exchange(http1_request("GET", "/public/after")).body == b"hello"


@pytest.mark.parametrize("name", ANSWERS)
def test_rule_12_an_http2_answer_is_one_http2_response(before_http2: Gateway, scripted: Scripted, name: str) -> None:
    answer = scripted.answer = ANSWERS[name]
    with ClientPeer(before_http2.address) as client:
        response = client.exchange(1, request("/public/case", method=answer.method))
        assert client.goaway is None
        names = {name for name, _ in response.fields}
        assert not names & (HOP_BY_HOP | {"x-a", "x-b", "set-cookie", "connection", "transfer-encoding"}), names
        if answer.expect == "one":
            assert (response.status, response.body, response.ended) == (200, answer.body, True)
        elif answer.expect == "malformed":
            assert response.status == 502, response
        elif answer.expect == "broken":
            assert response.reset is not None or response.status == 502, "what broke off does not look whole"
        else:
            assert response.body == b"" or response.status == 502
        assert client.exchange(3, request("/public/after")).body == b"hello"


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_rule_21_a_flood_of_interim_responses_is_bounded(before_http2: Gateway, scripted: Scripted, version: str) -> None:
    interim = block([(":status", "103"), ("link", "</a>; rel=preload")])
    scripted.answer = Answer(lambda stream: headers(stream, interim, end=False) * 20_000 + headers(stream, block([(":status", "200")])))
    if version == "HTTP/2":
        with ClientPeer(before_http2.address) as peer:
            answer = peer.exchange(1, request("/public/case"))
            count, status = len(answer.interim), answer.status
    else:
        response = before_http2.exchange(http1_request("GET", "/public/case"))
        count, status = len(response.informational), response.status
    assert status == 502 and count < 2_000, (status, count)
    assert before_http2.exchange(http1_request("GET", "/public/after")).body == b"hello"


# What an upstream that speaks HTTP/1.1 answers to a client that speaks HTTP/2

HOPS = ["Connection: x-hop, keep-alive", "X-Hop: 1", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authenticate: Basic",
        "Upgrade: h2c", "TE: gzip", "X-Request-Id: evil"]


@dataclass
class Raw:
    """The bytes of an answer, after which the upstream closes; what comes to the client of it."""

    text: str
    status: int
    body: bytes | None = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    method: str = "GET"


CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
RAW: dict[str, Raw] = {
    "fields for one connection": Raw("HTTP/1.1 200 OK\r\n" + "\r\n".join(HOPS) + "\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
    "chunks": Raw(CHUNKED + "Trailer: x-fine\r\n\r\n5\r\nhello\r\n0\r\nX-Fine: yes\r\n\r\n", 200, b"hello", [("x-fine", "yes")]),
    "trailers that may not cross": Raw(
        CHUNKED + "\r\n5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nX-Request-Id: evil\r\n\r\n",
        200, b"hello"),
    "an end by closing": Raw("HTTP/1.1 200 OK\r\n\r\nhello", 200, b"hello"),
    "names in other letters": Raw("HTTP/1.1 200 OK\r\nX-LARGE: Yes\r\nContent-Length: 0\r\n\r\n", 200),
    "two responses": Raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + SECOND, 200, b"hello"),
    "204 with content": Raw("HTTP/1.1 204 No Content\r\n\r\n" + SECOND, 204),
    "304 with a length": Raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304),
    "HEAD with a length": Raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, method="HEAD"),
    "less content than its length": Raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 200, None),
    "chunks without an end": Raw(CHUNKED + "\r\n5\r\nhello\r\n", 200, None),
    "chunks that are none": Raw(CHUNKED + "\r\n5\r\nhello\r\nxyz\r\n", 200, None),
    "both framings": Raw(CHUNKED + "Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 502),
    "a bare line feed": Raw("HTTP/1.1 200 OK\nX-A: b\n\n", 502),
    "a folded line": Raw("HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", 502),
    "NUL in a value": Raw("HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n", 502),
    "a pseudo-field": Raw("HTTP/1.1 200 OK\r\n:status: 204\r\nContent-Length: 0\r\n\r\n", 502),
    "an upgrade that nobody asked for": Raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 502),
    "no head": Raw("", 502),
}


@pytest.mark.parametrize("name", RAW)
def test_rule_8_an_http1_answer_is_one_http2_response(start_gateway: Any, upstream: Upstream, name: str) -> None:
    raw = RAW[name]

    def handler(exchange: Exchange) -> None:
        if exchange.message.target != "/public/case":
            return echo(exchange)
        exchange.read_body()
        exchange.send(raw.text.encode("latin-1"))
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with ClientPeer(gateway.address) as client:
        # Not idempotent but for HEAD, so that it is not sent again.
        answer = client.exchange(1, request("/public/case", method="HEAD" if raw.method == "HEAD" else "POST"))
        names = [name for name, _ in answer.fields]
        assert names == [name.lower() for name in names]
        assert not set(names) & (HOP_BY_HOP | {"connection", "transfer-encoding", "x-hop", "te"}), names
        assert "evil" not in (answer.get("x-request-id") or "")
        assert answer.status == raw.status or (raw.body is None and answer.status == 0)
        if raw.body is None:
            assert answer.reset is not None and not answer.ended, "what broke off does not look whole"
        elif raw.status != 502:
            assert (bytes(answer.body), answer.ended, answer.reset) == (raw.body, True, None)
            assert answer.trailers == raw.trailers
        assert client.exchange(3, request("/public/after")).status == 200
        assert client.goaway is None
