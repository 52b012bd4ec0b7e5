"""The original's users where they are: a collection of a MongoDB, read document by document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from telpher.errors import SettingsError, StorageError
from telpher.storage.mongo.server import DEFAULT_DATABASE, Document, first_words
from telpher.storage.users_file import Broken, Record

# Seconds. Nobody waits for an import but the one who started it.
PATIENCE: Final = 15.0

# Documents on their way at a time.
_PAGE: Final = 1000

# Texts and dates that are none cost themselves alone.
_TOLERANT: Final[CodecOptions[Document]] = CodecOptions(
    unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_AUTO
)


async def documents(
    url: str, collection: str, patience: float = PATIENCE
) -> AsyncIterator[Record | Broken]:
    """Everything in `collection` of the database that `url` names, "telpher" where it names none.

    Raises SettingsError for a URL that is none, StorageError when the server does not answer within
    `patience` (seconds), also in the middle.
    """
    try:
        client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            appname="telpher import",
            serverSelectionTimeoutMS=int(patience * 1000),
            connectTimeoutMS=int(patience * 1000),
            socketTimeoutMS=int(patience * 1000),
        )
    # The cause is left out: it may quote the URL, which holds the password.
    except (PyMongoError, ValueError, TypeError) as error:
        raise SettingsError([f"not a MongoDB URL: {first_words(error, url)}"]) from None
    async with client:
        source = client.get_default_database(DEFAULT_DATABASE, codec_options=_TOLERANT)
        count = 0
        try:
            async for found in source[collection].find({}, batch_size=_PAGE):
                count += 1
                yield Record(f"_id {str(found.get('_id'))[:40]}", found)
        except (PyMongoError, BSONError, OSError) as error:
            raise StorageError(first_words(error, url)) from None
    if not count:
        yield Broken(f"collection {collection}", "it is empty, or there is none of that name")
