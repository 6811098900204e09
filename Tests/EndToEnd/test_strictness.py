"""HTTP/1.1 is parsed strictly: what has two readings has none (security.md rule 9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.wire import Client, request

CHUNKED = "Transfer-Encoding: chunked"
SMUGGLED = b"GET /public/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def post(*lines: str, body: bytes = b"") -> bytes:
    head = "\r\n".join(["POST /public/a HTTP/1.1", "Host: gateway.test", *lines])
    return (head + "\r\n\r\n").encode("latin-1") + body


BAD = {
    "both framings": post("Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "both framings, the other way round": post(CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n"),
    "repeated Content-Length": post("Content-Length: 5", "Content-Length: 5", body=b"hello"),
    "different Content-Lengths": post("Content-Length: 5", "Content-Length: 0", body=b"hello"),
    "list-valued Content-Length": post("Content-Length: 5, 5", body=b"hello"),
    "signed Content-Length": post("Content-Length: +5", body=b"hello"),
    "negative Content-Length": post("Content-Length: -1", body=b"hello"),
    "hexadecimal Content-Length": post("Content-Length: 0x5", body=b"hello"),
    "Content-Length with a space inside": post("Content-Length: 5 0", body=b"hello"),
    "Content-Length with an underscore": post("Content-Length: 1_0", body=b"hello"),
    "empty Content-Length": post("Content-Length:", body=b"hello"),
    "Content-Length beyond 64 bits": post("Content-Length: 99999999999999999999999", body=b"hello"),
    "whitespace before the colon": post("Content-Length : 5", body=b"hello"),
    "tab before the colon": post("Content-Length\t: 5", body=b"hello"),
    "whitespace before a field name": b"GET /public/a HTTP/1.1\r\n Host: gateway.test\r\n\r\n",
    "obsolete folding": post("X-Folded: one", " two"),
    "obsolete folding with a tab": post("X-Folded: one", "\ttwo"),
    "bare LF after the request line": b"GET /public/a HTTP/1.1\nHost: gateway.test\r\n\r\n",
    "bare LF after a field": b"GET /public/a HTTP/1.1\r\nHost: gateway.test\nX: 1\r\n\r\n",
    "bare LF at the end of the head": b"GET /public/a HTTP/1.1\r\nHost: gateway.test\r\n\n",
    "bare CR in a value": post("X-Return: a\rb"),
    "bare CR before a smuggled field": post("X-Return: a\rTransfer-Encoding: chunked"),
    "NUL in a value": post("X-Nul: a\0b"),
    "NUL in a name": post("X\0Nul: a"),
    "control character in a name": post("X\x01Control: a"),
    "control character in a target": b"GET /public/a\x01b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "no colon": post("X-No-Colon"),
    "empty name": post(": value"),
    "space inside a name": post("X Space: value"),
    "non-token in a name": post("X@Y: value"),
    "Transfer-Encoding in HTTP/1.0": b"POST /public/a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size with a sign": post(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with 0x": post(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with a space before it": post(CHUNKED, body=b" 5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with a space after it": post(CHUNKED, body=b"5 \r\nhello\r\n0\r\n\r\n"),
    "empty chunk size": post(CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"),
    "chunk size beyond 64 bits": post(CHUNKED, body=b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
    "chunk size line ended by LF": post(CHUNKED, body=b"5\nhello\r\n0\r\n\r\n"),
    "chunk without its CRLF": post(CHUNKED, body=b"5\r\nhello0\r\n\r\n"),
    "chunk followed by LF": post(CHUNKED, body=b"5\r\nhello\n0\r\n\r\n"),
    "chunk longer than it says": post(CHUNKED, body=b"4\r\nhello\r\n0\r\n\r\n"),
    "chunk extension with a bare LF": post(CHUNKED, body=b"5;a=b\nX: y\r\nhello\r\n0\r\n\r\n"),
    "last chunk ended by LF": post(CHUNKED, body=b"5\r\nhello\r\n0\n\n"),
    "malformed trailer": post(CHUNKED, body=b"0\r\nX Y: z\r\n\r\n"),
    "no version": b"GET /public/a\r\nHost: gateway.test\r\n\r\n",
    "two spaces and no target": b"GET  HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "a space before the method": b" GET /public/a HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "tab in the request line": b"GET\t/public/a HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "space at the end of the request line": b"GET /public/a HTTP/1.1 \r\nHost: gateway.test\r\n\r\n",
    "space in the target": b"GET /public/a b HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "lower-case version": b"GET /public/a http/1.1\r\nHost: gateway.test\r\n\r\n",
    "version with three parts": b"GET /public/a HTTP/1.1.1\r\nHost: gateway.test\r\n\r\n",
    "a non-token method": b"GE(T) /public/a HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n",
}


def check_refused(client: Client, statuses: tuple[int, ...]) -> None:
    response = client.read_response("POST")
    assert response.status in statuses, (response.status, response.body)
    if response.status == 400:
        assert json.loads(response.body)["reason"] in ("bad_request", "ambiguous_path")
    assert (response.get("connection") or "").lower() == "close"
    assert client.expect_close() == b"", "nothing after it is read as a request"


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_rule_9_malformed_is_400_and_close(
    gateway: Gateway, shared_upstream: Upstream, data: bytes, bytewise: bool
) -> None:
    before = len(shared_upstream.complete_messages)
    with gateway.client() as client:
        (client.send_bytewise if bytewise else client.send_leniently)(data + SMUGGLED)
        check_refused(client, (400,))
    assert len(shared_upstream.complete_messages) == before
    assert not [message for message in shared_upstream.messages if "smuggled" in message.target]


@pytest.mark.parametrize(
    "coding",
    ["gzip", "chunked, gzip", "gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked;a=b", '"chunked"', "chunke", ","],
)
def test_rule_9_an_unknown_or_non_final_coding_is_501_and_close(
    gateway: Gateway, shared_upstream: Upstream, coding: str
) -> None:
    before = len(shared_upstream.messages)
    with gateway.client() as client:
        client.send_leniently(post(f"Transfer-Encoding: {coding}", body=b"0\r\n\r\n") + SMUGGLED)
        check_refused(client, (501, 400))
    assert len(shared_upstream.messages) == before


@pytest.mark.parametrize("value", ["chunked", "Chunked", "CHUNKED", " chunked ", "\tchunked"])
def test_rule_9_chunked_is_case_insensitive(gateway: Gateway, value: str) -> None:
    response = gateway.exchange(post(f"Transfer-Encoding: {value}", body=b"5\r\nhello\r\n0\r\n\r\n"))
    assert json.loads(response.body)["length"] == 5


@pytest.mark.parametrize("name", ["Transfer_Encoding", "Transfer-Encoding\x0b", "Transfer.Encoding", "X-Transfer-Encoding"])
def test_rule_9_names_that_look_like_a_framing_field_do_not_frame(gateway: Gateway, name: str) -> None:
    with gateway.client() as client:
        client.send_leniently(post(f"{name}: chunked", "Content-Length: 5", body=b"0\r\n\r\n"))
        response = client.read_response()
        if response.status == 200:
            assert json.loads(response.body)["length"] == 5
        else:
            assert response.status == 400


def test_several_spaces_between_the_words_of_a_request_line_are_one(gateway: Gateway, shared_upstream: Upstream) -> None:
    """RFC 9112 §3 allows it; what is sent on has one."""
    with gateway.client() as client:
        client.send(b"GET   /public/spaces  HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
        assert client.read_response().status == 200
    raw = next(bytes(connection.raw) for connection in shared_upstream.connections if b"/public/spaces" in connection.raw)
    assert b"GET /public/spaces HTTP/1.1\r\n" in raw


@pytest.mark.parametrize("byte", [0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F])
def test_other_control_characters_in_a_value_cross_as_they_are(
    gateway: Gateway, shared_upstream: Upstream, byte: int
) -> None:
    """RFC 9110 §5.5: only CR, LF and NUL are dangerous there; the log escapes them."""
    agent = f"a{byte:c}b"
    response = gateway.exchange(request("GET", "/public/a", f"User-Agent: {agent}"))
    assert response.status == 200
    assert shared_upstream.messages[-1].get("user-agent") == agent
    assert gateway.log_of(response)["user_agent"] == agent


@pytest.mark.parametrize(("version", "status"), [("HTTP/2.0", 505), ("HTTP/0.9", 505), ("HTTP/3.0", 505), ("HTTP/1.2", 505)])
def test_another_version_is_505(gateway: Gateway, version: str, status: int) -> None:
    with gateway.client() as client:
        client.send_leniently(request("GET", "/public/a", version=version))
        response = client.read_response()
        if version == "HTTP/1.2":
            assert response.status in (200, 505), "RFC 9110 §6.2 lets a server take it as HTTP/1.1"
        else:
            assert (response.status, json.loads(response.body)["reason"]) == (status, "version_not_supported")
            assert client.expect_close() == b""


def test_the_http_2_preface_is_refused_where_http_2_is_not_spoken(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, listeners=[{"address": "127.0.0.1:0", "http2": False}])
    with gateway.client() as client:
        client.send_leniently(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.read_response().status in (400, 505)
        client.expect_close()


def test_every_malformed_message_has_a_log_line(gateway: Gateway) -> None:
    response = gateway.exchange(BAD["not HTTP at all"])
    line = gateway.log_of(response)
    assert (line["decision"], line["reason"], line["status"], line["level"]) == ("reject", "bad_request", 400, "warn")
    assert "path" not in line and "method" not in line
