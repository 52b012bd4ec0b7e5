import asyncio

import pytest

from telpher.bot.albums import Albums
from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.telegram.gateway import IncomingMessage
from tests.bot.stage import ADA, FILM, stage


def item(number, album=5, chat=7):
    return IncomingMessage(MessageRef(chat, number), ADA, True, "", file=FILM, album=album)


class Pause:
    """A sleep that ends when the test says so."""

    def __init__(self):
        self.turns = asyncio.Queue()

    async def __call__(self, seconds):
        await self.turns.get()


async def test_the_first_waits_until_no_more_come_and_has_them_all_in_order():
    pause = Pause()
    albums = Albums(pause)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(albums.gather(item(2)))
        await asyncio.sleep(0)
        assert await albums.gather(item(3)) == []
        pause.turns.put_nowait(None)
        await asyncio.sleep(0)
        assert await albums.gather(item(1)) == []
        pause.turns.put_nowait(None)
        pause.turns.put_nowait(None)
    assert [each.ref.message_id for each in first.result()] == [1, 2, 3]


async def test_ten_are_all():
    pause = Pause()
    albums = Albums(pause)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(albums.gather(item(1)))
        await asyncio.sleep(0)
        for number in range(2, 11):
            await albums.gather(item(number))
        # Something came during the pause, but there cannot be more.
        pause.turns.put_nowait(None)
    assert len(first.result()) == 10


async def test_other_chats_and_single_files_are_not_mixed_in():
    async def at_once(seconds):
        await asyncio.sleep(0)

    albums = Albums(at_once)
    one, other, single = await asyncio.gather(
        albums.gather(item(1)), albums.gather(item(1, chat=8)), albums.gather(item(9, album=0))
    )
    assert [len(each) for each in (one, other, single)] == [1, 1, 1]


async def test_what_comes_after_is_an_album_of_its_own():
    async def at_once(seconds):
        await asyncio.sleep(0)

    albums = Albums(at_once)
    assert len(await albums.gather(item(1))) == 1
    assert len(await albums.gather(item(2))) == 1


@pytest.mark.parametrize("count", [2, 10])
async def test_an_album_gets_one_answer_with_every_link(tmp_path, count):
    async with stage(tmp_path) as home:
        files = [
            FileInfo(n, 10, "image/jpeg", f"{n}.jpg", Kind.PHOTO, 0) for n in range(1, count + 1)
        ]
        async with asyncio.TaskGroup() as group:
            for file in files:
                group.create_task(home.say(file=file, album=77))
        (answer,) = home.gateway.sent
        assert answer.marked("b") == [file.name for file in files]
        assert answer.text.count("/stream/7/") == count
        assert f"{count} files." in answer.text
