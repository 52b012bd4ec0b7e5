"""How an account sees the world: TL objects with that account's ids, hashes and references.

The one place that writes `message`, `user`, `chat`, `channel`, `document` and `photo`, whose
constructors change from layer to layer; layer 229 is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from tgfake.world.access import Access
from tgfake.world.accounts import Account
from tgfake.world.chats import ALL_RIGHTS, Chat, ChatKind, Role
from tgfake.world.directory import Directory
from tgfake.world.files import File, FileKind
from tgfake.world.messages import Message
from tgfake.world.peers import Kind, Peer


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as TL dates want them."""
    return datetime.fromtimestamp(int(seconds), UTC)


def rights_tl(rights: Iterable[str]) -> Any:
    """chatAdminRights with these fields set; `other` is always set for admins."""
    return types.ChatAdminRights(other=True, **dict.fromkeys(rights, True))


class View:
    """Writes what one account may read; `viewer` is that account everywhere."""

    def __init__(self, directory: Directory, access: Access) -> None:
        self._directory = directory
        self._access = access

    # -- users and chats ------------------------------------------------------------------------

    def user(self, account: Account, viewer: Account) -> Any:
        """The user constructor."""
        bot = account.is_bot
        return types.User(
            account.user_id,
            is_self=account is viewer,
            deleted=account.deactivated,
            bot=bot,
            bot_info_version=1 if bot else None,
            bot_chat_history=bot and not account.privacy,
            access_hash=self._access.hash("user", account.user_id, viewer.user_id),
            first_name=None if account.deactivated else account.first_name,
            last_name=account.last_name,
            username=account.username,
            premium=account.premium,
            lang_code=account.lang_code if viewer.is_bot and not bot else None,
        )

    def chat(self, chat: Chat, viewer: Account) -> Any:
        """chat, chatForbidden, channel or channelForbidden."""
        inside = chat.has(viewer.user_id)
        if chat.kind is ChatKind.GROUP:
            return self._group(chat, viewer) if inside else types.ChatForbidden(*_named(chat))
        if inside or (chat.username and not chat.banned(viewer.user_id)):
            return self._channel(chat, viewer)
        access_hash = self.channel_hash(chat, viewer)
        return types.ChannelForbidden(
            chat.peer.id, access_hash, chat.title, chat.broadcast, not chat.broadcast
        )

    def channel_hash(self, chat: Chat, viewer: Account) -> int:
        """The access_hash of a channel."""
        return self._access.hash("channel", chat.peer.id, viewer.user_id)

    def _group(self, chat: Chat, viewer: Account) -> Any:
        result = types.Chat(*_named(chat), types.ChatPhotoEmpty(), 0, moment(chat.date), version=1)
        result.participants_count = len(list(chat.present()))
        result.noforwards = chat.protected
        _show_standing(result, chat, viewer.user_id)
        return result

    def _channel(self, chat: Chat, viewer: Account) -> Any:
        result = types.Channel(*_named(chat), types.ChatPhotoEmpty(), moment(chat.date))
        result.access_hash = self.channel_hash(chat, viewer)
        result.broadcast, result.megagroup = chat.broadcast, not chat.broadcast
        result.forum, result.noforwards = chat.forum, chat.protected
        result.username = chat.username
        result.left = not chat.has(viewer.user_id)
        _show_standing(result, chat, viewer.user_id)
        return result

    # -- messages and files ---------------------------------------------------------------------

    def message(self, message: Message, viewer: Account) -> Any:
        """message or messageService; messageEmpty where the viewer has no such message."""
        number = message.id_for(viewer.user_id)
        if message.deleted or not number:
            return types.MessageEmpty(number)
        peer = message.peer_for(viewer.user_id).tl()
        if message.action is not None:
            result = types.MessageService(number, peer, moment(message.date), action=message.action)
        else:
            result = types.Message(number, peer, moment(message.date), message.body.text)
            self._fill(result, message, viewer)
        result.out = message.sender == viewer.peer
        result.post = self._is_post(message)
        if message.target.kind is not Kind.USER or result.out:
            result.from_id = None if result.post else message.sender.tl()
        result.reply_to = self._reply_header(message, viewer)
        return result

    def _fill(self, result: Any, message: Message, viewer: Account) -> None:
        body = message.body
        result.silent = message.silent
        result.noforwards = message.protected
        result.media = body.file and self.media(body.file, viewer)
        result.reply_markup = body.markup
        result.entities = list(body.entities) or None
        result.grouped_id = message.grouped_id
        result.edit_date = None if message.edited is None else moment(message.edited)
        result.fwd_from = _forward_header(message)
        if self._is_post(message):
            result.views, result.forwards = 1, 0

    def _is_post(self, message: Message) -> bool:
        chat = self._directory.chats.get(message.target)
        return chat is not None and chat.broadcast

    def _reply_header(self, message: Message, viewer: Account) -> Any:
        replied = message.reply_to and message.reply_to.id_for(viewer.user_id)
        if not replied and message.topic is None:
            return None
        return types.MessageReplyHeader(
            reply_to_msg_id=replied or message.topic,
            reply_to_top_id=message.topic if replied else None,
            forum_topic=message.topic is not None,
        )

    def media(self, file: File, viewer: Account) -> Any:
        """messageMediaPhoto or messageMediaDocument."""
        if file.is_photo:
            return types.MessageMediaPhoto(photo=self._photo(file, viewer))
        kind = file.kind
        return types.MessageMediaDocument(
            document=self._document(file, viewer),
            video=kind in (FileKind.VIDEO, FileKind.VIDEO_NOTE, FileKind.ANIMATION),
            round=kind is FileKind.VIDEO_NOTE,
            voice=kind is FileKind.VOICE,
        )

    def _proof(self, file: File, viewer: Account) -> tuple[int, int, bytes]:
        kind, who = file.access_kind, viewer.user_id
        access_hash = self._access.hash(kind, file.id, who)
        return file.id, access_hash, self._access.reference(kind, file.id, who, file.epoch)

    def _photo(self, file: File, viewer: Account) -> Any:
        date = moment(file.date)
        return types.Photo(*self._proof(file, viewer), date, file.sizes(), file.dc)

    def _document(self, file: File, viewer: Account) -> Any:
        return types.Document(
            *self._proof(file, viewer),
            moment(file.date),
            file.mime,
            file.size,
            file.dc,
            file.attributes(),
            thumbs=file.sizes() or None,
        )

    # -- containers -----------------------------------------------------------------------------

    def people(
        self, messages: Iterable[Message], viewer: Account, also: Iterable[Peer] = ()
    ) -> tuple[list[Any], list[Any]]:
        """(users, chats): everybody whom these messages name, and `also`; each once."""
        peers: dict[Peer, None] = dict.fromkeys(also)
        for message in messages:
            peers |= dict.fromkeys(_named_in(message, viewer.user_id))
        users = [peer for peer in peers if peer.kind is Kind.USER]
        chats = [peer for peer in peers if peer.kind is not Kind.USER]
        return (
            [self.user(self._directory.account(peer.id), viewer) for peer in users],
            [self.chat(self._directory.chats[peer], viewer) for peer in chats],
        )

    def updates(
        self,
        updates: list[Any],
        viewer: Account,
        about: Iterable[Message],
        also: Iterable[Peer] = (),
    ) -> Any:
        """The `updates` constructor with everybody who is named in it."""
        users, chats = self.people(about, viewer, also)
        now = moment(self._directory.clock.now())
        return types.Updates(updates, users, chats, now, seq=0)


def _named(chat: Chat) -> tuple[int, str]:
    return chat.peer.id, chat.title


def _show_standing(result: Any, chat: Chat, user_id: int) -> None:
    member = chat.members.get(user_id)
    if chat.kind is not ChatKind.CHANNEL:
        until = moment(0)
        result.default_banned_rights = types.ChatBannedRights(until, send_messages=chat.muted)
    if member is None or member.role in (Role.MEMBER, Role.BANNED):
        return
    result.creator = member.role is Role.CREATOR
    result.admin_rights = rights_tl(ALL_RIGHTS if result.creator else member.rights)


def _forward_header(message: Message) -> Any:
    origin = message.origin
    if origin is None:
        return None
    return types.MessageFwdHeader(
        moment(origin.date),
        from_id=origin.peer and origin.peer.tl(),
        from_name=origin.name,
        channel_post=origin.channel_post,
    )


def _named_in(message: Message, viewer: int) -> Iterable[Peer]:
    yield message.sender
    yield message.peer_for(viewer)
    if message.origin is not None and message.origin.peer is not None:
        yield message.origin.peer
    for user_id in getattr(message.action, "users", ()):
        yield Peer(Kind.USER, user_id)
