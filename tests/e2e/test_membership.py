"""Who gets links: members, ALLOWED_USERS, whoever is not banned, and within limits."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.house import PUBLIC, QUICK, TOKEN, House, Time, bytes_of, house, links_in
from tgfake.network import Shape
from tgfake.world import FileSpec, Role, World
from tgfake.world.chats import Chat
from tgfake.world.person import Person

MIB = 1 << 20


@dataclass
class Club:
    """A telpher whose links are for members of a channel that the bot may look into, or not."""

    home: House
    channel: Chat
    reports: Chat
    ada: Person
    """The admin, in LOG_CHANNEL."""

    async def report(self, containing: str):
        """The first report that holds this."""
        return await self.ada.wait_for(lambda seen: containing in seen.text, self.reports)


@contextlib.asynccontextmanager
async def club(work_dir: Path, username: str | None, role: Role | None) -> AsyncIterator[Club]:
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    ada = world.person("Ada")
    channel = world.add_channel("Club & Co", ada.account, username=username)
    if role is not None:
        world.add_member(channel, bot, role)
    reports = world.add_channel("Reports", ada.account)
    world.add_member(reports, bot, Role.ADMIN)
    settings = {
        "url": PUBLIC,
        "admins": frozenset({ada.user_id}),
        "force_sub_channel": username or channel.peer.marked,
        "log_channel": reports.peer.marked,
    }
    async with house(work_dir, world=world, **settings) as home:
        yield Club(home, channel, reports, ada)


@pytest.mark.parametrize("username", ["the_club", None], ids=["public", "private"])
async def test_join_and_be_let_in(tmp_path, username):
    async with club(tmp_path, username, Role.ADMIN) as at:
        home, bob, file = at.home, at.home.newcomer(), at.home.add_file(size=100, name="film.mkv")
        sent = await bob.send_file(home.bot, file)
        asked = await home.answer(bob, sent)
        assert "members of Club & Co" in asked.text
        assert not links_in(asked.text)
        early = await home.press(bob, asked, "✅ I have joined")
        assert early.alert
        assert "not a member yet" in early.text
        await bob.join(asked.button("📣 Join").url if username is None else username)
        await home.press(bob, asked, "✅ I have joined")
        welcomed = await home.shows(bob, asked, lambda now: "Welcome" in now.text)
        assert welcomed.buttons == ()
        linked = await bob.wait_for(lambda now: bool(links_in(now.text)), home.bot, after=asked)
        (link,) = links_in(linked.text)
        assert await home.get(home.at_home(link)) == bytes_of(file)
        again = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=5)))
        assert links_in(again.text)
        menu = await home.ask(home.newcomer("Eve"), "/start")
        assert "Hello" in menu.text
        admin = await home.answer(at.ada, await at.ada.send_file(home.bot, FileSpec(size=5)))
        assert links_in(admin.text)


async def test_an_invite_link_leads_to_where_it_says(tmp_path):
    async with club(tmp_path, "the_club", Role.ADMIN) as at:
        bob = at.home.newcomer()
        asked = await at.home.answer(bob, await bob.send_file(at.home.bot, FileSpec(size=5)))
        assert asked.button("📣 Join").url == "https://t.me/the_club"


async def test_batches_and_groups_are_for_members_too(tmp_path):
    async with club(tmp_path, "the_club", Role.ADMIN) as at:
        home, bob, eve = at.home, at.home.newcomer(), at.home.newcomer("Eve")
        posted = await at.ada.send_file(at.channel, FileSpec(size=9))
        ends = f"t.me/the_club/{posted.id} t.me/the_club/{posted.id}"
        assert "members of" in (await home.ask(bob, f"/batch {ends}")).text
        assert home.cluster.counters.calls["channels.getMessages"] == 0
        group = home.world.add_supergroup("Friends", bob.account, eve.account, home.bot)
        sent = await eve.send_file(group, FileSpec(size=5))
        asked = await home.reply(bob, await bob.reply(sent, "/stream"))
        await eve.join("the_club")
        refused = await home.press(eve, asked, "✅ I have joined")
        assert "for somebody else" in refused.text
        await bob.join("the_club")
        await home.press(bob, asked, "✅ I have joined")
        linked = await bob.wait_for(lambda now: bool(links_in(now.text)), group)
        assert await home.status(links_in(linked.text)[0]) == 206
        group.members[bob.user_id].anonymous = True
        unknown = await home.reply(bob, await bob.reply(sent, "/stream"))
        assert "in the name of the group" in unknown.text


@pytest.mark.parametrize("role", [Role.MEMBER, None], ids=["no admin", "not there"])
async def test_where_it_cannot_be_verified_nobody_gets_links_and_the_admins_hear_of_it(
    tmp_path, role
):
    async with club(tmp_path, None, role) as at:
        home, bob = at.home, at.home.newcomer()
        at.home.world.add_member(at.channel, bob.account)
        for _ in range(2):
            answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=5)))
            assert "cannot check" in answer.text
        report = await at.report("FORCE_SUB_CHANNEL")
        assert "#ERROR" in report.text
        links = await home.answer(at.ada, await at.ada.send_file(home.bot, FileSpec(size=5)))
        assert links_in(links.text)
        await at.report("#NEW_FILE_REQUEST")
        errors = [each for each in at.ada.history(at.reports) if "#ERROR" in each.text]
        assert len(errors) == 1
        home.world.add_member(at.channel, home.bot, Role.ADMIN)
        answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=5)))
        assert links_in(answer.text)


async def test_allowed_users(tmp_path):
    world = World()
    ada, bob, eve = (world.person(name) for name in ("Ada", "Bob", "Eve"))
    settings = {
        "url": PUBLIC,
        "admins": frozenset({ada.user_id}),
        "allowed_users": frozenset({bob.user_id}),
    }
    async with house(tmp_path, world=world, **settings) as home:
        for who in (ada, bob):
            answer = await home.answer(who, await who.send_file(home.bot, FileSpec(size=5)))
            assert links_in(answer.text)
        sent = await eve.send_file(home.bot, FileSpec(size=5))
        refused = await home.answer(eve, sent)
        assert "allowed" in refused.text
        assert "allowed" in (await home.ask(eve, "/batch t.me/films/1 t.me/films/2")).text
        menu = await home.ask(eve, "/start")
        number = sent.message.id_for(home.bot.user_id)
        forged = await home.forge(eve, menu, f"joined:{number},{eve.user_id}".encode())
        assert forged.alert
        await home.ask(eve, "/about")
        assert not any(links_in(seen.text) for seen in eve.history(home.bot))


async def test_a_ban_ends_links_and_a_pardon_brings_them_back(tmp_path):
    world = World()
    ada = world.person("Ada")
    settings = {"url": PUBLIC, "admins": frozenset({ada.user_id})}
    async with house(tmp_path, world=world, **settings) as home:
        bob = home.newcomer(username="bob_by_name")
        answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=50)))
        (link,) = links_in(answer.text)
        assert await home.status(link) == 206
        await home.ask(ada, f"/ban {bob.user_id}")
        assert await home.status(link) == 410
        for text in ("/start", "/links", "hello"):
            assert "has banned you" in (await home.ask(bob, text)).text
        refused = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=50)))
        assert "has banned you" in refused.text
        pressed = await home.press(bob, answer, "🗑 Revoke")
        assert "has banned you" in pressed.text
        await home.ask(ada, "/unban @bob_by_name")
        assert await home.status(link) == 206
        assert "Hello" in (await home.ask(bob, "/start")).text


async def test_the_plays_of_one_user_are_limited(tmp_path):
    shape = Shape(bandwidth=2 * MIB)
    options = {"shape": shape, "time": Time(timing=QUICK), "max_streams_per_user": 1}
    async with house(tmp_path, **options) as home:
        film = home.add_file(kind="video", size=40 * MIB, dc=4)
        first, second = await home.share(film), await home.share(home.add_file(size=MIB, dc=4))
        bob = home.newcomer()
        answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=MIB, dc=4)))
        (theirs,) = links_in(answer.text)
        async with home.http.stream("GET", first) as playing:
            await anext(playing.aiter_raw())
            refused = await home.http.get(second)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert refused.json()["detail"]["error"] == "too_many_plays"
            other = await home.http.get(theirs)
            assert other.status_code == 200


async def test_a_daily_quota(tmp_path):
    async with house(tmp_path, daily_quota_gb=1 / 1024) as home:
        file = home.add_file(size=MIB, dc=4)
        url, again = await home.share(file), await home.share(file)
        assert await home.get(url) == bytes_of(file)
        for each in (url, again):
            refused = await home.http.get(each)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= 86_400
            assert refused.json()["detail"]["error"] == "quota_spent"
            assert (await home.http.head(each)).status_code == 200
        bob = home.newcomer()
        answer = await home.answer(bob, await bob.send_file(home.bot, file))
        (theirs,) = links_in(answer.text)
        assert await home.get(theirs) == bytes_of(file)
    # What went out is known after a restart, too.
    async with house(tmp_path, world=home.world, daily_quota_gb=1 / 1024) as later:
        moved = url.replace(str(home.settings.port), str(later.settings.port))
        assert (await later.http.get(moved)).status_code == 429
