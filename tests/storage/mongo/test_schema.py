"""The original bot's collection beside ours: read, put in order, and left to it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bson.objectid import ObjectId

from telpher.core.model import Person
from telpher.core.records import User
from telpher.core.tally import PersonSeen
from telpher.storage.base import FileOrder
from telpher.storage.mongo import MongoDatabase
from tests.storage.contract.makers import NOW, all_files, all_users, found, happen, person
from tests.storage.mongo.conftest import PATIENCE

pytestmark = pytest.mark.slow  # a server is started

JOINED = datetime(2023, 5, 1, 10, tzinfo=UTC)
SEEN = datetime(2024, 2, 2, 12, 30, tzinfo=UTC)

# When this id was made: 2023-11-14 22:13:20.
BORN = ObjectId("6553f1000000000000000001")


@pytest.fixture
async def prepared(url, clock):
    """Opens the database as a start of telpher would, and waits until it is in order."""

    async def open_and_close() -> None:
        async with MongoDatabase(url, clock, PATIENCE) as database:
            await database.prepared()

    return open_and_close


async def test_ids_are_unique_and_what_is_asked_for_has_an_index(raw, database):
    indexes = await raw["users"].index_information()
    assert indexes["id_1"]["unique"]
    keys = [index["key"][0][0] for index in indexes.values()]
    assert {"last_seen", "join_date", "name_key"} <= set(keys)
    links = await raw["telpher.links"].index_information()
    assert [("owner", 1), ("revoked", 1), ("created", -1), ("_id", -1)] in [
        [*index["key"]] for index in links.values()
    ]


async def test_preparing_again_changes_nothing(raw, database, prepared):
    await happen(database, PersonSeen(person(), NOW))
    before = [await raw["users"].find().to_list(), await raw["users"].index_information()]
    await prepared()
    assert [await raw["users"].find().to_list(), await raw["users"].index_information()] == before


async def test_a_user_of_the_original_is_read_whole(raw, database):
    await raw["users"].insert_one(
        {
            "id": 7,
            "username": "Ann_L",
            "first_name": "Ann",
            "last_name": None,
            "language_code": "de",
            "is_premium": None,
            "role": "user",
            "banned": False,
            "join_date": JOINED,
            "last_seen": SEEN,
            "total_streams": 4,
            "something": {"of": "theirs"},
        }
    )
    assert await database.users.get(7) == User(
        Person(7, "Ann", "", "Ann_L", "de"),
        join_date=JOINED.timestamp(),
        first_seen=0.0,
        last_seen=SEEN.timestamp(),
        total_streams=4,
    )


@pytest.mark.parametrize(
    "document",
    [
        {"id": 7},
        {"id": 7.0, "total_streams": 2.0, "first_name": 5, "banned": "no", "username": None},
        {"id": 7, "join_date": "nonsense", "last_seen": {}, "role": None, "bytes_served": "7"},
    ],
)
async def test_any_document_can_be_read_and_counted_for(raw, database, prepared, document):
    await raw["users"].insert_one(dict(document))
    found = await database.users.get(7)
    assert (found.person.user_id, found.banned, found.role) == (7, False, "user")
    assert await database.users.audience(0, 10) == [7]
    await prepared()
    assert await happen(database, PersonSeen(person(7), NOW)) == []
    found = await database.users.get(7)
    assert (found.person, found.last_seen) == (person(7), NOW)


async def test_a_user_of_the_original_is_not_new_and_keeps_what_is_its_own(raw, database):
    await raw["users"].insert_one({"id": 7, "join_date": JOINED, "something": "theirs"})
    assert await happen(database, PersonSeen(person(7), NOW)) == []
    found = await raw["users"].find_one({"id": 7})
    assert found["something"] == "theirs"
    assert isinstance(found["_id"], ObjectId)
    assert found["join_date"] == JOINED.replace(tzinfo=None)
    assert await raw["users"].count_documents({}) == 1


@pytest.mark.parametrize("written", [JOINED, JOINED.isoformat(), JOINED.timestamp()])
async def test_dates_become_dates_and_names_are_found(raw, prepared, database, written):
    await raw["users"].insert_one({"id": 7, "username": "Ann_L", "join_date": written})
    await raw["users"].insert_one(
        {"id": 8, "username": "", "join_date": datetime(2022, 1, 1, tzinfo=UTC)}
    )
    await prepared()
    assert (await database.users.named("ANN_l")).person.user_id == 7
    assert (await all_users(database))[0].join_date == JOINED.timestamp()


async def test_who_has_no_date_of_joining_gets_the_next_best(raw, prepared, database):
    await raw["users"].insert_many(
        [
            {"_id": BORN, "id": 1},
            {"id": 2, "last_seen": SEEN, "join_date": None},
            {"id": 3, "first_seen": JOINED, "last_seen": SEEN},
        ]
    )
    await prepared()
    found = [(user.person.user_id, user.join_date) for user in await all_users(database)]
    expected = {1: BORN.generation_time, 2: SEEN, 3: JOINED}
    assert dict(found) == {each: at.timestamp() for each, at in expected.items()}


async def test_users_that_were_written_several_times_become_one(raw, url, clock):
    later = {"id": 7, "first_name": "Ann", "join_date": SEEN, "last_seen": SEEN, "total_files": 1}
    first = {"id": 7, "first_name": "An", "join_date": JOINED, "last_seen": JOINED, "banned": True}
    await raw["users"].insert_many([first, later, {"id": 7, "total_files": 9}, {"id": 8}])
    async with MongoDatabase(url, clock, PATIENCE) as database:
        await database.prepared()
        found = await database.users.get(7)
        assert found.person.first_name == "Ann"
        assert found.join_date == JOINED.timestamp()
        assert found.last_seen == SEEN.timestamp()
        assert (found.banned, found.total_files) == (True, 9)
        assert (await database.users.counts(NOW)).total == 2
    assert (await raw["users"].index_information())["id_1"]["unique"]


async def test_documents_that_are_no_users_are_left_alone(raw, url, clock):
    await raw["users"].insert_many([{"settings": 1}, {"settings": 2}])
    async with MongoDatabase(url, clock, PATIENCE) as database:
        await database.prepared()
        assert await happen(database, PersonSeen(person(7), NOW)) == [7]
        assert [user.person.user_id for user in await all_users(database)] == [7]
        assert await database.users.audience(0, 9) == [7]
    assert await raw["users"].count_documents({"settings": {"$exists": True}}) == 2


async def test_an_index_of_somebody_elses_is_left_as_it_is(raw, url, clock):
    await raw["users"].create_index("last_seen", name="last_seen_-1", sparse=True)
    async with MongoDatabase(url, clock, PATIENCE) as database:
        await database.prepared()
    assert (await raw["users"].index_information())["last_seen_-1"]["sparse"]


async def test_files_of_before_they_had_dates_are_listed_and_found(raw, prepared, database):
    about = {"chat_id": 1, "message_id": 2, "size": 3, "bytes_served": 4, "markers": {}}
    played = {"_id": 5, "name": "Film.MKV", "plays": 6, **about}
    await raw["telpher.files"].insert_many([played, {**played, "_id": 6, "plays": 0}])
    await prepared()
    for order in FileOrder:
        assert [each.document_id for each in await all_files(database, order, "m.mk")] == [5]
    before = (await database.files.get(5)).created
    assert before > NOW
    await prepared()
    assert (await database.files.get(5)).created == before


async def test_people_of_before_are_found_by_their_names(raw, prepared, database):
    ann = {"id": 7, "username": "Ann_L", "first_name": "Ann", "last_name": "Lee"}
    await raw["users"].insert_many([ann, {"id": 8, "first_name": None, "username": 5}])
    await prepared()
    for text in ("@ann", "ann lee", "lee", "7"):
        assert [each.person.user_id for each in await found(database, text)] == [7]
