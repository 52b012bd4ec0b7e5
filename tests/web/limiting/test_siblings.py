"""Counts of several workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute

from telpher.clock import FakeClock
from telpher.crew.place import Place
from telpher.crew.telephone import Telephone
from telpher.web.limiting.shared import OwnCounts
from telpher.web.limiting.siblings import SiblingCounts

WORKERS = 3
PATIENCE = 60.0
ITEM = RateLimitItemPerMinute(6)
CLIENTS = [f"plays/203.0.113.{number}" for number in range(10)]


class Crew:
    def __init__(self, meeting: Path) -> None:
        self.clock = FakeClock()
        places = [Place(number, WORKERS, meeting=meeting) for number in range(WORKERS)]
        self.telephones = [Telephone(place, self.clock, PATIENCE) for place in places]
        self.counts = [SiblingCounts(each, OwnCounts(self.clock)) for each in self.telephones]

    async def hits(self, key: str, each: int) -> int:
        """How many are let in when each worker is asked so often, in turns."""
        answers = [await counts.hit(ITEM, key) for _ in range(each) for counts in self.counts]
        return sum(answers)


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    crew = Crew(tmp_path)
    for each in crew.telephones:
        await each.open()
    yield crew
    for each in crew.telephones:
        await each.close()


async def test_all_workers_count_together(crew: Crew) -> None:
    for client in CLIENTS:
        assert await crew.hits(client, each=4) == ITEM.amount
    views = [await counts.view(ITEM, CLIENTS[0]) for counts in crew.counts]
    assert [view.used(60) for view in views] == [ITEM.amount] * WORKERS
    crew.clock.advance(120)
    assert await crew.hits(CLIENTS[0], each=4) == ITEM.amount


async def test_who_does_not_answer_is_no_reason_to_refuse_anybody(crew: Crew) -> None:
    for each in crew.telephones:
        await each.close()
    # Each by itself: twelve questions, four to each of them.
    assert [await crew.hits(client, each=4) for client in CLIENTS] == [12] * len(CLIENTS)
