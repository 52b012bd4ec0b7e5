"""The catalogue of errors: which entry explains what was seen.

Entries are tried in the order they stand in, file after file: what is special comes first. The
knowledge is data (entries/*.toml), so that adding an error takes no code but the test that
produces it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Final

from telpher.observe.diagnosis.entry import CatalogueError, Entry, read_entry
from telpher.observe.diagnosis.symptoms import Symptoms, symptoms_of

# The files, in the order they are looked through: an error of Telegram's may hold one of the
# network's as its cause, never the other way round.
AREAS: Final = (
    "telegram",
    "chats",
    "database",
    "redis",
    "media",
    "web",
    "settings",
    "machine",
    "network",
)


class Catalogue:
    """All entries, by key and in order."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._by_key = {each.key: each for each in self._entries}
        if len(self._by_key) < len(self._entries):
            raise CatalogueError("two entries have the same key")

    @classmethod
    def shipped(cls) -> Catalogue:
        """The one that comes with telpher."""
        return cls(_shipped())

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """The entry of that key."""
        return self._by_key.get(key)

    def diagnose(
        self, error: BaseException | None = None, text: str = "", where: str = ""
    ) -> Entry | None:
        """What explains an error, a text (such as a log entry's message with its fields) or both;
        None where nobody knows. `where` is the logger that spoke."""
        return self.find(symptoms_of(error, text, where))

    def find(self, symptoms: Symptoms) -> Entry | None:
        """The first entry that fits."""
        return next((each for each in self._entries if each.fits(symptoms)), None)


def _shipped() -> Iterator[Entry]:
    folder = resources.files(__package__) / "entries"
    for area in AREAS:
        data = tomllib.loads((folder / f"{area}.toml").read_text(encoding="utf-8"))
        for each in data.get("entry", ()):
            yield read_entry(each, area)
