"""Paths, queries and hosts: what is authorized is what is forwarded (security.md rules 1 to 4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.wire import Response, request


def reason(response: Response) -> str:
    return json.loads(response.body)["reason"]


# Rule 1: one canonical path


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("/public/a", "/public/a"),
        ("/public/./a", "/public/a"),
        ("/public/b/../a", "/public/a"),
        ("/items/../public/a", "/public/a"),
        ("/public/%61", "/public/a"),
        ("/%70ublic/a", "/public/a"),
        ("/public/a%2ab", "/public/a%2Ab"),
        ("/public/%7Euser", "/public/~user"),
        ("/public/a/.", "/public/a/"),
        ("/public/a/b/..", "/public/a/"),
        ("/public/%C3%A9", "/public/%C3%A9"),
        ("/public/%c3%a9", "/public/%C3%A9"),
        ("/public/%7f", "/public/%7F"),
        ("/public/a+b:c@d!$&'()*,=", "/public/a+b:c@d!$&'()*,="),
    ],
)
def test_rule_1_the_canonical_path_is_matched_logged_and_sent(
    gateway: Gateway, shared_upstream: Upstream, sent: str, canonical: str
) -> None:
    response = gateway.exchange(request("GET", sent))
    assert response.status == 200, response.body
    assert json.loads(response.body)["target"] == canonical
    assert gateway.log_of(response)["path"] == canonical


ALWAYS_AMBIGUOUS = [
    "/public/%00", "/public/a%00b", "/public/%0a", "/public/%0D%0A", "/public/%1f", "/public/a\\b",
    "/public/\xe9", "/public/a#b", "/public/%", "/public/%4", "/public/%zz", "/public/%2x", "/../etc/passwd",
    "/public/../../x", "/public/%2e%2e%2fitems", "/public/%2E%2E%2Fitems", "/public/..;/items/1", "/public/..;a=b/items/1",
    "/public/..\\items", "/public/..%5citems", "/public/.%20/x", "/public/..%20/x", "/public/%2e%2e;/x",
]


@pytest.mark.parametrize("path", ALWAYS_AMBIGUOUS)
def test_rule_1_paths_that_are_always_refused(gateway: Gateway, shared_upstream: Upstream, path: str) -> None:
    before = len(shared_upstream.messages)
    response = gateway.exchange(request("GET", path))
    assert (response.status, reason(response)) in ((400, "ambiguous_path"), (400, "bad_request"))
    assert len(shared_upstream.messages) == before


READINGS = [
    # A raw path that is public, and protected in the reading of some server.
    "/public/..%2fitems%2f1", "/public%2f..%2fitems/1", "/public/x;/../../items/1", "/public//../items/1",
    "/public/%252e%252e/items/1", "/public/%252e%252e%252fitems%252f1", "//items/1", "/items;x/1", "/items/1;x", "/public/a%2fb",
    "/items%2f1", "/public%2fa", "/items/1%2f2", "/%2fitems/1", "/public;/a", "/;/public/a", "/public/a//b", "/items//1",
    "/admin%2fx", "/public/..%5c..%5citems", "/items%5c1", "/public/%2561", "/items/%2531", "/./public//a",
]


@pytest.mark.parametrize("path", READINGS)
def test_rule_1_every_reading_finds_the_same_route_or_none_is_forwarded(
    gateway: Gateway, shared_upstream: Upstream, path: str
) -> None:
    """Without a token only public routes answer 200: then no reading may be anything but public."""
    before = len(shared_upstream.messages)
    response = gateway.exchange(request("GET", path))
    seen = [message.target for message in shared_upstream.messages[before:]]
    if response.status == 200:
        assert path.startswith(("/public/a", "/public/%25", "/./public")), f"{path} reached the upstream as {seen}"
        assert gateway.log_of(response)["route"] == "public"
        for target in seen:
            lowered = target.lower()
            assert "items" not in lowered and ".." not in lowered and "%2e" not in lowered
    else:
        assert response.status in (400, 401)
        assert seen == []


@pytest.mark.parametrize(
    "path", ["/mixed/x%2Fy", "/mixed/x%2fy", "/mixed/x%5Cy", "/mixed/x//y", "/mixed/secret;v=1", "/mixed/%2573ecret"]
)
def test_rule_1_readings_that_find_different_routes_are_ambiguous(
    start_gateway: Any, upstream: Upstream, path: str
) -> None:
    routes = [
        {"id": "one", "path": "/mixed/{name}", "public": True},
        {"id": "two", "path": "/mixed/{a}/{b}", "authenticated": True},
        {"id": "secret", "path": "/mixed/secret", "authenticated": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    response = gateway.exchange(request("GET", path))
    assert response.status in (400, 401)
    if response.status == 400:
        assert reason(response) == "ambiguous_path"
    assert upstream.messages == []


@pytest.mark.parametrize(
    ("form", "path"),
    [("encoded_slash", "/one/x%2Fy"), ("encoded_backslash", "/one/x%5Cy"), ("empty_segments", "/rest/x//y"),
     ("parameters", "/one/x;v=1"), ("double_encoding", "/one/x%252Fy"), ("invalid_utf8", "/one/x%FF")],
)
def test_rule_1_a_route_may_allow_a_form_by_name(start_gateway: Any, upstream: Upstream, form: str, path: str) -> None:
    def routes(**allow: list[str]) -> list[dict[str, Any]]:
        return [
            {"id": "one", "path": "/one/{name}", "public": True, **allow},
            {"id": "rest", "path": "/rest/{rest...}", "public": True, **allow},
            {"id": "two", "path": "/one/{a}/{b}", "authenticated": True},
        ]

    allowing = start_gateway(upstream, routes=routes(allow=[form]))
    response = allowing.exchange(request("GET", path))
    assert response.status == 200, response.body
    assert json.loads(response.body)["target"] == path
    strict = start_gateway(upstream, routes=routes())
    refused = strict.exchange(request("GET", path))
    if form in ("encoded_slash", "encoded_backslash", "double_encoding", "invalid_utf8"):
        assert (refused.status, reason(refused)) == (400, "ambiguous_path")


def test_rule_1_escapes_that_are_not_utf8_are_refused(gateway: Gateway) -> None:
    for path in ("/public/%FF", "/public/%C3", "/public/%C0%AF", "/public/%ED%A0%80"):
        response = gateway.exchange(request("GET", path))
        assert (response.status, reason(response)) == (400, "ambiguous_path"), path


# Rule 2: the query never takes part


@pytest.mark.parametrize(
    "query", ["?a=b", "?", "?a=/items/1", "?/../../x", "?%zz", "?a=%00", "?a=b?c=d", "?a;b//c\\d", "?a=%2e%2e%2f", "?{}|^`\"<>"]
)
def test_rule_2_the_query_is_forwarded_as_it_came(gateway: Gateway, query: str) -> None:
    response = gateway.exchange(request("GET", "/public/a" + query))
    if response.status == 400:
        assert any(character in query for character in "{}|^`\"<>\\"), "only what RFC 3986 does not allow may be refused"
    else:
        assert json.loads(response.body)["target"] == "/public/a" + query
        assert "?" not in gateway.log_of(response)["path"]


def test_rule_2_a_query_does_not_open_a_route(gateway: Gateway) -> None:
    assert gateway.exchange(request("GET", "/items/1?/health")).status == 401
    assert gateway.exchange(request("GET", "/items/1?x=/public/a")).status == 401


# Rule 4: the host


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "a,b", "a/b", "a@b", "user@gateway.test", "a:b", "a:99999", "[::1", "::1", "a:80:80", "a\tb", "a%", "é"]
)
def test_rule_4_a_malformed_host_is_400(gateway: Gateway, host: str) -> None:
    response = gateway.exchange(request("GET", "/public/a", host=host))
    if host.strip() == "":
        assert response.status == 200, "an empty Host matches routes without a host"
    else:
        assert (response.status, reason(response)) == (400, "bad_request")


def test_rule_4_a_missing_host_is_400_in_http_1_1(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/public/a", host=None))
    assert (response.status, reason(response)) == (400, "bad_request")


def test_rule_4_no_host_matches_only_routes_without_host(start_gateway: Any, upstream: Upstream) -> None:
    routes = [
        {"id": "with", "path": "/a", "host": "gateway.test", "public": True},
        {"id": "without", "path": "/b", "public": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    for options in ({"version": "HTTP/1.0", "host": None}, {"host": ""}):
        assert gateway.exchange(request("GET", "/a", **options)).status == 401  # type: ignore[arg-type]
        assert gateway.exchange(request("GET", "/b", **options)).status == 200  # type: ignore[arg-type]


def test_rule_4_the_authority_of_absolute_form_wins(start_gateway: Any, upstream: Upstream) -> None:
    routes = [
        {"id": "open", "path": "/a", "host": "open.test", "public": True},
        {"id": "closed", "path": "/a", "host": "closed.test", "authenticated": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    assert gateway.exchange(request("GET", "http://closed.test/a", host="open.test")).status == 401
    response = gateway.exchange(request("GET", "http://open.test/a", host="closed.test"))
    assert response.status == 200
    assert upstream.messages[-1].get("host") == "open.test"


HOST_ROUTES: list[dict[str, Any]] = [
    {"id": "exact", "path": "/a", "host": "api.example.com", "public": True},
    {"id": "wildcard", "path": "/a", "host": "*.example.com", "public": True},
    {"id": "deeper", "path": "/a", "host": "*.api.example.com", "public": True},
    {"id": "address", "path": "/a", "host": "[::1]", "public": True},
    {"id": "any", "path": "/a", "public": True},
    {"id": "closed", "path": "/only", "host": "api.example.com", "public": True},
]


@pytest.fixture(scope="module")
def hosts(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=HOST_ROUTES)


@pytest.mark.parametrize(
    ("host", "route"),
    [
        ("api.example.com", "exact"), ("API.Example.COM", "exact"), ("api.example.com.", "exact"),
        ("api.example.com:80", "exact"), ("api.example.com:8443", "exact"), ("Api.example.com.:80", "exact"),
        ("www.example.com", "wildcard"), ("WWW.EXAMPLE.COM.:8080", "wildcard"), ("x.api.example.com", "deeper"),
        ("y.x.api.example.com", "any"), ("example.com", "any"), ("xapi.example.com", "wildcard"), ("notexample.com", "any"),
        ("api.example.com.evil.test", "any"), ("api.example.org", "any"), ("[::1]:8080", "address"), ("127.0.0.1", "any"),
    ],
)
def test_rule_4_hosts_are_compared_without_case_port_and_dot_at_the_end(hosts: Gateway, host: str, route: str) -> None:
    for target, sent in (("/a", host), (f"http://{host}/a", "other.test")):
        response = hosts.exchange(request("GET", target, host=sent))
        assert response.status == 200 and hosts.log_of(response)["route"] == route, target
    assert (hosts.exchange(request("GET", "/only", host=host)).status == 200) == (route == "exact")


def test_rule_4_the_wildcard_is_one_label_that_is_not_empty(hosts: Gateway) -> None:
    for host in (".example.com", "..example.com", "a..example.com", "api.example.com.."):
        response = hosts.exchange(request("GET", "/a", host=host))
        assert response.status == 400 or hosts.log_of(response)["route"] == "any", host


def test_rule_4_http_1_0_with_a_host_has_that_host(hosts: Gateway) -> None:
    response = hosts.exchange(request("GET", "/only", host="api.example.com", version="HTTP/1.0"))
    assert response.status == 200 and hosts.log_of(response)["route"] == "closed"
    assert hosts.exchange(request("GET", "http://api.example.com/only", host=None, version="HTTP/1.0")).status == 200


def test_rule_4_a_repeated_host_is_400(hosts: Gateway, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.messages)
    for second in ("api.example.com", "other.test", ""):
        response = hosts.exchange(request("GET", "/a", f"Host: {second}", host="api.example.com"))
        assert (response.status, reason(response)) == (400, "bad_request")
    assert len(shared_upstream.messages) == before


def test_rule_4_the_upstream_sees_the_canonical_host(hosts: Gateway, shared_upstream: Upstream) -> None:
    for sent, canonical in (("API.example.com.:80", "api.example.com"), ("Api.Example.com:8443", "api.example.com:8443")):
        assert hosts.exchange(request("GET", "/a", host=sent)).status == 200
        message = shared_upstream.messages[-1]
        assert (message.get("host"), message.get("x-forwarded-host")) == (canonical, canonical)


@pytest.mark.parametrize("target", ["http:///a", "http://a@b@gateway.test/public/a", "ftp://gateway.test/public/a", "public/a",
                                    "http://", "//gateway.test:x/public", "http://gateway.test:port/public/a"])
def test_rule_4_a_malformed_target_is_not_forwarded(gateway: Gateway, shared_upstream: Upstream, target: str) -> None:
    before = len(shared_upstream.messages)
    assert gateway.exchange(request("GET", target)).status in (400, 401, 421, 501)
    assert len(shared_upstream.messages) == before


def test_user_information_of_absolute_form_is_not_sent_on(gateway: Gateway, shared_upstream: Upstream) -> None:
    assert gateway.exchange(request("GET", "http://user:secret@gateway.test/public/a")).status == 200
    message = shared_upstream.messages[-1]
    assert (message.target, message.get("host")) == ("/public/a", "gateway.test")
    assert not [value for _, value in message.fields if "user" in value or "secret" in value]


def test_an_ipv6_host_is_a_host(gateway: Gateway, shared_upstream: Upstream) -> None:
    assert gateway.exchange(request("GET", "/public/a", host="[::1]:8080")).status == 200
    assert shared_upstream.messages[-1].get("x-forwarded-host") == "[::1]:8080"
