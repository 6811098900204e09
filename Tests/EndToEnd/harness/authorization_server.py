"""An authorization server for clients that find everything out by themselves: registration, PKCE, resources (RFC 7591, 7636, 8707)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from .provider import Provider, respond_json
from .tls import World
from .upstream import Exchange


class AuthorizationServer(Provider):
    """Says yes to everyone who asks correctly, and notes what was asked. Its tokens are for the resource that was named."""

    def __init__(self, world: World | None = None):
        super().__init__(world)
        self.metadata |= {
            "registration_endpoint": f"{self.base}/register", "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code"], "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.paths[self.oauth] = self.paths.pop(self.openid)
        self.paths |= {"/register": self._register, "/authorize": self._authorize, "/token": self._exchange}
        self.clients: dict[str, list[str]] = {}
        self.authorizations: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}

    def _register(self, exchange: Exchange) -> None:
        wanted = json.loads(exchange.message.body)
        name = f"client-{len(self.clients)}"
        self.clients[name] = wanted["redirect_uris"]
        respond_json(exchange, wanted | {"client_id": name, "token_endpoint_auth_method": "none"}, 201)

    def _authorize(self, exchange: Exchange) -> None:
        asked = first_values(urlsplit(exchange.message.target).query)
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256", asked
        assert asked["redirect_uri"] in self.clients[asked["client_id"]], asked
        self.authorizations.append(asked)
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        exchange.respond(302, f"Location: {asked['redirect_uri']}?{urlencode(back)}")

    def _exchange(self, exchange: Exchange) -> None:
        form = first_values(exchange.message.body.decode())
        asked = self._codes.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"], "RFC 7636 section 4.6"
        assert all(form.get(name) == asked.get(name) for name in ("client_id", "redirect_uri", "resource")), (form, asked)
        scope = asked.get("scope")
        token = self.token(scope, aud=asked["resource"], client_id=asked["client_id"])
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": scope}
        respond_json(exchange, answer, 200, "Cache-Control: no-store")


def first_values(text: str) -> dict[str, str]:
    """A form or a query whose names are not repeated."""
    values = parse_qs(text, keep_blank_values=True, strict_parsing=True)
    assert all(len(each) == 1 for each in values.values()), text
    return {name: each[0] for name, each in values.items()}
