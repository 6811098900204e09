"""The corpora of paths: HAProxy's normalisation table and the URLs of the Web Platform Tests, through the running gateway."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.wire import request

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

ROUTES = [
    {"id": "root", "path": "/", "public": True},
    {"id": "everything", "path": "/{rest...}", "public": True, "allow": ["invalid_utf8"]},
    {"id": "server", "path": "*", "methods": ["OPTIONS"], "public": True},
]

#: What the gateway's canonical form has in common with HAProxy's normalisers; slashes are never merged here.
SHARED_NORMALISERS = {"dot", "path_strip_dotdot", "percent_to_uppercase_strict", "percent_decode_unreserved_strict", "fragment_block"}


@pytest.fixture(scope="module")
def front(module_gateway: Any, shared_upstream: Upstream) -> Gateway:
    return module_gateway(shared_upstream, routes=ROUTES)


@pytest.fixture(scope="module")
def folder(corpora: Path) -> Path:
    if not (corpora / "paths").is_dir():
        pytest.skip("no corpora of paths")
    return corpora / "paths"


def forwarded(front: Gateway, method: str, target: str) -> str | None:
    """The target that the upstream saw; None if the path was refused."""
    response = front.exchange(request(method, target))
    if response.status == 200:
        return json.loads(response.body)["target"]
    assert response.status == 400, (target, response)
    return None


def without_query(target: str) -> str:
    return target.split("?")[0]


def test_haproxys_table_of_normal_forms(front: Gateway, folder: Path) -> None:
    cases = json.loads((folder / "haproxy-normalize-uri.json").read_text())
    checked = 0
    for case in cases:
        seen = forwarded(front, case["method"], case["url"])
        if case.get("status") == "400":
            assert seen is None, case
        if seen is None:
            path = without_query(case["url"])
            # Climbing, which `..` after `//` may be; slashes alone, which are `/` when merged; no path at all.
            ambiguous = path.startswith("/foo/../..") or "//.." in path or (len(path) > 1 and not path.strip("/"))
            assert ambiguous or "#" in path or "%zz" in path or "%%" in path, case
            continue
        # The query is sent as it came, whatever is done to the path.
        assert seen.partition("?")[2] == case["url"].partition("?")[2], case
        if case["normaliser"] in SHARED_NORMALISERS:
            expected = without_query(case.get("after-full") or case["after"])
            # HAProxy does one thing at a time; the gateway resolves `..` where only `.` was asked about.
            if ".." not in expected:
                assert without_query(seen) == expected, case
                checked += 1
    assert checked > 20


def paths_of_urls(folder: Path) -> list[str]:
    """Paths as they stand in the inputs, and as browsers write them."""
    paths: dict[str, None] = {}
    for name in ("urltestdata.json", "ada_extra_urltestdata.json"):
        for case in json.loads((folder / "wpt-url" / name).read_text()):
            if not isinstance(case, dict):
                continue
            if not case.get("failure") and case.get("pathname", "").startswith("/"):
                paths[case["pathname"]] = None
            found = re.match(r"[a-z]+://[^/?#\\]*(/[^?]*)", case["input"])
            if found and re.fullmatch(r"[\x21-\x7e]+", found[1]):
                paths[found[1]] = None
    return list(paths)


def test_what_is_forwarded_of_web_platform_urls_is_canonical(front: Gateway, folder: Path) -> None:
    paths = paths_of_urls(folder)
    assert len(paths) > 150
    accepted = 0
    for path in paths:
        seen = forwarded(front, "GET", path)
        if seen is None:
            continue
        accepted += 1
        assert forwarded(front, "GET", seen) == seen, f"{path!r} became {seen!r}, which is not canonical"
        segments = without_query(seen).split("/")
        assert "." not in segments and ".." not in segments, f"{path!r} became {seen!r}"
        # A browser would ask for the same resource: it resolves dot segments in the same way.
        assert urlsplit("http://a" + seen).path == without_query(seen)
    assert accepted > 100
