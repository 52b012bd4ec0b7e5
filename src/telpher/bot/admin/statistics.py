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
from telpher.service.figures import FigureDesk, Figures, average_wait

_PRESS: Final = "statistics"
_SHOWN_NAME: Final = 60
_SHOWN_ERRORS: Final = 5


class Statistics:
    """The area of the figures; `streams` tells how many there are at this moment."""

    def __init__(self, figures: FigureDesk, clock: Clock, streams: Callable[[], int]) -> None:
        self._figures = figures
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
        known = await self._figures.now(max_age=0)
        parts = [
            turn.render("statistics.heading", time=shown.time(known.at)),
            _people(turn, known.people),
            _work(turn, known, self._streams()),
            _lately(turn, known),
            _popular(turn, known.popular),
            _errors(turn, known.month),
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


def _work(turn: Turn, known: Figures, streams: int) -> Html:
    totals, day = known.total, known.day
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
        unique_day=known.files.day,
        batches=totals.batches,
        batches_day=day.batches,
        errors=totals.errors,
        errors_day=day.errors,
        wait=_wait(totals),
        wait_day=_wait(day),
    )


def _lately(turn: Turn, known: Figures) -> Html:
    """A week and a month, each in a line."""
    spans = {
        "statistics.week": (known.week, known.files.week),
        "statistics.month": (known.month, known.files.month),
    }
    lines = [
        turn.render(
            key,
            streams=work.streams,
            size=display.size(work.bytes_served),
            unique=played,
            files=work.files,
            batches=work.batches,
            errors=work.errors,
            wait=_wait(work),
        )
        for key, (work, played) in spans.items()
    ]
    return Html("\n".join(lines))


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


def _errors(turn: Turn, month: HourSum) -> Html:
    """Those that were shown most often."""
    if not month.shown:
        return Html("")
    most = sorted(month.shown.items(), key=lambda each: (-each[1], each[0]))[:_SHOWN_ERRORS]
    lines = [turn.render("statistics.error", key=key, number=number) for key, number in most]
    return Html("\n".join((turn.render("statistics.errors"), *lines)))


def _wait(work: HourSum | Totals) -> str:
    """How long a file's first byte took on average, in seconds."""
    average = average_wait(work)
    return shown.NEVER if average is None else f"{average / 1000:.2f} s"
