"""Whether this instance handles an account's updates, and how far they are handled.

See the package for the rule. `UpdateDuty` is asked every few seconds (`look`), and before anything
is said (`sure`); how far updates were handled it is told by whoever handles them.
"""

from __future__ import annotations

import asyncio
import json

import structlog

from telpher.core.records import Lease
from telpher.errors import StorageError
from telpher.telegram.custody.base import Term, Vault
from telpher.telegram.custody.seal import BrokenSealError
from telpher.telegram.custody.state import UpdateState, farther, restored

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Seconds. Two renewals may be lost, and the third is still in time.
LEASE = 6.0
RENEW_EVERY = 1.5
# Between two attempts of whoever waits: in a rolling deploy nobody answers for about so long. Who
# is killed or frozen is followed after LEASE + ASK_EVERY at most: of the ten seconds that people
# may be kept waiting three are left to connect.
ASK_EVERY = 1.0
# Attempts that an instance which has not heard from the database since it started waits for it,
# before it goes on duty all the same: longer than a lease lasts, so an outage of seconds, or a
# database that starts beside it, is waited for.
MOST_MISSED = 15


class UpdateDuty:
    """Of one account; `name` is like "bot42"."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._lease_name = f"updates {name}"
        self._name = f"{name} updates"
        self._met = f"{name} met"
        self._file = f"{name}-updates"
        self._lease: Lease | None = None
        self._state: UpdateState | None = None
        self._asked = False
        self._heard = False
        self._missed = 0
        self._retired = False
        self._unsaved = False
        # Until when the database's last answer holds, or its silence.
        self._certain = Term(0.0, 0.0)
        # Whether it is ours as far as anybody here knows, also after this process has ended.
        self._ours = False
        self._turn = asyncio.Lock()
        self.on = False
        self.term = 0

    @property
    def state(self) -> UpdateState | None:
        """How far updates are known to be handled; None where nobody has begun."""
        return self._state

    @property
    def pause(self) -> float:
        """Seconds until the next `look`."""
        return RENEW_EVERY if self.on else ASK_EVERY

    async def look(self) -> bool:
        """Asks for the lease or renews it; whether this instance is on duty.

        A new `term` means that `state` is the one to begin from.
        """
        async with self._turn:
            if not self._retired:
                await self._look()
            return self.on

    async def sure(self) -> bool:
        """The same before something is said. As long as the lease lasts by both of our clocks
        nobody is asked; a process that was frozen for longer finds out whether it was followed.

        With the database away who was on duty is, and asks again no sooner than `look` does.
        """
        if not self._doubtful():
            return self.on
        async with self._turn:
            if self._doubtful():
                await self._look()
            return self.on

    def _doubtful(self) -> bool:
        return self.on and self._certain.left(self._vault.clock) <= 0

    async def _look(self) -> None:
        first, self._asked = not self._asked, True
        if first:
            await self._recall()
        term = Term.starting(self._vault.clock, LEASE)
        try:
            await self._ask()
        except StorageError as error:
            term = Term.starting(self._vault.clock, RENEW_EVERY)
            self._missed += 1
            if not self.on and not self._heard:
                self._without_database(str(error), first=first)
        else:
            self._heard = True
        self._certain = term

    async def keep(self, state: UpdateState) -> None:
        """Saves how far updates were handled to their end. Fails never."""
        async with self._turn:
            if self.on and state != self._state:
                self._state = state
                await self._save()

    async def keep_met(self, text: str) -> bool:
        """Saves whom the account has met, for whoever is on duty next; False when it cannot."""
        async with self._turn:
            if self._lease is None:
                return False
            blob = self._vault.seal.close(self._met, text)
            try:
                await self._vault.database.sessions.save(self._met, self._lease.fence, blob)
            except StorageError:
                return False
            return True

    async def met(self) -> str | None:
        """What was saved so last; None when there is nothing that can be read now."""
        try:
            blob = await self._vault.database.sessions.load(self._met)
            return self._vault.seal.open(self._met, blob) if blob else None
        except (StorageError, BrokenSealError):
            return None

    async def hand_over(self, state: UpdateState | None) -> None:
        """Goes off duty for good: nothing is handled any more, and this is how far it came."""
        async with self._turn:
            self._retired, was_on, self.on = True, self.on, False
            if was_on:
                await self._hand_over(state)

    async def _hand_over(self, state: UpdateState | None) -> None:
        if state is not None:
            self._state = state
        await self._save()
        if self._lease is None or self._unsaved:
            return  # the database is away: whoever starts here next goes on from the disk
        try:
            await self._vault.database.leases.release(self._lease)
        except StorageError as error:
            _log.warning("the updates could not be handed over", problem=str(error))
            return
        self._lease, self._ours = None, False
        await self._to_disk()

    # The lease.

    async def _ask(self) -> None:
        leases = self._vault.database.leases
        if self._lease is not None and await leases.renew(self._lease, LEASE):
            if self._unsaved:
                await self._save()
            return
        lease = await leases.acquire(self._lease_name, self._vault.holder, LEASE)
        if lease is None:
            await self._go_off()
        else:
            await self._go_on(lease)

    async def _go_on(self, lease: Lease) -> None:
        """The lease is ours anew. What others have handled meanwhile is not handled again."""
        blob = await self._vault.database.sessions.load(self._name)
        theirs = self._opened(self._name, blob)[1] if blob else None
        ours, self._state = self._state, farther(self._state, theirs)
        self._lease = lease
        if not self.on or self._state != ours:
            self.term += 1
            _log.info("handling updates", account=self._lease_name)
        self.on = self._ours = True
        await self._save()

    async def _go_off(self) -> None:
        self._lease = None
        if self.on:
            _log.warning("another instance handles the updates", account=self._lease_name)
        if self._ours:
            self.on = self._ours = False
            await self._to_disk()

    def _without_database(self, problem: str, *, first: bool) -> None:
        """At the start: whoever was on duty here last goes on at once; anybody else after a while,
        since a bot that is silent for as long as its database is worse than a repeated answer."""
        if self._ours or self._missed >= MOST_MISSED:
            self.on = self._ours = True
            self.term += 1
            _log.warning("handling updates without the database", account=self._lease_name)
        elif first:
            _log.warning(
                "the database is away, so nobody knows who handles updates: they wait a while",
                problem=problem,
            )

    # What is kept.

    async def _recall(self) -> None:
        """Takes over what is on disk."""
        blob = await self._vault.files.load(self._file)
        if blob:
            self._ours, state = self._opened(self._file, blob)
            self._state = farther(self._state, state)

    async def _save(self) -> None:
        await self._to_disk()
        if self._state is None:
            return
        self._unsaved = True
        if self._lease is None:
            return
        blob = self._vault.seal.close(self._name, self._dump())
        try:
            saved = await self._vault.database.sessions.save(self._name, self._lease.fence, blob)
        except StorageError:
            return
        self._unsaved = not saved

    async def _to_disk(self) -> None:
        blob = self._vault.seal.close(self._file, self._dump())
        try:
            await self._vault.files.save(self._file, blob)
        except OSError as error:
            _log.warning("how far updates were handled cannot be kept", problem=str(error))

    def _dump(self) -> str:
        handled = self._state.dump() if self._state else None
        return json.dumps({"version": 1, "on": self._ours, "handled": handled})

    def _opened(self, name: str, blob: bytes) -> tuple[bool, UpdateState | None]:
        try:
            saved = json.loads(self._vault.seal.open(name, blob))
            return bool(saved["on"]), restored(saved["handled"])
        except (BrokenSealError, ValueError, KeyError, TypeError) as error:
            _log.warning("what is kept of updates cannot be read", name=name, problem=str(error))
            return False, None
