"""Ends of streams and connections of HTTP/2: the upstream hears of them, the log has a line of each, and no place is kept."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from harness.frames import ClientPeer, Code, data, head, headers, literal, request, rst_stream
from harness.tls import World
from harness.upstream import Exchange, Upstream
from harness.wire import PATIENCE, open_socket


@pytest.mark.parametrize("code", [Code.CANCEL, Code.NO_ERROR])
def test_an_upstream_is_left_when_its_client_resets_the_stream(start_gateway: Any, code: Code) -> None:
    """Whatever code the client gives: with NO_ERROR, too, it takes no answer any more."""
    arrived, left = threading.Event(), threading.Event()

    def wait(exchange: Exchange) -> None:
        arrived.set()
        exchange.connection.socket.settimeout(PATIENCE)
        if not exchange.connection.socket.recv(1):
            left.set()

    with Upstream(wait) as upstream:
        gateway = start_gateway(upstream, workers=1)
        with ClientPeer(gateway.address) as peer:
            peer.send(headers(1, request("/public/a")))
            assert arrived.wait(PATIENCE)
            peer.send(rst_stream(1, code))
            assert left.wait(5), "the upstream still works for nobody"
            assert gateway.wait_for_log_count(1)[0]["aborted"] == "client"


def test_rule_11_resets_that_claim_no_error_are_resets(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1)
    with ClientPeer(gateway.address) as peer:
        for start in range(0, 20_000, 50):
            streams = range(2 * start + 1, 2 * start + 101, 2)
            if not peer.send(b"".join(headers(s, request("/public/a")) + rst_stream(s, Code.NO_ERROR) for s in streams)):
                break
            if not peer.answers_ping(start.to_bytes(8)):
                break
        assert peer.ends(1) is Code.ENHANCE_YOUR_CALM


def test_rule_11_what_is_reset_at_once_does_not_reach_the_upstream(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1)
    with ClientPeer(gateway.address) as peer:
        peer.send(b"".join(headers(s, request("/public/a")) + rst_stream(s) for s in range(1, 101, 2)))
        assert peer.exchange(101, request("/public/last")).status == 200
        lines = gateway.wait_for_log_count(51)
    assert [message.target for message in upstream.messages] == ["/public/last"]
    assert [line.get("aborted") for line in lines] == ["client"] * 50 + [None]


@pytest.mark.parametrize("count", [10, 100])
def test_each_malformed_request_has_its_line(start_gateway: Any, upstream: Upstream, count: int) -> None:
    gateway = start_gateway(upstream, workers=1)
    with ClientPeer(gateway.address) as peer:
        peer.send(b"".join(headers(s, request("/public/a") + literal("X-A", "b")) for s in range(1, 2 * count, 2)))
        assert peer.answers_ping()
        assert len(gateway.wait_for_log_count(count)) == count


def test_a_head_that_is_given_up_has_its_line(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1)
    with ClientPeer(gateway.address) as peer:
        peer.send(head(1, request("/public/a") + literal("x-b", b"c" * 15_000) * 6))
        assert peer.answer(1).reset is not None
        line = gateway.wait_for_log_count(1)[0]
    assert (line["decision"], line["reason"], line["path"]) == ("reject", "head_too_large", "/public/a")


@pytest.mark.parametrize("opens", ["nothing", "a request", "an upload"])
def test_a_connection_beyond_the_limit_does_not_stay(start_gateway: Any, upstream: Upstream, opens: str) -> None:
    gateway = start_gateway(upstream, workers=1, limits={"connections": 1})
    with ClientPeer(gateway.address) as held, ClientPeer(gateway.address) as extra:
        assert held.exchange().status == 200
        if opens == "a request":
            assert extra.exchange().status == 503
        elif opens == "an upload":
            extra.send(headers(1, request("/public/a", method="POST"), end=False), data(1, b"x"))
            assert extra.answer().status == 503
        assert extra.ends(5) is Code.NO_ERROR
        assert held.exchange(3).status == 200


def test_a_handshake_beyond_the_limit_does_not_stay(start_gateway: Any, upstream: Upstream, world: World) -> None:
    gateway = start_gateway(upstream, workers=1, limits={"connections": 1}, listeners=[world.listener()])
    with open_socket(gateway.address), open_socket(gateway.address) as extra:
        extra.settimeout(5)
        began = time.monotonic()
        assert extra.recv(1) == b""
        assert time.monotonic() - began < 4
