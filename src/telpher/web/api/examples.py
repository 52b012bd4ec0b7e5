"""What answers look like, for the documentation; a test holds that each is of its model.

Nothing here is null: FastAPI would leave it out of the document.
"""

from __future__ import annotations

from typing import Any, Final

_AT: Final = "2026-01-31T12:00:00Z"
_ADDRESS: Final = "https://files.example.org"
_PLACE: Final = "-1001234567890/42"

NEXT: Final = "QdpfOUAAAAAAAAAAAAAABw"

FILE: Final[dict[str, Any]] = {
    "document_id": "5837029348572093485",
    "chat_id": -1001234567890,
    "message_id": 42,
    "name": "film.mp4",
    "size": 1_000_000,
    "plays": 12,
    "bytes_served": 11_000_000,
}

LINK: Final[dict[str, Any]] = {
    **FILE,
    "link_id": "1873029348572093481",
    "owner": 7,
    "kind": "video",
    "duration": 5400,
    "playlist": "",
    "created": _AT,
    "expires": "2026-03-02T12:00:00Z",
    "live": True,
    "last_play": _AT,
    "urls": {
        "stream": f"{_ADDRESS}/stream/{_PLACE}/film.mp4?k=AQAA",
        "download": f"{_ADDRESS}/download/{_PLACE}/film.mp4?k=AQAA",
        "watch": f"{_ADDRESS}/watch/{_PLACE}?k=AQAA",
        "thumbnail": f"{_ADDRESS}/thumbnail/{_PLACE}?k=AQAA",
    },
}

USER: Final[dict[str, Any]] = {
    "user_id": 7,
    "first_name": "Ada",
    "last_name": "",
    "username": "ada",
    "language_code": "en",
    "is_premium": False,
    "role": "user",
    "banned": False,
    "blocked_bot": False,
    "join_date": _AT,
    "first_seen": _AT,
    "last_seen": _AT,
    "total_streams": 12,
    "total_files": 3,
    "total_batch_requests": 1,
    "bytes_served": 11_000_000,
}

_WORK: Final = {
    "streams": 12,
    "files": 3,
    "bytes_served": 11_000_000,
    "batches": 1,
    "errors": 2,
    "average_response_ms": 84.5,
}
_PERIOD: Final = {**_WORK, "errors_by_key": {"busy": 2}}

STATS: Final[dict[str, Any]] = {
    "active_streams": 2,
    "unique_files": 3,
    "users": {
        "total": 20,
        "day": 3,
        "week": 9,
        "month": 15,
        "banned": 1,
        "blocked": 2,
        "reachable": 17,
    },
    "files_played": {"total": 3, "day": 1, "week": 2, "month": 3},
    "total": _WORK,
    "last_24_hours": _PERIOD,
    "last_7_days": _PERIOD,
    "last_30_days": _PERIOD,
}
