"""The application behind the gateway: an ordinary FastAPI service, run as `python service.py`; prints its port."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse, StreamingResponse

from harness.serving import serve

app = FastAPI()
BLOCK = bytes(range(256)) * 256


@app.get("/json")
async def get_json(q: str | None = None, n: int = 1) -> dict[str, object]:
    return {"q": q, "n": n, "text": "héllo — ✓", "list": list(range(n))}


@app.post("/json", status_code=201)
async def post_json(body: dict[str, object]) -> dict[str, object]:
    return {"received": body}


@app.post("/upload")
async def upload(
    note: Annotated[str, Form()], files: Annotated[list[UploadFile], File()]
) -> dict[str, object]:
    answers = []
    for file in files:
        digest, size = hashlib.sha256(), 0
        while block := await file.read(1 << 20):
            digest.update(block)
            size += len(block)
        answers.append({"name": file.filename, "type": file.content_type, "size": size, "sha256": digest.hexdigest()})
    return {"note": note, "files": answers}


@app.put("/raw")
async def raw(request: Request) -> dict[str, object]:
    digest, size = hashlib.sha256(), 0
    async for block in request.stream():
        digest.update(block)
        size += len(block)
    return {"size": size, "sha256": digest.hexdigest(), "type": request.headers.get("content-type")}


async def blocks(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK)


@app.get("/download/{size}")
async def download(size: int) -> Response:
    return StreamingResponse(blocks(size), headers={"Content-Length": str(size)}, media_type="application/octet-stream")


@app.get("/chunked/{size}")
async def chunked(size: int) -> Response:
    return StreamingResponse(blocks(size), media_type="application/octet-stream")


@app.get("/slow-lines/{count}")
async def slow_lines(count: int) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        for index in range(count):
            yield f"line {index}\n".encode()
            await asyncio.sleep(0.15)

    return StreamingResponse(lines(), media_type="text/plain")


@app.get("/redirect")
async def redirect() -> Response:
    return RedirectResponse("/json?q=redirected", status_code=307)


@app.get("/with-slash/")
async def with_slash() -> dict[str, str]:
    return {"path": "with-slash"}


@app.get("/large-headers")
async def large_headers(request: Request) -> Response:
    lengths = {name: len(value) for name, value in request.headers.items() if name.startswith("x-large")}
    return Response(
        content=str(sorted(lengths.items())), media_type="text/plain",
        headers={f"X-Answer-{index}": "a" * 1000 for index in range(10)},
    )


@app.get("/cookies")
async def cookies() -> Response:
    response = Response("cookies")
    response.set_cookie("first", "1", httponly=True)
    response.set_cookie("second", "2", max_age=60)
    return response


@app.get("/status-code/{code}")
async def status_code(code: int) -> Response:
    return Response(status_code=code)


@app.post("/early")
async def early() -> Response:
    """Answers without a look at the body."""
    return Response("no, thank you", status_code=413, media_type="text/plain")


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("on purpose")


if __name__ == "__main__":
    serve(app)
