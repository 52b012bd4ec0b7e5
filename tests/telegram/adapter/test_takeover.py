"""Two instances of telpher with one database, as in a rolling deploy: no key is used twice, nobody
logs in who need not, and every update is handled by one of them, once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from telpher.clock import FakeClock
from telpher.core.records import Lease
from telpher.errors import OffDutyError
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.custody.duty import LEASE as DUTY
from telpher.telegram.custody.keys import LEASE, MARGIN
from telpher.telegram.gateway import AccountState, IncomingMessage, Outgoing
from tests.telegram.adapter.stage import Running, Stage
from tests.telegram.custody.fakes import View
from tgfake.cluster import Cluster
from tgfake.faults import Fault, Kind

HOME, ELSEWHERE = 2, 4


@dataclass
class Instance:
    """One of them, and the database as it sees it."""

    running: Running
    view: View

    @property
    def account(self) -> BotAccount:
        return self.running.account

    @property
    def slot(self) -> int | None:
        return self.account._upkeep._keys.slot

    async def on_duty(self) -> None:
        """Waits until it receives updates."""
        while not (self.account._main and self.account._main.state()):
            await self.account._turned.wait()

    def heard(self) -> list[str]:
        """What it has handled so far and nobody has asked for yet."""
        texts = []
        while not self.running.inbox.empty():
            message = self.running.inbox.get_nowait()
            assert isinstance(message, IncomingMessage)
            texts.append(message.text)
        return texts


@dataclass
class Deploy:
    """Instances on one stage; they live at most as long as the test."""

    stage: Stage
    cluster: Cluster
    views: dict[str, View] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def instance(self, folder: str, **timing: float) -> AsyncIterator[Instance]:
        """One with a WORK_DIR of that name, connected."""
        view = self.views.setdefault(folder, View(self.stage.database))
        self.stage.vault = self.stage.vault_of(folder, view)
        async with self.stage.connected(self.cluster, **{"save_every": 0.01, **timing}) as running:
            yield Instance(running, view)

    async def read_a_file(self, instance: Instance, dc: int) -> None:
        """A chunk of a file, as a viewer of that instance gets it."""
        file = await self.stage.send_document(dc=dc)
        message = await instance.running.inbox.get()
        found = await instance.account.find_file(message.ref)
        data = await instance.running.get_chunk(found.location, 0, 65536)
        assert data == file.source.read(0, 65536)

    def duplicated(self) -> int:
        """How often Telegram saw a key twice."""
        return self.cluster.counters.errors["AUTH_KEY_DUPLICATED"]


@contextlib.asynccontextmanager
async def deploy(stage: Stage, **layout: object) -> AsyncIterator[Deploy]:
    async with stage.cluster(**layout) as cluster:
        yield Deploy(stage, cluster)
        assert cluster.counters.errors["AUTH_KEY_DUPLICATED"] == 0


async def test_the_successor_starts_while_the_old_one_still_runs(stage: Stage) -> None:
    async with deploy(stage) as scene, scene.instance("old") as old:
        for dc in (HOME, ELSEWHERE):
            await scene.read_a_file(old, dc)
        async with scene.instance("new") as new:
            assert (old.slot, new.slot) == (0, 1)
            logins = scene.cluster.counters.logins
            # Both at once, on keys of their own; the new one sends and reads without hearing.
            await scene.read_a_file(old, HOME)
            await new.account.bot.send(stage.ann.user_id, Outgoing("hello"))
            await stage.ann.send(stage.bot, "to the old one")
            await old.running.inbox.get()

            await old.account.hand_over()
            await stage.ann.send(stage.bot, "in between")
            await new.on_duty()
            await stage.ann.send(stage.bot, "to the new one")
            heard = [(await new.running.inbox.get()).text for _ in range(2)]

            assert heard == ["in between", "to the new one"]
            # The old one goes on serving what it has begun.
            found = await old.account.find_file(await _last_file(stage, new))
            await old.running.get_chunk(found.location, 0, 65536)
            assert scene.cluster.counters.logins == logins
            assert (new.heard(), old.heard()) == ([], [])


async def test_only_one_is_sent_updates(stage: Stage) -> None:
    async with deploy(stage) as scene, scene.instance("old") as old, scene.instance("new") as new:
        await stage.ann.send(stage.bot, "hello")
        await old.running.inbox.get()
        pushed = scene.cluster.counters.updates_pushed
        for _ in range(3):
            await new.account.bot.send(stage.ann.user_id, Outgoing("from the new one"))
            await stage.ann.send(stage.bot, "hi")
            await old.running.inbox.get()
        assert new.heard() == []
        assert scene.cluster.counters.updates_pushed - pushed == 6  # sent and received, for one


async def test_what_is_being_answered_is_answered_by_the_old_one_alone(stage: Stage) -> None:
    async with deploy(stage) as scene:
        begun, gate = asyncio.Event(), asyncio.Event()
        done: list[str] = []

        async def slow(message):
            begun.set()
            await gate.wait()
            done.append(message.text)

        account = stage.account(scene.cluster)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(account.run(slow))
            await account.reached(AccountState.CONNECTED)
            async with scene.instance("new") as new:
                await stage.ann.send(stage.bot, "slow")
                await begun.wait()
                leaving = group.create_task(account.hand_over())
                await asyncio.sleep(0)
                assert new.account._main.state() is None
                gate.set()
                await leaving
                await new.on_duty()
                await stage.ann.send(stage.bot, "next")
                assert (await new.running.inbox.get()).text == "next"
                assert new.heard() == []
            running.cancel()
        assert done == ["slow"]


async def test_who_is_woken_after_another_one_took_over_answers_nothing(stage: Stage) -> None:
    stage.clock = stage.database.clock = FakeClock()
    async with deploy(stage) as scene, scene.instance("frozen") as frozen:
        await stage.ann.send(stage.bot, "hello")
        await frozen.running.inbox.get()
        answer = Outgoing("an answer", once="the first")
        await frozen.account.answers.send(stage.ann.user_id, answer)
        stage.clock.advance(DUTY + 1)
        lease = await stage.database.acquire(f"updates bot{stage.bot.user_id}", "there", 1000)
        assert lease
        await stage.ann.send(stage.bot, "and now?")
        with pytest.raises(OffDutyError):
            await frozen.account.answers.send(stage.ann.user_id, Outgoing("too late"))
        # What is no answer to anybody goes out all the same.
        await frozen.account.bot.send(stage.ann.user_id, Outgoing("a report"))
        await stage.database.release(lease)
        await frozen.on_duty()
        said = [seen.text for seen in stage.ann.history(stage.bot) if not seen.out]
        assert said == ["an answer", "a report"]


async def test_whom_the_old_one_met_the_new_one_can_address(stage: Stage) -> None:
    """Public channels can be read by their access hash alone, which is the account's."""
    async with deploy(stage) as scene, scene.instance("old") as old, scene.instance("new") as new:
        await stage.ann.send(stage.bot, "hello")
        await old.running.inbox.get()
        known = old.account._session.access_hash(stage.ann.user_id)
        assert new.account._session.access_hash(stage.ann.user_id) == 0
        await old.account.hand_over()
        await new.on_duty()
        assert new.account._session.access_hash(stage.ann.user_id) == known != 0


async def test_each_redeploy_on_an_empty_disk_logs_in_nowhere(stage: Stage) -> None:
    async with deploy(stage) as scene:
        for number in range(4):
            async with scene.instance(f"disk {number}") as instance:
                for dc in (HOME, ELSEWHERE):
                    await scene.read_a_file(instance, dc)
        counters = scene.cluster.counters
        # The account's own login, and one for files from home; one import elsewhere.
        assert (counters.logins, counters.imports) == (2, 1)


async def test_rolling_deploys_take_turns_in_two_slots(stage: Stage) -> None:
    async with deploy(stage) as scene, contextlib.AsyncExitStack() as first:
        old, leave = await first.enter_async_context(scene.instance("disk 0")), first
        for number in range(1, 5):
            stack = contextlib.AsyncExitStack()
            new = await stack.enter_async_context(scene.instance(f"disk {number}"))
            await stage.ann.send(stage.bot, f"{number}")
            assert (await old.running.inbox.get()).text == f"{number}"
            await old.account.hand_over()
            await new.on_duty()
            await leave.aclose()
            old, leave = new, stack
        assert scene.cluster.counters.logins == 2
        await leave.aclose()


async def test_a_login_that_is_held_up_is_saved_by_a_session_given_back(stage: Stage) -> None:
    async with deploy(stage) as scene, contextlib.AsyncExitStack() as both:
        first = await both.enter_async_context(contextlib.AsyncExitStack())
        old = await first.enter_async_context(scene.instance("old"))
        key = old.account._session.key
        login = "auth.importBotAuthorization"
        scene.cluster.faults.add(Fault(Kind.FLOOD_WAIT, method=login, seconds=3600))
        stage.vault = stage.vault_of("new")
        new = stage.account(scene.cluster)
        await both.enter_async_context(stage.running(new))
        await new.until(lambda status: "flood wait" in status.reason)
        await first.aclose()
        await new.reached(AccountState.CONNECTED)
        assert (new._session.key, scene.cluster.counters.logins) == (key, 1)


async def test_extra_bots_hear_nothing(stage: Stage) -> None:
    async with deploy(stage) as scene:
        extra = BotAccount(
            stage.account(scene.cluster)._identity.credentials,
            stage.vault_of("extra"),
            stage.account(scene.cluster)._identity.directory.servers,
            hears=False,
        )
        async with stage.running(extra) as running:
            await extra.reached(AccountState.CONNECTED)
            await stage.ann.send(stage.bot, "anybody there?")
            await extra.bot.send(stage.ann.user_id, Outgoing("no"))
            assert scene.cluster.counters.updates_pushed == 0
            assert running.inbox.empty()


# The database is away.


async def test_a_key_is_let_go_before_its_lease_ends_and_streaming_goes_on(stage: Stage) -> None:
    """For the old one the database is away; the new one, which can reach it, gets the old key."""
    async with deploy(stage, media_dcs=(HOME,)) as scene, scene.instance("old") as old:
        for dc in (HOME, ELSEWHERE):
            await scene.read_a_file(old, dc)
        key = old.account._session.key
        old.view.away = True
        later = FakeClock(stage.clock.now() + LEASE - MARGIN + 1)
        custody = old.account._upkeep._keys
        custody._vault = replace(custody._vault, clock=later)
        while old.account._session.key in (key, None):
            await old.account._turned.wait()
        await old.account.reached(AccountState.CONNECTED)
        assert old.slot is None
        stage.database.held["session bot5000000001/0"].ends = 0
        async with scene.instance("new") as new:
            assert (new.account._session.key, new.slot) == (key, 0)
            for dc in (HOME, ELSEWHERE):
                await scene.read_a_file(old, dc)
            found = await new.account.find_file(await _last_file(stage, old))
            await new.running.get_chunk(found.location, 0, 65536)


async def test_a_key_that_is_lost_while_it_connects_is_forgotten(stage: Stage) -> None:
    async with deploy(stage) as scene:
        async with scene.instance("one") as one:
            key = one.account._session.key
        late = Fault(Kind.LATE, method="users.getUsers", seconds=0.2)
        scene.cluster.faults.add(late)
        account = stage.account(scene.cluster, save_every=0.01)
        async with stage.running(account):
            await scene.cluster.counters.wait(lambda _: late.struck > 0)
            assert account._session.key == key
            # Somebody else has the slot: the key that the connection is being made with is theirs.
            stage.database.held["session bot5000000001/0"].lease = Lease("", "another", 9)
            account._upkeep._keys._next_look = 0.0
            await account.reached(AccountState.CONNECTED)
            assert account._session.key not in (key, None)
            assert account._upkeep._keys.slot == 1


async def test_without_a_database_at_the_start_it_streams_and_answers(stage: Stage) -> None:
    async with deploy(stage) as scene:
        async with scene.instance("one") as one:
            await scene.read_a_file(one, HOME)
            one.view.away = True
            # It ends without having been able to say so.
        logins = scene.cluster.counters.logins
        await stage.ann.send(stage.bot, "while down")
        async with scene.instance("one") as one:
            assert (await one.running.inbox.get()).text == "while down"
            await scene.read_a_file(one, HOME)
        assert scene.cluster.counters.logins == logins


async def test_without_a_database_a_stranger_streams_and_leaves_answering_alone(
    stage: Stage,
) -> None:
    async with deploy(stage) as scene, scene.instance("old") as old:
        stage.database.away = True
        async with scene.instance("new") as new:
            assert new.slot is None
            await scene.read_a_file(old, HOME)
            ref = await _last_file(stage, old)
            found = await new.account.find_file(ref)
            await new.running.get_chunk(found.location, 0, 65536)
            assert new.heard() == []
        assert scene.duplicated() == 0


async def _last_file(stage: Stage, hearing: Instance):
    """The ref of one more file that Ann sends."""
    await stage.send_document(dc=HOME)
    return (await hearing.running.inbox.get()).ref
