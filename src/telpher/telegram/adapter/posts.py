"""The same message to many, without its origin: the PostGateway of one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from telethon import utils
from telethon.tl import types
from telethon.tl.functions.messages import (
    SendMediaRequest,
    SendMessageRequest,
    SendMultiMediaRequest,
)

from telpher.core.model import MessageRef
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.telegram.adapter.outgoing import sent_message_id
from telpher.telegram.adapter.peers import AccessHashes, input_peer
from telpher.telegram.adapter.reader import MessageReader
from telpher.telegram.adapter.wire import Call
from telpher.telegram.chats import Post
from telpher.telegram.flood import Outbox

# Numbers before and after an item within which the others of its album are looked for, in one call:
# all private chats share one counter, and what others write comes in between.
_REACH: Final = 49

_GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Item:
    """One message, ready to be sent again."""

    text: str
    entities: Sequence[Any]
    media: Any | None
    markup: Any | None
    no_preview: bool
    media_below: bool


class Posts:
    """`call` and `outbox` as a Messenger's."""

    def __init__(self, call: Call, outbox: Outbox, hashes: AccessHashes) -> None:
        self._call = call
        self._outbox = outbox
        self._hashes = hashes
        self._messages = MessageReader(call, hashes)

    async def album_of(self, ref: MessageRef) -> list[MessageRef]:
        """See PostGateway."""
        near = range(ref.message_id - _REACH, ref.message_id + _REACH + 1)
        found = [each.message for each in await self._messages.messages(ref.chat_id, near) if each]
        album = next((each.grouped_id for each in found if each.id == ref.message_id), _GONE)
        if album is _GONE:
            raise NotFoundError("the message is gone")
        if album is None:
            return [ref]
        return [MessageRef(ref.chat_id, each.id) for each in found if each.grouped_id == album]

    async def load_post(self, source: Sequence[MessageRef]) -> Post:
        """See PostGateway."""
        chat_id = source[0].chat_id
        ids = [each.message_id for each in source]
        found = await self._messages.messages(chat_id, ids)
        there = [(ref, read.message) for ref, read in zip(source, found, strict=True) if read]
        if not there:
            raise NotFoundError("the message is gone")
        items = [item_of(message, self._hashes) for _, message in there]
        return Post([ref for ref, _ in there], items)

    async def send_post(self, to: int, post: Post, random_ids: Sequence[int]) -> list[MessageRef]:
        """See PostGateway."""
        peer = input_peer(to, self._hashes)
        request = _sending(peer, post.items, random_ids)
        count = len(post.items)
        result = await self._outbox.submit(to, lambda: self._call(request), messages=count)
        numbers = [sent_message_id(result, each) for each in random_ids]
        if None in numbers:
            raise RequestRejectedError("MESSAGE_ID_MISSING")
        return [MessageRef(to, number) for number in numbers if number]


def item_of(message: Any, hashes: AccessHashes) -> Item:
    """What is sent on of a message. Raises RequestRejectedError for media that cannot be."""
    return Item(
        text=message.message or "",
        entities=[each for old in message.entities or () if (each := _entity(old, hashes))],
        media=_media(message.media),
        markup=_url_buttons(message.reply_markup),
        no_preview=not isinstance(message.media, types.MessageMediaWebPage),
        media_below=bool(message.invert_media),
    )


def _media(media: Any) -> Any | None:
    """The file by reference; None for none, and for the preview of a link."""
    if media is None or isinstance(media, types.MessageMediaWebPage):
        return None
    try:
        named = utils.get_input_media(media)
    except TypeError as error:
        raise RequestRejectedError("MEDIA_INVALID") from error
    if isinstance(named, types.InputMediaEmpty):
        raise RequestRejectedError("MEDIA_INVALID")
    if isinstance(named, types.InputMediaPhoto | types.InputMediaDocument):
        named.spoiler = bool(media.spoiler)
        named.ttl_seconds = None
    return named


def _entity(entity: Any, hashes: AccessHashes) -> Any | None:
    """Names without a public name are addressed by id; whom the bot has not met becomes text."""
    if not isinstance(entity, types.MessageEntityMentionName):
        return entity
    access_hash = hashes.access_hash(entity.user_id)
    if not access_hash:
        return None
    user = types.InputUser(entity.user_id, access_hash)
    return types.InputMessageEntityMentionName(entity.offset, entity.length, user)


def _url_buttons(markup: Any) -> Any | None:
    """The keyboard without what only the bot that made it can answer."""
    if not isinstance(markup, types.ReplyInlineMarkup):
        return None
    rows = [
        [button for button in row.buttons if isinstance(button.type, types.InlineButtonTypeUrl)]
        for row in markup.rows
    ]
    kept = [types.KeyboardInlineButtonRow(row) for row in rows if row]
    return types.ReplyInlineMarkup(kept) if kept else None


def _sending(peer: Any, items: Sequence[Any], random_ids: Sequence[int]) -> Any:
    if len(items) > 1:
        return SendMultiMediaRequest(
            peer,
            [_in_album(item, number) for item, number in zip(items, random_ids, strict=True)],
            invert_media=items[0].media_below,
        )
    (item,), (number,) = items, random_ids
    shared = {
        "peer": peer,
        "message": item.text,
        "entities": list(item.entities),
        "reply_markup": item.markup,
        "random_id": number,
        "invert_media": item.media_below,
    }
    if item.media is None:
        return SendMessageRequest(no_webpage=item.no_preview, **shared)
    return SendMediaRequest(media=item.media, **shared)


def _in_album(item: Item, number: int) -> Any:
    return types.InputSingleMedia(item.media, item.text, number, list(item.entities))
