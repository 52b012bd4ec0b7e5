"""A worker's place."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from telpher.crew.place import ALONE, Place

WORK_DIR = Path("work")


def test_the_first_one_has_the_folder_itself() -> None:
    """So that nothing is left behind when there are more of them, or one again."""
    assert ALONE.home(WORK_DIR) == Place(0, 4).home(WORK_DIR) == WORK_DIR
    homes = {Place(number, 4).home(WORK_DIR) for number in range(4)}
    assert len(homes) == 4


async def test_the_leash_ends_with_the_supervisor() -> None:
    leash, supervisors = os.pipe()
    gone = asyncio.Event()
    try:
        with Place(1, 2, leash=leash).leashed(gone.set):
            await asyncio.sleep(0)
            assert not gone.is_set()
            os.close(supervisors)
            await asyncio.wait_for(gone.wait(), 60)
    finally:
        os.close(leash)


async def test_who_works_alone_has_none() -> None:
    with ALONE.leashed(lambda: None):
        pass
