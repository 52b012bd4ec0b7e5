"""Media types: which one a file is served with (rule 14), and which extension goes with it.

A sender chooses both name and type of a file, so a type that makes a browser run something (HTML,
SVG, XML, PDF with scripts) must never come from this origin: only audio, video, raster images and
plain text keep theirs. The extension decides only where Telegram says nothing better; players go by
the type, and MKV as application/octet-stream opens in few of them.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from telpher.core.model import FileInfo, Kind

OCTET_STREAM = "application/octet-stream"

# Without a charset browsers read text as a legacy encoding of their user's region; they do not
# detect UTF-8 over HTTP, and nearly every text file is in it.
_PLAIN_TEXT = "text/plain; charset=utf-8"

# What senders' clients declare when they know nothing.
_UNKNOWN = frozenset({"", OCTET_STREAM, "binary/octet-stream", "application/binary"})

# RFC 6838 section 4.2, in lower case.
_ESSENCE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

# Pictures that are pixels alone. Not SVG, which is a document with scripts.
_RASTER = frozenset(
    f"image/{subtype}"
    for subtype in (
        *("jpeg", "jpg", "pjpeg", "png", "apng", "gif", "webp", "bmp", "x-ms-bmp"),
        *("avif", "heic", "heif", "tiff", "jxl", "x-icon", "vnd.microsoft.icon"),
    )
)

# The first extension of a type is the one that a file without a name gets.
_BY_EXTENSION = MappingProxyType(
    {
        ".mp4": "video/mp4",
        ".m4v": "video/mp4",
        ".mkv": "video/x-matroska",
        ".mk3d": "video/x-matroska",
        ".webm": "video/webm",
        ".mov": "video/quicktime",
        ".qt": "video/quicktime",
        ".avi": "video/x-msvideo",
        ".divx": "video/x-msvideo",
        ".wmv": "video/x-ms-wmv",
        ".asf": "video/x-ms-asf",
        ".flv": "video/x-flv",
        ".f4v": "video/mp4",
        ".mpg": "video/mpeg",
        ".mpeg": "video/mpeg",
        ".vob": "video/mpeg",
        ".ts": "video/mp2t",
        ".m2ts": "video/mp2t",
        ".mts": "video/mp2t",
        ".3gp": "video/3gpp",
        ".3g2": "video/3gpp2",
        ".ogv": "video/ogg",
        ".rmvb": "video/vnd.rn-realvideo",
        ".mp3": "audio/mpeg",
        ".m4a": "audio/mp4",
        ".m4b": "audio/mp4",
        ".aac": "audio/aac",
        ".flac": "audio/flac",
        ".ogg": "audio/ogg",
        ".oga": "audio/ogg",
        ".opus": "audio/ogg",
        ".wav": "audio/wav",
        ".wma": "audio/x-ms-wma",
        ".mka": "audio/x-matroska",
        ".ac3": "audio/ac3",
        ".eac3": "audio/eac3",
        ".amr": "audio/amr",
        ".aiff": "audio/aiff",
        ".ape": "audio/x-ape",
        ".mid": "audio/midi",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".png": "image/png",
        ".gif": "image/gif",
        ".webp": "image/webp",
        ".bmp": "image/bmp",
        ".avif": "image/avif",
        ".heic": "image/heic",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
        ".jxl": "image/jxl",
        ".txt": "text/plain",
    }
)

# Types that are never served as such, but name a file, and other spellings.
_EXTRA_EXTENSIONS = MappingProxyType(
    {
        "application/pdf": ".pdf",
        "application/zip": ".zip",
        "application/x-tgsticker": ".tgs",
        "application/epub+zip": ".epub",
        "application/vnd.android.package-archive": ".apk",
        "audio/mp3": ".mp3",
        "audio/x-wav": ".wav",
        "audio/x-flac": ".flac",
        "audio/x-m4a": ".m4a",
        "image/jpg": ".jpg",
    }
)
_BY_TYPE = MappingProxyType(
    {kind: extension for extension, kind in reversed(list(_BY_EXTENSION.items()))}
    | _EXTRA_EXTENSIONS
)

# What Telegram's own clients make of each kind.
_BY_KIND = MappingProxyType(
    {
        Kind.VIDEO: "video/mp4",
        Kind.VIDEO_NOTE: "video/mp4",
        Kind.ANIMATION: "video/mp4",
        Kind.AUDIO: "audio/mpeg",
        Kind.VOICE: "audio/ogg",
        Kind.PHOTO: "image/jpeg",
    }
)


def media_type(info: FileInfo) -> str:
    """What the file is said to be, type/subtype in lower case without parameters: as its sender
    declared it, else by its extension, else by its kind. For reading, not for serving."""
    declared = info.mime_type.partition(";")[0].strip(" \t").lower()
    if declared not in _UNKNOWN:
        return declared if _ESSENCE.fullmatch(declared) else OCTET_STREAM
    _, dot, last = info.name.rpartition(".")
    by_kind = _BY_KIND.get(info.kind, OCTET_STREAM)
    return _BY_EXTENSION.get(dot + last.strip().lower(), by_kind)


def content_type(info: FileInfo) -> str:
    """The value of Content-Type: nothing a browser would run, whatever the sender declared."""
    essence = media_type(info)
    if (essence.startswith(("audio/", "video/")) and not _is_xml(essence)) or essence in _RASTER:
        return essence
    return _PLAIN_TEXT if essence == "text/plain" else OCTET_STREAM


def _is_xml(essence: str) -> bool:
    """Browsers read whatever is called so as a document, which may hold XHTML with scripts."""
    return essence.endswith("+xml")


def inline_ok(info: FileInfo) -> bool:
    """Whether a browser may show the file in place; all else is for saving."""
    return content_type(info) != OCTET_STREAM


def extension(info: FileInfo) -> str:
    """The extension that fits the file's type, with its dot; empty when none is known."""
    return _BY_TYPE.get(media_type(info), "")
