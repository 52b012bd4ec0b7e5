"""File names that are safe wherever they go: header, URL, disk, terminal, a person's eye.

A name comes from a stranger. Left as it is it could split a header (CR, LF, quotes), leave a folder
(slashes, dots), hide from a listing (a leading dot), read backwards ("exe.gpj" through a direction
override), name a device (CON on Windows) or be too long for a disk (255 bytes). `clean` is the one
place that takes this away; all others go through it, so each is safe for any string.

Letters of every script, emoji and the joiners they need stay.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from telpher.core import mime
from telpher.core.model import FileInfo

# What ext4, APFS and NTFS hold (the last two count characters, which are no more than bytes).
MAX_BYTES = 255

# Normalising a run of combining marks takes quadratic time (seconds for 80,000 of them), so a name
# that is longer is cut before. Only head and tail can matter: a character is a byte at least.
_MAX_READ = 1024
_TAIL = 64

# A longer "extension" is part of a sentence that has a dot in it.
_MAX_EXTENSION = 16

_FORBIDDEN = frozenset('/\\:*?"<>|')
_JOINERS = "\u200c\u200d"
_EDGES = f". {_JOINERS}"  # not at the beginning or the end: hidden, cut off by Windows, invisible

_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³")]
)

# RFC 8187 section 3.2.1: what a filename* may hold as it is, beside letters, digits and `-._~`.
_ATTR_CHARS = "!#$&+^`|"

_NAMELESS = "file"


def safe_name(info: FileInfo) -> str:
    """The file's name: the sender's, cleaned; else performer and title; else kind and id.

    Never empty, at most 255 bytes in UTF-8.
    """
    return clean(info.name) or clean(_made_up(info))


def clean(name: str) -> str:
    """`name` without anything that could harm; empty when nothing is left. Idempotent."""
    if len(name) > _MAX_READ:
        name = name[: _MAX_READ - _TAIL] + name[-_TAIL:]
    visible = " ".join("".join(map(_kept, name)).split())
    text = unicodedata.normalize("NFC", visible).strip(_EDGES)
    if text.partition(".")[0].rstrip().upper() in _DEVICES:
        text = f"_{text}"
    return _shorten(text)


def content_disposition(name: str, *, attachment: bool) -> str:
    """The header's value, RFC 6266, with `filename` and `filename*`.

    curl reads only the first, wget, aria2 and browsers prefer the second (players.md 12). Pure
    ASCII, for any `name`.
    """
    disposition = "attachment" if attachment else "inline"
    exact = quote(clean(name) or _NAMELESS, safe=_ATTR_CHARS)
    return f"{disposition}; filename=\"{ascii_name(name)}\"; filename*=UTF-8''{exact}"


def path_segment(name: str) -> str:
    """`name` as one segment of a URL's path: never empty, never "." or "..", no raw slash."""
    return quote(clean(name) or _NAMELESS, safe="")


def ascii_name(name: str) -> str:
    """The nearest name in printable ASCII; accents go, other scripts become "_".

    Without quotes and backslashes, which clients unescape in different ways, and without percent
    signs, which some decode (RFC 6266, appendix D).
    """
    decomposed = unicodedata.normalize("NFKD", clean(name))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    stem, extension = _split(clean(re.sub(r"[^ -~]+|%", "_", plain)))
    return f"{stem}{extension}" if re.search(r"[A-Za-z0-9]", stem) else f"{_NAMELESS}{extension}"


def _made_up(info: FileInfo) -> str:
    title = " - ".join(part for part in (clean(info.performer), clean(info.title)) if part)
    return f"{title or f'{info.kind.value}_{info.document_id}'}{mime.extension(info)}"


def _kept(char: str) -> str:
    """What becomes of one character."""
    if char in _FORBIDDEN:
        return "_"
    if char.isspace():
        return " "
    # Cc: controls. Cf: invisible ones, among them every direction override. Cs: half characters,
    # which no encoding can write.
    harmless = unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    return char if harmless or char in _JOINERS else ""


def _shorten(text: str) -> str:
    if len(text.encode()) <= MAX_BYTES:
        return text
    stem, extension = _split(text)
    room = MAX_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(_EDGES) + extension


def _split(text: str) -> tuple[str, str]:
    """Stem and extension, the latter with its dot, or empty."""
    stem, dot, last = text.rpartition(".")
    is_extension = stem and last and " " not in last and len(last.encode()) <= _MAX_EXTENSION
    return (stem, dot + last) if is_extension else (text, "")
