"""Tokens that only their issuer can tell about (RFC 7662): how it is asked, how often, and what its answers are good for."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from harness.certificates import Authority
from harness.gateway import Gateway, binary, configuration
from harness.provider import (
    INTROSPECTION, Provider, cut, dripping, early_hints, failing, garbage, hang_up, html, huge, not_http, redirecting,
    respond_json, slow,
    with_value,
)
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tls import World
from harness.tokens import Mint, Signer
from harness.upstream import Exchange, Upstream
from harness.wire import PATIENCE, Response, request
from test_remote_keys import Load, outcome, send_all

ROUTES: list[dict[str, Any]] = [
    {"id": "items.read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["items:read"]},
    {"id": "items.write", "path": "/items/{id}", "methods": ["PUT"], "scopes": ["items:write", "items:read"]},
    {"id": "admin", "path": "/admin", "roles": ["admin"]},
    {"id": "any", "path": "/any", "authenticated": True},
    {"id": "load", "path": "/x", "authenticated": True},
    {"id": "jwt", "path": "/jwt", "authenticated": True, "issuers": ["main"]},
]


@pytest.fixture
def provider(world: World) -> Iterator[Provider]:
    with Provider(world) as provider:
        yield provider


Start = Callable[..., Gateway]


@pytest.fixture
def start(start_gateway: Any, upstream: Upstream, provider: Provider, mint: Mint) -> Start:
    """Starts a gateway whose issuer `opaque` is asked about every token but the JWTs of `main`; `changes` are of `opaque`."""
    def start(top: dict[str, Any] | None = None, **changes: Any) -> Gateway:
        main = configuration("http://127.0.0.1:1", mint, "unused")["issuers"]["main"]
        settings = {"routes": ROUTES, "issuers": {"main": main, "opaque": provider.introspected(**changes)}} | (top or {})
        gateway: Gateway = start_gateway(upstream, launch=NO_WATCH, **settings)
        return gateway

    return start


def ask(gateway: Gateway, token: str, target: str = "/any", method: str = "GET") -> Response:
    return gateway.exchange(request(method, target, f"Authorization: Bearer {token}"))


def all_at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """What `count` threads that begin together come to."""
    barrier, results = threading.Barrier(count), []

    def run(number: int) -> None:
        barrier.wait(PATIENCE)
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results


# MARK: Who asks


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", None])
def test_a_client_secret(start: Start, provider: Provider, method: str | None) -> None:
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are put into `Authorization`; Basic unless chosen."""
    gateway = start(introspection={"auth_method": method})
    assert outcome(ask(gateway, provider.issue("opaque-token"))) == "200"
    [question] = provider.questions
    assert (question.token, question.method, question.is_authentic) == (
        "opaque-token", method or "client_secret_basic", True)
    assert question.form.get("token_type_hint") in (None, "access_token")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_private_key(start: Start, provider: Provider, tmp_path: Path, algorithm: str) -> None:
    """RFC 7523 section 2.2: an assertion of its own for each question, which the provider verifies."""
    key = provider.client_key = Signer(algorithm, "the-client")
    pem = tmp_path / "client.pem"
    pem.write_bytes(key.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    pem.chmod(0o600)
    gateway = start(introspection={
        "client_secret": None, "private_key": {"file": str(pem)}, "auth_method": "private_key_jwt", "algorithm": algorithm,
        "key_id": key.kid})
    for token in ("one", "two"):
        assert outcome(ask(gateway, provider.issue(token))) == "200"
    assert [(question.method, question.is_authentic) for question in provider.questions] == [("private_key_jwt", True)] * 2


def test_a_wrong_secret_is_undecided(start: Start, provider: Provider) -> None:
    """The gateway's own fault says nothing about the token: 503, and the log says why."""
    gateway = start(introspection={"client_secret": "wrong"})
    response = ask(gateway, provider.issue("opaque-token"))
    assert outcome(response) == "503 introspection_unavailable" and int(response.get("retry-after") or 0) >= 1
    line = gateway.log_of(response)
    assert (line["decision"], line["reason"]) == ("undecided", "introspection_unavailable")
    assert gateway.wait_for_event("introspection_failed")["stage"] == "http"


# MARK: How often


def test_one_question_for_a_token_that_many_bring_at_once(start: Start, provider: Provider) -> None:
    """200 requests over two workers, all in before the answer is there."""
    gateway = start()
    provider.faults[INTROSPECTION] = slow(provider, 0.5)
    token = provider.issue("opaque-token")
    assert all_at_once(lambda _: outcome(ask(gateway, token)), 200) == ["200"] * 200
    assert len(provider.questions) == 1


def test_one_question_for_a_bad_token_that_many_bring_at_once(start: Start, provider: Provider) -> None:
    gateway = start()
    provider.faults[INTROSPECTION] = slow(provider, 0.3)
    assert all_at_once(lambda _: outcome(ask(gateway, "unknown")), 50) == ["401 inactive"] * 50
    assert len(provider.questions) == 1


def test_a_client_that_leaves_takes_no_answer_with_it(start: Start, provider: Provider) -> None:
    """The question goes on for those who wait with it; the connection that it has is used again."""
    gateway = start()
    provider.faults[INTROSPECTION] = slow(provider, 0.5)
    token = provider.issue("opaque-token")
    leaving, staying = gateway.client(), gateway.client()
    leaving.send(request("GET", "/any", f"Authorization: Bearer {token}"))
    provider.wait_for_fetches(1, INTROSPECTION)
    staying.send(request("GET", "/any", f"Authorization: Bearer {token}"))
    leaving.reset()
    assert staying.read_response().status == 200
    staying.close()
    assert outcome(ask(gateway, provider.issue("another"))) == "200"
    assert len(provider.questions) == 2 and provider.connections == 1


def test_the_log_tells_how_long_a_decision_waited_for_the_answer(start: Start, provider: Provider) -> None:
    gateway = start()
    provider.faults[INTROSPECTION] = slow(provider, 0.3)
    token = provider.issue("opaque-token")
    waited, known = (gateway.log_of(ask(gateway, token))["decision_duration"] for _ in range(2))
    assert waited >= 0.3 > 0.1 > known


def test_a_drain_waits_for_answers(start: Start, provider: Provider) -> None:
    gateway = start()
    provider.faults[INTROSPECTION] = slow(provider, 0.5)
    with gateway.client() as client:
        client.send(request("GET", "/any", f"Authorization: Bearer {provider.issue('opaque-token')}"))
        provider.wait_for_fetches(1, INTROSPECTION)
        gateway.signal(signal.SIGTERM)
        assert client.read_response().status == 200
    assert gateway.wait() == 0


def test_connections_are_used_again(start: Start, provider: Provider) -> None:
    gateway = start()
    for number in range(20):
        assert outcome(ask(gateway, provider.issue(f"token-{number}"))) == "200"
    assert len(provider.questions) == 20 and provider.connections == 1


def test_connections_are_bounded(start: Start, provider: Provider) -> None:
    """`provider.connections`: what is more waits, and gets its answer."""
    gateway = start(provider={"connections": 3})
    provider.faults[INTROSPECTION] = slow(provider, 0.1)
    tokens = [provider.issue(f"token-{number}") for number in range(20)]
    assert all_at_once(lambda number: outcome(ask(gateway, tokens[number])), 20) == ["200"] * 20
    assert provider.connections == 3


def test_a_connection_that_the_provider_has_closed_is_replaced(start: Start, provider: Provider) -> None:
    gateway = start()
    assert outcome(ask(gateway, provider.issue("one"))) == "200"
    provider.go_down()
    provider.come_up()
    assert outcome(ask(gateway, provider.issue("two"))) == "200"


def test_an_answer_is_kept_for_its_lifetime(start: Start, provider: Provider) -> None:
    gateway = start(introspection={"cache_lifetime": "2s"})
    token, began = provider.issue("opaque-token"), time.monotonic()
    for _ in range(5):
        assert outcome(ask(gateway, token)) == "200"
    assert len(provider.questions) == 1
    provider.tokens.clear()
    while (got := outcome(ask(gateway, token))) == "200":
        assert time.monotonic() - began < 3, "it was kept for too long"
        time.sleep(0.05)
    # Times are whole seconds, so that it may be one less.
    assert got == "401 inactive" and len(provider.questions) == 2 and time.monotonic() - began > 0.9


def test_nothing_is_kept_with_a_lifetime_of_zero(start: Start, provider: Provider) -> None:
    gateway = start(introspection={"cache_lifetime": "0s", "negative_cache_lifetime": "0s"})
    token = provider.issue("opaque-token")
    for _ in range(3):
        assert outcome(ask(gateway, token)) == "200"
    provider.tokens.clear()
    for _ in range(3):
        assert outcome(ask(gateway, token)) == "401 inactive"
    assert len(provider.questions) == 6


def test_an_answer_is_never_kept_beyond_the_tokens_expiry(start: Start, provider: Provider) -> None:
    """Whatever the provider says by then: expired is expired."""
    gateway = start(introspection={"cache_lifetime": "1h"})
    expiry = int(time.time()) + 2
    token = provider.issue("opaque-token", exp=expiry)
    assert outcome(ask(gateway, token)) == "200"
    while (got := outcome(ask(gateway, token))) == "200":
        assert time.time() < expiry + 1
        time.sleep(0.05)
    assert got == "401 expired" and time.time() >= expiry


def test_a_refusal_is_kept_for_a_shorter_time(start: Start, provider: Provider) -> None:
    gateway = start(introspection={"negative_cache_lifetime": "2s"})
    for _ in range(3):
        assert outcome(ask(gateway, "opaque-token")) == "401 inactive"
    assert len(provider.questions) == 1
    provider.issue("opaque-token")
    began = time.monotonic()
    while outcome(ask(gateway, "opaque-token")) != "200":
        assert time.monotonic() - began < 4
        time.sleep(0.05)
    assert len(provider.questions) == 2


def test_a_failure_is_not_kept_for_an_answer(start: Start, provider: Provider) -> None:
    gateway = start()
    token = provider.issue("opaque-token")
    provider.faults[INTROSPECTION] = failing
    assert outcome(ask(gateway, token)) == "503 introspection_unavailable"
    provider.faults.clear()
    deadline = time.monotonic() + 3
    while outcome(ask(gateway, token)) != "200":
        assert time.monotonic() < deadline
        time.sleep(0.05)


# MARK: What an answer is good for


def test_scopes_are_evaluated_on_every_hit(start: Start, provider: Provider) -> None:
    """Rule 15: a cache holds identities, never decisions (Oathkeeper CVE-2021-32701)."""
    gateway = start()
    token = provider.issue("opaque-token", "items:read")
    for _ in range(2):
        assert outcome(ask(gateway, token, "/items/1")) == "200"
        assert outcome(ask(gateway, token, "/items/1", "PUT")) == "401 insufficient_scope"
        assert outcome(ask(gateway, token, "/admin")) == "401 insufficient_role"
    assert len(provider.questions) == 1


def test_roles_and_scopes_of_the_answer(start: Start, provider: Provider, upstream: Upstream) -> None:
    gateway = start(claims={"roles": [["groups"]], "subject": [["username"]]})
    token = provider.issue("opaque-token", "items:read items:write", groups=["admin"], username="bob")
    assert outcome(ask(gateway, token, "/admin")) == "200"
    response = ask(gateway, token, "/items/1", "PUT")
    assert outcome(response) == "200" and gateway.log_of(response)["sub"] == "bob"


@pytest.mark.parametrize(("claims", "wanted"), [
    ({}, "200"),
    ({"aud": ["https://other", "https://api.test"]}, "200"),
    ({"aud": "https://other"}, "401 wrong_audience"),
    ({"aud": []}, "401 wrong_audience"),
    ({"aud": None}, "401 wrong_audience"),
    ({"iss": "https://other"}, "401 unknown_issuer"),
    ({"iss": None}, "200"),
    ({"exp": None}, "200"),
    ({"exp": 1}, "401 expired"),
    ({"nbf": 4102444800}, "401 not_yet_valid"),
    ({"sub": None}, "200"),
    ({"scope": 7}, "401 malformed_token"),
    ({"aud": {"a": 1}}, "401 malformed_token"),
    ({"exp": "tomorrow"}, "401 malformed_token"),
    ({"active": False}, "401 inactive"),
])
def test_what_the_answer_says_is_checked(start: Start, provider: Provider, claims: dict[str, Any], wanted: str) -> None:
    """`iss` where it is present; a missing `aud` refuses; and the same again from the cache."""
    gateway = start()
    token = provider.issue("opaque-token", **claims)
    assert [outcome(ask(gateway, token)) for _ in range(2)] == [wanted] * 2


def test_any_audience_by_choice(start: Start, provider: Provider) -> None:
    gateway = start(audience="any")
    assert outcome(ask(gateway, provider.issue("opaque-token", aud=None))) == "200"


@pytest.mark.parametrize("active", ["true", 1, None, "yes", [True], {}])
def test_active_is_true_and_nothing_else(start: Start, provider: Provider, active: Any) -> None:
    """RFC 7662 section 2.2: a boolean. What is no answer is no permission, and no refusal of the token either."""
    gateway = start()
    provider.faults[INTROSPECTION] = with_value({"active": active, "aud": provider.mint.audience, "iss": provider.issuer})
    assert outcome(ask(gateway, "opaque-token")) == "503 introspection_unavailable"


# MARK: When the issuer cannot be asked

FAULTS: dict[str, Callable[[Provider], Callable[[Exchange], None]]] = {
    "HTML": lambda _: html, "500": lambda _: failing, "half of the JSON": lambda _: garbage, "cut": lambda _: cut,
    "hang up": lambda _: hang_up, "not HTTP": lambda _: not_http, "5 MiB": huge, "dripping": dripping,
    "early hints without end": early_hints,
    "slow": lambda provider: slow(provider, 10), "an array": lambda _: with_value([{"active": True}]),
    "twice": lambda _: lambda exchange: exchange.respond(
        200, "Content-Type: application/json", body=b'{"active": false, "active": true}'),
    "401": lambda _: lambda exchange: respond_json(exchange, {"active": True}, 401),
    "403": lambda _: lambda exchange: respond_json(exchange, {"active": True}, 403),
    "redirect": lambda provider: redirecting(provider.base + "/elsewhere", 307),
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_answer_is_503(start: Start, provider: Provider, name: str) -> None:
    """Never 401, never allowed, and in time; nothing is sent again elsewhere."""
    gateway = start(provider={"timeout": "500ms"})
    provider.paths["/elsewhere"] = lambda exchange: respond_json(exchange, {"active": True})
    provider.faults[INTROSPECTION] = FAULTS[name](provider)
    began = time.monotonic()
    response = ask(gateway, provider.issue("opaque-token"))
    assert outcome(response) == "503 introspection_unavailable" and int(response.get("retry-after") or 0) >= 1
    assert time.monotonic() - began < 2
    line = gateway.wait_for_event("introspection_failed")
    assert line["issuer"] == "opaque" and line["stage"] in ("http", "parse") and line["error"]
    assert provider.fetches("/elsewhere") == 0


def test_a_provider_that_is_down_is_503(start: Start, provider: Provider) -> None:
    """What is known stays known until it expires; the rest is undecided."""
    gateway = start()
    known = provider.issue("known")
    assert outcome(ask(gateway, known)) == "200"
    provider.go_down()
    assert outcome(ask(gateway, known)) == "200"
    assert outcome(ask(gateway, "unknown")) == "503 introspection_unavailable"
    assert gateway.wait_for_event("introspection_failed")["stage"] == "connect"
    provider.come_up()


def test_a_provider_with_a_wrong_certificate_learns_no_token(start: Start, provider: Provider) -> None:
    provider.show(provider.world.server(identity=Authority("Nobody knows it").issue("127.0.0.1")))
    gateway = start()
    assert outcome(ask(gateway, provider.issue("opaque-token"))) == "503 introspection_unavailable"
    assert gateway.wait_for_event("introspection_failed")["stage"] == "tls"
    assert provider.questions == []


def test_a_slow_provider_holds_up_nobody_else(start: Start, provider: Provider, mint: Mint) -> None:
    gateway = start()
    known = provider.issue("known")
    assert outcome(ask(gateway, known)) == "200"
    provider.faults[INTROSPECTION] = slow(provider, 1)
    with gateway.client() as waiting:
        waiting.send(request("GET", "/any", f"Authorization: Bearer {provider.issue('new')}"))
        time.sleep(0.1)
        began = time.monotonic()
        for _ in range(20):
            assert outcome(ask(gateway, known)) == outcome(ask(gateway, mint.token())) == "200"
        assert time.monotonic() - began < 0.8
        assert waiting.read_response().status == 200


def test_unknown_tokens_in_great_numbers_harm_nobody_else(start: Start, provider: Provider) -> None:
    """Each is a question, as nobody else can know; those that are known do not wait behind them."""
    gateway = start(provider={"connections": 4})
    known = provider.issue("known")
    assert outcome(ask(gateway, known)) == "200"
    load, answers = Load(gateway, lambda: known, clients=2), []
    flood = [
        threading.Thread(target=lambda part=part: answers.append(send_all(gateway, part)))
        for part in ([f"random-{worker}-{number}" for number in range(100)] for worker in range(8))
    ]
    for thread in flood:
        thread.start()
    for thread in flood:
        thread.join(PATIENCE)
    load.stop()
    assert sum(answer.count(b"HTTP/1.1 401 ") + answer.count(b"HTTP/1.1 503 ") for answer in answers) == 800
    assert set(load.outcomes) == {"200"} and len(load.outcomes) > 10 and load.slowest < 1
    assert provider.connections <= 4


def test_no_token_and_no_secret_gets_into_a_log(start: Start, provider: Provider) -> None:
    gateway = start()
    token = provider.issue("a-very-secret-token")
    assert outcome(ask(gateway, token)) == "200"
    provider.faults[INTROSPECTION] = failing
    assert outcome(ask(gateway, "another-secret-token")) == "503 introspection_unavailable"
    gateway.wait_for_event("introspection_failed")
    gateway.stop()
    assert gateway.log_path is not None
    text = gateway.log_path.read_text() + json.dumps(gateway.application_log) + "".join(gateway.unstructured)
    for word in ("a-very-secret-token", "another-secret-token", provider.secret):
        assert word not in text


# MARK: Which tokens


def test_jwts_of_other_issuers_are_not_shown_to_anyone(start: Start, provider: Provider, mint: Mint) -> None:
    """A JWT goes to the issuer that it names; only what is no JWT goes to the one issuer of opaque tokens."""
    gateway = start()
    assert outcome(ask(gateway, mint.token())) == "200"
    assert outcome(ask(gateway, mint.token(iss="https://other.example"))) == "401 unknown_issuer"
    assert provider.questions == []


def test_jwts_are_introspected_by_choice(start: Start, provider: Provider) -> None:
    """An issuer of JWTs whose keys are an introspection endpoint: its word counts, not the token's."""
    gateway = start()
    good, revoked = provider.token(), provider.token(sub="mallory")
    provider.issue(good, "items:read")
    assert outcome(ask(gateway, good, "/items/1")) == "200"
    assert outcome(ask(gateway, revoked)) == "401 inactive"
    assert [question.token for question in provider.questions] == [good, revoked]


def test_an_opaque_token_where_only_jwts_are_accepted(start: Start, provider: Provider) -> None:
    gateway = start()
    assert outcome(ask(gateway, provider.issue("opaque-token"), "/jwt")) == "401 malformed_token"
    assert provider.questions == []


def test_the_same_token_of_two_issuers(start_gateway: Any, upstream: Upstream, world: World) -> None:
    """Oathkeeper CVE-2026-33496: what one issuer says of a token is nothing to another."""
    with Provider(world) as one, Provider(world) as two:
        gateway = start_gateway(upstream, issuers={"one": one.introspected(), "two": two.introspected()}, routes=[
            {"id": name, "path": f"/{name}", "authenticated": True, "issuers": [name]} for name in ("one", "two")])
        token = one.issue("opaque-token")
        for _ in range(2):
            assert outcome(ask(gateway, token, "/one")) == "200"
            assert outcome(ask(gateway, token, "/two")) == "401 inactive"
        assert len(one.questions) == len(two.questions) == 1


# MARK: Configuration


def check(tmp_path: Path, mint: Mint, **changes: Any) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(configuration("http://127.0.0.1:1", mint, "log", **({"routes": ROUTES[:4]} | changes))))
    return subprocess.run([binary(), "check", "--config", str(path)], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("fault", [
    {"algorithms": ["ES256"]}, {"keys_refresh_interval": "5m"}, {"keys_at_start": "wait"},
    {"introspection": {"client_secret": None}}, {"introspection": {"auth_method": "private_key_jwt"}},
    {"introspection": {"algorithm": "RS256"}}, {"introspection": {"key_id": "a"}}, {"introspection": {"endpoint": "http://192.0.2.1/"}},
    {"introspection": {"endpoint": "ftp://a.example/"}}, {"introspection": {"cache_lifetime": "2h"}},
    {"introspection": {"client_id": None}}, {"introspection": {"auth_method": "none"}},
], ids=str)
def test_what_is_without_effect_or_wrong_refuses_to_load(
    tmp_path: Path, mint: Mint, provider: Provider, fault: dict[str, Any]
) -> None:
    """Rule 20."""
    assert check(tmp_path, mint, issuers={"opaque": provider.introspected()}).returncode == 0
    settings = provider.introspected(introspection=fault.get("introspection", {}))
    settings |= {key: value for key, value in fault.items() if key != "introspection"}
    done = check(tmp_path, mint, issuers={"opaque": settings})
    assert done.returncode != 0 and re.search(r"gateway\.json:\d+:\d+", done.stdout + done.stderr), done


def test_two_introspection_issuers_on_one_route_refuse_to_load(tmp_path: Path, mint: Mint, world: World) -> None:
    with Provider(world) as one, Provider(world) as two:
        done = check(tmp_path, mint, issuers={"one": one.introspected(), "two": two.introspected()})
        assert done.returncode != 0 and "introspection" in done.stdout + done.stderr


def test_a_reload_keeps_answers_of_issuers_that_stay(start: Start, provider: Provider, world: World) -> None:
    gateway = start()
    token = provider.issue("opaque-token")
    assert outcome(ask(gateway, token)) == "200"
    settings = settings_of(gateway)
    settings["routes"] = [*ROUTES, {"id": "more", "path": "/more", "public": True}]
    assert reload(gateway, settings)["event"] == "reloaded"
    assert outcome(ask(gateway, token)) == "200" and len(provider.questions) == 1
    with Provider(world) as other:
        settings["issuers"]["opaque"] = other.introspected()
        assert reload(gateway, settings)["event"] == "reloaded"
        assert outcome(ask(gateway, token)) == "401 inactive"
        assert len(other.questions) == 1


@pytest.mark.parametrize("change", ["cache_lifetime", "authorities"])
def test_no_answer_is_believed_longer_than_a_reload_says(
    start: Start, provider: Provider, tmp_path: Path, change: str,
) -> None:
    """Who shortens the time, or trusts an authority no longer, does not mean tomorrow."""
    gateway = start(introspection={"cache_lifetime": "1h"})
    token = provider.issue("opaque-token")
    assert outcome(ask(gateway, token)) == "200"
    settings = settings_of(gateway)
    opaque = settings["issuers"]["opaque"]
    if change == "cache_lifetime":
        opaque["keys"]["introspection"]["cache_lifetime"] = "0s"
    else:
        others = tmp_path / "others.pem"
        others.write_bytes(Authority("Another").pem)
        opaque["provider"]["tls"]["authorities"] = str(others)
    assert reload(gateway, settings)["event"] == "reloaded"
    provider.tokens.clear()
    wanted = "401 inactive" if change == "cache_lifetime" else "503 introspection_unavailable"
    assert outcome(ask(gateway, token)) == wanted


def test_an_audience_that_changes_is_evaluated_anew(start: Start, provider: Provider) -> None:
    """Rule 15: the fingerprint of the issuer's settings is part of the key."""
    gateway = start()
    token = provider.issue("opaque-token")
    assert outcome(ask(gateway, token)) == "200"
    settings = settings_of(gateway)
    settings["issuers"]["opaque"]["audience"] = ["https://other"]
    assert reload(gateway, settings)["event"] == "reloaded"
    assert outcome(ask(gateway, token)) == "401 wrong_audience"
