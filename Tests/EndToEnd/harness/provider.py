"""An identity provider that does what a test tells it: keys that rotate, metadata, introspection, and every way to fail."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import jwt

from .process import free_port
from .tls import World
from .tokens import Mint, Signer
from .upstream import Exchange, Handler, Upstream
from .wire import PATIENCE

OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
KEYS, INTROSPECTION = "/keys", "/introspect"
JSON = "Content-Type: application/json"


@dataclass
class Question:
    """What an introspection endpoint was asked."""

    token: str
    form: dict[str, str]
    #: `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`, and whether it was right.
    method: str
    is_authentic: bool


class Provider:
    """Listens on loopback. Tokens of its `mint` are good until their keys are taken away.

    - `faults`: by path, handlers that answer instead of the provider.
    - `tokens`: what introspection says of tokens; of all others, that they are not active.
    """

    client_id, secret = "gateway +%", "a secret: ö&=%"

    def __init__(self, world: World | None = None, *, path: str = "", host: str = "127.0.0.1"):
        """With `world`, inside TLS with a certificate of its authority; another `host` is for clients that have a proxy."""
        self.port, self.world = free_port(), world
        self.tls = world.server(identity=world.authority.issue(host)) if world else None
        self.base = f"{'https' if world else 'http'}://{host}:{self.port}"
        self.issuer = self.base + path
        self.mint = Mint("ES256")
        self.mint.issuer = self.issuer
        self._keys = [self.signer]
        self.faults: dict[str, Handler] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.questions: list[Question] = []
        self.client_key: Signer | None = None
        self.metadata = {
            "issuer": self.issuer, "jwks_uri": self.base + KEYS, "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token", "introspection_endpoint": self.base + INTROSPECTION,
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        #: Where metadata is found: of OpenID Connect it is behind the issuer's path, of RFC 8414 before it.
        self.openid, self.oauth = path + OPENID, OAUTH + path
        self.paths: dict[str, Handler] = {
            self.openid: lambda exchange: respond_json(exchange, self.metadata),
            KEYS: lambda exchange: respond_json(exchange, {"keys": [key.jwk() for key in self._keys]}),
            INTROSPECTION: self._introspect,
        }
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._past: list[Upstream] = []
        self.server = self._serve()

    # What a gateway is told of it

    def settings(self, keys: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """An issuer of `issuers` whose keys are fetched; `changes` replace its keys, `provider` those of `provider`."""
        return {
            "issuer": self.issuer, "audience": [self.mint.audience], "algorithms": ["ES256"],
            "keys": keys or {"discovery": True}, "clock_skew": "0s",
        } | changes | {"provider": self._reached() | changes.get("provider", {})}

    def introspected(self, **changes: Any) -> dict[str, Any]:
        """An issuer of `issuers` whose tokens are introspected; `changes` as in `settings`, `introspection` likewise."""
        introspection = {
            "endpoint": self.base + INTROSPECTION, "client_id": self.client_id, "client_secret": self.secret,
        } | changes.pop("introspection", {})
        keys = {"introspection": {key: value for key, value in introspection.items() if value is not None}}
        settings = self.settings(keys, **changes)
        del settings["algorithms"]
        return settings

    def _reached(self) -> dict[str, Any]:
        return {"tls": {"authorities": self.world.authorities}} if self.world else {"allow_http": True}

    # Life

    def _serve(self) -> Upstream:
        return Upstream(self._answer, port=self.port, tls=self.tls)

    def go_down(self) -> None:
        """Nothing listens any more, and every connection is cut."""
        self.server.stop(reset=True)
        self._past.append(self.server)

    def come_up(self) -> None:
        self.server = self._serve()

    def show(self, tls: ssl.SSLContext) -> None:
        """Another certificate, on all connections from now on."""
        self.tls = tls
        self.go_down()
        self.come_up()

    def stop(self) -> None:
        self.over.set()
        self.server.stop()
        assert self.violations == []

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def servers(self) -> list[Upstream]:
        return [*self._past, self.server]

    @property
    def violations(self) -> list[str]:
        return [violation for server in self.servers for violation in server.violations]

    # What was asked

    def fetches(self, path: str = KEYS) -> int:
        """How often a path was asked for."""
        return sum(message.target.partition("?")[0] == path for server in self.servers for message in server.messages)

    @property
    def connections(self) -> int:
        return sum(len(server.connections) for server in self.servers)

    def wait_for_fetches(self, count: int, path: str = KEYS, timeout: float = PATIENCE) -> None:
        deadline = time.monotonic() + timeout
        while self.fetches(path) < count:
            assert time.monotonic() < deadline, f"{self.fetches(path)} fetches of {path} instead of {count}"
            time.sleep(0.01)

    # Keys

    @property
    def signer(self) -> Signer:
        return self.mint.signers["ES256"]

    def token(self, scope: str | None = "items:read", **options: Any) -> str:
        return self.mint.token(scope, **options)

    def rotate(self, kid: str, *, keep: bool = True) -> Signer:
        """Signs with a new key from now on; returns the one before, which stays published if it is kept."""
        before, signer = self.signer, Signer("ES256", kid)
        # Published before anything is signed with it.
        self._keys = [signer, *(self._keys if keep else [])]
        self.mint.signers["ES256"] = signer
        return before

    def withdraw(self, signer: Signer) -> None:
        """Publishes a key no longer."""
        self._keys.remove(signer)

    # Opaque tokens

    def issue(self, token: str, scope: str | None = "items:read", *, lifetime: float | None = 600, **claims: Any) -> str:
        """An opaque token that introspection calls active; a claim given as None is left out."""
        answer: dict[str, Any] = {
            "active": True, "sub": "alice", "scope": scope, "iss": self.issuer, "aud": self.mint.audience,
            "iat": int(time.time()), "exp": int(time.time() + lifetime) if lifetime is not None else None,
        } | claims
        self.tokens[token] = {key: value for key, value in answer.items() if value is not None}
        return token

    # Answers

    def _answer(self, exchange: Exchange) -> None:
        exchange.read_body()
        path = exchange.message.target.partition("?")[0]
        handler = self.faults.get(path) or self.paths.get(path)
        if handler is None:
            return exchange.respond(404, "Content-Type: text/plain", body=b"not here\n")
        handler(exchange)

    def _introspect(self, exchange: Exchange) -> None:
        form = {name: values[0] for name, values in parse_qs(exchange.message.body.decode(), True).items()}
        method, is_authentic = self._authenticate(exchange, form)
        with self._lock:
            self.questions.append(Question(form.get("token", ""), form, method, is_authentic))
        assert exchange.message.method == "POST" and exchange.message.get("accept") == "application/json"
        assert exchange.message.get("content-type") == "application/x-www-form-urlencoded"
        if not is_authentic:
            return respond_json(exchange, {"error": "invalid_client"}, 401, 'WWW-Authenticate: Basic realm="provider"')
        respond_json(exchange, self.tokens.get(form.get("token", ""), {"active": False}))

    def _authenticate(self, exchange: Exchange, form: dict[str, str]) -> tuple[str, bool]:
        """How the client says who it is (RFC 6749 section 2.3.1, RFC 7523 section 2.2), and whether that is so."""
        scheme, _, credentials = (exchange.message.get("authorization") or "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
            is_right = (unquote_plus(name), unquote_plus(secret)) == (self.client_id, self.secret)
            return "client_secret_basic", is_right and not {"client_secret", "client_assertion"} & set(form)
        if "client_secret" in form:
            return "client_secret_post", (form.get("client_id"), form["client_secret"]) == (self.client_id, self.secret)
        if "client_assertion" in form:
            return "private_key_jwt", self._verify_assertion(form)
        return "none", False

    def _verify_assertion(self, form: dict[str, str]) -> bool:
        """RFC 7523 section 3: `iss` and `sub` are the client, `aud` is this provider, it expires, and it is good once."""
        assert self.client_key is not None
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = form["client_assertion"]
        claims = jwt.decode(
            assertion, self.client_key.key.public_key(), algorithms=[self.client_key.algorithm],
            audience=[self.issuer, self.base + INTROSPECTION], options={"require": ["iss", "sub", "aud", "exp", "jti"]})
        is_fresh = claims["jti"] not in {question.form.get("jti") for question in self.questions}
        form["jti"] = claims["jti"]
        assert claims["exp"] - time.time() <= 600, "an assertion that is good for long"
        return is_fresh and claims["iss"] == claims["sub"] == self.client_id


def respond_json(exchange: Exchange, value: Any, status: int = 200, *lines: str) -> None:
    exchange.respond(status, JSON, *lines, body=json.dumps(value).encode())


# Faults


def html(exchange: Exchange) -> None:
    """What a captive portal or an error page says with 200."""
    exchange.respond(200, "Content-Type: text/html", body=b"<!doctype html><title>Sign in</title>")


def garbage(exchange: Exchange) -> None:
    exchange.respond(200, JSON, body=b'{"keys": [')


def not_http(exchange: Exchange) -> None:
    exchange.send(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
    exchange.close()


def hang_up(exchange: Exchange) -> None:
    """No answer at all."""
    exchange.close()


def cut(exchange: Exchange) -> None:
    """Less than was announced."""
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"keys": [')
    exchange.close()


def failing(exchange: Exchange) -> None:
    exchange.respond(500, "Content-Type: text/plain", body=b"Internal Server Error\n")


def with_value(value: Any) -> Handler:
    return lambda exchange: respond_json(exchange, value)


def redirecting(location: str, status: int = 302) -> Handler:
    return lambda exchange: exchange.respond(status, f"Location: {location}")


def huge(provider: Provider) -> Handler:
    """5 MiB, which would be good if it were short."""
    def answer(exchange: Exchange) -> None:
        value = {**provider.metadata, "keys": [provider.signer.jwk()], "active": True, "padding": "x" * (5 << 20)}
        respond_json(exchange, value)
    return answer


def slow(provider: Provider, seconds: float) -> Handler:
    """Answers late, and not at all if nobody waits any more."""
    def answer(exchange: Exchange) -> None:
        path = exchange.message.target.partition("?")[0]
        if not provider.over.wait(seconds):
            provider.paths[path](exchange)
        else:
            exchange.close()
    return answer


def dripping(provider: Provider) -> Handler:
    """A byte every 50 ms: each read succeeds, the whole never comes."""
    def answer(exchange: Exchange) -> None:
        exchange.begin(200, JSON)
        while not provider.over.wait(0.05):
            exchange.write(b" ")
        exchange.close()
    return answer


def early_hints(provider: Provider) -> Handler:
    """Responses that are not final, one after the other, faster than they are read."""
    def answer(exchange: Exchange) -> None:
        while not provider.over.is_set():
            exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50_000)
        exchange.close()
    return answer
