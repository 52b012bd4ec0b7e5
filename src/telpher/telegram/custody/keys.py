"""Which session an account goes by: a slot's, under its lease, or one of its own (see the package).

`KeyCustody` is told what there is to keep and asked, every few seconds, whether the keys may still
be used. It closes no connection itself: who gets a "no" does, within `MARGIN`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from telpher.core.records import Lease
from telpher.errors import StorageError
from telpher.telegram.custody.base import Term, Vault
from telpher.telegram.custody.kept import Kept, age, dump, restored
from telpher.telegram.custody.seal import BrokenSealError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Seconds; the package says why.
LEASE = 3600.0
RENEW_EVERY = 300.0

# Before the lease ends every connection must be gone: an attempt to connect that is under way gives
# up after at most 70 s (a TCP connection, then three requests), the rest is for two clocks that do
# not run alike.
MARGIN = 180.0

# Between two looks for a slot by whoever has none: instances come and go in minutes.
LOOK_AGAIN = 30.0

# Instances that share the keys of one bot; any more log in each time they start on an empty disk.
MOST_SLOTS = 8


@dataclass(frozen=True, slots=True)
class _Slot:
    number: int
    lease: Lease
    term: Term


class KeyCustody:
    """Of one account; `name` is like "bot42"."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name
        self._slot: _Slot | None = None
        self._text: str | None = None
        self._number = 0
        self._unsaved = False
        self._next_look = 0.0
        self._told: set[str] = set()
        self._turn = asyncio.Lock()

    @property
    def slot(self) -> int | None:
        """The number of the slot whose lease is held; None when there is none."""
        return self._slot.number if self._slot else None

    async def take(self) -> str | None:
        """The session to go by, which nobody else uses; None when a new login is due.

        To be called when nothing is in use: at the start, and after `look` has said no.
        """
        async with self._turn:
            own = await self._own()
            self._next_look = self._vault.clock.monotonic() + LOOK_AGAIN
            try:
                kept = await self._take_slot(own)
            except StorageError as error:
                self._tell("the database is away: a key on disk must do, or a login", str(error))
                kept = self._without_database(own)
            self._text = None
            if kept is not None:
                self._number = max(self._number, kept.number)
                await self._keep(kept.text)
            return self._text

    async def keep(self, text: str) -> None:
        """Saves what there is now, on disk and in the slot. Fails never, and waits for no more than
        one call of the database: what cannot be saved now is saved later."""
        async with self._turn:
            await self._keep(text)

    async def _keep(self, text: str) -> None:
        self._text = text
        self._unsaved = self._slot is not None
        self._number += 1
        await self._to_disk()
        await self._to_slot()

    async def exchange(self) -> str | None:
        """A session after all, while a login is due and has to wait: one that was given back.

        None when there is none, or a key is there already.
        """
        async with self._turn:
            before = self._slot
            if self._text is not None:
                return None
            try:
                kept = await self._take_full()
                if kept is not None and before is not None:
                    await self._vault.database.leases.release(before.lease)
            except StorageError:
                return None
            if kept is None:
                return None
            self._number = max(self._number, kept.number)
            await self._keep(kept.text)
            return self._text

    async def look(self) -> bool:
        """Does what is due; False: no key may be used from now on, and `take` is next."""
        async with self._turn:
            return await self._look()

    async def _look(self) -> bool:
        now = self._vault.clock.monotonic()
        due = now >= self._next_look or self._unsaved
        if self._slot is None:
            if due:
                self._next_look = now + LOOK_AGAIN
                await self._move_in()
            return True
        if due or self._ending():
            await self._renew(self._slot)
        if self._slot is None or self._ending():
            self._let_go()
            return False
        if self._unsaved:
            await self._to_slot()
        return True

    async def give_back(self) -> None:
        """The end: the connections are closed. What is kept stays usable for whoever is next."""
        async with self._turn:
            await self._give_back()

    async def _give_back(self) -> None:
        slot = self._slot
        if slot is None:
            return
        if self._unsaved:
            await self._to_slot()
        if self._unsaved:
            return  # what is on disk is newer: the lease keeps it for the next start here
        try:
            await self._vault.database.leases.release(slot.lease)
        except StorageError as error:
            self._tell("a session could not be given back", str(error))
            return
        self._slot = None
        if self._text is not None:
            await self._write(Kept(self._text, slot.lease.fence, self._number, slot.number))

    # Taking.

    async def _own(self) -> Kept | None:
        """The copy on disk: of the slot held last, or a key that nobody else has ever had."""
        files = self._vault.files
        blob = await files.load(self._name)
        if blob is not None:
            return self._opened(self._name, blob)
        plain = await files.load_plain(self._name)
        return None if plain is None else Kept(plain)

    async def _take_slot(self, own: Kept | None) -> Kept | None:
        """Gets a lease, if there is one to be had, and what goes with it. Raises StorageError."""
        for number in await self._order(own):
            slot = await self._lease(number)
            if slot is None:
                continue
            self._slot = slot
            self._told.clear()
            blob = await self._vault.database.sessions.load(self._slot_name(number))
            kept = self._opened(self._slot_name(number), blob) if blob else None
            if own is not None and own.slot is None:
                return own
            mine = own if own is not None and own.slot == number else None
            return max((each for each in (kept, mine) if each), key=age, default=None)
        return own if own is not None and own.slot is None else None

    async def _order(self, own: Kept | None) -> list[int]:
        """The slots as they are to be tried: one's own, those with a key, empty ones.

        Who brings a key of their own has no use for another: empty ones come first.
        """
        full: list[int] = []
        empty: list[int] = []
        for number in range(MOST_SLOTS):
            blob = await self._vault.database.sessions.load(self._slot_name(number))
            (full if blob else empty).append(number)
        if own is None:
            return full + empty
        if own.slot is None:
            return empty + full
        return sorted(full + empty, key=lambda number: number != own.slot)

    async def _take_full(self) -> Kept | None:
        """The first slot but one's own that is free and has a key. Raises StorageError."""
        for number in range(MOST_SLOTS):
            name = self._slot_name(number)
            if number == self.slot or not await self._vault.database.sessions.load(name):
                continue
            slot = await self._lease(number)
            blob = await self._vault.database.sessions.load(name) if slot else None
            kept = self._opened(name, blob) if blob else None
            if kept is not None:
                self._slot = slot
                return kept
        return None

    async def _lease(self, number: int) -> _Slot | None:
        vault = self._vault
        term = Term.starting(vault.clock, LEASE)
        name = f"session {self._slot_name(number)}"
        lease = await vault.database.leases.acquire(name, vault.holder, LEASE)
        return None if lease is None else _Slot(number, lease, term)

    def _without_database(self, own: Kept | None) -> Kept | None:
        """The copy on disk, if nobody else can have its key now."""
        self._slot = None
        if own is None or own.slot is None:
            return own
        term = Term.until(self._vault.clock, own.until, LEASE)
        if term.left(self._vault.clock) <= MARGIN:
            return None
        name = f"session {self._slot_name(own.slot)}"
        self._slot = _Slot(own.slot, Lease(name, self._vault.holder, own.fence), term)
        self._next_look = 0.0
        return own

    async def _move_in(self) -> None:
        """Brings a key of one's own into a slot, where there is one now."""
        if self._text is None:
            return
        try:
            own = Kept(self._text, number=self._number)
            if await self._take_slot(own) is None or self._slot is None:
                return
        except StorageError:
            self._slot = None
            return
        _log.info("a session has a place in the database", account=self._name, slot=self.slot)
        self._next_look = self._vault.clock.monotonic() + RENEW_EVERY
        await self._keep(self._text)

    # Holding.

    async def _renew(self, slot: _Slot) -> None:
        clock = self._vault.clock
        term = Term.starting(clock, LEASE)
        try:
            renewed = await self._vault.database.leases.renew(slot.lease, LEASE)
        except StorageError as error:
            self._tell("a session's lease cannot be renewed", str(error))
            return
        self._told.clear()
        if not renewed:
            self._slot = None
            return
        self._slot = _Slot(slot.number, slot.lease, term)
        self._next_look = clock.monotonic() + RENEW_EVERY
        await self._to_disk()

    def _ending(self) -> bool:
        return self._slot is not None and self._slot.term.left(self._vault.clock) <= MARGIN

    def _let_go(self) -> None:
        _log.warning("a session's lease is over; logging in beside", account=self._name)
        self._slot = None
        self._text = None
        self._unsaved = False

    # Saving.

    async def _to_disk(self) -> None:
        slot, text = self._slot, self._text
        if text is None:
            return
        if slot is None:
            await self._write(Kept(text, number=self._number))
            return
        fence, until = slot.lease.fence, slot.term.wall
        await self._write(Kept(text, fence, self._number, slot.number, until))

    async def _write(self, kept: Kept) -> None:
        files = self._vault.files
        blob = self._vault.seal.close(self._name, dump(kept))
        try:
            await files.save(self._name, blob)
            await files.drop_plain(self._name)
        except OSError as error:
            self._tell("the session could not be saved on disk", str(error))

    async def _to_slot(self) -> None:
        slot, text = self._slot, self._text
        if slot is None or text is None:
            return
        self._unsaved = True
        name, fence = self._slot_name(slot.number), slot.lease.fence
        blob = self._vault.seal.close(name, dump(Kept(text, fence, self._number, slot.number)))
        try:
            saved = await self._vault.database.sessions.save(name, fence, blob)
        except StorageError as error:
            self._tell("the session could not be saved in the database", str(error))
            return
        self._unsaved = False
        if not saved:  # somebody else has the slot: the next look finds out
            self._next_look = 0.0

    def _opened(self, name: str, blob: bytes) -> Kept | None:
        try:
            return restored(self._vault.seal.open(name, blob))
        except (BrokenSealError, ValueError, KeyError, TypeError) as error:
            _log.warning(
                "a saved session cannot be opened; logging in again",
                session=name,
                problem=str(error),
            )
            return None

    def _slot_name(self, number: int) -> str:
        return f"{self._name}/{number}"

    def _tell(self, message: str, problem: str) -> None:
        """Once, until the database has answered again."""
        if message not in self._told:
            self._told.add(message)
            _log.warning(message, account=self._name, problem=problem)
