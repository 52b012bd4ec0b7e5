"""Steps of the log pipe: an entry's diagnosis is added, and the entry noted among the troubles.

    Diagnosing   WARNING and above: what the error shows, looked up in the catalogue
    Noting       WARNING with an error or a diagnosis, ERROR and above: a sighting for `troubles`

Both run inside of the call that logs, in its thread. Nothing here logs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any, Final

from structlog.typing import EventDict

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.symptoms import Symptoms, symptoms_of
from telpher.observe.redaction import Redaction
from telpher.observe.troubles import LONGEST, Sighting, Troubles

_SYMPTOMS: Final = "_symptoms"
_ENTRY: Final = "_entry"

# Where trouble with the reporting of troubles comes from: to report it would make more of it.
_REPORTERS: Final = ("telpher.bot.reports", "telpher.jobs.alarms", "telpher.observe.")
_REPORTING_JOBS: Final = ("reports", "alarms")

# Fields that say where and when, which has no part in what is wrong.
_ABOUT: Final = frozenset(
    {
        *("timestamp", "level", "logger", "event", "message", "module", "func_name", "lineno"),
        *("exception", "exc_info", "stack", "stack_info", "diagnosis", "remedy", "color_message"),
        *("request_id", "chat_id", "message_id", "user_id", "job", "client", "path", "file"),
    }
)

# An entry's fields, each shortened: together with its message they are what it says.
_LONGEST_FIELD: Final = 500


class Nowhere:
    """A stream that is written to in vain: the work is done on the way."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""


class Diagnosing:
    """Adds `diagnosis` and `remedy` to entries about errors that are known."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> EventDict:
        if _severity(entry) < logging.WARNING:
            return entry
        error = _error_of(entry)
        symptoms = symptoms_of(error, _said(entry), str(entry.get("logger", "")))
        known = self._catalogue.find(symptoms)
        entry[_SYMPTOMS] = symptoms
        if known is not None:
            entry[_ENTRY] = known
            entry["diagnosis"] = known.key
            entry.setdefault("remedy", known.remedy)
        return entry


class Noting:
    """The last step of a pipe that leads into `troubles`."""

    def __init__(self, troubles: Troubles, redaction: Redaction) -> None:
        self._troubles = troubles
        self._redaction = redaction

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> str:
        symptoms: Symptoms = entry.get(_SYMPTOMS) or Symptoms()
        known = entry.get(_ENTRY)
        if _severity(entry) >= logging.ERROR or symptoms.kinds or known:
            where = str(entry.get("logger", ""))
            of_reporting = where.startswith(_REPORTERS) or entry.get("job") in _REPORTING_JOBS
            harmless = known is not None and known.harmless and _severity(entry) < logging.ERROR
            sighting = Sighting(
                summary=self._redaction.text(_summary(entry, symptoms))[:LONGEST],
                where=where,
                level=str(entry.get("level", "error")),
                at=entry["_record"].created,
                diagnosis=known,
                kind=symptoms.kind,
                stack=symptoms.stack,
                quiet=of_reporting or harmless,
            )
            self._troubles.note(sighting)
        return ""


def forget_symptoms(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Takes out what was for the pipe alone."""
    for name in (_SYMPTOMS, _ENTRY, "_record", "_from_structlog"):
        entry.pop(name, None)
    return entry


def _severity(entry: EventDict) -> int:
    name = str(entry.get("level", "")).upper()
    return logging.getLevelNamesMapping().get(name, logging.INFO)


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
    return "; ".join([str(entry.get("event", "")), *_fields(entry)])


def _fields(entry: EventDict) -> Iterator[str]:
    for name, value in entry.items():
        if name not in _ABOUT and isinstance(value, str) and not name.startswith("_"):
            yield value[:_LONGEST_FIELD]


def _summary(entry: EventDict, symptoms: Symptoms) -> str:
    """The message, and what is said of the error: its first line is enough to know it by."""
    said = [str(entry.get("event", "")), *_fields(entry), symptoms.problem.partition("\n")[0]]
    return ": ".join(each for each in said if each)
