"""An upstream is not trusted, and may fail at any moment (security.md rule 12)."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.upstream import Exchange, Upstream, echo
from harness.wire import Closed, Response, Truncated, request


def reason(response: Response) -> str:
    return json.loads(response.body)["reason"]


OK = b"HTTP/1.1 200 OK\r\n"
GARBAGE = {
    "not HTTP": b"hello there\r\n\r\n",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status below 100": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "two framings": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "different lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a list of different lengths": OK + b"Content-Length: 5, 6\r\n\r\nhello",
    "a negative length": OK + b"Content-Length: -5\r\n\r\nhello",
    "a length beyond 64 bits": OK + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "an unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "obsolete folding": OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare CR": OK + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "NUL": OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "whitespace before the colon": OK + b"Content-Length : 0\r\n\r\n",
    "no colon": OK + b"nonsense\r\nContent-Length: 0\r\n\r\n",
    "a head without end": OK + b"X: " + b"a" * 2_000_000,
    "many fields": OK + b"X: 1\r\n" * 20_000 + b"\r\n",
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n",
    "endless 1xx": b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_rule_12_a_malformed_head_is_502_and_that_connection_is_never_reused(
    start_gateway: Any, upstream: Upstream, data: bytes
) -> None:
    def handler(exchange: Exchange) -> None:
        if exchange.message.target != "/public/bad":
            return echo(exchange)
        exchange.read_body()
        exchange.send(data)
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        response = client.exchange(request("GET", "/public/bad"))
        assert (response.status, reason(response)) == (502, "upstream_protocol")
        for index in range(3):
            assert client.exchange(request("GET", f"/public/{index}", f"X-Probe: {index}")).get("x-probe") == str(index)
    assert len(upstream.connections[0].messages) == 1, "the connection that answered nonsense serves nobody else"
    assert upstream.connections[0].closed.wait(10)


def test_rule_12_bytes_after_a_response_never_answer_the_next_request(start_gateway: Any, upstream: Upstream) -> None:
    # In one write: of bytes that come only after the connection is used again, nobody can tell what they answer.
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-Probe: forged\r\n\r\nsmuggle"

    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        if exchange.message.target != "/public/bad":
            return echo(exchange)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + smuggled)

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for index in range(10):
            assert client.exchange(request("GET", "/public/bad")).body == b"ok"
            response = client.exchange(request("GET", f"/public/{index}", f"X-Probe: {index}"))
            assert response.get("x-probe") == str(index)
            assert b"smuggle" not in response.body


def test_rule_12_a_request_that_was_not_written_to_its_end_never_shares_its_connection(
    start_gateway: Any, tmp_path: Path
) -> None:
    """The upstream answers while the last piece of a body waits in the gateway for room in the socket. It counts on the rest
    of that body, so whatever came next on this connection would be taken for it.
    """
    received: list[int] = []
    head_arrived, answer_arrived = threading.Event(), threading.Event()

    def handler(exchange: Exchange) -> None:
        if exchange.message.method == "GET":
            return echo(exchange)
        head_arrived.set()
        time.sleep(0.1)  # Until the socket is full.
        exchange.respond(200, "X-Probe: early")
        assert answer_arrived.wait(5)
        answer_arrived.clear()
        try:
            received.append(len(exchange.read_body()))
        except Truncated as truncated:
            received.append(len(truncated.received))
            raise

    # A Unix-domain socket holds the same every time; one of TCP grows as it likes.
    with Upstream(handler, path=str(tmp_path / "u")) as upstream:
        gateway = start_gateway(upstream, workers=1, route_defaults={"upstream": "service", "timeout": "3s"})
        unwritten = 0
        for size in range(128 * 1024, 384 * 1024, 8 * 1024):
            count = len(received)
            with gateway.client() as client:
                client.send(request("POST", "/public/early", f"Content-Length: {size}"))
                assert head_arrived.wait(5)
                head_arrived.clear()
                client.send(b"x" * size)
                response = client.read_response()
                answer_arrived.set()
                assert (response.status, response.get("x-probe")) == (200, "early")
                if response.get("connection") == "close":
                    break  # Of larger bodies, the gateway has not even read all.
                response = client.exchange(request("GET", "/public/next", "X-Probe: next"))
                assert (response.status, response.get("x-probe")) == (200, "next"), f"after a body of {size} bytes"
            upstream.wait_until(lambda: len(received) > count, "the end of the body")
            unwritten += received[-1] < size
        assert unwritten > 0, f"no body ended just beyond what the socket holds: {received}"
        assert upstream.violations == []


def test_rule_12_a_body_where_there_must_be_none_never_answers_the_next_request(
    start_gateway: Any, upstream: Upstream
) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        body = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Probe: forged\r\n\r\nforged"
        if exchange.message.target == "/public/head":
            exchange.respond(200, body=body)
        elif exchange.message.target == "/public/204":
            exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n" + body)
        elif exchange.message.target == "/public/304":
            exchange.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 62\r\n\r\n" + body)
        else:
            echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for method, target in (("HEAD", "/public/head"), ("GET", "/public/204"), ("GET", "/public/304")):
            response = client.exchange(request(method, target))
            assert response.body == b""
            assert client.exchange(request("GET", "/public/next", "X-Probe: mine")).get("x-probe") == "mine"


def test_an_upstream_that_closes_without_an_answer_is_502(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: (exchange.read_body(), exchange.close())[1]
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("POST", "/public/a", body=b"not safe to send again"))
    assert (response.status, reason(response)) == (502, "upstream_protocol")
    assert len(upstream.messages) == 1, "a POST is not sent twice"


def test_an_upstream_that_resets_is_502(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.reset()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("POST", "/public/a", body=b"x"))
    assert (response.status, reason(response)) == (502, "upstream_protocol")


def test_half_a_head_is_502(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a"))
    assert (response.status, reason(response)) == (502, "upstream_protocol")


def test_half_a_head_and_then_nothing_is_504(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream, limits={"timeout": "400ms"})
    response = gateway.exchange(request("GET", "/public/a"))
    assert (response.status, reason(response)) == (504, "upstream_timeout")


def test_an_answer_that_stalls_is_ended(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = handler
    routes = [{"id": "a", "path": "/a", "public": True, "idle_timeout": "400ms"}]
    gateway = start_gateway(upstream, routes=routes)
    with gateway.client() as client:
        client.send(request("GET", "/a"))
        with pytest.raises(Truncated):
            client.read_response()
    assert gateway.wait_for_log(lambda line: line.get("path") == "/a")["aborted"] == "upstream"


# The pool


def test_a_reused_connection_that_died_is_replaced_when_the_request_is_safe_to_send_again(
    start_gateway: Any, upstream: Upstream
) -> None:
    """The upstream closes in the moment in which the next request is sent: the check for EOF cannot see it."""
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        if len(exchange.connection.messages) == 2:
            exchange.close()
            return
        echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        assert client.exchange(request("GET", "/public/1")).status == 200
        response = client.exchange(request("GET", "/public/2", "X-Probe: again"))
        assert (response.status, response.get("x-probe")) == (200, "again")
        assert gateway.log_of(response)["retries"] == 1
        assert client.exchange(request("POST", "/public/3", body=b"once")).status == 502
    assert [message.target for message in upstream.messages] == ["/public/1", "/public/2", "/public/2", "/public/3"]


def test_a_new_connection_that_died_is_not_retried(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: (exchange.read_body(), exchange.close())[1]
    gateway = start_gateway(upstream)
    assert gateway.exchange(request("GET", "/public/a")).status == 502
    assert len(upstream.messages) == 1


def test_an_idle_upstream_connection_that_was_closed_is_not_used(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        echo(exchange)
        exchange.close()

    upstream.handler = handler
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for index in range(10):
            assert client.exchange(request("POST", "/public/a", body=b"x")).status == 200
            assert upstream.connections[index].closed.wait(10)
    assert len(upstream.connections) == 10


def test_an_idle_upstream_connection_is_closed_in_time(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"upstream_idle_timeout": "300ms"})
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    started = time.monotonic()
    upstream.wait_until(lambda: upstream.open_connections == 0, "the idle connection to be closed", timeout=5)
    assert time.monotonic() - started < 3


def test_connection_close_from_the_upstream_is_honoured(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: (exchange.read_body(), exchange.respond(200, "Connection: close", body=b"ok"))[1]
    gateway = start_gateway(upstream, workers=1)
    with gateway.client() as client:
        for _ in range(3):
            response = client.exchange(request("GET", "/public/a"))
            assert (response.status, response.get("connection")) in ((200, None), (200, "keep-alive"))
    assert len(upstream.connections) == 3


def test_an_upstream_that_does_not_accept_is_not_waited_for_forever(start_gateway: Any) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        held = []
        for _ in range(4):  # fill the backlog, so that further connects hang
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
            held.append(waiting)
        gateway = start_gateway(f"http://127.0.0.1:{full.getsockname()[1]}", limits={"connect_timeout": "400ms"})
        started = time.monotonic()
        response = gateway.exchange(request("GET", "/public/a"))
        assert (response.status, reason(response)) in ((503, "upstream_unreachable"), (504, "upstream_timeout"))
        assert time.monotonic() - started < 5
        for waiting in held:
            waiting.close()


# Killed and restarted under load


class Load:
    """Clients that send numbered requests until told to stop, and check that each answer is their own."""

    def __init__(self, gateway: Gateway, clients: int):
        self.gateway = gateway
        self.statuses: dict[int, int] = {}
        self.cut = 0
        self.sent = 0
        self.mixed_up: list[str] = []
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._runs = [self._pool.submit(self._run, number) for number in range(clients)]

    def _run(self, number: int) -> None:
        client = None
        count = 0
        while not self._stop.is_set():
            count += 1
            name = f"{number}-{count}"
            try:
                client = client or self.gateway.client()
                started = time.monotonic()
                client.send(request("GET" if count % 2 else "POST", f"/public/{name}", f"X-Probe: {name}"))
                with self._lock:
                    self.sent += 1
                response = client.read_response()
                with self._lock:
                    self.slowest = max(self.slowest, time.monotonic() - started)
                    self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                    if response.status == 200:
                        target = json.loads(response.body)["target"]
                        if response.get("x-probe") != name or target != f"/public/{name}":
                            self.mixed_up.append(f"{name} got {response.get('x-probe')} {target}")
                    elif response.status not in (502, 503, 504):
                        self.mixed_up.append(f"{name} got {response.status}")
            except (Closed, Truncated):
                with self._lock:
                    self.cut += 1
                client = None
            except Exception as failure:
                self.mixed_up.append(f"{name}: {failure!r}")
                raise

    def count(self, status: int) -> int:
        with self._lock:
            return self.statuses.get(status, 0)

    def wait_for_more(self, status: int, more: int, timeout: float = 15) -> None:
        goal, deadline = self.count(status) + more, time.monotonic() + timeout
        while self.count(status) < goal:
            assert not self.mixed_up, self.mixed_up
            assert time.monotonic() < deadline, f"no progress: {self.statuses}, wanted more {status}"
            time.sleep(0.01)

    def finish(self) -> None:
        self._stop.set()
        for run in self._runs:
            run.result(30)
        self._pool.shutdown()


def test_an_upstream_killed_and_restarted_under_load(start_gateway: Any) -> None:
    upstream = Upstream()
    port = upstream.address[1]
    gateway = start_gateway(upstream)
    load = Load(gateway, 16)
    violations: list[str] = []
    try:
        for _ in range(4):
            load.wait_for_more(200, 100)
            upstream.stop(reset=True)
            violations += upstream.violations
            load.wait_for_more(503, 50)
            upstream = Upstream(port=port)
        load.wait_for_more(200, 100)
    finally:
        load.finish()
        upstream.stop()
    assert load.mixed_up == []
    assert violations + upstream.violations == []
    assert load.slowest < 5
    lines = gateway.wait_for_log_count(load.sent)
    assert len(lines) == load.sent, "one line per exchange, none lost"
    logged: dict[int, int] = {}
    for line in lines:
        if "aborted" not in line:
            logged[line["status"]] = logged.get(line["status"], 0) + 1
    assert logged == load.statuses
    assert load.cut == sum("aborted" in line for line in lines)


def test_an_upstream_that_misbehaves_at_random_never_answers_the_wrong_client(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        probe = exchange.message.get("x-probe") or ""
        kind = hash(probe) % 8
        if kind == 0:
            exchange.send(b"garbage\r\n\r\n")
            exchange.close()
        elif kind == 1:
            exchange.send(f"HTTP/1.1 200 OK\r\nX-Probe: {probe}\r\nContent-Length: 50\r\n\r\nhalf".encode())
            exchange.close()
        elif kind == 2:
            exchange.reset()
        elif kind == 3:
            # In one write: what came later, after the next request, could not be told from its answer.
            answer = json.dumps({"target": exchange.message.target}).encode()
            head = f"HTTP/1.1 200 OK\r\nX-Probe: {probe}\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
            exchange.send(head + answer + b"HTTP/1.1 200 OK\r\nX-Probe: forged\r\nContent-Length: 2\r\n\r\n{}")
        elif kind == 4:
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n")
            exchange.close()
        else:
            echo(exchange)

    upstream.handler = handler
    gateway = start_gateway(upstream)
    load = Load(gateway, 16)
    load.wait_for_more(200, 1500, timeout=60)
    load.finish()
    assert load.mixed_up == []
    assert load.count(502) > 0
    lines = gateway.wait_for_log_count(load.sent)
    assert len(lines) == load.sent
