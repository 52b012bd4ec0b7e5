"""Behind nginx and Caddy, over HTTP/1.1 and HTTP/2: what telpher says arrives as it was said.

Rule 16: a body is right to the last byte or visibly broken off, also behind these two.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from telpher.clock import SystemClock
from tests.deploy.fronts import FRONTS, Front
from tests.e2e.house import PATIENCE, House, Time, bytes_of, house
from tests.ports import free_ports
from tgfake.network import Shape
from tgfake.world import File

pytestmark = pytest.mark.system

MIB = 1 << 20
HOUR = 3600.0

# What curl says of a body that ends too early, by the version of HTTP.
BROKEN = {"--http1.1": 18, "--http2": 92}


class Later(SystemClock):
    """What is believed for an hour is believed until `pass_by`."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def pass_by(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass(frozen=True)
class Site:
    home: House
    front: Front
    clock: Later


@contextlib.asynccontextmanager
async def site(folder, proxy: str, shape: Shape | None = None, **settings: object):
    """A telpher behind a proxy on the same machine."""
    port, clock = free_ports(), Later()
    async with FRONTS[proxy](folder / "front", port) as front:
        known = {"port": port, "url": front.url, "trusted_proxies": "127.0.0.1"}
        async with house(
            folder, shape=shape, time=Time(clock=clock), **{**known, **settings}
        ) as home:
            yield Site(home, front, clock)


@pytest.fixture(params=FRONTS)
def proxy(request) -> str:
    return request.param


@pytest.fixture(params=BROKEN)
def version(request) -> str:
    return request.param


def film(site: Site, size: int) -> File:
    return site.home.add_file(kind="video", size=size, name="film.mp4", dc=4)


async def test_bytes_ranges_and_statuses(tmp_path, proxy, version):
    async with site(tmp_path, proxy) as there:
        front, file = there.front, film(there, 3 * MIB + 11)
        url = await there.home.share(file)
        assert url.startswith(front.url)
        whole = await front.get(url, version)
        assert (whole.code, whole.status, whole.body) == (0, 200, bytes_of(file))
        assert whole.version == version.removeprefix("--http").replace("2.0", "2")
        assert whole.headers["content-length"] == str(file.size)
        assert whole.headers["accept-ranges"] == "bytes"
        for asked, start, stop in (
            ("0-9", 0, 10),
            (f"{MIB - 5}-{2 * MIB + 4}", MIB - 5, 2 * MIB + 5),
            ("-7", file.size - 7, file.size),
            (f"{file.size - 3}-", file.size - 3, file.size),
        ):
            part = await front.get(url, version, "-r", asked)
            assert (part.code, part.status) == (0, 206)
            assert part.body == bytes_of(file, start, stop)
            assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{file.size}"
        beyond = await front.get(url, version, "-r", f"{file.size}-")
        assert beyond.status == 416
        assert beyond.headers["content-range"] == f"bytes */{file.size}"
        head = await front.get(url, version, "-I")
        assert (head.status, head.headers["content-length"]) == (200, str(file.size))
        tag = whole.headers["etag"]
        assert tag.startswith('"')
        assert (await front.get(url, version, "-H", f"If-None-Match: {tag}")).status == 304
        assert (await front.get(url, version, "-H", 'If-Match: "other"')).status == 412
        assert (await front.get(f"{front.url}/stream/0/0", version)).status == 404


async def test_a_body_that_cannot_be_completed_is_broken_off(tmp_path, proxy, version):
    async with site(tmp_path, proxy, chunk_cache_mb=8) as there:
        home, front = there.home, there.front
        first, second = film(there, 48 * MIB), film(there, 48 * MIB)
        sent = await home.ann.send_file(home.bot, first)
        url = (await home.answer_to(sent)).text.split("https://", 1)[1].split()[0]
        target = tmp_path / "received"
        # Slowly, so that most of it is not there yet when it is over.
        command = front.command(f"https://{url}", version, "--limit-rate", "8M", "-o", str(target))
        curl = await asyncio.create_subprocess_exec(*command)
        async with asyncio.timeout(PATIENCE):
            await home.cluster.counters.wait(lambda c: c.bytes_served[first.id] > 0, PATIENCE)
            await home.ann.swap_file(sent, second)
            there.clock.pass_by(HOUR)
            assert await curl.wait() == BROKEN[version]
        received = target.read_bytes()
        assert len(received) < first.size
        assert received == bytes_of(first, 0, len(received))


async def test_who_leaves_is_gone_behind_the_proxy_too(tmp_path, proxy, version):
    slow = Shape(bandwidth=2 * MIB)
    async with site(tmp_path, proxy, shape=slow) as there:
        home, file = there.home, film(there, 64 * MIB)
        url = await home.share(file)
        curl = await asyncio.create_subprocess_exec(
            *there.front.command(url, version, "-o", "/dev/null")
        )
        async with asyncio.timeout(PATIENCE):
            await home.cluster.counters.wait(lambda c: c.bytes_served[file.id] > 0, PATIENCE)
            assert home.app.engine.stats().active_streams == 1
            curl.terminate()
            await curl.wait()
            while home.app.engine.stats().active_streams:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0)
        assert home.served(file) < file.size


async def test_clients_are_told_apart_and_none_can_claim_another_address(tmp_path, proxy):
    """Loopback has many addresses; the proxy itself comes from 127.0.0.1."""
    async with site(tmp_path, proxy, rate_limit_per_minute=1) as there:
        urls = [await there.home.share(film(there, MIB)) for _ in range(2)]
        statuses = [
            (await there.front.get(url, "--interface", address, *more)).status
            for address, url, *more in (
                ("127.0.0.2", urls[0]),
                ("127.0.0.2", urls[1]),
                ("127.0.0.2", urls[1], "-H", "X-Forwarded-For: 203.0.113.7"),
                ("127.0.0.3", urls[1]),
            )
        ]
        assert statuses == [200, 429, 429, 200]


async def test_nothing_is_compressed_and_no_signature_is_logged(tmp_path, proxy):
    async with site(tmp_path, proxy) as there:
        front = there.front
        text = there.home.add_file(kind="document", size=5000, name="a.txt", mime="text/plain")
        url = await there.home.share(text)
        got = await front.get(url, "--compressed")
        assert "content-encoding" not in got.headers
        assert len(got.body) == int(got.headers["content-length"]) == text.size
        key = url.partition("k=")[2]
        logs = [each for each in front.folder.iterdir() if each.name in ("log", "access.log")]
        assert logs
        assert not any(key in each.read_text() for each in logs)
