"""A token mint of our own, so that the gateway is never tested only against itself."""

from __future__ import annotations

import base64
import hmac
import json
import os
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return base64url(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Signer:
    """A private key or a secret, with the algorithm and key id that it signs under."""

    def __init__(self, algorithm: str, kid: str):
        self.algorithm, self.kid = algorithm, kid
        if algorithm == "RS256":
            self.key: Any = rsa.generate_private_key(65537, 2048)
        elif algorithm == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        elif algorithm == "HS256":
            self.key = os.urandom(32)
        else:
            raise ValueError(algorithm)

    def jwk(self) -> dict[str, str]:
        """The public half, or the secret, as RFC 7517 and RFC 8037 write it."""
        base = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == "HS256":
            return base | {"kty": "oct", "k": base64url(self.key)}
        public = self.key.public_key()
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            return base | {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return base | {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return base | {"kty": "OKP", "crv": "Ed25519", "x": base64url(public.public_bytes_raw())}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.algorithm == "HS256":
            return hmac.digest(self.key, data, "sha256")
        return self.key.sign(data)


class Mint:
    """An issuer: a key for each algorithm, one name, one audience."""

    issuer = "https://idp.test/"
    audience = "https://api.test"

    def __init__(self, *algorithms: str) -> None:
        self.signers = {name: Signer(name, f"key-{name.lower()}") for name in algorithms or ("RS256", "ES256", "EdDSA")}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [signer.jwk() for signer in self.signers.values()]}

    def token(
        self,
        scope: str | None = "items:read",
        *,
        algorithm: str = "ES256",
        signer: Signer | None = None,
        header: dict[str, Any] | None = None,
        lifetime: float = 600,
        **claims: Any,
    ) -> str:
        """A signed token. A claim or header given as None is left out."""
        signer = signer or self.signers[algorithm]
        now = int(time.time())
        payload: dict[str, Any] = {
            "iss": self.issuer, "aud": self.audience, "sub": "alice", "iat": now, "exp": now + int(lifetime), "scope": scope,
        } | claims
        head: dict[str, Any] = {"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid} | (header or {})
        return self.compact(head, payload, signer)

    @staticmethod
    def compact(head: dict[str, Any], payload: dict[str, Any], signer: Signer) -> str:
        texts = [json.dumps({key: value for key, value in part.items() if value is not None}) for part in (head, payload)]
        return Mint.signed(texts[0].encode(), texts[1].encode(), signer)

    @staticmethod
    def signed(head: bytes, payload: bytes, signer: Signer) -> str:
        """A token of a header and a payload as they stand, JSON or not."""
        signed = f"{base64url(head)}.{base64url(payload)}"
        return f"{signed}.{base64url(signer.sign(signed.encode()))}"
