"""Logins, the clock, and channels, against a Telegram in which something is wrong."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from telpher.check.bots import clock_judged
from telpher.check.report import Status
from tests.check.house import Calm, Patient
from tests.e2e.house import TOKEN
from tgfake.faults import Fault, Kind
from tgfake.world.chats import Role

WRONG = "4242:AAF-some_other_token_that_nobody_has_got0"
EXTRA = "4343:AAF-another_token_of_no_secrecy_at_all0"


async def test_all_is_well(patient: Patient) -> None:
    log, copies = patient.channel("post_messages"), patient.channel("post_messages")
    news = patient.channel(username="news")
    found = await patient.examined(
        log_channel=log.peer.marked, bin_channel=copies.peer.marked, force_sub_channel="News"
    )
    assert found.failed == set(), found.lines
    assert found["bot"].found == "@telpher_bot is logged in."
    for name in ("clock", "LOG_CHANNEL", "BIN_CHANNEL", "FORCE_SUB_CHANNEL"):
        assert found[name].status is Status.OK, found.lines
    assert str(news.peer.marked) in found["FORCE_SUB_CHANNEL"].found


async def test_again_and_again_costs_one_login_and_changes_nothing(patient: Patient) -> None:
    channel = patient.channel("post_messages", "invite_users")
    for _ in range(3):
        found = await patient.examined(log_channel=channel.peer.marked)
        assert not found.failed, found.lines
    assert patient.cluster.counters.logins == 1
    assert patient.cluster.counters.keys_made == 1
    asked = patient.cluster.counters.calls
    # Neither a message, nor an invite link, nor how far updates were handled.
    for method in ("messages.sendMessage", "messages.exportChatInvite", "updates.getState"):
        assert asked[method] == 0
    assert patient.cluster.counters.updates_pushed == 0


async def test_without_a_database_it_is_one_login_all_the_same(patient: Patient) -> None:
    away = {"database_url": SecretStr("mongodb://127.0.0.1:9/telpher")}
    for _ in range(2):
        found = await patient.examined(**away)
        assert found.failed == {"database"}, found.lines
    assert patient.cluster.counters.logins == 1


async def test_a_wrong_token(patient: Patient) -> None:
    channel = patient.channel("post_messages").peer.marked
    found = await patient.examined(bot_token=SecretStr(WRONG), log_channel=channel)
    assert found.failed == {"bot"}, found.lines
    assert "ACCESS_TOKEN_INVALID" in found["bot"].found
    assert "@BotFather" in found["bot"].remedy
    assert found["LOG_CHANNEL"].status is Status.WARNING
    assert WRONG not in found.lines


async def test_an_extra_bot_with_a_wrong_token_is_told_from_the_main_one(patient: Patient) -> None:
    copies = patient.channel("post_messages")
    found = await patient.examined(
        bin_channel=copies.peer.marked, extra_bot_tokens=(SecretStr(EXTRA),)
    )
    assert found.failed == {"bot 4343"}, found.lines
    assert "EXTRA_BOT_TOKENS" in found["bot 4343"].found
    assert found["BIN_CHANNEL of bot 4343"].status is Status.WARNING


async def test_an_extra_bot_that_is_not_in_the_channel(patient: Patient) -> None:
    extra = patient.world.add_bot(EXTRA, "carrier_bot")
    copies = patient.channel("post_messages")
    settings = {
        "bin_channel": copies.peer.marked,
        "extra_bot_tokens": (SecretStr(EXTRA),),
    }
    found = await patient.examined(**settings)
    assert found.failed == {"BIN_CHANNEL of bot 4343"}, found.lines
    patient.world.add_member(copies, extra, Role.ADMIN)
    assert not (await patient.examined(**settings)).failed
    assert patient.cluster.counters.logins == 2


async def test_held_up_by_too_many_logins(patient: Patient) -> None:
    fault = Fault(Kind.FLOOD_WAIT, method="auth.importBotAuthorization", seconds=1234, times=None)
    patient.cluster.faults.add(fault)
    found = await patient.examined()
    assert found.failed == {"bot"}
    assert "20:34" in found["bot"].found


async def test_api_id_and_hash_that_do_not_go_together(patient: Patient) -> None:
    fault = Fault(
        Kind.ERROR, method="auth.importBotAuthorization", code=400, message="API_ID_INVALID"
    )
    patient.cluster.faults.add(fault)
    found = await patient.examined()
    assert found.failed == {"bot"}
    assert "my.telegram.org" in found["bot"].remedy


async def test_nobody_is_where_telegram_should_be(patient: Patient) -> None:
    await patient.cluster.__aexit__(None, None, None)
    found = await patient.examined()
    assert found.failed == {"bot"}, found.lines
    assert found["bot"].remedy


@pytest.mark.parametrize("named", [-1001234567890, "nobody_is_called_so"])
async def test_a_channel_that_is_not_there(patient: Patient, named: int | str) -> None:
    found = await patient.examined(log_channel=named, bin_channel=named, force_sub_channel=named)
    assert found.failed == {"LOG_CHANNEL", "BIN_CHANNEL", "FORCE_SUB_CHANNEL"}, found.lines
    assert str(named) in found["BIN_CHANNEL"].found


async def test_a_channel_where_the_bot_may_not_post(patient: Patient) -> None:
    channel = patient.channel("invite_users")
    number = channel.peer.marked
    found = await patient.examined(log_channel=number, bin_channel=number, force_sub_channel=number)
    assert found.failed == {"LOG_CHANNEL", "BIN_CHANNEL"}, found.lines
    assert "administrator" in found["BIN_CHANNEL"].remedy


async def test_a_channel_where_the_bot_is_a_member_like_others(patient: Patient) -> None:
    bot = patient.world.account_for_token(TOKEN)
    channel = patient.world.add_channel("News", patient.world.add_user("Owner"), bot)
    found = await patient.examined(force_sub_channel=channel.peer.marked)
    assert found.failed == {"FORCE_SUB_CHANNEL"}, found.lines
    assert "nobody gets links" in found["FORCE_SUB_CHANNEL"].found


async def test_a_group_where_members_may_not_write(patient: Patient) -> None:
    bot = patient.world.account_for_token(TOKEN)
    group = patient.world.add_supergroup("Reports", patient.world.add_user("Owner"), bot)
    settings = {"log_channel": group.peer.marked}
    assert not (await patient.examined(**settings)).failed
    group.muted = True
    assert (await patient.examined(**settings)).failed == {"LOG_CHANNEL"}


class Wrong(Calm):
    """A machine whose clock is off."""

    def __init__(self, by: float) -> None:
        self._by = by

    def now(self) -> float:
        return super().now() + self._by


@pytest.mark.parametrize(
    ("by", "status", "words"),
    [(0.0, Status.OK, ""), (600.0, Status.FAILED, "ahead"), (-3600.0, Status.FAILED, "behind")],
)
async def test_the_clock_is_compared_with_telegrams(
    patient: Patient, by: float, status: Status, words: str
) -> None:
    found = await patient.examined(clock=Wrong(by))
    assert found["clock"].status is status, found.lines
    assert words in found["clock"].found
    assert found["bot"].status is Status.OK


def test_how_far_off_a_clock_may_be() -> None:
    judged = {by: clock_judged(by).status for by in (-4, 4, 10, -200, 40, -301)}
    assert judged == {
        -4: Status.OK,
        4: Status.OK,
        10: Status.WARNING,
        -200: Status.WARNING,
        40: Status.FAILED,
        -301: Status.FAILED,
    }
