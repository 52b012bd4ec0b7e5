"""File chunks over real MTProto, and what goes wrong with them."""

import asyncio
import contextlib

import pytest

from telpher.core.model import FoundFile
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    ReferenceExpiredError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from tests.telegram.adapter.stage import Running, Stage
from tgfake.cluster import Cluster
from tgfake.faults import Fault, Kind
from tgfake.world.files import File

MIB = 1 << 20


async def found(stage: Stage, running: Running, dc: int = 4) -> tuple[File, FoundFile]:
    """A document of 4 GiB, as the account sees it."""
    file = await stage.send_document(size=4 << 30, dc=dc)
    message = await running.inbox.get()
    return file, await running.account.find_file(message.ref)


@pytest.mark.parametrize("dc", [2, 4])
async def test_chunks_are_the_files_bytes(stage: Stage, dc: int) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running, dc)
        for offset, limit in ((0, 65536), (2 << 30, MIB), ((4 << 30) - MIB, MIB)):
            data = await running.get_chunk(seen.location, offset, limit)
            assert data == file.source.read(offset, limit)


async def test_several_chunks_are_under_way_at_once_on_one_connection(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        _, seen = await found(stage, running)
        late = cluster.faults.add(Fault(Kind.LATE, dc=4, method="upload.getFile", times=4))
        late.seconds = 0.05
        chunks = [running.get_chunk(seen.location, n * 65536, 65536) for n in range(4)]
        await asyncio.gather(*chunks)

        assert cluster.counters.most_in_flight == 4
        assert cluster.counters.open_by_dc[4] == 1


async def test_a_migration_is_followed_and_remembered(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running, dc=4)
        stage.world.move_file(file, 5)
        for offset in (0, MIB):
            data = await running.get_chunk(seen.location, offset, 65536)
            assert data == file.source.read(offset, 65536)

        assert cluster.counters.errors["FILE_MIGRATE_5"] == 1


async def test_an_abandoned_chunk_is_dropped_at_once(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        await running.get_chunk(seen.location, 0, 65536)
        cluster.faults.add(Fault(Kind.SILENT, document=file.id))
        chunk = asyncio.create_task(running.get_chunk(seen.location, MIB, MIB))
        await cluster.counters.wait(lambda counters: counters.in_flight == 1)
        chunk.cancel()
        await cluster.counters.wait(lambda counters: counters.drops == 1)
        # The connection is as good as before.
        data = await running.get_chunk(seen.location, MIB, MIB)

        assert data == file.source.read(MIB, MIB)
        assert cluster.counters.open_by_dc[4] == 1
        assert cluster.counters.in_flight == 0


async def test_chunks_that_wait_for_room_are_not_sent_when_abandoned(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        await running.get_chunk(seen.location, 0, 65536)
        cluster.faults.add(Fault(Kind.SILENT, document=file.id))
        before = cluster.counters.get_file_calls
        chunks = [
            asyncio.create_task(running.get_chunk(seen.location, n * MIB, MIB)) for n in range(5)
        ]
        await cluster.counters.wait(lambda counters: counters.in_flight == 1)
        for chunk in chunks:
            chunk.cancel()
        await cluster.counters.wait(lambda counters: counters.drops == 1)

        assert cluster.counters.get_file_calls == before + 1


async def test_a_flood_wait_is_told_at_once_and_remembered(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        kind = Kind.FLOOD_PREMIUM_WAIT
        cluster.faults.add(Fault(kind, document=file.id, seconds=100))
        for _ in range(2):
            with pytest.raises(FloodWaitError) as flood:
                await running.get_chunk(seen.location, 0, 65536)
            assert 98 <= flood.value.seconds <= 100
            assert flood.value.premium

        assert cluster.counters.floods == 1
        # Other data centres are not concerned.
        _, elsewhere = await found(stage, running, dc=5)
        await running.get_chunk(elsewhere.location, 0, 65536)


async def test_a_stale_reference_is_told(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        stage.world.expire_references(file)
        with pytest.raises(ReferenceExpiredError):
            await running.get_chunk(seen.location, 0, 65536)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.TIMEOUT, ChunkTimeoutError),
        (Kind.INTERNAL, ChunkTimeoutError),
        (Kind.CDN_REDIRECT, RequestRejectedError),
        (Kind.RESET, None),
        (Kind.NO_KEY, None),
        (Kind.TOO_MANY, TelegramUnavailableError),
        (Kind.BAD_SALT, None),
        (Kind.BAD_MESSAGE, None),
        (Kind.TWICE, None),
        (Kind.REORDER, None),
        (Kind.UNREGISTERED, None),
    ],
)
async def test_after_a_fault_the_next_request_works(
    stage: Stage, kind: Kind, error: type[Exception] | None
) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        await running.get_chunk(seen.location, 0, 65536)
        cluster.faults.add(Fault(kind, document=file.id, code=33, seconds=0.01))
        if error is not None:
            with pytest.raises(error):
                await running.get_chunk(seen.location, MIB, 65536)
        data = await running.get_chunk(seen.location, MIB, 65536)

        assert data == file.source.read(MIB, 65536)
        assert cluster.counters.faults[kind] == 1


async def test_after_a_destroyed_key_all_logins_are_renewed(stage: Stage) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster) as running:
        file, seen = await found(stage, running)
        cluster.faults.add(Fault(Kind.DUPLICATED, document=file.id))
        data = None
        while data is None:
            with contextlib.suppress(TelegramUnavailableError):
                data = await running.get_chunk(seen.location, MIB, 65536)

        assert data == file.source.read(MIB, 65536)
        assert cluster.counters.logins == 2
        assert cluster.counters.imports == 2


@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.HALF_OPEN])
async def test_an_answer_that_never_comes_is_given_up(stage: Stage, kind: Kind) -> None:
    async with stage.cluster() as cluster, stage.connected(cluster, chunk=0.3) as running:
        file, seen = await found(stage, running)
        await running.get_chunk(seen.location, 0, 65536)
        cluster.faults.add(Fault(kind, document=file.id))
        failures = 0
        while True:
            try:
                data = await running.get_chunk(seen.location, MIB, 65536)
            except ChunkTimeoutError:
                failures += 1
            else:
                break

        assert data == file.source.read(MIB, 65536)
        assert failures >= 1


async def test_connections_of_its_own_are_closed_at_the_end(stage: Stage) -> None:
    async with stage.cluster() as cluster:
        async with stage.connected(cluster) as running:
            for dc in (1, 2, 3, 4, 5):
                _, seen = await found(stage, running, dc=dc)
                await running.get_chunk(seen.location, 0, 65536)
            assert running.connections() == dict.fromkeys((1, 2, 3, 4, 5), 1)
        await _gone(cluster)
        with pytest.raises(TelegramUnavailableError):
            await running.get_chunk(seen.location, 0, 65536)


async def _gone(cluster: Cluster) -> None:
    await cluster.counters.wait(lambda counters: counters.connections_open == 0)
