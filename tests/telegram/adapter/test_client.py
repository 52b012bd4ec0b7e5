"""The main connection: where the account lives, and what the library must not do."""

from dataclasses import replace

import pytest
from telethon import TelegramClient

from telpher.core.model import MessageRef
from telpher.errors import FloodWaitError, NotFoundError, TelegramUnavailableError
from telpher.telegram.gateway import AccountState, Outgoing
from telpher.telegram.servers import Servers
from tests.telegram.adapter.stage import Stage, servers
from tgfake.cluster import Cluster
from tgfake.faults import Fault, Kind


def one_address(cluster: Cluster, dc: int) -> Servers:
    """What telpher knows of Telegram itself before the first answer: one address."""
    whole = servers(cluster)
    dcs = tuple(each for each in whole.dcs if each.id == dc)
    return replace(whole, home_dc=dc, dcs=dcs, complete=False)


async def test_an_account_is_followed_to_its_home(stage: Stage) -> None:
    """Telegram names the home data centre at login; the next start goes there at once."""
    async with stage.cluster() as cluster:
        for _ in range(2):
            account = stage.account_at(one_address(cluster, 4))
            async with stage.running(account):
                await account.reached(AccountState.CONNECTED)

        assert cluster.counters.logins == 1
        assert cluster.counters.errors["USER_MIGRATE_2"] == 1
        assert cluster.counters.connections_by_dc == {4: 1, 2: 2}


async def test_a_flood_wait_at_login_is_waited_out(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        fault = Fault(Kind.FLOOD_WAIT, method="auth.importBotAuthorization", seconds=1)
        cluster.faults.add(fault)
        account = stage.account(cluster)
        async with stage.running(account):
            await account.reached(AccountState.CONNECTED)

        assert cluster.counters.calls["auth.importBotAuthorization"] == 2


async def test_one_flood_wait_does_not_stop_requests_of_its_kind(stage: Stage) -> None:
    """The library would remember it by the kind of request, for all chats."""
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        method = "messages.getMessages"
        cluster.faults.add(Fault(Kind.FLOOD_WAIT, method=method, seconds=600))
        for _ in range(3):
            with pytest.raises((FloodWaitError, NotFoundError)):
                await running.account.find_file(MessageRef(stage.ann.user_id, 1))

        assert cluster.counters.calls[method] == 3


async def test_two_networks_in_one_process(stage: Stage) -> None:
    """The library would keep the addresses of the first for the whole process."""
    other = Stage(type(stage.world)(seed=b"another world"), stage.folder / "other")
    async with (
        stage.cluster() as here,
        other.cluster() as there,
        stage.connected(here) as one,
        other.connected(there) as two,
    ):
        await one.account.bot.send(await _met(stage, one), Outgoing("here"))
        await two.account.bot.send(await _met(other, two), Outgoing("there"))
    assert stage.ann.history(stage.bot)[-1].text == "here"
    assert other.ann.history(other.bot)[-1].text == "there"
    assert TelegramClient._config is None


async def _met(stage: Stage, running) -> int:
    await stage.ann.send(stage.bot, "hi")
    await running.inbox.get()
    return stage.ann.user_id


async def test_a_dead_connection_is_noticed_by_its_silence(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        async with stage.connected(cluster, ping=0.05, pong=0.5) as running:
            cluster.faults.add(Fault(Kind.HALF_OPEN, method="messages.getMessages"))
            with pytest.raises(TelegramUnavailableError):
                await running.account.find_file(MessageRef(stage.ann.user_id, 1))
            await running.account.reached(AccountState.RECONNECTING)
            await running.account.reached(AccountState.CONNECTED)
            with pytest.raises(NotFoundError):
                await running.account.find_file(MessageRef(stage.ann.user_id, 1))

        assert cluster.counters.connections_by_dc[2] == 2
