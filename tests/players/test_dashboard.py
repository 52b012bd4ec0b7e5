"""The dashboard in Chromium, signed in to through the bot as an admin does."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.e2e.house import LINK, PATIENCE, House, house, links_in
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


async def shared(home: House, name: str) -> str:
    """The link of a file that Ann has sent, once the database knows of it."""
    link = await home.share(home.add_file(size=5000, name=name))
    await home.counted()
    return link


async def words(page: Page) -> str:
    return str(await page.run("document.getElementById('main').innerText"))


async def test_search_finds_people_files_and_links(home, browser):
    link = await shared(home, "Metropolis 1927.mkv")
    await shared(home, "Nosferatu.mkv")
    page = await signed_in(home, browser)
    base = f"{home.settings.base_url}/dashboard"
    for room, typed, found, other in (
        ("users", "ann", "Ann", "Root"),
        ("files", "OLIS", "Metropolis", "Nosferatu"),
        ("links", link, "Metropolis", "Nosferatu"),
    ):
        await page.open(f"{base}/{room}")
        await page.run(f"q.focus(), q.value = {typed!r}")
        await page.follow("q.form.requestSubmit()")
        said = await words(page)
        assert found in said
        assert other not in said
    assert is_content(home, page)


async def test_a_link_is_revoked_in_two_presses_also_without_scripts(home, browser):
    link = await shared(home, "secret.mkv")
    assert await home.status(link) == 206
    page = await signed_in(home, browser)
    await page.show(View(script=False))
    await page.open(f"{home.settings.base_url}/dashboard/links")
    verb = "document.querySelector('.sure button')"
    assert not await page.run(f"{verb}.checkVisibility()"), "it is asked first"
    await page.run("document.querySelector('.sure summary').click()")
    assert await page.run(f"{verb}.checkVisibility()")
    await page.follow(f"{verb}.click()")
    assert "is revoked" in await words(page)
    assert await home.status(link) == 410


async def test_a_ban_and_its_end_by_the_keyboard(home, browser):
    link = await shared(home, "film.mkv")
    page = await signed_in(home, browser)
    ann = home.ann.user_id
    await page.open(f"{home.settings.base_url}/dashboard/users/{ann}")
    await page.run("document.querySelector('.sure summary').focus()")
    await page.press(" ", "Space")
    await page.until("document.querySelector('.sure').open")
    await page.press("Tab", "Tab")
    page.loaded.clear()
    await page.press("\r", "Enter")
    await page.loaded.wait()
    assert "All their links are dead" in await words(page)
    assert await home.status(link) == 410
    await page.follow("document.querySelector('[action$=unban] button').click()")
    assert await home.status(link) == 206


async def test_a_broadcast_is_followed_without_a_reload(home, browser):
    root = home.world.person("Root")
    await root.send(home.bot, "/start")
    await home.counted()
    text = await root.send(home.bot, "Hello everybody")
    command = await root.reply(text, "/broadcast")
    async with asyncio.timeout(PATIENCE):
        asked = await root.wait_for(
            lambda seen: "Send it?" in seen.text, command.chat, after=command
        )
    page = await signed_in(home, browser)
    await page.open(f"{home.settings.base_url}/dashboard/broadcasts")
    assert "There was no broadcast yet" in await words(page)
    await home.press(root, asked, "📣 Send to all")
    await page.until("document.querySelector('[data-fresh] .badge')?.textContent === 'done'")
    assert "1 sent" in await words(page)
    assert is_content(home, page)


@pytest.mark.parametrize(
    "view", [PHONE, View(320, 600, phone=True), View(970, 800), View(1280, 800)]
)
async def test_nothing_runs_over_the_edge(home, browser, view):
    await shared(home, "a.very.long.name." * 12 + "mkv")
    page = await signed_in(home, browser, view)
    ann = home.ann.user_id
    for room in ("", "/users", f"/users/{ann}", "/files", "/links", "/broadcasts", "/errors"):
        await page.open(f"{home.settings.base_url}/dashboard{room}")
        assert await page.run("document.documentElement.scrollWidth") <= view.width, room
        cards = "[...document.querySelectorAll('.card:not(.tile)')]"
        assert await page.run(f"{cards}.every(each => each.scrollWidth <= each.clientWidth)"), room
    assert is_content(home, page)


@pytest.mark.parametrize(("room", "said"), [("metrics", "# TYPE"), ("stats", '"details"')])
async def test_who_is_signed_in_sees_all_figures(home, browser, room, said):
    page = await signed_in(home, browser)
    # As from elsewhere: this machine sees them anyway.
    await page.say("Network.setExtraHTTPHeaders", headers={"X-Forwarded-For": "203.0.113.5"})
    await page.open(f"{home.settings.base_url}/{room}")
    assert said in str(await page.run("document.body.innerText"))
    await page.open(f"{home.settings.base_url}/dashboard")
    await page.follow("document.querySelector('form.leave button').click()")
    await page.open(f"{home.settings.base_url}/{room}")
    assert said not in str(await page.run("document.body.innerText"))
