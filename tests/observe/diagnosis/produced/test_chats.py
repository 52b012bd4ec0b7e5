"""Users, groups and channels that refuse the bot."""

import contextlib

import pytest
from pydantic import SecretStr

from telpher.errors import TelegramError
from telpher.telegram.gateway import Outgoing
from tests.e2e.bots import EXTRA
from tests.e2e.house import PUBLIC, QUICK, TOKEN, Time, house
from tests.telegram.adapter.conftest import _forget_keys  # noqa: F401
from tests.telegram.adapter.stage import Stage
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec, World
from tgfake.world.chats import Role

REFUSALS = {
    "bot-blocked": "USER_IS_BLOCKED",
    "user-gone": "INPUT_USER_DEACTIVATED",
    "user-is-bot": "USER_IS_BOT",
    "chat-unknown": "PEER_ID_INVALID",
    "channel-private": "CHANNEL_PRIVATE",
    "admin-needed": "CHAT_ADMIN_REQUIRED",
    "may-not-write": "CHAT_WRITE_FORBIDDEN",
    "topic-closed": "TOPIC_CLOSED",
    "forwards-restricted": "CHAT_FORWARDS_RESTRICTED",
    "button-refused": "BUTTON_URL_INVALID",
    "picture-refused": "PHOTO_INVALID_DIMENSIONS",
    "text-too-long": "MESSAGE_TOO_LONG",
    "message-gone": "REPLY_MESSAGE_ID_INVALID",
    "name-unknown": "USERNAME_NOT_OCCUPIED",
}


@pytest.mark.produces(*REFUSALS)
async def test_what_telegram_says_to_a_message(tmp_path, diagnosed):
    stage = Stage(World(), tmp_path)
    async with stage.cluster() as cluster, stage.connected(cluster) as at:
        await stage.ann.send(stage.bot, "hi")
        await at.inbox.get()
        for name in REFUSALS.values():
            method = "messages.sendMessage"
            cluster.faults.add(Fault(Kind.ERROR, method=method, code=400, message=name))
            with pytest.raises(TelegramError) as caught:
                await at.account.bot.send(stage.ann.user_id, Outgoing("hello"))
            diagnosed(caught.value)


@contextlib.asynccontextmanager
async def beside(tmp_path, name, role=None, **settings):
    """A telpher whose setting `name` is a channel, in which the bot is what `role` says."""
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    channel = world.add_channel("Channel", world.person("Owner").account)
    if role is not None:
        world.add_member(channel, bot, role)
    settings = {name: channel.peer.marked, "url": PUBLIC, "world": world, **settings}
    async with house(tmp_path, time=Time(timing=QUICK), **settings) as home:
        yield home


@pytest.mark.produces("log-channel-unseen")
async def test_a_channel_for_reports_without_the_bot(tmp_path, diagnosed):
    async with beside(tmp_path, "log_channel"):
        await diagnosed.logged()


@pytest.mark.produces("log-channel-refuses")
async def test_a_channel_for_reports_that_the_bot_only_reads(tmp_path, diagnosed):
    async with beside(tmp_path, "log_channel", Role.MEMBER) as home:
        await home.ask(home.ann, "/start")
        await diagnosed.logged()


@pytest.mark.produces("bin-channel-closed")
async def test_a_channel_for_copies_without_the_bot(tmp_path, diagnosed):
    async with beside(tmp_path, "bin_channel") as home:
        await home.share(FileSpec(size=5))
        await diagnosed.logged()


@pytest.mark.produces("bin-channel-unread")
async def test_a_channel_for_copies_without_an_extra_bot(tmp_path, diagnosed):
    world = World()
    world.add_bot(EXTRA, "carrier_bot")
    tokens = (SecretStr(EXTRA),)
    settings = {"extra_bot_tokens": tokens, "world": world}
    channel = world.add_channel("Channel", world.person("Owner").account)
    bot = world.add_bot(TOKEN, "telpher_bot")
    world.add_member(channel, bot, Role.ADMIN)
    async with house(tmp_path, bin_channel=channel.peer.marked, **settings):
        await diagnosed.logged()


@pytest.mark.produces("copy-impossible")
async def test_a_file_that_cannot_be_copied(tmp_path, diagnosed):
    async with beside(tmp_path, "bin_channel", Role.ADMIN) as home:
        for method in ("messages.forwardMessages", "messages.sendMedia"):
            refusal = {"code": 400, "message": "MEDIA_EMPTY", "times": None}
            home.cluster.faults.add(Fault(Kind.ERROR, method=method, **refusal))
        await home.share(FileSpec(size=5))
        await diagnosed.logged()


@pytest.mark.produces("force-sub-blind")
async def test_a_channel_whose_members_the_bot_cannot_see(tmp_path, diagnosed):
    async with beside(tmp_path, "force_sub_channel", Role.MEMBER) as home:
        await home.answer(home.ann, await home.ann.send_file(home.bot, FileSpec(size=5)))
        await diagnosed.logged()
