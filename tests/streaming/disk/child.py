"""A process that writes to a disk tier: for tests that kill it, or limit what it may write.

python -m tests.streaming.disk.child endless FOLDER    page after page; a line for each kept
python -m tests.streaming.disk.child limited FOLDER    the kernel refuses long files; see `limited`
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
from pathlib import Path

from telpher.clock import FakeClock
from telpher.core.chunks import GRANULE, PAGE
from telpher.observe import logs
from telpher.storage.rest import PAUSE
from telpher.streaming.disk.tier import DiskTier
from tests.streaming.disk.fakes import FILM, TroubledFiles, content

PAGES = 40
LONG = (11, PAGES * PAGE)
BUDGET = 64 << 20


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def endless(tier: DiskTier) -> None:
    """Writes all pages in granules of various runs, forgets them, and so on until it is killed."""
    for turn in itertools.count():
        for number in range(PAGES):
            for start, stop in itertools.pairwise((0, 1, 2, 4, 8, 16)):
                offset = number * PAGE + start * GRANULE
                tier.write(LONG, offset, content(LONG, offset, (stop - start) * GRANULE))
            await tier.settled()
            say(turn, number)
        tier.forget(LONG)


async def limited(tier: DiskTier, clock: FakeClock) -> None:
    """With files of at most 300 KB: a page that does not fit, then a granule that does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    tier.write(FILM, 0, content(FILM, 0, PAGE))
    await tier.settled()
    say(await tier.read(FILM, 0, PAGE), tier.stats().errors)
    clock.advance(PAUSE)
    for _ in range(2):  # lists the folder, then writes
        tier.write(FILM, 0, content(FILM, 0, GRANULE))
        await tier.settled()
    say(await tier.read(FILM, 0, GRANULE) == content(FILM, 0, GRANULE), tier.stats().errors)


async def main(work: str, folder: str) -> None:
    logs.setup()
    clock = FakeClock()
    async with DiskTier(Path(folder), BUDGET, clock, TroubledFiles()) as tier:
        await tier.settled()
        await (endless(tier) if work == "endless" else limited(tier, clock))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
