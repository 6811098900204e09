"""A service of gRPC on grpcio, run by `grpc_service.py`: every kind of call does what the call's metadata asks for.

The metadata field `plan` is a JSON object:

- `call`: the name of the call in what the service reports;
- `initial`, `trailing`: metadata to send, as pairs; values of `-bin` keys in hexadecimal;
- `reads`: how many messages to read before the first answer; all of them unless given;
- `describes`: answers with what was received, as JSON;
- `echoes`: answers each message with itself, as it comes;
- `replies`, `size`, `pause`: how many messages to send, of how many bytes, and the seconds before each;
- `compresses`: sends them compressed;
- `together`: a name and a number: waits before the answer until as many calls with that name are there;
- `holds`: does not end by itself after that; with `endless` it sends on instead;
- `abort`: status, details and trailing metadata to end with;
- `fails`: ends with an exception.

Each step is reported on standard output, a line of JSON with the time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

Metadata = list[tuple[str, str | bytes]]
#: Whether requests, and whether answers, are streams.
KINDS = {"Unary": (False, False), "ServerStream": (False, True), "ClientStream": (True, False), "Bidirectional": (True, True)}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def from_json(pairs: list[list[str]]) -> Metadata:
    return [(key, bytes.fromhex(value) if key.endswith("-bin") else value) for key, value in pairs]


def to_json(metadata: Any) -> list[list[str]]:
    return [[key, value.hex() if isinstance(value, bytes) else value] for key, value in metadata or ()]


def report(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, "at": time.monotonic(), **values}), flush=True)


class Meeting:
    """Calls that wait for each other."""

    def __init__(self) -> None:
        self.present: dict[str, int] = {}
        self.changed = asyncio.Condition()

    async def wait(self, name: str, total: int) -> None:
        async with self.changed:
            self.present[name] = self.present.get(name, 0) + 1
            if self.present[name] == total:
                self.changed.notify_all()
            await self.changed.wait_for(lambda: self.present[name] >= total)


class Service(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.meeting = Meeting()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        service, _, name = handler_call_details.method.rpartition("/")
        if service != "/test.Probe" or name not in KINDS:
            return None
        takes_stream, gives_stream = KINDS[name]

        def messages(request: Any) -> AsyncIterator[bytes]:
            return request if takes_stream else only(request)

        async def one(request: Any, context: Any) -> bytes:
            answer = b""
            async for answer in self.perform(name, messages(request), context):
                pass
            return answer

        async def many(request: Any, context: Any) -> AsyncIterator[bytes]:
            async for answer in self.perform(name, messages(request), context):
                yield answer

        make = getattr(grpc, "_".join(
            "stream" if streams else "unary" for streams in (takes_stream, gives_stream)) + "_rpc_method_handler")
        return make(many if gives_stream else one)

    async def perform(self, name: str, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        plan = json.loads(dict(context.invocation_metadata()).get("plan", "{}"))
        call = plan.get("call")
        report("begun", call=call, method=name)
        try:
            async for answer in self.answers(plan, requests, context):
                yield answer
            report("ended", call=call)
        except (asyncio.CancelledError, GeneratorExit):
            report("cancelled", call=call)
            raise

    async def answers(self, plan: dict[str, Any], requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        if "initial" in plan:
            await context.send_initial_metadata(from_json(plan["initial"]))
        if "trailing" in plan:
            context.set_trailing_metadata(from_json(plan["trailing"]))
        if plan.get("compresses"):
            context.set_compression(grpc.Compression.Gzip)
        if plan.get("echoes"):
            async for request in requests:
                yield request
        else:
            received = await some(requests, plan.get("reads"))
            report("read", call=plan.get("call"), count=len(received))
            if plan.get("describes"):
                yield description(received, context)
        if "together" in plan:
            await self.meeting.wait(*plan["together"])
        for _ in range(plan.get("replies", 0)):
            await asyncio.sleep(plan.get("pause", 0))
            yield bytes(plan.get("size", 0))
        sent = 0
        while plan.get("endless"):
            yield bytes(plan["size"])
            sent += 1
            report("sent", call=plan.get("call"), count=sent)
        if plan.get("holds"):
            report("holding", call=plan.get("call"))
            await asyncio.Event().wait()
        if plan.get("fails"):
            raise RuntimeError("on purpose")
        if "abort" in plan:
            status, details, trailing = plan["abort"]
            await context.abort(grpc.StatusCode[status], details, tuple(from_json(trailing)))


async def only(request: bytes) -> AsyncIterator[bytes]:
    yield request


async def some(requests: AsyncIterator[bytes], count: int | None) -> list[bytes]:
    received = []
    while count is None or len(received) < count:
        try:
            received.append(await anext(aiter(requests)))
        except StopAsyncIteration:
            break
    return received


def description(received: list[bytes], context: Any) -> bytes:
    return json.dumps({
        "messages": [[len(message), hashlib.sha256(message).hexdigest()] for message in received],
        "metadata": to_json(context.invocation_metadata()),
        "time_remaining": context.time_remaining(),
    }).encode()


async def serve(settings: dict[str, Any]) -> None:
    server = grpc.aio.server(options=UNLIMITED)
    server.add_generic_rpc_handlers((Service(),))
    address = f"127.0.0.1:{settings['port']}"
    if settings["files"]:
        pair = tuple(Path(file).read_bytes() for file in settings["files"])
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(address)
    await server.start()
    report("listening", port=port)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
