"""The list of troubles: each once, counted, bounded."""

import threading

from telpher.observe.diagnosis.catalogue import Catalogue
from telpher.observe.troubles import LONGEST, UNKNOWN, Sighting, Troubles


def seen(summary: str = "it failed", at: float = 1.0, **more: object) -> Sighting:
    fields = {"where": "telpher.web", "level": "error", **more}
    return Sighting(summary=summary, at=at, **fields)


def test_the_same_trouble_is_listed_once_with_a_count() -> None:
    troubles = Troubles()
    for at, number in enumerate((7, 81, 333)):
        troubles.note(seen(f"user {number} at '/a/b{number}': refused", at))
    (trouble,) = troubles.recent()
    assert (trouble.count, trouble.first, trouble.last) == (3, 0, 2)
    assert trouble.summary == "user 333 at '/a/b333': refused"
    assert (trouble.where, trouble.level) == ("telpher.web", "error")


def test_what_differs_is_told_apart_the_newest_first() -> None:
    troubles = Troubles()
    entry = next(iter(Catalogue.shipped()))
    troubles.note(seen("one"))
    troubles.note(seen("two"))
    troubles.note(seen("one", where="telpher.bot"))
    troubles.note(seen("one", kind="OSError"))
    troubles.note(seen("one", diagnosis=entry))
    troubles.note(seen("two"))
    assert [each.summary for each in troubles.recent()] == ["two", "one", "one", "one", "one"]
    assert troubles.recent()[1].diagnosis is entry
    assert len({each.key for each in troubles.recent()}) == 5


def test_the_one_not_seen_for_longest_makes_room() -> None:
    troubles = Troubles(most=2)
    for word in ("one", "two", "one", "three"):
        troubles.note(seen(word))
    assert [each.summary for each in troubles.recent()] == ["three", "one"]


def test_a_long_story_is_cut() -> None:
    troubles = Troubles()
    troubles.note(seen("word " * 1000))
    assert len(troubles.recent()[0].summary) == LONGEST


def test_a_guess_stays_with_its_trouble() -> None:
    troubles = Troubles()
    troubles.note(seen("one"))
    troubles.guess(troubles.recent()[0].key, "it is the moon")
    troubles.guess("unknown", "lost")
    troubles.note(seen("one"))
    (trouble,) = troubles.recent()
    assert (trouble.guess, trouble.count) == ("it is the moon", 2)


def test_followers_are_told_until_they_leave() -> None:
    troubles, told = Troubles(), []

    def follower() -> None:
        # Looking is what a follower does: it must not meet a lock.
        told.append(len(troubles.recent()))

    troubles.follow(follower)
    troubles.note(seen("one"))
    troubles.note(seen("two"))
    troubles.leave(follower)
    troubles.note(seen("three"))
    assert told == [1, 2]


def test_sightings_may_come_from_any_thread() -> None:
    troubles = Troubles()
    threads = [
        threading.Thread(target=lambda: [troubles.note(seen("one")) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles.recent()[0].count == 800


def test_sightings_are_counted_by_their_diagnosis_for_ever() -> None:
    troubles = Troubles(most=1)
    troubles.note(seen("one thing failed"))
    troubles.note(seen("another did", at=2.0))
    troubles.note(seen("one thing failed", at=3.0))
    assert troubles.seen() == {UNKNOWN: 3}, "also of those that made room"
