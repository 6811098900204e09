"""GOAWAY frames apart from the others: `h2` takes the first one for the end of everything, which it is not."""

from __future__ import annotations

from dataclasses import dataclass, field

GOAWAY = 0x07
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass
class Goaways:
    """Lets whole frames through, but for GOAWAY; `skip` bytes before the first frame pass as they are."""

    skip: int = 0
    #: The last stream and the code of each GOAWAY.
    seen: list[tuple[int, int]] = field(default_factory=list)
    _rest: bytes = b""

    def without(self, data: bytes) -> bytes:
        passing, data = bytearray(data[:self.skip]), self._rest + data[self.skip:]
        self.skip -= len(passing)
        while len(data) >= 9 and len(data) >= (end := 9 + int.from_bytes(data[:3], "big")):
            if data[3] == GOAWAY:
                self.seen.append((int.from_bytes(data[9:13], "big") & 0x7FFF_FFFF, int.from_bytes(data[13:17], "big")))
            else:
                passing += data[:end]
            data = data[end:]
        self._rest = data
        return bytes(passing)


def goaway(last: int, code: int = 0) -> bytes:
    """The frame itself (RFC 9113 section 6.8)."""
    return b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4, "big") + code.to_bytes(4, "big")
