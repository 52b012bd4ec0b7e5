import asyncio
from typing import Any

import pytest
from telethon.tl import functions, types

from tests.tgfake.stage import Stage
from tgfake.person import Answer, Seen

SECONDS = 30


async def menu(stage: Stage) -> Seen:
    """A message of the bot with a button in Ann's chat."""
    await stage.met()
    button = types.KeyboardInlineButton("Help", types.InlineButtonTypeCallback(b"help"))
    rows = types.ReplyInlineMarkup([types.KeyboardInlineButtonRow([button])])
    peer = stage.peer(stage.ann)
    await stage.call(
        functions.messages.SendMessageRequest(peer, "menu", random_id=1, reply_markup=rows)
    )
    seen = stage.ann.last_message(stage.bot)
    assert seen is not None
    return seen


def answer(query: int, **fields: Any) -> Any:
    return functions.messages.SetBotCallbackAnswerRequest(query, 0, **fields)


@pytest.mark.parametrize("name", ["Help", b"help"])
async def test_a_press_waits_for_the_answer(stage: Stage, name: str | bytes) -> None:
    seen = await menu(stage)
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        press = tasks.create_task(stage.ann.press(seen, name))
        await asyncio.sleep(0)
        query = stage.updates()[-1]
        assert (query.data, query.user_id, query.msg_id) == (b"help", stage.ann.user_id, 2)
        assert query.peer == types.PeerUser(stage.ann.user_id)
        assert await stage.call(answer(query.query_id, message="done", alert=True)) is True
        assert await press == Answer("done", alert=True)
    await stage.fails("QUERY_ID_INVALID", answer(query.query_id))


async def test_only_the_bot_that_was_asked_may_answer(stage: Stage) -> None:
    seen = await menu(stage)
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(stage.ann.press(seen, "Help"))
        await asyncio.sleep(0)
        number = stage.updates()[-1].query_id
        await stage.fails("QUERY_ID_INVALID", answer(number), stage.other_bot)
        await stage.fails("MESSAGE_TOO_LONG", answer(number, message="x" * 201))
        await stage.call(answer(number))


async def test_a_press_that_is_given_up_is_forgotten(stage: Stage) -> None:
    seen = await menu(stage)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await stage.ann.press(seen, "Help")
    await stage.fails("QUERY_ID_INVALID", answer(stage.updates()[-1].query_id))


async def test_buttons_that_are_not_there(stage: Stage) -> None:
    with pytest.raises(LookupError):
        await stage.ann.press(await menu(stage), "Missing")
