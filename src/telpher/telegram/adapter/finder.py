"""Reads one message and takes its file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from telethon.tl import types
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
from telethon.tl.functions.messages import GetMessagesRequest

from telpher.core.model import FoundFile, MessageRef
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.peers import AccessHashes, chat_id_of, input_channel

# Refusals that mean: there is no such chat or message, for this bot at least.
_NO_SUCH_MESSAGE: Final = frozenset(
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
        "USER_BANNED_IN_CHANNEL",
    }
)

# What fits into Telegram's int and long: numbers out of a URL may not.
_MESSAGE_IDS: Final = range(1, 1 << 31)
_CHAT_IDS: Final = range(-(1 << 62), 1 << 62)


async def find_file(
    ref: MessageRef, call: Callable[[Any], Awaitable[Any]], hashes: AccessHashes, account: int
) -> FoundFile:
    """The file in message `ref` as `account` sees it. Raises NotFoundError when there is none."""
    if ref.message_id not in _MESSAGE_IDS or ref.chat_id not in _CHAT_IDS or ref.chat_id == 0:
        raise NotFoundError("no such message")
    try:
        result = await call(_request(ref, hashes))
    except RequestRejectedError as error:
        if error.name in _NO_SUCH_MESSAGE:
            raise NotFoundError(error.name) from error
        raise
    for message in getattr(result, "messages", []):
        if _is_meant(message, ref):
            found = found_file(message, account=account)
            if found is not None:
                return found
    raise NotFoundError("no such message, or no file in it")


def _request(ref: MessageRef, hashes: AccessHashes) -> Any:
    wanted = [types.InputMessageID(ref.message_id)]
    channel = input_channel(ref.chat_id, hashes)
    if channel is None:
        return GetMessagesRequest(wanted)
    return GetChannelMessagesRequest(channel, wanted)


def _is_meant(message: Any, ref: MessageRef) -> bool:
    """Whether it is that message of that chat.

    Asked for a message outside channels, Telegram ignores the chat: all private chats of a bot
    share one counter, and a wrong chat id would show somebody else's file (telegram.md).
    """
    return (
        isinstance(message, types.Message)
        and message.id == ref.message_id
        and chat_id_of(message.peer_id) == ref.chat_id
    )
