"""How calls of gRPC end that would have gone on: with their token, deadline, gateway or upstream, or for idleness."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from harness.gateway import Gateway
from harness.grpc_app import KINDS
from harness.grpc_client import Call, Channel, Outcome, Requests
from harness.grpc_service import GRPCService
from harness.http2_client import HTTP2Client
from harness.http2_upstream import HTTP2Exchange, HTTP2Upstream
from harness.process import free_port
from harness.tls import World
from harness.tokens import Mint
from harness.wire import PATIENCE, Truncated

Status = grpc.StatusCode
every_kind = pytest.mark.parametrize("kind", KINDS)
MESSAGE = b"\0\0\0\0\1a"
CALL = ("Content-Type: application/grpc", "TE: trailers")


def routes(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": "probe", "path": "/test.Probe/{method}", "methods": ["POST"], "scopes": ["items:read"]} | changes]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GRPCService]:
    service = GRPCService(tmp_path_factory.mktemp("grpc") / "service.log")
    yield service
    service.stop()


@pytest.fixture
def front(start_gateway: Any, mint: Mint) -> Callable[..., Gateway]:
    """Starts a gateway in front of a service, whose streams end when their tokens expire, to the second."""
    def start(upstream: GRPCService | HTTP2Upstream, *, issuer: dict[str, Any] | None = None, **changes: Any) -> Gateway:
        main = {
            "issuer": mint.issuer, "audience": [mint.audience], "algorithms": ["ES256"], "keys": {"jwks": mint.jwks()},
            "clock_skew": "0s", **(issuer or {}),
        }
        upstreams = {"service": {"servers": [upstream.url], "protocol": "h2c"}}
        return start_gateway(upstream.url, **({"issuers": {"main": main}, "upstreams": upstreams, "routes": routes()} | changes))

    return start


def line_of(gateway: Gateway, outcome: Outcome) -> dict[str, Any]:
    identity = outcome.trailer("x-request-id") or dict(outcome.initial)["x-request-id"]
    return gateway.wait_for_log(lambda line: line.get("request_id") == identity, identity)


def begin_held(channel: Channel, service: GRPCService, kind: str, name: str, begun: bool, **options: Any) -> Call:
    """A call that does not end by itself, and has a head and a message already if it has `begun`."""
    streams, answers = KINDS[kind]
    plan: dict[str, Any] = {"reads": 1, "holds": True, "call": name}
    if begun:
        plan |= {"initial": [["x-a", "b"]], "replies": 1 if answers else 0, "size": 3}
    requests = Requests(b"a") if streams else None
    call = channel.begin(kind, b"a", requests=requests, timeout=20, **plan, **options)
    service.wait_for("holding", name)
    if begun and answers:
        assert call.next() == bytes(3)
    return call


# MARK: Tokens


@every_kind
@pytest.mark.parametrize("begun", [False, True], ids=["before the head", "after the head"])
def test_a_call_ends_with_its_token(
    front: Any, service: GRPCService, mint: Mint, kind: str, begun: bool
) -> None:
    gateway, name = front(service), f"token-{kind}-{begun}"
    expiry = int(time.time()) + 3
    with Channel(gateway.address, token=mint.token(exp=expiry)) as channel:
        outcome = begin_held(channel, service, kind, name, begun).outcome()
        ended = time.time()
    assert 0 <= ended - expiry < 1
    assert (outcome.code, outcome.messages) == (Status.UNAUTHENTICATED, []), outcome
    assert "expired" in outcome.details
    if begun:
        assert ["x-a", "b"] in outcome.initial
    assert service.wait_for("cancelled", name)
    line = line_of(gateway, outcome)
    assert (line["ended"], line["grpc_status"], line["decision"], line["reason"]) == ("token_expired", 16, "allow", "allowed")
    assert (line["status"], line["level"], "aborted" in line) == (200, "info", False)


def test_messages_flow_until_the_token_ends(front: Any, service: GRPCService, mint: Mint) -> None:
    gateway = front(service)
    with Channel(gateway.address, token=mint.token(lifetime=2)) as channel:
        outcome = channel.run("ServerStream", b"a", replies=100, pause=0.1, size=10)
    assert outcome.code is Status.UNAUTHENTICATED
    assert 5 <= len(outcome.messages) <= 25 and set(outcome.messages) == {bytes(10)}


def test_the_grace_is_the_clock_skew_of_the_issuer(front: Any, service: GRPCService, mint: Mint) -> None:
    gateway = front(service, issuer={"clock_skew": "2s"})
    expiry = int(time.time()) + 1
    with Channel(gateway.address, token=mint.token(exp=expiry)) as channel:
        outcome = begin_held(channel, service, "Bidirectional", "grace", True).outcome()
        assert 2 <= time.time() - expiry < 3
        assert outcome.code is Status.UNAUTHENTICATED
        # The next call would be refused at the same moment.
        assert channel.run("Unary", b"a").details == "Could not validate credentials (expired)"


def test_calls_on_the_same_connection_end_each_with_its_own_token(front: Any, service: GRPCService, mint: Mint) -> None:
    gateway = front(service)
    with Channel(gateway.address) as channel:
        calls = [
            channel.begin(
                "ServerStream", b"a", metadata=[("authorization", f"Bearer {mint.token(lifetime=lifetime)}")], replies=1,
                pause=3.2, size=1)
            for lifetime in (2, 600, 2, 600)
        ]
        assert [call.outcome().code for call in calls] == [Status.UNAUTHENTICATED, Status.OK] * 2


@pytest.mark.parametrize("secure", [False, True], ids=["cleartext", "TLS"])
def test_very_many_calls_end_with_one_token(
    front: Any, service: GRPCService, mint: Mint, world: World, secure: bool
) -> None:
    listener = world.listener() if secure else {"address": "127.0.0.1:0"}
    gateway, count, name = front(service, listeners=[listener], limits={"http2_streams": 1000}), 500, f"many-{secure}"
    expiry = int(time.time()) + 5
    with Channel(gateway.address, world.authority.pem if secure else None, token=mint.token(exp=expiry)) as channel:
        calls = [channel.begin("ServerStream", b"a", holds=True, call=name, initial=[]) for _ in range(count)]
        service.wait_until(lambda: len(service.find("holding", name)) == count, "all calls")
        outcomes = [call.outcome() for call in calls]
        assert 0 <= time.time() - expiry < 3
    assert {outcome.code for outcome in outcomes} == {Status.UNAUTHENTICATED}
    service.wait_until(lambda: len(service.find("cancelled", name)) == count, "all cancellations")
    lines = gateway.wait_for_log_count(count)
    assert {(line["ended"], line["grpc_status"]) for line in lines} == {("token_expired", 16)}


def test_a_client_that_does_not_read_does_not_keep_its_call(front: Any, service: GRPCService, mint: Mint) -> None:
    """The upstream is let go at once; the client is waited for, but not for long."""
    gateway = front(service)
    expiry = int(time.time()) + 3
    with Channel(gateway.address, token=mint.token(exp=expiry)) as channel:
        call = channel.begin("ServerStream", b"a", timeout=40, endless=True, size=65536, call="unread")
        service.wait_for("cancelled", "unread")
        assert 0 <= time.time() - expiry < 1
        line = gateway.wait_for_log(lambda line: True, timeout=15)
        assert (line["ended"], line["grpc_status"], line["decision"]) == ("token_expired", 16, "allow")
        call.cancel()


@pytest.mark.parametrize("case", ["outlive_token", "public", "shadow", "no expiry"])
def test_calls_that_do_not_end_with_a_token(front: Any, service: GRPCService, mint: Mint, case: str) -> None:
    choices: dict[str, Any] = {
        "outlive_token": routes(outlive_token=True), "shadow": routes(shadow=True), "no expiry": routes(),
        "public": [{"id": "probe", "path": "/test.Probe/{method}", "methods": ["POST"], "public": True}],
    }
    gateway = front(service, routes=choices[case], issuer={"require_expiry": False} if case == "no expiry" else None)
    token = mint.token(exp=None) if case == "no expiry" else mint.token(lifetime=2)
    with Channel(gateway.address, token=token) as channel:
        calls = [channel.begin(kind, b"a", replies=1, size=2, pause=3, initial=[["x-a", "b"]]) for kind in KINDS]
        outcomes = [call.outcome() for call in calls]
    assert [(outcome.code, outcome.messages) for outcome in outcomes] == [(Status.OK, [bytes(2)])] * 4
    assert all("ended" not in line_of(gateway, outcome) for outcome in outcomes)


def test_a_token_may_end_in_the_middle_of_a_message(front: Any, mint: Mint) -> None:
    def begin(exchange: HTTP2Exchange) -> None:
        exchange.begin(200, "Content-Type: application/grpc")
        exchange.write(b"\0\0\0\0\x64" + bytes(10))

    with HTTP2Upstream(begin) as upstream:
        gateway = front(upstream)
        with Channel(gateway.address, token=mint.token(lifetime=2)) as channel:
            outcome = channel.run("ServerStream", b"a")
        assert (outcome.code, outcome.messages) == (Status.UNAUTHENTICATED, [])


@every_kind
def test_a_call_that_its_client_cancels_was_allowed(front: Any, service: GRPCService, mint: Mint, kind: str) -> None:
    gateway, name = front(service), f"cancelled-{kind}"
    with Channel(gateway.address, token=mint.token()) as channel:
        begin_held(channel, service, kind, name, True).cancel()
        service.wait_for("cancelled", name)
        line = gateway.wait_for_log_count(1)[0]
    assert (line["decision"], line["reason"], line["aborted"], line["level"]) == ("allow", "allowed", "client", "info")
    assert not {"ended", "grpc_status"} & set(line)


# MARK: Deadlines that a client does not enforce


class Held:
    """Answers with a head and a message if it `begins`, and never ends by itself."""

    def __init__(self, begins: bool):
        self.begins = begins
        self.exchanges: list[HTTP2Exchange] = []

    def __call__(self, exchange: HTTP2Exchange) -> None:
        if self.begins:
            exchange.begin(200, "Content-Type: application/grpc", "X-A: b")
            exchange.write(MESSAGE)
        self.exchanges.append(exchange)


@pytest.mark.parametrize("begun", [False, True], ids=["before the head", "after the head"])
@pytest.mark.parametrize("timeout", ["1S", "900m", "900000u", "90000000n"])
def test_the_gateway_ends_a_call_whose_deadline_has_passed(front: Any, mint: Mint, timeout: str, begun: bool) -> None:
    """One second later, since a client that is there ends it by itself; also where the route's timeout is longer."""
    held = Held(begun)
    with HTTP2Upstream(held) as upstream:
        gateway = front(upstream)
        with HTTP2Client(gateway.address) as client:
            began = time.monotonic()
            stream = client.begin(
                "POST", "/test.Probe/Unary", *CALL, f"grpc-timeout: {timeout}", f"Authorization: Bearer {mint.token()}", end=False)
            client.send(stream, MESSAGE)
            response = client.wait(stream)
            took = time.monotonic() - began
        assert 1 <= took < 3
        assert held.exchanges[0].message.get("grpc-timeout") == timeout
        told = dict(response.trailers if begun else response.fields)
        assert (response.status, response.body, told["grpc-status"]) == (200, MESSAGE if begun else b"", "4")
        assert "deadline" in told["grpc-message"]
        line = gateway.log_of(response)
        assert (line["ended"], line["grpc_status"], line["decision"]) == ("deadline_exceeded", 4, "allow")
        upstream.wait_until(lambda: held.exchanges[0].was_reset is not None, "the cancellation")


def test_the_request_is_one_of_gRPC_for_the_upstream(front: Any, mint: Mint) -> None:
    """Servers of gRPC insist on `te: trailers`, and on the type of the content."""
    def answer(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        exchange.begin(200, "Content-Type: application/grpc+proto")
        exchange.write(MESSAGE)
        exchange.finish("grpc-status: 0", "x-trailer: a")

    with HTTP2Upstream(answer) as upstream:
        gateway = front(upstream)
        with HTTP2Client(gateway.address) as client:
            response = client.exchange(
                "POST", "/test.Probe/Unary", "Content-Type: application/grpc+proto", "TE: trailers", "grpc-encoding: identity",
                "grpc-accept-encoding: gzip", f"Authorization: Bearer {mint.token()}", body=MESSAGE)
        message = upstream.messages[0]
        assert [message.get(name) for name in ("te", "content-type", "grpc-encoding", "grpc-accept-encoding")] == [
            "trailers", "application/grpc+proto", "identity", "gzip"]
        assert message.body == MESSAGE and message.get("content-length") is None
        assert (response.body, response.trailers) == (MESSAGE, [("grpc-status", "0"), ("x-trailer", "a")])
        assert response.get("content-length") is None
        assert gateway.log_of(response)["grpc_status"] == 0


# MARK: Idleness


@every_kind
def test_a_call_without_a_byte_either_way_ends(front: Any, service: GRPCService, mint: Mint, kind: str) -> None:
    gateway, name = front(service, routes=routes(stream_idle_timeout="700ms")), f"idle-{kind}"
    with Channel(gateway.address, token=mint.token()) as channel:
        began = time.monotonic()
        outcome = begin_held(channel, service, kind, name, True).outcome()
    assert 0.5 < time.monotonic() - began < 3
    assert outcome.code is Status.UNAVAILABLE
    assert service.wait_for("cancelled", name)
    line = line_of(gateway, outcome)
    assert (line["ended"], line["grpc_status"], line["decision"]) == ("idle_timeout", 14, "allow")


def test_bytes_in_one_direction_keep_a_call_alive(front: Any, service: GRPCService, mint: Mint) -> None:
    """For longer than the idle time of streams and of other bodies, and slower than those must be."""
    gateway = front(
        service, routes=routes(stream_idle_timeout="1s", idle_timeout="500ms"), limits={"body_rate": "64KiB"})
    with Channel(gateway.address, token=mint.token()) as channel:
        requests = Requests()
        upload = channel.begin("ClientStream", requests=requests, replies=1, size=1)
        download = channel.begin("ServerStream", b"a", replies=6, pause=0.6, size=1)
        for _ in range(6):
            requests.send(b"a")
            time.sleep(0.6)
        requests.close()
        assert [upload.outcome().code, download.outcome().code] == [Status.OK, Status.OK]


# MARK: The gateway stops


def test_calls_may_finish_while_the_gateway_drains(front: Any, service: GRPCService, mint: Mint) -> None:
    gateway = front(service, limits={"drain_timeout": "2s"})
    with Channel(gateway.address, token=mint.token()) as channel:
        held = begin_held(channel, service, "Bidirectional", "drained", True)
        waiting = begin_held(channel, service, "Unary", "drained before a head", False)
        finishing = [
            channel.begin(kind, b"a", replies=1, pause=0.7, size=1, reads=1, call=f"finishing-{kind}") for kind in KINDS]
        for kind in KINDS:
            service.wait_for("read", f"finishing-{kind}")
        gateway.signal(signal.SIGTERM)
        drained = time.monotonic()
        assert [call.outcome().code for call in finishing] == [Status.OK] * 4
        outcomes = [held.outcome(), waiting.outcome()]
        assert 1.5 < time.monotonic() - drained < 4
    assert gateway.wait() == 0
    for outcome, name in zip(outcomes, ("drained", "drained before a head")):
        assert outcome.code is Status.UNAVAILABLE, outcome
        assert service.wait_for("cancelled", name)
        line = line_of(gateway, outcome)
        assert (line["ended"], line["grpc_status"], line["decision"]) == ("draining", 14, "allow")


# MARK: The upstream fails


def test_an_upstream_that_is_down_is_unavailable_as_without_the_gateway(front: Any, mint: Mint, tmp_path: Path) -> None:
    port = free_port()
    with HTTP2Upstream() as placeholder:
        gateway = front(placeholder, upstreams={"service": {"servers": [f"http://127.0.0.1:{port}"], "protocol": "h2c"}})
        for address in (("127.0.0.1", port), gateway.address):
            with Channel(address, token=mint.token()) as channel:
                assert channel.run("Unary", b"a").code is Status.UNAVAILABLE
        service = GRPCService(tmp_path / "service.log", port=port)
        with Channel(gateway.address, token=mint.token()) as channel:
            assert channel.run("Unary", b"a", replies=1).code is Status.OK
        service.stop()


@pytest.mark.parametrize("through", [False, True], ids=["direct", "through"])
@pytest.mark.parametrize("begun", [False, True], ids=["before the head", "after the head"])
def test_an_upstream_that_dies_is_unavailable(front: Any, mint: Mint, tmp_path: Path, begun: bool, through: bool) -> None:
    service = GRPCService(tmp_path / "service.log")
    gateway = front(service)
    with Channel(gateway.address if through else service.address, token=mint.token()) as channel:
        call = begin_held(channel, service, "Bidirectional", "dies", begun)
        service.kill()
        outcome = call.outcome()
    assert (outcome.code, outcome.messages) == (Status.UNAVAILABLE, [])
    if through:
        line = line_of(gateway, outcome)
        assert (line["grpc_status"], line["decision"], "ended" in line) == (14, "allow", False)
        assert (line["level"], line.get("aborted")) == (("info", "upstream") if begun else ("error", None))


@pytest.mark.parametrize("code", [0, 2, 8, 11], ids=["NO_ERROR", "INTERNAL_ERROR", "CANCEL", "ENHANCE_YOUR_CALM"])
def test_a_reset_after_the_head_comes_as_trailers(front: Any, mint: Mint, code: int) -> None:
    arrived = threading.Event()

    def fail(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        exchange.begin(200, "Content-Type: application/grpc")
        exchange.write(MESSAGE)
        assert arrived.wait(PATIENCE)
        exchange.reset(code)

    with HTTP2Upstream(fail) as upstream:
        gateway = front(upstream)
        with Channel(gateway.address, token=mint.token()) as channel:
            call = channel.begin("ServerStream", b"a")
            assert call.next() == b"a"
            arrived.set()
            outcome = call.outcome()
        assert (outcome.code, outcome.messages) == (Status.UNAVAILABLE, []), outcome
        line = line_of(gateway, outcome)
        assert (line["grpc_status"], line["aborted"], line["decision"]) == (14, "upstream", "allow")


def test_what_falls_short_of_its_length_is_cut_and_has_no_status(front: Any, mint: Mint) -> None:
    """Trailers would make a whole of it; the log says what the client was told."""
    def fail(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        exchange.begin(200, "Content-Type: application/grpc", "Content-Length: 100")
        exchange.write(MESSAGE)
        exchange.reset()

    with HTTP2Upstream(fail) as upstream:
        gateway = front(upstream)
        with HTTP2Client(gateway.address) as client, pytest.raises(Truncated):
            client.exchange("POST", "/test.Probe/Unary", *CALL, f"Authorization: Bearer {mint.token()}", body=MESSAGE)
        (line,) = gateway.wait_for_log_count(1)
    assert line["aborted"] == "upstream" and "grpc_status" not in line, line


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 429, 500, 502, 503, 504])
def test_an_answer_that_is_not_of_gRPC_passes(front: Any, mint: Mint, status: int) -> None:
    """As from a proxy between the gateway and the service; clients make of it what they would without the gateway."""
    def answer(exchange: HTTP2Exchange) -> None:
        exchange.read_body()
        exchange.respond(status, "Content-Type: text/html", body=b"<p>not here</p>")

    with HTTP2Upstream(answer) as upstream:
        gateway = front(upstream)
        outcomes = []
        for address in (upstream.address, gateway.address):
            with Channel(address, token=mint.token()) as channel:
                outcomes.append(channel.run("Unary", b"a"))
        assert [outcome.code for outcome in outcomes] == [outcomes[0].code] * 2
        assert outcomes[0].code is not Status.OK
        assert outcomes[0].details == outcomes[1].details


# MARK: PING


def test_pings_of_clients_do_no_harm(front: Any, service: GRPCService, mint: Mint) -> None:
    gateway = front(service)
    options: Any = [
        ("grpc.keepalive_time_ms", 200), ("grpc.keepalive_timeout_ms", 5000), ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with Channel(gateway.address, token=mint.token(), options=options) as channel:
        call = channel.begin("Bidirectional", b"a", replies=1, pause=6, size=1)
        assert call.outcome().code is Status.OK
        time.sleep(1)
        assert channel.run("Unary", b"a", replies=1).code is Status.OK


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_an_idle_stream_is_left_alone_by_servers_that_count_pings(front: Any, service: GRPCService, mint: Mint) -> None:
    """Three PINGs within five minutes without data would be too many for a server on grpcio."""
    held = Held(True)
    with HTTP2Upstream(held) as upstream:
        gateways = [front(service), front(upstream)]
        with Channel(gateways[0].address, token=mint.token()) as channel, HTTP2Client(gateways[1].address) as client:
            requests = Requests(b"a")
            call = channel.begin("Bidirectional", requests=requests, timeout=None, echoes=True)
            assert call.next() == b"a"
            client.begin("POST", "/test.Probe/Unary", *CALL, f"Authorization: Bearer {mint.token()}")
            time.sleep(90)
            assert [connection.pings for connection in upstream.connections] == [1]
            requests.send(b"b")
            assert call.next() == b"b"
            requests.close()
            assert call.outcome().code is Status.OK
