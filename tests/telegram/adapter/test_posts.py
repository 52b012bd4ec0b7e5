"""Messages that are sent on to many, over real MTProto."""

import asyncio
from datetime import UTC, datetime

import pytest
from telethon.tl import types

from telpher.core.model import MessageRef
from telpher.errors import (
    FloodWaitError,
    NotFoundError,
    RecipientLostError,
    ReferenceExpiredError,
    RequestRejectedError,
)
from telpher.telegram.adapter.posts import item_of
from telpher.telegram.gateway import Outgoing
from tests.telegram.adapter.stage import BOT_ID, Stage
from tgfake.faults import Fault, Kind
from tgfake.world import Body
from tgfake.world.files import FileKind, FileSpec
from tgfake.world.person import Person, Seen

SITE = types.InlineButtonTypeUrl("https://example.org/a")
PRESS = types.InlineButtonTypeCallback(b"data")


@pytest.fixture
async def bob(stage: Stage) -> Person:
    """Who is to read it."""
    bob = stage.world.person("Bob")
    await bob.send(stage.bot, "/start")
    return bob


def refs(stage: Stage, *seen: Seen) -> list[MessageRef]:
    return [MessageRef(stage.ann.user_id, each.message.id_for(BOT_ID)) for each in seen]


def received(stage: Stage, reader: Person) -> list[Seen]:
    return [seen for seen in reader.history(stage.bot) if not seen.out]


def keyboard(*rows: list[tuple[str, object]]) -> types.ReplyInlineMarkup:
    return types.ReplyInlineMarkup(
        [
            types.KeyboardInlineButtonRow(
                [types.KeyboardInlineButton(text, nature) for text, nature in row]
            )
            for row in rows
        ]
    )


async def test_a_text_with_its_formatting_and_the_buttons_that_are_links(
    stage: Stage, bob: Person
) -> None:
    markup = keyboard([("Site", SITE), ("Press", PRESS)], [("Only", PRESS)])
    bold = types.MessageEntityBold(0, 4)
    sent = stage.ann.post(stage.bot, Body("News *today*", (bold,), markup=markup))
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        post = await running.account.posts.load_post(refs(stage, sent))
        places = await running.account.posts.send_post(bob.user_id, post, [11])

    (seen,) = received(stage, bob)
    assert (seen.text, seen.message.origin) == ("News *today*", None)
    ((kind, offset, length),) = [(type(e), e.offset, e.length) for e in seen.entities]
    assert (kind, offset, length) == (types.MessageEntityBold, 0, 4)
    assert [[(button.text, button.url) for button in row] for row in seen.buttons] == [
        [("Site", "https://example.org/a")]
    ]
    assert places == [MessageRef(bob.user_id, seen.message.id_for(BOT_ID))]


@pytest.mark.parametrize("kind", list(FileKind))
async def test_every_kind_of_file_is_sent_by_reference(
    stage: Stage, bob: Person, kind: FileKind
) -> None:
    file = stage.world.add_file(kind=kind, size=(4 << 30) + 1, name="x.bin")
    markup = keyboard([("Site", SITE)])
    sent = stage.ann.post(stage.bot, Body("caption", file=file, markup=markup))
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        post = await running.account.posts.load_post(refs(stage, sent))
        await running.account.posts.send_post(bob.user_id, post, [11])
        assert not cluster.counters.calls["upload.saveFilePart"]

    (seen,) = received(stage, bob)
    assert (seen.file, seen.text, len(seen.buttons)) == (file, "caption", 1)


async def test_an_album_stays_one_and_comes_once(stage: Stage, bob: Person) -> None:
    files = [FileSpec(kind="photo"), FileSpec(kind="video"), FileSpec(kind="photo")]
    album = await stage.ann.send_album(stage.bot, files, "three")
    async with stage.cluster() as cluster:
        places = []
        for _ in range(2):
            async with stage.connected(cluster) as running:
                post = await running.account.posts.load_post(refs(stage, *album))
                sent = await running.account.posts.send_post(bob.user_id, post, [11, 12, 13])
                places.append(sent)

    seen = received(stage, bob)
    assert [each.file for each in seen] == [each.file for each in album]
    assert [each.text for each in seen] == ["three", "", ""]
    assert len({each.grouped_id for each in seen}) == 1
    assert seen[0].grouped_id is not None
    assert places[0] == places[1]
    assert places[0] == [MessageRef(bob.user_id, each.message.id_for(BOT_ID)) for each in seen]


async def test_a_repeat_under_the_same_number_names_the_first(stage: Stage, bob: Person) -> None:
    first, second = await stage.ann.send(stage.bot, "one"), await stage.ann.send(stage.bot, "two")
    async with stage.cluster() as cluster:
        places = []
        for source in (first, second):
            async with stage.connected(cluster) as running:
                posts = running.account.posts
                post = await posts.load_post(refs(stage, source))
                places += await posts.send_post(bob.user_id, post, [11])

    assert [seen.text for seen in received(stage, bob)] == ["one"]
    assert places[0] == places[1]


async def test_a_first_call_that_still_runs_is_waited_for(stage: Stage, bob: Person) -> None:
    sent = await stage.ann.send(stage.bot, "one")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        post = await posts.load_post(refs(stage, sent))
        with stage.world.sent.hold():
            tasks = [
                asyncio.create_task(posts.send_post(bob.user_id, post, [11])) for _ in range(2)
            ]
            await cluster.counters.wait(lambda c: c.errors["RANDOM_ID_DUPLICATE"] == 1)
        one, two = await asyncio.gather(*tasks)

    assert one == two
    assert len(received(stage, bob)) == 1


async def test_what_is_gone_is_not_sent(stage: Stage, bob: Person) -> None:
    album = await stage.ann.send_album(stage.bot, [FileSpec(kind="photo") for _ in range(3)])
    alone = await stage.ann.send(stage.bot, "alone")
    await stage.ann.delete(album[1], alone)
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        with pytest.raises(NotFoundError):
            await posts.load_post(refs(stage, alone))
        left = await posts.load_post(refs(stage, *album))
        assert left.source == refs(stage, album[0], album[2])
        assert len(left.items) == 2
        # A post once loaded is sent also when its message goes away meanwhile.
        await stage.ann.delete(album[0], album[2])
        await posts.send_post(bob.user_id, left, [11, 12])

    assert len(received(stage, bob)) == 2


async def test_an_expired_reference_is_told_and_loading_anew_helps(
    stage: Stage, bob: Person
) -> None:
    album = await stage.ann.send_album(stage.bot, [FileSpec(kind="photo") for _ in range(2)])
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        for source in (album, album[:1]):
            post = await posts.load_post(refs(stage, *source))
            stage.world.expire_references()
            numbers = list(range(11, 11 + len(source)))
            with pytest.raises(ReferenceExpiredError):
                await posts.send_post(bob.user_id, post, numbers)
            post = await posts.load_post(refs(stage, *source))
            await posts.send_post(bob.user_id, post, numbers)

    assert len(received(stage, bob)) == 2


async def test_whom_nothing_reaches(stage: Stage, bob: Person) -> None:
    blocked, deleted = stage.world.person("Carl"), stage.world.person("Dora")
    for person in (blocked, deleted):
        await person.send(stage.bot, "/start")
    await blocked.block(stage.bot)
    await deleted.delete_account()
    stranger = stage.world.person("Eve")
    sent = await stage.ann.send(stage.bot, "one")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        post = await posts.load_post(refs(stage, sent))
        for person in (blocked, deleted, stranger):
            with pytest.raises(RecipientLostError):
                await posts.send_post(person.user_id, post, [11])
        # Whom the bot has met it reaches without knowing an access hash.
        assert running.account._session.access_hash(bob.user_id) == 0
        await posts.send_post(bob.user_id, post, [11])

    assert len(received(stage, bob)) == 1


async def test_a_flood_wait_is_told_at_once_and_the_number_stays_free(
    stage: Stage, bob: Person
) -> None:
    sent = await stage.ann.send(stage.bot, "one")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        post = await posts.load_post(refs(stage, sent))
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", seconds=1))
        with pytest.raises(FloodWaitError) as flood:
            await posts.send_post(bob.user_id, post, [11])
        assert flood.value.seconds == 1
        assert cluster.counters.calls["messages.sendMessage"] == 1
        await asyncio.sleep(0)

    assert received(stage, bob) == []


async def test_telegrams_limits_are_kept_by_ourselves(stage: Stage) -> None:
    """Answers, posts and a group's messages in a hurry: Telegram has nothing to complain of."""
    stage.world.limits.enabled = True
    group = stage.world.add_group("Group", stage.ann.account, stage.bot)
    readers = [stage.world.person(f"Reader {number}") for number in range(60)]
    for reader in readers:
        await reader.send(stage.bot, "/start")
    sent = await stage.ann.send(stage.bot, "one")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        post = await posts.load_post(refs(stage, sent))
        async with asyncio.TaskGroup() as tasks:
            for reader in readers:
                tasks.create_task(posts.send_post(reader.user_id, post, [11]))
            for reader in readers:
                answer = Outgoing(f"hello {reader.user_id}")
                tasks.create_task(running.account.bot.send(reader.user_id, answer))
            for number in range(13):
                sending = posts.send_post(group.peer.marked, post, [100 + number])
                tasks.create_task(sending)
        assert cluster.counters.floods == 0
        assert cluster.counters.messages[group.peer.marked] == 13

    assert all(len(received(stage, reader)) == 2 for reader in readers)


# What tgfake has no such messages for.


class Hashes:
    def access_hash(self, chat_id: int) -> int:
        return {7: 70}.get(chat_id, 0)


def message(**fields: object) -> types.Message:
    date = datetime(2026, 1, 2, tzinfo=UTC)
    return types.Message(3, types.PeerUser(7), date, **{"message": "hi", **fields})


def test_the_preview_of_a_link_is_on_where_it_was() -> None:
    page = types.MessageMediaWebPage(types.WebPageEmpty(1))
    shown = item_of(message(media=page, invert_media=True), Hashes())

    assert (shown.media, shown.no_preview, shown.media_below) == (None, False, True)
    assert item_of(message(), Hashes()).no_preview


def test_other_media() -> None:
    contact = types.MessageMediaContact("+1", "Ann", "Lee", "", 7)
    made = item_of(message(media=contact), Hashes()).media
    assert isinstance(made, types.InputMediaContact)
    assert made.phone_number == "+1"

    place = types.MessageMediaGeo(types.GeoPoint(1.5, 2.5, 5))
    assert isinstance(item_of(message(media=place), Hashes()).media, types.InputMediaGeoPoint)


def test_a_veiled_photo_stays_veiled() -> None:
    photo = types.Photo(1, 2, b"r", datetime(2026, 1, 2, tzinfo=UTC), [], 2)
    media = types.MessageMediaPhoto(photo=photo, spoiler=True)

    assert item_of(message(media=media), Hashes()).media.spoiler


@pytest.mark.parametrize(
    "media",
    [
        types.MessageMediaUnsupported(),
        types.MessageMediaPhoto(ttl_seconds=5),
        types.MessageMediaDocument(ttl_seconds=5),
        types.MessageMediaStory(types.PeerUser(7), 1),
    ],
)
def test_what_cannot_be_sent_on_is_refused(media: object) -> None:
    with pytest.raises(RequestRejectedError):
        item_of(message(media=media), Hashes())


def test_people_who_are_named_by_id_are_named_so_where_the_bot_knows_them() -> None:
    known, unknown = (
        types.MessageEntityMentionName(0, 1, 7),
        types.MessageEntityMentionName(1, 1, 8),
    )
    (made,) = item_of(message(entities=[known, unknown]), Hashes()).entities

    assert isinstance(made, types.InputMessageEntityMentionName)
    assert (made.offset, made.length, made.user_id.user_id, made.user_id.access_hash) == (
        0,
        1,
        7,
        70,
    )


async def test_an_album_is_found_by_any_of_its_items(stage: Stage, bob: Person) -> None:
    await stage.ann.send(stage.bot, "before")
    files = [FileSpec(FileKind.PHOTO) for _ in range(3)]
    first = await stage.ann.send_album(stage.bot, files)
    await bob.send(stage.bot, "in between")
    second = await stage.ann.send_album(stage.bot, files[:2])
    alone = await stage.ann.send(stage.bot, "after")
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        posts = running.account.posts
        for album in (first, second, [alone]):
            for each in album:
                assert await posts.album_of(refs(stage, each)[0]) == refs(stage, *album)
        await stage.ann.delete(alone, first[1])
        assert await posts.album_of(refs(stage, first[0])[0]) == refs(stage, first[0], first[2])
        for gone in (alone, first[1]):
            with pytest.raises(NotFoundError):
                await posts.album_of(refs(stage, gone)[0])
