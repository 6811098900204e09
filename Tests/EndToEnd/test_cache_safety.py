"""What is remembered of a token is who it is, never a decision (rule 15 of the threat model): everything else is looked at
again for every request."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.gateway import Gateway, configuration
from harness.process import MiB, cpu_seconds, resident
from harness.reloading import NO_WATCH, reload, settings_of
from harness.tokens import Mint, Signer
from harness.upstream import Upstream
from harness.wire import Client, request


def reason(client: Client, target: str, token: str, method: str = "GET") -> str:
    """`allowed`, or why not."""
    response = client.exchange(request(method, target, f"Authorization: Bearer {token}"))
    return "allowed" if response.status == 200 else json.loads(response.body)["reason"]


def everywhere(gateway: Gateway, target: str, token: str) -> set[str]:
    """The reasons on many connections, so that every worker has its say, twice each."""
    reasons = set()
    for _ in range(12):
        with gateway.client() as client:
            reasons |= {reason(client, target, token) for _ in range(2)}
    return reasons


def test_a_token_that_is_good_for_one_route_is_not_good_for_another(gateway: Gateway, mint: Mint) -> None:
    tokens = {
        mint.token("items:read"): ("allowed", "insufficient_scope"),
        mint.token("items:write items:read"): ("allowed", "allowed"),
        mint.token("me"): ("insufficient_scope", "insufficient_scope"),
    }
    with gateway.client() as client:
        for _ in range(3):
            for token, (read, write) in tokens.items():
                assert reason(client, "/items/1", token) == read
                assert reason(client, "/items/1", token, "DELETE") == write
                assert reason(client, "/admin/x", token) == "insufficient_role"
                assert reason(client, "/status/", token) == "allowed"
                assert reason(client, "/nowhere", token) == "no_route"


def without_skew(mint: Mint, upstream: Upstream) -> dict[str, Any]:
    return {"main": configuration(upstream.url, mint, "unused")["issuers"]["main"] | {"clock_skew": "0s"}}


@pytest.mark.parametrize(
    ("claim", "before", "after"),
    [("exp", "allowed", "expired"), ("nbf", "not_yet_valid", "allowed"), ("iat", "not_yet_valid", "allowed")],
)
def test_the_clock_is_looked_at_for_every_request(
    start_gateway: Any, upstream: Upstream, mint: Mint, claim: str, before: str, after: str
) -> None:
    """A token with two seconds of life, and one whose life begins in two seconds, used all the while."""
    gateway = start_gateway(upstream, issuers=without_skew(mint, upstream))
    turn = int(time.time()) + 2
    token = mint.token(**{"iat": None, claim: turn})
    seen: set[str] = set()
    with gateway.client() as first, gateway.client() as second:
        while time.time() < turn + 1:
            for client in (first, second):
                began = time.time()
                got = reason(client, "/items/1", token)
                # What crosses the turn may be either.
                if time.time() < turn or began >= turn:
                    assert got == (before if began < turn else after)
                    seen.add(got)
            time.sleep(0.005)
    assert seen == {before, after}


Settings = dict[str, Any]


def change_issuer(**changes: Any) -> Callable[[Settings], None]:
    return lambda settings: settings["issuers"]["main"].update(changes)


def drop_keys(*names: str) -> Callable[[Settings], None]:
    def drop(settings: Settings) -> None:
        keys = settings["issuers"]["main"]["keys"]["jwks"]["keys"]
        keys[:] = [key for key in keys if key["kid"] not in names]

    return drop


def replace_key(settings: Settings) -> None:
    keys = settings["issuers"]["main"]["keys"]["jwks"]["keys"]
    keys[:] = [Signer("ES256", "key-es256").jwk() if key["kid"] == "key-es256" else key for key in keys]


def turn_catalogue_round(settings: Settings) -> None:
    settings["scopes"] = dict(reversed(settings["scopes"].items()))


def require_more(settings: Settings) -> None:
    settings["routes"] = [
        route | {"scopes": ["items:read", "me"]} if route["id"] == "items.read" else route for route in settings["routes"]]


def empty_role(settings: Settings) -> None:
    settings["roles"]["viewer"]["scopes"] = ["me"]


#: What is changed, and what then becomes of tokens that were good before.
CHANGES: dict[str, tuple[Callable[[Settings], None], dict[str, str]]] = {
    "a key withdrawn": (
        drop_keys("key-es256"), {"scope": "unknown_key", "role": "unknown_key", "other key": "allowed"}),
    "all keys but one withdrawn": (
        drop_keys("key-es256", "key-rs256"), {"scope": "unknown_key", "other key": "allowed"}),
    "a key replaced under its name": (
        replace_key, {"scope": "bad_signature", "other key": "allowed"}),
    "an algorithm withdrawn": (
        change_issuer(algorithms=["RS256", "EdDSA"]), {"scope": "unsupported_algorithm", "other key": "allowed"}),
    "another audience": (
        change_issuer(audience=["https://other.test"]), {"scope": "wrong_audience", "other key": "wrong_audience"}),
    "another name": (
        change_issuer(issuer="https://other.test/"), {"scope": "unknown_issuer", "role": "unknown_issuer"}),
    "a claim required": (
        change_issuer(required_claims=["client_id"]), {"scope": "required_claim", "role": "required_claim"}),
    "a shorter life": (
        change_issuer(maximum_lifetime="60s"), {"scope": "lifetime_exceeded", "role": "lifetime_exceeded"}),
    "scopes elsewhere": (
        change_issuer(claims={"scopes": [["scp"]]}), {"scope": "insufficient_scope", "role": "allowed"}),
    "roles elsewhere": (
        change_issuer(claims={"roles": [["groups"]]}), {"scope": "allowed", "role": "insufficient_scope"}),
    "roles that grant nothing": (
        lambda settings: settings.update(grant="token"), {"scope": "allowed", "role": "insufficient_scope"}),
    "a role that grants something else": (
        empty_role, {"scope": "allowed", "role": "insufficient_scope"}),
    "a route that asks for more": (
        require_more, {"scope": "insufficient_scope", "role": "insufficient_scope"}),
    # Scopes are numbered in the order of the file: what was remembered by number must not be read by another numbering.
    "the catalogue turned round": (
        turn_catalogue_round, {"scope": "allowed", "role": "allowed", "me": "insufficient_scope"}),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_a_reload_counts_for_tokens_that_are_remembered(
    start_gateway: Any, upstream: Upstream, mint: Mint, change: Callable[[Settings], None], expected: dict[str, str]
) -> None:
    gateway = start_gateway(upstream, launch=NO_WATCH)
    tokens = {"scope": mint.token("items:read"), "role": mint.token(None, roles=["viewer"]),
              "other key": mint.token("items:read", algorithm="EdDSA"), "me": mint.token("me")}
    usual = {name: {"insufficient_scope"} if name == "me" else {"allowed"} for name in tokens}
    assert {name: everywhere(gateway, "/items/1", token) for name, token in tokens.items()} == usual
    old = settings_of(gateway)
    new = copy.deepcopy(old)
    change(new)
    assert reload(gateway, new)["event"] == "reloaded"
    assert {name: everywhere(gateway, "/items/1", tokens[name]) for name in expected} == {
        name: {word} for name, word in expected.items()}
    assert reload(gateway, old)["event"] == "reloaded"
    assert {name: everywhere(gateway, "/items/1", token) for name, token in tokens.items()} == usual


def test_the_same_bytes_are_another_identity_at_another_issuer(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    """Two issuers with the same keys and different audiences; then each takes the other's name."""
    settings = configuration(upstream.url, mint, "unused")["issuers"]["main"]
    one, two = "https://one.test/", "https://two.test/"
    first = settings | {"issuer": one, "audience": ["a"]}
    second = settings | {"issuer": two, "audience": ["b"]}
    routes = [{"id": name, "path": f"/{name}", "scopes": ["items:read"], "issuers": [name]} for name in ("first", "second")]
    routes.append({"id": "both", "path": "/both", "scopes": ["items:read"]})
    gateway = start_gateway(upstream, launch=NO_WATCH, issuers={"first": first, "second": second}, routes=routes)
    tokens = {(issuer, "".join(audience)): mint.token(iss=issuer, aud=audience)
              for issuer in (one, two) for audience in (["a"], ["b"], ["a", "b"])}

    def decisions() -> dict[tuple[str, str], list[set[str]]]:
        return {name: [everywhere(gateway, path, token) for path in ("/first", "/second", "/both")]
                for name, token in tokens.items()}

    good, audience, unknown = {"allowed"}, {"wrong_audience"}, {"unknown_issuer"}
    of_first = {"a": [good, unknown, good], "b": [audience, unknown, audience], "ab": [good, unknown, good]}
    of_second = {"a": [unknown, audience, audience], "b": [unknown, good, good], "ab": [unknown, good, good]}

    def expected(first: str, second: str) -> dict[tuple[str, str], list[set[str]]]:
        return {(first, name): row for name, row in of_first.items()} | {(second, name): row for name, row in of_second.items()}

    assert decisions() == expected(one, two)
    old = settings_of(gateway)
    swapped = {"first": first | {"issuer": two}, "second": second | {"issuer": one}}
    assert reload(gateway, old | {"issuers": swapped})["event"] == "reloaded"
    assert decisions() == expected(two, one)
    # The same two in the other order of the file.
    assert reload(gateway, old | {"issuers": {"second": second, "first": first}})["event"] == "reloaded"
    assert decisions() == expected(one, two)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [15_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_distinct_tokens_leave_memory_bounded(start_gateway: Any, upstream: Upstream, mint: Mint, count: int) -> None:
    """Each is verified and remembered, and lacks a scope, so that the figure is that of the decision; the cache makes room."""
    gateway = start_gateway(upstream, workers=1, limits={"token_cache": 2000}, access_log={"output": {"file": "/dev/null"}})

    def use(client: Client, first: int, last: int) -> None:
        for batch in range(first, last, 100):
            tokens = [mint.token("me", algorithm="EdDSA", jti=f"token-{number}") for number in range(batch, batch + 100)]
            client.send(b"".join(request("GET", "/items/1", f"Authorization: Bearer {token}") for token in tokens))
            for _ in tokens:
                response = client.read_response()
                assert response.status == 401 and b"insufficient_scope" in response.body

    with gateway.client() as client:
        # More than there is room for.
        use(client, 0, 5000)
        warm, used = resident(gateway.pid), cpu_seconds(gateway.pid)
        use(client, 5000, count)
    each = (cpu_seconds(gateway.pid) - used) / (count - 5000)
    growth = resident(gateway.pid) - warm
    print(f"{each * 1e6:.0f} us of CPU for each new token, {growth / MiB:.2f} MiB more after {count} of them")
    assert growth < 2 * MiB, f"{growth / MiB:.2f} MiB after {count} tokens"
