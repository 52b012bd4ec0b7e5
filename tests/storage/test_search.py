import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.model import Person
from telpher.storage.search import (
    Field,
    beyond,
    file_search_key,
    keys_of,
    name_search_key,
    search_of,
)

TEXTS = st.text(max_size=8) | st.text("a\ud7ff\ue000\U0010ffff", max_size=4)


@given(TEXTS.filter(bool), TEXTS)
def test_what_begins_so_is_below_and_what_does_not_is_not_in_between(prefix, other):
    assert prefix <= prefix + other < beyond(prefix)
    inside = prefix <= other < beyond(prefix)
    assert inside == other.startswith(prefix)


def test_keys_are_without_case_composition_and_spaces():
    assert name_search_key(" A\u0301NN \n Lee\0") == "\u00e1nn lee"
    assert name_search_key("\uff21nn") == "ann"
    assert keys_of(Person(1, "Ann", "LEE", "Ann_L")) == ("ann_l", "ann lee", "lee")
    assert keys_of(Person(1, "")) == ("", "", "")
    assert len(name_search_key("x" * 999)) == 64
    assert len(file_search_key("x" * 999)) == 255


@pytest.mark.parametrize(
    ("text", "number", "word", "fields"),
    [
        ("", None, "", []),
        ("@", None, "", []),
        ("Ann L", None, "ann l", [Field.USERNAME, Field.NAME, Field.LAST_NAME]),
        (" @Ann ", None, "ann", [Field.USERNAME]),
        ("42", 42, "42", [Field.USERNAME, Field.NAME, Field.LAST_NAME]),
        ("@42", None, "42", [Field.USERNAME]),
        ("9" * 19, None, "9" * 19, [Field.USERNAME, Field.NAME, Field.LAST_NAME]),
        ("\u0664", None, "\u0664", [Field.USERNAME, Field.NAME, Field.LAST_NAME]),
    ],
)
def test_what_is_typed_says_where_to_look(text, number, word, fields):
    wanted = search_of(text)
    assert (wanted.number, wanted.first, [*wanted.fields]) == (number, word, fields)
