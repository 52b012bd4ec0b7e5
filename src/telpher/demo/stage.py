"""The demo's run: a world, telpher in it, and a person who sends every sample to the bot.

All in one process and one loop, but over real connections: telpher is told of tgfake by the same
file as anybody (TELEGRAM_SERVERS), and the links are those that the bot answered with.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from telpher import app, config
from telpher.config.servers import read_servers
from telpher.config.settings import Settings
from telpher.demo import samples, shown
from telpher.demo.samples import Sample
from telpher.demo.shown import Shown
from telpher.errors import SettingsError
from telpher.observe.troubles import Troubles
from tgfake.cluster import Cluster
from tgfake.person import Person
from tgfake.world import Account, World
from tgfake.world.files import FileSpec

HOST, PORT = "127.0.0.1", 8080

_TOKEN = "100200300:a-bot-that-lives-on-this-machine-only"  # noqa: S105 opens nothing real
_BOT, _PERSON = "telpher_demo_bot", "Ann"
_DATA_CENTRES = 5
# The slowest machine needs seconds; after this the bot will not answer any more.
_ANSWERS_WITHIN = 120.0
_KNOCK_AGAIN_AFTER = 0.5
_LINK = re.compile(r"https?://\S+/stream/\S+")


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen (None: 8080, or any free port when that is taken), whom to tell, and what the
    log pipe notes."""

    host: str = HOST
    port: int | None = None
    ready_file: Path | None = None
    troubles: Troubles | None = None


def prepare() -> list[Sample]:
    """The samples; made first if need be, which takes some seconds. Raises SettingsError."""
    cache = config.cache_dir()
    if not samples.are_there(cache):
        shown.say("Making the sample films (once)...")
    try:
        return samples.collect(cache)
    except OSError:  # a home that is not ours to write to
        return samples.collect(config.cache_dir({}))


async def run(options: Options, files: Sequence[Sample]) -> None:
    """Runs the demo until SIGTERM or SIGINT. Raises SettingsError for a port that is taken."""
    world = World()
    bot = world.add_bot(_TOKEN, _BOT)
    visit = Visit(world.person(_PERSON), bot, files)
    async with _place(world) as (work_dir, servers):
        settings = _settings(options, work_dir, servers)

        async def tell(url: str) -> None:
            links = await visit.links()
            if options.ready_file is not None:
                shown.write_ready_file(options.ready_file, url, links, servers)
            shown.say(shown.for_people(links))

        await _serve(settings, options.troubles, tell)


class Visit:
    """A person who sends files to a bot and reads its answers."""

    def __init__(self, person: Person, bot: Account, files: Sequence[Sample]) -> None:
        self._person = person
        self._bot = bot
        self._files = files

    async def links(self) -> list[Shown]:
        """The bot's links for all files. Raises TimeoutError when it does not answer."""
        async with asyncio.timeout(_ANSWERS_WITHIN):
            await self._wake()
            return [
                Shown(sample, await self._link(sample, number % _DATA_CENTRES + 1))
                for number, sample in enumerate(self._files)
            ]

    async def _wake(self) -> None:
        """Says /start until the bot answers: it never hears of what came before its first login."""
        while True:
            hello = await self._person.send(self._bot, "/start")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KNOCK_AGAIN_AFTER):
                    await self._person.reply_to(hello)
                    return

    async def _link(self, sample: Sample, dc: int) -> str:
        sent = await self._person.send_file(self._bot, _spec(sample, dc))
        answer = await self._person.wait_for(
            lambda seen: not seen.out and _LINK.search(seen.text) is not None,
            self._bot,
            after=sent,
        )
        return str(_LINK.findall(answer.text)[0])


@contextlib.asynccontextmanager
async def _place(world: World) -> AsyncIterator[tuple[Path, Path]]:
    """The world on loopback: a folder for telpher's data, and the file that leads to the world."""
    with tempfile.TemporaryDirectory(prefix="telpher-demo-") as folder:
        servers = Path(folder) / "servers.json"
        async with Cluster(world) as cluster:
            cluster.write_servers_file(servers)
            yield Path(folder) / "work_dir", servers


async def _serve(
    settings: Settings,
    troubles: Troubles | None,
    tell: Callable[[str], Coroutine[Any, Any, None]],
) -> None:
    """Runs telpher until it is told to stop, and `tell` with its address once it listens."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def tell_then() -> None:
        await tell(await listening)

    try:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(tell_then(), name="demo")
            await app.serve(settings, troubles=troubles, on_ready=listening.set_result)
            telling.cancel()
    except ExceptionGroup as group:  # the first error says why; the others follow from it
        raise group.exceptions[0] from None


def _settings(options: Options, work_dir: Path, servers: Path) -> Settings:
    port = _port(options)
    host = f"[{options.host}]" if ":" in options.host else options.host
    return Settings(
        api_id=1,
        api_hash=SecretStr("0" * 32),
        bot_token=SecretStr(_TOKEN),
        telegram_servers=read_servers(servers),
        host=options.host,
        port=port,
        url=f"http://{host}:{port}",
        work_dir=work_dir,
    )


def _port(options: Options) -> int:
    """The port that was asked for; else PORT, or whichever is free when that is taken."""
    if options.port:
        return options.port
    if options.port is None:
        with contextlib.suppress(OSError):
            return _try_port(options.host, PORT)
        shown.say(f"Port {PORT} is taken here; the demo takes another.")
    try:
        return _try_port(options.host, 0)
    except OSError as error:
        raise SettingsError(
            [f"The demo cannot listen on {options.host} ({error.strerror})."]
        ) from None


def _try_port(host: str, port: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((host, port))
        return int(trial.getsockname()[1])


def _spec(sample: Sample, dc: int) -> FileSpec:
    return FileSpec(
        kind=sample.kind,
        name=sample.name,
        mime=sample.mime,
        dc=dc,
        path=str(sample.path),
        duration=sample.duration,
        width=sample.width,
        height=sample.height,
        title=sample.title or None,
        performer=sample.performer or None,
    )
