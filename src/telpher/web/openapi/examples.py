"""What longer answers look like, for the documentation; tests compare them with real ones."""

from __future__ import annotations

from typing import Any, Final

_AT: Final = "2026-01-31T12:00:00+00:00"
_COUNTS: Final = {"total": 20, "day": 3, "week": 9, "month": 15}
_WORK: Final = {
    "streams": 12,
    "links": 3,
    "bytes_served": 11_000_000,
    "batches": 1,
    "errors": 2,
    "average_response_ms": 84.5,
}
_KEY: Final = "m3hPUhUC0gVvTq1u"

STATS: Final[dict[str, Any]] = {
    "total_streams": 12,
    "unique_files": 3,
    "total_bytes_served": 11_000_000,
    "active_streams": 2,
    "popular_files": [[_KEY, 7]],
    "total_links": 3,
    "total_batches": 1,
    "total_errors": 2,
    "average_response_ms": 84.5,
    "users": _COUNTS,
    "files_played": _COUNTS,
    "last_24_hours": _WORK,
    "last_7_days": _WORK,
    "last_30_days": _WORK,
    "as_of": _AT,
    "details": {
        "users": {"banned": 1, "blocked": 2, "reachable": 17},
        "errors": {
            "last_24_hours": {"busy": 2},
            "last_7_days": {"busy": 2},
            "last_30_days": {"busy": 2},
        },
        "files": [
            {
                "key": _KEY,
                "document_id": "5837029348572093485",
                "chat_id": -1001234567890,
                "message_id": 42,
                "name": "film.mp4",
                "size": 1_000_000,
                "plays": 7,
                "bytes_served": 6_000_000,
            }
        ],
        "hours": [{"at": _AT, **_WORK}],
        "activity": {
            span: [{"at": _AT, "users": 3, "files": 2}] for span in ("hour", "day", "week", "month")
        },
    },
}
