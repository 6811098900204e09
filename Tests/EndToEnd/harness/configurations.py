"""Random configurations: valid ones, and ones with one fault."""

from __future__ import annotations

import copy
import random
from typing import Any

from .gateway import REPOSITORY

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

HASH = "sha256:" + "0123456789abcdef" * 4
TIMES = ["2027-01-31T00:00:00Z", "2028-02-29t23:59:60.5+23:59", "1970-01-01T00:00:00-00:00"]
SUBPROTOCOLS = ["bearer", "a.b+c", "~", "x" * 64]
ORIGINS = ["https://app.example.com", "https://localhost:3000", "https://[::1]:8080", "null", "chrome-extension://abc"]
FIELDS = ["X-User", "X-Tenant", "Remote-User", "x"]

CERTIFICATES = REPOSITORY / "Tests" / "ConfigurationTests" / "Certificates"

DURATIONS = ["1ms", "250ms", "30s", "5m", "1h", "007s"]
SIZES = ["512B", "1KiB", "8KiB", "08KiB"]
HOSTS = ["api.example.com", "*.example.com", "localhost", "a_b.c", "192.0.2.1", "[2001:db8::1]", "api.example.com."]
SERVERS = [
    "http://127.0.0.1", "http://127.0.0.1:8000", "http://127.0.0.1:1/", "http://a.example", "http://a-b.c.:9",
    "http://[::1]:81", "http://[::ffff:192.0.2.1]/", "http://unix:/run/app.sock", "http://unix:app.sock", "http://1a:0001",
    "https://127.0.0.1", "https://a.example:8443/", "https://[::1]:443", "https://a.example.:0443",
]
SERVICES = [
    "https://idp.example.com/keys", "https://a", "HTTPS://A.b:8443?c=d", "https://[::1]:0443/a/../b?", "http://192.0.2.1/%zz",
    "https://a_b.c-d/!$&'()*+,;=:@~[]",
]
ADDRESSES = ["127.0.0.1:0", "0.0.0.0:00", "[::]:0", "[2001:db8::1:2]:0", "localhost:0", "a.example.com.:0"]
EXTERNAL = ["https://api.example.com", "http://localhost:8080/", "https://[::1]", "https://192.0.2.1:65535"]
PROXIES = ["10.0.0.0/8", "192.0.2.1", "0.0.0.0/0", "::1", "2001:db8::/32", "unix:", "192.0.2.0/024", "::/0"]
SEGMENTS = ["a", "{id}", "a%20b", "%C3%A9", "a.b", "...", "a;b=c", "x@y:z", "!$&'()*+,;=", "%61", "{_1}"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "M-SEARCH", "Propfind", "A1"]
ALLOW = ["encoded_slash", "encoded_backslash", "empty_segments", "parameters", "double_encoding", "invalid_utf8"]

# What stands in the place of any string to break it; some are good in some places.
STRINGS = [
    "", " ", "a b", "é", "-", ".", "..", "/", "//", "/a//b", "/a/", "/.", "/..", "/%2e", "/%2E%2e/a", "/%", "/%zz", "/%00",
    "/%7f", "/{", "/{}", "/{1}", "/{a}b", "/{a...}/b", "/{a}/{a}", "/{a}/{a...}", "/{a...}", "/a?b", "/ä", "/%41", "/%2F",
    "/%2f", "*", "/*", "get", "Get", "GETT", "TRACE", "CONNECT", "trace", "G T", "1", "gateway.x", "gateway", "a:b/c", "\\",
    '"', "~", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:65535", "127.0.0.1:-1", "127.0.0.01:1", "1.2.3:1",
    "256.0.0.1:1", "::1:80", "[::1]", "[::1]:80", "[::1]80", "[:::]:80", "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7::8]:1",
    "[1::2::3]:1", "[12345::]:1", "[::1.2.3.4]:1", "[::1.2.3]:1", "[1:2:3:4:5:6:7:1.2.3.4]:1", ":80", "a:b:c", "unix:", "unix:a",
    "unix:/" + "a" * 106, "unix:/" + "a" * 107, "a" * 63 + ".b:1", "a" * 64 + ".b:1", "a..b:1", "a.1:1", "a.1", "-a:1",
    "http://", "http://a", "http://a:0", "http://a/b", "http://a?b", "http://a@b", "http://a//", "https://a", "ftp://a",
    "http://unix:", "http://unix:80", "https://unix:80", "https://a.1", "http://a:", "https://a:99999", "10.0.0.0/33",
    "10.0.0.0/", "10.0.0.0/-1", "::/129", "::/128", "10.0.0.0/0032", "::1/1000", "1.2.3", "*.a", "a.*", "*", "*.", "a*.b",
    "api.example.com:80", "[::1", "[]", "[g]", "a" * 64, ".".join(["a" * 60] * 5), "30", "s", "30 s", "30S", "3.5s", "-1s", "1w",
    "16kib", "16K", "1KB", "unlimited", "Unlimited", "UNION", "union", "json", "stdout", "any", "RS256", "rs256", "HS256",
    HASH, HASH.upper(), HASH + "0", "gwk_a", "1.2", "1.3", "1.1", "h2", "h2c", "http/1.1", "http/2", "none", "required", "https://a:443/", "https://unix:/a", "2027-01-31", "2027-01-31T00:00:00", "2027-1-31T00:00:00Z", "https://a/b", "https://A",
    "https://a:080", "https://a:443", "http://a:80", "https://[::1]:443", "HTTPS://a", "https://a..b", "X_A", "X-A", "X A", "X.A",
    "https://a#b", "https://a|b", "https://a/b c", "https://1a", "https://a:123456", "https://a:000080", "https://a:0", "https://a.",
    "https://a?b#", "https://a/\\", "https://[::1", "http://u@a", "https://a/" + "b" * 2048, "environment", "http://proxy/path", "session",
    "upstream", "pass", "either", "plain", "a\tb", "\x7f", "a\u0000b", "x" * 300,
]
OTHERS: list[Any] = [None, True, False, 0, 1, -1, 2, 401, 403, 404, 1025, 10**12, 1.5, [], {}, [[]], [{}], ["a"], {"a": "b"}]
KEYS = [
    "extra", "Version", "versions", "scope", "id", "path", "public", "authenticated", "scopes", "roles", "issuers", "shadow",
    "file", "env", "url", "jwks", "jwks_file", "strip_prefix", "", " ", "é", "a b", "$comment", "$schema", "tls", "http2",
    "discovery", "jwks_uri", "introspection", "keys", "algorithms", "provider", "keys_at_start", "token_endpoint", "client_secret",
    "private_key", "algorithm", "token_type", "resource_metadata", "cookie", "header",
    "protocol", "certificate", "key", "verify", "server_name", "authorities", "client_certificate", "client_authorities",
]


class Generator:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def some(self, items: list[Any]) -> list[Any]:
        return self.random.sample(items, self.random.randint(1, min(3, len(items))))

    def maybe(self, target: dict[str, Any], **values: Any) -> dict[str, Any]:
        """Adds some of the values."""
        for key, value in values.items():
            if self.random.random() < 0.3:
                target[key] = value() if callable(value) else value
        if self.random.random() < 0.05:
            target["$comment"] = self.random.choice(OTHERS)
        return target

    def one(self, items: list[Any]) -> Any:
        return lambda: self.random.choice(items)

    def valid(self) -> dict[str, Any]:
        choose = self.one
        config = {
            "version": 1,
            "listeners": [self.listener() for _ in range(self.random.randint(1, 2))],
            "scopes": {"a": "A", "b:c": "", "d/e~f": "D"},
            "roles": {"x": self.maybe({}, scopes=["a", "b:c"]), "y é": {"includes": ["x"]}},
            "issuers": {
                "main": self.issuer("main", choose([self.local, self.fetched, self.introspected])()),
                "other-1.x": self.issuer("other-1.x", choose([self.local, self.fetched])()),
            },
            "upstreams": {"up": self.upstream()},
            "routes": [self.route(number) for number in range(self.random.randint(1, 4))],
        }
        return self.maybe(
            config, api_keys=self.api_keys, workers=choose([1, 1024]), grant="token", admin={"address": "unix:/run/admin.sock"},
            route_defaults=lambda: self.settings({}),
            refusals=lambda: self.maybe(
                {}, insufficient_scope_status=choose([401, 403]), unmatched_status=choose([401, 404]),
                realm=choose(["api", "a b", "${NOT_SET_ANYWHERE:-api}"])),
            access_log=lambda: self.maybe(
                {}, output=choose(["stdout", "stderr", {"file": "a"}]), format="json", on_overflow=choose(["drop", "block"]),
                sub=choose(["plain", "hash", "omit"]), addresses=choose(["plain", "hash", "omit"])),
            limits=lambda: self.maybe(
                {}, request_line="8KiB", header_section="16KiB", header_fields=choose([1, 10_000]), token="8KiB",
                max_body=choose([*SIZES, "unlimited"]), body_rate=choose(SIZES), head_timeout=choose(DURATIONS), handshake_timeout=choose(DURATIONS), http2_streams=choose([1, 1000]),
                idle_timeout=choose(DURATIONS), stream_idle_timeout=choose(DURATIONS), connect_timeout=choose(DURATIONS), timeout=choose(DURATIONS),
                upstream_idle_timeout="0s", drain_timeout="24h", connections=1, upstream_connections=1_000_000, token_cache=0),
            forwarding={"via": False}, state_directory="state",
            revocations={"file": "nowhere.json"},
            token_locations=lambda: self.maybe(
                {}, header="X-Token", cookie=choose(SUBPROTOCOLS), websocket_protocol=choose(SUBPROTOCOLS)),
        )

    def issuer(self, name: str, keys: Any) -> dict[str, Any]:
        issuer = {"issuer": f"https://{name}/", "audience": self.random.choice(["any", ["a"], ["a", "b"]])} | keys()
        return self.maybe(
            issuer, required_claims=["sub"], clock_skew="1h", maximum_lifetime=self.one(DURATIONS),
            require_expiry=self.one([True, False]), grant=self.one(["union", "token", "roles", "intersection"]),
            claims=lambda: self.maybe({}, scopes=[["a", "a"], ["b"]], roles=[["r"]], subject=[["s"]], client=[["c"]]))

    def signed(self) -> dict[str, Any]:
        return self.maybe({"algorithms": self.some(["RS256", "PS512", "ES256", "EdDSA"])}, token_type="at+jwt")

    def local(self) -> dict[str, Any]:
        return self.signed() | {"keys": {"jwks": {"keys": [KEY]}}}

    def fetched(self) -> dict[str, Any]:
        keys = self.random.choice([{"discovery": True}, *({"jwks_uri": url} for url in SERVICES)])
        return self.maybe(
            self.signed() | {"keys": keys}, keys_at_start=self.one(["serve", "wait"]), keys_refresh_interval="1h",
            keys_minimum_interval="1s", keys_maximum_age="30d", provider=self.provider)

    def introspected(self) -> dict[str, Any]:
        asked = self.maybe(
            {"endpoint": self.random.choice(SERVICES), "client_id": "gateway"}, cache_lifetime="0s",
            negative_cache_lifetime="5m")
        if self.random.random() < 0.5:
            asked["client_secret"] = "s"
            self.maybe(asked, auth_method=self.one(["client_secret_basic", "client_secret_post"]))
        else:
            asked["private_key"] = {"file": str(CERTIFICATES / "rsa.key")}
            self.maybe(asked, auth_method="private_key_jwt", algorithm=self.one(["RS256", "PS512"]), key_id="k")
        return self.maybe({"keys": {"introspection": asked}}, provider=self.provider)

    def provider(self) -> dict[str, Any]:
        return self.maybe(
            {"allow_http": True}, tls=lambda: self.maybe({}, server_name="a.example"), proxy=self.one(["environment", "none", "http://proxy:3128", "HTTP://[::1]/"]),
            timeout="250ms", connections=self.one([1, 256]))

    def api_keys(self) -> dict[str, Any]:
        keys = {
            name: self.maybe({"hash": HASH.replace("0", digit)}, scopes=["a", "b:c"], roles=["x"], expires=self.one(TIMES))
            for name, digit in (("ci", "0"), ("other-1.x", "1"))
        }
        return self.maybe({"keys": keys}, header="X-API-Key", grant=self.one(["union", "token", "roles", "intersection"]))

    def cors(self) -> dict[str, Any]:
        if self.random.random() < 0.2:
            return {"origins": ["*"]}
        return self.maybe(
            {"origins": self.some(ORIGINS)}, headers=["Authorization", "X-A"], expose=["X-Total"], max_age="24h",
            credentials=self.one([True, False]))

    def listener(self) -> dict[str, Any]:
        return self.maybe(
            {"address": self.random.choice(ADDRESSES), "trusted_proxies": self.some(PROXIES)}
            | self.random.choice([{}, self.maybe({"external_url": self.random.choice(EXTERNAL)}, resource_metadata=False)]),
            proxy_protocol=True, livez=True,
            underscore_fields=self.one(["drop", "reject", "pass"]), http2=False, tls=self.tls)

    def certificate(self, name: str) -> dict[str, Any]:
        return {"certificate": str(CERTIFICATES / f"{name}.pem"), "key": {"file": str(CERTIFICATES / f"{name}.key")}}

    def tls(self) -> dict[str, Any]:
        tls = self.maybe(
            {"certificates": [self.certificate(name) for name in self.some(["server", "rsa", "expired"])]},
            minimum_version=self.one(["1.2", "1.3"]))
        if self.random.random() < 0.3:
            tls["client_certificate"] = self.random.choice(["optional", "required"])
            tls["client_authorities"] = str(CERTIFICATES / "authority.pem")
            self.maybe(tls, client_revocations=str(CERTIFICATES / "revoked.crl"))
        return tls

    def upstream(self) -> dict[str, Any]:
        server = self.random.choice(SERVERS)
        upstream = self.maybe(
            {"servers": [self.random.choice([server, {"url": server}])]}, case_insensitive_paths=True,
            ignores_trailing_slash=False)
        if not server.startswith("https:"):
            return self.maybe(upstream, protocol=self.one(["http/1.1", "h2c"]))
        tls = self.maybe(
            self.random.choice([{}, self.certificate("server")]), server_name=self.one(["a.example", "[::1]", "A.b."]),
            verify=True, authorities=str(CERTIFICATES / "authority.pem"))
        return self.maybe(upstream, protocol=self.one(["http/1.1", "h2"]), tls=tls)

    def route(self, number: int) -> dict[str, Any]:
        path = f"/{number}/" + "/".join(self.some(SEGMENTS)) + self.random.choice(["", "/", "/{rest...}"])
        path = path if path.count("{id}") < 2 else f"/{number}"
        return self.settings({"id": f"r.{number}:/_-", "path": path})

    def settings(self, target: dict[str, Any]) -> dict[str, Any]:
        choose = self.one
        access = [
            {"public": True}, {"authenticated": True}, {"scopes": ["a", "b:c"]}, {"any_scopes": [["a"], ["a"]]},
            {"roles": ["x", "y é"]}, {"scopes": ["d/e~f"], "roles": ["x"]},
        ]
        target |= self.random.choice(access) | {"upstream": self.random.choice(["up", self.upstream()])}
        if "public" not in target:
            sources = ["subject", "client", "issuer", "scopes", "roles", "token_id", ["a"], ["a", "a b", "a"]]
            self.maybe(
                target, issuers=choose([["main"], ["main", "other-1.x"]]), shadow=choose([True, False]),
                identity_headers=lambda: {name: choose(sources)() for name in self.some(FIELDS)})
        number = target.get("id", "r.9")[2]
        return self.maybe(
            target, methods=lambda: self.some(METHODS), host=choose(HOSTS),
            rewrite=choose([{"strip_prefix": f"/{number}"}, {"replace_prefix": [f"/{number}", "/v%201"]}])
            if "id" in target else {"strip_prefix": "/9"},
            upstream_host=choose(["upstream", "a.example", "a:80", "[::1]:1"]), authorization_header=choose(["pass", "strip"]),
            allow=lambda: self.some(ALLOW), timeout=choose(DURATIONS), idle_timeout=choose(DURATIONS),
            stream_idle_timeout=choose(DURATIONS), outlive_token=choose([True, False]), cors=self.cors, max_body=choose([*SIZES, "unlimited"]), trailing_slash=choose(["exact", "either"]))

    def broken(self) -> dict[str, Any]:
        """A configuration in which one place was changed, which mostly is a fault."""
        config = copy.deepcopy(self.valid())
        places = list(containers(config))
        container = self.random.choice(places)
        keys: list[Any] = list(container) if isinstance(container, dict) else list(range(len(container)))
        kind = self.random.randrange(5)
        if kind == 0 and isinstance(container, dict):
            container[self.random.choice(KEYS)] = self.random.choice([*OTHERS, "a"])
        elif kind == 0:
            container.append(copy.deepcopy(self.random.choice(container)) if container else "a")
        elif not keys:
            pass
        elif kind == 1 and isinstance(container, dict):
            del container[self.random.choice(keys)]
        elif kind == 2:
            container[self.random.choice(keys)] = copy.deepcopy(self.random.choice(OTHERS))
        else:
            container[self.random.choice(keys)] = self.random.choice(STRINGS)
        return config


def containers(value: Any) -> Any:
    """Every object and list in a value."""
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers(child)
