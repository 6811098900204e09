"""HTTP/1.1 between client and upstream, message by message (RFC 9110, RFC 9112)."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.upstream import Exchange, Upstream, echo
from harness.wire import Client, Truncated, request


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailers + b"\r\n"


# RFC 9112 §9.3: persistence


def test_many_requests_share_one_client_connection(gateway: Gateway) -> None:
    with gateway.client() as client:
        for index in range(50):
            response = client.exchange(request("GET", f"/public/{index}"))
            assert json.loads(response.body)["target"] == f"/public/{index}"


def test_upstream_connections_are_reused(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for index in range(20):
            assert client.exchange(request("GET", f"/public/{index}")).status == 200
    assert len(upstream.connections) == 1


def test_pipelined_requests_are_answered_in_order(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(b"".join(request("GET", f"/public/{index}", f"X-Probe: {index}") for index in range(40)))
        for index in range(40):
            assert client.read_response().get("x-probe") == str(index)


def test_pipelined_bodies_do_not_run_into_each_other(gateway: Gateway) -> None:
    with gateway.client() as client:
        messages = []
        for index in range(10):
            body = b"GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n" * index
            messages.append(request("POST", f"/public/{index}", body=body))
            messages.append(request("POST", f"/public/{index}", "Transfer-Encoding: chunked", body=chunked(body) if body else chunked()))
        client.send(b"".join(messages))
        for index in range(10):
            for _ in range(2):
                answer = json.loads(client.read_response().body)
                assert answer["target"] == f"/public/{index}"
                assert answer["length"] == 42 * index


def test_a_refusal_in_a_pipeline_keeps_its_place(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(request("GET", "/public/1") + request("GET", "/items/1") + request("GET", "/public/2"))
        assert [client.read_response().status for _ in range(3)] == [200, 401, 200]


def test_connection_close_is_honoured(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a", "Connection: close"))
        assert response.status == 200
        assert (response.get("connection") or "").lower() == "close"
        assert client.expect_close() == b""


def test_nothing_after_a_request_with_connection_close_is_served(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(request("GET", "/public/1", "Connection: close") + request("GET", "/public/2"))
        assert client.read_response().status == 200
        assert client.expect_close() == b""


def test_http_1_0_is_answered_and_closed(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a", version="HTTP/1.0"))
        assert (response.status, response.version) == (200, "HTTP/1.1")
        assert "transfer-encoding" not in [name.lower() for name, _ in response.fields]
        assert client.expect_close() == b""


def test_http_1_0_without_host_is_served_by_a_route_without_host(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/public/a", version="HTTP/1.0", host=None))
    assert response.status == 200


def test_http_1_0_keep_alive_is_honoured_or_closed_in_order(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a", "Connection: keep-alive", version="HTTP/1.0"))
        assert response.status == 200
        if (response.get("connection") or "").lower() == "keep-alive":
            assert client.exchange(request("GET", "/public/b", version="HTTP/1.0")).status == 200
        assert client.expect_close() == b""


def test_a_chunked_answer_reaches_an_http_1_0_client_without_chunks(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"one ", b"two"))

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a", version="HTTP/1.0"))
        assert (response.framing, response.body) == ("close", b"one two")


# RFC 9112 §7: chunked, both ways


def test_a_chunked_body_crosses_with_its_trailers(gateway: Gateway, shared_upstream: Upstream) -> None:
    body = chunked(b"hello ", b"world", trailers=b"X-Checksum: 42\r\n")
    answer = json.loads(
        gateway.exchange(request("POST", "/public/t", "Transfer-Encoding: chunked", "Trailer: X-Checksum", body=body)).body
    )
    assert answer["length"] == 11
    assert ["X-Checksum", "42"] in answer["trailers"]


@pytest.mark.parametrize(
    "name", ["Content-Length", "Transfer-Encoding", "Host", "Authorization", "X-Forwarded-For", "X-Request-Id", "Connection"]
)
def test_framing_routing_and_managed_names_in_trailers_are_dropped(gateway: Gateway, name: str) -> None:
    body = chunked(b"x", trailers=f"{name}: 1\r\nX-Kept: yes\r\n".encode())
    answer = json.loads(gateway.exchange(request("POST", "/public/t", "Transfer-Encoding: chunked", body=body)).body)
    assert [field[0].lower() for field in answer["trailers"]] == ["x-kept"]


def test_chunk_extensions_are_dropped(gateway: Gateway) -> None:
    body = b'5;name=value;other="quoted; \\" text"\r\nhello\r\n0;last\r\n\r\n'
    with gateway.client() as client:
        answer = json.loads(client.exchange(request("POST", "/public/t", "Transfer-Encoding: chunked", body=body)).body)
        assert answer["length"] == 5
        assert client.exchange(request("GET", "/public/next")).status == 200


def test_an_answer_in_chunks_crosses_with_its_trailers(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            + chunked(b"one ", b"two", trailers=b"X-Sum: 7\r\nContent-Length: 3\r\nX-Request-Id: forged\r\n")
        )

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a", "TE: trailers"))
        assert (response.framing, response.body) == ("chunked", b"one two")
        assert response.trailers == [("X-Sum", "7")]
        assert client.exchange(request("GET", "/public/b")).status == 200


def test_nothing_of_one_answer_shows_in_the_next(start_gateway: Any, upstream: Upstream) -> None:
    answers = {
        "/public/trailers": b"HTTP/1.1 200 OK\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(b"one", trailers=b"X-Sum: secret\r\n"),
        "/public/close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntwo",
        "/public/length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthree",
        "/public/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"four"),
    }

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(answers[exchange.message.target])
        if exchange.message.target == "/public/close":
            exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    for target in ("/public/close", "/public/length", "/public/chunks"):
        first = gateway.exchange(request("GET", "/public/trailers", "TE: trailers"))
        assert (first.body, first.trailers, first.get("x-own")) == (b"one", [("X-Sum", "secret")], "1")
        second = gateway.exchange(request("GET", target, "TE: trailers"))
        assert answers[target].endswith(second.body) or target == "/public/chunks" and second.body == b"four"
        assert (second.trailers, second.get("x-own")) == ([], None)


def test_an_answer_in_chunks_arrives_chunk_by_chunk(start_gateway: Any, upstream: Upstream) -> None:
    turn = threading.Semaphore(0)

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for index in range(5):
            assert turn.acquire(timeout=10)
            exchange.send(b"1\r\n%d\r\n" % index)
        exchange.send(b"0\r\n\r\n")

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        client.send(request("GET", "/public/a"))
        assert client.read_final_head().status == 200
        for index in range(5):
            turn.release()
            data = b""
            while not data.endswith(b"\r\n%d\r\n" % index):
                data += client.reader.exactly(1)
        assert client.reader.until(b"0\r\n\r\n") == b"0\r\n\r\n"


def test_a_request_body_reaches_the_upstream_while_it_is_being_sent(start_gateway: Any, upstream: Upstream) -> None:
    seen: list[bytes] = []
    arrived = threading.Semaphore(0)

    def handler(exchange: Exchange) -> None:
        for _ in range(5):
            size = exchange.connection.reader.until(b"\r\n")
            seen.append(exchange.connection.reader.exactly(int(size, 16) + 2)[:-2])
            arrived.release()
        exchange.read_body()
        exchange.respond(200, body=b"done")

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Transfer-Encoding: chunked"))
        for index in range(5):
            client.send(b"4\r\n%04d\r\n" % index)
            assert arrived.acquire(timeout=10), f"chunk {index} is held back"
        client.send(b"0\r\n\r\n")
        assert client.read_response().body == b"done"
    assert seen == [b"%04d" % index for index in range(5)]


# RFC 9110 §9: methods


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH", "BREW"])
def test_any_method_passes_where_the_route_does_not_limit_it(gateway: Gateway, method: str) -> None:
    answer = json.loads(gateway.exchange(request(method, "/public/a?x=1")).body)
    assert (answer["method"], answer["target"]) == (method, "/public/a?x=1")


def test_a_method_in_lower_case_is_refused(gateway: Gateway) -> None:
    """Methods are case-sensitive (RFC 9110 §9.1), and servers are known to read `get` as GET."""
    assert gateway.exchange(request("get", "/health")).status == 400


def test_head_has_the_length_but_no_body(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(request("HEAD", "/public/a"))
        assert response.status == 200
        assert int(response.get("content-length") or 0) > 0
        assert client.exchange(request("GET", "/public/b")).status == 200


def test_connect_never_passes(gateway: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    with gateway.client() as client:
        client.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        assert client.read_response("CONNECT").status >= 400
    assert len(shared_upstream.messages) == before


def test_trace_never_passes(gateway: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    assert gateway.exchange(request("TRACE", "/public/a", "Cookie: secret")).status >= 400
    assert len(shared_upstream.messages) == before


def test_options_asterisk_is_a_route_of_its_own(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "server", "path": "*", "methods": ["OPTIONS"], "public": True}]
    gateway = start_gateway(upstream, routes=routes)
    assert json.loads(gateway.exchange(request("OPTIONS", "*")).body)["target"] == "*"
    assert gateway.exchange(request("OPTIONS", "/")).status == 401


def test_options_asterisk_without_a_route_is_unmatched(gateway: Gateway) -> None:
    assert gateway.exchange(request("OPTIONS", "*")).status == 401


def test_an_asterisk_is_for_options_only(gateway: Gateway) -> None:
    assert gateway.exchange(request("GET", "*")).status == 400


@pytest.mark.parametrize(("value", "forwarded"), [("0", None), ("1", "0"), ("70", "69")])
def test_max_forwards_is_honoured_for_options(
    start_gateway: Any, upstream: Upstream, value: str, forwarded: str | None
) -> None:
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("OPTIONS", "/public/a", f"Max-Forwards: {value}"))
    assert response.status < 300
    if forwarded is None:
        assert upstream.messages == [], "zero means that the gateway answers itself"
    else:
        assert upstream.messages[0].get("max-forwards") == forwarded


def test_absolute_form_is_forwarded_in_origin_form(gateway: Gateway) -> None:
    answer = json.loads(gateway.exchange(request("GET", "http://other.test/public/a?q=1", host="gateway.test")).body)
    assert answer["target"] == "/public/a?q=1"
    assert [value for name, value in answer["fields"] if name.lower() == "host"] == ["other.test"]


# RFC 9110 §10.1.1: Expect


def test_a_permitted_request_gets_the_upstreams_100(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        if exchange.message.get("expect"):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Expect: 100-continue", "Content-Length: 5"))
        assert client.read_head().status == 100
        client.send(b"hello")
        response = client.read_response()
        assert json.loads(response.body)["length"] == 5
    assert upstream.messages[0].get("expect") == "100-continue"


def test_a_refused_request_gets_its_final_status_and_no_100(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(request("PUT", "/items/1", "Expect: 100-continue", "Content-Length: 5"))
        response = client.read_response()
        assert (response.status, response.informational) == (401, [])


def test_the_upstream_may_refuse_instead_of_100(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.respond(413, "Connection: close", body=b"no")
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Expect: 100-continue", "Content-Length: 1000000"))
        response = client.read_response()
        assert (response.status, response.informational, response.body) == (413, [], b"no")


def test_other_expectations_are_417(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/public/a", "Expect: the-impossible"))
    assert (response.status, json.loads(response.body)["reason"]) == (417, "expectation_failed")


# RFC 9110 §15.2: informational responses


@pytest.mark.parametrize("status", [102, 103])
def test_informational_responses_cross(start_gateway: Any, upstream: Upstream, status: int) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 %d Information\r\nLink: </a>; rel=preload\r\n\r\n" % status)
        echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a"))
        assert (response.status, response.informational) == (200, [status])


def test_informational_responses_do_not_reach_http_1_0(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a", version="HTTP/1.0"))
    assert (response.status, response.informational) == (200, [])


# RFC 9112 §6.3: how a response ends


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_that_has_no_body_is_not_waited_for(start_gateway: Any, upstream: Upstream, status: int) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        length = b"Content-Length: 10\r\n" if status == 304 else b""
        exchange.send(b"HTTP/1.1 %d Empty\r\n%bETag: \"a\"\r\n\r\n" % (status, length))

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for _ in range(3):
            response = client.exchange(request("GET", "/public/a"))
            assert (response.status, response.body) == (status, b"")
    assert len(upstream.connections) == 1


def test_a_response_delimited_by_close_is_whole(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"a" * 100_000)
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/a"))
        assert response.body == b"a" * 100_000
        assert response.framing == "chunked", "an HTTP/1.1 client can tell the end from an accident"
        assert client.exchange(request("GET", "/public/b")).status == 200


def test_a_response_cut_short_is_cut_short_for_the_client_too(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        if exchange.message.target.endswith("length"):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        else:
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    for target in ("/public/length", "/public/chunked"):
        with gateway.client() as client:
            client.send(request("GET", target))
            with pytest.raises(Truncated):
                client.read_response()
    for line in gateway.wait_for_log_count(2):
        assert (line["status"], line["aborted"], line["upstream_status"]) == (200, "upstream", 200)


# Early responses, half-closing, aborts


def test_an_early_response_reaches_a_client_that_is_still_sending(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.respond(413, "Connection: close", body=b"too much")
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    for _ in range(5):
        with gateway.client() as client:
            client.send(request("POST", "/public/a", "Content-Length: 100000000") + b"x" * 100_000)
            response = client.read_response()
            assert (response.status, response.body) == (413, b"too much")


def test_a_refusal_reaches_a_client_that_is_still_sending(gateway: Gateway) -> None:
    for _ in range(5):
        with gateway.client() as client:
            client.send_leniently(request("PUT", "/items/1", "Content-Length: 100000000") + b"x" * 200_000)
            assert client.read_response().status == 401


def test_a_client_that_half_closes_still_gets_its_refusal(gateway: Gateway) -> None:
    with gateway.client() as client:
        client.send(request("POST", "/items/1", body=b"hello"))
        client.finish_writing()
        assert client.read_response().status == 401
        assert client.expect_close() == b""


def test_a_body_cut_short_never_becomes_a_message(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    for data in (
        request("POST", "/public/a", "Content-Length: 10") + b"half",
        request("POST", "/public/a", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n",
    ):
        with gateway.client() as client:
            client.send(data)
            client.finish_writing()
            rest = client.expect_close()
            assert rest == b"" or rest.startswith(b"HTTP/1.1 400")
    for line in gateway.wait_for_log_count(2):
        assert line["aborted"] == "client" or line["reason"] == "bad_request"
    upstream.wait_until(lambda: upstream.open_connections == 0, "the gateway to give up those connections")
    assert upstream.complete_messages == []


def test_a_client_that_goes_away_takes_its_upstream_request_with_it(start_gateway: Any, upstream: Upstream) -> None:
    reached = threading.Event()

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        reached.set()
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    client = gateway.client()
    client.send(request("GET", "/public/a"))
    assert reached.wait(10)
    client.reset()
    upstream.wait_until(lambda: upstream.open_connections == 0, "the upstream connection to be closed")
    line = gateway.wait_for_log(lambda line: line.get("path") == "/public/a")
    assert line["aborted"] == "client"
    assert "status" not in line


# Empty lines, splits


def test_empty_lines_before_a_request_are_skipped(gateway: Gateway) -> None:
    with gateway.client() as client:
        for _ in range(3):
            assert client.exchange(b"\r\n\r\n" + request("GET", "/public/a")).status == 200


def test_a_request_split_anywhere_is_the_same_request(gateway: Gateway) -> None:
    data = request("POST", "/public/a?b=c", "Transfer-Encoding: chunked", "X-Probe: split",
                   body=chunked(b"hello", b"world", trailers=b"X-Last: 1\r\n"))

    def check(client: Client) -> None:
        response = client.read_response()
        answer = json.loads(response.body)
        assert response.get("x-probe") == "split"
        assert (answer["target"], answer["length"], answer["trailers"]) == ("/public/a?b=c", 10, [["X-Last", "1"]])

    with gateway.client() as client:
        for cut in range(1, len(data)):
            client.send(data[:cut])
            client.send(data[cut:])
            check(client)
        client.send_bytewise(data)
        check(client)


# RFC 9110 §7.6.1 and back-pressure


def test_a_slow_reader_stops_the_reads_from_the_upstream(start_gateway: Any, upstream: Upstream) -> None:
    sent = [0]
    finished = threading.Event()

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n")
        block = b"x" * 65536
        try:
            while sent[0] < 268435456:
                exchange.send(block)
                sent[0] += len(block)
        finally:
            finished.set()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    client = Client(gateway.address)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.send(request("GET", "/public/a"))
    client.read_final_head()
    settled = -1
    deadline = time.monotonic() + 10
    while settled != sent[0] and time.monotonic() < deadline:
        settled = sent[0]
        finished.wait(0.4)
    assert not finished.is_set()
    assert settled < 64 * 1024 * 1024, f"{settled} bytes were taken from the upstream for a client that does not read"
    client.reset()
    assert finished.wait(10), "the upstream is told that the client has gone"


def test_a_slow_upstream_stops_the_reads_from_the_client(start_gateway: Any, upstream: Upstream) -> None:
    release = threading.Event()

    def handler(exchange: Exchange) -> None:
        assert release.wait(30)
        exchange.close()
        exchange.reset()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    client = gateway.client()
    client.send(request("POST", "/public/a", "Content-Length: 268435456"))
    client.socket.settimeout(1.0)
    sent = 0
    try:
        while sent < 268435456:
            sent += client.socket.send(b"x" * 65536)
    except TimeoutError:
        pass
    assert sent < 64 * 1024 * 1024, f"{sent} bytes were taken from the client for an upstream that does not read"
    release.set()
    client.close()
