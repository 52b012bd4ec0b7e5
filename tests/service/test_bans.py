from telpher.service.bans import Bans, Outcome
from telpher.service.people import Access


class FakePeople:
    def __init__(self):
        self.banned = {}

    async def set_banned(self, user_id, banned):
        self.banned[user_id] = banned
        return user_id < 100


async def test_what_became_of_it_is_told():
    people = FakePeople()
    bans = Bans(people, Access(admins={1}))
    assert await bans.set_banned(7, True, 1) is Outcome.DONE
    assert await bans.set_banned(700, True, 1) is Outcome.UNSEEN
    assert await bans.set_banned(7, False, 1) is Outcome.DONE
    assert people.banned == {7: False, 700: True}


async def test_admins_are_not_banned_but_pardoned():
    people = FakePeople()
    bans = Bans(people, Access(admins={1}))
    assert await bans.set_banned(1, True, 1) is Outcome.ADMIN
    assert people.banned == {}
    await bans.set_banned(1, False, 1)
    assert people.banned == {1: False}
