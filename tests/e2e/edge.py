"""A real nginx with its cache, as deploy/nginx-edge.conf has it, in front of one telpher or two."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from telpher.app import running
from telpher.assembly import App
from telpher.clock import SystemClock
from telpher.config.settings import Settings
from telpher.core.model import MessageRef
from telpher.storage.sqlite import SqliteDatabase
from telpher.telegram.gateway import AccountState
from tests import plain_http
from tests.deploy.fronts import DEPLOY, NGINX, behind_nginx
from tests.e2e.house import House, eventually, house
from tests.players.programs import program
from tests.ports import free_ports

MIB = 1 << 20


class Edge:
    """telpher, and nginx on `port`."""

    def __init__(self, home: House, port: int) -> None:
        self.home = home
        self.port = port
        self.http = plain_http.client()

    def at(self, link: str) -> str:
        """The link as it leads through nginx."""
        return at_port(self.port, link)

    def straight(self, link: str) -> str:
        """The link as it leads past nginx."""
        return at_port(self.home.settings.port, link)

    def link_id(self, link: str) -> int:
        """What the link goes by."""
        chat, message, _, key = re.split("[/?]", link.partition("/stream/")[2])
        ref = MessageRef(int(chat), int(message))
        return self.home.app.books.links.check(ref, key.removeprefix("k=")).link_id

    async def counted(self, streams: int, count: int) -> None:
        """Waits until the database knows of so many plays and bytes."""

        async def known() -> bool:
            async with SqliteDatabase(
                self.home.settings.work_dir / "telpher.sqlite3", SystemClock()
            ) as database:
                totals = await database.ledger.totals()
            return (totals.streams, totals.bytes_served) == (streams, count)

        await eventually(known)


def at_port(port: int, link: str) -> str:
    return re.sub(r"^https?://[^/]+", f"http://127.0.0.1:{port}", link)


@contextlib.asynccontextmanager
async def edge(tmp_path: Path, **settings: object) -> AsyncIterator[Edge]:
    log, port = free_ports(), free_ports()
    others = {
        "trusted_proxies": (ip_network("127.0.0.1"),),
        "edge_log": ("127.0.0.1", log),
        **settings,
    }
    async with house(tmp_path, **others) as home:
        await home.connected()
        async with nginx(tmp_path / "nginx", port, home.settings):
            cache = Edge(home, port)
            async with cache.http:
                yield cache


@dataclass
class Pair:
    """Two telphers behind one nginx; closing `life` ends the second."""

    cache: Edge
    second: App
    life: contextlib.AsyncExitStack


@contextlib.asynccontextmanager
async def two(tmp_path: Path, **settings: object) -> AsyncIterator[Pair]:
    """On one database, and nginx reports to both."""
    async with edge(tmp_path, **settings) as cache, contextlib.AsyncExitStack() as life:
        first = cache.home.settings
        own = _settings_of_another(first)
        app = await life.enter_async_context(running(own))
        await app.account.reached(AccountState.CONNECTED)
        cache.port = free_ports()
        async with nginx(tmp_path / "nginx-of-two", cache.port, first, own):
            yield Pair(cache, app, life)


def _settings_of_another(settings: Settings) -> Settings:
    folder = settings.work_dir / "second"
    folder.mkdir()
    (folder / "telpher.sqlite3").symlink_to(settings.work_dir / "telpher.sqlite3")
    own = {"work_dir": folder, "port": free_ports(), "edge_log": ("127.0.0.1", free_ports())}
    return settings.model_copy(update=own)


@contextlib.asynccontextmanager
async def nginx(folder: Path, port: int, *behind: Settings) -> AsyncIterator[None]:
    """One that has the file of deploy/, with a test's ports and folders."""
    config = written(folder, port, *behind)
    process = await asyncio.create_subprocess_exec(
        program("nginx"), "-c", str(config), stderr=asyncio.subprocess.PIPE
    )
    try:

        async def listens() -> bool:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return True
            assert process.returncode is None, await process.communicate()
            return False

        await eventually(listens)
        yield
    finally:
        process.terminate()
        _, said = await process.communicate()
        assert b"[crit]" not in said, said


def written(folder: Path, port: int, *behind: Settings) -> Path:
    """Its configuration."""
    folder.mkdir()
    text = (DEPLOY / "nginx-edge.conf").read_text()
    log = re.compile(r"( *access_log syslog:server=127\.0\.0\.1:)5514(,.*\n)")
    logs = "".join(rf"\g<1>{each.edge_log[1]}\g<2>" for each in behind if each.edge_log)
    text, found = log.subn(logs, text)
    assert found == 1
    assert "/var/cache/nginx/telpher" in text
    text = text.replace("/var/cache/nginx/telpher", str(folder / "cache"))
    outside, inside = text.split("# --- in the server of port 443 ---")
    upstream, _, _ = behind_nginx(*(each.port for each in behind)).partition("# The addresses of")
    (folder / "telpher.conf").write_text(
        f"{upstream}\n{outside}\nserver {{ listen 127.0.0.1:{port}; access_log off;\n{inside}\n}}\n"
    )
    config = folder / "nginx.conf"
    # As whoever the folders belong to.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    config.write_text(user + NGINX.format(folder=folder))
    return config
