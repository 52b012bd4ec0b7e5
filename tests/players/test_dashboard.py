"""The dashboard in Chromium, signed in to through the bot as an admin does."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.e2e.house import LINK, House, house, links_in
from tests.players.chromium import Chromium, Page, View, chromium
from tgfake.world import World

pytestmark = pytest.mark.system

PHONE = View(390, 844, phone=True, dark=True)


@pytest.fixture
async def browser():
    async with chromium() as each:
        yield each


@pytest.fixture
async def home(tmp_path):
    """A telpher whose admin is Root."""
    world = World()
    root = world.add_user("Root").user_id
    async with house(tmp_path, world=world, admins={root}) as each:
        yield each


async def invited(home: House) -> str:
    """The link that the bot gives Root."""
    root = home.world.person("Root")
    panel = await home.ask(root, "/admin")
    await home.press(root, panel, "🖥 Dashboard")
    shown = await home.shows(root, panel, lambda now: "sign-in" in now.text)
    found = LINK.search(shown.text)
    assert found
    return found[0]


async def signed_in(home: House, browser: Chromium, view: View | None = None) -> Page:
    """The dashboard's first page, in a browser that was signed in by the button."""
    page = await browser.page(view)
    await page.open(await invited(home))
    await page.follow("document.querySelector('main button').click()")
    assert await page.run("location.pathname") == "/dashboard"
    return page


@contextlib.asynccontextmanager
async def playing(home: House):
    """Ann watches a film that she sent; the link."""
    file = home.add_file(size=64 << 20, name="metropolis.mkv")
    link = await home.share(file)
    async with home.http.stream("GET", link) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        yield link
        await answer.aclose()


def is_content(home: House, page: Page) -> bool:
    """Whether nothing was asked of another host, and the console is empty."""
    own = home.settings.base_url
    assert [each for each in page.requests if not each.startswith(own)] == []
    assert page.complaints == []
    return True


def figure(name: str) -> str:
    return f"document.querySelector('[data-live={name}]').textContent"


async def test_signed_in_through_the_bot_one_sees_what_plays(home, browser):
    page = await signed_in(home, browser)
    await page.until("document.querySelector('#pulse.beating')")
    assert await page.run(figure("streams")) == "0"
    async with playing(home):
        await page.until(f"{figure('streams')} === '1'")
    await page.until(f"{figure('streams')} === '0'")
    assert await page.run("health.textContent.trim()") == "healthy"
    assert is_content(home, page)


async def test_charts_are_drawn_and_change_with_the_period(home, browser):
    async with playing(home) as link:
        assert links_in(link)
    await home.counted()
    page = await signed_in(home, browser)
    drawn = "[...document.querySelectorAll('[data-chart] canvas')]"
    await page.until(f"{drawn}.length >= 3")
    inked = (
        "(canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
        ".some(each => each > 0))"
    )
    assert await page.run(f"{drawn}.every({inked})")
    label = "document.querySelector('[data-chart=streams]').ariaLabel"
    assert "most, 1" in str(await page.run(label))
    assert await page.run("document.querySelector('[data-sum=streams]').textContent") == "1"
    before = await page.run(label)
    await page.run("document.querySelector('[data-period=\"400d\"]').click()")
    await page.until(f"{label} !== {before!r}")
    assert await page.run("location.search") == "?period=400d"
    assert is_content(home, page)


async def test_a_stranger_sees_how_to_sign_in_and_a_spent_link_opens_nothing(home, browser):
    link = await invited(home)
    mine = await browser.page()
    await mine.open(link)
    await mine.follow("document.querySelector('main button').click()")
    other = await browser.page()
    await other.open(link)
    await other.follow("document.querySelector('main button').click()")
    assert "not good any more" in str(await other.run("document.body.textContent"))
    await other.open(f"{home.settings.base_url}/dashboard")
    assert "Sign in through Telegram" in str(await other.run("document.body.textContent"))
    assert await other.run("document.cookie") == ""
    assert await mine.run("document.cookie") == "", "no script reads it"


async def test_signing_out_is_one_press(home, browser):
    page = await signed_in(home, browser)
    await page.follow("document.querySelector('form.leave button').click()")
    assert "Sign in through Telegram" in str(await page.run("document.body.textContent"))
    await page.open(f"{home.settings.base_url}/dashboard")
    assert "Sign in through Telegram" in str(await page.run("document.body.textContent"))


async def test_whoever_is_signed_out_elsewhere_is_shown_the_door(home, browser):
    page = await signed_in(home, browser)
    await page.until("document.querySelector('#pulse.beating')")
    page.loaded.clear()
    await page.run(
        "fetch(document.querySelector('form.leave').action, {method: 'POST',"
        " body: new URLSearchParams(new FormData(document.querySelector('form.leave')))})"
    )
    await asyncio.wait_for(page.loaded.wait(), 30)
    assert "Sign in through Telegram" in str(await page.run("document.body.textContent"))


async def test_without_scripts_and_on_a_phone_it_says_what_it_can(home, browser):
    link = await invited(home)
    page = await browser.page(PHONE)
    await page.open(link)
    await page.follow("document.querySelector('main button').click()")
    await page.show(View(390, 844, phone=True, script=False))
    await page.open(f"{home.settings.base_url}/dashboard")
    assert await page.run("document.documentElement.scrollWidth") <= 390
    assert "The charts need JavaScript" in str(await page.run("document.body.textContent"))
