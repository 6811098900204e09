"""The Model Context Protocol: its SDK's client finds out by itself how to get to a server behind the gateway (RFC 9728)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from conftest import Service
from harness.authorization_server import AuthorizationServer
from harness.gateway import Gateway
from harness.process import free_port
from test_revocations import revoke

CALLBACK = "http://127.0.0.1:1/callback"
METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture(scope="module")
def mcp_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("mcp") / "service.log", "mcp_service.py")
    yield service
    service.stop()


@pytest.fixture
def authorization() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


class Front:
    """A gateway in front of the MCP server, and how clients name it."""

    def __init__(self, start_gateway: Any, service: Service, authorization: AuthorizationServer, **changes: Any):
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.resource = f"{self.url}/mcp"
        listener = {"address": f"127.0.0.1:{port}", "external_url": self.url} | changes.pop("listener", {})
        issuer = authorization.settings(audience=[self.resource], keys_minimum_interval="1s", keys_at_start="wait")
        self.gateway: Gateway = start_gateway(service.url, **({
            "listeners": [listener], "scopes": {"mcp:tools": "Call tools", "mcp:admin": "Everything"}, "roles": {"caller": {"scopes": ["mcp:tools"]}},
            "issuers": {"main": issuer},
            "routes": [
                {"id": "mcp", "path": "/mcp", "scopes": ["mcp:tools"]},
                {"id": "admin", "path": "/admin/{rest...}", "scopes": ["mcp:admin"]},
                {"id": "public", "path": "/public", "public": True},
            ],
        } | changes))


class Storage:
    """What the client remembers: tokens, and who it is."""

    def __init__(self, client: OAuthClientInformationFull | None = None) -> None:
        self.tokens: OAuthToken | None = None
        self.client = client

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Opens the page that the client wants opened, and comes back with a code."""

    def __init__(self) -> None:
        self.came_back = ""

    async def open(self, url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as browser:
            self.came_back = (await browser.get(url)).headers["location"]

    async def come_back(self) -> AuthorizationCodeResult:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.came_back).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])


def call_tool(url: str, storage: Storage) -> Any:
    """Everything that an application does: connects, logs in when it is told to, lists tools and calls one."""
    person = Person()
    metadata = OAuthClientMetadata.model_validate({
        "client_name": "test", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"})
    login = OAuthClientProvider(
        server_url=url, client_metadata=metadata, storage=storage, redirect_handler=person.open,
        callback_handler=person.come_back)

    async def run() -> Any:
        async with httpx2.AsyncClient(auth=login, timeout=15, trust_env=False) as http:
            async with Client(streamable_http_client(url, http_client=http)) as client:
                tools = await client.list_tools()
                assert [tool.name for tool in tools.tools] == ["add"]
                return await client.call_tool("add", {"a": 2, "b": 3})

    return asyncio.run(asyncio.wait_for(run(), 30))


def text_of(result: Any) -> str:
    return str(result.content[0].text)


def test_the_sdk_finds_its_way(start_gateway: Any, mcp_service: Service, authorization: AuthorizationServer) -> None:
    """401, metadata of the resource, metadata of the issuer, registration, login with the right scope and resource, and in."""
    front, storage = Front(start_gateway, mcp_service, authorization), Storage()
    assert text_of(call_tool(front.resource, storage)) == "5"
    [asked] = authorization.authorizations
    assert (asked["scope"], asked["resource"]) == ("mcp:tools", front.resource)
    assert list(authorization.clients) == ["client-0"] and storage.tokens is not None
    lines = front.gateway.wait_for_log_count(5)
    assert lines[0]["reason"] == "no_token" and lines[0]["status"] == 401
    assert f"{METADATA}/mcp" in [line["path"] for line in lines]
    assert {line["client_id"] for line in lines if line["decision"] == "allow" and line["route"] == "mcp"} == {"client-0"}
    # With the token it has, it needs nobody.
    assert text_of(call_tool(front.resource, storage)) == "5"
    assert len(authorization.authorizations) == 1


def test_the_sdk_logs_in_again_when_its_token_is_revoked(
    start_gateway: Any, mcp_service: Service, authorization: AuthorizationServer
) -> None:
    front, storage = Front(start_gateway, mcp_service, authorization, admin={"address": "127.0.0.1:0"}), Storage()
    assert text_of(call_tool(front.resource, storage)) == "5"
    revoke(front.gateway, client_id="client-0")
    storage.client = None
    assert text_of(call_tool(front.resource, storage)) == "5"
    assert list(authorization.clients) == ["client-0", "client-1"] and len(authorization.authorizations) == 2
