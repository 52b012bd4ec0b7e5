"""Faults in mid-stream: are the bytes right, and how long does the viewer get none?

The fault comes when a quarter of the file has been received. A stall is the longest time without a
byte, in round trips; `nothing` shows what is usual without a fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench import telegram as tg
from bench.cases.naming import fault_case
from bench.stage import Stage
from bench.systems import Gateway
from bench.telegram import Link, Telegram
from bench.viewer import Play, watch

FLOOD_SECONDS: Final = 5.0
_CONNECTIONS: Final = 4
"""The most that telpher has for one bot in one data centre."""
_ELSEWHERE: Final = 1
"""The data centre that a file is moved to."""

Strike = Callable[[Telegram, Gateway, Link], Awaitable[None]]


async def nothing(_telegram: Telegram, _one: Gateway, _link: Link) -> None:
    """No fault: the usual gaps."""


async def expire(telegram: Telegram, _one: Gateway, link: Link) -> None:
    """The file reference expires."""
    await telegram.control("expire", document=link.document)


async def migrate(telegram: Telegram, _one: Gateway, link: Link) -> None:
    """The file moves to a data centre that the system was not connected with."""
    await telegram.control("move", document=link.document, dc=_ELSEWHERE)


async def cut(telegram: Telegram, _one: Gateway, _link: Link) -> None:
    """All connections to the file's data centre are lost."""
    await telegram.control("disconnect", dc=tg.HOME_DC)


async def flood(telegram: Telegram, one: Gateway, _link: Link) -> None:
    """Every request of the first bot gets FLOOD_WAIT for five seconds."""
    arguments = {"kind": "flood wait", "method": "upload.getFile", "account": one.system.bot.name}
    await telegram.control("fault", **arguments, seconds=FLOOD_SECONDS, times=None)
    await asyncio.sleep(FLOOD_SECONDS)
    await telegram.control("calm")


async def cut_one(telegram: Telegram, one: Gateway, _link: Link) -> None:
    """The first bot loses its connections, each with the next request on it."""
    arguments = {"kind": "reset", "method": "upload.getFile", "account": one.system.bot.name}
    await telegram.control("fault", **arguments, times=_CONNECTIONS)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and how many round trips a stall may last; None: nothing is promised."""

    name: str
    strike: Strike
    stall: float | None = None


ALL: Final = (
    Fault("nothing", nothing),
    Fault("reference expires", expire),
    Fault("file moves to another DC", migrate, 8),
    Fault("connections are lost", cut),
    Fault("flood of 5 s on the only bot", flood),
)
OF_TWO_BOTS: Final = (
    Fault("nothing, two bots", nothing),
    Fault("reference expires, two bots", expire, 2),
    Fault("one of two bots loses its connections", cut_one, 2),
    Fault("file moves to another DC, two bots", migrate, 8),
    Fault("flood of 5 s on one of two bots", flood, 2),
)


async def measure(stage: Stage) -> None:
    """A row for each fault and system."""
    for one in stage.gateways:
        if one.system.is_baseline and not stage.plan.fault_baselines:
            continue
        for fault in ALL:
            await suffer(stage, one, fault)


async def suffer(stage: Stage, one: Gateway, fault: Fault, link: Link | None = None) -> None:
    """One fault for one system, in a new file if not in that of `link`."""
    link = link or await one.link(stage.plan.fault_bytes)
    await one.head(link)
    play = await _play_through(stage, one, link, fault)
    await stage.telegram.control("calm")
    await stage.telegram.settle()
    row = stage.row(fault_case(stage.profile, fault.name), one)
    row.add(mb_s=play.rate)
    if stage.profile.rtt:
        stall = play.longest_gap / stage.profile.rtt
        row.add(stall_rtts=stall)
        if fault.stall is not None and stall > fault.stall:
            row.note(f"a stall above {fault.stall:g} round trips")
    row.note(_verdict(play))


def _verdict(play: Play) -> str:
    if play.wrong_at is not None:
        return f"WRONG BYTES from {play.wrong_at} on"
    if play.received < play.length or not play.length:
        at = f"{play.received} of {play.length} bytes"
        return f"broken off after {at}: {play.trouble or play.status}"
    return "byte-exact"


async def _play_through(stage: Stage, one: Gateway, link: Link, fault: Fault) -> Play:
    due = asyncio.Event()

    def look(received: int) -> None:
        if received * 4 >= link.size:
            due.set()

    async def strike() -> None:
        await due.wait()
        await fault.strike(stage.telegram, one, link)

    wish = one.wish(link)
    wish.on_bytes = look
    async with asyncio.TaskGroup() as tasks:
        striking = tasks.create_task(strike())
        play = await watch(wish)
        if not due.is_set():
            striking.cancel()
    return play
