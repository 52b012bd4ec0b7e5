"""Logs: one pipe for telpher's own entries and those of the libraries below it.

    structlog logger ─┐                              ┌─ redaction ─ JSON or console ─ standard
                      ├─ logging ─ entry ─ noting ───┤                                error
    logging logger ───┘            (`pipe`)          └─ troubles, whatever the level that is
                                                        written

Every entry has timestamp (UTC, ISO 8601), level, logger, message, module, function and line, and
exception when there is one (rule 45), besides what was bound to it: request_id, chat_id,
message_id, user_id, job. An error that is known has its diagnosis and remedy (rule 47). Secrets are
taken out of the finished entry, tracebacks included, so that no caller has to think of it (rule 2).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.noting import Noting
from telpher.observe.pipe import Pipe, hand_over
from telpher.observe.redaction import REDACTED, Redaction
from telpher.observe.troubles import Troubles

__all__ = ["REDACTED", "Format", "Redaction", "set_level", "setup"]

Format = Literal["json", "console"]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def setup(
    level: str = "INFO",
    log_format: Format | None = None,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    troubles: Troubles | None = None,
) -> None:
    """Sends all entries of `level` and above to `stream` (standard error when None).

    Without a format it is console on a terminal, else JSON. `secrets` are values that must not be
    written. `troubles` is told of what goes wrong, whatever the level. May be called again; the
    last call counts.
    """
    out = sys.stderr if stream is None else stream
    console = log_format == "console" or (log_format is None and out.isatty())
    redaction = Redaction(secrets)
    noting = Noting(Catalogue.shipped(), redaction, troubles)
    render = _console(colours=out.isatty()) if console else [_json]
    root = logging.getLogger()
    for old in _pipes():
        root.removeHandler(old)
    root.addHandler(Pipe(out, noting, redaction, *render))
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            hand_over,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def set_level(level: str) -> None:
    """Has entries of `level` and above written from now on."""
    least = logging.getLevelNamesMapping()[level]
    noted = False
    for pipe in _pipes():
        pipe.least = least
        noted = pipe.noting.troubles is not None
    # Troubles are noted even where nobody wants to read of them.
    logging.getLogger().setLevel(min(least, logging.WARNING) if noted else least)
    # It writes down every command, with the data of users in it.
    logging.getLogger("pymongo").setLevel(max(least, logging.INFO))


def _pipes() -> list[Pipe]:
    """Those among the handlers of others."""
    return [each for each in logging.getLogger().handlers if isinstance(each, Pipe)]


def _json(_logger: Any, _method: str, entry: EventDict) -> str:
    return orjson.dumps(entry).decode()


def _console(*, colours: bool) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colours,
        event_key="message",
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [_one_line, renderer]


def _one_line(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Makes control characters visible: a file's name must not write lines or colours of its own.

    JSON needs no such care, and tracebacks keep their lines.
    """
    return {
        key: _CONTROL.sub(lambda found: ascii(found[0])[1:-1], value)
        if isinstance(value, str) and key not in ("exception", "stack")
        else value
        for key, value in entry.items()
    }
