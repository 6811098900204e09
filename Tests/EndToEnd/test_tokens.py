"""The built-in issuer: the token endpoint, its key set, and the commands around it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Security
from fastapi.security import OAuth2PasswordBearer

from harness.gateway import Gateway, binary
from harness.upstream import Upstream
from harness.wire import request

FORM = {"content-type": "application/x-www-form-urlencoded"}


def phc(password: str, cost: int = 14) -> str:
    """A hash of another implementation than the one under test."""
    salt = os.urandom(16)
    key = hashlib.scrypt(password.encode(), salt=salt, n=1 << cost, r=8, p=1, dklen=32, maxmem=1 << 27)
    return f"$scrypt$ln={cost},r=8,p=1$" + "$".join(base64.b64encode(part).decode().rstrip("=") for part in (salt, key))


HASH, OTHER = phc("right"), phc("s3cret+&= ö")


def local(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": "http://gateway.test/", "audience": ["gateway"],
        "token_endpoint": {
            "path": "/token", "lifetime": "10m", "signing_key": {"file": "local.key"},
            "users": {
                "alice": {"password": HASH, "roles": ["editor"], "scopes": ["me"]},
                "bob": {"password": OTHER, "roles": ["viewer"]},
                "root": {"password": HASH, "roles": ["admin"]},
            } | {f"user{number}": {"password": HASH} for number in range(10)},
            "clients": {
                "batch": {"secret": HASH, "scopes": ["items:read"]},
                "web": {"secret": OTHER},
            },
        } | changes,
    }


@pytest.fixture
def issuing(start_gateway: Any, upstream: Upstream) -> Gateway:
    return start_gateway(upstream, issuers={"local": local()})


@pytest.fixture(scope="module")
def shared(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    """For what fails no login."""
    return module_gateway(shared_upstream, issuers={"local": local()})


def url(gateway: Gateway) -> str:
    host, port = gateway.address
    return f"http://{host}:{port}"


def ask(gateway: Gateway, **options: Any) -> httpx.Response:
    auth = options.pop("auth", None)
    with httpx.Client(base_url=url(gateway), timeout=60, trust_env=False) as client:
        return client.post("/token", data=options, auth=auth)


def login(gateway: Gateway, user: str = "alice", password: str = "right", **options: Any) -> httpx.Response:
    return ask(gateway, grant_type="password", username=user, password=password, **options)


def token(gateway: Gateway, user: str = "alice", password: str = "right", **options: Any) -> str:
    answer = login(gateway, user, password, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def call(gateway: Gateway, method: str, path: str, bearer: str) -> int:
    return gateway.exchange(request(method, path, f"Authorization: Bearer {bearer}")).status


def part(bearer: str, index: int) -> dict[str, Any]:
    text = bearer.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def line_of(gateway: Gateway, answer: httpx.Response) -> dict[str, Any]:
    identity = answer.headers["x-request-id"]
    return gateway.wait_for_log(lambda line: line.get("request_id") == identity, identity)


# RFC 6749 §4.3, §4.4 and §5.1


def test_a_user_gets_a_token_that_opens_what_its_roles_open(shared: Gateway) -> None:
    answer = login(shared)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "scope"]
    assert (body["token_type"], body["expires_in"]) == ("bearer", 600)
    assert body["scope"] == "items:read items:write me"
    header, claims = part(body["access_token"], 0), part(body["access_token"], 1)
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("http://gateway.test/", "alice", ["gateway"])
    assert claims["roles"] == ["editor"] and claims["exp"] - claims["iat"] == 600
    assert abs(claims["iat"] - time.time()) < 30
    for method, path, status in [("DELETE", "/items/1", 200), ("GET", "/status/", 200), ("GET", "/any", 200),
                                 ("GET", "/edit", 200), ("GET", "/admin/x", 401)]:
        assert call(shared, method, path, body["access_token"]) == status, path
    line = line_of(shared, answer)
    assert (line["route"], line["decision"], line["reason"], line["sub"]) == (
        "gateway.token", "allow", "allowed", "alice")
    assert (line["token_id"], line["iss"], line["exp_in"]) == (claims["jti"], "http://gateway.test/", 600)


def test_a_client_gets_a_token_of_its_own(shared: Gateway) -> None:
    for answer in (ask(shared, grant_type="client_credentials", auth=("batch", "right")),
                   ask(shared, grant_type="client_credentials", client_id="batch", client_secret="right")):
        assert answer.status_code == 200, answer.text
        claims = part(answer.json()["access_token"], 1)
        assert (claims["sub"], claims["client_id"], claims["scope"]) == ("batch", "batch", "items:read")
        assert call(shared, "GET", "/items/1", answer.json()["access_token"]) == 200
        assert call(shared, "DELETE", "/items/1", answer.json()["access_token"]) == 401
        line = line_of(shared, answer)
        assert (line["sub"], line["client_id"]) == ("batch", "batch")


def test_a_user_logs_in_through_a_client(shared: Gateway) -> None:
    # The parts of Basic are encoded as in a form, and so are fields.
    secret = "s3cret%2B%26%3D+%C3%B6"
    answer = login(shared, auth=("web", secret))
    assert answer.status_code == 200, answer.text
    assert part(answer.json()["access_token"], 1)["client_id"] == "web"
    assert login(shared, client_id="web", client_secret="s3cret+&= ö").status_code == 200
    assert part(token(shared, "bob", "s3cret+&= ö"), 1)["sub"] == "bob"


def test_the_flow_of_fastapi_documentation_pages_works(shared: Gateway) -> None:
    """Swagger UI sends every field, those that were left empty as well, and an empty client by Basic."""
    fields = {"grant_type": "password", "scope": "items:read me", "username": "alice", "password": "right"}
    with httpx.Client(base_url=url(shared), trust_env=False) as client:
        for data, auth in ((fields, ("", "")), (fields | {"client_id": "", "client_secret": ""}, None)):
            answer = client.post("/token", data=data, auth=auth, headers={"X-Requested-With": "XMLHttpRequest"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["scope"] == "items:read me"
            bearer = {"Authorization": f"{answer.json()['token_type']} {answer.json()['access_token']}"}
            assert client.get("/items/1", headers=bearer).status_code == 200


def test_a_client_finds_the_endpoint_in_the_schema_of_a_fastapi_application(start_gateway: Any) -> None:
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token", scopes={"items:read": "Read items"})

    @app.get("/items/{number}")
    def read(number: int, bearer: str = Security(oauth2, scopes=["items:read"])) -> dict[str, Any]:
        return {"number": number, "holder": part(bearer, 1)["sub"]}

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 15
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        routes = [{"id": "schema", "path": "/openapi.json", "public": True},
                  {"id": "read", "path": "/items/{id}", "scopes": ["items:read"]}]
        gateway: Gateway = start_gateway(f"http://127.0.0.1:{port}", routes=routes, issuers={"local": local()})
        with httpx.Client(base_url=url(gateway), trust_env=False) as client:
            schema = client.get("/openapi.json").json()
            flow = schema["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
            form = {"grant_type": "password", "username": "alice", "password": "right", "scope": " ".join(flow["scopes"])}
            answer = client.post(flow["tokenUrl"], data=form).json()
            bearer = {"Authorization": f"{answer['token_type']} {answer['access_token']}"}
            assert client.get("/items/7", headers=bearer).json() == {"number": 7, "holder": "alice"}
            assert client.get("/items/7").json()["detail"] == "Not authenticated"
    finally:
        server.should_exit = True
        thread.join(15)


def test_curl_gets_a_token(shared: Gateway) -> None:
    result = subprocess.run(
        ["curl", "--silent", "--noproxy", "*", f"{url(shared)}/token", "-d", "grant_type=password",
         "-d", "username=bob", "--data-urlencode", "password=s3cret+&= ö"], capture_output=True, text=True, timeout=60)
    bearer = json.loads(result.stdout)["access_token"]
    assert call(shared, "GET", "/items/1", bearer) == 200
    assert call(shared, "DELETE", "/items/1", bearer) == 401


# §3.3


def test_a_narrowed_token_does_not_widen_again_by_its_roles(shared: Gateway) -> None:
    narrow = login(shared, "root", scope="items:read")
    assert narrow.json()["scope"] == "items:read"
    bearer = narrow.json()["access_token"]
    assert "roles" not in part(bearer, 1)
    assert call(shared, "GET", "/items/1", bearer) == 200
    for method, path in [("DELETE", "/items/1"), ("GET", "/any"), ("GET", "/admin/x"), ("GET", "/edit")]:
        assert call(shared, method, path, bearer) == 401, path
    assert call(shared, "GET", "/admin/x", token(shared, "root")) == 200


def test_who_asks_for_more_gets_what_it_has(shared: Gateway) -> None:
    answer = login(shared, "bob", "s3cret+&= ö", scope="items:read items:write admin")
    assert answer.status_code == 200 and answer.json()["scope"] == "items:read"
    assert call(shared, "DELETE", "/items/1", answer.json()["access_token"]) == 401


@pytest.mark.parametrize("grant, scope, status", [
    ("token", "me", 200), ("intersection", "items:read", 200), ("roles", "items:read", 400)])
def test_narrowing_under_other_grants(
    start_gateway: Any, upstream: Upstream, grant: str, scope: str, status: int
) -> None:
    issuer = local() | {"grant": grant}
    issuer["token_endpoint"]["users"]["alice"]["scopes"] = ["me", "items:read"]
    gateway: Gateway = start_gateway(upstream, issuers={"local": issuer})
    full = token(gateway)
    assert call(gateway, "GET", "/items/1", full) == 200
    assert call(gateway, "DELETE", "/items/1", full) == (200 if grant == "roles" else 401)
    answer = login(gateway, scope=scope)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["scope"] == scope
        bearer = answer.json()["access_token"]
        assert call(gateway, "GET", "/items/1", bearer) == (200 if scope == "items:read" else 401)
        assert call(gateway, "GET", "/any", bearer) == 401
        assert call(gateway, "DELETE", "/items/1", bearer) == 401


# §5.2


def refused(gateway: Gateway, answer: httpx.Response, status: int, error: str, decision: str, reason: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert list(answer.json()) == ["error", "error_description"]
    assert answer.headers["cache-control"] == "no-store"
    line = line_of(gateway, answer)
    assert (line["decision"], line["reason"], line["route"]) == (decision, reason, "gateway.token")
    assert "sub" not in line and "client_id" not in line


def test_wrong_passwords_and_unknown_users_look_the_same(issuing: Gateway) -> None:
    wrong, unknown = login(issuing, password="wrong"), login(issuing, "nobody")
    for answer in wrong, unknown, login(issuing, "Alice"), login(issuing, "batch"):
        refused(issuing, answer, 400, "invalid_grant", "deny", "no_token")
        assert answer.json() == wrong.json()
        assert "www-authenticate" not in answer.headers


def test_clients_that_do_not_prove_who_they_are(issuing: Gateway) -> None:
    for answer in (ask(issuing, grant_type="client_credentials"),
                   ask(issuing, grant_type="client_credentials", client_id="batch"),
                   ask(issuing, grant_type="client_credentials", auth=("batch", "wrong")),
                   ask(issuing, grant_type="client_credentials", auth=("alice", "right")),
                   login(issuing, client_id="web"), login(issuing, auth=("nobody", "right"))):
        refused(issuing, answer, 401, "invalid_client", "deny", "no_token")
        assert answer.headers["www-authenticate"] == 'Basic realm="api"'
    # None of these says anything about the user.
    assert login(issuing).status_code == 200


def test_grants_that_are_not_to_be_had(issuing: Gateway) -> None:
    web = {"client_id": "web", "client_secret": "s3cret+&= ö"}
    refused(issuing, ask(issuing, grant_type="client_credentials", **web),
            400, "unauthorized_client", "deny", "insufficient_scope")
    refused(issuing, login(issuing, scope="admin"), 400, "invalid_scope", "deny", "insufficient_scope")
    refused(issuing, login(issuing, scope='a"b'), 400, "invalid_scope", "deny", "insufficient_scope")
    refused(issuing, ask(issuing, grant_type="refresh_token", refresh_token="x"),
            400, "unsupported_grant_type", "reject", "bad_request")


@pytest.mark.parametrize("body", [
    b"", b"username=alice&password=right", b"grant_type=password&username=alice",
    b"grant_type=password&username=alice&password=", b"grant_type=password&username=alice&password=right&username=bob",
    b"grant_type=password&username=alice&password=%", b"grant_type=password&username=%ff&password=x",
    b"{\"grant_type\": \"password\"}"])
def test_malformed_requests(shared: Gateway, body: bytes) -> None:
    with httpx.Client(base_url=url(shared), trust_env=False) as client:
        refused(shared, client.post("/token", content=body, headers=FORM),
                400, "invalid_request", "reject", "bad_request")


def test_only_a_form_is_read(shared: Gateway) -> None:
    body = b"grant_type=password&username=alice&password=right"
    with httpx.Client(base_url=url(shared), trust_env=False) as client:
        for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
            refused(shared, client.post("/token", content=body, headers={"content-type": kind}),
                    400, "invalid_request", "reject", "bad_request")
        kind = "Application/X-WWW-Form-Urlencoded ; charset=utf-8"
        assert client.post("/token", content=body, headers={"content-type": kind}).status_code == 200


def test_other_methods_are_not_answered(shared: Gateway) -> None:
    with httpx.Client(base_url=url(shared), trust_env=False) as client:
        for method, path in (("GET", "/token?grant_type=password&username=alice&password=right"), ("PUT", "/token"),
                             ("POST", "/.well-known/jwks.json")):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["reason"]) == (401, "method_not_allowed")
            assert line_of(shared, answer)["route"].startswith("gateway.")


# Messages


def test_a_form_may_come_in_any_pieces(shared: Gateway) -> None:
    body = b"grant_type=password&username=alice&password=%72ight"
    for framing, pieces in (
        (f"Content-Length: {len(body)}", [body[index:index + 1] for index in range(len(body))]),
        ("Transfer-Encoding: chunked", [b"%x\r\n%s\r\n" % (1, body[index:index + 1]) for index in range(len(body))]
         + [b"0\r\n\r\n"]),
    ):
        with shared.client() as client:
            client.send(request("POST", "/token", framing, "Content-Type: application/x-www-form-urlencoded"))
            for piece in pieces:
                client.send(piece)
                time.sleep(0.001)
            response = client.read_response("POST")
            assert response.status == 200
            # The connection goes on behind the form.
            assert client.exchange(request("GET", "/health")).status == 200


def test_a_form_that_is_too_long(shared: Gateway) -> None:
    head = ("Content-Type: application/x-www-form-urlencoded",)
    long = b"password=" + b"x" * (16 << 10)
    assert shared.exchange(request("POST", "/token", *head, f"Content-Length: {len(long)}", body=long)).status == 413
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(long), long)
    response = shared.exchange(request("POST", "/token", *head, "Transfer-Encoding: chunked") + chunked)
    assert response.status == 413
    assert shared.log_of(response)["reason"] == "body_too_large"


def test_a_client_that_waits_to_be_asked_for_the_body(shared: Gateway) -> None:
    body = b"grant_type=password&username=alice&password=right"
    with shared.client() as client:
        client.send(request("POST", "/token", "Expect: 100-continue", f"Content-Length: {len(body)}",
                            "Content-Type: application/x-www-form-urlencoded"))
        assert client.read_head().status == 100
        client.send(body)
        assert client.read_response("POST").status == 200
        client.send(request("POST", "/token", "Expect: 100-continue", "Content-Length: 20000",
                            "Content-Type: application/x-www-form-urlencoded"))
        assert client.read_response("POST").status == 413


# Built-in paths


def test_no_route_covers_the_built_in_paths(start_gateway: Any, upstream: Upstream) -> None:
    routes = [{"id": "host", "path": "/{rest...}", "host": "gateway.test", "public": True},
              {"id": "all", "path": "/{rest...}", "public": True}]
    gateway: Gateway = start_gateway(upstream, routes=routes, issuers={"local": local()})
    for host in ("gateway.test", "other.test"):
        for path in ("/token", "/%74oken", "/x/../token"):
            response = gateway.exchange(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert gateway.log_of(response)["route"] == "gateway.token", path
        for path in ("//token", "/token;x", "/x%2F..%2Ftoken", "/%2ewell-known//jwks.json"):
            response = gateway.exchange(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert (response.status, gateway.log_of(response)["reason"]) == (400, "ambiguous_path"), path
        for path in ("/token/", "/Token", "/tokens"):
            assert gateway.exchange(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).status == 200


def test_the_key_set_verifies_tokens_and_may_be_kept(shared: Gateway) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    answer = httpx.get(f"{url(shared)}/.well-known/jwks.json", trust_env=False)
    assert re.fullmatch(r"public, max-age=\d+", answer.headers["cache-control"])
    [key] = answer.json()["keys"]
    assert "d" not in key
    bearer = token(shared)
    assert part(bearer, 0)["kid"] == key["kid"]

    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
    signed, _, signature = bearer.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
    head = httpx.head(f"{url(shared)}/.well-known/jwks.json", trust_env=False)
    assert (head.status_code, head.content) == (200, b"")


# Limits


def test_a_name_waits_after_five_failures(issuing: Gateway) -> None:
    for _ in range(5):
        assert login(issuing, password="wrong").status_code == 400
    answer = login(issuing)
    assert (answer.status_code, answer.json()["reason"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    line = line_of(issuing, answer)
    assert (line["decision"], line["reason"]) == ("deny", "rate_limited")
    assert login(issuing, "root").status_code == 200


def test_a_success_clears_the_failures_of_a_name(issuing: Gateway) -> None:
    for _ in range(3):
        for _ in range(4):
            assert login(issuing, "user1", "wrong").status_code == 400
        assert login(issuing, "user1").status_code == 200


def test_an_address_waits_after_twenty_failures_whatever_it_succeeds_with(issuing: Gateway) -> None:
    for number in range(10):
        assert login(issuing, f"user{number}", "wrong").status_code == 400
        assert login(issuing, f"ghost{number}", "wrong").status_code == 400
        if number < 9:
            assert login(issuing).status_code == 200
    assert login(issuing).status_code == 429


def test_many_at_once_count_as_many(issuing: Gateway) -> None:
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: login(issuing, password="wrong").status_code, range(16)))
    assert sorted(set(statuses)) == [400, 429]
    assert statuses.count(400) == 5


def test_addresses_are_those_of_clients_behind_trusted_proxies(start_gateway: Any, upstream: Upstream) -> None:
    gateway: Gateway = start_gateway(upstream, issuers={"local": local()}, listeners=[
        {"address": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]}])

    def attempt(client: str, number: int) -> int:
        data = {"grant_type": "password", "username": f"ghost{number}", "password": "x"}
        return httpx.post(f"{url(gateway)}/token", data=data, trust_env=False,
                          headers={"X-Forwarded-For": client}).status_code

    assert [attempt("2001:db8:1:2::%x" % number, number) for number in range(20)] == [400] * 20
    assert attempt("2001:db8:1:2:ffff::1", 100) == 429
    assert attempt("2001:db8:1:3::1", 101) == 400


def test_unknown_users_take_as_long(issuing: Gateway) -> None:
    """Not to tell who exists; the two differ by a factor if the decoy is left out."""
    def seconds(user: str) -> float:
        start = time.perf_counter()
        assert login(issuing, user, "wrong").status_code == 400
        return time.perf_counter() - start

    seconds("warm")
    known = statistics.median(seconds(f"user{number}") for number in range(9))
    unknown = statistics.median(seconds(f"nobody{number}") for number in range(9))
    assert 1 / 3 < known / unknown < 3, (known, unknown)
    def unchecked() -> float:
        start = time.perf_counter()
        assert ask(issuing, grant_type="password").status_code == 400
        return time.perf_counter() - start

    assert min(unchecked() for _ in range(9)) < min(known, unknown) / 2, "what checks no password is much faster"


def test_a_flood_of_logins_leaves_other_requests_alone(
    start_gateway: Any, upstream: Upstream, tmp_path: Path
) -> None:
    gateway: Gateway = start_gateway(upstream, issuers={"local": local()}, listeners=[
        {"address": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]}])
    bearer = token(gateway)

    def flood(number: int) -> int:
        form = f"grant_type=password&username=u{number}&password=x".encode()
        # Each from another address, so that nothing but the queue holds them back.
        return gateway.exchange(request(
            "POST", "/token", "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}",
            f"X-Forwarded-For: 10.{number >> 8}.{number & 255}.1", body=form), timeout=60).status

    def latency() -> float:
        start = time.perf_counter()
        assert call(gateway, "GET", "/items/1", bearer) == 200
        return time.perf_counter() - start

    with ThreadPoolExecutor(120) as pool:
        logins = [pool.submit(flood, number) for number in range(240)]
        time.sleep(0.3)
        during = [latency() for _ in range(30)]
        statuses = [login.result() for login in logins]
    assert set(statuses) <= {400, 503} and 400 in statuses
    assert 503 in statuses, "the queue is bounded"
    assert gateway.wait_for_log(lambda line: line.get("status") == 503)["reason"] == "overloaded"
    # A check takes some 50 ms, and 64 wait: on a loop they would add up to seconds.
    assert statistics.median(during) < 0.5, sorted(during)


# The key and reloading


def test_the_key_is_made_once_and_for_the_owner_only(
    start_gateway: Any, upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "local.key"
    issuer = local()
    issuer["token_endpoint"]["signing_key"] = {"file": str(path)}
    gateway: Gateway = start_gateway(upstream, issuers={"local": issuer})
    assert path.stat().st_mode & 0o777 == 0o600
    before, bearer = path.read_bytes(), token(gateway)
    gateway.stop()
    again: Gateway = start_gateway(upstream, issuers={"local": issuer})
    assert path.read_bytes() == before
    assert call(again, "GET", "/items/1", bearer) == 200


def test_a_reload_keeps_the_key_and_takes_users_over(issuing: Gateway) -> None:
    bearer = token(issuing)
    for _ in range(5):
        assert login(issuing, "user1", "wrong").status_code == 400
    settings = json.loads(issuing.configuration_path.read_text())
    users = settings["issuers"]["local"]["token_endpoint"]["users"]
    del users["bob"]
    users["alice"]["password"] = OTHER
    users["carol"] = {"password": HASH, "roles": ["viewer"]}
    count = issuing.event_count("reloaded")
    issuing.configuration_path.write_text(json.dumps(settings))
    assert issuing.wait_for_next_event(count, "reloaded", "reload_failed")["changed_issuers"] == ["local"]
    assert call(issuing, "GET", "/items/1", bearer) == 200
    assert login(issuing).status_code == 400
    assert login(issuing, password="s3cret+&= ö").status_code == 200
    assert login(issuing, "bob", "s3cret+&= ö").status_code == 400
    assert login(issuing, "carol").status_code == 200
    assert login(issuing, "user1").status_code == 429, "failures outlive a reload"


def test_another_key_is_taken_up_on_request(issuing: Gateway) -> None:
    import signal
    bearer = token(issuing)
    (issuing.directory / "local.key").unlink()
    count = issuing.event_count("reloaded")
    issuing.signal(signal.SIGHUP)
    issuing.wait_for_next_event(count, "reloaded")
    answer = issuing.exchange(request("GET", "/items/1", f"Authorization: Bearer {bearer}"))
    assert (answer.status, issuing.log_of(answer)["reason"]) == (401, "unknown_key")
    assert call(issuing, "GET", "/items/1", token(issuing)) == 200


def test_no_password_is_ever_written(issuing: Gateway) -> None:
    secret = "pässw0rd-that-nobody-may-see"
    login(issuing, secret, secret, client_id=secret, client_secret=secret, scope=secret)
    login(issuing, secret, secret)
    ask(issuing, grant_type=secret, auth=(secret, secret))
    httpx.get(f"{url(issuing)}/token", params={"password": secret}, trust_env=False)
    issuing.wait_for_log_count(4)
    log = issuing.log_path.read_text() if issuing.log_path else ""
    written = log + json.dumps(issuing.application_log) + "".join(issuing.unstructured)
    assert "nobody-may-see" not in written


def test_a_key_that_cannot_be_had_is_an_error_with_its_place(tmp_path: Path, issuing: Gateway) -> None:
    settings = json.loads(issuing.configuration_path.read_text())
    wrong = tmp_path / "wrong.key"
    wrong.write_text("no key")
    for path, words in ((tmp_path / "none" / "local.key", "No such file or directory"), (wrong, "no private key in PEM")):
        settings["issuers"]["local"]["token_endpoint"]["signing_key"] = {"file": str(path)}
        (tmp_path / "gateway.json").write_text(json.dumps(settings, indent=1))
        result = run("serve", "--config", str(tmp_path / "gateway.json"))
        assert result.returncode == 78
        assert words in result.stderr and "at /issuers/local/token_endpoint/signing_key/file" in result.stderr
    assert run("token", "mint", "alice", "--config", str(tmp_path / "gateway.json")).returncode == 1


# Commands


def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary(), *arguments], input=stdin, capture_output=True, text=True, timeout=60, cwd=cwd)


@pytest.mark.parametrize("cost", [14, 15])
def test_hash_makes_what_another_implementation_verifies(cost: int) -> None:
    first = run("token", "hash", "--cost", str(cost), stdin="grüße 1\n")
    assert first.returncode == 0, first.stderr
    _, kind, settings, salt, key = first.stdout.strip().split("$")
    assert (kind, settings) == ("scrypt", f"ln={cost},r=8,p=1")
    raw = base64.b64decode(salt + "=" * (-len(salt) % 4))
    made = hashlib.scrypt("grüße 1".encode(), salt=raw, n=1 << cost, r=8, p=1, dklen=32, maxmem=1 << 27)
    assert base64.b64encode(made).decode().rstrip("=") == key
    assert run("token", "hash", stdin="grüße 1").stdout != first.stdout
    assert run("token", "hash", stdin="\n").returncode == 64


def test_hash_asks_on_a_terminal_without_showing_what_is_typed() -> None:
    import pty
    master, slave = pty.openpty()
    process = subprocess.Popen([binary(), "token", "hash"], stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True, preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
    os.close(slave)
    seen = b""
    try:
        for prompt in (b"Password: ", b"Again: "):
            while prompt not in seen:
                seen += os.read(master, 1024)
            time.sleep(0.1)
            os.write(master, b"secret-typed\n")
        while b"$scrypt$" not in seen or not seen.rstrip(b" ").endswith(b"\n"):
            seen += os.read(master, 1024)
        assert process.wait(30) == 0
    finally:
        process.kill()
        os.close(master)
    assert b"secret-typed" not in seen


def test_mint_prints_a_token_for_those_who_can_read_the_key(issuing: Gateway) -> None:
    config = str(issuing.configuration_path)
    result = run("token", "mint", "alice", "--config", config, "--scope", "items:read")
    assert result.returncode == 0, result.stderr
    assert call(issuing, "GET", "/items/1", result.stdout.strip()) == 200
    assert call(issuing, "DELETE", "/items/1", result.stdout.strip()) == 401
    assert call(issuing, "GET", "/items/1", run("token", "mint", "batch", "-f", config).stdout.strip()) == 200
    unknown = run("token", "mint", "alicia", "--config", config)
    assert unknown.returncode == 64 and 'did you mean "alice"' in unknown.stderr
    assert run("token", "mint", "alice", "--config", config, "--scope", "admin").returncode == 1


def test_inspect_says_what_is_verified_and_what_is_not(issuing: Gateway) -> None:
    config, bearer = str(issuing.configuration_path), token(issuing)
    shown = run("token", "inspect", stdin=bearer + "\n")
    assert shown.returncode == 0
    assert '"sub": "alice"' in shown.stdout and "not checked" in shown.stdout and "good" not in shown.stdout
    assert re.search(r"expires .*, in (9 minutes|10 minutes|5\d\d seconds)", shown.stdout)
    good = run("token", "inspect", bearer, "--config", config)
    assert good.returncode == 0, good.stderr
    assert 'good: made by the issuer "local"' in good.stdout and "accepted   yes" in good.stdout
    head, claims, signature = bearer.split(".")
    forged = run("token", "inspect", ".".join((head, claims[:-4] + "AAAA", signature)), "--config", config)
    tampered = run("token", "inspect", ".".join((head, claims, signature[:-6] + "AAAAAA")), "--config", config)
    for result in forged, tampered:
        assert result.returncode == 1 and "good" not in result.stdout
    assert "not verified" in tampered.stdout and "bad_signature" in tampered.stdout
    assert run("token", "inspect", "no-token").returncode == 1


def test_check_does_not_make_the_key(tmp_path: Path, issuing: Gateway) -> None:
    path = tmp_path / "checked" / "gateway.json"
    path.parent.mkdir()
    path.write_text(issuing.configuration_path.read_text())
    result = run("check", "--config", str(path))
    assert result.returncode == 0, result.stderr
    assert "password_grant" in run("check", "--json", "--config", str(path)).stdout
    assert not (path.parent / "local.key").exists()
    effective = run("check", "--effective", "--config", str(path))
    assert "$scrypt$" not in effective.stdout
    for wrong, text in (("0.0.0.0:0", "cleartext_passwords"),):
        settings = json.loads(path.read_text())
        settings["listeners"] = [{"address": wrong}]
        path.write_text(json.dumps(settings))
        assert text in run("check", "--json", "--config", str(path)).stdout


def test_routes_list_the_built_in_paths(issuing: Gateway) -> None:
    listed = json.loads(run("routes", "--json", "-f", str(issuing.configuration_path)).stdout)
    builtin = [(route["id"], route["path"], route["methods"]) for route in listed if route["id"].startswith("gateway.")]
    assert builtin == [("gateway.token", "/token", ["POST"]), ("gateway.jwks", "/.well-known/jwks.json", ["GET", "HEAD"])]
