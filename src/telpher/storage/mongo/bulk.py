"""Ways of changing documents: many in slices that are each bounded, one with a look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from pymongo import ReturnDocument, UpdateOne

from telpher.storage.mongo.server import Collection, Document, Server

_T = TypeVar("_T")

# MongoDB changes some ten thousand a second; a server a hundred times slower still ends a slice in
# time, and a slice is large enough that the way there and back does not matter.
SLICE: Final = 200


def sliced(many: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """`many` in slices."""
    for start in range(0, len(many), SLICE):
        yield many[start : start + SLICE]


async def write(server: Server, name: str, changes: Sequence[UpdateOne]) -> int:
    """Makes `changes` in the order given; how many documents are new.

    Raises StorageError; what went before is then done.
    """
    made = 0
    for some in sliced(changes):
        async with server.asking() as collections:
            result = await collections[name].bulk_write(some)
        made += result.upserted_count
    return made


async def bring(
    collection: Collection,
    key: Any,
    change: Document | list[Document],
    fields: Sequence[str] | None = None,
) -> Document:
    """The document `key` (its `_id`), made if need be, after `change`; all or some of its fields.

    To be called while the server is asked; `change` may be made twice. Of two that make the
    document at the same moment the later one may hear of nothing: then it is there, and they ask
    again.
    """
    found: Document | None = None
    while found is None:
        found = await collection.find_one_and_update(
            {"_id": key},
            change,
            projection=fields,
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    return found
