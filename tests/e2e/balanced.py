"""Two telphers as processes, on one database, behind a real nginx with the file of deploy/."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from telpher.core.tokens import Scope
from telpher.service.token_desk import TokenDesk
from tests import plain_http
from tests.deploy.fronts import Front, nginx
from tests.e2e.house import LINK, PATIENCE, TOKEN, eventually, settings_for, telegram
from tests.e2e.process import Telpher, environment, started
from tests.ports import free_ports
from tgfake.world import File, World
from tgfake.world.person import Person

BOT = "telpher_bot"
MIB = 1 << 20


class Instance:
    """One of them."""

    def __init__(self, env: dict[str, str], cwd: Path) -> None:
        self.env = env
        self._cwd = cwd
        self._life = contextlib.AsyncExitStack()
        self._process: Telpher

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}"

    async def start(self, http: httpx.AsyncClient) -> None:
        """Returns once links play there."""
        self._process = await self._life.enter_async_context(started(self.env, self._cwd))

        async def is_ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await http.get(f"{self.url}/health/ready")).status_code == 200
            return False

        await eventually(is_ready)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        self._process.signal(number)
        status = await self._process.exit_status()
        await self._life.aclose()
        return status

    async def plays(self, http: httpx.AsyncClient) -> int:
        """How many go on there."""
        return int((await http.get(f"{self.url}/health")).json()["streams"]["active"])

    async def end(self) -> None:
        await self._life.aclose()


class Site:
    """All of it, and a person who sends files."""

    def __init__(self, front: Front, world: World) -> None:
        self.front = front
        self.instances: list[Instance] = []
        self.world = world
        self.ann: Person = world.person("Ann")
        self.http = plain_http.client(front.url)
        self.api: dict[str, str] = {}

    async def share(self, file: File) -> str:
        """Its link, through nginx."""
        sent = await self.ann.send_file(BOT, file)
        async with asyncio.timeout(PATIENCE):
            answer = await self.ann.wait_for(
                lambda seen: not seen.out and seen.reply_to == sent.id, BOT
            )
        link = LINK.search(answer.text)
        assert link
        return re.sub(r"^https?://[^/]+", self.front.url, link[0])

    async def playing(self) -> Instance:
        """Where the only play goes on."""
        while True:
            for each in self.instances:
                if await each.plays(self.http) == 1:
                    return each


@contextlib.asynccontextmanager
async def balanced(tmp_path: Path, **settings: str) -> AsyncIterator[Site]:
    """nginx and both, connected."""
    ports = [free_ports() for _ in range(2)]
    async with (
        nginx(tmp_path / "nginx", *ports) as front,
        instances(tmp_path, front, ports, **settings) as site,
    ):
        yield site


@contextlib.asynccontextmanager
async def instances(
    tmp_path: Path, front: Front, ports: list[int], **settings: str
) -> AsyncIterator[Site]:
    """Those behind nginx, connected."""
    world = World()
    world.add_bot(TOKEN, BOT)
    world.add_user("Ann")
    async with contextlib.AsyncExitStack() as stack:
        _, servers = await stack.enter_async_context(telegram(world, tmp_path))
        others = {
            "TRUSTED_PROXIES": "127.0.0.1",
            "RATE_LIMIT_PER_MINUTE": "0",
            # Nobody reads what they say.
            "LOG_LEVEL": "CRITICAL",
            "URL": front.url,
            **settings,
        }
        site = Site(front, world)
        await stack.enter_async_context(site.http)
        for port in ports:
            disk = _disk(tmp_path, f"of {port}")
            env = environment(servers, disk, PORT=str(port), **others)
            site.instances.append(each := Instance(env, tmp_path))
            stack.push_async_callback(each.end)
            await each.start(site.http)
        site.api = await _token(servers, tmp_path / f"of {ports[0]}")
        yield site


async def _token(servers: Path, work_dir: Path) -> dict[str, str]:
    said: list[str] = []
    desk = TokenDesk(settings_for(servers, work_dir), said.append)
    assert await desk.create("a program", [Scope.LINKS_WRITE], 0)
    return {"Authorization": f"Bearer {said[0]}"}


def _disk(root: Path, name: str) -> Path:
    """A WORK_DIR of its own on the database of all."""
    folder = root / name
    folder.mkdir()
    (folder / "telpher.sqlite3").symlink_to(root / "shared.sqlite3")
    return folder
