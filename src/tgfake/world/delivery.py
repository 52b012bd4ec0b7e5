"""Posting, editing and deleting: files messages in boxes and tells whoever is concerned.

All of it is synchronous: a message is in every box before anybody hears of it. Bots hear through
`on_update`, which the cluster sets while it runs; people act in this process and wait on `changed`.

In a supergroup a bot in privacy mode is not shown every event, though all of them move the
channel's pts. What it is told therefore counts from the last event it was told of, so that pts
arithmetic at the client comes out exactly and no difference is fetched for what it may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from telethon.tl import types

from tgfake.world.accounts import Account
from tgfake.world.box import Event
from tgfake.world.chats import Chat
from tgfake.world.directory import Directory
from tgfake.world.messages import Body, Message
from tgfake.world.peers import Kind, Peer
from tgfake.world.pulse import Pulse
from tgfake.world.sight import Sight
from tgfake.world.view import View


class SessionHandle(Protocol):
    """Through which session of a client something came: the ids that tell one from another."""

    @property
    def auth_key_id(self) -> int: ...

    @property
    def session_id(self) -> int: ...


OnUpdate = Callable[[Account, Any, SessionHandle | None], bool]
"""Takes an account, an `updates` object and the session that caused it (and needs no copy); tells
whether anybody was there to receive it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an event was to one account: pts afterwards, and the count to subtract from it."""

    pts: int
    count: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose deed an event is, and the session it came through (None: a person, or a test)."""

    by: Account
    session: SessionHandle | None = None

    def session_of(self, account: Account) -> SessionHandle | None:
        """The session that hears of the event in its answer, if it is one of this account."""
        return self.session if account is self.by else None


class Delivery:
    """Moves messages through the world."""

    def __init__(self, directory: Directory, view: View, sight: Sight) -> None:
        self._directory = directory
        self._view = view
        self._sight = sight
        self.on_update: OnUpdate | None = None
        self.changed = Pulse()

    def post(self, message: Message, cause: Cause) -> Step:
        """File a new message and tell its readers; the sender's step."""
        chat = self._directory.chats.get(message.target)
        if chat is not None:
            message.bots = self._sight.audience(message, chat)
            self._note_speaker(message, chat)
        if chat is not None and chat.box is not None:
            event = chat.box.add(message)
            return self._announce(event, message, cause, types.UpdateNewChannelMessage)
        steps = [(account, self._file(message, account)) for account in self._parties(message)]
        return self._tell_all(steps, message, cause, types.UpdateNewMessage)

    def edit(self, message: Message, body: Body, cause: Cause) -> Step:
        """Replace a message's body and tell its readers; the editor's step."""
        message.body = body
        message.edited = self._directory.clock.now()
        chat = self._directory.chats.get(message.target)
        if chat is not None and chat.box is not None:
            event = chat.box.touch(message.ids[chat.peer])
            return self._announce(event, message, cause, types.UpdateEditChannelMessage)
        steps = [
            (account, account.box.touch(number) if self._sight.sees(account, message) else None)
            for account, number in self._copies(message)
        ]
        return self._tell_all(steps, message, cause, types.UpdateEditMessage)

    def delete(self, messages: Iterable[Message], cause: Cause) -> Step:
        """Delete messages of one chat, or of one account's private chats, on every side."""
        doomed = [message for message in messages if not message.deleted]
        for message in doomed:
            message.deleted = True
        if doomed and doomed[0].target.kind is Kind.CHANNEL:
            return self._delete_from_channel(doomed, cause)
        step = Step(cause.by.box.pts, 0)
        for account in {copy[0]: None for message in doomed for copy in self._copies(message)}:
            ids = tuple(m.id_for(account.user_id) for m in doomed)
            event = account.box.remove(tuple(number for number in ids if number))
            if account is cause.by:
                step = Step(event.pts, event.count)
            update = types.UpdateDeleteMessages(list(event.ids), event.pts, event.count)
            self.tell(account, update, [], cause.session_of(account))
        self.changed.beat()
        return step

    def tell(
        self,
        account: Account,
        update: Any,
        about: Iterable[Message],
        session: SessionHandle | None = None,
        also: Iterable[Peer] = (),
    ) -> bool:
        """Hand one update to a bot's sessions; whether anybody received it."""
        if self.on_update is None or not account.is_bot:
            return session is not None
        container = self._view.updates([update], account, about, also)
        return self.on_update(account, container, session) or session is not None

    # -- private chats and basic groups ---------------------------------------------------------

    def _parties(self, message: Message) -> list[Account]:
        chat = self._directory.chats.get(message.target)
        ids = chat.present() if chat else dict.fromkeys((message.sender.id, message.target.id))
        return [self._directory.account(user_id) for user_id in ids]

    def _copies(self, message: Message) -> list[tuple[Account, int]]:
        return [(self._directory.account(peer.id), number) for peer, number in message.ids.items()]

    def _file(self, message: Message, account: Account) -> Event | None:
        if message.target.kind is Kind.USER:
            for one, other in (message.sender, message.target), (message.target, message.sender):
                self._directory.account(one.id).contacts.add(other.id)
        elif account.is_bot and account.user_id not in message.bots:
            account.box.file(message)
            return None
        return account.box.add(message)

    def _tell_all(
        self,
        steps: Iterable[tuple[Account, Event | None]],
        message: Message,
        cause: Cause,
        update: Any,
    ) -> Step:
        result = Step(0, 0)
        for account, event in steps:
            if event is None:
                continue
            if account is cause.by:
                result = Step(event.pts, event.count)
            news = update(self._view.message(message, account), event.pts, event.count)
            self.tell(account, news, [message], cause.session_of(account))
        self.changed.beat()
        return result

    # -- channels -------------------------------------------------------------------------------

    def _announce(self, event: Event, message: Message, cause: Cause, update: Any) -> Step:
        chat = self._directory.chats[message.target]
        result = Step(event.pts, event.count)
        for account in self._bots_in(chat):
            if not self._sight.sees(account, message):
                continue
            step = self._advance(account, chat, event)
            news = update(self._view.message(message, account), step.pts, step.count)
            took = self.tell(account, news, [message], cause.session_of(account))
            self._delivered(account, chat, step, took)
            if account is cause.by:
                result = step
        self.changed.beat()
        return result

    def _delete_from_channel(self, doomed: list[Message], cause: Cause) -> Step:
        chat = self._directory.chats[doomed[0].target]
        event = chat.channel_box.remove(tuple(message.ids[chat.peer] for message in doomed))
        result = Step(event.pts, event.count)
        for account in self._bots_in(chat):
            step = self._advance(account, chat, event)
            ids = list(event.ids)
            update = types.UpdateDeleteChannelMessages(chat.peer.id, ids, step.pts, step.count)
            session = cause.session_of(account)
            took = self.tell(account, update, [], session, also=[chat.peer])
            self._delivered(account, chat, step, took)
            if account is cause.by:
                result = step
        self.changed.beat()
        return result

    def _bots_in(self, chat: Chat) -> list[Account]:
        members = (self._directory.account(user_id) for user_id in chat.present())
        return [account for account in members if account.is_bot]

    def _advance(self, account: Account, chat: Chat, event: Event) -> Step:
        seen = account.seen.get(chat.peer.id, event.pts - event.count)
        account.seen[chat.peer.id] = event.pts
        return Step(event.pts, event.pts - seen)

    def _delivered(self, account: Account, chat: Chat, step: Step, took: bool) -> None:
        if took:
            account.delivered[chat.peer.id] = step.pts

    def _note_speaker(self, message: Message, chat: Chat) -> None:
        if message.sender.kind is Kind.USER and self._directory.account(message.sender.id).is_bot:
            chat.last_bot = message.sender.id
