"""What a database has to offer to be held to the contract.

A backend is a fixture `<name>_backend`, in a module of its own here that `conftest` imports; its
value makes a new, empty Place each time it is called. What it starts for that, the fixture ends.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from telpher.storage.base import Database


class Place(Protocol):
    """Where one database's data are, empty at first; other places do not see them."""

    type: str
    """As in DatabaseStatus."""

    def open(self) -> AbstractAsyncContextManager[Database]:
        """One more instance of the database on these data; any number may be open at once."""
        ...

    async def tick(self) -> None:
        """A little of the database's own time passes (leases end by it).

        Less than a second. To be awaited in a loop until something has happened.
        """
        ...


Backend = Callable[[], Place]
