from telpher.core.broadcast import Plan, Progress, random_ids
from telpher.core.model import MessageRef

ALBUM = [MessageRef(1, 10), MessageRef(1, 11)]


def test_a_plan_and_a_progress_are_read_back():
    plan = Plan(ALBUM, MessageRef(1, 12), "de")
    assert Plan.load(plan.dump()) == plan
    progress = Progress(10, 9, 3, 2, 1, "x")
    assert Progress.load(progress.dump()) == progress
    assert Progress.load("{}") == Progress()
    assert progress.done == 6


def test_random_ids_follow_from_broadcast_user_and_item_alone():
    assert random_ids("a", 7, ALBUM) == random_ids("a", 7, ALBUM)
    assert random_ids("a", 7, ALBUM[1:]) == random_ids("a", 7, ALBUM)[1:]


def test_random_ids_are_all_different_and_fit_into_telegram_s_long():
    numbers = [
        number
        for job in ("a", "b", "a 1")
        for user in range(1000)
        for number in random_ids(job, user, ALBUM)
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(-(1 << 63) <= number < 1 << 63 and number for number in numbers)
