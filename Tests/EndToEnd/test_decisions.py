"""The table of decisions: for every outcome the status, the challenge, the body and the line in the log."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.gateway import Gateway
from harness.tokens import Mint, Signer, base64url
from harness.upstream import Exchange, Upstream
from harness.wire import Response, request

NOT_AUTHENTICATED = "Not authenticated"
NOT_VALID = "Could not validate credentials"
NOT_ENOUGH = "Not enough permissions"
NO_ROUTE = "No route matches"


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


def check_refusal(
    response: Response, status: int, reason: str, *, detail: str | None = None, challenge: str | None = None
) -> dict[str, Any]:
    """What every answer made by the gateway has in common (decisions.md)."""
    assert response.status == status, (response.status, response.body)
    assert response.get("content-type") == "application/problem+json"
    assert response.get("cache-control") == "no-store"
    assert response.get("date")
    assert response.get("x-request-id")
    problem = json.loads(response.body)
    assert set(problem) >= {"type", "title", "status", "detail", "reason", "request_id"}
    assert problem["status"] == status
    assert problem["reason"] == reason
    assert problem["request_id"] == response.get("x-request-id")
    if detail is not None:
        assert problem["detail"] == detail
    if challenge is None:
        assert response.get("www-authenticate") is None
    else:
        check_challenge(response.get("www-authenticate"), challenge)
    return problem


def check_challenge(actual: str | None, expected: str) -> None:
    """Parameters in any order; `error_description="*"` stands for some fixed words."""
    assert actual is not None
    assert actual.startswith("Bearer ")
    got, wanted = parameters(actual), parameters(expected)
    if wanted.get("error_description") == "*":
        assert got.get("error_description"), actual
        wanted["error_description"] = got["error_description"]
    assert got == wanted


def parameters(challenge: str) -> dict[str, str]:
    pairs = {}
    for part in challenge.removeprefix("Bearer ").split(", "):
        name, _, value = part.partition("=")
        assert value.startswith('"') and value.endswith('"'), challenge
        pairs[name] = value.strip('"')
    return pairs


def check_log(gateway: Gateway, response: Response, decision: str, reason: str, **keys: Any) -> dict[str, Any]:
    line = gateway.log_of(response)
    assert line["decision"] == decision
    assert line["reason"] == reason
    assert line["status"] == response.status
    assert line["event"] == "access"
    assert line["level"] == {"allow": "info", "deny": "warn", "reject": "warn", "undecided": "error"}[decision]
    for key, value in keys.items():
        assert line.get(key) == value, (key, line)
    return line


# Allowed


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_with_the_scope_opens_the_route(gateway: Gateway, mint: Mint, algorithm: str) -> None:
    response = gateway.exchange(request("GET", "/items/42", bearer(mint.token(algorithm=algorithm, jti="one"))))
    assert response.status == 200
    line = check_log(
        gateway, response, "allow", "allowed", route="items.read", origin="upstream", upstream="service",
        upstream_status=200, sub="alice", iss=mint.issuer, token_id="one", method="GET", path="/items/42",
        host="gateway.test", proto="HTTP/1.1", remote_ip="127.0.0.1", client_ip="127.0.0.1",
    )
    assert line["duration"] >= line["upstream_duration"] > 0
    assert 590 <= line["exp_in"] <= 600


def test_a_role_grants_its_scopes_and_those_it_includes(gateway: Gateway, mint: Mint) -> None:
    token = mint.token(None, roles=["editor"])
    assert gateway.exchange(request("GET", "/items/1", bearer(token))).status == 200
    assert gateway.exchange(request("DELETE", "/items/1", bearer(token))).status == 200
    assert gateway.exchange(request("GET", "/edit", bearer(token))).status == 200, "a role held through includes is held"


def test_a_valid_token_without_scopes_opens_an_authenticated_route(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("GET", "/status/", bearer(mint.token(None))))
    assert response.status == 200
    check_log(gateway, response, "allow", "allowed", route="status")


@pytest.mark.parametrize("credential", [[], ["Authorization: Bearer nonsense"], ["Authorization: Basic YTpi"]])
def test_a_public_route_looks_at_no_credential(gateway: Gateway, credential: list[str]) -> None:
    response = gateway.exchange(request("GET", "/public/a", *credential))
    assert response.status == 200
    line = check_log(gateway, response, "allow", "public", route="public")
    assert "sub" not in line


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("spaces", [" ", "   "])
def test_the_scheme_is_case_insensitive_and_may_be_followed_by_spaces(
    gateway: Gateway, mint: Mint, scheme: str, spaces: str
) -> None:
    line = f"Authorization: {scheme}{spaces}{mint.token()}"
    assert gateway.exchange(request("GET", "/items/1", line)).status == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scope": "items:read me"}, 200), ({"scope": None, "scp": ["items:read", "me"]}, 200),
        ({"scope": "items:read", "scp": "me"}, 200), ({"scope": "items:write"}, 200),
        ({"scope": "items:read"}, 401), ({"scope": "me"}, 401), ({"scope": ""}, 401),
    ],
)
def test_any_scopes_is_an_or_of_ands(gateway: Gateway, mint: Mint, claims: dict[str, Any], status: int) -> None:
    assert gateway.exchange(request("GET", "/any", bearer(mint.token(**claims)))).status == status


# Denied: no credential, or one that is not usable


@pytest.mark.parametrize("credential", [[], ["Authorization: Basic YWxpY2U6c2VjcmV0"], ["Authorization: DPoP abc"]])
def test_no_bearer_token_is_no_token(gateway: Gateway, credential: list[str]) -> None:
    response = gateway.exchange(request("DELETE", "/items/42", *credential))
    check_refusal(
        response, 401, "no_token", detail=NOT_AUTHENTICATED, challenge='Bearer realm="api", scope="items:write items:read"'
    )
    check_log(gateway, response, "deny", "no_token", route="items.write", origin="gateway")


def test_no_token_on_an_authenticated_route_names_no_scope(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/status/"))
    check_refusal(response, 401, "no_token", detail=NOT_AUTHENTICATED, challenge='Bearer realm="api"')


@dataclass
class Unusable:
    """A token that must not open anything, and the word for why."""

    reason: str
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)


NOW = time.time
UNUSABLE = {
    "expired beyond the skew": Unusable("expired", {"exp": int(NOW()) - 60}),
    "not yet valid": Unusable("not_yet_valid", {"nbf": int(NOW()) + 600}),
    "for another audience": Unusable("wrong_audience", {"aud": "https://other.test"}),
    "for a list of other audiences": Unusable("wrong_audience", {"aud": ["https://other.test"]}),
    "from an unknown issuer": Unusable("unknown_issuer", {"iss": "https://evil.test/"}),
    "from the issuer's name without its slash": Unusable("unknown_issuer", {"iss": "https://idp.test"}),
    "with an unknown kid": Unusable("unknown_key", header={"kid": "nobody"}),
    "without exp": Unusable("required_claim", {"exp": None}),
    "with a lifetime beyond the maximum": Unusable("lifetime_exceeded", {"exp": int(NOW()) + 90_000}),
    "exp as a string": Unusable("malformed_token", {"exp": str(int(NOW()) + 600)}),
    "exp negative": Unusable("malformed_token", {"exp": -1}),
    "aud as a number": Unusable("malformed_token", {"aud": 1}),
    "sub as a number": Unusable("malformed_token", {"sub": 1}),
    "scope as a number": Unusable("malformed_token", {"scope": 7}),
    "scope as an object": Unusable("malformed_token", {"scope": {"items:read": True}}),
    "roles with a number in them": Unusable("malformed_token", {"roles": [1]}),
    "alg none": Unusable("unsupported_algorithm", header={"alg": "none"}),
    "alg HS256": Unusable("unsupported_algorithm", header={"alg": "HS256"}),
    "alg of another key type": Unusable("unsupported_algorithm", header={"alg": "RS256"}),
    "with unknown crit": Unusable("malformed_token", header={"crit": ["exp"], "exp": 1}),
    "with b64 false": Unusable("malformed_token", header={"crit": ["b64"], "b64": False}),
}


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_token_that_is_not_usable_says_why(gateway: Gateway, mint: Mint, case: Unusable) -> None:
    token = mint.token(header=case.header, **case.claims)
    response = gateway.exchange(request("GET", "/items/42", bearer(token)))
    check_refusal(
        response, 401, case.reason, detail=NOT_VALID,
        challenge='Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"',
    )
    check_log(gateway, response, "deny", case.reason, route="items.read", origin="gateway")


def test_a_signature_by_another_key_is_refused(gateway: Gateway, mint: Mint) -> None:
    stranger = Signer("ES256", "key-es256")
    response = gateway.exchange(request("GET", "/items/42", bearer(mint.token(signer=stranger))))
    check_refusal(
        response, 401, "bad_signature", detail=NOT_VALID,
        challenge='Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"',
    )
    check_log(gateway, response, "deny", "bad_signature")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer", "Bearer ", "Bearer abc", "Bearer a.b", "Bearer a.b.c", "Bearer a.b.c.d", "Bearer ..", "Bearer {token}=",
        "Bearer {token} {token}", "Bearer {token},", "Bearer\t{token}", "Bearer {token}\tx", 'Bearer "{token}"', "Bearer {token}é",
    ],
)
def test_a_malformed_credential_is_refused(gateway: Gateway, mint: Mint, value: str) -> None:
    line = "Authorization: " + value.replace("{token}", mint.token())
    response = gateway.exchange(request("GET", "/items/42", line))
    assert response.status in (400, 401)
    assert json.loads(response.body)["reason"] in ("malformed_token", "no_token", "ambiguous_credentials", "bad_request")
    assert mint.token().split(".")[0] not in response.body.decode()


@pytest.mark.parametrize("member", ['"sub":"alice","sub":"bob"', '"sub":"alice","s\\u0075b":"bob"'])
def test_a_token_with_a_repeated_claim_is_refused(gateway: Gateway, mint: Mint, member: str) -> None:
    signer = mint.signers["ES256"]
    claims = f'{{"iss":"{mint.issuer}","aud":"{mint.audience}","exp":{int(time.time()) + 60},"scope":"items:read",{member}}}'
    head = json.dumps({"alg": "ES256", "kid": signer.kid})
    signed = f"{base64url(head.encode())}.{base64url(claims.encode())}"
    token = f"{signed}.{base64url(signer.sign(signed.encode()))}"
    response = gateway.exchange(request("GET", "/items/42", bearer(token)))
    check_refusal(
        response, 401, "malformed_token",
        challenge='Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"',
    )


# Denied: not enough


def test_a_missing_scope_is_named_in_file_order(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("DELETE", "/items/42", bearer(mint.token("items:read", client_id="web"))))
    check_refusal(
        response, 401, "insufficient_scope", detail=NOT_ENOUGH,
        challenge='Bearer realm="api", error="insufficient_scope", scope="items:write items:read"',
    )
    check_log(
        gateway, response, "deny", "insufficient_scope", route="items.write", sub="alice", client_id="web",
        required_scopes=["items:write", "items:read"], missing_scopes=["items:write"], msg="denied",
    )


def test_a_missing_role_is_refused(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("GET", "/admin/users", bearer(mint.token("items:read", roles=["viewer", "unknown"]))))
    check_refusal(
        response, 401, "insufficient_role", detail=NOT_ENOUGH, challenge='Bearer realm="api", error="insufficient_scope"'
    )
    check_log(gateway, response, "deny", "insufficient_role", route="admin")


def test_any_scopes_names_the_alternative_that_lacks_least(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("GET", "/any", bearer(mint.token("me"))))
    check_refusal(
        response, 401, "insufficient_scope", detail=NOT_ENOUGH,
        challenge='Bearer realm="api", error="insufficient_scope", scope="items:read me"',
    )


def test_insufficient_scope_status_turns_401_into_403(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    gateway = start_gateway(upstream, refusals={"insufficient_scope_status": 403, "realm": "api"})
    scope = gateway.exchange(request("DELETE", "/items/42", bearer(mint.token("items:read"))))
    check_refusal(
        scope, 403, "insufficient_scope", detail=NOT_ENOUGH,
        challenge='Bearer realm="api", error="insufficient_scope", scope="items:write items:read"',
    )
    role = gateway.exchange(request("GET", "/admin/users", bearer(mint.token())))
    check_refusal(role, 403, "insufficient_role", detail=NOT_ENOUGH, challenge='Bearer realm="api", error="insufficient_scope"')
    assert gateway.exchange(request("GET", "/items/42")).status == 401
    assert upstream.messages == []


@pytest.mark.parametrize(
    ("grant", "scope", "roles", "status"),
    [
        ("union", "items:read", [], 200), ("union", "", ["viewer"], 200),
        ("token", "items:read", [], 200), ("token", "", ["viewer"], 401),
        ("roles", "items:read", [], 401), ("roles", "", ["viewer"], 200),
        ("intersection", "items:read", [], 401), ("intersection", "", ["viewer"], 401),
        ("intersection", "items:read", ["viewer"], 200),
    ],
)
def test_grant_says_how_scopes_of_token_and_roles_combine(
    start_gateway: Any, upstream: Upstream, mint: Mint, grant: str, scope: str, roles: list[str], status: int
) -> None:
    gateway = start_gateway(upstream, grant=grant)
    assert gateway.exchange(request("GET", "/items/1", bearer(mint.token(scope, roles=roles)))).status == status


# No route


def test_what_matches_no_route_is_refused_with_401(gateway: Gateway, mint: Mint) -> None:
    for credential in ([], [bearer(mint.token("items:read items:write me", roles=["admin"]))]):
        response = gateway.exchange(request("GET", "/nowhere", *credential))
        check_refusal(response, 401, "no_route", detail=NO_ROUTE, challenge='Bearer realm="api"')
        check_log(gateway, response, "deny", "no_route", origin="gateway")


def test_a_method_that_the_winning_path_lacks_is_method_not_allowed(gateway: Gateway, mint: Mint) -> None:
    response = gateway.exchange(request("POST", "/items/42", bearer(mint.token("items:read items:write"))))
    check_refusal(response, 401, "method_not_allowed", detail=NO_ROUTE, challenge='Bearer realm="api"')
    check_log(gateway, response, "deny", "method_not_allowed")


def test_unmatched_status_404_answers_404_and_405_with_allow(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, refusals={"unmatched_status": 404, "realm": "api"})
    check_refusal(gateway.exchange(request("GET", "/nowhere")), 404, "no_route", detail=NO_ROUTE)
    response = gateway.exchange(request("POST", "/items/42"))
    check_refusal(response, 405, "method_not_allowed", detail=NO_ROUTE)
    assert {method.strip() for method in (response.get("allow") or "").split(",")} == {"GET", "HEAD", "PUT", "DELETE"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/health/", "no_route"), ("/status", "no_route"), ("/items/", "no_route"), ("/items", "no_route"),
     ("/public/", "no_route"), ("/public", "no_route"), ("/items/1/2", "no_route"), ("/Health", "no_route")],
)
def test_a_template_matches_what_it_says_and_no_more(gateway: Gateway, path: str, expected: str) -> None:
    response = gateway.exchange(request("GET", path))
    assert (response.status, json.loads(response.body)["reason"]) == (401, expected)


def test_get_does_not_imply_head(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream, routes=[{"id": "a", "path": "/a", "methods": ["GET"], "public": True}])
    assert gateway.exchange(request("GET", "/a")).status == 200
    assert gateway.exchange(request("HEAD", "/a")).status == 401


def test_the_host_is_matched_before_the_path(start_gateway: Any, upstream: Upstream) -> None:
    routes = [
        {"id": "exact", "path": "/{rest...}", "host": "api.example.com", "authenticated": True},
        {"id": "wildcard", "path": "/a/{rest...}", "host": "*.example.com", "public": True},
        {"id": "none", "path": "/a/b", "public": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    expected = {
        "api.example.com": 401, "API.Example.COM": 401, "api.example.com.": 401, "api.example.com:8080": 401,
        "www.example.com": 200, "a.b.example.com": 200, "example.org": 200,
    }
    routed = {
        host: (response.status, gateway.log_of(response).get("route"))
        for host in expected
        if (response := gateway.exchange(request("GET", "/a/b", host=host)))
    }
    assert {host: status for host, (status, _) in routed.items()} == expected
    assert routed["api.example.com."][1] == "exact"
    assert routed["www.example.com"][1] == "wildcard"
    assert routed["a.b.example.com"][1] == "none", "a wildcard stands for one label"


# More than one credential


def test_a_repeated_authorization_field_is_malformed_on_every_route(gateway: Gateway, mint: Mint) -> None:
    for path in ("/items/1", "/public/a", "/nowhere"):
        response = gateway.exchange(request("GET", path, bearer(mint.token()), bearer(mint.token("me"))))
        assert response.status == 400, path
        assert json.loads(response.body)["reason"] in ("bad_request", "ambiguous_credentials")


# Shadow


def test_a_shadow_route_forwards_and_logs_what_it_would_have_done(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "try", "path": "/try", "scopes": ["items:read"], "shadow": True}]
    gateway = start_gateway(upstream, routes=routes)
    response = gateway.exchange(request("GET", "/try"))
    assert response.status == 200
    check_log(gateway, response, "allow", "shadow", would_deny="no_token", route="try")


# The answer itself


def test_a_refusal_of_head_has_no_body(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = client.exchange(request("HEAD", "/items/1"))
        assert (response.status, response.body) == (401, b"")
        assert client.exchange(request("GET", "/health")).status == 200, "the connection is still in step"


def test_a_refused_request_opens_no_upstream_connection(start_gateway: Any, upstream: Upstream) -> None:
    gateway = start_gateway(upstream)
    gateway.exchange(request("GET", "/items/1"))
    gateway.exchange(request("POST", "/items/1", body=b"x" * 1000))
    gateway.exchange(request("GET", "/nowhere"))
    assert upstream.connections == []


def test_keep_alive_goes_on_after_a_refusal(gateway: Gateway, mint: Mint) -> None:
    with gateway.client() as client:
        for _ in range(5):
            assert client.exchange(request("GET", "/items/1")).status == 401
            assert client.exchange(request("PUT", "/items/1", body=b"a body of no interest")).status == 401
            assert client.exchange(request("GET", "/items/1", bearer(mint.token()))).status == 200


def test_a_quoted_string_never_carries_what_the_client_sent(gateway: Gateway, mint: Mint) -> None:
    marker = 'zz"injected'
    response = gateway.exchange(request("GET", "/items/1", bearer(mint.token(header={"kid": marker}))))
    assert response.status == 401
    assert "injected" not in repr(response.fields) and b"injected" not in response.body


def test_the_token_never_reaches_a_log(gateway: Gateway, mint: Mint) -> None:
    tokens = [mint.token(), mint.token("me", exp=1), mint.token(signer=Signer("ES256", "key-es256"))]
    for token in tokens:
        gateway.log_of(gateway.exchange(request("GET", f"/items/1?access_token={token}", bearer(token), f"Cookie: a={token}")))
    assert gateway.log_path is not None
    text = gateway.log_path.read_text() + str(gateway.application_log) + str(gateway.unstructured)
    for token in tokens:
        for part in token.split(".")[1:]:
            assert part not in text


def test_authorization_header_strip_keeps_the_token_from_the_upstream(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    routes = [
        {"id": "strip", "path": "/strip", "authenticated": True, "authorization_header": "strip"},
        {"id": "pass", "path": "/pass", "authenticated": True},
    ]
    gateway = start_gateway(upstream, routes=routes)
    token = mint.token()
    for path in ("/strip", "/pass"):
        assert gateway.exchange(request("GET", path, bearer(token))).status == 200
    stripped, passed = upstream.messages
    assert stripped.get("authorization") is None
    assert passed.get("authorization") == f"Bearer {token}"


def test_the_issuers_of_a_route_limit_whose_tokens_are_good(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    issuers = {
        name: {"issuer": f"https://{name}.test/", "audience": [mint.audience], "algorithms": ["ES256"],
               "keys": {"jwks": {"keys": [mint.signers["ES256"].jwk()]}}}
        for name in ("one", "two")
    }
    routes = [
        {"id": "both", "path": "/both", "authenticated": True},
        {"id": "only", "path": "/only", "authenticated": True, "issuers": ["two"]},
    ]
    gateway = start_gateway(upstream, issuers=issuers, routes=routes)
    one, two = (mint.token(iss=f"https://{name}.test/") for name in ("one", "two"))
    assert gateway.exchange(request("GET", "/both", bearer(one))).status == 200
    assert gateway.exchange(request("GET", "/both", bearer(two))).status == 200
    assert gateway.exchange(request("GET", "/only", bearer(two))).status == 200
    response = gateway.exchange(request("GET", "/only", bearer(one)))
    assert response.status == 401
    assert json.loads(response.body)["reason"] == "unknown_issuer"


# Undecided


def test_an_upstream_that_cannot_be_reached_is_503(start_gateway: Any) -> None:
    gone = Upstream()
    gone.stop()
    gateway = start_gateway(gone)
    response = gateway.exchange(request("GET", "/public/a"))
    check_refusal(response, 503, "upstream_unreachable")
    line = gateway.log_of(response)
    expected = ("gateway", "error", "allow", "upstream_unreachable")
    assert (line["origin"], line["level"], line["decision"], line["reason"]) == expected


def test_an_upstream_that_answers_too_late_is_504(start_gateway: Any, upstream: Upstream) -> None:
    def silent(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = silent
    routes = [{"id": "slow", "path": "/slow", "public": True, "timeout": "300ms"}]
    gateway = start_gateway(upstream, routes=routes)
    started = time.monotonic()
    response = gateway.exchange(request("GET", "/slow"))
    assert 0.25 < time.monotonic() - started < 3
    check_refusal(response, 504, "upstream_timeout")
    upstream.wait_until(lambda: upstream.open_connections == 0, "the gateway to give up that connection")


def test_an_upstream_that_answers_nonsense_is_502(start_gateway: Any, upstream: Upstream) -> None:
    def nonsense(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        exchange.connection.reader.rest()
        exchange.close()

    upstream.handler = nonsense
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a"))
    check_refusal(response, 502, "upstream_protocol")
    line = gateway.log_of(response)
    expected = ("gateway", "error", "allow", "upstream_protocol")
    assert (line["origin"], line["level"], line["decision"], line["reason"]) == expected
    assert line["upstream"] == "service"


def test_an_upstream_5xx_is_the_upstreams_own(start_gateway: Any, upstream: Upstream) -> None:
    upstream.handler = lambda exchange: exchange.respond(500, body=b"mine")
    gateway = start_gateway(upstream)
    response = gateway.exchange(request("GET", "/public/a"))
    assert (response.status, response.body) == (500, b"mine")
    check_log(gateway, response, "allow", "public", origin="upstream", upstream_status=500, level="info")


# Rows of the table that need no more than one message


REJECTED = {
    "bare line feed": (b"GET / HTTP/1.1\nHost: a\n\n", 400, "bad_request"),
    "no host": (request("GET", "/", host=None), 400, "bad_request"),
    "two framings": (request("POST", "/", "Content-Length: 1", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400, "bad_request"),
    "control character in the path": (request("GET", "/%00"), 400, "ambiguous_path"),
    "dot segments in disguise": (request("GET", "/public/..%2fadmin/x"), 400, "ambiguous_path"),
    "another reading of the path": (request("GET", "/public%2Fa"), 400, "ambiguous_path"),
    "target beyond the limit": (request("GET", "/" + "a" * 9000), 414, "target_too_long"),
    "unknown expectation": (request("PUT", "/items/1", "Expect: 200-maybe", body=b"a"), 417, "expectation_failed"),
    "head beyond the limit": (request("GET", "/", "X-A: " + "a" * 17_000), 431, "head_too_large"),
    "fields beyond the limit": (request("GET", "/", *["A: b"] * 101), 431, "head_too_large"),
    "unknown coding": (request("POST", "/", "Transfer-Encoding: gzip, chunked"), 501, "not_implemented"),
    "TRACE": (request("TRACE", "/"), 501, "not_implemented"),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501, "not_implemented"),
    "another major version": (request("GET", "/", version="HTTP/2.0"), 505, "version_not_supported"),
}


@pytest.mark.parametrize(("data", "status", "reason"), REJECTED.values(), ids=REJECTED.keys())
def test_a_rejected_message_says_why_and_has_no_challenge(
    gateway: Gateway, data: bytes, status: int, reason: str
) -> None:
    response = gateway.exchange(data)
    problem = check_refusal(response, status, reason)
    assert problem["detail"] and problem["title"]
    line = check_log(gateway, response, "reject", reason, origin="gateway", msg="rejected")
    assert not {"route", "sub", "upstream"} & line.keys()


def test_a_body_beyond_the_limit_of_its_route_is_413(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "small", "path": "/small", "public": True, "max_body": "3B"}]
    response = start_gateway(upstream, routes=routes).exchange(request("POST", "/small", body=b"abcd"))
    check_refusal(response, 413, "body_too_large")
    assert upstream.connections == []


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/at+jwt", None, "id_token", "dpop+jwt", "logout+jwt"])
def test_only_access_tokens_are_credentials(gateway: Gateway, mint: Mint, typ: str | None) -> None:
    response = gateway.exchange(request("GET", "/items/1", bearer(mint.token(header={"typ": typ}))))
    if typ in ("JWT", "at+jwt", "application/at+jwt", None):
        assert response.status == 200
    else:
        check_refusal(
            response, 401, "wrong_type", detail=NOT_VALID,
            challenge='Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"',
        )


@pytest.mark.parametrize("token", ["2YotnFZFEjr1zCsicMWpAA", "gwk_", "a" * 8000])
def test_an_opaque_token_is_malformed_where_nobody_can_be_asked_about_it(gateway: Gateway, token: str) -> None:
    response = gateway.exchange(request("GET", "/items/1", bearer(token)))
    check_refusal(
        response, 401, "malformed_token", detail=NOT_VALID,
        challenge='Bearer realm="api", error="invalid_token", error_description="*", scope="items:read"',
    )


@pytest.mark.parametrize(
    ("scope", "required", "missing"),
    [
        ("", ["me"], ["me"]), ("items:read", ["items:read", "me"], ["me"]), ("items:write", ["items:write", "me"], ["me"]),
        ("items:read items:write", ["items:read", "me"], ["me"]),
    ],
)
def test_of_alternatives_that_lack_as_much_the_first_is_named(
    start_gateway: Any, upstream: Upstream, mint: Mint, scope: str, required: list[str], missing: list[str]
) -> None:
    alternatives = [["items:read", "me"], ["items:write", "me"], ["me"]][:: 1 if scope else -1]
    gateway = start_gateway(upstream, routes=[{"id": "any", "path": "/any", "any_scopes": alternatives}])
    response = gateway.exchange(request("GET", "/any", bearer(mint.token(scope))))
    check_refusal(
        response, 401, "insufficient_scope", detail=NOT_ENOUGH,
        challenge=f'Bearer realm="api", error="insufficient_scope", scope="{" ".join(required)}"',
    )
    check_log(gateway, response, "deny", "insufficient_scope", required_scopes=required, missing_scopes=missing)


def test_both_status_switches_hold_together(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    switches = {"insufficient_scope_status": 403, "unmatched_status": 404, "realm": "r"}
    gateway = start_gateway(upstream, refusals=switches)
    token = bearer(mint.token("items:read"))
    for method, path, lines, status, reason in [
        ("GET", "/items/1", [], 401, "no_token"), ("GET", "/items/1", [bearer("a.b.c")], 401, "malformed_token"),
        ("DELETE", "/items/1", [token], 403, "insufficient_scope"), ("GET", "/admin/x", [token], 403, "insufficient_role"),
        ("GET", "/nowhere", [token], 404, "no_route"), ("POST", "/items/1", [token], 405, "method_not_allowed"),
    ]:
        response = gateway.exchange(request(method, path, *lines))
        problem = json.loads(response.body)
        assert (response.status, problem["reason"], problem["status"]) == (status, reason, status)
        assert (response.get("www-authenticate") is None) == (status in (404, 405))
        assert (response.get("allow") is None) == (status != 405)
        head = gateway.exchange(request("HEAD", path, *lines)) if method == "GET" else None
        if head:
            assert (head.status, head.body) == (status, b"")
            assert head.get("content-type") == "application/problem+json" and head.get("cache-control") == "no-store"
            assert head.get("date") and head.get("x-request-id")


def test_a_forwarded_answer_has_the_identifier_of_its_line(gateway: Gateway) -> None:
    response = gateway.exchange(request("GET", "/public/a"))
    line = gateway.log_of(response)
    assert (line["origin"], line["path"]) == ("upstream", "/public/a")
    assert dict(json.loads(response.body)["fields"])["X-Request-Id"] == response.get("x-request-id")


# Shadow, further


def test_a_shadow_route_notes_any_denial_and_forwards(start_gateway: Any, upstream: Upstream, mint: Mint) -> None:
    shadow = {"shadow": True, "issuers": ["main"]}
    routes = [
        {"id": "scope", "path": "/scope", "scopes": ["items:write"], **shadow},
        {"id": "role", "path": "/role", "roles": ["admin"], **shadow},
    ]
    gateway = start_gateway(upstream, routes=routes)
    for path, lines, would_deny, subject in [
        ("/scope", [], "no_token", None), ("/scope", [bearer(mint.token(exp=1))], "expired", None),
        ("/scope", [bearer("a.b.c")], "malformed_token", None), ("/scope", [bearer(mint.token())], "insufficient_scope", "alice"),
        ("/role", [bearer(mint.token())], "insufficient_role", "alice"),
    ]:
        response = gateway.exchange(request("GET", path, *lines))
        assert response.status == 200
        check_log(gateway, response, "allow", "shadow", would_deny=would_deny, route=path[1:], sub=subject)
    response = gateway.exchange(request("GET", "/scope", bearer(mint.token("items:write"))))
    assert "would_deny" not in check_log(gateway, response, "allow", "allowed")


def test_a_shadow_route_refuses_malformed_messages_and_opens_no_other(
    start_gateway: Any, upstream: Upstream, mint: Mint
) -> None:
    routes = [{"id": "try", "path": "/try/{rest...}", "methods": ["GET"], "scopes": ["me"], "shadow": True}]
    gateway = start_gateway(upstream, routes=routes)
    token = bearer(mint.token())
    for data, reason in [
        (request("GET", "/try/..%2fx"), "ambiguous_path"), (request("GET", "/try/a", token, token), "bad_request"),
        (request("POST", "/try/a", token), "method_not_allowed"), (request("GET", "/try", token), "no_route"),
    ]:
        assert json.loads(gateway.exchange(data).body)["reason"] == reason
    assert upstream.connections == []
