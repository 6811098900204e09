"""Everything has a limit, and each limit its status (decisions.md, configuration.md)."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.upstream import Exchange, Upstream
from harness.wire import Client, Closed, Response, request


def refused(response: Response, status: int, reason: str) -> None:
    assert (response.status, json.loads(response.body)["reason"]) == (status, reason)


def leniently(gateway: Gateway, data: bytes) -> Response:
    """One request that the gateway may refuse before it has read all of it."""
    with gateway.client() as client:
        client.send_leniently(data)
        return client.read_response()


# Heads


def test_a_request_line_beyond_8_kib_is_414(gateway: Gateway) -> None:
    assert leniently(gateway, request("GET", "/public/" + "a" * 7000)).status == 200
    refused(leniently(gateway, request("GET", "/public/" + "a" * 9000)), 414, "target_too_long")
    refused(leniently(gateway, request("GET", "/public/" + "a" * 500_000)), 414, "target_too_long")


def test_a_header_section_beyond_16_kib_is_431(gateway: Gateway) -> None:
    assert leniently(gateway, request("GET", "/public/a", "X-Large: " + "a" * 15_000)).status == 200
    refused(leniently(gateway, request("GET", "/public/a", "X-Large: " + "a" * 17_000)), 431, "head_too_large")
    refused(leniently(gateway, request("GET", "/public/a", *[f"X-{n}: " + "a" * 900 for n in range(40)])), 431, "head_too_large")


def test_more_than_100_fields_are_431(gateway: Gateway) -> None:
    assert leniently(gateway, request("GET", "/public/a", *[f"X-{n}: 1" for n in range(98)])).status == 200
    refused(leniently(gateway, request("GET", "/public/a", *[f"X-{n}: 1" for n in range(101)])), 431, "head_too_large")


def test_a_head_that_never_ends_is_refused_while_it_comes(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(b"GET /public/a HTTP/1.1\r\nHost: a\r\nX: ")
        client.send_leniently(b"a" * 2_000_000)
        refused(client.read_response(), 431, "head_too_large")


def test_limits_of_heads_are_configurable(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(
        upstream, limits={"request_line": "512B", "header_section": "1KiB", "header_fields": 10}
    )
    refused(leniently(gateway, request("GET", "/public/" + "a" * 600)), 414, "target_too_long")
    refused(leniently(gateway, request("GET", "/public/a", "X: " + "a" * 1100)), 431, "head_too_large")
    refused(leniently(gateway, request("GET", "/public/a", *["X: 1"] * 12)), 431, "head_too_large")
    assert leniently(gateway, request("GET", "/public/a", "X: " + "a" * 600)).status == 200


def test_a_large_field_that_fits_crosses_whole(gateway: Gateway, shared_upstream: Upstream) -> None:
    gateway.exchange(request("GET", "/public/a", "X-Large: " + "a" * 15_000))
    assert shared_upstream.messages[-1].get("x-large") == "a" * 15_000


def test_trailers_and_chunk_extensions_are_bounded(gateway: Gateway) -> None:
    head = request("POST", "/public/a", "Transfer-Encoding: chunked")
    for body in (b"5;" + b"e" * 1_000_000 + b"\r\nhello\r\n0\r\n\r\n", b"0\r\n" + b"X: " + b"t" * 1_000_000 + b"\r\n\r\n",
                 b"".join(b"1;%b\r\nx\r\n" % (b"e" * 4000) for _ in range(500)) + b"0\r\n\r\n"):
        response = leniently(gateway, head + body)
        assert response.status in (400, 413, 431)


# Bodies


def test_a_body_beyond_max_body_is_413(start_gateway: Any, upstream: Upstream) -> None:
    routes = [
        {"id": "small", "path": "/small", "public": True, "max_body": "1KiB"},
        {"id": "any", "path": "/any-size", "public": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    assert gateway.exchange(request("POST", "/small", body=b"x" * 1024)).status == 200
    refused(leniently(gateway, request("POST", "/small", body=b"x" * 1025)), 413, "body_too_large")
    refused(leniently(gateway, request("POST", "/small", "Content-Length: 99999999999")), 413, "body_too_large")
    assert gateway.exchange(request("POST", "/any-size", body=b"x" * 100_000)).status == 200
    assert [message.target for message in upstream.messages] == ["/small", "/any-size"], "refused by its length alone"


def test_a_chunked_body_beyond_max_body_is_413(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"max_body": "1KiB"})
    body = b"400\r\n" + b"x" * 1024 + b"\r\n" + b"1\r\nx\r\n" + b"0\r\n\r\n"
    refused(leniently(gateway, request("POST", "/public/a", "Transfer-Encoding: chunked", body=body)), 413, "body_too_large")
    assert upstream.complete_messages == []


# Time


def test_a_head_that_takes_too_long_is_408_and_close(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"head_timeout": "400ms", "idle_timeout": "5s"})
    with gateway.client() as client:
        started = time.monotonic()
        client.send(b"GET /public/a HTTP/1.1\r\nHost:")
        response = client.read_response()
        refused(response, 408, "request_timeout")
        assert (response.get("connection") or "").lower() == "close"
        assert 0.3 < time.monotonic() - started < 3
        assert client.expect_close() == b""
    line = gateway.log_of(response)
    assert (line["decision"], line["reason"]) == ("reject", "request_timeout")


def test_dripping_does_not_extend_the_time_for_a_head(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"head_timeout": "600ms", "idle_timeout": "5s"})
    with gateway.client() as client:
        started = time.monotonic()
        stop = threading.Event()

        def drip() -> None:
            for byte in request("GET", "/public/a", *["X: 1"] * 50):
                client.send_leniently(bytes([byte]))
                if stop.wait(0.05):
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        refused(client.read_response(), 408, "request_timeout")
        assert time.monotonic() - started < 3
        stop.set()
        thread.join(5)


def test_an_idle_connection_is_closed_without_a_word(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"idle_timeout": "400ms", "head_timeout": "1500ms"})
    with gateway.client() as fresh, gateway.client() as used:
        started = time.monotonic()
        assert used.exchange(request("GET", "/public/a")).status == 200
        assert used.expect_close() == b""
        assert 0.3 < time.monotonic() - started < 1.4
        assert fresh.expect_close() == b""
        assert time.monotonic() - started > 1.3, "the first request has the time of a head"
    assert len(gateway.wait_for_log_count(1)) == 1, "a connection without a request is not an exchange"


def test_a_connection_in_use_is_not_idle(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"idle_timeout": "500ms"})
    with gateway.client() as client:
        for _ in range(12):
            assert client.exchange(request("GET", "/public/a")).status == 200
            time.sleep(0.1)


def test_a_body_that_stalls_is_408(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"idle_timeout": "500ms"})
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Content-Length: 10") + b"half")
        try:
            refused(client.read_response(), 408, "request_timeout")
        except Closed:
            pass
        client.expect_close()
    upstream.wait_until(lambda: upstream.open_connections == 0, "the upstream connection to be given up")
    assert upstream.complete_messages == []
    assert gateway.wait_for_log(lambda line: line.get("path") == "/public/a")["reason"] in ("request_timeout", "public")


def test_a_body_slower_than_the_minimum_rate_is_ended(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"body_rate": "10KiB", "idle_timeout": "5s"})
    stop = threading.Event()
    with gateway.client(timeout=60) as client:
        client.send(request("POST", "/public/a", "Content-Length: 1000000"))

        def drip() -> None:
            while not stop.wait(0.05):
                client.send_leniently(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        try:
            assert client.read_response().status == 408
        except Closed:
            pass
        assert time.monotonic() - started < 45
        stop.set()
        thread.join(5)
    assert upstream.complete_messages == []


def test_a_body_at_a_fair_rate_is_not_ended(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"body_rate": "1KiB", "idle_timeout": "2s"})
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Content-Length: 40960"))
        for _ in range(20):
            client.send(b"x" * 2048)
            time.sleep(0.1)
        assert json.loads(client.read_response().body)["length"] == 40960


# Connections


def test_a_connection_beyond_the_limit_gets_a_clear_503(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"connections": 8})
    held: list[Client] = []
    for _ in range(8):
        client = gateway.client()
        assert client.exchange(request("GET", "/public/a")).status == 200
        held.append(client)
    with gateway.client() as extra:
        extra.send_leniently(request("GET", "/public/a"))
        response = extra.read_response()
        refused(response, 503, "overloaded")
        assert (response.get("connection") or "").lower() == "close"
        extra.expect_close()
    assert all(client.exchange(request("GET", "/public/a")).status == 200 for client in held), "the others are served"
    held.pop().close()
    deadline = time.monotonic() + 5
    while gateway.exchange(request("GET", "/public/a", "Connection: close")).status != 200:
        assert time.monotonic() < deadline, "a place that became free is given away again"
        time.sleep(0.02)
    for client in held:
        client.close()


def test_no_upstream_connection_free_is_503(start_gateway: Any, upstream: Upstream) -> None:
    release = threading.Event()
    reached = threading.Event()

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        reached.set()
        assert release.wait(30)
        exchange.respond(200, body=b"late")

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1, limits={"upstream_connections": 1, "connect_timeout": "500ms"})
    with gateway.client() as first:
        first.send(request("GET", "/public/a"))
        assert reached.wait(10)
        refused(gateway.exchange(request("GET", "/public/b")), 503, "upstream_busy")
        release.set()
        assert first.read_response().body == b"late"


@pytest.mark.parametrize("size", [7_000, 30_000])
def test_a_token_beyond_8_kib_is_refused(start_gateway: Any, upstream: Upstream, mint: Any, size: int) -> None:
    gateway = start_gateway(upstream, limits={"header_section": "48KiB"})
    response = leniently(gateway, request("GET", "/items/1", f"Authorization: Bearer {mint.token(filler='x' * size)}"))
    refused(response, 401, "malformed_token")
