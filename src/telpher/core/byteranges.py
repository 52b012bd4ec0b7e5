"""multipart/byteranges, RFC 9110 section 14.6: several ranges of a file in one body.

    --BOUNDARY CRLF                                     before all but the first: CRLF
    Content-Type: video/mp4 CRLF
    Content-Range: bytes 0-499/10000 CRLF
    CRLF
    the bytes
    ...
    CRLF --BOUNDARY-- CRLF

The whole layout is known before the first byte is sent, and so is its exact length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telpher.core.ranges import Single


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes [start, stop) of the file, and what stands before them."""

    head: bytes
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole body: `parts` in their order, then `tail`."""

    parts: Sequence[Part]
    tail: bytes

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return len(self.tail) + sum(len(part.head) + part.stop - part.start for part in self.parts)


def lay_out(ranges: Sequence[Single], size: int, content_type: str, boundary: str) -> Layout:
    """The body for `ranges` of a file of `size` bytes.

    `boundary` must not occur in the file: 128 random bits do not, not even in a file that somebody
    made to that end. It is 1 to 70 letters and digits (RFC 2046, section 5.1.1).
    """
    line = f"--{boundary}\r\nContent-Type: {content_type}\r\n"
    parts = []
    for each in ranges:
        head = f"{line}Content-Range: {content_range(each, size)}\r\n\r\n"
        parts.append(Part(head.encode("latin-1"), each.start, each.stop))
        line = f"\r\n{line}" if len(parts) == 1 else line
    return Layout(parts, f"\r\n--{boundary}--\r\n".encode("latin-1"))


def content_range(part: Single, size: int) -> str:
    """The value of Content-Range (section 14.4)."""
    return f"bytes {part.start}-{part.stop - 1}/{size}"
