"""Sending: texts, media, albums, forwards and edits.

Every send goes the same way: resolve the peer, check the rules, take the random ids, pass the rate
limits, post, answer with the sender's updates. Nothing awaits between the first post and the last,
so that an album is sent whole or not at all.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call
from tgfake.errors import RpcError
from tgfake.rules import check_caption, check_markup, check_text, url_buttons_only
from tgfake.services.media import file_named
from tgfake.services.peers import message_named, peer_named
from tgfake.world import Body, Chat, Kind, Message, Peer
from tgfake.world.delivery import Cause, Step
from tgfake.world.messages import found_entities
from tgfake.world.sent import Posted
from tgfake.world.writing import (
    Draft,
    check_may_forward,
    check_may_write,
    compose,
    origin_of,
)

_ALBUM = 10  # most items of one
_FORWARDS = 100  # most messages of one request


async def send_message(call: Call) -> Any:
    """A text."""
    request = call.request
    peer = peer_named(call, request.peer)
    check_text(request.message)
    return await _send(call, peer, [request.random_id], [_draft(call, peer, _body(call, request))])


async def send_media(call: Call) -> Any:
    """A file with a caption."""
    request = call.request
    peer = peer_named(call, request.peer)
    check_caption(request.message)
    body = replace(_body(call, request), file=file_named(call, request.media))
    return await _send(call, peer, [request.random_id], [_draft(call, peer, body)])


async def send_multi_media(call: Call) -> Any:
    """An album: each item is a message with a random id of its own, one grouped_id joins them."""
    request = call.request
    peer = peer_named(call, request.peer)
    if not 0 < len(request.multi_media) <= _ALBUM:
        raise RpcError(400, "MULTI_MEDIA_TOO_LONG")
    group = _group_id()
    drafts = []
    for item in request.multi_media:
        check_caption(item.message)
        body = replace(_body(call, item), file=file_named(call, item.media))
        drafts.append(replace(_draft(call, peer, body), grouped_id=group))
    return await _send(call, peer, [item.random_id for item in request.multi_media], drafts)


async def forward_messages(call: Call) -> Any:
    """Messages with their origin, or with `drop_author` copies that do not tell it.

    Ids that name nothing are passed over, with their random ids.
    """
    request = call.request
    source, peer = peer_named(call, request.from_peer), peer_named(call, request.to_peer)
    _check_forward(request)
    pairs = [
        (random_id, message)
        for random_id, number in zip(request.random_id, request.id, strict=True)
        if (message := message_named(call, source, number)) is not None and message.action is None
    ]
    if not pairs:
        raise RpcError(400, "MESSAGE_ID_INVALID")
    check_may_forward(call.world.directory, [message for _, message in pairs])
    drafts = _forwards(call, peer, [message for _, message in pairs])
    return await _send(call, peer, [random_id for random_id, _ in pairs], drafts)


def _check_forward(request: Any) -> None:
    if not request.id:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    if len(request.id) > _FORWARDS:
        raise RpcError(400, "LIMIT_INVALID")
    if len(request.id) != len(request.random_id or ()):
        raise RpcError(400, "RANDOM_ID_INVALID")


def _forwards(call: Call, peer: Peer, messages: Sequence[Message]) -> list[Draft]:
    request = call.request
    groups: dict[int | None, int | None] = {None: None}
    drafts = []
    for message in messages:
        body = message.body
        if request.drop_media_captions and body.file is not None:
            body = replace(body, text="", entities=())
        kept = None if request.drop_author else url_buttons_only(body.markup)
        draft = _draft(call, peer, replace(body, markup=kept))
        group = groups.setdefault(message.grouped_id, _group_id())
        origin = None if request.drop_author else origin_of(call.world.directory, message)
        drafts.append(replace(draft, grouped_id=group, origin=origin))
    return drafts


def _body(call: Call, request: Any) -> Body:
    markup = getattr(request, "reply_markup", None)
    check_markup(markup, local_urls=call.world.local_urls)
    text = request.message
    given = tuple(request.entities or ())
    # The server marks links and commands itself wherever the sender has marked nothing.
    return Body(text, given or found_entities(text), markup=markup)


def _draft(call: Call, peer: Peer, body: Body) -> Draft:
    """The draft with what the request says of replies and topics.

    An answer to a message that is gone is sent as no answer.
    """
    request = call.request
    reply = request.reply_to
    top = getattr(reply, "top_msg_id", None) or getattr(request, "top_msg_id", None)
    number = getattr(reply, "reply_to_msg_id", 0)
    chat = call.world.directory.chats.get(peer)
    return Draft(
        body,
        reply_to=_replied(call, peer, chat, number) if number else None,
        topic=top or (number if chat is not None and number in chat.topics else None),
        silent=bool(request.silent),
        protected=bool(request.noforwards),
    )


def _replied(call: Call, peer: Peer, chat: Chat | None, number: int) -> Message | None:
    if chat is None or chat.box is None:
        return message_named(call, peer, number)
    message = chat.box.messages.get(number)
    return None if message is None or message.deleted else message


async def _send(call: Call, peer: Peer, random_ids: Sequence[int], drafts: Sequence[Draft]) -> Any:
    world, me = call.world, call.me
    check_may_write(world.directory, me, peer)
    with world.sent.claim(me.user_id, peer, random_ids) as claimed:
        await world.sent.passage()
        fresh = [pair for pair in zip(random_ids, drafts, strict=True) if not claimed[pair[0]]]
        if fresh:
            world.limits.check(me.user_id, peer.marked, len(fresh))
        for random_id, draft in fresh:
            claimed[random_id] = _post(call, peer, draft)
        sent = {number: posted for number, posted in claimed.items() if posted is not None}
    return _answer(call, sent)


def _post(call: Call, peer: Peer, draft: Draft) -> Posted:
    message = compose(call.world.directory, call.me, peer, draft)
    step = call.world.delivery.post(message, Cause(call.me, call.session))
    call.cluster.counters.message_sent(peer.marked)
    return Posted(message, step)


def _answer(call: Call, sent: dict[int, Posted]) -> Any:
    """The updates of a send: the ids that the messages got, then the messages."""
    me, view = call.me, call.world.view
    messages = [posted.message for posted in sent.values()]
    named = [
        types.UpdateMessageID(posted.message.id_for(me.user_id), random_id)
        for random_id, posted in sent.items()
    ]
    news = [_news(call, posted) for posted in sent.values()]
    return view.updates([*named, *news], me, messages)


def _news(call: Call, posted: Posted) -> Any:
    in_channel = posted.message.target.kind is Kind.CHANNEL
    update = types.UpdateNewChannelMessage if in_channel else types.UpdateNewMessage
    shown = call.world.view.message(posted.message, call.me)
    return update(shown, posted.step.pts, posted.step.count)


def _group_id() -> int:
    return random.getrandbits(62)


async def edit_message(call: Call) -> Any:
    """Change text, media or keyboard; a keyboard that is not named goes away."""
    request = call.request
    peer = peer_named(call, request.peer)
    message = message_named(call, peer, request.id)
    if message is None or message.action is not None:
        raise RpcError(400, "MESSAGE_ID_INVALID")
    _check_may_edit(call, message)
    body = _edited(call, message.body)
    if body == message.body:
        raise RpcError(400, "MESSAGE_NOT_MODIFIED")
    step = call.world.delivery.edit(message, body, Cause(call.me, call.session))
    return _edit_answer(call, message, step)


def _check_may_edit(call: Call, message: Message) -> None:
    chat = call.world.directory.chats.get(message.target)
    as_admin = chat is not None and chat.broadcast and chat.may(call.me.user_id, "edit_messages")
    if message.author != call.me.user_id and not as_admin:
        raise RpcError(403, "MESSAGE_AUTHOR_REQUIRED")
    if message.origin is not None:
        raise RpcError(400, "MESSAGE_ID_INVALID")


def _edited(call: Call, old: Body) -> Body:
    request = call.request
    check_markup(request.reply_markup, local_urls=call.world.local_urls)
    body = replace(old, markup=request.reply_markup)
    if request.message is not None:
        given = tuple(request.entities or ()) or found_entities(request.message)
        body = replace(body, text=request.message, entities=given)
    if request.media is not None:
        body = replace(body, file=file_named(call, request.media))
    if body.file is None:
        check_text(body.text)
    else:
        check_caption(body.text)
    return body


def _edit_answer(call: Call, message: Message, step: Step) -> Any:
    in_channel = message.target.kind is Kind.CHANNEL
    update = types.UpdateEditChannelMessage if in_channel else types.UpdateEditMessage
    shown = call.world.view.message(message, call.me)
    return call.world.view.updates([update(shown, step.pts, step.count)], call.me, [message])


HANDLERS = {
    functions.messages.SendMessageRequest: send_message,
    functions.messages.SendMediaRequest: send_media,
    functions.messages.SendMultiMediaRequest: send_multi_media,
    functions.messages.ForwardMessagesRequest: forward_messages,
    functions.messages.EditMessageRequest: edit_message,
}
