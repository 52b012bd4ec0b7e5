import pytest

from telpher.clock import FakeClock
from telpher.errors import StorageError
from telpher.service.people import LARGEST_ID, Access, People, user_id_in


def test_without_a_list_everybody_may():
    assert Access().may_make_links(1)
    assert Access(admins={7}).may_make_links(1)


def test_with_a_list_only_those_in_it_and_the_admins_may():
    access = Access(admins={7}, allowed={8})
    assert [access.may_make_links(user) for user in (7, 8, 9)] == [True, True, False]


def test_only_those_in_the_list_are_admins():
    access = Access(admins={7}, allowed={8})
    assert [access.is_admin(user) for user in (7, 8, 0)] == [True, False, False]


async def test_a_ban_is_followed_here_at_once_and_stands_when_that_fails():
    followed = []

    class Users:
        async def set_banned(self, user_id, banned):
            followed.append((user_id, banned))
            return True

    async def follow():
        followed.append("links")
        raise StorageError("away")

    people = People(Users(), None, FakeClock(), follow)
    assert await people.set_banned(7, True)
    assert followed == [(7, True), "links"]
    assert await people.banned(7)


@pytest.mark.parametrize(
    ("text", "user_id"),
    [
        ("7", 7),
        ("007", 7),
        (str(LARGEST_ID), LARGEST_ID),
        (str(LARGEST_ID + 1), None),
        *(
            (each, None)
            for each in ("", "0", "-7", "+7", "7 ", "7_0", "²", "\u0667", "9" * 17, "@7")
        ),
    ],
)
def test_what_is_a_user_id(text, user_id):
    assert user_id_in(text) == user_id
