"""bots.*: the list of commands that clients show, by scope and language."""

from __future__ import annotations

import re
from typing import Any

from telethon.tl import functions

from tgfake.dispatch import Call
from tgfake.errors import RpcError

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_MOST = 100
_DESCRIPTION = 256  # https://core.telegram.org/bots/api#botcommand


async def set_bot_commands(call: Call) -> bool:
    """Replace the commands of one scope and language."""
    commands = call.request.commands
    if len(commands) > _MOST:
        raise RpcError(400, "BOT_COMMAND_INVALID")
    for command in commands:
        if not _COMMAND.fullmatch(command.command):
            raise RpcError(400, "BOT_COMMAND_INVALID")
        if not 0 < len(command.description) <= _DESCRIPTION:
            raise RpcError(400, "BOT_COMMAND_DESCRIPTION_INVALID")
    call.me.commands[_key(call)] = list(commands)
    return True


async def get_bot_commands(call: Call) -> list[Any]:
    """The commands of exactly this scope and language."""
    return call.me.commands.get(_key(call), [])


async def reset_bot_commands(call: Call) -> bool:
    """Forget the commands of one scope and language."""
    call.me.commands.pop(_key(call), None)
    return True


def _key(call: Call) -> tuple[bytes, str]:
    return bytes(call.request.scope), call.request.lang_code


HANDLERS = {
    functions.bots.SetBotCommandsRequest: set_bot_commands,
    functions.bots.GetBotCommandsRequest: get_bot_commands,
    functions.bots.ResetBotCommandsRequest: reset_bot_commands,
}
