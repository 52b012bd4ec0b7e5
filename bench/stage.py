"""One Telegram and the systems in front of it, ready to be measured side by side."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import Cores
from bench.plan import Plan
from bench.profile import Profile
from bench.results import Results, Row
from bench.systems import TELPHER, Gateway, System, gateway
from bench.telegram import Telegram, telegram

_SEED = 20_260_101


@dataclass(slots=True)
class Stage:
    """What a case is given."""

    telegram: Telegram
    gateways: Sequence[Gateway]
    plan: Plan
    results: Results
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311

    @property
    def profile(self) -> Profile:
        return self.telegram.profile

    @property
    def telpher(self) -> Gateway:
        """Raises StopIteration when it is not among them."""
        return next(one for one in self.gateways if one.system is TELPHER)

    def row(self, case: str, one: Gateway) -> Row:
        """Where this system's figures go."""
        return self.results.row(case, one.name)

    def rounds(self, count: int, some: Sequence[Gateway] = ()) -> Iterator[Gateway]:
        """All systems, or some, `count` times, each round beginning with another one."""
        chosen = some or self.gateways
        for number in range(count):
            first = number % len(chosen)
            yield from chosen[first:]
            yield from chosen[:first]

    def place(self, number: int, of: int, size: int) -> int:
        """Somewhere in the first half of the `number`th of equal parts of a file.

        As odd as a player seeks, and far from all other places: no cache can have been there.
        """
        part = size // of
        return number * part + self.chance.randrange(1, part // 2)


@contextlib.asynccontextmanager
async def staged(
    profile: Profile,
    systems: Sequence[System],
    folder: Path,
    cores: Cores,
    settings: dict[str, str],
) -> AsyncIterator[Callable[[Plan, Results], Stage]]:
    """Everything started, for the length of the block; `settings` are telpher's own."""
    async with contextlib.AsyncExitStack() as stack:
        tg = await stack.enter_async_context(telegram(profile, folder, cores))
        more = {TELPHER: settings}
        gateways = [
            await stack.enter_async_context(
                gateway(system, tg, folder, cores, **more.get(system, {}))
            )
            for system in systems
        ]
        yield lambda plan, results: Stage(tg, gateways, plan, results, folder)
