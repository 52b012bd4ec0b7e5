"""/broadcast: one message of an admin's to everybody (rules 31 and 33).

    /broadcast as a reply    that message, or the album it belongs to
    /broadcast alone         asks for one: a text, a file, an album, whatever can be sent on
    a preview                the message as everybody will see it, and how many that are
    Send                     begins; the message with the button then tells how far it is
    Stop                     ends it with the next users

What was gathered stands in the admin's conversation under the id that the broadcast will have: a
button of an older preview does nothing, and Send pressed twice begins one broadcast.
"""

from __future__ import annotations

from typing import Final

import structlog

from telpher.bot import keyboards
from telpher.bot.albums import Albums
from telpher.bot.areas import Command, Offer, Press, Step, Who
from telpher.bot.dialogues import Dialogues
from telpher.bot.language import Html, Texts
from telpher.bot.turn import Answer, Turn
from telpher.core.broadcast import Plan, Progress, random_ids
from telpher.core.model import MessageRef
from telpher.core.records import Job, JobState
from telpher.errors import NotFoundError, RequestRejectedError, TelegramError
from telpher.service.broadcasts import BroadcastService
from telpher.telegram.chats import PostGateway
from telpher.telegram.gateway import BotGateway, Button, Keyboard, Outgoing

_WANTED: Final = "broadcast wanted"
_PREVIEWED: Final = "broadcast previewed"

_SEND: Final = "bsend"
_DROP: Final = "bdrop"
_STOP: Final = "bstop"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Broadcast:
    """The area of broadcasts."""

    def __init__(
        self,
        broadcasts: BroadcastService,
        posts: PostGateway,
        dialogues: Dialogues,
        albums: Albums,
    ) -> None:
        self._broadcasts = broadcasts
        self._posts = posts
        self._dialogues = dialogues
        self._albums = albums

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("broadcast", self._begin, Who.ADMINS),),
            presses=(
                Press("broadcast", self._asked, Who.ADMINS),
                Press(_SEND, self._send, Who.ADMINS),
                Press(_DROP, self._drop, Who.ADMINS),
                Press(_STOP, self._stop, Who.ADMINS),
            ),
            steps=(Step(_WANTED, self._given), Step(_PREVIEWED, self._given)),
        )

    async def _begin(self, turn: Turn) -> None:
        message = turn.message
        if message.reply_to:
            await self._preview(turn, MessageRef(turn.chat_id, message.reply_to))
            return
        await self._dialogues.go_on(turn.user_id, _WANTED)
        await turn.say(turn.render("broadcast.ask"))

    async def _asked(self, turn: Turn, _argument: str) -> None:
        await self._dialogues.go_on(turn.user_id, _WANTED)
        await turn.end_spinner()
        await turn.say(turn.render("broadcast.ask"))

    async def _given(self, turn: Turn) -> None:
        items = await self._albums.gather(turn.message)
        if items:
            await self._preview(turn, *(each.ref for each in items))

    async def _preview(self, turn: Turn, *given: MessageRef) -> None:
        """Shows the message as it will be. Of an album one item may be given, or all."""
        job_id = self._broadcasts.id_for(turn.message.ref)
        if await self._broadcasts.begun(job_id):
            # A crash brought back what had been answered: it must not hold up the conversation.
            await self._dialogues.end(turn.user_id)
            return
        audience = await self._broadcasts.audience()
        try:
            source = given if len(given) > 1 else await self._posts.album_of(*given)
            post = await self._posts.load_post(source)
            numbers = random_ids(f"preview {job_id}", turn.user_id, post.source)
            await self._posts.send_post(turn.chat_id, post, numbers)
        except (NotFoundError, RequestRejectedError):
            await turn.say(turn.render("broadcast.impossible"))
            return
        await self._dialogues.go_on(
            turn.user_id,
            _PREVIEWED,
            job_id=job_id,
            source=[each.message_id for each in post.source],
        )
        send = Button(turn.plain("button.send"), data=keyboards.data(_SEND, job_id))
        drop = Button(turn.plain("button.drop"), data=keyboards.data(_DROP, job_id))
        question = turn.texts.count("broadcast.confirm", turn.reader.language, audience)
        await turn.say(Answer(question, ((send, drop),)))

    async def _send(self, turn: Turn, job_id: str) -> None:
        source = await self._previewed(turn, job_id)
        if source is None:
            return
        plan = Plan(source, turn.press.ref, turn.reader.language)
        await self._broadcasts.begin(job_id, turn.user_id, plan)
        await self._dialogues.end(turn.user_id)
        await turn.show(turn.render("broadcast.begun"))

    async def _drop(self, turn: Turn, job_id: str) -> None:
        if await self._previewed(turn, job_id) is None:
            return
        await self._dialogues.end(turn.user_id)
        await turn.show(turn.render("broadcast.dropped"))

    async def _previewed(self, turn: Turn, job_id: str) -> list[MessageRef] | None:
        """The source of the preview with that id, if it is the presser's newest; else a note."""
        standing = await self._dialogues.of(turn.user_id)
        if standing is None or standing.step != _PREVIEWED or standing.data["job_id"] != job_id:
            await turn.end_spinner(turn.plain("press.stale"), alert=True)
            return None
        return [MessageRef(turn.chat_id, each) for each in standing.data["source"]]

    async def _stop(self, turn: Turn, job_id: str) -> None:
        stopped = await self._broadcasts.cancel(job_id)
        await turn.end_spinner(turn.plain("press.stopping" if stopped else "press.stale"))


class BroadcastStatus:
    """Tells the admin how far a broadcast is, in the message whose Send was pressed, and at its end
    in one more, which makes their phone ring. A `jobs.broadcasts.Told`."""

    def __init__(self, gateway: BotGateway, texts: Texts) -> None:
        self._gateway = gateway
        self._texts = texts

    async def __call__(self, job: Job, progress: Progress) -> None:
        plan = Plan.load(job.plan)
        over = job.state not in (JobState.WAITING, JobState.RUNNING)
        text = self._text(plan.language, job, progress)
        keyboard = () if over else self._stop_button(plan.language, job)
        try:
            await self._gateway.edit(plan.status, Outgoing(text, keyboard))
            if over:
                once = f"broadcast {job.job_id}"
                await self._gateway.send(plan.status.chat_id, Outgoing(text, once=once))
        except TelegramError as error:
            _log.info("the progress of a broadcast is not shown", problem=str(error))

    def _text(self, language: str, job: Job, progress: Progress) -> Html:
        return self._texts.render(
            f"broadcast.{job.state.value}",
            language,
            sent=progress.sent,
            failed=progress.failed,
            blocked=progress.blocked,
            total=progress.total,
            reason=progress.reason,
        )

    def _stop_button(self, language: str, job: Job) -> Keyboard:
        label = self._texts.plain("button.stop", language)
        return ((Button(label, data=keyboards.data(_STOP, job.job_id)),),)
