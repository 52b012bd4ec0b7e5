"""Authorisation keys: the salts that they take."""

from tgfake.authkeys import SALT_PERIOD, AuthKey

NOW = 1_700_000_000.0


def test_salts_change_every_half_hour_and_overlap():
    key = AuthKey(bytes(256), 2, 77, NOW)
    assert key.accepts(77, NOW)
    assert not key.accepts(77, NOW + 3 * SALT_PERIOD)
    salt = key.salt(NOW)
    assert key.accepts(salt, NOW + SALT_PERIOD)
    assert not key.accepts(salt, NOW + 2 * SALT_PERIOD)
    future = key.future_salts(NOW, 3)
    assert [s.salt for s in future] == [key.salt(NOW + n * SALT_PERIOD) for n in range(3)]
    assert future[0].valid_since <= NOW < future[0].valid_until
