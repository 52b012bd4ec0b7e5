"""Two bots, and trouble in mid-stream: where it is one bot's, the other takes over.

The second bot sees a file once it is copied into the channel, which telpher does at the pace that
Telegram allows there, one in three seconds: so the play begins when the copy is there.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bench import telegram as tg
from bench.cases.faults import OF_TWO_BOTS, suffer
from bench.cases.naming import fault_case
from bench.stage import Stage
from bench.viewer import watch

SETTINGS: Final = {
    "EXTRA_BOT_TOKENS": tg.TELPHER_SECOND.token,
    "BIN_CHANNEL": f"@{tg.BIN_CHANNEL}",
}
"""telpher's settings for a second bot."""
_POLLS: Final = 50  # five seconds for the second bot to log in
_POLL: Final = 0.1
_COPIED_WITHIN: Final = 60.0


async def measure(stage: Stage) -> None:
    """telpher's rows; the others know no second bot."""
    one = stage.telpher
    both = await _logged_in(stage.telegram)
    if both:
        # As the rows of one bot, which come after many plays: connections are open.
        await watch(one.wish(await _link(stage)))
    for fault in OF_TWO_BOTS:
        if both:
            await suffer(stage, one, fault, await _link(stage))
        else:
            stage.row(fault_case(stage.profile, fault.name), one).note("no second login came")


async def _link(stage: Stage) -> tg.Link:
    """A new file that both bots can see."""
    link = await stage.telpher.link(stage.plan.fault_bytes)
    await _copied(stage.telegram, link.document)
    return link


async def _logged_in(telegram: tg.Telegram) -> bool:
    """Whether both bots are there: a login each."""
    for _ in range(_POLLS):
        if (await telegram.counters())["logins"] > 1:
            return True
        await asyncio.sleep(_POLL)
    return False


async def _copied(telegram: tg.Telegram, document: int) -> None:
    """Returns when the channel has a copy; raises TimeoutError."""
    async with asyncio.timeout(_COPIED_WITHIN):
        while True:
            shown = await telegram.control("history", person=tg.PERSON, chat=tg.BIN_CHANNEL)
            files = [message["file"] for message in shown]
            if any(file is not None and file["id"] == document for file in files):
                return
            await asyncio.sleep(_POLL)
