"""Work for a client that may leave at any moment.

ASGI tells of a client that has gone only to those who ask: `receive` then returns
`http.disconnect`. It returns the same once the answer is complete, so one pending `receive` per
request serves both ends, and the work needs one task of its own to be cancelled with. Nine in ten
ranges are abandoned (players.md 2), most while bytes are still on their way from Telegram: asking
only between two sends would notice too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Runs `work`, which sends one complete answer or raises, and cancels it if the client leaves.

    `work` must have nothing left to await once the last message of its answer is sent. What it
    raises comes out as it is.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            worker = tasks.create_task(work, name="http-answer")
            while (await receive())["type"] != "http.disconnect":
                pass  # A body nobody asked for: read and dropped.
            worker.cancel()
    except ExceptionGroup as failures:
        # The group held one task, so there is one failure: whoever renders errors expects it bare.
        raise failures.exceptions[0] from None
