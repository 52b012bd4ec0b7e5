"""telpher and tgfake in one process, connected by real MTProto and real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from telpher.app import running
from telpher.assembly import App
from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.core.links import LinkSigner, derive_secret
from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.service.links import LinkService
from telpher.telegram.gateway import AccountState
from telpher.telegram.timing import Timing
from tests import plain_http
from tests.plain_http import PATIENCE
from tests.ports import free_ports
from tgfake.cluster import Cluster, Layout
from tgfake.network import Shape
from tgfake.world import Account, File, FileSpec, World
from tgfake.world.callbacks import Answer
from tgfake.world.person import Button, Person, Seen

TOKEN = "4242:AAF-a_token_of_no_secrecy_for_the_tests0"
LINK = re.compile(r"https?://\S+")

# An address that Telegram takes in buttons; `House.at_home` leads from it to the server.
PUBLIC = "https://files.example.com"

# For tests that live through long waits of telpher's; time-outs stay generous.
QUICK = Timing(chunk=3.0, silence=0.5, backoff_first=0.1, media_backoff_most=1.0, export_again=0.05)


@dataclass(frozen=True)
class Time:
    """What telpher is told of the time."""

    clock: Clock | None = None
    timing: Timing | None = None


def settings_for(servers: Path, work_dir: Path, **others: object) -> Settings:
    """Settings of a bot that lives in tgfake."""
    defaults: dict[str, object] = {
        "api_id": 1,
        "api_hash": "0123456789abcdef0123456789abcdef",
        "bot_token": TOKEN,
        "telegram_servers": servers,
        "host": "127.0.0.1",
        "port": free_ports(),
        "work_dir": work_dir,
    }
    return Settings(**{**defaults, **others})


@dataclass
class House:
    """Everything a test needs to act and to look."""

    world: World
    bot: Account
    ann: Person
    cluster: Cluster
    settings: Settings
    app: App
    http: httpx.AsyncClient

    async def connected(self) -> None:
        """Returns once the bot is connected."""
        async with asyncio.timeout(PATIENCE):
            await self.app.account.reached(AccountState.CONNECTED)

    async def share(self, file: FileSpec | File, caption: str = "") -> str:
        """Ann sends a file to the bot; the link in the bot's answer."""
        sent = await self.ann.send_file(self.bot, file, caption)
        answer = await self.answer_to(sent)
        found = LINK.search(answer.text)
        assert found, answer.text
        return found[0]

    async def answer_to(self, sent: Seen) -> Seen:
        """What the bot says to a message."""
        async with asyncio.timeout(PATIENCE):
            return await self.ann.reply_to(sent)

    def newcomer(self, name: str = "Bob", **fields: object) -> Person:
        """Somebody whom nobody has met; `fields` as of an Account."""
        return self.world.person(self.world.add_user(name, **fields))

    async def ask(self, who: Person, text: str) -> Seen:
        """What the bot says to what somebody writes to it in private."""
        return await self.answer(who, await who.send(self.bot, text))

    async def answer(self, who: Person, sent: Seen) -> Seen:
        """The first thing that is said after a message."""
        async with asyncio.timeout(PATIENCE):
            return await who.reply_to(sent)

    async def reply(self, who: Person, sent: Seen) -> Seen:
        """The message that answers a message."""
        async with asyncio.timeout(PATIENCE):
            return await who.wait_for(lambda seen: seen.reply_to == sent.id, sent.chat, after=sent)

    async def shows(self, who: Person, seen: Seen, wanted: Callable[[Seen], bool]) -> Seen:
        """A message once it looks as `wanted` accepts."""
        async with asyncio.timeout(PATIENCE):
            return await who.wait_for(lambda now: now.id == seen.id and wanted(now), seen.chat)

    async def press(self, who: Person, seen: Seen, button: str) -> Answer:
        """Presses a button; what the bot answers, once it has."""
        async with asyncio.timeout(PATIENCE):
            return await who.press(seen, button)

    async def forge(self, who: Person, seen: Seen, data: bytes) -> Answer:
        """What a modified client can do: a press with any data, below a message of the bot's."""
        forged = replace(seen, buttons=((Button("forged", data=data),),))
        return await self.press(who, forged, "forged")

    def at_home(self, url: str) -> str:
        """Where this machine serves what a public link names."""
        return url.replace(PUBLIC, f"http://127.0.0.1:{self.settings.port}")

    async def counted(self) -> None:
        """Brings what has happened so far to the database."""
        await self.app.books.journal.flush()
        await self.app.books.delivery.deliver()

    async def status(self, url: str) -> int:
        """The status of the first bytes of a link."""
        answer = await self.http.get(self.at_home(url), headers={"Range": "bytes=0-9"})
        return answer.status_code

    def add_file(self, **spec: object) -> File:
        """A file of the world."""
        return self.world.add_file(FileSpec(**spec))

    def served(self, file: File) -> int:
        """Bytes of the file that Telegram has sent so far."""
        return self.cluster.counters.bytes_served[file.id]

    async def get(self, url: str, start: int | None = None, stop: int | None = None) -> bytes:
        """The bytes of a link, or of its range [start, stop)."""
        headers = {} if start is None else {"Range": f"bytes={start}-{stop - 1}"}
        answer = await self.http.get(url, headers=headers)
        assert answer.status_code == (200 if start is None else 206), answer.text
        return answer.content


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits until it holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


def bytes_of(file: File, start: int = 0, stop: int | None = None) -> bytes:
    """What the world says the file holds."""
    end = file.size if stop is None else stop
    return file.source.read(start, end - start)


def links_in(text: str) -> list[str]:
    """The links to files in a text, in order."""
    return [each for each in LINK.findall(text) if "/stream/" in each]


def link_to(home: House, ref: MessageRef) -> str:
    """The link that the bot would make of a message."""
    links = LinkService(LinkSigner(derive_secret(TOKEN)), home.settings.base_url, SystemClock())
    return links.make(ref, FileInfo(0, 0, "", "", Kind.VIDEO, 0)).bare


@contextlib.asynccontextmanager
async def telegram(
    world: World, work_dir: Path, layout: Layout | None = None, shape: Shape | None = None
) -> AsyncIterator[tuple[Cluster, Path]]:
    """A cluster and the file that leads to it."""
    async with Cluster(world, layout=layout, shape=shape) as cluster:
        servers = work_dir / "servers.json"
        cluster.write_servers_file(servers)
        yield cluster, servers


@contextlib.asynccontextmanager
async def house(
    work_dir: Path,
    *,
    layout: Layout | None = None,
    shape: Shape | None = None,
    world: World | None = None,
    time: Time = Time(),
    **settings: object,
) -> AsyncIterator[House]:
    """A whole telpher, connected."""
    world = world or World()
    bot = world.account_for_token(TOKEN) or world.add_bot(TOKEN, "telpher_bot")
    async with contextlib.AsyncExitStack() as stack:
        cluster, servers = await stack.enter_async_context(telegram(world, work_dir, layout, shape))
        chosen = settings_for(servers, work_dir, **settings)
        app = await stack.enter_async_context(running(chosen, time.clock, time.timing or Timing()))
        http = await stack.enter_async_context(plain_http.client(chosen.base_url))
        home = House(world, bot, world.person("Ann"), cluster, chosen, app, http)
        await home.connected()
        yield home


async def read(home: House, url: str, into: bytearray, **headers: str) -> int:
    """Appends the body of a link as it comes; the status. Raises httpx.RemoteProtocolError where
    the body is broken off, with what came before in `into`."""
    async with home.http.stream("GET", url, headers=headers) as answer:
        async for piece in answer.aiter_raw():
            into += piece
        return answer.status_code


def repeated(home: House, file: File) -> list[tuple[int, int]]:
    """The ranges of the file that Telegram has sent more than once."""
    served = Counter(home.cluster.counters.served(file.id))
    return [each for each, times in served.items() if times > 1]
