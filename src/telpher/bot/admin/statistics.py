"""/stats: people, plays and files in figures; all of them counted by the database.

statistics     the page; its Refresh button leads to the same
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from telpher.bot.admin import shown
from telpher.bot.areas import Command, Offer, Press, Who
from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.clock import Clock
from telpher.core import display
from telpher.core.records import FileRecord, Totals, UserCounts
from telpher.core.tally import HourSum
from telpher.service.figures import figures
from telpher.storage.base import Database

_PRESS: Final = "statistics"
_POPULAR: Final = 5
_SHOWN_NAME: Final = 60


class Statistics:
    """The area of the figures; `streams` tells how many there are at this moment."""

    def __init__(self, database: Database, clock: Clock, streams: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._streams = streams

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("stats", self._say, Who.ADMINS),),
            presses=(Press(_PRESS, self._show, Who.ADMINS),),
        )

    async def _say(self, turn: Turn) -> None:
        await turn.say(await self._page(turn))

    async def _show(self, turn: Turn, _argument: str) -> None:
        await turn.show(await self._page(turn))

    async def _page(self, turn: Turn) -> Answer:
        now = self._clock.now()
        known = await figures(self._database, now)
        parts = [
            turn.render("statistics.heading", time=shown.time(now)),
            _people(turn, known.people),
            _work(turn, known.total, known.day, self._streams()),
            _popular(turn, await self._database.ledger.popular(_POPULAR)),
        ]
        buttons = (shown.button(turn, "refresh", _PRESS), shown.to_panel(turn))
        return Answer(Html("\n\n".join(part for part in parts if part)), (buttons,))


def _people(turn: Turn, counts: UserCounts) -> Html:
    parts = {
        "day": counts.day,
        "week": counts.week,
        "month": counts.month,
        "banned": counts.banned,
        "blocked": counts.blocked,
    }
    shares = {f"{key}_share": shown.share(value, counts.total) for key, value in parts.items()}
    return turn.render("statistics.people", number=counts.total, **parts, **shares)


def _work(turn: Turn, totals: Totals, day: HourSum, streams: int) -> Html:
    return turn.render(
        "statistics.work",
        now=streams,
        streams=totals.streams,
        streams_day=day.streams,
        size=display.size(totals.bytes_served),
        size_day=display.size(day.bytes_served),
        files=totals.files,
        files_day=day.files,
        unique=totals.unique_files,
        batches=totals.batches,
        batches_day=day.batches,
        errors=totals.errors,
        errors_day=day.errors,
    )


def _popular(turn: Turn, files: Sequence[FileRecord]) -> Html:
    if not files:
        return Html("")
    lines = [
        turn.render(
            "statistics.file",
            place=place,
            name=display.one_line(file.name, _SHOWN_NAME),
            plays=turn.texts.count("links.plays", turn.reader.language, file.plays),
            size=display.size(file.bytes_served),
        )
        for place, file in enumerate(files, 1)
    ]
    return Html("\n".join((turn.render("statistics.popular"), *lines)))
