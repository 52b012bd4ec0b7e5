"""One update and the way back to whoever caused it: what every handler is given.

Whatever a turn sends is named after the update and the number of the message within the turn.
Should the process die after sending and before the update is confirmed, the update comes again, and
what is sent again under the same names reaches nobody twice (telegram.md, random_id). So a handler
sends the same number of messages, in the same order, whenever it is given the same update. What is
said of a failure has a name of its own: it must not be in the way of the answer, which comes later,
or from another instance that has the database.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import structlog

from telpher.bot.language import Html, Texts
from telpher.core.model import MessageRef, Person
from telpher.errors import RequestRejectedError
from telpher.telegram.gateway import (
    BotGateway,
    ButtonPress,
    Document,
    Incoming,
    IncomingMessage,
    Keyboard,
    Outgoing,
)

# What Telegram's refusals of a picture, or of its place, begin with [/api/errors].
_ABOUT_PICTURES: Final = ("PHOTO_", "IMAGE_", "MEDIA_", "FILE_", "CHAT_SEND_PHOTOS_")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message shows: HTML, its buttons, and a picture (JPEG or PNG) where there is one.

    At most 4096 characters after parsing, 1024 beside a picture or document.
    """

    html: Html
    keyboard: Keyboard = ()
    picture: bytes = b""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom an answer is made; `name` is as its bearer chose it."""

    name: str
    language: str

    @classmethod
    def of(cls, person: Person | None) -> Reader:
        """Somebody whom the update does not show is nameless and reads English."""
        if person is None:
            return cls("", "")
        return cls(person.first_name or person.username, person.language_code)


class Turn:
    """See the module. Lives as long as its update is being answered."""

    def __init__(self, gateway: BotGateway, texts: Texts, incoming: Incoming) -> None:
        self._gateway = gateway
        self.texts = texts
        self._incoming = incoming
        self._sent = 0
        self._spinning = isinstance(incoming, ButtonPress)
        self.reader = Reader.of(incoming.sender)

    @property
    def message(self) -> IncomingMessage:
        """The message that is answered. TypeError when it is a press."""
        if not isinstance(self._incoming, IncomingMessage):
            raise TypeError("not a message")
        return self._incoming

    @property
    def press(self) -> ButtonPress:
        """The press that is answered. TypeError when it is a message."""
        if not isinstance(self._incoming, ButtonPress):
            raise TypeError("not a press")
        return self._incoming

    @property
    def person(self) -> Person | None:
        """Who caused it; None for channels and anonymous admins."""
        return self._incoming.sender

    @property
    def user_id(self) -> int:
        """Whose update it is; 0 for channels and anonymous admins.

        A private chat has its user's id, which is known even where the sender is not shown.
        """
        if self._incoming.sender is not None:
            return self._incoming.sender.user_id
        return max(self.chat_id, 0)

    @property
    def chat_id(self) -> int:
        """Where it happened."""
        return self._incoming.ref.chat_id

    @property
    def name(self) -> str:
        """What happened, as nothing else in this chat is called; the same when Telegram brings it
        again after a crash."""
        return f"{type(self._incoming).__name__} {self._number()}"

    @property
    def local_urls(self) -> bool:
        """See BotGateway."""
        return self._gateway.local_urls

    def render(self, key: str, /, **values: object) -> Html:
        """The sentence `key` in the reader's language; every value is escaped."""
        return self.texts.render(key, self.reader.language, **values)

    def plain(self, key: str, /, **values: object) -> str:
        """The sentence `key` for places that know no HTML."""
        return self.texts.plain(key, self.reader.language, **values)

    async def say(
        self, answer: Answer | Html, *, as_reply: bool = False, strict: bool = False
    ) -> MessageRef:
        """Sends a message into the chat; as a reply, to the message that is answered. In groups
        each is one: so it stands in the same topic, and people see whom it is for.

        Telegram decides alone what a public host is (BUTTON_URL_INVALID) and which pictures it
        likes: where it refuses buttons or picture, the message goes out without them, for the text
        tells all; when `strict`, RequestRejectedError is raised.
        """
        self._sent += 1
        reply_to = self._replied(as_reply)
        message = _outgoing(answer, reply_to=reply_to, once=f"{self.name} {self._sent}")
        while True:
            try:
                return await self._gateway.send(self.chat_id, message)
            except RequestRejectedError as error:
                if strict:
                    raise
                message = self._plainer(message, error)

    async def show(self, answer: Answer | Html, ref: MessageRef | None = None) -> None:
        """Puts an answer in the place of the message whose button was pressed, or of `ref`; without
        its picture where Telegram refuses that, or cannot put one there."""
        await self.end_spinner()
        message = _outgoing(answer)
        while True:
            try:
                return await self._gateway.edit(ref or self.press.ref, message)
            except RequestRejectedError as error:
                message = self._plainer(message, error)

    async def remove(self) -> None:
        """Deletes the message whose button was pressed. Raises RequestRejectedError for one that is
        too old for that."""
        await self.end_spinner()
        await self._gateway.delete(self.press.ref)

    async def end_spinner(self, note: str = "", *, alert: bool = False) -> None:
        """Ends a button's spinner, with a short note (200 characters); the first call counts.

        The router sees to it in the end. A press made while telpher was down is too old to be
        answered, but what it asks for can still be done.
        """
        if not self._spinning:
            return
        self._spinning = False
        try:
            await self._gateway.answer_press(self.press.query_id, note, alert=alert)
        except RequestRejectedError as error:
            _log.info("press not answered", chat_id=self.chat_id, error=error.name)

    async def sorry(self, key: str) -> None:
        """Says what went wrong, where whoever caused it looks: "press.<key>" or "refused.<key>"."""
        if self._spinning:
            await self.end_spinner(self.plain(f"press.{key}"), alert=True)
        elif isinstance(self._incoming, IncomingMessage):
            said = self.render(f"refused.{key}")
            message = _outgoing(said, reply_to=self._replied(), once=f"{self.name} sorry")
            await self._gateway.send(self.chat_id, message)

    def _replied(self, as_reply: bool = False) -> int:
        return self._incoming.ref.message_id if as_reply or self.chat_id < 0 else 0

    def _plainer(self, message: Outgoing, error: RequestRejectedError) -> Outgoing:
        """The message without what was refused. Raises `error` where nothing can be left out."""
        if message.keyboard and error.name.startswith("BUTTON_"):
            _log.warning("buttons refused", chat_id=self.chat_id, error=error.name)
            return dataclasses.replace(message, keyboard=())
        if message.picture and error.name.startswith(_ABOUT_PICTURES):
            _log.warning("picture refused", chat_id=self.chat_id, error=error.name)
            return dataclasses.replace(message, picture=b"")
        raise error

    def _number(self) -> int:
        if isinstance(self._incoming, ButtonPress):
            return self._incoming.query_id
        return self._incoming.ref.message_id


def _outgoing(answer: Answer | Html, *, reply_to: int = 0, once: str = "") -> Outgoing:
    if isinstance(answer, Html):
        return Outgoing(answer, reply_to=reply_to, once=once)
    return Outgoing(
        answer.html,
        answer.keyboard,
        picture=answer.picture,
        document=answer.document,
        reply_to=reply_to,
        once=once,
    )
