"""Keys, logins and exported authorisations in the cluster's memory."""

import os

import pytest

from tests.tgfake.small_world import SmallAccount
from tgfake.authkeys import SALT_PERIOD, AuthKey, Keyring
from tgfake.exchange import NewKey

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
    mine = [home.session(1), home.session(2), other.session(1)]
    foreign.session(3)
    assert list(ring.sessions(ANN, 2)) == mine
    assert home.session(1) is mine[0]


def test_idle_sessions_make_room(ring):
    key = add(ring, 2)
    for number in range(200):
        key.session(number)
    assert len(key.sessions) == 64
    assert 199 in key.sessions


def test_salts_change_every_half_hour_and_overlap(ring):
    key = add(ring, 2)
    assert key.accepts(77, NOW)
    assert not key.accepts(77, NOW + 3 * SALT_PERIOD)
    salt = key.salt(NOW)
    assert key.accepts(salt, NOW + SALT_PERIOD)
    assert not key.accepts(salt, NOW + 2 * SALT_PERIOD)
    future = key.future_salts(NOW, 3)
    assert [s.salt for s in future] == [key.salt(NOW + n * SALT_PERIOD) for n in range(3)]
    assert future[0].valid_since <= NOW < future[0].valid_until
