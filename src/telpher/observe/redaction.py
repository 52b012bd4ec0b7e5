"""Keeping secrets and telephone numbers out of whatever is written (rule 2).

    values    every secret among the settings, as it is and as URLs write it
    patterns  what is secret whoever wrote it: bot tokens, tokens of the API, links' signatures,
              one-time links to the dashboard, passwords in URLs, telephone numbers
    names     fields that are called like one

It works on finished entries, so that no caller has to think of it, and so that what libraries say
is covered as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from structlog.typing import EventDict

REDACTED: Final = "[redacted]"

# What every text that fits has in it, in small letters, and what is secret in such a text. Looking
# for the former takes a twentieth of the time, and most texts have none of them. (They run over
# every text of every entry: none begins with an unbounded repeat.)
_PATTERNS: Final = (
    # A bot's token, and a token of the API (core/tokens), whose id is no secret.
    (":", re.compile(r"\d{1,20}:[A-Za-z0-9_-]{30,}"), REDACTED),
    ("tlp_", re.compile(r"(tlp_[0-9a-f]{16}_)[A-Za-z0-9_-]{20,}"), rf"\1{REDACTED}"),
    # A link's signature.
    ("k=", re.compile(r"([?&]k=)[^&\s\"'<>#\\]+"), rf"\1{REDACTED}"),
    # A one-time link to the dashboard, wherever its secret stands.
    ("sign-in?", re.compile(r"(/dashboard/sign-in\?)[^\s\"'<>\\]+"), rf"\1{REDACTED}"),
    ("://", re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]+@"), rf"\1{REDACTED}@"),
    *(
        (
            kind,
            re.compile(rf"\b({kind})\s+[A-Za-z0-9._~+/=-]{{6,}}", re.IGNORECASE),
            rf"\1 {REDACTED}",
        )
        for kind in ("bearer", "basic")
    ),
    # A telephone number as people and Telegram write it; without its plus it could be any number.
    ("+", re.compile(r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"), REDACTED),
    (
        "phone",
        re.compile(r"(\bphone(?:_number)?['\"]?\s?[=:]\s?['\"]?)\+?\d{5,15}"),
        rf"\1{REDACTED}",
    ),
)

# Fields whose values are secret whatever they look like, and those that end in one of these words.
_NAMES: Final = tuple(
    f"_{each}"
    for each in (
        *("token", "password", "passwd", "secret", "api_hash", "apihash", "api_key", "apikey"),
        *("authorization", "cookie", "phone", "phone_number", "signature"),
    )
)

# Fields that come from code and the clock, of every entry: looking through them would cost a third.
_OF_CODE: Final = frozenset({"timestamp", "level", "logger", "module", "function"})

# The id of a token of the API, which no one can use, is what its bearer is known by.
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{16}")

# Shorter values would be found inside innocent words.
_SHORTEST_SECRET: Final = 6

# Tuples: a union would take five times as long to be asked.
_TEXTS: Final = (str, bytes)
_HARMLESS: Final = (bool, float)

_INT64: Final = range(-(2**63), 2**63)


class Redaction:
    """Takes secrets out of texts and entries; `secrets` are values that must not be written."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for each in secrets for part in _parts(each)}
        long_enough = {each for each in parts if len(each) >= _SHORTEST_SECRET}
        spellings = long_enough | {quote(each, safe="") for each in long_enough}
        # Longest first: one secret may begin with another.
        ordered = sorted(spellings, key=len, reverse=True)
        self._spellings = ordered
        self._values = re.compile("|".join(map(re.escape, ordered)))

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> EventDict:
        """As a processor of structlog.

        Afterwards the entry holds nothing but texts, numbers, truth values, None, lists and
        mappings, which every renderer can write.
        """
        return {
            str(key): value if key in _OF_CODE else self._field(str(key), value)
            for key, value in entry.items()
        }

    def text(self, text: str) -> str:
        """The text without secrets, and without what UTF-8 cannot say (lone surrogates)."""
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        if any(map(clean.__contains__, self._spellings)):
            clean = self._values.sub(REDACTED, clean)
        small = clean.casefold()
        for mark, pattern, replacement in _PATTERNS:
            if mark in small:
                clean = pattern.sub(replacement, clean)
        return clean

    def _field(self, name: str, value: Any) -> Any:
        secret = isinstance(value, _TEXTS) and value and _is_secret(name)
        if secret and not _PUBLIC_ID.fullmatch(str(value)):
            return REDACTED
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, _HARMLESS):
            return value
        if isinstance(value, int):
            # Of a subclass, as http.HTTPStatus is, `in` would count through all of the range.
            number = int(value)
            return number if number in _INT64 else str(number)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._field(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(each) for each in value]
        return self.text(repr(value))


def _is_secret(name: str) -> bool:
    return f"_{name.casefold().replace('-', '_')}".endswith(_NAMES)


def _parts(secret: str) -> Iterable[str]:
    """The secret itself; of a URL also the password in it, which a driver may quote alone."""
    yield secret
    if "://" not in secret:
        return
    login = secret.partition("://")[2].rpartition("@")[0]
    password = login.partition(":")[2]
    yield password
    yield unquote(password)
