"""Workers ask each other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telpher.clock import FakeClock
from telpher.crew.place import Place
from telpher.crew.telephone import PAUSE, Telephone

# Generous where an answer is to come.
PATIENCE = 60.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def crew(tmp_path: Path, clock: FakeClock) -> AsyncIterator[list[Telephone]]:
    crew = [Telephone(Place(number, 3, meeting=tmp_path), clock, PATIENCE) for number in range(3)]
    for each in crew:
        await each.open()
    yield crew
    for each in crew:
        await each.close()


async def test_all_others_are_asked_and_answer_for_themselves(crew: list[Telephone]) -> None:
    for number, each in enumerate(crew):
        each.answer("who", lambda asked, number=number: [number, asked["why"]])
    assert await crew[1].ask_all("who", why="x") == {0: [0, "x"], 2: [2, "x"]}
    assert await crew[1].ask(2, "who", why="y") == [2, "y"]


async def test_an_answer_may_take_a_while_and_be_long(crew: list[Telephone]) -> None:
    async def answer(_asked: object) -> str:
        await asyncio.sleep(0)
        return "x" * 1_000_000

    crew[0].answer("long", answer)
    assert len(await crew[1].ask(0, "long", more="y" * 500_000)) == 1_000_000


async def test_who_is_not_there_gives_none_and_is_left_alone_for_a_moment(
    crew: list[Telephone], clock: FakeClock
) -> None:
    crew[0].answer("who", lambda _asked: "back")
    await crew[0].close()
    assert await crew[1].ask(0, "who") is None
    await crew[0].open()
    assert await crew[1].ask(0, "who") is None
    clock.advance(PAUSE)
    assert await crew[1].ask(0, "who") == "back"


async def test_who_hangs_is_not_waited_for(tmp_path: Path, clock: FakeClock) -> None:
    one = Telephone(Place(0, 2, meeting=tmp_path), clock, patience=0.01)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "1.ask"))
        hanging.listen()
        async with asyncio.timeout(PATIENCE):
            assert await one.ask_all("who") == {1: None}


async def test_what_nobody_can_answer_is_answered_with_nothing(crew: list[Telephone]) -> None:
    assert await crew[0].ask(1, "unheard of") is None
    crew[1].answer("heard of", lambda _asked: 1)
    assert await crew[0].ask(1, "heard of") == 1


async def test_nonsense_harms_nobody(crew: list[Telephone], tmp_path: Path) -> None:
    crew[1].answer("who", lambda _asked: 1)
    for text in (b"", b"nonsense", b"\xff", b"[1]", b"{}", b'{"question": ["x"]}', b"3"):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "1.ask"))
        writer.write(text)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), PATIENCE) in (b"", b"null")
        writer.close()
        await writer.wait_closed()
    assert await crew[0].ask(1, "who") == 1


async def test_who_works_alone_asks_nobody() -> None:
    alone = Telephone()
    await alone.open()
    assert (alone.siblings, await alone.ask_all("who")) == ([], {})
    await alone.close()
