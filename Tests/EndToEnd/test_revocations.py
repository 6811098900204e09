"""Tokens that are revoked: from a file and by operators, effective on the next request, on what is cached and on what runs."""

from __future__ import annotations

import datetime
import json
import os
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from harness.gateway import Gateway, binary, configuration
from harness.grpc_client import Channel
from harness.grpc_service import GRPCService
from harness.provider import Provider
from harness.reloading import NO_WATCH, reload, settings_of
from harness.stage import Stage
from harness.streamed import KINDS, Streamed, listeners
from harness.tls import World
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.websocket_frames import close_frame
from harness.wire import PATIENCE, Response, request
from test_admin import JSON, TCP
from test_admin import ask as ask_admin
from test_api_keys import READER, hash_of
from test_grpc_ends import begin_held
from test_grpc_ends import line_of as grpc_line_of
from test_grpc_ends import routes as grpc_routes
from test_remote_keys import outcome
from test_websocket_ends import Pair, Service

ROUTES: list[dict[str, Any]] = [
    {"id": "any", "path": "/any", "authenticated": True},
    {"id": "streams", "path": "/streams/{rest...}", "authenticated": True},
    {"id": "outlives", "path": "/outlives/{rest...}", "authenticated": True, "outlive_token": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "shadow", "path": "/shadow", "authenticated": True, "shadow": True, "identity_headers": {"X-User": "subject"}},
]
REVOKED = "401 revoked"

Start = Callable[..., Gateway]


@pytest.fixture
def start(start_gateway: Any, upstream: Upstream, tmp_path: Path) -> Start:
    """Starts a gateway with a state directory, an empty file of revocations, and an admin listener; each call is another run."""
    state, file = tmp_path / "state", tmp_path / "revocations.json"
    state.mkdir(mode=0o700)
    write(file)

    def start(target: Any = None, **changes: Any) -> Gateway:
        settings = {
            "admin": TCP, "routes": ROUTES, "state_directory": str(state), "revocations": {"file": str(file)},
        } | changes
        gateway: Gateway = start_gateway(target or upstream, **{key: value for key, value in settings.items() if value})
        return gateway

    return start


@pytest.fixture
def gateway(start: Start) -> Gateway:
    return start()


def write(file: Path, *entries: dict[str, Any]) -> None:
    """As an editor does: another file, put in the place of the old one."""
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps({"revocations": list(entries)}))
    os.replace(beside, file)


def ask(gateway: Gateway, token: str, target: str = "/any") -> Response:
    return gateway.exchange(request("GET", target, f"Authorization: Bearer {token}"))


def change(gateway: Gateway, method: str, body: Any) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask_admin(gateway, method, "/revocations", JSON, *([] if data else ["Content-Length: 0"]), body=data)


def revoke(gateway: Gateway, **entry: Any) -> dict[str, Any]:
    response = change(gateway, "POST", entry)
    assert response.status in (200, 201), response
    return json.loads(response.body)


def entries(gateway: Gateway) -> list[dict[str, Any]]:
    return json.loads(ask_admin(gateway, "GET", "/revocations").body)["revocations"]


def wait_for(gateway: Gateway, token: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (got := outcome(ask(gateway, token))) != wanted:
        assert time.monotonic() < deadline, f"{got} instead of {wanted}"
        time.sleep(0.02)


#: Each kind of entry, and a token's claims that it is about.
KINDS_OF_ENTRY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "jti": ({"jti": "token-1"}, {"jti": "token-1"}),
    "sid": ({"sid": "session-1"}, {"sid": "session-1"}),
    "sub": ({"sub": "mallory"}, {"sub": "mallory"}),
    "client_id": ({"client_id": "app-1"}, {"client_id": "app-1"}),
    "azp": ({"client_id": "app-1"}, {"azp": "app-1"}),
}


# MARK: The next request


@pytest.mark.parametrize("kind", KINDS_OF_ENTRY)
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "not seen before"])
def test_revoked_by_an_operator(gateway: Gateway, mint: Mint, kind: str, cached: bool) -> None:
    """`POST /revocations`: the very next request is refused, on every worker; others are not."""
    entry, claims = KINDS_OF_ENTRY[kind]
    token, other = mint.token(**claims), mint.token(jti="token-2", sid="session-2", client_id="app-2")
    if cached:
        assert [outcome(ask(gateway, token)) for _ in range(8)] == ["200"] * 8
    revoke(gateway, **entry)
    answers = [ask(gateway, token) for _ in range(8)]
    assert {outcome(answer) for answer in answers} == {REVOKED}
    assert 'error="invalid_token"' in (answers[0].get("www-authenticate") or "")
    line = gateway.log_of(answers[0])
    assert (line["decision"], line["reason"], line["status"]) == ("deny", "revoked", 401)
    assert outcome(ask(gateway, other)) == "200"


@pytest.mark.parametrize("kind", KINDS_OF_ENTRY)
def test_revoked_by_the_file(start: Start, tmp_path: Path, mint: Mint, kind: str) -> None:
    """The file is watched: its change is a reload, and what was cached is refused."""
    entry, claims = KINDS_OF_ENTRY[kind]
    gateway, token = start(), mint.token(**claims)
    assert outcome(ask(gateway, token)) == "200"
    issued = {"issued_before": int(time.time()) + 60} if "sub" in entry else {}
    write(tmp_path / "revocations.json", entry | issued | {"comment": "left the company"})
    wait_for(gateway, token, REVOKED)
    write(tmp_path / "revocations.json")
    wait_for(gateway, token, "200")


def test_issued_before(gateway: Gateway, mint: Mint) -> None:
    """Tokens of a subject that were issued before a moment; new ones are good, and those that do not say when are not."""
    now = int(time.time())
    old, new, undated = (mint.token(sub="mallory", iat=iat, exp=now + 600) for iat in (now - 100, now - 10, None))
    revoke(gateway, sub="mallory", issued_before=now - 50)
    assert [outcome(ask(gateway, token)) for token in (old, new, undated)] == [REVOKED, "200", REVOKED]


def test_without_a_moment_all_tokens_so_far_are_meant(gateway: Gateway, mint: Mint) -> None:
    """`issued_before` is now and a second by default, so that a token of this very second is meant, too."""
    now = int(time.time())
    revoke(gateway, sub="mallory")
    assert outcome(ask(gateway, mint.token(sub="mallory", iat=now))) == REVOKED
    assert outcome(ask(gateway, mint.token(sub="mallory", iat=now + 4, exp=now + 600))) == "200", "within the clock skew"


@pytest.mark.parametrize("spelling", ["number", "RFC 3339"])
def test_times_in_both_forms(gateway: Gateway, mint: Mint, spelling: str) -> None:
    now = int(time.time())

    def spell(seconds: int) -> int | str:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        return seconds if spelling == "number" else moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    revoke(gateway, sub="mallory", issued_before=spell(now - 50), expires_at=spell(now + 600))
    assert outcome(ask(gateway, mint.token(sub="mallory", iat=now - 100))) == REVOKED
    assert outcome(ask(gateway, mint.token(sub="mallory", iat=now - 10))) == "200"


def test_entries_of_one_issuer(gateway: Gateway, mint: Mint) -> None:
    revoke(gateway, sub="alice", issuer="https://other.example")
    assert outcome(ask(gateway, mint.token())) == "200"
    revoke(gateway, sub="alice", issuer=mint.issuer)
    assert outcome(ask(gateway, mint.token())) == REVOKED


def test_api_keys_are_meant_only_by_name(start: Start) -> None:
    """An entry for every issuer does not reach them; one for `api_keys` does."""
    keys = {"ci": {"hash": hash_of(READER), "scopes": ["items:read"]}}
    gateway = start(api_keys={"keys": keys, "header": "X-API-Key"})

    def knock() -> str:
        return outcome(gateway.exchange(request("GET", "/any", f"X-API-Key: {READER}")))

    assert knock() == "200"
    revoke(gateway, sub="ci")
    assert knock() == "200"
    revoke(gateway, sub="ci", issuer="api_keys")
    assert knock() == REVOKED


def test_opaque_tokens_are_revoked_too(start: Start, world: World) -> None:
    """Though their answer is in the cache, and the provider still calls them active."""
    with Provider(world) as provider:
        gateway = start(issuers={"opaque": provider.introspected()})
        token = provider.issue("opaque-token", jti="token-1", sub="mallory")
        assert outcome(ask(gateway, token)) == "200"
        revoke(gateway, jti="token-1")
        assert outcome(ask(gateway, token)) == REVOKED
        assert len(provider.questions) == 1


def test_public_and_shadow_routes(gateway: Gateway, mint: Mint) -> None:
    token = mint.token()
    revoke(gateway, sub="alice")
    assert outcome(ask(gateway, token, "/public/x")) == "200"
    shadow = ask(gateway, token, "/shadow")
    assert outcome(shadow) == "200" and gateway.log_of(shadow)["would_deny"] == "revoked"
    assert "x-user" not in {name.lower() for name, _ in json.loads(shadow.body)["fields"]}, "nobody vouches for it any more"


# MARK: What runs


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def performer(stage: Stage) -> Iterator[Upstream]:
    with Upstream(stage) as upstream:
        yield upstream


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_stream_ends_when_its_token_is_revoked(
    start: Start, stage: Stage, performer: Upstream, world: World, mint: Mint, kind: str
) -> None:
    """At once, without another event; in the log as `revoked`. A stream of another token goes on."""
    gateway = start(performer, listeners=listeners(world))
    begun = []
    for subject in ("mallory", "alice"):
        stream = Streamed.to(gateway, kind, world)
        stream.begin("GET", "/streams/x", f"Authorization: Bearer {mint.token(sub=subject)}", "Accept: text/event-stream")
        performance = stage.next()
        performance.begin()
        performance.write(b"data: one\n\n")
        assert stream.head().status == 200
        assert stream.read_exactly(11) == b"data: one\n\n"
        begun.append((stream, performance))
    revoke(gateway, sub="mallory")
    revoked_at = time.monotonic()
    (ended, its_upstream), (going_on, other) = begun
    assert ended.read_to_end() == b"", "in order: what a reader of events has so far is whole"
    assert its_upstream.left.wait(PATIENCE)
    assert time.monotonic() - revoked_at < 1.5
    line = gateway.wait_for_log(lambda line: line.get("sub") == "mallory", "the stream that ended")
    assert (line["ended"], line["decision"]) == ("revoked", "allow")
    other.write(b"data: two\n\n")
    assert going_on.read_exactly(11) == b"data: two\n\n"
    other.finish()
    assert going_on.read_to_end() == b""
    for stream in (ended, going_on):
        stream.client.socket.close()


def test_a_stream_ends_by_the_file_too(
    start: Start, stage: Stage, performer: Upstream, world: World, mint: Mint, tmp_path: Path
) -> None:
    gateway = start(performer)
    with Streamed.direct(gateway.address) as stream:
        stream.begin("GET", "/streams/x", f"Authorization: Bearer {mint.token(jti='token-1')}")
        performance = stage.next()
        performance.begin()
        performance.write(b"data: one\n\n")
        assert stream.head().status == 200
        write(tmp_path / "revocations.json", {"jti": "token-1"})
        assert performance.left.wait(PATIENCE)
    assert gateway.wait_for_log(lambda line: line.get("route") == "streams")["ended"] == "revoked"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.mark.parametrize("way", ["h1", "h2c"])
def test_a_websocket_ends_with_1008(start: Start, service: Service, world: World, mint: Mint, way: str) -> None:
    gateway = start(service.upstream)
    pair = Pair(way, gateway, world, service, "/streams/x", f"Authorization: Bearer {mint.token(sub='mallory')}")
    other = Pair(way, gateway, world, service, "/streams/y", f"Authorization: Bearer {mint.token()}")
    pair.exchange()
    revoke(gateway, sub="mallory")
    began = time.monotonic()
    for side in (pair.client, pair.upstream):
        side.expect_close(1008)
        side.send(close_frame(1008))
    pair.expect_ends()
    assert time.monotonic() - began < 1.5
    line = gateway.log_of(pair.response)
    assert (line["ended"], line["decision"], line["reason"]) == ("revoked", "allow", "allowed")
    other.exchange()
    pair.reached.close()
    other.reached.close()


@pytest.fixture(scope="module")
def grpc_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GRPCService]:
    service = GRPCService(tmp_path_factory.mktemp("grpc") / "service.log")
    yield service
    service.stop()


@pytest.mark.parametrize("kind", ["Unary", "ServerStream", "Bidirectional"])
def test_a_call_of_grpc_ends_with_16(start: Start, grpc_service: GRPCService, mint: Mint, kind: str) -> None:
    gateway = start(grpc_service.url, routes=grpc_routes(), upstreams={
        "service": {"servers": [grpc_service.url], "protocol": "h2c"}})
    with Channel(gateway.address, token=mint.token(sub="mallory")) as channel:
        call = begin_held(channel, grpc_service, kind, f"revoked-{kind}", True)
        revoke(gateway, sub="mallory")
        began = time.monotonic()
        result = call.outcome()
        assert time.monotonic() - began < 1.5
        again = channel.run("Unary", b"a")
    assert result.code is grpc.StatusCode.UNAUTHENTICATED and "revoked" in result.details
    line = grpc_line_of(gateway, result)
    assert (line["ended"], line["grpc_status"], line["decision"]) == ("revoked", 16, "allow")
    assert again.code is grpc.StatusCode.UNAUTHENTICATED, "the next call is refused"


def test_a_stream_that_outlives_its_token_does_not_outlive_a_revocation(
    start: Start, stage: Stage, performer: Upstream, mint: Mint
) -> None:
    """`outlive_token` is about expiry, which is nobody's decision; a revocation is."""
    gateway = start(performer)
    with Streamed.direct(gateway.address) as stream:
        stream.begin("GET", "/outlives/x", f"Authorization: Bearer {mint.token(sub='mallory')}")
        performance = stage.next()
        performance.begin()
        performance.write(b"data: one\n\n")
        assert stream.head().status == 200
        revoke(gateway, sub="mallory")
        assert performance.left.wait(PATIENCE)


# MARK: What is kept


def test_revocations_survive_a_restart(start: Start, tmp_path: Path, mint: Mint) -> None:
    first = start()
    revoke(first, jti="token-1")
    revoke(first, sub="mallory", issuer=mint.issuer, issued_before=int(time.time()) + 60, comment="stolen laptop")
    kept = tmp_path / "state" / "revocations.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    first.stop()
    second = start()
    for claims in ({"jti": "token-1"}, {"sub": "mallory"}):
        assert outcome(ask(second, mint.token(**claims))) == REVOKED
    assert len(entries(second)) == 2


def test_revocations_survive_a_kill(start: Start, mint: Mint) -> None:
    """What the operator was told is kept, is kept."""
    first = start()
    assert revoke(first, jti="token-1")["persistent"] is True
    first.may_fail = True  # type: ignore[attr-defined]
    first.kill()
    assert outcome(ask(start(), mint.token(jti="token-1"))) == REVOKED


def test_revocations_survive_a_reload(start: Start, mint: Mint) -> None:
    gateway = start(launch=NO_WATCH)
    revoke(gateway, jti="token-1")
    settings = settings_of(gateway)
    settings["routes"].append({"id": "more", "path": "/more", "public": True})
    assert reload(gateway, settings)["event"] == "reloaded"
    assert outcome(ask(gateway, mint.token(jti="token-1"))) == REVOKED


def test_without_a_state_directory_the_answer_says_so(start: Start, mint: Mint) -> None:
    gateway = start(state_directory=None)
    answer = revoke(gateway, jti="token-1")
    assert answer["persistent"] is False and answer["warning"]
    assert outcome(ask(gateway, mint.token(jti="token-1"))) == REVOKED


def test_entries_end_by_themselves(start: Start, mint: Mint) -> None:
    gateway, token = start(), mint.token(jti="token-1")
    ends = int(time.time()) + 2
    revoke(gateway, jti="token-1", expires_at=ends)
    assert outcome(ask(gateway, token)) == REVOKED and len(entries(gateway)) == 1
    wait_for(gateway, token, "200")
    assert time.time() >= ends
    assert entries(gateway) == []


def test_entries_that_have_ended_are_not_written_again(start: Start, tmp_path: Path) -> None:
    gateway = start()
    revoke(gateway, jti="short", expires_at=int(time.time()) + 1)
    time.sleep(1.2)
    revoke(gateway, jti="long")
    text = (tmp_path / "state" / "revocations.json").read_text()
    assert "long" in text and "short" not in text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"revocations": [{}]}', '{"revocations": [{"jti": 1}]}'])
def test_a_kept_file_that_does_not_read_refuses_the_start(
    start: Start, tmp_path: Path, mint: Mint, content: str
) -> None:
    """What was revoked must not be good again because of a bad disk."""
    (tmp_path / "state" / "revocations.json").write_text(content)
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(configuration(
        "http://127.0.0.1:1", mint, tmp_path / "log", routes=ROUTES, state_directory=str(tmp_path / "state"))))
    done = subprocess.run([binary(), "serve", "--config", str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode != 0 and "revocations.json" in done.stderr


@pytest.mark.parametrize("entry", [
    {}, {"jti": "a", "sub": "b"}, {"sub": "a"}, {"jti": ""}, {"jti": 1}, {"jti": "a", "expires_at": "soon"},
    {"jti": "a", "issued_before": -1}, {"jti": "a", "more": 1}, {"jti": "a", "issuer": 1},
], ids=json.dumps)
def test_a_bad_entry_in_the_file_is_told_with_its_place(start: Start, tmp_path: Path, mint: Mint, entry: dict[str, Any]) -> None:
    """The reload fails, names file, line and column, and what was in force stays in force."""
    file = tmp_path / "revocations.json"
    gateway = start(launch=NO_WATCH)
    write(file, {"jti": "token-1"})
    assert reload(gateway)["event"] == "reloaded"
    file.write_text('{"revocations": [\n  ' + json.dumps(entry) + "\n]}")
    failed = reload(gateway)
    assert failed["event"] == "reload_failed" and "revocations.json:2:" in json.dumps(failed)
    assert outcome(ask(gateway, mint.token(jti="token-1"))) == REVOKED


# MARK: The admin listener


def test_the_list_of_entries(gateway: Gateway, mint: Mint) -> None:
    assert entries(gateway) == []
    revoke(gateway, jti="token-1", issuer=mint.issuer)
    [entry] = entries(gateway)
    assert (entry["jti"], entry["issuer"]) == ("token-1", mint.issuer)


def test_several_at_once_and_again(gateway: Gateway, mint: Mint) -> None:
    body = {"revocations": [{"jti": "a"}, {"sid": "b"}, {"jti": "a"}]}
    for _ in range(2):
        assert change(gateway, "POST", body).status in (200, 201)
    assert len(entries(gateway)) == 2, "the same entry again is the same entry"
    assert outcome(ask(gateway, mint.token(sid="b"))) == REVOKED


def test_delete(gateway: Gateway, mint: Mint) -> None:
    """Takes back what was added, entry by entry."""
    revoke(gateway, jti="a")
    revoke(gateway, jti="b")
    assert change(gateway, "DELETE", {"jti": "a"}).status == 200
    assert [outcome(ask(gateway, mint.token(jti=name))) for name in ("a", "b")] == ["200", REVOKED]
    assert change(gateway, "DELETE", {"jti": "never there"}).status in (200, 404)
    assert len(entries(gateway)) == 1


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[]", b"jti=a", b'{"jti":"a","jti":"b"}', b'{"jti":"a"}x', b'{"jti":1}', b'{"jti":""}', b'{"jti":"a","sub":"b"}',
    b'{"jti":"a","more":1}', b'{"jti":"a","expires_at":"tomorrow"}', b'{"jti":"a","expires_at":true}',
    b'{"jti":"a","issued_before":1.5}', b'{"revocations":{}}', b'{"revocations":[{"jti":"good"},{"sub":7}]}',
    b'{"revocations":[{"jti":"good"}],"jti":"a"}', b'{"jti":"\\ud800"}', b"[" * 10_000,
], ids=lambda body: body[:30].decode())
def test_a_malformed_change_changes_nothing(gateway: Gateway, body: bytes) -> None:
    for method in ("POST", "DELETE"):
        assert change(gateway, method, body).status == 400
    assert entries(gateway) == []


def test_a_change_from_a_page_in_a_browser_is_refused(gateway: Gateway) -> None:
    body = b'{"jti":"a"}'
    for lines in ((JSON, "Origin: https://evil.example"), (JSON, "Sec-Fetch-Site: cross-site")):
        assert ask_admin(gateway, "POST", "/revocations", *lines, body=body).status == 403
    assert ask_admin(gateway, "POST", "/revocations", "Content-Type: text/plain", body=body).status == 415
    assert ask_admin(gateway, "POST", "/revocations", JSON, body=body, host="evil.example").status == 421
    assert entries(gateway) == []


def test_the_data_listener_has_nothing_of_it(gateway: Gateway, mint: Mint) -> None:
    body = b'{"jti":"token-1"}'
    assert gateway.exchange(request("POST", "/revocations", JSON, body=body)).status == 401
    assert outcome(ask(gateway, mint.token(jti="token-1"))) == "200"


def test_many_entries(start: Start, tmp_path: Path, mint: Mint) -> None:
    """100 000 in the file, and one more is refused with its reason; the last of them is effective."""
    gateway = start(launch=NO_WATCH)
    many = [{"jti": f"token-{number}"} for number in range(100_000)]
    write(tmp_path / "revocations.json", *many)
    assert reload(gateway)["event"] == "reloaded"
    assert outcome(ask(gateway, mint.token(jti="token-99999"))) == REVOKED
    assert outcome(ask(gateway, mint.token(jti="token-100000"))) == "200"
    write(tmp_path / "revocations.json", *many, {"jti": "one more"})
    failed = reload(gateway)
    assert failed["event"] == "reload_failed" and "100000" in json.dumps(failed).replace(" ", "").replace("_", "")
