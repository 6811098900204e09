"""`rewrite` (configuration.md; security.md rule 3): what the upstream sees, and what is refused rather than weakened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint
from harness.upstream import Upstream
from harness.wire import request

ROUTES: list[dict[str, Any]] = [
    {"id": "api", "path": "/api/{rest...}", "public": True, "rewrite": {"strip_prefix": "/api"}},
    {"id": "bare", "path": "/bare", "public": True, "trailing_slash": "either", "rewrite": {"strip_prefix": "/bare"}},
    {"id": "old", "path": "/old/{rest...}", "scopes": ["items:read"], "rewrite": {"replace_prefix": ["/old", "/items"]}},
    {"id": "shadow", "path": "/shadow/{rest...}", "scopes": ["me"], "shadow": True, "rewrite": {"strip_prefix": "/shadow"}},
    {"id": "items", "path": "/items/{id}", "methods": ["GET"], "scopes": ["items:read", "me"]},
    {"id": "admin", "path": "/admin/{rest...}", "roles": ["admin"]},
]


@pytest.fixture(scope="module")
def front(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES)


@pytest.mark.parametrize(
    ("sent", "matched", "forwarded"),
    [
        ("/api/a/b", "/api/a/b", "/a/b"), ("/api/a?q=/api/b", "/api/a", "/a?q=/api/b"), ("/bare", "/bare", "/"),
        ("/bare/", "/bare/", "/"), ("/bare?x", "/bare", "/?x"), ("/%61pi/./x/../a%2fb", "/api/a%2Fb", "/a%2Fb"),
        ("/shadow/x", "/shadow/x", "/x"),
    ],
)
def test_the_upstream_sees_the_new_path_and_the_log_the_one_that_was_matched(
    front: Gateway, sent: str, matched: str, forwarded: str
) -> None:
    response = front.exchange(request("GET", sent))
    assert json.loads(response.body)["target"] == forwarded
    assert front.log_of(response)["path"] == matched


def test_a_rewritten_path_does_not_leak_into_the_next_exchange(front: Gateway) -> None:
    with front.client() as client:
        for path in ("/api/one", "/shadow/two", "/api/three"):
            assert json.loads(client.exchange(request("GET", path)).body)["target"] == "/" + path.split("/")[2]
        assert client.exchange(request("GET", "/nowhere")).status == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/admin/x", None), ("GET", "/api/admin%2Fx", None), ("GET", "/api//evil.test/", None),
        ("GET", "/api/%2Fevil.test/", None), ("POST", "/api/items/1", "items:read me"), ("GET", "/old/1", "items:read"),
        ("DELETE", "/old/1", "items:read me"), ("GET", "/shadow/admin/x", None), ("GET", "/shadow/items/1", "items:read"),
    ],
)
def test_rule_3_a_rewrite_that_would_weaken_the_decision_is_refused(
    front: Gateway, shared_upstream: Upstream, mint: Mint, method: str, path: str, scope: str | None
) -> None:
    before = len(shared_upstream.messages)
    lines = [f"Authorization: Bearer {mint.token(scope)}"] if scope else []
    with front.client() as client:
        response = client.exchange(request(method, path, *lines))
        assert (response.status, json.loads(response.body)["reason"]) == (502, "rewrite_conflict")
        assert client.exchange(request("GET", "/api/next")).status == 200, "the connection goes on"
    assert [message.target for message in shared_upstream.messages[before:]] == ["/next"]
    line = front.log_of(response)
    assert (line["decision"], line["level"], line["reason"]) == ("undecided", "error", "rewrite_conflict")
    assert (line["origin"], line["path"]) == ("gateway", path) and "upstream" not in line


def test_rule_3_who_may_use_the_other_route_as_well_may_pass(front: Gateway, mint: Mint) -> None:
    token = f"Authorization: Bearer {mint.token('items:read me')}"
    response = front.exchange(request("GET", "/old/1", token))
    assert json.loads(response.body)["target"] == "/items/1"
    line = front.log_of(response)
    assert (line["route"], line["decision"], line["path"]) == ("old", "allow", "/old/1")
