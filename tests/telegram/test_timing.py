from telpher.telegram.timing import Backoff


def test_pauses_double_up_to_the_longest_and_start_again() -> None:
    backoff = Backoff(1, 60)
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]

    backoff.reset()
    assert backoff.next() == 1
