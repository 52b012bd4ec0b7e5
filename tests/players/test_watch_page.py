"""The player page in Chromium: it plays, listens to keys, remembers, says when it cannot play."""

from __future__ import annotations

import re

import pytest

from tests.players.chromium import Chromium, Page, View, chromium
from tgfake.world import FileSpec

pytestmark = pytest.mark.system

PHONE = View(390, 844, phone=True, dark=True)


@pytest.fixture
async def browser():
    async with chromium() as each:
        yield each


def page_of(link: str) -> str:
    """The player page of a link to a file."""
    return re.sub(r"/stream/([^/]+/[^/]+)/[^?]*", r"/watch/\1", link)


async def at(page: Page) -> float:
    """The second that it is at."""
    place = await page.run("media.currentTime")
    assert isinstance(place, int | float)
    return place


async def opened(browser: Chromium, url: str, view: View | None = None) -> Page:
    """The page, once the film's length is known."""
    page = await browser.page(view)
    await page.open(url)
    await page.until("media.readyState >= 1")
    return page


def is_content(home, page: Page) -> bool:
    """Whether nothing was asked of another host, and the console is empty."""
    # What the browser draws its own controls with is in a data: address, a worker of a page's own
    # in a blob: one.
    asked = [each for each in page.requests if not each.startswith(("data:", "blob:"))]
    assert asked
    assert [each for each in asked if not each.startswith(home.settings.base_url)] == []
    assert page.complaints == []
    return True


async def test_it_plays_seeks_and_goes_on_where_one_left(home, share, browser):
    link, _ = await share("moov-at-the-end")
    page = await opened(browser, page_of(link))
    assert await page.run("media.controls") is False
    assert await page.run("document.querySelector('media-time-range').checkVisibility()")
    await page.run("document.querySelector('media-control-bar media-play-button').click()")
    await page.until("media.currentTime > 1")
    await page.run("media.currentTime = 40")
    await page.until("media.currentTime > 41 && !media.seeking")
    await page.run("media.pause()")
    left = await at(page)
    assert 41 < left < 60

    await page.open(page_of(link))
    await page.until("media.readyState >= 1 && !resumed.hidden")
    assert await at(page) == int(left)
    assert await page.run("place.textContent") == f"00:{int(left)}"
    await page.run("restart.click()")
    await page.until("media.currentTime === 0")
    await page.open(page_of(link))
    await page.until("media.readyState >= 1")
    assert await at(page) == 0
    assert is_content(home, page)


async def test_the_end_is_forgotten_and_another_file_is_at_its_beginning(home, share, browser):
    link, _ = await share("fast-start")
    page = await opened(browser, page_of(link))
    await page.run("media.currentTime = 30")
    await page.until("localStorage['telpher.places']?.includes(',30]')")
    other, _ = await share("song")
    await page.open(page_of(other))
    await page.until("media.readyState >= 1")
    assert await at(page) == 0
    await page.open(page_of(link))
    await page.until("media.currentTime === 30")
    await page.run("media.currentTime = 58.5")
    await page.until("localStorage['telpher.places'] === '[]'")
    assert is_content(home, page)


async def test_keys(share, browser):
    link, _ = await share("fast-start")
    page = await opened(browser, page_of(link))
    await page.press(" ", "Space")
    await page.until("!media.paused && media.currentTime > 0")
    await page.press("k")
    await page.until("media.paused")
    for key, condition in {
        "5": "media.currentTime === media.duration / 2",
        "0": "media.currentTime === 0",
        "ArrowRight": "media.currentTime === 5",
        "l": "media.currentTime === 15",
        "j": "media.currentTime === 5",
        "ArrowLeft": "media.currentTime === 0",
        "m": "media.muted",
        "ArrowDown": "!media.muted && media.volume === 0.9",
        "ArrowUp": "media.volume === 1",
        ">": "media.playbackRate === 1.25",
        "<": "media.playbackRate === 1",
        "f": "document.fullscreenElement?.id === 'player'",
    }.items():
        await page.press(key)
        await page.until(condition)
    await page.press("f")
    await page.until("!document.fullscreenElement")
    # What is in focus keeps its own keys.
    await page.run("copy.focus()")
    await page.press(" ", "Space")
    assert await page.run("media.paused")


async def test_a_song_plays(home, samples, browser):
    path, title = str(samples["song"].path), "A minute of ticks"
    song = FileSpec("audio", name="01.mp3", mime="audio/mpeg", path=path, title=title)
    page = await opened(browser, page_of(await home.share(song)), PHONE)
    await page.run("document.querySelector('media-play-button').click()")
    await page.until("media.currentTime > 1")
    assert await page.run("navigator.mediaSession.metadata.title") == title
    assert is_content(home, page)


async def test_what_it_cannot_decode_it_hands_to_players(home, browser):
    film = FileSpec("video", 3 << 20, "Holiday.avi", "video/x-msvideo", duration=60, thumb=True)
    page = await browser.page()
    await page.open(page_of(await home.share(film)))
    await page.until("!trouble.hidden")
    shown = "[...trouble.querySelectorAll('h2, a, button')].filter(each => each.checkVisibility())"
    texts = await page.run(f"{shown}.map(each => each.textContent)")
    assert texts == ["This browser cannot play the file", "VLC"]
    assert "format=m3u" in str(await page.run(f"{shown}[1].href"))
    # The controls are of no use, and not to be reached.
    assert not await page.run("player.checkVisibility()")
    assert is_content(home, page)


async def test_a_link_that_has_ended_is_told_from_a_codec_that_lacks(share, browser):
    link, _ = await share("fast-start")
    page = await opened(browser, page_of(link))
    await page.run("media.src = media.src.replace(/k=.*/, 'k=wrong')")
    await page.until("!trouble.hidden")
    assert "plays no longer" in str(await page.run("trouble.innerText"))


async def test_it_says_when_only_the_sound_plays(home, samples, browser):
    song = FileSpec("video", name="film.mp4", mime="video/mp4", path=str(samples["song"].path))
    page = await opened(browser, page_of(await home.share(song)))
    await page.until("!silent.hidden")


async def test_it_works_without_a_script(home, share, browser):
    link, file = await share("fast-start")
    page = await browser.page(View(script=False))
    await page.open(page_of(link))
    assert await page.run("media.controls && media.checkVisibility()")
    assert await page.run("document.getElementById('copy').hidden")
    hidden = "media-control-bar, .middle, #trouble, #resumed, #silent, #doubt, #keys"
    assert not await page.run(
        f"[...document.querySelectorAll('{hidden}')].some(each => each.checkVisibility())"
    )
    download = await page.run("[...document.links].find(a => a.pathname.match(/^.download/)).href")
    answer = await home.http.get(str(download))
    assert len(answer.content) == file.size
    assert is_content(home, page)


async def test_its_address_is_copied(share, browser):
    link, _ = await share("song")
    page = await opened(browser, page_of(link))
    await page.run("document.getElementById('copy').click()")
    await page.until("copied.textContent === 'Copied.'")
    assert await page.run("address.value") == link


async def test_vlc_is_in_focus_where_it_was_asked_for(share, browser):
    link, _ = await share("song")
    page = await opened(browser, page_of(link) + "&open=vlc", PHONE)
    await page.until("document.activeElement.textContent === 'VLC'")
    seen = await page.run("document.activeElement.getBoundingClientRect().top")
    assert 0 < float(str(seen)) < PHONE.height


@pytest.mark.parametrize("view", [View(), View(320, 568, phone=True)], ids=["desktop", "phone"])
async def test_every_page_fits_and_is_quiet(home, share, samples, browser, view):
    for name in samples:
        link, _ = await share(name)
        page = await browser.page(view)
        await page.open(page_of(link))
        assert await page.run("document.documentElement.scrollWidth <= innerWidth"), name
        assert is_content(home, page)
