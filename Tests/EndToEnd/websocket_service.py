"""A FastAPI service of WebSockets, run as `python websocket_service.py`; prints its port."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect, WebSocketException, status

from harness.serving import serve

app = FastAPI()
#: By which code and reason the last client of each room left it.
left: dict[str, str] = {}


@app.websocket("/ws/rooms/{room}")
async def rooms(websocket: WebSocket, room: str, since: str) -> None:
    offered: list[str] = websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=offered[0] if offered else None)
    if room == "closed":
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "closed")
    try:
        while True:
            received: Any = await websocket.receive_json()
            await websocket.send_json({"room": room, "since": since, "received": received})
    except WebSocketDisconnect as gone:
        left[room] = f"{gone.code} {gone.reason}"


@app.websocket("/ws/left/{room}")
async def has_left(websocket: WebSocket, room: str) -> None:
    """Says how the last client left a room, once it has."""
    await websocket.accept()
    while room not in left:
        await asyncio.sleep(0.01)
    await websocket.send_text(left.pop(room))
    await websocket.close()


@app.websocket("/ws/denied")
async def denied(websocket: WebSocket) -> None:
    raise WebSocketException(status.WS_1008_POLICY_VIOLATION)


@app.websocket("/ws/busy")
async def busy(websocket: WebSocket) -> None:
    await websocket.send_denial_response(Response("come back later", 503, {"X-Reason": "busy"}))


if __name__ == "__main__":
    serve(app)
