"""The process that takes one frame: `python -m telpher.thumbnails.helper`, told what by the server.

It locks itself in before it sees a byte of the file. From then on it can open nothing: with no file
descriptor to be had there are no files, no pipes and no other sockets. Nor are there threads or
processes of its own, or the rights of root. It has so much memory and so many seconds of CPU time,
no secrets (its environment is empty), and gives way to everything else on the machine. Whatever
goes wrong in it, it dies, and the server is told by the end of the connection.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Final

from telpher.thumbnails import camera, wire
from telpher.thumbnails.piped import RationedFile

# Beyond what is mapped once FFmpeg is loaded: a few pictures of 4K (12 MB each), or one of 8K.
MEMORY: Final = 512 << 20

# Opening a film and decoding one picture takes 0.1 s, of a large one 0.5 s.
CPU_SECONDS: Final = 10


# Who has no rights: what containers run as root is not root in here.
_NOBODY: Final = 65534


def lock_in() -> None:
    """Gives up whatever a decoder does not need, for good."""
    os.nice(19)
    with contextlib.suppress(OSError):  # where the machine runs out of memory, this goes first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + MEMORY,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))
    with contextlib.suppress(OSError):  # not root, or not allowed even that
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def main() -> None:
    """Takes the frame that is ordered."""
    to_server, from_server = sys.stdout.buffer, sys.stdin.buffer
    camera.load()
    lock_in()
    size, longest = wire.ORDER.unpack(from_server.read(wire.ORDER.size))
    picture = camera.take(RationedFile(size, to_server, from_server), longest)
    if picture is None:
        to_server.write(wire.NOTHING)
    else:
        to_server.write(wire.PICTURE + wire.COUNT.pack(len(picture)) + picture)
    to_server.flush()


if __name__ == "__main__":
    main()
