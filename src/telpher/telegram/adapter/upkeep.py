"""What an account keeps beyond its connections: the session it goes by, and how far updates came.

`custody` decides whether a key may be used and who handles updates; this brings its decisions to
the session, and what has changed there to custody. `run` looks after both and tells the account:

    keys_lost     every connection made with the keys is to be closed, now
    duty_changed  the main connection is to be made anew, with updates or without
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.custody.base import Vault
from telpher.telegram.custody.duty import UpdateDuty
from telpher.telegram.custody.keys import KeyCustody
from telpher.telegram.custody.state import UpdateState, farther
from telpher.telegram.servers import Directory
from telpher.telegram.timing import Timing

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Seconds between two saves when nothing but access hashes has changed: forgetting one costs a
# refusal here and there, and all of them are some 100 KB.
PEERS_EVERY = 300.0


class Handling(Protocol):
    """Who handles updates; see Dispatcher."""

    @property
    def offered(self) -> int: ...
    def handled(self, number: int) -> bool: ...
    async def drained(self, number: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Mark:
    """A state, and the number of the last update that it covers."""

    state: UpdateState
    number: int


class Upkeep:
    """Of one account; `name` is like "bot42". Without `hears` it never handles updates."""

    def __init__(
        self, name: str, vault: Vault, session: AccountSession, timing: Timing, *, hears: bool
    ) -> None:
        self._clock = vault.clock
        self._session = session
        self._timing = timing
        self._keys = KeyCustody(vault, name)
        self._duty = UpdateDuty(vault, name) if hears else None
        self._role = (False, 0)
        self._left = False
        self._held = False
        self._saved = (-1, -1)
        self._saved_at = 0.0
        self._met_in = -1
        self._met_saved = 0
        self._heard: UpdateState | None = None
        self._dropped = False
        self._handled: UpdateState | None = None
        self._mark: _Mark | None = None
        self._wanted = asyncio.Event()

    def role(self) -> tuple[bool, UpdateState | None]:
        """Whether the next connection hears updates, and from where on it asks for them.

        That is from what was heard already, whether it is handled yet or not; but who comes on duty
        begins where the one before was. What was heard and dropped is heard again.
        """
        if self._duty is None:
            return False, None
        if self._duty.term != self._role[1]:
            heard = None if self._dropped else self._heard
            self._heard, self._dropped = farther(heard, self._duty.state), False
            self._handled = self._mark = None  # of the last time on duty
        self._role = (self._duty.on, self._duty.term)
        return self._duty.on, self._heard

    async def ready(self, directory: Directory) -> None:
        """A session to go by. To be called before each connection."""
        if self._duty is not None and not self._duty.term:
            await self._duty.look()
        if not self._held:
            self._restore(await self._keys.take(), directory)
            self._held = True
        if self._duty is not None and self._met_in != self._duty.term:
            self._met_in = self._duty.term
            self._meet(await self._duty.met())

    async def on_duty(self) -> bool:
        """Whether what was heard is ours to answer, now; else it is to be dropped, and whoever is
        on duty answers it."""
        ours = self._duty is not None and await self._duty.sure()
        self._dropped |= not ours
        return ours

    async def found(self, directory: Directory) -> bool:
        """Whether there is a session after all, where a login is due and has to wait."""
        text = await self._keys.exchange()
        if text is not None:
            self._restore(text, directory)
        return text is not None

    async def run(
        self, keys_lost: Callable[[], Awaitable[None]], duty_changed: Callable[[], None]
    ) -> None:
        """Renews what is held, and saves what has changed, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_keys(keys_lost), name="session")
            group.create_task(self._keep_duty(duty_changed), name="duty")

    def heard(self, state: UpdateState | None, handling: Handling) -> None:
        """How far updates have come in. It is kept once they were handled to their end."""
        if state is None:
            return
        self._heard = state
        self._settle(handling)
        if self._mark is None:
            self._mark = _Mark(state, handling.offered)
        self._settle(handling)

    async def save(self, handling: Handling) -> None:
        """What has changed, at once."""
        await self._save_session()
        self._settle(handling)
        handled, self._handled = self._handled, None
        if self._duty is not None and handled is not None:
            await self._duty.keep(handled)

    def changed(self) -> None:
        """The session has changed, and is to be saved soon."""
        self._wanted.set()

    async def hand_over(self, state: UpdateState | None, handling: Handling) -> None:
        """What was heard is handled to its end; then it is another instance's turn.

        From this call on nothing may be offered any more; `state` covers all that was (None: what
        was heard last does).
        """
        self._left = True
        try:
            async with asyncio.timeout(self._timing.finish):
                await handling.drained(handling.offered)
            self._handled = state or self._heard
        except TimeoutError:
            self._settle(handling)
            _log.warning("some updates are left to whoever handles them next")
        if self._duty is not None:
            await self._save_met()
            await self._duty.hand_over(self._handled)

    async def end(self, handling: Handling) -> None:
        """The connections are closed: all of it is free for others."""
        self._settle(handling)
        if self._duty is not None:
            await self._save_met()
            await self._duty.hand_over(self._handled)
        await self._save_session(peers=True)
        await self._keys.give_back()

    def _settle(self, handling: Handling) -> None:
        if self._mark is not None and handling.handled(self._mark.number):
            self._handled, self._mark = self._mark.state, None

    async def _keep_keys(self, keys_lost: Callable[[], Awaitable[None]]) -> None:
        while True:
            if self._held and not await self._keys.look():
                self._session.drop_keys()
                self._held = False
                await keys_lost()
            try:
                async with asyncio.timeout(self._timing.save_every):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            await self._save_session()

    async def _keep_duty(self, duty_changed: Callable[[], None]) -> None:
        while self._duty is not None and not self._left:
            await asyncio.sleep(self._duty.pause)
            await self._duty.look()
            if not self._left and self._role != (self._duty.on, self._duty.term):
                duty_changed()

    async def _save_session(self, *, peers: bool = False) -> None:
        session, now = self._session, self._clock.monotonic()
        if session.key is None or not self._held:
            return
        due = peers or now - self._saved_at >= PEERS_EVERY
        revision = (session.revision, session.peers_revision)
        if revision == self._saved or (session.revision == self._saved[0] and not due):
            return
        await self._keys.keep(session.dump())
        # Not before: cancelled in the middle it was not saved.
        self._saved, self._saved_at = revision, now
        await self._save_met()

    async def _save_met(self) -> None:
        revision = self._session.peers_revision
        if self._duty is None or not self._duty.on or revision == self._met_saved:
            return
        if await self._duty.keep_met(self._session.dump_peers()):
            self._met_saved = revision

    def _meet(self, text: str | None) -> None:
        try:
            self._session.meet(text or "[]")
        except ValueError as error:
            _log.warning("whom the account has met cannot be read", problem=str(error))

    def _restore(self, text: str | None, directory: Directory) -> None:
        session = self._session
        if text is not None:
            met = session.dump_peers()
            try:
                old_state = session.restore(text)
                session.meet(met)
            except ValueError as error:
                _log.warning("the saved session is not one; logging in again", problem=str(error))
            else:
                self._heard = farther(self._heard, old_state)
        directory.recall(session.home)
        if directory.main_address(session.dc_id) is None:
            # Of another network of servers: nothing of it holds in this one.
            session.move_home(directory.servers.home_dc)
        self._saved = (session.revision, session.peers_revision)
