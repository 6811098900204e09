"""A client of event streams, as the HTML standard (section 9.2) has browsers do it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .streamed import Streamed
from .wire import Closed, Truncated


@dataclass(frozen=True)
class Event:
    """A dispatched event."""

    data: str
    type: str = "message"
    last_event_id: str = ""


class EventParser:
    """Interprets an event stream, in whatever pieces it comes (section 9.2.6)."""

    def __init__(self) -> None:
        self.last_event_id, self.retry = "", 3.0
        self._rest, self._is_first = b"", True
        self._data: list[str] = []
        self._type, self._id = "", ""

    def feed(self, piece: bytes) -> list[Event]:
        """The events that are complete."""
        self._rest += piece
        events = []
        # A CR at the end may be half of a line's end.
        while found := re.search(rb"\r\n|\n|\r(?!\Z)", self._rest):
            line, self._rest = self._rest[:found.start()], self._rest[found.end():]
            if self._is_first:
                line, self._is_first = line.removeprefix(b"\xef\xbb\xbf"), False
            if (event := self._take(line.decode("utf-8", "replace"))) is not None:
                events.append(event)
        return events

    def restart(self) -> None:
        """What was incomplete at the end of a stream is discarded."""
        self._rest, self._is_first, self._data, self._type = b"", True, [], ""
        self._id = self.last_event_id

    def _take(self, line: str) -> Event | None:
        if not line:
            self.last_event_id = self._id
            data, self._data = self._data, []
            name, self._type = self._type or "message", ""
            return Event("\n".join(data), name, self.last_event_id) if data else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000
        return None


class EventSource:
    """Connects, dispatches, and connects again when the stream ends, until it is told to stop by 204 or another status.

    - `begin`: sends a request with the given further fields, on a connection of its own.
    """

    def __init__(self, begin: Callable[..., Streamed], most: int = 10):
        self.begin, self.most = begin, most
        self.parser = EventParser()
        self.statuses: list[int] = []
        #: How each stream ended: whether it was whole.
        self.clean_ends: list[bool] = []

    def events(self) -> Iterator[Event]:
        while len(self.statuses) < self.most:
            lines = ["Accept: text/event-stream", "Cache-Control: no-store"]
            if self.parser.last_event_id:
                lines.append(f"Last-Event-ID: {self.parser.last_event_id}")
            with self.begin(*lines) as stream:
                head = stream.head()
                self.statuses.append(head.status)
                if head.status != 200 or not (head.get("content-type") or "").startswith("text/event-stream"):
                    return
                try:
                    while piece := stream.read():
                        yield from self.parser.feed(piece)
                    self.clean_ends.append(True)
                except (Truncated, Closed):
                    self.clean_ends.append(False)
            self.parser.restart()
            time.sleep(self.parser.retry)
