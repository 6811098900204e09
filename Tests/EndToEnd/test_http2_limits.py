"""Every limit holds over HTTP/2 as it does over HTTP/1.1, with the same status and reason (decisions.md)."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from harness.frames import (
    ClientPeer, Code, Message, Setting, Text, block, data, head, headers, literal, request, settings,
)
from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream, echo
from harness.wire import request as http1_request


def refused(answer: Message, status: int, reason: str) -> None:
    assert (answer.status, json.loads(answer.body or b"{}").get("reason")) == (status, reason), answer


def ask(gateway: Gateway, path: Text, *fields: tuple[Text, Text], body: bytes | None = None, **options: Any) -> Message:
    """One request on a connection of its own, its head in as many frames as it takes."""
    with ClientPeer(gateway.address) as peer:
        peer.send(head(1, request(path, *fields, **options), end=body is None))
        if body is not None:
            send_body(peer, 1, body)
        answer = peer.answer()
        assert peer.goaway is None, "what one stream does wrong is not the connection's fault"
        return answer


def send_body(peer: ClientPeer, stream: int, body: bytes) -> None:
    for start in range(0, max(1, len(body)), 16_000):
        peer.send(data(stream, body[start : start + 16_000], end=start + 16_000 >= len(body)))


# Heads


def test_a_target_beyond_8_kib_is_414(gateway: Gateway) -> None:
    assert ask(gateway, "/public/" + "a" * 7000).status == 200
    refused(ask(gateway, "/public/" + "a" * 9000), 414, "target_too_long")


def test_fields_beyond_16_kib_are_431(gateway: Gateway) -> None:
    assert ask(gateway, "/public/a", ("x-large", "a" * 15_000)).status == 200
    refused(ask(gateway, "/public/a", ("x-large", "a" * 17_000)), 431, "head_too_large")
    refused(ask(gateway, "/public/a", *((f"x-{n}", "a" * 900) for n in range(40))), 431, "head_too_large")


def test_more_than_100_fields_are_431(gateway: Gateway) -> None:
    assert ask(gateway, "/public/a", *((f"x-{n}", "1") for n in range(98))).status == 200
    refused(ask(gateway, "/public/a", *((f"x-{n}", "1") for n in range(101))), 431, "head_too_large")


def test_crumbs_of_cookies_count(gateway: Gateway) -> None:
    assert ask(gateway, "/public/a", *(("cookie", f"a{n}=b") for n in range(50))).status == 200
    refused(ask(gateway, "/public/a", *(("cookie", f"a{n}=" + "b" * 200) for n in range(90))), 431, "head_too_large")


def test_a_head_much_beyond_the_limit_ends_its_stream_or_connection(gateway: Gateway) -> None:
    with ClientPeer(gateway.address) as peer:
        peer.send(head(1, request("/public/a", ("x-large", "a" * 1_000_000))))
        answer = peer.answer()
        assert answer.status == 431 or answer.reset is not None or peer.goaway is not None
    with ClientPeer(gateway.address) as peer:
        assert peer.exchange().status == 200


def test_what_is_announced_is_what_holds(gateway: Gateway) -> None:
    with ClientPeer(gateway.address) as peer:
        assert 16 << 10 <= peer.settings[Setting.MAX_HEADER_LIST_SIZE] <= 64 << 10
        assert 10 <= peer.settings[Setting.MAX_CONCURRENT_STREAMS] <= 1000
        assert peer.settings.get(Setting.ENABLE_PUSH, 0) == 0


def test_after_a_head_that_was_too_large_the_next_is_understood(gateway: Gateway) -> None:
    """What was refused has changed the table all the same (RFC 7541 §2.2)."""
    with ClientPeer(gateway.address) as peer:
        indexed = literal("x-a", "kept in the table", pattern=0x40)
        peer.send(head(1, request("/public/a") + indexed + literal("x-large", "a" * 17_000)))
        refused(peer.answer(1), 431, "head_too_large")
        answer = peer.exchange(3, request("/public/a") + b"\xbe")
        assert ["x-a", "kept in the table"] in [[name.lower(), value] for name, value in json.loads(answer.body)["fields"]]


@pytest.mark.parametrize("size", [7_000, 30_000])
def test_a_token_beyond_8_kib_is_refused(start_gateway: Any, upstream: Upstream, mint: Mint, size: int) -> None:
    gateway = start_gateway(upstream, limits={"header_section": "48KiB"})
    answer = ask(gateway, "/items/1", ("authorization", f"Bearer {mint.token(filler='x' * size)}"))
    refused(answer, 401, "malformed_token")


# Bodies


def test_a_body_beyond_max_body_is_413(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"max_body": "1KiB"})
    assert ask(gateway, "/public/a", method="POST", body=b"x" * 1024).status == 200
    refused(ask(gateway, "/public/a", ("content-length", "1025"), method="POST", body=b"x" * 1025), 413, "body_too_large")
    with ClientPeer(gateway.address) as peer:
        peer.send(headers(1, request("/public/a", ("content-length", "99999999999"), method="POST"), end=False))
        refused(peer.answer(), 413, "body_too_large")
    assert len(upstream.messages) == 1, "refused by its length alone"
    refused(ask(gateway, "/public/a", method="POST", body=b"x" * 1025), 413, "body_too_large")
    refused(ask(gateway, "/public/a", method="POST", body=b"x" * 40_000), 413, "body_too_large")
    assert len(upstream.complete_messages) == 1


def test_a_body_that_stalls_is_408(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"idle_timeout": "500ms"})
    with ClientPeer(gateway.address) as peer:
        peer.send(headers(1, request("/public/a", method="POST"), end=False), data(1, b"half"))
        answer = peer.answer()
        assert answer.status == 408 or answer.reset is not None
    upstream.wait_until(lambda: upstream.open_connections == 0, "the upstream connection to be given up")
    assert upstream.complete_messages == []


def test_a_refused_request_does_not_hold_what_it_uploads(gateway: Gateway, shared_upstream: Upstream) -> None:
    """The answer comes before the body, and the windows of the connection are whole again for the next stream."""
    before = len(shared_upstream.messages)
    with ClientPeer(gateway.address) as peer:
        for stream in range(1, 81, 2):
            peer.send(headers(stream, request("/nowhere", method="POST"), end=False))
            send_body(peer, stream, b"x" * 60_000)
            assert peer.answer(stream).status == 401
        assert peer.goaway is None
        body = b"y" * 60_000
        peer.send(headers(101, request("/public/a", method="POST"), end=False))
        send_body(peer, 101, body)
        assert json.loads(peer.answer(101).body)["length"] == len(body)
    assert len(shared_upstream.messages) == before + 1


def test_an_upload_goes_at_the_pace_of_the_upstream(start_gateway: Any, upstream: Upstream) -> None:
    """RFC 9113 §5.2: no window is given for what is not read, and other streams go on meanwhile."""
    release = threading.Event()

    def handler(exchange: Exchange) -> None:
        if exchange.message.target == "/public/slow":
            assert release.wait(30)
        echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with ClientPeer(gateway.address) as peer:
        start = peer.settings.get(Setting.INITIAL_WINDOW_SIZE, 65_535)
        peer.send(headers(1, request("/public/slow", method="POST"), end=False))
        window, sent = start, 0
        given = lambda: sum(int.from_bytes(f.payload) for f in peer.frames if f.kind == 8 and f.stream == 1)  # noqa: E731
        while sent < 64 << 20:
            if window <= 0:
                peer.answers_ping(sent.to_bytes(8))
                if (window := start + given() - sent) <= 0:
                    break
            size = min(16_000, window)
            peer.send(data(1, bytes(size)))
            sent, window = sent + size, window - size
        assert sent < 32 << 20, "what nobody reads stops, at what sockets and windows hold"
        assert peer.exchange(3).status == 200
        release.set()
        peer.send(data(1, b"", end=True))
        assert json.loads(peer.answer(1).body)["length"] == sent


# Time


def test_a_head_that_takes_too_long_ends_the_connection(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"head_timeout": "400ms", "idle_timeout": "10s"})
    with ClientPeer(gateway.address) as peer:
        started = time.monotonic()
        peer.send(headers(1, request("/public/a"), whole=False))
        peer.ends(8)
        assert 0.3 < time.monotonic() - started < 4
    assert upstream.messages == []


def test_an_idle_connection_is_ended_with_a_word(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"idle_timeout": "500ms"})
    with ClientPeer(gateway.address) as peer:
        assert peer.exchange().status == 200
        started = time.monotonic()
        assert peer.ends(8) == Code.NO_ERROR
        assert 0.3 < time.monotonic() - started < 4


# Streams and connections


def test_a_stream_beyond_the_limit_is_refused_and_the_others_go_on(gateway: Gateway) -> None:
    """RFC 9113 §5.1.2; REFUSED_STREAM says that it can be sent again."""
    with ClientPeer(gateway.address) as peer:
        limit = peer.settings[Setting.MAX_CONCURRENT_STREAMS]
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 0)), *(headers(2 * index + 1, request()) for index in range(limit)))
        peer.send(headers(2 * limit + 1, request()))
        peer.until(lambda: peer.message(2 * limit + 1).is_over, "a refusal")
        if peer.goaway is None:
            assert peer.message(2 * limit + 1).reset == Code.REFUSED_STREAM
            peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 65_535)))
            assert all(peer.answer(2 * index + 1).status == 200 for index in range(limit))
        else:
            assert peer.goaway in (Code.PROTOCOL_ERROR, Code.ENHANCE_YOUR_CALM), "it has acknowledged the limit"


def test_a_connection_beyond_the_limit_is_refused(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"connections": 4})
    held = [ClientPeer(gateway.address) for _ in range(4)]
    assert all(peer.exchange().status == 200 for peer in held)
    refused_now = gateway.exchange(http1_request("GET", "/public/a"))
    assert refused_now.status == 503
    with pytest.raises((AssertionError, ValueError)):
        with ClientPeer(gateway.address) as extra:
            assert extra.exchange().status == 200
    assert all(peer.exchange(3).status == 200 for peer in held), "the others are served"
    for peer in held:
        peer.close()


def test_no_upstream_connection_free_is_503(start_gateway: Any, upstream: Upstream) -> None:
    release, reached = threading.Event(), threading.Event()

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        reached.set()
        assert release.wait(30)
        exchange.respond(200, body=b"late")

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1, limits={"upstream_connections": 1, "connect_timeout": "500ms"})
    with ClientPeer(gateway.address) as peer:
        peer.send(headers(1, request("/public/a")))
        assert reached.wait(10)
        refused(peer.exchange(3, request("/public/b")), 503, "upstream_busy")
        release.set()
        assert peer.answer(1).body == b"late"


def test_trailers_are_bounded(gateway: Gateway, shared_upstream: Upstream) -> None:
    with ClientPeer(gateway.address) as peer:
        peer.send(headers(1, request("/public/trailers", method="POST"), end=False), data(1, b"x"))
        peer.send(head(1, block((f"x-{n}", "t" * 1000) for n in range(60))))
        answer = peer.answer()
        assert answer.reset is not None or peer.goaway is not None or answer.status in (400, 413, 431)
    assert all(message.target != "/public/trailers" for message in shared_upstream.complete_messages)
