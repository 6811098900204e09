"""A client of gRPC on grpcio, and what came of its calls in a form that can be compared."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from .grpc_app import KINDS, UNLIMITED, Metadata, to_json
from .wire import PATIENCE, Address

#: Fields that the gateway adds to what it passes on, in either direction.
OWN = {"x-request-id", "via", "date", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}


@dataclass
class Outcome:
    """All that a client can know of a call that is over."""

    messages: list[bytes]
    code: grpc.StatusCode
    details: str
    initial: list[list[str]]
    trailing: list[list[str]]

    @property
    def described(self) -> dict[str, Any]:
        """What the service says that it received."""
        assert self.code is grpc.StatusCode.OK, self
        return json.loads(self.messages[0])

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata that the service says it received; repeated fields by their last value."""
        return dict(self.described["metadata"])

    def trailer(self, name: str) -> str | None:
        return dict(self.trailing).get(name)

    @property
    def comparable(self) -> Outcome:
        """Without what the gateway adds."""
        return Outcome(self.messages, self.code, self.details, without_own(self.initial), without_own(self.trailing))


def without_own(metadata: list[list[str]]) -> list[list[str]]:
    return [pair for pair in metadata if pair[0] not in OWN]


class Requests:
    """The messages of a client, one after the other; open until closed."""

    def __init__(self, *messages: bytes):
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        for message in messages:
            self.send(message)

    def send(self, message: bytes) -> None:
        self._queue.put(message)

    def close(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[bytes]:
        while (message := self._queue.get()) is not None:
            yield message


class Call:
    """A call under way."""

    def __init__(self, call: Any, gives_stream: bool, requests: Requests | None):
        self.call, self.gives_stream, self.requests = call, gives_stream, requests

    def next(self) -> bytes:
        """The next message of the service."""
        return next(self.call)

    def cancel(self) -> None:
        self.call.cancel()

    def outcome(self) -> Outcome:
        """Waits for the end."""
        messages: list[bytes] = []
        try:
            if self.gives_stream:
                messages.extend(self.call)
            else:
                messages.append(self.call.result())
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass
        if self.requests is not None:
            self.requests.close()
        return Outcome(
            messages, self.call.code(), self.call.details(), to_json(self.call.initial_metadata()),
            to_json(self.call.trailing_metadata()))


class Channel:
    """Calls on one connection; a context manager."""

    def __init__(
        self, address: Address, authorities: bytes | None = None, *, token: str | None = None,
        options: list[tuple[str, Any]] | None = None,
    ):
        """With `authorities`, inside TLS; `token` goes with every call."""
        target = f"{address[0]}:{address[1]}"
        # Channels would otherwise share connections.
        every = dict(UNLIMITED) | {"grpc.use_local_subchannel_pool": 1, "grpc.enable_http_proxy": 0} | dict(options or [])
        if authorities:
            self.channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(authorities), list(every.items()))
        else:
            self.channel = grpc.insecure_channel(target, list(every.items()))
        self.token = token

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def begin(
        self, kind: str, *messages: bytes, requests: Requests | None = None, metadata: Metadata | None = None,
        timeout: float | None = PATIENCE, compression: grpc.Compression | None = None,
        method: str | None = None, **plan: Any,
    ) -> Call:
        """Begins a call; a stream of requests is `messages`, or `requests`, which stay open."""
        takes_stream, gives_stream = KINDS[kind]
        fields = [("plan", json.dumps(plan)), *(metadata or [])]
        if self.token is not None:
            fields.append(("authorization", f"Bearer {self.token}"))
        make = getattr(self.channel, "_".join("stream" if streams else "unary" for streams in (takes_stream, gives_stream)))
        callable = make(method or f"/test.Probe/{kind}")
        argument = (iter(requests) if requests else iter(messages)) if takes_stream else b"".join(messages)
        begin = callable if gives_stream else callable.future
        call = begin(argument, timeout=timeout, metadata=fields, compression=compression)
        return Call(call, gives_stream, requests)

    def run(self, kind: str, *messages: bytes, **options: Any) -> Outcome:
        """A whole call."""
        return self.begin(kind, *messages, **options).outcome()
