"""The admin listener: what it tells, what it changes, whom it refuses, and that it is apart from the data listeners."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway, addresses_in, binary, configuration, parse_address
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream, echo
from harness.wire import Address, Client, Response, request

JSON = "Content-Type: application/json"
TCP = {"address": "127.0.0.1:0"}


def admin_address(gateway: Gateway) -> Address:
    return parse_address(addresses_in(gateway.wait_for_event("started")["admin"])[0])


def ask(gateway: Gateway, method: str, target: str, *lines: str, body: bytes = b"", host: str | None = "localhost") -> Response:
    with Client(admin_address(gateway)) as client:
        return client.exchange(request(method, target, *lines, body=body, host=host))


def set_level(gateway: Gateway, level: str, *lines: str) -> Response:
    return ask(gateway, "POST", "/log_level", JSON, *lines, body=json.dumps({"level": level}).encode())


def health(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary(), "health", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, check=False)


def wait_until_ready(gateway: Gateway) -> None:
    """`started` is logged when the workers run; they accept an instant later."""
    deadline = time.monotonic() + 10
    while ask(gateway, "GET", "/readyz").status != 200:
        assert time.monotonic() < deadline, "it never became ready"


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    gateway: Gateway = module_gateway(shared_upstream, admin=TCP, limits={"head_timeout": "2s"})
    wait_until_ready(gateway)
    return gateway


@pytest.fixture
def admin(gateway: Gateway) -> Iterator[Client]:
    with Client(admin_address(gateway)) as client:
        yield client


# What it tells


def test_livez_and_readyz(gateway: Gateway) -> None:
    for path in ("/livez", "/readyz"):
        response = ask(gateway, "GET", path)
        assert (response.status, response.body) == (200, b"ok\n")
        assert response.get("cache-control") == "no-store"
        assert response.get("x-content-type-options") == "nosniff"
        assert response.get("content-type") == "text/plain; charset=utf-8"
        assert response.get("date")
    verbose = ask(gateway, "GET", "/readyz?verbose")
    assert verbose.body == b"[+]listeners ok\n[+]shutdown ok\n[+]keys ok\nreadyz check passed\n"


def test_the_index_lists_what_there_is(gateway: Gateway) -> None:
    response = ask(gateway, "GET", "/")
    assert response.get("content-type") == "application/json"
    for resource in json.loads(response.body)["resources"]:
        assert ask(gateway, "GET", resource["path"]).status == 200
        assert "GET" in resource["methods"]


def test_head_is_get_without_a_body(gateway: Gateway, admin: Client) -> None:
    for path in ("/", "/livez", "/readyz", "/log_level"):
        answer = admin.exchange(request("GET", path, host="localhost"))
        head = admin.exchange(request("HEAD", path, host="localhost"))
        assert (head.status, head.get("content-length")) == (200, answer.get("content-length"))


def test_errors_are_problem_documents(gateway: Gateway) -> None:
    response = ask(gateway, "GET", "/nothing")
    assert response.get("content-type") == "application/problem+json"
    assert json.loads(response.body)["status"] == response.status == 404
    response = ask(gateway, "DELETE", "/log_level")
    assert (response.status, response.get("allow")) == (405, "GET, HEAD, POST")


def test_curl_over_tcp(gateway: Gateway) -> None:
    host, port = admin_address(gateway)
    for name in (host, "localhost"):
        result = subprocess.run(["curl", "-sS", "-4", "-i", f"http://{name}:{port}/livez"], capture_output=True, text=True,
                                timeout=20, check=True)
        assert result.stdout.startswith("HTTP/1.1 200 OK\n") and result.stdout.endswith("\nok\n")


# What is in force


def test_config_and_routes_show_what_is_in_force_and_no_secret(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    secret = "a secret of more than thirty-two bytes"
    issuers = {
        "main": {"issuer": "https://idp/", "audience": ["api"], "algorithms": ["HS256"], "keys": {"secret": secret}},
    }
    gateway = start_gateway(upstream, admin=TCP, issuers=issuers, launch={"arguments": ["--no-watch"]})
    shown = ask(gateway, "GET", "/config")
    started = gateway.wait_for_event("started")
    assert shown.get("etag") == f'"{started["config"]}"'
    effective = json.loads(shown.body)
    assert secret not in shown.body.decode()
    assert effective["issuers"]["main"]["keys"]["secret"] == "***"
    assert effective["limits"]["header_section"] == "16KiB", "defaults are filled in"
    settings = json.loads(gateway.configuration_path.read_text())
    assert [route["id"] for route in json.loads(ask(gateway, "GET", "/routes").body)] == [
        route["id"] for route in settings["routes"]
    ]
    # The file alone changes nothing; a reload does, for both.
    settings["routes"] = settings["routes"][:2]
    gateway.configuration_path.write_text(json.dumps(settings))
    assert json.loads(ask(gateway, "GET", "/config").body) == effective
    gateway.signal(signal.SIGHUP)
    line = gateway.wait_for_event("reloaded")
    assert ask(gateway, "GET", "/config").get("etag") == f'"{line["config"]}"'
    assert len(json.loads(ask(gateway, "GET", "/routes").body)) == 2


# The level of the log


def test_the_level_of_the_log_changes_at_once_and_that_is_logged(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, admin=TCP)
    assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": "info"}
    steps = ["error", "warn", "debug", "error"]
    for old, new in zip(["info", *steps], steps):
        assert json.loads(set_level(gateway, new).body) == {"level": new}
        line = gateway.wait_for_application_line(
            lambda line: line["event"] == "log_level" and (line["old"], line["new"]) == (old, new), f"{old} to {new}")
        assert line["level"] == "info"
        assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": new}
    gateway.signal(signal.SIGUSR1)  # its line has the level info
    assert gateway.stop() == 0
    assert [line["event"] for line in gateway.application_log].count("log_reopened") == 0


def test_what_is_told_at_debug(start_gateway: Any, tmp_path: Path) -> None:
    gateway = start_gateway("http://localhost:1", admin=TCP, limits={"connections": 1},
                            routes=[{"id": "a", "path": "/a", "public": True, "upstream": "service"},
                                    {"id": "b", "path": "/b", "public": True,
                                     "upstream": {"servers": ["http://no-such-name.invalid:1"]}}])
    assert set_level(gateway, "debug").status == 200
    with gateway.client() as first:
        assert first.exchange(request("GET", "/a")).status == 503
        assert gateway.exchange(request("GET", "/a")).status == 503
    failed = gateway.wait_for_event("connect_failed")
    assert failed["level"] == "debug" and failed["address"].endswith(":1") and "refused" in failed["error"]
    listener = gateway.wait_for_event("connection_limit")["listener"]
    assert parse_address(listener) == gateway.address
    looked_up = gateway.wait_for_application_line(
        lambda line: line["event"] == "looked_up" and line["name"] == "no-such-name.invalid", "the failed look-up")
    assert looked_up["error"]
    assert not [line for line in gateway.application_log[:1] if line["level"] == "debug"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"level":"trace"}', b'{"level":"debug","level":"warn"}',
                                  b'{"level":"debug","more":1}', b"level=debug", b'{"level":"debug"}x', b"[" * 1000])
def test_a_malformed_change_is_refused(gateway: Gateway, body: bytes) -> None:
    assert ask(gateway, "POST", "/log_level", JSON, f"Content-Length: {len(body)}", body=body).status == 400
    assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": "info"}


def test_a_change_in_chunks_and_with_expect(gateway: Gateway, admin: Client) -> None:
    chunked = b'5\r\n{"lev\r\nb\r\nel":"info"}\r\n0\r\n\r\n'
    response = admin.exchange(request("POST", "/log_level", JSON, "Transfer-Encoding: chunked", host="localhost") + chunked)
    assert response.status == 200
    body = b'{"level":"info"}'
    admin.send(request("POST", "/log_level", JSON, f"Content-Length: {len(body)}", "Expect: 100-continue", host="localhost"))
    assert admin.read_head().status == 100
    admin.send(body)
    assert admin.read_response().status == 200


# Whom it refuses


@pytest.mark.parametrize("host", ["example.com", "rebound.example.com:{port}", "localhost:1", "localhost:80",
                                  "127.0.0.1.example.com", ""])
def test_another_host_is_refused(gateway: Gateway, host: str) -> None:
    port = admin_address(gateway)[1]
    for method, target in (("GET", "/"), ("POST", "/log_level")):
        assert ask(gateway, method, target, host=host.format(port=port)).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "127.9.9.9", "[::1]:{port}"])
def test_every_name_of_this_machine_is_accepted(gateway: Gateway, host: str) -> None:
    assert ask(gateway, "GET", "/livez", host=host.format(port=admin_address(gateway)[1])).status == 200


@pytest.mark.parametrize("lines", [
    ["Origin: http://example.com"], ["Origin: null"], ["Origin: http://localhost"], ["Sec-Fetch-Site: cross-site"],
    ["Sec-Fetch-Site: same-site"],
])
def test_a_change_from_another_site_is_refused(gateway: Gateway, lines: list[str]) -> None:
    assert set_level(gateway, "debug", *lines).status == 403
    assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": "info"}


def test_a_change_from_its_own_pages_is_accepted(gateway: Gateway) -> None:
    port = admin_address(gateway)[1]
    assert set_level(gateway, "info", f"Origin: http://localhost:{port}", "Sec-Fetch-Site: same-origin").status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_form_cannot_change_anything(gateway: Gateway, kind: str) -> None:
    body = b'{"level":"debug"}'
    assert ask(gateway, "POST", "/log_level", f"Content-Type: {kind}", body=body).status == 415
    assert ask(gateway, "GET", "/log_level?level=debug").body == b'{"level":"info"}\n'


# Hostile requests


@pytest.mark.parametrize(("data", "status"), [
    (b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    (b"GET /..%2flivez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"POST /log_level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n", 417),
    (b"POST /log_level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST /log_level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"10001\r\n", 413),
], ids=lambda value: str(value)[:40])
def test_malformed_and_oversized_requests(gateway: Gateway, data: bytes, status: int) -> None:
    for send in (Client.send_leniently, Client.send_bytewise):
        with Client(admin_address(gateway)) as client:
            send(client, data)
            response = client.read_response()
            assert response.status == status
            assert response.get("connection") == "close"
            assert client.expect_close() == b""


def test_a_request_split_at_every_byte(gateway: Gateway, admin: Client) -> None:
    body = b'{"level":"info"}'
    admin.send_bytewise(request("POST", "/log_level", JSON, body=body, host="localhost"))
    assert admin.read_response().body == b'{"level":"info"}\n'


def test_pipelined_requests_are_answered_in_order(gateway: Gateway, admin: Client) -> None:
    body = b'{"level":"info"}'
    admin.send(b"".join([
        request("GET", "/livez", host="localhost"),
        request("POST", "/log_level", JSON, body=body, host="localhost"),
        request("GET", "/nothing", host="localhost"),
        request("GET", "/", host="example.com"),
    ] + [request("GET", "/readyz", host="localhost")] * 200 + [request("GET", "/", "Connection: close", host="localhost")]))
    statuses = [admin.read_response().status for _ in range(205)]
    assert statuses == [200, 200, 404, 421] + [200] * 201
    assert admin.expect_close() == b""


def test_a_refused_body_ends_the_connection(gateway: Gateway, admin: Client) -> None:
    """Nothing in the body of a refused request is ever taken for a request."""
    hidden = request("POST", "/log_level", JSON, body=b'{"level":"debug"}', host="localhost")
    admin.send(request("POST", "/livez", JSON, body=hidden, host="localhost"))
    response = admin.read_response()
    assert (response.status, response.get("connection")) == (405, "close")
    assert admin.expect_close() == b""
    assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": "info"}


def test_slow_heads_and_bodies_time_out(gateway: Gateway) -> None:
    with Client(admin_address(gateway)) as head, Client(admin_address(gateway)) as body, Client(admin_address(gateway)) as silent:
        started = time.monotonic()
        head.send(b"GET /livez HT")
        body.send(request("POST", "/log_level", JSON, "Content-Length: 10", host="localhost") + b"{")
        assert ask(gateway, "GET", "/livez").status == 200, "nobody else waits"
        for client in (head, body):
            assert client.read_response().status == 408
            assert client.expect_close() == b""
        assert silent.expect_close() == b""
        assert 1.5 < time.monotonic() - started < 8


def test_connections_are_bounded(gateway: Gateway) -> None:
    held = [Client(admin_address(gateway)) for _ in range(64)]
    try:
        for client in held:
            assert client.exchange(request("GET", "/livez", host="localhost")).status == 200
        with Client(admin_address(gateway)) as beyond:
            assert beyond.read_response().status == 503
            beyond.finish_writing()
            assert beyond.expect_close() == b""
    finally:
        for client in held:
            client.close()
    wait_until_ready(gateway)


def test_a_client_that_does_not_read_holds_up_nobody(gateway: Gateway) -> None:
    with socket.create_connection(admin_address(gateway)) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.settimeout(0.5)
        one = request("GET", "/", host="localhost")
        try:
            for _ in range(1000):
                lazy.sendall(one * 100)
        except OSError:
            pass  # it stopped reading, as it should
        else:
            pytest.fail("requests are read although their answers are not")
        assert ask(gateway, "GET", "/livez").status == 200
        assert gateway.exchange(request("GET", "/health")).status == 200


# Apart from the data listeners


def test_no_data_listener_answers_any_of_it(gateway: Gateway) -> None:
    for path in ("/livez", "/readyz", "/config", "/routes", "/log_level"):
        assert gateway.exchange(request("GET", path, host="localhost")).status == 401
    body = b'{"level":"debug"}'
    assert gateway.exchange(request("POST", "/log_level", JSON, body=body, host="localhost")).status == 401
    assert json.loads(ask(gateway, "GET", "/log_level").body) == {"level": "info"}


def test_the_admin_listener_forwards_nothing(gateway: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    assert ask(gateway, "GET", "/health").status == 404
    assert ask(gateway, "GET", "/public/a").status == 404
    assert len(shared_upstream.messages) == before


def test_without_admin_there_is_no_listener(start_gateway: Any, upstream: Upstream) -> None:
    assert "admin" not in start_gateway(upstream).wait_for_event("started")


def test_an_address_in_use_stops_the_start(tmp_path: Path, mint: Mint, gateway: Gateway) -> None:
    host, port = admin_address(gateway)
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(configuration("http://127.0.0.1:1", mint, tmp_path / "log", admin={"address": f"{host}:{port}"})))
    result = subprocess.run([binary(), "serve", "--config", str(path)], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=20, check=False)
    assert result.returncode == 2
    assert f"cannot listen on {host}:{port}" in result.stderr


# Drain


def test_it_answers_until_the_end_of_a_drain(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    release, reached = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        exchange.read_body()
        reached.set()
        assert release.wait(30)
        echo(exchange)

    upstream.handler = hold
    path = tmp_path / "admin.sock"
    gateway = start_gateway(upstream, admin={"address": f"unix:{path}"})
    wait_until_ready(gateway)
    with gateway.client() as busy, Client(str(path)) as admin:
        busy.send(request("GET", "/public/a"))
        assert reached.wait(10)
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_event("draining")
        for response in (admin.exchange(request("GET", "/readyz", host="")), ask(gateway, "GET", "/readyz?verbose")):
            assert response.status == 503
            assert response.body == b"[+]listeners ok\n[-]shutdown failed: draining\n[+]keys ok\nreadyz check failed\n"
        assert ask(gateway, "GET", "/livez").status == 200
        checked = health("--ready", "--admin", f"unix:{path}")
        assert (checked.returncode, "draining" in checked.stdout) == (1, True)
        assert health("--admin", f"unix:{path}").returncode == 0
        release.set()
        assert busy.read_response().status == 200
        assert gateway.wait() == 0
    assert not path.exists()


# Unix-domain sockets


def test_a_unix_socket_is_for_its_owner_alone(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    previous = os.umask(0)
    try:
        gateway = start_gateway(upstream, admin={"address": f"unix:{path}"})
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert gateway.wait_for_event("started")["admin"] == [f"unix:{path}"]
    result = subprocess.run(
        ["curl", "-sS", "--unix-socket", str(path), "-H", JSON, "-d", '{"level":"debug"}', "http://localhost/log_level"],
        capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(result.stdout) == {"level": "debug"}
    for host, status in (("", 200), ("localhost", 200), ("example.com", 421)):
        assert ask(gateway, "GET", "/livez", host=host).status == status
    assert gateway.stop() == 0
    assert not path.exists()


def test_an_abandoned_socket_is_replaced_and_one_in_use_is_not(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    first = start_gateway(upstream, admin={"address": f"unix:{path}"})
    first.may_fail = True
    first.kill()
    assert path.exists()
    second = start_gateway(upstream, admin={"address": f"unix:{path}"})
    assert ask(second, "GET", "/livez").status == 200
    checked = subprocess.run([binary(), "serve", "--config", str(second.configuration_path)], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=20, check=False)
    assert checked.returncode == 2 and "address already in use" in checked.stderr
    assert ask(second, "GET", "/livez").status == 200


# gateway health


def test_health_by_address(gateway: Gateway) -> None:
    host, port = admin_address(gateway)
    alive, ready = health("--admin", f"{host}:{port}"), health("--ready", "--admin", f"localhost:{port}")
    assert (alive.returncode, alive.stdout) == (0, "ok\n")
    assert (ready.returncode, ready.stdout.splitlines()[-1]) == (0, "readyz check passed")


def test_health_by_configuration(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    gateway = start_gateway(upstream, admin={"address": "unix:admin.sock"})
    assert health("--config", str(gateway.configuration_path)).returncode == 0
    gateway.stop()
    gone = health("--config", str(gateway.configuration_path))
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "refused" in gone.stderr


def test_health_says_why_it_cannot_ask(gateway: Gateway, start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    without = start_gateway(upstream)
    result = health("--config", str(without.configuration_path))
    assert (result.returncode, "--admin" in result.stderr) == (1, True)
    chosen = health("--config", str(gateway.configuration_path))
    assert (chosen.returncode, "--admin" in chosen.stderr) == (1, True)
    assert health("--admin", "nonsense").returncode == 64
    assert health("--config", str(tmp_path / "missing.json")).returncode == 66


def test_health_gives_up_on_a_listener_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = health("--admin", f"127.0.0.1:{silent.getsockname()[1]}")
    assert (result.returncode, "no answer" in result.stderr) == (1, True)


# Out of reach for clients


def test_no_upstream_reaches_it_however_it_is_written(
    start_gateway: Any, tmp_path: Path, upstream: Upstream, mint: Mint
) -> None:
    """Either the configuration is refused, or the gateway does not connect."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    ways = [(f"unix:{tmp_path}/real/admin.sock", f"unix:{path}") for path in (
        f"{tmp_path}/real/admin.sock", f"{tmp_path}//real/admin.sock", f"{tmp_path}/link/admin.sock")]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ways += [(f"127.0.0.1:{port}", f"{host}:{port}") for host in (
        "127.0.0.1", "localhost", "0.0.0.0", "[::ffff:0.0.0.0]", "[::ffff:0:0]", "0x7f000001", "127.0.0.0x1", "0x0")]
    ways += [(f"[::1]:{port}", f"{host}:{port}") for host in ("[::1]", "[::]", "[0::0]", "[0:0:0:0:0:0:0:0]")]
    refused = 0
    for admin, server in ways:
        changes = {"admin": {"address": admin}, "routes": [{"id": "all", "path": "/{rest...}", "public": True}]}
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(configuration(f"http://{server}", mint, tmp_path / "log", **changes)))
        checked = subprocess.run([binary(), "check", "--config", str(path)], capture_output=True, text=True, timeout=20)
        if checked.returncode != 0:
            assert "socket for operators" in checked.stderr
            refused += 1
            continue
        gateway = start_gateway(f"http://{server}", **changes)
        response = gateway.exchange(request("GET", "/livez", host="localhost"))
        assert response.status == 503, (admin, server, response)
        assert gateway.log_of(response)["reason"] == "upstream_unreachable"
        assert gateway.stop() == 0
    assert 0 < refused < len(ways), "both ways are tested"


def test_a_reload_does_not_bring_clients_to_a_socket_that_is_still_open(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, admin=TCP, launch={"arguments": ["--no-watch"]})
    host, port = admin_address(gateway)
    settings = json.loads(gateway.configuration_path.read_text())
    del settings["admin"]
    settings |= {"upstreams": {"service": {"servers": [f"http://{host}:{port}"]}},
                 "routes": [{"id": "all", "path": "/{rest...}", "public": True}]}
    gateway.configuration_path.write_text(json.dumps(settings))
    gateway.signal(signal.SIGHUP)
    assert gateway.wait_for_event("reloaded")["needs_restart"] == ["admin"]
    assert gateway.exchange(request("GET", "/config", host="localhost")).status == 503


def test_a_socket_file_that_is_another_process_s_by_now_is_left_alone(
    start_gateway: Any, upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "shared.sock"
    first = start_gateway(upstream, admin={"address": f"unix:{path}"})
    path.rename(tmp_path / "old.sock")
    second = start_gateway(upstream, admin={"address": f"unix:{path}"})
    assert first.stop() == 0
    assert health("--admin", f"unix:{path}").returncode == 0
    assert second.stop() == 0 and not path.exists()
