"""The file in a message, and how to ask for it. Pure."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from telpher.core.model import FileInfo, FoundFile, Kind, Location, SmallSize

_OCTETS = "application/octet-stream"
_JPEG = "image/jpeg"  # photos are always JPEG [/api/files]

# The sides of what is a thumbnail at most: that of documents has 320, of the sizes of photos it is
# "x" (800). And its bytes, beyond which it is none.
_THUMBNAIL_SIDE = 800
_THUMBNAIL_BYTES = 1 << 20


def found_file(message: Any, *, account: int) -> FoundFile | None:
    """The message's file as `account` sees it; None for a message without one."""
    media = getattr(message, "media", None)
    if isinstance(media, types.MessageMediaDocument):
        if isinstance(media.document, types.Document):
            return _document(media.document, _date(message), account)
    elif isinstance(media, types.MessageMediaPhoto) and isinstance(media.photo, types.Photo):
        return _photo(media.photo, _date(message), account)
    return None


def input_location(location: Location) -> Any:
    """The InputFileLocation for upload.getFile."""
    kind = types.InputPhotoFileLocation if location.photo else types.InputDocumentFileLocation
    return kind(
        id=location.document_id,
        access_hash=location.access_hash,
        file_reference=location.file_reference,
        thumb_size=location.thumb_size,
    )


def _date(message: Any) -> int:
    """When the message came to be as it is: with an edit another file may have been put into it.

    Hidden edits are those that nobody made, such as reactions.
    """
    edited = None if message.edit_hide else message.edit_date
    return int((edited or message.date).timestamp())


def _document(document: Any, date: int, account: int) -> FoundFile:
    attributes = {type(each): each for each in document.attributes}
    name = attributes.get(types.DocumentAttributeFilename)
    audio = attributes.get(types.DocumentAttributeAudio)
    video = attributes.get(types.DocumentAttributeVideo)
    info = FileInfo(
        document_id=int(document.id),
        size=int(document.size),
        mime_type=document.mime_type or _OCTETS,
        name=name.file_name if name else "",
        kind=_kind(audio, video, animated=types.DocumentAttributeAnimated in attributes),
        date=date,
        duration=_duration(audio, video),
        title=(audio.title or "") if audio else "",
        performer=(audio.performer or "") if audio else "",
        thumbnail=_thumbnail(document.thumbs or []),
    )
    location = Location(
        account=account,
        dc=int(document.dc_id),
        document_id=int(document.id),
        access_hash=int(document.access_hash),
        file_reference=bytes(document.file_reference),
    )
    return FoundFile(info, location)


def _duration(audio: Any, video: Any) -> int:
    timed = audio or video
    return int(timed.duration) if timed else 0


def _kind(audio: Any, video: Any, *, animated: bool) -> Kind:
    if audio is not None:
        return Kind.VOICE if audio.voice else Kind.AUDIO
    if animated:
        return Kind.ANIMATION
    if video is not None:
        return Kind.VIDEO_NOTE if video.round_message else Kind.VIDEO
    return Kind.DOCUMENT


def _photo(photo: Any, date: int, account: int) -> FoundFile | None:
    """The size with the most pixels is the photo; the others were made from it."""
    sizes = [each for each in photo.sizes if _bytes_of(each)]
    if not sizes:
        return None
    largest = max(sizes, key=lambda each: (each.w * each.h, _bytes_of(each)))
    info = FileInfo(
        document_id=int(photo.id),
        size=_bytes_of(largest),
        mime_type=_JPEG,
        name="",
        kind=Kind.PHOTO,
        date=date,
        thumbnail=_thumbnail(sizes),
    )
    location = Location(
        account=account,
        dc=int(photo.dc_id),
        document_id=int(photo.id),
        access_hash=int(photo.access_hash),
        file_reference=bytes(photo.file_reference),
        photo=True,
        thumb_size=largest.type,
    )
    return FoundFile(info, location)


def _thumbnail(sizes: list[Any]) -> SmallSize | None:
    """The largest size that is still small; where all are large, the smallest."""
    there = [each for each in sizes if 0 < _bytes_of(each) <= _THUMBNAIL_BYTES]
    there.sort(key=lambda each: max(each.w, each.h))
    small = [each for each in there if max(each.w, each.h) <= _THUMBNAIL_SIDE]
    chosen = (small[-1:] or there[:1]) or [None]
    return SmallSize(chosen[0].type, _bytes_of(chosen[0])) if chosen[0] else None


def _bytes_of(size: Any) -> int:
    """Bytes of one size that can be fetched; 0 for previews that travel inside the message."""
    if isinstance(size, types.PhotoSize):
        return int(size.size)
    if isinstance(size, types.PhotoSizeProgressive):
        return int(max(size.sizes, default=0))
    return 0
