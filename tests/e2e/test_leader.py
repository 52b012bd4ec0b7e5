"""One of several instances answers people: whatever becomes of it, another one does within seconds,
and nobody is answered twice.

How many seconds is arithmetic, and checked as such (tests/telegram/custody/test_duty): these tests
wait for events, however long a slow machine takes for them.
"""

from __future__ import annotations

import signal

import pytest

from tests.e2e.house import TOKEN
from tests.e2e.several import OFF_DUTY, ON_DUTY, Several, link_in, several
from tgfake.faults import Fault, Kind
from tgfake.world import Role

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture
async def site(tmp_path):
    async with several(tmp_path) as each:
        yield each


def port(link: str) -> int:
    return int(link.partition("://")[2].partition("/")[0].partition(":")[2])


async def test_another_one_answers_when_the_leader_is_killed(site: Several):
    async with site.telpher("one") as one, site.telpher("two") as two:
        assert port(await site.link()) == one.port
        one.signal(signal.SIGKILL)
        assert port(await site.link()) == two.port
        site.everything_is_answered_once()


async def test_another_one_answers_when_the_leader_is_frozen_and_it_stays_so(site: Several):
    async with site.telpher("one") as one, site.telpher("two") as two:
        assert port(await site.link()) == one.port
        one.signal(signal.SIGSTOP)
        assert port(await site.link()) == two.port
        said = site.calls()
        # It wakes up with that file in its ears.
        one.signal(signal.SIGCONT)
        await one.logged(OFF_DUTY)
        assert port(await site.link()) == two.port
        # Each word of a duty that was over would have been one more.
        assert site.calls() == said + 1
        site.everything_is_answered_once()
        # Now the other way round: it can still lead.
        two.signal(signal.SIGKILL)
        assert port(await site.link()) == one.port
        site.everything_is_answered_once()


async def test_frozen_amid_a_send_that_telegram_has_got(site: Several):
    async with site.telpher("one") as one, site.telpher("two") as two:
        with site.world.sent.hold():
            sent = await site.send()
            await site.called(1)
            one.signal(signal.SIGSTOP)
            await two.logged(ON_DUTY)
            # The same words under the same random id: Telegram has them already.
            await site.called(2)
        await site.answer_to(sent)
        one.signal(signal.SIGCONT)
        await one.logged(OFF_DUTY)
        assert port(await site.link()) == two.port
        site.everything_is_answered_once()


async def test_frozen_before_a_word_is_said_it_wakes_up_and_says_nothing(site: Several):
    """It asks whether Ann is in the channel that she has to join; the answer finds it frozen."""
    looking = "channels.getParticipant"
    club = site.world.add_channel("The club", site.ann.account, username="the_club")
    site.world.add_member(club, site.world.account_for_token(TOKEN), Role.ADMIN)
    site.cluster.faults.add(Fault(Kind.LATE, method=looking, seconds=3.0))
    settings = {"FORCE_SUB_CHANNEL": "the_club", "ADMINS": ""}
    async with site.telpher("one", **settings) as one, site.telpher("two", **settings) as two:
        sent = await site.send()
        await site.called(1, looking)
        one.signal(signal.SIGSTOP)
        assert port(link_in(await site.answer_to(sent))) == two.port
        said = site.calls()
        one.signal(signal.SIGCONT)
        await one.logged(OFF_DUTY)
        assert port(await site.link()) == two.port
        assert site.calls() == said + 1
        site.everything_is_answered_once()
