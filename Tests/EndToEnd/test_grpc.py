"""gRPC through the gateway, with grpcio on both sides: every call ends as it does without the gateway."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest

from harness.gateway import Gateway
from harness.grpc_app import KINDS
from harness.grpc_client import Call, Channel, Outcome, Requests, without_own
from harness.grpc_service import GRPCService
from harness.process import MiB, PeakMemory
from harness.tls import World
from harness.tokens import Mint
from harness.wire import PATIENCE

OK = grpc.StatusCode.OK
ROUTES: list[dict[str, Any]] = [
    {"id": "probe", "path": "/test.Probe/{method}", "methods": ["POST"], "scopes": ["items:read"]},
]
every_kind = pytest.mark.parametrize("kind", KINDS)


class Pair:
    """A service, a gateway in front of it, and ways to call the one with and without the other."""

    def __init__(self, service: GRPCService, gateway: Gateway, mint: Mint, authorities: bytes | None):
        self.service, self.gateway, self.mint, self.authorities = service, gateway, mint, authorities

    def direct(self, **options: Any) -> Channel:
        return Channel(self.service.address, self.authorities, **options)

    def through(self, **options: Any) -> Channel:
        return Channel(self.gateway.address, self.authorities, token=self.mint.token(), **options)

    def same(self, act: Callable[[Channel], Outcome], **options: Any) -> Outcome:
        """What came of it, which is the same with and without the gateway."""
        with self.direct(**options) as channel:
            expected = act(channel)
        with self.through(**options) as channel:
            seen = act(channel)
        assert seen.comparable == expected.comparable
        return seen


@pytest.fixture(scope="module", params=["cleartext", "TLS"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, world: World, mint: Mint, module_gateway: Any
) -> Iterator[Pair]:
    """HTTP/2 with prior knowledge on both sides of the gateway, or TLS on both."""
    secure = request.param == "TLS"
    service = GRPCService(tmp_path_factory.mktemp("grpc") / "service.log", world=world if secure else None)
    upstream: dict[str, Any] = {"servers": [service.url], "protocol": "h2" if secure else "h2c"}
    if secure:
        upstream["tls"] = {"authorities": world.authorities}
    gateway = module_gateway(
        service.url, listeners=[world.listener() if secure else {"address": "127.0.0.1:0"}], routes=ROUTES,
        upstreams={"service": upstream}, limits={"timeout": "1s", "http2_streams": 1000})
    yield Pair(service, gateway, mint, world.authority.pem if secure else None)
    service.stop()


# MARK: Messages


@every_kind
@pytest.mark.parametrize(
    "messages", [[b""], [b"a"], [b"", b"a", b"bc" * 1000], [b"x"] * 500], ids=["empty", "one", "three", "500"])
def test_messages_arrive_as_they_were_sent(pair: Pair, kind: str, messages: list[bytes]) -> None:
    with pair.through() as channel:
        outcome = channel.run(kind, *messages, describes=True)
    sent = messages if KINDS[kind][0] else [b"".join(messages)]
    assert outcome.described["messages"] == [[len(message), sha256(message).hexdigest()] for message in sent]


@pytest.mark.parametrize("kind", ["ServerStream", "Bidirectional"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_a_stream_of_answers_arrives_whole(pair: Pair, kind: str, count: int) -> None:
    outcome = pair.same(lambda channel: channel.run(kind, b"a", replies=count, size=300))
    assert outcome.code is OK and outcome.messages == [bytes(300)] * count


def test_a_stream_of_no_requests_has_an_answer(pair: Pair) -> None:
    with pair.through() as channel:
        for kind in ("ClientStream", "Bidirectional"):
            assert channel.run(kind, describes=True).described["messages"] == []


@every_kind
def test_messages_of_4_MiB_pass_both_ways(pair: Pair, kind: str) -> None:
    message = bytes(range(256)) * (4 * MiB // 256)
    with pair.through() as channel:
        received = channel.run(kind, message, describes=True).described["messages"]
    assert received == [[4 * MiB, sha256(message).hexdigest()]]
    outcome = pair.same(lambda channel: channel.run(kind, message, replies=1, size=4 * MiB))
    assert outcome.messages == [bytes(4 * MiB)]


def test_answers_come_while_requests_go_on(pair: Pair) -> None:
    """Each message has its echo before the next is sent, so that nothing waits to be full."""
    def act(channel: Channel) -> Outcome:
        requests = Requests()
        call = channel.begin("Bidirectional", requests=requests, echoes=True)
        for size in (1, 100_000, 0, 7):
            requests.send(bytes(size))
            assert call.next() == bytes(size)
        requests.close()
        return call.outcome()

    assert pair.same(act).code is OK


def test_compressed_messages_pass_as_they_are(pair: Pair) -> None:
    text = b"again and again " * 10_000
    for kind in KINDS:
        outcome = pair.same(lambda channel: channel.run(
            kind, text, compression=grpc.Compression.Gzip, compresses=True, replies=1, size=100_000))
        assert outcome.messages == [bytes(100_000)]
        with pair.through() as channel:
            outcome = channel.run(kind, text, compression=grpc.Compression.Gzip, describes=True)
        assert outcome.described["messages"][0][0] == len(text)


def test_a_message_larger_than_the_client_takes_is_refused_by_it(pair: Pair) -> None:
    outcome = pair.same(
        lambda channel: channel.run("Unary", b"a", replies=1, size=100_000),
        options=[("grpc.max_receive_message_length", 50_000)])
    assert outcome.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_client_that_does_not_read_stops_the_service(pair: Pair) -> None:
    """Back-pressure: what nobody reads is not produced, and the gateway does not keep it."""
    size = 64 * 1024
    with PeakMemory(pair.gateway.pid) as memory:
        for number, channel in enumerate((pair.direct(), pair.through())):
            with channel:
                call = f"slow-{number}-{pair.service.port}"
                stream = channel.begin("ServerStream", b"", timeout=60, call=call, endless=True, size=size)
                sent = settled(lambda: len(pair.service.find("sent", call)))
                assert 0 < sent * size < 16 * MiB
                assert stream.next() == bytes(size)
                stream.cancel()
                pair.service.wait_for("cancelled", call)
    assert memory.growth < 32 * MiB


def settled(measure: Callable[[], int]) -> int:
    """What is measured, once it has not changed for half a second."""
    deadline, last, since = time.monotonic() + PATIENCE, measure(), time.monotonic()
    while time.monotonic() - since < 0.5:
        assert time.monotonic() < deadline, f"it does not settle: {last}"
        time.sleep(0.05)
        if (now := measure()) != last:
            last, since = now, time.monotonic()
    return last


# MARK: Metadata


@every_kind
def test_metadata_passes_both_ways(pair: Pair, kind: str) -> None:
    sent: Any = [
        ("x-text", "with spaces, \"quotes\" and 100%"), ("x-repeated", "one"), ("x-repeated", "two"), ("x.dotted-name", "a"),
        ("x-bin", bytes(range(256))), ("x-empty", ""), ("x-long", "a" * 4000),
    ]
    answered = [["x-initial", "first"], ["x-initial", "second"], ["x-initial-bin", "00ff0a0d"]]
    trailing = [["x-trailing", "t"], ["x-trailing-bin", "ff" * 100], ["x-trailing", "u"]]
    outcome = pair.same(lambda channel: channel.run(kind, b"a", initial=answered, trailing=trailing, replies=1))
    assert [field for field in outcome.initial if field[0].startswith("x-initial")] == answered
    assert outcome.comparable.trailing == trailing
    with pair.through() as channel:
        outcome = channel.run(kind, b"a", metadata=sent, describes=True)
    received = [tuple(field) for field in outcome.described["metadata"]]
    for key, value in sent:
        assert (key, value.hex() if isinstance(value, bytes) else value) in received


def test_the_service_sees_what_the_client_sent(pair: Pair) -> None:
    """Beside what the gateway says about the client."""
    seen = []
    for channel in (pair.direct(), pair.through()):
        with channel:
            outcome = channel.run("Unary", b"a", metadata=[("x-a", "1"), ("x-b", "2"), ("x-a", "3")], describes=True)
        seen.append(sorted(field for field in without_own(outcome.described["metadata"]) if field[0] != "authorization"))
    assert seen[0] == seen[1]


def test_names_with_an_underscore_pass_where_the_listener_says_so(
    start_gateway: Any, mint: Mint, tmp_path: Path
) -> None:
    """They are legal in gRPC; the gateway drops them by default, as everywhere."""
    service = GRPCService(tmp_path / "service.log")
    try:
        gateway = start_gateway(
            service.url, routes=ROUTES, upstreams={"service": {"servers": [service.url], "protocol": "h2c"}},
            listeners=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "underscore_fields": "pass"}])
        seen = []
        for address in gateway.listeners:
            with Channel(address, token=mint.token()) as channel:
                seen.append(channel.run("Unary", metadata=[("x_name", "a")], describes=True).metadata.get("x_name"))
        assert seen == [None, "a"]
    finally:
        service.stop()


# MARK: Statuses


@every_kind
@pytest.mark.parametrize("status", [status.name for status in grpc.StatusCode if status is not OK])
def test_every_status_arrives_with_its_details(pair: Pair, kind: str, status: str) -> None:
    details = "naïve: 100% \"of\" it – ✓\nand more"
    trailing = [["grpc-status-details-bin", "0a0b0c"], ["x-reason", "on purpose"]]
    outcome = pair.same(lambda channel: channel.run(kind, b"a", abort=[status, details, trailing]))
    assert (outcome.code, outcome.details, outcome.messages) == (grpc.StatusCode[status], details, [])
    assert outcome.trailer("x-reason") == "on purpose"


@pytest.mark.parametrize("kind", ["ServerStream", "Bidirectional"])
def test_a_status_after_messages_arrives_after_them(pair: Pair, kind: str) -> None:
    outcome = pair.same(lambda channel: channel.run(
        kind, b"a", replies=3, size=5, initial=[["x-a", "b"]], abort=["ABORTED", "enough", []]))
    assert (outcome.messages, outcome.code) == ([bytes(5)] * 3, grpc.StatusCode.ABORTED)


@every_kind
def test_an_exception_in_the_service_is_a_status(pair: Pair, kind: str) -> None:
    assert pair.same(lambda channel: channel.run(kind, b"a", fails=True)).code is grpc.StatusCode.UNKNOWN


def test_a_method_that_the_service_lacks_is_unimplemented(pair: Pair) -> None:
    outcome = pair.same(lambda channel: channel.run("Unary", b"a", method="/test.Probe/Missing"))
    assert outcome.code is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("kind", ["ClientStream", "Bidirectional"])
def test_an_answer_may_come_before_the_requests_are_complete(pair: Pair, kind: str) -> None:
    """The service has read one message, and ends the call; the client has not."""
    outcome = pair.same(lambda channel: channel.begin(kind, requests=Requests(b"a"), reads=1, replies=1, size=4).outcome())
    assert (outcome.code, outcome.messages) == (OK, [bytes(4)])
    outcome = pair.same(lambda channel: channel.begin(
        kind, requests=Requests(b"a"), reads=1, abort=["FAILED_PRECONDITION", "no more", []]).outcome())
    assert outcome.code is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("kind", ["ServerStream", "Bidirectional"])
def test_answers_go_on_after_the_client_has_ended_its_side(pair: Pair, kind: str) -> None:
    """For longer than the gateway waits for clients of HTTP/1.1 that have ended theirs."""
    outcome = pair.same(lambda channel: channel.run(kind, b"a", replies=4, size=3, pause=0.5))
    assert outcome.messages == [bytes(3)] * 4


# MARK: Deadlines and cancellation


@every_kind
def test_the_deadline_reaches_the_service(pair: Pair, kind: str) -> None:
    with pair.through() as channel:
        for timeout in (3.0, 50.0):
            remaining = channel.run(kind, b"a", timeout=timeout, describes=True).described["time_remaining"]
            assert timeout - 2 < remaining < timeout + 0.5
        assert channel.run(kind, b"a", timeout=None, describes=True).described["time_remaining"] is None


@every_kind
def test_a_deadline_that_passes_ends_the_call_on_both_sides(pair: Pair, kind: str) -> None:
    name = f"deadline-{kind}-{pair.service.port}"
    outcome = pair.same(lambda channel: channel.run(kind, b"a", timeout=0.4, holds=True, call=name))
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED
    pair.service.wait_until(lambda: len(pair.service.find("cancelled", name)) == 2, "both cancellations")


@every_kind
def test_a_deadline_takes_the_place_of_the_routes_timeout(pair: Pair, kind: str) -> None:
    """The route waits 1 s for a head; the client gave the service more."""
    outcome = pair.same(lambda channel: channel.run(kind, b"a", timeout=10, replies=1, pause=1.6, size=1))
    assert outcome.messages == [b"\0"]


def test_without_a_deadline_the_routes_timeout_holds(pair: Pair) -> None:
    name = f"late-{pair.service.port}"
    with pair.through() as channel:
        outcome = channel.run("Unary", b"a", timeout=None, holds=True, call=name)
    assert outcome.code is grpc.StatusCode.UNAVAILABLE and "(upstream_timeout)" in outcome.details
    pair.service.wait_for("cancelled", name)


@every_kind
@pytest.mark.parametrize("begun", [False, True], ids=["before the head", "after the head"])
def test_the_service_sees_a_cancellation_within_100_ms(pair: Pair, kind: str, begun: bool) -> None:
    """The middle of five, since other processes take their turns too."""
    times = []
    with pair.through() as channel:
        for number in range(5):
            name = f"cancel-{kind}-{begun}-{number}-{pair.service.port}"
            plan: dict[str, Any] = {"initial": [["x-a", "b"]]} if begun else {}
            call = channel.begin(kind, b"a", holds=True, call=name, **plan)
            pair.service.wait_for("holding", name)
            if begun and kind != "Unary":
                # The library tells the head of a unary call only at its end.
                assert ("x-a", "b") in call.call.initial_metadata()
            cancelled = time.monotonic()
            call.cancel()
            times.append(pair.service.wait_for("cancelled", name)["at"] - cancelled)
            assert call.outcome().code is grpc.StatusCode.CANCELLED
    assert statistics.median(times) < 0.1, times


def test_a_channel_that_closes_cancels_its_calls(pair: Pair) -> None:
    name = f"closed-{pair.service.port}"
    channel = pair.through()
    call = channel.begin("Bidirectional", requests=Requests(b"a"), reads=1, replies=1, holds=True, call=name)
    assert call.next() == b""
    pair.service.wait_for("holding", name)
    closed = time.monotonic()
    channel.channel.close()
    assert pair.service.wait_for("cancelled", name)["at"] - closed < 1


# MARK: Many


def test_1000_calls_at_once_on_10_channels(pair: Pair) -> None:
    channels = [pair.through() for _ in range(10)]
    outcomes = together("many channels", channels, list(KINDS))
    for channel in channels:
        channel.channel.close()
    assert [(outcome.code, outcome.messages) for outcome in outcomes] == [(OK, [b"\0"])] * 1000


def test_1000_calls_at_once_on_one_channel(pair: Pair) -> None:
    with pair.through() as channel:
        outcomes = together("one channel", [channel], ["Unary", "ServerStream"])
    assert [(outcome.code, outcome.messages) for outcome in outcomes] == [(OK, [b"\0"])] * 1000


def together(name: str, channels: list[Channel], kinds: list[str], count: int = 1000) -> list[Outcome]:
    """As many calls as `count`, none of which is answered before all of them have arrived."""
    calls: list[Call] = [
        channels[number % len(channels)].begin(
            kinds[number // len(channels) % len(kinds)], str(number).encode(), timeout=60, together=[name, count],
            replies=1, size=1)
        for number in range(count)
    ]
    return [call.outcome() for call in calls]
