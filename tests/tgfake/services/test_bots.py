from typing import Any

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage

EVERYWHERE = types.BotCommandScopeDefault()
PRIVATE = types.BotCommandScopeUsers()


def commands(*pairs: tuple[str, str]) -> list[Any]:
    return [types.BotCommand(name, text) for name, text in pairs]


async def test_commands_are_kept_by_scope_and_language(stage: Stage) -> None:
    set_, get = functions.bots.SetBotCommandsRequest, functions.bots.GetBotCommandsRequest
    assert await stage.call(set_(EVERYWHERE, "", commands(("start", "Begin")))) is True
    await stage.call(set_(PRIVATE, "de", commands(("start", "Anfangen"), ("help", "Hilfe"))))
    assert [c.command for c in await stage.call(get(EVERYWHERE, ""))] == ["start"]
    assert [c.description for c in await stage.call(get(PRIVATE, "de"))] == ["Anfangen", "Hilfe"]
    assert await stage.call(get(PRIVATE, "")) == []
    assert await stage.call(get(EVERYWHERE, ""), stage.other_bot) == []
    reset = functions.bots.ResetBotCommandsRequest(PRIVATE, "de")
    assert await stage.call(reset) is True
    assert await stage.call(get(PRIVATE, "de")) == []


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([("Start", "x")], "BOT_COMMAND_INVALID"),
        ([("a" * 33, "x")], "BOT_COMMAND_INVALID"),
        ([("", "x")], "BOT_COMMAND_INVALID"),
        ([("a", "x")] * 101, "BOT_COMMAND_INVALID"),
        ([("a", "")], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([("a", "x" * 257)], "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_commands_that_are_refused(
    stage: Stage, pairs: list[tuple[str, str]], error: str
) -> None:
    request = functions.bots.SetBotCommandsRequest(EVERYWHERE, "", commands(*pairs))
    await stage.fails(error, request)
