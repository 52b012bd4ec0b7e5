"""The machine: memory beside CHUNK_CACHE_MB, and how fast it decrypts."""

from __future__ import annotations

import importlib.util
import os
from typing import Final

from telpher.check.report import Finding, failed, ok, warning
from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.core.display import size
from telpher.errors import SettingsError
from telpher.telegram import crypto
from telpher.telegram.adapter.network import require_fast_crypto

_MIB: Final = 1 << 20

# What each process needs besides the bytes of files (docs/operations.md, "Limits").
_BESIDES: Final = 150 * _MIB

# One measurement: enough turns that the clock's steps do not count, short enough for one core.
_TURNS: Final = 16

# MB/s. A film of 20 Mbit/s is 2.5 MB/s: below this some forty viewers fill a core with decryption.
# cryptg on an old processor reaches it; pure Python does a hundredth.
_SLOW: Final = 100.0
_FILM: Final = 2.5

# The implementation that is always there, and whether the faster one was built.
_SLOWEST: Final = "cryptg"
_BUILT: Final = importlib.util.find_spec("telpher.telegram.crypto._fast") is not None


def memory(settings: Settings, limit: int) -> Finding:
    """`limit` is how much memory this process may use, in bytes."""
    budget = settings.chunk_cache_bytes(limit)
    there = f"{size(limit)} for this process, {size(budget)} of it for file bytes"
    besides = _BESIDES * settings.workers
    if limit < budget + besides:
        return warning(
            "memory",
            f"{there}: too little for the {size(besides)} that the rest may need.",
            f"Give it {size(besides * 2)}, or set CHUNK_CACHE_MB to at most "
            f"{max(1, (limit - besides) // _MIB)}.",
        )
    if settings.chunk_cache_mb * _MIB > budget and "chunk_cache_mb" in settings.model_fields_set:
        return warning(
            "memory",
            f"{there}: CHUNK_CACHE_MB={settings.chunk_cache_mb} is more than a quarter.",
            f"Set CHUNK_CACHE_MB={budget // _MIB}, or give it more memory.",
        )
    return ok("memory", f"{there}.")


def decryption(clock: Clock) -> Finding:
    """Measures one core; takes as long as 16 MiB do, some 30 ms."""
    name = "decryption"
    try:
        require_fast_crypto()
    except SettingsError as error:
        return failed(name, error.problems[0], "Without it nothing can be streamed.")
    return judged(crypto.IMPLEMENTATION, _measure(clock))


def judged(implementation: str, speed: float) -> Finding:
    """What a speed in MB/s means."""
    found = f"{speed:.0f} MB/s on one core ({implementation}), {int(speed / _FILM)} films at once"
    if speed < _SLOW:
        return warning(
            "decryption",
            f"{found}: slow.",
            "Take a machine whose processor has AES instructions if more people watch.",
        )
    if implementation == _SLOWEST and not _BUILT:
        return warning(
            "decryption",
            f"{found}: the faster extension was not built.",
            "Install gcc and Python's headers, then install telpher again.",
        )
    return ok("decryption", f"{found}.")


def _measure(clock: Clock) -> float:
    """MB/s, of packets as large as those that carry files."""
    key = os.urandom(256)
    packet = crypto.encrypt(key, os.urandom(_MIB), from_client=False)
    seconds = []
    for frame in [bytearray(packet) for _ in range(_TURNS)]:
        began = clock.monotonic()
        crypto.decrypt(key, frame)
        seconds.append(clock.monotonic() - began)
    # The best of them: others may have been interrupted by whatever else the machine does.
    return len(packet) / max(min(seconds), 1e-6) / 1e6
