"""A Database of which there is only what delivery needs, and which fails where a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from telpher.core.tally import Tally
from telpher.errors import StorageError


async def _nothing() -> None:
    """No fault."""


class FakeDatabase:
    """Adds up what it is given, each number of a writer once; is its own ledger and links.

    `away` refuses everything; `before` and `after` may raise in `apply`, before and after it has
    its effect.
    """

    def __init__(self) -> None:
        self.away = False
        self.before: Callable[[], Awaitable[None]] = _nothing
        self.after: Callable[[], Awaitable[None]] = _nothing
        self.calls: list[tuple[str, int]] = []
        self.applied: dict[tuple[str, int], Tally] = {}
        self.known: set[int] = set()
        self.revoked: list[int] = []
        self._new: dict[tuple[str, int], list[int]] = {}

    @property
    def ledger(self) -> FakeDatabase:
        return self

    @property
    def links(self) -> FakeDatabase:
        return self

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        self._refuse_when_away()
        self.calls.append((writer, number))
        await self.before()
        key = writer, number
        if key not in self.applied:
            assert all(number > old for name, old in self.applied if name == writer)
            self.applied[key] = tally
            self._new[key] = [each for each in tally.users if each not in self.known]
            self.known.update(tally.users)
        assert self.applied[key] == tally, "a repeat says the same"
        await self.after()
        return self._new[key]

    async def revoke(self, link_id: int) -> bool:
        self._refuse_when_away()
        self.revoked.append(link_id)
        return True

    @property
    def served(self) -> int:
        return sum(
            link.bytes_served for tally in self.applied.values() for link in tally.links.values()
        )

    def _refuse_when_away(self) -> None:
        if self.away:
            raise StorageError("away")


class Once:
    """Raises once, then never again."""

    def __init__(self, error: Exception) -> None:
        self._error: Exception | None = error

    async def __call__(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error
