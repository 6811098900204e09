"""A FastAPI service that answers slowly: event streams, an answer as of a language model, long polling; prints its port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from harness.serving import serve

app = FastAPI()
#: When the service knew that a client had left, by the clock that all processes share.
departures: dict[str, float] = {}


def event_stream(content: AsyncIterator[str]) -> Response:
    return StreamingResponse(content, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@app.get("/app/ticks/{count}")
async def ticks(count: int, last_event_id: Annotated[int, Header()] = 0) -> Response:
    """Numbered events that say when they were sent."""
    async def content() -> AsyncIterator[str]:
        for number in range(last_event_id + 1, count + 1):
            yield f"id: {number}\ndata: {time.monotonic()}\n\n"
            await asyncio.sleep(0.01)

    return event_stream(content())


@app.get("/app/silent/{name}")
async def silent(name: str) -> Response:
    """One event, then nothing."""
    async def content() -> AsyncIterator[str]:
        try:
            yield "data: hello\n\n"
            await asyncio.sleep(60)
        finally:
            departures[name] = time.monotonic()

    return event_stream(content())


class Question(BaseModel):
    words: list[str]


@app.post("/app/chat")
async def chat(question: Question) -> Response:
    async def content() -> AsyncIterator[str]:
        for word in question.words:
            yield f"data: {word}\n\n"
            await asyncio.sleep(0.01)
        yield "data: [DONE]\n\n"

    return event_stream(content())


@app.get("/app/lines/{count}")
async def lines(count: int) -> Response:
    async def content() -> AsyncIterator[str]:
        for _ in range(count):
            yield f'{{"sent": {time.monotonic()}}}\n'
            await asyncio.sleep(0.01)

    return StreamingResponse(content(), media_type="application/x-ndjson")


@app.get("/app/departure/{name}")
async def departure(name: str) -> float | None:
    return departures.get(name)


if __name__ == "__main__":
    serve(app)
