"""What the bot can do, area by area: commands, buttons, and steps of a conversation.

An area is an object that says in one table what it answers; the router joins the tables and refuses
at start what two areas claim. Data of a button is "name", or "name:argument"; both are ASCII and
together at most 64 bytes (telegram.md). Anybody can send any data: arguments are checked where they
are read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from telpher.bot.turn import Turn

_Each = TypeVar("_Each")

Handler = Callable[[Turn], Awaitable[None]]
PressHandler = Callable[[Turn, str], Awaitable[None]]


class Who(StrEnum):
    """Who may: everybody who is not banned, or admins (ADMINS) alone."""

    EVERYBODY = "everybody"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Command:
    """A command: `name` without the slash, described by the text "command.<name>".

    `in_groups` lets it be given in groups too; elsewhere a group hears nothing.
    """

    name: str
    handler: Handler
    who: Who = Who.EVERYBODY
    in_groups: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """What buttons with data `name` or `name:argument` do; the handler is given the argument."""

    name: str
    handler: PressHandler
    who: Who = Who.EVERYBODY


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with a message that comes while the sender's conversation stands at `name`."""

    name: str
    handler: Handler
    who: Who = Who.ADMINS


@dataclass(frozen=True, slots=True)
class Offer:
    """All that an area answers."""

    commands: Sequence[Command] = ()
    presses: Sequence[Press] = ()
    steps: Sequence[Step] = ()


class Area(Protocol):
    """A part of what the bot does."""

    def offer(self) -> Offer:
        """What it answers; asked once, at start."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """What all areas offer, by name."""

    commands: Mapping[str, Command] = field(default_factory=dict)
    presses: Mapping[str, Press] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)

    @classmethod
    def of(cls, areas: Sequence[Area]) -> Table:
        """Joins the areas' offers. ValueError where two claim one name."""
        commands: dict[str, Command] = {}
        presses: dict[str, Press] = {}
        steps: dict[str, Step] = {}
        for offer in (area.offer() for area in areas):
            _join(commands, {each.name: each for each in offer.commands})
            _join(presses, {each.name: each for each in offer.presses})
            _join(steps, {each.name: each for each in offer.steps})
        return cls(commands, presses, steps)


def split_data(data: bytes) -> tuple[str, str]:
    """(name, argument) of a button's data; both empty where it is none of ours."""
    try:
        name, _, argument = data.decode("ascii").partition(":")
    except UnicodeDecodeError:
        return "", ""
    return name, argument


def _join(into: dict[str, _Each], more: Mapping[str, _Each]) -> None:
    twice = into.keys() & more.keys()
    if twice:
        raise ValueError(f"two areas claim {', '.join(sorted(twice))}")
    into.update(more)
