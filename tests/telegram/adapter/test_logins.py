"""Logins for file traffic: which key, how often, and what happens when it is lost."""

import asyncio
import contextlib

import pytest

from telpher.errors import RequestRejectedError, TelegramUnavailableError
from tests.telegram.adapter.stage import SECONDS, Running, Stage
from tgfake.counters import Counters
from tgfake.faults import Fault, Kind


async def fetch(stage: Stage, running: Running, dc: int) -> None:
    """Fetches a chunk of a new file in `dc` and checks it."""
    file = await stage.send_document(size=1 << 20, dc=dc)
    message = await running.inbox.get()
    found = await running.account.find_file(message.ref)
    data = await running.get_chunk(found.location, 0, 65536)
    assert data == file.source.read(0, 65536)


async def test_no_key_is_ever_seen_twice(stage: Stage) -> None:
    """tgfake ends a login by itself where one key has two connections."""
    async with stage.cluster(media_dcs=(2, 4)) as cluster, stage.connected(cluster) as running:
        for dc in (1, 2, 3, 4, 5):
            await fetch(stage, running, dc)

        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0
        assert cluster.counters.logins == 1


async def test_an_export_whose_bytes_are_refused_is_repeated(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID, times=2))
        await fetch(stage, running, 4)

        assert (cluster.counters.exports, cluster.counters.imports) == (3, 1)


async def test_it_is_repeated_three_times_at_most(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID, times=None))
        with pytest.raises(RequestRejectedError):
            await fetch(stage, running, 4)

        assert cluster.counters.exports == 3


@pytest.mark.parametrize("dc", [2, 4])
async def test_a_login_that_is_gone_is_made_again(stage: Stage, dc: int) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        await fetch(stage, running, dc)
        fault = Fault(Kind.UNREGISTERED, method="upload.getFile", dc=dc)
        cluster.faults.add(fault)
        await fetch(stage, running, dc)

        made = cluster.counters.logins - 1 + cluster.counters.imports
        assert made == 2


async def test_the_main_key_lost_on_a_media_address_is_logged_in_again(stage: Stage) -> None:
    async with stage.cluster(media_dcs=(2,)) as cluster, stage.connected(cluster) as running:
        await fetch(stage, running, 2)
        cluster.faults.add(Fault(Kind.UNREGISTERED, method="upload.getFile", dc=2))
        file = await stage.send_document(size=1 << 20, dc=2)
        message = await running.inbox.get()
        found = await running.account.find_file(message.ref)
        data = None
        while data is None:
            with contextlib.suppress(TelegramUnavailableError):
                data = await running.get_chunk(found.location, 0, 65536)

        assert data == file.source.read(0, 65536)
        assert cluster.counters.logins == 2


async def test_accounts_wait_for_each_others_export(stage: Stage) -> None:
    """Exports of one account go one after the other, whatever is fetched at once."""
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        refs = []
        for dc in (1, 3, 4, 5):
            await stage.send_document(size=1 << 20, dc=dc)
            refs.append((await running.inbox.get()).ref)
        found = [await running.account.find_file(ref) for ref in refs]
        await asyncio.gather(*(running.get_chunk(each.location, 0, 65536) for each in found))

        assert (cluster.counters.exports, cluster.counters.imports) == (4, 4)


async def test_the_export_goes_on_beside_the_key_exchange(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        keys_at_export = []

        def note(counters: Counters) -> bool:
            if counters.exports and not keys_at_export:
                keys_at_export.append(counters.keys_made)
            return counters.imports > 0

        await asyncio.gather(cluster.counters.wait(note), fetch(stage, running, 4))

        assert keys_at_export == [1]  # the account's own


async def test_the_first_chunk_does_not_wait_for_the_answer_to_the_import(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        late = Fault(Kind.LATE, method="auth.importAuthorization", seconds=3600)
        cluster.faults.add(late)
        fetching = asyncio.create_task(fetch(stage, running, 4))
        await cluster.counters.wait(lambda counters: counters.get_file_calls == 1)

        assert late.struck == 1
        assert not fetching.done()
        fetching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fetching


async def test_chunks_that_came_with_a_refused_import_are_asked_for_again(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file = await stage.send_document(size=4 << 20, dc=4)
        found = await running.account.find_file((await running.inbox.get()).ref)
        cluster.faults.add(Fault(Kind.AUTH_BYTES_INVALID, times=2))
        chunks = [running.get_chunk(found.location, at << 16, 1 << 16) for at in range(4)]
        for at, data in enumerate(await asyncio.gather(*chunks)):
            assert data == file.source.read(at << 16, 1 << 16)

        assert cluster.counters.errors["MSG_WAIT_FAILED"] >= 1
        assert cluster.counters.imports == 1


async def test_a_connection_lost_with_its_login_is_followed_by_another(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        cluster.faults.add(Fault(Kind.RESET, method="auth.importAuthorization"))
        file = await stage.send_document(size=1 << 20, dc=4)
        found = await running.account.find_file((await running.inbox.get()).ref)
        data = await running.get_chunk(found.location, 0, 65536)

        assert data == file.source.read(0, 65536)
        assert cluster.counters.imports == 2


async def test_a_login_that_exists_costs_no_round_trip_before_the_first_chunk(
    stage: Stage,
) -> None:
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            await fetch(stage, running, 4)
        async with stage.connected(cluster) as running:
            cluster.counters.reset()
            await fetch(stage, running, 4)

            asked = {name for name in cluster.counters.calls if name != "ping"}
            assert asked <= {"messages.getMessages", "upload.getFile", "updates.getDifference"}
            assert cluster.counters.get_file_calls == 1


async def test_logins_are_made_before_a_file_asks_for_them(stage: Stage) -> None:
    async with (
        stage.cluster(media_dcs=(2, 4)) as cluster,
        stage.connected(cluster, logins_after=0.0) as running,
    ):
        await cluster.counters.wait(lambda counters: counters.imports == 4)
        await cluster.counters.wait(lambda counters: counters.connections_open == 1)
        before = cluster.counters.keys_made
        for dc in (1, 3, 4, 5):
            await fetch(stage, running, dc)

        assert cluster.counters.imports == 4
        assert cluster.counters.keys_made == before
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_what_cannot_be_made_beforehand_is_made_for_the_file(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        fault = Fault(Kind.FLOOD_WAIT, method="auth.exportAuthorization", seconds=1)
        cluster.faults.add(fault)
        async with stage.connected(cluster, logins_after=0.0) as running:
            await cluster.counters.wait(lambda _: fault.struck == 1)
            await fetch(stage, running, 4)


@pytest.mark.parametrize(("allowed", "logins"), [(1, 4), (2, 2), (4, 1)])
async def test_connections_share_a_login_as_far_as_telegram_allows(
    stage: Stage, allowed: int, logins: int
) -> None:
    """tgfake destroys a key that is on more connections than that."""
    async with (
        stage.cluster(tmp_sessions=allowed) as cluster,
        stage.connected(cluster) as running,
    ):
        file = await stage.send_document(size=4 << 20, dc=4)
        found = await running.account.find_file((await running.inbox.get()).ref)
        connector = running.account.connector
        opened = await asyncio.gather(*(connector.open(4, slot) for slot in range(4)))
        for each in opened:
            data = await each.get_chunk(found.location, 0, 65536, SECONDS)
            assert data == file.source.read(0, 65536)

        assert cluster.counters.open_by_dc[4] == 4
        assert cluster.counters.imports == logins
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0
        for each in opened:
            await each.close()


async def test_whoever_finds_an_old_login_gone_leaves_the_new_one(stage: Stage) -> None:
    """Four connections share one: all of them find out, one after the other."""
    async with (
        stage.cluster(media_dcs=(4,)) as cluster,
        stage.connected(cluster) as running,
    ):
        connector = running.account.connector
        for slot in (0, 1):
            await (await connector.open(4, slot)).close()
        connector.forget(4, 0)
        await (await connector.open(4, 0)).close()
        assert cluster.counters.imports == 2
        connector.forget(4, 1)
        await (await connector.open(4, 1)).close()

        assert cluster.counters.imports == 2
