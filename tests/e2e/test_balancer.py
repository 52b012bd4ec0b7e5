"""Behind nginx: a rolling restart fails nobody, and what is cut off from nginx is passed by."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.deploy.fronts import nginx
from tests.e2e.balanced import BOT, MIB, Site, balanced, instances
from tests.e2e.cable import Cable, cable
from tests.e2e.house import PATIENCE, bytes_of, eventually
from tests.players.conftest import samples
from tests.players.programs import mpv
from tests.ports import free_ports
from tgfake.world import File, FileSpec

__all__ = ["samples"]

pytestmark = [pytest.mark.slow, pytest.mark.system]

# More than the kernel and nginx hold between telpher and a viewer who does not read.
FILM = FileSpec(size=24 * MIB, dc=4)


class Play:
    """A viewer who reads when told to, and takes up again what breaks off, as players do."""

    def __init__(self, http: httpx.AsyncClient, link: str, film: File) -> None:
        self.broken = 0
        self._http = http
        self._link = link
        self._film = film
        self._got = bytearray()
        self._life = contextlib.AsyncExitStack()
        self._body: AsyncIterator[bytes]

    async def begin(self) -> None:
        """From where it is, which must be answered."""
        headers = {"Range": f"bytes={len(self._got)}-"}
        asked = self._http.stream("GET", self._link, headers=headers)
        answer = await self._life.enter_async_context(asked)
        assert answer.status_code == 206
        self._body = answer.aiter_raw()

    async def read(self, count: int) -> None:
        """So many bytes, or to the end; all of them must be right."""
        before = len(self._got)
        wanted = min(before + count, self._film.size)
        while len(self._got) < wanted:
            try:
                self._got += await anext(self._body)
            except (httpx.TransportError, StopAsyncIteration):
                self.broken += 1
                await self._life.aclose()
                await self.begin()
        assert self._got[before:] == bytes_of(self._film, before, len(self._got))

    async def end(self) -> None:
        """Reads the rest."""
        await self.read(self._film.size)
        await self._life.aclose()


class Crowd:
    """People who ask for little, again and again, until told to stop."""

    def __init__(self, site: Site, films: dict[str, File]) -> None:
        self.served = 0
        self.failed: list[object] = []
        self._site = site
        self._films = films
        self._chance = random.Random(7)
        self._enough = asyncio.Event()

    async def ask(self) -> None:
        while not self._enough.is_set():
            for question in (self._bytes, self._head, self._new_link):
                try:
                    await question()
                except (httpx.TransportError, AssertionError) as error:
                    self.failed.append(error)
                self.served += 1

    async def more(self, count: int = 20) -> None:
        """Waits until so many more were answered."""
        wanted = self.served + count
        async with asyncio.timeout(PATIENCE):
            while self.served < wanted:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.01)

    def stop(self) -> None:
        self._enough.set()

    async def _bytes(self) -> None:
        link, film = self._chance.choice(list(self._films.items()))
        start = self._chance.randrange(film.size - 1000)
        headers = {"Range": f"bytes={start}-{start + 999}"}
        answer = await self._site.http.get(link, headers=headers)
        assert answer.status_code == 206, answer
        assert answer.content == bytes_of(film, start, start + 1000)

    async def _head(self) -> None:
        link, film = self._chance.choice(list(self._films.items()))
        answer = await self._site.http.head(link)
        assert answer.status_code == 200, answer
        assert int(answer.headers["content-length"]) == film.size

    async def _new_link(self) -> None:
        """What must not be sent twice."""
        chat, message = next(iter(self._films)).partition("/stream/")[2].split("/")[:2]
        body = {"chat_id": int(chat), "message_id": int(message), "owner": int(chat)}
        answer = await self._site.http.post("/api/links", json=body, headers=self._site.api)
        assert answer.status_code == 201, answer.text


async def test_one_is_restarted_after_the_other_and_nobody_is_refused(tmp_path):
    async with balanced(tmp_path, DRAIN_SECONDS="2") as site:
        films = [site.world.add_file(FILM) for _ in range(4)]
        links = {await site.share(film): film for film in films}
        plays = [Play(site.http, link, film) for link, film in links.items()]
        for play in plays:
            await play.begin()
            await play.read(MIB)
        crowd = Crowd(site, links)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(crowd.ask())
            await crowd.more()
            for each in site.instances:
                # A play whose viewer has paused does not end in time: it is cut off.
                assert await each.stop() == 0
                await crowd.more()
                await each.start(site.http)
                for play in plays:
                    await play.read(4 * MIB)
            for play in plays:
                await play.end()
            crowd.stop()
        assert crowd.failed == []
        # Each had its film from one of the two, and nobody else broke it off.
        assert 1 <= sum(play.broken for play in plays) <= 2 * len(plays)


async def test_a_play_that_ends_within_the_grace_does_not_break(tmp_path):
    async with balanced(tmp_path, DRAIN_SECONDS=str(PATIENCE)) as site:
        film = site.world.add_file(FILM)
        play = Play(site.http, await site.share(film), film)
        await play.begin()
        await play.read(MIB)
        async with asyncio.TaskGroup() as tasks:
            stopped = tasks.create_task((await site.playing()).stop())
            await play.end()
            assert await stopped == 0
        assert play.broken == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_mpv_plays_on(tmp_path, samples, how):
    sample = samples["fast-start"]
    # Slowly enough that it is still going on, and not so that it has paused.
    async with balanced(tmp_path, DRAIN_SECONDS="0", SPEED_LIMIT_MBPS="12") as site:
        film = site.world.add_file(FileSpec(path=str(sample.path), kind="video", dc=2))
        link = await site.share(film)
        times: list[float] = []
        reason = serving = None
        async with mpv(link, "--tls-verify=no", "--cache=no") as player:
            async for event in player.events():
                if event.get("event") == "end-file":
                    reason = event["reason"]
                    break
                position = event.get("data")
                if isinstance(position, float):
                    times.append(position)
                    if serving is None and position > 5:
                        serving = await site.playing()
                        await serving.stop(how)
        assert serving is not None
        assert reason == "eof"
        assert max(times) > 58
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert max(gaps) < 2, "nothing was left out"


@contextlib.asynccontextmanager
async def cabled(folder: Path) -> AsyncIterator[tuple[Site, list[Cable]]]:
    """A cable from nginx to each of the two."""
    ports = [free_ports() for _ in range(2)]
    async with (
        cable(ports[0]) as one,
        cable(ports[1]) as other,
        nginx(folder / "nginx", one.port, other.port, read_timeout="3s") as front,
        instances(folder, front, ports, DRAIN_SECONDS="0") as site,
    ):
        yield site, [one, other]


@pytest.mark.parametrize("trouble", [Cable.cut, Cable.swallow])
async def test_what_is_cut_off_is_passed_by_and_taken_back(
    tmp_path, trouble: Callable[[Cable], None]
):
    async with cabled(tmp_path) as (site, cables):
        film = site.world.add_file(FILM)
        link = await site.share(film)
        play = Play(site.http, link, film)
        await play.begin()
        await play.read(MIB)
        lost = cables[site.instances.index(await site.playing())]
        trouble(lost)
        # A new request, and the play that was on its way.
        assert (await site.http.get(link, headers={"Range": "bytes=5-9"})).status_code == 206
        await play.end()
        assert play.broken == 1

        await lost.join()
        before = lost.carried

        async def is_asked_again() -> bool:
            got = await site.http.get(link, headers={"Range": "bytes=5-9"})
            assert got.content == bytes_of(film, 5, 10)
            return lost.carried > before

        await eventually(is_asked_again)
        # The bot heard of nothing.
        assert await site.share(site.world.add_file(FileSpec(size=10)))
        assert len([each for each in site.ann.history(BOT) if each.reply_to]) == 2
