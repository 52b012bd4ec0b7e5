"""Errors that are produced here for real, and what the catalogue makes of them.

A test names the entries that it produces, and the `diagnosed` that it is given accepts these alone:

    @pytest.mark.produces("disk-full")
    def test_...(diagnosed):
        with pytest.raises(OSError) as caught:
            Path("/dev/full").write_text("x")
        diagnosed(caught.value)
"""

import asyncio
import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import structlog

from telpher.observe import logs
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.troubles import Troubles

# Seconds; far more than anything here takes.
PATIENCE = 60.0


@dataclass
class Diagnosed:
    """What the test produces: errors it hands in, or entries of the log."""

    wanted: frozenset[str]
    troubles: Troubles
    found: set[str] = field(default_factory=set)
    catalogue: Catalogue = field(default_factory=Catalogue.shipped)

    def __call__(self, error: BaseException | None = None, text: str = "", where: str = "") -> None:
        entry = self.catalogue.diagnose(error, text, where)
        assert entry is not None, f"nobody knows {error!r} {text!r}"
        assert entry.key in self.wanted, f"taken for {entry.key}: {error!r} {text!r}"
        self.found.add(entry.key)

    def known(self) -> set[str]:
        """The diagnoses of all that was logged so far."""
        return {each.diagnosis.key for each in self.troubles.recent() if each.diagnosis}

    async def logged(self) -> None:
        """Waits until the log has them all."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def told() -> None:
            loop.call_soon_threadsafe(news.set)

        self.troubles.follow(told)
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.wanted <= self.known():
                    news.clear()
                    await news.wait()
        except TimeoutError:
            seen = [(each.summary, each.diagnosis) for each in self.troubles.recent()]
            raise AssertionError(f"the log has only {seen}") from None
        finally:
            self.troubles.leave(told)
        self.found |= self.wanted


@contextlib.contextmanager
def _listening() -> Iterator[Troubles]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    troubles = Troubles()
    logs.setup("INFO", "json", stream=io.StringIO(), troubles=troubles)
    try:
        yield troubles
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


@pytest.fixture
def diagnosed(request) -> Iterator[Diagnosed]:
    keys = [key for mark in request.node.iter_markers("produces") for key in mark.args]
    assert keys, "the test does not say what it produces"
    with _listening() as troubles:
        each = Diagnosed(frozenset(keys), troubles)
        yield each
    assert each.found == each.wanted, f"not produced: {each.wanted - each.found}"
