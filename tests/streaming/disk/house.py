"""A tier with its surroundings, and what tests do with it."""

from __future__ import annotations

from pathlib import Path

from telpher.clock import FakeClock
from telpher.core.chunks import PAGE
from telpher.streaming.disk.page import Document
from telpher.streaming.disk.tier import DiskTier
from tests.streaming.disk.fakes import TroubledFiles, content, page_files

BUDGET = 64 << 20

# A hundred pages, most of which are neither beginning nor end.
LONG = (7, 100 * PAGE)


class House:
    """A tier's surroundings, which outlive it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cache"
        self.clock = FakeClock()
        self.files = TroubledFiles()

    def tier(self, budget: int = BUDGET, patience: float = 60.0) -> DiskTier:
        return DiskTier(self.folder, budget, self.clock, self.files, patience)

    def page_numbers(self) -> list[int]:
        return sorted(int(path.name.split("-")[-1]) for path in page_files(self.folder))


def write(tier: DiskTier, document: Document, offset: int, limit: int) -> None:
    tier.write(document, offset, content(document, offset, limit))


async def keep(tier: DiskTier, document: Document, offset: int, limit: int) -> None:
    write(tier, document, offset, limit)
    await tier.settled()


async def reads(tier: DiskTier, document: Document, offset: int, limit: int) -> bool:
    """Whether it is there; what is there must be right."""
    data = await tier.read(document, offset, limit)
    assert data in (None, content(document, offset, limit))
    return data is not None
