"""Who is signed in to the dashboard: links of the bot that are good once, and sessions (rule 20).

    invite   a signed link for an admin, good for ten minutes; nothing is kept
    begin    spends it. The session is a lease in the database, named after the link's nonce, and
             the link is spent when that lease was ever had: fences only rise, so who got the first
             one is in, and nobody after, whatever restarts, and whichever instance is asked
    check    prolongs the lease, for as long as the session may idle. Is it over, or given back, so
             is the session
    end      gives the lease back

A row of a hundred bytes stays for each time that an admin signed in; nobody else can cause one. An
answer of the database is believed for a moment. While it is away, sessions that are known here go
on: that is when a dashboard is needed.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.core.records import Lease
from telpher.core.sign_in import NONCE_BYTES, SECRET_BYTES, Invitation, Session, Signet
from telpher.errors import StorageError
from telpher.service.people import Access
from telpher.storage.base import LeaseStore

# Seconds for which a link is good: as long as it takes to go from the phone to the desk.
GOOD_FOR: Final = 600

# Seconds without a request after which a session is over. A page that is looked at asks all the
# time; one in the background does not.
IDLE: Final = 3600.0

# Seconds after which it is over in any case: a working day.
LONGEST: Final = 12 * 3600

# Seconds for which an answer of the database is believed: signing out elsewhere holds after.
BELIEVED: Final = 5.0

# Sessions remembered here. Admins are few; the oldest are asked for again.
MOST_KNOWN: Final = 1000

# What the lease of a link that was never spent begins with (LeaseStore.acquire).
_FIRST_FENCE: Final = 1

_NEVER: Final = float("-inf")

_REFUSED: Final = "a link to the dashboard was refused"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SignIn:
    """See the module. `secret` has 32 bytes, the same on every instance."""

    def __init__(self, secret: bytes, leases: LeaseStore, access: Access, clock: Clock) -> None:
        self._signet = Signet(secret)
        self._leases = leases
        self._access = access
        self._clock = clock
        # By nonce: when the database last said yes, by the monotonic clock; None once it is over.
        self._known: OrderedDict[bytes, float | None] = OrderedDict()

    def invite(self, user_id: int) -> str:
        """What a link for an admin holds."""
        expires = int(self._clock.now()) + GOOD_FOR
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._signet.invitation(Invitation(user_id, expires, nonce))

    def invited(self, text: str) -> int | None:
        """Whom a link is for, while it could still be good; spends nothing, asks nobody."""
        found = self._signet.read_invitation(text)
        if found is None or self._clock.now() >= found.expires:
            return None
        return found.user_id if self._access.is_admin(found.user_id) else None

    async def begin(self, text: str) -> Session | None:
        """Spends a link. None when it is none, or not good any more. Raises StorageError."""
        invitation = self._signet.read_invitation(text)
        if invitation is None or self.invited(text) is None:
            _log.warning(_REFUSED, reason="not signed here, too old, or no admin's")
            return None
        secret = secrets.token_bytes(SECRET_BYTES)
        now = int(self._clock.now())
        session = Session(invitation.user_id, now, invitation.nonce, secret)
        lease = await self._leases.acquire(session.name, session.holder, IDLE)
        if lease is None or lease.fence != _FIRST_FENCE:
            _log.warning(_REFUSED, reason="used before", user_id=session.user_id)
            return None
        _log.info("signed in to the dashboard", user_id=session.user_id)
        self._learn(session, self._clock.monotonic())
        return session

    async def check(self, cookie: str) -> Session | None:
        """The session that a cookie is of, while it goes on. Raises StorageError when the database
        does not say, and nothing is known here."""
        session = self._signet.read_session(cookie)
        if session is None or not self._may_go_on(session):
            return None
        now = self._clock.monotonic()
        said = self._known.get(session.nonce, _NEVER)
        if said is None:
            return None
        if now - said < BELIEVED:
            return session
        try:
            alive = await self._leases.renew(_lease(session), IDLE)
        except StorageError:
            if now - said < IDLE:
                return session
            raise
        self._learn(session, now if alive else None)
        return session if self._known[session.nonce] is not None else None

    async def end(self, session: Session) -> None:
        """It is over, here at once. With the database away the other instances hear nothing of it,
        and let it run out."""
        self._learn(session, None)
        _log.info("signed out of the dashboard", user_id=session.user_id)
        try:
            await self._leases.release(_lease(session))
        except StorageError as error:
            _log.warning("signing out is not kept", problem=str(error), user_id=session.user_id)

    def cookie(self, session: Session) -> str:
        """What the browser holds of a session."""
        return self._signet.session(session)

    def form(self, session: Session) -> str:
        """What every form of the session's pages holds."""
        return self._signet.form(session)

    def is_form(self, session: Session, text: str) -> bool:
        """Whether that came out of such a form."""
        return self._signet.is_form(session, text)

    def _may_go_on(self, session: Session) -> bool:
        over = self._clock.now() >= session.began + LONGEST
        return not over and self._access.is_admin(session.user_id)

    def _learn(self, session: Session, said: float | None) -> None:
        """What is over stays so, whatever an older answer of the database says."""
        over = self._known.get(session.nonce, said) is None
        self._known[session.nonce] = None if over else said
        self._known.move_to_end(session.nonce)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


def _lease(session: Session) -> Lease:
    return Lease(session.name, session.holder, _FIRST_FENCE)
