"""What tests of logs share."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the logs go; afterwards everything is as it was before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
