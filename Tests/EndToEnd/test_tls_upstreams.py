"""TLS to upstreams: who the upstream is gets proved, or nothing is sent."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import DAY, Authority, Identity, replace, self_signed
from harness.gateway import Gateway
from harness.http2_upstream import HTTP2Upstream
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import World
from harness.upstream import Upstream
from harness.wire import Response, request

PROTOCOLS = ["http/1.1", "h2"]


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


def make(world: World, protocol: str, identity: Identity | None = None, clients: str | None = None) -> Upstream:
    kind = HTTP2Upstream if protocol == "h2" else Upstream
    return kind(tls=world.server(protocol, identity=identity, clients=clients))


def configured(world: World, upstream: Upstream, protocol: str, **tls: Any) -> dict[str, Any]:
    settings = {"authorities": world.authorities} | tls
    return {"service": {
        "servers": [upstream.url], "protocol": protocol,
        "tls": {key: value for key, value in settings.items() if value is not None},
    }}


def ask(gateway: Gateway, method: str = "GET") -> tuple[int, str]:
    response: Response = gateway.exchange(request(method, "/public/a"))
    return response.status, json.loads(response.body).get("reason", "allowed")


def wait_for_word(gateway: Gateway, word: str) -> None:
    """In the application log, after what is said at the start."""
    early = ("started", "configuration_warnings")
    gateway.wait_for_application_line(
        lambda line: line.get("event") not in early and word in json.dumps(line).replace("\\/", "/").lower(), repr(word),
        timeout=3)


def test_a_certificate_for_the_servers_address_is_good(start_gateway: Any, world: World, protocol: str) -> None:
    with make(world, protocol) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol))
        assert ask(gateway) == (200, "allowed")
        assert upstream.violations == [] and upstream.failed_handshakes == []


def test_a_server_name_is_asked_for_and_checked(start_gateway: Any, world: World, protocol: str) -> None:
    asked: list[str | None] = []
    context = world.server(protocol, identity=world.authority.issue("service.test"))
    context.sni_callback = lambda connection, name, _: asked.append(name)
    kind = HTTP2Upstream if protocol == "h2" else Upstream
    with kind(tls=context) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol, server_name="service.test"))
        assert ask(gateway) == (200, "allowed")
        assert asked == ["service.test"]


def test_an_address_is_not_a_server_name(start_gateway: Any, world: World, protocol: str) -> None:
    """RFC 6066 section 3."""
    asked: list[str | None] = []
    context = world.server(protocol)
    context.sni_callback = lambda connection, name, _: asked.append(name)
    kind = HTTP2Upstream if protocol == "h2" else Upstream
    with kind(tls=context) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol))
        assert ask(gateway) == (200, "allowed")
        assert asked == [None]


#: Each with a word that tells the operator what was wrong.
BAD: dict[str, tuple[Callable[[World], Identity], str]] = {
    "unknown authority": (lambda world: Authority("Stranger").issue("127.0.0.1"), "issuer"),
    "self-signed": (lambda world: self_signed("127.0.0.1"), "self"),
    "expired": (lambda world: world.authority.issue("127.0.0.1", since=-3 * DAY, until=-DAY), "expired"),
    "not yet valid": (lambda world: world.authority.issue("127.0.0.1", since=DAY), "not yet valid"),
    "another address": (lambda world: world.authority.issue("127.0.0.2"), "mismatch"),
    "another name": (lambda world: world.authority.issue("upstream.test"), "mismatch"),
    "for clients only": (lambda world: world.authority.issue("127.0.0.1", client=True), "purpose"),
}


@pytest.mark.parametrize("what", BAD)
def test_who_cannot_prove_its_name_gets_nothing(start_gateway: Any, world: World, protocol: str, what: str) -> None:
    make_identity, word = BAD[what]
    with make(world, protocol, make_identity(world)) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol))
        status, reason = ask(gateway, "POST")
        assert (status, reason) in [(502, "upstream_protocol"), (503, "upstream_unreachable")]
        assert upstream.messages == []
        line = gateway.wait_for_log(lambda line: line.get("path") == "/public/a")
        assert (line["decision"], line["origin"], line["upstream"]) == ("allow", "gateway", "service")
        wait_for_word(gateway, word)


@pytest.mark.parametrize("what", [*BAD, "good"])
def test_without_verification_anybody_will_do(start_gateway: Any, world: World, protocol: str, what: str) -> None:
    identity = BAD[what][0](world) if what != "good" else world.upstream
    with make(world, protocol, identity) as upstream:
        gateway = start_gateway(
            upstream, upstreams=configured(world, upstream, protocol, verify=False, authorities=None))
        assert ask(gateway) == (200, "allowed")
        warnings = gateway.wait_for_event("configuration_warnings")["warnings"]
        assert any("in the place of this upstream" in warning for warning in warnings)


def test_without_authorities_those_of_the_system_are_asked(start_gateway: Any, world: World, protocol: str) -> None:
    with make(world, protocol) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol, authorities=None))
        assert ask(gateway)[0] in (502, 503)
        assert upstream.messages == []


def test_the_gateway_shows_its_certificate_where_it_is_wanted(
    start_gateway: Any, world: World, protocol: str, tmp_path: Path
) -> None:
    clients = Authority("Clients")
    identity = clients.issue("gateway", client=True)
    authorities = replace(tmp_path / "clients.pem", clients.pem)
    with make(world, protocol, clients=authorities) as upstream:
        own = identity.write(tmp_path, "own")
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, protocol, **own))
        assert ask(gateway) == (200, "allowed")
        assert upstream.connections[0].shown == identity.der
        without = start_gateway(upstream, upstreams=configured(world, upstream, protocol))
        assert ask(without)[0] in (502, 503)
        # The upstream refuses the missing certificate only after its own part of the handshake.
        upstream.wait_until(lambda: upstream.failed_handshakes, "the end of the handshake")
        assert len(upstream.messages) == 1


def test_sessions_are_resumed(start_gateway: Any, world: World) -> None:
    with make(world, "http/1.1") as upstream:
        upstream.handler = lambda exchange: (
            exchange.read_body(), exchange.respond(200, "Connection: close", body=b"{}"), exchange.close())
        gateway = start_gateway(upstream, workers=1, upstreams=configured(world, upstream, "http/1.1"))
        for _ in range(5):
            assert ask(gateway) == (200, "allowed")
        assert [connection.resumed for connection in upstream.connections] == [False, True, True, True, True]


def test_sessions_are_not_resumed_under_other_settings(start_gateway: Any, world: World, tmp_path: Path) -> None:
    """What was trusted once is not trusted for ever."""
    with make(world, "http/1.1") as upstream:
        upstream.handler = lambda exchange: (
            exchange.read_body(), exchange.respond(200, "Connection: close", body=b"{}"), exchange.close())
        gateway = start_gateway(
            upstream, launch=NO_WATCH, workers=1, upstreams=configured(world, upstream, "http/1.1"))
        assert ask(gateway) == (200, "allowed")
        stranger = replace(tmp_path / "other.pem", Authority("Other").pem)
        line = reload(gateway, settings_of(gateway) | {
            "upstreams": configured(world, upstream, "http/1.1", authorities=stranger)})
        assert line["event"] == "reloaded"
        assert ask(gateway)[0] in (502, 503)
        assert len(upstream.messages) == 1


def test_an_upstream_that_does_not_agree_to_http2_is_502_with_a_word(start_gateway: Any, world: World) -> None:
    for offered in ((), ("http/1.1",)):
        with Upstream(tls=world.server(*offered)) as upstream:
            gateway = start_gateway(upstream, upstreams=configured(world, upstream, "h2"))
            assert ask(gateway)[0] in (502, 503)
            assert upstream.messages == [] and upstream.violations == []
            wait_for_word(gateway, "http/2")


def test_an_upstream_without_tls_is_refused(
    start_gateway: Any, world: World, upstream: Upstream, protocol: str
) -> None:
    port = upstream.address[1]
    gateway = start_gateway(upstream, upstreams={"service": {
        "servers": [f"https://127.0.0.1:{port}"], "protocol": protocol, "tls": {"authorities": world.authorities}}})
    assert ask(gateway)[0] in (502, 503)
    assert upstream.messages == []
    upstream.violations.clear()  # It was sent a ClientHello, which is no request.


def test_an_upstream_that_is_silent_in_the_handshake_does_not_hold_for_ever(start_gateway: Any, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gateway = start_gateway("http://127.0.0.1:1", limits={"handshake_timeout": "300ms"}, upstreams={"service": {
            "servers": [f"https://127.0.0.1:{listener.getsockname()[1]}"], "tls": {"authorities": world.authorities}}})
        assert ask(gateway)[0] in (502, 503, 504)


def test_a_response_that_is_cut_short_without_a_word_is_no_whole_response(start_gateway: Any, world: World) -> None:
    """TLS would have said that it ends; a body that ends with the connection is not whole without that."""
    context = world.server("http/1.1")
    cleanly = threading.Event()

    def handler(exchange: Any) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"half" * 1000)
        if cleanly.is_set():
            exchange.connection.socket.unwrap()
        else:
            socket.socket.shutdown(exchange.connection.socket, socket.SHUT_RDWR)
        exchange.close()

    with Upstream(handler, tls=context) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, "http/1.1"))
        with pytest.raises(Exception, match="ended"):
            gateway.exchange(request("GET", "/public/cut"))
        assert gateway.wait_for_log(lambda line: line.get("path") == "/public/cut")["aborted"] == "upstream"
        cleanly.set()
        assert gateway.exchange(request("GET", "/public/whole")).body == b"half" * 1000


def test_a_new_certificate_of_the_upstreams_is_accepted_at_the_next_handshake(start_gateway: Any, world: World) -> None:
    context = world.server("http/1.1")
    handler = lambda exchange: (  # noqa: E731
        exchange.read_body(), exchange.respond(200, "Connection: close", body=b"{}"), exchange.close())
    with Upstream(handler, tls=context) as upstream:
        gateway = start_gateway(upstream, workers=1, upstreams=configured(world, upstream, "http/1.1"))
        assert ask(gateway) == (200, "allowed")
        upstream.tls = world.server("http/1.1", identity=world.authority.issue("127.0.0.1"))
        assert ask(gateway) == (200, "allowed")
        upstream.tls = world.server("http/1.1", identity=Authority("Other").issue("127.0.0.1"))
        assert ask(gateway)[0] in (502, 503)


def test_a_version_below_1_2_is_not_spoken(start_gateway: Any, world: World) -> None:
    context = world.server("http/1.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with Upstream(tls=context) as upstream:
        gateway = start_gateway(upstream, upstreams=configured(world, upstream, "http/1.1"))
        assert ask(gateway)[0] in (502, 503)
        assert upstream.messages == []
