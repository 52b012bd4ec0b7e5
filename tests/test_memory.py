from __future__ import annotations

import psutil
import pytest

from telpher.memory import memory_limit

MACHINE = psutil.virtual_memory().total


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "536870912\n"}, 536870912),
        ("0::/\n", {"memory.max": "max\n"}, MACHINE),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/b/memory.max": "max\n"}, 1000),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/b/memory.max": "900"}, 900),
        ("5:memory:/c\n1:cpu:/c\n", {"memory/c/memory.limit_in_bytes": "77\n"}, 77),
        ("5:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, MACHINE),
        ("odd\n", {}, MACHINE),
        ("", {"memory.max": "rubbish"}, MACHINE),
    ],
)
def test_the_smallest_limit_above_the_process(tmp_path, own, files, limit):
    write(tmp_path, files)
    (tmp_path / "own").write_text(own)
    assert memory_limit(tmp_path, tmp_path / "own") == limit


def test_no_cgroups_at_all(tmp_path):
    assert memory_limit(tmp_path, tmp_path / "missing") == MACHINE
