"""What a record of the log becomes: an entry, whoever logged it, and a line of it.

structlog hands its fields over as a record's message, so that entries of telpher and of the
libraries below are put together here, in one place and once: a busy server writes an entry for
each request, and whatever it costs is paid a thousand times for each GiB that a restless player
takes.

    place, time   as the record has them: logging looked for the caller already
    fields        what was said, over what was bound to the context
    WARNING +     `noting`: diagnosis and remedy are added, and the trouble noted
    text          exceptions as text, secrets out, rendered
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog
from structlog.processors import StackInfoRenderer, format_exc_info
from structlog.stdlib import ExtraAdder
from structlog.typing import EventDict, Processor

from telpher.observe.noting import Noting

# uvicorn gives its messages a second time, with colours.
_DROPPED: Final = ("color_message",)

_extras = ExtraAdder()
_stack = StackInfoRenderer()


class Pipe(logging.StreamHandler[TextIO]):
    """Writes entries of `least` (a level) and above to `stream`, and has `noting` told of all from
    WARNING up. `render` makes an entry the text of a line."""

    terminator = ""

    def __init__(self, stream: TextIO, noting: Noting, *render: Processor) -> None:
        super().__init__(stream)
        self.noting = noting
        self.least = logging.NOTSET
        self._render: tuple[Callable[..., Any], ...] = (_stack, format_exc_info, *render)

    def format(self, record: logging.LogRecord) -> str:
        """The line; empty for what is noted alone."""
        entry = _entry(record)
        if record.levelno >= logging.WARNING:
            self.noting(entry, record.created)
        if record.levelno < self.least:
            return ""
        text: Any = entry
        for step in self._render:
            text = step(None, entry["level"], text)
        return f"{text}\n"


class Fields(dict[str, Any]):
    """structlog's: a library may well log a mapping of its own, which is a message like others."""


def hand_over(_logger: Any, _method: str, entry: EventDict) -> tuple[tuple[Fields], EventDict]:
    """The last step in structlog: what logging is called with."""
    return (Fields(entry),), {}


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    """All fields that rule 45 asks for, first and in its order, and the others; nobody's own field
    takes the place of one of them."""
    fields = _fields(record)
    first = {
        "timestamp": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": fields.pop("event", ""),
        "module": record.module,
        "function": record.funcName,
        "line": record.lineno,
    }
    return first | structlog.contextvars.get_contextvars() | fields | first


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    if isinstance(record.msg, Fields):
        return record.msg.copy()
    said: EventDict = {"event": record.getMessage(), "_record": record}
    fields = dict(_extras(logging.getLogger(record.name), "", said))
    del fields["_record"]
    if record.exc_info:
        fields["exc_info"] = record.exc_info
    if record.stack_info:
        fields["stack"] = record.stack_info
    return {name: value for name, value in fields.items() if name not in _DROPPED}
