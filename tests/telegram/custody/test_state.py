"""How far updates were handled: kept and compared."""

import json

import pytest

from telpher.telegram.custody.state import UpdateState, farther, restored

STATE = UpdateState(10, 2, 1_700_000_000, 3, {7: 70, 8: 80})


def test_it_is_kept_as_json():
    assert restored(json.loads(json.dumps(STATE.dump()))) == STATE
    assert restored(None) is None
    assert restored({"state": None, "channels": []}) is None


@pytest.mark.parametrize("saved", [{}, {"state": [1]}, {"state": [1, 2, 3, 4]}, 5])
def test_anything_else_is_refused(saved):
    with pytest.raises((ValueError, KeyError, TypeError)):
        restored(saved)


def test_the_farther_one_holds_each_channel_for_itself():
    other = UpdateState(12, 1, 1_700_000_001, 4, {8: 79, 9: 90})
    both = UpdateState(12, 1, 1_700_000_001, 4, {7: 70, 8: 80, 9: 90})

    assert farther(STATE, other) == both
    assert farther(other, STATE) == both
    assert farther(STATE, None) == STATE
    assert farther(None, STATE) == STATE
    assert farther(None, None) is None
