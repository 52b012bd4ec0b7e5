"""The demo's chat page in Chromium: all that a newcomer may try, from /start to a broadcast."""

from __future__ import annotations

import re

import httpx
import pytest

from telpher.demo.samples import Sample
from tests.pages.chat import Chat
from tests.pages.conftest import Demo
from tests.players.chromium import Chromium, View

pytestmark = [pytest.mark.system, pytest.mark.slow]

PHONE = View(390, 800, phone=True)
FILM = "Fast start.mp4"


def is_quiet(chat: Chat, demo: Demo) -> bool:
    """Whether nothing was asked of another host, and the console is empty."""
    asked = [each for each in chat.page.requests if not each.startswith(("data:", "blob:"))]
    assert [each for each in asked if not each.startswith(demo.chat)] == []
    assert chat.page.complaints == []
    return True


async def test_from_start_to_a_playing_film_and_the_end_of_its_link(
    demo: Demo, browser: Chromium, http: httpx.AsyncClient
) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.until("document.querySelector('.wide').textContent === 'START'")
    await chat.click(".wide")
    await chat.says("Hello, Ann", "Help")
    await chat.until("document.querySelector('.messages .picture img')?.naturalWidth > 0")
    await chat.press("Help")
    await chat.says("How to get a link", "edited")
    await chat.send_samples(FILM)
    said = await chat.says(FILM, "Size: 11.79 MB", "Duration: 01:00", "Play", "Revoke")
    link = re.search(r"http://\S+/stream/\S+", said)
    assert link
    assert link[0].startswith(demo.url)

    watch = await chat.address("Play")
    assert watch.startswith(f"{demo.url}/watch/")
    film = await browser.page()
    await film.open(watch)
    await film.until("media.readyState >= 1")
    await film.run("media.play()")
    await film.until("media.currentTime > 1")
    await film.run("media.currentTime = 40")
    await film.until("media.currentTime > 41 && !media.seeking")

    assert (await http.get(link[0], headers={"Range": "bytes=0-9"})).status_code == 206
    await chat.press("Revoke")
    await chat.says("End the link to")
    await chat.press("Yes, end it")
    await chat.says("The link has ended")
    assert (await http.get(link[0])).status_code == 410
    assert is_quiet(chat, demo)


async def test_the_copy_button_the_link_in_the_text_and_the_tour(
    demo: Demo, browser: Chromium
) -> None:
    chat = await Chat.opened(browser, demo.chat, View(1400, 900))
    # What is copied is seen where it is pasted.
    await chat.page.run("navigator.clipboard.writeText = async text => { window.copied = text; }")
    done = "document.querySelectorAll('.tour .done').length"
    assert await chat.page.run(done) == 0
    await chat.page.run("document.querySelector('.tour li button').click()")
    await chat.until("document.querySelector('textarea').value === '/start'")
    assert await chat.page.run("document.activeElement.matches('.composer textarea')")
    await chat.click(".send")
    await chat.says("Hello")
    await chat.until(f"{done} === 1")
    await chat.send_samples("Empty.txt")
    said = await chat.says("Empty.txt", "Copy link")
    await chat.press("Copy link")
    await chat.until("window.copied?.includes('/stream/')")
    copied = await chat.page.run("window.copied")
    assert str(copied) in said.replace("\n", "")
    await chat.page.run("document.querySelector('.text code').click()")
    await chat.until("document.querySelector('.toasts').textContent.includes('Copied')")
    await chat.until(f"{done} === 2")


async def test_own_files(demo: Demo, browser: Chromium, http: httpx.AsyncClient) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello")
    hostile = '<img src=x onerror="document.body.dataset.evil=1">\u202egnp.txt'
    await chat.page.run(
        "(async () => { const put = new DataTransfer();"
        f"put.items.add(new File(['x'.repeat(300000)], {hostile!r}, {{type: 'text/plain'}}));"
        "own.files = put.files; own.dispatchEvent(new Event('change')); })()"
    )
    said = await chat.says("Size: 292.97 KB", "Type: text/plain")
    assert "<img src=x onerror=" in said
    link = re.search(r"http://\S+/stream/\S+", said)
    assert link
    assert (await http.get(link[0])).text == "x" * 300_000
    # A picture becomes a photo, as Telegram's clients make one.
    await chat.page.run(
        "(async () => { const canvas = document.createElement('canvas'); canvas.width = 2000;"
        "canvas.height = 1000; canvas.getContext('2d').fillRect(0, 0, 2000, 1000);"
        "const blob = await new Promise(done => canvas.toBlob(done));"
        "const put = new DataTransfer();"
        "put.items.add(new File([blob], 'a.png', {type: blob.type}));"
        "own.files = put.files; own.dispatchEvent(new Event('change')); })()"
    )
    await chat.says("Type: image/jpeg")
    photo = "[...document.querySelectorAll('.mine .picture img')].at(-1)"
    await chat.until(f"{photo}?.naturalWidth === 1280")
    assert await chat.page.run("document.body.dataset.evil") is None
    assert is_quiet(chat, demo)


async def test_an_own_film_plays(demo: Demo, browser: Chromium, samples: dict[str, Sample]) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello")
    await chat.choose(samples["moov-at-the-end.mp4"].path)
    # The browser has found out how long it is, as Telegram's clients do.
    await chat.says("moov-at-the-end.mp4", "Duration: 01:00", "Type: video/mp4")
    film = await browser.page()
    await film.open(await chat.address("Play"))
    await film.until("media.readyState >= 1")
    await film.run("media.play()")
    await film.until("media.currentTime > 1")
    assert await film.run("media.videoWidth") == samples["moov-at-the-end.mp4"].width
    assert is_quiet(chat, demo)


async def test_forwards_albums_batches_and_groups(demo: Demo, browser: Chromium) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello")
    await chat.open("Film shelf")
    await chat.act("A minute of ticks", "Forward")
    await chat.until("document.querySelector('#forward').open")
    await chat.page.run(f"({await chat.named('.targets button', 'telpher')}).click()")
    await chat.says("Song with a cover.mp3", "Play")
    assert "Forwarded from Film shelf" in str(
        await chat.page.run("document.querySelector('.messages').innerText")
    )
    await chat.send_samples("Fast start", "Moov at the end")
    await chat.says("2 files")
    await chat.say("/batch https://t.me/film_shelf/1 https://t.me/film_shelf/5")
    said = await chat.says("playlist")
    assert said.count("/stream/") == 5
    await chat.open("Film club")
    await chat.act("Reply to this film", "Reply")
    await chat.say("/stream")
    await chat.says("Moov at the end.mp4", "Link")
    await chat.open("telpher")
    await chat.act("Forwarded from", "Delete")
    await chat.until("!document.querySelector('.messages').innerText.includes('Forwarded')")
    await chat.until("document.querySelector('.quote').textContent === 'Deleted message'")
    assert is_quiet(chat, demo)


async def test_an_admin_sends_a_broadcast_and_reads_the_reports(
    demo: Demo, browser: Chromium
) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello, Ann")
    await chat.be("Ada")
    await chat.click(".wide")
    await chat.says("Hello, Ada")
    await chat.say("/admin")
    await chat.says("What is to be done?", "Statistics", "Broadcast")
    await chat.press("Statistics")
    # The figures lag by a moment, and whom a broadcast goes to with them.
    while "People: 3" not in await chat.says("People:", "Streams:"):
        await chat.press("Refresh")
    await chat.press("Panel")
    await chat.press("Broadcast")
    await chat.says("Send me the message that everybody shall get")
    await chat.say("New films on Friday!")
    await chat.says("This goes to 3 people")
    await chat.press("Send to all")
    await chat.says("Broadcast finished", "Sent: 3", "Total: 3")
    await chat.be("Ann")
    await chat.says("New films on Friday!")
    await chat.be("Ada")
    await chat.open("telpher log")
    await chat.until(
        "['#NEW_USER', 'Ann', 'Ada', '#NEW_FILE_REQUEST', 'Ben'].every(part =>"
        "document.querySelector('.messages').innerText.includes(part))"
    )
    assert is_quiet(chat, demo)


async def test_what_is_for_admins_is_refused_to_a_user_and_told(
    demo: Demo, browser: Chromium
) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello")
    await chat.say("/admin")
    await chat.says("for the admins")
    await chat.click(".top .menu")
    await chat.page.run(f"({await chat.named('.menu-popover button', 'Block')}).click()")
    await chat.until("document.querySelector('.wide').textContent === 'UNBLOCK'")
    await chat.click(".wide")
    await chat.until("!document.querySelector('.composer').hidden")
    await chat.say("hello?")
    await chat.says("Send or forward me a file")
    assert is_quiet(chat, demo)


async def test_a_restart_from_the_panel_keeps_the_demo_running(
    demo: Demo, browser: Chromium
) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.be("Ada")
    await chat.click(".wide")
    await chat.says("Hello, Ada")
    await chat.say("/admin")
    await chat.press("Restart")
    await chat.press("Yes, restart")
    await chat.says("telpher is back")
    await chat.say("/stats")
    await chat.says("Statistics")


async def test_by_keyboard_and_on_a_phone(demo: Demo, browser: Chromium) -> None:
    chat = await Chat.opened(browser, demo.chat, PHONE)
    page = chat.page
    assert not await page.run("document.querySelector('.side').checkVisibility()")
    await chat.click(".back")
    assert await page.run("document.querySelector('.side').checkVisibility()")
    assert not await page.run("document.querySelector('.talk').checkVisibility()")
    await chat.open("telpher")
    await chat.click(".wide")
    await chat.says("Hello")
    await chat.send_samples(FILM)
    await chat.says(FILM, "Revoke")
    for width in (320, 390):
        await page.show(View(width, 700, phone=True))
        await chat.settled()
        assert await page.run("document.documentElement.scrollWidth") == width
        wide = (
            "[...document.querySelectorAll('.talk *')].filter(each => each.checkVisibility()"
            " && each.getBoundingClientRect().right > innerWidth + 1)"
        )
        assert await page.run(f"{wide}.map(each => each.className)") == []

    desk = await Chat.opened(browser, demo.chat)
    await desk.page.run("document.querySelector('textarea').focus()")
    await desk.page.say("Input.insertText", text="/he")
    await desk.until("document.querySelector('.offers li b')?.textContent === '/help'")
    await desk.page.press("Enter", "Enter")
    await desk.says("How to get a link")
    await desk.page.run("document.querySelector('.messages li:last-child .acts').focus()")
    await desk.page.run("document.activeElement.click()")
    await desk.until("document.activeElement.role === 'menuitem'")
    await desk.page.press("Escape", "Escape")
    await desk.until("document.querySelector('.menu-popover').hidden")
    assert await desk.page.run("document.activeElement.classList.contains('acts')")
    assert is_quiet(desk, demo)


async def test_everything_that_is_pressed_has_a_name(demo: Demo, browser: Chromium) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello")
    nameless = (
        "[...document.querySelectorAll('button, a, input, textarea, img')]"
        ".filter(each => !(each.ariaLabel || each.textContent.trim() || each.hasAttribute('alt')"
        " || each.closest('[hidden], label'))).map(each => each.outerHTML)"
    )
    assert await chat.page.run(nameless) == []
    await chat.click(".attach")
    assert await chat.page.run(nameless) == []
