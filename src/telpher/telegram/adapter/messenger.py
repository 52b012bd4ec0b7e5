"""What the bot says: the BotGateway of one account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from telethon.tl import types
from telethon.tl.functions.bots import SetBotCommandsRequest
from telethon.tl.functions.channels import DeleteMessagesRequest as DeleteChannelMessagesRequest
from telethon.tl.functions.messages import (
    DeleteMessagesRequest,
    EditMessageRequest,
    SendMediaRequest,
    SendMessageRequest,
    SetBotCallbackAnswerRequest,
)

from telpher.core.model import MessageRef
from telpher.errors import ReferenceExpiredError, RequestRejectedError
from telpher.telegram.adapter.outgoing import (
    markup,
    once_id,
    parsed,
    random_id,
    reply_header,
    sent_message_id,
)
from telpher.telegram.adapter.peers import AccessHashes, input_channel, input_peer
from telpher.telegram.adapter.pictures import PictureReader
from telpher.telegram.adapter.uploads import Uploads
from telpher.telegram.adapter.wire import Call
from telpher.telegram.flood import Outbox
from telpher.telegram.gateway import Outgoing

# A request, made for the media that goes with it.
_Make = Callable[[Any], Any]


class Messenger:
    """`call` sends a request on the main connection, `outbox` waits out what can be waited out."""

    def __init__(
        self,
        call: Call,
        outbox: Outbox,
        hashes: AccessHashes,
        reader: PictureReader,
        *,
        local_urls: bool = False,
    ) -> None:
        self._call = call
        self._outbox = outbox
        self._hashes = hashes
        self._uploads = Uploads(call)
        self._reader = reader
        self.local_urls = local_urls

    async def send(self, chat_id: int, message: Outgoing) -> MessageRef:
        """See BotGateway. As often as it takes with the same random id: Telegram counts it once."""
        number = once_id(chat_id, message.once) if message.once else random_id()
        make = _sending(input_peer(chat_id, self._hashes), message, number)
        result = await self._outbox.deliver(chat_id, lambda: self._attempt(message, make))
        message_id = sent_message_id(result, number)
        if message_id is None:
            raise RequestRejectedError("MESSAGE_ID_MISSING")
        return MessageRef(chat_id, message_id)

    async def edit(self, ref: MessageRef, message: Outgoing) -> None:
        """See BotGateway."""
        make = _editing(input_peer(ref.chat_id, self._hashes), ref.message_id, message)
        try:
            await self._outbox.deliver(
                ref.chat_id, lambda: self._attempt(message, make), messages=0
            )
        except RequestRejectedError as error:
            if error.name != "MESSAGE_NOT_MODIFIED":
                raise

    async def delete(self, ref: MessageRef) -> None:
        """See BotGateway."""
        channel = input_channel(ref.chat_id, self._hashes)
        ids = [ref.message_id]
        request = (
            DeleteMessagesRequest(ids, revoke=True)
            if channel is None
            else DeleteChannelMessagesRequest(channel, ids)
        )
        try:
            await self._outbox.deliver(ref.chat_id, lambda: self._call(request), messages=0)
        except RequestRejectedError as error:
            if error.name != "MESSAGE_ID_INVALID":
                raise

    async def read_picture(self, ref: MessageRef) -> bytes:
        """See BotGateway."""
        return await self._reader.read(ref)

    async def answer_press(self, query_id: int, text: str = "", *, alert: bool = False) -> None:
        """See BotGateway."""
        request = SetBotCallbackAnswerRequest(
            query_id=query_id, cache_time=0, alert=alert, message=text or None
        )
        try:
            await self._call(request)
        except RequestRejectedError as error:
            if error.name != "QUERY_ID_INVALID":
                raise

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str = "") -> None:
        """See BotGateway."""
        menu = [types.BotCommand(name, description) for name, description in commands]
        scope = types.BotCommandScopeDefault()
        await self._call(SetBotCommandsRequest(scope=scope, lang_code=language, commands=menu))

    async def _attempt(self, message: Outgoing, make: _Make) -> Any:
        media = await self._uploads.media(message)
        try:
            result = await self._call(make(media))
        except ReferenceExpiredError:
            self._uploads.forget(message.picture)
            result = await self._call(make(await self._uploads.media(message)))
        self._uploads.learn(message.picture, result)
        return result


def _sending(peer: Any, message: Outgoing, number: int) -> _Make:
    text, entities = parsed(message.html)
    shared = {
        "peer": peer,
        "message": text,
        "entities": entities,
        "reply_to": reply_header(message.reply_to, message.topic),
        "reply_markup": markup(message.keyboard),
        "random_id": number,
    }

    def make(media: Any) -> Any:
        if media is None:
            return SendMessageRequest(no_webpage=True, **shared)
        return SendMediaRequest(media=media, **shared)

    return make


def _editing(peer: Any, message_id: int, message: Outgoing) -> _Make:
    text, entities = parsed(message.html)

    def make(media: Any) -> Any:
        return EditMessageRequest(
            peer=peer,
            id=message_id,
            message=text,
            entities=entities,
            media=media,
            no_webpage=True,
            reply_markup=markup(message.keyboard),
        )

    return make
