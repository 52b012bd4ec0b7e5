"""The life of telpher: what is built (`assembly`) starts, serves, and stops in order.

    start  stores → HTTP listens → bots and jobs connect, for as long as it takes
    stop   no new connections → streams drain → engine → file connections → jobs → bots, which save
           their sessions → HTTP → stores

HTTP is up before Telegram is reached, so that health can say what is missing. Everything that
runs is in one task group: a bug of ours takes the process down visibly, never one part in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial

import structlog

from telpher import gauges
from telpher.assembly import App, Frame, Stores, build
from telpher.bot.timed import TimedListener
from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.crew.place import ALONE, Place
from telpher.diagnosis import raise_alarms
from telpher.ending import Ending
from telpher.errors import StorageError
from telpher.jobs.copies import look_into
from telpher.jobs.runner import Runner
from telpher.memory import memory_limit
from telpher.observe.metrics.metrics import Metrics
from telpher.observe.troubles import Troubles
from telpher.storage.local import LocalStore
from telpher.storage.opening import database_at
from telpher.storage.timed import TimedDatabase
from telpher.streaming.disk.tier import DiskTier
from telpher.telegram.gateway import AccountState, Incoming
from telpher.telegram.timing import AT_WORK, Timing

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_GIB = 1 << 30


async def serve(
    settings: Settings,
    *,
    troubles: Troubles | None = None,
    on_ready: Callable[[str], None] | None = None,
    place: Place = ALONE,
) -> bool:
    """Runs telpher until SIGTERM or SIGINT, or until an admin restarts it; True when it is to begin
    anew (`ending`).

    `troubles` are those that the log pipe notes. `on_ready` is called once HTTP listens, with the
    address links begin with. Raises SettingsError for what only starting can show, such as a port
    that is taken.
    """
    ending = Ending()
    with _signals(ending), place.leashed(ending.stop), _first_failure():
        async with running(settings, ending=ending, troubles=troubles, place=place) as app:
            _log.info("listening", host=settings.host, port=app.server.port)
            if on_ready is not None:
                on_ready(settings.base_url)
            # What is loaded by now stays. Looking through it for garbage again and again was 5 % of
            # the CPU that file bytes cost.
            gc.collect()
            gc.freeze()
            await ending.asked()
            _log.info("stopping", streams=app.engine.stats().active_streams, again=ending.again)
    return ending.again


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    clock: Clock | None = None,
    timing: Timing | None = None,
    ending: Ending | None = None,
    troubles: Troubles | None = None,
    place: Place = ALONE,
) -> AsyncIterator[App]:
    """telpher, serving and connected (or trying to be) for as long as the context lasts; `ending`
    is told when an admin wants that to be over, `troubles` are what the log pipe was given."""
    clock = clock or SystemClock()
    shared_dir, settings = settings.work_dir, _of_worker(settings, place)
    disk = DiskTier(settings.work_dir / "cache", int(settings.disk_cache_gb * _GIB), clock)
    url = settings.database_url.get_secret_value() if settings.database_url else None
    database = database_at(url, shared_dir, clock)
    local = LocalStore(settings.work_dir / "local.sqlite3")
    async with disk, database, local, asyncio.TaskGroup() as tasks:
        metrics = Metrics()
        stores = Stores(disk, TimedDatabase(database, metrics, clock), local)
        frame = Frame(
            clock=clock,
            timing=timing or AT_WORK,
            ending=ending or Ending(),
            troubles=troubles or Troubles(),
            metrics=metrics,
            place=place,
        )
        app = build(settings, frame, stores, tasks)
        await app.books.agreement.enter()
        await app.books.revocations.load()
        if app.edge_log is not None:
            await app.edge_log.open()
        await app.telephone.open()
        await app.server.start()
        bots = _start_bots(app, frame, tasks)
        jobs = Runner(tasks, clock)
        _start_jobs(app, jobs, settings.bin_channel)
        alarms = raise_alarms(settings, frame.troubles, app.bot.reports.trouble, clock)
        jobs.start("alarms", alarms.run)
        gauges.watch(app, stores, frame, jobs)
        with app.live.beating():
            try:
                yield app
            finally:
                await _stop(app, settings.drain_seconds, bots, jobs)


async def _stop(app: App, seconds: float, bots: Sequence[asyncio.Task[None]], jobs: Runner) -> None:
    """See the module: in which order."""
    app.lifecycle.draining = True
    # The next instance answers people while this one still serves what it has begun.
    await asyncio.gather(app.account.hand_over(), app.server.drain(seconds))
    await app.engine.close()
    await app.fleet.close()
    await jobs.stop()
    for bot in bots:
        bot.cancel()
    await asyncio.wait(bots)
    if app.edge_log is not None:
        app.edge_log.close()
    await app.books.delivery.finish()
    await app.books.agreement.leave()
    await app.server.close()
    await app.telephone.close()
    await app.books.fellows.close()
    if app.rates is not None:
        await app.rates.close()


def _of_worker(settings: Settings, place: Place) -> Settings:
    """What one of several workers goes by: a folder of its own, and its part of the caches."""
    if place.of == 1:
        return settings
    own = {
        "work_dir": place.home(settings.work_dir),
        "chunk_cache_mb": settings.chunk_cache_bytes(memory_limit()) // place.of >> 20,
        "disk_cache_gb": settings.disk_cache_gb / place.of,
    }
    return settings.model_copy(update=own)


def _start_bots(app: App, frame: Frame, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    listener = TimedListener(app.bot.router, frame.metrics, frame.clock)
    return [
        tasks.create_task(app.account.run(listener), name="bot"),
        tasks.create_task(_introduce(app), name="menu of commands"),
        *(
            tasks.create_task(extra.run(_ignore), name=f"bot {extra.user_id}")
            for extra in app.extras
        ),
    ]


def _start_jobs(app: App, jobs: Runner, channel: int | str | None) -> None:
    jobs.start("copies", app.desk.run)
    jobs.start("journal", app.books.journal.run)
    jobs.start("counters", app.books.delivery.run)
    jobs.start("agreement of instances", app.books.agreement.run)
    jobs.start("revocations", app.books.revocations.run)
    jobs.start("reports", app.bot.reports.run)
    jobs.start("upkeep", app.upkeep.run)
    jobs.start("broadcasts", app.bot.broadcasts.run)
    jobs.start("log level", app.log_level.run)
    for name, job in app.books.fellows.jobs(partial(_hear, app), app.engine.owned):
        jobs.start(name, job)
    jobs.start("heritage", app.heritage.run)
    if app.edge_log is not None:
        jobs.start("edge log", app.edge_log.run)
    jobs.start("pulse", app.pulse.run)
    jobs.start("machine", app.machine.run)
    jobs.start("word of a restart", partial(_announce, app))
    if channel is None:
        return
    for extra in app.extras:
        name = f"BIN_CHANNEL of bot {extra.user_id}"
        jobs.start(name, partial(look_into, extra.copier, channel, str(extra.user_id)))


async def _hear(app: App) -> None:
    """Another instance has changed what all go by. What cannot be read now is read in a moment."""
    with contextlib.suppress(StorageError):
        await app.books.revocations.refresh()
        await app.log_level.refresh()


async def _introduce(app: App) -> None:
    await app.account.reached(AccountState.CONNECTED)
    await app.bot.router.publish_commands(app.account.bot)


async def _announce(app: App) -> None:
    await app.account.reached(AccountState.CONNECTED)
    await app.bot.announcement.run()


async def _ignore(incoming: Incoming) -> None:
    """Extra bots only carry bytes: people talk to the main one."""


@contextlib.contextmanager
def _signals(ending: Ending) -> Iterator[None]:
    """SIGTERM and SIGINT ask for the end; a second SIGINT ends the process at once."""
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        ending.stop()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _first_failure() -> Iterator[None]:
    """Raises what went wrong as it is, where a task group has wrapped a single error."""
    try:
        yield
    except ExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None
