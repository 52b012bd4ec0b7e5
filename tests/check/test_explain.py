"""The catalogue's remedy where it knows the error, else the examination's own."""

from __future__ import annotations

from telpher.check.explain import from_catalogue
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.diagnosis.entry import read_entry

ENTRY = {
    "key": "odd",
    "title": "Odd",
    "cause": "It is odd.",
    "remedy": "Make it even.",
    "match": [{"kinds": ["ZeroDivisionError"]}],
}


def test_what_the_catalogue_knows_is_said() -> None:
    explain = from_catalogue(Catalogue([read_entry(ENTRY, "machine")]))
    assert explain(ZeroDivisionError(), "Try again.") == "Make it even."
    assert explain(ValueError(), "Try again.") == "Try again."
