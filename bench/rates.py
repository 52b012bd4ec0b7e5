"""What deciding on rate limits costs: CPU seconds of 10,000 decisions.

    python bench/rates.py

Decisions of one client with a play that goes on, and of as many new clients as there are
decisions, which fill the table and overflow it. Below 0.2 s is what was promised.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from statistics import median
from time import process_time
from typing import Final

from telpher.clock import SystemClock
from telpher.core.model import Viewer
from telpher.web.limiting.rates import Rates
from telpher.web.limiting.shared import OwnCounts

DECISIONS: Final = 10_000
RUNS: Final = 9


def _clients() -> Iterator[str]:
    return (f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64" for number in count())


async def measured(decide: Callable[[], Awaitable[object]]) -> float:
    """CPU seconds of DECISIONS calls, the median of RUNS."""
    runs = []
    for _ in range(RUNS):
        begin = process_time()
        for _ in range(DECISIONS):
            await decide()
        runs.append(process_time() - begin)
    return median(runs)


async def main() -> None:
    """Prints a row for each kind of decision."""
    rates = Rates(10**9, OwnCounts(SystemClock()))
    clients = _clients()
    sitting = Viewer(1, "203.0.113.7").sitting
    kinds: dict[str, Callable[[], Awaitable[object]]] = {
        "a range of one play": lambda: rates.ranges.hit(f"{sitting.client}/{sitting.played}"),
        "a request of one client": lambda: rates.requests.hit("203.0.113.7"),
        "a play of a new client": lambda: rates.plays.hit(next(clients)),
        "one that is looked at only": lambda: rates.plays.room("203.0.113.7"),
    }
    sys.stdout.write(f"{DECISIONS} decisions{'':14}CPU s\n")
    for name, decide in kinds.items():
        sys.stdout.write(f"{name:30}{await measured(decide):6.3f}\n")


if __name__ == "__main__":
    asyncio.run(main())
