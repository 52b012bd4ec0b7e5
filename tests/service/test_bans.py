from telpher.errors import StorageError
from telpher.service.bans import Bans, Outcome
from telpher.service.people import Access


class FakePeople:
    def __init__(self):
        self.banned = {}

    async def set_banned(self, user_id, banned):
        self.banned[user_id] = banned
        return user_id < 100


class FakeDeadLinks:
    def __init__(self):
        self.asked = 0
        self.away = False

    async def refresh(self):
        self.asked += 1
        if self.away:
            raise StorageError("away")


async def test_a_ban_brings_dead_links_up_to_date_at_once():
    people, links = FakePeople(), FakeDeadLinks()
    bans = Bans(people, links, Access(admins={1}))
    assert await bans.set_banned(7, True, 1) is Outcome.DONE
    assert await bans.set_banned(700, True, 1) is Outcome.UNSEEN
    assert await bans.set_banned(7, False, 1) is Outcome.DONE
    assert (people.banned, links.asked) == ({7: False, 700: True}, 3)


async def test_it_is_done_also_when_the_links_have_to_wait():
    people, links = FakePeople(), FakeDeadLinks()
    links.away = True
    assert await Bans(people, links, Access()).set_banned(7, True, 1) is Outcome.DONE
    assert people.banned == {7: True}


async def test_admins_are_not_banned_but_pardoned():
    people = FakePeople()
    bans = Bans(people, FakeDeadLinks(), Access(admins={1}))
    assert await bans.set_banned(1, True, 1) is Outcome.ADMIN
    assert people.banned == {}
    await bans.set_banned(1, False, 1)
    assert people.banned == {1: False}
