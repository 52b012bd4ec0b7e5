"""Nobody uses a key that somebody else may have, and nobody logs in who need not."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from telpher.clock import FakeClock
from telpher.telegram.custody import keys
from telpher.telegram.custody.keys import LEASE, LOOK_AGAIN, MARGIN, RENEW_EVERY, KeyCustody
from telpher.telegram.custody.seal import Seal
from tests.telegram.custody.fakes import MemoryDatabase, View, vault

NAME = "bot42"


class Instances:
    """Instances of telpher on one database; `made` has every key's text and who made it."""

    def __init__(self, tmp_path):
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.views = {}
        self.logins = 0
        self._tmp_path = tmp_path

    def view(self, folder):
        return self.views.setdefault(folder, View(self.database))

    def custody(self, folder):
        """A process on that folder."""
        return KeyCustody(vault(self.view(folder), self._tmp_path / folder, self.clock), NAME)

    async def started(self, folder):
        """A process on that folder that has its key; the key."""
        custody = self.custody(folder)
        text = await custody.take()
        if text is None:
            self.logins += 1
            text = f"key {self.logins}"
            await custody.keep(text)
        return custody, text


@pytest.fixture
def all_(tmp_path):
    return Instances(tmp_path)


async def test_who_comes_back_has_its_key_again(all_):
    custody, text = await all_.started("a")
    await custody.give_back()
    _, again = await all_.started("a")
    assert (again, all_.logins) == (text, 1)


async def test_the_key_of_a_folder_that_is_lost_is_in_the_database(all_):
    custody, text = await all_.started("a")
    await custody.give_back()
    _, again = await all_.started("b")
    assert (again, all_.logins) == (text, 1)


async def test_who_was_killed_has_its_key_again_at_once(all_):
    _, text = await all_.started("a")
    _, again = await all_.started("a")
    assert (again, all_.logins) == (text, 1)


async def test_a_newcomer_logs_in_beside_and_then_both_have_a_key(all_):
    old, first = await all_.started("a")
    new, second = await all_.started("b")
    assert first != second
    assert (old.slot, new.slot) == (0, 1)
    await old.give_back()
    third, key = await all_.started("c")
    assert (key, third.slot, all_.logins) == (first, 0, 2)
    await new.give_back()
    _, key = await all_.started("d")
    assert (key, all_.logins) == (second, 2)


async def test_a_slot_with_a_key_is_preferred_to_an_empty_one(all_):
    first, _ = await all_.started("a")
    second, key = await all_.started("b")
    await second.give_back()
    third = all_.custody("c")
    assert (await third.take(), third.slot) == (key, 1)
    await first.give_back()


async def test_who_was_killed_and_lost_its_folder_is_waited_for(all_):
    _, text = await all_.started("a")
    all_.clock.advance(LEASE - 1)
    _, other = await all_.started("b")
    assert other != text
    all_.clock.advance(2)
    _, again = await all_.started("c")
    assert again == text


async def test_a_lease_is_renewed_for_as_long_as_it_takes(all_):
    custody, _ = await all_.started("a")
    for _ in range(round(3 * LEASE / RENEW_EVERY)):
        all_.clock.advance(RENEW_EVERY)
        assert await custody.look()
    other, _ = await all_.started("b")
    assert other.slot == 1


async def test_the_key_is_let_go_before_anybody_else_can_have_it(all_):
    custody, text = await all_.started("a")
    all_.view("a").away = True
    for _ in range(round((LEASE - MARGIN) / 5) - 1):
        all_.clock.advance(5)
        assert await custody.look()
    all_.clock.advance(5)
    assert not await custody.look()
    assert (await all_.started("b"))[1] != text
    # With the database away for it alone it logs in beside, and stays there.
    assert await custody.take() is None
    await custody.keep("own")
    assert await custody.look()
    assert custody.slot is None
    all_.clock.advance(LEASE)
    assert (await all_.started("c"))[1] == text


async def test_a_short_absence_of_the_database_costs_nothing(all_):
    custody, _ = await all_.started("a")
    all_.view("a").away = True
    for _ in range(100):
        all_.clock.advance(30)
        assert await custody.look()
    all_.view("a").away = False
    for _ in range(100):
        all_.clock.advance(30)
        assert await custody.look()
    assert all_.logins == 1


async def test_a_lease_that_somebody_else_has_is_noticed(all_):
    custody, text = await all_.started("a")
    all_.database.held.clear()
    _, others = await all_.started("b")
    assert others == text  # as if the database had been emptied
    all_.clock.advance(LOOK_AGAIN)
    assert not await custody.look()
    assert await custody.take() is None


async def test_a_save_under_an_older_fence_is_refused_and_noticed(all_):
    custody, _ = await all_.started("a")
    all_.database.held.clear()
    await all_.started("b")
    await custody.keep("newer")
    assert not await custody.look()


async def test_a_machine_that_slept_has_let_its_key_go(all_):
    custody, _ = await all_.started("a")
    jumped = FakeClock(all_.clock.now() + LEASE)
    custody._vault = replace(custody._vault, clock=jumped)
    all_.view("a").away = True
    assert not await custody.look()


# The database is away at the start.


async def test_without_a_database_a_key_that_nobody_can_have_goes_on(all_):
    _, text = await all_.started("a")
    all_.clock.advance(LEASE - MARGIN - 1)
    all_.view("a").away = True
    custody = all_.custody("a")
    assert await custody.take() == text
    assert await custody.look()
    all_.clock.advance(2)
    assert not await custody.look()


async def test_without_a_database_a_lease_of_the_time_before_is_gone_on_with(all_):
    _, text = await all_.started("a")
    all_.view("a").away = True
    custody = all_.custody("a")
    assert await custody.take() == text
    all_.view("a").away = False
    for _ in range(100):
        all_.clock.advance(RENEW_EVERY)
        assert await custody.look()
    assert (custody.slot, all_.logins) == (0, 1)


async def test_without_a_database_a_key_that_was_given_back_is_not_touched(all_):
    first, _ = await all_.started("a")
    await first.give_back()
    all_.database.away = True
    assert await all_.custody("a").take() is None


async def test_without_a_database_a_lease_that_is_over_is_not_believed(all_):
    await all_.started("a")
    all_.clock.advance(LEASE)
    all_.database.away = True
    assert await all_.custody("a").take() is None


async def test_without_a_database_one_login_is_enough_for_many_starts(all_):
    all_.database.away = True
    _, text = await all_.started("a")
    for _ in range(3):
        all_.clock.advance(LEASE)
        custody, again = await all_.started("a")
        await custody.give_back()
        assert again == text
    assert all_.logins == 1


async def test_a_key_of_ones_own_moves_in_when_the_database_is_back(all_):
    all_.database.away = True
    custody, text = await all_.started("a")
    all_.database.away = False
    all_.clock.advance(LOOK_AGAIN)
    assert await custody.look()
    assert custody.slot == 0
    await custody.give_back()
    _, again = await all_.started("b")
    assert (again, all_.logins) == (text, 1)


async def test_it_moves_in_at_the_next_start_too_and_spares_the_keys_that_are_there(all_):
    other, theirs = await all_.started("x")
    await other.give_back()
    all_.database.away = True
    _, text = await all_.started("a")
    all_.database.away = False
    custody, again = await all_.started("a")
    assert (again, custody.slot) == (text, 1)
    _, kept = await all_.started("b")
    assert (kept, all_.logins) == (theirs, 2)


async def test_when_every_slot_is_taken_one_logs_in_all_the_same(all_):
    for number in range(keys.MOST_SLOTS):
        await all_.started(f"i{number}")
    custody, text = await all_.started("one more")
    assert custody.slot is None
    assert text == f"key {keys.MOST_SLOTS + 1}"
    all_.clock.advance(LOOK_AGAIN)
    assert await custody.look()
    _, again = await all_.started("one more")
    assert again == text


async def test_who_waits_for_a_login_takes_what_is_given_back_meanwhile(all_):
    old, text = await all_.started("a")
    new = all_.custody("b")
    assert await new.take() is None
    assert await new.exchange() is None
    assert new.slot == 1
    await old.give_back()
    assert (await new.exchange(), new.slot) == (text, 0)
    assert all_.database.holder(f"session {NAME}/1") is None
    assert await new.exchange() is None  # it has one
    all_.database.away = True
    assert await all_.custody("c").exchange() is None


# Which copy is the newer one.


async def test_what_could_not_be_saved_in_the_database_is_on_disk(all_):
    custody, _ = await all_.started("a")
    all_.database.away = True
    await custody.keep("newer")
    await custody.give_back()
    all_.database.away = False
    _, text = await all_.started("a")
    assert text == "newer"


async def test_what_could_not_be_saved_is_saved_when_the_database_is_back(all_):
    custody, _ = await all_.started("a")
    all_.database.away = True
    await custody.keep("newer")
    all_.database.away = False
    assert await custody.look()
    await custody.give_back()
    _, text = await all_.started("b")
    assert text == "newer"


async def test_what_others_did_to_the_slot_since_is_newer_than_the_disk(all_):
    first, _ = await all_.started("a")
    await first.keep("saved many times")
    await first.keep("old")
    await first.give_back()
    other, _ = await all_.started("b")
    await other.keep("new")
    await other.give_back()
    _, text = await all_.started("a")
    assert text == "new"


async def test_a_database_that_was_emptied_is_filled_from_the_disk(all_):
    first, text = await all_.started("a")
    await first.give_back()
    all_.database.blobs.clear()
    _, again = await all_.started("a")
    assert again == text
    assert f"{NAME}/0" in all_.database.blobs


# What is kept.


async def test_a_blob_that_cannot_be_opened_is_a_new_login_and_a_warning(all_):
    first, _ = await all_.started("a")
    await first.give_back()
    stranger = all_.custody("b")
    stranger._vault = replace(stranger._vault, seal=Seal("another"))
    with capture_logs() as logs:
        assert await stranger.take() is None
    assert stranger.slot == 0
    assert [each["log_level"] for each in logs] == ["warning"]


async def test_nothing_is_kept_in_plain_text(all_, tmp_path):
    custody, _ = await all_.started("a")
    await custody.keep("a very secret key")
    kept = [blob for _, blob in all_.database.blobs.values()]
    kept += [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert len(kept) >= 3
    assert not [each for each in kept if b"secret" in each]


async def test_a_session_in_plain_text_is_taken_over_once(all_, tmp_path):
    sessions = tmp_path / "a" / "sessions"
    sessions.mkdir(parents=True)
    (sessions / f"{NAME}.session.json").write_text("plain")
    custody, text = await all_.started("a")
    assert (text, custody.slot, all_.logins) == ("plain", 0, 0)
    assert [each.name for each in sessions.iterdir()] == [f"{NAME}.sealed"]


async def test_a_disk_that_refuses_is_told_of_once(all_, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sessions").write_text("")
    with capture_logs() as logs:
        custody, _ = await all_.started("a")
        await custody.keep("more")
    assert len([each for each in logs if "on disk" in each["event"]]) == 1
    assert custody.slot == 0
