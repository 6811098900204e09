"""The gateway behind other proxies: PROXY protocol, trusted proxies, external URL, underscores, livez."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.proxies import haproxy, nginx, proxy_v1, proxy_v2
from harness.upstream import Message, Upstream
from harness.wire import Client, Response, request

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
FAMILY = ["Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
          "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Uri", "X-Real-IP", "X-Request-Id"]


def spellings(name: str) -> list[str]:
    return [name, name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "_", 1).lower()]


def listener(address: str = "127.0.0.1:0", **keys: Any) -> list[dict[str, Any]]:
    return [{"address": address, **keys}]


def trusting(address: str = "127.0.0.1:0", **keys: Any) -> list[dict[str, Any]]:
    """Trusts 127.0.0.1 and 10.0.0.0/8; 127.0.0.2 is anybody."""
    return listener(address, trusted_proxies=["127.0.0.1", "10.0.0.0/8", "::1"], **keys)


def forwarded(gateway: Gateway, upstream: Upstream, *lines: str, source: str | None = None, host: str = "a.test",
              client: Client | None = None, prefix: bytes = b"") -> tuple[Message, dict[str, Any], Response]:
    """One permitted request: what the upstream got, the line in the log, the response."""
    before = len(upstream.messages)
    data = prefix + request("GET", "/public/a", *lines, host=host)
    if client is not None:
        client.send(data)
        response = client.read_response()
    else:
        with gateway.client(source=source) as own:
            own.send(data)
            response = own.read_response()
    assert response.status == 200, response.body
    assert len(upstream.messages) == before + 1
    return upstream.messages[-1], gateway.log_of(response), response


def refused(gateway: Gateway, data: bytes, **options: Any) -> tuple[Response, dict[str, Any]]:
    with gateway.client(**options) as client:
        client.send_leniently(data)
        response = client.read_response()
        line = gateway.log_of(response)
        client.expect_close()
    return response, line


# PROXY protocol


@pytest.mark.parametrize(
    "header, client",
    [
        (proxy_v1("203.0.113.9"), "203.0.113.9"),
        (proxy_v1("2001:DB8::9", "::1"), "2001:db8::9"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (proxy_v2("203.0.113.9"), "203.0.113.9"),
        (proxy_v2("203.0.113.9", values=b"\x04\0\x05AAAAA"), "203.0.113.9"),
        (proxy_v2("2001:db8::9"), "2001:db8::9"),
        (proxy_v2("203.0.113.9", command=0), "127.0.0.1"),
        (proxy_v2(None), "127.0.0.1"),
    ],
    ids=["v1", "v1-ipv6", "v1-unknown", "v2", "v2-values", "v2-ipv6", "v2-local", "v2-unspec"],
)
def test_a_proxy_header_names_the_client(start_gateway: Any, upstream: Upstream, header: bytes, client: str) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    with gateway.client() as connection:
        connection.send_bytewise(header)
        for _ in range(2):
            # Once a connection, not once a request; and the client that it names is no trusted proxy itself.
            lines = ["X-Forwarded-For: 6.6.6.6", "X-Request-Id: forged"] if client != "127.0.0.1" else []
            message, line, _ = forwarded(gateway, upstream, *lines, client=connection)
            assert message.get("x-forwarded-for") == client
            assert (line["remote_ip"], line["client_ip"]) == ("127.0.0.1", client)
            assert ULID.fullmatch(line["request_id"])


def test_header_and_request_may_come_together(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    message, line, _ = forwarded(gateway, upstream, prefix=proxy_v2("203.0.113.9"))
    assert message.get("x-forwarded-for") == line["client_ip"] == "203.0.113.9"


def test_a_proxy_named_by_the_header_is_believed_if_it_is_trusted(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 203.0.113.9", prefix=proxy_v1("10.0.0.7"))
    assert message.get("x-forwarded-for") == "203.0.113.9, 10.0.0.7"
    assert (line["remote_ip"], line["client_ip"]) == ("127.0.0.1", "203.0.113.9")


def test_a_client_of_a_unix_socket_has_no_address(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    header = proxy_v2(None, family=0x31, values=b"\1" * 216)
    message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 6.6.6.6", prefix=header)
    assert message.get("x-forwarded-for") is None
    assert line["remote_ip"] == "127.0.0.1" and "client_ip" not in line


@pytest.mark.parametrize(
    "data",
    [
        request("GET", "/public/a"), b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n" + request("GET", "/public/a"),
        b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n", proxy_v2("1.2.3.4", family=0x12) + request("GET", "/public/a"),
        proxy_v2("1.2.3.4", command=2), proxy_v2("1.2.3.4", values=b"\x04\0\x09A"), proxy_v2("1.2.3.4", values=b"\0" * 2048),
    ],
    ids=["none", "v1-malformed", "v1-long", "v2-datagram", "v2-command", "v2-values", "v2-long"],
)
def test_a_trusted_proxy_must_begin_with_a_header(start_gateway: Any, upstream: Upstream, data: bytes) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    response, line = refused(gateway, data)
    assert response.status == 400 and "PROXY" in json.loads(response.body)["detail"]
    assert (line["decision"], line["reason"], line["status"]) == ("reject", "bad_request", 400)
    assert line["remote_ip"] == "127.0.0.1" and "path" not in line and "method" not in line
    warning = gateway.wait_for_event("proxy_header")
    assert (warning["level"], warning["remote_ip"], warning["count"]) == ("warn", "127.0.0.1", 1)
    assert upstream.messages == []


def test_warnings_about_headers_are_rate_limited(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1, listeners=trusting(proxy_protocol=True))
    for _ in range(20):
        refused(gateway, b"GET / HTTP/1.1\r\n\r\n")
    gateway.stop()
    assert len([line for line in gateway.application_log if line["event"] == "proxy_header"]) == 1


def test_nothing_of_an_earlier_request_shows_in_the_line_of_a_missing_header(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1, listeners=trusting(proxy_protocol=True))
    forwarded(gateway, upstream, "User-Agent: earlier", prefix=proxy_v1("203.0.113.9"))
    _, line = refused(gateway, b"GET / HTTP/1.1\r\n\r\n")
    assert not {"host", "user_agent", "path", "method", "route"} & set(line)


def test_a_header_must_come_within_the_head_timeout(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"head_timeout": "300ms"}, listeners=trusting(proxy_protocol=True))
    response, line = refused(gateway, b"PROXY TCP4 1.2")
    assert response.status == 400 and line["reason"] == "bad_request"
    with gateway.client() as silent:
        assert silent.expect_close() == b""
    with gateway.client() as probe:
        probe.finish_writing()
        assert probe.expect_close() == b""
    assert len(gateway.log_lines()) == 1


def test_a_header_from_anybody_else_is_a_malformed_request(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    message, line, _ = forwarded(gateway, upstream, source="127.0.0.2")
    assert message.get("x-forwarded-for") == line["client_ip"] == "127.0.0.2"
    for header in (proxy_v1("203.0.113.9"), proxy_v2("203.0.113.9")):
        response, line = refused(gateway, header + request("GET", "/public/a"), source="127.0.0.2")
        assert response.status in (400, 501, 505), response
        assert line["decision"] == "reject" and line["client_ip"] == "127.0.0.2"


def test_a_listener_without_the_key_knows_no_header(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    response, line = refused(gateway, proxy_v1("203.0.113.9") + request("GET", "/public/a"))
    assert response.status == 400 and line["client_ip"] == "127.0.0.1"


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
def test_haproxy_sends_the_header(start_gateway: Any, upstream: Upstream, tmp_path: Path, option: str) -> None:
    gateway = start_gateway(upstream, listeners=trusting(proxy_protocol=True))
    with haproxy(tmp_path, gateway.address, option) as proxy, Client(proxy.address, source="127.0.0.3") as client:
        for _ in range(2):
            message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 6.6.6.6", client=client)
            assert message.get("x-forwarded-for") == "127.0.0.3"
            assert (line["remote_ip"], line["client_ip"]) == ("127.0.0.1", "127.0.0.3")


# Trusted proxies


@pytest.mark.parametrize("name", FAMILY)
def test_rule_6_nobody_else_is_believed(start_gateway: Any, upstream: Upstream, name: str) -> None:
    gateway = start_gateway(upstream, listeners=trusting(underscore_fields="pass"))
    for spelling in spellings(name):
        for value in ("6.6.6.6", "for=6.6.6.6;proto=https", "https"):
            message, line, _ = forwarded(gateway, upstream, f"{spelling}: {value}", source="127.0.0.2")
            assert not any("6.6.6.6" in found or found == "https" for _, found in message.fields), message.fields
            assert message.get("x-forwarded-for") == line["client_ip"] == line["remote_ip"] == "127.0.0.2"
            assert ULID.fullmatch(line["request_id"])


def test_rule_6_a_trusted_proxy_is_believed(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    message, line, response = forwarded(
        gateway, upstream, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.9, 10.0.0.7", "X-Forwarded-Proto: https",
        "X-Forwarded-Host: Outside.test", "X-Forwarded-Port: 443", "X-Forwarded-Prefix: /api", "X-Real-IP: 6.6.6.6",
        "X-Request-Id: from-the-edge.1", "X_Forwarded_For: 7.7.7.7", "X_Request_Id: forged",
    )
    assert message.get("x-forwarded-for") == "6.6.6.6, 203.0.113.9, 10.0.0.7, 127.0.0.1"
    assert message.get("x-forwarded-proto") == "https"
    assert message.get("x-forwarded-host") == "outside.test"
    assert message.get("host") == "a.test"
    assert message.get("x-forwarded-port") == "443"
    assert message.get("x-forwarded-prefix") == "/api"
    assert message.get("x-real-ip") == "203.0.113.9"
    assert message.get("x-request-id") == response.get("x-request-id") == "from-the-edge.1"
    assert (line["remote_ip"], line["client_ip"], line["dropped_fields"]) == ("127.0.0.1", "203.0.113.9", 2)


@pytest.mark.parametrize("value", ["", "a b", "a" * 129, 'a"b', "a,b", "\xe9"])
def test_rule_6_an_identifier_that_is_not_safe_is_replaced(start_gateway: Any, upstream: Upstream, value: str) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    message, line, _ = forwarded(gateway, upstream, f"X-Request-Id: {value}")
    assert ULID.fullmatch(line["request_id"]) and message.get("x-request-id") == line["request_id"]


def test_rule_6_a_refusal_carries_the_identifier_of_a_trusted_proxy(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    response = gateway.exchange(request("GET", "/items/1", "X-Request-Id: edge-7", "X-Forwarded-For: 203.0.113.9"))
    assert response.status == 401 and json.loads(response.body)["request_id"] == "edge-7"
    assert gateway.log_of(response)["client_ip"] == "203.0.113.9"


def test_what_one_request_is_believed_does_not_outlive_it(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1, listeners=trusting())
    with gateway.client() as client:
        forwarded(gateway, upstream, "X-Forwarded-For: 203.0.113.9", "X-Request-Id: one", client=client)
        message, line, _ = forwarded(gateway, upstream, client=client)
        assert message.get("x-forwarded-for") == line["client_ip"] == "127.0.0.1"
        assert ULID.fullmatch(line["request_id"])
    message, line, _ = forwarded(gateway, upstream, source="127.0.0.2")
    assert message.get("x-forwarded-for") == line["client_ip"] == "127.0.0.2"


def test_rfc_7239_forwarded_is_folded_into_one_family(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    message, line, _ = forwarded(
        gateway, upstream, 'Forwarded: for=6.6.6.6, for="[2001:db8::9]:1";proto=https;host=outside.test, for=10.0.0.7')
    assert message.get("forwarded") is None
    assert message.get("x-forwarded-for") == "2001:db8::9, 10.0.0.7, 127.0.0.1"
    assert message.get("x-forwarded-proto") == "https" and message.get("x-forwarded-host") == "outside.test"
    assert line["client_ip"] == "2001:db8::9"
    message, line, _ = forwarded(gateway, upstream, "Forwarded: for=6.6.6.6;proto=https", "X-Forwarded-For: 203.0.113.9")
    assert message.get("forwarded") is None and message.get("x-forwarded-proto") == "http"
    assert line["client_ip"] == "203.0.113.9"


def test_rule_4_only_host_routes(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "inner", "path": "/public/a", "host": "inner.test", "public": True}]
    gateway = start_gateway(upstream, listeners=trusting(), routes=routes)
    response = gateway.exchange(request("GET", "/public/a", "X-Forwarded-Host: inner.test", host="outer.test"))
    assert response.status == 401 and gateway.log_of(response)["reason"] == "no_route"


def test_a_trusted_proxy_over_ipv6(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=trusting("[::1]:0"))
    message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 2001:DB8:0::9")
    assert message.get("x-forwarded-for") == "2001:DB8:0::9, ::1"
    assert (line["remote_ip"], line["client_ip"]) == ("::1", "2001:db8::9")


@pytest.mark.parametrize("proxies, is_trusted", [(["unix:"], True), (["0.0.0.0/0", "::/0"], False)])
def test_peers_of_a_unix_socket_are_trusted_only_by_name(
    start_gateway: Any, upstream: Upstream, tmp_path: Path, proxies: list[str], is_trusted: bool
) -> None:
    gateway = start_gateway(upstream, listeners=listener(f"unix:{tmp_path}/g.sock", trusted_proxies=proxies))
    message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 203.0.113.9")
    assert message.get("x-forwarded-for") == ("203.0.113.9" if is_trusted else None)
    assert line.get("client_ip") == ("203.0.113.9" if is_trusted else None) and "remote_ip" not in line


def test_nginx_in_front(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    with nginx(tmp_path, gateway.address) as proxy, Client(proxy.address, source="127.0.0.3") as client:
        message, line, response = forwarded(gateway, upstream, "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6", client=client)
    assert message.get("x-forwarded-for") == "6.6.6.6, 127.0.0.3, 127.0.0.1"
    assert message.get("x-forwarded-proto") == "https" and message.get("x-real-ip") == "127.0.0.3"
    assert line["client_ip"] == "127.0.0.3" and re.fullmatch(r"[0-9a-f]{32}", response.get("x-request-id") or "")


def test_haproxy_in_front(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    gateway = start_gateway(upstream, listeners=trusting())
    options = "  option forwardfor\n  http-request set-header X-Forwarded-Proto https\n"
    with haproxy(tmp_path, gateway.address, mode="http", extra=options) as proxy, \
            Client(proxy.address, source="127.0.0.3") as client:
        message, line, _ = forwarded(gateway, upstream, "X-Forwarded-For: 6.6.6.6", client=client)
    assert message.get("x-forwarded-for") == "6.6.6.6, 127.0.0.3, 127.0.0.1"
    assert message.get("x-forwarded-proto") == "https" and line["client_ip"] == "127.0.0.3"


# External URL


def test_the_external_url_says_scheme_and_default_port(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "a", "path": "/public/a", "host": "api.example.com", "public": True}]
    gateway = start_gateway(upstream, routes=routes, listeners=[
        *trusting(external_url="https://api.example.com"), {"address": "127.0.0.1:0"}])
    message, line, _ = forwarded(gateway, upstream, host="api.example.com:443")
    assert message.get("x-forwarded-proto") == "https"
    assert message.get("host") == message.get("x-forwarded-host") == line["host"] == "api.example.com"
    message, line, _ = forwarded(gateway, upstream, "X-Forwarded-Proto: http", host="api.example.com:80")
    assert message.get("x-forwarded-proto") == "http" and line["host"] == "api.example.com:80"
    message, _, _ = forwarded(gateway, upstream, host="api.example.com", source="127.0.0.2")
    assert message.get("x-forwarded-proto") == "https"
    # The other listener has a default port of its own, and the same worker serves both.
    before = len(upstream.messages)
    assert gateway.exchange(request("GET", "/public/a", host="api.example.com:80"), listener=1).status == 200
    message = upstream.messages[before]
    assert message.get("host") == "api.example.com" and message.get("x-forwarded-proto") == "http"


# Underscores


def test_underscores_can_be_refused(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=listener(underscore_fields="reject"))
    forwarded(gateway, upstream, "My-Field: 1")
    for name in ("My_Field", "X_Forwarded_For", "_"):
        response, line = refused(gateway, request("GET", "/public/a", f"{name}: 1"))
        assert response.status == 400 and line["reason"] == "bad_request" and line["path"] == "/public/a"
    assert len(upstream.messages) == 1


def test_underscores_can_pass_but_not_in_managed_names(start_gateway: Any) -> None:
    received: list[list[tuple[str, str]]] = []
    upstream = Upstream()
    # It complains of underscores, which are what is wanted here.
    upstream.inspect = lambda message: received.append(message.fields)  # type: ignore[method-assign]
    try:
        gateway = start_gateway(upstream, listeners=listener(underscore_fields="pass"))
        _, line, _ = forwarded(gateway, upstream, "My_Field: 1", "X_Forwarded_For: 2", "x_real_IP: 3", "Content_Length: 4",
                               "X-Request_Id: 5", "Authorization_: 6", "Via_: 7", "Transfer_Encoding: chunked", "HOST_: 8")
    finally:
        upstream.stop()
    names = [name for name, _ in received[0] if "_" in name]
    assert names == ["My_Field", "Authorization_", "Via_", "HOST_"]
    assert line["dropped_fields"] == 5


# Addresses in the log


def test_addresses_can_be_hashed_with_a_key_of_the_process(start_gateway: Any, upstream: Upstream) -> None:
    seen = []
    for _ in range(2):
        gateway = start_gateway(
            upstream, listeners=trusting(),
            access_log={"output": {"file": "access.log"}, "addresses": "hash"})
        gateway.log_path = gateway.directory / "access.log"
        lines = [forwarded(gateway, upstream, "X-Forwarded-For: 127.0.0.1, 203.0.113.9", source=source)[1]
                 for source in ("127.0.0.1", "127.0.0.1", "127.0.0.2")]
        for line in lines:
            assert re.fullmatch(r"[0-9a-f]{16}", line["remote_ip"]) and re.fullmatch(r"[0-9a-f]{16}", line["client_ip"])
        assert (lines[0]["remote_ip"], lines[0]["client_ip"]) == (lines[1]["remote_ip"], lines[1]["client_ip"])
        assert lines[0]["remote_ip"] != lines[0]["client_ip"]
        assert lines[2]["remote_ip"] == lines[2]["client_ip"] != lines[0]["remote_ip"]
        seen.append(lines[0]["remote_ip"])
    assert seen[0] != seen[1]


def test_addresses_can_be_left_out(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> None:
    log = tmp_path / "left-out.log"
    gateway = start_gateway(
        upstream, listeners=trusting(proxy_protocol=True), access_log={"output": {"file": str(log)}, "addresses": "omit"})
    message, line, _ = forwarded(gateway, upstream, prefix=proxy_v1("203.0.113.9"))
    assert message.get("x-forwarded-for") == "203.0.113.9"
    assert not {"remote_ip", "client_ip"} & set(line)
    refused(gateway, b"GET / HTTP/1.1\r\n\r\n")
    assert "remote_ip" not in gateway.wait_for_event("proxy_header")


# livez


LIVEZ_ROUTES = [{"id": "all", "path": "/{rest...}", "public": True}, {"id": "slow", "path": "/slow", "public": True}]


def test_livez_is_answered_by_the_gateway(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, routes=LIVEZ_ROUTES, listeners=[
        {"address": "127.0.0.1:0", "livez": True}, {"address": "127.0.0.1:0"}])
    with gateway.client() as client:
        for method, path, body in (("GET", "/livez", b"ok\n"), ("HEAD", "/livez", b""), ("GET", "/%6Civez?a=b", b"ok\n")):
            response = client.exchange(request(method, path))
            assert (response.status, response.body) == (200, body)
            assert response.get("content-type") == "text/plain" and response.get("content-length") == "3"
            assert response.get("cache-control") == "no-store" and response.get("date")
            line = gateway.log_of(response)
            assert [line[key] for key in ("route", "decision", "reason", "origin", "path", "bytes_out")] == [
                "gateway.livez", "allow", "public", "gateway", "/livez", len(body)]
        assert client.exchange(request("GET", "/livez", body=b"some")).status == 200
        response = client.exchange(request("DELETE", "/livez"))
        line = gateway.log_of(response)
        assert response.status == 401 and (line["reason"], line["route"]) == ("method_not_allowed", "gateway.livez")
    assert upstream.messages == []
    for path in ("/livez/", "/livez/a", "/livez;a"):
        gateway.exchange(request("GET", path))
    assert gateway.exchange(request("GET", "/livez"), listener=1).status == 200
    assert upstream.messages[-1].target == "/livez"


def test_livez_with_404_lists_its_methods(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=listener(livez=True), refusals={"unmatched_status": 404})
    response = gateway.exchange(request("POST", "/livez", body=b"x"))
    assert response.status == 405 and response.get("allow") == "GET, HEAD"


def test_livez_works_beyond_the_limit_of_connections(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, limits={"connections": 1}, listeners=listener(livez=True))
    with gateway.client() as client, gateway.client() as beyond:
        assert client.exchange(request("GET", "/livez")).status == 200
        assert beyond.exchange(request("GET", "/livez")).status == 200
        assert beyond.expect_close() == b""
        with gateway.client() as third:
            assert third.exchange(request("GET", "/public/a")).status == 503


def test_livez_works_while_draining(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, workers=1, listeners=listener(livez=True))
    with gateway.client() as client, gateway.client() as idle:
        # The request has begun, so that its connection is not idle when the signal comes.
        client.send(b"GET /livez HTTP/1.1\r\n")
        assert idle.exchange(request("GET", "/livez")).status == 200
        gateway.signal(signal.SIGTERM)
        assert idle.expect_close() == b""
        client.send(b"Host: a\r\n\r\n")
        response = client.read_response()
        assert response.status == 200 and response.get("connection") == "close"
    assert gateway.wait() == 0
