"""One bot's account against tgfake: logins, life and death of connections, updates."""

import asyncio
import json
from dataclasses import replace

import pytest

from telpher.core.model import MessageRef
from telpher.errors import AccountDeadError, TelegramUnavailableError
from telpher.telegram.custody.duty import UpdateDuty
from telpher.telegram.custody.keys import KeyCustody
from telpher.telegram.custody.state import restored
from telpher.telegram.gateway import AccountState, IncomingMessage, Outgoing
from tests.ports import free_ports
from tests.telegram.adapter.stage import (
    BOT_ID,
    BOT_NAME,
    QUICK,
    SECONDS,
    Stage,
    servers,
)
from tgfake.faults import Fault, Kind

NAME = f"bot{BOT_ID}"


async def test_a_message_comes_in(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        sent = await stage.ann.send(stage.bot, f"/start@{BOT_NAME} there")
        message = await running.inbox.get()

    assert isinstance(message, IncomingMessage)
    assert (message.command, message.arguments) == ("start", "there")
    assert message.ref.message_id == sent.message.id_for(stage.bot.user_id)
    assert message.ref.chat_id == stage.ann.user_id
    assert message.sender is not None
    assert message.sender.first_name == "Ann"
    assert message.private


async def test_the_second_start_logs_in_nowhere_and_imports_nowhere(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        for _ in range(2):
            async with stage.connected(cluster) as running:
                for dc in (2, 4):
                    file = await stage.send_document(dc=dc)
                    message = await running.inbox.get()
                    found = await running.account.find_file(message.ref)
                    data = await running.get_chunk(found.location, 0, 65536)
                    assert data == file.source.read(0, 65536)
                assert running.connections() == {2: 1, 4: 1}
        counters = cluster.counters

    # One login for the account itself, one for file traffic from the home data centre.
    assert counters.logins == 2
    assert (counters.exports, counters.imports) == (1, 1)
    assert counters.connections_open == 0


async def test_with_a_media_address_the_home_files_need_no_login_of_their_own(
    stage: Stage,
) -> None:
    async with stage.cluster(media_dcs=(2,)) as cluster, stage.connected(cluster) as running:
        await stage.send_document(dc=2)
        message = await running.inbox.get()
        found = await running.account.find_file(message.ref)
        await running.get_chunk(found.location, 0, 65536)

        assert cluster.counters.logins == 1
        assert [c.media for c in cluster.connections].count(True) == 1


async def test_updates_while_down_arrive_after_the_restart(stage: Stage) -> None:
    group = stage.world.add_supergroup("Club", stage.ann.account, stage.bot)
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            await stage.ann.send(stage.bot, "before")
            await stage.ann.send(group, "/stream before")
            before = [await running.inbox.get(), await running.inbox.get()]
        await stage.ann.send(stage.bot, "while down")
        await stage.ann.send(group, "/stream while down")
        async with stage.connected(cluster) as running:
            after = [await running.inbox.get(), await running.inbox.get()]
            await stage.ann.send(stage.bot, "again")
            last = await running.inbox.get()

    assert {message.text for message in before} == {"before", "/stream before"}
    assert {message.text for message in after} == {"while down", "/stream while down"}
    assert last.text == "again"


async def test_a_lost_connection_is_made_again_and_nothing_is_missed(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        cluster.disconnect()
        await stage.ann.send(stage.bot, "in between")
        message = await running.inbox.get()

        assert message.text == "in between"
        assert cluster.counters.logins == 1


async def test_unreachable_at_start_it_says_so_and_connects_later(stage: Stage) -> None:
    port = free_ports(5)
    async with stage.cluster(first_port=port) as cluster:
        where = servers(cluster)
    account = stage.account_at(where)
    async with stage.running(account):
        status = await account.until(lambda status: "cannot be reached" in status.reason)
        assert status.state is AccountState.STARTING
        with pytest.raises(TelegramUnavailableError):
            await account.find_file(MessageRef(stage.ann.user_id, 1))
        async with stage.cluster(first_port=port):
            status = await account.reached(AccountState.CONNECTED)
            assert (status.reason, status.username) == ("", BOT_NAME)


async def test_a_refused_token_ends_the_account_and_its_attempts(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        account = stage.account(cluster, token="5000000009:wrong")
        async with stage.running(account):
            status = await account.reached(AccountState.DEAD)
            with pytest.raises(AccountDeadError):
                await account.bot.send(stage.ann.user_id, Outgoing("from beyond"))
        attempts = cluster.counters.calls["auth.importBotAuthorization"]

    assert "ACCESS_TOKEN_INVALID" in status.reason
    assert "wrong" not in status.reason
    assert attempts == 1


async def test_a_login_that_telegram_ended_is_renewed_and_misses_nothing(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            await stage.ann.send(stage.bot, "before")
            await running.inbox.get()
            cluster.faults.add(Fault(Kind.DUPLICATED, method="messages.sendMessage"))
            ref = await running.account.bot.send(stage.ann.user_id, Outgoing("hello"))
            await stage.ann.send(stage.bot, "after")
            message = await running.inbox.get()

        assert message.text == "after"
        assert ref.chat_id == stage.ann.user_id
        assert cluster.counters.logins == 2


async def test_a_session_of_another_network_costs_a_login(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster):
        pass
    async with stage.cluster() as cluster, stage.connected(cluster):
        assert cluster.counters.logins == 1


async def test_a_broken_session_costs_a_login(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        async with stage.connected(cluster):
            pass
        custody = KeyCustody(stage.vault, NAME)
        await custody.take()
        await custody.keep('{"version": 2}')
        await custody.give_back()
        async with stage.connected(cluster):
            assert cluster.counters.logins == 2


async def test_one_slow_conversation_holds_up_nobody(stage: Stage) -> None:
    bob = stage.world.person("Bob")
    gate = asyncio.Event()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listener(message):
        if message.sender.first_name == "Ann":
            await gate.wait()
        await heard.put(message.text)

    async with stage.cluster() as cluster:
        account = stage.account(cluster)
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            task = group.create_task(account.run(listener))
            await account.reached(AccountState.CONNECTED)
            await stage.ann.send(stage.bot, "slow")
            await bob.send(stage.bot, "quick")
            first = await heard.get()
            gate.set()
            second = await heard.get()
            task.cancel()

    assert (first, second) == ("quick", "slow")


async def test_how_far_updates_were_handled_is_saved_while_they_come_in(stage: Stage) -> None:
    """What a crash repeats is bounded by the last save, not by the last stop."""
    async with stage.cluster() as cluster, stage.connected(cluster, save_every=0.01) as running:
        await stage.ann.send(stage.bot, "one")
        await running.inbox.get()
        now = running.account._main.state()
        await stage.database.until_kept(
            f"{NAME} updates", lambda blob: state_in(stage, blob) == now
        )
    assert QUICK.save_every > 1


async def test_what_is_not_handled_to_its_end_is_not_kept_as_handled(stage: Stage) -> None:
    """Killed in the middle of an answer, the next run gives it."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def listener(message):
        begun.set()
        await gate.wait()

    async with stage.cluster() as cluster:
        account = stage.account(cluster, save_every=0.01)
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            task = group.create_task(account.run(listener))
            await account.reached(AccountState.CONNECTED)
            await stage.ann.send(stage.bot, "one")
            await begun.wait()
            task.cancel()
        async with stage.connected(cluster) as running:
            assert (await running.inbox.get()).text == "one"


async def test_a_state_ahead_of_the_server_is_another_servers(stage: Stage) -> None:
    """A Telegram begun anew counts updates from the start: none of them is an old one."""
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            await stage.ann.send(stage.bot, "one")
            await running.inbox.get()
        duty = UpdateDuty(stage.vault, NAME)
        await duty.look()
        await duty.hand_over(replace(duty.state, pts=duty.state.pts + 1000))
        async with stage.connected(cluster) as running:
            await stage.ann.send(stage.bot, "two")
            assert (await running.inbox.get()).text == "two"


def state_in(stage: Stage, blob: bytes):
    """How far updates were handled, as the database has it."""
    text = stage.vault.seal.open(f"{NAME} updates", blob)
    return restored(json.loads(text)["handled"])
