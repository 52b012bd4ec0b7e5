"""Values and dialogues."""

from __future__ import annotations

from telpher.core.records import Dialogue, Value
from tests.storage.contract.makers import ANN, BOB, NOW


async def test_a_value_is_set_replaced_and_dropped(database):
    values = database.values
    assert await values.get("epoch") is None
    await values.put("epoch", b"1", NOW)
    await values.put("banner start", bytes(range(256)) * 4000, NOW + 0.5)
    await values.put("epoch", b"", NOW + 1)
    assert await values.get("epoch") == Value(b"", NOW + 1)
    assert await values.get("banner start") == Value(bytes(range(256)) * 4000, NOW + 0.5)
    assert await values.get("banner") is None
    await values.drop("epoch")
    await values.drop("epoch")
    assert await values.get("epoch") is None
    assert await values.get("banner start") is not None


async def test_everybody_has_one_dialogue(database):
    dialogues = database.dialogues
    assert await dialogues.get(ANN, NOW) is None
    first = Dialogue(ANN, "text", '{"a": 1}', NOW + 10)
    await dialogues.put(first)
    await dialogues.put(Dialogue(BOB, "other", "{}", NOW + 10))
    assert await dialogues.get(ANN, NOW) == first
    second = Dialogue(ANN, "confirm", '{"a": 2}', NOW + 20)
    await dialogues.put(second)
    assert await dialogues.get(ANN, NOW) == second
    await dialogues.drop(ANN)
    await dialogues.drop(ANN)
    assert await dialogues.get(ANN, NOW) is None
    assert await dialogues.get(BOB, NOW) is not None


async def test_a_dialogue_is_over_at_its_time(database):
    dialogues = database.dialogues
    await dialogues.put(Dialogue(ANN, "text", "{}", NOW + 10))
    assert await dialogues.get(ANN, NOW + 9.5) is not None
    assert await dialogues.get(ANN, NOW + 10) is None
    assert await dialogues.get(ANN, NOW + 11) is None
