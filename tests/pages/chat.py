"""The chat page as a visitor uses it: what is read on it, and what is pressed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from tests.players.chromium import Chromium, Page, View
from tests.players.programs import PATIENCE

# The last message of the bot's, or of anybody else.
LAST = "[...document.querySelectorAll('.messages > li:not(.mine):not(.note)')].at(-1)"


@dataclass
class Chat:
    """The page, opened."""

    page: Page

    @classmethod
    async def opened(cls, browser: Chromium, url: str, view: View | None = None) -> Chat:
        page = await browser.page(view)
        await page.open(url)
        async with asyncio.timeout(PATIENCE):
            await page.until("document.querySelector('.chats button')")
        return cls(page)

    async def until(self, condition: str) -> None:
        """Returns once an expression is true. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            await self.page.until(condition)

    async def click(self, selector: str) -> None:
        """A press on what this finds first."""
        await self.page.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def named(self, selector: str, text: str, inside: str = "document") -> str:
        """An expression for the first element of these that has `text` in it."""
        return (
            f"[...{inside}.querySelectorAll({json.dumps(selector)})]"
            f".find(each => each.textContent.includes({json.dumps(text)}))"
        )

    async def press(self, text: str) -> None:
        """A press on a button below a message, the last that has this label."""
        found = (
            "[...document.querySelectorAll('.keys > div > *')]"
            f".findLast(each => each.textContent.includes({json.dumps(text)}))"
        )
        await self.until(f"{found} !== undefined")
        await self.page.run(f"{found}.click()")

    async def open(self, title: str) -> None:
        """A chat of the list."""
        await self.page.run(f"({await self.named('.chats button', title)}).click()")
        await self.until(f"document.querySelector('.titles h2').textContent === {title!r}")

    async def be(self, name: str) -> None:
        """The other person."""
        found = await self.named(".who button", name)
        await self.page.run(f"({found}).click()")
        await self.until(f"({found}).ariaPressed === 'true'")

    async def say(self, text: str) -> None:
        """Writes and sends."""
        await self.page.run("document.querySelector('.row textarea').focus()")
        await self.page.say("Input.insertText", text=text)
        # Not Enter: it would take what is on offer for a begun command.
        await self.click(".send")

    async def says(self, *parts: str) -> str:
        """The last message of the others, once it has all of these in it."""
        texts = json.dumps(parts)
        await self.until(f"{texts}.every(part => {LAST}?.innerText.includes(part))")
        said = await self.page.run(f"{LAST}.innerText")
        assert isinstance(said, str)
        return said

    async def send_samples(self, *names: str) -> None:
        """From the tray."""
        await self.click(".attach")
        await self.until("document.querySelector('#tray').open")
        for name in names:
            found = await self.named(".samples label", name)
            await self.page.run(f"({found}).querySelector('input').click()")
        await self.click("#tray [value=send]")

    async def choose(self, path: Path) -> None:
        """A file of one's own, as from the dialog that the browser opens."""
        found = await self.page.say("Runtime.evaluate", expression="own")
        handle = found["result"]["objectId"]
        await self.page.say("DOM.setFileInputFiles", files=[str(path)], objectId=handle)

    async def act(self, text: str, label: str) -> None:
        """Something from the menu beside the last message that has `text` in it."""
        item = (
            "[...document.querySelectorAll('.messages > li')]"
            f".findLast(each => each.innerText.includes({json.dumps(text)}))"
        )
        await self.until(f"{item} !== undefined")
        await self.page.run(f"{item}.querySelector('.acts').click()")
        await self.page.run(f"({await self.named('.menu-popover button', label)}).click()")

    async def address(self, label: str) -> str:
        """Where a button below a message leads."""
        found = (
            "[...document.querySelectorAll('.keys a')]"
            f".findLast(each => each.textContent.includes({json.dumps(label)}))"
        )
        await self.until(f"{found} !== undefined")
        url = await self.page.run(f"{found}.href")
        assert isinstance(url, str)
        return url

    async def settled(self) -> None:
        """Lets the page draw what it has heard."""
        await self.page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        await asyncio.sleep(0)
