"""Freed buffers stay with the process: counted in pages that the kernel had to bring again."""

import subprocess
import sys
from pathlib import Path

from telpher import heap

ROOT = Path(__file__).parents[1]

CHURN = """
import resource, sys
from telpher import heap

if sys.argv[1:] == ["held"]:
    assert heap.hold()

def use() -> None:
    several = [bytearray(1 << 20) for _ in range(16)]
    for each in several:
        each[::4096] = bytes(256)

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    environ = {"PYTHONPATH": str(ROOT / "src")}
    told = subprocess.check_output([sys.executable, "-c", CHURN, *arguments], env=environ)
    return int(told)


def test_buffers_are_faulted_in_once() -> None:
    pages = 16 * 256
    assert faults("held") < pages
    assert faults() > 5 * pages


def test_it_may_be_asked_for_again() -> None:
    assert heap.hold()
    assert heap.hold()
