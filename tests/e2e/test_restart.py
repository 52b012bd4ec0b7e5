"""The panel's restart, pressed in a telpher that runs as a process of its own."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, bytes_of, telegram
from tests.e2e.process import environment, started
from tgfake.network import Shape
from tgfake.world import FileSpec, World

MIB = 1 << 20


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    world.add_user("Ann")
    return world


@pytest.fixture
def ann(world):
    return world.person("Ann")


async def until(ann, seen, wanted: str):
    """The message once it says that."""
    async with asyncio.timeout(PATIENCE):
        return await ann.wait_for(lambda each: each.id == seen.id and wanted in each.text)


async def asked(ann):
    """The question whether telpher is to be restarted."""
    async with asyncio.timeout(PATIENCE):
        panel = await ann.reply_to(await ann.send("telpher_bot", "/admin"))
        await ann.press(panel, b"restart")
    return await until(ann, panel, "Restart telpher?")


def yes(question) -> bytes:
    (data,) = [
        button.data
        for row in question.buttons
        for button in row
        if button.data.startswith(b"restart_now:")
    ]
    return data


async def test_a_restart_lets_streams_end_happens_once_and_answers_what_came_meanwhile(
    tmp_path, world, ann
):
    file = world.add_file(FileSpec(size=8 * MIB, dc=4))
    async with telegram(world, tmp_path, shape=Shape(bandwidth=6 * MIB)) as (cluster, servers):
        env = environment(servers, tmp_path / "work", ADMINS=str(ann.user_id))
        async with started(env, tmp_path) as telpher, plain_http.client() as http:
            await telpher.logged("connected to Telegram")
            sent = await ann.send_file("telpher_bot", file)
            async with asyncio.timeout(PATIENCE):
                url = LINK.search((await ann.reply_to(sent)).text)[0]
            question = await asked(ann)
            logins = cluster.counters.logins
            async with http.stream("GET", url.replace("localhost", "127.0.0.1")) as answer:
                body = answer.aiter_raw()
                received = bytearray(await anext(body))
                await ann.press(question, yes(question))
                stopping = await telpher.logged("stopping")
                assert stopping["again"] is True
                meanwhile = await ann.send("telpher_bot", "/about")
                async for piece in body:
                    received += piece
            assert received == bytes_of(file)
            await telpher.logged("listening")
            back = await until(ann, question, "telpher is back")
            async with asyncio.timeout(PATIENCE):
                assert "telpher" in (await ann.reply_to(meanwhile)).text
            assert cluster.counters.logins == logins, "the session was kept"
            # What Telegram might bring again, and what another admin still sees, does nothing.
            again = await asked(ann)
            assert yes(again) != yes(question)
            assert back.buttons == ()
            telpher.signal(signal.SIGTERM)
            last = await telpher.logged("stopping")
            assert last["again"] is False, "not restarted a second time"
            assert await telpher.exit_status() == 0


async def test_a_press_that_comes_again_after_the_restart_does_not_loop(tmp_path, world, ann):
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work", ADMINS=str(ann.user_id))
        async with started(env, tmp_path) as telpher:
            await telpher.logged("connected to Telegram")
            first, second = await asked(ann), await asked(ann)
            await ann.press(first, yes(first))
            await telpher.logged("stopping")
            await telpher.logged("connected to Telegram")
            await until(ann, first, "telpher is back")
            async with asyncio.timeout(PATIENCE):
                answer = await ann.press(second, yes(second))
            assert "has restarted since" in answer.text
            async with asyncio.timeout(PATIENCE):
                about = await ann.reply_to(await ann.send("telpher_bot", "/about"))
            assert "telpher" in about.text


async def test_the_log_level_is_changed_at_once_and_survives_a_restart(tmp_path, world, ann):
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work", ADMINS=str(ann.user_id))
        async with started(env, tmp_path) as telpher:
            await telpher.logged("connected to Telegram")
            async with asyncio.timeout(PATIENCE):
                panel = await ann.reply_to(await ann.send("telpher_bot", "/admin"))
                await ann.press(panel, b"log_level")
            page = await until(ann, panel, "Logged is INFO")
            async with asyncio.timeout(PATIENCE):
                await ann.press(page, b"log_set:DEBUG")
            await until(ann, panel, "Logged is DEBUG")
            while (await telpher.entry())["level"] != "debug":
                pass
            question = await asked(ann)
            await ann.press(question, yes(question))
            await telpher.logged("listening")
            while (await telpher.entry())["level"] != "debug":
                pass


async def test_what_admins_wrote_while_it_was_down_is_done(tmp_path, world, ann):
    async with telegram(world, tmp_path) as (_, servers):
        env = environment(servers, tmp_path / "work", ADMINS=str(ann.user_id))
        async with started(env, tmp_path) as telpher:
            await telpher.logged("connected to Telegram")
            telpher.signal(signal.SIGTERM)
            await telpher.exit_status()
        written = [await ann.send("telpher_bot", each) for each in ("/ban 77", "/admin")]
        async with started(env, tmp_path), asyncio.timeout(PATIENCE):
            for wanted in ("77 is banned", "What is to be done?"):
                await ann.wait_for(
                    lambda seen, wanted=wanted: wanted in seen.text, "telpher_bot", after=written[1]
                )
