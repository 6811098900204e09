"""Client certificates: none, optional, required; good ones and all others."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import DAY, Authority, Identity, replace, self_signed
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.reloading import NO_WATCH, reload
from harness.tls import World, connect, over, s_client
from harness.wire import request

LISTENERS = {"none": 0, "optional": 1, "required": 2}


class Clients:
    """Client certificates of every kind."""

    def __init__(self, world: World):
        self.authority = Authority("Clients")
        below = Authority("Clients of a department", above=self.authority)
        self.good = self.authority.issue("good", client=True)
        self.rsa = self.authority.issue("rsa", client=True, kind="rsa")
        self.chained = below.issue("chained", client=True)
        self.revoked = self.authority.issue("revoked", client=True)
        self.expired = self.authority.issue("expired", client=True, since=-3 * DAY, until=-DAY)
        self.early = self.authority.issue("early", client=True, since=DAY)
        self.stranger = Authority("Clients").issue("stranger", client=True)
        self.self_signed = self_signed("good")
        self.server = self.authority.issue("server")
        self.of_the_gateways = world.authority.issue("wrong authority", client=True)
        self.revocations = self.authority.revoking(self.revoked) + below.revoking()


@pytest.fixture(scope="module")
def clients(world: World) -> Clients:
    return Clients(world)


@pytest.fixture(scope="module")
def gateway(
    module_gateway: Any, shared_upstream: Any, world: World, clients: Clients, tmp_path_factory: pytest.TempPathFactory
) -> Gateway:
    directory = tmp_path_factory.mktemp("clients")
    asking = {
        "client_authorities": replace(directory / "clients.pem", clients.authority.pem),
        "client_revocations": replace(directory / "clients.crl", clients.revocations),
    }
    listeners = [world.listener(), *(world.listener(client_certificate=word, **asking) for word in ("optional", "required"))]
    return module_gateway(shared_upstream, listeners=listeners)


def status(
    gateway: Gateway, world: World, policy: str, identity: Identity | None, version: ssl.TLSVersion, protocol: str
) -> int:
    context = world.client(protocol, identity=identity)
    context.minimum_version = context.maximum_version = version
    with connect(gateway.listeners[LISTENERS[policy]], context) as connection:
        if protocol == "h2":
            return HTTP2Client(connection).exchange("GET", "/public/a").status
        return over(connection).exchange(request("GET", "/public/a")).status


def alert(gateway: Gateway, world: World, identity: Identity | None, listener: int = 0, version: Any = None) -> str:
    """Why the gateway ends the handshake. With TLS 1.3 that comes after the client's part of it: the client has begun to
    upload by then, and must not see a reset for what is not read in the alert's place.
    """
    with pytest.raises(ssl.SSLError) as failure:
        context = world.client("http/1.1", identity=identity)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        with connect(gateway.listeners[listener], context) as connection:
            connection.settimeout(5)
            connection.sendall(request("POST", "/public/a", "Content-Length: 100000") + bytes(100_000))
            connection.recv(100)
    return str(failure.value).lower().replace("_", " ")


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return request.param


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize(("policy", "kind"), [
    ("none", None), ("none", "good"), ("none", "expired"), ("optional", None), ("optional", "good"), ("optional", "chained"),
    ("required", "good"), ("required", "rsa"), ("required", "chained"),
])
def test_who_may_is_served(
    gateway: Gateway, world: World, clients: Clients, policy: str, kind: str | None, version: ssl.TLSVersion, protocol: str
) -> None:
    assert status(gateway, world, policy, getattr(clients, kind) if kind else None, version, protocol) == 200


ALERTS = {
    "expired": "expired", "early": "bad certificate", "stranger": "unknown ca|decrypt error|bad certificate",
    "self_signed": "unknown ca", "revoked": "revoked", "server": "unsupported certificate", "of_the_gateways": "unknown ca",
}


@pytest.mark.parametrize("policy", ["optional", "required"])
@pytest.mark.parametrize("kind", ALERTS)
def test_a_bad_certificate_ends_the_handshake(
    gateway: Gateway, world: World, clients: Clients, policy: str, kind: str, version: ssl.TLSVersion
) -> None:
    """Also where none would have been good: whoever shows one means it."""
    told = alert(gateway, world, getattr(clients, kind), LISTENERS[policy], version)
    assert any(word in told for word in ALERTS[kind].split("|")), told


def test_required_means_required(gateway: Gateway, world: World, version: ssl.TLSVersion) -> None:
    told = alert(gateway, world, None, LISTENERS["required"], version)
    assert "certificate required" in told or "handshake failure" in told, told


def test_a_client_is_told_whose_certificates_are_wanted(gateway: Gateway) -> None:
    """RFC 8446 section 4.2.4: clients with several certificates choose by it."""
    said = s_client(gateway.listeners[1], "-tls1_3", send=request("GET", "/public/a", "Connection: close"))
    assert said.http_status == 200
    names = said.text.partition("Acceptable client certificate CA names")[2]
    assert "CN = Clients" in names, said
    silent = s_client(gateway.listeners[0], "-tls1_3", send=request("GET", "/public/a", "Connection: close"))
    assert "No client certificate CA names sent" in silent.text


@pytest.mark.parametrize("when", ["expired", "of another authority", "absent for who issued it"])
def test_revocations_that_cannot_be_relied_on_refuse(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, when: str
) -> None:
    """Who cannot be known to be unrevoked is not let in (security.md rule 20)."""
    authority = Authority("Clients")
    below = Authority("Below", above=authority)
    crl = {
        "expired": authority.revoking(until=-datetime.timedelta(hours=1)),
        "of another authority": Authority("Other").revoking(),
        "absent for who issued it": authority.revoking(),
    }[when]
    listener = world.listener(
        client_authorities=replace(tmp_path / "clients.pem", authority.pem), client_certificate="required",
        client_revocations=replace(tmp_path / "clients.crl", crl))
    gateway = start_gateway(upstream, listeners=[listener])
    identity = (below if when.startswith("absent") else authority).issue("client", client=True)
    assert "alert" in alert(gateway, world, identity)


def test_a_certificate_that_a_reload_revokes_is_refused_at_once(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path
) -> None:
    authority = Authority("Clients")
    identity = authority.issue("client", client=True)
    crl = replace(tmp_path / "clients.crl", authority.revoking())
    listener = world.listener(
        client_authorities=replace(tmp_path / "clients.pem", authority.pem), client_certificate="required",
        client_revocations=crl)
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[listener])

    def ask() -> int:
        with connect(gateway.address, world.client("http/1.1", identity=identity)) as connection:
            return over(connection).exchange(request("GET", "/public/a")).status

    assert ask() == 200
    replace(tmp_path / "clients.crl", authority.revoking(identity))
    assert reload(gateway)["event"] == "reloaded"
    assert "revoked" in alert(gateway, world, identity)
