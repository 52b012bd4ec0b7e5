"""Links that are not revoked.

GET  /dashboard/links              newest first; ?q= a link as people have it, or its id
POST /dashboard/links/ID/revoke    ends one for good
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response

from telpher.core.records import LinkRecord
from telpher.core.sign_in import Session
from telpher.errors import GoneError, NotFoundError
from telpher.storage.base import PageKey
from telpher.web.admittance import parse_ref
from telpher.web.dashboard import cursors
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.lists import ON_A_PAGE, Listed, listed
from telpher.web.dashboard.sheets import Sheets

_LARGEST: Final = (1 << 63) - 1

# Characters: a link with the longest file name there is, all of it escaped, has about 3,000.
_LONGEST: Final = 4096

_ROUTES: Final = ("stream", "download", "watch", "thumbnail")

_NOT_OURS: Final = "That is no link of this server: its signature is not right."
_DEAD: Final = "That link is dead already: it has expired, was revoked, or its owner is banned."
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_UNKNOWN: Final = "No link of that id is known, or it was revoked."


class LinkPages:
    """See the module."""

    def __init__(self, deps: DashboardDeps, sheets: Sheets) -> None:
        self._deps = deps
        self._sheets = sheets

    async def show(self, request: Request, session: Session) -> Response:
        """The list, or the one that was looked for."""
        query = request.query_params.get("q", "").strip()[:_LONGEST]
        before = cursors.page_key(request.query_params.get("after"))
        trouble = ""
        if query:
            rows, trouble = await self._found(query)
            found = Listed(rows, "", first=True)
        else:
            page = await self._deps.database.links.page(ON_A_PAGE + 1, before)
            found = listed(page, lambda link: PageKey(link.created, link.link_id), before is None)
        values = {
            "here": "links",
            "query": query,
            "list": found,
            "trouble": trouble,
            "lives": self._deps.links.lives,
        }
        return self._sheets.answer(request, session, "dashboard/links.html", values)

    async def revoke(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        """Ends one, whoever made it."""
        link_id = link_id_in(request.path_params["link_id"])
        known = bool(link_id) and await self._deps.revocations.revoke(
            link_id, session.user_id, is_admin=True
        )
        if known:
            _log.info("a link was revoked", link=link_id, by=session.user_id)
        return self._sheets.after(request, form, "revoked" if known else "no_link")

    async def _found(self, query: str) -> tuple[Sequence[LinkRecord], str]:
        """The link that `query` names, or why there is none."""
        link_id = link_id_in(query)
        if not link_id:
            try:
                link_id = self._id_of(query)
            except GoneError:
                return (), _DEAD
            except NotFoundError:
                return (), _NOT_OURS
        record = await self._deps.database.links.get(link_id)
        if record is None or record.revoked:
            return (), _UNKNOWN
        return (record,), ""

    def _id_of(self, address: str) -> int:
        """The id of a link as people have it. Raises NotFoundError, GoneError."""
        try:
            parts = urlsplit(address)
        except ValueError:
            raise NotFoundError("no address") from None
        for route in _ROUTES:
            _, found, rest = parts.path.partition(f"/{route}/")
            ref = parse_ref(rest) if found else None
            keys = parse_qs(parts.query).get("k", [])
            if ref is not None and len(keys) == 1:
                return self._deps.links.check(ref, keys[0]).link_id
        raise NotFoundError("no link")


def link_id_in(text: str) -> int:
    """A link's id; 0, which none has, for anything else."""
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST))
    return int(text) if digits and int(text) <= _LARGEST else 0
