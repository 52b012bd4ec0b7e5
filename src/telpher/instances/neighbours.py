"""The other workers of one machine, where there is no Redis: the bell alone, over their telephone.

How many plays of whose links go on at them stands on the board (`crew.board`), for Redis or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from telpher.crew.telephone import Telephone
from telpher.instances.bell import Heard
from telpher.instances.fellows import Alone, Job, Owned

_QUESTION = "look"


class Neighbours(Alone):
    """Fellows who can be rung for."""

    def __init__(self, telephone: Telephone) -> None:
        self._telephone = telephone
        self._rung = asyncio.Event()
        telephone.answer(_QUESTION, lambda _asked: self._rung.set())

    async def ring(self) -> None:
        await self._telephone.ask_all(_QUESTION)

    def jobs(self, heard: Heard, owned: Owned) -> Iterator[tuple[str, Job]]:
        yield "bell", partial(self._run, heard)

    async def _run(self, heard: Heard) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            await heard()
