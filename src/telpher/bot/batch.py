"""/batch FIRST LAST: links to every file between two messages (rule 27)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from telpher.bot import keyboards
from telpher.bot.areas import Command, Offer, Press
from telpher.bot.cancel import Undertaking, Undertakings
from telpher.bot.gate import Gate
from telpher.bot.language import Html
from telpher.bot.listing import listing
from telpher.bot.progress import Progress
from telpher.bot.turn import Answer, Turn
from telpher.clock import Clock
from telpher.errors import NotFoundError, StorageError, TelegramError, TelpherError
from telpher.service.batches import Batches, BatchRefusedError, Harvest, Plan, plan
from telpher.telegram.chats import ChatInfo
from telpher.telegram.gateway import Button

STOP: Final = "stop"  # the press that stops what is being done for the presser

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BatchRules:
    """`most` messages in one batch; playlists are at `base_url` + "/playlist/"."""

    most: int
    base_url: str


class Batch:
    """The area of batches."""

    def __init__(
        self,
        batches: Batches,
        gate: Gate,
        undertakings: Undertakings,
        clock: Clock,
        rules: BatchRules,
    ) -> None:
        self._batches = batches
        self._gate = gate
        self._undertakings = undertakings
        self._clock = clock
        self._rules = rules

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(commands=(Command("batch", self._batch),), presses=(Press(STOP, self._stop),))

    async def _batch(self, turn: Turn) -> None:
        try:
            wanted = plan(turn.message.arguments, self._rules.most)
            if await self._gate.lets_in(turn):
                await self._undertake(turn, wanted)
        except BatchRefusedError as refused:
            values = {"most": self._rules.most, **refused.values}
            await turn.say(turn.render(f"batch.{refused.reason}", **values))
        except NotFoundError:
            await turn.say(turn.render("batch.out_of_sight"))

    async def _undertake(self, turn: Turn, wanted: Plan) -> None:
        with self._undertakings.begin(turn.user_id) as undertaking:
            if undertaking is None:
                await turn.say(turn.render("batch.another"))
                return
            chat = await self._batches.admit(wanted, turn.user_id)
            harvest = await self._work(turn, wanted, chat, undertaking)
        if harvest is not None and harvest.entries:
            await self._hand_out(turn, harvest, chat.title)

    async def _work(
        self, turn: Turn, wanted: Plan, chat: ChatInfo, undertaking: Undertaking
    ) -> Harvest | None:
        """What was found, None when it came to nothing; the message that showed the progress says
        which."""
        progress = Progress(turn, await turn.say(_progress(turn, 0, wanted.count)), self._clock)
        try:
            harvest = await self._collect(turn, wanted, chat, undertaking, progress)
        except (NotFoundError, TelegramError) as error:
            _log.warning("a batch was broken off", user_id=turn.user_id, problem=str(error))
            await progress.end(Answer(turn.render(_failure(error))))
            return None
        end = turn.render("batch.stopped") if harvest is None else _summary(turn, harvest)
        await progress.end(Answer(end))
        return harvest

    async def _collect(
        self,
        turn: Turn,
        wanted: Plan,
        chat: ChatInfo,
        undertaking: Undertaking,
        progress: Progress,
    ) -> Harvest | None:
        """What was found; None when it was stopped."""
        harvest = None
        async for harvest in self._batches.collect(wanted, chat, turn.user_id):
            if undertaking.stopped:
                return None
            await progress.show(_progress(turn, harvest.seen, harvest.total))
        return harvest

    async def _hand_out(self, turn: Turn, harvest: Harvest, title: str) -> None:
        try:
            await self._batches.keep(harvest, title, turn.user_id)
        except StorageError:
            closing = turn.render("batch.no_playlist")
            keyboard: tuple[tuple[Button, ...], ...] = ()
        else:
            address = f"{self._rules.base_url}/playlist/{harvest.playlist_id}.m3u8"
            closing = turn.render("batch.playlist", link=address)
            taken = turn.local_urls or keyboards.is_public(address)
            keyboard = ((Button(turn.plain("button.playlist"), url=address),),) if taken else ()
        await turn.say(listing(turn, harvest.entries, title, Answer(closing, keyboard)))

    async def _stop(self, turn: Turn, _argument: str) -> None:
        stopped = self._undertakings.stop(turn.user_id)
        await turn.end_spinner(turn.plain("press.stopping" if stopped else "press.stale"))


def _progress(turn: Turn, seen: int, total: int) -> Answer:
    stop = Button(turn.plain("button.stop"), data=keyboards.data(STOP))
    return Answer(turn.render("batch.progress", seen=seen, total=total), ((stop,),))


def _failure(error: TelpherError) -> str:
    """The text for a chat that went out of sight meanwhile, or for a Telegram in trouble."""
    return "batch.out_of_sight" if isinstance(error, NotFoundError) else "refused.trouble"


def _summary(turn: Turn, harvest: Harvest) -> Html:
    parts = [turn.texts.count("batch.found", turn.reader.language, len(harvest.entries))]
    for name, number in (("gone", harvest.gone), ("without_file", harvest.without_file)):
        if number:
            parts.append(turn.texts.count(f"batch.{name}", turn.reader.language, number))
    return Html("\n".join(parts))
