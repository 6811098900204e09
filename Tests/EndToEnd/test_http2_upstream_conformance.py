"""The client cases of h2spec (https://github.com/summerwind/h2spec) by their ids, against the gateway as the client of an
upstream: whatever that does, the client of the gateway gets one whole answer or a 502, and the next request is served.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.frames import (
    END_HEADERS, MAX_WINDOW, PADDED, Code, FrameUpstream, ServerPeer, Setting, Type, block, continuation, data,
    frame, goaway, headers, integer, literal, ping, priority, rst_stream, settings, window_update,
)
from harness.gateway import Gateway
from harness.wire import Closed, Truncated, request

OK = block([(":status", "200")])
CLOSED, FLOW, SIZE, COMPRESSION = Code.STREAM_CLOSED, Code.FLOW_CONTROL_ERROR, Code.FRAME_SIZE_ERROR, Code.COMPRESSION_ERROR
PROTOCOL, CANCEL = Code.PROTOCOL_ERROR, Code.CANCEL
#: An answer to the request on stream 1.
ANSWER = headers(1, OK, end=False) + data(1, b"hello", end=True)
HALF = headers(1, OK, end=False)
TRAILERS = block([("x-a", "b")])


@dataclass
class Case:
    """What the upstream sends when the request on stream 1 is whole, and what the gateway must do with that connection."""

    parts: bytes
    #: Codes of a GOAWAY or RST_STREAM; none where the gateway must go on.
    codes: tuple[Code, ...] = ()
    #: What is seen when it goes on.
    shows: Callable[[ServerPeer], bool] | None = None


def goes_on(parts: bytes, shows: Callable[[ServerPeer], bool] | None = None) -> Case:
    return Case(parts + ANSWER, (), shows)


def error(*parts: bytes, codes: tuple[Code, ...] = (PROTOCOL,)) -> Case:
    return Case(b"".join(parts), codes)


def has_acknowledged(kind: Type, payload: bytes) -> Callable[[ServerPeer], bool]:
    return lambda peer: any(f.kind == kind and f.is_ack and f.payload == payload for f in peer.frames)


#: The cases are numbered as those of the server, without what only clients send.
CASES: dict[str, Case] = {
    "1/1": goes_on(b""),
    "4.1/1": goes_on(frame(Type.UNKNOWN, 0, 0, bytes(8))),
    "4.1/2": goes_on(frame(Type.PING, 0x16, 0, b"flagged!"), has_acknowledged(Type.PING, b"flagged!")),
    "4.1/3": goes_on(frame(Type.PING, 0, 1 << 31, b"reserved"), has_acknowledged(Type.PING, b"reserved")),
    "4.2/1": Case(HALF + data(1, bytes(1 << 14), end=True)),
    "4.2/2": error(HALF, data(1, bytes((1 << 14) + 1), end=True), codes=(SIZE,)),
    "4.2/3": error(headers(1, OK + literal("x-large", bytes(1 << 14)), end=False), codes=(SIZE,)),
    "4.3/1": error(headers(1, OK + b"\x00\x05ab", end=False), codes=(COMPRESSION,)),
    "5.1.1/1": error(headers(101, OK)),
    "5.1/1": error(data(101, b"test", end=True), codes=(PROTOCOL, CLOSED)),
    "5.1/2": error(rst_stream(101), codes=(PROTOCOL, CANCEL)),
    "5.1/3": error(window_update(101, 100)),
    "5.1/4": error(continuation(101, OK)),
    "5.1/5": error(rst_stream(1), data(1, b"test", end=True), codes=(CLOSED,)),
    "5.1/6": error(rst_stream(1), headers(1, OK), codes=(CLOSED,)),
    "5.1/7": error(rst_stream(1), continuation(1, OK), codes=(CLOSED, PROTOCOL)),
    "5.1/8": error(ANSWER, data(1, b"test", end=True), codes=(CLOSED,)),
    "5.1/9": error(ANSWER, headers(1, OK), codes=(CLOSED,)),
    "5.1/10": error(ANSWER, continuation(1, OK), codes=(CLOSED, PROTOCOL)),
    "5.4.1/1": error(ping(stream=3)),
    "5.4.1/2": error(ping(stream=3)),
    "5.5/1": goes_on(frame(Type.UNKNOWN, 0, 0, bytes(8))),
    "6.1/1": error(data(0, b"test")),
    "6.1/2": error(ANSWER, data(1, b"test", end=True), codes=(CLOSED,)),
    "6.1/3": error(HALF, frame(Type.DATA, PADDED, 1, b"\x06test")),
    "6.2/1": error(headers(1, OK, whole=False), priority(1), continuation(1)),
    "6.2/2": error(headers(0, OK)),
    "6.2/3": error(frame(Type.HEADERS, END_HEADERS | PADDED, 1, bytes([len(OK) + 1]) + OK)),
    "6.3/1": error(priority(0, 1)),
    "6.3/2": error(frame(Type.PRIORITY, 0, 1, bytes(4)), codes=(SIZE,)),
    "6.4/1": error(rst_stream(0)),
    "6.4/2": error(rst_stream(101)),
    "6.4/3": error(frame(Type.RST_STREAM, 0, 1, bytes(3)), codes=(SIZE,)),
    "6.5/1": error(frame(Type.SETTINGS, 1, 0, bytes(1)), codes=(SIZE,)),
    "6.5/2": error(frame(Type.SETTINGS, 0, 1, bytes(6))),
    "6.5/3": error(frame(Type.SETTINGS, 0, 0, bytes(3)), codes=(SIZE, PROTOCOL)),
    "6.5.2/1": error(settings((Setting.INITIAL_WINDOW_SIZE, 1 << 31)), codes=(FLOW,)),
    "6.5.2/2": error(settings((Setting.MAX_FRAME_SIZE, (1 << 14) - 1))),
    "6.5.2/3": error(settings((Setting.MAX_FRAME_SIZE, 1 << 24))),
    "6.5.2/4": goes_on(settings((0xFF, 1))),
    "6.5.3/1": goes_on(settings(), lambda peer: sum(f.kind == Type.SETTINGS and f.is_ack for f in peer.frames) >= 2),
    "6.7/1": goes_on(ping(b"question"), has_acknowledged(Type.PING, b"question")),
    "6.7/2": goes_on(ping(b"unasked!", ack=True)),
    "6.7/3": error(ping(stream=3)),
    "6.7/4": error(ping(bytes(6)), codes=(SIZE,)),
    "6.8/1": error(goaway(stream=3)),
    "6.9/1": error(window_update(0, 0)),
    "6.9/2": error(window_update(1, 0)),
    "6.9/3": error(frame(Type.WINDOW_UPDATE, 0, 0, bytes(3)), codes=(SIZE,)),
    "6.9.1/1": error(window_update(0, MAX_WINDOW) * 2, codes=(FLOW,)),
    "6.9.1/2": error(window_update(1, MAX_WINDOW) * 2, codes=(FLOW,)),
    "6.10/1": Case(headers(1, OK[:3], whole=False) + continuation(1, OK[3:5], whole=False) + continuation(1, OK[5:])),
    "6.10/2": error(
        headers(1, OK[:3], whole=False, end=False), continuation(1, OK[3:], whole=False), data(1, b"test", end=True)
    ),
    "6.10/3": error(headers(1, OK[:3], whole=False), continuation(0, OK[3:])),
    "6.10/4": error(headers(1, OK, end=False), continuation(1, TRAILERS)),
    "6.10/5": error(headers(1, OK[:3], whole=False, end=False), continuation(1, OK[3:]), continuation(1, TRAILERS)),
    "6.10/6": error(HALF, data(1, b"test"), continuation(1, TRAILERS)),
}

#: What else an upstream may do wrong, beyond the cases of h2spec.
MORE: dict[str, Case] = {
    "it pushes": error(frame(Type.PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + OK)),
    "its fields refer to nothing": error(headers(1, OK + integer(70, 7, 0x80)), codes=(COMPRESSION,)),
    "its table grows beyond what was said": error(headers(1, integer(1 << 20, 5, 0x20) + OK), codes=(COMPRESSION,)),
    "it asks for push": error(settings((Setting.ENABLE_PUSH, 1))),
}

#: Where the library decides otherwise: the frame is ignored, and all goes on.
DEVIATIONS: dict[str, str] = {
    "5.1/5": "content on a stream that has ended is dropped",
    "5.1/6": "a head on a stream that has ended is read for the table, and dropped",
    "5.1/8": "content on a stream that has ended is dropped",
    "5.1/9": "a head on a stream that has ended is read for the table, and dropped",
    "6.1/2": "content on a stream that has ended is dropped",
}


class Script:
    """An upstream that follows one case on its next connection, and is an ordinary server on every other."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.seen: Any = None
        self.done = threading.Event()
        self.upstream = FrameUpstream(self.serve)

    def serve(self, peer: ServerPeer) -> None:
        for stream in peer.requests():
            case, self.case = self.case, None
            if case is None:
                peer.respond(stream)
                continue
            try:
                peer.send(case.parts.replace(headers(1, OK), headers(stream, OK)) if stream != 1 else case.parts)
                self.seen = self.outcome(peer, case, stream)
            finally:
                self.done.set()

    @staticmethod
    def outcome(peer: ServerPeer, case: Case, stream: int) -> str:
        """In one word, what the gateway did."""

        def error() -> Code | None:
            return peer.goaway if peer.goaway is not None else peer.message(stream).reset

        if not case.codes:
            if case.shows:
                peer.until(lambda: case.shows(peer), "an answer")
            return "went on" if peer.answers_ping() and error() is None else f"ended, {error()}"
        peer.send(ping(b"barrier1"))
        ends = lambda: error() is not None or has_acknowledged(Type.PING, b"barrier1")(peer)  # noqa: E731
        if not peer.until(ends, "an error"):
            return "error"
        if error() is None:
            peer.answers_ping(b"barrier2")
        return "went on" if error() is None and not peer.is_closed else "error" if error() in (*case.codes, None) else repr(error())


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.upstream.stop()
    assert script.upstream.failures == []


@pytest.fixture(scope="module")
def front(module_gateway: Any, script: Script) -> Gateway:
    upstream = {"servers": [script.upstream.url], "protocol": "h2c"}
    return module_gateway("", upstreams={"service": upstream}, limits={"timeout": "3s", "idle_timeout": "3s"}, workers=1)


def run(front: Gateway, script: Script, case: Case) -> int:
    """A new connection to the upstream, the case, and then another request; the status, or 0 if the answer broke off."""
    for peer in script.upstream.peers:
        peer.close_both_ways()
    script.upstream.peers.clear()
    script.done.clear()
    script.case = case
    # Idempotent: where the gateway still tries the connection that was just closed, it asks again on another.
    status = status_of(front, request("GET", "/public/case"))
    assert script.done.wait(15)
    after = front.exchange(request("GET", "/public/after"))
    assert (after.status, after.body) == (200, b"hello")
    return status


def status_of(front: Gateway, data: bytes) -> int:
    """Of a whole answer; one whose head was forwarded before the upstream failed breaks off."""
    try:
        response = front.exchange(data)
    except (Closed, Truncated):
        return 0
    assert response.status in (200, 502, 504), response
    if response.status == 200:
        assert response.body in (b"hello", bytes(1 << 14), b"")
    return response.status


@pytest.mark.parametrize("identity", [identity for identity in CASES if identity not in DEVIATIONS])
def test_h2spec_client(front: Gateway, script: Script, identity: str) -> None:
    case = CASES[identity]
    status = run(front, script, case)
    assert script.seen == ("error" if case.codes else "went on")
    assert case.codes or status == 200


@pytest.mark.parametrize("identity", MORE)
def test_an_upstream_that_breaks_the_protocol_loses_its_connection(front: Gateway, script: Script, identity: str) -> None:
    run(front, script, MORE[identity])
    assert script.seen == "error"


@pytest.mark.parametrize("identity", DEVIATIONS)
def test_h2spec_client_where_the_library_decides_otherwise(front: Gateway, script: Script, identity: str) -> None:
    run(front, script, CASES[identity])
    assert script.seen == "went on"


@pytest.mark.corpus
def test_no_client_case_of_h2spec_is_missing(corpora: Path) -> None:
    cases = json.loads((corpora / "http2" / "h2spec-client-cases.json").read_text())
    ids = [case["id"].removeprefix("h2spec:client/") for case in cases]
    assert len(ids) == 57
    assert set(CASES) == set(ids) and set(DEVIATIONS) <= set(ids)
