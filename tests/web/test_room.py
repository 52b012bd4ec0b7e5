"""Open files: asked for in a process of its own, whose limits are nobody else's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from telpher.web.room import LEAST, RESERVE

SCRIPT = """
import resource, sys
from telpher.web.room import make_room
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(make_room(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "told", "after"),
    [
        (300, 1000, 500, 500, 500 + RESERVE),
        (300, 600, 500, 600 - RESERVE, 600),
        (1000, 1000, 100, 100, 1000),
        (300, 300, 500, LEAST, 300),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    soft: int, hard: int, wanted: int, told: int, after: int
) -> None:
    asked = [sys.executable, "-c", SCRIPT, *map(str, (soft, hard, wanted))]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(told), str(after), str(hard)]
