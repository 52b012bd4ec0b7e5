"""One error that is understood: how it is recognised, what it comes from, what helps.

    key = "disk-full"            [[entry.match]]        any of these fits, in which all that stands
    title, cause, remedy         errnos = ["ENOSPC"]    in one must be found

Expressions have no unbounded repeats (`*`, `+`, `{3,}`) and at most two gaps (`.{0,80}`): whatever
a stranger makes an error say, looking through it takes time in proportion to its bounded length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telpher.observe.diagnosis.symptoms import Symptoms

_KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,6}")
_UNBOUNDED: Final = re.compile(r"(?<!\\)([*+]|\{\d*,\})")
_GAP: Final = re.compile(r"(?<!\\)\{0,(\d+)\}")
_MOST_GAPS: Final = 2
_WIDEST_GAP: Final = 80

# The page that is made of the catalogue; an entry's key is its anchor there.
PAGE: Final = "docs/troubleshooting.md"


class CatalogueError(ValueError):
    """The data of an entry is not as it has to be: a mistake of whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A set of conditions, all of which must hold; those left empty do.

    `kinds` are exception classes, of which one must be in the error's ancestry or among its causes;
    `errnos` and `names` (what Telegram calls its errors) likewise. `text` is looked for in what was
    said, whatever its case; `where` begins the logger's name.
    """

    kinds: frozenset[str] = frozenset()
    errnos: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    text: re.Pattern[str] | None = None
    where: str = ""

    def fits(self, symptoms: Symptoms) -> bool:
        """Whether all of it is found there."""
        return (
            (not self.kinds or not self.kinds.isdisjoint(symptoms.kinds))
            and (not self.errnos or not self.errnos.isdisjoint(symptoms.errnos))
            and (not self.names or not self.names.isdisjoint(symptoms.names))
            and symptoms.where.startswith(self.where)
            and (self.text is None or self.text.search(symptoms.text) is not None)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one error. `title` names it, `cause` and `remedy` are plain sentences.
    `harmless`: as long as it is but a warning, nobody need be told of it at once."""

    key: str
    title: str
    cause: str
    remedy: str
    area: str
    matches: tuple[Match, ...]
    harmless: bool = False

    @property
    def anchor(self) -> str:
        """Where the documentation tells of it."""
        return f"{PAGE}#{self.key}"

    def fits(self, symptoms: Symptoms) -> bool:
        """Whether the error is this one."""
        return any(match.fits(symptoms) for match in self.matches)


def read_entry(data: Mapping[str, Any], area: str) -> Entry:
    """An entry out of a table of TOML. Raises CatalogueError."""
    unknown = set(data) - {*_TEXTS, "match", "harmless"}
    if unknown:
        raise CatalogueError(f"{data.get('key')}: {', '.join(sorted(unknown))} is no field")
    texts = {name: " ".join(str(data.get(name, "")).split()) for name in _TEXTS}
    if not _KEY.fullmatch(texts["key"]) or not all(texts.values()):
        raise CatalogueError(f"{texts['key']!r}: an entry needs key, title, cause and remedy")
    matches = tuple(_read_match(each, texts["key"]) for each in data.get("match", ()))
    if not matches:
        raise CatalogueError(f"{texts['key']}: nothing tells how it is recognised")
    return Entry(area=area, matches=matches, harmless=bool(data.get("harmless")), **texts)


def _read_match(data: Mapping[str, Any], key: str) -> Match:
    unknown = set(data) - {"kinds", "errnos", "names", "text", "where"}
    if unknown or not data:
        raise CatalogueError(f"{key}: a match of {', '.join(sorted(unknown)) or 'nothing'}")
    return Match(
        kinds=_set(data, "kinds"),
        errnos=_set(data, "errnos"),
        names=_set(data, "names"),
        text=_expression(data.get("text", ""), key),
        where=str(data.get("where", "")),
    )


def _set(data: Mapping[str, Any], name: str) -> frozenset[str]:
    given: Sequence[str] = data.get(name, ())
    return frozenset(map(str, given))


def _expression(text: str, key: str) -> re.Pattern[str] | None:
    if not text:
        return None
    gaps = [int(width) for width in _GAP.findall(text)]
    if _UNBOUNDED.search(text) or len(gaps) > _MOST_GAPS or max(gaps, default=0) > _WIDEST_GAP:
        raise CatalogueError(f"{key}: {text!r} may take too long to look for")
    return re.compile(text, re.IGNORECASE)


_TEXTS: Final = ("key", "title", "cause", "remedy")
