"""How telpher is: one of three levels, and why (rules 21, 22, 44).

    unhealthy   links do not play here: no word from Telegram, or on the way out
    degraded    links play, and something that should be there is not
    healthy     neither

A reason is a short word that programs may rely on, and a sentence for people. Pure: what is judged
has been noted before, so that the answer never waits for anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from telpher.observe.machine import Load
from telpher.telegram.gateway import AccountState, AccountStatus

# Bytes. The disk cache leaves twice as much: below this somebody else fills the disk, and the
# database will be the next to notice.
LEAST_FREE: Final = 128 << 20


class Level(StrEnum):
    """The three of them."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is not as it should be."""

    level: Level
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is judged. `main` is the bot that people talk to; `redis` is None without one."""

    draining: bool
    main: AccountStatus
    extras: Sequence[AccountStatus]
    database: bool
    redis: bool | None
    load: Load


def reasons(known: Known) -> list[Reason]:
    """All there are, those that matter most first."""
    return [*_unhealthy(known), *_degraded(known)]


def level_of(found: Sequence[Reason]) -> Level:
    """The worst of them."""
    for level in (Level.UNHEALTHY, Level.DEGRADED):
        if any(each.level is level for each in found):
            return level
    return Level.HEALTHY


# Telegram's words for where the main bot stands, and what is said where it gives no reason.
_NOT_CONNECTED: Final = {
    AccountState.STARTING: ("bot_starting", "The bot is connecting to Telegram."),
    AccountState.RECONNECTING: ("bot_disconnected", "The connection to Telegram was lost."),
    AccountState.DEAD: ("bot_token_refused", "Telegram refused the bot's token."),
    AccountState.STOPPED: ("bot_stopped", "The bot has been stopped."),
}


def _unhealthy(known: Known) -> Iterator[Reason]:
    if known.draining:
        sentence = "This instance is being stopped: what plays goes on, nothing new begins."
        yield Reason(Level.UNHEALTHY, "draining", sentence)
    if known.main.state is not AccountState.CONNECTED:
        word, sentence = _NOT_CONNECTED[known.main.state]
        yield Reason(Level.UNHEALTHY, word, known.main.reason or sentence)


def _degraded(known: Known) -> Iterator[Reason]:
    if not known.database:
        sentence = "The database does not answer. Links play; lists, statistics and bans wait."
        yield _lesser("database_unreachable", sentence)
    if known.redis is False:
        sentence = "Redis does not answer. Limits are counted on this instance alone."
        yield _lesser("redis_unreachable", sentence)
    if known.load.disk is None and known.load.trouble:
        yield _lesser("disk_unreadable", f"WORK_DIR cannot be looked at: {known.load.trouble}.")
    elif known.load.disk is not None and known.load.disk.free < LEAST_FREE:
        left = known.load.disk.free >> 20
        yield _lesser("disk_full", f"The disk of WORK_DIR is full: {left} MiB are left.")
    away = [each for each in known.extras if each.state is not AccountState.CONNECTED]
    if away:
        names = ", ".join(each.username or str(each.user_id) for each in away)
        sentence = f"{len(away)} of {len(known.extras)} extra bots are not connected: {names}."
        yield _lesser("extra_bots_disconnected", sentence)
    yield from _floods([known.main, *known.extras])


def _floods(bots: Sequence[AccountStatus]) -> Iterator[Reason]:
    waits = [seconds for each in bots for seconds in each.floods.values()]
    if waits:
        sentence = f"Telegram has asked a bot to pause, for {max(waits):.0f} s at most."
        yield _lesser("flood_wait", sentence)


def _lesser(word: str, sentence: str) -> Reason:
    return Reason(Level.DEGRADED, word, sentence)
