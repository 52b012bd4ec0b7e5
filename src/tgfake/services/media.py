"""From the media that a request names to a file of the world.

By reference (inputMediaDocument, inputMediaPhoto) the access hash and the file reference of this
account are checked, as for a download. An upload becomes a new file in the home data centre.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.services.peers import peer_named
from tgfake.world import File, FileKind, FileSpec

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF")
_LARGEST_PHOTO = 10 << 20


def file_named(call: Call, media: Any) -> File:
    """The file of an inputMedia; raises MEDIA_EMPTY, MEDIA_INVALID or FILE_REFERENCE_*."""
    if isinstance(media, types.InputMediaDocument):
        return _by_reference(call, "document", media.id)
    if isinstance(media, types.InputMediaPhoto):
        return _by_reference(call, "photo", media.id)
    if isinstance(media, types.InputMediaUploadedPhoto):
        return _photo(call, media)
    if isinstance(media, types.InputMediaUploadedDocument):
        return _document(call, media)
    raise RpcError(
        400, "MEDIA_EMPTY" if isinstance(media, types.InputMediaEmpty) else "MEDIA_INVALID"
    )


def _by_reference(call: Call, kind: str, named: Any) -> File:
    access, who = call.world.access, call.me.user_id
    file = call.world.directory.files.get((kind, getattr(named, "id", 0)))
    if file is None or named.access_hash != access.hash(kind, file.id, who):
        raise RpcError(400, "MEDIA_EMPTY")
    access.check_reference(named.file_reference, kind, file.id, who, file.epoch)
    return file


def _photo(call: Call, media: Any) -> File:
    data = call.world.uploads.take(call.me.user_id, media.file)
    if not data.startswith(_IMAGES) or len(data) > _LARGEST_PHOTO:
        raise RpcError(400, "IMAGE_PROCESS_FAILED")
    return call.world.add_file(kind=FileKind.PHOTO, data=data)


def _document(call: Call, media: Any) -> File:
    uploads, who = call.world.uploads, call.me.user_id
    data = uploads.take(who, media.file)
    thumb = uploads.take(who, media.thumb) if media.thumb is not None else False
    fields = _told_by(media.attributes)
    fields.setdefault("name", media.file.name or None)
    spec = FileSpec(mime=media.mime_type, data=data, thumb=thumb, **fields)
    return call.world.add_file(spec)


def _told_by(attributes: list[Any]) -> dict[str, Any]:
    """The fields of a FileSpec that documentAttributes tell."""
    fields: dict[str, Any] = {}
    for attribute in attributes:
        if isinstance(attribute, types.DocumentAttributeFilename):
            fields["name"] = attribute.file_name
        elif isinstance(attribute, types.DocumentAttributeAudio):
            fields |= {"title": attribute.title, "performer": attribute.performer}
            fields |= {"duration": attribute.duration}
            fields["kind"] = FileKind.VOICE if attribute.voice else FileKind.AUDIO
        elif isinstance(attribute, types.DocumentAttributeVideo):
            fields |= {"width": attribute.w, "height": attribute.h}
            fields |= {"duration": attribute.duration}
            note = FileKind.VIDEO_NOTE if attribute.round_message else FileKind.VIDEO
            fields.setdefault("kind", note)
        elif isinstance(attribute, types.DocumentAttributeAnimated):
            fields["kind"] = FileKind.ANIMATION
    return fields


async def upload_media(call: Call) -> Any:
    """Make a file of an upload without sending it, as clients do for albums."""
    peer_named(call, call.request.peer)
    return call.world.view.media(file_named(call, call.request.media), call.me)


HANDLERS = {functions.messages.UploadMediaRequest: upload_media}
