"""Logs: one pipe for telpher's own entries and those of the libraries below it.

    structlog logger ─┐                                  ┌─ redaction ─ JSON or console ─ standard
                      ├─ shared fields ─ diagnosis ─────┤                                error
    logging logger ───┘   (bound ones,    (WARNING and   └─ redaction ─ troubles, whatever the level
                           place, time)    above)                       that is written

Every entry has timestamp (UTC, ISO 8601), level, logger, message, module, function and line, and
exception when there is one (rule 45), besides what was bound to it: request_id, chat_id,
message_id, user_id, job. An error that is known has its diagnosis and remedy (rule 47). Secrets are
taken out of the finished entry, tracebacks included, so that no caller has to think of it (rule 2).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.processors import CallsiteParameter, CallsiteParameterAdder
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.noting import Diagnosing, Noting, Nowhere, forget_symptoms
from telpher.observe.redaction import REDACTED, Redaction
from telpher.observe.troubles import Troubles

__all__ = ["REDACTED", "Format", "Redaction", "set_level", "setup"]

Format = Literal["json", "console"]

_FIRST: Final = ("timestamp", "level", "logger", "message", "module", "function", "line")
_RENAMED: Final = {"event": "message", "func_name": "function", "lineno": "line"}
# uvicorn gives its messages a second time, with colours.
_DROPPED: Final = ("color_message",)

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

# What the two handlers of the pipe are known by among those of others.
_WRITER: Final = "telpher: writer"
_NOTER: Final = "telpher: noter"


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
    shared = _shared(Diagnosing(Catalogue.shipped()))
    redaction = Redaction(secrets)
    render = _console(colours=out.isatty()) if console else [_json]
    handlers = [_handler(_WRITER, out, shared, [forget_symptoms, _arrange, redaction, *render])]
    if troubles is not None:
        handlers.append(_handler(_NOTER, Nowhere(), shared, [Noting(troubles, redaction)]))
        handlers[-1].setLevel(logging.WARNING)
    root = logging.getLogger()
    for old in [each for each in root.handlers if each.name in (_WRITER, _NOTER)]:
        root.removeHandler(old)
    for handler in handlers:
        root.addHandler(handler)
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def set_level(level: str) -> None:
    """Has entries of `level` and above written from now on."""
    root = logging.getLogger()
    least = logging.getLevelNamesMapping()[level]
    for handler in root.handlers:
        if handler.name == _WRITER:
            handler.setLevel(least)
    # Troubles are noted even where nobody wants to read of them.
    noted = any(handler.name == _NOTER for handler in root.handlers)
    root.setLevel(min(least, logging.WARNING) if noted else least)
    # It writes down every command, with the data of users in it.
    logging.getLogger("pymongo").setLevel(max(least, logging.INFO))


def _handler(
    name: str, stream: TextIO | Nowhere, shared: list[Processor], processors: list[Processor]
) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.name = name
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared], processors=processors
        )
    )
    return handler


def _shared(diagnosing: Diagnosing) -> list[Processor]:
    """The fields that every entry has, whichever logger it comes from."""
    where = (CallsiteParameter.MODULE, CallsiteParameter.FUNC_NAME, CallsiteParameter.LINENO)
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        CallsiteParameterAdder(where),
        diagnosing,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _arrange(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> EventDict:
    """Names the fields as rule 45 does, and puts those that every entry has first."""
    named = {_RENAMED.get(key, key): each for key, each in entry.items() if key not in _DROPPED}
    return {key: named[key] for key in _FIRST if key in named} | named


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
