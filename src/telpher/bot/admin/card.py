"""One user as the panel shows them. Pure."""

from __future__ import annotations

from typing import Final

from telpher.bot import keyboards
from telpher.bot.admin import shown
from telpher.bot.turn import Answer, Turn
from telpher.core import display
from telpher.core.records import User
from telpher.core.tally import DAY
from telpher.telegram.gateway import Button

USER: Final = "user"  # the presses that are about one user, with their id as argument
BAN: Final = "ban"
UNBAN: Final = "unban"
LINKS_OF: Final = "links_of"

_WEEK: Final = 7 * DAY


def engagement(user: User, now: float) -> str:
    """Files sent and plays of their links, a week since they joined; the first week counts whole.

    A dash for whoever has never talked to the bot.
    """
    if user.join_date <= 0:
        return shown.NEVER
    weeks = max((now - user.join_date) / _WEEK, 1.0)
    return f"{(user.total_files + user.total_streams) / weeks:.1f}"


def card(turn: Turn, user: User, now: float, *, is_admin: bool) -> Answer:
    """Everything that is known of them, as of `now`."""
    person = user.person
    text = turn.render(
        "user.card",
        name=shown.name(person),
        username=shown.handle(person) or shown.NEVER,
        user_id=person.user_id,
        role=turn.render("user.admin" if is_admin else "user.user"),
        state=turn.render(f"user.{_state(user)}"),
        language=display.one_line(person.language_code, 16) or shown.NEVER,
        premium=turn.render("user.yes" if person.is_premium else "user.no"),
        joined=shown.time(user.join_date),
        first=shown.time(user.first_seen),
        last=shown.time(user.last_seen),
        streams=user.total_streams,
        size=display.size(max(user.bytes_served, 0)),
        files=user.total_files,
        batches=user.total_batch_requests,
        engagement=engagement(user, now),
        time=shown.time(now),
    )
    return Answer(text, (_about(turn, user, is_admin), _away(turn)))


def _state(user: User) -> str:
    if user.banned:
        return "banned"
    return "blocked" if user.blocked_bot else "well"


def _about(turn: Turn, user: User, is_admin: bool) -> tuple[Button, ...]:
    number = user.person.user_id
    refresh = shown.button(turn, "refresh", USER, number)
    links = shown.button(turn, "links_of", LINKS_OF, number)
    if user.banned:
        return (refresh, links, shown.button(turn, "unban", UNBAN, number))
    if is_admin:
        return (refresh, links)
    return (refresh, links, shown.button(turn, "ban", BAN, number))


def _away(turn: Turn) -> tuple[Button, ...]:
    everybody = Button(turn.plain("button.all_users"), data=keyboards.data("users"))
    return (everybody, shown.to_panel(turn))
