"""Two bots, one of them flooded in mid-stream: the other takes over."""

from __future__ import annotations

import asyncio
from typing import Final

from bench import telegram as tg
from bench.cases.faults import FLOOD_OF_TWO, suffer
from bench.cases.naming import fault_case
from bench.stage import Stage

SETTINGS: Final = {
    "EXTRA_BOT_TOKENS": tg.TELPHER_SECOND.token,
    "BIN_CHANNEL": f"@{tg.BIN_CHANNEL}",
}
"""telpher's settings for a second bot."""
_POLLS: Final = 50  # five seconds for the second bot to log in
_POLL: Final = 0.1


async def measure(stage: Stage) -> None:
    """telpher's row; the others know no second bot."""
    if not await _logged_in(stage.telegram):
        case = fault_case(stage.profile, FLOOD_OF_TWO.name)
        stage.row(case, stage.telpher).note("not yet: telpher logs in with one bot only")
        return
    await suffer(stage, stage.telpher, FLOOD_OF_TWO)


async def _logged_in(telegram: tg.Telegram) -> bool:
    """Whether both bots are there: a login each."""
    for _ in range(_POLLS):
        if (await telegram.counters())["logins"] > 1:
            return True
        await asyncio.sleep(_POLL)
    return False
