"""Documents that several make at the same moment."""

from __future__ import annotations

import asyncio

import pytest

from telpher.clock import SystemClock
from telpher.storage.mongo import MongoDatabase

pytestmark = pytest.mark.slow  # a server is started


async def test_all_that_make_one_document_at_once_hear_of_it(new_mongo):
    url = new_mongo()
    async with (
        MongoDatabase(url, SystemClock()) as here,
        MongoDatabase(url, SystemClock()) as there,
    ):
        # Rarely does one come in the midst of another: hence so many.
        for number in range(60):
            name = f"lease {number}"
            found = await asyncio.gather(
                *(each.leases.acquire(name, "us", 60) for each in (here, there) * 3)
            )
            assert {each.holder for each in found if each} == {"us"}
            assert None not in found
