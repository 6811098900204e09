"""Runs an application on uvicorn, for the services that are programs of their own."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


def serve(app: Any) -> None:
    """Serves on a free port of loopback, which the first line of output tells once connections are taken."""
    # asyncio turns Nagle off only for sockets that say they are TCP; with it, each answer takes 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"port {listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
