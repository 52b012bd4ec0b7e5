"""The demo's run: a world, telpher in it, the chat page beside it, and somebody who has sent every
sample to the bot before.

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
from telpher.demo.chat import site
from telpher.demo.samples import Sample
from telpher.demo.scene import TOKEN, Scene
from telpher.demo.shown import Shown
from telpher.errors import SettingsError
from telpher.observe.troubles import Troubles
from tgfake.cluster import Cluster
from tgfake.person import Person
from tgfake.world import Account, File, World

HOST, PORT = "127.0.0.1", 8080

# The slowest machine needs seconds; after this the bot will not answer any more.
_ANSWERS_WITHIN = 120.0
_KNOCK_AGAIN_AFTER = 0.5
_LINK = re.compile(r"https?://\S+/stream/\S+")


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen (None: 8080, or any free port when that is taken), whom to tell, and what the
    log pipe notes. The chat page listens on loopback, at the port behind, or any free one."""

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
    scene = Scene(files)
    visit = Visit(scene.ben, scene.bot, files, scene.files)
    async with _place(scene.world) as (folder, servers):
        settings = _settings(options, scene, folder / "work_dir", servers)
        uploads = folder / "uploads"
        uploads.mkdir()
        page = site.Spot(settings.port + 1 if options.port != 0 else 0, uploads)

        async def tell(url: str) -> None:
            links = await visit.links()
            async with site.chat_page(scene, page, url) as chat:
                if options.ready_file is not None:
                    shown.write_ready_file(
                        options.ready_file, shown.Addresses(url, chat), links, servers
                    )
                shown.say(shown.for_people(chat, links))
                await asyncio.Event().wait()

        await _serve(settings, options.troubles, tell)


class Visit:
    """A person who sends files to a bot and reads its answers; `held` are these files as Telegram
    keeps them."""

    def __init__(
        self, person: Person, bot: Account, files: Sequence[Sample], held: Sequence[File]
    ) -> None:
        self._person = person
        self._bot = bot
        self._files = list(zip(files, held, strict=True))

    async def links(self) -> list[Shown]:
        """The bot's links for all files. Raises TimeoutError when it does not answer."""
        async with asyncio.timeout(_ANSWERS_WITHIN):
            await self._wake()
            return [Shown(sample, await self._link(file)) for sample, file in self._files]

    async def _wake(self) -> None:
        """Says /start until the bot answers: it never hears of what came before its first login."""
        while True:
            hello = await self._person.send(self._bot, "/start")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KNOCK_AGAIN_AFTER):
                    await self._person.reply_to(hello)
                    return

    async def _link(self, file: File) -> str:
        sent = await self._person.send_file(self._bot, file)
        answer = await self._person.wait_for(
            lambda seen: not seen.out and _LINK.search(seen.text) is not None,
            self._bot,
            after=sent,
        )
        return str(_LINK.findall(answer.text)[0])


@contextlib.asynccontextmanager
async def _place(world: World) -> AsyncIterator[tuple[Path, Path]]:
    """The world on loopback: a folder for what is kept, and the file that leads to the world."""
    with tempfile.TemporaryDirectory(prefix="telpher-demo-") as folder:
        servers = Path(folder) / "servers.json"
        async with Cluster(world) as cluster:
            cluster.write_servers_file(servers)
            yield Path(folder), servers


async def _serve(
    settings: Settings,
    troubles: Troubles | None,
    tell: Callable[[str], Coroutine[Any, Any, None]],
) -> None:
    """Runs telpher until it is told to stop, anew whenever an admin restarts it; and `tell` with
    its address beside it, from when it listens."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(url: str) -> None:
        if not listening.done():
            listening.set_result(url)

    async def tell_then() -> None:
        await tell(await listening)

    try:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(tell_then(), name="demo")
            while await app.serve(settings, troubles=troubles, on_ready=heard):
                pass
            telling.cancel()
    except ExceptionGroup as group:  # the first error says why; the others follow from it
        raise group.exceptions[0] from None


def _settings(options: Options, scene: Scene, work_dir: Path, servers: Path) -> Settings:
    port = _port(options)
    host = f"[{options.host}]" if ":" in options.host else options.host
    return Settings(
        api_id=1,
        api_hash=SecretStr("0" * 32),
        bot_token=SecretStr(TOKEN),
        telegram_servers=read_servers(servers),
        host=options.host,
        port=port,
        url=f"http://{host}:{port}",
        work_dir=work_dir,
        admins=frozenset({scene.ada.user_id}),
        log_channel=scene.log.peer.marked,
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
