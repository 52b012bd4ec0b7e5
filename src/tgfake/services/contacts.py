"""contacts.*: public names."""

from __future__ import annotations

import re
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError

_NAME = re.compile(r"[A-Za-z]\w{3,31}", re.ASCII)


async def resolve_username(call: Call) -> Any:
    """Who has a public name; raises USERNAME_INVALID, USERNAME_NOT_OCCUPIED."""
    name = call.request.username
    if not _NAME.fullmatch(name.removeprefix("@")):
        raise RpcError(400, "USERNAME_INVALID")
    found = call.world.directory.by_name(name)
    if found is None:
        raise RpcError(400, "USERNAME_NOT_OCCUPIED")
    users, chats = call.world.view.people([], call.me, [found.peer])
    return types.contacts.ResolvedPeer(found.peer.tl(), chats, users)


HANDLERS = {functions.contacts.ResolveUsernameRequest: resolve_username}
