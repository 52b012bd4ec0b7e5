"""Who holds a good link: the same for a file's bytes and for the pages about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import Request

from telpher.core.links import Claims
from telpher.core.model import FileInfo, MessageRef
from telpher.errors import MessageDeletedError, NotFoundError, TelegramUnavailableError
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web.deps import Engine, LinkChecker

# Ids as the bot writes them: one spelling each, so that a file has one address.
_ID: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_INT64: Final = range(-(1 << 63), 1 << 63)


def parse_ref(path: str) -> MessageRef | None:
    """`chat_id/message_id` with whatever follows; None when these are not two 64-bit numbers."""
    chat, _, rest = path.partition("/")
    message = rest.partition("/")[0]
    if not _ID.fullmatch(chat) or not _ID.fullmatch(message):
        return None
    ref = MessageRef(int(chat), int(message))
    return ref if ref.chat_id in _INT64 and ref.message_id in _INT64 else None


def key_of(request: Request) -> str | None:
    """The link's signature; None where there is none, and nothing that could be right where there
    are several."""
    keys = request.query_params.getlist("k")
    if not keys:
        return None
    return keys[0] if len(keys) == 1 else ""


class Admittance:
    """Checks the links of requests."""

    def __init__(self, links: LinkChecker, status: Callable[[], AccountStatus]) -> None:
        self._links = links
        self._status = status

    def claims(self, request: Request, prefix: str) -> Claims:
        """What a rightly signed link below `prefix` says.

        Raises NotFoundError or GoneError; while the bot is not connected, TelegramUnavailableError
        in place of every 404, so that it tells as little (rules 4 and 42).
        """
        ref = parse_ref(request.scope["path"].removeprefix(prefix))
        try:
            if ref is None:
                raise NotFoundError("not the path of a message")
            claims = self._links.check(ref, key_of(request))
        except NotFoundError:
            if self._status().state is not AccountState.CONNECTED:
                raise TelegramUnavailableError("not connected") from None
            raise
        # Whose file it is stands under every entry of this request; once it is known to be one.
        about = {"chat_id": ref.chat_id, "message_id": ref.message_id, "link_id": claims.link_id}
        structlog.contextvars.bind_contextvars(**about)
        request.scope.setdefault("state", {})["about"] = about
        return claims


async def file_of(claims: Claims, engine: Engine) -> FileInfo:
    """What is known of the file that a good link names.

    Raises MessageDeletedError when there is none: as the link was signed there was one, and who
    holds it may know (rule 6); of an unsigned one that is not known: NotFoundError. TelegramError
    in trouble.
    """
    try:
        return await engine.locate(claims.ref)
    except NotFoundError as error:
        if not claims.signed:
            raise
        raise MessageDeletedError(str(error)) from error
