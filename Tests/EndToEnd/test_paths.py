"""Rule 1 of security.md against real servers: whatever a path looks like, no server takes it for a resource whose route would
have refused the request. The servers say themselves which resource they served.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import servers
from harness.gateway import Gateway
from harness.servers import Server
from harness.tokens import Mint
from harness.wire import request

pytestmark = pytest.mark.timeout(300)

ROUTES: list[dict[str, Any]] = [
    {"id": "admin", "path": "/admin/{rest...}", "roles": ["admin"]},
    {"id": "items", "path": "/items/{id}", "scopes": ["items:read"]},
    {"id": "report", "path": "/report", "roles": ["admin"]},
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "everything", "path": "/{rest...}", "public": True},
    {"id": "root", "path": "/", "public": True},
]

#: What a server may take for a slash, or for nothing beside one.
SEPARATORS = [
    "/", "//", "%2F", "%2f", "%5C", "\\", ";x/", ";/", "/;x/", "/./", "/%2e/", "/.;/", "%252F", "%25252f", "%255c", "%25%32%46",
    "%00/", "/%20/", "%3B/", "/.%20/", "%FF/", "%C0%AF", "%EF%BC%8F", "%E2%88%95",
]
#: What a server may take for the parent.
PARENTS = ["..", "%2e%2e", ".%2E", "..;", "..;x=1", "%252e%252e", "..%20", ".%20.", "..%00", "%2e%2e%2f", "..\\", "..%5c", "..%252f"]
#: What may stand at the end.
ENDS = ["", "/", "//", ";x", ";x=/a", "%3Bx", "%00", "%20", ".", "%2F", "/.", "/..;/x", "%5C", "%FF", "%2500", "?q=/public/a", "%3Fq"]
TARGETS = [path[1:].split("/") for path in servers.RESOURCES]


def disguised(word: str, generator: random.Random) -> str:
    """One letter in another form: escaped, escaped twice, in upper case, as a letter that folds to it."""
    index = generator.randrange(len(word))
    letter = word[index]
    other = generator.choice([
        f"%{ord(letter):02x}", f"%25{ord(letter):02X}", letter.upper(), f"%{ord(letter.upper()):02X}", ".%2f" + letter,
        {"s": "%C5%BF", "i": "%C4%B1", "k": "%E2%84%AA"}.get(letter, letter.upper()),
    ])
    return word[:index] + other + word[index + 1 :]


def paths(seed: int, count: int) -> list[str]:
    """Each form alone, each two of them together, and then as many random mixtures as are missing."""
    generator = random.Random(seed)
    made = dict.fromkeys(target + end for target in servers.RESOURCES for end in ENDS)
    for first, second in itertools.product(SEPARATORS, SEPARATORS):
        target = generator.choice(TARGETS)
        made["/" + "public" + first + ".." + second + "/".join(target)] = None
        made[first + second.join(target)] = None
    for separator, parent, end in itertools.product(SEPARATORS, PARENTS, ENDS[::4]):
        made["/public" + separator + parent + generator.choice(SEPARATORS) + "/".join(generator.choice(TARGETS)) + end] = None
    while len(made) < count:
        separator = lambda: generator.choice(SEPARATORS) if generator.random() < 0.4 else "/"  # noqa: E731
        path = ""
        depth = generator.randrange(3)
        for _ in range(depth):
            path += separator() + generator.choice(["public", "a", "x;y", "%40", "items"])
        for _ in range(depth if generator.random() < 0.8 else generator.randrange(3)):
            path += separator() + (generator.choice(PARENTS) if generator.random() < 0.7 else "..")
        for word in generator.choice(TARGETS):
            path += separator() + (disguised(word, generator) if generator.random() < 0.2 else word)
        made[(path if path.startswith("/") else "/" + path) + generator.choice(ENDS)] = None
    return [path if path.startswith("/") else "/" + path for path in made][:count]


PATHS = paths(seed=20261124, count=6000)


@dataclass
class Setup:
    server: Server
    gateway: Gateway

    def ask(self, path: str, *lines: str) -> tuple[int, str]:
        """The status, and the resource that the server said it served."""
        response = self.gateway.exchange(request("GET", path, *lines))
        return response.status, response.body.decode("latin-1")


KINDS = ["nginx", "nginx, folding", "uvicorn", "uvicorn, folding", "tomcat"]


@pytest.fixture(scope="module", params=KINDS)
def setup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, module_gateway: Any) -> Iterator[Setup]:
    kind, _, folding = request.param.partition(", ")
    if kind == "nginx" and not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        pytest.skip("nginx is not installed")
    if kind == "tomcat" and not (servers.TOMCAT / "bin" / "catalina.sh").exists():
        pytest.skip("Tomcat is not installed (tomcat10-common)")
    options = {"folds": True} if folding else {}
    declared = {"case_insensitive_paths": True, "ignores_trailing_slash": True} if folding else {}
    with getattr(servers, kind)(tmp_path_factory.mktemp("server"), **options) as server:
        upstream = {"servers": [f"http://127.0.0.1:{server.port}"]} | declared
        gateway = module_gateway("", upstreams={"service": upstream}, routes=ROUTES)
        yield Setup(server, gateway)


def test_rule_1_no_path_reaches_a_resource_whose_route_refuses_it(setup: Setup, mint: Mint) -> None:
    reader = f"Authorization: Bearer {mint.token('items:read')}"

    def check(path: str) -> tuple[str, str | None, tuple[int, str], tuple[int, str]]:
        return path, setup.server.ask(path), setup.ask(path), setup.ask(path, reader)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(check, PATHS))
    leaks = [(path, anonymous) for path, _, anonymous, _ in results if anonymous[0] == 200 and anonymous[1] != "public"]
    leaks += [(path, read) for path, _, _, read in results if read[0] == 200 and read[1] not in ("public", "items")]
    assert not leaks, f"{len(leaks)} of {len(PATHS)}: {leaks[:20]}"
    # The test is worth something only if the paths do reach the resources where nobody stands before them.
    direct = Counter(resource for _, resource, _, _ in results)
    assert direct["admin"] + direct["items"] + direct["report"] > 100, direct
    # And only if the gateway does not simply refuse them all.
    assert sum(read == (200, "items") for _, _, _, read in results) >= 4
    assert sum(anonymous == (200, "public") for _, _, anonymous, _ in results) > 20


def test_rule_1_legitimate_forms_pass_where_all_readings_agree(setup: Setup) -> None:
    for path in ("/public/a", "/public/./a", "/public/%61", "/admin/../public/a"):
        assert setup.ask(path) == (200, "public"), path
    for path in ("/public/a%2Fb", "/public/x//a", "/public/a;v=1", "/public/a%252Fb", "/public/%40"):
        status, resource = setup.ask(path)
        # Whether there is such a resource is the server's business; that it was asked is the gateway's.
        assert status in (200, 404) and resource != "admin", path


def test_rule_1_resources_are_there_for_those_who_may(setup: Setup, mint: Mint) -> None:
    token = f"Authorization: Bearer {mint.token(None, roles=['admin'])}"
    for path, resource in servers.RESOURCES.items():
        assert setup.ask(path, token) == (200, resource)
        if resource != "public":
            assert setup.ask(path)[0] == 401


def test_rule_1_a_form_that_a_route_allows_reaches_its_resource(tmp_path: Path, start_gateway: Any) -> None:
    """FastAPI decodes `%2F` in the path and keeps `//` and `;`: who vouches for that may allow it."""
    with servers.uvicorn(tmp_path) as server:
        routes = [
            {"id": "items", "path": "/items/{id}", "public": True, "allow": ["parameters", "double_encoding"]},
            {"id": "rest", "path": "/items/{id}/{rest...}", "authenticated": True},
            {"id": "plain", "path": "/items/1", "authenticated": True},
        ]
        gateway = start_gateway(f"http://127.0.0.1:{server.port}", routes=routes)
        for path in ("/items/1;v=2", "/items/a%252Fb"):
            assert gateway.exchange(request("GET", path)).body == b"items"
        for path in ("/items/a%2Fb", "/items/a%2Fb;c"):
            response = gateway.exchange(request("GET", path))
            assert (response.status, json.loads(response.body)["reason"]) == (400, "ambiguous_path")
