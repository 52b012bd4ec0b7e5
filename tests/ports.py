"""Ports for tests that must know them before anybody listens."""

from __future__ import annotations

import itertools
import os
import socket

# Below the range from which systems choose ports by themselves, so that no connection takes one
# between its being found and its being used.
_LOWEST, _HIGHEST = 20_000, 32_000

# Of several processes that test side by side each has ports of its own.
_WHICH = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_OF = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))

_candidates = itertools.cycle(range(_LOWEST + 10 * _WHICH, _HIGHEST, 10 * _OF))


def free_ports(count: int = 1) -> int:
    """The first of `count` (at most 10) ports in a row that nobody listens on."""
    # Each process begins elsewhere, and each call goes on: two never look at the same ports.
    for _ in range(os.getpid() % ((_HIGHEST - _LOWEST) // 10)):
        next(_candidates)
    for first in itertools.islice(_candidates, (_HIGHEST - _LOWEST) // 10 // _OF):
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
