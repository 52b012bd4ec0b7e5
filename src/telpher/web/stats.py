"""/stats: what telpher has done, as JSON (rule 43).

    a stranger        totals, and the most played files under keys that tell nothing of them
    whoever may see   (web/privilege) all of it: whose key is which, errors by their keys, and the
    everything        series that charts are made of

The database is asked once in a while, not for each request (service/figures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telpher.core.records import FileRecord, Totals
from telpher.core.tally import HourSum
from telpher.service.figures import Figures, average_wait
from telpher.web.deps import Counted
from telpher.web.privilege import Privilege

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Authorization, Cookie",
}

Json = dict[str, Any]


class Stats:
    """The route."""

    def __init__(self, counted: Counted, streams: Callable[[], int], privilege: Privilege) -> None:
        self._figures = counted.figures
        self._keys = counted.keys
        self._streams = streams
        self._privilege = privilege

    def route(self) -> Route:
        return Route("/stats", self.stats)

    async def stats(self, request: Request) -> Response:
        """As much as who asks may see."""
        known = await self._figures.now()
        popular = [[self._keys.of(each.document_id), each.plays] for each in known.popular]
        told = _totals(known, self._streams()) | {"popular_files": popular}
        if await self._privilege.granted(request):
            told["details"] = self._details(known)
        return JSONResponse(told, headers=_HEADERS)

    def _details(self, known: Figures) -> Json:
        people = known.people
        return {
            "users": {
                "banned": people.banned,
                "blocked": people.blocked,
                "reachable": people.reachable,
            },
            "errors": {
                "last_24_hours": known.day.shown,
                "last_7_days": known.week.shown,
                "last_30_days": known.month.shown,
            },
            "files": [self._file(each) for each in known.popular],
            "hours": [{"at": _time(at), **_work(each)} for at, each in known.hours.items()],
            "activity": {
                span.value: [
                    {"at": _time(at), "users": each.users, "files": each.files}
                    for at, each in there.items()
                ]
                for span, there in known.activity.items()
            },
        }

    def _file(self, file: FileRecord) -> Json:
        return {
            "key": self._keys.of(file.document_id),
            "document_id": str(file.document_id),
            "chat_id": file.ref.chat_id,
            "message_id": file.ref.message_id,
            "name": file.name,
            "size": file.size,
            "plays": file.plays,
            "bytes_served": file.bytes_served,
        }


def _totals(known: Figures, active_streams: int) -> Json:
    total, people, files = known.total, known.people, known.files
    return {
        "total_streams": total.streams,
        "unique_files": total.unique_files,
        "total_bytes_served": total.bytes_served,
        "active_streams": active_streams,
        "total_links": total.files,
        "total_batches": total.batches,
        "total_errors": total.errors,
        "average_response_ms": _average(total),
        "users": _counts(people.total, people.day, people.week, people.month),
        "files_played": _counts(files.total, files.day, files.week, files.month),
        "last_24_hours": _work(known.day),
        "last_7_days": _work(known.week),
        "last_30_days": _work(known.month),
        "as_of": _time(known.at),
    }


def _counts(*counts: int) -> Mapping[str, int]:
    names: Iterable[str] = ("total", "day", "week", "month")
    return dict(zip(names, counts, strict=True))


def _work(work: HourSum) -> Json:
    return {
        "streams": work.streams,
        "links": work.files,
        "bytes_served": work.bytes_served,
        "batches": work.batches,
        "errors": work.errors,
        "average_response_ms": _average(work),
    }


def _average(work: HourSum | Totals) -> float | None:
    found = average_wait(work)
    return None if found is None else round(found, 1)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
