"""/stream in groups: in privacy mode the bot sees the command alone, and answers nobody else."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.e2e.house import PUBLIC, TOKEN, bytes_of, house, links_in
from tgfake.world import FileSpec, Role, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Which groups there are to the bot.
KINDS = ["group", "supergroup", "forum"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory):
    async with house(tmp_path_factory.mktemp("home"), url=PUBLIC) as each:
        yield each


@pytest.fixture
def bob(home):
    return home.newcomer()


@pytest.fixture
def eve(home):
    return home.newcomer("Eve")


def group_of(home, kind, *people):
    members = [home.bot, *(each.account for each in people)]
    if kind == "group":
        return home.world.add_group("Friends", members[1], members[0], *members[2:])
    forum = {"forum": True} if kind == "forum" else {}
    group = home.world.add_supergroup("Friends", members[1], *members[2:], **forum)
    home.world.add_member(group, home.bot)
    return group


def said(home, who, group):
    """What the bot said in a group."""
    everything = [each for each in who.history(group) if each.text]
    return [each for each in everything if each.sender_id == home.bot.user_id]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_file_that_a_command_answers_plays(home, bob, eve, kind):
    group = group_of(home, kind, bob, eve)
    file = home.add_file(kind="video", size=300_000, name="seen by people.mp4", dc=4)
    sent = await eve.send_file(group, file)
    answer = await home.reply(bob, await bob.reply(sent, "/stream@telpher_bot"))
    (link,) = links_in(answer.text)
    assert await home.get(home.at_home(link)) == bytes_of(file)
    assert len(said(home, bob, group)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_it_plays_on_when_its_reference_has_expired(home, bob, eve, kind):
    group = group_of(home, kind, bob, eve)
    file = home.add_file(kind="video", size=5 << 20, name="old.mp4", dc=4)
    sent = await eve.send_file(group, file)
    answer = await home.reply(bob, await bob.reply(sent, "/stream"))
    (link,) = links_in(answer.text)
    start, middle = 10, 4 << 20
    assert await home.get(home.at_home(link), 0, start) == bytes_of(file, 0, start)
    home.world.expire_references(file)
    got = await home.get(home.at_home(link), middle, file.size)
    assert got == bytes_of(file, middle, file.size)


async def test_the_answer_is_in_the_topic_of_the_command(home, bob):
    group = group_of(home, "forum", bob)
    topic = home.world.add_topic(group, "Films", bob.account)
    file = home.add_file(size=1000, name="in a topic.bin")
    for where in (topic, None):
        sent = await bob.send_file(group, file, topic=where)
        answer = await home.reply(bob, await bob.reply(sent, "/stream"))
        assert answer.topic == where
        (link,) = links_in(answer.text)
        assert await home.get(home.at_home(link)) == bytes_of(file)
    alone = await bob.send(group, "/stream", topic=topic)
    usage = await home.reply(bob, alone)
    assert usage.topic == topic
    assert "Reply to a file" in usage.text


async def test_an_anonymous_admin_is_answered(home, bob):
    group = group_of(home, "supergroup", bob)
    group.members[bob.user_id].anonymous = True
    file = home.add_file(size=1000, name="unsigned.bin")
    sent = await bob.send_file(group, file)
    command = await bob.reply(sent, "/stream")
    assert command.sender_id == group.peer.marked
    answer = await home.reply(bob, command)
    (link,) = links_in(answer.text)
    assert await home.get(home.at_home(link)) == bytes_of(file)


@pytest.mark.parametrize("privacy", [True, False])
async def test_everything_else_in_a_group_is_left_in_peace(home, bob, eve, privacy):
    group = group_of(home, "supergroup", bob, eve)
    home.bot.privacy = privacy
    try:
        film = await bob.send_file(group, FileSpec(size=1000, name="film.mp4"), "/stream")
        for text in ("/start", "/help", "/links", "/batch x y", "/unknown", "/stream@other_bot"):
            await bob.send(group, text)
        await bob.reply(film, "/stream@other_bot")
        await bob.send(group, "hello @telpher_bot")
        await eve.send_album(group, [FileSpec(size=5), FileSpec(size=6)])
        await home.ask(bob, "/start")
        answer = await home.reply(eve, await eve.reply(film, "/stream"))
        await eve.reply(answer, "thank you")
        await home.ask(eve, "/start")
        assert said(home, eve, group) == [eve.refresh(answer)]
    finally:
        home.bot.privacy = True


async def test_a_command_about_words_or_about_nothing(home, bob):
    group = group_of(home, "supergroup", bob)
    words = await bob.send(group, "only words")
    for command in (await bob.reply(words, "/stream"), await bob.send(group, "/stream")):
        answer = await home.reply(bob, command)
        assert "Reply to a file" in answer.text


async def test_a_link_ends_by_its_owner_and_the_list_is_not_shown_in_the_group(home, bob, eve):
    group = group_of(home, "supergroup", bob, eve)
    sent = await eve.send_file(group, FileSpec(size=1000, name="shared.bin"))
    answer = await home.reply(bob, await bob.reply(sent, "/stream"))
    (link,) = links_in(answer.text)
    await home.counted()
    refused = await home.press(eve, answer, "🗑 Revoke")
    assert refused.alert
    assert await home.status(link) == 206
    await home.press(bob, answer, "🗑 Revoke")
    asked = await home.shows(bob, answer, lambda now: "End the link" in now.text)
    assert (await home.press(eve, asked, "🗑 Yes, end it")).alert
    assert await home.status(link) == 206
    await home.press(bob, asked, "🗑 Yes, end it")
    ended = await home.shows(bob, answer, lambda now: "has ended" in now.text)
    assert ended.buttons == ()
    assert await home.status(link) == 410
    forged = await home.forge(bob, ended, b"links")
    assert forged.alert
    assert bob.refresh(ended).text == ended.text


async def test_the_command_or_the_file_deleted(home, bob, eve):
    group = group_of(home, "supergroup", bob, eve)
    sent = await eve.send_file(group, FileSpec(size=1000))
    await eve.delete(sent)
    gone = await home.reply(bob, await bob.reply(sent, "/stream"))
    assert "Reply to a file" in gone.text
    sent = await eve.send_file(group, FileSpec(size=1000))
    command = await bob.reply(sent, "/stream")
    (link,) = links_in((await home.reply(bob, command)).text)
    # In privacy mode the bot finds the file by way of the command alone.
    await bob.delete(command)
    assert await home.status(link) == 410


async def test_after_a_restart_it_still_plays(tmp_path):
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    settings = {"world": world, "url": PUBLIC}
    async with house(tmp_path, **settings) as home:
        group = group_of(home, "supergroup", home.ann)
        file = home.add_file(size=100_000, name="for long.bin", dc=4)
        sent = await home.ann.send_file(group, file)
        answer = await home.reply(home.ann, await home.ann.reply(sent, "/stream"))
        (link,) = links_in(answer.text)
    world.expire_references()
    async with house(tmp_path, **settings) as home:
        assert await home.get(home.at_home(link)) == bytes_of(file)


@pytest.mark.parametrize("protected", [False, True])
async def test_the_copy_of_what_a_command_points_at_is_the_file(tmp_path, protected):
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    owner = world.person("Owner")
    channel = world.add_channel("Bin", owner.account)
    world.add_member(channel, bot, Role.ADMIN)
    async with house(tmp_path, world=world, bin_channel=channel.peer.marked, url=PUBLIC) as home:
        group = group_of(home, "supergroup", owner)
        group.protected = protected
        file = home.add_file(size=100_000, name="kept.bin", dc=4)
        sent = await owner.send_file(group, file, "secret words")
        command = await owner.reply(sent, "/stream")
        (link,) = links_in((await home.reply(owner, command)).text)
        copy = await owner.wait_for(lambda seen: bool(seen.file or seen.text), channel)
        assert (copy.text, copy.file) == ("", file)
        await owner.delete(sent, command)
        world.expire_references()
        assert await home.get(home.at_home(link)) == bytes_of(file)
