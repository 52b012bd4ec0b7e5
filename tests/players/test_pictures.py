"""The pictures of files in Chromium: over the player, and beside a song."""

from __future__ import annotations

import io

import av
import pytest

from telpher.demo.samples import Sample
from tests.e2e.house import House
from tests.players.chromium import Chromium, chromium
from tests.players.test_watch_page import is_content, opened, page_of
from tests.thumbnails.films import Film, brightness, film
from tgfake.world import FileSpec

pytestmark = pytest.mark.system

BLACK = Film(pictures=250, dark=250)
BRIGHT_LATER = Film(pictures=250, dark=25)
GREY = film(Film("image2pipe", "mjpeg", 320, 240, 1, "yuvj420p"))


@pytest.fixture
async def browser():
    async with chromium() as each:
        yield each


def middle(png: bytes) -> av.VideoFrame:
    """The picture of a page of 1280 by 800, without its controls and what is beside the player."""
    with av.open(io.BytesIO(png), format="png_pipe") as container:
        frame = next(container.decode(video=0)).reformat(format="gray")
    plane, data = frame.planes[0], bytes(frame.planes[0])
    cut = av.VideoFrame(200, 40, "gray")
    rows = (data[y * plane.line_size + 250 :][:200] for y in range(140, 180))
    step = cut.planes[0].line_size
    cut.planes[0].update(b"".join(row.ljust(step, b"\0") for row in rows))
    return cut


@pytest.mark.parametrize(
    ("spec", "thumb", "bright"),
    [(BLACK, GREY, True), (BRIGHT_LATER, False, True), (BLACK, False, False)],
    ids=["telegrams", "frame", "black"],
)
async def test_the_film_has_its_picture_until_it_plays(
    home: House, browser: Chromium, spec: Film, thumb: bytes | bool, bright: bool
) -> None:
    """Its own first pictures are black: what is bright is the poster."""
    link = await home.share(FileSpec("video", name="a.mp4", data=film(spec), thumb=thumb))
    page = await opened(browser, page_of(link))
    (asked,) = [each for each in page.requests if "/thumbnail/" in each]
    assert asked == await page.run("media.poster")
    size = await page.run(
        "new Promise((done, fail) => { const it = new Image(); it.onerror = fail; "
        "it.onload = () => done(`${it.naturalWidth} ${it.naturalHeight}`); "
        "it.src = media.poster; })"
    )
    assert size == "320 240"
    assert (brightness(middle(await page.picture())) > 40) is bright
    assert is_content(home, page)


async def test_a_song_has_its_cover(home: House, browser: Chromium, samples: dict[str, Sample]):
    song = samples["song"]
    spec = FileSpec("audio", path=str(song.path), name=song.name, mime=song.mime, thumb=GREY)
    page = await opened(browser, page_of(await home.share(spec)))
    await page.until("cover.complete && cover.naturalWidth === 320")
    assert is_content(home, page)


async def test_what_has_none_asks_for_none(home: House, browser: Chromium, samples):
    song = samples["song"]
    spec = FileSpec("audio", path=str(song.path), name=song.name, mime=song.mime)
    page = await opened(browser, page_of(await home.share(spec)))
    assert not [each for each in page.requests if "/thumbnail/" in each]
    assert is_content(home, page)
