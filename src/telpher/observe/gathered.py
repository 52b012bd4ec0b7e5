"""The troubles of all workers, as one list: the same trouble at several of them is one, seen as
often as all have seen it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from telpher.crew.telephone import Telephone
from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.troubles import Trouble, Troubles

_QUESTION: Final = "troubles"


class Gathered:
    """Asks the others, and tells them of those noted here."""

    def __init__(self, troubles: Troubles, telephone: Telephone, catalogue: Catalogue) -> None:
        self._troubles = troubles
        self._telephone = telephone
        self._catalogue = catalogue
        telephone.answer(_QUESTION, lambda _asked: [_told(each) for each in troubles.recent()])

    async def recent(self) -> list[Trouble]:
        """All that is remembered by those who answer, the newest first."""
        answers = await self._telephone.ask_all(_QUESTION)
        there = (self._heard(each) for answer in answers.values() for each in answer or ())
        return _merged([*self._troubles.recent(), *there])

    def _heard(self, told: Mapping[str, Any]) -> Trouble:
        key = told["diagnosis"]
        entry = self._catalogue.get(key) if key else None
        return Trouble(**{**told, "stack": tuple(told["stack"]), "diagnosis": entry})


def _told(trouble: Trouble) -> dict[str, Any]:
    """As JSON: of the diagnosis its key."""
    key = trouble.diagnosis.key if trouble.diagnosis else None
    return {**asdict(replace(trouble, diagnosis=None)), "diagnosis": key}


def _merged(troubles: Iterable[Trouble]) -> list[Trouble]:
    known: dict[str, Trouble] = {}
    for each in sorted(troubles, key=lambda trouble: trouble.last):
        other = known.pop(each.key, None)
        known[each.key] = each if other is None else _together(other, each)
    return list(reversed(known.values()))


def _together(older: Trouble, newer: Trouble) -> Trouble:
    return replace(
        newer,
        count=older.count + newer.count,
        first=min(older.first, newer.first),
        guess=newer.guess or older.guess,
    )
