"""What cannot be saved: decryption, its check, and a socket, in one process on one core.

Messages of 1 MiB are decrypted and checked with the implementation telpher chooses on this machine
and sent over loopback to a reader in this process. Nothing else happens: no TL, no HTTP, no event
loop, not even receiving. The frames are filled again outside the time that is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import threading
from dataclasses import dataclass
from tempfile import TemporaryFile
from time import perf_counter, thread_time
from typing import Final

from bench.machine import environment, pin
from telpher.telegram.crypto import HEADER, decrypt, encrypt

_SIZE: Final = 1 << 20
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds a GiB, and MB a second of elapsed time."""

    cpu_s_per_gib: float
    mb_s: float


async def cost(size: int, cores: frozenset[int]) -> Cost:
    """Measure it in a process of its own, pinned like a gateway. Raises OSError."""
    with TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare", str(max(1, size // _SIZE))),
            *map(str, sorted(cores)),
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        out, _ = await process.communicate()
        if process.returncode:
            log.seek(0)
            raise OSError(f"the bare row failed: {log.read().decode(errors='replace')}")
    cpu, rate = out.split()
    return Cost(float(cpu), float(rate))


def _drain(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    room = bytearray(_SIZE)
    with connection:
        while connection.recv_into(room):
            pass


def _work(messages: int, sink: socket.socket) -> tuple[float, float]:
    auth_key = os.urandom(256)
    sealed = encrypt(auth_key, os.urandom(_SIZE), from_client=False)
    frame = bytearray(sealed)
    view = memoryview(frame)
    cpu = elapsed = 0.0
    for _ in range(messages):
        frame[:] = sealed
        cpu_before, before = thread_time(), perf_counter()
        decrypt(auth_key, frame)
        sink.sendall(view[HEADER:])
        cpu += thread_time() - cpu_before
        elapsed += perf_counter() - before
    return cpu, elapsed


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("messages", type=int)
    parser.add_argument("cores", type=int, nargs="*")
    given = parser.parse_args()
    pin(frozenset(given.cores))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader = threading.Thread(target=_drain, args=(listener,))
        reader.start()
        with socket.create_connection(listener.getsockname()) as sink:
            cpu, elapsed = _work(given.messages, sink)
        reader.join()
    sent = given.messages * _SIZE
    sys.stdout.write(f"{cpu * _GIB / sent} {sent / elapsed / 1e6}\n")


if __name__ == "__main__":
    main()
