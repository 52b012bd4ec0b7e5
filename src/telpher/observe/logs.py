"""Logs: one pipe for telpher's own entries and those of the libraries below it.

    structlog logger ─┐
                      ├─ shared fields ─ redaction ─ JSON or console ─ standard error
    logging logger ───┘

Every entry has timestamp (UTC, ISO 8601), level, logger, message, module, function and line, and
exception when there is one (rule 45), besides what was bound to it (request_id). Secrets are taken
out of the finished entry, tracebacks included, so that no caller has to think of it (rule 2).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO
from urllib.parse import quote

import orjson
import structlog
from structlog.processors import CallsiteParameter, CallsiteParameterAdder
from structlog.typing import EventDict, Processor

Format = Literal["json", "console"]

REDACTED = "[redacted]"

# What is secret whoever wrote it: bot tokens, links' signatures, passwords in URLs.
_PATTERNS = (
    (re.compile(r"\d+:[A-Za-z0-9_-]{30,}"), REDACTED),
    (re.compile(r"([?&]k=)[^&\s\"'<>#\\]+"), rf"\1{REDACTED}"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), rf"\1{REDACTED}@"),
)
# Shorter values would be found inside innocent words.
_SHORTEST_SECRET = 6

_FIRST = ("timestamp", "level", "logger", "message", "module", "function", "line")
_RENAMED = {"event": "message", "func_name": "function", "lineno": "line"}
# uvicorn gives its messages a second time, with colours.
_DROPPED = ("color_message",)

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_INT64 = range(-(2**63), 2**63)


def setup(
    level: str = "INFO",
    log_format: Format | None = None,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Sends all entries of `level` and above to `stream` (standard error when None).

    Without a format it is console on a terminal, else JSON. `secrets` are values that must not be
    written. May be called again; the last call counts.
    """
    out = sys.stderr if stream is None else stream
    console = log_format == "console" or (log_format is None and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _arrange,
                Redaction(secrets),
                *(_console(colours=out.isatty()) if console else [_json]),
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if _is_ours(each)]:
        root.removeHandler(old)
    root.addHandler(handler)
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def set_level(level: str) -> None:
    """Has entries of `level` and above written from now on."""
    root = logging.getLogger()
    root.setLevel(level)
    # It writes down every command, with the data of users in it.
    logging.getLogger("pymongo").setLevel(max(root.level, logging.INFO))


class Redaction:
    """A processor that takes secrets out of every text of an entry, however deep.

    Afterwards the entry holds nothing but texts, numbers, truth values, None, lists and mappings,
    which every renderer can write.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long_enough = {each for each in secrets if len(each) >= _SHORTEST_SECRET}
        spellings = long_enough | {quote(each, safe="") for each in long_enough}
        # Longest first: one secret may begin with another.
        ordered = sorted(spellings, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> EventDict:
        return {str(key): self._plain(value) for key, value in entry.items()}

    def text(self, text: str) -> str:
        """The text without secrets, and without what UTF-8 cannot say (lone surrogates)."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        if self._values is not None:
            clean = self._values.sub(REDACTED, clean)
        for pattern, replacement in _PATTERNS:
            clean = pattern.sub(replacement, clean)
        return clean

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if value in _INT64 else str(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(each) for each in value]
        return self.text(value if isinstance(value, str) else repr(value))


def _shared() -> list[Processor]:
    """The fields that every entry has, whichever logger it comes from."""
    where = (CallsiteParameter.MODULE, CallsiteParameter.FUNC_NAME, CallsiteParameter.LINENO)
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        CallsiteParameterAdder(where),
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


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
