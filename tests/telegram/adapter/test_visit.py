"""A visit: logged in beside whoever is at work; all it leaves is a key to come back by."""

import pytest

from telpher.errors import AccountDeadError, FloodWaitError, KeyDuplicatedError, NotFoundError
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.adapter.visit import Visit
from telpher.telegram.chats import Standing
from tests.telegram.adapter.stage import BOT_NAME, QUICK, TOKEN, Stage, servers
from tgfake.faults import Fault, Kind
from tgfake.world.chats import Role


def visit(stage: Stage, cluster, token: str = TOKEN) -> Visit:
    vault = stage.vault_of("visitor")
    return Visit(Credentials(1, "hash", token), vault, servers(cluster), QUICK)


async def test_a_visitor_and_the_one_at_work_share_no_key(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        for _ in range(3):
            async with visit(stage, cluster) as visitor:
                assert visitor.username == BOT_NAME
                assert await visitor.ahead() == 0
        assert cluster.counters.logins == 2
        await stage.ann.send(stage.bot, "hello")
        assert (await running.inbox.get()).text == "hello"
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_a_key_that_telegram_has_forgotten_is_made_anew(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        async with visit(stage, cluster):
            pass
        cluster.faults.add(Fault(Kind.NO_KEY, method="help.getConfig"))
        async with visit(stage, cluster) as visitor:
            assert visitor.username == BOT_NAME
        assert cluster.counters.logins == 2


async def test_what_keeps_it_out_is_told_and_leaves_the_place_free(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        with pytest.raises(AccountDeadError):
            async with visit(stage, cluster, f"{TOKEN}x"):
                pass
        method = "auth.importBotAuthorization"
        for kind, error in (
            (Kind.FLOOD_WAIT, FloodWaitError),
            (Kind.DUPLICATED, KeyDuplicatedError),
        ):
            cluster.faults.add(Fault(kind, method=method))
            with pytest.raises(error):
                async with visit(stage, cluster):
                    pass
        async with visit(stage, cluster):
            pass
        async with stage.connected(cluster):
            pass
        # The one at work found the visitor's login, given back.
        assert cluster.counters.logins == 1


async def test_what_the_bot_may_do_in_a_channel(stage: Stage) -> None:
    world = stage.world
    owner = world.add_user("Owner")
    channel = world.add_channel("Bin", owner)
    foreign = world.add_channel("Foreign", owner, username="foreign")
    group = world.add_supergroup("Reports", owner, stage.bot)
    basic = world.add_group("Basic", owner, stage.bot)
    world.add_member(channel, stage.bot, Role.ADMIN)
    world.set_rights(channel, stage.bot, "invite_users")
    async with stage.cluster() as cluster, visit(stage, cluster) as visitor:
        standing = visitor.chats.standing
        number = channel.peer.marked
        plain = Standing(
            number, "Bin", public=False, inside=True, admin=True, may_post=False, sees_members=True
        )
        assert await standing(number) == plain
        world.set_rights(channel, stage.bot, "post_messages")
        assert (await standing(number)).may_post
        outside = await standing("Foreign")
        assert (outside.public, outside.inside, outside.may_post) == (True, False, False)
        member = await standing(group.peer.marked)
        assert (member.admin, member.may_post, member.inside) == (False, True, True)
        assert (await standing(basic.peer.marked)).may_post
        group.muted = True
        assert not (await standing(group.peer.marked)).may_post
        for nothing in (-1009999999999, "nobody_is_called_so", 7):
            with pytest.raises(NotFoundError):
                await standing(nothing)
        assert foreign.peer.marked == outside.chat_id
        assert cluster.counters.calls["messages.exportChatInvite"] == 0
