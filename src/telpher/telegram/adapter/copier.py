"""Copies of messages in a channel: the CopyGateway of one account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from telethon.tl import types
from telethon.tl.functions.channels import GetChannelsRequest
from telethon.tl.functions.contacts import ResolveUsernameRequest
from telethon.tl.functions.messages import ForwardMessagesRequest, SendMediaRequest

from telpher.core.model import FoundFile, Location, MessageRef
from telpher.errors import NotFoundError, ReferenceExpiredError, RequestRejectedError
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.outgoing import copy_id, sent_ids
from telpher.telegram.adapter.peers import AccessHashes, chat_id_of, input_channel, input_peer
from telpher.telegram.adapter.reader import MessageReader
from telpher.telegram.adapter.wire import Call
from telpher.telegram.flood import Outbox

Find = Callable[[MessageRef], Awaitable[FoundFile]]

# The outbox's queue for what goes to no chat in particular.
_NO_CHAT: Final = 0

# None of the messages to be forwarded is there; where only some are, the others go.
_ALL_GONE: Final = "MESSAGE_ID_INVALID"


class Copier:
    """`call` and `outbox` as a Messenger's; `find` reads a message's file."""

    def __init__(self, call: Call, outbox: Outbox, hashes: AccessHashes, find: Find) -> None:
        self._call = call
        self._outbox = outbox
        self._hashes = hashes
        self._find = find
        self._messages = MessageReader(call, hashes)

    async def resolve(self, channel: int | str) -> int:
        """See CopyGateway."""
        try:
            return await self._outbox.deliver(_NO_CHAT, lambda: self._look_up(channel), messages=0)
        except RequestRejectedError as error:
            raise NotFoundError(error.name) from error

    async def forward(
        self, to: int, source: int, message_ids: Sequence[int]
    ) -> list[MessageRef | None]:
        """See CopyGateway."""
        ids = message_ids if source > 0 else await self._with_files(source, message_ids)
        made = await self._forward(to, source, ids) if ids else {}
        return [made.get(each) for each in message_ids]

    async def _with_files(self, source: int, message_ids: Sequence[int]) -> list[int]:
        """Those with a file of their own: in groups a link may name the command that answers it,
        and then it is not the command that is wanted (see `finder`)."""
        found = await self._outbox.deliver(
            _NO_CHAT, lambda: self._messages.messages(source, message_ids), messages=0
        )
        return [
            int(each.message.id)
            for each in found
            if each and found_file(each.message, account=0) is not None
        ]

    async def _forward(
        self, to: int, source: int, message_ids: Sequence[int]
    ) -> dict[int, MessageRef]:
        numbers = [copy_id(to, MessageRef(source, each)) for each in message_ids]
        request = ForwardMessagesRequest(
            from_peer=input_peer(source, self._hashes),
            id=list(message_ids),
            to_peer=input_peer(to, self._hashes),
            random_id=numbers,
            silent=True,
            drop_author=True,
            drop_media_captions=True,
        )
        try:
            result = await self._outbox.deliver(
                to, lambda: self._call(request), messages=len(numbers), may_wait=True
            )
        except RequestRejectedError as error:
            if error.name != _ALL_GONE:
                raise
            return {}
        sent = sent_ids(result)
        return {
            message_id: MessageRef(to, sent[number])
            for message_id, number in zip(message_ids, numbers, strict=True)
            if number in sent
        }

    async def send_by_reference(self, to: int, ref: MessageRef) -> MessageRef:
        """See CopyGateway."""
        found = await self._find(ref)
        try:
            return await self._send(to, ref, found.location)
        except ReferenceExpiredError:
            # Its turn in the outbox came too late for that reference.
            found = await self._find(ref)
            return await self._send(to, ref, found.location)

    async def _look_up(self, channel: int | str) -> int:
        if isinstance(channel, str):
            resolved = await self._call(ResolveUsernameRequest(channel))
            channel = chat_id_of(resolved.peer)
        named = input_channel(channel, self._hashes)
        if named is None:
            raise NotFoundError("neither a channel nor a supergroup")
        await self._call(GetChannelsRequest([named]))
        return channel

    async def _send(self, to: int, ref: MessageRef, location: Location) -> MessageRef:
        request = SendMediaRequest(
            peer=input_peer(to, self._hashes),
            media=_media(location),
            message="",
            silent=True,
            random_id=copy_id(to, ref),
        )
        result = await self._outbox.deliver(to, lambda: self._call(request), may_wait=True)
        message_id = sent_ids(result).get(request.random_id)
        if message_id is None:
            raise RequestRejectedError("MESSAGE_ID_MISSING")
        return MessageRef(to, message_id)


def _media(location: Location) -> Any:
    """The file itself, as the account that found it names it."""
    named = location.document_id, location.access_hash, location.file_reference
    if location.photo:
        return types.InputMediaPhoto(types.InputPhoto(*named))
    return types.InputMediaDocument(types.InputDocument(*named))
