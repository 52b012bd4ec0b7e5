"""What an account keeps: brought to custody and back, whatever happens meanwhile."""

import asyncio
import contextlib
import json

import pytest
from telethon.crypto import AuthKey
from telethon.tl import types

from telpher.clock import FakeClock
from telpher.telegram.adapter import upkeep as module
from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.adapter.upkeep import Upkeep
from telpher.telegram.custody.duty import LEASE, UpdateDuty
from telpher.telegram.custody.state import UpdateState
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.servers import DcAddress, Directory, Servers
from telpher.telegram.timing import Timing
from tests.telegram.custody.fakes import MemoryDatabase, vault
from tests.telegram.test_dispatcher import message

KEY = AuthKey(bytes(range(256)))
NAME = "bot42"
QUICK = Timing(save_every=0.01, finish=0.01)


def directory(dc: int = 2) -> Directory:
    return Directory(Servers(dc, (DcAddress(dc, "127.0.0.1", 443),)))


def state(pts: int) -> UpdateState:
    return UpdateState(pts, 0, 1_700_000_000, 0, {})


class Bench:
    """An account's upkeep on a database in memory."""

    def __init__(self, tmp_path, folder="work", database=None, *, hears=True):
        self.clock = FakeClock()
        self.database = database or MemoryDatabase(self.clock)
        self.vault = vault(self.database, tmp_path / folder, self.clock)
        self.session = AccountSession()
        self.session.set_dc(2, "127.0.0.1", 443)
        self.handling = Dispatcher()
        self.upkeep = Upkeep(NAME, self.vault, self.session, QUICK, hears=hears)

    async def ready(self):
        await self.upkeep.ready(directory())
        return self.upkeep.role()

    def log_in(self):
        self.session.keep_login(KEY, 42, "telpher_bot")

    @contextlib.asynccontextmanager
    async def running(self):
        """At work; yields an event that is set when the keys are lost."""
        lost = asyncio.Event()

        async def keys_lost():
            lost.set()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.upkeep.run(keys_lost, lambda: None))
            yield lost
            task.cancel()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


async def test_a_new_login_is_kept_at_once_and_found_again(bench, tmp_path):
    assert await bench.ready() == (True, None)
    bench.log_in()
    async with bench.running():
        bench.upkeep.changed()
        await bench.database.until_kept(f"{NAME}/0", bool)
    await bench.upkeep.end(bench.handling)
    again = Bench(tmp_path, "another disk", bench.database)
    await again.ready()
    assert again.session.key == KEY.key


async def test_keys_that_are_lost_are_forgotten_before_anything_else(bench):
    await bench.ready()
    bench.log_in()
    await bench.upkeep.save(bench.handling)
    bench.database.held.clear()
    bench.clock.advance(LEASE * 100)
    async with bench.running() as lost:
        await lost.wait()
    assert bench.session.key is None


async def test_what_is_being_handled_is_not_kept_as_handled(bench):
    await bench.ready()
    bench.upkeep.heard(state(1), bench.handling)
    bench.handling.offer(message(1, "slow"))
    bench.upkeep.heard(state(2), bench.handling)
    await bench.upkeep.save(bench.handling)
    assert bench.upkeep._duty.state == state(1)
    gate = asyncio.Event()

    async def listener(_):
        await gate.wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.handling.run(listener))
        gate.set()
        await bench.handling.drained(1)
        task.cancel()
    await bench.upkeep.save(bench.handling)
    assert bench.upkeep._duty.state == state(2)


async def test_what_takes_too_long_is_left_to_the_next_one(bench, tmp_path):
    await bench.ready()
    bench.upkeep.heard(state(1), bench.handling)
    bench.handling.offer(message(1, "slow"))
    await bench.upkeep.hand_over(state(2), bench.handling)
    await bench.upkeep.end(bench.handling)
    again = Bench(tmp_path, "another disk", bench.database)
    assert await again.ready() == (True, state(1))


async def test_who_comes_on_duty_again_keeps_nothing_of_the_time_before(bench, tmp_path):
    await bench.ready()
    bench.upkeep.heard(state(1), bench.handling)
    bench.clock.advance(LEASE + 1)
    other = UpdateDuty(vault(bench.database, tmp_path / "other", bench.clock), NAME)
    assert await other.look()
    await other.hand_over(state(9))
    await bench.upkeep._duty.look()
    assert bench.upkeep.role() == (True, state(9))
    await bench.upkeep.save(bench.handling)
    assert bench.upkeep._duty.state == state(9)


async def test_access_hashes_alone_are_saved_rarely(bench):
    await bench.ready()
    bench.log_in()
    await bench.upkeep.save(bench.handling)
    saved = bench.database.blobs[f"{NAME}/0"]
    friend = types.User(id=7, access_hash=70)
    bench.session.process_entities(types.contacts.ResolvedPeer(None, [], [friend]))
    await bench.upkeep.save(bench.handling)
    assert bench.database.blobs[f"{NAME}/0"] == saved
    bench.clock.advance(module.PEERS_EVERY)
    await bench.upkeep.save(bench.handling)
    assert bench.database.blobs[f"{NAME}/0"] != saved
    assert f"{NAME} met" in bench.database.blobs


async def test_a_bot_that_only_carries_bytes_takes_no_duty(tmp_path):
    bench = Bench(tmp_path, hears=False)
    assert await bench.ready() == (False, None)
    await bench.upkeep.hand_over(None, bench.handling)
    assert f"updates {NAME}" not in bench.database.held


async def test_a_session_of_an_older_version_brings_its_state(bench, tmp_path):
    old = AccountSession()
    old.set_dc(2, "127.0.0.1", 443)
    old.keep_login(KEY, 42, "telpher_bot")
    folder = tmp_path / "work" / "sessions"
    folder.mkdir(parents=True)
    plain = folder / f"{NAME}.session.json"
    plain.write_text(json.dumps(json.loads(old.dump()) | {"version": 1} | state(5).dump()))

    assert await bench.ready() == (True, state(5))
    assert bench.session.key == KEY.key
    assert not plain.exists()


async def test_a_session_of_another_network_starts_anew(bench, tmp_path):
    await bench.ready()
    bench.log_in()
    await bench.upkeep.end(bench.handling)
    again = Bench(tmp_path, "work", bench.database)
    await again.upkeep.ready(directory(dc=5))
    assert (again.session.dc_id, again.session.key) == (5, None)


async def test_what_was_heard_and_left_to_another_instance_is_heard_again_later(bench, tmp_path):
    """Frozen past the lease it wakes up with updates in its ears; the other one dies before it has
    handled them."""
    await bench.ready()
    bench.upkeep.heard(state(1), bench.handling)
    await bench.upkeep.save(bench.handling)
    bench.clock.advance(LEASE + 1)
    other = UpdateDuty(vault(bench.database, tmp_path / "other", bench.clock), NAME)
    assert await other.look()
    bench.upkeep.heard(state(5), bench.handling)
    assert not await bench.upkeep.on_duty()
    assert bench.upkeep.role() == (False, state(5))
    bench.clock.advance(LEASE + 1)
    await bench.upkeep._duty.look()
    assert bench.upkeep.role() == (True, state(1))


async def test_who_hears_nothing_answers_nothing(tmp_path):
    bench = Bench(tmp_path, hears=False)
    await bench.ready()
    assert not await bench.upkeep.on_duty()
