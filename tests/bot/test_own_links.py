import pytest

from telpher.core.model import MessageRef
from telpher.errors import GoneError
from telpher.service.people import Access
from tests.bot.stage import ADA, BOB, FILM, URL, stage


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path, access=Access(admins={1})) as each:
        yield each


async def make(home, count=1, person=ADA):
    made = []
    for _ in range(count):
        home.clock.advance(1)
        made.append(await home.say(file=FILM, person=person))
    return made


def checked(home, sent):
    (link,) = sent.marked("code")
    _, chat, message, _ = link.removeprefix(URL + "/").split("/")
    return home.links.check(MessageRef(int(chat), int(message)), link.partition("?k=")[2])


async def test_one_s_own_links_are_listed_newest_first_page_by_page(home):
    made = await make(home, 8)
    await make(home, 1, BOB)
    first = await home.say("/links")
    ids = [each.data.decode().split(":")[1] for each in first.buttons if "film" in each.text]
    second = await home.press(first, "Older")
    ids += [each.data.decode().split(":")[1] for each in second.buttons if "film" in each.text]
    assert ids == [str(checked(home, each).link_id) for each in reversed(made)]
    assert [each.text for each in second.buttons[-1:]] == ["« Newest"]
    again = await home.press(second, "Newest")
    assert again.text == first.text


async def test_without_links_there_is_a_hint(home):
    assert "no links here" in (await home.say("/links")).text


async def test_a_link_is_revoked_after_a_question_and_is_dead_at_once(home):
    (sent,) = await make(home)
    assert checked(home, sent)
    question = await home.press(sent, "Revoke")
    assert "film.mp4" in question.text
    kept = await home.press(question, "Keep")
    assert kept.marked("code") == sent.marked("code"), "the same link as before"
    question = await home.press(kept, "Revoke")
    ended = await home.press(question, "end it")
    assert "has ended" in ended.text
    with pytest.raises(GoneError):
        checked(home, sent)
    assert "no links here" in (await home.say("/links")).text
    assert await home.press(sent, "Revoke") is None
    assert "no such link" in home.note


async def test_nobody_else_sees_or_ends_it_but_an_admin(home):
    (sent,) = await make(home)
    link_id = checked(home, sent).link_id
    for data in (f"link:{link_id}", f"revoke:{link_id}", f"end:{link_id}"):
        assert await home.press_data(data.encode(), BOB) is None
        assert "no such link" in home.note
    assert checked(home, sent)
    admin = BOB.__class__(1, "Admin")
    assert "film.mp4" in (await home.press_data(f"link:{link_id}".encode(), admin)).text
    await home.press_data(f"end:{link_id}".encode(), admin)
    with pytest.raises(GoneError):
        checked(home, sent)


@pytest.mark.parametrize(
    "data",
    [b"end:", b"end:x", b"end:-1", b"end:99999999999999999999", b"link:0", b"revoke:\xc2\xb2"],
)
async def test_forged_data_does_nothing(home, data):
    assert await home.press_data(data) is None
    assert home.note


@pytest.mark.parametrize("place", ["x", "1,y", "nan,1", ",", "1e999,1"])
async def test_a_forged_place_shows_some_page(home, place):
    await make(home)
    assert await home.press_data(f"links:{place}".encode())


async def test_with_the_database_away_what_can_be_revoked_is(home):
    (sent,) = await make(home)
    link_id = checked(home, sent).link_id
    await home.away()
    assert "End this link?" in (await home.press(sent, "Revoke")).text
    assert await home.press(sent, "Revoke", BOB) is None
    assert "does not answer" in home.note
    assert "has ended" in (await home.press_data(f"end:{link_id}".encode())).text
    with pytest.raises(GoneError):
        checked(home, sent)
    await home.press_data(b"end:1")
    assert "does not answer" in home.note
