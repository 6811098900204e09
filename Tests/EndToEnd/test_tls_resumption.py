"""Sessions are continued by whoever may, on any worker, and never under another policy or certificate (rule 19)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import Authority, Identity, replace
from harness.gateway import Gateway
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import Said, World, s_client
from harness.wire import request

VERSIONS = ["-tls1_2", "-tls1_3"]


class Session:
    """A client that keeps its session in a file."""

    def __init__(self, directory: Path, version: str, identity: Identity | None = None, name: str = "gateway.test"):
        self.file, self.version, self.name, self.options = directory / f"session{version}", version, name, []
        if identity is not None:
            identity.write(directory, "client")
            self.options = ["-cert", str(directory / "client.pem"), "-key", str(directory / "client.key")]

    def begin(self, gateway: Gateway, listener: int = 0) -> Said:
        """A first handshake, whose session is kept."""
        said = self._connect(gateway, listener, "-sess_out", str(self.file))
        assert said.http_status == 200 and not said.resumed and self.file.exists(), said
        return said

    def again(self, gateway: Gateway, listener: int = 0, name: str | None = None, *options: str) -> Said:
        """Another handshake, in which the session is offered."""
        return self._connect(gateway, listener, "-sess_in", str(self.file), *options, name=name)

    def _connect(self, gateway: Gateway, listener: int, *options: str, name: str | None = None) -> Said:
        name = name or self.name
        send = request("GET", "/public/a", "Connection: close", host=name)
        return s_client(gateway.listeners[listener], self.version, *self.options, *options, send=send, name=name)


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> str:
    return request.param


def keys_file(path: Path, *, size: int = 80) -> str:
    return replace(path, os.urandom(size))


def test_a_session_is_resumed_on_every_worker(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener()], workers=2)
    session = Session(tmp_path, version)
    session.begin(gateway)
    said = [session.again(gateway) for _ in range(12)]
    assert all(each.resumed and each.http_status == 200 for each in said), [each for each in said if not each.resumed]


def test_a_session_is_not_resumed_at_a_listener_with_another_certificate(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    other = world.authority.issue("gateway.test").write(tmp_path, "other")
    gateway = start_gateway(upstream, listeners=[world.listener(), world.listener(other)])
    session = Session(tmp_path, version)
    session.begin(gateway)
    elsewhere = session.again(gateway, 1)
    assert elsewhere.http_status == 200 and not elsewhere.resumed, elsewhere
    assert session.again(gateway).resumed


def test_a_session_is_not_resumed_at_a_listener_with_another_policy(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    """A client without a certificate never gets in where one is required by having been elsewhere before."""
    clients = Authority("Clients")
    path = replace(tmp_path / "clients.pem", clients.pem)
    gateway = start_gateway(upstream, listeners=[
        world.listener(), world.listener(client_authorities=path, client_certificate="optional"),
        world.listener(client_authorities=path, client_certificate="required"),
    ])
    for first in (0, 1):
        session = Session(tmp_path, version)
        session.begin(gateway, first)
        assert session.again(gateway, first).resumed
        refused = session.again(gateway, 2)
        assert refused.http_status is None, refused
    for other in (1, 0):
        session = Session(tmp_path, version, clients.issue("client", client=True))
        session.begin(gateway, 2)
        said = session.again(gateway, other)
        assert said.http_status == 200 and not said.resumed, said


def test_a_session_is_not_resumed_under_the_name_of_another_certificate(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    first, second = world.authority.issue("a.test"), world.authority.issue("b.test")
    gateway = start_gateway(
        upstream, listeners=[world.listener(first.write(tmp_path, "a"), second.write(tmp_path, "b"))])
    session = Session(tmp_path, version, name="a.test")
    session.begin(gateway)
    said = session.again(gateway, name="b.test")
    assert said.http_status == 200 and not said.resumed, said
    assert session.again(gateway).resumed


def test_a_session_survives_a_reload_that_changes_nothing_of_it(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[world.listener()])
    session = Session(tmp_path, version)
    session.begin(gateway)
    assert reload(gateway, settings_of(gateway) | {"refusals": {"realm": "other"}})["event"] == "reloaded"
    assert session.again(gateway).resumed


def test_a_session_ends_with_the_certificate_that_it_began_under(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    entry = world.authority.issue("gateway.test").write(tmp_path, "own")
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[world.listener(entry)])
    session = Session(tmp_path, version)
    session.begin(gateway)
    renewed = world.authority.issue("gateway.test")
    renewed.write(tmp_path, "own")
    assert reload(gateway)["event"] == "reloaded"
    said = session.again(gateway)
    assert said.http_status == 200 and not said.resumed and said.certificate == renewed.der, said


def test_a_session_ends_with_the_policy_that_it_began_under(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    old, new = Authority("Old clients"), Authority("New clients")
    path = replace(tmp_path / "clients.pem", old.pem)
    listener = world.listener(client_authorities=path, client_certificate="required")
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[listener])
    session = Session(tmp_path, version, old.issue("client", client=True))
    session.begin(gateway)
    assert session.again(gateway).resumed
    replace(tmp_path / "clients.pem", new.pem)
    assert reload(gateway)["event"] == "reloaded"
    assert session.again(gateway).http_status is None, "the authority is trusted no more"


def test_a_session_does_not_outlive_the_certificate_of_its_client(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    clients = Authority("Clients")
    identity = clients.issue("client", client=True)
    crl = replace(tmp_path / "clients.crl", clients.revoking())
    listener = world.listener(
        client_authorities=replace(tmp_path / "clients.pem", clients.pem), client_certificate="required",
        client_revocations=crl)
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[listener])
    session = Session(tmp_path, version, identity)
    session.begin(gateway)
    assert session.again(gateway).resumed
    replace(tmp_path / "clients.crl", clients.revoking(identity))
    assert reload(gateway)["event"] == "reloaded"
    assert session.again(gateway).http_status is None, "it was revoked meanwhile"


# Keys of tickets from files


@pytest.mark.parametrize("size", [48, 80])
def test_gateways_with_the_same_ticket_keys_resume_each_others_sessions(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str, size: int
) -> None:
    keys = [keys_file(tmp_path / "keys", size=size)]
    replicas = [start_gateway(upstream, listeners=[world.listener(ticket_keys=keys)]) for _ in range(2)]
    session = Session(tmp_path, version)
    session.begin(replicas[0])
    assert session.again(replicas[1]).resumed
    stranger = start_gateway(upstream, listeners=[world.listener()])
    said = session.again(stranger)
    assert said.http_status == 200 and not said.resumed, "another gateway has keys of its own"


def test_ticket_keys_rotate_by_a_reload(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    """The first encrypts, all decrypt; what was removed is good no more."""
    old, new = (keys_file(tmp_path / name) for name in ("old", "new"))
    gateway = start_gateway(upstream, launch=NO_WATCH, listeners=[world.listener(ticket_keys=[old])])
    settings = settings_of(gateway)
    before = Session(tmp_path, version)
    before.begin(gateway)

    def use(*keys: str) -> None:
        listener = world.listener(ticket_keys=list(keys)) | {"address": "127.0.0.1:0"}
        assert reload(gateway, settings | {"listeners": [listener]})["event"] == "reloaded"

    use(new, old)
    assert before.again(gateway).resumed, "the old key still decrypts"
    (tmp_path / "after").mkdir()
    after = Session(tmp_path / "after", version)
    after.begin(gateway)
    use(new)
    assert after.again(gateway).resumed, "the new key encrypted"
    said = before.again(gateway)
    assert said.http_status == 200 and not said.resumed, said


def test_what_is_no_ticket_is_a_full_handshake(
    start_gateway: Any, upstream: Any, world: World, tmp_path: Path, version: str
) -> None:
    """A ticket under keys that nobody has is ignored, not an error (RFC 5077 section 3.1, RFC 8446 section 4.2.11)."""
    first = start_gateway(upstream, listeners=[world.listener()])
    second = start_gateway(upstream, listeners=[world.listener()])
    session = Session(tmp_path, version)
    session.begin(first)
    said = session.again(second)
    assert said.http_status == 200 and not said.resumed, said
