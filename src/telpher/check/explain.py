"""What to do about an error that an examination ran into: the catalogue's word before its own."""

from __future__ import annotations

from collections.abc import Callable

from telpher.observe.diagnosis.catalogue import Catalogue

# The remedy for an error, or what is handed in as the second where nobody knows one.
Explain = Callable[[BaseException, str], str]


def from_catalogue(catalogue: Catalogue) -> Explain:
    """What the catalogue knows of errors."""

    def explain(error: BaseException, otherwise: str) -> str:
        entry = catalogue.diagnose(error)
        return entry.remedy if entry else otherwise

    return explain
