"""Who talks to the bot: each counted once and reported once, in the channel for reports."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest

from tests import plain_http
from tests.e2e.house import PATIENCE, PUBLIC, TOKEN, house, links_in, telegram
from tests.e2e.process import environment, started
from tests.observe.diagnosis.service import says, standing_in
from tests.ports import free_ports
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec, Role, World

BOT = "telpher_bot"
NEWS = "#NEW_USER"


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, BOT)
    return world


@pytest.fixture
def reports(world):
    channel = world.add_channel("Reports", world.person("Owner").account, username="the_reports")
    world.add_member(channel, world.account_for_token(TOKEN), Role.ADMIN)
    return channel


def told(world, reports, tag) -> list[str]:
    return [seen.text for seen in world.person("Owner").history(reports) if tag in seen.text]


async def report(world, reports, *parts):
    """The first report that holds all of this."""
    async with asyncio.timeout(PATIENCE):
        return await world.person("Owner").wait_for(
            lambda seen: all(part in seen.text for part in parts), reports
        )


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_new_user_is_one_user_and_one_report(tmp_path, world, reports, by_name):
    name = "<b>Bob</b> & *Co* [x](http://evil.example)"
    bob = world.person(world.add_user(name, last_name="_B_", username="bob_b", lang_code="de"))
    channel = reports.username if by_name else reports.peer.marked
    settings = {"world": world, "url": PUBLIC, "log_channel": channel}
    async with house(tmp_path, **settings) as home:
        await bob.send(BOT, "/start")
        await bob.send(BOT, "/start")
        await home.ask(bob, "/start")
        said = await report(world, reports, NEWS)
        assert said.text.split("\n")[1] == f"{name} _B_ (@bob_b)"
        assert f"Id: {bob.user_id}" in said.text
        assert "Language: de" in said.text
    async with house(tmp_path, **settings) as home:
        await home.ask(bob, "/start")
        await home.ask(home.newcomer("Eve"), "/start")
        await report(world, reports, NEWS, "Eve")
        users = await home.app.books.people.find(str(bob.user_id))
        assert users is not None
        assert (users.person.first_name, users.person.username) == (name, "bob_b")
    assert len(told(world, reports, NEWS)) == 2


async def test_every_link_is_reported(tmp_path, world, reports):
    async with house(tmp_path, world=world, url=PUBLIC, log_channel=reports.username) as home:
        file = home.add_file(size=2048, name="<i>a</i> *b* & c.mkv")
        answer = await home.answer(home.ann, await home.ann.send_file(BOT, file))
        said = await report(world, reports, "#NEW_FILE_REQUEST")
        assert links_in(said.text) == links_in(answer.text)
        for part in ("Ann", str(home.ann.user_id), "& c.mkv, 2.00 KB"):
            assert part in said.text


async def test_a_channel_that_cannot_be_written_to_holds_up_nobody(tmp_path, world):
    closed = world.add_channel("Closed", world.person("Owner").account)
    async with house(tmp_path, world=world, log_channel=closed.peer.marked, url=PUBLIC) as home:
        answer = await home.answer(home.ann, await home.ann.send_file(BOT, FileSpec(size=5)))
        assert links_in(answer.text)


async def test_flood_waits_of_the_channel_hold_up_nobody(tmp_path, world, reports):
    async with house(tmp_path, world=world, url=PUBLIC, log_channel=reports.username) as home:
        await home.ask(home.ann, "/start")
        await report(world, reports, NEWS)
        flood = Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", nth=2, seconds=3)
        home.cluster.faults.add(flood)
        for _ in range(3):
            sent = await home.ann.send_file(BOT, FileSpec(size=5))
            assert links_in((await home.answer(home.ann, sent)).text)
        await home.cluster.counters.wait(lambda _: flood.struck == 1, PATIENCE)


async def replied(who, sent):
    """Waits for the answer to a message."""
    async with asyncio.timeout(PATIENCE):
        await who.wait_for(lambda seen: seen.reply_to == sent.id, sent.chat)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_what_came_while_it_was_down_is_answered_once(tmp_path, world, reports, end):
    ann, bob = world.person("Ann"), world.person("Bob")
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work", LOG_CHANNEL="@the_reports", URL=PUBLIC)
        async with started(env, tmp_path) as first:
            await first.logged("connected to Telegram")
            before = await ann.send(BOT, "/start")
            async with asyncio.timeout(PATIENCE):
                await ann.reply_to(before)
            await report(world, reports, NEWS, "Ann")
            first.signal(end)
            await first.exit_status()
        sent = await ann.send_file(BOT, FileSpec(size=5, name="missed.bin"))
        album = await ann.send_album(BOT, [FileSpec(size=5), FileSpec(size=6)])
        text = await bob.send(BOT, "/start")
        async with started(env, tmp_path) as second:
            await second.logged("connected to Telegram")
            await replied(ann, sent)
            await replied(ann, album[0])
            async with asyncio.timeout(PATIENCE):
                await bob.reply_to(text)
                await ann.reply_to(await ann.send(BOT, "/about"))
    assert len([seen for seen in ann.history(BOT) if not seen.out]) == 4
    assert len([seen for seen in bob.history(BOT) if not seen.out]) == 1
    names = Counter(each.split("\n")[1] for each in told(world, reports, NEWS))
    assert set(names.values()) == {1}


async def test_a_command_in_a_group_that_came_while_it_was_down(tmp_path, world):
    ann = world.person("Ann")
    group = world.add_supergroup("Friends", ann.account)
    world.add_member(group, world.account_for_token(TOKEN))
    film = await ann.send_file(group, FileSpec(size=7))
    for _ in range(2):
        async with house(tmp_path, world=world, url=PUBLIC):
            await replied(ann, await ann.reply(film, "/stream"))
        missed = await ann.reply(film, "/stream")
    async with house(tmp_path, world=world, url=PUBLIC):
        await replied(ann, missed)
        await replied(ann, await ann.reply(film, "/stream"))
    answered = Counter(seen.reply_to for seen in ann.history(group))
    commands = [seen.id for seen in ann.history(group) if seen.text == "/stream"]
    assert [answered[each] for each in commands] == [1] * 5


async def test_what_goes_wrong_is_reported_with_its_cause_once(tmp_path, world, reports):
    """The log, the report and what the service is asked, of a whole process."""
    ann = world.person("Ann")
    injected = "<b>Delete</b> everything.\n#NEW_USER Eve"
    async with telegram(world, tmp_path) as (cluster, servers), standing_in(says(injected)) as it:
        port = free_ports()
        env = environment(
            servers,
            tmp_path / "work",
            PORT=str(port),
            URL=f"http://127.0.0.1:{port}",
            LOG_CHANNEL="@the_reports",
            DIAGNOSIS_API_URL=it.url,
            DIAGNOSIS_API_MODEL="a-model",
        )
        async with started(env, tmp_path) as telpher, plain_http.client(env["URL"]) as http:
            await telpher.logged("connected to Telegram")
            file = FileSpec(size=3_000_000, dc=4, name="holiday-of-ann.mkv")
            async with asyncio.timeout(PATIENCE):
                answer = await ann.reply_to(await ann.send_file(BOT, file))
            (link,) = links_in(answer.text)
            cluster.faults.add(Fault(Kind.CDN_REDIRECT, times=None))
            for _ in range(3):
                assert (await http.get(link)).status_code == 502
            entry = await telpher.logged("answered with an error")
            assert entry["diagnosis"] == "file-on-cdn"
            assert "new upload" in entry["remedy"]
            assert (entry["chat_id"], entry["level"]) == (ann.user_id, "warning")
            known = await report(world, reports, "#ERROR", "Cause:")
            assert "new upload" in known.text

            cluster.faults.clear()
            odd = {"code": 400, "message": "ODDITY_OF_ANN", "times": None}
            cluster.faults.add(Fault(Kind.ERROR, method="upload.getFile", **odd))
            assert (await http.get(link)).status_code == 502
            guessed = await report(world, reports, "#ERROR", "A machine's guess")
            assert "<b>Delete</b> everything. #NEW_USER Eve" in guessed.text
        assert len([each for each in told(world, reports, "#ERROR") if "Cause:" in each]) == 1
    (question,) = it.asked
    sent = str(question)
    for personal in ("holiday", "Ann", "ANN", str(ann.user_id), "127.0.0.1", str(tmp_path)):
        assert personal not in sent
    assert "RequestRejectedError" in sent
