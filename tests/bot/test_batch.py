import pytest

from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.errors import TelegramUnavailableError
from telpher.service.people import Access
from telpher.telegram.chats import ChatInfo, Membership
from tests.bot.stage import ADA, BOB, URL, stage

FILMS = ChatInfo(-1001, "Films", username="films")
SECRET = ChatInfo(-1002, "Secret <b>", sees_members=True)


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path) as each:
        each.chats.add(FILMS)
        each.chats.add(SECRET)
        yield each


def fill(home, chat, *ids, **changes):
    for number in ids:
        values = {"name": f"{number}.mp4", **changes}
        info = FileInfo(number, 1000, "video/mp4", kind=Kind.VIDEO, date=0, **values)
        home.chats.put(MessageRef(chat.chat_id, number), info)


def batch(first, last, name="films"):
    return f"/batch https://t.me/{name}/{first} https://t.me/{name}/{last}"


@pytest.mark.parametrize("ends", [(10, 12), (12, 10)])
async def test_all_files_between_two_messages_come_in_order_whatever_the_order_of_the_links(
    home, ends
):
    fill(home, FILMS, 10, 12)
    home.chats.put(MessageRef(-1001, 11), None)
    answer = await home.say(batch(*ends))
    assert answer.marked("b") == ["10.mp4", "12.mp4"]
    assert answer.text.index("/stream/-1001/10/") < answer.text.index("/stream/-1001/12/")
    progress = home.gateway.edited[-1]
    assert progress.text == "2 files.\n1 message has no file."
    assert home.wanted == [MessageRef(-1001, 10), MessageRef(-1001, 12)]


async def test_one_link_twice_is_a_batch_of_one(home):
    fill(home, FILMS, 10)
    await home.say(batch(10, 10))
    assert home.gateway.edited[-1].text == "1 file."


async def test_the_links_are_a_playlist_too_and_the_owner_s_own(home):
    fill(home, FILMS, 10, 11)
    answer = await home.say(batch(10, 11))
    playlist_id = answer.button("Playlist").url.removeprefix(f"{URL}/playlist/")[: -len(".m3u8")]
    playlist = await home.database.playlists.get(playlist_id)
    assert (playlist.owner, playlist.title) == (ADA.user_id, "Films")
    assert [each.info.name for each in playlist.entries] == ["10.mp4", "11.mp4"]
    records = await home.database.links.of_owner(ADA.user_id, 10)
    assert {each.playlist for each in records} == {playlist_id}
    await home.notes.flush()
    assert (await home.database.users.get(ADA.user_id)).total_batch_requests == 1


async def test_a_hundred_messages_are_two_calls(home):
    fill(home, FILMS, *range(1, 101))
    answer = await home.say(batch(1, 100))
    assert home.chats.calls == {"chat": 1, "read": 1}
    assert answer.message.document.name == "Films.txt"
    lines = answer.message.document.data.decode().split("\n")
    assert lines[0::3] == [f"{number}.mp4" for number in range(1, 101)] + [""]
    assert all(line.startswith(f"{URL}/stream/-1001/") for line in lines[1::3])
    assert set(lines[2::3]) == {""}


async def test_deleted_messages_are_passed_over_and_counted(home):
    fill(home, FILMS, 1, 5)
    await home.say(batch(1, 5))
    assert "3 messages are deleted" in home.gateway.edited[-1].text


async def test_where_there_is_nothing_nothing_is_sent_but_the_sum(home):
    await home.say(batch(1, 3))
    assert len(home.gateway.sent) == 1
    assert home.gateway.edited[-1].text.startswith("0 files.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/batch", "at most 100 messages"),
        ("/batch https://t.me/films/1", "FIRST LAST"),
        ("/batch one two", "FIRST LAST"),
        ("/batch https://t.me/films/1 https://t.me/films/2 https://t.me/films/3", "FIRST LAST"),
        ("/batch https://t.me/films/1 https://t.me/other/2", "two chats"),
        (batch(1, 101), "These are 101 messages; at most 100"),
        (batch(1, 2_000_000_000), "These are 2000000000 messages"),
        (batch(1, 2, "unknown"), "cannot see that chat"),
        (batch(1, 2, "c/99"), "cannot see that chat"),
    ],
)
async def test_a_wrong_batch_gets_a_clear_answer_and_no_work(home, text, said):
    assert said in (await home.say(text)).text
    assert home.chats.calls["read"] == 0


@pytest.mark.parametrize(
    ("membership", "said"),
    [
        (Membership.OUTSIDE, "for its members only"),
        (Membership.UNKNOWN, "no right to see whether you are in it"),
    ],
)
async def test_a_private_chat_is_for_its_members_and_nothing_is_read_before(home, membership, said):
    home.chats.members[SECRET.chat_id, ADA.user_id] = membership
    home.chats.chats[-1000000000002] = SECRET
    answer = await home.say(batch(1, 2, "c/2"))
    assert said in answer.text
    assert "Secret" not in answer.text
    assert home.chats.calls["read"] == 0


async def test_members_of_a_private_chat_get_its_files(home):
    home.chats.members[SECRET.chat_id, ADA.user_id] = Membership.MEMBER
    home.chats.chats[-1000000000002] = SECRET
    fill(home, SECRET, 1)
    assert "1.mp4" in (await home.say(batch(1, 1, "c/2"))).text


async def test_who_may_make_no_links_may_make_no_batch(tmp_path):
    async with stage(tmp_path, access=Access(allowed={1})) as home:
        home.chats.add(FILMS)
        assert "allowed" in (await home.say(batch(1, 2))).text
        assert not home.chats.calls


async def test_a_batch_can_be_stopped_by_its_owner_alone(tmp_path):
    async with stage(tmp_path, most=1000) as home:
        home.chats.add(FILMS)
        read = home.chats.read_messages

        async def stopping(chat_id, ids):
            if home.chats.calls["read"] == 1:
                progress = home.gateway.sent[0]
                await home.press(progress, "Stop", BOB)
                assert "no longer does anything" in home.note
                assert "busy" in (await home.say(batch(1, 2))).text
                await home.press(progress, "Stop")
            return await read(chat_id, ids)

        home.chats.read_messages = stopping
        await home.say(batch(1, 900))
        assert home.chats.calls["read"] == 2
        assert home.gateway.edited[-1].text == "Stopped. No links were made."
        assert "nothing to stop" in (await home.say("/cancel")).text


async def test_progress_is_shown_every_three_seconds_at_most(tmp_path):
    async with stage(tmp_path, most=1000) as home:
        home.chats.add(FILMS)
        read = home.chats.read_messages

        async def slowly(chat_id, ids):
            home.clock.advance(1.0)
            return await read(chat_id, ids)

        home.chats.read_messages = slowly
        await home.say(batch(1, 900))
        shown = [each.text.split(" of ")[0].split()[-1] for each in home.gateway.edited[:-1]]
        assert shown == ["300", "600", "900"]


async def test_progress_that_cannot_be_shown_stops_nothing(home):
    fill(home, FILMS, 1)
    home.gateway.failures = [None, TelegramUnavailableError("away")]
    assert "1.mp4" in (await home.say(batch(1, 1))).text


async def test_without_a_database_the_links_come_all_the_same(home):
    fill(home, FILMS, 1)
    await home.away()
    answer = await home.say(batch(1, 1))
    assert "/stream/-1001/1/" in answer.text
    assert "no playlist" in answer.text


async def test_names_with_every_special_character_stay_names(home):
    fill(home, FILMS, 1, name="<b>*_`[x](y)\n\u202e.mkv")
    answer = await home.say(batch(1, 1))
    assert answer.marked("b") == ["_b___`[x](y) .mkv"]
