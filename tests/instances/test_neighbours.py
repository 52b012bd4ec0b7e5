"""The bell among workers of one machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from telpher.clock import FakeClock
from telpher.crew.place import Place
from telpher.crew.telephone import Telephone
from telpher.instances.neighbours import Neighbours

PATIENCE = 60.0


async def test_all_others_hear_a_ring(tmp_path: Path) -> None:
    heard = [asyncio.Event() for _ in range(3)]
    telephones = [
        Telephone(Place(number, 3, meeting=tmp_path), FakeClock(), PATIENCE) for number in range(3)
    ]
    neighbours = [Neighbours(each) for each in telephones]
    for each in telephones:
        await each.open()
    async with asyncio.TaskGroup() as tasks:
        running = []
        for number, each in enumerate(neighbours):

            async def hear(number: int = number) -> None:
                heard[number].set()

            [(name, job)] = each.jobs(hear, dict)
            running.append(tasks.create_task(job(), name=name))
        await neighbours[1].ring()
        async with asyncio.timeout(PATIENCE):
            await heard[0].wait()
            await heard[2].wait()
        assert not heard[1].is_set()
        for job in running:
            job.cancel()
    for each in telephones:
        await each.close()
