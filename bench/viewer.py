"""A viewer: one GET, read as cheaply as Python can, and timed.

Bytes are read into one buffer per viewer and forgotten, so that this side costs little and two
hundred viewers fit beside Telegram on one core. With `document` every byte is compared with
what that file of tgfake's must hold; with `pace` the viewer reads no faster than a player plays.

Time to first byte is that of the first byte of the BODY, from before the connection is opened: VLC
opens one for each seek.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final, cast

from tgfake.content import expected_bytes

HOST: Final = "127.0.0.1"
_HEAD_MOST: Final = 64 << 10
_PATIENCE: Final = 120.0  # seconds: far beyond every wait that is measured
_AHEAD: Final = 0.1  # seconds that a paced viewer may be early, before it stops reading


@dataclass(slots=True)
class Wish:
    """What a viewer asks for, and when it has enough."""

    port: int
    path: str
    start: int = 0
    stop: int | None = None
    """End of the range; None for the rest of the file."""
    method: str = "GET"
    take: int | None = None
    """Bytes after which the viewer leaves, as if it sought elsewhere."""
    seconds: float | None = None
    """Time after which it leaves."""
    pace: float | None = None
    """Bytes a second it plays."""
    document: int | None = None
    """The file whose bytes these must be."""
    buffer: int = 1 << 20
    on_bytes: Callable[[int], None] | None = None
    """Told the bytes so far, at every arrival."""

    def request(self) -> bytes:
        """The HTTP request."""
        last = "" if self.stop is None else str(self.stop - 1)
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}:{self.port}"]
        lines += [f"Range: bytes={self.start}-{last}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode()


@dataclass(slots=True)
class Play:
    """What a viewer got. Times in seconds since it began."""

    status: int = 0
    length: int = 0
    """Content-Length."""
    received: int = 0
    """Bytes of the body."""
    first_byte: float | None = None
    last_byte: float = 0.0
    longest_gap: float = 0.0
    """The longest time without a byte after the first one, up to the end of the play."""
    wrong_at: int | None = None
    """Position in the file of the first piece that differs."""
    trouble: str = ""

    @property
    def whole(self) -> bool:
        """Whether all bytes came, and none that was looked at was wrong."""
        return self.received == self.length > 0 and self.wrong_at is None

    @property
    def rate(self) -> float:
        """MB (10^6 bytes) a second until the last byte."""
        return self.received / self.last_byte / 1e6 if self.last_byte else 0.0


class _Reader(asyncio.BufferedProtocol):
    """Reads one answer into `play`."""

    def __init__(self, wish: Wish, play: Play, began: float) -> None:
        self._wish = wish
        self._play = play
        self._began = began
        self._buffer = memoryview(bytearray(wish.buffer))
        self._head = bytearray()
        self._in_body = False
        self._last = 0.0
        self._transport: asyncio.Transport
        self._resuming: asyncio.TimerHandle | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._wish.request())

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        now = perf_counter() - self._began
        if self._in_body:
            self._body(self._buffer[:nbytes], now)
            return
        self._head += self._buffer[:nbytes]
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > _HEAD_MOST:
                self.end("no end of headers")
            return
        self._read_head(bytes(self._head[:end]))
        self._in_body = True
        if len(self._head) > end + 4:
            self._body(memoryview(self._head)[end + 4 :], now)
        elif self._wish.method == "HEAD" or not self._play.length:
            self.end()

    def _read_head(self, head: bytes) -> None:
        status, _, rest = head.partition(b"\r\n")
        self._play.status = int(status.split()[1])
        for line in rest.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                self._play.length = int(value)

    def _body(self, data: memoryview, now: float) -> None:
        play, wish = self._play, self._wish
        if play.first_byte is None:
            play.first_byte = now
        else:
            play.longest_gap = max(play.longest_gap, now - play.last_byte)
        if wish.document is not None and play.wrong_at is None:
            at = wish.start + play.received
            if data != expected_bytes(wish.document, at, len(data)):
                play.wrong_at = at
        play.received += len(data)
        play.last_byte = now
        if wish.on_bytes is not None:
            wish.on_bytes(play.received)
        enough = play.length if wish.take is None else min(wish.take, play.length)
        if play.received >= enough:
            self.end()
        elif wish.pace is not None:
            self._hold(play.received / wish.pace - now)

    def _hold(self, early: float) -> None:
        if early > _AHEAD:
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            self._resuming = loop.call_later(early, self._transport.resume_reading)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end("" if self._wish.method == "HEAD" else "closed before the end")

    def end(self, trouble: str = "") -> None:
        """The play is over."""
        if self.ended.is_set():
            return
        play = self._play
        if trouble:
            play.trouble = trouble
            if play.first_byte is not None:
                gap = perf_counter() - self._began - play.last_byte
                play.longest_gap = max(play.longest_gap, gap)
        if self._resuming is not None:
            self._resuming.cancel()
        self.ended.set()
        self._transport.abort()


async def fetch(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a small page."""
    reader, writer = await asyncio.open_connection(HOST, port)
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), body


async def watch(wish: Wish) -> Play:
    """Play once. What goes wrong is in the result's `trouble`, never raised."""
    play = Play()
    loop = asyncio.get_running_loop()
    began = perf_counter()
    try:
        _, reader = await loop.create_connection(
            lambda: _Reader(wish, play, began), HOST, wish.port
        )
    except OSError as error:
        play.trouble = f"not connected: {error}"
        return play
    try:
        async with asyncio.timeout(wish.seconds or _PATIENCE):
            await reader.ended.wait()
    except TimeoutError:
        reader.end("" if wish.seconds is not None else f"nothing for {_PATIENCE:.0f} s")
    finally:
        reader.end("cancelled")
    return play
