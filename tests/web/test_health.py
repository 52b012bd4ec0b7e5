"""Levels and their reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.observe.machine import Disk, Load
from telpher.telegram.gateway import AccountState, AccountStatus
from telpher.web.health import LEAST_FREE, Known, Level, level_of, reasons

BOT = AccountStatus(AccountState.CONNECTED, "main_bot", "", {2: 1}, user_id=1)
EXTRA = AccountStatus(AccountState.CONNECTED, "more_bot", "", {2: 1}, user_id=2)
AWAY = replace(EXTRA, state=AccountState.RECONNECTING, reason="Telegram does not answer.")
WELL = Known(
    draining=False,
    main=BOT,
    extras=(EXTRA,),
    database=True,
    redis=True,
    load=Load(disk=Disk(1 << 40, LEAST_FREE)),
)


def words(known: Known) -> list[str]:
    return [each.word for each in reasons(known)]


@pytest.mark.parametrize("known", [WELL, replace(WELL, extras=(), redis=None, load=Load())])
def test_all_is_well(known: Known) -> None:
    assert reasons(known) == []
    assert level_of(reasons(known)) is Level.HEALTHY


@pytest.mark.parametrize(
    ("known", "word"),
    [
        (replace(WELL, database=False), "database_unreachable"),
        (replace(WELL, redis=False), "redis_unreachable"),
        (replace(WELL, extras=(AWAY, EXTRA)), "extra_bots_disconnected"),
        (replace(WELL, load=Load(disk=Disk(1 << 40, LEAST_FREE - 1))), "disk_full"),
        (replace(WELL, load=Load(trouble="it hangs")), "disk_unreadable"),
        (replace(WELL, main=replace(BOT, floods={4: 9.0})), "flood_wait"),
        (replace(WELL, extras=(replace(EXTRA, floods={1: 90.0}),)), "flood_wait"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_links_play_but_something_is_missing(known: Known, word: str) -> None:
    assert words(known) == [word]
    assert level_of(reasons(known)) is Level.DEGRADED


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (AccountState.STARTING, "bot_starting"),
        (AccountState.RECONNECTING, "bot_disconnected"),
        (AccountState.DEAD, "bot_token_refused"),
        (AccountState.STOPPED, "bot_stopped"),
    ],
)
def test_without_the_main_bot_links_do_not_play(state: AccountState, word: str) -> None:
    known = replace(WELL, main=replace(BOT, state=state, reason="The network is down."))
    assert words(known) == [word]
    assert reasons(known)[0].sentence == "The network is down."
    assert level_of(reasons(known)) is Level.UNHEALTHY
    assert reasons(replace(known, main=replace(BOT, state=state)))[0].sentence


def test_several_at_once_the_worst_first() -> None:
    known = replace(
        WELL,
        draining=True,
        database=False,
        main=replace(BOT, state=AccountState.RECONNECTING),
        load=Load(trouble="it hangs"),
    )
    assert words(known) == [
        "draining",
        "bot_disconnected",
        "database_unreachable",
        "disk_unreadable",
    ]
    assert level_of(reasons(known)) is Level.UNHEALTHY


def test_sentences_name_who_and_how_much() -> None:
    nameless = replace(AWAY, username="", user_id=77)
    [away] = reasons(replace(WELL, extras=(nameless, AWAY, EXTRA)))
    assert away.sentence.startswith("2 of 3 extra bots")
    assert "77, more_bot" in away.sentence
    [flood] = reasons(replace(WELL, main=replace(BOT, floods={1: 5.0, 4: 42.0})))
    assert "42 s" in flood.sentence
