"""TLS for clients: which certificate, which version, what is refused (security.md rule 19)."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import replace
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.proxies import proxy_v1, proxy_v2
from harness.tls import LENIENT, Fragmented, World, connect, over, records, s_client
from harness.wire import Response, open_socket, request

ENDING = request("GET", "/public/a", "Connection: close")


class Certificates:
    """Several of them on one listener; the first one is for names that nothing fits."""

    def __init__(self, world: World, directory: Path):
        issue = world.authority.issue
        self.default = issue("default.test", "127.0.0.1")
        self.exact = issue("a.names.test", "b.names.test")
        self.wildcard = issue("*.names.test", "*.Upper.test")
        self.ecdsa = issue("both.test")
        self.rsa = issue("both.test", kind="rsa")
        self.entries = []
        for name in ("default", "wildcard", "exact", "ecdsa", "rsa"):
            identity = getattr(self, name)
            staple = {"ocsp_response": replace(directory / f"{name}.ocsp", world.authority.staple(identity))}
            self.entries.append(identity.write(directory, name) | (staple if name in ("exact", "rsa") else {}))


@pytest.fixture(scope="module")
def certificates(world: World, tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(world, tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, shared_upstream: Any, world: World, certificates: Certificates) -> Gateway:
    return module_gateway(shared_upstream, listeners=[world.listener(*certificates.entries), {"address": "127.0.0.1:0"}])


@pytest.fixture(autouse=True)
def goes_on(gateway: Gateway, world: World) -> Any:
    """Whatever a test did, the next client is served."""
    yield
    with connect(gateway.address, world.client(), "default.test") as connection:
        assert over(connection).exchange(request("GET", "/public/a", host="default.test")).status == 200


def shown(gateway: Gateway, world: World, name: str | None) -> bytes | None:
    with connect(gateway.address, world.client(verify=False), name) as connection:
        return connection.getpeercert(binary_form=True)


# Certificates by name


@pytest.mark.parametrize(("name", "expected"), [
    ("a.names.test", "exact"), ("b.names.test", "exact"), ("A.Names.TEST", "exact"), ("c.names.test", "wildcard"),
    ("x.upper.test", "wildcard"), ("a.b.names.test", "default"), ("names.test", "default"), ("default.test", "default"),
    ("unknown.test", "default"), (None, "default"), ("127.0.0.1", "default"),
])
def test_a_certificate_is_chosen_by_name(
    gateway: Gateway, world: World, certificates: Certificates, name: str | None, expected: str
) -> None:
    assert shown(gateway, world, name) == getattr(certificates, expected).der


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(("algorithms", "expected"), [
    ("RSA-PSS+SHA256:RSA+SHA256", "rsa"), ("ECDSA+SHA256", "ecdsa"), ("ECDSA+SHA256:RSA-PSS+SHA256", "ecdsa"),
])
def test_rsa_and_ecdsa_stand_side_by_side_for_one_name(
    gateway: Gateway, world: World, certificates: Certificates, version: str, algorithms: str, expected: str
) -> None:
    options = ["-sigalgs", algorithms, "-CAfile", world.authorities, "-verify_return_error", "-verify_hostname", "both.test"]
    send = request("GET", "/public/a", "Connection: close", host="both.test")
    said = s_client(gateway.address, version, *options, send=send, name="both.test")
    assert said.http_status == 200 and said.certificate == getattr(certificates, expected).der, said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_only_the_chosen_certificate_is_stapled(gateway: Gateway, world: World, version: str) -> None:
    """RFC 6066 section 8."""
    def staple(name: str, *options: str) -> str:
        options = (version, "-status", "-CAfile", world.authorities, *options)
        return s_client(gateway.address, *options, send=ENDING, name=name).text

    assert "OCSP Response Status: successful" in (good := staple("a.names.test")) and "Cert Status: good" in good
    assert "OCSP response: no response sent" in staple("default.test")
    assert "OCSP response: no response sent" in staple("both.test", "-sigalgs", "ECDSA+SHA256")
    assert "OCSP Response Status: successful" in staple("both.test", "-sigalgs", "RSA-PSS+SHA256")


# 421 (security.md rule 19; RFC 9110 section 15.5.20)


def answer(gateway: Gateway, world: World, version: int, name: str | None, host: str) -> Response:
    offered = world.client("h2" if version == 2 else "http/1.1", verify=False)
    with connect(gateway.address, offered, name) as connection:
        if version == 2:
            return HTTP2Client(connection).exchange("GET", "/public/a", authority=host)
        return over(connection).exchange(request("GET", "/public/a", host=host))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("name", "host", "status"), [
    ("a.names.test", "a.names.test", 200),
    ("a.names.test", "A.Names.Test.:443", 200),
    ("a.names.test", "b.names.test:8443", 200),  # One certificate covers both.
    ("c.names.test", "d.names.test", 200),
    ("default.test", "unknown.test", 200),  # Both have the default.
    (None, "default.test", 200),
    (None, "127.0.0.1", 200),
    (None, "unknown.test", 200),
    (None, "a.names.test", 421),
    ("unknown.test", "c.names.test", 421),
    ("a.names.test", "c.names.test", 421),
    ("c.names.test", "a.names.test", 421),
    ("c.names.test", "default.test", 421),
    ("both.test", "unknown.test", 421),
    ("a.names.test", "both.test", 421),
])
def test_a_host_of_another_certificate_is_misdirected(
    gateway: Gateway, world: World, version: int, name: str | None, host: str, status: int
) -> None:
    response = answer(gateway, world, version, name, host)
    assert response.status == status
    if status == 421:
        assert json.loads(response.body)["reason"] == "misdirected_request"
        line = gateway.log_of(response)
        assert (line["reason"], line["decision"], line["status"]) == ("misdirected_request", "reject", 421)
        assert "upstream" not in line


def test_a_client_that_is_misdirected_may_ask_for_other_hosts_on_the_same_connection(gateway: Gateway, world: World) -> None:
    with connect(gateway.address, world.client("h2"), "a.names.test") as connection:
        client = HTTP2Client(connection)
        for host, status in (("a.names.test", 200), ("c.names.test", 421), ("b.names.test", 200)):
            assert client.exchange("GET", "/public/a", authority=host).status == status


def test_with_one_certificate_any_host_is_served(start_gateway: Any, upstream: Any, world: World) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener()])
    for version in (1, 2):
        for name in ("gateway.test", "other.test", None):
            assert answer(gateway, world, version, name, "elsewhere.test").status == 200


# Versions and what was given up


@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_versions_before_1_2_are_refused(gateway: Gateway, option: str) -> None:
    said = s_client(gateway.address, option, *LENIENT, "-msg", send=ENDING)
    assert "ClientHello" in said.text, f"the client did not offer it: {said}"
    assert said.version is None and said.http_status is None, said
    assert "alert protocol version" in said.text, said


def test_sslv3_is_refused(gateway: Gateway) -> None:
    """No tool offers it any more: a ClientHello of SSL 3.0 by hand."""
    body = b"\x03\x00" + bytes(32) + b"\0" + b"\x00\x04\xc0\x13\x00\x2f" + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    with gateway.client() as client:
        client.send_leniently(b"\x16\x03\x00" + len(hello).to_bytes(2, "big") + hello)
        answer = client.expect_close()
    assert answer[:1] in (b"", b"\x15"), f"an alert or nothing, not a ServerHello: {answer!r}"


@pytest.mark.parametrize(("option", "version"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_1_2_and_1_3_are_spoken(gateway: Gateway, option: str, version: str) -> None:
    said = s_client(gateway.address, option, send=request("GET", "/public/a", "Connection: close", f"X-Probe: {option}"))
    assert (said.version, said.http_status) == (version, 200), said
    assert "Secure Renegotiation IS supported" in said.text or version == "TLSv1.3"
    identity = next(line for line in said.text.splitlines() if line.lower().startswith("x-request-id:")).split()[1]
    assert gateway.wait_for_log(lambda line: line.get("request_id") == identity)["tls"] == version


def test_a_minimum_version_of_1_3_refuses_1_2(start_gateway: Any, upstream: Any, world: World) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener(minimum_version="1.3")])
    refused = s_client(gateway.address, "-tls1_2", send=ENDING)
    assert refused.version is None and "alert protocol version" in refused.text, refused
    assert s_client(gateway.address, "-tls1_3", send=ENDING).http_status == 200


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256",
                                    "DHE-RSA-AES128-GCM-SHA256", "NULL-SHA256", "AECDH-NULL-SHA"])
def test_ciphers_without_forward_secrecy_or_authenticated_encryption_are_refused(gateway: Gateway, cipher: str) -> None:
    said = s_client(gateway.address, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0", send=ENDING, name="both.test")
    assert said.version is None and "alert handshake failure" in said.text, said


def test_there_is_no_compression(gateway: Gateway) -> None:
    said = s_client(gateway.address, "-tls1_2", "-comp", send=ENDING)
    assert "Compression: NONE" in said.text and "Expansion: NONE" in said.text, said


def test_there_is_no_renegotiation(gateway: Gateway) -> None:
    """A line with `R` makes the tool ask for it."""
    address = f"{gateway.address[0]}:{gateway.address[1]}"
    tool = subprocess.Popen(
        ["openssl", "s_client", "-connect", address, "-tls1_2", "-servername", "default.test"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert tool.stdin is not None
        tool.stdin.write(b"R\n")
        tool.stdin.flush()
        text = tool.communicate(timeout=10)[0].decode("latin-1")
    finally:
        tool.kill()
        tool.wait()
    assert "RENEGOTIATING" in text, text
    assert "no renegotiation" in text or "alert" in text or "errno" in text, text


def test_there_is_no_early_data(gateway: Gateway, tmp_path: Path, world: World) -> None:
    """RFC 8470: what could be replayed is not taken."""
    session, early = str(tmp_path / "session"), tmp_path / "early"
    early.write_bytes(request("GET", "/public/early", host="default.test"))
    first = s_client(gateway.address, "-tls1_3", "-sess_out", session, send=ENDING, name="default.test")
    assert first.http_status == 200 and "Max Early Data: 0" in first.text, first
    second = s_client(
        gateway.address, "-tls1_3", "-sess_in", session, "-early_data", str(early), send=ENDING, name="default.test")
    assert second.resumed and second.http_status == 200, second
    assert "Early data was accepted" not in second.text, second


# The handshake


@pytest.mark.parametrize("size", [1, 7, 100, 16_000])
def test_a_client_hello_in_many_records_chooses_the_same_certificate(
    gateway: Gateway, world: World, certificates: Certificates, size: int
) -> None:
    """RFC 8446 section 5.1; a peek at the first bytes would miss the name."""
    handshake = Fragmented(gateway.address, world.client(), "a.names.test")
    with handshake.socket:
        handshake.socket.sendall(records(handshake.hello, size))
        assert handshake.finish().getpeercert(True) == certificates.exact.der
        response = handshake.exchange(request("GET", "/public/a", "Connection: close", host="a.names.test"))
        assert response.startswith(b"HTTP/1.1 200 ")


def test_a_client_hello_byte_by_byte_chooses_the_same_certificate(
    gateway: Gateway, world: World, certificates: Certificates
) -> None:
    handshake = Fragmented(gateway.address, world.client(), "a.names.test")
    with handshake.socket:
        for index in range(len(handshake.hello)):
            handshake.socket.send(handshake.hello[index:index + 1])
        assert handshake.finish().getpeercert(True) == certificates.exact.der


@pytest.mark.parametrize("header", [proxy_v1("203.0.113.7"), proxy_v2("203.0.113.7")], ids=["v1", "v2"])
@pytest.mark.parametrize("together", [True, False])
def test_the_proxy_protocol_comes_before_tls(
    start_gateway: Any, upstream: Any, world: World, header: bytes, together: bool
) -> None:
    listener = world.listener() | {"proxy_protocol": True, "trusted_proxies": ["127.0.0.1"]}
    gateway = start_gateway(upstream, listeners=[listener])
    handshake = Fragmented(gateway.address, world.client(), "gateway.test")
    with handshake.socket:
        if together:
            handshake.socket.sendall(header + handshake.hello)
        else:
            for byte in header + handshake.hello[:20]:
                handshake.socket.send(bytes([byte]))
            handshake.socket.sendall(handshake.hello[20:])
        handshake.finish()
        assert handshake.exchange(ENDING).startswith(b"HTTP/1.1 200 ")
    assert gateway.wait_for_log_count(1)[0]["client_ip"] == "203.0.113.7"


def test_a_handshake_has_a_deadline(start_gateway: Any, upstream: Any, world: World) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener()], limits={"handshake_timeout": "500ms"})
    silent = gateway.client()
    slow = Fragmented(gateway.address, world.client(), "gateway.test")
    slow.socket.sendall(slow.hello[:50])
    with silent, slow.socket:
        began = time.monotonic()
        assert silent.expect_close() == b""
        slow.socket.settimeout(5)
        assert slow.socket.recv(100)[:1] in (b"", b"\x15")
        assert 0.1 < time.monotonic() - began < 5
    with connect(gateway.address, world.client()) as connection:
        assert over(connection).exchange(ENDING).status == 200


def test_dripping_does_not_extend_the_time_for_a_handshake(start_gateway: Any, upstream: Any, world: World) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener()], limits={"handshake_timeout": "500ms"})
    slow = Fragmented(gateway.address, world.client(), "gateway.test")
    began = time.monotonic()
    with slow.socket:
        slow.socket.settimeout(0.05)
        for byte in slow.hello[:150]:
            try:
                slow.socket.send(bytes([byte]))
                if slow.socket.recv(100)[:1] in (b"", b"\x15"):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - began < 5


def test_the_protocol_is_agreed_on_or_the_handshake_fails(gateway: Gateway, world: World) -> None:
    """RFC 7301 section 3.2."""
    def agreed(*protocols: str) -> str | None:
        with connect(gateway.address, world.client(*protocols), "default.test") as connection:
            return connection.selected_alpn_protocol()

    assert agreed("h2", "http/1.1") == "h2" and agreed("http/1.1", "h2") in ("h2", "http/1.1")
    assert agreed("http/1.1") == "http/1.1"
    assert agreed() is None
    with pytest.raises(ssl.SSLError, match="(?i)no application protocol"):
        agreed("spdy/3", "h3")


def test_a_listener_without_http2_does_not_offer_it(start_gateway: Any, upstream: Any, world: World) -> None:
    gateway = start_gateway(upstream, listeners=[world.listener() | {"http2": False}])
    with connect(gateway.address, world.client("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
        assert over(connection).exchange(ENDING).status == 200
    with pytest.raises(ssl.SSLError, match="(?i)no application protocol"):
        connect(gateway.address, world.client("h2"))


def test_http2_without_tls_does_not_start_where_it_is_switched_off(start_gateway: Any, upstream: Any) -> None:
    gateway = start_gateway(upstream, listeners=[{"address": "127.0.0.1:0", "http2": False}])
    with gateway.client() as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.read_response().status in (400, 505)


# The wrong protocol on the port


@pytest.mark.parametrize("data", [
    ENDING, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", b"SSH-2.0-OpenSSH_9.2\r\n", bytes(64),
    b"\x16\x03\x01\xff\xff" + bytes(9000),
], ids=["HTTP/1.1", "HTTP/2", "SSH", "zeros", "a record beyond its limit"])
def test_what_is_not_tls_is_ended_at_once(gateway: Gateway, data: bytes) -> None:
    with gateway.client() as client:
        client.send_leniently(data)
        began = time.monotonic()
        answer = client.expect_close()
        assert time.monotonic() - began < 3
    assert answer[:1] in (b"", b"\x15") or answer.startswith(b"HTTP/1.1 400 "), answer


def test_an_alert_reaches_a_client_that_goes_on_sending(gateway: Gateway) -> None:
    """RFC 8446 section 6: a connection that is closed with bytes unread is reset, which would take the alert's place."""
    with open_socket(gateway.address) as connection:
        for _ in range(10):
            connection.sendall(b"\x16\x03\x01\x40\x01" + bytes(8000))
        connection.settimeout(5)
        answer = b"".join(iter(lambda: connection.recv(100), b""))
    assert (answer[:1], answer[3:]) == (b"\x15", bytes([0, 2, 2, 22])), "record_overflow"


def test_tls_on_a_port_without_is_400(gateway: Gateway, world: World) -> None:
    hello = Fragmented(gateway.listeners[1], world.client(), "default.test")
    with hello.socket:
        hello.socket.sendall(hello.hello)
        client = over(hello.socket)
        response = client.read_response()
    assert (response.status, json.loads(response.body)["reason"]) == (400, "bad_request")


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_an_end_without_a_word_is_noticed(gateway: Gateway, world: World, protocol: str) -> None:
    """A request that is cut short by the connection's end is never taken for a whole one."""
    with connect(gateway.address, world.client(protocol), "default.test") as connection:
        if protocol == "h2":
            client = HTTP2Client(connection, authority="default.test")
            client.send(client.begin("POST", "/public/cut", end=False), b"half", end=False)
        else:
            connection.sendall(request("POST", "/public/cut", "Content-Length: 10", host="default.test") + b"half")
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    line = gateway.wait_for_log(lambda line: line.get("path") == "/public/cut" and protocol[-1] in line["proto"])
    assert line["aborted"] == "client"


def test_large_responses_cross_to_a_slow_reader(start_gateway: Any, upstream: Any, world: World) -> None:
    body = bytes(range(256)) * (16 << 10)
    upstream.handler = lambda exchange: exchange.respond(200, body=body)
    gateway = start_gateway(upstream, listeners=[world.listener()])
    with connect(gateway.address, world.client("http/1.1")) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(ENDING)
        time.sleep(0.2)
        assert over(connection).read_response().body == body


def test_a_clean_end_of_tls_is_said(gateway: Gateway, world: World) -> None:
    """RFC 8446 section 6.1: without close_notify a client could not tell the end from a cut."""
    connection = connect(gateway.address, world.client("http/1.1"), "default.test")
    with connection:
        connection.sendall(request("GET", "/public/a", "Connection: close", host="default.test"))
        connection.suppress_ragged_eofs = False
        received = b""
        while data := connection.read(65536):
            received += data
        assert received.startswith(b"HTTP/1.1 200 ")
