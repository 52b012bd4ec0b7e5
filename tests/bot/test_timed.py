"""Updates are timed, told apart by what they are."""

from __future__ import annotations

import pytest

from telpher.bot.timed import TimedListener
from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.errors import RecipientLostError, TelegramUnavailableError
from telpher.observe.metrics.metrics import Metrics
from telpher.telegram.gateway import ButtonPress, IncomingMessage
from tests.bot.stage import ADA, FILM, stage


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path) as each:
        yield each


def message(text="", **fields):
    return IncomingMessage(MessageRef(7, 33), ADA, True, text, **fields)


UPDATES = {
    "file": message("/start", file=FILM, command="start"),
    "/help": message("/help", command="HELP"),
    "unknown command": message("/whatever", command="whatever"),
    "text": message("hello"),
    "press": ButtonPress(MessageRef(7, 1000), ADA, query_id=99, data=b"nonsense"),
}


@pytest.mark.parametrize("kind", list(UPDATES))
async def test_kinds(home, kind):
    metrics = Metrics()
    await TimedListener(home.bot.router, metrics, FakeClock())(UPDATES[kind])
    value = metrics.registry.get_sample_value
    assert value("telpher_bot_update_seconds_count", {"update": kind}) == 1


async def test_strangers_choose_no_label(home):
    metrics = Metrics()
    timed = TimedListener(home.bot.router, metrics, FakeClock())
    for number in range(30):
        await timed(message(f"/c{number}", command=f"c{number}"))
    [family] = [each for each in metrics.collect() if each.name == "telpher_bot_update_seconds"]
    assert {each.labels["update"] for each in family.samples} == {"unknown command"}


async def test_the_time_is_the_handlers(home):
    clock, metrics = FakeClock(), Metrics()

    class Slow:
        table = home.bot.router.table

        async def __call__(self, incoming):
            clock.advance(3.0)
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        await TimedListener(Slow(), metrics, clock)(UPDATES["/help"])
    value = metrics.registry.get_sample_value
    assert value("telpher_bot_update_seconds_sum", {"update": "/help"}) == 3.0


async def test_what_could_not_be_answered_is_counted_by_its_error(home):
    home.gateway.failures = [
        TelegramUnavailableError("away"),
        TelegramUnavailableError("still away"),
        RecipientLostError("USER_IS_BLOCKED"),
    ]
    for _ in range(2):
        await home.bot.router(message("hello"))
    failures = home.bot.router.failures
    assert dict(failures) == {"telegram_unavailable": 1, "recipient_lost": 1}
