"""RATE_LIMIT_PER_MINUTE and TRUSTED_PROXIES, as those on both sides of a proxy meet them."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.house import PATIENCE, PUBLIC, TOKEN, bytes_of, house, links_in
from tests.plain_http import client
from tests.players.programs import program
from tests.ports import free_ports
from tgfake.world import World

MIB = 1 << 20

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, behind: int):
    """The address of an nginx in front of a port of this machine."""
    port = free_ports()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, behind=behind))
    server = await asyncio.create_subprocess_exec(program("nginx"), "-c", str(config))
    try:
        async with asyncio.timeout(PATIENCE):
            while not await _listens(port):
                assert server.returncode is None
        yield f"http://127.0.0.1:{port}"
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_plays_are_counted_and_connections_are_not(tmp_path):
    async with house(tmp_path, rate_limit_per_minute=2) as home:
        films = [home.add_file(kind="video", size=MIB, name=f"{n}.mp4", dc=4) for n in range(3)]
        urls = [await home.share(film) for film in films]
        for film, url in zip(films[:2], urls[:2], strict=True):
            for start in range(0, MIB, MIB // 8):
                assert await home.get(url, start, MIB) == bytes_of(film, start)
        before = dict(home.cluster.counters.calls)
        refused = await home.http.get(urls[2])
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 120
        assert home.cluster.counters.calls["upload.getFile"] == before["upload.getFile"]
        assert (await home.http.get("/health")).status_code == 200
        assert (await home.http.head(urls[2])).status_code == 200
        assert await home.get(urls[2], 0, 1000) == bytes_of(films[2], 0, 1000)
        assert await home.get(urls[0]) == bytes_of(films[0])  # it goes on


async def test_the_entries_of_a_playlist_are_one_play(tmp_path):
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    owner = world.person("Owner")
    channel = world.add_channel("Films", owner.account, username="Films")
    settings = {"world": world, "url": PUBLIC, "rate_limit_per_minute": 2}
    async with house(tmp_path, **settings) as home:
        films = [home.add_file(kind="video", size=MIB // 8, name=f"{n}.mp4") for n in range(6)]
        posted = [await owner.send_file(channel, film) for film in films]
        sent = await owner.send(
            home.bot, f"/batch https://t.me/Films/{posted[0].id} https://t.me/Films/{posted[-1].id}"
        )
        async with asyncio.timeout(PATIENCE):
            listed = await owner.wait_for(
                lambda seen: "playlist" in seen.text, sent.chat, after=sent
            )
        [playlist] = re.findall(r"https?://\S+\.m3u8?", listed.text)[:1]
        entries = links_in((await home.http.get(home.at_home(playlist))).text)
        assert len(entries) == len(films)
        for film, url in zip(films, entries, strict=True):
            assert await home.get(home.at_home(url)) == bytes_of(film)


@pytest.mark.system
async def test_behind_nginx_each_client_has_a_limit_of_its_own(tmp_path):
    """Clients of one machine: loopback has many addresses. The proxy is 127.0.0.1."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    options = {"rate_limit_per_minute": 1, "trusted_proxies": "127.0.0.1"}
    async with house(tmp_path, **options) as home, nginx(folder, home.settings.port) as front:
        films = [home.add_file(kind="video", size=MIB, name=f"{n}.mp4", dc=4) for n in range(2)]
        urls = [(await home.share(film)).replace(home.settings.base_url, front) for film in films]
        async with by_address("127.0.0.2") as one, by_address("127.0.0.3") as other:
            assert (await one.get(urls[0])).content == bytes_of(films[0])
            # What it claims of itself is not believed: nginx adds whom it saw.
            spoofed = {"X-Forwarded-For": "203.0.113.9"}
            assert (await one.get(urls[1], headers=spoofed)).status_code == 429
            assert (await other.get(urls[1])).content == bytes_of(films[1])
            # Past the proxy, and from an address that is none.
            straight = urls[0].replace(front, home.settings.base_url)
            assert (await other.get(straight, headers=spoofed)).status_code == 429


def by_address(address: str):
    """A client whose connections come from that address."""
    return client(local_address=address)
