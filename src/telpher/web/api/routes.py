"""The operations of /api. Each is its description, and a few lines that ask a service."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from telpher.core.model import MessageRef
from telpher.core.records import LinkRecord
from telpher.core.tokens import Scope
from telpher.service.bans import Outcome
from telpher.storage.base import PageKey
from telpher.web.api import models, paging, shown
from telpher.web.api.deps import ApiDeps
from telpher.web.api.guard import guarded, needs
from telpher.web.api.models import LinkId, UserId
from telpher.web.deps import WebDeps
from telpher.web.errors import HttpError
from telpher.web.openapi.failures import failures

PREFIX: Final = "/api"

# What any operation may be answered with: the guard's refusals, the rate limit, the database's.
_ANY: Final = (400, 401, 403, 413, 422, 429, 503)

_LARGEST_LINK: Final = (1 << 63) - 1

# What is done here was done by a token, which the log names; not by a Telegram user.
_NOBODY: Final = 0


class Api:
    """The routes."""

    def __init__(self, deps: WebDeps, api: ApiDeps) -> None:
        self._engine = deps.engine
        self._api = api
        self._database = api.database

    def router(self) -> APIRouter:
        """All of them, on one screen."""
        router = APIRouter(prefix=PREFIX, route_class=guarded(self._api.tokens))

        def add(method: str, path: str, scope: Scope, endpoint: Any, **more: Any) -> None:
            statuses = (*_ANY, *more.pop("also", ()))
            router.add_api_route(
                path,
                endpoint,
                methods=[method],
                operation_id=endpoint.__name__,
                summary=endpoint.__doc__.partition("\n")[0],
                description=endpoint.__doc__,
                tags=[path.split("/")[1]],
                responses=failures(*statuses),
                openapi_extra=needs(scope),
                **more,
            )

        add("GET", "/files", Scope.FILES_READ, self.list_files, also=[404])
        add("GET", "/links", Scope.LINKS_READ, self.list_links)
        add(
            *("POST", "/links", Scope.LINKS_WRITE, self.make_link),
            status_code=HTTPStatus.CREATED,
            also=[404, 410, 415, 502],
        )
        add(
            *("DELETE", "/links", Scope.LINKS_WRITE, self.revoke_all_links),
            status_code=HTTPStatus.NO_CONTENT,
        )
        add("GET", "/links/{link_id}", Scope.LINKS_READ, self.get_link, also=[404])
        add(
            *("DELETE", "/links/{link_id}", Scope.LINKS_WRITE, self.revoke_link),
            status_code=HTTPStatus.NO_CONTENT,
            also=[404],
        )
        add("GET", "/users", Scope.USERS_READ, self.list_users)
        add("GET", "/users/{user_id}", Scope.USERS_READ, self.get_user, also=[404])
        add("POST", "/users/{user_id}/ban", Scope.USERS_WRITE, self.ban_user, also=[409])
        add("POST", "/users/{user_id}/unban", Scope.USERS_WRITE, self.unban_user, also=[404])
        add("GET", "/stats", Scope.STATS_READ, self.get_stats)
        return router

    async def list_files(self, asked: Annotated[models.FilesAsked, Query()]) -> models.Files:
        """The most played files, or the file of one link."""
        if asked.link is not None:
            return models.Files(files=[shown.file(await self._link(asked.link))])
        found = await self._database.ledger.popular(asked.limit)
        return models.Files(files=[shown.file(each) for each in found])

    async def list_links(self, asked: Annotated[models.LinksAsked, Query()]) -> models.Links:
        """The links of one user that are not revoked, newest first."""
        rows = await self._database.links.of_owner(asked.owner, asked.limit, _before(asked))
        keys = [PageKey(each.created, each.link_id) for each in rows]
        links = [shown.link(each, self._api.links) for each in rows]
        return models.Links(links=links, next=_next(keys, asked))

    async def make_link(self, wanted: models.LinkWanted, response: Response) -> models.Link:
        """Makes a link to the file of a message that the bot can see.

        Each call makes another link. It can be listed and looked up about a second later, and plays
        at once.
        """
        ref = MessageRef(wanted.chat_id, wanted.message_id)
        info = await self._engine.locate(ref)
        made = await self._api.links.issue(ref, info, wanted.owner)
        self._api.link_made(ref)
        response.headers["Location"] = f"links/{made.record.link_id}"
        return shown.link(made.record, self._api.links)

    async def get_link(self, link_id: Annotated[LinkId, Path()]) -> models.Link:
        """One link, unless it was revoked."""
        return shown.link(await self._link(link_id), self._api.links)

    async def revoke_link(self, link_id: Annotated[LinkId, Path()]) -> None:
        """Ends a link for good. What is playing goes on to the end of its range."""
        number = int(link_id)
        known = number <= _LARGEST_LINK and await self._api.revocations.revoke(
            number, _NOBODY, is_admin=True
        )
        if not known:
            raise HttpError(HTTPStatus.NOT_FOUND, "unknown_link")

    async def revoke_all_links(self, _asked: Annotated[models.AllLinks, Query()]) -> None:
        """Ends every link that was ever made, for good. New ones are good."""
        await self._api.revocations.revoke_all()

    async def list_users(self, asked: Annotated[models.Page, Query()]) -> models.Users:
        """Everybody who has talked to the bot, newest first."""
        rows = await self._database.users.page(asked.limit, _before(asked))
        keys = [PageKey(each.join_date, each.person.user_id) for each in rows]
        return models.Users(users=[shown.user(each) for each in rows], next=_next(keys, asked))

    async def get_user(self, user_id: Annotated[UserId, Path()]) -> models.User:
        """Somebody, by the id that Telegram gave them."""
        found = await self._database.users.get(user_id)
        if found is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "unknown_user")
        return shown.user(found)

    async def ban_user(self, user_id: Annotated[UserId, Path()]) -> models.User:
        """Bans somebody: all their links are dead at once. They need not have been seen before."""
        return await self._set_banned(user_id, True)

    async def unban_user(self, user_id: Annotated[UserId, Path()]) -> models.User:
        """Pardons somebody: their links live again, but for those that were revoked."""
        return await self._set_banned(user_id, False)

    async def get_stats(self) -> models.Stats:
        """The server in figures: people, plays, files."""
        known = await self._api.figures.now(max_age=0)
        return models.Stats(
            active_streams=self._engine.stats().active_streams,
            unique_files=known.total.unique_files,
            users=models.UserFigures.model_validate(known.people, from_attributes=True),
            files_played=models.FileFigures.model_validate(known.files, from_attributes=True),
            total=shown.work(known.total),
            last_24_hours=shown.period(known.day),
            last_7_days=shown.period(known.week),
            last_30_days=shown.period(known.month),
        )

    async def _link(self, link_id: str) -> LinkRecord:
        found = await self._database.links.get(int(link_id))
        if found is None or found.revoked:
            raise HttpError(HTTPStatus.NOT_FOUND, "unknown_link")
        return found

    async def _set_banned(self, user_id: int, banned: bool) -> models.User:
        if await self._api.bans.set_banned(user_id, banned, _NOBODY) is Outcome.ADMIN:
            raise HttpError(HTTPStatus.CONFLICT, "is_admin")
        return await self.get_user(user_id)


def _before(asked: models.Page) -> PageKey | None:
    return paging.read(asked.cursor) if asked.cursor else None


def _next(keys: list[PageKey], asked: models.Page) -> str | None:
    """A page that is not full is the last one."""
    return paging.write(keys[-1]) if len(keys) == asked.limit else None
