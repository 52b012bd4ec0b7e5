"""The troubles of several workers."""

from __future__ import annotations

from pathlib import Path

from telpher.clock import FakeClock
from telpher.crew.place import Place
from telpher.crew.telephone import Telephone
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.gathered import Gathered
from telpher.observe.troubles import Sighting, Troubles

PATIENCE = 60.0


async def test_the_same_trouble_is_one_however_many_had_it(tmp_path: Path) -> None:
    catalogue, clock = Catalogue.shipped(), FakeClock()
    full = catalogue.get("disk-full")
    telephones, noted, gathered = [], [], []
    for number in range(2):
        telephone = Telephone(Place(number, 2, meeting=tmp_path), clock, PATIENCE)
        await telephone.open()
        telephones.append(telephone)
        noted.append(Troubles())
        gathered.append(Gathered(noted[number], telephone, catalogue))
    noted[0].note(Sighting("odd", "telpher.web", "ERROR", 5.0, kind="OSError", stack=("a", "b")))
    for at, troubles in ((10.0, noted[1]), (20.0, noted[0]), (30.0, noted[1])):
        troubles.note(Sighting("no space", "telpher.storage", "ERROR", at, full))
    there = await gathered[1].recent()
    assert there == await gathered[0].recent()
    space, odd = there
    assert (space.count, space.first, space.last, space.diagnosis) == (3, 10.0, 30.0, full)
    assert odd == noted[0].recent()[1]
    for each in telephones:
        await each.close()
    assert [each.count for each in await gathered[1].recent()] == [2]
