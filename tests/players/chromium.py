"""Chromium without a window, driven over its DevTools protocol through a socket it inherits.

Chromium reads commands from file descriptor 3 and answers on 4 (--remote-debugging-pipe), JSON with
a zero byte behind each: no port, no other library.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import itertools
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.players.programs import PATIENCE, program

# A screenshot comes as one message.
_MOST = 64 << 20

_OPTIONS = (
    *("--headless", "--no-sandbox", "--remote-debugging-pipe", "--hide-scrollbars", "--mute-audio"),
    *("--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--no-first-run"),
    # What it would ask its makers for on its own.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass(frozen=True)
class View:
    """What the page is shown on."""

    width: int = 1280
    height: int = 800
    dark: bool = False
    phone: bool = False
    script: bool = True
    scale: float = 1.0
    user_agent: str = ""


class BrowserError(Exception):
    """What a command or a script in the page failed with."""


@dataclass
class Page:
    """One tab. `requests` are the addresses it asked for, `complaints` what its console shows."""

    browser: Chromium
    session: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, method: str, **values: object) -> dict:
        """A command to this tab."""
        return await self.browser.say(method, self.session, **values)

    async def show(self, view: View) -> None:
        """From the next `open` on."""
        size = {"width": view.width, "height": view.height, "deviceScaleFactor": view.scale}
        await self.say("Emulation.setDeviceMetricsOverride", **size, mobile=view.phone)
        await self.say("Emulation.setTouchEmulationEnabled", enabled=view.phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if view.dark else "light"}
        await self.say("Emulation.setEmulatedMedia", features=[scheme])
        if view.user_agent:
            await self.say("Emulation.setUserAgentOverride", userAgent=view.user_agent)
        await self.say("Emulation.setScriptExecutionDisabled", value=not view.script)

    async def open(self, url: str) -> None:
        """Returns when the page and what it embeds are loaded."""
        self.loaded.clear()
        told = await self.say("Page.navigate", url=url)
        assert "errorText" not in told, told
        await self.loaded.wait()

    async def run(self, script: str) -> object:
        """The value of an expression; of a promise, what it becomes. As if the user had clicked."""
        told = await self.say(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in told:
            raise BrowserError(told["exceptionDetails"])
        return told["result"].get("value")

    async def follow(self, script: str) -> None:
        """Runs what leads to another page; returns when that is loaded."""
        self.loaded.clear()
        # The answer may be lost with the page that was left.
        with contextlib.suppress(BrowserError):
            await self.run(script)
        await self.loaded.wait()

    async def until(self, condition: str) -> None:
        """Returns once an expression is true."""
        await self.run(
            "new Promise(done => { const look = () => "
            f"({condition}) ? done() : setTimeout(look, 20); look(); }})"
        )

    async def press(self, key: str, code: str = "") -> None:
        """A key, down and up."""
        text = key if len(key) == 1 else ""
        for kind in ("keyDown", "keyUp"):
            await self.say(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code,
                text=text if kind == "keyDown" else "",
            )

    async def picture(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode((await self.say("Page.captureScreenshot"))["data"])

    def note(self, method: str, values: dict) -> None:
        """An event of this tab."""
        if method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(values["exceptionDetails"]))
        elif method == "Log.entryAdded" and values["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(f"{values['entry']['text']} {values['entry'].get('url')}")
        elif method == "Runtime.consoleAPICalled" and values["type"] in {"error", "warning"}:
            self.complaints.append(str(values["args"]))


class Chromium:
    """The browser; `page` opens a tab of somebody who has never been here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict]] = {}
        self._pages: dict[str, Page] = {}

    async def listen(self) -> None:
        """Hands out answers and events until the browser leaves."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in told:
                    self._answer(told)
                elif told.get("sessionId") in self._pages:
                    self._pages[told["sessionId"]].note(told["method"], told["params"])

    def _answer(self, told: dict) -> None:
        waiting = self._answers.pop(told["id"])
        if waiting.done():
            return
        if "error" in told:
            waiting.set_exception(BrowserError(told["error"]))
        else:
            waiting.set_result(told["result"])

    async def say(self, method: str, session: str = "", **values: object) -> dict:
        """A command, and what comes back. Raises BrowserError."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": values}
        if session:
            command["sessionId"] = session
        self._writer.write(json.dumps(command).encode() + b"\0")
        await self._writer.drain()
        return await self._answers[number]

    async def page(self, view: View | None = None) -> Page:
        """A tab of its own: nothing is remembered of another's."""
        context = (await self.say("Target.createBrowserContext"))["browserContextId"]
        target = await self.say("Target.createTarget", url="about:blank", browserContextId=context)
        told = await self.say("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = self._pages[told["sessionId"]] = Page(self, told["sessionId"])
        for room in ("Page", "Network", "Runtime", "Log"):
            await page.say(f"{room}.enable")
        await page.show(view or View())
        return page


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """A browser that knows nothing yet."""
    ours, theirs = socket.socketpair()
    # Above those that it shall become.
    inherited = fcntl.fcntl(theirs, fcntl.F_DUPFD, 10)
    theirs.close()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", f'exec "$@" 3<&{inherited} 4>&{inherited}', "bash"),
            *(program("chromium"), *_OPTIONS, f"--user-data-dir={folder}", "about:blank"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(inherited,),
        )
        os.close(inherited)
        reader, writer = await asyncio.open_connection(sock=ours, limit=_MOST)
        try:
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
                browser = Chromium(reader, writer)
                listening = tasks.create_task(browser.listen())
                yield browser
                with contextlib.suppress(BrowserError):
                    await browser.say("Browser.close")
                await listening
        finally:
            writer.close()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
            await asyncio.sleep(0)
