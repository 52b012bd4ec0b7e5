"""Where a list goes on, as it stands in an address; see `web.api.paging`.

What was looked for by name goes on after a name, which a stranger chose: base64url of its UTF-8.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from telpher.storage.base import PageKey
from telpher.storage.search import Field, SearchKey
from telpher.web.api import paging

# A key of 64 characters of four bytes each, its field, a number of 64 bits: in base64.
_LONGEST: Final = 500

_INT64: Final = range(-(1 << 63), 1 << 63)


def page_key(text: str | None) -> PageKey | None:
    """The key out of an address; None, the list's beginning, for anything else."""
    try:
        return paging.read(text) if text else None
    except ValueError:
        return None


def search_key(text: str | None) -> SearchKey | None:
    """The same of a search."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        whole = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        field, number, word = whole.split(" ", 2)
        key = SearchKey(Field(int(field)), word, int(number))
    except (ValueError, binascii.Error):
        return None
    return key if key.number in _INT64 else None


def written(key: PageKey | SearchKey | None) -> str:
    """What `page_key` or `search_key` reads; empty at the list's end."""
    match key:
        case None:
            return ""
        case PageKey():
            return paging.write(key)
        case SearchKey(field, word, number):
            whole = f"{field.value} {number} {word}".encode()
            return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()
