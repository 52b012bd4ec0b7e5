"""The seam between the scheduler, which decides, and the connections that carry file bytes.

`adapter/` has the implementation, on the MTProto of `telegram/mtproto`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from telpher.core.model import Location


class MediaConnection(Protocol):
    """One authorised connection to a data centre for upload.getFile and nothing else."""

    @property
    def alive(self) -> bool:
        """False from the moment it is known to be lost."""
        ...

    async def get_chunk(
        self,
        location: Location,
        offset: int,
        limit: int,
        patience: float,
        *,
        urgent: bool = False,
    ) -> memoryview:
        """One upload.getFile; several may be in flight at once. A read-only view.

        It is given up after `patience` seconds. An `urgent` one goes out at once in a packet of
        its own, others at the end of the loop's turn together. Cancelled or given up, it tells
        Telegram to drop the answer. Raises ReferenceExpiredError, MigrateError, FloodWaitError,
        AuthorisationLostError, ChunkTimeoutError, ThrottledError, TelegramUnavailableError,
        RequestRejectedError; repeats nothing.
        """
        ...

    async def ping(self) -> None:
        """Returns when the other side has answered. Raises TelegramError when it does not."""
        ...

    async def close(self) -> None:
        """Closes it; what is in flight fails with TelegramUnavailableError. Safe to repeat."""
        ...


Early = Callable[[MediaConnection], None]
"""Is given a connection whose login is not known to have been taken."""


class MediaConnector(Protocol):
    """Opens connections for one account: sockets, keys, authorisations."""

    async def open(self, dc: int, slot: int, early: Early | None = None) -> MediaConnection:
        """A new connection to data centre `dc`, ready for requests. Raises TelegramError.

        Where its login is still to be made, `early` may be called with the connection before:
        requests may be made from then on, and fail with the login if that should fail.
        No two connections that are open at once may have the same `slot`: each may need a login
        of its own, and logins are kept by slot.
        """
        ...

    def forget(self, dc: int, slot: int) -> None:
        """The login used there is no longer accepted: the next `open` makes a new one."""
        ...
