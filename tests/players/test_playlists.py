"""A batch as a playlist, played from its first entry to the end of its last."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.e2e.house import PATIENCE, TOKEN, House, house
from tests.players.programs import mpv, vlc
from tests.thumbnails.films import Film, film
from tgfake.world import File, World

pytestmark = pytest.mark.system

SECONDS = 10
FORMS = ["m3u8", "m3u", "xspf"]


@pytest.fixture
async def batch(tmp_path):
    """Three films of a public channel: the house, the films, the playlist's address without end."""
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    owner = world.person("Owner")
    channel = world.add_channel("Films", owner.account, username="Films")
    data = film(Film(pictures=25 * SECONDS))
    async with house(tmp_path, world=world) as home:
        films = [
            home.add_file(kind="video", name=f"{n} & co.mp4", data=data, duration=SECONDS)
            for n in range(3)
        ]
        posted = [await owner.send_file(channel, each) for each in films]
        first, last = (f"https://t.me/Films/{each.id}" for each in (posted[0], posted[-1]))
        sent = await owner.send(home.bot, f"/batch {first} {last}")
        async with asyncio.timeout(PATIENCE):
            listed = await owner.wait_for(
                lambda seen: "playlist" in seen.text, sent.chat, after=sent
            )
        [found] = re.findall(r"(https?://\S+)\.m3u8?", listed.text)[:1]
        yield home, films, home.at_home(found)


def all_played(home: House, films: list[File]) -> bool:
    """Whether each film was fetched whole."""
    return all(home.served(each) >= each.size for each in films)


@pytest.mark.parametrize("form", FORMS)
async def test_vlc_plays_it_through(batch, form):
    home, films, address = batch
    async with vlc(f"{address}.{form}") as player:
        _ = [time async for time in player.times()]
        await player.ended_well()
    assert all_played(home, films)


@pytest.mark.parametrize("form", ["m3u8", "m3u"])
async def test_mpv_plays_it_through(batch, form):
    home, films, address = batch
    ended: list[object] = []
    async with mpv(f"{address}.{form}") as player:
        async for event in player.events():
            if event.get("event") == "end-file":
                ended.append(event["reason"])
            if ended.count("eof") == len(films):
                break
    assert [each for each in ended if each != "redirect"] == ["eof"] * len(films)
    assert all_played(home, films)
