"""Memory and decryption: what figures mean. They are this machine's only where nothing is asserted
about them."""

from __future__ import annotations

import pytest

from telpher.check import machine
from telpher.check.report import Status
from telpher.clock import FakeClock, SystemClock
from telpher.config.settings import Settings

MIB = 1 << 20


@pytest.mark.parametrize(
    ("limit", "settings", "status", "words"),
    [
        (4096, {}, Status.OK, "256.00 MB of it"),
        (512, {}, Status.OK, "128.00 MB of it"),
        (512, {"chunk_cache_mb": 256}, Status.WARNING, "CHUNK_CACHE_MB=256"),
        (512, {"chunk_cache_mb": 64}, Status.OK, "64.00 MB of it"),
        (160, {}, Status.WARNING, "too little"),
        (1024, {"workers": 4}, Status.OK, "256.00 MB of it"),
        (768, {"workers": 4}, Status.WARNING, "600.00 MB that the rest"),
    ],
)
def test_memory(limit: int, settings: dict[str, int], status: Status, words: str) -> None:
    found = machine.memory(Settings(**settings), limit * MIB)
    assert (found.status, words in found.found) == (status, True)


def test_a_remedy_for_memory_is_one_that_helps() -> None:
    found = machine.memory(Settings(), 180 * MIB)
    least = int(found.remedy.rpartition(" ")[2].strip("."))
    assert machine.memory(Settings(chunk_cache_mb=least), 180 * MIB).status is Status.OK


def test_decryption_is_measured_and_named() -> None:
    found = machine.decryption(SystemClock())
    assert "MB/s on one core" in found.found


def test_a_clock_that_stands_still_breaks_nothing() -> None:
    assert machine.decryption(FakeClock()).name == "decryption"


def test_slow_decryption_is_warned_of() -> None:
    found = machine.judged("cryptg", 9.0)
    assert found.status is Status.WARNING
    assert "3 films at once" in found.found
    assert machine.judged("aes-ni", 800.0).status is Status.OK
