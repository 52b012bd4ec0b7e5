"""From the list of troubles to people: reports to LOG_CHANNEL, and a guess where nobody knows.

Each trouble is reported once, and again after ten minutes if it goes on, with how often it came
(rule 47). One that the catalogue does not explain is put to the service, if there is one, before it
is reported; each once. Trouble with the reporting itself is listed, but not reported: it would make
more of it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol, TypeVar

from telpher.clock import Clock
from telpher.observe.diagnosis.question import Questions
from telpher.observe.troubles import MOST, Trouble, Troubles

# Seconds within which the same trouble is reported once.
AGAIN: Final = 600.0

# Troubles that wait for a guess.
_MOST_RIDDLES: Final = 5

_T = TypeVar("_T")

Report = Callable[[Trouble, int], None]
"""Is told of a trouble, and how often it came since it was told of it last; does not wait."""


class Adviser(Protocol):
    """Who is asked about what nobody knows."""

    @property
    def may_ask(self) -> bool:
        """Whether one more question is allowed."""
        ...

    async def ask(self, messages: list[dict[str, str]]) -> str | None:
        """What they say; None for nothing."""
        ...


class Alarms:
    """See the module; a job. Without `adviser` nobody is asked."""

    def __init__(
        self,
        troubles: Troubles,
        report: Report,
        clock: Clock,
        questions: Questions | None = None,
        adviser: Adviser | None = None,
    ) -> None:
        self._troubles = troubles
        self._report = report
        self._clock = clock
        self._questions = questions
        self._adviser = adviser
        # By key, the one reported longest ago first: when, and how many had been seen.
        self._told: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._riddles: deque[tuple[Trouble, int]] = deque()
        self._news, self._to_advise = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Follows the troubles until cancelled."""
        loop = asyncio.get_running_loop()

        def told() -> None:
            # Entries are also written in other threads.
            loop.call_soon_threadsafe(self._news.set)

        self._troubles.follow(told)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._advise(), name="advice")
                await self._tell()
        finally:
            self._troubles.leave(told)

    async def _tell(self) -> None:
        while True:
            self._news.clear()
            for trouble in reversed(self._troubles.recent()):
                self._look_at(trouble)
            await self._news.wait()

    def _look_at(self, trouble: Trouble) -> None:
        now = self._clock.monotonic()
        at, seen = self._told.get(trouble.key, (-AGAIN, 0))
        # A trouble that was forgotten and came back is counted from the beginning.
        times = trouble.count - seen if trouble.count >= seen else trouble.count
        if trouble.quiet or times == 0 or now - at < AGAIN:
            return
        _remember(self._told, trouble.key, (now, trouble.count))
        if self._is_riddle(trouble):
            _remember(self._asked, trouble.key, None)
            self._riddles.append((trouble, times))
            self._to_advise.set()
        else:
            self._report(trouble, times)

    def _is_riddle(self, trouble: Trouble) -> bool:
        """Whether the service is to be asked about it. A crowd of new troubles at once would wait
        too long for that."""
        known = trouble.diagnosis or trouble.guess or trouble.key in self._asked
        able = self._adviser is not None and self._adviser.may_ask
        return able and not known and len(self._riddles) < _MOST_RIDDLES

    async def _advise(self) -> None:
        """One after the other: whoever waits for an answer holds up no other report."""
        while self._adviser is not None and self._questions is not None:
            while self._riddles:
                trouble, times = self._riddles[0]
                guess = await self._adviser.ask(self._questions.about(trouble))
                if guess:
                    self._troubles.guess(trouble.key, guess)
                self._report(replace(trouble, guess=guess), times)
                self._riddles.popleft()
            self._to_advise.clear()
            await self._to_advise.wait()


def _remember(table: OrderedDict[str, _T], key: str, value: _T) -> None:
    """Puts it in, and the oldest out when there are too many."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > MOST:
        table.popitem(last=False)
