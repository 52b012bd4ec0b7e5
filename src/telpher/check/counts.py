"""Redis, where REDIS_URL is set: whether it answers as fast as telpher needs it to."""

from __future__ import annotations

import importlib
from typing import Any, Final

from telpher.check.report import Finding, failed, ok, warning
from telpher.clock import Clock
from telpher.errors import StorageError
from telpher.instances.server import NO_CLIENT, PATIENCE

NAME: Final = "Redis"

# Seconds to connect and to answer: far more than telpher at work allows, so that slow is told from
# away.
_LONGEST: Final = 5.0


async def look(url: str, clock: Clock) -> list[Finding]:
    """Raises StorageError when it refuses, or when nobody is there."""
    try:
        client_library: Any = importlib.import_module("redis.asyncio")
        errors: Any = importlib.import_module("redis.exceptions")
    except ImportError:
        return [
            failed(
                NAME,
                *NO_CLIENT,
            )
        ]
    client = client_library.from_url(
        url, socket_connect_timeout=_LONGEST, socket_timeout=_LONGEST, retry=None
    )
    try:
        await client.ping()
        began = clock.monotonic()
        await client.ping()
        seconds = clock.monotonic() - began
    except errors.RedisError as error:
        raise StorageError(f"does not answer as it should: {error}") from error
    finally:
        await client.aclose()
    return [judged(seconds)]


def judged(seconds: float) -> Finding:
    """What the time of one answer means."""
    found = f"answers within {max(1, round(seconds * 1000))} ms"
    if seconds > PATIENCE:
        return warning(
            NAME,
            f"{found}: telpher waits {PATIENCE * 1000:.0f} ms, then each instance counts alone.",
            "Choose one in the same data centre.",
        )
    return ok(NAME, f"{found}.")
