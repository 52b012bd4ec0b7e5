"""Which tally a document has taken in: the markers that make counting exact (see `ledger`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import UpdateOne

from telpher.storage.mongo.server import Document
from telpher.storage.scalars import storable

# Bytes: a document may carry several, and nobody writes under a name that resembles another's.
_SHORT = 8


def short(writer: str) -> str:
    """The writer's name as part of a field's: no dots, and little room."""
    return hashlib.blake2b(storable(writer).encode(), digest_size=_SHORT).hexdigest()


@dataclass(frozen=True, slots=True)
class Mark:
    """Tally `number` of a writer (`short`). `gone` are writers whose markers nobody needs."""

    writer: str
    number: int
    gone: Sequence[str] = ()

    @property
    def born(self) -> str:
        """What a user carries whom this tally saw first."""
        return f"{self.writer}:{self.number}"

    def change(self, key: Document, update: Document) -> UpdateOne:
        """`update` for the document with `key`, unless it has this tally already."""
        marker = f"markers.{self.writer}"
        older = {**key, marker: {"$not": {"$gte": self.number}}}
        marked = {**update, "$set": {**update.get("$set", {}), marker: self.number}}
        if self.gone:
            marked["$unset"] = {f"markers.{writer}": "" for writer in self.gone}
        return UpdateOne(older, marked)
