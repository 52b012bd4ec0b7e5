from __future__ import annotations

import pytest

from telpher.streaming.budget import cache_budget, memory_limit

MIB = 1 << 20


@pytest.mark.parametrize(("limit", "budget"), [(None, 256), (4096, 256), (512, 128), (256, 64)])
def test_at_most_a_quarter_of_the_limit(limit, budget):
    assert cache_budget(256 * MIB, limit and limit * MIB) == budget * MIB


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "536870912\n"}, 536870912),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/b/memory.max": "max\n"}, 1000),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/b/memory.max": "900"}, 900),
        ("5:memory:/c\n1:cpu:/c\n", {"memory/c/memory.limit_in_bytes": "77\n"}, 77),
        ("5:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("odd\n", {}, None),
        ("", {"memory.max": "rubbish"}, None),
    ],
)
def test_the_smallest_limit_above_the_process(tmp_path, own, files, limit):
    write(tmp_path, files)
    (tmp_path / "own").write_text(own)
    assert memory_limit(tmp_path, tmp_path / "own") == limit


def test_no_cgroups_at_all(tmp_path):
    assert memory_limit(tmp_path, tmp_path / "missing") is None
