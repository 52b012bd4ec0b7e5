"""What metrics read from the rooms when somebody looks. Part of the composition root.

Everything here is at hand: no source waits, asks anybody, or looks at more than bots' connections.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from telpher._version import VERSION
from telpher.assembly import App, Frame, Stores
from telpher.core.tally import BatchMade, LinkMade, PlayBegun
from telpher.jobs.runner import Runner
from telpher.memory import memory_limit
from telpher.observe.loop import LoopWatch
from telpher.observe.machine import Machine
from telpher.observe.metrics import table
from telpher.observe.metrics.metrics import Reading
from telpher.observe.process import process
from telpher.observe.troubles import Troubles
from telpher.service.census import Census
from telpher.service.journal import Journal
from telpher.storage.base import DatabaseStatus
from telpher.streaming.disk.tier import DiskTier
from telpher.streaming.engine import Engine
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.carrier import Carrier
from telpher.telegram.gateway import AccountState
from telpher.telegram.lane import Lane
from telpher.web.server import HttpServer

Readings = Iterator[Reading]


def watch(app: App, stores: Stores, frame: Frame, jobs: Runner) -> None:
    """Has them read at each scrape, and begins the jobs that look now and then."""
    metrics, limit = frame.metrics, memory_limit()
    census = Census(stores.database.users, frame.clock)
    jobs.start("people counted", census.run)
    jobs.start("loop", LoopWatch(metrics).run)
    metrics.read(process)
    metrics.read(lambda: _process(app.machine, frame.troubles, limit))
    metrics.read(lambda: _http(app.server))
    metrics.read(lambda: _streaming(app.engine))
    metrics.read(lambda: _disk(stores.disk))
    metrics.read(lambda: _databases(stores.database.status(), app.books.fellows.answers()))
    metrics.read(lambda: _accounts([app.account, *app.extras]))
    metrics.read(lambda: _lanes(app.fleet.lanes()))
    metrics.read(lambda: _carriers(app.fleet.carriers()))
    metrics.read(lambda: _bot(app))
    metrics.read(lambda: _people(census, app.books.journal))
    metrics.read(lambda: _jobs(jobs))


def _process(machine: Machine, troubles: Troubles, limit: int) -> Readings:
    yield Reading(table.BUILD, 1, (VERSION, platform.python_version()))
    yield Reading(table.MEMORY_LIMIT, limit)
    load = machine.load()
    yield Reading(table.CPU_LOAD, load.cpu_percent / 100)
    yield Reading(table.MEMORY_FREE, load.memory_available)
    if load.disk is not None:
        yield Reading(table.DISK_SIZE, load.disk.size)
        yield Reading(table.DISK_FREE, load.disk.free)
    for diagnosis, count in troubles.seen().items():
        yield Reading(table.TROUBLES, count, (diagnosis,))


def _http(server: HttpServer) -> Readings:
    yield Reading(table.HTTP_CONNECTIONS, server.connections)
    for error, count in server.refused.items():
        yield Reading(table.HTTP_REFUSED, count, (error,))


def _streaming(engine: Engine) -> Readings:
    stats = engine.stats()
    yield Reading(table.STREAMS, stats.active_streams)
    yield Reading(table.STREAMS_BEGUN, stats.total_streams)
    yield Reading(table.PLAYS, stats.active_plays)
    yield Reading(table.SENT, stats.bytes_served)
    yield Reading(table.FILES_KNOWN, stats.file_properties_cached)
    yield Reading(table.CACHE_BYTES, stats.cache_bytes, ("memory",))
    yield Reading(table.CACHE_BUDGET, stats.cache_budget, ("memory",))
    yield Reading(table.CACHE_EVICTIONS, stats.cache.evictions)
    yield Reading(table.CACHE_LOOKUPS, stats.cache.hits, ("memory", "hit"))
    yield Reading(table.CACHE_LOOKUPS, stats.cache.joined, ("memory", "joined"))
    yield Reading(table.CACHE_LOOKUPS, stats.cache.misses, ("memory", "miss"))


def _disk(disk: DiskTier) -> Readings:
    """Where there is no disk cache, nothing."""
    if not disk.on:
        return
    stats = disk.stats()
    yield Reading(table.CACHE_BYTES, stats.bytes, ("disk",))
    yield Reading(table.CACHE_BUDGET, stats.budget, ("disk",))
    yield Reading(table.CACHE_LOOKUPS, stats.hits, ("disk", "hit"))
    yield Reading(table.CACHE_LOOKUPS, stats.misses, ("disk", "miss"))
    yield Reading(table.CACHE_DISK_ERRORS, stats.errors)
    yield Reading(table.CACHE_DISK_DROPPED, stats.dropped_writes)


def _databases(status: DatabaseStatus, redis: bool | None) -> Readings:
    yield Reading(table.DATABASE_UP, status.status == "connected", (status.type,))
    if redis is not None:
        yield Reading(table.REDIS_UP, redis)


def _accounts(accounts: list[BotAccount]) -> Readings:
    for number, account in enumerate(accounts):
        status, counts, labels = account.status(), account.counts(), (str(account.user_id),)
        role = "extra" if number else "main"
        yield Reading(table.ACCOUNT, 1, (*labels, status.username, role))
        yield Reading(table.ACCOUNT_CONNECTED, status.state is AccountState.CONNECTED, labels)
        yield Reading(table.ACCOUNT_CONNECTS, counts.connects, labels)
        yield Reading(table.MESSAGE_FLOODS, counts.floods, labels)


def _lanes(lanes: list[Lane]) -> Readings:
    for lane in lanes:
        labels = (str(lane.account), str(lane.dc))
        flood = lane.flood()
        yield Reading(table.LANE_LINKS, lane.connected, labels)
        yield Reading(table.LANE_FLOOD, flood.seconds if flood else 0, labels)
        yield from _windows(lane, labels)
        yield from _lane_counts(lane, labels)


def _windows(lane: Lane, labels: tuple[str, ...]) -> Readings:
    windows = [link.window for link in lane.links]
    yield Reading(table.LANE_WINDOW, sum(each.size for each in windows), labels)
    yield Reading(table.LANE_FLYING, sum(each.in_flight for each in windows), labels)
    yield Reading(table.LANE_RATE, sum(each.estimate.rate for each in windows), labels)
    trips = [each.estimate.min_rtt for each in windows if each.estimate.min_rtt]
    if trips:
        yield Reading(table.LANE_RTT, min(trips), labels)


def _lane_counts(lane: Lane, labels: tuple[str, ...]) -> Readings:
    counts = lane.counts
    yield Reading(table.LANE_OPENED, counts.opened, labels)
    yield Reading(table.LANE_RECEIVED, counts.received, labels)
    yield Reading(table.LANE_FLOODS, counts.floods, (*labels, "normal"))
    yield Reading(table.LANE_FLOODS, counts.premium_floods, (*labels, "premium"))
    for error, count in counts.errors.items():
        yield Reading(table.LANE_ERRORS, count, (*labels, error))


def _carriers(carriers: dict[int, Carrier]) -> Readings:
    for dc, carrier in carriers.items():
        counts, labels = carrier.counts, (str(dc),)
        yield Reading(table.DC_REQUESTS, counts.requests, labels)
        yield Reading(table.DC_HEDGES, counts.hedges, labels)
        yield Reading(table.DC_HEDGES_WON, counts.hedges_won, labels)
        yield Reading(table.DC_WAITING, carrier.scheduler.waiting, labels)


def _bot(app: App) -> Readings:
    counts = app.account.counts()
    yield Reading(table.UPDATES_WAITING, counts.updates_waiting)
    yield Reading(table.UPDATES_DROPPED, counts.updates_dropped)
    for error, count in app.bot.router.failures.items():
        yield Reading(table.UPDATE_FAILURES, count, (error,))


def _people(census: Census, journal: Journal) -> Readings:
    yield Reading(table.PLAYS_BEGUN, journal.noted[PlayBegun])
    yield Reading(table.LINKS, journal.noted[LinkMade])
    yield Reading(table.BATCHES, journal.noted[BatchMade])
    counts = census.counts
    if counts is None:
        return
    yield Reading(table.USERS, counts.total)
    yield Reading(table.USERS_ACTIVE, counts.day, ("day",))
    yield Reading(table.USERS_ACTIVE, counts.week, ("week",))
    yield Reading(table.USERS_ACTIVE, counts.month, ("month",))
    yield Reading(table.USERS_LOST, counts.banned, ("banned",))
    yield Reading(table.USERS_LOST, counts.blocked, ("blocked",))


def _jobs(jobs: Runner) -> Readings:
    for name, running in jobs.running().items():
        yield Reading(table.JOB_RUNNING, running, (name,))
        yield Reading(table.JOB_FAILURES, jobs.failures[name], (name,))
