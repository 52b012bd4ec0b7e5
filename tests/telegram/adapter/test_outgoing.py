"""Texts, keyboards and the ids of sent messages."""

from datetime import UTC, datetime

from telethon.tl import types

from telpher.core.model import MessageRef
from telpher.telegram.adapter.outgoing import (
    copy_id,
    markup,
    once_id,
    parsed,
    random_id,
    reply_header,
    sent_ids,
    sent_message_id,
)
from telpher.telegram.gateway import Button


def test_html_becomes_entities_counted_as_telegram_counts() -> None:
    text, entities = parsed('😀 <b>b</b> <a href="https://x.org/?a=1&amp;b=2">l</a> &lt;')

    assert text == "😀 b l <"
    bold, link = entities
    assert (bold.offset, bold.length) == (3, 1)  # the emoji has two UTF-16 units
    assert (link.offset, link.url) == (5, "https://x.org/?a=1&b=2")
    assert parsed("") == ("", [])


def test_keyboards() -> None:
    assert markup([]) is None
    assert markup([[]]) is None
    keyboard = markup(
        [
            [Button("a", data=b"1"), Button("b", url="https://x.org")],
            [],
            [Button("c", copy="text")],
        ]
    )

    assert keyboard is not None
    first, second = keyboard.rows
    assert [button.text for button in first.buttons] == ["a", "b"]
    assert [type(button.type) for button in (*first.buttons, *second.buttons)] == [
        types.InlineButtonTypeCallback,
        types.InlineButtonTypeUrl,
        types.InlineButtonTypeCopy,
    ]


def test_random_ids_fit_and_differ() -> None:
    ids = {random_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(0 < each < 1 << 63 for each in ids)


def test_the_sent_messages_id() -> None:
    date = datetime(2026, 1, 2, tzinfo=UTC)
    short = types.UpdateShortSentMessage(5, 1, 1, date)
    full = types.Updates(
        [types.UpdateMessageID(6, 77), types.UpdateMessageID(7, 78)], [], [], date, 0
    )

    assert sent_message_id(short, 78) == 5
    assert sent_message_id(full, 78) == 7
    assert sent_message_id(full, 79) is None
    assert sent_message_id(types.UpdatesTooLong(), 79) is None


def test_a_copy_is_sent_under_one_number_for_ever() -> None:
    ref = MessageRef(7, 33)

    # Written down, not computed: copies made by an older version must be found again.
    assert copy_id(-1000000000005, ref) == 3721994058890339964
    others = {
        copy_id(to, MessageRef(chat, number))
        for to in (-1000000000005, -1000000000006)
        for chat in (7, 73, -7)
        for number in (3, 33, 333)
    }
    assert len(others) == 18
    assert all(0 < each < 1 << 63 for each in others)


def test_a_named_message_is_sent_under_one_number_for_ever() -> None:
    # Written down for the same reason: an answer must not go out twice across an update.
    assert once_id(7, "answer 33 0") == 6267702028010888377
    others = {once_id(to, f"{number}") for to in (7, 77, -7) for number in (3, 33, 733)}
    assert len(others) == 9
    assert all(0 < each < 1 << 63 for each in others)
    assert once_id(5, "7 33") != copy_id(5, MessageRef(7, 33))


def test_what_a_message_answers() -> None:
    assert reply_header(0, 0) is None
    plain, topic, both = reply_header(3, 0), reply_header(0, 9), reply_header(3, 9)
    assert plain is not None
    assert topic is not None
    assert both is not None
    assert (plain.reply_to_msg_id, plain.top_msg_id) == (3, None)
    assert (topic.reply_to_msg_id, topic.top_msg_id) == (9, 9)
    assert (both.reply_to_msg_id, both.top_msg_id) == (3, 9)


def test_the_ids_of_several_messages() -> None:
    date = datetime(2026, 1, 2, tzinfo=UTC)
    updates = [types.UpdateMessageID(6, 77), types.UpdateMessageID(7, 78), types.UpdatePtsChanged()]

    assert sent_ids(types.Updates(updates, [], [], date, 0)) == {77: 6, 78: 7}
    assert sent_ids(types.UpdatesTooLong()) == {}
