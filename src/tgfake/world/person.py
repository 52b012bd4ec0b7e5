"""A person at a Telegram client: writes, presses buttons, joins and leaves, and reads.

Acts in this process, on `Telegram` itself: no connection, no keys. Whatever a bot does is visible
here as soon as its request was handled; `wait_for` and `reply_to` wake at every change there and
never poll. They wait without end: put `asyncio.timeout` around them.

    ann = world.person("Ann")
    sent = await ann.send(bot, "/start")
    menu = await ann.wait_for(lambda m: m.sender_id == bot.user_id)
    answer = await ann.press(menu, "Help")

A chat may be named by its Account, its Chat, its Peer, its marked id or its public name.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from telethon.tl import types

from tgfake.errors import RpcError
from tgfake.world.accounts import Account
from tgfake.world.callbacks import Answer
from tgfake.world.chats import Chat, Role
from tgfake.world.delivery import Cause
from tgfake.world.files import File, FileSpec
from tgfake.world.messages import Body, Message, found_entities
from tgfake.world.peers import Kind, Peer
from tgfake.world.reading import Mark, commands_of, marks_of
from tgfake.world.telegram import Telegram
from tgfake.world.writing import (
    Draft,
    check_may_forward,
    check_may_write,
    compose,
    origin_of,
)

Where = Account | Chat | Peer | int | str


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: exactly one of the last three is set, or none for other kinds."""

    text: str
    data: bytes | None = None
    url: str | None = None
    copy: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as this person sees it now; edits make a new one."""

    id: int
    chat: Peer
    sender_id: int
    """Marked id: of a user, or of a channel that speaks for itself."""
    text: str
    entities: tuple[Any, ...]
    file: File | None
    buttons: tuple[tuple[Button, ...], ...]
    date: float
    edited: float | None
    reply_to: int | None
    topic: int | None
    grouped_id: int | None
    out: bool
    message: Message
    """The message itself, for the world's own functions."""

    @property
    def chat_id(self) -> int:
        """The chat's marked id."""
        return self.chat.marked

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The entities in plain values."""
        return marks_of(self.entities)

    def button(self, name: str | bytes) -> Button:
        """The button with this text or data; raises LookupError."""
        for row in self.buttons:
            for button in row:
                if name in (button.text, button.data):
                    return button
        raise LookupError(f"no button {name!r} below {self.text[:40]!r}")


@dataclass(frozen=True, slots=True)
class Person:
    """Acts as one account; whoever acts as the same account is the same person."""

    telegram: Telegram
    account: Account

    @property
    def user_id(self) -> int:
        return self.account.user_id

    # -- writing --------------------------------------------------------------------------------

    async def send(self, chat: Where, text: str, *, topic: int | None = None) -> Seen:
        """Send a text; commands, links and mentions in it become entities."""
        return self.post(chat, _plain(text), topic=topic)

    async def reply(self, to: Seen, text: str, file: FileSpec | File | None = None) -> Seen:
        """Answer a message in its chat."""
        return self.post(to.chat, _plain(text, self._file(file)), reply_to=to.message)

    async def send_file(
        self, chat: Where, file: FileSpec | File, caption: str = "", *, topic: int | None = None
    ) -> Seen:
        """Send a file, new or known."""
        return self.post(chat, _plain(caption, self._file(file)), topic=topic)

    async def send_album(
        self, chat: Where, files: Sequence[FileSpec | File], caption: str = ""
    ) -> list[Seen]:
        """Send files that clients show as one; the caption stands at the first."""
        group = random.getrandbits(62)
        captions = [caption, *[""] * (len(files) - 1)]
        return [
            self._post(chat, Draft(_plain(text, self._file(file)), grouped_id=group))
            for text, file in zip(captions, files, strict=True)
        ]

    async def forward(self, chat: Where, *messages: Seen) -> list[Seen]:
        """Forward messages; raises CHAT_FORWARDS_RESTRICTED where their chat protects them."""
        directory = self.telegram.directory
        check_may_forward(directory, [seen.message for seen in messages])
        groups: dict[int | None, int | None] = {None: None}
        forwarded = []
        for seen in messages:
            group = groups.setdefault(seen.grouped_id, random.getrandbits(62))
            origin = origin_of(directory, seen.message)
            body = replace(seen.message.body, markup=None)
            forwarded.append(self._post(chat, Draft(body, origin=origin, grouped_id=group)))
        return forwarded

    def post(
        self,
        chat: Where,
        body: Body,
        *,
        reply_to: Message | None = None,
        topic: int | None = None,
    ) -> Seen:
        """Send a body as it is, at once. Raises RpcError where Telegram would refuse."""
        return self._post(chat, Draft(body, reply_to=reply_to, topic=topic))

    def _post(self, chat: Where, draft: Draft) -> Seen:
        directory, peer = self.telegram.directory, self.peer(chat)
        check_may_write(directory, self.account, peer)
        message = compose(directory, self.account, peer, draft)
        self.telegram.delivery.post(message, Cause(self.account))
        return self._seen(message)

    async def edit(self, seen: Seen, text: str) -> Seen:
        """Change the text of an own message."""
        body = replace(seen.message.body, text=text, entities=found_entities(text))
        self.telegram.delivery.edit(seen.message, body, Cause(self.account))
        return self._seen(seen.message)

    async def swap_file(self, seen: Seen, file: FileSpec | File) -> Seen:
        """Put another file into an own message."""
        body = replace(seen.message.body, file=self._file(file))
        self.telegram.delivery.edit(seen.message, body, Cause(self.account))
        return self._seen(seen.message)

    async def delete(self, *messages: Seen) -> None:
        """Delete messages of one chat for everybody."""
        self.telegram.delivery.delete([seen.message for seen in messages], Cause(self.account))

    async def press(self, seen: Seen, button: str | bytes) -> Answer:
        """Press a button, named by text or data, and wait for the bot's answer."""
        data = seen.button(button).data
        if data is None:
            raise LookupError(f"{button!r} is not a callback button")
        bot = self.telegram.directory.account(seen.message.author)
        with self.telegram.callbacks.ask(bot.user_id, self.user_id, seen.message) as query:
            update = types.UpdateBotCallbackQuery(
                query.id,
                self.user_id,
                seen.message.peer_for(bot.user_id).tl(),
                seen.message.id_for(bot.user_id),
                chat_instance=seen.chat.marked,
                data=data,
            )
            also = [self.account.peer]
            self.telegram.delivery.tell(bot, update, [seen.message], also=also)
            return await query.answer

    # -- membership -----------------------------------------------------------------------------

    async def join(self, chat: Where) -> Chat:
        """Join a public chat, or any by its invite link; raises as Telegram does."""
        target = self._chat_to_join(chat)
        if target.banned(self.user_id):
            raise RpcError(400, "USER_BANNED_IN_CHANNEL")
        self.telegram.add_member(target, self.account, Role.MEMBER)
        return target

    def _chat_to_join(self, chat: Where) -> Chat:
        directory = self.telegram.directory
        if isinstance(chat, str) and "+" in chat:
            invited = directory.by_invite(chat)
            if invited is None:
                raise RpcError(400, "INVITE_HASH_EXPIRED")
            return invited
        target = directory.chats[self.peer(chat)]
        if target.username is None:
            raise RpcError(400, "CHANNEL_PRIVATE")
        return target

    async def leave(self, chat: Where) -> None:
        """Leave a group or channel."""
        self.telegram.remove_member(self.telegram.directory.chats[self.peer(chat)], self.account)

    async def block(self, bot: Account) -> None:
        """Block a bot: what it sends from now on fails with USER_IS_BLOCKED."""
        self.account.blocked.add(bot.user_id)

    async def unblock(self, bot: Account) -> None:
        """Let a bot write again."""
        self.account.blocked.discard(bot.user_id)

    async def delete_account(self) -> None:
        """Go away for good: whoever writes gets INPUT_USER_DEACTIVATED."""
        self.telegram.deactivate(self.account)

    # -- reading --------------------------------------------------------------------------------

    def history(self, chat: Where) -> list[Seen]:
        """What this person sees in a chat, oldest first."""
        return [self._seen(message) for message in self._messages(chat)]

    def last_message(self, chat: Where) -> Seen | None:
        """The newest message of a chat."""
        return next(reversed(self.history(chat)), None)

    def refresh(self, seen: Seen) -> Seen | None:
        """The message as it is now; None once it is deleted."""
        return None if seen.message.deleted else self._seen(seen.message)

    async def wait_for(
        self, wanted: Callable[[Seen], bool], chat: Where | None = None, after: Seen | None = None
    ) -> Seen:
        """The first message that `wanted` accepts, there already or still to come.

        Looks at one chat, or at all private chats and basic groups; with `after` only at messages
        sent later than that one (in the same box). An edit can make a message acceptable.
        """
        floor = after.id if after is not None else 0

        def look() -> Seen | None:
            seen = (self._seen(m) for m in self._messages(chat) if m.id_for(self.user_id) > floor)
            return next(filter(wanted, seen), None)

        return await self.telegram.changed.until(look)

    async def reply_to(self, sent: Seen) -> Seen:
        """The first message from somebody else in the chat of `sent`, after it."""
        return await self.wait_for(lambda seen: not seen.out, sent.chat, after=sent)

    def commands(self, bot: Account) -> list[tuple[str, str]]:
        """What a bot offers this person: (name, description) of each command."""
        return commands_of(bot, self.account.lang_code)

    def peer(self, chat: Where) -> Peer:
        """The peer that `chat` names; raises USERNAME_NOT_OCCUPIED."""
        if isinstance(chat, str):
            found = self.telegram.directory.by_name(chat)
            if found is None:
                raise RpcError(400, "USERNAME_NOT_OCCUPIED")
            return found.peer
        if isinstance(chat, int):
            return Peer.from_marked(chat)
        return chat if isinstance(chat, Peer) else chat.peer

    def _messages(self, chat: Where | None) -> Iterator[Message]:
        peer = None if chat is None else self.peer(chat)
        box = self.account.box
        if peer is not None and peer.kind is Kind.CHANNEL:
            box = self.telegram.directory.chats[peer].channel_box
        for message in box.messages.values():
            fits = peer is None or message.peer_for(self.user_id) == peer
            if fits and self.telegram.sight.sees(self.account, message):
                yield message

    def _file(self, file: FileSpec | File | None) -> File | None:
        return self.telegram.directory.add_file(file) if isinstance(file, FileSpec) else file

    def _seen(self, message: Message) -> Seen:
        body, replied = message.body, message.reply_to
        return Seen(
            id=message.id_for(self.user_id),
            chat=message.peer_for(self.user_id),
            sender_id=message.sender.marked,
            text=body.text,
            entities=body.entities,
            file=body.file,
            buttons=_buttons(body.markup),
            date=message.date,
            edited=message.edited,
            reply_to=replied.id_for(self.user_id) if replied else None,
            topic=message.topic,
            grouped_id=message.grouped_id,
            out=message.author == self.user_id,
            message=message,
        )


def _plain(text: str, file: File | None = None) -> Body:
    return Body(text, found_entities(text), file)


def _buttons(markup: Any) -> tuple[tuple[Button, ...], ...]:
    rows = getattr(markup, "rows", ())
    return tuple(tuple(_button(button) for button in row.buttons) for row in rows)


def _button(button: Any) -> Button:
    nature = button.type
    return Button(
        button.text,
        data=getattr(nature, "data", None),
        url=getattr(nature, "url", None),
        copy=getattr(nature, "copy_text", None),
    )
