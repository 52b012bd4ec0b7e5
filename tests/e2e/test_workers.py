"""Several workers on one port: `telpher run` with WORKERS, as a process with children."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from telpher.clock import SystemClock
from telpher.crew.board import Board
from telpher.storage.sqlite import SqliteDatabase
from telpher.workers import BOARD
from tests import plain_http
from tests.e2e.edge import nginx
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, eventually, settings_for, telegram
from tests.e2e.process import Telpher, environment, run_to_end, started
from tests.e2e.test_restart import asked, until, yes
from tests.ports import free_ports
from tgfake.cluster import Cluster
from tgfake.network import Shape
from tgfake.world import File, FileSpec, World
from tgfake.world.person import Person

pytestmark = pytest.mark.slow

MIB = 1 << 20
BOT = "telpher_bot"
WORKERS = 3


class Site:
    """A Telegram, and telpher with several workers in it."""

    def __init__(self, world: World, cluster: Cluster, telpher: Telpher, process: int) -> None:
        self.world = world
        self.counters = cluster.counters
        self.telpher = telpher
        self.process = psutil.Process(process)
        self.ann: Person = world.person("Ann")

    def workers(self) -> dict[int, psutil.Process]:
        """Those that are alive, by number."""
        found = {}
        for child in self.process.children():
            # The spare one has no number.
            with contextlib.suppress(psutil.Error, ValueError):
                found[int(child.name().removeprefix("telpher-"))] = child
        return found

    def spare(self) -> psutil.Process:
        """The one that has no number yet."""
        numbered = {each.pid for each in self.workers().values()}
        [found] = [each for each in self.process.children() if each.pid not in numbered]
        return found

    async def share(self, file: File) -> str:
        """The link that the bot answers with."""
        sent = await self.ann.send_file(BOT, file)
        async with asyncio.timeout(PATIENCE):
            reply = await self.ann.wait_for(
                lambda seen: not seen.out and seen.reply_to == sent.id, BOT
            )
        return LINK.search(reply.text)[0].replace("localhost", "127.0.0.1")

    async def all_connected(self) -> None:
        waiting = set(range(WORKERS))
        while waiting:
            waiting.discard((await self.telpher.logged("connected to Telegram"))["worker"])
        line = self.workers()[0].cmdline()
        meeting = Path(line[line.index("--meeting") + 1])
        board = Board(meeting / BOARD, WORKERS, SystemClock())

        async def said() -> bool:
            return all(map(board.able, range(WORKERS)))

        await eventually(said)


@contextlib.asynccontextmanager
async def site(tmp_path: Path, shape: Shape | None = None, **settings: str) -> AsyncIterator[Site]:
    world = World()
    world.add_bot(TOKEN, BOT)
    world.add_user("Ann")
    async with telegram(world, tmp_path, shape=shape) as (cluster, servers):
        ann = str(world.person("Ann").user_id)
        env = environment(servers, tmp_path / "work", WORKERS=str(WORKERS), ADMINS=ann, **settings)
        async with started(env, tmp_path) as telpher:
            yield Site(world, cluster, telpher, telpher.pid)


@contextlib.contextmanager
def hanging(worker: psutil.Process) -> Iterator[None]:
    """It does nothing any more; in the end it is dead, whatever happened."""
    worker.suspend()
    try:
        yield
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()


async def test_what_is_about_one_file_goes_to_one_worker(tmp_path):
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=3 * MIB, dc=2 + n % 3)) for n in range(6)]
        links = [await home.share(film) for film in films]
        # Many connections, each accepted by whoever comes first.
        wanted = [link for link in links for _ in range(8)]
        answers = await asyncio.gather(*(http.get(each) for each in wanted))
        for film, link in zip(films, links, strict=True):
            for url, answer in zip(wanted, answers, strict=True):
                if url == link:
                    assert answer.status_code == 200
                    assert answer.content == bytes_of(film)
        served = sum(home.counters.bytes_served[film.id] for film in films)
        assert served <= 1.1 * len(films) * 3 * MIB
        assert home.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_one_that_is_killed_comes_back_and_other_plays_notice_nothing(tmp_path):
    shape = Shape(bandwidth=4 * MIB)
    async with site(tmp_path, shape) as home, plain_http.client() as http:
        await home.all_connected()
        before = home.workers()
        films = [home.world.add_file(FileSpec(size=12 * MIB, dc=4)) for _ in range(6)]
        links = [await home.share(film) for film in films]
        async with contextlib.AsyncExitStack() as plays:
            bodies = []
            for link in links:
                answer = await plays.enter_async_context(http.stream("GET", link))
                body = answer.aiter_raw()
                bodies.append((body, bytearray(await anext(body))))
            victim, spare = before[1], home.spare()
            victim.send_signal(signal.SIGKILL)
            ended = await home.telpher.logged("a worker ended")
            assert (ended["worker"], ended["status"], ended["pause"]) == (1, -signal.SIGKILL, 0.0)
            broken = 0
            for (body, received), film in zip(bodies, films, strict=True):
                try:
                    async for piece in body:
                        received += piece
                    assert received == bytes_of(film)
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    broken += 1
        assert broken < len(films)
        while (await home.telpher.logged("listening"))["worker"] != 1:
            pass
        after = home.workers()
        # It had loaded everything before it was needed.
        assert after[1].pid == spare.pid != victim.pid
        assert {number: each.pid for number, each in before.items() if number != 1} == {
            number: each.pid for number, each in after.items() if number != 1
        }
        # What broke off plays on, and all of it.
        for film, link in zip(films, links, strict=True):
            assert (await http.get(link)).content == bytes_of(film)
        assert home.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_one_that_hangs_is_stood_in_for_and_replaced(tmp_path):
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(2 * WORKERS)]
        links = [await home.share(film) for film in films]
        with hanging(victim := home.workers()[1]):
            # What is given to it before it is missed is served by who gave it, once it is replaced.
            answers = await asyncio.gather(*(http.get(link) for link in links * 3))
            for film, answer in zip(films * 3, answers, strict=True):
                assert answer.content == bytes_of(film)
            hangs = await home.telpher.logged("a worker hangs and is killed")
            ended = await home.telpher.logged("a worker ended")
        assert hangs["worker"] == ended["worker"] == 1
        assert (ended["status"], ended["pause"]) == (-signal.SIGKILL, 0.0)
        await home.telpher.logged("connected to Telegram")
        assert home.workers()[1].pid != victim.pid
        for film, link in zip(films, links, strict=True):
            assert (await http.get(link)).content == bytes_of(film)


async def test_kills_in_a_row_break_off_plays_and_refuse_nobody(tmp_path):
    """Whoever asks anew gets all of it: nothing is lost on its way from hand to hand."""
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(WORKERS)]
        links = [await home.share(film) for film in films]
        over = asyncio.Event()
        seen: Counter[str] = Counter()

        async def watch(link: str, film: File) -> None:
            while not over.is_set():
                try:
                    answer = await http.get(link)
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    seen["broken"] += 1
                else:
                    seen[str(answer.status_code)] += 1
                    assert answer.status_code != 200 or answer.content == bytes_of(film)

        async with asyncio.TaskGroup() as tasks:
            for film, link in zip(films, links, strict=True):
                tasks.create_task(watch(link, film))
            for number in (1, 2, 0, 1):
                home.workers()[number].send_signal(signal.SIGKILL)
                while (await home.telpher.logged("connected to Telegram"))["worker"] != number:
                    pass
            over.set()
        assert seen["200"]
        assert set(seen) <= {"200", "broken"}


async def test_plays_are_counted_over_all_workers(tmp_path):
    most = 3
    async with site(tmp_path, MAX_STREAMS=str(most)) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(3 * WORKERS)]
        links = [await home.share(film) for film in films]
        answers = [await http.get(link) for link in links]
        assert [each.status_code for each in answers] == [200] * most + [503] * (len(links) - most)
        # Those that have their places keep them.
        for link in links[:most]:
            answer = await http.get(link)
            assert answer.status_code == 200, answer.text


async def test_limits_by_owner_and_client_are_of_all_workers(tmp_path):
    limits = {"MAX_STREAMS_PER_USER": "3", "RATE_LIMIT_PER_MINUTE": "6"}
    async with site(tmp_path, **limits) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(3 * WORKERS)]
        links = [await home.share(film) for film in films]
        answers = [await http.get(link) for link in links]
        assert [each.status_code for each in answers] == [200] * 3 + [429] * (len(links) - 3)
        told = [each.json()["detail"]["error"] for each in answers[3:]]
        # What was refused for the owner's sake counts as begun.
        assert told == ["too_many_plays"] * 3 + ["rate_limited"] * (len(links) - 6), told


async def test_people_are_answered_once_whoever_is_killed(tmp_path):
    async with site(tmp_path) as home:
        await home.all_connected()
        sent = []
        for number in range(WORKERS):
            file = home.world.add_file(FileSpec(size=10))
            sent.append(await home.ann.send_file(BOT, file))
            home.workers()[number].send_signal(signal.SIGKILL)
            await home.telpher.logged("a worker ended")
            await home.share(file)
        async with asyncio.timeout(PATIENCE):
            for each in sent:
                await home.ann.wait_for(lambda seen, to=each.id: seen.reply_to == to, BOT)
        answers = Counter(each.reply_to for each in home.ann.history(BOT) if each.reply_to)
        assert set(answers.values()) == {1}


async def test_a_spare_one_that_was_killed_is_missed_by_nobody(tmp_path):
    async with site(tmp_path) as home:
        await home.all_connected()
        spare = home.spare()
        spare.kill()
        home.workers()[1].kill()
        assert (await home.telpher.logged("a worker ended"))["worker"] == 1
        while (await home.telpher.logged("listening"))["worker"] != 1:
            pass
        assert home.workers()[1].pid != spare.pid
        home.telpher.signal(signal.SIGTERM)
        assert await home.telpher.exit_status() == 0


async def test_an_admins_restart_is_everybodys(tmp_path):
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        before = home.workers()
        link = await home.share(film := home.world.add_file(FileSpec(size=MIB, dc=2)))
        question = await asked(home.ann)
        await home.ann.press(question, yes(question))
        await home.all_connected()
        assert not any(each.is_running() for each in before.values())
        await until(home.ann, question, "telpher is back")
        assert (await http.get(link)).content == bytes_of(film)


async def test_all_end_together(tmp_path):
    async with site(tmp_path) as home:
        await home.all_connected()
        workers = home.workers().values()
        home.telpher.signal(signal.SIGTERM)
        assert await home.telpher.exit_status() == 0
        assert not any(each.is_running() for each in workers)


async def test_without_a_supervisor_the_workers_end_and_the_next_one_begins(tmp_path):
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        link = await home.share(film := home.world.add_file(FileSpec(size=MIB, dc=2)))
        workers = list(home.workers().values())
        assert len(workers) == WORKERS
        home.telpher.signal(signal.SIGKILL)
        # At once: it waits for the last of them.
        env = {**home.telpher.env, "PORT": str(home.telpher.port)}
        async with started(env, tmp_path) as second:
            for _ in range(WORKERS):
                await second.logged("connected to Telegram")
            assert not any(each.is_running() for each in workers)
            assert (await http.get(link)).content == bytes_of(film)


def waiting(path: Path) -> bool:
    """Whether there are counters in that file."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM sums")
    return bool(count)


async def test_what_killed_workers_had_to_count_is_counted_with_fewer_of_them(tmp_path):
    """Once, whoever delivers it."""
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(2 * WORKERS)]
        links = [await home.share(film) for film in films]
        work_dir = tmp_path / "work"
        for link in links:
            assert len((await http.get(link)).content) == MIB

        async def on_their_way() -> bool:
            """Some are on the disk of a worker, and not in the database yet."""
            await http.get(links[0])
            await http.get(links[-1])
            return any(map(waiting, work_dir.glob("worker-*/local.sqlite3")))

        await eventually(on_their_way)
        workers = list(home.workers().values())
        home.telpher.signal(signal.SIGSTOP)  # nobody shall come back
        for each in workers:
            each.kill()
        home.telpher.signal(signal.SIGKILL)
        assert list(work_dir.glob("worker-*/local.sqlite3"))
        env = {**home.telpher.env, "PORT": str(home.telpher.port), "WORKERS": "1"}
        async with started(env, tmp_path) as second:
            await second.logged("connected to Telegram")

            async def delivered() -> bool:
                return not list(work_dir.glob("worker-*/local.sqlite3"))

            await eventually(delivered)
            second.signal(signal.SIGTERM)
            assert await second.exit_status() == 0
        async with SqliteDatabase(work_dir / "telpher.sqlite3", SystemClock()) as database:
            totals = await database.ledger.totals()
        # What a killed one had in memory alone, of its last second, may be lost.
        assert 0 < totals.streams <= len(links)
        assert totals.files == len(links)


async def test_metrics_and_health_are_of_all_workers_whichever_is_asked(tmp_path):
    async with site(tmp_path) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(3 * WORKERS)]
        for film in films:
            assert len((await http.get(await home.share(film))).content) == MIB

        async def told() -> tuple[dict[str, float], dict[str, float]]:
            text = (await http.get(f"{home.telpher.url}/metrics")).text
            families = {each.name: each for each in text_string_to_metric_families(text)}
            return tuple(
                {sample.labels["worker"]: sample.value for sample in families[name].samples}
                for name in ("telpher_worker_up", "telpher_sent_bytes")
            )

        up, sent = await told()
        assert up == {"0": 1, "1": 1, "2": 1}
        async with asyncio.timeout(PATIENCE):
            while sum(sent.values()) < len(films) * MIB:
                _, sent = await told()
        assert sum(sent.values()) == len(films) * MIB
        assert min(sent.values()) < len(films) * MIB
        report = (await http.get(f"{home.telpher.url}/health")).json()
        assert [each["worker"] for each in report["workers"]] == [0, 1, 2]
        with hanging(home.workers()[2]):
            # By a new connection: those before may be with the one that hangs.
            async with asyncio.timeout(PATIENCE), plain_http.client() as new:
                while report["workers"][2]["status"] != "silent":
                    report = (await new.get(f"{home.telpher.url}/health")).json()
        assert report["status"] == "degraded"
        assert "worker_silent" in {each["reason"] for each in report["reasons"]}


@pytest.mark.system
async def test_what_a_cache_in_front_sends_is_counted_whoever_hears_of_it(tmp_path):
    log, port = free_ports(), free_ports()
    edge = {"EDGE_LOG": f"127.0.0.1:{log}", "TRUSTED_PROXIES": "127.0.0.1", "MAX_STREAMS": "4"}
    async with site(tmp_path, **edge) as home, plain_http.client() as http:
        await home.all_connected()
        films = [home.world.add_file(FileSpec(size=MIB, dc=2)) for _ in range(5)]
        straight = [await home.share(film) for film in films]
        links = [each.replace(str(home.telpher.port), str(port)) for each in straight]
        servers = Path(home.telpher.env["TELEGRAM_SERVERS"])
        telpher = {"port": home.telpher.port, "edge_log": ("127.0.0.1", log)}
        there = settings_for(servers, tmp_path / "work", **telpher)
        async with nginx(tmp_path / "nginx", port, there):
            for link, film in zip(links[:4] * 3, films[:4] * 3, strict=True):
                assert (await http.get(link)).content == bytes_of(film)
            # Plays that nginx sends are plays: one of each, at one worker.
            assert (await http.get(links[4])).status_code == 503

            async def counted() -> bool:
                path = tmp_path / "work" / "telpher.sqlite3"
                async with SqliteDatabase(path, SystemClock()) as database:
                    totals = await database.ledger.totals()
                return (totals.streams, totals.bytes_served) == (4, 12 * MIB)

            await eventually(counted)
        assert sum(home.counters.bytes_served[film.id] for film in films) <= 4.4 * MIB


async def test_how_many_may_be_said_when_it_is_called(tmp_path):
    world = World()
    world.add_bot(TOKEN, BOT)
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work")
        async with started(env, tmp_path, "--workers", "2") as telpher:
            numbers = [(await telpher.logged("connected to Telegram"))["worker"] for _ in range(2)]
    assert sorted(numbers) == [0, 1]


async def test_a_taken_port_ends_it_with_the_reason(tmp_path):
    async with site(tmp_path) as home:
        await home.telpher.logged("listening")
        env = {
            **home.telpher.env,
            "PORT": str(home.telpher.port),
            "WORK_DIR": str(tmp_path / "other"),
        }
        status, said = await run_to_end(env, tmp_path, "run")
        assert status == 2
        assert f"PORT: {home.telpher.port} is in use" in said
