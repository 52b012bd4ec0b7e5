"""Files, by what was played most or came last.

GET /dashboard/files       ?order=newest or most_played; ?q= by any part of the name
GET /dashboard/files/ID    one of them, and its links that are not revoked
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from telpher.core.sign_in import Session
from telpher.errors import NotFoundError
from telpher.storage.base import FileOrder, PageKey
from telpher.web.dashboard import cursors
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.lists import ON_A_PAGE, listed, query_of
from telpher.web.dashboard.sheets import Sheets

_ORDERS: Final = ((FileOrder.MOST_PLAYED, "Most played"), (FileOrder.NEWEST, "Newest"))

# Document ids are 64 bits with a sign.
_MOST_DIGITS: Final = 19


class FilePages:
    """See the module."""

    def __init__(self, deps: DashboardDeps, sheets: Sheets) -> None:
        self._deps = deps
        self._sheets = sheets

    async def show(self, request: Request, session: Session) -> Response:
        """The list."""
        asked = request.query_params.get("order")
        order = FileOrder.NEWEST if asked == FileOrder.NEWEST else FileOrder.MOST_PLAYED
        before = cursors.page_key(request.query_params.get("after"))
        query = query_of(request)
        rows = await self._deps.database.files.page(order, ON_A_PAGE + 1, before, query)
        values = {
            "here": "files",
            "query": query,
            "order": order,
            "orders": _ORDERS,
            "list": listed(rows, order.key, before is None),
        }
        return self._sheets.answer(request, session, "dashboard/files.html", values)

    async def one(self, request: Request, session: Session) -> Response:
        """One of them."""
        document_id = _id_in(request.path_params["document_id"])
        file = await self._deps.database.files.get(document_id)
        if file is None:
            raise NotFoundError("no such file")
        before = cursors.page_key(request.query_params.get("after"))
        rows = await self._deps.database.links.of_file(document_id, ON_A_PAGE + 1, before)
        values = {
            "here": "files",
            "file": file,
            "list": listed(rows, lambda link: PageKey(link.created, link.link_id), before is None),
            "lives": self._deps.links.lives,
        }
        return self._sheets.answer(request, session, "dashboard/file.html", values)


def _id_in(text: str) -> int:
    """A document's id; 0, which none has, for anything else."""
    digits = text.removeprefix("-")
    fits = digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS
    return int(text) if fits else 0
