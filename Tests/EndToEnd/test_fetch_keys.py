"""`gateway jwks fetch`: what the gateway would get from a provider, and at which stage it would fail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import binary, configuration
from harness.tokens import Mint
from harness.upstream import Exchange, Upstream

Fetch = Callable[..., subprocess.CompletedProcess[str]]
OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


class Site:
    """A provider that answers by path; anything else is 404."""

    def __init__(self, mint: Mint):
        self.answers: dict[str, Any] = {}
        self.server = Upstream(self.handle)
        port = self.server.listener.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{port}"
        self.answers[OPENID] = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        self.answers["/keys"] = mint.jwks()

    def handle(self, exchange: Exchange) -> None:
        answer = self.answers.get(exchange.message.target)
        if answer is None:
            exchange.respond(404)
        elif isinstance(answer, bytes):
            exchange.respond(200, "Content-Type: text/html", body=answer)
        else:
            exchange.respond(200, "Content-Type: application/json", body=json.dumps(answer).encode())


@pytest.fixture
def site(mint: Mint) -> Iterator[Site]:
    site = Site(mint)
    yield site
    site.server.stop()


@pytest.fixture
def fetch(site: Site, mint: Mint, tmp_path: Path) -> Fetch:
    """Runs the command with a configuration that finds the issuer `remote` by discovery, and has `local` itself."""
    def issuer(name: str, keys: dict[str, Any]) -> dict[str, Any]:
        return {"issuer": name, "audience": [mint.audience], "algorithms": ["ES256", "EdDSA", "RS256"], "keys": keys}

    def fetch(name: str, keys: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        issuers = {
            "remote": issuer(site.issuer, keys or {"discovery": True}), "local": issuer("https://local.test", {"jwks": mint.jwks()}),
        }
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(configuration("http://127.0.0.1:9", mint, tmp_path / "log", issuers=issuers)))
        return subprocess.run(
            [binary(), "jwks", "fetch", name, "-f", str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=30, check=False)

    return fetch


def test_the_set_goes_to_standard_output(fetch: Fetch, site: Site, mint: Mint) -> None:
    done = fetch("remote")
    assert (done.returncode, json.loads(done.stdout)) == (0, mint.jwks())
    assert done.stderr.splitlines()[0] == f"fetched from {site.issuer}/keys"
    for line, signer in zip(done.stderr.splitlines()[1:], mint.signers.values(), strict=True):
        assert line.startswith(f"kid {signer.kid}  kty ") and line.endswith("  usable")


def test_the_issuer_may_be_named_by_its_iss(fetch: Fetch, site: Site) -> None:
    assert fetch(site.issuer).returncode == 0


def test_the_url_of_the_keys_may_be_given(fetch: Fetch, site: Site) -> None:
    del site.answers[OPENID]
    assert fetch("remote", {"jwks_uri": f"{site.issuer}/keys"}).returncode == 0


def test_metadata_of_oauth_will_do(fetch: Fetch, site: Site) -> None:
    """RFC 8414 §3, where there is none of OpenID Connect."""
    site.answers[OAUTH] = site.answers.pop(OPENID)
    assert fetch("remote").returncode == 0


def test_a_key_that_is_not_used_says_why(fetch: Fetch, site: Site) -> None:
    site.answers["/keys"]["keys"].append({"kty": "new", "kid": "a\x1b[31m"})
    done = fetch("remote")
    assert done.returncode == 0
    assert "kid a\\u001b[31m  kty new  alg -  ignored: kty new is not known" in done.stderr.splitlines()
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("path", "answer", "words"), [
    (OPENID, None, "http: {}: no metadata: {}" + OPENID + ": status 404; {}" + OAUTH + ": status 404"),
    (OPENID, {"issuer": "https://other.test"}, "parse: {}" + OPENID + ": the metadata is that of the issuer"),
    ("/keys", None, "http: {}/keys: status 404"),
    ("/keys", b"<html>", "parse: {}/keys: answers text/html, not JSON"),
    ("/keys", {"keys": []}, "parse: {}/keys: no key that can verify signatures"),
])
def test_a_failure_names_stage_and_url(fetch: Fetch, site: Site, path: str, answer: Any, words: str) -> None:
    site.answers[path] = answer
    done = fetch("remote")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words.replace("{}", site.issuer)), done.stderr


@pytest.mark.parametrize(("name", "words"), [
    ("remtoe", 'did you mean "remote"?'), ("local", "are not fetched"), ("https://nobody.test", "is not in"),
])
def test_other_issuers_are_a_wrong_command_line(fetch: Fetch, name: str, words: str) -> None:
    done = fetch(name)
    assert (done.returncode, done.stdout) == (64, "")
    assert words in done.stderr
