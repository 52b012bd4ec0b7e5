"""How fast a message of 1 MiB is decrypted and checked, by each implementation that works here.

    python bench/crypto.py

GB/s of 10^9 bytes, the median of several runs, wall-clock time; with two threads the sum of both,
which says something only where two cores are idle: 2.0x is the most, 1.0x means a held GIL.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Barrier
from time import perf_counter

from telpher.telegram.crypto import Cipher, ciphers
from telpher.telegram.crypto.envelope import decrypt, encrypt

SIZE = 1 << 20
MESSAGES = 32  # a run: some 40 ms each
RUNS = 9


def worker(
    cipher: Cipher, auth_key: bytes, sealed: bytes
) -> Callable[[Barrier], tuple[float, float]]:
    """Decrypts fresh copies of one frame; what it gives is when it began and when it ended."""
    frames = [bytearray(sealed) for _ in range(MESSAGES)]

    def run(together: Barrier) -> tuple[float, float]:
        for frame in frames:
            frame[:] = sealed
        together.wait()
        begin = perf_counter()
        for frame in frames:
            decrypt(cipher, auth_key, frame)
        return begin, perf_counter()

    return run


def rate(cipher: Cipher, threads: int) -> float:
    """GB/s of all threads together."""
    auth_key = os.urandom(256)
    sealed = encrypt(cipher, auth_key, os.urandom(SIZE), from_client=False)
    workers = [worker(cipher, auth_key, sealed) for _ in range(threads)]
    rates: list[float] = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(RUNS):
            together = Barrier(threads)
            times = list(pool.map(lambda work, barrier=together: work(barrier), workers))
            seconds = max(end for _, end in times) - min(begin for begin, _ in times)
            rates.append(threads * MESSAGES * SIZE / seconds / 1e9)
    return median(rates)


def main() -> None:
    sys.stdout.write(f"{'':16}{'1 thread':>10}{'2 threads':>10}\n")
    for cipher in ciphers():
        one, two = rate(cipher, 1), rate(cipher, 2)
        sys.stdout.write(f"{cipher.name:16}{one:10.2f}{two:10.2f}{two / one:8.1f}x\n")


if __name__ == "__main__":
    main()
