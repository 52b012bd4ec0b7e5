"""What groups and channels are, who is in them, and what is written there: the ChatGateway of one
account.

Questions wait their turn beside the messages that the bot sends, never behind them: a channel that
has had its 20 messages of the minute can still be read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog
from telethon.tl import types
from telethon.tl.functions.channels import GetFullChannelRequest, GetParticipantRequest
from telethon.tl.functions.contacts import ResolveUsernameRequest
from telethon.tl.functions.messages import ExportChatInviteRequest, GetFullChatRequest

from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.peers import (
    AccessHashes,
    chat_id_of,
    entity_id,
    input_channel,
    input_peer,
)
from telpher.telegram.adapter.reader import NO_SUCH_CHAT, MessageReader, Read
from telpher.telegram.adapter.wire import Call
from telpher.telegram.chats import ChatInfo, ChatMessage, Membership, Standing
from telpher.telegram.flood import Outbox

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Names that were looked up: Telegram answers contacts.resolveUsername with flood waits of hours to
# who asks it often.
_MOST_NAMES: Final = 1000

# The turn of questions about nothing that has an id yet.
_NO_CHAT: Final = 0

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A group or channel as Telegram shows it: in short, and at length."""

    chat_id: int
    chat: Any
    full: Any


class Chats:
    """`call` sends a request on the main connection; `questions` is an outbox for nothing else."""

    def __init__(self, call: Call, questions: Outbox, hashes: AccessHashes, account: int) -> None:
        self._call = call
        self._questions = questions
        self._hashes = hashes
        self._account = account
        self._messages = MessageReader(call, hashes)
        self._names: OrderedDict[str, int] = OrderedDict()

    async def chat(self, named: int | str) -> ChatInfo:
        """See ChatGateway."""
        try:
            if isinstance(named, str):
                return await self._by_name(named.casefold())
            return await self._info(await self._look_at(named))
        except RequestRejectedError as error:
            if error.name in NO_SUCH_CHAT:
                raise NotFoundError(error.name) from error
            raise

    async def standing(self, named: int | str) -> Standing:
        """What the bot may do in the group or channel with that chat id or public name; asks, and
        changes nothing. Raises as `chat` does."""
        try:
            if isinstance(named, str):
                named = await self._resolve(named.casefold())
            return _standing_in(await self._look_at(named))
        except RequestRejectedError as error:
            if error.name in NO_SUCH_CHAT:
                raise NotFoundError(error.name) from error
            raise

    async def membership(self, chat_id: int, user_id: int) -> Membership:
        """See ChatGateway."""
        try:
            return await self._ask(user_id, lambda: self._membership(chat_id, user_id))
        except RequestRejectedError as error:
            if error.name == "USER_NOT_PARTICIPANT":
                return Membership.OUTSIDE
            _log.info("a membership cannot be seen", chat_id=chat_id, error=error.name)
            return Membership.UNKNOWN

    async def read_messages(
        self, chat_id: int, message_ids: Sequence[int]
    ) -> list[ChatMessage | None]:
        """See ChatGateway."""
        found = await self._ask(chat_id, lambda: self._messages.messages(chat_id, message_ids))
        return [self._shown(each) if each else None for each in found]

    async def replied_to(self, command: MessageRef) -> ChatMessage | None:
        """See ChatGateway."""
        found = await self._ask(command.chat_id, lambda: self._messages.answered_by(command))
        if found is None:
            return None
        shown = self._shown(found)
        if await self._sees(shown.ref):
            return shown
        return replace(shown, ref=command)

    async def _sees(self, ref: MessageRef) -> bool:
        (found,) = await self.read_messages(ref.chat_id, [ref.message_id])
        return found is not None

    async def _by_name(self, name: str) -> ChatInfo:
        known = self._names.get(name)
        if known is not None:
            seen = await self._look_at(known)
            if name in map(str.casefold, _names_of(seen.chat)):
                self._names.move_to_end(name)
                return await self._info(seen)
        chat_id = await self._resolve(name)
        seen = await self._look_at(chat_id)
        self._names[name] = chat_id
        if len(self._names) > _MOST_NAMES:
            self._names.popitem(last=False)
        return await self._info(seen)

    async def _resolve(self, name: str) -> int:
        resolved = await self._ask(_NO_CHAT, lambda: self._call(ResolveUsernameRequest(name)))
        return chat_id_of(resolved.peer)

    async def _look_at(self, chat_id: int) -> _Seen:
        """Raises NotFoundError for what is neither group nor channel, or cannot be seen."""
        channel = input_channel(chat_id, self._hashes)
        if channel is not None:
            request: Any = GetFullChannelRequest(channel)
        elif chat_id < 0:
            request = GetFullChatRequest(-chat_id)
        else:
            raise NotFoundError("neither a group nor a channel")
        result = await self._ask(chat_id, lambda: self._call(request))
        for chat in result.chats:
            if isinstance(chat, types.Channel | types.Chat) and entity_id(chat) == chat_id:
                return _Seen(chat_id, chat, result.full_chat)
        raise NotFoundError("a chat that cannot be seen")

    async def _info(self, seen: _Seen) -> ChatInfo:
        names = _names_of(seen.chat)
        full = seen.full
        members = getattr(full, "participants_count", None) or seen.chat.participants_count
        return ChatInfo(
            chat_id=seen.chat_id,
            title=seen.chat.title,
            username=names[0] if names else "",
            members=members,
            invite=f"https://t.me/{names[0]}" if names else await self._invite(seen),
            sees_members=_sees_members(seen),
        )

    async def _invite(self, seen: _Seen) -> str:
        """The bot's own link of a private chat, made when there is none yet."""
        known = seen.full.exported_invite
        if isinstance(known, types.ChatInviteExported) and not known.revoked:
            return str(known.link)
        rights = seen.chat.admin_rights
        if not (seen.chat.creator or (rights and rights.invite_users)):
            return ""
        # Each admin has one permanent link; as long as the bot has none, nothing is revoked by it.
        peer = input_peer(seen.chat_id, self._hashes)
        request = ExportChatInviteRequest(peer, legacy_revoke_permanent=True)
        try:
            made = await self._ask(seen.chat_id, lambda: self._call(request))
        except RequestRejectedError as error:
            _log.info("no invite link", chat_id=seen.chat_id, error=error.name)
            return ""
        return str(made.link)

    async def _membership(self, chat_id: int, user_id: int) -> Membership:
        channel = input_channel(chat_id, self._hashes)
        if channel is not None:
            who = input_peer(user_id, self._hashes)
            result = await self._call(GetParticipantRequest(channel, who))
            return _standing(result.participant)
        if chat_id > 0:
            return Membership.UNKNOWN
        result = await self._call(GetFullChatRequest(-chat_id))
        return _listed(result.full_chat.participants, user_id)

    async def _ask(self, about: int, question: Callable[[], Awaitable[_Answer]]) -> _Answer:
        return await self._questions.deliver(about, question, messages=0)

    def _shown(self, read: Read) -> ChatMessage:
        message = read.message
        found = found_file(message, account=self._account)
        return ChatMessage(
            ref=MessageRef(chat_id_of(message.peer_id), int(message.id)),
            file=found.info if found else None,
            text=message.message or "",
            album=int(message.grouped_id or 0),
            protected=read.protected,
        )


def _names_of(chat: Any) -> list[str]:
    """The public names, the shown one first; basic groups have none."""
    more = [each.username for each in getattr(chat, "usernames", None) or [] if each.active]
    names = [getattr(chat, "username", None), *more]
    return [name for name in names if name]


def _sees_members(seen: _Seen) -> bool:
    if isinstance(seen.full, types.ChatFull):
        return isinstance(seen.full.participants, types.ChatParticipants)
    admin = bool(seen.chat.creator or seen.chat.admin_rights)
    listed = seen.full.can_view_participants and not seen.full.participants_hidden
    return admin or bool(listed)


def _standing_in(seen: _Seen) -> Standing:
    chat = seen.chat
    rights = chat.admin_rights
    admin = bool(chat.creator or rights)
    inside = not chat.left
    if getattr(chat, "broadcast", False):
        may_post = bool(chat.creator or (rights and rights.post_messages))
    else:
        barred = (getattr(chat, "banned_rights", None), chat.default_banned_rights)
        may_post = inside and (admin or not any(map(_silenced, barred)))
    return Standing(
        chat_id=seen.chat_id,
        title=chat.title,
        public=bool(_names_of(chat)),
        inside=inside,
        admin=admin,
        may_post=may_post,
        sees_members=_sees_members(seen),
    )


def _silenced(rights: Any) -> bool:
    """Whether these (ChatBannedRights) forbid to write or to send files."""
    return bool(rights and (rights.send_messages or rights.send_media or rights.send_docs))


def _standing(participant: Any) -> Membership:
    """Restricted people are members still; banned ones have left."""
    if isinstance(participant, types.ChannelParticipantLeft):
        return Membership.OUTSIDE
    if isinstance(participant, types.ChannelParticipantBanned):
        out = participant.left or participant.banned_rights.view_messages
        return Membership.OUTSIDE if out else Membership.MEMBER
    return Membership.MEMBER


def _listed(participants: Any, user_id: int) -> Membership:
    if not isinstance(participants, types.ChatParticipants):
        return Membership.UNKNOWN
    found = any(each.user_id == user_id for each in participants.participants)
    return Membership.MEMBER if found else Membership.OUTSIDE
