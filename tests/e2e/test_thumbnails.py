"""Pictures of files: Telegram's own, or frames for which next to nothing is fetched."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from telpher.clock import SystemClock
from telpher.storage.sqlite.database import SqliteDatabase
from telpher.thumbnails.frames import Limits
from tests.e2e.house import House, bytes_of
from tests.thumbnails.films import Film, film, seen
from tgfake.world import FileSpec
from tgfake.world.files import TINY_JPEG

MIB = 1 << 20
LARGE = 64 * MIB


def thumbnail_of(link: str) -> str:
    """The picture of what a link plays."""
    head, _, query = link.partition("?")
    place = head.partition("/stream/")[2].rsplit("/", 1)[0]
    return f"{head.partition('/stream/')[0]}/thumbnail/{place}?{query}"


def spread(data: bytes, at: bytes) -> bytes:
    """The film with 64 MiB of nothing in front of one of its boxes."""
    place = data.index(at) - 4
    return data[:place] + (LARGE + 8).to_bytes(4, "big") + b"free" + bytes(LARGE) + data[place:]


def served(home: House) -> int:
    """Bytes of files that Telegram has sent so far."""
    return home.cluster.counters.bytes_served.total()


@pytest.mark.parametrize("kind", ["video", "audio", "document", "animation"])
async def test_telegrams_own_costs_no_byte_of_the_file(home: House, kind: str) -> None:
    link = await home.share(FileSpec(kind, 8 * MIB, "a.bin", dc=4, thumb=True))
    before = served(home)
    answer = await home.http.get(thumbnail_of(link))
    assert (answer.status_code, answer.content) == (200, TINY_JPEG)
    assert served(home) - before == len(TINY_JPEG)
    again = await home.http.get(thumbnail_of(link))
    assert again.content == TINY_JPEG
    assert served(home) - before == len(TINY_JPEG)
    tag = {"If-None-Match": answer.headers["etag"]}
    assert (await home.http.get(thumbnail_of(link), headers=tag)).status_code == 304


async def test_a_photos_picture_is_one_of_its_sizes(home: House) -> None:
    small = film(Film("image2pipe", "mjpeg", 320, 240, 1, "yuvj420p"))
    link = await home.share(FileSpec("photo", width=2560, height=1920, thumb=small))
    answer = await home.http.get(thumbnail_of(link))
    assert (answer.status_code, answer.content) == (200, small)


@pytest.mark.parametrize("at", [b"moov", b"mdat"])
async def test_a_frame_is_taken_for_a_fraction_of_the_file(home: House, at: bytes) -> None:
    """With the index at the end of a large file (moov), or the pictures far from it (mdat)."""
    movflags = "" if at == b"moov" else "frag_keyframe+empty_moov+default_base_moof"
    data = spread(film(Film(movflags=movflags)), b"moov" if at == b"moov" else b"moof")
    link = await home.share(FileSpec("document", name="film.mp4", data=data, dc=4))
    before = served(home)
    answer = await home.http.get(thumbnail_of(link))
    assert answer.status_code == 200, answer.text
    assert (seen(answer.content).width, seen(answer.content).height) == (320, 240)
    assert served(home) - before < 2 * MIB
    assert not [each for each in psutil.Process().children() if "helper" in str(each.cmdline())]


async def test_many_who_ask_at_once_cost_as_much_as_one(home: House) -> None:
    data = spread(film(Film()), b"moov")
    link = await home.share(FileSpec("document", name="film.mp4", data=data))
    before = served(home)
    answers = await asyncio.gather(*(home.http.get(thumbnail_of(link)) for _ in range(20)))
    assert len({each.content for each in answers}) == 1
    assert answers[0].status_code == 200
    assert served(home) - before < 2 * MIB


async def test_a_frame_counts_as_nobodys_play(home: House) -> None:
    link = await home.share(FileSpec("document", name="film.mp4", data=film(Film())))
    assert (await home.http.get(thumbnail_of(link))).status_code == 200
    await home.counted()
    assert home.app.engine.stats().active_plays == 0
    url = home.settings.work_dir / "telpher.sqlite3"
    async with SqliteDatabase(url, SystemClock()) as database:
        totals = await database.ledger.totals()
    assert (totals.streams, totals.bytes_served) == (0, 0)


@pytest.mark.parametrize("name", ["a.zip", "song.mp3", "film.mp4"])
async def test_files_without_any_say_so(home: House, name: str) -> None:
    link = await home.share(FileSpec("document", 3 * MIB, name))
    answer = await home.http.get(thumbnail_of(link))
    assert answer.status_code == 404
    assert answer.json()["detail"]["error"] == "no_thumbnail"
    page = await home.http.get(thumbnail_of(link).replace("/thumbnail/", "/watch/"))
    assert "/thumbnail/" not in page.text


async def test_a_picture_goes_with_its_link(home: House) -> None:
    link = await home.share(FileSpec("video", MIB, "a.mp4", thumb=True))
    assert (await home.http.get(thumbnail_of(link))).status_code == 200
    assert (await home.http.get(thumbnail_of(link).partition("?")[0])).status_code == 404
    assert (await home.http.get(thumbnail_of(link) + "x")).status_code == 404


async def test_a_crowd_is_served_or_told_to_come_back_and_plays_go_on(home: House) -> None:
    """More than may wait, of which two are looked at side by side; meanwhile somebody plays."""
    before = set(psutil.Process().children(recursive=True))
    data = film(Film(pictures=3))
    crowd = Limits().at_once + Limits().waiting + 5
    links = [
        await home.share(FileSpec("document", name=f"{n}.mp4", data=data)) for n in range(crowd)
    ]
    play = home.add_file(size=8 * MIB, name="long.mp4")
    playing = await home.share(play)
    asking = [asyncio.create_task(home.http.get(thumbnail_of(each))) for each in links]
    assert await home.get(playing) == bytes_of(play)
    answers = await asyncio.gather(*asking)
    told = {each.status_code for each in answers}
    assert 200 in told
    assert told <= {200, 503}
    assert all("retry-after" in each.headers for each in answers if each.status_code == 503)
    again = [each for each, answer in zip(links, answers, strict=True) if answer.status_code == 503]
    for each in again:
        assert (await home.http.get(thumbnail_of(each))).status_code == 200
    assert set(psutil.Process().children(recursive=True)) <= before
