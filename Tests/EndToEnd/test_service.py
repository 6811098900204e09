"""A FastAPI application on uvicorn behind the gateway: the same answers as without it, called with curl and httpx."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.gateway import Gateway
from harness.process import MiB, PeakMemory

#: What may differ: what the gateway adds, what belongs to one connection, and what the clock says.
NOT_COMPARED = {"date", "x-request-id", "via", "connection", "keep-alive", "transfer-encoding"}

ROUTES = [
    {"id": "root", "path": "/", "public": True},
    {"id": "everything", "path": "/{rest...}", "public": True},
]

Answer = tuple[int, list[tuple[str, str]], bytes]


@pytest.fixture(scope="module")
def front(module_gateway: Any, service: Any) -> Gateway:
    return module_gateway(service.url, routes=ROUTES)


def url(gateway: Gateway) -> str:
    host, port = gateway.address
    return f"http://{host}:{port}"


def normal(fields: list[tuple[str, str]], base: str) -> list[tuple[str, str]]:
    """Field lines in order, without what may differ and with the server's own address taken out.

    The gateway writes the framing itself, at the end of the section, so the place of Content-Length is not compared.
    """
    kept = [(name.lower(), value.replace(base, "BASE")) for name, value in fields if name.lower() not in NOT_COMPARED]
    return sorted(kept, key=lambda field: field[0] == "content-length")


# Two clients, one shape of answer


def with_httpx(base: str, method: str, path: str, **options: Any) -> Answer:
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        response = client.request(method, path, **options)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        return response.status_code, normal(fields, base), response.content


def with_curl(base: str, *arguments: str) -> Answer:
    path, *rest = arguments
    result = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*", "--include", "--raw", "--path-as-is",
         *rest, base + path],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=40, check=True,
    )
    data = result.stdout
    while True:
        head, _, body = data.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        status = int(status_line.split(" ")[1])
        if status >= 200:
            break
        data = body
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    if any(name.lower() == "transfer-encoding" for name, _ in fields):
        body = unchunked(body)
    return status, normal(fields, base), body


def unchunked(data: bytes) -> bytes:
    body = bytearray()
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        body += data[:length]
        data = data[length + 2 :]
        if length == 0:
            break
    return bytes(body)


def check_same(call: Callable[[str], Answer], front: Gateway, service: Any) -> Answer:
    direct, through = call(service.url), call(url(front))
    assert through == direct
    return through


HTTPX_CALLS: dict[str, dict[str, Any]] = {
    "JSON": {"method": "GET", "path": "/json", "params": {"q": "a b&c=d/é", "n": 5}},
    "JSON sent": {"method": "POST", "path": "/json", "json": {"text": "héllo — ✓", "nested": {"list": [1, 2.5, None, True]}}},
    "a validation error": {"method": "POST", "path": "/json", "content": b"{not json"},
    "a bad parameter": {"method": "GET", "path": "/json", "params": {"n": "many"}},
    "not found": {"method": "GET", "path": "/missing/page"},
    "method not allowed": {"method": "PATCH", "path": "/json"},
    "a redirect": {"method": "GET", "path": "/redirect"},
    "a redirect by the slash": {"method": "GET", "path": "/with-slash"},
    "cookies": {"method": "GET", "path": "/cookies"},
    "no content": {"method": "GET", "path": "/status-code/204"},
    "not modified": {"method": "GET", "path": "/status-code/304"},
    "teapot": {"method": "GET", "path": "/status-code/418"},
    "a fault of the application": {"method": "GET", "path": "/fails"},
    "HEAD": {"method": "HEAD", "path": "/json"},
    "OPTIONS": {"method": "OPTIONS", "path": "/json"},
    "large headers": {"method": "GET", "path": "/large-headers", "headers": {f"X-Large-{n}": "v" * 1000 for n in range(12)}},
    "the OpenAPI document": {"method": "GET", "path": "/openapi.json"},
    "the documentation page": {"method": "GET", "path": "/docs"},
    "a download": {"method": "GET", "path": "/download/3000000"},
    "a download of nothing": {"method": "GET", "path": "/download/0"},
    "a chunked download": {"method": "GET", "path": "/chunked/3000000"},
    "a chunked download of nothing": {"method": "GET", "path": "/chunked/0"},
    "a body": {"method": "PUT", "path": "/raw", "content": bytes(range(256)) * 4000},
    "an empty body": {"method": "PUT", "path": "/raw", "content": b""},
}


@pytest.mark.parametrize("call", HTTPX_CALLS.values(), ids=HTTPX_CALLS.keys())
def test_httpx_gets_the_same_answer(front: Gateway, service: Any, call: dict[str, Any]) -> None:
    check_same(lambda base: with_httpx(base, **call), front, service)


CURL_CALLS: dict[str, list[str]] = {
    "JSON": ["/json?q=curl&n=3"],
    "JSON sent": ["/json", "-H", "Content-Type: application/json", "-d", '{"a": "é"}'],
    "not found": ["/missing"],
    "HEAD": ["/json", "--head"],
    "HTTP/1.0": ["/json?n=2", "--http1.0"],
    "HTTP/1.0 with a stream": ["/chunked/100000", "--http1.0"],
    "connection close": ["/json", "-H", "Connection: close"],
    "expect 100-continue": ["/raw", "-X", "PUT", "-H", "Expect: 100-continue", "--data-binary", "x" * 5000],
    "a chunked upload": ["/raw", "-X", "PUT", "-H", "Transfer-Encoding: chunked", "-d", "y" * 5000],
    "a redirect": ["/redirect"],
    "a redirect followed": ["/redirect", "--location"],
    "compression asked for": ["/json?n=100", "--compressed"],
    "a range": ["/download/1000", "--range", "10-20"],
    "an escaped path": ["/missing/%C3%A9%20x?y=%20"],
}


@pytest.mark.parametrize("arguments", CURL_CALLS.values(), ids=CURL_CALLS.keys())
def test_curl_gets_the_same_answer(front: Gateway, service: Any, arguments: list[str]) -> None:
    def call(base: str) -> Answer:
        status, fields, body = with_curl(base, *arguments)
        if "--http1.0" in arguments:
            # uvicorn cannot chunk for HTTP/1.0 either; the end of the connection ends the body with both.
            fields = [field for field in fields if field[0] != "content-length"]
        return status, fields, body

    if "--location" in arguments:
        for base in (service.url, url(front)):
            assert b'"q":"redirected"' in with_curl_body(base, *arguments)
        return
    check_same(call, front, service)


def with_curl_body(base: str, path: str, *rest: str) -> bytes:
    result = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*", *rest, base + path],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=40, check=True,
    )
    return result.stdout


def test_multipart_uploads_arrive_byte_for_byte(front: Gateway, service: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first.bin", tmp_path / "zweite-ü.txt"
    first.write_bytes(bytes(range(256)) * 20_000)
    second.write_text("some text\r\n--boundary\r\n")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)]

    def httpx_call(base: str) -> Answer:
        with open(first, "rb") as one, open(second, "rb") as two:
            return with_httpx(
                base, "POST", "/upload", data={"note": "héllo"},
                files=[("files", ("first.bin", one, "application/octet-stream")), ("files", (second.name, two, "text/plain"))],
            )

    def curl_call(base: str) -> Answer:
        return with_curl(base, "/upload", "-F", "note=hi", "-F", f"files=@{first}", "-F", f"files=@{second}")

    for call in (httpx_call, curl_call):
        status, _, body = check_same(call, front, service)
        assert status == 200
        assert [file["sha256"] for file in json.loads(body)["files"]] == digests


def test_a_stream_arrives_line_by_line(front: Gateway) -> None:
    arrivals = []
    with httpx.stream("GET", url(front) + "/slow-lines/6", timeout=30, trust_env=False) as response:
        for line in response.iter_lines():
            arrivals.append((time.monotonic(), line))
    assert [line for _, line in arrivals] == [f"line {index}" for index in range(6)]
    assert arrivals[-1][0] - arrivals[0][0] > 0.4, "the lines were not held back and sent at once"


def test_an_early_answer_of_the_application_arrives(front: Gateway) -> None:
    result = subprocess.run(
        ["curl", "--silent", "--max-time", "30", "--noproxy", "*", "--write-out", "%{http_code}", "--output", "/dev/null",
         "-H", "Expect:", "--data-binary", "@-", url(front) + "/early"],
        input=b"z" * 5_000_000, capture_output=True, timeout=40, check=False,
    )
    assert result.stdout == b"413"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", ["/download/104857600", "/chunked/104857600"])
def test_a_download_of_100_mb_takes_no_memory(front: Gateway, path: str) -> None:
    digest, size = hashlib.sha256(), 0
    with PeakMemory(front.pid) as memory, httpx.stream("GET", url(front) + path, timeout=60, trust_env=False) as response:
        for block in response.iter_raw():
            digest.update(block)
            size += len(block)
    assert size == 104857600
    assert digest.hexdigest() == hashlib.sha256(bytes(range(256)) * 409600).hexdigest()
    assert memory.growth < 6 * MiB, f"{memory.growth / MiB:.1f} MiB"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
def test_an_upload_of_100_mb_takes_no_memory(front: Gateway, chunked: bool) -> None:
    block = bytes(range(256)) * 256

    def blocks() -> Iterator[bytes]:
        for _ in range(1600):
            yield block

    headers = {} if chunked else {"Content-Length": str(104857600)}
    with PeakMemory(front.pid) as memory:
        response = httpx.put(url(front) + "/raw", content=blocks(), headers=headers, timeout=60, trust_env=False)
    assert response.json()["size"] == 104857600
    assert response.json()["sha256"] == hashlib.sha256(block * 1600).hexdigest()
    assert memory.growth < 6 * MiB, f"{memory.growth / MiB:.1f} MiB"


def test_many_clients_at_once_get_their_own_answers(front: Gateway) -> None:
    base = url(front)
    failures: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
            for index in range(40):
                name = f"{number}-{index}"
                if index % 3:
                    got = client.get("/json", params={"q": name}).json()["q"]
                else:
                    got = client.post("/json", json={"q": name}).json()["received"]["q"]
                if got != name:
                    with lock:
                        failures.append(f"{name} got {got}")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert failures == []


def test_a_redirect_made_by_the_application_stays_at_the_gateway(front: Gateway) -> None:
    response = httpx.get(url(front) + "/with-slash", trust_env=False)
    assert response.status_code == 307
    assert response.headers["location"] == url(front) + "/with-slash/"
    assert re.fullmatch(r"[0-9a-f-]{36}|[0-9A-Z]{26}", response.headers["x-request-id"])
