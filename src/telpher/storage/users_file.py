"""The original's users.json, record by record: a file of any size takes the same memory.

    [{...}, {...}]   {"7": {...}}   {"users": [...]}   {"_default": {"1": {...}}}   {...}⏎{...}⏎

A list, an object by id, either of them inside an object, or one record a line (what mongoexport
writes). What stands between the records is read with tolerance, and a record that is broken is
told of and costs only itself: reading goes on behind its closing bracket.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from telpher.core import legacy

_READ: Final = 256 << 10

# No record of a person is longer; what is was not closed.
_MOST_TOKENS: Final = 20_000
_MOST_TEXT: Final = 16 << 20

# A string, a bracket, a colon or comma, a string that its line does not end, anything else.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*"|[\[\]{}]|[:,]|"[^\n]*|[^\s"\[\]{}:,]+',
)
_PAIR: Final = {"}": "{", "]": "["}
_NUMBER: Final = re.compile(r'"-?[0-9]+"')


@dataclass(frozen=True, slots=True)
class Record:
    """What stood at `place`, under `key` where it was in an object."""

    place: str
    value: Any
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be read at `place`, and why."""

    place: str
    reason: str


def records(path: Path) -> Iterator[Record | Broken]:
    """Everything in the file. Raises OSError."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = _one_a_line(file)
        file.seek(0)
        found = False
        for item in _from_lines(file) if lines else _from_tree(_Tokens(file)):
            found = True
            yield item
    if not found:
        yield Broken(path.name, "there are no users in it")


def _one_a_line(file: TextIO) -> bool:
    """Whether the first line is an object by itself, and what follows, if anything, another."""
    filled = (line for line in iter(lambda: file.readline(_MOST_TEXT), "") if line.strip())
    first, second = itertools.islice(itertools.chain(filled, ("", "")), 2)
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    return second.lstrip().startswith("{") or (not second and legacy.says_who(value))


def _from_lines(file: TextIO) -> Iterator[Record | Broken]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _loaded(f"line {number}", line, None)


def _loaded(place: str, text: str, key: str | None) -> Record | Broken:
    try:
        return Record(place, json.loads(text), key)
    except (ValueError, RecursionError) as error:
        return Broken(place, f"not JSON: {getattr(error, 'msg', 'too deep')}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int


class _Tokens:
    """The file's tokens, with a look at those to come."""

    def __init__(self, file: TextIO) -> None:
        self._tokens = _tokens(file)
        self._ahead: list[_Token] = []

    def next(self) -> _Token | None:
        """The next one; None at the end."""
        return self._ahead.pop(0) if self._ahead else next(self._tokens, None)

    def peek(self, count: int) -> list[str]:
        """The texts of the next ones."""
        missing = count - len(self._ahead)
        self._ahead.extend(itertools.islice(self._tokens, max(0, missing)))
        return [token.text for token in self._ahead[:count]]


def _tokens(file: TextIO) -> Iterator[_Token]:
    line, text = 1, ""
    while more := file.read(_READ):
        text += more
        counted = done = 0
        for match in _TOKEN.finditer(text):
            if match.end() == len(text) and len(text) < _MOST_TEXT:
                break  # it may go on
            line += text.count("\n", counted, match.start())
            counted, done = match.start(), match.end()
            yield _Token(match[0], line)
        line += text.count("\n", counted, done)
        text = text[done:]
    for match in _TOKEN.finditer(text):
        yield _Token(match[0], line + text.count("\n", 0, match.start()))


def _from_tree(tokens: _Tokens) -> Iterator[Record | Broken]:
    """The records below the outermost brackets, and below those that only hold others."""
    opened: list[str] = []
    key: str | None = None
    while token := tokens.next():
        text = token.text
        if text in "[{":
            if not opened or _holds_others(text, key, tokens):
                opened.append(text)
            else:
                yield _taken(token, key, tokens)
            key = None
        elif text in _PAIR:
            _close(opened, text)
            key = None
        elif text == ",":
            key = None
        elif text.startswith('"') and opened[-1:] == ["{"] and tokens.peek(1) == [":"]:
            key = text
        elif text != ":" and _is_record(opened, key):
            yield _loaded(f"line {token.line}", text, _bare(key))
            key = None
    if opened:
        yield Broken("the end", "the file was cut off: a bracket is not closed")


def _holds_others(bracket: str, key: str | None, tokens: _Tokens) -> bool:
    """Whether this is {"users": [...]}'s list or object, or one like it, rather than a record."""
    if key is None or _NUMBER.fullmatch(key):
        return False
    inside = tokens.peek(3)
    return bracket == "[" or (len(inside) == 3 and inside[1] == ":" and inside[2] in "[{")


def _is_record(opened: list[str], key: str | None) -> bool:
    """A plain value is one in a list (an id), or under an id; else it is beside the point."""
    if opened[-1:] == ["["]:
        return True
    return key is not None and _NUMBER.fullmatch(key) is not None


def _taken(first: _Token, key: str | None, tokens: _Tokens) -> Record | Broken:
    """The record that begins with the bracket `first`."""
    place = f"line {first.line}"
    opened, texts = [first.text], [first.text]
    while opened:
        token = tokens.next()
        if token is None or len(texts) > _MOST_TOKENS:
            return Broken(place, "the file ends in the middle of this record")
        texts.append(token.text)
        if token.text in "[{":
            opened.append(token.text)
        elif token.text in _PAIR:
            _close(opened, token.text)
    return _loaded(place, " ".join(texts), _bare(key))


def _close(opened: list[str], bracket: str) -> None:
    """Closes what `bracket` belongs to, and with it what was left open inside."""
    if _PAIR[bracket] in opened:
        while opened.pop() != _PAIR[bracket]:
            pass


def _bare(key: str | None) -> str | None:
    return None if key is None else key.strip('"')
