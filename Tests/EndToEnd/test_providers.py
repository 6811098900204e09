"""Identity providers that others wrote: log in, call, rotate, revoke and introspect, with nothing configured but what a README says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.real_providers import Cognito, Glewlwyd, ProviderMock
from harness.upstream import Upstream
from harness.wire import PATIENCE, Response, request
from test_admin import TCP
from test_remote_keys import outcome
from test_revocations import revoke

ROUTES: list[dict[str, Any]] = [
    {"id": "items", "path": "/items/{id}", "scopes": ["items:read"]},
    {"id": "admin", "path": "/admin", "roles": ["admin"]},
    {"id": "any", "path": "/any", "authenticated": True},
]
SOON = {"keys_at_start": "wait", "keys_minimum_interval": "1s", "keys_refresh_interval": "1h"}

Start = Callable[..., Gateway]


@pytest.fixture
def start(start_gateway: Any, upstream: Upstream) -> Start:
    def start(issuer: dict[str, Any], **changes: Any) -> Gateway:
        gateway: Gateway = start_gateway(
            upstream, **({"issuers": {"main": issuer}, "routes": ROUTES, "admin": TCP} | changes))
        return gateway

    return start


def ask(gateway: Gateway, token: str, target: str = "/any") -> Response:
    return gateway.exchange(request("GET", target, f"Authorization: Bearer {token}"))


def wait_for(gateway: Gateway, token: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (got := outcome(ask(gateway, token))) != wanted:
        assert time.monotonic() < deadline, f"{got} instead of {wanted}; {gateway.application_log[-3:]}"
        time.sleep(0.1)


# MARK: glewlwyd


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    with Glewlwyd(tmp_path_factory.mktemp("glewlwyd")) as provider:
        assert isinstance(provider, Glewlwyd)
        yield provider


def by_keys(provider: Glewlwyd) -> dict[str, Any]:
    return {
        "issuer": provider.issuer, "audience": [provider.resource], "algorithms": ["ES256"], "keys": {"discovery": True},
        "token_type": "at+jwt",
    } | SOON


def by_introspection(provider: Glewlwyd, **changes: Any) -> dict[str, Any]:
    return {"issuer": provider.issuer, "audience": [provider.resource], "keys": {"introspection": {
        "endpoint": f"{provider.issuer}/introspect", "client_id": provider.client_id, "client_secret": provider.secret,
        "cache_lifetime": "1s", "negative_cache_lifetime": "1s"} | changes}}


def test_glewlwyd_log_in_and_call(start: Start, glewlwyd: Glewlwyd) -> None:
    """The authorization code flow; its access tokens are JWTs of RFC 9068, its ID tokens are not for an API."""
    gateway, tokens = start(by_keys(glewlwyd)), glewlwyd.log_in()
    response = ask(gateway, tokens["access_token"], "/items/1")
    assert outcome(response) == "200"
    line = gateway.log_of(response)
    assert (line["client_id"], line["iss"]) == (glewlwyd.client_id, glewlwyd.issuer) and line["sub"]
    assert outcome(ask(gateway, tokens["access_token"], "/admin")) == "401 insufficient_role"
    assert outcome(ask(gateway, tokens["id_token"])) == "401 wrong_type"
    assert outcome(ask(gateway, tokens["refresh_token"])) == "401 malformed_token"


def test_glewlwyd_rotates_its_keys(start: Start, glewlwyd: Glewlwyd) -> None:
    gateway = start(by_keys(glewlwyd))
    old = glewlwyd.client_token()
    assert outcome(ask(gateway, old, "/items/1")) == "200"
    time.sleep(1)
    glewlwyd.rotate("second")
    assert outcome(ask(gateway, glewlwyd.client_token(), "/items/1")) == "200"
    assert outcome(ask(gateway, old, "/items/1")) == "200"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_glewlwyd_introspects_and_revokes(start: Start, glewlwyd: Glewlwyd, method: str) -> None:
    """What it has revoked is refused once the answer that is kept has ended; nobody looks at the signature."""
    gateway = start(by_introspection(glewlwyd, auth_method=method))
    token = glewlwyd.log_in()["access_token"]
    response = ask(gateway, token, "/items/1")
    assert outcome(response) == "200" and gateway.log_of(response)["client_id"] == glewlwyd.client_id
    glewlwyd.revoke(token)
    wait_for(gateway, token, "401 inactive")
    assert outcome(ask(gateway, "no-token-of-glewlwyd")) == "401 inactive"


def test_glewlwyd_tokens_are_revoked_at_the_gateway(start: Start, glewlwyd: Glewlwyd) -> None:
    """Verified by keys alone, and refused at once: the provider need not be asked."""
    gateway = start(by_keys(glewlwyd))
    token = glewlwyd.log_in()["access_token"]
    assert outcome(ask(gateway, token)) == "200"
    revoke(gateway, client_id=glewlwyd.client_id)
    assert outcome(ask(gateway, token)) == "401 revoked"


# MARK: oidc-provider-mock


def test_oidc_provider_mock(start: Start, tmp_path: Path) -> None:
    """ID tokens without `kid`; a restart gives it another key, which the next refresh finds."""
    with ProviderMock(tmp_path) as provider:
        assert isinstance(provider, ProviderMock)
        issuer = {
            "issuer": provider.issuer, "audience": ["app"], "algorithms": ["RS256"], "keys": {"discovery": True},
        } | SOON | {"keys_refresh_interval": "1s"}
        gateway = start(issuer)
        tokens = provider.log_in("alice")
        response = ask(gateway, tokens["id_token"])
        assert outcome(response) == "200" and gateway.log_of(response)["sub"] == "alice"
        assert outcome(ask(gateway, tokens["access_token"])) == "401 malformed_token"
        assert outcome(ask(gateway, provider.log_in("alice", client="other")["id_token"])) == "401 wrong_audience"
        revoke(gateway, sub="bob")
        old, port = tokens["id_token"], provider.port
    assert outcome(ask(gateway, old)) == "200", "it is down, its keys are not too old"
    with ProviderMock(tmp_path, port) as again:
        assert isinstance(again, ProviderMock)
        wait_for(gateway, again.log_in("alice")["id_token"], "200")
        assert outcome(ask(gateway, old)) == "401 bad_signature", "its key is gone"


# MARK: Cognito


def test_cognito(start: Start, tmp_path: Path) -> None:
    """Access tokens without `aud`, groups for roles, keys at another place than `iss`."""
    with Cognito(tmp_path) as provider:
        assert isinstance(provider, Cognito)
        gateway = start({
            "issuer": provider.issuer, "audience": "any", "algorithms": ["RS256"], "keys": {"jwks_uri": provider.keys},
            "claims": {"roles": [["cognito:groups"]]}, "required_claims": ["token_use"],
        } | SOON)
        token = provider.log_in()["AccessToken"]
        assert outcome(ask(gateway, token, "/admin")) == "200"
        assert outcome(ask(gateway, token, "/items/1")) == "200", "the role grants the scope"
        line = gateway.log_of(ask(gateway, token))
        assert line["client_id"] == provider.client_id
        revoke(gateway, client_id=provider.client_id, issuer=provider.issuer)
        assert outcome(ask(gateway, token)) == "401 revoked"
        strict = start({
            "issuer": provider.issuer, "audience": [provider.client_id], "algorithms": ["RS256"],
            "keys": {"jwks_uri": provider.keys},
        } | SOON)
        assert outcome(ask(strict, token)) == "401 wrong_audience", "an access token has none"
        assert outcome(ask(strict, provider.log_in()["IdToken"])) == "200"
