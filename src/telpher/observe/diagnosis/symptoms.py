"""What tells one error from another, taken from an exception, from words, or from both.

No client library is imported for it: classes are known by their names, over their ancestry and the
chain of causes, and so they are found again where only a text is left of them ("OSError: ...").
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

# Of a text that is longer the beginning says what it is about.
LONGEST: Final = 4000

# Causes of causes, and members of groups; more than a few say nothing new.
_MOST_ERRORS: Final = 16

# What every class descends from tells nothing.
_EVERYBODYS: Final = frozenset({"object", "BaseException", "Exception"})

_KIND: Final = re.compile(r"\b[A-Z]\w{0,60}(?:Error|Exception|Failure|Timeout|NotFound|Invalid)\b")
_NAME: Final = re.compile(r"\b[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8}\b")
_ERRNO: Final = re.compile(r"\[Errno (-?\d{1,4})\]")

# Their numbers are those of other tables.
_NUMBERED_OTHERWISE: Final = (ssl.SSLError, socket.gaierror, socket.herror)

_OWN: Final = "telpher."
_MOST_FRAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Symptoms:
    """`kinds`: names of classes. `errnos`: as in "ENOSPC". `names`: words in capitals, as Telegram
    calls its errors. `text`: all that was said. `where`: who said it. `kind`: the error's own
    class, `problem` its own words, and `stack` where in telpher it went wrong, the outermost place
    first."""

    kinds: frozenset[str] = frozenset()
    errnos: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    text: str = ""
    where: str = ""
    kind: str = ""
    problem: str = ""
    stack: tuple[str, ...] = ()


def symptoms_of(error: BaseException | None, text: str = "", where: str = "") -> Symptoms:
    """What an error shows (None: there is but a text), and what was said along with it."""
    chain = list(_chain(error)) if error is not None else []
    said = "\n".join([text[:LONGEST], *(_said(each) for each in chain)])[:LONGEST]
    numbers = {str(each.errno) for each in chain if isinstance(each, OSError)}
    if any(isinstance(each, _NUMBERED_OTHERWISE) for each in chain):
        numbers = set()
    numbers.update(_ERRNO.findall(said))
    ancestors = {kind.__name__ for each in chain for kind in type(each).__mro__}
    return Symptoms(
        kinds=frozenset((ancestors | set(_KIND.findall(said))) - _EVERYBODYS),
        errnos=frozenset(_errno_names(numbers)),
        names=frozenset(_NAME.findall(said)),
        text=said,
        where=where,
        kind=type(error).__name__ if error is not None else "",
        problem=_said(error) if error is not None else "",
        stack=tuple(_own_frames(error.__traceback__))[-_MOST_FRAMES:] if error is not None else (),
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what is in it, and what it came from; each once."""
    waiting: list[BaseException | None] = [error]
    met: set[int] = set()
    while waiting and len(met) < _MOST_ERRORS:
        each = waiting.pop(0)
        if each is None or id(each) in met:
            continue
        met.add(id(each))
        yield each
        waiting.append(each.__cause__)
        if not each.__suppress_context__:
            waiting.append(each.__context__)
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST]


def _errno_names(numbers: set[str]) -> Iterator[str]:
    for number in numbers:
        name = errno.errorcode.get(int(number)) if number.lstrip("-").isdigit() else None
        if name is not None:
            yield name


def _own_frames(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(_OWN):
            yield f"{module}.{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
