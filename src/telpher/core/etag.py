"""Entity tags, RFC 9110 section 8.8.3: made from a file's identity, compared in two ways.

Players resume by the tag: VLC sends it back with every range after the first, and one that changed
ends its seeking (players.md 1). So it depends on the document id and the size alone: the same after
a restart, on every instance, from every data centre and through every bot.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from telpher.core.model import FileInfo

# One element of a list of tags, with the commas and spaces before it; empty elements are allowed
# (section 5.6.1). Each character is read once, however long the header.
_ELEMENT = re.compile(r'[ \t,]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|\Z)')


def etag(info: FileInfo) -> str:
    """The strong tag of a file's bytes, quotes included.

    A digest, so that it does not tell the document id to a stranger. 128 bits: no two files meet.
    """
    identity = f"{info.document_id}:{info.size}".encode()
    return f'"{hashlib.blake2b(identity, digest_size=16, person=b"telpher etag 1").hexdigest()}"'


def listed(header: str, tag: str, *, weak: bool) -> bool:
    """Whether `header` (the value of If-Match or If-None-Match) names the tag, or is `*`.

    `weak` chooses the comparison (section 8.8.3.2): the strong one never holds for a weak tag. What
    follows a malformed element is not read: such a client gets the answer of one without a match.
    """
    if header.strip(" \t") == "*":
        return True
    if weak:
        return any(_opaque(element) == _opaque(tag) for element in _elements(header))
    return not tag.startswith("W/") and tag in _elements(header)


def _elements(header: str) -> Iterator[str]:
    position = 0
    while found := _ELEMENT.match(header, position):
        yield found[1]
        position = found.end()


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
