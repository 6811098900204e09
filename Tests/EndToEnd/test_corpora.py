"""The HTTP/1.1 corpora against the running gateway, each case in one write and one byte per write.

A case's client has a loopback address of its own, so that the upstream can tell by `X-Forwarded-For` whose request it saw.
"""

from __future__ import annotations

import socket
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from corpora_policy import REFUSED_BY_RULE, STANDS_ALONE
from harness.corpus import Case, load
from harness.gateway import Gateway
from harness.upstream import Exchange, Upstream, echo
from harness.wire import Client, Closed, Response, Truncated

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

ROUTES = [
    {"id": "root", "path": "/", "public": True},
    {"id": "everything", "path": "/{rest...}", "public": True},
    {"id": "server", "path": "*", "methods": ["OPTIONS"], "public": True},
]
LIMITS = {"head_timeout": "20s", "idle_timeout": "20s"}
#: For messages that never end, so that nobody waits long for that.
SHORT_LIMITS = {"head_timeout": "1500ms", "idle_timeout": "1500ms"}
REQUEST_KINDS = ("request", "chunked-body", "headers", "url")
PARALLEL = 48


@dataclass
class Outcome:
    """What a client saw and what the upstream saw of it."""

    case: Case
    address: str
    responses: list[Response] = field(default_factory=list)
    ended: str = "closed"

    @property
    def statuses(self) -> list[int]:
        return [response.status for response in self.responses]


def send(gateway: Gateway, case: Case, address: str, bytewise: bool) -> Outcome:
    """Sends the case, half-closes once it is answered unless more is to come, and reads until the gateway closes."""
    outcome = Outcome(case, address)
    methods = iter(guess_methods(case.data))
    with Client(gateway.address, source=address, timeout=20) as client:
        (client.send_bytewise if bytewise else client.send_leniently)(case.data)
        if "incomplete" not in case.expect:
            # Who half-closes before is taken to have left.
            client.await_data(3)
            client.finish_writing()
        try:
            while True:
                outcome.responses.append(client.read_response(next(methods, "GET")))
        except Closed:
            outcome.ended = "reset" if client.reader.was_reset else "closed"
        except Truncated as truncated:
            outcome.ended = f"truncated: {truncated}"
        except TimeoutError:
            outcome.ended = "still open"
    return outcome


def guess_methods(data: bytes) -> list[str]:
    """HEAD in first place changes how the first response is read; nothing else matters."""
    return ["HEAD"] if data.lstrip(b"\r\n").startswith(b"HEAD ") else []


def run(patient: Gateway, hasty: Gateway, cases: list[Case], network: int, bytewise: bool) -> list[Outcome]:
    def one(numbered: tuple[int, Case]) -> Outcome:
        index, case = numbered
        gateway = hasty if "incomplete" in case.expect else patient
        return send(gateway, case, f"127.{network}.{index // 250 + 1}.{index % 250 + 1}", bytewise)

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(one, enumerate(cases)))


@pytest.fixture(scope="module")
def recorder() -> Any:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="module")
def front(module_gateway: Any, recorder: Upstream) -> Gateway:
    return module_gateway(recorder, routes=ROUTES, limits=LIMITS, refusals={"unmatched_status": 404})


@pytest.fixture(scope="module")
def hasty_front(module_gateway: Any, recorder: Upstream) -> Gateway:
    return module_gateway(recorder, routes=ROUTES, limits=SHORT_LIMITS, refusals={"unmatched_status": 404})


@pytest.fixture(scope="module")
def outcomes(front: Gateway, hasty_front: Gateway, recorder: Upstream, corpora: Path) -> list[tuple[str, Outcome]]:
    """Every request case, both ways; run once for all tests of this module."""
    cases = load(corpora, *REQUEST_KINDS)
    assert len(cases) > 800
    both = [("whole", outcome) for outcome in run(front, hasty_front, cases, 101, bytewise=False)]
    both += [("byte by byte", outcome) for outcome in run(front, hasty_front, cases, 102, bytewise=True)]
    return both


def accepted_in_full(outcome: Outcome, recorder: Upstream) -> bool:
    """Its first message reached the upstream whole and was answered from there."""
    seen = [message for message in recorder.messages_from(outcome.address) if message.complete]
    return bool(seen) and outcome.statuses[:1] == [200]


def listed(failures: list[str]) -> None:
    assert not failures, f"{len(failures)} cases:\n" + "\n".join(failures)


def describe(way: str, outcome: Outcome, recorder: Upstream, why: str) -> str:
    seen = [(message.method, message.target, message.complete) for message in recorder.messages_from(outcome.address)]
    return f"- {way}: {outcome.case}\n    {why}; statuses {outcome.statuses}, {outcome.ended}, upstream saw {seen}"


def test_nothing_valid_is_refused_but_by_the_listed_rules(outcomes: Any, recorder: Upstream) -> None:
    failures = []
    for way, outcome in outcomes:
        if outcome.case.expect != "accept":
            continue
        rule = REFUSED_BY_RULE.get(outcome.case.identity)
        accepted = accepted_in_full(outcome, recorder)
        if rule is None and not accepted:
            failures.append(describe(way, outcome, recorder, "refused, and no rule is listed for it"))
        if rule is not None and accepted:
            failures.append(describe(way, outcome, recorder, f"accepted, although listed as refused by {rule}"))
    listed(failures)


def test_nothing_malformed_reaches_the_upstream_as_a_message(outcomes: Any, recorder: Upstream) -> None:
    failures = []
    for way, outcome in outcomes:
        if outcome.case.expect != "reject":
            continue
        seen = [message for message in recorder.messages_from(outcome.address) if message.complete]
        alone = STANDS_ALONE.get(outcome.case.identity)
        if alone is not None and not seen:
            failures.append(describe(way, outcome, recorder, f"refused, although listed as passing by {alone[1]}"))
        final = outcome.statuses[-1:] or [0]
        if alone is None and seen:
            failures.append(describe(way, outcome, recorder, "it reached the upstream"))
        elif alone is not None and len(seen) > alone[0]:
            failures.append(describe(way, outcome, recorder, f"more than {alone[0]} messages reached the upstream"))
        elif alone is None and 200 <= final[0] < 400:
            failures.append(describe(way, outcome, recorder, "it was answered as if it were good"))
        elif outcome.ended == "still open":
            failures.append(describe(way, outcome, recorder, "the connection was left open"))
    listed(failures)


def test_incomplete_messages_wait_and_are_never_forwarded(outcomes: Any, recorder: Upstream) -> None:
    failures = []
    for way, outcome in outcomes:
        if outcome.case.expect not in ("incomplete", "lenient-incomplete"):
            continue
        seen = [message for message in recorder.messages_from(outcome.address) if message.complete]
        alone = STANDS_ALONE.get(outcome.case.identity)
        if len(seen) > (alone[0] if alone else 0):
            failures.append(describe(way, outcome, recorder, "it was forwarded as if it were whole"))
        elif outcome.ended == "still open":
            failures.append(describe(way, outcome, recorder, "it was waited for beyond the limit"))
    listed(failures)


def test_lenient_forms_are_refused(outcomes: Any, recorder: Upstream) -> None:
    failures = []
    for way, outcome in outcomes:
        if not outcome.case.expect.startswith("lenient-") or outcome.case.expect == "lenient-incomplete":
            continue
        seen = [message for message in recorder.messages_from(outcome.address) if message.complete]
        alone = STANDS_ALONE.get(outcome.case.identity)
        if len(seen) > (alone[0] if alone else 0):
            failures.append(describe(way, outcome, recorder, "a form that has two readings got through"))
    listed(failures)


def test_whole_and_byte_by_byte_lead_to_the_same(outcomes: Any, recorder: Upstream) -> None:
    by_case: dict[str, list[tuple[list[int], list[Any]]]] = {}
    for _, outcome in outcomes:
        seen = [(message.method, message.target, message.body, message.complete)
                for message in recorder.messages_from(outcome.address) if message.complete]
        by_case.setdefault(outcome.case.identity, []).append((outcome.statuses, seen))
    listed([f"- {identity}: {ways}" for identity, ways in by_case.items() if len({repr(way) for way in ways}) > 1])


def test_the_upstream_understood_every_message_as_one(outcomes: Any, recorder: Upstream) -> None:
    assert recorder.violations == []
    known = {outcome.address for _, outcome in outcomes}
    strangers = [message for message in recorder.messages if message.client not in known]
    assert strangers == [], "a request that no client sent"


def test_gunicorns_expectations_of_method_target_and_body_hold(outcomes: Any, recorder: Upstream) -> None:
    failures = []
    for way, outcome in outcomes:
        expected = outcome.case.line.get("expected")
        if outcome.case.expect != "accept" or not isinstance(expected, dict) or not accepted_in_full(outcome, recorder):
            continue
        message = recorder.messages_from(outcome.address)[0]
        if "method" in expected and message.method != expected["method"]:
            failures.append(describe(way, outcome, recorder, f"the method was {expected['method']}"))
        body = expected.get("body")
        if isinstance(body, str) and message.body != body.encode("latin-1"):
            failures.append(describe(way, outcome, recorder, f"the body was {body!r}, not {message.body!r}"))
    listed(failures)


# Responses


@pytest.fixture(scope="module")
def responses(module_gateway: Any, corpora: Path) -> Any:
    """Every response case from a fake upstream, both ways: (way, case, response or what went wrong, upstream connection)."""
    cases = {str(index): case for index, case in enumerate(load(corpora, "response"))}
    assert len(cases) > 100
    keys = [(number, way) for way in ("whole", "bytewise") for number in cases]
    served: dict[str, Any] = {}
    sent = {f"{number}/{way}": threading.Event() for number, way in keys}
    lock = threading.Lock()

    def handler(exchange: Exchange) -> None:
        number, way = exchange.message.target.split("/")[2:4]
        exchange.read_body()
        if number == "echo":
            return echo(exchange)
        case = cases[number]
        key = f"{number}/{way}"
        with lock:
            served[key] = exchange.connection
        try:
            if way == "bytewise":
                for index in range(len(case.data)):
                    exchange.send(case.data[index : index + 1])
            else:
                exchange.send(case.data)
            if "accept" in case.expect:
                exchange.connection.socket.shutdown(socket.SHUT_WR)
            sent[key].set()
            exchange.connection.reader.rest()
        except OSError:
            pass
        sent[key].set()
        exchange.close()

    upstream = Upstream(handler)
    # Each client has an upstream and so a pool of its own: bytes that come only after a connection is used again answer
    # whoever uses it, and that must not be another case.
    routes = [{"id": f"lane-{lane}", "path": f"/case/{{number}}/{{way}}/{lane}", "public": True,
               "upstream": {"servers": [upstream.url]}} for lane in range(PARALLEL)]
    gateway = module_gateway(upstream, routes=routes, workers=1, limits={"timeout": "2s", "idle_timeout": "2s"})
    lanes = queue.SimpleQueue[int]()
    for lane in range(PARALLEL):
        lanes.put(lane)

    def one(key: tuple[str, str]) -> Any:
        lane = lanes.get()
        try:
            return in_lane(lane, *key)
        finally:
            lanes.put(lane)

    def in_lane(lane: int, number: str, way: str) -> Any:
        with Client(gateway.address, timeout=20) as client:
            client.send(f"GET /case/{number}/{way}/{lane} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode())
            try:
                response: Any = client.read_response()
            except (Closed, Truncated, TimeoutError) as failure:
                response = failure
            assert sent[f"{number}/{way}"].wait(10), "the upstream was not asked"
            try:
                client.send(f"GET /case/echo/x/{lane} HTTP/1.1\r\nHost: gateway.test\r\nX-Probe: {number}-{way}\r\n\r\n".encode())
                after: Any = client.read_response()
            except (OSError, Closed, Truncated) as failure:
                after = failure
        return way, number, cases[number], response, after

    with ThreadPoolExecutor(PARALLEL) as pool:
        results = list(pool.map(one, keys))
    yield results, served
    upstream.stop()


def test_a_malformed_response_is_502_and_its_connection_is_not_reused(responses: Any) -> None:
    results, served = responses
    failures = []
    for way, number, case, response, after in results:
        if case.expect not in ("reject", "incomplete"):
            continue
        last = bytes(served[f"{number}/{way}"].raw).rpartition(b"GET ")[2].split(b" ")[0].decode()
        if not last.startswith(f"/case/{number}/{way}/"):
            failures.append(f"- {way}: {case}\n    its connection was used again, for {last}")
        if case.expect != "reject":
            continue
        cut = isinstance(response, (Closed, Truncated))
        if not cut and response.status != 502 and case.identity not in STANDS_ALONE:
            failures.append(f"- {way}: {case}\n    answered {response.status} {response.body[:80]!r}")
        if isinstance(after, Response) and after.get("x-probe") != f"{number}-{way}":
            failures.append(f"- {way}: {case}\n    the next answer was {after.status} {after.get('x-probe')}")
    listed(failures)


def test_a_valid_response_is_relayed(responses: Any) -> None:
    results, _ = responses
    failures = []
    for way, _, case, response, _ in results:
        if case.expect != "accept":
            continue
        if rule := REFUSED_BY_RULE.get(case.identity):
            if isinstance(response, Response) and response.status != 502:
                failures.append(f"- {way}: {case}\n    relayed, although listed as refused by {rule}")
            continue
        if not isinstance(response, Response):
            failures.append(f"- {way}: {case}\n    {response!r}")
        elif response.status == 502:
            failures.append(f"- {way}: {case}\n    502 {response.body[-120:]!r}")
    listed(failures)


def test_an_incomplete_response_is_never_passed_off_as_whole(responses: Any) -> None:
    results, _ = responses
    failures = []
    for way, _, case, response, _ in results:
        if case.expect == "incomplete" and isinstance(response, Response) and response.status not in (502, 504):
            failures.append(f"- {way}: {case}\n    answered {response.status}, {response.framing}, {response.body[:80]!r}")
    listed(failures)
