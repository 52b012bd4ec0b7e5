"""What the bot says: the BotGateway of one account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from telethon.tl import types
from telethon.tl.functions.bots import SetBotCommandsRequest
from telethon.tl.functions.messages import (
    EditMessageRequest,
    SendMediaRequest,
    SendMessageRequest,
    SetBotCallbackAnswerRequest,
)
from telethon.tl.functions.upload import SaveFilePartRequest

from telpher.core.model import MessageRef
from telpher.errors import RequestRejectedError
from telpher.telegram.adapter.outgoing import markup, parsed, random_id, sent_message_id
from telpher.telegram.adapter.peers import AccessHashes, input_peer
from telpher.telegram.flood import Outbox
from telpher.telegram.gateway import Keyboard

# The largest part that upload.saveFilePart takes [/api/files].
_PART = 512 << 10

Call = Callable[[Any], Awaitable[Any]]


class Messenger:
    """`call` sends a request on the main connection, `outbox` waits out what can be waited out."""

    def __init__(self, call: Call, outbox: Outbox, hashes: AccessHashes) -> None:
        self._call = call
        self._outbox = outbox
        self._hashes = hashes

    async def send_text(
        self, chat_id: int, html: str, keyboard: Keyboard = (), *, reply_to: int = 0
    ) -> MessageRef:
        """See BotGateway."""
        text, entities = parsed(html)
        request = SendMessageRequest(
            peer=input_peer(chat_id, self._hashes),
            message=text,
            entities=entities,
            no_webpage=True,
            reply_to=types.InputReplyToMessage(reply_to) if reply_to else None,
            reply_markup=markup(keyboard),
            random_id=random_id(),
        )
        return await self._send(chat_id, request)

    async def send_picture(
        self, chat_id: int, picture: bytes, html: str, keyboard: Keyboard = ()
    ) -> MessageRef:
        """See BotGateway."""
        text, entities = parsed(html)
        file = await self._outbox.deliver(chat_id, lambda: self._upload(picture))
        request = SendMediaRequest(
            peer=input_peer(chat_id, self._hashes),
            media=types.InputMediaUploadedPhoto(file),
            message=text,
            entities=entities,
            reply_markup=markup(keyboard),
            random_id=random_id(),
        )
        return await self._send(chat_id, request)

    async def edit_text(self, ref: MessageRef, html: str, keyboard: Keyboard = ()) -> None:
        """See BotGateway."""
        text, entities = parsed(html)
        request = EditMessageRequest(
            peer=input_peer(ref.chat_id, self._hashes),
            id=ref.message_id,
            message=text,
            entities=entities,
            no_webpage=True,
            reply_markup=markup(keyboard),
        )
        try:
            await self._outbox.deliver(ref.chat_id, lambda: self._call(request))
        except RequestRejectedError as error:
            if error.name != "MESSAGE_NOT_MODIFIED":
                raise

    async def answer_press(self, query_id: int, text: str = "", *, alert: bool = False) -> None:
        """See BotGateway. A press that is too old to be answered needs no answer."""
        request = SetBotCallbackAnswerRequest(
            query_id=query_id, cache_time=0, alert=alert, message=text or None
        )
        try:
            await self._call(request)
        except RequestRejectedError as error:
            if error.name != "QUERY_ID_INVALID":
                raise

    async def set_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        """See BotGateway."""
        menu = [types.BotCommand(name, description) for name, description in commands]
        scope = types.BotCommandScopeDefault()
        await self._call(SetBotCommandsRequest(scope=scope, lang_code="", commands=menu))

    async def _send(self, chat_id: int, request: Any) -> MessageRef:
        """Sends, as often as it takes with the same random id: Telegram counts it once."""
        result = await self._outbox.deliver(chat_id, lambda: self._call(request))
        message_id = sent_message_id(result, request.random_id)
        if message_id is None:
            raise RequestRejectedError("MESSAGE_ID_MISSING")
        return MessageRef(chat_id, message_id)

    async def _upload(self, picture: bytes) -> Any:
        file_id = random_id()
        parts = range(0, len(picture), _PART)
        for number, start in enumerate(parts):
            part = picture[start : start + _PART]
            await self._call(SaveFilePartRequest(file_id, number, part))
        return types.InputFile(file_id, len(parts), "picture.jpg", "")
