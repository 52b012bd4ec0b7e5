"""A small run of the database's benchmark: every question is asked and told. No timing."""

from __future__ import annotations

import pytest
from bench.database import measure


@pytest.mark.timeout(600)
async def test_every_question_is_answered(capsys):
    await measure("sqlite", 200)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("sqlite: 200 users and 100 links")
    rows = [line for line in told if line.endswith(" MiB")]
    assert len(rows) > 15
    assert all(line.count(" ms") == 2 for line in rows)
    cold = [line for line in told if line.endswith(" ms cold")]
    assert len(cold) > 15
