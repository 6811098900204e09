"""Fields that cross and fields that do not (security.md rules 5 to 8)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Exchange, Message, Upstream
from harness.wire import request

FORWARDING = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
              "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Uri", "X-Forwarded-User", "X-Real-IP"]
OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"]


def forward(gateway: Gateway, upstream: Upstream, *lines: str, path: str = "/public/a", **options: Any) -> Message:
    """Sends one request and answers what the upstream got."""
    before = len(upstream.messages)
    response = gateway.exchange(request("GET", path, *lines, **options))
    assert response.status == 200, response.body
    assert len(upstream.messages) == before + 1
    return upstream.messages[-1]


def spellings(name: str) -> list[str]:
    return [name, name.lower(), name.upper(), name.swapcase(), name.replace("-", "_"), name.replace("-", "_").lower()]


def values_of(message: Message, name: str) -> list[str]:
    """Values under any spelling that some server takes for `name`."""
    return [value for key, value in message.fields if key.lower().replace("_", "-") == name.lower()]


# Rule 5: managed names


@pytest.mark.parametrize("name", FORWARDING)
def test_rule_6_a_client_cannot_set_forwarding_fields(gateway: Gateway, shared_upstream: Upstream, name: str) -> None:
    for spelling in spellings(name):
        message = forward(gateway, shared_upstream, f"{spelling}: forged.test")
        assert not any("forged" in value for _, value in message.fields), (spelling, message.fields)


@pytest.mark.parametrize("name", OVERRIDES)
def test_rule_5_method_and_url_overrides_are_removed(gateway: Gateway, shared_upstream: Upstream, name: str) -> None:
    for spelling in spellings(name):
        message = forward(gateway, shared_upstream, f"{spelling}: DELETE")
        assert values_of(message, name) == []


def test_rule_5_a_route_may_allow_method_override(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "a", "path": "/a", "public": True, "allow": ["method_override"]}]
    gateway = start_gateway(upstream, routes=routes)
    message = forward(gateway, upstream, "X-HTTP-Method-Override: PATCH", path="/a")
    assert message.get("x-http-method-override") == "PATCH"


def test_rule_5_fields_with_underscores_are_dropped_and_counted(gateway: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    response = gateway.exchange(request("GET", "/public/a", "My_Field: 1", "Other_Field: 2", "My-Field: kept"))
    message = shared_upstream.messages[before]
    assert [name for name, _ in message.fields if "_" in name] == []
    assert message.get("my-field") == "kept"
    assert gateway.log_of(response)["dropped_fields"] == 2


@pytest.mark.parametrize("spelling", ["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR", "x_forwarded_for"])
def test_rule_5_a_managed_name_in_connection_is_ignored(
    gateway: Gateway, shared_upstream: Upstream, spelling: str
) -> None:
    message = forward(gateway, shared_upstream, f"Connection: close, {spelling}, X-Request-Id, X-Forwarded-Proto, Via")
    assert message.get("x-forwarded-for") == "127.0.0.1"
    assert message.get("x-forwarded-proto") == "http"
    assert message.get("x-request-id")


def test_rule_5_a_client_cannot_set_the_request_id(gateway: Gateway, shared_upstream: Upstream) -> None:
    for spelling in spellings("X-Request-Id"):
        message = forward(gateway, shared_upstream, f"{spelling}: forged")
        assert message.get("x-request-id") not in (None, "forged")


def test_rule_5_authorization_named_in_connection_still_counts_for_the_decision(
    gateway: Gateway, shared_upstream: Upstream, mint: Mint
) -> None:
    response = gateway.exchange(
        request("GET", "/items/1", f"Authorization: Bearer {mint.token()}", "Connection: Authorization, close")
    )
    assert response.status in (200, 400)


# Rule 6: who the client is


def test_rule_6_the_gateway_states_the_client_the_scheme_and_the_host(gateway: Gateway, shared_upstream: Upstream) -> None:
    message = forward(gateway, shared_upstream, host="api.example.com:8080")
    assert message.get("x-forwarded-for") == "127.0.0.1"
    assert message.get("x-forwarded-proto") == "http"
    assert message.get("x-forwarded-host") == "api.example.com:8080"
    assert re.fullmatch(r"1\.1 \S+", message.get("via") or "")
    assert message.get("forwarded") is None
    assert message.get("host") == "api.example.com:8080"


def test_via_can_be_turned_off(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, forwarding={"via": False})
    assert forward(gateway, upstream).get("via") is None
    assert forward(gateway, upstream, "Via: 1.0 other").get("via") == "1.0 other"


def test_via_is_appended_to_what_came(gateway: Gateway, shared_upstream: Upstream) -> None:
    values = ", ".join(forward(gateway, shared_upstream, "Via: 1.0 other").all("via"))
    assert re.fullmatch(r"1\.0 other, 1\.1 \S+", values)


def test_each_exchange_has_a_request_id_of_its_own(gateway: Gateway, shared_upstream: Upstream) -> None:
    with gateway.client() as client:
        answers = [client.exchange(request("GET", "/public/a")) for _ in range(20)]
        refused = [client.exchange(request("GET", "/nowhere")) for _ in range(20)]
    identities = [answer.get("x-request-id") or "" for answer in answers + refused]
    assert len(set(identities)) == 40
    uuid7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    ulid = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
    assert all(re.fullmatch(f"{uuid7}|{ulid}", identity) for identity in identities), identities[0]
    assert [json.loads(answer.body)["fields"] for answer in answers] != []
    for answer in answers:
        sent = [value for name, value in json.loads(answer.body)["fields"] if name.lower() == "x-request-id"]
        assert sent == [answer.get("x-request-id")]


# Rule 7: repeated single-value fields


@pytest.mark.parametrize(
    "lines",
    [
        ["Authorization: Bearer a", "Authorization: Bearer a"],
        ["Authorization: Bearer a", "authorization: Basic b"],
        ["DPoP: a", "DPoP: b"],
        ["Content-Length: 0", "Content-Length: 0"],
        ["Host: gateway.test"],
        ["Host: other.test"],
    ],
)
@pytest.mark.parametrize("path", ["/public/a", "/items/1", "/nowhere"])
def test_rule_7_repeated_single_value_fields_are_400_on_every_route(gateway: Gateway, lines: list[str], path: str) -> None:
    response = gateway.exchange(request("GET", path, *lines))
    assert response.status == 400
    assert json.loads(response.body)["reason"] in ("bad_request", "ambiguous_credentials")


# Rule 8: hop by hop


@pytest.mark.parametrize(
    "line",
    ["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authenticate: Basic", "Proxy-Authorization: Basic YTpi",
     "TE: gzip", "Upgrade: h2c", "Upgrade: foo/2", "HTTP2-Settings: AAMAAABkAAQAAP__"],
)
def test_rule_8_hop_by_hop_fields_never_cross(gateway: Gateway, shared_upstream: Upstream, line: str) -> None:
    name = line.partition(":")[0]
    for connection in ([], [f"Connection: {name}"]):
        message = forward(gateway, shared_upstream, line, *connection)
        values = message.all(name)
        assert values == [] or (name == "TE" and values == ["trailers"])


def test_rule_8_what_connection_names_does_not_cross(gateway: Gateway, shared_upstream: Upstream) -> None:
    message = forward(
        gateway, shared_upstream, "Connection: X-Private, keep-alive ,, x-second", "Connection: X-Third", "X-Private: 1",
        "X-SECOND: 2", "X-Third: 3", "X-Fourth: 4",
    )
    assert [message.get(name) for name in ("x-private", "x-second", "x-third", "x-fourth")] == [None, None, None, "4"]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host"])
def test_rule_8_connection_cannot_remove_framing_or_host(gateway: Gateway, name: str) -> None:
    with gateway.client() as client:
        response = client.exchange(request("POST", "/public/a", f"Connection: {name}", body=b"hello"))
        assert response.status in (200, 400)
        if response.status == 200:
            assert json.loads(response.body)["length"] == 5


def test_rule_8_hop_by_hop_fields_of_a_response_never_cross(start_gateway: Any, upstream: Upstream) -> None:
    def handler(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.respond(
            200, "Connection: keep-alive, X-Private", "Keep-Alive: timeout=5", "X-Private: 1", "Proxy-Connection: keep-alive",
            "Proxy-Authenticate: Basic", "Upgrade: h2c", "X-Kept: 2", body=b"ok",
        )

    upstream.handler = handler
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a"))
    names = {name.lower() for name, _ in response.fields}
    assert not names & {"keep-alive", "x-private", "proxy-connection", "proxy-authenticate", "upgrade"}
    assert response.get("x-kept") == "2"


def test_rule_8_an_upgrade_to_h2c_is_ignored(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(
            request("GET", "/public/a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
        )
        assert response.status == 200
        assert client.exchange(request("GET", "/public/b")).status == 200


# Rule 12: what an upstream cannot set


def test_rule_12_an_upstream_cannot_set_gateway_owned_fields(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: exchange.respond(200, "X-Request-Id: forged", "X-Request-ID: twice", body=b"ok")
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a"))
    assert response.get("x-request-id") not in (None, "forged", "twice")


def test_end_to_end_fields_cross_in_order_and_as_sent(gateway: Gateway, shared_upstream: Upstream) -> None:
    lines = ["X-A: 1", "x-b: two words", "X-A: 3", "Cookie: a=b; c=d", "Accept: */*", "X-Empty:", "X-Latin: \xe9",
             "User-Agent: test", "Cache-Control: no-cache", "If-None-Match: \"a\", W/\"b\""]
    message = forward(gateway, shared_upstream, *lines)
    sent = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
    got = [(name, value) for name, value in message.fields if name.lower() in {name.lower() for name, _ in sent}]
    assert got == sent


def test_set_cookie_is_never_merged(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: exchange.respond(200, "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", body=b"ok")
    gateway = start_gateway(upstream)
    assert gateway.exchange(request("GET", "/public/a")).all("set-cookie") == ["a=1; Path=/", "b=2"]


def test_upstream_host_says_what_host_the_upstream_sees(start_gateway: Any, upstream: Upstream) -> None:
    routes = [
        {"id": "client", "path": "/client", "public": True},
        {"id": "own", "path": "/own", "public": True, "upstream_host": "upstream"},
        {"id": "literal", "path": "/literal", "public": True, "upstream_host": "internal.example.com"},
    ]
    gateway = start_gateway(upstream, routes=routes)
    host, port = upstream.address
    assert forward(gateway, upstream, path="/client", host="Api.Example.com.:80").get("host") == "api.example.com"
    assert forward(gateway, upstream, path="/own").get("host") == f"{host}:{port}"
    assert forward(gateway, upstream, path="/literal").get("host") == "internal.example.com"
