"""Dies by SIGKILL while it delivers: python -m tests.jobs.child DISK LEDGER POINT."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

from telpher.clock import FakeClock
from telpher.core.model import MessageRef
from telpher.core.records import LinkRecord
from telpher.core.tally import BytesServed, LinkMade, Tally
from telpher.jobs.delivery import Delivery
from telpher.service.journal import Journal
from telpher.storage.local import LocalStore
from telpher.storage.sqlite import SqliteDatabase
from telpher.storage.sqlite.file import SqliteFile
from telpher.storage.sqlite.links import SqliteLinks

_TABLE = (
    "CREATE TABLE applied (writer TEXT, number INTEGER, bytes INTEGER, UNIQUE (writer, number))"
)


class SqliteLedger:
    """The bytes of each batch, in a file; is its own ledger and links."""

    def __init__(self, path: Path, die: str = "") -> None:
        self._file = SqliteFile(path, (_TABLE,))
        self._die = die

    async def __aenter__(self) -> SqliteLedger:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._file.close()

    @property
    def ledger(self) -> SqliteLedger:
        return self

    @property
    def links(self) -> SqliteLedger:
        return self

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        count = sum(link.bytes_served for link in tally.links.values())

        def change(connection: sqlite3.Connection) -> None:
            row = (writer, number, count)
            connection.execute("INSERT OR IGNORE INTO applied VALUES (?, ?, ?)", row)
            _die_if(self._die == "within")

        _die_if(self._die == "sealed")
        await self._file.write(change)
        _die_if(self._die == "applied")
        return []

    async def revoke(self, link_id: int) -> bool:
        return True


class RealLedger:
    """The database itself, around whose calls it dies."""

    def __init__(self, path: Path, die: str) -> None:
        self._database = SqliteDatabase(path, FakeClock())
        self._die = die

    async def __aenter__(self) -> RealLedger:
        await self._database.__aenter__()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._database.__aexit__(None, None, None)

    @property
    def ledger(self) -> RealLedger:
        return self

    @property
    def links(self) -> SqliteLinks:
        return self._database.links

    async def apply(self, writer: str, number: int, tally: Tally) -> list[int]:
        _die_if(self._die == "sealed")
        new = await self._database.ledger.apply(writer, number, tally)
        _die_if(self._die == "applied")
        return new


def _die_if(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(disk: str, ledger: str, point: str) -> None:
    """Notes ten bytes and delivers, until the point at which it dies."""
    kind = RealLedger if Path(ledger).name == "telpher.sqlite3" else SqliteLedger
    async with LocalStore(Path(disk)) as store, kind(Path(ledger), point) as database:
        journal = Journal(store)
        if point == "kept":
            await _keep(journal)
        journal.note(BytesServed(1, 99, 10, 0))
        await journal.flush()
        _die_if(point == "noted")
        await Delivery(journal, store, database, lambda _people: None).deliver()
        _die_if(point == "delivered")


async def _keep(journal: Journal) -> None:
    record = LinkRecord(5, 7, MessageRef(7, 1), 1.5, 0, 0, 99, "a.mp4", 10)
    writing = asyncio.create_task(journal.run())
    await journal.kept(LinkMade(record))
    _die_if(not writing.done())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
