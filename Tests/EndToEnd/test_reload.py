"""Reloading: on SIGHUP and when files change; what goes on meanwhile, what stays, what is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import ROUTES, Gateway, configuration
from harness.process import MiB, resident
from harness.reloading import NO_WATCH, reload, settings_of, write
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream, echo
from harness.wire import request


def with_routes(settings: dict[str, Any], *routes: dict[str, Any]) -> dict[str, Any]:
    return settings | {"routes": list(routes)}


def status(gateway: Gateway, target: str, *fields: str) -> int:
    return gateway.exchange(request("GET", target, *fields)).status


def test_sighup_brings_the_new_routes_and_says_what_has_changed(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    old = settings_of(gateway)
    assert status(gateway, "/health") == 200
    new = old | {
        "routes": [
            *(route for route in ROUTES if route["id"] not in ("health", "any")),
            {"id": "any", "path": "/any", "scopes": ["extra"]},
            {"id": "more", "path": "/more", "public": True},
        ],
        "scopes": old["scopes"] | {"extra": "More"},
    }
    line = reload(gateway, new)
    assert line["event"] == "reloaded" and line["level"] == "info"
    assert line["added_routes"] == ["more"]
    assert line["removed_routes"] == ["health"]
    assert line["changed_routes"] == ["any"], "a route that only moved in the file has not changed"
    assert line["added_scopes"] == ["extra"]
    assert "changed_upstreams" not in line and "changed_issuers" not in line
    assert line["config"] != line["previous"]
    assert status(gateway, "/health") == 401 and status(gateway, "/more") == 200
    with gateway.client() as client:
        response = client.exchange(request("GET", "/more"))
    assert gateway.log_of(response)["config"] == line["config"]


def test_a_broken_file_changes_nothing_and_is_told_with_its_places(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    settings = settings_of(gateway)
    line = reload(gateway, settings | {"routes": [{"id": "x", "path": "/x", "scopes": ["itms:read"]}], "wrkers": 2})
    assert line["event"] == "reload_failed" and line["level"] == "error"
    assert any(f"{gateway.configuration_path}:" in error and "did you mean" in error for error in line["errors"])
    assert len(line["errors"]) == 2
    assert status(gateway, "/health") == 200
    assert reload(gateway, "{ not json")["event"] == "reload_failed"
    gateway.configuration_path.unlink()
    assert reload(gateway)["event"] == "reload_failed"
    assert status(gateway, "/health") == 200
    assert reload(gateway, settings)["event"] == "reloaded"


def test_warnings_are_told_at_the_start_and_with_each_reload(start_gateway: Any, upstream: Upstream) -> None:
    shadow = {"id": "tried", "path": "/tried", "scopes": ["me"], "shadow": True}
    gateway = start_gateway(upstream, launch=NO_WATCH, routes=[shadow])
    first = gateway.wait_for_event("configuration_warnings")
    assert first["level"] == "warn" and any("tried" in warning for warning in first["warnings"])
    reload(gateway)
    assert gateway.wait_for_next_event(1, "configuration_warnings")["warnings"] == first["warnings"]


def test_reading_the_same_again_says_that_nothing_has_changed(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    line = reload(gateway)
    assert "nothing" in line["msg"] and line["config"] == line["previous"]


def test_an_exchange_ends_under_the_configuration_that_it_began_with(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    release, reached = threading.Event(), threading.Event()

    def handler(exchange: Exchange) -> None:
        if exchange.message.target.startswith("/public/slow"):
            reached.set()
            assert release.wait(30)
        echo(exchange)

    upstream.handler = handler
    settings = settings_of(gateway)
    with gateway.client() as client:
        client.send(request("GET", "/public/slow"))
        assert reached.wait(10)
        line = reload(gateway, with_routes(settings, {"id": "other", "path": "/other", "public": True}))
        assert line["event"] == "reloaded"
        release.set()
        response = client.read_response()
        assert response.status == 200
        assert gateway.log_of(response)["config"] == line["previous"]
        # The connection stays, and its next request is decided by the new configuration.
        refused = client.exchange(request("GET", "/public/slow"))
        assert refused.status == 401
        assert gateway.log_of(refused)["config"] == line["config"]


def test_connections_to_unchanged_upstreams_survive_and_those_to_others_are_closed(
    start_gateway: Any, upstream: Upstream
) -> None:
    other = Upstream()
    try:
        gateway = start_gateway(upstream, launch=NO_WATCH, workers=1, limits={"upstream_idle_timeout": "60s"})
        settings = settings_of(gateway)
        assert status(gateway, "/public/a") == 200
        reload(gateway, settings | {"routes": ROUTES[1:]})
        assert status(gateway, "/public/a") == 200
        assert len(upstream.connections) == 1, "the connection was used again"
        reload(gateway, settings | {"upstreams": {"service": {"servers": [other.url]}}})
        assert status(gateway, "/public/a") == 200
        assert len(other.messages) == 1
        upstream.wait_until(lambda: upstream.open_connections == 0, "the old connection to be closed")
    finally:
        other.stop()
    assert other.violations == []


def test_a_withdrawn_key_makes_its_tokens_useless_at_once(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    field = f"Authorization: Bearer {mint.token(scope='items:read')}"
    settings = settings_of(gateway)
    assert status(gateway, "/items/1", field) == 200
    stranger = Mint()
    issuer = settings["issuers"]["main"] | {"keys": {"jwks": stranger.jwks()}}
    line = reload(gateway, settings | {"issuers": {"main": issuer}})
    assert line["changed_issuers"] == ["main"]
    assert status(gateway, "/items/1", field) == 401
    assert reload(gateway, settings)["event"] == "reloaded"
    assert status(gateway, "/items/1", field) == 200


def test_listeners_come_and_go(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    settings = settings_of(gateway)
    path = tmp_path / "second.sock"
    with gateway.client() as staying:
        assert staying.exchange(request("GET", "/health")).status == 200
        added = settings["listeners"] + [{"address": f"unix:{path}"}]
        assert reload(gateway, settings | {"listeners": added})["added_listeners"] == [f"unix:{path}"]
        gateway.listeners.append(str(path))
        with gateway.client(1) as leaving:
            assert leaving.exchange(request("GET", "/health")).status == 200
            assert reload(gateway, settings)["removed_listeners"] == [f"unix:{path}"]
            assert leaving.expect_close() == b"", "an idle connection of a listener that is gone is closed"
        assert not path.exists()
        assert staying.exchange(request("GET", "/health")).status == 200, "a listener that stays keeps its connections"
    taken = socket.create_server(("127.0.0.1", 0))
    with taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = reload(gateway, settings | {"listeners": settings["listeners"] + [{"address": address}], "routes": ROUTES[:1]})
        assert line["event"] == "reload_failed" and address in line["errors"][0]
    assert status(gateway, "/health") == 200, "nothing of the file was taken over"


def test_the_access_log_can_move(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    settings = settings_of(gateway)
    first = gateway.exchange(request("GET", "/health"))
    moved = tmp_path / "moved.log"
    assert reload(gateway, settings | {"access_log": {"output": {"file": str(moved)}}})["event"] == "reloaded"
    gateway.log_of(first)
    gateway.log_path = moved
    gateway.log_of(gateway.exchange(request("GET", "/health")))
    bad = settings | {"access_log": {"output": {"file": str(tmp_path / "no" / "such.log")}}}
    assert reload(gateway, bad)["event"] == "reload_failed"
    gateway.log_of(gateway.exchange(request("GET", "/health")))


def test_what_needs_a_restart_is_said(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    assert reload(gateway, settings_of(gateway) | {"workers": 1})["needs_restart"] == ["workers"]


# Files that change


def test_a_file_that_an_editor_replaces_is_read_again(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    settings = settings_of(gateway)
    before = gateway.event_count("reloaded", "reload_failed")
    write(gateway, settings | {"routes": ROUTES + [{"id": "more", "path": "/more", "public": True}]})
    assert gateway.wait_for_next_event(before, "reloaded", "reload_failed")["added_routes"] == ["more"]
    assert status(gateway, "/more") == 200
    # In place, in two steps: what is there in between is not worth a word unless it stays.
    text = json.dumps(settings)
    with open(gateway.configuration_path, "w") as file:
        file.write(text[:100])
        file.flush()
        file.write(text[100:])
    line = gateway.wait_for_next_event(before + 1, "reloaded", "reload_failed")
    assert line["removed_routes"] == ["more"]


def test_touching_a_file_or_its_neighbours_reloads_nothing(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    for _ in range(3):
        os.utime(gateway.configuration_path)
        (gateway.directory / "other").write_text("x")
        time.sleep(0.2)
    assert gateway.event_count("reloaded", "reload_failed") == 0
    reload(gateway)
    assert gateway.event_count("reloaded", "reload_failed") == 1


def test_a_key_file_that_changes_is_a_change(start_gateway: Any, upstream: Upstream, mint: Mint, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    keys = folder / "jwks.json"
    keys.write_text(json.dumps(Mint().jwks()))
    settings = configuration(upstream.url, mint, "unused")
    issuer = settings["issuers"]["main"] | {"keys": {"jwks_file": str(keys)}}
    gateway = start_gateway(upstream, issuers={"main": issuer})
    field = f"Authorization: Bearer {mint.token(scope='items:read')}"
    assert status(gateway, "/items/1", field) == 401
    before = gateway.event_count("reloaded", "reload_failed")
    keys.write_text(json.dumps(mint.jwks()))
    assert gateway.wait_for_next_event(before, "reloaded", "reload_failed")["changed_issuers"] == ["main"]
    assert status(gateway, "/items/1", field) == 200
    keys.write_text("{")
    assert gateway.wait_for_next_event(before + 1, "reloaded", "reload_failed")["event"] == "reload_failed"
    assert status(gateway, "/items/1", field) == 200


def test_a_file_of_revocations_that_changes_is_a_change(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    folder = tmp_path / "revocations"
    folder.mkdir()
    revoked = folder / "revocations.json"
    revoked.write_text('{"revocations": []}')
    gateway = start_gateway(upstream, revocations={"file": str(revoked)})
    before = gateway.event_count("reloaded", "reload_failed")
    revoked.write_text('{"revocations": [{"jti": "one"}]}')
    line = gateway.wait_for_next_event(before, "reloaded", "reload_failed")
    assert line["changed_revocations"] == ["1 added", "0 removed"]
    revoked.write_text('{"revocations":\n  [{"jti": "one", "sub": "alice"}]}')
    line = gateway.wait_for_next_event(before + 1, "reloaded", "reload_failed")
    assert line["event"] == "reload_failed"
    assert [error.split(": ")[0] for error in line["errors"]] == [f"{revoked}:2:26"]
    assert status(gateway, "/health") == 200


def test_a_kubernetes_volume_swaps_a_link(upstream: Upstream, mint: Mint, tmp_path: Path) -> None:
    """A mounted ConfigMap: gateway.json -> ..data/gateway.json, ..data -> ..<time>, and `..data` is replaced."""
    volume = tmp_path / "etc"
    volume.mkdir()
    settings = configuration(upstream.url, mint, tmp_path / "access.log")

    def publish(name: str, settings: dict[str, Any]) -> None:
        (volume / name).mkdir()
        (volume / name / "gateway.json").write_text(json.dumps(settings))
        (volume / "..data_tmp").symlink_to(name)
        os.replace(volume / "..data_tmp", volume / "..data")

    publish("..first", settings)
    gateway = Gateway(tmp_path, settings)
    gateway.configuration_path = volume / "gateway.json"
    gateway.configuration_path.symlink_to("..data/gateway.json")
    gateway.start()
    try:
        for number in range(2):
            name = f"more{number}"
            publish(f"..{name}", settings | {"routes": ROUTES + [{"id": name, "path": "/" + name, "public": True}]})
            assert gateway.wait_for_next_event(number, "reloaded", "reload_failed")["added_routes"] == [name]
            assert status(gateway, "/" + name) == 200
            shutil.rmtree(volume / (f"..more{number - 1}" if number else "..first"))
    finally:
        assert gateway.stop() == 0


# Under load


@pytest.mark.parametrize("reloads", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_reloading_under_load_fails_no_request_and_keeps_memory_flat(
    start_gateway: Any, upstream: Upstream, mint: Mint, reloads: int
) -> None:
    """Every tenth file is broken; each request must be decided as one of the two configurations around it says."""
    gateway = start_gateway(upstream, launch=NO_WATCH)
    settings = settings_of(gateway)
    token = f"Authorization: Bearer {mint.token(scope='items:read')}"
    flip = [
        settings | {"routes": [*ROUTES, {"id": "flip", "path": "/flip", "public": True}]},
        settings | {"routes": [*ROUTES, {"id": "flip", "path": "/flip", "scopes": ["me"]}]},
    ]
    assert reload(gateway, flip[0])["event"] == "reloaded"
    ends = threading.Event()
    problems: list[str] = []
    counts = {"requests": 0, "flips": 0}
    expected = {200}

    def drive() -> None:
        with gateway.client() as client:
            while not ends.is_set():
                for target, wanted in (("/items/1", {200}), ("/admin/x", {401}), ("/nowhere", {401}), ("/public/a", {200})):
                    got = client.exchange(request("GET", target, token)).status
                    counts["requests"] += 1
                    if got not in wanted:
                        problems.append(f"{target}: {got}")
                before = set(expected)
                got = client.exchange(request("GET", "/flip", token)).status
                if got not in before | set(expected):
                    problems.append(f"/flip: {got} instead of {before | set(expected)}")
                counts["flips"] += 1

    drivers = [threading.Thread(target=drive) for _ in range(3)]
    for driver in drivers:
        driver.start()
    try:
        warm = 0
        for number in range(reloads):
            if number % 10 == 9:
                broken = json.dumps(flip[number % 2])[:-20] if number % 20 == 9 else json.dumps(settings | {"routes": []})
                assert reload(gateway, broken)["event"] == "reload_failed"
            else:
                expected.update({200, 401})
                assert reload(gateway, flip[number % 2])["event"] == "reloaded"
                expected.clear()
                expected.add(200 if number % 2 == 0 else 401)
            if number == reloads // 4:
                warm = resident(gateway.pid)
        grown = resident(gateway.pid) - warm
    finally:
        ends.set()
        for driver in drivers:
            driver.join(20)
    assert problems == []
    assert counts["requests"] > reloads and counts["flips"] > reloads // 4
    assert grown < 4 * MiB, f"{grown / MiB:.1f} MiB in {reloads} reloads"


def test_a_request_is_decided_by_what_is_in_force_when_its_head_is_complete(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[{"address": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]}])
    settings = settings_of(gateway)
    head = request("GET", "/items/1", f"Authorization: Bearer {mint.token(scope='items:read')}", "X-Forwarded-For: 6.6.6.6")
    clients = [gateway.client() for _ in range(3)]
    for client, sent in zip(clients, (1, 20, len(head) - 1)):
        client.send(head[:sent])
    fourth = gateway.client()
    fourth.send(b"\r\n")
    time.sleep(0.2)
    line = reload(gateway, with_routes(settings, {"id": "any", "path": "/{rest...}", "public": True}) | {
        "listeners": [{"address": "127.0.0.1:0"}]})
    assert line["event"] == "reloaded"
    for client, sent in [*zip(clients, (1, 20, len(head) - 1)), (fourth, 0)]:
        client.send(head[sent:])
        response = client.read_response()
        logged = gateway.log_of(response)
        assert (response.status, logged["config"], logged["route"]) == (200, line["config"], "any")
        assert logged["client_ip"] == "127.0.0.1"
        # The connection goes on, and so does its parser.
        assert client.exchange(request("GET", "/again")).status == 200
        client.close()
    assert all(message.get("x-forwarded-for") == "127.0.0.1" for message in upstream.messages)


@pytest.mark.parametrize("what", ["configuration", "keys"])
def test_a_pipe_in_the_place_of_a_file_is_an_error_and_does_not_hang(
    start_gateway: Any, upstream: Upstream, mint: Mint, tmp_path: Path, what: str
) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(mint.jwks()))
    settings = configuration(upstream.url, mint, "unused")
    issuer = settings["issuers"]["main"] | {"keys": {"jwks_file": str(keys)}}
    gateway = start_gateway(upstream, issuers={"main": issuer}, launch=NO_WATCH)
    path = keys if what == "keys" else gateway.configuration_path
    text = path.read_text()
    path.unlink()
    os.mkfifo(path)
    line = reload(gateway)
    assert line["event"] == "reload_failed" and "not a regular file" in line["errors"][0]
    path.unlink()
    path.write_text(text)
    assert reload(gateway)["event"] == "reloaded"
