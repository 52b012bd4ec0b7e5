"""What workers ask each other now and then, over Unix sockets in the folder where they meet.

    asks     {"question": ..., ...} and the end of what there is to say
    answers  JSON, and the end

One connection for each question: there is nothing to keep in order, and nothing that an end of one
of them could leave behind. Who does not answer in time is not waited for; for a moment it is not
even asked, so that one that hangs costs the others next to nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from telpher.clock import Clock, SystemClock
from telpher.crew.place import ALONE, Place

# Seconds. A worker that is well answers within a few milliseconds; /health may take 200 in all.
PATIENCE: Final = 0.15

# Seconds for which one that did not answer is not asked.
PAUSE: Final = 1.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Json = Any
Asked = Callable[[Mapping[str, Json]], Awaitable[Json] | Json]


class Telephone:
    """See the module. Works alone, and asks nobody, without a meeting."""

    def __init__(
        self, place: Place = ALONE, clock: Clock | None = None, patience: float = PATIENCE
    ) -> None:
        self._place = place
        self._clock = clock or SystemClock()
        self._patience = patience
        self._answers: dict[str, Asked] = {}
        self._left_alone: dict[int, float] = {}  # until when
        self._server: asyncio.Server | None = None

    @property
    def place(self) -> Place:
        """Which of them this one is."""
        return self._place

    @property
    def siblings(self) -> list[int]:
        """The numbers of the others."""
        if self._place.meeting is None:
            return []
        return [each for each in range(self._place.of) if each != self._place.number]

    def answer(self, question: str, answers: Asked) -> None:
        """Has `question` answered by that; what it gives must be JSON."""
        self._answers[question] = answers

    async def open(self) -> None:
        """Can be asked from now on. Raises OSError."""
        path = self._place.telephone(self._place.number)
        if path is not None:
            path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._take, path)

    async def close(self) -> None:
        """Cannot be asked any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def ask_all(self, question: str, **more: Json) -> dict[int, Json | None]:
        """The answers of the others, by their numbers; None of who gave none in time."""
        asked = self.siblings
        answers = await asyncio.gather(*(self.ask(each, question, **more) for each in asked))
        return dict(zip(asked, answers, strict=True))

    async def ask(self, number: int, question: str, **more: Json) -> Json | None:
        """The answer of one of the others, None when there is none in time."""
        path = self._place.telephone(number)
        now = self._clock.monotonic()
        if path is None or self._left_alone.get(number, now) > now:
            return None
        text = json.dumps({"question": question, **more}).encode()
        try:
            async with asyncio.timeout(self._patience):
                answer = json.loads(await _exchange(str(path), text))
        except (OSError, TimeoutError, ValueError) as error:
            _log.debug("a worker does not answer", asked=number, cause=repr(error))
            self._left_alone[number] = self._clock.monotonic() + PAUSE
            return None
        self._left_alone.pop(number, None)
        return answer

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._patience):
                asked = json.loads(await reader.read(-1))
                answers = self._answers.get(asked["question"])
                found = answers(asked) if answers else None
                answer = await found if isinstance(found, Awaitable) else found
                writer.write(json.dumps(answer).encode())
                await writer.drain()
        except (OSError, TimeoutError, ValueError) as error:
            _log.debug("a worker could not be answered", cause=repr(error))
        finally:
            writer.close()


async def _exchange(path: str, text: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(text)
        writer.write_eof()
        return await reader.read(-1)
    finally:
        writer.close()
