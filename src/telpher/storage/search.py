"""What is looked for in names: as it is kept beside them, and as it was typed.

A key is a name without what nobody types the same way twice: letter case, width and composition of
letters (NFKC), spaces. Databases compare keys as they are, so that what is found is the same
everywhere. People are found by the beginning of a name, along an index; files by any part of
theirs, which costs a look at each key, a hundred thousand in some milliseconds.

The fields in which somebody is looked for come one after the other, each in alphabetical order;
whoever was found in one is passed over in the next.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from telpher.core.model import Person
from telpher.storage.scalars import fits, name_key, storable

# Characters. A name at Telegram has 64; a file's has what file systems take.
_LONGEST_NAME: Final = 64
_LONGEST_FILE: Final = 255

_LAST_CHARACTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)

# Digits of a number of 64 bits.
_MOST_DIGITS: Final = 19


class Field(IntEnum):
    """Where somebody is found, in the order of the lists: by their id, the beginning of their
    @name, of their full name, of their last name."""

    NUMBER = 0
    USERNAME = 1
    NAME = 2
    LAST_NAME = 3


_NAMES: Final = (Field.USERNAME, Field.NAME, Field.LAST_NAME)


@dataclass(frozen=True, slots=True)
class SearchKey:
    """The place of a row in the list of who was found: in which field, under which key, and whose
    it is."""

    field: Field
    word: str
    number: int


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed: `number` if it may be an id, and the names from `first` to before `beyond`,
    in `fields`."""

    number: int | None
    first: str
    beyond: str
    fields: Sequence[Field]


def search_of(text: str) -> Search:
    """What `text` looks for; a leading @ leaves only names that begin with one."""
    text = text.strip()
    named = text.startswith("@")
    word = name_search_key(text.removeprefix("@"))
    is_number = not named and text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    number = int(text) if is_number else None
    fields: Sequence[Field] = (Field.USERNAME,) if named else _NAMES
    return Search(
        number if number is not None and fits(number) else None,
        word,
        beyond(word),
        fields if word else (),
    )


def keys_of(person: Person) -> tuple[str, str, str]:
    """The keys of the @name, the full name, the last name."""
    full = name_search_key(f"{person.first_name} {person.last_name}")
    return name_key(person.username), full, name_search_key(person.last_name)


def name_search_key(text: str) -> str:
    """A person's name as it is searched."""
    return _plain(text)[:_LONGEST_NAME]


def file_search_key(text: str) -> str:
    """A file's name as it is searched."""
    return _plain(text)[:_LONGEST_FILE]


def beyond(prefix: str) -> str:
    """The least text that is above everything that begins with `prefix`, as databases compare: by
    code points."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code in _SURROGATES:
            code = _SURROGATES.stop
        if code <= _LAST_CHARACTER:
            return prefix[:at] + chr(code)
    return chr(_LAST_CHARACTER) * (_LONGEST_NAME + 1)


def _plain(text: str) -> str:
    # NUL ends a text for some who look for patterns.
    shown = storable(text).replace("\0", " ")
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())
