"""What the bot says, in the reader's language (rule 35).

The sentences are data: `texts/<code>/<area>.toml`, one folder per language, tables of templates
whose dotted path is the key ("file.answer"). English is complete; any other language may lack keys
and then speaks English. Telegram reports a user's language as an IETF tag ("pt-br"): the whole tag
is tried first, then its first part, then English.

Escaping is not left to the callers. Templates are ours and may hold the HTML that the Bot API
knows; every value put into one is somebody else's and is escaped, unless it is `Html`, that is, the
result of another rendering. Text for places where Telegram knows no HTML (buttons, answers to
presses, descriptions of commands) comes from `plain`, which escapes nothing because nothing is
parsed there; the sections of such keys are `PLAIN_SECTIONS`.

Plural forms are keys of their own below the sentence ("batch.found.one", "batch.found.other"), by
the names of CLDR's categories; `count` chooses.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

FALLBACK = "en"
PLAIN_SECTIONS = frozenset({"button", "command", "press", "file_name"})

# Which category a number has, where it is not "one" for 1 alone and "other" for the rest
# [https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html]. A language
# added to texts/ whose rule differs gets its entry here.
_PLURALS: Mapping[str, Callable[[int], str]] = MappingProxyType({})


class Html(str):
    """Text that is HTML already: put into a template as it is."""

    __slots__ = ()


def escape(value: object) -> Html:
    """`value` as HTML; what is `Html` stays as it is."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


class Texts:
    """All languages' templates; immutable."""

    def __init__(self, languages: Mapping[str, Mapping[str, str]]) -> None:
        """`languages` maps a lower-case code to its templates by key; English must be there."""
        if FALLBACK not in languages:
            raise ValueError("the English texts are missing")
        self._languages = MappingProxyType(dict(languages))

    @classmethod
    def load(cls) -> Texts:
        """Reads the files that come with the package. ValueError where a key is there twice."""
        folder = resources.files("telpher.bot") / "texts"
        return cls({each.name: _language(each) for each in folder.iterdir() if each.is_dir()})

    @property
    def languages(self) -> Mapping[str, Mapping[str, str]]:
        """Every template: language code, then key."""
        return self._languages

    def render(self, key: str, language: str, /, **values: object) -> Html:
        """The sentence `key` as HTML, every value escaped. KeyError when English lacks the key."""
        escaped = {name: escape(value) for name, value in values.items()}
        return Html(self._template(key, language).format_map(escaped))

    def plain(self, key: str, language: str, /, **values: object) -> str:
        """The sentence `key` for a place that knows no HTML. KeyError as above."""
        if key.partition(".")[0] not in PLAIN_SECTIONS:
            raise ValueError(f"{key} is written as HTML")
        return self._template(key, language).format_map(values)

    def count(self, key: str, language: str, number: int, /, **values: object) -> Html:
        """The sentence `key` in the form for `number`, which it may hold as {number}."""
        form = _PLURALS.get(language.lower()[:2], _one_or_other)(number)
        known = f"{key}.{form}" in self._languages[FALLBACK]
        return self.render(f"{key}.{form if known else 'other'}", language, number=number, **values)

    def _template(self, key: str, language: str) -> str:
        tag = language.lower().replace("_", "-")
        for code in (tag, tag.partition("-")[0]):
            template = self._languages.get(code, {}).get(key)
            if template is not None:
                return template
        return self._languages[FALLBACK][key]


def _one_or_other(number: int) -> str:
    return "one" if number == 1 else "other"


def _language(folder: Traversable) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".toml"):
            continue
        found = dict(_flatten(tomllib.loads(file.read_text("utf-8"))))
        if twice := texts.keys() & found.keys():
            raise ValueError(f"{file.name} repeats {', '.join(sorted(twice))}")
        texts |= found
    return texts


def _flatten(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value).strip("\n")
