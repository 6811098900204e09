"""Mints the keys and the RS256 tokens of the benchmarks; needs python3-cryptography."""

import base64
import json
import os
import secrets
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://issuer.example"
AUDIENCE = "https://api.example"
TOKEN_LENGTH = 681
LIFETIME = 7 * 86400


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Mint:
    """A key pair and the tokens that it signs, kept in `folder` from run to run."""

    def __init__(self, folder):
        self.folder = folder
        path = os.path.join(folder, "rsa.key")
        if os.path.exists(path) and time.time() - os.path.getmtime(path) < LIFETIME / 2:
            with open(path, "rb") as file:
                self.key = serialization.load_pem_private_key(file.read(), None)
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            for name in os.listdir(folder):
                if name.startswith("tokens"):
                    os.remove(os.path.join(folder, name))
            self._write(path, self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self._write(os.path.join(folder, "rsa.pub"), self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        numbers = self.key.public_key().public_numbers()
        self.jwks = json.dumps({"keys": [{
            "kty": "RSA", "kid": "rsa-1", "alg": "RS256", "use": "sig",
            "n": encode(numbers.n.to_bytes(256, "big")), "e": encode(numbers.e.to_bytes(3, "big"))}]})
        self.jwks_file = os.path.join(folder, "jwks.json")
        self._write(self.jwks_file, self.jwks.encode())

    def token(self, number):
        """A token of 681 bytes that differs from every other in its `jti`."""
        now = int(time.time())
        header = encode(b'{"alg":"RS256","typ":"JWT","kid":"rsa-1"}')
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "scope": "items:read items:write", "iat": now,
                  "exp": now + LIFETIME, "jti": f"{number:012d}", "pad": ""}
        signature_length = 342
        payload_length = (TOKEN_LENGTH - 2 - signature_length - len(header)) * 3 // 4
        claims["pad"] = "p" * (payload_length - len(json.dumps(claims, separators=(",", ":"))))
        text = header + "." + encode(json.dumps(claims, separators=(",", ":")).encode())
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        token = text + "." + encode(signature)
        assert len(token) == TOKEN_LENGTH, len(token)
        return token

    @staticmethod
    def opaque_token(length=TOKEN_LENGTH):
        """A token that says nothing; as long as the others, it takes as long to hash."""
        return secrets.token_urlsafe(length)[:length]

    def tokens_file(self, count):
        """A file with `count` tokens, one a line; made once, as signing takes most of a millisecond."""
        path = os.path.join(self.folder, f"tokens.{count}")
        if not os.path.exists(path):
            text = "\n".join(self.token(number) for number in range(1, count + 1))
            self._write(path, text.encode())
        return path

    @staticmethod
    def _write(path, data):
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.replace(path + ".new", path)
