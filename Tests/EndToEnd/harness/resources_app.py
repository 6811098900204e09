"""The FastAPI application of `servers.uvicorn`, run as `python resources_app.py PORT plain|folds`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/admin/{rest:path}")
async def admin(rest: str) -> PlainTextResponse:
    return PlainTextResponse("admin")


@app.get("/items/{number}")
async def items(number: str) -> PlainTextResponse:
    return PlainTextResponse("items")


@app.get("/report")
async def report() -> PlainTextResponse:
    return PlainTextResponse("report")


@app.get("/{rest:path}")
async def public(rest: str) -> PlainTextResponse:
    return PlainTextResponse("public")


async def folding(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        scope = scope | {"path": scope["path"].lower().rstrip("/") or "/"}
    await app(scope, receive, send)


if __name__ == "__main__":
    served = folding if sys.argv[2] == "folds" else app
    uvicorn.run(served, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
