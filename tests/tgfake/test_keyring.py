"""Keys, logins and exported authorisations in the cluster's memory."""

import os

import pytest

from tests.tgfake.small_world import SmallAccount
from tgfake.authkeys import AuthKey
from tgfake.exchange import NewKey
from tgfake.keyring import Keyring

NOW = 1_700_000_000.0
ANN = SmallAccount(7, "7:token")


@pytest.fixture
def ring():
    return Keyring()


def add(ring: Keyring, dc: int, lifetime: int | None = None) -> AuthKey:
    return ring.add(dc, NewKey(os.urandom(256), 77, lifetime), NOW)


def test_a_key_belongs_to_one_data_centre(ring):
    key = add(ring, 2)
    assert ring.find(2, key.wire_id, NOW) is key
    assert ring.find(4, key.wire_id, NOW) is None
    assert ring.get(2, key.id) is key
    ring.destroy(key)
    assert ring.find(2, key.wire_id, NOW) is None


def test_a_temporary_key_expires(ring):
    key = add(ring, 2, lifetime=60)
    ring.log_in(key, ANN)
    assert ring.find(2, key.wire_id, NOW + 59) is key
    assert ring.find(2, key.wire_id, NOW + 61) is None
    assert ring.logins(ANN) == []


def test_a_login_spreads_and_ends_as_one(ring):
    home, foreign = add(ring, 2), add(ring, 4)
    login = ring.log_in(home, ANN)
    ring.carry(ring.redeem(ring.export(login, 4), 4), foreign)
    assert foreign.account is home.account is ANN
    ring.end(login)
    assert (home.account, foreign.account, ring.logins(ANN)) == (None, None, [])


def test_losing_one_key_leaves_the_others(ring):
    home, foreign = add(ring, 2), add(ring, 4)
    ring.carry(ring.log_in(home, ANN), foreign)
    ring.unbind(foreign)
    assert home.account is ANN
    ring.unbind(home)
    assert ring.logins(ANN) == []


def test_an_export_is_for_one_place_and_one_time(ring):
    login = ring.log_in(add(ring, 2), ANN)
    assert ring.redeem(ring.export(login, 4), 5) is None
    secret = ring.export(login, 4)
    assert ring.redeem(secret, 4) is login
    assert ring.redeem(secret, 4) is None
    secret = ring.export(login, 4)
    ring.end(login)
    assert ring.redeem(secret, 4) is None


def test_sessions_of_an_account(ring):
    home, foreign, other = add(ring, 2), add(ring, 4), add(ring, 2)
    ring.carry(ring.log_in(home, ANN), foreign)
    ring.log_in(other, ANN)
    mine = [ring.session(home, 1), ring.session(home, 2), ring.session(other, 1)]
    ring.session(foreign, 3)
    assert list(ring.sessions(ANN, 2)) == mine
    assert ring.session(home, 1) is mine[0]


def test_a_session_is_forgotten_alone_or_with_its_key(ring):
    home, other = add(ring, 2), add(ring, 2)
    for key in home, other:
        ring.log_in(key, ANN)
    gone = ring.session(home, 1)
    assert ring.forget_session(home, 1)
    assert not ring.forget_session(home, 1)
    assert ring.session(home, 1) is not gone
    kept = ring.session(other, 1)
    ring.destroy(home)
    assert list(ring.sessions(ANN, 2)) == [kept]
    assert not ring.forget_session(home, 1)


def test_idle_sessions_make_room(ring):
    key = add(ring, 2)
    ring.log_in(key, ANN)
    for number in range(200):
        ring.session(key, number)
    kept = [session.session_id for session in ring.sessions(ANN, 2)]
    assert kept == list(range(136, 200))
