"""API keys: credentials of machines, hashed in the file; the same walk and the same log as for tokens."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import time
from typing import Any

import pytest

from harness.gateway import ROUTES, Gateway, binary
from harness.tokens import Mint, base64url
from harness.upstream import Upstream
from harness.wire import request
from test_decisions import NOT_ENOUGH, NOT_VALID, bearer, check_log, check_refusal

INVALID = 'Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"'


def secret(number: int) -> str:
    return "gwk_" + base64url(bytes([number]) * 32)


def hash_of(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


READER, EDITOR, BARE, EXPIRED, STRANGER = (secret(number) for number in range(5))
KEYS = {
    "reader": {"hash": hash_of(READER), "scopes": ["items:read"], "expires": "2999-01-31T00:00:00Z"},
    "editor": {"hash": hash_of(EDITOR), "roles": ["editor"]},
    "bare": {"hash": hash_of(BARE)},
    "expired": {"hash": hash_of(EXPIRED), "scopes": ["items:read"], "expires": "2020-02-29T12:00:00+01:00"},
}
TOKENS_ONLY = {"id": "tokens", "path": "/tokens", "authenticated": True, "issuers": ["main"]}
KEYS_ONLY = {"id": "keys", "path": "/keys", "authenticated": True, "issuers": ["api_keys"]}
SHADOW = {"id": "shadow", "path": "/shadow", "scopes": ["items:read"], "shadow": True}
STRIP = {"id": "strip", "path": "/strip", "authenticated": True, "authorization_header": "strip"}


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    routes = [*ROUTES, TOKENS_ONLY, KEYS_ONLY, SHADOW, STRIP]
    return module_gateway(shared_upstream, api_keys={"header": "X-API-Key", "keys": KEYS}, routes=routes)


def own_field(key: str) -> str:
    return f"x-api-key: {key}"


@pytest.mark.parametrize("send", [bearer, own_field])
def test_a_key_is_a_principal_like_any_other(gateway: Gateway, send: Any) -> None:
    response = gateway.exchange(request("GET", "/items/1", send(READER)))
    assert response.status == 200
    line = check_log(
        gateway, response, "allow", "allowed", route="items.read", sub="reader", iss="api_keys",
        token_id=hash_of(READER)[7:15],
    )
    assert line["exp_in"] > 1_000_000
    refused = gateway.exchange(request("DELETE", "/items/1", send(READER)))
    check_refusal(
        refused, 401, "insufficient_scope", detail=NOT_ENOUGH,
        challenge='Bearer realm="api", error="insufficient_scope", scope="items:write items:read"',
    )
    check_log(gateway, refused, "deny", "insufficient_scope", missing_scopes=["items:write"], sub="reader")


def test_roles_of_a_key_grant_scopes_and_a_key_without_any_is_authenticated(gateway: Gateway) -> None:
    assert gateway.exchange(request("DELETE", "/items/1", bearer(EDITOR))).status == 200
    assert gateway.exchange(request("GET", "/edit", bearer(EDITOR))).status == 200
    assert gateway.exchange(request("GET", "/admin/x", bearer(EDITOR))).status == 401
    assert gateway.exchange(request("GET", "/status/", bearer(BARE))).status == 200
    assert "exp_in" not in gateway.log_of(gateway.exchange(request("GET", "/status/", bearer(BARE))))


UNUSABLE = {
    "expired": (EXPIRED, "expired"), "unknown": (STRANGER, "unknown_key"),
    "in upper case": (READER.upper(), "malformed_token"), "too short": (READER[:-1], "malformed_token"),
    "too long": (READER + "A", "malformed_token"), "only a prefix": ("gwk_", "malformed_token"),
    "not canonical": (READER[:-1] + "B", "malformed_token"), "no base64url": (READER[:-1] + "+", "malformed_token"),
    "the hash itself": (hash_of(READER), "malformed_token"),
}


@pytest.mark.parametrize("send", [bearer, own_field])
@pytest.mark.parametrize(("key", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_is_not_usable_says_why(gateway: Gateway, send: Any, key: str, reason: str) -> None:
    response = gateway.exchange(request("GET", "/items/1", send(key)))
    check_refusal(response, 401, reason, detail=NOT_VALID, challenge=INVALID)
    check_log(gateway, response, "deny", reason, route="items.read")


def test_an_empty_field_is_no_missing_one(gateway: Gateway) -> None:
    check_refusal(gateway.exchange(request("GET", "/items/1", "X-API-Key:")), 401, "malformed_token", challenge=INVALID)


def test_the_issuers_of_a_route_may_name_api_keys(gateway: Gateway, mint: Mint) -> None:
    token, challenge = bearer(mint.token()), 'Bearer realm="api", error="invalid_token", error_description="*"'
    assert gateway.exchange(request("GET", "/keys", bearer(READER))).status == 200
    assert gateway.exchange(request("GET", "/tokens", token)).status == 200
    for path, credential in (("/keys", token), ("/tokens", bearer(READER)), ("/tokens", own_field(STRANGER))):
        response = gateway.exchange(request("GET", path, credential))
        check_refusal(response, 401, "unknown_issuer", detail=NOT_VALID, challenge=challenge)


# More than one credential


@pytest.mark.parametrize("other", ["Authorization: Bearer {token}", "Authorization: Basic YTpi", "Authorization:"])
@pytest.mark.parametrize("path", ["/items/1", "/tokens", "/shadow"])
def test_two_credentials_are_ambiguous_where_one_is_looked_at(
    gateway: Gateway, mint: Mint, other: str, path: str
) -> None:
    line = other.replace("{token}", mint.token())
    response = gateway.exchange(request("GET", path, own_field(READER), line))
    problem = check_refusal(
        response, 400, "ambiguous_credentials", challenge='Bearer realm="api", error="invalid_request"'
    )
    assert "Authorization" in problem["detail"]
    check_log(gateway, response, "reject", "ambiguous_credentials", origin="gateway")


def test_a_public_route_looks_at_none_of_two(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("GET", "/public/a", own_field(READER), bearer(mint.token())))
    assert response.status == 200
    assert "sub" not in check_log(gateway, response, "allow", "public")


@pytest.mark.parametrize("second", ["X-API-Key", "x-api-key", "X_API_Key", "X_Api-Key"])
@pytest.mark.parametrize("path", ["/items/1", "/public/a", "/nowhere"])
def test_a_repeated_field_is_malformed_on_every_route(gateway: Gateway, path: str, second: str) -> None:
    response = gateway.exchange(request("GET", path, own_field(READER), f"{second}: {READER}"))
    check_refusal(response, 400, "bad_request")


# What the upstream sees, and what nobody does


def test_strip_keeps_the_key_from_the_upstream_and_pass_does_not(gateway: Gateway) -> None:
    def seen(path: str, line: str) -> list[list[str]]:
        return json.loads(gateway.exchange(request("GET", path, line)).body)["fields"]

    assert ["x-api-key", READER] in seen("/items/1", own_field(READER))
    for line in (own_field(READER), bearer(READER)):
        assert READER not in json.dumps(seen("/strip", line))


def test_a_key_in_trailers_does_not_cross(gateway: Gateway) -> None:
    lines = (own_field(READER), "Transfer-Encoding: chunked")
    body = f"0\r\nX-API-Key: {EDITOR}\r\nX-Sum: 1\r\n\r\n".encode()
    response = gateway.exchange(request("POST", "/keys", *lines) + body)
    assert json.loads(response.body)["trailers"] == [["X-Sum", "1"]]


def test_a_key_never_reaches_a_log(gateway: Gateway) -> None:
    for line in (bearer(READER), own_field(READER), own_field(STRANGER), bearer(EXPIRED)):
        gateway.log_of(gateway.exchange(request("GET", "/items/1", line)))
    assert gateway.log_path is not None
    text = gateway.log_path.read_text() + str(gateway.application_log) + str(gateway.unstructured)
    assert "gwk_" not in text


def test_without_keys_in_the_file_a_key_is_a_malformed_token(
    start_gateway: Any, upstream: Upstream
) -> None:
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/items/1", bearer(READER)))
    check_refusal(response, 401, "malformed_token", detail=NOT_VALID, challenge=INVALID)
    check_refusal(
        gateway.exchange(request("GET", "/items/1", own_field(READER))), 401, "no_token",
        challenge='Bearer realm="api", scope="items:read"',
    )


def test_a_key_ceases_to_be_good_when_it_expires(start_gateway: Any, upstream: Upstream) -> None:
    moment = time.gmtime(time.time() + 2)
    key = KEYS["reader"] | {"expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)}
    gateway = start_gateway(upstream, api_keys={"keys": {"reader": key}})
    assert gateway.exchange(request("GET", "/items/1", bearer(READER))).status == 200
    deadline = time.monotonic() + 10
    while (response := gateway.exchange(request("GET", "/items/1", bearer(READER)))).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    check_log(gateway, response, "deny", "expired")


def test_keys_work_without_an_issuer_and_a_reload_takes_one_away(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, api_keys={"keys": KEYS}, routes=[KEYS_ONLY])
    text = json.loads(gateway.configuration_path.read_text())
    del text["issuers"]
    del text["api_keys"]["keys"]["editor"]
    gateway.configuration_path.write_text(json.dumps(text))
    gateway.signal(signal.SIGHUP)
    line = gateway.wait_for_event("reloaded")
    assert line["removed_api_keys"] == ["editor"]
    assert gateway.exchange(request("GET", "/keys", bearer(READER))).status == 200
    check_refusal(
        gateway.exchange(request("GET", "/keys", bearer(EDITOR))), 401, "unknown_key",
        challenge='Bearer realm="api", error="invalid_token", error_description="*"',
    )


@pytest.mark.parametrize(("grant", "reader", "editor"), [("token", 200, 401), ("roles", 401, 200)])
def test_keys_may_have_a_grant_of_their_own(
    start_gateway: Any, upstream: Upstream, mint: Mint, grant: str, reader: int, editor: int
) -> None:
    gateway = start_gateway(upstream, api_keys={"grant": grant, "keys": KEYS})
    assert gateway.exchange(request("GET", "/items/1", bearer(READER))).status == reader
    assert gateway.exchange(request("GET", "/items/1", bearer(EDITOR))).status == editor
    assert gateway.exchange(request("GET", "/items/1", bearer(mint.token(None, roles=["viewer"])))).status == 200


def test_token_api_key_makes_keys_that_work(start_gateway: Any, upstream: Upstream) -> None:
    def make() -> tuple[str, str]:
        result = subprocess.run([binary(), "token", "api-key"], capture_output=True, text=True, timeout=30, check=True)
        assert result.stderr == ""
        match = re.fullmatch(r"key:  (gwk_[A-Za-z0-9_-]{43})\nhash: (sha256:[0-9a-f]{64})\n", result.stdout)
        assert match, result.stdout
        return match[1], match[2]

    (one, hash_of_one), (two, _) = make(), make()
    assert one != two
    assert hash_of_one == hash_of(one)
    gateway = start_gateway(upstream, api_keys={"keys": {"one": {"hash": hash_of_one, "scopes": ["items:read"]}}})
    assert gateway.exchange(request("GET", "/items/1", bearer(one))).status == 200
    assert gateway.exchange(request("GET", "/items/1", bearer(two))).status == 401
