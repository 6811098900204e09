"""Keys in every form: what each issuer's tokens are good for, and that nobody else can make them."""

from __future__ import annotations

import datetime
import hmac
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from harness.gateway import Gateway, binary, configuration
from harness.tokens import Mint, Signer, base64url
from harness.upstream import Upstream
from harness.wire import request

SECRET = b"sixty-four bytes that only the issuer and the gateway know, yes!"


class Secret(Signer):
    """A secret with the algorithm that it authenticates under."""

    def __init__(self, algorithm: str, secret: bytes, kid: str | None = None):
        self.algorithm, self.secret, self.kid = algorithm, secret, kid or ""

    def sign(self, data: bytes) -> bytes:
        return hmac.digest(self.secret, data, "sha" + self.algorithm[2:])


def issuer(mint: Mint, algorithms: list[str], keys: dict[str, Any]) -> dict[str, Any]:
    return {"main": {"issuer": mint.issuer, "audience": [mint.audience], "algorithms": algorithms, "keys": keys}}


def reason(gateway: Gateway, token: str) -> str:
    response = gateway.exchange(request("GET", "/items/1", f"Authorization: Bearer {token}"))
    line = gateway.log_of(response)
    assert (response.status == 200) == (line["reason"] == "allowed")
    return str(line["reason"])


def public_pem(signer: Signer) -> bytes:
    return signer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def expired_certificate(signer: Signer) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    start = datetime.datetime(2020, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=1))
    certificate = builder.public_key(signer.key.public_key()).sign(signer.key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_authenticates_tokens(
    start_gateway: Any, upstream: Upstream, mint: Mint, tmp_path: Path, algorithm: str
) -> None:
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    keys = {"secret": {"file": str(tmp_path / "secret")}}
    gateway = start_gateway(upstream, issuers=issuer(mint, [algorithm], keys))
    assert reason(gateway, mint.token(signer=Secret(algorithm, SECRET))) == "allowed"
    assert reason(gateway, mint.token(signer=Secret(algorithm, SECRET + b"\n"))) == "bad_signature"
    assert reason(gateway, mint.token(signer=Secret(algorithm, b""))) == "bad_signature"
    for other in {"HS256", "HS384", "HS512", "none", "RS256"} - {algorithm}:
        token = mint.token(signer=Secret(algorithm, SECRET), header={"alg": other})
        assert reason(gateway, token) == "unsupported_algorithm"
    assert reason(gateway, mint.token()) == "unsupported_algorithm"


def test_an_oct_key_of_a_set_authenticates_tokens_that_name_it(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    keys = [
        {"kty": "oct", "kid": name, "k": base64url(SECRET[::step])} for name, step in [("new", 1), ("old", -1)]
    ]
    gateway = start_gateway(upstream, issuers=issuer(mint, ["HS256"], {"jwks": {"keys": keys}}))
    assert reason(gateway, mint.token(signer=Secret("HS256", SECRET, "new"))) == "allowed"
    assert reason(gateway, mint.token(signer=Secret("HS256", SECRET[::-1], "old"))) == "allowed"
    assert reason(gateway, mint.token(signer=Secret("HS256", SECRET, "old"))) == "bad_signature"
    assert reason(gateway, mint.token(signer=Secret("HS256", SECRET, "../new"))) == "unknown_key"


def test_keys_in_pem_verify_tokens(start_gateway: Any, upstream: Upstream, mint: Mint, tmp_path: Path) -> None:
    signers = mint.signers
    text = public_pem(signers["RS256"]) + expired_certificate(signers["ES256"]) + public_pem(signers["EdDSA"])
    (tmp_path / "keys.pem").write_bytes(text)
    keys = {"pem_file": str(tmp_path / "keys.pem")}
    gateway = start_gateway(upstream, issuers=issuer(mint, ["RS256", "ES256", "EdDSA"], keys))
    for algorithm, signer in signers.items():
        assert reason(gateway, mint.token(algorithm=algorithm)) == "allowed"
        assert reason(gateway, mint.token(signer=Signer(algorithm, signer.kid))) == "bad_signature"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_no_secret(
    start_gateway: Any, upstream: Upstream, mint: Mint, tmp_path: Path, algorithm: str
) -> None:
    signer = mint.signers[algorithm]
    text = public_pem(signer)
    (tmp_path / "keys.pem").write_bytes(text)
    for keys in ({"pem_file": str(tmp_path / "keys.pem")}, {"jwks": mint.jwks()}):
        gateway = start_gateway(upstream, issuers=issuer(mint, [algorithm], keys))
        for secret in (text, text.rstrip(b"\n"), str(signer.jwk()).encode()):
            for name in ("HS256", "HS384", "HS512"):
                assert reason(gateway, mint.token(signer=Secret(name, secret, signer.kid))) == "unsupported_algorithm"


@pytest.mark.parametrize(
    "algorithms, keys",
    [
        (["ES256", "HS256"], {"secret": SECRET.decode()}),
        (["ES256"], {"secret": SECRET.decode()}),
        (["HS256"], {"secret": SECRET[:31].decode()}),
        (["HS512"], {"secret": SECRET[:63].decode()}),
    ],
)
def test_a_message_about_a_secret_does_not_show_it(
    mint: Mint, tmp_path: Path, algorithms: list[str], keys: dict[str, Any]
) -> None:
    settings = configuration("http://127.0.0.1:1", mint, tmp_path / "log", issuers=issuer(mint, algorithms, keys))
    # Everything stands in one line, so that every excerpt would show the secret.
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(settings))
    for command in ("check", "serve"):
        done = subprocess.run(
            [binary(), command, "--config", str(path)], capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode != 0
        assert "algorithms" in done.stdout + done.stderr or "secret" in done.stdout + done.stderr
        assert keys["secret"][:16] not in done.stdout + done.stderr
