"""From what comes in to what is answered: the one place that knows who answers what.

    press of a button           the page it names, in place of the one shown; else a short note
    file, in private            its link
    command, in private         its page
    anything else, in private   a hint
    anything in a group         silence

The decision what to answer is pure (`pages`, `files`, `keyboards`); here are the awaits. The router
holds no state between updates, so any number of calls may run at once. It starts no tasks: the
account's dispatcher runs each update in a task of its own, within a bound, because one answer may
wait long for Telegram and must not hold up the other chats.

An update that cannot be answered (a user who blocked the bot, a flood wait longer than the gateway
holds, Telegram away) is logged and done with; its error ends here.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from telpher.bot import commands, keyboards
from telpher.bot.access import Access
from telpher.bot.files import file_answer
from telpher.bot.language import Texts
from telpher.bot.pages import Answer, Pages, Reader
from telpher.core.model import FileInfo, MessageRef
from telpher.errors import RequestRejectedError, TelpherError
from telpher.service.links import LinkService
from telpher.telegram.gateway import (
    BotGateway,
    ButtonPress,
    Incoming,
    IncomingMessage,
    Outgoing,
)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class LinkMade(Protocol):
    """Told of each link that is made, before it is sent: must neither wait nor fail."""

    def __call__(self, ref: MessageRef) -> None:
        """`ref` is the message that the link names."""
        ...


def _nobody(ref: MessageRef) -> None:
    """A LinkMade where nobody wants to know."""


class Router:
    """Answers updates; a `telpher.telegram.gateway.Listener`."""

    def __init__(
        self,
        gateway: BotGateway,
        links: LinkService,
        texts: Texts,
        access: Access,
        pages: Pages,
        *,
        link_made: LinkMade = _nobody,
    ) -> None:
        self._gateway = gateway
        self._links = links
        self._texts = texts
        self._access = access
        self._pages = pages
        self._link_made = link_made

    async def __call__(self, incoming: Incoming) -> None:
        """Answers one update; what Telegram refuses or fails to do is logged, not raised."""
        try:
            if isinstance(incoming, ButtonPress):
                await self._answer_press(incoming)
            else:
                await self._answer_message(incoming)
        except TelpherError as error:
            _log.warning(
                "update not answered",
                chat_id=incoming.ref.chat_id,
                message_id=incoming.ref.message_id,
                error=f"{type(error).__name__}: {error}",
            )

    async def publish_commands(self) -> None:
        """Gives Telegram the menu of commands, once after connecting; failures are logged."""
        try:
            await self._gateway.set_commands(commands.described(self._texts))
        except TelpherError as error:
            _log.warning("commands not published", error=f"{type(error).__name__}: {error}")

    async def _answer_press(self, press: ButtonPress) -> None:
        reader = Reader.of(press.sender)
        page = self._pages.make(keyboards.page_of(press.data), reader)
        note = "" if page else self._texts.plain("press.stale", reader.language)
        await self._end_spinner(press, note)
        if page:
            await self._gateway.edit(press.ref, Outgoing(page.html, page.keyboard))

    async def _end_spinner(self, press: ButtonPress, note: str) -> None:
        """Comes first, since the button shows a spinner until then."""
        try:
            await self._gateway.answer_press(press.query_id, note)
        except RequestRejectedError as error:
            # A press made while telpher was down is too old to be answered (QUERY_ID_INVALID), but
            # what it asks for can still be done.
            _log.info("press not answered", chat_id=press.ref.chat_id, error=error.name)

    async def _answer_message(self, message: IncomingMessage) -> None:
        if not message.private or (message.sender and message.sender.is_bot):
            return
        if message.file:
            await self._send(message, self._for_file(message, message.file), as_reply=True)
        else:
            await self._send(message, self._for_text(message))

    def _for_file(self, message: IncomingMessage, file: FileInfo) -> Answer:
        language = Reader.of(message.sender).language
        # A private chat has its user's id, which is known even where the sender is not shown.
        if not self._access.may_make_links(message.ref.chat_id):
            return Answer(self._texts.render("refused.not_allowed", language))
        links = self._links.make(message.ref, file)
        self._link_made(message.ref)
        return file_answer(self._texts, language, file, links)

    def _for_text(self, message: IncomingMessage) -> Answer:
        reader = Reader.of(message.sender)
        command = commands.find(message.command)
        page = self._pages.make(command.page, reader) if command else None
        if page:
            return page
        hint = "hint.unknown_command" if message.command else "hint.send_file"
        return Answer(self._texts.render(hint, reader.language))

    async def _send(
        self, message: IncomingMessage, answer: Answer, *, as_reply: bool = False
    ) -> None:
        chat_id = message.ref.chat_id
        reply_to = message.ref.message_id if as_reply else 0
        try:
            whole = Outgoing(answer.html, answer.keyboard, reply_to=reply_to)
            await self._gateway.send(chat_id, whole)
        except RequestRejectedError as error:
            # Telegram decides alone what a public host is (BUTTON_URL_INVALID): the text has the
            # link too, so it goes out without buttons. What was rejected was not sent.
            if not (answer.keyboard and error.name.startswith("BUTTON_")):
                raise
            _log.warning("buttons refused", chat_id=chat_id, error=error.name)
            await self._gateway.send(chat_id, Outgoing(answer.html, reply_to=reply_to))
