"""What an error shows, itself and through its causes."""

import errno
import ssl

from telpher.errors import StorageError
from telpher.observe import logs
from telpher.observe.diagnosis.symptoms import LONGEST, Symptoms, symptoms_of


def raised(error, cause=None):
    try:
        raise error from cause
    except (OSError, StorageError) as each:
        return each


def test_names_of_the_whole_ancestry_and_of_causes():
    error = raised(StorageError("no"), raised(ConnectionRefusedError(errno.ECONNREFUSED, "x")))
    symptoms = symptoms_of(error, "said", "telpher.storage")
    assert {"StorageError", "TelpherError", "ConnectionRefusedError", "OSError"} <= symptoms.kinds
    assert "Exception" not in symptoms.kinds
    assert symptoms.errnos == {"ECONNREFUSED"}
    assert (symptoms.kind, symptoms.problem) == ("StorageError", "StorageError: no")
    assert symptoms.text.startswith("said\nStorageError: no\n")
    assert symptoms.where == "telpher.storage"


def test_what_an_error_came_amid_counts_unless_it_is_told_not_to():
    def amid(suppress):
        try:
            try:
                raise KeyError("inner")
            except KeyError as inner:
                if suppress:
                    raise ValueError("outer") from None
                raise ValueError("outer") from inner
        except ValueError as error:
            return symptoms_of(error).kinds

    assert "KeyError" in amid(False)
    assert "KeyError" not in amid(True)


def test_members_of_groups_count():
    group = ExceptionGroup("several", [OSError(errno.ENOSPC, "full"), ValueError("x")])
    assert symptoms_of(group).errnos == {"ENOSPC"}


def test_causes_that_go_in_circles_end():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert symptoms_of(one).kind == "ValueError"


def test_a_text_alone_names_classes_numbers_and_words_of_telegrams():
    symptoms = symptoms_of(None, "OSError: [Errno 28] no room; USER_IS_BLOCKED (400)")
    assert symptoms.kinds == {"OSError"}
    assert symptoms.errnos == {"ENOSPC"}
    assert symptoms.names == {"USER_IS_BLOCKED"}
    assert symptoms_of(None) == Symptoms(text="")


def test_numbers_of_other_tables_are_not_the_systems():
    assert symptoms_of(ssl.SSLError(1, "x")).errnos == frozenset()


def test_it_is_bounded():
    assert len(symptoms_of(ValueError("x" * 10**6), "y" * 10**6).text) <= LONGEST


def test_the_stack_names_our_places_without_values():
    try:
        logs.set_level("nonsense")
    except KeyError as error:
        (place,) = symptoms_of(error).stack
    assert place.startswith("telpher.observe.logs.set_level:")
