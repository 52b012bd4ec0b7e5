"""deploy/nginx-edge.conf: a real nginx with its cache in front of telpher."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import random
import re
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from telpher.clock import SystemClock
from telpher.config.settings import Settings
from telpher.core.model import MessageRef
from telpher.storage.sqlite import SqliteDatabase
from tests import plain_http
from tests.deploy.fronts import DEPLOY, NGINX
from tests.e2e.house import House, bytes_of, eventually, house
from tests.players.programs import program
from tests.ports import free_ports
from tgfake.world import FileSpec

pytestmark = [pytest.mark.slow, pytest.mark.system]

MIB = 1 << 20


class Edge:
    """telpher, and nginx on `port`."""

    def __init__(self, home: House, port: int) -> None:
        self.home = home
        self.port = port
        self.http = plain_http.client()

    def at(self, link: str) -> str:
        """The link as it leads through nginx."""
        return _at(self.port, link)

    def straight(self, link: str) -> str:
        """The link as it leads past nginx."""
        return _at(self.home.settings.port, link)

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


def _at(port: int, link: str) -> str:
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
        async with nginx(tmp_path / "nginx", port, home.settings, log):
            cache = Edge(home, port)
            async with cache.http:
                yield cache


@contextlib.asynccontextmanager
async def nginx(folder: Path, port: int, settings: Settings, log: int) -> AsyncIterator[None]:
    """One that has the file of deploy/, with a test's ports and folders."""
    config = written(folder, port, settings, log)
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


def written(folder: Path, port: int, settings: Settings, log: int) -> Path:
    """Its configuration."""
    folder.mkdir()
    text = (DEPLOY / "nginx-edge.conf").read_text()
    for there, here in (
        ("/var/cache/nginx/telpher", str(folder / "cache")),
        ("127.0.0.1:5514", f"127.0.0.1:{log}"),
    ):
        assert there in text
        text = text.replace(there, here)
    outside, inside = text.split("# --- in the server of port 443 ---")
    (folder / "telpher.conf").write_text(
        f"upstream telpher {{ server 127.0.0.1:{settings.port}; keepalive 16; }}\n{outside}\n"
        f"server {{ listen 127.0.0.1:{port}; access_log off;\n{inside}\n}}\n"
    )
    config = folder / "nginx.conf"
    # As whoever the folders belong to.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    config.write_text(user + NGINX.format(folder=folder))
    return config


async def test_random_ranges_are_right_to_the_byte_cold_and_warm(tmp_path):
    async with edge(tmp_path) as cache:
        spec = cache.home.add_file(size=11 * MIB + 12_345, dc=2)
        link = cache.at(await cache.home.share(spec))
        whole = bytes_of(spec)
        random_ = random.Random(7)
        wanted = [sorted(random_.sample(range(spec.size), 2)) for _ in range(60)]
        last_byte = spec.size - 1
        wanted += [[0, 0], [last_byte, last_byte], [4 * MIB - 1, 4 * MIB], [0, last_byte]]
        for _ in range(2):
            for first, last in wanted:
                answer = await cache.http.get(link, headers={"Range": f"bytes={first}-{last}"})
                assert answer.status_code == 206
                assert answer.headers["content-range"] == f"bytes {first}-{last}/{spec.size}"
                assert answer.content == whole[first : last + 1]
        answer = await cache.http.get(link)
        assert (answer.status_code, answer.content) == (200, whole)
        direct = await cache.home.http.head(cache.straight(link))
        for name in ("etag", "content-type", "content-disposition", "last-modified"):
            assert answer.headers[name] == direct.headers[name], name


async def test_fifty_viewers_cost_one_fetch_whatever_their_links_are(tmp_path):
    async with edge(tmp_path) as cache:
        file = cache.home.add_file(size=9 * MIB, dc=2)
        one, other = [cache.at(await cache.home.share(file)) for _ in range(2)]
        named = re.sub(r"/[^/?]+[?]", "/another%20name.mkv?", other)
        answers = await asyncio.gather(*(cache.http.get(each) for each in [one, other, named] * 17))
        for each in answers:
            assert each.content == bytes_of(file)
        assert cache.home.served(file) <= 1.05 * file.size


async def test_a_link_that_is_revoked_stops_at_once_although_its_bytes_are_there(tmp_path):
    async with edge(tmp_path) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=5 * MIB, dc=2)))
        assert (await cache.http.get(link)).status_code == 200
        revocations, ann = cache.home.app.books.revocations, cache.home.ann.user_id
        assert await revocations.revoke(cache.link_id(link), ann, is_admin=False)
        assert (await cache.http.get(link)).status_code == 410
        wrong = re.sub(r"k=.{4}", "k=AAAA", link)
        assert (await cache.http.get(wrong)).status_code == 404


async def test_what_nginx_sends_is_counted_and_limited(tmp_path):
    async with edge(tmp_path, max_streams_per_user=1) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=3 * MIB, dc=2)))
        for _ in range(4):
            assert len((await cache.http.get(link)).content) == 3 * MIB

        await cache.counted(streams=1, count=12 * MIB)
        other = cache.at(await cache.home.share(FileSpec(size=MIB, dc=2)))

        async def refused() -> bool:
            return (await cache.http.get(other)).status_code == 429

        await eventually(refused)


async def test_what_telpher_alone_can_answer_it_answers(tmp_path):
    async with edge(tmp_path) as cache:
        link = cache.at(await cache.home.share(FileSpec(size=3 * MIB, dc=2)))
        whole = await cache.http.get(link)
        tag = whole.headers["etag"]
        same = await cache.http.get(link, headers={"If-None-Match": tag})
        assert same.status_code == 304
        several = await cache.http.get(link, headers={"Range": "bytes=0-1,5-6"})
        assert several.status_code == 206
        assert several.headers["content-type"].startswith("multipart/byteranges")
        beyond = await cache.http.get(link, headers={"Range": f"bytes={3 * MIB}-"})
        assert beyond.status_code == 416
        head = await cache.http.head(link)
        assert int(head.headers["content-length"]) == 3 * MIB
        assert (await cache.http.get(f"http://127.0.0.1:{cache.port}/health")).status_code == 200


async def test_a_slice_is_asked_for_by_the_name_it_is_kept_under(tmp_path):
    """Whoever swaps the file of a message in between puts nothing under another file's name."""
    asked: list[bytes] = []

    async def as_telpher(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lets /edge/auth speak of a file, and then has another one."""
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        about = b"204 No Content\r\nX-Telpher-File: the-first"
        other = b"412 Precondition Failed\r\nContent-Length: 0"
        said = about if asked[-1].startswith(b"GET /edge/auth ") else other
        writer.write(b"HTTP/1.1 %b\r\nConnection: close\r\n\r\n" % said)
        writer.close()

    log, port = free_ports(), free_ports()
    async with (
        await asyncio.start_server(as_telpher, "127.0.0.1") as upstream,
        plain_http.client() as http,
    ):
        settings = Settings(port=upstream.sockets[0].getsockname()[1])
        async with nginx(tmp_path / "nginx", port, settings, log):
            answer = await http.get(f"http://127.0.0.1:{port}/stream/1/2?k=3")
    assert answer.status_code == 412
    assert b'\r\nIf-Match: "the-first"\r\n' in asked[1]


async def test_strangers_get_nothing_by_what_is_meant_for_nginx(tmp_path):
    async with edge(tmp_path) as cache:
        link = await cache.home.share(FileSpec(size=2 * MIB, dc=2))
        headers = {"X-Original-Uri": link.partition("/stream/")[2], "X-Original-Method": "GET"}
        for port in (cache.port, cache.home.settings.port):
            url = f"http://127.0.0.1:{port}/edge/auth"
            assert (await cache.http.get(url, headers=headers)).status_code == 404
            # As if nginx had asked for a slice: bytes that nobody counts.
            answer = await cache.http.get(_at(port, link), headers={"X-Telpher-Slice": "1"})
            assert answer.status_code == 200
        await cache.counted(streams=1, count=4 * MIB)
