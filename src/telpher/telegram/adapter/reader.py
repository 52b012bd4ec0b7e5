"""Reads messages by their ids: bots have no other way, no history and no search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from telethon.tl import types
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
from telethon.tl.functions.messages import GetMessagesRequest

from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.telegram.adapter.peers import AccessHashes, chat_id_of, entity_id, input_channel
from telpher.telegram.adapter.wire import Call

# Refusals that mean: there is no such chat or message, for this bot at least.
NO_SUCH_CHAT: Final = frozenset(
    {
        "CHANNEL_INVALID",
        "CHANNEL_PRIVATE",
        "CHANNEL_PUBLIC_GROUP_NA",
        "CHAT_ADMIN_REQUIRED",
        "CHAT_ID_INVALID",
        "MESSAGE_ID_INVALID",
        "MESSAGE_IDS_EMPTY",
        "MSG_ID_INVALID",
        "PEER_ID_INVALID",
        "USERNAME_INVALID",
        "USERNAME_NOT_OCCUPIED",
        "USER_BANNED_IN_CHANNEL",
    }
)

# What fits into Telegram's int and long: numbers out of a URL may not.
_MESSAGE_IDS: Final = range(1, 1 << 31)
_CHAT_IDS: Final = range(-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True)
class Read:
    """A message of the library's, and whether it may not be forwarded."""

    message: Any
    protected: bool


class MessageReader:
    """`call` sends a request on the main connection."""

    def __init__(self, call: Call, hashes: AccessHashes) -> None:
        self._call = call
        self._hashes = hashes

    async def messages(self, chat_id: int, ids: Sequence[int]) -> list[Read | None]:
        """At most 100 messages in one call; None where there is none, or only a service message.

        Raises NotFoundError when the bot cannot see the chat.
        """
        wanted = [types.InputMessageID(each) for each in ids if each in _MESSAGE_IDS]
        found = {each.message.id: each for each in await self._read(chat_id, wanted)}
        return [found.get(each) for each in ids]

    async def message(self, ref: MessageRef) -> Read:
        """One message. Raises NotFoundError when it is not there."""
        (found,) = await self.messages(ref.chat_id, [ref.message_id])
        if found is None:
            raise NotFoundError("no such message")
        return found

    async def answered_by(self, ref: MessageRef) -> Read | None:
        """The message that `ref` answers: privacy mode shows it under this name alone."""
        named = types.InputMessageReplyTo(ref.message_id)
        return next(iter(await self._read(ref.chat_id, [named])), None)

    async def with_answered(self, ref: MessageRef) -> list[Read]:
        """The message, and after it the one that it answers, where there are such."""
        named = types.InputMessageID(ref.message_id), types.InputMessageReplyTo(ref.message_id)
        if ref.message_id not in _MESSAGE_IDS:
            return []
        found = await self._read(ref.chat_id, named)
        own = [each for each in found if each.message.id == ref.message_id]
        return [*own[:1], *(each for each in found if each not in own)]

    async def _read(self, chat_id: int, wanted: Sequence[Any]) -> list[Read]:
        if chat_id not in _CHAT_IDS or chat_id == 0:
            raise NotFoundError("no such chat")
        if not wanted:
            return []
        channel = input_channel(chat_id, self._hashes)
        request = (
            GetMessagesRequest(list(wanted))
            if channel is None
            else GetChannelMessagesRequest(channel, list(wanted))
        )
        try:
            result = await self._call(request)
        except RequestRejectedError as error:
            if error.name in NO_SUCH_CHAT:
                raise NotFoundError(error.name) from error
            raise
        return _of_chat(result, chat_id)


def _of_chat(result: Any, chat_id: int) -> list[Read]:
    """The messages of that chat in an answer.

    Asked for messages outside channels, Telegram ignores the chat: all private chats of a bot share
    one counter, and a wrong chat id would show somebody else's file (telegram.md).
    """
    protected = any(
        getattr(chat, "noforwards", False)
        for chat in getattr(result, "chats", ())
        if entity_id(chat) == chat_id
    )
    return [
        Read(message, bool(message.noforwards) or protected)
        for message in getattr(result, "messages", ())
        if isinstance(message, types.Message) and chat_id_of(message.peer_id) == chat_id
    ]
