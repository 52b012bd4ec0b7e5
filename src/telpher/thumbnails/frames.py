"""Has frames taken: one process for each, which is told bytes when it asks and is ended for sure.

    WANT offset, length    what it may have is read through the engine, as for any viewer
    PICTURE                believed to be so many bytes, no more
    anything else          it is killed: nothing, an early end, nonsense, too much, too long

The limits are on this side, because what decodes a stranger's file may be under their control.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from telpher.errors import BusyError, TelegramUnavailableError
from telpher.thumbnails import wire

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Where the package lies: all the process needs to know of this one.
_PACKAGES: Final = Path(__file__).parents[2]
_COMMAND: Final = (sys.executable, "-P", "-s", "-m", "telpher.thumbnails.helper")

# What a JPEG begins with.
_JPEG: Final = b"\xff\xd8\xff"

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# Brings the bytes [start, stop) of the file.
Read = Callable[[int, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """`at_once` frames are taken side by side and `waiting` more wait for it, no longer than
    `patience`; each may last so many `seconds`, read so many `bytes` in so many `reads`, and become
    a JPEG of at most `picture`.

    A page of pictures asks for some dozens at once, and one takes half a second: those that wait
    have theirs before a browser loses patience.
    """

    at_once: int = 2
    waiting: int = 48
    patience: float = 20.0
    seconds: float = 20.0
    bytes: int = 32 << 20
    reads: int = 800
    picture: int = 1 << 20


class _MisbehavedError(Exception):
    """It did what it may not."""


def can_take() -> bool:
    """Whether FFmpeg is there (telpher[media])."""
    return importlib.util.find_spec("av") is not None


class FrameTaker:
    """See the module. `command` is the process; tests have others."""

    def __init__(self, limits: Limits | None = None, command: Sequence[str] = _COMMAND) -> None:
        self._limits = limits or Limits()
        self._command = tuple(command)
        self._free = asyncio.Semaphore(self._limits.at_once)
        self._waiting = 0

    async def take(self, size: int, read: Read, longest: int) -> bytes | None:
        """A JPEG of at most `longest` pixels either way; None of a file that gives none.

        Raises BusyError when too many are waiting, TelegramUnavailableError when the time was spent
        on waiting for bytes, and whatever `read` does.
        """
        async with self._turn(), _process(self._command) as streams:
            return await _Conversation(streams, self._limits, size, read).picture(longest)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._free.locked() and self._waiting >= self._limits.waiting:
            raise BusyError("too many frames are to be taken")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.patience):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError("other frames take too long") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


@contextlib.asynccontextmanager
async def _process(command: Sequence[str]) -> AsyncIterator[_Streams]:
    """What a process reads and writes; it is over in any case afterwards, and has left nothing."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = _start(command, theirs)
        theirs.close()
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=wire.BLOCK)
            try:
                yield reader, writer
            finally:
                writer.transport.abort()
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)


def _start(command: Sequence[str], stream: socket.socket) -> subprocess.Popen[bytes]:
    """Not by the loop: that copies the page tables of this process, which takes as long as 20 ms
    and holds up every viewer. This one shares them until the other program is loaded (vfork)."""
    return subprocess.Popen(  # noqa: S603 - the command is ours
        command,
        stdin=stream.fileno(),
        stdout=stream.fileno(),
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PYTHONPATH": str(_PACKAGES)},
    )


class _Conversation:
    """One frame, as `wire` has it."""

    def __init__(self, streams: _Streams, limits: Limits, size: int, read: Read) -> None:
        self._from, self._to = streams
        self._limits = limits
        self._size = size
        self._read = read
        self._bytes = self._reads = 0
        self._fetching = False

    async def picture(self, longest: int) -> bytes | None:
        try:
            async with asyncio.timeout(self._limits.seconds):
                self._to.write(wire.ORDER.pack(self._size, longest))
                return await self._to_the_end()
        except TimeoutError:
            if self._fetching:
                raise TelegramUnavailableError("no bytes for a frame in time") from None
            reason = "it lasts too long"
        except asyncio.IncompleteReadError:
            reason = "no video, or a broken one"
        except (ConnectionError, _MisbehavedError) as error:
            reason = repr(error)
        _log.info("no frame could be taken", reason=reason)
        return None

    async def _to_the_end(self) -> bytes | None:
        while (message := await self._from.readexactly(1)) == wire.WANT:
            offset, count = wire.RANGE.unpack(await self._from.readexactly(wire.RANGE.size))
            data = await self._wanted(offset, count)
            self._to.write(wire.COUNT.pack(len(data)) + data)
            await self._to.drain()
        return await self._picture() if message == wire.PICTURE else None

    async def _wanted(self, offset: int, count: int) -> bytes:
        """What it gets: nothing more once it has had as much as it may."""
        stop = min(offset + count, self._size)
        if count > wire.BLOCK or not offset < stop:
            raise _MisbehavedError(f"{count} bytes from {offset} are wanted")
        self._bytes += stop - offset
        self._reads += 1
        if self._bytes > self._limits.bytes or self._reads > self._limits.reads:
            return b""
        self._fetching = True
        data = await self._read(offset, stop)
        self._fetching = False
        return data

    async def _picture(self) -> bytes:
        (count,) = wire.COUNT.unpack(await self._from.readexactly(wire.COUNT.size))
        if count > self._limits.picture:
            raise _MisbehavedError(f"a picture of {count} bytes")
        data = await self._from.readexactly(count)
        if not data.startswith(_JPEG):
            raise _MisbehavedError("a picture that is none")
        return data
