"""users.*: who somebody is."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.services.peers import user_named


async def get_users(call: Call) -> list[Any]:
    """The users that are known to the account; the others are left out."""
    found = []
    for named in call.request.id:
        try:
            account = user_named(call, named)
        except RpcError:
            continue
        found.append(call.world.view.user(account, call.me))
    return found


async def get_full_user(call: Call) -> Any:
    """One user at length; there is little to tell beyond `users.getUsers`."""
    account = user_named(call, call.request.id)
    full = types.UserFull(
        account.user_id,
        types.PeerSettings(),
        types.PeerNotifySettings(),
        common_chats_count=0,
        bot_info=types.BotInfo(user_id=account.user_id) if account.is_bot else None,
    )
    return types.users.UserFull(full, [], [call.world.view.user(account, call.me)])


HANDLERS = {
    functions.users.GetUsersRequest: get_users,
    functions.users.GetFullUserRequest: get_full_user,
}
