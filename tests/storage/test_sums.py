from __future__ import annotations

from telpher.core.model import MessageRef, Person
from telpher.core.records import LinkRecord
from telpher.core.tally import (
    AnswerBegan,
    BatchMade,
    BytesServed,
    ErrorShown,
    FileSum,
    HourSum,
    LinkMade,
    LinkRevoked,
    PersonSeen,
    PlayBegun,
    UserSum,
    tally,
)
from telpher.storage import sums
from telpher.storage.sums import Kind

REF = MessageRef(-1001234567890, 42)
LINK = LinkRecord(2**63 - 1, 7, REF, 1.5, 0, 3, 99, "film 🎬.mkv", 10)
EVERYTHING = [
    PersonSeen(Person(7, "Ann", "Lee", "ann", "en", True), 10.25),
    LinkMade(LINK),
    LinkRevoked(5, 12.5),
    BatchMade(7, 11),
    PlayBegun(LINK.link_id, 99, REF, "film", 10, 12),
    BytesServed(LINK.link_id, 99, 2**40, 13),
    ErrorShown("busy", 14),
    AnswerBegan(0.25, 15),
]


def test_a_tally_comes_back_as_it_was():
    total = tally(EVERYTHING)
    written = [(key, sums.write(value)) for key, value in sums.parts(total)]
    assert len(written) == len(total)
    assert sums.whole((key, sums.read(key, text)) for key, text in written) == total


def test_sums_add_up_to_what_their_events_do():
    one, other = tally(EVERYTHING), tally(EVERYTHING[3:])
    rows = dict(sums.parts(one))
    for key, value in sums.parts(other):
        rows[key] = sums.added(rows.get(key), value)
    assert sums.whole(rows.items()) == tally([*EVERYTHING, *EVERYTHING[3:]])


def test_half_a_character_in_a_name_is_no_reason_to_lose_a_person():
    total = tally([PersonSeen(Person(7, "A\ud800nn"), 10)])
    ((key, value),) = sums.parts(total)
    read = sums.read(key, sums.write(value))
    assert isinstance(read, UserSum)
    assert read.person == Person(7, "A?nn")


def test_a_sum_of_another_version_is_read_as_far_as_it_goes():
    assert sums.read((Kind.USER, 7), b'{"files": 3, "later": 1}') == UserSum(files=3)


def test_sums_of_before_there_were_errors_by_key_and_last_plays():
    old = b'{"streams": 1, "bytes_served": 2, "files": 3, "batches": 4, "errors": 5}'
    hour = sums.read((Kind.HOUR, 0), old)
    assert hour == HourSum(1, 2, 3, 4, 5)
    more = tally([ErrorShown("busy", 14), AnswerBegan(0.25, 15)]).hours[0]
    assert sums.added(hour, more) == HourSum(1, 2, 3, 4, 6, 1, 250, {"busy": 1})
    assert sums.read((Kind.FILE, 99), b'{"plays": 2}') == FileSum(plays=2)


def test_what_is_no_sum_is_passed_over():
    assert sums.read((Kind.USER, 7), b"\xff{") is None
    assert sums.read((Kind.MADE, 7), b"{}") is None
