"""A hostile page, open in the same browser as the chat: it makes nobody do anything and sees
nothing, although the chat listens under an address that it can guess."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from tests.pages.chat import Chat
from tests.pages.conftest import Demo
from tests.players.chromium import Chromium

pytestmark = [pytest.mark.system, pytest.mark.slow]


@contextlib.asynccontextmanager
async def hostile_page() -> AsyncIterator[str]:
    """An empty page of another origin; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n"
        writer.write(head + b"Connection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


TRIES = """
(async (chat, deed) => {
  const outcome = {};
  const told = async (name, act) => {
    try { outcome[name] = await act(); } catch (error) { outcome[name] = "refused"; }
  };
  await told("read", async () => (await fetch(chat + "icon.svg")).text());
  await told("json", async () => (await fetch(chat + "deeds", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: deed})).text());
  await told("plain", async () => (await fetch(chat + "deeds", {
    method: "POST", mode: "no-cors", body: deed})).type);
  await told("file", async () => (await fetch(
    chat + "files?who=ann&chat=100200300&name=evil.txt",
    {method: "POST", mode: "no-cors", body: "evil"})).type);
  await told("picture", () => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done("seen");
    image.onerror = failed;
    image.src = chat + "sample/fast-start.mp4";
  }));
  await told("events", () => new Promise((done, failed) => {
    const source = new EventSource(chat + "events");
    source.onmessage = () => done("heard");
    source.onerror = () => { source.close(); failed(); };
  }));
  await told("frame", () => new Promise((done, failed) => {
    const frame = document.createElement("iframe");
    // Of a page that may not be framed there is an error page in its place, of no origin.
    frame.onload = () => done(frame.contentDocument ? "empty" : "refused");
    frame.src = chat;
    document.body.append(frame);
  }));
  return outcome;
})"""


async def test_another_page_in_the_same_browser(demo: Demo, browser: Chromium) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello, Ann")
    deed = json.dumps({"do": "send", "who": "ann", "chat": 100200300, "text": "evil"})
    async with hostile_page() as url:
        page = await browser.page()
        await page.open(url)
        outcome = await page.run(f"{TRIES}({json.dumps(demo.chat)}, {json.dumps(deed)})")
    assert isinstance(outcome, dict)
    assert len(outcome) == 7
    assert set(outcome.values()) == {"refused"}
    # What comes after it shows that nothing came of it.
    await chat.say("still here")
    await chat.says("Send or forward me a file")
    assert "evil" not in str(await chat.page.run("document.querySelector('.messages').innerText"))


HOSTILE = [
    "<script>document.body.dataset.evil = 1</script>",
    '<img src=x onerror="document.body.dataset.evil = 1">',
    "javascript:document.body.dataset.evil=1",
    "\u202e\u2066 turned \u202d",
]


async def test_texts_are_texts(demo: Demo, browser: Chromium) -> None:
    chat = await Chat.opened(browser, demo.chat)
    await chat.click(".wide")
    await chat.says("Hello, Ann")
    mine = "[...document.querySelectorAll('.mine .text')].at(-1)"
    for text in HOSTILE:
        await chat.say(text)
        await chat.until(f"{mine}.textContent === {json.dumps(text)}")
        # A command in it may be pressed ("/script"); other elements there are none.
        other = f"[...{mine}.querySelectorAll(':not(button.linked)')].length"
        assert await chat.page.run(other) == 0
    assert await chat.page.run("document.body.dataset.evil") is None
    links = "[...document.links].filter(each => !/^https?:$/.test(each.protocol)).length"
    assert await chat.page.run(links) == 0
    assert chat.page.complaints == []
