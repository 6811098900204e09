"""FastAPI's own security is the reference: the gateway allows what the application would allow, and no more.

The same requests go to an application that checks for itself and, through the gateway, to one that does not. Where the
gateway says anything else, it must be stricter, and the request must be of a class that is listed here with its reason.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from conftest import Service
from harness.gateway import Gateway
from harness.tokens import Mint, Signer, base64url
from harness.wire import Address, Client, Closed, Response, request

SEED = 20_261_124
GENERATED = 2000
PARALLEL = 4

pytestmark = pytest.mark.timeout(300)

SCOPES = ["me", "items:read", "items:write", "owners", "users", "reports", "orders"]
ROLES = {
    "viewer": {"scopes": ["items:read"]},
    "editor": {"includes": ["viewer"], "scopes": ["items:write"]},
    "admin": {"includes": ["editor"], "scopes": ["me"]},
    "auditor": {"scopes": ["reports"]},
}

#: secured_service.py, as a gateway says it.
ROUTES: list[dict[str, Any]] = [
    {"id": "health", "path": "/health", "methods": ["GET"], "public": True},
    {"id": "files", "path": "/files/{rest...}", "methods": ["GET"], "public": True},
    {"id": "status", "path": "/status/", "methods": ["GET"], "authenticated": True},
    {"id": "me", "path": "/users/me", "methods": ["GET"], "scopes": ["me"]},
    {"id": "me.items", "path": "/users/me/items", "methods": ["GET"], "scopes": ["items:read", "me"]},
    {"id": "users", "path": "/users/{name}", "methods": ["GET", "PUT"], "scopes": ["users"]},
    {"id": "items.new", "path": "/items/", "methods": ["POST"], "scopes": ["items:write"]},
    {"id": "items.read", "path": "/items/{item}", "methods": ["GET"], "scopes": ["items:read"]},
    {"id": "items.write", "path": "/items/{item}", "methods": ["PUT", "DELETE"], "scopes": ["items:write", "items:read"]},
    {"id": "owner", "path": "/items/{item}/owner", "methods": ["GET"], "scopes": ["owners"]},
    {"id": "lines", "path": "/reports/{name}/lines/{line}", "methods": ["GET"], "scopes": ["reports", "items:read", "me"]},
    {"id": "audit", "path": "/audit", "methods": ["GET"], "scopes": ["reports"]},
    {"id": "admin", "path": "/admin/{rest...}", "methods": ["GET", "POST"], "roles": ["admin"]},
    {"id": "desk", "path": "/desk", "methods": ["GET"], "roles": ["auditor", "viewer"]},
    {"id": "desk.me", "path": "/desk", "methods": ["POST"], "scopes": ["me"], "roles": ["auditor", "viewer"]},
    {"id": "orders", "path": "/orders/{order}", "methods": ["GET"], "scopes": ["orders", "items:read"]},
]

#: Where the gateway is stricter, class by class: the reasons that it may give (an empty set stands for any), and why it is.
#: No other difference is accepted.
STRICTER = {
    "own path": ({"method_not_allowed"}, "a path that a route names is that route's; Starlette goes on to a template"),
    "slash": ({"no_route"}, "a trailing slash is significant; Starlette redirects without a look at the token"),
    "empty rest": ({"no_route"}, "{rest...} stands for at least one segment; {rest:path} also for none"),
    "two readings": ({"ambiguous_path"}, "servers read encoded slashes and parameters in different ways"),
    "unreadable path": ({"ambiguous_path"}, "servers read %00, a % without digits and what is not UTF-8 in different ways"),
    "dot segments": (set(), "dot segments are resolved before a route is found, or refused; Starlette keeps them, so that it "
                            "is another route that decides"),
    "two credentials": ({"bad_request"}, "a repeated Authorization field has no one meaning; Starlette takes the first"),
    "tab": ({"malformed_token"}, "a tab does not end the scheme; FastAPI takes it all for a scheme that it does not know"),
    "base64url": ({"malformed_token"}, "base64url has one form; Python passes over padding, unused bits and other characters"),
    "no expiry": ({"required_claim"}, "a token without exp is good for ever; require_expiry: false accepts it"),
    "time as text": ({"malformed_token"}, "exp, nbf and iat are numbers; PyJWT converts text"),
    "extension": ({"malformed_token"}, "the token brings a key or another token; PyJWT passes over that"),
    "type": ({"wrong_type"}, "what says that it is something other than an access token is none (RFC 8725 section 3.11)"),
    "strict JSON": ({"malformed_token"}, "claims are strict JSON of limited depth; Python takes NaN, and the last of two names"),
    "size": ({"malformed_token", "head_too_large"}, "a token has at most 8 KiB, and a header section 16 KiB"),
}


@dataclass(frozen=True)
class Target:
    method: str
    path: str
    stricter: str | None = None
    #: Two dependencies of the route check scopes, each its own, and FastAPI's challenge names those of one.
    branches: bool = False


@dataclass(frozen=True)
class Flaw:
    """What is wrong, or only unusual, with a token."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    #: Changes the text of the claims before it is signed.
    text: Callable[[str], str] | None = None
    #: Changes the token after it is signed.
    token: Callable[[str], str] | None = None
    #: Whether somebody else has signed it.
    is_forged: bool = False
    stricter: str | None = None


@dataclass(frozen=True)
class Form:
    """The field lines that a token is sent in."""

    lines: tuple[str, ...]
    stricter: str | None = None


@dataclass(frozen=True)
class Case:
    target: Target
    flaw: str
    form: str
    claims: dict[str, Any]
    algorithm: str

    @property
    def stricter(self) -> set[str]:
        classes = {self.target.stricter, FLAWS[self.flaw].stricter, FORMS[self.form].stricter}
        return {name for name in classes if name}


TARGETS = [
    *[Target("GET", path) for path in (
        "/health", "/files/a", "/files/a/b.txt", "/files/a//b", "/files/a%2Fb", "/files/a%252Fb", "/files/a;v=1", "/files/a/",
        "/files/%C3%BC", "/files/me?access_token=x", "/status/", "/status/?scope=me", "/%73tatus/", "/users/me",
        "/users/%6de", "/users/me?x=/health", "/users/me/items", "/users/ME", "/users/alice", "/users/alice%20b",
        "/items/42", "/items/" + "x" * 300, "/items/a.b~c", "/items/42/owner", "/items/owner/owner",
        "/reports/q1/lines/7", "/audit", "/admin/a", "/admin/a/b/c", "/desk", "/HEALTH", "/nowhere", "/", "/items/",
        "/users/me/items/1",
    )],
    *[Target("GET", path, branches=True) for path in ("/orders/1", "/orders/me")],
    *[Target(method, path) for method, path in (
        ("POST", "/items/"), ("PUT", "/items/42"), ("DELETE", "/items/42"), ("PUT", "/users/alice"), ("POST", "/admin/a"),
        ("POST", "/desk"), ("POST", "/items/42"), ("PATCH", "/items/42"), ("PUT", "/desk"), ("DELETE", "/health"),
        ("HEAD", "/items/42"), ("HEAD", "/health"), ("OPTIONS", "/items/42"), ("OPTIONS", "/status/"), ("POST", "/status/"),
    )],
    Target("PUT", "/users/me", "own path"),
    *[Target("GET", path, "slash") for path in ("/status", "/items", "/files", "/health/", "/users/me/", "/audit/")],
    *[Target("GET", path, "empty rest") for path in ("/files/", "/admin/")],
    *[Target("GET", path, "two readings") for path in (
        "/items/a%2Fowner", "/items%2F42", "/users/me;x=1", "/users/me%2Fitems", "/users/me%3Bx", "//health",
        "/users//me", "/desk;x")],
    *[Target("GET", path, "unreadable path") for path in ("/files/a%00b", "/files/%zz", "/files/%ff", "/items/%")],
    *[Target("GET", path, "dot segments") for path in (
        "/files/../status/", "/files/a/../../users/me", "/files/%2e%2e%2fstatus/", "/files/..;/status/", "/users/.")],
]

#: One target for each route that is not public.
PROTECTED = [
    Target("GET", "/status/"), Target("GET", "/users/me"), Target("GET", "/users/me/items"), Target("PUT", "/users/alice"),
    Target("POST", "/items/"), Target("GET", "/items/42"), Target("DELETE", "/items/42"), Target("GET", "/items/42/owner"),
    Target("GET", "/reports/q1/lines/7"), Target("GET", "/audit"), Target("POST", "/admin/a"), Target("GET", "/desk"),
    Target("POST", "/desk"), Target("GET", "/orders/1", branches=True),
]

NOW = int(time.time())
STRANGERS = Mint("RS256", "ES256", "EdDSA", "HS256").signers


def signature(change: Callable[[str], str]) -> Callable[[str], str]:
    """Changes the last part of a token."""
    def changed(token: str) -> str:
        message, _, last = token.rpartition(".")
        return f"{message}.{change(last)}"

    return changed


def last_bits(text: str) -> str:
    """The same bytes, with the unused bits of the last character set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def other_claims(token: str) -> str:
    head, _, tail = token.split(".")
    claims = {"iss": Mint.issuer, "aud": Mint.audience, "sub": "mallory", "exp": NOW + 7200, "scope": " ".join(SCOPES)}
    return f"{head}.{base64url(json.dumps(claims).encode())}.{tail}"


def other_header(**header: Any) -> Callable[[str], str]:
    return lambda token: ".".join([base64url(json.dumps(header).encode()), *token.split(".")[1:]])


FLAWS = {
    "none": Flaw(),
    # What both accept
    "no kid": Flaw(header={"kid": None}),
    "no typ": Flaw(header={"typ": None}),
    "typ at+jwt": Flaw(header={"typ": "at+jwt"}),
    "typ application/at+jwt": Flaw(header={"typ": "application/AT+JWT"}),
    "a certificate's thumbprint": Flaw(header={"x5t": "AAAA"}),
    "audience among others": Flaw({"aud": ["https://other.test", Mint.audience]}),
    "decimal times": Flaw({"exp": NOW + 7200.5, "nbf": NOW - 60.5, "iat": NOW - 60.25}),
    "exponent": Flaw(text=lambda text: text.replace('"exp": ', '"exp": 1e0, "was": ').replace("1e0", f"{NOW + 7200}.0e0")),
    "scopes in a list": Flaw(text=lambda text: re.sub(r'"scope": ("[^"]*")', lambda found: '"scope": ' + json.dumps(
        json.loads(found[1]).split()), text)),
    "wide spaces": Flaw(text=lambda text: re.sub(r'"scope": "([^"]*)"', lambda found: '"scope": "  ' + found[1].replace(
        " ", "   ") + ' "', text)),
    "escaped claims": Flaw(text=lambda text: text.replace('"scope"', '"\\u0073cope"').replace('"exp"', '"e\\u0078p"')),
    "unknown claims": Flaw({"nested": {"scope": "users", "roles": ["admin"]}, "scp": " ".join(SCOPES), "permissions": SCOPES}),
    "empty subject": Flaw({"sub": ""}),
    # Time
    "expired": Flaw({"exp": NOW - 60}),
    "expired for years": Flaw({"exp": 1}),
    "exp 0": Flaw({"exp": 0}),
    "exp negative": Flaw({"exp": -1}),
    "exp true": Flaw({"exp": True}),
    "exp null": Flaw(text=lambda text: text.replace('"exp": ', '"exp": null, "was": ')),
    "exp infinite": Flaw(text=lambda text: text.replace('"exp": ', '"exp": 1e999, "was": ')),
    "exp a word": Flaw({"exp": "tomorrow"}),
    "exp a list": Flaw({"exp": [NOW + 7200]}),
    "exp text": Flaw({"exp": str(NOW + 7200)}, stricter="time as text"),
    "nbf text": Flaw({"nbf": "0"}, stricter="time as text"),
    "iat text": Flaw({"iat": str(NOW - 60)}, stricter="time as text"),
    "not yet valid": Flaw({"nbf": NOW + 3600}),
    "issued in the future": Flaw({"iat": NOW + 3600}),
    "no exp": Flaw({"exp": None}, stricter="no expiry"),
    # Audience, issuer, subject
    "other audience": Flaw({"aud": "https://other.test"}),
    "other audiences": Flaw({"aud": ["https://other.test", "https://third.test"]}),
    "audience's beginning": Flaw({"aud": Mint.audience[:-1]}),
    "no audience": Flaw({"aud": None}),
    "empty audience": Flaw({"aud": []}),
    "audience with a number": Flaw({"aud": [Mint.audience, 1]}),
    "audience an object": Flaw({"aud": {Mint.audience: True}}),
    "other issuer": Flaw({"iss": "https://evil.test/"}),
    "issuer without its slash": Flaw({"iss": Mint.issuer[:-1]}),
    "issuer in capitals": Flaw({"iss": Mint.issuer.upper()}),
    "issuer in a list": Flaw({"iss": [Mint.issuer]}),
    "no issuer": Flaw({"iss": None}),
    "no subject": Flaw({"sub": None}),
    "subject a number": Flaw({"sub": 7}),
    "jti a number": Flaw({"jti": 7}),
    # Scopes and roles
    "scope a number": Flaw({"scope": 7}),
    "scope an object": Flaw({"scope": {"me": True}}),
    "scope null": Flaw(text=lambda text: text.replace('"scope": ', '"scope": null, "was": ')),
    "scopes with a number": Flaw({"scope": ["me", 7]}),
    "scopes in one": Flaw({"scope": [" ".join(SCOPES)]}),
    "scopes with commas": Flaw({"scope": ",".join(SCOPES)}),
    "scopes with tabs": Flaw({"scope": "\t".join(SCOPES)}),
    "scopes in capitals": Flaw({"scope": " ".join(SCOPES).upper()}),
    "scopes' beginnings": Flaw({"scope": " ".join(scope[:-1] for scope in SCOPES)}),
    "scopes with more": Flaw({"scope": " ".join(scope + ":x" for scope in SCOPES)}),
    "a wildcard": Flaw({"scope": "* items:* .*"}),
    "role a number": Flaw({"roles": 7}),
    "roles with a number": Flaw({"roles": ["admin", 7]}),
    "roles in one": Flaw({"roles": "admin auditor"}),
    "roles unknown": Flaw({"roles": ["root", "Admin", "admin "]}),
    "one role": Flaw({"roles": "admin"}),
    # Keys and signatures
    "unknown kid": Flaw(header={"kid": "nobody"}),
    "kid a number": Flaw(header={"kid": 7}),
    "kid of another type": Flaw(token=other_header(alg="ES256", kid="key-rs256")),
    "alg none": Flaw(token=lambda token: other_header(alg="none")(token).rpartition(".")[0] + "."),
    "alg None": Flaw(token=lambda token: other_header(alg="None")(token).rpartition(".")[0] + "."),
    "alg HS256": Flaw(header={"alg": "HS256"}),
    "alg in small letters": Flaw(header={"alg": "es256"}),
    "alg of another key": Flaw(header={"alg": "PS256"}),
    "no alg": Flaw(header={"alg": None}),
    "stranger's signature": Flaw(is_forged=True),
    "changed claims": Flaw(token=other_claims),
    "no signature": Flaw(token=signature(lambda text: "")),
    "half a signature": Flaw(token=signature(lambda text: text[: len(text) // 2 // 4 * 4])),
    "changed signature": Flaw(token=signature(lambda text: ("B" if text[0] == "A" else "A") + text[1:])),
    "zero signature": Flaw(token=signature(lambda text: base64url(bytes(64)))),
    "unused bits": Flaw(token=signature(last_bits), stricter="base64url"),
    "padding": Flaw(token=signature(lambda text: text + "=" * (-len(text) % 4)), stricter="base64url"),
    "other characters": Flaw(token=signature(lambda text: f"!!{text}~~"), stricter="base64url"),
    "other alphabet": Flaw(token=signature(lambda text: text.replace("-", "+").replace("_", "/")), stricter="base64url"),
    # Malformed
    "one part": Flaw(token=lambda token: token.split(".")[0]),
    "two parts": Flaw(token=lambda token: token.rpartition(".")[0]),
    "four parts": Flaw(token=lambda token: token + ".AAAA"),
    "five parts": Flaw(token=lambda token: token + "..AAAA"),
    "a dot more": Flaw(token=lambda token: token + "."),
    "only dots": Flaw(token=lambda token: ".."),
    "no token at all": Flaw(token=lambda token: "opaque-1234"),
    "claims in a list": Flaw(text=lambda text: f"[{text}]"),
    "claims cut short": Flaw(text=lambda text: text[:-1]),
    "claims and more": Flaw(text=lambda text: text + "x"),
    "claims in single quotes": Flaw(text=lambda text: text.replace('"', "'")),
    # Where PyJWT is lenient
    "repeated claim": Flaw(text=lambda text: '{"scope": "users", ' + text[1:], stricter="strict JSON"),
    "NaN": Flaw(text=lambda text: '{"x": NaN, ' + text[1:], stricter="strict JSON"),
    "deep claims": Flaw(text=lambda text: '{"x": ' + "[" * 40 + "]" * 40 + ", " + text[1:], stricter="strict JSON"),
    "large": Flaw({"x": "x" * 8000}, stricter="size"),
    "typ of an id token": Flaw(header={"typ": "id_token+jwt"}, stricter="type"),
    "typ of a proof": Flaw(header={"typ": "dpop+jwt"}, stricter="type"),
    "cty JWT": Flaw(header={"cty": "JWT"}, stricter="extension"),
    "embedded key": Flaw(header={"jwk": STRANGERS["ES256"].jwk()}, stricter="extension"),
    "key URL": Flaw(header={"jku": "https://evil.test/jwks"}, stricter="extension"),
    "certificate URL": Flaw(header={"x5u": "https://evil.test/x"}, stricter="extension"),
    "critical": Flaw(header={"crit": ["exp"], "exp": 1}),
    "payload not encoded": Flaw(header={"crit": ["b64"], "b64": False}),
}

FORMS = {
    "plain": Form(("Authorization: Bearer {token}",)),
    "small letters": Form(("authorization: bearer {token}",)),
    "capitals": Form(("AUTHORIZATION: BEARER {token}",)),
    "spaces between": Form(("Authorization: Bearer    {token}",)),
    "spaces behind": Form(("Authorization: Bearer {token}  \t ",)),
    "spaces before": Form(("Authorization: \t Bearer {token}",)),
    "none": Form(()),
    "empty": Form(("Authorization:",)),
    "scheme alone": Form(("Authorization: Bearer",)),
    "scheme and spaces": Form(("Authorization: Bearer   ",)),
    "token alone": Form(("Authorization: {token}",)),
    "Basic": Form(("Authorization: Basic YWxpY2U6c2VjcmV0",)),
    "token as Basic": Form(("Authorization: Basic {token}",)),
    "Token": Form(("Authorization: Token {token}",)),
    "DPoP": Form(("Authorization: DPoP {token}",)),
    "Bearers": Form(("Authorization: Bearers {token}",)),
    "nothing between": Form(("Authorization: Bearer{token}",)),
    "colon": Form(("Authorization: Bearer: {token}",)),
    "tab between": Form(("Authorization: Bearer\t{token}",), "tab"),
    "quotes": Form(('Authorization: Bearer "{token}"',)),
    "comma": Form(("Authorization: Bearer {token},",)),
    "two in one": Form(("Authorization: Bearer {token}, Bearer {token}",)),
    "twice": Form(("Authorization: Bearer {token}", "Authorization: Bearer {token}"), "two credentials"),
    "another first": Form(("Authorization: Basic YTpi", "Authorization: Bearer {token}"), "two credentials"),
    "in a cookie": Form(("Cookie: access_token={token}; Authorization=Bearer {token}",)),
    "in other fields": Form(("X-Authorization: Bearer {token}", "Proxy-Authorization: Bearer {token}",
                             "X-Forwarded-Access-Token: {token}")),
    "method override": Form(("Authorization: Bearer {token}", "X-HTTP-Method-Override: GET", "X-Original-URL: /health")),
}


def subsets(names: list[str]) -> Iterator[list[str]]:
    for size in range(len(names) + 1):
        for subset in itertools.combinations(names, size):
            yield list(subset)


def generate(mint: Mint) -> list[Case]:
    """Every set of scopes and every set of roles on every protected route; every target, flaw and form with a token that has
    everything; then a mixture of all of them."""
    choose = random.Random(SEED)
    full = {"scope": " ".join(SCOPES), "roles": list(ROLES)}
    read = Target("GET", "/items/42")
    algorithms = list(mint.signers)
    usual = algorithms[-1]
    cases = [Case(target, "none", form, full, usual) for target in TARGETS for form in ("plain", "none")]
    cases += [Case(read, flaw, "plain", full, algorithm) for flaw in FLAWS for algorithm in algorithms]
    cases += [Case(read, "none", form, full, usual) for form in FORMS]
    for target in PROTECTED:
        cases += [Case(target, "none", "plain", {"scope": " ".join(scopes)}, usual) for scopes in subsets(SCOPES)]
        cases += [Case(target, "none", "plain", {"roles": roles}, usual) for roles in subsets(list(ROLES))]
    for _ in range(GENERATED):
        claims: dict[str, Any] = {}
        share = choose.choice((0.0, 0.3, 0.6, 0.9))
        if scopes := [scope for scope in choose.sample(SCOPES, len(SCOPES)) if choose.random() < share]:
            claims["scope"] = " ".join([*scopes, *choose.sample(["extra", "items"], choose.randrange(3))])
        if choose.random() < 0.4:
            claims["roles"] = choose.sample([*ROLES, "unknown"], choose.randrange(3))
        cases.append(Case(
            choose.choice(TARGETS), choose.choice(list(FLAWS)) if choose.random() < 0.3 else "none",
            choose.choice(list(FORMS)) if choose.random() < 0.25 else "plain", claims,
            choose.choice(algorithms),
        ))
    return cases


def credential(case: Case, mint: Mint) -> list[str]:
    """The field lines of a case."""
    flaw = FLAWS[case.flaw]
    signer = (STRANGERS if flaw.is_forged else mint.signers)[case.algorithm]
    head = {"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid} | flaw.header
    claims = {"iss": mint.issuer, "aud": mint.audience, "sub": "alice", "iat": NOW, "exp": NOW + 7200}
    claims |= case.claims | flaw.claims
    texts = [json.dumps({name: value for name, value in part.items() if value is not None}) for part in (head, claims)]
    if flaw.text:
        texts[1] = flaw.text(texts[1])
    token = mint.signed(texts[0].encode(), texts[1].encode(), signer)
    if flaw.token:
        token = flaw.token(token)
    return [line.replace("{token}", token) for line in FORMS[case.form].lines]


class KeepAlive:
    """A connection that is opened again when the other side has closed it."""

    def __init__(self, address: Address):
        self.address = address
        self.client: Client | None = None

    def exchange(self, data: bytes) -> Response:
        try:
            response = self._try(data)
        except (Closed, ConnectionError):
            # An idle connection may be closed at any time; a new one answers.
            self.close()
            response = self._try(data)
        if (response.get("connection") or "").lower() == "close":
            self.close()
        return response

    def _try(self, data: bytes) -> Response:
        self.client = self.client or Client(self.address)
        return self.client.exchange(data)

    def close(self) -> None:
        if self.client:
            self.client.close()
        self.client = None


@dataclass(frozen=True)
class Outcome:
    case: Case
    direct: Response
    via: Response

    def __str__(self) -> str:
        case = self.case
        return (f"{case.target.method} {case.target.path}, {case.flaw}, {case.form}, {case.algorithm} {case.claims}: "
                f"the application {self.direct.status} {self.direct.body[:60]!r} {self.direct.all('www-authenticate')}, "
                f"the gateway {self.via.status} {self.via.body[:200]!r} {self.via.all('www-authenticate')}")


def is_allowed(response: Response) -> bool:
    return 200 <= response.status < 300


def named_scopes(response: Response) -> list[str]:
    found = re.search(r'scope="([^"]*)"', response.get("www-authenticate") or "")
    return found[1].split(" ") if found else []


def detail(response: Response) -> str | None:
    return json.loads(response.body)["detail"] if response.body else None


def difference(outcome: Outcome) -> str | None:
    """How the two answers differ in what they say about the request, or None."""
    case, direct, via = outcome.case, outcome.direct, outcome.via
    if is_allowed(direct) or is_allowed(via):
        return None if is_allowed(direct) == is_allowed(via) else "verdict"
    if direct.status != via.status:
        return "status"
    if direct.status != 401:
        return None
    # HEAD has no body to look into.
    if case.target.method != "HEAD" and detail(direct) != detail(via):
        return "detail"
    wanted, got = named_scopes(direct), named_scopes(via)
    same = set(wanted) <= set(got) if case.target.branches else wanted == got
    return None if not wanted or same else "scopes"


def is_explained(outcome: Outcome) -> bool:
    """Whether the request is of a listed class, and the gateway gives a reason of that class."""
    reason = json.loads(outcome.via.body)["reason"] if outcome.via.body else None
    return any(not STRICTER[name][0] or reason in STRICTER[name][0] for name in outcome.case.stricter)


@pytest.fixture(scope="module", params=["public keys", "a secret"])
def issuer(request: pytest.FixtureRequest, mint: Mint) -> Mint:
    """One with public keys of all types, or one with a secret, as in FastAPI's tutorial."""
    return mint if request.param == "public keys" else Mint("HS256")


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory, issuer: Mint) -> Iterator[list[Service]]:
    """One that checks, and one that does not."""
    folder = tmp_path_factory.mktemp("applications")
    arguments = [issuer.issuer, issuer.audience, json.dumps(issuer.jwks())]
    services = [
        Service(folder / f"{mode}.log", "secured_service.py", *arguments, mode) for mode in ("secured", "open")
    ]
    yield services
    for service in services:
        service.stop()


@pytest.fixture(scope="module")
def oracle_gateway(applications: list[Service], module_gateway: Any, issuer: Mint) -> Gateway:
    settings = {
        "issuer": issuer.issuer, "audience": [issuer.audience], "algorithms": list(issuer.signers),
        "keys": {"jwks": issuer.jwks()}, "claims": {"scopes": [["scope"]]}, "required_claims": ["sub"], "clock_skew": "0s",
    }
    return module_gateway(
        applications[1].url, scopes={name: name for name in SCOPES}, roles=ROLES, routes=ROUTES, issuers={"main": settings},
        # As FastAPI answers; what the gateway does by default is in test_decisions.py.
        refusals={"unmatched_status": 404},
    )


@pytest.fixture(scope="module")
def outcomes(oracle_gateway: Gateway, applications: list[Service], issuer: Mint) -> list[Outcome]:
    cases = generate(issuer)

    def run(share: list[Case]) -> list[Outcome]:
        direct, via = KeepAlive(applications[0].address), KeepAlive(oracle_gateway.address)
        try:
            results = []
            for case in share:
                data = request(case.target.method, case.target.path, *credential(case, issuer))
                results.append(Outcome(case, direct.exchange(data), via.exchange(data)))
            return results
        finally:
            direct.close()
            via.close()

    with ThreadPoolExecutor(PARALLEL) as pool:
        shares = pool.map(run, [cases[first::PARALLEL] for first in range(PARALLEL)])
        return [outcome for share in shares for outcome in share]


def listed(outcomes: list[Outcome]) -> None:
    assert not outcomes, f"{len(outcomes)} of them:\n" + "\n".join(f"- {outcome}" for outcome in outcomes[:20])


def test_the_gateway_allows_nothing_that_the_application_refuses(outcomes: list[Outcome]) -> None:
    listed([outcome for outcome in outcomes if is_allowed(outcome.via) and not is_allowed(outcome.direct)])


def test_the_gateway_refuses_only_what_the_application_refuses_or_what_is_listed(outcomes: list[Outcome]) -> None:
    listed([
        outcome for outcome in outcomes
        if is_allowed(outcome.direct) and not is_allowed(outcome.via) and not is_explained(outcome)
    ])


def test_401s_carry_the_same_detail_and_the_scopes_that_fastapi_names(outcomes: list[Outcome]) -> None:
    listed([outcome for outcome in outcomes if difference(outcome) and not is_explained(outcome)])


def test_every_listed_class_occurs(outcomes: list[Outcome]) -> None:
    """A class that makes no difference any more is to be removed from the list."""
    alone = [outcome.case.stricter for outcome in outcomes if difference(outcome) and len(outcome.case.stricter) == 1]
    assert {name for classes in alone for name in classes} == set(STRICTER)


def test_the_cases_are_many_and_go_both_ways(outcomes: list[Outcome]) -> None:
    """So that agreement means something: whatever can be allowed and refused is both."""
    assert len({repr(outcome.case) for outcome in outcomes}) >= 3000
    assert sum(is_allowed(outcome.via) for outcome in outcomes) > 1000
    details = Counter(detail(outcome.direct) for outcome in outcomes if outcome.direct.status == 401 and outcome.direct.body)
    assert details.keys() == {"Not authenticated", "Could not validate credentials", "Not enough permissions"}
    assert min(details.values()) > 100
    statuses: dict[Target, set[int]] = {target: set() for target in TARGETS}
    for outcome in outcomes:
        statuses[outcome.case.target].add(outcome.direct.status)
    for target, seen in statuses.items():
        # A public path, a protected one that opens, or none.
        assert seen in ({200}, {200, 401}, {404}, {405}, {307}), (target, seen)
