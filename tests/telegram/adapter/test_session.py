"""A session to text and back, and what the library sees of it."""

import json

import pytest
from telethon.crypto import AuthKey
from telethon.tl import types

from telpher.telegram.adapter import session as module
from telpher.telegram.adapter.session import AccountSession
from telpher.telegram.custody.state import UpdateState
from telpher.telegram.servers import DcAddress

KEY = AuthKey(bytes(range(256)))
STATE = UpdateState(1, 2, 3, 4, {5: 6, 7: 8})


def full() -> AccountSession:
    session = AccountSession()
    session.set_dc(2, "127.0.0.1", 443)
    session.keep_login(KEY, 99, "telpher_bot")
    session.keep_media_key(4, bytes(256))
    session.process_entities(users((7, 70)))
    return session


def users(*pairs: tuple[int, int]) -> types.contacts.ResolvedPeer:
    found = [types.User(id=number, access_hash=access) for number, access in pairs]
    return types.contacts.ResolvedPeer(None, [], found)


def test_all_of_it_comes_back() -> None:
    again = AccountSession()
    again.restore(full().dump())

    assert again.home == DcAddress(2, "127.0.0.1", 443)
    assert again.key == KEY.key
    assert again.auth_key == KEY
    assert (again.user_id, again.username) == (99, "telpher_bot")
    assert again.media_key(4) == bytes(256)
    assert again.media_key(5) is None
    assert again.access_hash(7) == 70
    assert again.dump() == full().dump()


def test_a_new_one_comes_back_too() -> None:
    again = AccountSession()
    again.restore(AccountSession().dump())

    assert again.key is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"version":3}',
        json.dumps(json.loads(full().dump()) | {"key": "AAAA"}),
        json.dumps(json.loads(full().dump()) | {"key": "not base64!"}),
        json.dumps(json.loads(full().dump()) | {"version": 1, "state": [1], "channels": []}),
        json.dumps(json.loads(full().dump()) | {"peers": 5}),
        json.dumps(json.loads(full().dump()) | {"home": None}),
    ],
)
def test_what_is_no_session_changes_nothing(text: str) -> None:
    session = full()
    before = session.dump()
    with pytest.raises(ValueError):  # noqa: PT011 - json's and base64's own are as good
        session.restore(text)

    assert session.dump() == before


def test_changes_are_counted_and_nothing_else() -> None:
    session = full()
    revision, peers = session.revision, session.peers_revision
    session.process_entities(users((7, 70)))
    assert (session.revision, session.peers_revision) == (revision, peers)

    session.process_entities(users((7, 71)))
    assert (session.revision, session.peers_revision) == (revision, peers + 1)

    session.keep_media_key(4, None)
    session.drop_login()
    assert session.revision == revision + 2
    assert session.media_key(4) is None
    assert session.key is None


def test_keys_are_forgotten_all_at_once() -> None:
    session = full()
    session.drop_keys()

    assert session.key is None
    assert session.media_key(4) is None
    assert session.access_hash(7) == 70


def test_another_bot_does_not_inherit_what_was_met() -> None:
    session = full()
    session.keep_login(KEY, 100, "other_bot")

    assert session.access_hash(7) == 0


def test_an_older_version_kept_how_far_updates_were_handled_here() -> None:
    old = json.loads(full().dump()) | {"version": 1} | STATE.dump()
    session = AccountSession()

    assert session.restore(json.dumps(old)) == STATE
    assert session.key == KEY.key
    assert AccountSession().restore(session.dump()) is None


def test_channels_are_remembered_longer_than_users() -> None:
    session = AccountSession()
    channels = [types.Channel(each, "c", None, None, access_hash=each) for each in range(1, 4)]
    session.process_entities(types.contacts.ResolvedPeer(None, channels, []))
    count = module.MOST_PEERS
    session.process_entities(users(*((number, 1) for number in range(1, count + 9))))
    kept = [session.access_hash(-(10**12) - each) for each in range(1, 4)]

    assert kept == [1, 2, 3]
    assert session.access_hash(11) == 0
    assert session.access_hash(12) == 1


def test_peers_are_bounded_and_the_oldest_go_first() -> None:
    session = AccountSession()
    count = module.MOST_PEERS
    session.process_entities(users(*((number, 1) for number in range(1, count + 1))))
    session.process_entities(users((1, 1)))
    session.process_entities(users((count + 1, 1)))

    assert session.access_hash(1) == 1
    assert session.access_hash(2) == 0
    assert session.access_hash(count + 1) == 1


def test_whom_another_session_has_met_is_older_than_what_is_known_here() -> None:
    other, session = AccountSession(), AccountSession()
    other.process_entities(users((7, 71), (8, 80)))
    session.process_entities(users((7, 70), (9, 90)))
    session.meet(other.dump_peers())

    assert [session.access_hash(each) for each in (7, 8, 9)] == [70, 80, 90]
    assert session.key is None
    with pytest.raises(ValueError):  # noqa: PT011 - json's own is as good
        session.meet('{"a": 1}')
    session.process_entities(users(*((number, 1) for number in range(10, module.MOST_PEERS + 9))))
    assert [session.access_hash(each) for each in (8, 9)] == [0, 90]


def test_hashes_that_may_not_be_used_elsewhere_are_not_kept() -> None:
    session = AccountSession()
    partial = types.User(id=7, access_hash=70, min=True)
    channel = types.Channel(5, "c", types.ChatPhotoEmpty(), None, access_hash=50)
    session.process_entities(types.contacts.ResolvedPeer(None, [channel], [partial]))

    assert session.access_hash(7) == 0
    assert session.access_hash(-1000000000005) == 50


def test_update_states_are_kept_from_the_library() -> None:
    session = full()
    session.set_update_state(0, types.updates.State(9, 9, None, 9, 0))

    assert session.get_update_states() == ()


def test_nothing_secret_is_shown() -> None:
    assert "AAEC" not in repr(full())
