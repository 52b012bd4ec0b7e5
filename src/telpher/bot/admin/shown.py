"""Times, shares and people as the panel shows them, and the way back to it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from telpher.bot import keyboards
from telpher.bot.turn import Turn
from telpher.core import display
from telpher.core.model import Person
from telpher.telegram.gateway import Button

NEVER: Final = "-"

PANEL: Final = "admin"  # the press that shows the panel

_SHOWN_NAME: Final = 40


def time(at: float) -> str:
    """A time in UTC, to the minute; 0 and what no calendar holds are never."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at > 0 else NEVER
    except (OverflowError, ValueError, OSError):
        return NEVER


def share(part: int, whole: int) -> str:
    """`part` of `whole` in per cent; of nothing there is no share."""
    return f"{100 * part / whole:.0f} %" if whole > 0 else NEVER


def name(person: Person) -> str:
    """What somebody calls themselves, in one line; their id where that is nothing."""
    full = display.one_line(f"{person.first_name} {person.last_name}", _SHOWN_NAME)
    return full or handle(person) or str(person.user_id)


def handle(person: Person) -> str:
    """@name; empty when they have none."""
    return f"@{display.one_line(person.username, _SHOWN_NAME)}" if person.username else ""


def button(turn: Turn, text: str, press: str, argument: object = "") -> Button:
    """A button with the text "button.<text>"."""
    return Button(turn.plain(f"button.{text}"), data=keyboards.data(press, str(argument)))


def to_panel(turn: Turn) -> Button:
    """The way back."""
    return button(turn, "panel", PANEL)
