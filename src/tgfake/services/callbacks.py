"""The bot's side of inline buttons."""

from __future__ import annotations

from telethon.tl import functions

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.world.callbacks import Answer
from tgfake.world.messages import utf16_len

_TEXT = 200  # https://core.telegram.org/bots/api#answercallbackquery


async def set_bot_callback_answer(call: Call) -> bool:
    """Answer a press, once; raises QUERY_ID_INVALID, MESSAGE_TOO_LONG."""
    request = call.request
    if utf16_len(request.message or "") > _TEXT:
        raise RpcError(400, "MESSAGE_TOO_LONG")
    answer = Answer(request.message, bool(request.alert), request.url, request.cache_time)
    call.world.callbacks.answer(call.me.user_id, request.query_id, answer)
    return True


HANDLERS = {functions.messages.SetBotCallbackAnswerRequest: set_bot_callback_answer}
