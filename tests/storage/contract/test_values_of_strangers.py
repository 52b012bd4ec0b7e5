"""Texts and numbers that nobody checked: kept as they are, and never understood as anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telpher.core.model import MessageRef
from telpher.core.records import Dialogue
from telpher.core.tally import BytesServed, LinkMade, PersonSeen, PlayBegun
from telpher.storage.base import PageKey
from tests.storage.contract.makers import (
    ANN,
    NOW,
    all_users,
    entry,
    happen,
    job,
    link,
    made,
    person,
    playlist,
    seen,
    user,
)

TEXTS = [
    "Robert'); DROP TABLE users;--",
    "' OR '1'='1",
    '{"$gt": ""}',
    "$where",
    "$set",
    "a.b.$c",
    "%_[a]*?",
    "nul \0 inside",
    "\0",
    "tab\tline\nreturn\r bell\x07 delete\x7f",
    "\u202egnp.exe",
    "\ufeffbom",
    "e\u0301 \u00e9 \u00df \u0130",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0010ffff",
    "<b>&amp;</b> *_`[](x) \\ \"'",
    " spaces ",
    "x" * 5000,
]
BROKEN = ["\ud800", "a\udfff", "\udc00\ud800z"]
LARGE = [1 << 63, -(1 << 63) - 1, 1 << 64, 10**100, -(10**100)]
EDGES = [(1 << 63) - 1, -(1 << 63), 0, -1, 1 << 53, (1 << 31), -1_009_999_999_999]


@pytest.mark.parametrize("text", TEXTS)
async def test_names_come_back_as_they_came(database, text):
    somebody = person(ANN, text, last_name=text, username=text, language_code=text)
    await happen(
        database,
        PersonSeen(somebody, NOW),
        LinkMade(link(1, name=text, playlist=text)),
        PlayBegun(1, 5, MessageRef(ANN, 1), text, 1, NOW),
        writer=text,
    )
    await database.users.merge([replace(user(12), role=text)])
    assert (await database.users.get(ANN)).person == somebody
    assert (await database.users.named(text)).person == somebody
    assert (await database.users.get(12)).role == text
    assert (await database.links.get(1)).name == text
    assert (await database.ledger.popular(1))[0].name == text
    assert await database.links.revoke_playlist(text, NOW) == 1


@pytest.mark.parametrize("text", TEXTS)
async def test_keys_and_texts_come_back_as_they_came(database, text):
    about = {"name": text, "title": text, "performer": text, "mime_type": text}
    whole = playlist(text, title=text, entries=[entry(1, **about)])
    await database.playlists.put(whole)
    assert list((await database.playlists.get(text)).entries) == whole.entries
    task = job(text, kind=text, plan=text, progress=text)
    await database.jobs.add(task)
    assert await database.jobs.unfinished(text) == [task]
    await database.values.put(text, text.encode(), NOW)
    assert (await database.values.get(text)).data == text.encode()
    lease = await database.leases.acquire(text, text, 3600)
    assert (lease.name, lease.holder) == (text, text)
    assert await database.sessions.save(text, 1, b"x")
    assert await database.sessions.load(text) == b"x"
    dialogue = Dialogue(ANN, text, text, NOW + 1)
    await database.dialogues.put(dialogue)
    assert await database.dialogues.get(ANN, NOW) == dialogue


@pytest.mark.parametrize("text", TEXTS)
async def test_looking_for_a_text_finds_that_text_only(database, text):
    await seen(database, person(ANN))
    await made(database, link(1, playlist="p"))
    await database.playlists.put(playlist("p"))
    await database.jobs.add(job())
    await database.values.put("v", b"x", NOW)
    await database.sessions.save("s", 1, b"x")
    assert await database.users.named(text) is None
    assert await database.playlists.get(text) is None
    assert await database.jobs.get(text) is None
    assert await database.jobs.recent(text, 9) == []
    assert not await database.jobs.cancel(text)
    assert await database.values.get(text) is None
    assert await database.sessions.load(text) is None
    assert await database.links.revoke_playlist(text, NOW) == 0
    await database.values.drop(text)
    assert await database.values.get("v") is not None


@pytest.mark.parametrize("text", BROKEN)
async def test_what_is_no_text_is_kept_as_replacement_characters(database, text):
    clean = "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)
    somebody = person(ANN, text, last_name=text, username=text, language_code=text)
    await happen(
        database,
        PersonSeen(somebody, NOW),
        LinkMade(link(1, name=text, playlist=text)),
        PlayBegun(1, 5, MessageRef(ANN, 1), text, 1, NOW),
        writer=text,
    )
    await database.users.merge([replace(user(12), role=text)])
    assert (await database.users.named(text)).person.first_name == clean
    assert (await database.users.get(12)).role == clean
    assert (await database.links.get(1)).name == clean
    assert (await database.ledger.popular(1))[0].name == clean
    assert await database.links.revoke_playlist(text, NOW) == 1
    await database.playlists.put(playlist(text, title=text, entries=[entry(1, name=text)]))
    assert (await database.playlists.get(text)).entries[0].info.name == clean
    await database.jobs.add(job(text, kind=text, plan=text))
    assert (await database.jobs.get(text)).plan == clean
    await database.values.put(text, b"x", NOW)
    assert (await database.values.get(text)).data == b"x"
    lease = await database.leases.acquire(text, text, 3600)
    assert await database.leases.renew(lease, 3600)
    assert await database.leases.acquire(text, text, 3600) == lease
    assert await database.sessions.save(text, 1, b"x")
    await database.dialogues.put(Dialogue(ANN, text, text, NOW + 1))
    assert (await database.dialogues.get(ANN, NOW)).step == clean
    await database.copies.give_up(MessageRef(1, 1), text)


@pytest.mark.parametrize("number", EDGES)
async def test_numbers_of_64_bits_come_back_as_they_came(database, number):
    await happen(
        database,
        PersonSeen(person(number), NOW),
        LinkMade(link(1, owner=number, document_id=number, ref=MessageRef(number, number))),
        PlayBegun(1, number, MessageRef(number, number), "x", abs(number) >> 1, NOW),
        BytesServed(1, number, 1 << 60, NOW),
    )
    assert (await database.users.get(number)).bytes_served == 1 << 60
    assert await database.links.of_owner(number, 9) == [await database.links.get(1)]
    assert (await database.links.get(1)).ref == MessageRef(number, number)
    [popular] = await database.ledger.popular(9)
    assert (popular.document_id, popular.size) == (number, abs(number) >> 1)
    assert await database.users.set_banned(number, True, NOW)
    ref = MessageRef(number, number)
    await database.copies.want([ref])
    assert await database.copies.wanted(1) == [ref]
    await database.copies.keep({ref: ref})
    assert await database.copies.place(ref) == ref


@pytest.mark.parametrize("number", LARGE)
async def test_larger_numbers_are_nobodys(database, number):
    await seen(database, person(ANN))
    await made(database, link(1))
    users, links = database.users, database.links
    assert await users.get(number) is None
    assert not await users.set_banned(number, True, NOW)
    await users.set_blocked([number, ANN], True)
    assert (await users.get(ANN)).blocked_bot
    assert await links.get(number) is None
    assert await links.of_owner(number, 9) == []
    assert not await links.revoke(number, NOW)
    assert not await links.revoke(1, NOW, owner=number)
    assert await links.revoke_playlist("p", NOW, owner=number) == 0
    assert await database.ledger.used(number, 0) == 0
    assert await database.ledger.used(ANN, number) == 0
    assert await database.dialogues.get(number, NOW) is None
    await database.dialogues.drop(number)
    for ref in (MessageRef(number, 1), MessageRef(1, number)):
        assert await database.copies.place(ref) is None
        await database.copies.postpone(ref)


@pytest.mark.parametrize("number", LARGE)
async def test_pages_may_begin_at_any_number(database, number):
    await database.users.merge([user(ANN)])
    await made(database, link(1))
    await database.links.revoke(1, NOW)
    await made(database, link(2), writer="again")
    key = PageKey(NOW, number)
    beyond = number > 0
    assert await database.users.page(9, key) == (await all_users(database) if beyond else [])
    listed = await database.links.of_owner(ANN, 9, key)
    assert [each.link_id for each in listed] == ([2] if beyond else [])
    denials = await database.links.denials(0, 9, key)
    assert [each.link_id for each in denials] == ([] if beyond else [1])
    assert await database.users.audience(number, 9) == ([] if beyond else [ANN])
