"""Redis: there, away, refusing, slow."""

from __future__ import annotations

import pytest

from telpher.check import counts
from telpher.check.report import Status
from telpher.clock import SystemClock
from telpher.errors import StorageError
from tests.check.house import Patient
from tests.ports import free_ports
from tests.redis_server import redis


@pytest.mark.system
async def test_one_that_answers(tmp_path):
    async with redis(tmp_path) as socket:
        (found,) = await counts.look(f"unix://{socket}", SystemClock())
    assert found.name == "Redis"
    assert "answers within" in found.found


async def test_one_that_is_away_fails_alone(patient: Patient):
    found = await patient.examined(redis_url=f"redis://:hunter22@127.0.0.1:{free_ports()}")
    assert found.failed == {"Redis"}, found.lines
    assert found["Redis"].remedy
    assert "hunter22" not in found.lines


@pytest.mark.system
async def test_one_that_wants_another_password(tmp_path):
    port = free_ports()
    async with redis(tmp_path, port):
        with pytest.raises(StorageError, match="as it should"):
            await counts.look(f"redis://:wrong@127.0.0.1:{port}", SystemClock())


async def test_without_redis_url_nobody_asks(patient: Patient):
    assert "Redis" not in await patient.examined()


def test_slow_is_slower_than_telpher_waits():
    assert counts.judged(0.002).status is Status.OK
    assert counts.judged(0.4).status is Status.WARNING
