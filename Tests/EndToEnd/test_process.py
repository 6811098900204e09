"""The process: start-up, bad configurations, drain, signals, sockets of every family."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway, binary, configuration
from harness.process import MiB, resident
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream, echo
from harness.wire import Closed, Client, request


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False, **options
    )


def holding(release: threading.Event, reached: threading.Event) -> Any:
    """A handler that answers once it is told to."""
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        reached.set()
        assert release.wait(30)
        echo(exchange)

    return handler


# Drain


def test_sigterm_finishes_what_is_in_flight_and_exits_0(start_gateway: Any, upstream: Upstream) -> None:
    release, reached = threading.Event(), threading.Event()
    upstream.handler = holding(release, reached)
    gateway = start_gateway(upstream)
    with gateway.client() as busy, gateway.client() as idle:
        busy.send(request("GET", "/public/a", "X-Probe: in-flight"))
        assert reached.wait(10)
        gateway.signal(signal.SIGTERM)
        assert idle.expect_close() == b"", "an idle connection is closed at once"
        with pytest.raises(OSError):
            while True:
                with socket.create_connection(gateway.address, timeout=5):
                    time.sleep(0.01)
        assert gateway.is_alive()
        release.set()
        response = busy.read_response()
        assert (response.status, response.get("x-probe")) == (200, "in-flight")
        assert (response.get("connection") or "").lower() == "close"
        assert busy.expect_close() == b""
    assert gateway.wait() == 0
    assert gateway.log_lines()[-1]["request_id"] == response.get("x-request-id")


def test_sigterm_during_a_body_lets_it_finish(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    with gateway.client() as client:
        client.send(request("POST", "/public/a", "Content-Length: 10") + b"01234")
        upstream.wait_until(lambda: len(upstream.messages) == 1, "the request")
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_application_line(lambda line: "drain" in json.dumps(line), "a word about the drain")
        client.send(b"56789")
        assert json.loads(client.read_response().body)["length"] == 10
    assert gateway.wait() == 0


def test_a_drain_ends_at_its_limit(start_gateway: Any, upstream: Upstream) -> None:
    release, reached = threading.Event(), threading.Event()
    upstream.handler = holding(release, reached)
    gateway = start_gateway(upstream, limits={"drain_timeout": "500ms"})
    with gateway.client() as client:
        client.send(request("GET", "/public/a"))
        assert reached.wait(10)
        started = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(10) == 0
        assert 0.4 < time.monotonic() - started < 5
        with pytest.raises(Closed):
            client.read_response()
    release.set()
    assert len(gateway.log_lines()) == 1, "the exchange that was cut has its line"


def test_sigint_is_a_drain_too(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    gateway.signal(signal.SIGINT)
    assert gateway.wait() == 0


def test_the_port_is_free_at_once_after_a_drain(start_gateway: Any, upstream: Upstream) -> None:
    first = start_gateway(upstream)
    with first.client() as client:
        client.exchange(request("GET", "/public/a"))
        port = first.address[1]
        assert first.stop() == 0
    second = start_gateway(upstream, listeners=[{"address": f"127.0.0.1:{port}"}])
    assert second.exchange(request("GET", "/public/a")).status == 200


def test_sigpipe_and_sighup_do_not_end_it(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    gateway.signal(signal.SIGPIPE)
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    assert gateway.is_alive()


# Sockets


def test_ipv6(start_gateway: Any) -> None:
    with Upstream(host="::1") as upstream:
        gateway = start_gateway(upstream, listeners=[{"address": "[::1]:0"}])
        response = gateway.exchange(request("GET", "/public/a"))
        assert response.status == 200
        assert upstream.messages[0].get("x-forwarded-for") == "::1"
        line = gateway.log_of(response)
        assert (line["remote_ip"], line["client_ip"]) == ("::1", "::1")
        assert line["upstream_addr"].startswith("[::1]:")
        assert upstream.violations == []


def test_unix_domain_sockets_both_ways(start_gateway: Any, tmp_path: Path) -> None:
    with Upstream(path=str(tmp_path / "up.sock")) as upstream:
        listener = tmp_path / "gateway.sock"
        gateway = start_gateway(upstream, listeners=[{"address": f"unix:{listener}"}])
        with gateway.client() as client:
            for index in range(10):
                response = client.exchange(request("POST", f"/public/{index}", body=b"x" * 100_000))
                assert json.loads(response.body)["length"] == 100_000
        assert gateway.log_of(response)["status"] == 200
        assert upstream.violations == []
        assert gateway.stop() == 0


def test_a_stale_unix_socket_is_replaced(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    listener = tmp_path / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(listener))
    gateway = start_gateway(upstream, listeners=[{"address": f"unix:{listener}"}])
    assert gateway.exchange(request("GET", "/public/a")).status == 200


def test_several_listeners(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    addresses = ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/gateway.sock"]
    gateway = start_gateway(upstream, listeners=[{"address": address} for address in addresses])
    assert len(gateway.listeners) == 4
    for index in range(4):
        assert gateway.exchange(request("GET", "/public/a"), listener=index).status == 200


def test_an_upstream_by_name_is_resolved(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(f"http://localhost:{upstream.address[1]}")
    assert gateway.exchange(request("GET", "/public/a")).status == 200


def test_an_upstream_whose_name_does_not_resolve_is_503_and_blocks_nobody(start_gateway: Any, upstream: Upstream) -> None:
    upstreams = {"service": {"servers": [upstream.url]}, "gone": {"servers": ["http://nowhere.invalid:80"]}}
    routes = [{"id": "good", "path": "/good", "public": True},
              {"id": "gone", "path": "/gone", "public": True, "upstream": "gone"}]
    gateway = start_gateway(upstream, workers=1, upstreams=upstreams, routes=routes)
    with gateway.client() as stuck, gateway.client() as other:
        stuck.send(request("GET", "/gone"))
        started = time.monotonic()
        assert other.exchange(request("GET", "/good")).status == 200
        assert time.monotonic() - started < 2, "resolution is off the loop"
        response = stuck.read_response()
        assert (response.status, json.loads(response.body)["reason"]) == (503, "upstream_unreachable")


def test_all_workers_serve_one_listener(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=4)
    with_clients = [gateway.client() for _ in range(64)]
    for client in with_clients:
        assert client.exchange(request("GET", "/public/a")).status == 200
    for client in with_clients:
        client.close()


def test_resident_memory_at_start(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    assert gateway.exchange(request("GET", "/public/a")).status == 200
    assert resident(gateway.pid) <= 24 * MiB, f"{resident(gateway.pid) / MiB:.1f} MiB; the budget is 20"


# Bad configurations


def write(tmp_path: Path, mint: Mint, **changes: Any) -> Path:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(configuration("http://127.0.0.1:9", mint, tmp_path / "log", **changes), indent=2))
    return path


BAD = {
    "an unknown key": {"listenres": []},
    "no listeners": {"listeners": []},
    "a route without access": {"routes": [{"id": "a", "path": "/a"}]},
    "two kinds of access": {"routes": [{"id": "a", "path": "/a", "public": True, "authenticated": True}]},
    "public false": {"routes": [{"id": "a", "path": "/a", "public": False}]},
    "an unknown scope": {"routes": [{"id": "a", "path": "/a", "scopes": ["items:raed"]}]},
    "an empty list of scopes": {"routes": [{"id": "a", "path": "/a", "scopes": []}]},
    "an unknown role": {"routes": [{"id": "a", "path": "/a", "roles": ["nobody"]}]},
    "an unknown upstream": {"routes": [{"id": "a", "path": "/a", "public": True, "upstream": "nowhere"}]},
    "an unknown issuer": {"routes": [{"id": "a", "path": "/a", "authenticated": True, "issuers": ["nobody"]}]},
    "a repeated id": {"routes": [{"id": "a", "path": "/a", "public": True}, {"id": "a", "path": "/b", "public": True}]},
    "ambiguous routes": {"routes": [{"id": "a", "path": "/{x}", "public": True}, {"id": "b", "path": "/{y}", "public": True}]},
    "a role cycle": {"roles": {"a": {"includes": ["b"]}, "b": {"includes": ["a"]}}},
    "no servers": {"upstreams": {"service": {"servers": []}}},
    "a bad duration": {"limits": {"head_timeout": 5}},
    "a bad size": {"limits": {"request_line": "8 kilos"}},
    "a bad address": {"listeners": [{"address": "localhost"}]},
    "a missing variable": {"refusals": {"realm": "${SURELY_NOT_SET}"}},
    "a key of a later issue": {"access_log": {"format": "text"}},
    "TLS before its time": {"listeners": [{"address": "127.0.0.1:0", "tls": {}}]},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_bad_configuration_starts_nothing_and_says_where(tmp_path: Path, mint: Mint, changes: dict[str, Any]) -> None:
    path = write(tmp_path, mint, **changes)
    result = run("serve", "--config", str(path))
    assert result.returncode == 78, result.stderr
    assert "gateway.json" in result.stderr or "log" in result.stderr
    assert result.stdout == ""


def test_an_access_log_that_cannot_be_opened_starts_nothing(tmp_path: Path, mint: Mint) -> None:
    path = write(tmp_path, mint, access_log={"output": {"file": "/nonexistent/folder/log"}})
    result = run("serve", "--config", str(path))
    assert result.returncode == 2, result.stderr
    assert "/nonexistent/folder/log: No such file or directory" in json.loads(result.stderr)["msg"]


def test_keys_that_come_later_are_refused_as_not_supported_yet(tmp_path: Path, mint: Mint) -> None:
    result = run("check", "--config", str(write(tmp_path, mint, access_log={"format": "text"})))
    assert result.returncode == 1
    assert "not supported yet" in result.stderr + result.stdout


def test_all_errors_are_reported_at_once_with_line_and_suggestion(tmp_path: Path, mint: Mint) -> None:
    path = write(tmp_path, mint, refusals={"relam": "api"}, limits={"head_timout": "5s"})
    result = run("check", "--config", str(path))
    output = result.stderr + result.stdout
    assert result.returncode == 1
    assert "relam" in output and "realm" in output
    assert "head_timout" in output and "head_timeout" in output
    lines = path.read_text().splitlines()
    for word in ("relam", "head_timout"):
        number = next(index for index, line in enumerate(lines, 1) if word in line)
        assert f"gateway.json:{number}:" in output


def test_check_accepts_a_good_configuration_and_opens_nothing(tmp_path: Path, mint: Mint) -> None:
    result = run("check", "--config", str(write(tmp_path, mint)))
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "log").exists()


def test_a_port_in_use_is_an_error_that_names_it(tmp_path: Path, mint: Mint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("serve", "--config", str(write(tmp_path, mint, listeners=[{"address": address}])))
    assert result.returncode == 2
    assert address in result.stderr


# Tokens and the example


def test_the_example_upstream_answers(start_gateway: Any) -> None:
    process = subprocess.Popen([binary(), "example-upstream", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = process.stderr.readline().split()[-1]
        gateway = start_gateway(f"http://{address}")
        assert gateway.exchange(request("GET", "/health")).status == 200
        response = gateway.exchange(request("POST", "/public/a", body=b"x" * 100_000))
        assert response.status < 500
    finally:
        process.terminate()
        process.wait(10)


def test_running_out_of_descriptors_is_survived(start_gateway: Any, upstream: Upstream) -> None:
    """Out of descriptors, accept fails: that is logged and gets better, it does not spin or crash."""
    gateway: Gateway = start_gateway(upstream)
    subprocess.run(["prlimit", f"--pid={gateway.pid}", "--nofile=64:64"], check=True)
    held: list[Client] = []
    for _ in range(80):
        held.append(gateway.client())
    for client in held:
        client.close()
    deadline = time.monotonic() + 10
    while True:
        try:
            assert gateway.exchange(request("GET", "/health", "Connection: close")).status in (200, 503)
            break
        except (Closed, OSError):
            assert time.monotonic() < deadline, "it did not recover"
