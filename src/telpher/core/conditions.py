"""Conditional requests, RFC 9110 section 13: whether a GET or HEAD goes on.

The order is section 13.2.2's, and it matters because a later header is void beside an earlier one:

    If-Match             fails: 412     (present: If-Unmodified-Since is not read)
    If-Unmodified-Since  fails: 412
    If-None-Match        fails: 304     (present: If-Modified-Since is not read)
    If-Modified-Since    fails: 304
    If-Range             only then, and only with Range: `core.ranges.if_range`

A date that is no HTTP-date is as if it were not there, and so is any date for a file that has none
itself (sections 13.1.3 and 13.1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from telpher.core import httpdate
from telpher.core.etag import listed


class Decision(Enum):
    """What the conditions say."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    PRECONDITION_FAILED = "precondition failed"


def decide(headers: Mapping[str, str], etag: str, last_modified: int | None) -> Decision:
    """Decides for a GET or HEAD of the file with this tag and this date (Unix seconds, or None).

    `headers` is asked with lower-case names; a field sent more than once is joined with ", ".
    """
    if not _unchanged(headers, etag, last_modified):
        return Decision.PRECONDITION_FAILED
    if not _changed(headers, etag, last_modified):
        return Decision.NOT_MODIFIED
    return Decision.PROCEED


def _unchanged(headers: Mapping[str, str], etag: str, last_modified: int | None) -> bool:
    """If-Match, else If-Unmodified-Since."""
    tags = headers.get("if-match")
    if tags is not None:
        return listed(tags, etag, weak=False)
    since = _date(headers, "if-unmodified-since")
    return since is None or last_modified is None or last_modified <= since


def _changed(headers: Mapping[str, str], etag: str, last_modified: int | None) -> bool:
    """If-None-Match, else If-Modified-Since."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return not listed(tags, etag, weak=True)
    since = _date(headers, "if-modified-since")
    return since is None or last_modified is None or last_modified > since


def _date(headers: Mapping[str, str], name: str) -> int | None:
    return httpdate.read(headers.get(name, "").strip(" \t"))
