"""HTTP/2 to upstreams: many exchanges on few connections, and what is done when one of them, or all, come to an end."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from harness.clients import h2load
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Exchange, HTTP2Upstream
from harness.process import free_port, stop_process
from harness.tls import World
from harness.upstream import echo
from harness.wire import PATIENCE, Response, Truncated, request


@pytest.fixture(params=["h2c", "h2"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def started(world: World) -> Iterator[Any]:
    """Makes upstreams; a test fails if one of them was sent what is no good request."""
    upstreams: list[HTTP2Upstream] = []

    def start(protocol: str = "h2c", handler: Any = None, **options: Any) -> HTTP2Upstream:
        upstreams.append(HTTP2Upstream(handler, tls=world.server("h2") if protocol == "h2" else None, **options))
        return upstreams[-1]

    yield start
    for upstream in upstreams:
        upstream.stop()
    assert [upstream.violations for upstream in upstreams] == [[] for _ in upstreams]


def configured(world: World, upstream: HTTP2Upstream) -> dict[str, Any]:
    tls = {"protocol": "h2", "tls": {"authorities": world.authorities}} if upstream.tls else {"protocol": "h2c"}
    return {"upstreams": {"service": {"servers": [upstream.url]} | tls}}


def reason(response: Response) -> str:
    return json.loads(response.body)["reason"]


def all_of(gateway: Gateway, count: int, method: str = "GET", body: bytes = b"") -> list[Response]:
    """As many requests at once, on connections of HTTP/1.1 of their own."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(
            lambda index: gateway.exchange(request(method, f"/public/{index}", f"X-Probe: {index}", body=body)), range(count)))


def test_requests_at_once_share_a_connection(start_gateway: Any, world: World, started: Any, protocol: str) -> None:
    everyone = threading.Barrier(40)

    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        everyone.wait(PATIENCE)
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(protocol, handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    responses = all_of(gateway, 40)
    assert [(response.status, response.get("x-probe")) for response in responses] == [(200, str(n)) for n in range(40)]
    assert len(upstream.connections) <= 2
    assert sum(connection.peak for connection in upstream.connections) >= 40


@pytest.mark.parametrize("streams", [1, 5])
def test_the_upstreams_limit_of_streams_is_respected(
    start_gateway: Any, world: World, started: Any, streams: int, protocol: str
) -> None:
    """More connections, or more patience: but never more streams. The upstream counts a stream too many as a violation."""
    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        time.sleep(0.005)
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(protocol, handler, streams=streams)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    load = h2load(f"http://127.0.0.1:{gateway.address[1]}/public/a", "-n", "200", "-c", "4", "-m", "10")
    assert (load.succeeded, load.failed, load.statuses["2xx"]) == (200, 0, 200), load.text
    assert all(connection.peak <= streams for connection in upstream.connections)


def test_a_limit_that_shrinks_is_respected(start_gateway: Any, world: World, started: Any) -> None:
    """RFC 9113 section 6.5.2: SETTINGS may come at any time."""
    upstream = started()
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    connection = upstream.connections[0]
    with connection.changed:
        connection.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 2})
        connection.flush()
        assert connection.changed.wait_for(lambda: connection.h2.local_settings.max_concurrent_streams == 2, PATIENCE)
        connection.peak = 0
    responses = all_of(gateway, 20)
    assert {response.status for response in responses} == {200}
    assert connection.peak <= 2


def test_a_limit_that_grows_lets_waiting_requests_through(start_gateway: Any, world: World, started: Any) -> None:
    release = threading.Event()

    def handler(exchange: HTTP2Exchange) -> None:
        if exchange.message.target == "/public/held":
            assert release.wait(PATIENCE)
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(handler=handler, streams=1)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream), limits={"upstream_connections": 1})
    with HTTP2Client(gateway.address) as client:
        held = client.begin("GET", "/public/held")
        upstream.wait_until(lambda: len(upstream.messages) == 1, "the first request")
        waiting = [client.begin("GET", f"/public/{index}") for index in range(5)]
        assert client.exchange("GET", "/livez").status in (200, 401, 404), "they have arrived, and wait"
        with upstream.connections[0].changed:
            upstream.connections[0].h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 4})
            upstream.connections[0].flush()
        began = time.monotonic()
        assert [client.wait(stream).status for stream in waiting] == [200] * 5
        assert time.monotonic() - began < 3
        release.set()
        assert client.wait(held).status == 200


def test_goaway_in_the_middle_of_load_fails_nothing(
    start_gateway: Any, world: World, started: Any, protocol: str
) -> None:
    """RFC 9113 section 6.8: what was seen is answered, what was not is sent again elsewhere."""
    lock, count = threading.Lock(), 0

    def handler(exchange: HTTP2Exchange) -> None:
        nonlocal count
        exchange.read_body()
        with lock:
            count += 1
            says_goodbye = count % 50 == 0
        if says_goodbye:
            exchange.connection.goaway()
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(protocol, handler)
    gateway = start_gateway(upstream, workers=2, **configured(world, upstream))
    url = f"http://127.0.0.1:{gateway.address[1]}/public/a"
    for method in ("GET", "POST"):
        load = h2load(url, "-n", "600", "-c", "4", "-m", "10", "-H", f":method: {method}")
        assert (load.succeeded, load.failed, load.statuses["2xx"]) == (600, 0, 600), load.text
    assert len(upstream.connections) > 5, "each goodbye was followed by another connection"


def test_a_connection_that_said_goaway_is_closed_when_its_streams_have_ended(
    start_gateway: Any, world: World, started: Any
) -> None:
    release = threading.Event()

    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        if exchange.message.target == "/public/slow":
            assert release.wait(PATIENCE)
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    with gateway.client() as slow:
        slow.send(request("GET", "/public/slow"))
        upstream.wait_until(lambda: len(upstream.messages) == 1, "the slow one")
        upstream.connections[0].goaway()
        upstream.wait_until(
            lambda: gateway.exchange(request("GET", "/public/next")).status == 200 and len(upstream.connections) == 2,
            "another connection for what comes next")
        assert not upstream.connections[0].closed.is_set()
        release.set()
        assert slow.read_response().status == 200
    assert upstream.connections[0].closed.wait(PATIENCE)


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b""), ("POST", b"once"), ("DELETE", b"")])
def test_a_refused_stream_is_sent_again(
    start_gateway: Any, world: World, started: Any, protocol: str, method: str, body: bytes
) -> None:
    """RFC 9113 section 8.7: nothing was done with it, so that any method is safe to send again."""
    seen: list[str] = []

    def handler(exchange: HTTP2Exchange) -> None:
        seen.append(exchange.message.method)
        if len(seen) % 2:
            return exchange.refuse()
        echo(exchange)  # type: ignore[arg-type]
        return None

    upstream = started(protocol, handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    response = gateway.exchange(request(method, "/public/a", "X-Probe: again", body=body))
    assert (response.status, response.get("x-probe")) == (200, "again")
    assert json.loads(response.body)["length"] == len(body)
    assert seen == [method, method]
    line = gateway.log_of(response)
    assert (line["retries"], line["upstream_status"], line["bytes_in"]) == (1, 200, len(body))


def test_an_upstream_that_refuses_for_ever_is_not_asked_for_ever(start_gateway: Any, world: World, started: Any) -> None:
    upstream = started(handler=lambda exchange: exchange.refuse())
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    response = gateway.exchange(request("GET", "/public/a"))
    assert response.status in (502, 503)
    assert 2 <= len(upstream.messages) <= 5
    assert gateway.log_of(response)["retries"] == len(upstream.messages) - 1


def test_a_large_body_of_a_refused_stream_is_not_cut(start_gateway: Any, world: World, started: Any) -> None:
    """What was sent on is gone: the answer is an error then, never half a body under the name of a whole one."""
    def handler(exchange: HTTP2Exchange) -> None:
        if len(upstream.messages) == 1:
            with exchange.connection.changed:
                exchange._wait(lambda: len(exchange.message.body) > 1000, "some of the body")
            return exchange.refuse()
        echo(exchange)  # type: ignore[arg-type]
        return None

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    body = bytes(1 << 20)
    try:
        response = gateway.exchange(request("POST", "/public/a", body=body))
    except (Truncated, ConnectionError):
        return
    assert response.status in (200, 502, 503)
    if response.status == 200:
        assert json.loads(response.body)["length"] == len(body)


@pytest.mark.parametrize("code", [ErrorCodes.INTERNAL_ERROR, ErrorCodes.CANCEL, ErrorCodes.ENHANCE_YOUR_CALM])
def test_any_other_reset_is_502_for_what_is_not_safe(start_gateway: Any, world: World, started: Any, code: int) -> None:
    upstream = started(handler=lambda exchange: (exchange.read_body(), exchange.reset(code)))
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    response = gateway.exchange(request("POST", "/public/a", body=b"x"))
    assert (response.status, reason(response)) == (502, "upstream_protocol")
    assert len(upstream.messages) == 1
    upstream.handler = echo
    assert gateway.exchange(request("GET", "/public/b")).status == 200
    assert len(upstream.connections) == 1, "a stream's end is not its connection's"


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("HEAD", b""), ("PUT", b"x"), ("POST", b"x"), ("PATCH", b"x")])
def test_a_connection_that_is_killed_takes_only_what_is_not_safe_to_send_again(
    start_gateway: Any, world: World, started: Any, protocol: str, method: str, body: bytes
) -> None:
    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        if exchange.message.target == "/public/killed" and len(upstream.connections) == 1:
            socket.socket.shutdown(exchange.connection.socket, socket.SHUT_RDWR)
            return
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(protocol, handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    assert gateway.exchange(request("GET", "/public/first")).status == 200
    response = gateway.exchange(request(method, "/public/killed", body=body))
    if method in ("GET", "HEAD"):
        assert response.status == 200
        assert gateway.log_of(response)["retries"] == 1
    elif method == "PUT":
        assert response.status in (200, 502), "idempotent, but with a body, which may be gone"
    else:
        assert (response.status, reason(response)) == (502, "upstream_protocol")
    assert gateway.exchange(request("GET", "/public/next")).status == 200


def test_many_streams_of_a_killed_connection_are_sent_again(start_gateway: Any, world: World, started: Any) -> None:
    everyone = threading.Barrier(30)

    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        if exchange.connection.index == 0:
            everyone.wait(PATIENCE)
            socket.socket.shutdown(exchange.connection.socket, socket.SHUT_RDWR)
            return
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    responses = all_of(gateway, 30)
    # On a connection that never answered, an upstream that fails at every request would be asked twice as much.
    assert {response.status for response in responses} <= {200, 502}
    assert gateway.exchange(request("GET", "/public/next")).status == 200


def test_an_answer_that_is_cut_short_is_cut_short_for_the_client_too(
    start_gateway: Any, world: World, started: Any, protocol: str
) -> None:
    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        exchange.begin(200)
        exchange.write(b"half")
        time.sleep(0.05)
        if exchange.message.target.endswith("reset"):
            exchange.reset()
        else:
            socket.socket.shutdown(exchange.connection.socket, socket.SHUT_RDWR)

    upstream = started(protocol, handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    for end in ("reset", "killed"):
        with pytest.raises(Truncated):
            gateway.exchange(request("GET", f"/public/{end}"))
        with HTTP2Client(gateway.address) as client:
            with pytest.raises(Truncated, match="reset"):
                client.exchange("GET", f"/public/{end}")
        lines = gateway.wait_for_log_count(2)
        assert lines[-1]["aborted"] == "upstream"


def test_a_client_that_goes_away_ends_its_stream_and_nothing_else(start_gateway: Any, world: World, started: Any) -> None:
    reached = threading.Semaphore(0)
    exchanges: list[HTTP2Exchange] = []

    def handler(exchange: HTTP2Exchange) -> None:
        if exchange.message.target == "/public/left":
            exchanges.append(exchange)
            exchange.begin(200)
            reached.release()
            return
        echo(exchange)  # type: ignore[arg-type]

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    with gateway.client() as first:
        first.send(request("GET", "/public/left"))
        assert reached.acquire(timeout=PATIENCE)
        first.read_final_head()
    with HTTP2Client(gateway.address) as client:
        stream = client.begin("GET", "/public/left")
        assert reached.acquire(timeout=PATIENCE)
        client.h2.reset_stream(stream, ErrorCodes.CANCEL)
        client.flush()
        upstream.wait_until(lambda: all(exchange.was_reset is not None for exchange in exchanges), "RST_STREAM")
        assert client.exchange("GET", "/public/next").status == 200
    assert len(upstream.connections) == 1


def test_an_early_answer_reaches_a_client_that_is_still_sending(
    start_gateway: Any, world: World, started: Any, protocol: str
) -> None:
    upstream = started(protocol, lambda exchange: exchange.respond(200, "X-Probe: early", body=b"early"))
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Content-Length: 1000000") + bytes(1000))
        response = client.read_response()
        assert (response.status, response.body) == (200, b"early")
    with HTTP2Client(gateway.address) as client:
        stream = client.begin("POST", "/public/a", "Content-Length: 1000000", end=False)
        client.send(stream, bytes(1000), end=False)
        client.wait_until(lambda: stream in client.complete, "the answer")
        assert client.responses[stream].body == b"early"
        assert client.exchange("GET", "/public/next").status == 200


def test_a_slow_upstream_stops_the_reads_from_the_client(start_gateway: Any, world: World, started: Any) -> None:
    """The window of the upstream is the pace of the client: nothing is piled up between them."""
    upstream = started()
    upstream.reads = False
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    with gateway.client(timeout=1.0) as client:
        size = 64 << 20
        client.send(request("POST", "/public/a", f"Content-Length: {size}"))
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < size:
                sent += client.socket.send(bytes(65536))
        assert sent < 16 << 20, f"{sent} bytes were taken for an upstream that reads 64 KiB"


def test_a_slow_reader_stops_the_reads_from_the_upstream_and_nobody_elses(
    start_gateway: Any, world: World, started: Any
) -> None:
    written = 0

    def handler(exchange: HTTP2Exchange) -> None:
        nonlocal written
        exchange.read_body()
        if exchange.message.target != "/public/large":
            return echo(exchange)  # type: ignore[arg-type]
        exchange.begin(200)
        while written < 64 << 20:
            exchange.write(bytes(65536))
            written += 65536
        return None

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    # Of the window of the client's connection, the stream that is not read leaves some to the others.
    with HTTP2Client(gateway.address, window=16384) as client:
        large = client.begin("GET", "/public/large")
        client.unread.add(large)
        client.wait_until(lambda: large in client.responses, "the head")
        before = -1
        while before != written:
            before = written
            for index in range(10):
                assert client.exchange("GET", f"/public/{index}").status == 200
            time.sleep(0.05)
        assert written < 8 << 20, f"{written} bytes were taken for a client that reads 16 KiB"
        assert gateway.exchange(request("GET", "/public/other")).status == 200
    assert len(upstream.connections) == 1


def test_many_slow_readers_do_not_use_up_the_window_of_the_connection(start_gateway: Any, world: World, started: Any) -> None:
    """Their streams share a connection to the upstream, and its window, with everybody else's."""
    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        if exchange.message.target != "/public/large":
            return echo(exchange)  # type: ignore[arg-type]
        return exchange.respond(200, body=bytes(8 << 20))

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    with HTTP2Client(gateway.address, window=1) as slow:
        streams = [slow.begin("GET", "/public/large") for _ in range(40)]
        slow.unread.update(streams)
        slow.wait_until(lambda: all(stream in slow.responses for stream in streams), "their heads")
        for index in range(10):
            assert gateway.exchange(request("GET", f"/public/{index}", f"X-Probe: {index}")).get("x-probe") == str(index)


def test_a_connection_that_has_gone_silent_is_found_out(start_gateway: Any, world: World, started: Any) -> None:
    """No answer, and no end either: as a machine that lost its power. The exchange ends at its limit, the connection too."""
    upstream = started()
    gateway = start_gateway(
        upstream, workers=1, limits={"timeout": "700ms", "upstream_idle_timeout": "30s"}, **configured(world, upstream))
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    upstream.hold.clear()
    try:
        first = gateway.exchange(request("GET", "/public/lost"))
        assert (first.status, reason(first)) == (504, "upstream_timeout")
    finally:
        upstream.hold.set()
    upstream.wait_until(lambda: gateway.exchange(request("GET", "/public/b")).status == 200, "an answer again")


def test_interim_responses_are_bounded(start_gateway: Any, world: World, started: Any) -> None:
    def handler(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        for _ in range(200):
            exchange.send_head(103, "Link: </a>")
        exchange.respond(200, body=b"late")

    upstream = started(handler=handler)
    gateway = start_gateway(upstream, workers=1, **configured(world, upstream))
    response = gateway.exchange(request("GET", "/public/a"))
    assert response.status in (200, 502)
    assert len(response.informational) <= 200


@pytest.mark.parametrize("version", [1, 2])
def test_a_server_that_others_have_written_is_served(
    start_gateway: Any, world: World, tmp_path: Path, protocol: str, version: int
) -> None:
    """nghttpd, with files, among them an empty one and one larger than all windows."""
    if shutil.which("nghttpd") is None:
        pytest.skip("nghttpd is not installed")
    port, files = free_port(), {"empty": b"", "small": b"hello", "large": bytes(range(256)) * 4096 * 4}
    (tmp_path / "public").mkdir()
    for name, content in files.items():
        (tmp_path / "public" / name).write_bytes(content)
    world.upstream.write(tmp_path, "own")
    secure = [str(tmp_path / "own.key"), str(tmp_path / "own.pem")] if protocol == "h2" else ["--no-tls"]
    command = ["nghttpd", "-a", "127.0.0.1", "-d", str(tmp_path), str(port), *secure]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, "nghttpd does not start"
                time.sleep(0.02)
        scheme, tls = ("https", {"tls": {"authorities": world.authorities}}) if protocol == "h2" else ("http", {})
        gateway = start_gateway(f"{scheme}://127.0.0.1:{port}", upstreams={"service": {
            "servers": [f"{scheme}://127.0.0.1:{port}"], "protocol": protocol} | tls})
        for name, content in files.items():
            if version == 2:
                with HTTP2Client(gateway.address) as client:
                    response = client.exchange("GET", f"/public/{name}")
            else:
                response = gateway.exchange(request("GET", f"/public/{name}"))
            assert (response.status, response.body) == (200, content)
        assert gateway.exchange(request("GET", "/public/absent")).status == 404
    finally:
        stop_process(server)
