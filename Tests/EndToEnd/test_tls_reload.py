"""Certificates change while the gateway serves; no exchange is lost, and a broken file changes nothing."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import DAY, Authority, replace, self_signed
from harness.clients import Ask, curl, h2load
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.process import free_port
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import World, connect, over
from harness.wire import request


def shown(gateway: Gateway, world: World) -> bytes | None:
    with connect(gateway.address, world.client()) as connection:
        return connection.getpeercert(binary_form=True)


def test_new_connections_see_the_new_certificate_and_old_ones_go_on(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path
) -> None:
    old, new = world.authority.issue("gateway.test"), world.authority.issue("gateway.test", kind="rsa")
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[world.listener(old.write(tmp_path, "own"))])
    with connect(gateway.address, world.client("h2")) as second, connect(gateway.address, world.client("http/1.1")) as first:
        http1, http2 = over(first), HTTP2Client(second)
        assert http1.exchange(request("GET", "/public/1")).status == http2.exchange("GET", "/public/1").status == 200
        new.write(tmp_path, "own")
        line = reload(gateway)
        assert line["event"] == "reloaded" and "nothing" not in line["msg"]
        assert shown(gateway, world) == new.der
        assert http1.exchange(request("GET", "/public/2")).status == http2.exchange("GET", "/public/2").status == 200
        assert first.getpeercert(binary_form=True) == old.der


def test_a_changed_certificate_is_noticed_without_a_signal(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path
) -> None:
    """As a certificate tool renews it: the key first, then the certificate; between them nothing fits."""
    entry = world.authority.issue("gateway.test").write(tmp_path, "own")
    gateway = start_gateway(upstream, listeners=[world.listener(entry)])
    new = world.authority.issue("gateway.test")
    new.write(tmp_path, "own")
    gateway.wait_for_event("reloaded")
    assert shown(gateway, world) == new.der


BROKEN: dict[str, Callable[[Path, World], Any]] = {
    "a certificate that is not one": lambda home, _: replace(home / "own.pem", b"not a certificate\n"),
    "an empty file": lambda home, _: replace(home / "own.pem", b""),
    "a key of another certificate": lambda home, world: replace(
        home / "own.key", world.authority.issue("gateway.test").private_key),
    "a key that is not one": lambda home, _: replace(home / "own.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"),
    "a file that is gone": lambda home, _: (home / "own.pem").unlink(),
    "authorities without a certificate": lambda home, _: replace(home / "clients.pem", b"nothing\n"),
    "a list of revocations that is not one": lambda home, _: replace(home / "clients.crl", b"nothing\n"),
    "a staple that is not one": lambda home, _: replace(home / "own.ocsp", b"nothing\n"),
    "a ticket key of the wrong length": lambda home, _: replace(home / "tickets", bytes(47)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_keeps_what_was_there_and_is_told(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, what: str
) -> None:
    """security.md rule 20."""
    identity, clients = world.authority.issue("gateway.test"), Authority("Clients")
    staple = replace(tmp_path / "own.ocsp", world.authority.staple(identity))
    entry = identity.write(tmp_path, "own") | {"ocsp_response": staple}
    listener = world.listener(
        entry, client_authorities=replace(tmp_path / "clients.pem", clients.pem), client_certificate="optional",
        client_revocations=replace(tmp_path / "clients.crl", clients.revoking()),
        ticket_keys=[replace(tmp_path / "tickets", bytes(range(80)))])
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[listener])
    BROKEN[what](tmp_path, world)
    line = reload(gateway)
    assert line["event"] == "reload_failed" and line["level"] == "error"
    assert any(f"{gateway.configuration_path}:" in error for error in line["errors"]), line
    assert not any("PRIVATE KEY" in error or "AAAA" in error for error in line["errors"]), "keys are never shown"
    assert shown(gateway, world) == identity.der


def run_wrk(url: str, seconds: int) -> tuple[int, int, str]:
    """Requests, and what went wrong: statuses other than 2xx and 3xx, and errors of sockets."""
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    done = subprocess.run(
        ["wrk", "-t1", "-c8", f"-d{seconds}s", "-H", "Host: gateway.test", url], capture_output=True, text=True, timeout=30)
    requests = re.search(r"(\d+) requests in", done.stdout)
    wrong = re.findall(r"(?:Non-2xx or 3xx responses|connect|read|write|timeout):? (\d+)", done.stdout)
    assert requests, done
    return int(requests[1]), sum(map(int, wrong)), done.stdout


def test_no_exchange_is_lost_while_certificates_change(
    start_gateway: Any, service: Any, world: World, tmp_path: Path
) -> None:
    routes = [{"id": "any", "path": "/{rest...}", "public": True}, {"id": "root", "path": "/", "public": True}]
    identities = [world.authority.issue("gateway.test", "127.0.0.1", kind=kind) for kind in ("ec", "rsa", "ec")]
    gateway = start_gateway(
        service.url, launch=NO_WATCH, routes=routes,
        listeners=[world.listener(identities[0].write(tmp_path, "own"))])
    url = f"https://127.0.0.1:{gateway.address[1]}/health"
    over_and_done = threading.Event()
    fetch, fresh = curl("--http2"), []

    def keep_connecting() -> None:
        while not over_and_done.is_set():
            fresh.append(fetch(Ask(world, gateway.address, True, "GET", "/health")).status)

    with ThreadPoolExecutor(4) as pool:
        over_http1 = pool.submit(run_wrk, url, 3)
        over_http2 = pool.submit(h2load, url, "-D", "3", "-c", "8", "-m", "10")
        connecting = pool.submit(keep_connecting)
        for round_number in range(1, 7):
            identities[round_number % 3].write(tmp_path, "own")
            assert reload(gateway)["event"] == "reloaded"
            assert shown(gateway, world) == identities[round_number % 3].der
        requests, wrong, text = over_http1.result()
        load = over_http2.result()
        over_and_done.set()
        connecting.result()
    assert requests > 50 and wrong == 0, text
    assert load.succeeded > 50 and load.failed == 0 and load.statuses["2xx"] >= load.succeeded, load.text
    assert len(fresh) > 3 and set(fresh) == {200}
    assert not [line for line in gateway.log_lines() if line.get("status") != 200 and line.get("aborted") != "client"]


def test_a_listener_gets_and_loses_tls_by_a_reload(start_gateway: Any, upstream: Any, world: World) -> None:
    """The address stays; who connects from then on finds the other."""
    address = f"127.0.0.1:{free_port()}"
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[{"address": address}])
    settings = settings_of(gateway)
    with gateway.client() as old:
        assert old.exchange(request("GET", "/public/1")).status == 200
        line = reload(gateway, settings | {"listeners": [world.listener() | {"address": address}]})
        assert line["event"] == "reloaded"
        assert shown(gateway, world) == world.gateway.der
    assert reload(gateway, settings | {"listeners": [{"address": address}]})["event"] == "reloaded"
    assert gateway.exchange(request("GET", "/public/3")).status == 200


def test_a_self_signed_certificate_will_do(start_gateway: Any, upstream: Any, world: World, tmp_path: Path) -> None:
    identity = self_signed("gateway.test")
    gateway = start_gateway(upstream, listeners=[world.listener(identity.write(tmp_path, "own"))])
    context = ssl.create_default_context(cadata=identity.chain.decode())
    with connect(gateway.address, context) as connection:
        assert over(connection).exchange(request("GET", "/public/a")).status == 200


def test_an_expired_certificate_is_served_with_a_warning(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path
) -> None:
    """What time does to a certificate must not stop a reload; clients refuse it, and the operator is told."""
    expired = world.authority.issue("gateway.test", since=-3 * DAY, until=-DAY)
    gateway = start_gateway(upstream, listeners=[world.listener(expired.write(tmp_path, "own"))])
    assert any("expired" in warning for warning in gateway.wait_for_event("configuration_warnings")["warnings"])
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        connect(gateway.address, world.client())
