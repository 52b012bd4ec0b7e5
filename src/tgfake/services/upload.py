"""upload.*: the bytes of files, in both directions.

Rules of upload.getFile (https://core.telegram.org/api/files#downloading-files): without `precise`,
offset and limit are multiples of 4 KiB and limit divides 1 MiB; with it both are multiples of 1 KiB
and limit is at most 1 MiB; always the request stays inside one aligned block of 1 MiB. Past the end
the answer is short or empty.
"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.world import File

_KIB = 1024
_BLOCK = 1024 * _KIB

_TYPES = {
    "image/jpeg": types.storage.FileJpeg,
    "image/png": types.storage.FilePng,
    "image/gif": types.storage.FileGif,
    "audio/mpeg": types.storage.FileMp3,
    "video/mp4": types.storage.FileMp4,
    "application/pdf": types.storage.FilePdf,
}
_KINDS = {
    types.InputDocumentFileLocation: "document",
    types.InputPhotoFileLocation: "photo",
}


def check_range(offset: int, limit: int, precise: bool) -> None:
    """Raise OFFSET_INVALID or LIMIT_INVALID where the rules above are broken."""
    step = _KIB if precise else 4 * _KIB
    if offset < 0 or offset % step:
        raise RpcError(400, "OFFSET_INVALID")
    if not 0 < limit <= _BLOCK or limit % step or (not precise and _BLOCK % limit):
        raise RpcError(400, "LIMIT_INVALID")
    if offset // _BLOCK != (offset + limit - 1) // _BLOCK:
        raise RpcError(400, "LIMIT_INVALID")


def _located(call: Call, location: Any) -> File:
    """The file of a location whose hash and reference are good for this account."""
    kind = _KINDS.get(type(location))
    if kind is None:
        raise RpcError(400, "LOCATION_INVALID")
    access, who = call.world.access, call.me.user_id
    file = call.world.directory.files.get((kind, location.id))
    if file is None or location.access_hash != access.hash(kind, file.id, who):
        raise RpcError(400, "FILE_ID_INVALID")
    access.check_reference(location.file_reference, kind, file.id, who, file.epoch)
    return file


async def get_file(call: Call) -> Any:
    """One piece of a file, from the data centre it lives in."""
    request = call.request
    check_range(request.offset, request.limit, bool(request.precise))
    file = _located(call, request.location)
    if file.dc != call.dc:
        raise RpcError(303, f"FILE_MIGRATE_{file.dc}")
    source = file.part(request.location.thumb_size)
    if source is None:
        raise RpcError(400, "LOCATION_INVALID")
    kind = _TYPES["image/jpeg"] if request.location.thumb_size else _TYPES.get(file.mime)
    data = source.read(request.offset, request.limit)
    return types.upload.File((kind or types.storage.FilePartial)(), int(file.date), data)


async def get_file_hashes(call: Call) -> list[Any]:
    """Hashes are for files on content delivery networks, which there are none of."""
    _located(call, call.request.location)
    return []


async def save_file_part(call: Call) -> bool:
    """One part of a file that is being uploaded."""
    request = call.request
    call.world.uploads.save(call.me.user_id, request.file_id, request.file_part, request.bytes)
    return True


HANDLERS = {
    functions.upload.GetFileRequest: get_file,
    functions.upload.GetFileHashesRequest: get_file_hashes,
    functions.upload.SaveFilePartRequest: save_file_part,
    functions.upload.SaveBigFilePartRequest: save_file_part,
}
