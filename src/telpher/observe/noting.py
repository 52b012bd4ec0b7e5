"""What becomes of an entry about trouble: its diagnosis is added, and it is noted.

    WARNING and above                           what the error shows, looked up in the catalogue
    WARNING with an error or a diagnosis, and   a sighting for `troubles`
    ERROR and above

It runs inside of the call that logs, in its thread. Nothing here logs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Final

from structlog.typing import EventDict

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.entry import Entry
from telpher.observe.diagnosis.symptoms import Symptoms, symptoms_of
from telpher.observe.redaction import Redaction
from telpher.observe.troubles import LONGEST, Sighting, Troubles

# Where trouble with the reporting of troubles comes from: to report it would make more of it.
_REPORTERS: Final = ("telpher.bot.reports", "telpher.jobs.alarms", "telpher.observe.")
_REPORTING_JOBS: Final = ("reports", "alarms")

# Fields that say where and when, which has no part in what is wrong.
_ABOUT: Final = frozenset(
    {
        *("timestamp", "level", "logger", "message", "module", "function", "line"),
        *("exception", "exc_info", "stack", "stack_info", "diagnosis", "remedy"),
        *("request_id", "chat_id", "message_id", "user_id", "job", "client", "path", "file"),
    }
)

# An entry's fields, each shortened: together with its message they are what it says.
_LONGEST_FIELD: Final = 500


class Noting:
    """Adds `diagnosis` and `remedy` to entries about errors that are known; tells `troubles`, if
    somebody keeps them, what is wrong."""

    def __init__(
        self, catalogue: Catalogue, redaction: Redaction, troubles: Troubles | None = None
    ) -> None:
        self.troubles = troubles
        self._catalogue = catalogue
        self._redaction = redaction

    def __call__(self, entry: EventDict, at: float) -> None:
        """Of an entry of WARNING or above, written at `at` (Unix seconds)."""
        symptoms = symptoms_of(_error_of(entry), _said(entry), entry["logger"])
        known = self._catalogue.find(symptoms)
        if known is not None:
            entry["diagnosis"] = known.key
            entry.setdefault("remedy", known.remedy)
        severe = _severity(entry) >= logging.ERROR
        if self.troubles is not None and (severe or symptoms.kinds or known):
            self.troubles.note(self._sighting(entry, at, symptoms, known))

    def _sighting(
        self, entry: EventDict, at: float, symptoms: Symptoms, known: Entry | None
    ) -> Sighting:
        where = entry["logger"]
        of_reporting = where.startswith(_REPORTERS) or entry.get("job") in _REPORTING_JOBS
        harmless = known is not None and known.harmless and _severity(entry) < logging.ERROR
        return Sighting(
            summary=self._redaction.text(_summary(entry, symptoms))[:LONGEST],
            where=where,
            level=entry["level"],
            at=at,
            diagnosis=known,
            kind=symptoms.kind,
            stack=symptoms.stack,
            quiet=of_reporting or harmless,
        )


def _severity(entry: EventDict) -> int:
    return logging.getLevelNamesMapping().get(entry["level"].upper(), logging.INFO)


def _error_of(entry: EventDict) -> BaseException | None:
    """The exception that is logged: as logging and structlog write it, or among the fields."""
    told = entry.get("exc_info")
    if told is True:
        told = sys.exc_info()
    if isinstance(told, tuple):
        told = told[1]
    if isinstance(told, BaseException):
        return told
    return next((each for each in entry.values() if isinstance(each, BaseException)), None)


def _said(entry: EventDict) -> str:
    return "; ".join([str(entry["message"]), *_fields(entry)])


def _fields(entry: EventDict) -> Iterator[str]:
    for name, value in entry.items():
        if name not in _ABOUT and isinstance(value, str):
            yield value[:_LONGEST_FIELD]


def _summary(entry: EventDict, symptoms: Symptoms) -> str:
    """The message, and what is said of the error: its first line is enough to know it by."""
    said = [str(entry["message"]), *_fields(entry), symptoms.problem.partition("\n")[0]]
    return ": ".join(each for each in said if each)
