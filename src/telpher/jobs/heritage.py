"""What workers have left behind in WORK_DIR that are no more, since WORKERS was lowered.

    WORK_DIR/worker-3/local.sqlite3   counters that were on their way: delivered under that writer's
                                      name and numbers, each exactly once, and removed then
    WORK_DIR/worker-3/cache           bytes of files: removed
    WORK_DIR/worker-3/sessions, ...   stay: some kilobytes that save a login when it is back

The first worker has WORK_DIR itself, and does this; the claim on WORK_DIR keeps everybody else out.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from telpher.crew.place import Place
from telpher.storage.local import LocalStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_NAME: Final = re.compile(r"worker-([1-9][0-9]{0,3})")
_COUNTERS: Final = "local.sqlite3"
_CACHE: Final = "cache"

Deliver = Callable[[LocalStore], Awaitable[None]]


class Heritage:
    """See the module. `deliver` brings all that is in a store to the database, or raises
    StorageError."""

    def __init__(self, work_dir: Path, place: Place, deliver: Deliver) -> None:
        self._work_dir = work_dir
        self._place = place
        self._deliver = deliver

    async def run(self) -> None:
        """A job that ends when nothing is left. Raises StorageError: then it begins again."""
        if self._place.number:
            return
        for folder in await asyncio.to_thread(list, self._left()):
            path = folder / _COUNTERS
            if path.exists():
                async with LocalStore(path) as store:
                    await self._deliver(store)
            await asyncio.to_thread(_remove, folder)
            _log.info("a worker that is no more has left nothing behind", folder=folder.name)

    def _left(self) -> Iterator[Path]:
        """The folders of such workers in which there is something yet."""
        for folder in sorted(self._work_dir.glob("worker-*")):
            named = _NAME.fullmatch(folder.name)
            if not named or int(named[1]) < self._place.of or folder.is_symlink():
                continue
            if any((folder / each).exists() for each in (_COUNTERS, _CACHE)):
                yield folder


def _remove(folder: Path) -> None:
    """As much as the disk lets us; the next start tries again."""
    shutil.rmtree(folder / _CACHE, ignore_errors=True)
    for each in folder.glob(f"{_COUNTERS}*"):
        each.unlink(missing_ok=True)
