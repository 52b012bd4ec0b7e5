"""The Database in MongoDB.

It is prepared (`schema`) in the background at the first contact, which may be long after the start:
entering waits for the server no longer than anybody does, and never fails because it is away.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Final

import structlog

from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.storage.base import DatabaseStatus
from telpher.storage.mongo import schema
from telpher.storage.mongo.copies import MongoCopies
from telpher.storage.mongo.files import MongoFiles
from telpher.storage.mongo.jobs import MongoJobs
from telpher.storage.mongo.leases import MongoLeases, MongoSessions
from telpher.storage.mongo.ledger import MongoLedger
from telpher.storage.mongo.links import MongoLinks
from telpher.storage.mongo.playlists import MongoPlaylists
from telpher.storage.mongo.server import PATIENCE, Server
from telpher.storage.mongo.settings import MongoDialogues, MongoValues
from telpher.storage.mongo.tokens import MongoTokens
from telpher.storage.mongo.users import MongoUsers
from telpher.storage.rest import Rest

# Seconds for all preparations: indexes of some million documents take minutes.
_LONGEST_PREPARATION: Final = 3600.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class MongoDatabase:
    """See Database. `url` is DATABASE_URL; without a database in it, "telpher" is used.

    Nobody waits longer than `patience` (seconds). To be entered in the loop that uses it; that
    raises SettingsError for a URL that is none.
    """

    def __init__(self, url: str, clock: Clock, patience: float = PATIENCE) -> None:
        server = Server(url, clock, patience)
        self._server = server
        self._patience = patience
        self._rooms = contextlib.AsyncExitStack()
        self._rest = Rest(clock)
        self._prepared = asyncio.Event()
        self.users = MongoUsers(server)
        self.links = MongoLinks(server)
        self.playlists = MongoPlaylists(server)
        self.jobs = MongoJobs(server)
        self.leases = MongoLeases(server)
        self.sessions = MongoSessions(server)
        self.dialogues = MongoDialogues(server)
        self.values = MongoValues(server)
        self.files = MongoFiles(server)
        self.ledger = MongoLedger(server)
        self.copies = MongoCopies(server)
        self.tokens = MongoTokens(server)

    async def __aenter__(self) -> MongoDatabase:
        async with contextlib.AsyncExitStack() as rooms:
            self._server.open()
            rooms.push_async_callback(self._server.close)
            tasks = await rooms.enter_async_context(asyncio.TaskGroup())
            task = tasks.create_task(self._prepare(), name="preparing the database")
            rooms.callback(task.cancel)
            await self._greet()
            self._rooms = rooms.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._rooms.aclose()

    def status(self) -> DatabaseStatus:
        """See Database."""
        return DatabaseStatus("connected" if self._server.answered else "unreachable", "mongodb")

    async def ping(self) -> None:
        """See Database. Asks even while others are refused at once."""
        async with self._server.asking(anyway=True) as collections:
            await collections.command("ping")

    async def now(self) -> float:
        """See Database."""
        return await self._server.now()

    async def prepared(self) -> None:
        """Waits until indexes are made and the original's documents are in order."""
        await self._prepared.wait()

    async def _greet(self) -> None:
        with contextlib.suppress(StorageError, TimeoutError):
            await self.ping()
            # A new or small database is ready at once.
            async with asyncio.timeout(self._patience):
                await self._prepared.wait()

    async def _prepare(self) -> None:
        while not self._prepared.is_set():
            await self._server.reached.wait()
            self._server.reached.clear()
            if self._rest.resting:
                continue
            try:
                async with self._server.toiling(_LONGEST_PREPARATION) as collections:
                    await schema.prepare(collections)
            except StorageError as error:
                self._rest.failed()
                _log.warning("the database could not be prepared", problem=str(error))
            else:
                self._prepared.set()
