"""A process that is killed in the midst of its work: python -m tests.storage.child FILE."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from telpher.core.model import MessageRef
from tests.storage.old_copies import SqliteCopyStore

CHAT, CHANNEL = 7, -1000000000005


def copy_of(number: int) -> MessageRef:
    return MessageRef(CHANNEL, 10 * number)


async def main(path: str) -> None:
    """Wants and keeps copies without end; a line for each that is kept."""
    async with SqliteCopyStore(Path(path)) as store:
        for number in itertools.count(1):
            ref = MessageRef(CHAT, number)
            await store.want([ref])
            await store.keep({ref: copy_of(number)})
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
