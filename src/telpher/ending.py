"""How the process ends: because it was told to stop, or to begin anew.

A restart is a stop after which the same process loads the program again (`restart`): its id stays,
so whoever watches over it (./run, a container, systemd) sees nothing, and no policy is needed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

# EX_TEMPFAIL of sysexits.h: the end of a restart that could not load the program again. Policies
# such as Docker's "on-failure" and systemd's Restart=on-failure start it.
FAILED_RESTART: Final = 75


class Ending:
    """Asked for once at most; whoever stops a restart that is under way stops it for good."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.again = False

    def stop(self) -> None:
        """The process is to end."""
        self.again = False
        self._asked.set()

    def restart(self) -> None:
        """It is to end and to begin anew."""
        if not self._asked.is_set():
            self.again = True
            self._asked.set()

    async def asked(self) -> None:
        """Waits for either."""
        await self._asked.wait()


def restart() -> None:
    """Loads the program again as it was started; returns only where that is impossible: end with
    FAILED_RESTART then."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 ourselves
    except OSError as error:
        sys.stderr.write(f"telpher cannot start itself again: {error.strerror}\n")
