"""The pictures above the menu's pages (rules 23 and 31): admins replace them, the database keeps
them, so no disk that a container loses matters.

A page shows its own banner, else the one of the start page, else the one that comes with telpher.
They are kept in memory and asked for again after a while; with the database away those known last
are shown, and nobody waits for them twice.
"""

from __future__ import annotations

from typing import Final

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.storage.base import ValueStore

START: Final = "start"
PAGES: Final = (START, "help", "about", "info")

# Bytes. Telegram makes some 200 KB of a photo; more slows down every /start, and this much for
# each page stays in memory.
LARGEST: Final = 2 << 20

# Seconds for which a banner is believed: one that another instance replaced is shown after.
BELIEVED: Final = 30.0

_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def is_picture(data: bytes) -> bool:
    """Whether it is a JPEG or PNG that is small enough, as far as its first bytes tell."""
    return len(data) <= LARGEST and data.startswith(_SIGNATURES)


class Banners:
    """See the module. `default` is the one that comes with telpher."""

    def __init__(self, values: ValueStore, clock: Clock, default: bytes) -> None:
        self._values = values
        self._clock = clock
        self._default = default
        self._known: dict[str, tuple[bytes, float]] = {}

    async def of(self, page: str) -> bytes:
        """What `page` shows. Never fails."""
        return await self._own(page) or await self._own(START) or self._default

    async def replaced(self) -> list[str]:
        """The pages that have a banner of their own. Raises StorageError."""
        return [page for page in PAGES if await self._read(page)]

    async def replace(self, page: str, data: bytes) -> None:
        """Gives a page of PAGES its own banner, checked with `is_picture`. Raises StorageError."""
        await self._values.put(_name(page), data, self._clock.now())
        self._learn(page, data)

    async def reset(self, page: str) -> None:
        """Takes the page's own banner away. Raises StorageError."""
        await self._values.drop(_name(page))
        self._learn(page, b"")

    async def _own(self, page: str) -> bytes:
        """The page's own; empty when it has none."""
        data, asked = self._known.get(page, (b"", float("-inf")))
        if page not in PAGES or self._clock.monotonic() - asked < BELIEVED:
            return data
        try:
            return await self._read(page)
        except StorageError:
            return self._learn(page, data)

    async def _read(self, page: str) -> bytes:
        value = await self._values.get(_name(page))
        return self._learn(page, value.data if value and is_picture(value.data) else b"")

    def _learn(self, page: str, data: bytes) -> bytes:
        self._known[page] = data, self._clock.monotonic()
        return data


def _name(page: str) -> str:
    return f"banner {page}"
