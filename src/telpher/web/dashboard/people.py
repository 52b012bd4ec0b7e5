"""Users: all of them, some of them by name, and one with what they made.

GET  /dashboard/users               newest first; ?q= by id, @name or the beginning of a name
GET  /dashboard/users/ID            one of them, and the links of theirs that are not revoked
POST /dashboard/users/ID/ban        all their links are dead at once
POST /dashboard/users/ID/unban
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from telpher.core.records import User
from telpher.core.sign_in import Session
from telpher.errors import NotFoundError
from telpher.service.bans import Outcome
from telpher.service.people import user_id_in
from telpher.storage.base import PageKey
from telpher.web.dashboard import cursors
from telpher.web.dashboard.deps import DashboardDeps
from telpher.web.dashboard.lists import ON_A_PAGE, Listed, listed, query_of
from telpher.web.dashboard.sheets import Sheets


class PeoplePages:
    """See the module."""

    def __init__(self, deps: DashboardDeps, sheets: Sheets) -> None:
        self._deps = deps
        self._sheets = sheets
        self._access = deps.access
        self._users = deps.database.users

    async def show(self, request: Request, session: Session) -> Response:
        """The list."""
        query = query_of(request)
        found = await (self._found(request, query) if query else self._all(request))
        values = {"here": "users", "query": query, "list": found, "is_admin": self._access.is_admin}
        return self._sheets.answer(request, session, "dashboard/users.html", values)

    async def one(self, request: Request, session: Session) -> Response:
        """One of them."""
        user = await self._user(request)
        user_id = user.person.user_id
        before = cursors.page_key(request.query_params.get("after"))
        rows = await self._deps.database.links.of_owner(user_id, ON_A_PAGE + 1, before)
        values = {
            "here": "users",
            "user": user,
            "is_admin": self._access.is_admin(user_id),
            "list": listed(rows, lambda link: PageKey(link.created, link.link_id), before is None),
            "lives": self._deps.links.lives,
        }
        return self._sheets.answer(request, session, "dashboard/user.html", values)

    async def ban(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        """Bans one."""
        return await self._set_banned(request, session, form, banned=True)

    async def unban(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        """Pardons one."""
        return await self._set_banned(request, session, form, banned=False)

    async def _set_banned(
        self, request: Request, session: Session, form: Mapping[str, str], *, banned: bool
    ) -> Response:
        user_id = (await self._user(request)).person.user_id
        outcome = await self._deps.bans.set_banned(user_id, banned, session.user_id)
        done = "is_admin" if outcome is Outcome.ADMIN else "banned" if banned else "unbanned"
        return self._sheets.after(request, form, done)

    async def _user(self, request: Request) -> User:
        """Who is named by the address. Raises NotFoundError."""
        user_id = user_id_in(request.path_params["user_id"])
        user = None if user_id is None else await self._users.get(user_id)
        if user is None:
            raise NotFoundError("no such user")
        return user

    async def _all(self, request: Request) -> Listed[User]:
        before = cursors.page_key(request.query_params.get("after"))
        rows = await self._users.page(ON_A_PAGE + 1, before)
        return listed(rows, lambda user: PageKey(user.join_date, user.person.user_id), not before)

    async def _found(self, request: Request, query: str) -> Listed[User]:
        after = cursors.search_key(request.query_params.get("after"))
        found = await self._users.search(query, ON_A_PAGE, after)
        return Listed(found.users, cursors.written(found.next), after is None)
