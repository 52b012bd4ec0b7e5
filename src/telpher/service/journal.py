"""The journal: what happened, on its way to the database by way of the disk.

    note     adds an event to the page in memory; never waits, never fails
    run      writes page after page to disk: each second, and at once what must not be lost
    kept     waits until the event's page is written: it survives kill -9 from then on
    news     has whoever delivers to the database wait, until something is there that cannot

A page that the disk refuses is written again until the disk takes it, always the same page under
the same token, while the next one gathers what happens. Both are sums, so they grow only with the
number of people, links and files, and not beyond a bound: then what would need a sum of its own is
dropped, and said so. Nobody who plays or sends a file is ever held up by more than `kept`'s 2 s.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, OrderedDict
from typing import Final, Protocol

import structlog

from telpher.core.tally import Event, LinkMade, LinkRevoked, PersonSeen, Tally
from telpher.errors import StorageError

# Seconds between two pages when nothing is urgent: what kill -9 may cost in counters.
WRITE_EVERY: Final = 1.0

# Seconds that somebody who is being answered waits for the disk.
PATIENCE: Final = 2.0

# Sums on a page (about 500 bytes each): what 20,000 people do while the disk takes nothing.
MOST_SUMS: Final = 40_000

# People remembered as seen: the others may be new, and whoever is new is reported at once.
MOST_KNOWN: Final = 20_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Disk(Protocol):
    """Where pages are written."""

    async def add(self, token: str, tally: Tally) -> None:
        """Takes a page in; nothing when the last one had the same token. Raises StorageError."""
        ...


class _Page:
    """Sums that reach the disk together; `waiting` when somebody waits for that."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(8)
        self.tally = Tally()
        self.dropped = 0
        self.written = asyncio.Event()


class Journal:
    """See the module. `run` is a job, for one task at a time."""

    def __init__(
        self, disk: Disk, *, most_sums: int = MOST_SUMS, patience: float = PATIENCE
    ) -> None:
        self._disk = disk
        self._most = most_sums
        self._patience = patience
        self.noted: Counter[type[Event]] = Counter()
        """How many events there were of each kind, since the start."""
        self._page = _Page()
        self._writing: _Page | None = None
        self._troubled = False
        self._known: OrderedDict[int, None] = OrderedDict()
        self._noted = asyncio.Event()
        self._urgent = asyncio.Event()
        self._urgent_written = False
        self._news = asyncio.Event()

    def note(self, event: Event) -> None:
        """Something happened."""
        self.noted[type(event)] += 1
        page = self._page
        if len(page.tally) >= self._most and page.tally.grows_by(event):
            self._drop(page)
            return
        page.tally.note(event)
        self._noted.set()
        if self._cannot_wait(event):
            self._urgent.set()

    async def kept(self, *events: Event) -> None:
        """The same, and waits until it is on disk; after 2 s, or while the disk is known to be in
        trouble, it goes on without: what is noted is then safe from everything but kill -9."""
        page = self._page
        for event in events:
            self.note(event)
        if not events or self._troubled:
            return
        self._urgent.set()
        try:
            async with asyncio.timeout(self._patience):
                await page.written.wait()
        except TimeoutError:
            _log.warning("the disk is slow: an answer goes out before it is noted there")

    async def run(self) -> None:
        """Writes pages until cancelled. Raises StorageError: then it is to be called again."""
        while True:
            if self._writing is None:
                await self._noted.wait()
                await _until(self._urgent, WRITE_EVERY)
            await self.flush()

    async def news(self, within: float) -> None:
        """Returns when something is on disk that cannot wait, or after so many seconds."""
        await _until(self._news, within)
        self._news.clear()

    async def flush(self) -> None:
        """Writes all that is noted. Raises StorageError; nothing is lost by that, nor by being
        cancelled."""
        while page := self._writing or self._next_page():
            try:
                await self._disk.add(page.token, page.tally)
            except StorageError:
                self._troubled = True
                page.written.set()
                raise
            self._troubled = False
            self._writing = None
            page.written.set()
            if page.dropped:
                _log.error("counters were dropped", events=page.dropped)
            if self._urgent_written:
                self._urgent_written = False
                self._news.set()

    def _next_page(self) -> _Page | None:
        self._noted.clear()
        if not self._page.tally:
            return None
        self._urgent_written = self._urgent.is_set()
        self._urgent.clear()
        self._writing, self._page = self._page, _Page()
        return self._writing

    def _cannot_wait(self, event: Event) -> bool:
        if isinstance(event, PersonSeen):
            return self._may_be_new(event.person.user_id)
        return isinstance(event, LinkMade | LinkRevoked)

    def _may_be_new(self, user_id: int) -> bool:
        known = user_id in self._known
        self._known[user_id] = None
        self._known.move_to_end(user_id)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return not known

    def _drop(self, page: _Page) -> None:
        if not page.dropped:
            _log.error("the disk takes no counters, and memory is full: new ones are dropped")
        page.dropped += 1


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Waits for `event`, but not longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
