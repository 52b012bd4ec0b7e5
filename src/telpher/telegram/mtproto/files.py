"""upload.getFile and its answer [/api/files].

    upload.getFile#be5335be flags:# location:InputFileLocation offset:long limit:int
    upload.file#96a18d5 type:storage.FileType mtime:int bytes:bytes

No flag is set: without `precise` the rules for offset and limit are the official clients', and a
redirection to a CDN (`cdn_supported`) cannot be followed by bots.
"""

from __future__ import annotations

import struct
from typing import Final

from telpher.errors import RequestRejectedError
from telpher.telegram.mtproto import schema

_HEAD: Final = struct.pack("<II", schema.UPLOAD_GET_FILE, 0)
_RANGE: Final = struct.Struct("<qi")
_BYTES: Final = 12  # behind constructor, type and time


def request_prefix(location: bytes) -> bytes:
    """What all requests for the file at a serialised InputFileLocation begin with."""
    return _HEAD + location


def get_file(prefix: bytes, offset: int, limit: int) -> bytes:
    """One request."""
    return prefix + _RANGE.pack(offset, limit)


def file_bytes(answer: memoryview) -> memoryview:
    """The bytes in an upload.file, read-only.

    A view of the packet where they are most of it; a copy where they share it with others, whom
    they would keep in memory. Raises MalformedError, and RequestRejectedError for anything but
    an upload.file.
    """
    kind = schema.constructor(answer)
    if kind == schema.UPLOAD_FILE_CDN_REDIRECT:
        raise RequestRejectedError("FILE_CDN_REDIRECT", 303)
    if kind != schema.UPLOAD_FILE:
        raise RequestRejectedError("NOT_A_FILE", 500)
    data = schema.byte_string(answer, _BYTES)
    if 4 * len(data) < 3 * len(memoryview(answer.obj)):
        return memoryview(bytes(data))
    return data.toreadonly()
