"""What workers leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.core.tally import BytesServed
from telpher.crew.place import Place
from telpher.errors import StorageError
from telpher.jobs.delivery import Delivery
from telpher.jobs.heritage import Heritage
from telpher.service.journal import Journal
from telpher.storage.local import LocalStore
from tests.jobs.ledgers import FakeDatabase


async def noted(path: Path, count: int) -> None:
    """A worker that has served so many bytes, and was killed before it could tell."""
    async with LocalStore(path) as store:
        journal = Journal(store)
        journal.note(BytesServed(1, 99, count, 0))
        await journal.flush()


async def leave(work_dir: Path, number: int) -> Path:
    folder = work_dir / f"worker-{number}"
    (folder / "cache").mkdir(parents=True)
    (folder / "cache" / "page").write_bytes(b"bytes")
    (folder / "sessions").mkdir()
    await noted(folder / "local.sqlite3", 10**number)
    return folder


class Office:
    """Where counters are delivered to."""

    def __init__(self, work_dir: Path) -> None:
        self.database = FakeDatabase()
        own = LocalStore(work_dir / "local.sqlite3")
        self.deliver = Delivery(Journal(own), own, self.database, lambda _: None).deliver_all_of

    @property
    def served(self) -> int:
        return self.database.served


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_counters_of_workers_that_are_no_more_arrive_once(
    tmp_path: Path, office: Office
) -> None:
    folders = [await leave(tmp_path, number) for number in (1, 2, 3)]
    for _ in range(2):
        await Heritage(tmp_path, Place(0, 2), office.deliver).run()
        assert office.served == 10**2 + 10**3
    assert [sorted(each.name for each in folder.iterdir()) for folder in folders] == [
        ["cache", "local.sqlite3", "sessions"],
        ["sessions"],
        ["sessions"],
    ]
    await Heritage(tmp_path, Place(), office.deliver).run()
    assert office.served == 10 + 10**2 + 10**3


async def test_while_the_database_is_away_nothing_is_removed(
    tmp_path: Path, office: Office
) -> None:
    folder = await leave(tmp_path, 1)

    async def fail(_store: LocalStore) -> None:
        raise StorageError("away")

    with pytest.raises(StorageError):
        await Heritage(tmp_path, Place(), fail).run()
    assert (folder / "cache" / "page").exists()
    await Heritage(tmp_path, Place(), office.deliver).run()
    assert office.served == 10


async def test_others_leave_it_to_the_first(tmp_path: Path, office: Office) -> None:
    await leave(tmp_path, 5)
    await Heritage(tmp_path, Place(1, 2), office.deliver).run()
    assert office.served == 0


async def test_what_is_no_workers_folder_is_left_alone(tmp_path: Path, office: Office) -> None:
    caches = [
        tmp_path / name / "cache"
        for name in ("worker-", "worker-x", "worker-0", "worker-01", "my-worker-1", "elsewhere")
    ]
    for each in caches:
        each.mkdir(parents=True)
    (tmp_path / "worker-9").symlink_to(tmp_path / "elsewhere")
    await Heritage(tmp_path, Place(), office.deliver).run()
    assert all(each.exists() for each in caches)
