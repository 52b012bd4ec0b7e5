"""Viewers that cost as little as can be: curl, a process each, whose bytes nobody looks at. They
run on this process's cores.

Where several cores serve, one Python process could not read as much as they send.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.process import EndedError

_PATIENCE: Final = 300.0  # seconds; a run takes some


@dataclass(frozen=True, slots=True)
class Errand:
    """One viewer: the same address `times` over, of it the first `length` bytes or all, no oftener
    than `per_second`."""

    url: str
    times: int
    length: int | None = None
    per_second: int | None = None


async def received(errands: Sequence[Errand]) -> list[int]:
    """The bytes that each of them got, all at once; raises EndedError where one did not get all."""
    return await asyncio.gather(*(_run(errand) for errand in errands))


async def _run(errand: Errand) -> int:
    program = shutil.which("curl")
    if program is None:
        raise EndedError("curl is not installed")
    options = ["-sS", "--fail", "--noproxy", "*", "-w", "%{size_download}\n"]
    if errand.length is not None:
        options += ["-r", f"0-{errand.length - 1}"]
    if errand.per_second is not None:
        options += ["--rate", f"{errand.per_second}/s"]
    each = ["-o", "/dev/null", errand.url]
    process = await asyncio.create_subprocess_exec(
        program,
        *(*options, *each * errand.times),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            said, trouble = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise EndedError(f"curl: {trouble.decode(errors='replace').strip()}")
    return sum(int(line) for line in said.split())
