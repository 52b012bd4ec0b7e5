from pathlib import Path

import pytest

from tests.tgfake.stage import Stage
from tgfake.clock import ManualClock
from tgfake.content import sha256
from tgfake.world import FileSpec, Kind, Peer, Role, World
from tgfake.world.messages import found_entities, utf16_len


@pytest.mark.parametrize(
    ("peer", "marked"),
    [
        (Peer(Kind.USER, 5), 5),
        (Peer(Kind.USER, 6_100_000_001), 6_100_000_001),
        (Peer(Kind.GROUP, 5), -5),
        (Peer(Kind.GROUP, 4_200_000_001), -4_200_000_001),
        (Peer(Kind.CHANNEL, 5), -1_000_000_000_005),
        (Peer(Kind.CHANNEL, 3_300_000_001), -1_003_300_000_001),
        (Peer(Kind.CHANNEL, 1 << 36), -1_068_719_476_736),
    ],
)
def test_marked_ids(peer: Peer, marked: int) -> None:
    assert peer.marked == marked
    assert Peer.from_marked(marked) == peer


def test_bots_are_known_by_their_token() -> None:
    world = World()
    bot = world.add_bot("123:abc", "some_bot")
    assert (bot.user_id, bot.is_bot, bot.token) == (123, True, "123:abc")
    assert world.account_for_token("123:abc") is bot
    assert world.account_for_token("123:wrong") is None
    assert world.self_user(bot).is_self is True
    world.deactivate(bot)
    assert world.account_for_token("123:abc") is None


def test_what_is_taken_cannot_be_taken_again() -> None:
    world = World()
    world.add_bot("123:abc", "some_bot")
    world.add_channel("C", id=5, username="films")
    with pytest.raises(ValueError, match="123"):
        world.add_bot("123:other", "other_bot")
    with pytest.raises(ValueError, match="Films"):
        world.add_user("Ann", username="Films")
    with pytest.raises(ValueError, match="-1000000000005"):
        world.add_supergroup("S", id=5)


def test_a_name_is_one_person() -> None:
    world = World()
    ann = world.person("Ann")
    assert world.person("Ann") == ann
    assert world.person(ann.account) == ann
    assert World().person("Ann") != ann
    assert world.person("Bob").user_id != ann.user_id


def test_the_same_script_gives_the_same_world() -> None:
    worlds = [World(ManualClock()) for _ in range(2)]
    made = []
    for world in worlds:
        bot = world.add_bot("123:abc", "some_bot")
        channel = world.add_channel("C", world.person("Ann").account, bot)
        file = world.add_file(size=5)
        made.append((file.id, bytes(world.view.chat(channel, bot)), world.view.media(file, bot)))
    assert made[0] == made[1]
    other = World(ManualClock(), seed=b"another")
    assert other.access.hash("user", 1, 2) != worlds[0].access.hash("user", 1, 2)


def test_ids_that_a_script_chose_are_not_given_to_others() -> None:
    world, plain = World(), World()
    first, group = plain.add_user("Ann").user_id, plain.add_group("G").peer.id
    world.add_user("Ann", user_id=first)
    world.add_user("Bob", user_id=first + 1)
    world.add_group("G", id=group)
    assert world.add_user("Cid").user_id == first + 2
    assert world.add_group("H").peer.id == group + 1


def test_files_of_every_source(tmp_path: Path) -> None:
    world = World(home_dc=3)
    path = tmp_path / "real.mp4"
    path.write_bytes(b"real bytes")
    real = world.add_file(path=str(path), kind="video", dc=4)
    held = world.add_file(FileSpec(data=b"held bytes"))
    computed = world.add_file(size=1 << 32)
    assert (real.size, real.dc, real.source.read(5, 99)) == (10, 4, b"bytes")
    assert (held.size, held.dc, held.source.read(0, 4)) == (10, 3, b"held")
    assert (computed.size, computed.mime) == (1 << 32, "application/octet-stream")
    with pytest.raises(OSError, match="missing"):
        world.add_file(path=str(tmp_path / "missing"))


def test_different_files_have_different_bytes() -> None:
    world = World()
    assert len({sha256(world.add_file(size=1).source) for _ in range(2)}) <= 2
    assert len({sha256(world.add_file(size=100).source) for _ in range(5)}) == 5


def test_a_member_who_becomes_admin_keeps_his_place() -> None:
    world = World()
    ann = world.person("Ann").account
    chat = world.add_channel("C", ann)
    bob = world.person("Bob").account
    world.add_member(chat, bob)
    assert (chat.is_admin(bob.user_id), chat.may(bob.user_id, "post_messages")) == (False, False)
    world.add_member(chat, bob, Role.ADMIN)
    assert chat.may(bob.user_id, "post_messages")
    world.set_rights(chat, bob, "ban_users")
    assert not chat.may(bob.user_id, "post_messages")
    world.remove_member(chat, bob, ban=True)
    assert (chat.has(bob.user_id), chat.banned(bob.user_id)) == (False, True)
    assert chat.may(ann.user_id, "anything a creator may")


async def test_arrivals_are_announced_in_groups_not_in_channels(stage: Stage) -> None:
    for add, announced in ((stage.world.add_group, 1), (stage.world.add_channel, 0)):
        chat = add("C", stage.ann.account)
        stage.world.add_member(chat, stage.bob.account)
        assert len(stage.ann.history(chat)) == announced


async def test_deleting_as_telegram_does(stage: Stage) -> None:
    sent = await stage.ann.send(stage.bot, "text")
    stage.world.delete(sent.message)
    assert stage.bot.box.messages == {}
    stage.world.delete(sent.message)
    assert stage.ann.history(stage.bot) == []


async def test_an_offline_bot_still_gets_its_messages_filed(stage: Stage) -> None:
    stage.world.on_update = None
    await stage.ann.send(stage.bot, "text")
    assert [m.body.text for m in stage.bot.box.messages.values()] == ["text"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start now", [("BotCommand", 0, 6)]),
        ("say /start@some_bot", [("BotCommand", 4, 15)]),
        ("see https://a.example/x?y=1 and t.me/c/1/2", [("Url", 4, 23), ("Url", 32, 10)]),
        ("@some_name a@b.example", [("Mention", 0, 10)]),
        ("path/to /", []),
        ("😀 /start", [("BotCommand", 3, 6)]),
    ],
)
def test_entities_that_the_server_finds(text: str, found: list[tuple[str, int, int]]) -> None:
    entities = found_entities(text)
    assert [
        (type(e).__name__.removeprefix("MessageEntity"), e.offset, e.length) for e in entities
    ] == found


def test_lengths_are_counted_in_utf16() -> None:
    assert [utf16_len(text) for text in ("", "a", "ä", "😀")] == [0, 1, 1, 2]


def test_public_names_come_and_go() -> None:
    world = World()
    news, other = world.add_channel("News", username="News"), world.add_channel("Other")
    world.rename(news, "NEWS")
    assert world.directory.by_name("news") is news
    with pytest.raises(ValueError, match="taken"):
        world.rename(other, "news")
    world.rename(news, None)
    world.rename(other, "news")
    assert world.directory.by_name("@News") is other
    assert (news.username, other.username) == (None, "news")
