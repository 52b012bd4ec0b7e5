"""What deploy/compose-cluster.yaml describes, without Docker: its settings, its nginx, a real Redis
and a server that speaks MongoDB's protocol, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from tests import plain_http
from tests.deploy.fronts import DEPLOY, NGINX
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, eventually, telegram
from tests.e2e.process import Telpher, environment, started
from tests.players.programs import program
from tests.ports import free_ports
from tests.redis_server import redis
from tests.storage.conftest import mongo_server, new_mongo
from tgfake.cluster import Cluster
from tgfake.world import File, FileSpec, World
from tgfake.world.person import Person

__all__ = ["mongo_server", "new_mongo"]

pytestmark = [pytest.mark.slow, pytest.mark.system]

BOT = "telpher_bot"
SIZE = 3 << 20

# Files are spread by chance: so many that one of three gets none once in 200,000 times.
MOST = 32


@dataclass
class Site:
    """Three telphers by their names, and nginx at `url`."""

    telphers: dict[str, Telpher]
    url: str
    cluster: Cluster
    world: World
    http: httpx.AsyncClient

    @property
    def ann(self) -> Person:
        return self.world.person("Ann")

    async def share(self) -> tuple[File, str]:
        """A new file, and its link."""
        file = self.world.add_file(FileSpec(size=SIZE, dc=2))
        sent = await self.ann.send_file(BOT, file)
        async with asyncio.timeout(PATIENCE):
            said = await self.ann.wait_for(
                lambda seen: not seen.out and seen.reply_to == sent.id, BOT
            )
        link = LINK.search(said.text)
        assert link
        assert link[0].startswith(self.url)
        return file, link[0]

    async def sent_by(self, name: str) -> int:
        """Bytes of files that it has sent so far."""
        answer = await self.http.get(f"{self.telphers[name].url}/metrics")
        (count,) = re.findall(r"^telpher_sent_bytes_total (\S+)", answer.text, re.MULTILINE)
        return int(float(count))


@contextlib.asynccontextmanager
async def site(folder: Path, mongo: str) -> AsyncIterator[Site]:
    """As Compose would start it."""
    world = World()
    world.add_bot(TOKEN, BOT)
    world.add_user("Ann")
    told = yaml.safe_load((DEPLOY / "compose-cluster.yaml").read_text())["services"]
    names = [name for name, service in told.items() if service["image"] == "telpher"]
    ports = dict(zip(names, range(free_ports(len(names)), 1 << 16), strict=False))
    front = free_ports()
    async with contextlib.AsyncExitStack() as stack:
        cluster, servers = await stack.enter_async_context(telegram(world, folder))
        socket = await stack.enter_async_context(redis(folder))
        here = {
            "HOST": "127.0.0.1",
            "DATABASE_URL": mongo,
            "REDIS_URL": f"unix://{socket}",
            "TRUSTED_PROXIES": "127.0.0.1",
            "URL": f"http://127.0.0.1:{front}",
        }
        telphers = {}
        for name, port in ports.items():
            work = folder / name
            work.mkdir()
            own = {**told[name]["environment"], **here, "PORT": str(port), "WORK_DIR": str(work)}
            env = environment(servers, work, **own)
            telphers[name] = await stack.enter_async_context(started(env, work))
        await stack.enter_async_context(nginx(folder / "nginx", front, ports))
        http = await stack.enter_async_context(plain_http.client())
        for each in telphers.values():
            await each.logged("connected to Telegram")
        yield Site(telphers, here["URL"], cluster, world, http)


@contextlib.asynccontextmanager
async def nginx(folder: Path, port: int, behind: dict[str, int]) -> AsyncIterator[None]:
    """With the file that Compose gives it, but for addresses and where it writes."""
    config = written(folder, port, behind)
    process = await asyncio.create_subprocess_exec(
        program("nginx"), "-c", str(config), stderr=asyncio.subprocess.PIPE
    )
    try:
        async with plain_http.client() as http:

            async def is_well() -> bool:
                assert process.returncode is None, await process.communicate()
                with contextlib.suppress(httpx.TransportError):
                    answer = await http.get(f"http://127.0.0.1:{port}/nginx")
                    return answer.status_code == 204
                return False

            await eventually(is_well)
        yield
    finally:
        process.terminate()
        await process.communicate()
    said = {name: (folder / name).read_text() for name in ("log", "errors")}
    assert "?k=" not in said["log"]
    assert said["errors"] == ""


def written(folder: Path, port: int, behind: dict[str, int]) -> Path:
    """Its configuration."""
    folder.mkdir()
    text = (DEPLOY / "nginx-cluster.conf").read_text()
    replaced = {f"{name}:8080": f"127.0.0.1:{where}" for name, where in behind.items()}
    replaced |= {"listen 8080;": f"listen 127.0.0.1:{port};"}
    replaced |= {"/dev/stdout": str(folder / "log"), "/dev/stderr": str(folder / "errors")}
    for there, here in replaced.items():
        assert there in text
        text = text.replace(there, here)
    (folder / "telpher.conf").write_text(text)
    config = folder / "nginx.conf"
    # As whoever the folders belong to.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    config.write_text(user + NGINX.format(folder=folder))
    return config


async def test_links_play_by_way_of_nginx_from_each_and_go_on_when_one_is_gone(tmp_path, new_mongo):
    async with site(tmp_path, new_mongo()) as here:
        shared: dict[str, tuple[File, str]] = {}
        for _ in range(MOST):
            file, link = await here.share()
            before = {name: await here.sent_by(name) for name in here.telphers}
            for _ in range(2):
                answer = await here.http.get(link)
                assert (answer.status_code, answer.content) == (200, bytes_of(file))
            # One of them sent it, both times, and fetched it once.
            (by,) = [name for name in before if await here.sent_by(name) > before[name]]
            assert await here.sent_by(by) == before[by] + 2 * SIZE
            assert here.cluster.counters.bytes_served[file.id] <= SIZE * 1.1
            shared.setdefault(by, (file, link))
            if len(shared) == len(here.telphers):
                break
        assert shared.keys() == here.telphers.keys()

        gone = next(iter(shared))
        here.telphers[gone].signal(signal.SIGKILL)
        await here.telphers[gone].exit_status()
        for file, link in shared.values():
            answer = await here.http.get(link)
            assert (answer.status_code, answer.content) == (200, bytes_of(file))
        # Whoever talked to people: somebody does.
        file, link = await here.share()
        assert (await here.http.get(link)).content == bytes_of(file)
