"""`gateway explain` and `gateway test` decide as the gateway does: reason, status, route and path of every request."""

from __future__ import annotations

import json
import random
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import REPOSITORY, Gateway, binary, configuration
from harness.tokens import Mint, Signer
from harness.upstream import Upstream
from harness.wire import request

SEED = 20261124
COUNT = 3000

ROUTES: list[dict[str, Any]] = [
    {"id": "root", "path": "/", "public": True},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "status", "path": "/status", "methods": ["GET"], "authenticated": True, "trailing_slash": "either"},
    {"id": "read", "path": "/items/{id}", "methods": ["GET", "HEAD"], "scopes": ["items:read"]},
    {"id": "write", "path": "/items/{id}", "methods": ["PUT", "DELETE"], "scopes": ["items:write", "items:read"]},
    {"id": "mine", "path": "/items/mine", "methods": ["GET"], "any_scopes": [["items:read", "me"], ["items:write"]]},
    {"id": "files", "path": "/files/{name}", "scopes": ["items:read"], "allow": ["encoded_slash", "parameters"]},
    {"id": "admin", "path": "/admin/{rest...}", "roles": ["admin"]},
    {"id": "hosted", "path": "/items/{id}", "host": "api.test", "methods": ["GET"], "roles": ["viewer"]},
    {"id": "tenant", "path": "/items/{id}", "host": "*.tenant.test", "methods": ["GET"], "authenticated": True},
    {"id": "shadow", "path": "/shadow/{rest...}", "scopes": ["me"], "shadow": True, "rewrite": {"strip_prefix": "/shadow"}},
    {"id": "api", "path": "/api/{rest...}", "authenticated": True, "rewrite": {"strip_prefix": "/api"}},
    {"id": "other", "path": "/other", "authenticated": True, "issuers": ["other"]},
    {"id": "folded", "path": "/Folded/{id}", "scopes": ["me"], "upstream": "folding"},
    {"id": "options", "path": "*", "methods": ["OPTIONS"], "public": True},
]


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary(), *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)


class Requests:
    """Random requests: every kind of path, method, host and credential."""

    methods = ["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS", "PATCH", "get", "M-SEARCH", "TRACE", "CONNECT"]
    hosts = ["localhost", "api.test", "API.test.", "a.tenant.test", "a.b.tenant.test", "api.test:80", "api.test:81", "", "a b", "[::1]"]
    targets = [
        "/", "/public/a", "/public/", "/status", "/status/", "/items/1", "/items/mine", "/items/", "/files/a", "/admin/x/y",
        "/shadow/items/1", "/shadow/admin/x", "/shadow/x", "/api/items/1", "/api/status", "/api/x", "/other", "/Folded/a",
        "/folded/a", "/FOLDED/a/", "/nowhere", "*", "/livez", "http://api.test/items/1", "http://other.test", "/items",
    ]
    changes = ["", "", "", "", "?q=/admin/x", "%2Fadmin", ";x=1", "/", "//", "/../1", "/%2e%2e/x", "%zz", "%FF", "%252F", "\\", "#a",
               "%41", "%00", "/.", "%5Cx", "..;/", "é"]

    def __init__(self, mint: Mint, seed: int):
        self.mint, self.random = mint, random.Random(seed)
        self.stranger = Signer("ES256", "key-es256")
        self.unknown = Signer("ES256", "unknown")

    def token(self) -> str:
        choose = self.random.choice
        scopes = [s for s in ("items:read", "items:write", "me", "unheard:of") if self.random.random() < 0.5]
        claims: dict[str, Any] = {"scope": choose([" ".join(scopes), scopes, None])}
        if self.random.random() < 0.5:
            claims["roles"] = choose([["viewer"], ["editor"], ["admin"], "admin", ["nobody"], []])
        kind = self.random.randrange(30)
        flaws: dict[int, dict[str, Any]] = {
            0: {"lifetime": -3600}, 1: {"aud": "https://elsewhere.test"}, 2: {"aud": None}, 3: {"iss": "https://nobody.test/"},
            4: {"iss": None}, 5: {"exp": None}, 6: {"nbf": 4000000000}, 7: {"iat": 4000000000}, 8: {"lifetime": 100 * 3600},
            9: {"header": {"typ": "id+jwt"}}, 10: {"header": {"typ": "at+jwt"}}, 11: {"header": {"alg": "none"}},
            12: {"header": {"alg": "HS256"}}, 13: {"header": {"kid": None}}, 14: {"header": {"crit": ["b64"]}},
            15: {"signer": self.stranger}, 16: {"signer": self.unknown}, 17: {"scope": 7}, 18: {"roles": {"a": 1}},
            19: {"exp": "soon"}, 20: {"iss": "https://other.test/"}, 21: {"iss": "https://other.test/", "sub": None},
            22: {"algorithm": "RS256"}, 23: {"algorithm": "EdDSA"}, 24: {"padding": "x" * 9000},
        }
        token = self.mint.token(**(claims | flaws.get(kind, {})))
        return {25: token[:-4], 26: token + ".x", 27: "abc"}.get(kind, token)

    def next(self) -> dict[str, str]:
        choose = self.random.choice
        target = choose(self.targets) + choose(self.changes)
        wanted = {"method": choose(self.methods[:4] * 4 + self.methods), "target": target}
        if self.random.random() < 0.5:
            wanted["host"] = choose(self.hosts)
        if self.random.random() < 0.8:
            wanted["token"] = self.token()
        return wanted


@pytest.fixture(scope="module")
def folding() -> Iterator[Upstream]:
    """A server that takes several paths for the same; it only seems so."""
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="module")
def front(module_gateway: Any, shared_upstream: Upstream, folding: Upstream, mint: Mint) -> Gateway:
    issuers = configuration("", mint, "")["issuers"]
    other = issuers["main"] | {"issuer": "https://other.test/", "required_claims": ["sub"], "grant": "intersection"}
    return module_gateway(
        shared_upstream, routes=ROUTES, issuers=issuers | {"other": other},
        listeners=[{"address": "127.0.0.1:0", "livez": True}],
        upstreams={"service": {"servers": [shared_upstream.url]},
                   "folding": {"servers": [folding.url], "case_insensitive_paths": True, "ignores_trailing_slash": True}},
        refusals={"realm": "api", "insufficient_scope_status": 403, "unmatched_status": 404})


def test_every_random_request_is_decided_as_the_gateway_decides_it(front: Gateway, mint: Mint, tmp_path: Path) -> None:
    source = Requests(mint, SEED)
    tests, answers = [], []
    for number in range(COUNT):
        wanted = source.next()
        lines = [f"Authorization: Bearer {wanted['token']}"] if "token" in wanted else []
        head = request(wanted["method"], "TARGET", *lines, host=wanted.get("host", "localhost"))
        answers.append(front.exchange(head.replace(b"TARGET", wanted["target"].encode(), 1)))
        tests.append({"name": str(number), "request": wanted})
    front.wait_for_log(lambda line: line["request_id"] == answers[-1].get("x-request-id"))
    log = {line["request_id"]: line for line in front.log_lines()}
    for test, answer in zip(tests, answers, strict=True):
        line = log[answer.get("x-request-id")]
        expect = {"decision": line["decision"], "reason": line["reason"]}
        if "route" in line:
            expect["route"] = line["route"]
        if line.get("origin") == "gateway" and "upstream" not in line:
            expect["status"] = answer.status
        if line.get("origin") == "upstream" and answer.body:
            expect["upstream_path"] = json.loads(answer.body)["target"].partition("?")[0]
        test["expect"] = expect
    table = tmp_path / "tests.json"
    table.write_text(json.dumps({"tests": tests}))

    result = run("test", str(table), "--config", str(front.configuration_path), "--json")
    assert result.stderr == ""
    outcomes = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(outcome, tests[number]) for number, outcome in enumerate(outcomes) if not outcome["passed"]][:3] == []
    assert (result.returncode, len(outcomes)) == (0, COUNT)

    # The requests were of every kind, and the answers say of each refusal what the log does not.
    reasons = {outcome["outcome"]["reason"] for outcome in outcomes}
    assert reasons >= {
        "allowed", "public", "shadow", "no_token", "malformed_token", "unsupported_algorithm", "unknown_issuer", "unknown_key",
        "bad_signature", "expired", "not_yet_valid", "wrong_audience", "wrong_type", "required_claim", "lifetime_exceeded",
        "insufficient_scope", "insufficient_role", "no_route", "method_not_allowed", "ambiguous_path", "bad_request",
        "not_implemented", "rewrite_conflict",
    }
    for answer, outcome in zip(answers, (outcome["outcome"] for outcome in outcomes), strict=True):
        line = log[answer.get("x-request-id")]
        assert outcome.get("route") == line.get("route")
        assert outcome.get("would_deny") == line.get("would_deny")
        assert outcome.get("upstream") == line.get("upstream")
        if outcome["decision"] != "allow":
            assert outcome.get("challenge") == answer.get("www-authenticate")
            if answer.body:
                assert outcome["detail"] == json.loads(answer.body)["detail"]

    # One of each reason, asked for alone.
    alone = {outcome["outcome"]["reason"]: number for number, outcome in enumerate(outcomes)}
    for reason, number in alone.items():
        wanted, expected = tests[number]["request"], outcomes[number]["outcome"]
        arguments = ["explain", wanted["method"], wanted["target"], "--config", str(front.configuration_path), "--json"]
        arguments += ["--host", wanted["host"]] if "host" in wanted else []
        arguments += ["--token", "-"] if "token" in wanted else []
        explained = run(*arguments, text=wanted.get("token", ""))
        assert explained.returncode == {"allow": 0, "undecided": 2}.get(expected["decision"], 1), (reason, explained.stderr)
        answer = json.loads(explained.stdout)
        assert {key: answer.get(key) for key in expected} == expected
        assert not any(part in explained.stdout for part in wanted.get("token", "").split(".") if len(part) > 20)


@pytest.fixture
def config(tmp_path: Path, mint: Mint) -> str:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(configuration("http://127.0.0.1:9", mint, tmp_path / "log"), indent=2))
    return str(path)


def test_the_explanation_for_people_says_what_is_missing_and_what_would_help(config: str) -> None:
    result = run("explain", "DELETE", "/items/1", "--scopes", "items:read", "--config", config)
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "deny: insufficient_scope"
    assert any(line.split() == ["-", "missing", "scopes", "items:write"] for line in lines)
    assert "  * a token with items:write besides" in lines
    assert "  * a token with the role editor or admin besides" in lines
    assert any("not checked: the claims were given, not a token" in line for line in lines)
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["explain", "GET"], 64, "Missing expected argument"),
        (["explain", "GET", "/", "--claims", "[]"], 64, "--claims is not a JSON object"),
        (["explain", "GET", "/", "--claims", '{"a":1,"a":2}'], 64, "occurs twice"),
        (["explain", "GET", "/", "--claims", "{}", "--scopes", "me"], 64, "Only one of"),
        (["explain", "GET", "/a\r\nX: y"], 64, "holds a line end"),
        (["explain", "GET", "/", "--at", "-1"], 64, "--at"),
        (["explain", "GET", "/status/", "--issuer", "nobody"], 64, "no such issuer"),
        (["explain", "GET", "/", "--token", "/nowhere/token"], 66, "/nowhere/token: No such file"),
        (["explain", "GET", "/", "--config", "/nowhere/gateway.json"], 78, "cannot read the configuration"),
        (["test", "/nowhere/tests.json"], 66, "cannot read"),
    ],
)
def test_what_cannot_be_asked_has_a_status_of_its_own(config: str, arguments: list[str], status: int, message: str) -> None:
    if "--config" not in arguments:
        arguments = [*arguments, "--config", config]
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert message in result.stderr


@pytest.mark.parametrize("text", ["", "a b", "two\nlines", "\x01"])
def test_what_is_no_token_is_not_sent_as_one(config: str, text: str) -> None:
    result = run("explain", "GET", "/status/", "--token", "-", "--config", config, text=text)
    assert (result.returncode, result.stderr) == (64, "-: this is not one token\n")


def test_a_token_from_a_file_may_end_with_a_line_end(config: str, mint: Mint, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(mint.token() + "\n")
    assert run("explain", "GET", "/items/1", "--token", str(token), "--config", config).returncode == 0


def test_a_decision_at_another_time(config: str, mint: Mint) -> None:
    token = mint.token()
    arguments = ["explain", "GET", "/items/1", "--token", "-", "--config", config]
    assert run(*arguments, text=token).returncode == 0
    late = run(*arguments, "--at", "4102444800", text=token)
    assert (late.returncode, late.stdout.splitlines()[0]) == (1, "deny: expired")


def test_a_failed_test_shows_how_to_have_it_explained(config: str, tmp_path: Path) -> None:
    table = tmp_path / "my tests.json"
    table.write_text(json.dumps({"tests": [
        {"name": "fails", "request": {"method": "GET", "target": "/items/it's", "scopes": ["me"]}, "expect": {"decision": "allow"}},
        {"name": "passes", "request": {"method": "GET", "target": "/health"}, "expect": {"decision": "allow"}},
    ]}))
    result = run("test", str(table), "--config", config)
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{table}:1: FAILED fails"
    assert 'decision: expected "allow", got "deny"' in lines[1]
    assert lines[-1] == "2 tests, 1 failed"
    words = shlex.split(next(line for line in lines if "gateway explain" in line))
    assert words[0] == "gateway"
    explained = run(*words[1:])
    assert (explained.returncode, explained.stdout.splitlines()[0]) == (1, "deny: insufficient_scope")


def test_mistakes_in_a_table_are_told_with_their_place(config: str, tmp_path: Path) -> None:
    table = tmp_path / "tests.json"
    table.write_text('{ "tests": [\n  { "name": "a", "request": { "method": "GET", "path": "/" }, "expect": { "decision": "deny" } } ] }')
    result = run("test", str(table), "--config", config)
    assert (result.returncode, result.stdout) == (2, "")
    assert f'{table}:2:48: unknown key "path"' in result.stderr
    assert '"target" is missing' in result.stderr


def test_the_shipped_tests_hold_for_the_shipped_configuration(tmp_path: Path) -> None:
    for name in ("gateway.json", "Deploy/policy-tests.json"):
        (tmp_path / Path(name).name).write_text((REPOSITORY / name).read_text())
    result = run("test", str(tmp_path / "policy-tests.json"), "--config", str(tmp_path / "gateway.json"))
    assert (result.returncode, result.stdout) == (0, "13 tests, 0 failed\n")
