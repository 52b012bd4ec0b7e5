"""The entries of a playlist as one block of bytes: they are written and read together only.

Zipped JSON, an array for each entry: ten thousand of them take some hundred kilobytes, far from any
database's limit for one row. A form that is read is never changed, only followed by another.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.core.records import PlaylistEntry
from telpher.storage.scalars import storable

# Level 1: a third larger than the best, in a fifth of the time.
_LEVEL = 1


def packed(entries: Sequence[PlaylistEntry]) -> bytes:
    """`entries` as bytes."""
    text = json.dumps([_row(entry) for entry in entries], separators=(",", ":"))
    return zlib.compress(text.encode(), _LEVEL)


def unpacked(data: bytes) -> list[PlaylistEntry]:
    """What was packed."""
    return [_entry(row) for row in json.loads(zlib.decompress(data))]


def _row(entry: PlaylistEntry) -> list[int | str]:
    info = entry.info
    return [
        entry.link_id,
        entry.ref.chat_id,
        entry.ref.message_id,
        entry.expires,
        entry.epoch,
        info.document_id,
        info.size,
        storable(info.mime_type),
        storable(info.name),
        info.kind.value,
        info.date,
        info.duration,
        storable(info.title),
        storable(info.performer),
    ]


def _entry(row: Sequence[Any]) -> PlaylistEntry:
    (
        link_id,
        chat_id,
        message_id,
        expires,
        epoch,
        document_id,
        size,
        mime_type,
        name,
        kind,
        *more,
    ) = row
    info = FileInfo(document_id, size, mime_type, name, Kind(kind), *more)
    return PlaylistEntry(link_id, MessageRef(chat_id, message_id), expires, epoch, info)
