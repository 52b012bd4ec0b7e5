"""Logins for file traffic: which key, how often, and what happens when it is lost."""

import asyncio
import contextlib

import pytest

from telpher.errors import RequestRejectedError, TelegramUnavailableError
from tests.telegram.adapter.stage import Running, Stage
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
