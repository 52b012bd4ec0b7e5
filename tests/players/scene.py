"""A telpher that looks as if it had been busy for a month: what pictures of the dashboard show."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from telpher.core.broadcast import KIND, Plan, Progress
from telpher.core.model import Kind, MessageRef, Person
from telpher.core.records import Job, JobState, LinkRecord
from telpher.core.tally import (
    DAY,
    HOUR,
    BytesServed,
    ErrorShown,
    Event,
    LinkMade,
    PersonSeen,
    PlayBegun,
    Tally,
    tally,
)
from telpher.storage.base import Database

_NAMES = (
    "Ada",
    "Linus",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Ken",
    "Margaret",
    "Donald",
    "Radia",
)
_FILES = (
    *("Metropolis (1927).mkv", "Nosferatu.mp4", "The General (1926).mkv", "Sunrise.mp4"),
    *("lecture-07-distributed-systems.mp4", "holiday.mov", "Goldberg Variations.flac", "talk.webm"),
)
_PEOPLE = 60
_DAYS = 60
_MIB = 1 << 20


async def furnish(database: Database, now: float) -> None:
    """Fills an empty database with what happened up to `now`."""
    for number, day in enumerate(_days(now), 1):
        await database.ledger.apply("scene", number, day)
    await database.users.set_banned(_user(5), True, now)
    plan = Plan([MessageRef(1, 2)], MessageRef(1, 3)).dump()
    for age, state, progress in (
        (300, JobState.RUNNING, Progress(1200, 9, 702, 2, 31)),
        (3 * DAY, JobState.DONE, Progress(1180, 9, 1090, 4, 86)),
    ):
        name = f"scene{age}"
        await database.jobs.add(Job(name, KIND, _user(0), now - age, state, plan, progress.dump()))
        # Nobody is to go on with it.
        await database.leases.acquire(f"job {name}", "scene", HOUR)


def _days(now: float) -> Iterator[Tally]:
    chance = random.Random(4)
    links: list[LinkRecord] = []
    for ago in range(_DAYS, -1, -1):
        events: list[Event] = []
        for number in range(_PEOPLE):
            if chance.random() < 0.3 + 0.3 * (1 - ago / _DAYS):
                at = now - ago * DAY - chance.random() * DAY
                events.append(PersonSeen(_person(number), at))
                if chance.random() < 0.4:
                    links.append(_link(chance, number, at))
                    events.append(LinkMade(links[-1]))
        for hour in range(24):
            at = now - ago * DAY - hour * HOUR
            events += _hour(chance, at, links, 1 - ago / (2 * _DAYS))
        yield tally(sorted(events, key=_when))


def _hour(
    chance: random.Random, at: float, links: list[LinkRecord], growth: float
) -> Iterator[Event]:
    """More in the evening than at night."""
    evening = 0.55 - 0.45 * math.cos((at % DAY / DAY - 0.85) * 2 * math.pi + math.pi)
    for _ in range(int(chance.random() * 14 * evening * growth) if links else 0):
        link = chance.choice(links)
        yield PlayBegun(link.link_id, link.document_id, link.ref, link.name, link.size, at)
        served = int(link.size * chance.random())
        yield BytesServed(link.link_id, link.document_id, served, at)
    if chance.random() < 0.06:
        yield ErrorShown(chance.choice(("telegram", "busy", "telegram_unavailable")), at)


def _when(event: Event) -> float:
    return event.link.created if isinstance(event, LinkMade) else getattr(event, "at", 0.0)


def _user(number: int) -> int:
    return 5_100_000_000 + number * 7919


def _person(number: int) -> Person:
    name = _NAMES[number % len(_NAMES)]
    last = "" if number < len(_NAMES) else f"{chr(64 + number // len(_NAMES))}."
    username = f"{name.lower()}_{number}" if number % 3 else ""
    return Person(_user(number), name, last, username, "en", is_premium=number % 7 == 0)


def _link(chance: random.Random, number: int, at: float) -> LinkRecord:
    which = int(len(_FILES) * chance.random() ** 1.6)
    link_id = chance.randrange(1 << 62)
    size = (300 + which * 170) * _MIB
    ref = MessageRef(_user(number), chance.randrange(1, 1 << 20))
    name = _FILES[which]
    return LinkRecord(link_id, _user(number), ref, at, 0, 0, 77 + which, name, size, Kind.VIDEO)
