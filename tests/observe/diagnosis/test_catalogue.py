"""The catalogue as data: whole, safe to look through, and each entry proved by its error."""

import ast
import re
from pathlib import Path

import pytest

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.entry import CatalogueError, read_entry

PRODUCED = Path(__file__).parent / "produced"
ENTRIES = list(Catalogue.shipped())

GOOD = {
    "key": "a-key",
    "title": "It broke",
    "cause": "It was\n  old.",
    "remedy": "Buy another.",
    "match": [{"kinds": ["OSError"], "text": "broke .{0,20} in two"}],
}


def produced() -> set[str]:
    """What the tests beside say they produce (their fixture holds them to it)."""
    keys = set()
    for file in PRODUCED.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.produces":
                keys.update(_given(node, file))
    return keys


def _given(call: ast.Call, file: Path) -> list[str]:
    if isinstance(call.args[0], ast.Starred):  # a table of the module, by key
        name = ast.unparse(call.args[0].value)
        (table,) = [
            each.value
            for each in ast.parse(file.read_text()).body
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name
        ]
        return list(ast.literal_eval(table))
    return [ast.literal_eval(each) for each in call.args]


def test_there_are_many():
    assert len(ENTRIES) >= 40


def test_each_entry_has_a_test_that_produces_its_error():
    assert produced() == {each.key for each in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_it_is_told_in_plain_and_short_sentences(entry):
    assert len(entry.title) <= 70
    assert not entry.title.endswith(".")
    for text in (entry.cause, entry.remedy):
        assert 15 <= len(text) <= 300, text
        assert text[0].isupper() or text.startswith("telpher")
        assert text.endswith((".", "?"))


def test_no_expression_can_take_long():
    """Whatever the text: the engine's steps are bounded by the pattern's own length and gaps."""
    for entry in ENTRIES:
        for match in entry.matches:
            if match.text is not None:
                assert not re.search(r"(?<!\\)[*+]", match.text.pattern)


def test_what_is_special_is_not_hidden_by_what_is_general():
    keys = [each.key for each in ENTRIES]
    for special, general in [
        ("mongodb-refused", "mongodb-away"),
        ("telegram-refused", "telegram-unreachable"),
        ("certificate-expired", "certificate-not-trusted"),
        ("redis-away", "connection-refused"),
        ("channel-private", "body-broken-off"),
    ]:
        assert keys.index(special) < keys.index(general)


def test_an_entry_is_read():
    entry = read_entry(GOOD, "area")
    assert (entry.cause, entry.remedy, entry.harmless) == ("It was old.", "Buy another.", False)
    catalogue = Catalogue([entry])
    assert catalogue.get("a-key") is entry
    assert catalogue.diagnose(OSError("it BROKE clean in two")) is entry
    assert catalogue.diagnose(OSError("it bent")) is None
    assert catalogue.diagnose(ValueError("it broke clean in two")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "A key"},
        {"cause": ""},
        {"typo": "x"},
        {"match": []},
        {"match": [{}]},
        {"match": [{"errno": ["ENOSPC"]}]},
        {"match": [{"text": "(a+)+b"}]},
        {"match": [{"text": "a.*b"}]},
        {"match": [{"text": "a{2,}"}]},
        {"match": [{"text": "a.{0,900}b"}]},
        {"match": [{"text": "a.{0,9}b.{0,9}c.{0,9}d"}]},
    ],
    ids=str,
)
def test_what_is_not_an_entry_is_refused(wrong):
    with pytest.raises(CatalogueError):
        read_entry({**GOOD, **wrong}, "area")


def test_a_key_names_one_entry():
    with pytest.raises(CatalogueError):
        Catalogue([read_entry(GOOD, "a"), read_entry(GOOD, "b")])
