from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core import legacy
from telpher.core.legacy import UnreadableError, merged, read

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
JOINED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def user(**fields):
    return read({"user_id": 7, **fields}, None, NOW).user


def test_a_whole_record():
    record = {
        "user_id": 7,
        "username": "@ann",
        "first_name": " Ann ",
        "last_name": None,
        "language_code": "de",
        "is_premium": True,
        "role": "admin",
        "banned": False,
        "join_date": JOINED,
        "last_seen": "2025-01-01T00:00:00Z",
        "blocked_bot": 1,
        "total_streams": 3,
        "total_files": "4",
        "total_batch_requests": 5.0,
        "bytes_served": 2**40,
        "anything": object(),
    }
    reading = read(record, None, NOW)
    assert reading.passed_over == ()
    found = reading.user
    person = found.person
    assert (person.user_id, person.first_name, person.last_name) == (7, "Ann", "")
    assert (person.username, person.language_code, person.is_premium) == ("ann", "de", True)
    assert (found.role, found.banned, found.blocked_bot) == ("admin", False, True)
    assert found.join_date == found.first_seen == JOINED.timestamp()
    assert found.last_seen == datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    assert (found.total_streams, found.total_files, found.total_batch_requests) == (3, 4, 5)
    assert found.bytes_served == 2**40


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"id": 7}, None),
        ({"_id": 7}, None),
        ({"userId": "7"}, None),
        ({"telegram_id": 7.0}, None),
        ({"User-ID": " 7 "}, None),
        ({"_id": {"$oid": "64a0"}, "user_id": {"$numberLong": "7"}}, None),
        ({"_id": "64a0f", "id": 7}, None),
        ({"user_id": None, "id": 7}, None),
        ({}, "7"),
        ({"name": "Ann"}, "7"),
        ({"id": 7}, "8"),
        (7, None),
        ("7", None),
        ("Ann", "7"),
    ],
)
def test_who_it_is_about(record, key):
    assert read(record, key, NOW).user.person.user_id == 7


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({}, None),
        ({"name": "Ann"}, None),
        ({"user_id": -100123}, None),
        ({"user_id": 0}, None),
        ({"user_id": True}, None),
        ({"user_id": 2**52}, None),
        ({"user_id": 7.5}, None),
        ({"user_id": "seven"}, None),
        ({"user_id": float("nan")}, None),
        ({"user_id": [7]}, None),
        ([7], None),
        (None, None),
        ({}, "users"),
    ],
)
def test_nobody(record, key):
    with pytest.raises(UnreadableError):
        read(record, key, NOW)


@pytest.mark.parametrize(
    "value",
    [
        JOINED,
        JOINED.replace(tzinfo=None),
        JOINED.astimezone(timezone(timedelta(hours=5))),
        JOINED.timestamp(),
        int(JOINED.timestamp()),
        str(int(JOINED.timestamp())),
        JOINED.timestamp() * 1000,
        JOINED.timestamp() * 1e6,
        "2024-05-06T07:08:09",
        "2024-05-06 07:08:09",
        "2024-05-06 07:08:09 UTC",
        "2024-05-06T07:08:09.000Z",
        "2024-05-06T09:08:09+02:00",
        "Mon, 06 May 2024 07:08:09 GMT",
        {"$date": "2024-05-06T07:08:09Z"},
        {"$date": {"$numberLong": str(int(JOINED.timestamp()) * 1000)}},
    ],
)
def test_times_in_every_form(value):
    assert user(join_date=value).join_date == JOINED.timestamp()


@pytest.mark.parametrize(
    "value", ["yesterday", "", 0, -1, True, [], "9999-12-31", 1e300, float("nan"), {"a": 1}]
)
def test_a_time_that_is_none_is_passed_over_and_the_user_is_not(value):
    reading = read({"id": 7, "join_date": value, "last_seen": JOINED}, None, NOW)
    assert reading.passed_over == ("joindate",)
    assert reading.user.join_date == JOINED.timestamp()


def test_without_any_time_somebody_joined_now_and_was_never_seen():
    found = user()
    assert (found.join_date, found.first_seen, found.last_seen) == (NOW, NOW, 0.0)


@pytest.mark.parametrize(
    ("value", "banned"),
    [
        *((value, True) for value in (True, "true", 1, {"is_banned": True, "ban_reason": "x"})),
        *((value, False) for value in (False, "no", 0, None, {"is_banned": False})),
    ],
)
def test_bans(value, banned):
    assert user(ban_status=value).banned is banned


def test_what_is_not_understood_is_named():
    record = {"id": 7, "total_files": [1], "username": 5, "is_premium": "perhaps"}
    assert set(read(record, None, NOW).passed_over) == {"totalfiles", "username", "ispremium"}


def test_two_records_of_one_person_are_the_richer_half_of_both():
    old = user(
        first_name="Ann",
        join_date=JOINED,
        last_seen=JOINED,
        total_files=9,
        banned=True,
        role="admin",
    )
    new = user(first_name="Anna", join_date=NOW, last_seen=NOW, total_files=4, total_streams=2)
    both = merged(old, new)
    assert both == merged(new, old)
    assert (both.person.first_name, both.join_date, both.last_seen) == (
        "Anna",
        JOINED.timestamp(),
        NOW,
    )
    assert (both.total_files, both.total_streams, both.banned, both.role) == (9, 2, True, "admin")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$date", "$oid", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = sorted({*legacy._ID, *legacy._JOINED, *legacy._BANNED, *legacy._FILES, *legacy._USERNAME})


@given(
    record=anything | st.dictionaries(st.sampled_from(NAMES), anything),
    key=st.none() | st.text(max_size=5),
)
def test_nothing_but_unreadable_is_ever_raised(record, key):
    try:
        found = read(record, key, NOW).user
    except UnreadableError:
        return
    assert 0 < found.person.user_id < 2**52
    assert 0 < found.join_date <= NOW
    assert found.total_files >= 0
