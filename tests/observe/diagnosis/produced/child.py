"""A Python of its own, for what would harm the one that runs the tests."""

import subprocess
import sys


def complaint(code: str) -> str:
    """What a process that runs `code` says at its end, which is to be a bad one."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode != 0, done.stdout
    return done.stderr
