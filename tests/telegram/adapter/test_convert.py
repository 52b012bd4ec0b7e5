"""Updates as values: what is of use, and what is left out."""

from datetime import UTC, datetime

import pytest
from telethon.tl import types

from telpher.core.model import MessageRef, Person
from telpher.telegram.adapter.convert import command, incoming, person
from telpher.telegram.gateway import ButtonPress, IncomingMessage

ME = 99
NAME = "telpher_bot"
DATE = datetime(2026, 1, 2, tzinfo=UTC)
ANN = types.User(
    id=7,
    first_name="Ann",
    last_name="Lee",
    username="ann",
    lang_code="de",
    premium=True,
    access_hash=5,
)
ENTITIES = {7: ANN}


def message(**fields: object) -> types.Message:
    given = {"id": 3, "peer_id": types.PeerUser(7), "date": DATE, "message": "hi", **fields}
    return types.Message(**given)


def read(**fields: object) -> IncomingMessage:
    update = types.UpdateNewMessage(message(**fields), 1, 1)
    found = incoming(update, ENTITIES, ME, NAME)
    assert isinstance(found, IncomingMessage)
    return found


def test_a_private_message() -> None:
    found = read(message="/start abc", grouped_id=12)

    assert found == IncomingMessage(
        ref=MessageRef(7, 3),
        sender=Person(7, "Ann", "Lee", "ann", "de", is_premium=True),
        private=True,
        text="/start abc",
        command="start",
        arguments="abc",
        album=12,
        date=int(DATE.timestamp()),
    )


def test_a_group_message_has_its_sender_and_what_it_answers() -> None:
    found = read(
        peer_id=types.PeerChannel(5),
        from_id=types.PeerUser(7),
        reply_to=types.MessageReplyHeader(reply_to_msg_id=2),
    )

    assert found.ref == MessageRef(-1000000000005, 3)
    assert found.sender is not None
    assert found.sender.user_id == 7
    assert not found.private
    assert found.reply_to == 2


@pytest.mark.parametrize(
    ("header", "reply_to", "topic"),
    [
        ({"reply_to_msg_id": 2}, 2, 0),
        ({"reply_to_msg_id": 2, "reply_to_top_id": 1}, 2, 0),  # a thread of comments is no topic
        ({"reply_to_msg_id": 9, "forum_topic": True}, 0, 9),
        ({"reply_to_msg_id": 2, "reply_to_top_id": 9, "forum_topic": True}, 2, 9),
        ({}, 0, 0),
    ],
)
def test_answers_and_topics(header: dict[str, object], reply_to: int, topic: int) -> None:
    found = read(
        peer_id=types.PeerChannel(5),
        from_id=types.PeerUser(7),
        reply_to=types.MessageReplyHeader(**header),
    )

    assert (found.reply_to, found.topic) == (reply_to, topic)


def test_an_answer_to_a_story_answers_no_message() -> None:
    found = read(reply_to=types.MessageReplyStoryHeader(types.PeerUser(7), 2))

    assert (found.reply_to, found.topic) == (0, 0)


def test_what_was_forwarded_says_so() -> None:
    assert read(fwd_from=types.MessageFwdHeader(DATE)).forwarded
    assert not read().forwarded


@pytest.mark.parametrize("from_id", [None, types.PeerChannel(5)])
def test_a_channel_or_an_anonymous_admin_speaks(from_id: object) -> None:
    assert read(peer_id=types.PeerChannel(5), from_id=from_id).sender is None


def test_a_file_comes_with_its_message() -> None:
    document = types.Document(
        id=1,
        access_hash=2,
        file_reference=b"r",
        date=DATE,
        mime_type="video/mp4",
        size=10,
        dc_id=4,
        attributes=[],
    )
    found = read(media=types.MessageMediaDocument(document=document))

    assert found.file is not None
    assert found.file.document_id == 1


@pytest.mark.parametrize(
    "update",
    [
        types.UpdateNewMessage(message(out=True), 1, 1),
        types.UpdateNewMessage(message(from_id=types.PeerUser(ME)), 1, 1),
        types.UpdateNewMessage(types.MessageEmpty(3, None), 1, 1),
        types.UpdateNewMessage(
            types.MessageService(3, types.PeerUser(7), DATE, types.MessageActionPinMessage()), 1, 1
        ),
        types.UpdateEditMessage(message(), 1, 1),
        types.UpdateDeleteMessages([3], 1, 1),
        types.UpdateBotCallbackQuery(1, 7, types.PeerUser(7), 3, 0, game_short_name="chess"),
        types.UpdateConfig(),
    ],
)
def test_what_is_of_no_use(update: object) -> None:
    assert incoming(update, ENTITIES, ME, NAME) is None


def test_a_press() -> None:
    update = types.UpdateBotCallbackQuery(11, 7, types.PeerChat(5), 3, 0, data=b"help")

    assert incoming(update, ENTITIES, ME, NAME) == ButtonPress(
        MessageRef(-5, 3), person(7, ENTITIES), 11, b"help"
    )


def test_short_forms() -> None:
    private = types.UpdateShortMessage(3, 7, "/help", 1, 1, DATE)
    group = types.UpdateShortChatMessage(3, 7, 5, "hi", 1, 1, DATE)
    mine = types.UpdateShortMessage(3, 7, "/help", 1, 1, DATE, out=True)

    found = incoming(private, {}, ME, NAME)
    assert isinstance(found, IncomingMessage)
    assert (found.ref, found.command, found.sender) == (MessageRef(7, 3), "help", Person(7, ""))
    found = incoming(group, {}, ME, NAME)
    assert isinstance(found, IncomingMessage)
    assert (found.ref, found.sender) == (MessageRef(-5, 3), Person(7, ""))
    assert incoming(mine, {}, ME, NAME) is None


def test_a_name_of_several() -> None:
    names = [types.Username("old", active=False), types.Username("new", active=True)]
    user = types.User(id=7, usernames=names)

    assert person(7, {7: user}) == Person(7, "", username="new")
    assert person(8, {7: user}) == Person(8, "")


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("/start", "start", ""),
        ("/Start", "start", ""),
        ("/start  a b ", "start", "a b"),
        ("/start\na", "start", "a"),
        ("/start@telpher_bot a", "start", "a"),
        ("/start@Telpher_Bot", "start", ""),
        ("/start@other_bot a", "", ""),
        ("start", "", ""),
        (" /start", "", ""),
        ("/", "", ""),
        ("/ start", "", ""),
        ("", "", ""),
        ("/@telpher_bot", "", ""),
    ],
)
def test_commands(text: str, name: str, arguments: str) -> None:
    assert command(text, NAME) == (name, arguments)
