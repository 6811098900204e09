"""Keys that the gateway fetches: found, refreshed, rotated, kept through outages and restarts, and never trusted too far."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import Authority
from harness.gateway import Gateway, binary, configuration
from harness.process import free_port
from harness.provider import (
    KEYS, Provider, cut, dripping, failing, garbage, hang_up, html, huge, not_http, redirecting, respond_json, slow, with_value,
)
from harness.reloading import reload, settings_of
from harness.tls import World
from harness.tokens import Mint, Signer, base64url
from harness.tunnel import TunnelProxy
from harness.upstream import Exchange, Upstream
from harness.wire import PATIENCE, Client, Response, request
from test_admin import TCP
from test_admin import ask as ask_admin

#: Quick enough for a test to see keys grow old.
HASTY = {"keys_refresh_interval": "1s", "keys_minimum_interval": "1s", "keys_maximum_age": "3s"}
#: Nothing happens by itself while the test runs.
CALM = {"keys_refresh_interval": "1h", "keys_minimum_interval": "1s"}
ROUTES = [{"id": "all", "path": "/{rest...}", "authenticated": True}]

Start = Callable[..., Gateway]


@pytest.fixture
def provider(world: World) -> Iterator[Provider]:
    with Provider(world) as provider:
        yield provider


@pytest.fixture
def start(start_gateway: Any, upstream: Upstream) -> Start:
    """Starts a gateway that trusts the issuers given by name."""
    def start(launch: dict[str, Any] | None = None, top: dict[str, Any] | None = None, **issuers: Any) -> Gateway:
        gateway: Gateway = start_gateway(
            upstream, launch=launch, **({"admin": TCP, "routes": ROUTES, "issuers": issuers} | (top or {})))
        return gateway

    return start


def ask(gateway: Gateway, token: str) -> Response:
    return gateway.exchange(request("GET", "/x", f"Authorization: Bearer {token}"))


def outcome(response: Response) -> str:
    """`200`, or the status and the reason that the body gives."""
    return f"{response.status}" if response.status == 200 else f"{response.status} {json.loads(response.body)['reason']}"


def wait_for(gateway: Gateway, token: str, wanted: str, timeout: float = PATIENCE) -> None:
    deadline = time.monotonic() + timeout
    while (got := outcome(ask(gateway, token))) != wanted:
        assert time.monotonic() < deadline, f"{got} instead of {wanted}; {gateway.application_log[-5:]}"
        time.sleep(0.05)


def failures(gateway: Gateway, issuer: str) -> list[dict[str, Any]]:
    """What the application log says of fetches that failed."""
    return [line for line in list(gateway.application_log)
            if line.get("event") == "key_fetch" and line.get("issuer") == issuer and "stage" in line]


def wait_for_failure(gateway: Gateway, issuer: str) -> dict[str, Any]:
    return gateway.wait_for_application_line(
        lambda line: line.get("event") == "key_fetch" and line.get("issuer") == issuer and "stage" in line,
        f"a failed fetch of {issuer}")


def wait_until_moment(instant: float) -> None:
    """Waits until a moment."""
    time.sleep(max(0, instant - time.monotonic()))


# MARK: Where keys are


@pytest.mark.parametrize("path", ["", "/", "/tenant/a"])
@pytest.mark.parametrize("kind", ["OpenID Connect", "RFC 8414"])
def test_discovery(start: Start, world: World, kind: str, path: str) -> None:
    """OpenID Connect Discovery 1.0 section 4 and RFC 8414 section 3: the well-known part behind the path, or before it."""
    with Provider(world, path=path) as provider:
        # Both drop a slash at the end of the issuer.
        provider.paths.pop(provider.openid)
        found = path.rstrip("/") + "/.well-known/openid-configuration"
        if kind == "RFC 8414":
            found = "/.well-known/oauth-authorization-server" + path.rstrip("/")
        provider.paths[found] = lambda exchange: respond_json(exchange, provider.metadata)
        gateway = start(main=provider.settings(**CALM))
        wait_for(gateway, provider.token(), "200")
        assert provider.fetches(found) == 1 and provider.fetches() == 1


def test_the_url_of_the_keys_alone(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings({"jwks_uri": provider.base + KEYS}, **CALM))
    wait_for(gateway, provider.token(), "200")
    assert [message.target for message in provider.server.messages] == [KEYS]


def test_keys_on_another_host_than_the_issuer(start: Start, provider: Provider, world: World) -> None:
    """As large providers have it: the metadata are the issuer's own, and what they name is trusted."""
    with Provider(world) as elsewhere:
        provider.metadata["jwks_uri"] = elsewhere.base + KEYS
        gateway = start(main=provider.settings(**CALM))
        wait_for(gateway, elsewhere.mint.token(iss=provider.issuer), "200")
        assert outcome(ask(gateway, provider.token())) == "401 bad_signature", "both have a key of this name"


def test_a_redirect_on_the_same_host_is_followed(start: Start, provider: Provider) -> None:
    provider.paths["/moved"] = provider.paths.pop(KEYS)
    provider.paths[KEYS] = redirecting("/moved", 308)
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")


def test_a_set_with_secrets_is_not_believed(start: Start, provider: Provider) -> None:
    """What everybody can fetch is no secret: one who publishes it has made a mistake, and its tokens are anybody's."""
    secret = Signer("HS256", "shared")
    provider.paths[KEYS] = with_value({"keys": [provider.signer.jwk(), secret.jwk()]})
    gateway = start(main=provider.settings(**CALM))
    assert wait_for_failure(gateway, "main")["stage"] == "parse"
    assert outcome(ask(gateway, provider.token())) == "503 keys_unavailable"
    assert outcome(ask(gateway, provider.mint.token(signer=secret))) == "401 unsupported_algorithm"


def test_a_key_of_an_unknown_kind_does_not_spoil_the_set(start: Start, provider: Provider) -> None:
    """RFC 7517 section 5: what is not understood is ignored."""
    odd = [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "a", "pub": "AA"}, {"kty": "EC", "crv": "P-999", "kid": "b", "x": "", "y": ""}]
    provider.paths[KEYS] = with_value({"keys": [*odd, provider.signer.jwk()]})
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")


# MARK: Start


def test_serving_without_keys_is_503(start: Start, provider: Provider) -> None:
    """`keys_at_start: "serve"`: undecided until there are keys, and not ready (decisions.md)."""
    provider.go_down()
    gateway = start(main=provider.settings(**HASTY))
    response = ask(gateway, provider.token())
    assert outcome(response) == "503 keys_unavailable" and int(response.get("retry-after") or 0) >= 1
    assert response.get("www-authenticate") is None
    assert gateway.log_of(response)["decision"] == "undecided"
    ready = ask_admin(gateway, "GET", "/readyz?verbose")
    assert ready.status == 503 and b"[-]" in ready.body and b"main" in ready.body
    assert ask_admin(gateway, "GET", "/livez").status == 200
    provider.come_up()
    wait_for(gateway, provider.token(), "200")
    assert ask_admin(gateway, "GET", "/readyz").status == 200


def test_a_call_of_grpc_without_keys_is_unavailable(start: Start, provider: Provider) -> None:
    """What clients of gRPC try again: 14, not 16 (decisions.md)."""
    provider.go_down()
    gateway = start(main=provider.settings(**HASTY))
    response = gateway.exchange(request(
        "POST", "/x", "Content-Type: application/grpc", "TE: trailers", f"Authorization: Bearer {provider.token()}"))
    assert (response.status, response.get("grpc-status")) == (200, "14")
    provider.come_up()


def test_waiting_for_keys_at_start(start: Start, provider: Provider, world: World) -> None:
    """`keys_at_start: "wait"`: no listener takes a connection before there are keys of every such issuer."""
    with Provider(world) as other:
        provider.go_down()
        gateways: list[Gateway] = []
        waits = {"keys_at_start": "wait"} | HASTY
        starting = threading.Thread(
            target=lambda: gateways.append(start(main=provider.settings(**waits), other=other.settings(**waits))))
        starting.start()
        other.wait_for_fetches(1)
        time.sleep(0.5)
        assert not gateways, "it serves already"
        provider.come_up()
        starting.join(PATIENCE)
        assert [outcome(ask(gateways[0], each.token())) for each in (provider, other)] == ["200", "200"]


def test_a_reload_that_asks_for_other_keys_is_waited_for_too(
    tmp_path: Path, mint: Mint, provider: Provider, world: World
) -> None:
    """A wrong URL that is put right while the gateway waits does not make it serve without keys, nor on a new listener."""
    waits = {"keys_at_start": "wait"} | HASTY
    with Provider(world) as other:
        provider.go_down()
        other.go_down()
        port, added = free_port(), free_port()
        settings = configuration(
            "http://127.0.0.1:1", mint, tmp_path / "access.log", routes=ROUTES, issuers={"main": provider.settings(**waits)},
            listeners=[{"address": f"127.0.0.1:{port}"}])
        gateway = Gateway(tmp_path, settings)
        starting = threading.Thread(target=gateway.start)
        starting.start()
        try:
            gateway.wait_for_event("waiting_for_keys")
            settings["issuers"]["main"] = other.settings(**waits)
            settings["listeners"].append({"address": f"127.0.0.1:{added}"})
            gateway.configuration_path.write_text(json.dumps(settings))
            gateway.wait_for_event("reloaded")
            time.sleep(0.5)
            for number in (port, added):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", number), PATIENCE)
            other.come_up()
            gateway.wait_for_event("started")
            for number in (port, added):
                with Client(("127.0.0.1", number)) as client:
                    assert client.exchange(request("GET", "/none")).status == 401
        finally:
            starting.join(PATIENCE)
            gateway.stop()


# MARK: Every way to fail


@dataclass
class Hostility:
    """A way to fail, at which stage the log is to see it, and how a provider is brought to it and back."""

    stages: set[str]
    path: str | None = None
    handler: Callable[[Provider], Callable[[Exchange], None]] | None = None
    begin: Callable[[Provider], None] | None = None
    end: Callable[[Provider], None] | None = None

    def apply(self, provider: Provider) -> None:
        if self.begin is not None:
            return self.begin(provider)
        assert self.handler is not None
        provider.faults[KEYS if self.path is None else provider.openid] = self.handler(provider)

    def undo(self, provider: Provider) -> None:
        if self.end is not None:
            self.end(provider)
        provider.faults.clear()


def keys(stages: str, handler: Callable[[Exchange], None]) -> Hostility:
    return Hostility(set(stages.split()), None, lambda _: handler)


def metadata(stages: str, change: dict[str, Any]) -> Hostility:
    return Hostility(set(stages.split()), "metadata", lambda provider: with_value(provider.metadata | change))


def show_wrong_certificate(provider: Provider) -> None:
    assert provider.world is not None
    provider.show(provider.world.server(identity=provider.world.authority.issue("other.test")))


def show_untrusted_certificate(provider: Provider) -> None:
    assert provider.world is not None
    provider.show(provider.world.server(identity=Authority("Nobody knows it").issue("127.0.0.1")))


def show_good_certificate(provider: Provider) -> None:
    assert provider.world is not None
    provider.show(provider.world.server())


MANY = {"keys": [Signer("ES256", f"key-{number}").jwk() for number in range(257)]}
HOSTILITIES = {
    "down": Hostility({"connect"}, begin=Provider.go_down, end=Provider.come_up),
    "wrong certificate": Hostility({"tls"}, begin=show_wrong_certificate, end=show_good_certificate),
    "untrusted certificate": Hostility({"tls"}, begin=show_untrusted_certificate, end=show_good_certificate),
    "HTML": keys("http parse", html),
    "HTML as JSON": keys("parse", lambda exchange: exchange.respond(200, "Content-Type: application/json", body=b"<!doctype html>")),
    "5 MiB": Hostility({"http", "parse"}, None, huge),
    "5 MiB of metadata": Hostility({"http", "parse"}, "metadata", huge),
    "500": keys("http", failing),
    "500 for metadata": Hostility({"http"}, "metadata", lambda _: failing),
    "404": keys("http", lambda exchange: exchange.respond(404)),
    "redirect to another host": keys("http", redirecting("https://localhost:1/keys")),
    "redirect to cleartext": Hostility({"http"}, None, lambda provider: redirecting(f"http://127.0.0.1:{provider.port}{KEYS}")),
    "redirect to itself": keys("http", redirecting(KEYS)),
    "redirect to a file": keys("http", redirecting("file:///etc/passwd")),
    "slow": Hostility({"http"}, None, lambda provider: slow(provider, 10)),
    "dripping": Hostility({"http"}, None, dripping),
    "nothing": keys("http", hang_up),
    "not HTTP": keys("http", not_http),
    "cut": keys("http", cut),
    "half of the JSON": keys("parse", garbage),
    "no keys": keys("parse", with_value({"keys": []})),
    "no key set": keys("parse", with_value({"issuer": "x"})),
    "too many keys": keys("parse", with_value(MANY)),
    "another issuer": metadata("parse", {"issuer": "https://evil.example"}),
    "no keys named": metadata("parse", {"jwks_uri": None}),
    "keys in cleartext": metadata("parse", {"jwks_uri": "http://192.0.2.1/keys"}),
    "keys in a file": metadata("parse", {"jwks_uri": "file:///etc/passwd"}),
}


class Watch(threading.Thread):
    """Asks with one token again and again: what came of it, and when."""

    def __init__(self, gateway: Gateway, token: str):
        super().__init__(daemon=True)
        self.gateway, self.token, self.over = gateway, token, threading.Event()
        self.seen: list[tuple[float, str]] = []
        self.start()

    def run(self) -> None:
        with self.gateway.client() as client:
            while not self.over.wait(0.1):
                response = client.exchange(request("GET", "/x", f"Authorization: Bearer {self.token}"))
                self.seen.append((time.monotonic(), outcome(response)))

    def stop(self) -> None:
        self.over.set()
        self.join(PATIENCE)

    def between(self, begin: float, end: float) -> set[str]:
        return {what for at, what in self.seen if begin <= at <= end}

    @property
    def phases(self) -> list[str]:
        """What was seen, without repetitions."""
        seen = [what for _, what in self.seen]
        return [what for index, what in enumerate(seen) if index == 0 or seen[index - 1] != what]


@dataclass
class Seen:
    """What a gateway that had keys and one that never had any did while a provider was hostile."""

    warm: Watch
    cold: Watch
    #: What the second of them has logged of fetches that failed.
    failures: list[dict[str, Any]] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)


@pytest.fixture(scope="module")
def hostile(module_gateway: Any, shared_upstream: Upstream, world: World) -> Iterator[dict[str, Seen]]:
    """All hostilities at once, each of a provider of its own: good, hostile for longer than keys last, good again."""
    providers = {name: Provider(world) for name in HOSTILITIES}
    issuers = {
        f"i{index}": provider.settings(**HASTY, provider={"timeout": "1s"})
        for index, provider in enumerate(providers.values())
    }

    def start() -> Gateway:
        return module_gateway(shared_upstream, routes=ROUTES, issuers=issuers, admin=TCP)

    warm = start()
    tokens = {name: provider.token() for name, provider in providers.items()}
    for token in tokens.values():
        wait_for(warm, token, "200")
    watches = {name: Watch(warm, token) for name, token in tokens.items()}
    for name, provider in providers.items():
        HOSTILITIES[name].apply(provider)
    times = {"hostile": time.monotonic()}
    cold = start()
    seen = {name: Seen(watches[name], Watch(cold, tokens[name]), times=times) for name in providers}
    time.sleep(5)
    times["good"] = time.monotonic()
    for name, provider in providers.items():
        HOSTILITIES[name].undo(provider)
    for token in tokens.values():
        wait_for(warm, token, "200")
        wait_for(cold, token, "200")
    time.sleep(0.2)
    for index, each in enumerate(seen.values()):
        each.warm.stop()
        each.cold.stop()
        each.failures = failures(cold, f"i{index}")
    yield seen
    for provider in providers.values():
        provider.stop()


@pytest.mark.parametrize("name", HOSTILITIES)
def test_a_hostile_provider(hostile: dict[str, Seen], name: str) -> None:
    """Stale within `keys_maximum_age`, then 503; never 401, never an allow; good again by itself (security.md rule 17)."""
    seen = hostile[name]
    began, good = seen.times["hostile"], seen.times["good"]
    assert seen.warm.between(0, began + 1.5) == {"200"}, "the keys are young enough"
    if HOSTILITIES[name].path is None:
        assert seen.warm.between(began + 4.2, good) == {"503 keys_unavailable"}, "the keys are too old"
        assert seen.warm.phases == ["200", "503 keys_unavailable", "200"]
    else:
        assert seen.warm.phases == ["200"], "where the keys are is known, and they are there"
    assert seen.cold.phases == ["503 keys_unavailable", "200"], "it never had keys"
    assert seen.cold.between(0, good) == {"503 keys_unavailable"}


@pytest.mark.parametrize("name", HOSTILITIES)
def test_the_log_names_the_stage_of_a_failed_fetch(hostile: dict[str, Seen], name: str) -> None:
    lines = hostile[name].failures
    assert lines, "nothing was logged"
    assert {line["stage"] for line in lines} <= HOSTILITIES[name].stages, lines
    assert all(line["level"] in ("warn", "error") and line["url"] and line["error"] for line in lines)
    assert len(lines) <= 8, "a line for each attempt, and an attempt for each interval"


def test_no_connection_goes_where_a_redirect_leads(start: Start, provider: Provider, world: World) -> None:
    """Rule 17: no redirects to another host; the same host on another port is another host."""
    with Provider(world) as elsewhere:
        provider.faults[KEYS] = redirecting(elsewhere.base + KEYS)
        gateway = start(main=provider.settings(**HASTY))
        assert wait_for_failure(gateway, "main")["stage"] == "http"
        assert outcome(ask(gateway, elsewhere.mint.token(iss=provider.issuer))) == "503 keys_unavailable"
        assert elsewhere.connections == 0


def test_the_admin_listener_is_nobodys_provider(start: Start, provider: Provider) -> None:
    """Whatever a URL or a name comes to: no redirect and no DNS makes the gateway ask what is private to it."""
    port = free_port()
    issuer = provider.settings({"jwks_uri": f"http://localhost:{port}/keys"}, **HASTY) | {"provider": {}}
    gateway = start(top={"admin": {"address": f"127.0.0.1:{port}"}}, main=issuer)
    assert wait_for_failure(gateway, "main")["stage"] == "connect"


def test_a_name_that_does_not_exist(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings({"jwks_uri": "https://no-such-name.invalid/keys"}, **HASTY))
    assert wait_for_failure(gateway, "main")["stage"] == "dns"


def test_cleartext_is_for_this_machine_alone(tmp_path: Path, mint: Mint, provider: Provider) -> None:
    """Rule 17: https by default, http only to this machine or by explicit choice, which `check` warns of."""
    def check(**changes: Any) -> subprocess.CompletedProcess[str]:
        issuer = provider.settings({"jwks_uri": "http://192.0.2.1/keys"}) | changes
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(configuration("http://127.0.0.1:1", mint, "log", issuers={"main": issuer}, routes=ROUTES)))
        return subprocess.run([binary(), "check", "--config", str(path)], capture_output=True, text=True, timeout=20, check=False)

    refused = check(provider={})
    assert refused.returncode != 0 and "https" in refused.stdout + refused.stderr
    chosen = check(provider={"allow_http": True})
    assert chosen.returncode == 0 and "warning: " in chosen.stdout + chosen.stderr


# MARK: Rotation


def test_a_new_key_is_fetched_when_the_first_token_names_it(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings(**CALM))
    old = provider.token()
    wait_for(gateway, old, "200")
    time.sleep(1)
    provider.rotate("second")
    assert outcome(ask(gateway, provider.token())) == "200", "the request waits for the fetch"
    assert outcome(ask(gateway, old)) == "200"
    assert provider.fetches() == 2


def test_a_withdrawn_key_ends_cached_identities(start: Start, provider: Provider) -> None:
    """Rule 15: the signing key must still be in the current set."""
    gateway = start(main=provider.settings(**(HASTY | {"keys_maximum_age": "1h"})))
    token = provider.token()
    wait_for(gateway, token, "200")
    provider.withdraw(provider.rotate("second"))
    wait_for(gateway, provider.token(), "200")
    assert outcome(ask(gateway, token)) == "401 unknown_key"


def test_a_key_replaced_under_the_same_name_ends_cached_identities(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings(**(HASTY | {"keys_maximum_age": "1h"})))
    token = provider.token()
    wait_for(gateway, token, "200")
    provider.withdraw(provider.rotate(provider.signer.kid))
    wait_for(gateway, provider.token(), "200")
    assert outcome(ask(gateway, token)) == "401 bad_signature"


class Load:
    """Clients that send one request after the other, with whatever token is the newest."""

    def __init__(self, gateway: Gateway, token: Callable[[], str], clients: int = 8):
        self.gateway, self.token, self.over = gateway, token, threading.Event()
        self.outcomes: list[str] = []
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        with self.gateway.client() as client:
            while not self.over.is_set():
                began = time.monotonic()
                self.outcomes.append(outcome(client.exchange(request("GET", "/x", f"Authorization: Bearer {self.token()}"))))
                self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def test_rotation_under_load(start: Start, provider: Provider) -> None:
    """A new key before a refresh is due: no valid request is refused, and there is one fetch for each new key."""
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")
    before, began = provider.fetches(), time.monotonic()
    load = Load(gateway, provider.token)
    for number in range(3):
        wait_until_moment(began + 1.2 * (number + 1))
        provider.rotate(f"rotated-{number}")
    time.sleep(0.3)
    load.stop()
    assert len(load.outcomes) > 50 and set(load.outcomes) == {"200"}
    assert provider.fetches() - before == 3


def forged(provider: Provider, kid: str) -> str:
    """A token of this issuer by nobody's key."""
    header = base64url(json.dumps({"alg": "ES256", "kid": kid}).encode())
    payload = base64url(json.dumps({"iss": provider.issuer, "aud": provider.mint.audience, "exp": 4102444800}).encode())
    return f"{header}.{payload}.{base64url(bytes(64))}"


def send_all(gateway: Gateway, tokens: list[str]) -> bytes:
    """A request with each token on one connection, pipelined; all that came back."""
    data = b"".join(request("GET", "/x", f"Authorization: Bearer {token}") for token in tokens)
    received = bytearray()
    with gateway.client() as client:
        writer = threading.Thread(target=client.send, args=(data,), daemon=True)
        writer.start()
        while received.count(b"HTTP/1.1 ") < len(tokens) and (piece := client.socket.recv(1 << 20)):
            received += piece
        writer.join(PATIENCE)
        # The last head is there; its body does not matter.
    return bytes(received)


def test_ten_thousand_unknown_keys(start: Start, provider: Provider) -> None:
    """An attacker's random `kid`s: at most one fetch per interval, and valid traffic does not notice (rule 17)."""
    interval = 2.0
    gateway = start(main=provider.settings(**(CALM | {"keys_minimum_interval": "2s"})))
    token = provider.token()
    wait_for(gateway, token, "200")
    tokens = [forged(provider, f"random-{number}") for number in range(10_000)]
    time.sleep(interval)
    before, began = provider.fetches(), time.monotonic()
    load = Load(gateway, lambda: token, clients=2)
    answers: list[bytes] = []
    flood = [threading.Thread(target=lambda part=tokens[start::8]: answers.append(send_all(gateway, part))) for start in range(8)]
    for thread in flood:
        thread.start()
    for thread in flood:
        thread.join(60)
    lasted = time.monotonic() - began
    load.stop()
    assert sum(answer.count(b"HTTP/1.1 401 ") for answer in answers) == 10_000
    assert 1 <= provider.fetches() - before <= 1 + lasted / interval
    assert set(load.outcomes) == {"200"} and len(load.outcomes) > 10 and load.slowest < 1, load.slowest


def test_tokens_that_cannot_be_good_fetch_nothing(start: Start, provider: Provider) -> None:
    """Rule 17: a fetch only for tokens whose issuer and algorithm already fit; no URL is ever made of a token."""
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")
    time.sleep(1)
    seen = len(provider.server.messages)
    stranger, hmac = Signer("ES256", "stranger"), Signer("HS256", "stranger")
    url = f"{provider.base}/evil"
    for token, reason in (
        (provider.mint.token(signer=stranger, iss="https://other.example"), "unknown_issuer"),
        (provider.mint.token(signer=hmac), "unsupported_algorithm"),
        (provider.mint.token(signer=Signer("RS256", "stranger")), "unsupported_algorithm"),
        (provider.mint.token(header={"alg": "none"}), "unsupported_algorithm"),
    ):
        assert outcome(ask(gateway, token)) == f"401 {reason}"
    assert len(provider.server.messages) == seen
    for header in ({"jku": url}, {"x5u": url}, {"jwk": stranger.jwk()}, {"kid": "../../evil?a=b"}, {"kid": url}):
        token = provider.mint.token(signer=stranger, header={"kid": "stranger"} | header)
        assert ask(gateway, token).status == 401
    assert {message.target for message in provider.server.messages[seen:]} <= {KEYS, provider.openid}


def test_workers_share_one_fetch(start: Start, provider: Provider) -> None:
    """Forty clients at once, over two workers, with a key that nobody knows yet."""
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")
    time.sleep(1)
    provider.rotate("second")
    provider.faults[KEYS] = slow(provider, 0.3)
    before, results = provider.fetches(), []
    clients = [threading.Thread(target=lambda: results.append(outcome(ask(gateway, provider.token())))) for _ in range(40)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(PATIENCE)
    assert results == ["200"] * 40
    assert provider.fetches() - before == 1


def test_a_slow_fetch_holds_up_nobody_who_has_a_key(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings(**CALM))
    token = provider.token()
    wait_for(gateway, token, "200")
    time.sleep(1)
    provider.faults[KEYS] = slow(provider, 1)
    with gateway.client() as waiting:
        waiting.send(request("GET", "/x", f"Authorization: Bearer {forged(provider, 'unknown')}"))
        provider.wait_for_fetches(2)
        began = time.monotonic()
        for number in range(20):
            assert outcome(ask(gateway, provider.token(sub=f"user-{number}"))) == "200"
        assert time.monotonic() - began < 0.8
        assert outcome(waiting.read_response()) == "401 unknown_key"


def test_a_client_that_leaves_takes_no_fetch_with_it(start: Start, provider: Provider) -> None:
    gateway = start(main=provider.settings(**CALM))
    wait_for(gateway, provider.token(), "200")
    time.sleep(1)
    provider.rotate("second")
    provider.faults[KEYS] = slow(provider, 0.5)
    leaving, staying = gateway.client(), gateway.client()
    leaving.send(request("GET", "/x", f"Authorization: Bearer {provider.token()}"))
    provider.wait_for_fetches(2)
    staying.send(request("GET", "/x", f"Authorization: Bearer {provider.token()}"))
    leaving.reset()
    assert staying.read_response().status == 200
    staying.close()
    assert provider.fetches() == 2


def test_an_unknown_key_while_the_provider_is_down_is_503(start: Start, provider: Provider) -> None:
    """The gateway cannot know: the key may be a new one."""
    gateway = start(main=provider.settings(**CALM))
    known = provider.token()
    wait_for(gateway, known, "200")
    time.sleep(1)
    provider.go_down()
    provider.rotate("second")
    for _ in range(3):
        assert outcome(ask(gateway, provider.token())) == "503 keys_unavailable"
        assert outcome(ask(gateway, known)) == "200"
    provider.come_up()
    wait_for(gateway, provider.token(), "200")


def test_keys_are_refreshed_ahead_of_time(start: Start, provider: Provider) -> None:
    """Without any request, a tenth more or less than the interval apart."""
    start(main=provider.settings(**HASTY))
    provider.wait_for_fetches(1)
    began = time.monotonic()
    provider.wait_for_fetches(4)
    assert 2.6 <= time.monotonic() - began <= 4.0


# MARK: Reload


def test_a_reload_keeps_the_keys_and_drops_those_of_others(start: Start, provider: Provider, world: World) -> None:
    with Provider(world) as other:
        gateway = start(main=provider.settings(**CALM))
        wait_for(gateway, provider.token(), "200")
        provider.go_down()
        settings = settings_of(gateway)
        settings["issuers"]["other"] = other.settings(**CALM)
        assert reload(gateway, settings)["event"] == "reloaded"
        assert outcome(ask(gateway, provider.token())) == "200", "the provider is down, its keys are still good"
        wait_for(gateway, other.token(), "200")
        del settings["issuers"]["main"]
        assert reload(gateway, settings)["event"] == "reloaded"
        assert outcome(ask(gateway, provider.token())) == "401 unknown_issuer"
        provider.come_up()


# MARK: Last good keys


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def state_files(state: Path) -> list[Path]:
    return [path for path in (state / "keys").iterdir() if path.is_file()]


Run = Callable[..., Gateway]


@pytest.fixture
def run(start: Start, state: Path, provider: Provider) -> Run:
    """Starts a gateway that keeps the keys of `provider`; each call is another run of the same."""
    def run(**changes: Any) -> Gateway:
        issuers = {"main": provider.settings(**(CALM | {"keys_maximum_age": "1h"} | changes))}
        return start(top={"state_directory": str(state)}, **issuers)

    state.mkdir(mode=0o700)
    return run


def wait_for_state(state: Path) -> Path:
    deadline = time.monotonic() + PATIENCE
    while not (state / "keys").is_dir() or not state_files(state):
        assert time.monotonic() < deadline, "nothing was kept"
        time.sleep(0.02)
    time.sleep(0.1)
    files = state_files(state)
    assert len(files) == 1
    return files[0]


def test_a_restart_with_the_provider_down_serves_from_the_last_good_keys(run: Run, state: Path, provider: Provider) -> None:
    first = run()
    wait_for(first, provider.token(), "200")
    file = wait_for_state(state)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first.stop()
    provider.go_down()
    second = run(keys_at_start="wait")
    assert outcome(ask(second, provider.token())) == "200"
    assert second.wait_for_event("keys_restored")["issuer"] == "main"
    assert ask_admin(second, "GET", "/readyz").status == 200
    provider.come_up()


def test_the_age_of_keys_goes_on_through_a_restart(run: Run, state: Path, provider: Provider) -> None:
    short = {"keys_refresh_interval": "2s", "keys_maximum_age": "4s"}
    first = run(**short)
    provider.wait_for_fetches(1)
    wait_for_state(state)
    provider.go_down()
    began = time.monotonic()
    first.stop()
    second = run(**short)
    token = provider.token()
    assert outcome(ask(second, token)) == "200"
    wait_for(second, token, "503 keys_unavailable")
    assert 1.5 <= time.monotonic() - began <= 5.5
    ready = ask_admin(second, "GET", "/readyz?verbose")
    assert ready.status == 503 and b"main" in ready.body
    provider.come_up()


def rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(file.read_text())
    change(value)
    file.write_text(json.dumps(value))


def future(value: dict[str, Any]) -> None:
    """Fetched tomorrow: would never grow too old."""
    names = [name for name, old in value.items() if isinstance(old, int) and old > 1_000_000_000]
    assert names, f"no time in {value}"
    for name in names:
        value[name] += 86400


def of_another_issuer(value: dict[str, Any]) -> None:
    value["issuer"] = "https://evil.example"


@pytest.mark.parametrize("damage", [
    lambda file: file.write_text(""), lambda file: file.write_text("{"), lambda file: file.write_bytes(b"\xff\x00" * 1000),
    lambda file: file.write_text("[]"), lambda file: file.write_text("x" * (6 << 20)),
    lambda file: rewrite(file, future), lambda file: rewrite(file, of_another_issuer),
    lambda file: (file.unlink(), file.mkdir()), lambda file: (file.unlink(), os.mkfifo(file)),
], ids=["empty", "cut", "binary", "another shape", "6 MiB", "the future", "another issuer", "a directory", "a pipe"])
def test_a_damaged_file_of_keys_is_not_believed(
    run: Run, state: Path, provider: Provider, damage: Callable[[Path], Any]
) -> None:
    """It is told in the log, harms nothing, and is replaced once the provider is there."""
    first = run()
    wait_for(first, provider.token(), "200")
    file = wait_for_state(state)
    first.stop()
    damage(file)
    provider.go_down()
    second = run()
    assert outcome(ask(second, provider.token())) == "503 keys_unavailable"
    provider.come_up()
    wait_for(second, provider.token(), "200")


def test_kept_keys_are_not_believed_for_another_source(run: Run, state: Path, provider: Provider, world: World) -> None:
    """Keys were fetched by discovery; a configuration that names their URL did not choose these."""
    first = run()
    wait_for(first, provider.token(), "200")
    wait_for_state(state)
    first.stop()
    provider.go_down()
    second = run(keys={"jwks_uri": f"https://127.0.0.1:{provider.port}/other"})
    assert outcome(ask(second, provider.token())) == "503 keys_unavailable"
    provider.come_up()


# MARK: What operators see


def test_the_admin_listener_shows_keys(start: Start, provider: Provider, world: World) -> None:
    with Provider(world) as broken:
        broken.faults[KEYS] = failing
        gateway = start(main=provider.settings(**CALM), broken=broken.settings(**CALM))
        wait_for(gateway, provider.token(), "200")
        wait_for_failure(gateway, "broken")
        shown = json.dumps(json.loads(ask_admin(gateway, "GET", "/keys").body))
        assert provider.issuer in shown and provider.signer.kid in shown and provider.base + KEYS in shown
        assert "http" in shown and broken.issuer in shown
        ready = ask_admin(gateway, "GET", "/readyz?verbose")
        assert ready.status == 503 and b"broken" in ready.body
        assert gateway.exchange(request("GET", "/keys")).status == 401, "the data listener has nothing of it"


# MARK: Proxies


@pytest.fixture
def far(world: World) -> Iterator[Provider]:
    """A provider that only a proxy can find: no proxy is asked for this machine, and nothing knows its name."""
    with Provider(world, host="idp.test") as provider:
        yield provider


def set_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_the_proxy_of_the_environment(start: Start, far: Provider, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It tunnels; TLS goes on to the provider, whose certificate is verified."""
    with TunnelProxy() as proxy:
        set_environment(monkeypatch, **{variable: proxy.url, "NO_PROXY": "other.test,10.0.0.0/8"})
        gateway = start(main=far.settings(**CALM))
        wait_for(gateway, far.token(), "200")
        assert set(proxy.requests) == {f"CONNECT idp.test:{far.port}"}


@pytest.mark.parametrize("exceptions", ["idp.test", ".test", "*", "example.com, idp.test:{port}"])
def test_no_proxy_of_the_environment(
    start: Start, far: Provider, monkeypatch: pytest.MonkeyPatch, exceptions: str
) -> None:
    with TunnelProxy() as proxy:
        set_environment(monkeypatch, HTTPS_PROXY=proxy.url, NO_PROXY=exceptions.format(port=far.port))
        gateway = start(main=far.settings(**CALM))
        assert wait_for_failure(gateway, "main")["stage"] == "dns"
        assert proxy.requests == []


def test_no_proxy_for_this_machine(start: Start, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy() as proxy:
        set_environment(monkeypatch, HTTPS_PROXY=proxy.url)
        gateway = start(main=provider.settings(**CALM))
        wait_for(gateway, provider.token(), "200")
        assert proxy.requests == []


def test_the_proxy_of_the_file_and_none(start: Start, far: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy() as environment, TunnelProxy() as named:
        set_environment(monkeypatch, HTTPS_PROXY=environment.url)
        gateway = start(main=far.settings(**CALM, provider={"proxy": "none"}))
        assert wait_for_failure(gateway, "main")["stage"] == "dns"
        gateway = start(main=far.settings(**CALM, provider={"proxy": named.url}))
        wait_for(gateway, far.token(), "200")
        assert set(named.requests) == {f"CONNECT idp.test:{far.port}"} and environment.requests == []


def test_a_proxy_that_refuses_is_named_as_the_stage(start: Start, far: Provider) -> None:
    with TunnelProxy(refuses=True) as proxy:
        gateway = start(main=far.settings(**CALM, provider={"proxy": proxy.url}))
        assert wait_for_failure(gateway, "main")["stage"] == "proxy"
        assert far.connections == 0


def test_a_proxy_cannot_play_the_provider(start: Start, far: Provider, world: World) -> None:
    """What it tunnels to shows a certificate for another name."""
    far.show(world.server(identity=world.authority.issue("proxy.test")))
    with TunnelProxy() as proxy:
        gateway = start(main=far.settings(**CALM, provider={"proxy": proxy.url}))
        assert wait_for_failure(gateway, "main")["stage"] == "tls"


def test_http_proxy_in_upper_case_is_what_a_cgi_client_can_set(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """`HTTP_PROXY` is not looked at ("httpoxy"); `http_proxy` is."""
    with Provider(host="idp.test") as plain, TunnelProxy() as proxy:
        set_environment(monkeypatch, HTTP_PROXY=proxy.url)
        gateway = start(main=plain.settings(**CALM))
        assert wait_for_failure(gateway, "main")["stage"] == "dns"
        assert proxy.requests == []
        set_environment(monkeypatch, http_proxy=proxy.url)
        gateway = start(main=plain.settings(**CALM))
        wait_for(gateway, plain.token(), "200")
        assert f"GET {plain.base}{KEYS}" in proxy.requests


@pytest.mark.slow
def test_a_provider_that_is_down_for_long(start: Start, provider: Provider) -> None:
    """A minute without a provider: keys serve, the log does not fill, and all is well within two intervals afterwards."""
    gateway = start(main=provider.settings(**(HASTY | {"keys_maximum_age": "1h"})))
    token = provider.token()
    wait_for(gateway, token, "200")
    provider.go_down()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert outcome(ask(gateway, token)) == "200"
        time.sleep(0.2)
    assert len(failures(gateway, "main")) <= 70
    provider.rotate("second")
    provider.come_up()
    wait_for(gateway, provider.token(), "200")
