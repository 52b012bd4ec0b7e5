"""The connection to MongoDB: every question is bounded, every trouble a StorageError.

    well      questions are asked
    troubled  (away, hanging, login refused) who asks first waits `PATIENCE` for it; then everybody
              is refused at once for `PAUSE`, except `ping`; the first answer ends the trouble

What the server rejects (a document that is too large) is an error for who asked, and no trouble:
it did answer. The driver finds a server that is back by itself, in the background.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote

import pymongo
import structlog
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError

from telpher.clock import Clock
from telpher.errors import SettingsError, StorageError
from telpher.storage.mongo.forms import seconds
from telpher.storage.rest import Rest

Document = dict[str, Any]
Collection = AsyncCollection[Document]
Collections = AsyncDatabase[Document]

# Seconds: nobody waits longer for the database (product.md, rule 38).
PATIENCE: Final = 2.0

# The driver gives up a little earlier: its reasons say more, and it has the server stop, too.
_DRIVERS_SHARE: Final = 0.9

# Seconds. A restart of the server takes some; whoever asks meanwhile need not wait for each.
PAUSE: Final = 5.0

# Where the URL names no database.
DEFAULT_DATABASE: Final = "telpher"

# Calls come from one loop and are short; a hundred connections, the driver's default, would only
# make a server in trouble busier.
_MOST_CONNECTIONS: Final = 20

# The server answers, and will not work for us until somebody changes something or it has started:
# Unauthorized, AuthenticationFailed, and what a server says in passing (MaxTimeMSExpired,
# ShutdownInProgress, NotWritablePrimary and their kin, which the driver mostly hides).
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_TROUBLE: Final = frozenset({13, 18, 50, 89, 91, 189, 262, 10107, 11600, 11602, 13435, 13436})

# Replacing shorter ones ("1", "true") would only garble the text.
_SHORTEST_SECRET: Final = 5

# A message of the driver may quote half a document.
_LONGEST: Final = 300

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Server:
    """The server at `url`; usable between `open` and `close`, in the loop that opened it."""

    def __init__(self, url: str, clock: Clock, patience: float = PATIENCE) -> None:
        self._url = url
        self._patience = patience
        self._rest = Rest(clock, PAUSE)
        self._client: AsyncMongoClient[Document] | None = None
        self._answered = False
        self.reached = asyncio.Event()
        """Set by each answer; whoever waits for the next one clears it."""

    @property
    def answered(self) -> bool:
        """Whether the last question was answered."""
        return self._answered

    def open(self) -> None:
        """Makes the client, which connects by itself. Raises SettingsError for a wrong URL."""
        try:
            with warnings.catch_warnings():
                # It only warns of options that it does not understand.
                warnings.simplefilter("error", UserWarning)
                self._client = self._made()
        # The cause is left out: it may quote the URL, which holds the password.
        except (PyMongoError, ValueError, TypeError, UserWarning) as error:
            raise SettingsError([f"DATABASE_URL: {first_words(error, self._url)}"]) from None

    def _made(self) -> AsyncMongoClient[Document]:
        return AsyncMongoClient(
            self._url,
            appname="telpher",
            maxPoolSize=_MOST_CONNECTIONS,
            connectTimeoutMS=int(self._patience * 1000),
            serverSelectionTimeoutMS=int(self._patience * 1000),
            # Counters are forgotten elsewhere once they are here: not only in memory, please.
            journal=True,
        )

    async def close(self) -> None:
        """Ends all connections. Safe to repeat."""
        client, self._client = self._client, None
        self._answered = False
        if client is None:
            return
        try:
            # The driver tells the server first, even one that is away, and closes what is open only
            # then: it must be through with both before we give up.
            async with asyncio.timeout(PATIENCE):
                with pymongo.timeout(PATIENCE / 2):
                    await client.close()
        except (PyMongoError, OSError, TimeoutError) as error:
            _log.debug("the connection to the database broke at its end", problem=repr(error))

    @asynccontextmanager
    async def asking(self, *, anyway: bool = False) -> AsyncIterator[Collections]:
        """The collections, for as many questions as can be answered in time.

        Raises StorageError. `anyway` asks a server in trouble, too.
        """
        if self._rest.resting and not anyway:
            raise StorageError("the database is away")
        try:
            async with asyncio.timeout(self._patience):
                with pymongo.timeout(self._patience * _DRIVERS_SHARE):
                    yield self._collections()
        except (PyMongoError, BSONError, OSError, OverflowError, TimeoutError) as error:
            raise self._failed(error) from error
        self._succeeded()

    async def now(self) -> float:
        """The server's time in Unix seconds. Raises StorageError.

        What it says in its greeting is the clock that `$$NOW` goes by.
        """
        async with self.asking() as collections:
            said = await collections.command("hello", codec_options=collections.codec_options)
        return seconds(said["localTime"])

    @asynccontextmanager
    async def toiling(self, at_most: float) -> AsyncIterator[Collections]:
        """The same for work that nobody waits for (indexes)."""
        try:
            with pymongo.timeout(at_most):
                yield self._collections()
        except (PyMongoError, BSONError, OSError) as error:
            raise self._failed(error) from error

    def _collections(self) -> Collections:
        if self._client is None:
            raise StorageError("the database is closed")
        # Times as numbers: Python's dates end in the year 9999 and want to know about time zones.
        options: CodecOptions[Document] = CodecOptions(
            datetime_conversion=DatetimeConversion.DATETIME_MS
        )
        return self._client.get_default_database(
            DEFAULT_DATABASE,
            codec_options=options,
            # Whatever the URL says: who reads must see what was just written.
            read_preference=ReadPreference.PRIMARY,
        )

    def _failed(self, error: Exception) -> StorageError:
        problem = f"{type(error).__name__}: {first_words(error, self._url)}"
        if not is_trouble(error):
            self._succeeded()
        else:
            self._answered = False
            if self._rest.failed():
                _log.warning("the database is away", problem=problem)
        return StorageError(problem)

    def _succeeded(self) -> None:
        self._answered = True
        if self._rest.succeeded():
            _log.info("the database is back")
        self.reached.set()


def is_trouble(error: Exception) -> bool:
    """Whether the server is to blame, and not what it was asked."""
    if isinstance(error, OperationFailure) and not error.timeout:
        return error.code in _TROUBLE
    return not isinstance(error, DocumentTooLarge | BSONError | OverflowError)


def first_words(error: Exception, url: str) -> str:
    """What `error` says, shortened, without anything out of the URL but its hosts."""
    text = str(error) or "no answer in time"
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text[:_LONGEST]


def _secrets(url: str) -> list[str]:
    """Name, password and options of `url`, as they are written there and as they are meant."""
    rest = url.partition("://")[2]
    login = rest.rpartition("@")[0]
    options = rest.rpartition("@")[2].partition("?")[2]
    values = [pair.partition("=")[2] for pair in options.split("&")]
    written = [url, login, *login.split(":", 1), *values]
    both = [*written, *(unquote(secret) for secret in written)]
    return [secret for secret in both if len(secret) >= _SHORTEST_SECRET]
