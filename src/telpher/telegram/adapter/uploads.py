"""Pictures and documents on their way to Telegram.

A picture that was sent once is sent by reference from then on: banners go out with every /start.
Everything else is uploaded for each attempt to send it, because an upload may be used once.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Final

from telethon.tl import types
from telethon.tl.functions.upload import SaveBigFilePartRequest, SaveFilePartRequest

from telpher.telegram.adapter.outgoing import random_id
from telpher.telegram.adapter.wire import Call
from telpher.telegram.gateway import Document, Outgoing

# The largest part that upload.saveFilePart takes, and the size from which it is another method
# [/api/files].
_PART: Final = 512 << 10
_BIG: Final = 10 << 20

# References kept: there are some banners per language, and no stranger's pictures.
_MOST_PICTURES: Final = 64


class Uploads:
    """`call` sends a request on the main connection."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._sent: OrderedDict[bytes, Any] = OrderedDict()

    async def media(self, message: Outgoing) -> Any | None:
        """The message's picture or document as Telegram takes it; None when it has neither."""
        if message.picture:
            return self._known(message.picture) or await self._picture(message.picture)
        if message.document:
            return await self._document(message.document)
        return None

    def learn(self, picture: bytes, result: Any) -> None:
        """Remembers where Telegram put `picture`, by the updates of the message it came with."""
        photo = _photo_in(result) if picture else None
        if photo is None:
            return
        named = types.InputPhoto(photo.id, photo.access_hash, photo.file_reference)
        self._sent[_digest(picture)] = types.InputMediaPhoto(named)
        if len(self._sent) > _MOST_PICTURES:
            self._sent.popitem(last=False)

    def forget(self, picture: bytes) -> None:
        """The reference is no longer good."""
        self._sent.pop(_digest(picture), None)

    def _known(self, picture: bytes) -> Any | None:
        digest = _digest(picture)
        found = self._sent.get(digest)
        if found is not None:
            self._sent.move_to_end(digest)
        return found

    async def _picture(self, picture: bytes) -> Any:
        return types.InputMediaUploadedPhoto(await self._upload(picture, "picture.jpg"))

    async def _document(self, document: Document) -> Any:
        return types.InputMediaUploadedDocument(
            file=await self._upload(document.data, document.name),
            mime_type=document.mime_type,
            attributes=[types.DocumentAttributeFilename(document.name)],
            force_file=True,
        )

    async def _upload(self, data: bytes, name: str) -> Any:
        file_id = random_id()
        starts = range(0, len(data), _PART)
        big = len(data) > _BIG
        for number, start in enumerate(starts):
            part = data[start : start + _PART]
            if big:
                await self._call(SaveBigFilePartRequest(file_id, number, len(starts), part))
            else:
                await self._call(SaveFilePartRequest(file_id, number, part))
        if big:
            return types.InputFileBig(file_id, len(starts), name)
        return types.InputFile(file_id, len(starts), name, "")


def _digest(picture: bytes) -> bytes:
    return blake2b(picture, digest_size=16).digest()


def _photo_in(result: Any) -> Any | None:
    for update in getattr(result, "updates", None) or []:
        media = getattr(getattr(update, "message", None), "media", None)
        photo = getattr(media, "photo", None)
        if isinstance(photo, types.Photo):
            return photo
    return None
