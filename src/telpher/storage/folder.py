"""WORK_DIR: made, found to be writable, and kept for one process at a time.

Two processes that share it would share the bot's session, and Telegram ends a session that is used
from two places at once (AUTH_KEY_DUPLICATED). The claim is a lock of the kernel's, so it ends with
the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from telpher.errors import SettingsError

_LOCK = "telpher.lock"
_LOOK_AGAIN_AFTER = 0.1


@contextlib.contextmanager
def claimed(
    folder: Path, patience: float = 0.0, on_wait: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """`folder`, for nobody else as long as the context lasts, or anybody who inherited the
    descriptor that it gives.

    While another telpher has it this waits, at most about `patience` seconds, after `on_wait` was
    called once: that one may be on its way out. Raises SettingsError when the folder cannot be
    written, or is not given up in time.
    """
    with _lock_file(folder) as file:
        if not _lock(file):
            on_wait()
            _wait(file, folder, patience)
        yield file.fileno()


@contextlib.contextmanager
def _lock_file(folder: Path) -> Iterator[TextIO]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _LOCK).open("a", encoding="ascii")
    except OSError as error:
        raise SettingsError(
            [
                f"WORK_DIR='{folder}': cannot be written ({error.strerror}). "
                "Name a folder that this user may write to."
            ]
        ) from None
    with file:
        yield file


def _wait(file: TextIO, folder: Path, patience: float) -> None:
    for _ in range(round(patience / _LOOK_AGAIN_AFTER)):
        time.sleep(_LOOK_AGAIN_AFTER)
        if _lock(file):
            return
    raise SettingsError(
        [
            f"WORK_DIR='{folder}': another telpher is using it. "
            "Stop that one, or give this one a folder of its own."
        ]
    )


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks (some network ones): nobody can be kept out there.
        return True
    return True
