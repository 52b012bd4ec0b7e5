"""What the visitor does, and what is refused."""

from __future__ import annotations

import asyncio

import pytest
from telethon.tl import types

from telpher.demo.chat.cast import Cast
from telpher.demo.chat.deeds import Deeds, RefusedError
from telpher.demo.scene import Scene
from tgfake.world import Body
from tgfake.world.callbacks import Answer

PATIENCE = 60.0


class Stage:
    """Deeds of Ann's in her chat with the bot, where nothing else is said."""

    def __init__(self, scene: Scene, cast: Cast) -> None:
        self.scene = scene
        self.deeds = Deeds(scene, cast)
        self.bot = scene.world.person(scene.bot)

    async def do(self, what: str, chat: int = 0, who: str = "ann", **others: object) -> dict:
        asked = {"do": what, "who": who, "chat": chat or self.scene.bot.user_id}
        return await self.deeds.do({**asked, **others})

    async def refusal(self, what: str, chat: int = 0, **others: object) -> str:
        with pytest.raises(RefusedError) as refused:
            await self.do(what, chat, **others)
        return str(refused.value)

    def heard(self) -> list:
        """What the bot sees in its chat with Ann."""
        return self.bot.history(self.scene.ann.account)


@pytest.fixture
def stage(scene: Scene, cast: Cast) -> Stage:
    return Stage(scene, cast)


async def test_a_text_and_a_reply(stage: Stage) -> None:
    await stage.do("send", text=" /start ")
    (first,) = stage.heard()
    assert first.text == "/start"
    seen = stage.scene.ann.last_message(stage.scene.bot)
    assert seen is not None
    await stage.do("send", text="again", reply=seen.id)
    assert stage.heard()[-1].reply_to == first.id


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4097])
async def test_texts_that_telegram_refuses(stage: Stage, text: str) -> None:
    assert await stage.refusal("send", text=text)
    assert stage.heard() == []


async def test_samples_are_sent_and_what_belongs_together_is_an_album(stage: Stage) -> None:
    await stage.do("samples", names=["song.mp3"])
    await stage.do("samples", names=["film.mp4", "song.mp3", "other.mp4"])
    first, film, other, song = stage.heard()
    assert (first.file, first.grouped_id) == (stage.scene.files[2], None)
    assert film.grouped_id == other.grouped_id
    assert film.grouped_id is not None
    assert song.grouped_id is None


async def test_a_file_is_forwarded_from_the_shelf(stage: Stage) -> None:
    shelf = stage.scene.shelf.peer.marked
    await stage.do("forward", shelf, messages=[1, 2], to=stage.scene.bot.user_id)
    assert [seen.file for seen in stage.heard()] == list(stage.scene.files[:2])


async def test_own_messages_are_deleted_and_no_others(stage: Stage) -> None:
    await stage.do("send", text="/start")
    stage.bot.post(stage.scene.ann.account, Body("welcome"))
    own, other = stage.scene.ann.history(stage.scene.bot)
    assert "written yourself" in await stage.refusal("delete", messages=[own.id, other.id])
    assert len(stage.heard()) == 2
    await stage.do("delete", messages=[own.id])
    assert [seen.text for seen in stage.heard()] == ["welcome"]


async def test_a_button_is_pressed_and_the_answer_comes_back(stage: Stage) -> None:
    await stage.do("send", text="/start")
    nature = types.InlineButtonTypeCallback(b"page:help")
    row = types.KeyboardInlineButtonRow([types.KeyboardInlineButton("Help", nature)])
    markup = types.ReplyInlineMarkup([row])
    stage.bot.post(stage.scene.ann.account, Body("menu", markup=markup))
    number = stage.scene.ann.history(stage.scene.bot)[-1].id
    heard: list[bytes] = []

    def answer(account: object, updates: types.Updates, _session: object) -> bool:
        (query,) = updates.updates
        heard.append(query.data)
        given = Answer("Done.", alert=True, url="javascript:alert(1)")
        stage.scene.world.callbacks.answer(stage.scene.bot.user_id, query.query_id, given)
        return True

    stage.scene.world.on_update = answer
    async with asyncio.timeout(PATIENCE):
        told = await stage.do("press", message=number, row=0, column=0)
    assert heard == [b"page:help"]
    assert told == {"text": "Done.", "alert": True, "url": None}
    for row_number, column in ((1, 0), (0, 1), (0, True)):
        assert await stage.refusal("press", message=number, row=row_number, column=column)


async def test_the_bot_is_blocked_and_unblocked(stage: Stage) -> None:
    await stage.do("block")
    assert stage.scene.bot.user_id in stage.scene.ann.account.blocked
    assert "Unblock" in await stage.refusal("send", text="hello")
    await stage.do("unblock")
    await stage.do("send", text="hello")
    assert await stage.refusal("block", stage.scene.club.peer.marked)


async def test_who_may_not_write_is_told_so(stage: Stage) -> None:
    assert "Only admins" in await stage.refusal("send", stage.scene.shelf.peer.marked, text="x")


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        "send",
        {},
        {"do": "send"},
        {"do": "exec", "who": "ann", "chat": 100200300},
        {"do": "__class__", "who": "ann", "chat": 100200300},
        {"do": ["send"], "who": "ann", "chat": 100200300},
        {"do": "send", "who": "ben", "chat": 100200300, "text": "x"},
        {"do": "send", "who": ["ann"], "chat": 100200300, "text": "x"},
        {"do": "send", "who": "ann", "chat": "100200300", "text": "x"},
        {"do": "send", "who": "ann", "chat": 1, "text": "x"},
        {"do": "send", "who": "ann", "chat": 100200300, "text": 5},
        {"do": "send", "who": "ann", "chat": 100200300, "text": "x", "reply": 99},
        {"do": "samples", "who": "ann", "chat": 100200300, "names": []},
        {"do": "samples", "who": "ann", "chat": 100200300, "names": ["film.mp4"] * 11},
        {"do": "samples", "who": "ann", "chat": 100200300, "names": ["../../etc/passwd"]},
        {"do": "forward", "who": "ann", "chat": 100200300, "messages": [{}], "to": 1},
        {"do": "delete", "who": "ann", "chat": 100200300, "messages": [99]},
    ],
)
async def test_nonsense_is_refused(stage: Stage, asked: object) -> None:
    with pytest.raises(RefusedError):
        await stage.deeds.do(asked)
    assert stage.heard() == []
