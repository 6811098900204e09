"""Identity providers that others wrote, each a process of its own on loopback: glewlwyd, oidc-provider-mock and Cognito of moto."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from .process import free_port, stop_process
from .tokens import base64url
from .wire import PATIENCE


class RealProvider:
    """A process that answers HTTP; `http` asks it. A context manager."""

    def __init__(self, command: list[str], port: int, log: Path, ready: str = "/"):
        self.port, self.log = port, log
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log.open("wb"), stderr=subprocess.STDOUT, cwd=log.parent)
        self.http = httpx.Client(base_url=self.base, timeout=PATIENCE, trust_env=False)
        try:
            self._wait(ready)
            self._prepare()
        except BaseException:
            self.stop()
            raise

    def _wait(self, path: str) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.http.get(path)
                return
            except httpx.TransportError:
                assert self.process.poll() is None, f"the provider ended: {self.log.read_text()}"
                assert time.monotonic() < deadline, f"the provider does not answer: {self.log.read_text()}"
                time.sleep(0.05)

    def _prepare(self) -> None:
        """What it needs before the first login."""

    def _do(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self.http.request(method, path, **options)
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def stop(self) -> None:
        self.http.close()
        stop_process(self.process)

    def __enter__(self) -> RealProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# MARK: glewlwyd

SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
MODULES = Path("/usr/lib/glewlwyd")


class Glewlwyd(RealProvider):
    """Debian's glewlwyd with its OpenID Connect plugin, a user, a client, and a key that can be rotated."""

    user, password = "alice", "wonder-land"
    # It does not decode what RFC 6749 section 2.3.1 has encoded, so that there is nothing to encode.
    client_id, secret = "app", "the-secret-of-app"
    redirect = "http://127.0.0.1/callback"
    resource = "https://api.test"

    def __init__(self, home: Path):
        if shutil.which("glewlwyd") is None:
            pytest.skip("glewlwyd is not installed")
        port = free_port()
        database = sqlite3.connect(home / "glewlwyd.db")
        database.executescript(f"PRAGMA synchronous = OFF; BEGIN; {SCHEMA.read_text()} COMMIT;")
        database.close()
        (home / "glewlwyd.conf").write_text(f"""
            port={port}
            bind_address="127.0.0.1"
            external_url="http://127.0.0.1:{port}"
            login_url="login.html"
            api_prefix="api"
            static_files_path="{home}"
            log_mode="console"
            log_level="WARNING"
            cookie_secure=0
            session_key="SESSION"
            admin_scope="g_admin"
            profile_scope="g_profile"
            user_module_path="{MODULES}/user"
            client_module_path="{MODULES}/client"
            user_auth_scheme_module_path="{MODULES}/scheme"
            plugin_module_path="{MODULES}/plugin"
            hash_algorithm="SHA512"
            database = {{ type = "sqlite3"; path = "{home}/glewlwyd.db"; }};
            """)
        self.issuer = f"http://127.0.0.1:{port}/api/oidc"
        self._keys: list[dict[str, str]] = [private_jwk("first")]
        super().__init__(["glewlwyd", "-c", str(home / "glewlwyd.conf")], port, home / "glewlwyd.log", "/config/")

    def _prepare(self) -> None:
        self._do("POST", "/api/auth/", json={"username": "admin", "password": "password"})
        self._do("POST", "/api/scope/", json={"name": "items:read", "display_name": "Read items", "password_required": False})
        self._do("POST", "/api/mod/plugin/", json=self._plugin())
        self._do("POST", "/api/user/", json={
            "username": self.user, "name": "Alice", "password": self.password, "scope": ["openid", "items:read"],
            "enabled": True})
        self._do("POST", "/api/client/", json={
            "client_id": self.client_id, "name": "App", "confidential": True, "password": self.secret,
            "client_secret": self.secret, "enabled": True, "redirect_uri": [self.redirect], "scope": ["items:read"],
            "authorization_type": ["code", "client_credentials", "refresh_token"],
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"]})

    def _plugin(self) -> dict[str, Any]:
        return {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "enabled": True, "parameters": {
            "iss": self.issuer, "jwt-type": "ecdsa", "jwt-key-size": "256", "jwks-show": True,
            "jwks-private": json.dumps({"keys": self._keys}), "code-duration": 600, "refresh-token-duration": 3600,
            "access-token-duration": 3600, "allow-non-oidc": True, "auth-type-client-enabled": True,
            "auth-type-code-enabled": True, "auth-type-refresh-enabled": True, "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True, "pkce-allowed": True,
            "resource-allowed": True, "resource-scope": {"items:read": [self.resource]}, "resource-client-property": "",
            "resource-change-allowed": True,
        }}

    def rotate(self, kid: str) -> None:
        """Signs with a new key; the one before stays published."""
        self._keys = [private_jwk(kid), self._keys[0]]
        self._do("PUT", "/api/mod/plugin/oidc", json=self._plugin())
        self._do("PUT", "/api/mod/plugin/oidc/reset")

    def log_in(self) -> dict[str, Any]:
        """The authorization code flow, as a browser and an application go through it; the answer of the token endpoint."""
        with httpx.Client(base_url=f"{self.base}/api", timeout=PATIENCE, trust_env=False) as browser:
            assert browser.post("/auth/", json={"username": self.user, "password": self.password}).status_code == 200
            assert browser.put(f"/auth/grant/{self.client_id}", json={"scope": "openid items:read"}).status_code == 200
            answer = browser.get("/oidc/auth", params={
                "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect, "state": "s",
                "scope": "openid items:read", "nonce": "n", "g_continue": "", "resource": self.resource})
        return self._ask_for_token(
            grant_type="authorization_code", code=code_in(answer), redirect_uri=self.redirect, resource=self.resource)

    def client_token(self) -> str:
        """An access token of the client itself."""
        return self._ask_for_token(
            grant_type="client_credentials", scope="items:read", resource=self.resource)["access_token"]

    def _ask_for_token(self, **form: str) -> dict[str, Any]:
        return self._do("POST", "/api/oidc/token", data=form, auth=(self.client_id, self.secret)).json()

    def revoke(self, token: str) -> None:
        self._do("POST", "/api/oidc/revoke", data={"token": token}, auth=(self.client_id, self.secret))


def private_jwk(kid: str) -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    x, y, d = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y, numbers.private_value))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d, "kid": kid, "alg": "ES256"}


def code_in(answer: httpx.Response) -> str:
    """The code that a browser is sent back with."""
    assert answer.status_code in (302, 303), f"{answer.status_code} {answer.text}"
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert "code" in query, answer.headers["location"]
    return query["code"][0]


# MARK: oidc-provider-mock


class ProviderMock(RealProvider):
    """oidc-provider-mock: a new RSA key with every start; its access tokens are opaque, its ID tokens are not."""

    redirect = "http://127.0.0.1/callback"

    def __init__(self, home: Path, port: int | None = None):
        port = port or free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        super().__init__(
            [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-r", "false"], port, home / f"mock-{port}.log",
            "/.well-known/openid-configuration")

    def log_in(self, subject: str, client: str = "app", secret: str = "any") -> dict[str, Any]:
        """The authorization code flow; the answer of the token endpoint."""
        answer = self.http.post("/oauth2/authorize", data={"sub": subject}, params={
            "response_type": "code", "client_id": client, "redirect_uri": self.redirect, "scope": "openid", "state": "s"})
        return self._do("POST", "/oauth2/token", auth=(client, secret), data={
            "grant_type": "authorization_code", "code": code_in(answer), "redirect_uri": self.redirect}).json()


# MARK: Cognito


class Cognito(RealProvider):
    """Amazon Cognito as moto plays it: a user pool with a client and a user, whose `iss` is not where its keys are."""

    user, password = "alice", "Wonder-land1"

    def __init__(self, home: Path):
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        super().__init__(command, port, home / "moto.log", "/moto-api/")

    def _prepare(self) -> None:
        self.pool = self.call("CreateUserPool", PoolName="pool")["UserPool"]["Id"]
        client = self.call(
            "CreateUserPoolClient", UserPoolId=self.pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])
        self.client_id = client["UserPoolClient"]["ClientId"]
        user = {"UserPoolId": self.pool, "Username": self.user}
        self.call("AdminCreateUser", **user)
        self.call("AdminSetUserPassword", **user, Password=self.password, Permanent=True)
        self.call("CreateGroup", UserPoolId=self.pool, GroupName="admin")
        self.call("AdminAddUserToGroup", **user, GroupName="admin")

    @property
    def keys(self) -> str:
        return f"{self.base}/{self.pool}/.well-known/jwks.json"

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.us-east-1.amazonaws.com/{self.pool}"

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """One call of the API; moto does not look at the signature, only at what it is for."""
        return self._do("POST", "/", content=json.dumps(body), headers={
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}", "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-idp/aws4_request, "
                             "SignedHeaders=host, Signature=0"}).json()

    def log_in(self) -> dict[str, str]:
        """`AccessToken` and `IdToken`."""
        return self.call("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", ClientId=self.client_id, AuthParameters={
            "USERNAME": self.user, "PASSWORD": self.password})["AuthenticationResult"]
