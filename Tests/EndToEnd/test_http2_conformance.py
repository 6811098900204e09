"""The server cases of h2spec (https://github.com/summerwind/h2spec) by their ids, against the listener.

A connection error is a GOAWAY with one of the codes, or the end of the connection; a stream error is a RST_STREAM with one
of them, or a connection error. After each case another client is served.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hpack
import pytest

from harness.frames import (
    END_HEADERS, MAX_WINDOW, PADDED, ClientPeer, Code, FieldList, Setting, Type, block, continuation, data, dependency, frame,
    goaway, headers, integer, literal, ping, priority, request, rst_stream, settings, string, window_update,
)
from harness.gateway import Gateway
from harness.wire import Client, open_socket
from harness.wire import request as http1_request

Parts = bytes | Callable[[ClientPeer], bytes]
Check = Callable[[ClientPeer], None]

GET, POST = request(), request(method="POST")
#: Stream 1 is half-closed: its request is whole, and its answer waits for a window.
HALF_CLOSED = settings((Setting.INITIAL_WINDOW_SIZE, 0)) + headers(1, GET)
OPEN = headers(1, POST, end=False)
#: A field block that ends inside a literal.
CUT_SHORT = GET + b"\x00\x05ab"


@dataclass
class Case:
    """What is sent, after an exchange on stream 1 has ended if `after_close`, and what must come of it."""

    parts: tuple[Parts, ...]
    check: Check
    after_close: bool = False

    def send(self, peer: ClientPeer) -> None:
        if self.after_close:
            assert peer.exchange().status == 200
        peer.send(*(part if isinstance(part, bytes) else part(peer) for part in self.parts))


def answered(*parts: Parts, body: int | None = None) -> Case:
    """Stream 1 gets an answer; the service saw a body of so many bytes."""

    def check(peer: ClientPeer) -> None:
        answer = peer.answer()
        assert answer.status == 200, (answer, peer.goaway)
        if body is not None:
            assert json.loads(answer.body)["length"] == body

    return Case(parts, check)


def goes_on(*parts: Parts, after_close: bool = False) -> Case:
    return Case(parts, check_that_it_goes_on, after_close)


def check_that_it_goes_on(peer: ClientPeer) -> None:
    assert peer.answers_ping() and peer.goaway is None
    assert peer.exchange(101).status == 200
    assert peer.goaway is None


def goes_on_or_ends(*parts: Parts) -> Case:
    def check(peer: ClientPeer) -> None:
        assert peer.answers_ping() or peer.is_closed

    return Case(parts, check)


def connection_error(*parts: Parts, codes: tuple[Code, ...] = (Code.PROTOCOL_ERROR,), after_close: bool = False) -> Case:
    def check(peer: ClientPeer) -> None:
        code = peer.ends()
        assert code is None or code in codes, code

    return Case(parts, check, after_close)


def stream_error(
    *parts: Parts, codes: tuple[Code, ...] = (Code.PROTOCOL_ERROR,), after_close: bool = False
) -> Case:
    def check(peer: ClientPeer) -> None:
        def resets() -> list[Code]:
            return [message.reset for message in peer.messages.values() if message.reset is not None]

        peer.until(lambda: bool(resets()) or peer.goaway is not None, "an error")
        if peer.goaway is not None:
            assert peer.ends() in codes
        elif not peer.is_closed:
            assert set(resets()) <= set(codes), resets()
            assert peer.answers_ping(), "a stream's error is not the connection's"

    return Case(parts, check, after_close)


def malformed(*fields: tuple[str, str], pseudo: FieldList | None = None, body: tuple[bytes, ...] = ()) -> Case:
    """A request that is refused for its fields, with its body in as many frames."""
    start = [(":method", "GET"), (":scheme", "http"), (":path", "/public/h2"), (":authority", "gateway.test")]
    head = headers(1, block([*(start if pseudo is None else pseudo), *fields]), end=not body)
    return stream_error(head, *(data(1, part, end=index == len(body) - 1) for index, part in enumerate(body)))


def without(*names: str) -> FieldList:
    start = {":method": "GET", ":scheme": "http", ":path": "/public/h2", ":authority": "gateway.test"}
    return [(name, value) for name, value in start.items() if name not in names]


def huffman(text: bytes) -> bytes:
    coded = hpack.Encoder().huffman_coder.encode(text)
    return integer(len(coded), 7, 0x80) + coded


def frame_size(peer: ClientPeer) -> int:
    """The least that is too much for a frame."""
    return peer.settings.get(Setting.MAX_FRAME_SIZE, 1 << 14) + 1


def table_size(peer: ClientPeer) -> bytes:
    return integer(peer.settings.get(Setting.HEADER_TABLE_SIZE, 4096) + 1, 5, 0x20)


def window(size: int) -> bytes:
    return settings((Setting.INITIAL_WINDOW_SIZE, size))


def acknowledges_settings(peer: ClientPeer) -> None:
    peer.until(lambda: sum(f.kind == Type.SETTINGS and f.is_ack for f in peer.frames) >= 2, "an acknowledgement")
    check_that_it_goes_on(peer)


def sends_one_byte(peer: ClientPeer) -> None:
    """Content stops where the window ends."""
    peer.until(lambda: bool(peer.message(1).sizes), "content")
    assert peer.answers_ping()
    assert peer.message(1).sizes == [1]


def grows_from_nothing(peer: ClientPeer) -> None:
    peer.until(lambda: bool(peer.message(1).heads), "a head")
    assert peer.answers_ping() and peer.message(1).sizes == []
    peer.send(window(1))
    sends_one_byte(peer)


def shrinks_below_nothing(peer: ClientPeer) -> None:
    peer.until(lambda: sum(peer.message(1).sizes) == 3, "what the window allows")
    peer.send(window(2))
    assert peer.answers_ping()
    assert sum(peer.message(1).sizes) == 3
    peer.send(window_update(1, 2))
    peer.until(lambda: sum(peer.message(1).sizes) > 3, "what the window allows")
    assert peer.answers_ping()
    assert sum(peer.message(1).sizes) == 4


def answers_every_ping_but_acknowledgements(peer: ClientPeer) -> None:
    assert peer.answers_ping(b"answered")
    assert [frame.payload for frame in peer.frames if frame.kind == Type.PING] == [b"answered"]


def says_why(peer: ClientPeer) -> None:
    assert peer.ends() == Code.PROTOCOL_ERROR


def one_stream_too_many(peer: ClientPeer) -> bytes:
    limit = peer.settings[Setting.MAX_CONCURRENT_STREAMS]
    return window(0) + b"".join(headers(1 + 2 * index, GET) for index in range(limit + 1))


def begins_with_settings(peer: ClientPeer) -> None:
    assert peer.frames[0].kind == Type.SETTINGS and not peer.frames[0].is_ack


CLOSED, FLOW, SIZE, COMPRESSION = Code.STREAM_CLOSED, Code.FLOW_CONTROL_ERROR, Code.FRAME_SIZE_ERROR, Code.COMPRESSION_ERROR
PROTOCOL, CANCEL = Code.PROTOCOL_ERROR, Code.CANCEL
TEXT = b"some text"
#: Literal fields: what stands before an indexed name (`user-agent` is 58), and before a new one.
LITERALS = {
    "with incremental indexing": (integer(58, 6, 0x40), b"\x40"),
    "without indexing": (integer(58, 4, 0x00), b"\x00"),
    "never indexed": (integer(58, 4, 0x10), b"\x10"),
}


def literals(first: int) -> dict[str, Case]:
    cases = {}
    for index, (indexed, new) in enumerate(LITERALS.values()):
        forms = [indexed + string(TEXT), indexed + huffman(TEXT), new + string(b"x-a") + string(TEXT), new + huffman(b"x-a") + huffman(TEXT)]
        for offset, form in enumerate(forms):
            cases[f"generic/5/{first + 4 * index + offset}"] = answered(headers(1, GET + form))
    return cases


CASES: dict[str, Case] = {
    "generic/1/1": goes_on(),
    "generic/2/1": goes_on(priority(1)),
    "generic/2/2": answered(headers(1, GET), window_update(1, 100)),
    "generic/2/3": answered(headers(1, GET), priority(1)),
    "generic/2/4": goes_on_or_ends(headers(1, GET), rst_stream(1)),
    "generic/2/5": goes_on(priority(1), after_close=True),
    "generic/3.1/1": answered(OPEN, data(1, b"test", end=True), body=4),
    "generic/3.1/2": answered(OPEN, data(1, b"test"), data(1, b"test", end=True), body=8),
    "generic/3.1/3": answered(OPEN, data(1, b"test", end=True, padding=6), body=4),
    "generic/3.2/1": answered(headers(1, GET)),
    "generic/3.2/2": answered(headers(1, GET, padding=6)),
    "generic/3.2/3": answered(headers(1, GET, priority=dependency(0, 255))),
    "generic/3.3/1": answered(priority(1, 0, 1), headers(1, GET)),
    "generic/3.3/2": answered(priority(1, 0, 256), headers(1, GET)),
    "generic/3.3/3": answered(priority(1, 3, 256), headers(1, GET)),
    "generic/3.3/4": answered(priority(1, 3, 256, exclusive=True), headers(1, GET)),
    "generic/3.3/5": answered(priority(3, 0, 256), headers(1, GET)),
    "generic/3.4/1": goes_on_or_ends(OPEN, rst_stream(1)),
    "generic/3.5/1": Case((settings(),), acknowledges_settings),
    "generic/3.7/1": goes_on(),
    "generic/3.8/1": goes_on_or_ends(goaway()),
    "generic/3.9/1": goes_on(window_update(0, 1)),
    "generic/3.9/2": answered(headers(1, GET), window_update(1, 1)),
    "generic/3.10/1": answered(headers(1, GET[:5], whole=False), continuation(1, GET[5:])),
    "generic/3.10/2": answered(
        headers(1, GET[:5], whole=False), continuation(1, GET[5:9], whole=False), continuation(1, GET[9:])
    ),
    "generic/4/1": answered(headers(1, GET), body=0),
    "generic/4/2": answered(headers(1, request(method="HEAD"))),
    "generic/4/3": answered(OPEN, data(1, b"test", end=True), body=4),
    "generic/4/4": answered(OPEN, data(1, b"test"), headers(1, block([("x-test", "ok")])), body=4),
    "generic/5/1": answered(headers(1, b"\x82\x86\x84" + literal(":authority", "gateway.test"))),
    **literals(2),
    "generic/5/14": answered(headers(1, integer(0, 5, 0x20) + GET)),
    "generic/5/15": answered(headers(1, integer(0, 5, 0x20) + integer(128, 5, 0x20) + GET)),
    "http2/3.5/1": Case((), begins_with_settings),
    "http2/4.1/1": goes_on(frame(Type.UNKNOWN, 0, 0, bytes(8))),
    "http2/4.1/2": goes_on(frame(Type.PING, 0x16, 0, bytes(8))),
    "http2/4.1/3": goes_on(frame(Type.PING, 0, 1 << 31, bytes(8))),
    "http2/4.2/1": answered(OPEN, data(1, bytes(1 << 14), end=True), body=1 << 14),
    "http2/4.2/2": stream_error(OPEN, lambda peer: data(1, bytes(frame_size(peer)), end=True), codes=(SIZE,)),
    "http2/4.2/3": connection_error(lambda peer: headers(1, GET + literal("x-large", bytes(frame_size(peer)))), codes=(SIZE,)),
    "http2/4.3/1": connection_error(headers(1, CUT_SHORT), codes=(COMPRESSION,)),
    "http2/4.3/2": connection_error(headers(1, GET, whole=False), priority(1), continuation(1)),
    "http2/4.3/3": connection_error(headers(1, GET, whole=False), headers(3, GET), continuation(1)),
    "http2/5.1/1": stream_error(data(1, b"test", end=True), codes=(PROTOCOL, CLOSED)),
    "http2/5.1/2": connection_error(rst_stream(1), codes=(CANCEL, PROTOCOL)),
    "http2/5.1/3": connection_error(window_update(1, 100)),
    "http2/5.1/4": connection_error(continuation(1, GET)),
    "http2/5.1/5": stream_error(HALF_CLOSED, data(1, b"test", end=True), codes=(CLOSED,)),
    "http2/5.1/6": stream_error(HALF_CLOSED, headers(1, GET), codes=(CLOSED,)),
    "http2/5.1/7": stream_error(HALF_CLOSED, continuation(1, GET), codes=(PROTOCOL, CLOSED)),
    "http2/5.1/8": stream_error(OPEN, rst_stream(1), data(1, b"test", end=True), codes=(CANCEL, CLOSED)),
    "http2/5.1/9": stream_error(OPEN, rst_stream(1), headers(1, GET), codes=(CANCEL, CLOSED)),
    "http2/5.1/10": stream_error(OPEN, rst_stream(1), continuation(1, GET), codes=(CANCEL, PROTOCOL, CLOSED)),
    "http2/5.1/11": stream_error(data(1, b"test", end=True), codes=(CLOSED,), after_close=True),
    "http2/5.1/12": connection_error(headers(1, GET), codes=(CLOSED,), after_close=True),
    "http2/5.1/13": connection_error(continuation(1, GET), codes=(PROTOCOL, CLOSED), after_close=True),
    "http2/5.1.1/1": connection_error(headers(2, GET)),
    "http2/5.1.1/2": connection_error(headers(5, GET), headers(3, GET)),
    "http2/5.1.2/1": stream_error(one_stream_too_many, codes=(PROTOCOL, Code.REFUSED_STREAM)),
    "http2/5.3.1/1": stream_error(headers(1, GET, priority=dependency(1, 255))),
    "http2/5.3.1/2": stream_error(priority(2, 2, 256)),
    "http2/5.4.1/1": connection_error(ping(stream=3)),
    "http2/5.4.1/2": Case((ping(stream=3),), says_why),
    "http2/5.5/1": goes_on(frame(Type.UNKNOWN, 0, 0, bytes(8))),
    "http2/5.5/2": connection_error(headers(1, GET, whole=False), frame(Type.UNKNOWN, 0, 0, bytes(8)), continuation(1)),
    "http2/6.1/1": connection_error(data(0, b"test")),
    "http2/6.1/2": stream_error(HALF_CLOSED, data(1, b"test", end=True), codes=(CLOSED,)),
    "http2/6.1/3": connection_error(OPEN, frame(Type.DATA, PADDED, 1, b"\x06test")),
    "http2/6.2/1": connection_error(headers(1, GET, whole=False), priority(1), continuation(1)),
    "http2/6.2/2": connection_error(headers(1, GET, whole=False), headers(3, GET)),
    "http2/6.2/3": connection_error(headers(0, GET)),
    "http2/6.2/4": stream_error(frame(Type.HEADERS, END_HEADERS | PADDED, 1, bytes([len(GET) + 1]) + GET)),
    "http2/6.3/1": connection_error(priority(0, 1)),
    "http2/6.3/2": stream_error(headers(1, GET, end=False), frame(Type.PRIORITY, 0, 1, bytes(4)), codes=(SIZE,)),
    "http2/6.4/1": connection_error(rst_stream(0), codes=(CANCEL, PROTOCOL)),
    "http2/6.4/2": connection_error(rst_stream(1), codes=(CANCEL, PROTOCOL)),
    "http2/6.4/3": stream_error(OPEN, frame(Type.RST_STREAM, 0, 1, bytes(3)), codes=(SIZE,)),
    "http2/6.5/1": connection_error(frame(Type.SETTINGS, 1, 0, bytes(1)), codes=(SIZE,)),
    "http2/6.5/2": connection_error(frame(Type.SETTINGS, 0, 1, bytes(6))),
    "http2/6.5/3": stream_error(frame(Type.SETTINGS, 0, 0, bytes(3)), codes=(SIZE, PROTOCOL)),
    "http2/6.5.2/1": connection_error(settings((Setting.ENABLE_PUSH, 2))),
    "http2/6.5.2/2": connection_error(window(1 << 31), codes=(FLOW,)),
    "http2/6.5.2/3": connection_error(settings((Setting.MAX_FRAME_SIZE, (1 << 14) - 1))),
    "http2/6.5.2/4": connection_error(settings((Setting.MAX_FRAME_SIZE, 1 << 24))),
    "http2/6.5.2/5": goes_on(settings((0xFF, 1))),
    "http2/6.5.3/1": Case(
        (settings((Setting.INITIAL_WINDOW_SIZE, 100), (Setting.INITIAL_WINDOW_SIZE, 1)), headers(1, GET)), sends_one_byte
    ),
    "http2/6.5.3/2": Case((settings(),), acknowledges_settings),
    "http2/6.7/1": goes_on(),
    "http2/6.7/2": Case((ping(ack=True),), answers_every_ping_but_acknowledgements),
    "http2/6.7/3": connection_error(ping(stream=3)),
    "http2/6.7/4": connection_error(ping(bytes(6)), codes=(SIZE,)),
    "http2/6.8/1": connection_error(goaway(stream=3)),
    "http2/6.9/1": connection_error(window_update(0, 0)),
    "http2/6.9/2": stream_error(OPEN, window_update(1, 0)),
    "http2/6.9/3": connection_error(frame(Type.WINDOW_UPDATE, 0, 0, bytes(3)), codes=(SIZE,)),
    "http2/6.9.1/1": Case((window(1), headers(1, GET)), sends_one_byte),
    "http2/6.9.1/2": connection_error(window_update(0, MAX_WINDOW) * 2, codes=(FLOW,)),
    "http2/6.9.1/3": stream_error(HALF_CLOSED, window_update(1, MAX_WINDOW) * 2, codes=(FLOW,)),
    "http2/6.9.2/1": Case((HALF_CLOSED,), grows_from_nothing),
    "http2/6.9.2/2": Case((window(3), headers(1, GET)), shrinks_below_nothing),
    "http2/6.9.2/3": connection_error(window(1 << 31), codes=(FLOW,)),
    "http2/6.10/1": answered(
        headers(1, GET[:5], whole=False), continuation(1, GET[5:9], whole=False), continuation(1, GET[9:])
    ),
    "http2/6.10/2": connection_error(
        headers(1, GET[:5], whole=False, end=False), continuation(1, GET[5:], whole=False), data(1, b"test", end=True)
    ),
    "http2/6.10/3": connection_error(headers(1, GET[:5], whole=False), continuation(0, GET[5:])),
    "http2/6.10/4": connection_error(headers(1, GET, end=False), continuation(1, block([("x-a", "b")]))),
    "http2/6.10/5": connection_error(
        headers(1, GET[:5], whole=False, end=False), continuation(1, GET[5:]), continuation(1, block([("x-a", "b")]))
    ),
    "http2/6.10/6": connection_error(OPEN, data(1, b"test"), continuation(1, block([("x-a", "b")]))),
    "http2/7/1": goes_on_or_ends(goaway(0, 0xFF)),
    "http2/7/2": goes_on(OPEN, rst_stream(1, 0xFF)),
    "http2/8.1/1": stream_error(OPEN, headers(1, block([("x-test", "ok")]), end=False)),
    "http2/8.1.2/1": malformed(("X-TEST", "ok")),
    "http2/8.1.2.1/1": malformed(pseudo=[*without(), (":test", "ok")]),
    "http2/8.1.2.1/2": malformed(pseudo=[*without(), (":status", "200")]),
    "http2/8.1.2.1/3": stream_error(OPEN, data(1, b"test"), headers(1, block([(":method", "GET")]))),
    "http2/8.1.2.1/4": malformed(pseudo=[*without(":path"), ("x-test", "ok"), (":path", "/public/h2")]),
    "http2/8.1.2.2/1": malformed(("connection", "keep-alive")),
    "http2/8.1.2.2/2": malformed(("trailers", "test"), ("te", "trailers, deflate")),
    "http2/8.1.2.3/1": malformed(pseudo=[*without(":path"), (":path", "")]),
    "http2/8.1.2.3/2": malformed(pseudo=without(":method")),
    "http2/8.1.2.3/3": malformed(pseudo=without(":scheme")),
    "http2/8.1.2.3/4": malformed(pseudo=without(":path")),
    "http2/8.1.2.3/5": malformed(pseudo=[(":method", "GET"), *without()]),
    "http2/8.1.2.3/6": malformed(pseudo=[(":scheme", "http"), *without()]),
    "http2/8.1.2.3/7": malformed(pseudo=[(":path", "/public/h2"), *without()]),
    "http2/8.1.2.6/1": malformed(("content-length", "1"), body=(b"test",)),
    "http2/8.1.2.6/2": malformed(("content-length", "1"), body=(b"test", b"test")),
    "http2/8.2/1": connection_error(frame(Type.PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + GET)),
    "hpack/2.3.3/1": connection_error(headers(1, GET + integer(70, 7, 0x80)), codes=(COMPRESSION,)),
    "hpack/2.3.3/2": connection_error(headers(1, GET + integer(70, 6, 0x40) + string(b"a")), codes=(COMPRESSION,)),
    "hpack/4.2/1": connection_error(headers(1, GET + integer(1, 5, 0x20)), codes=(COMPRESSION,)),
    "hpack/5.2/1": connection_error(headers(1, GET + b"\x00\x01a\x82\x1f\xff"), codes=(COMPRESSION,)),
    "hpack/5.2/2": connection_error(headers(1, GET + b"\x00\x01a\x81\x18"), codes=(COMPRESSION,)),
    "hpack/5.2/3": connection_error(headers(1, GET + b"\x00\x01a\x84\xff\xff\xff\xff"), codes=(COMPRESSION,)),
    "hpack/6.1/1": connection_error(headers(1, GET + b"\x80"), codes=(COMPRESSION,)),
    "hpack/6.3/1": connection_error(lambda peer: headers(1, table_size(peer) + GET), codes=(COMPRESSION,)),
}

#: The one case in which no connection of HTTP/2 comes to be.
WITHOUT_PREFACE = "http2/3.5/2"

#: Where the library decides otherwise, and why that is safe: in each case the frame is ignored, and all goes on.
DEVIATIONS = {
    "http2/5.3.1/2": "the listener says that it has no priorities (RFC 9218 section 2.1), and does not look into them",
    "http2/6.3/1": "the same, also for the stream that they are of",
    "http2/5.1/8": "content on a stream that was reset may be under way still: it is read and dropped",
    "http2/5.1/9": "a head on a stream that was reset may be under way still: it is read for the table, and dropped",
    "http2/5.1/11": "a stream that has ended is forgotten, and what it was is not known any more: dropped",
    "http2/5.1/12": "the same for a head, which is read for the table: dropped",
    "http2/5.1.1/2": "a stream that was skipped is closed (RFC 9113 section 5.1.1), and nothing is known of it: dropped",
}


@pytest.fixture(autouse=True)
def others_are_served(gateway: Gateway) -> Iterator[None]:
    yield
    with ClientPeer(gateway.address) as peer:
        assert peer.exchange().status == 200
    assert gateway.exchange(http1_request("GET", "/public/after")).status == 200


@pytest.mark.parametrize("identity", [identity for identity in CASES if identity not in DEVIATIONS])
def test_h2spec(gateway: Gateway, identity: str) -> None:
    with ClientPeer(gateway.address) as peer:
        CASES[identity].send(peer)
        CASES[identity].check(peer)


@pytest.mark.parametrize("identity", DEVIATIONS)
def test_h2spec_where_the_library_decides_otherwise(gateway: Gateway, identity: str) -> None:
    with ClientPeer(gateway.address) as peer:
        CASES[identity].send(peer)
        check_that_it_goes_on(peer)
        assert all(message.reset is None for message in peer.messages.values())


def test_h2spec_http2_3_5_2_what_is_no_preface_is_refused_and_ends(gateway: Gateway) -> None:
    """On a listener that speaks both versions it is a malformed request of HTTP/1.1."""
    with Client(gateway.address) as client:
        client.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
        assert client.read_response().status in (400, 501)
        assert client.expect_close() == b""


@pytest.mark.parametrize("cut", [3, 14, 18, 23])
def test_rfc9113_3_4_a_preface_that_goes_wrong_in_the_middle_ends_the_connection(gateway: Gateway, cut: int) -> None:
    good = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings()
    connection = open_socket(gateway.address)
    connection.sendall(good[:cut] + b"X" + good[cut + 1 :])
    received = b""
    try:
        while more := connection.recv(65536):
            received += more
    except ConnectionResetError:
        pass
    connection.close()
    assert b" 200 " not in received


def test_rfc9113_3_4_the_preface_may_come_byte_by_byte(gateway: Gateway) -> None:
    with ClientPeer(gateway.address) as whole:
        whole.exchange()
    connection = open_socket(gateway.address)
    peer = ClientPeer.__new__(ClientPeer)
    super(ClientPeer, peer).__init__(connection)
    with peer:
        message = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings() + headers(1, GET) + ping()
        for index in range(len(message)):
            peer.send(message[index : index + 1])
        assert peer.answer().status == 200


@pytest.mark.corpus
def test_no_case_of_h2spec_is_missing(corpora: Path) -> None:
    cases = json.loads((corpora / "http2" / "h2spec-cases.json").read_text())
    ids = [case["id"].removeprefix("h2spec:") for case in cases]
    assert len(ids) == 147
    assert {*CASES, WITHOUT_PREFACE} == set(ids)
    assert set(DEVIATIONS) <= set(CASES)
