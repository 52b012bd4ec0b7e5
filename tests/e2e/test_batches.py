"""/batch, from the links that people copy to the playlist that plays."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import pytest
import pytest_asyncio

from tests.e2e.house import PUBLIC, TOKEN, House, bytes_of, house, links_in
from tgfake.faults import Fault, Kind
from tgfake.world import File, FileSpec, Role, World
from tgfake.world.chats import Chat
from tgfake.world.person import Person, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")

READING = "channels.getMessages"


@dataclass
class Scene:
    """A telpher; a public channel that it is not in, with three files and what is no file between
    them; a private channel that it is an admin of."""

    home: House
    owner: Person
    public: Chat
    private: Chat
    files: list[File]
    first: int
    last: int

    async def batch(self, who: Person, first: str, last: str) -> tuple[Seen, Seen]:
        """(what became of the progress message, the links)."""
        sent = await who.send(self.home.bot, f"/batch {first} {last}")
        listed = await who.wait_for(lambda seen: "playlist" in seen.text, sent.chat, after=sent)
        progress = await self.home.answer(who, sent)
        return progress, listed

    async def refused(self, who: Person, arguments: str) -> str:
        """The answer to a batch that is not made; nothing was read for it."""
        calls = self.home.cluster.counters.calls
        before = calls[READING]
        answer = await self.home.ask(who, f"/batch {arguments}".strip())
        assert calls[READING] == before
        assert not links_in(answer.text)
        return answer.text

    async def fetched(self, text: str) -> list[bytes]:
        """What the links in a text hold."""
        return [await self.home.get(self.home.at_home(each)) for each in links_in(text)]

    @property
    def bytes(self) -> list[bytes]:
        return [bytes_of(file) for file in self.files]


async def post(owner: Person, chat: Chat, *files: File | str) -> list[Seen]:
    """Posts files and texts in that order."""
    return [
        await (owner.send(chat, each) if isinstance(each, str) else owner.send_file(chat, each))
        for each in files
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory):
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    owner = world.person("Owner")
    public = world.add_channel("Films <b>&", owner.account, username="Films")
    private = world.add_channel("Secret", owner.account)
    world.add_member(private, bot, Role.ADMIN)
    options = {"url": PUBLIC, "max_batch_size": 250}
    async with house(tmp_path_factory.mktemp("home"), world=world, **options) as home:
        files = [
            home.add_file(kind="video", size=1000 + n, name=f"<i>{n}</i>.mp4", dc=4, duration=60)
            for n in range(3)
        ]
        gone = home.add_file(size=5)
        posted = await post(owner, public, files[0], "words", gone, files[1], files[2])
        await owner.delete(posted[2])
        await post(owner, private, *files)
        yield Scene(home, owner, public, private, files, posted[0].id, posted[-1].id)


@pytest.fixture
def bob(scene):
    return scene.home.newcomer()


FORMS = [
    "https://t.me/films/{id}",
    "https://t.me/FILMS/{id}?single",
    "http://www.telegram.me/films/{id}?comment=7",
    "t.me/s/films/{id}",
    "films.t.me/{id}",
    "tg://resolve?domain=films&post={id}",
]


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_a_public_link(scene, bob, form):
    ends = [form.format(id=scene.first), form.format(id=scene.last)]
    if len(form) % 2:
        ends.reverse()
    progress, listed = await scene.batch(bob, *ends)
    assert progress.text == (
        "3 files.\n1 message is deleted, or there was never one.\n1 message has no file."
    )
    assert await scene.fetched(listed.text) == scene.bytes


PRIVATE = ["https://t.me/c/{chat}/{id}", "tg://privatepost?channel={chat}&post={id}"]


@pytest.mark.parametrize("form", PRIVATE)
async def test_a_private_channel_is_for_its_members(scene, bob, form):
    first, last = (form.format(chat=scene.private.peer.id, id=each) for each in (1, 3))
    refusal = await scene.refused(bob, f"{first} {last}")
    assert "for its members only" in refusal
    assert "Secret" not in refusal
    scene.home.world.add_member(scene.private, bob.account)
    _, listed = await scene.batch(bob, first, last)
    assert await scene.fetched(listed.text) == scene.bytes
    scene.home.world.remove_member(scene.private, bob.account, ban=True)
    assert "for its members only" in await scene.refused(bob, f"{first} {last}")


async def test_topics_of_a_private_forum(scene, bob):
    world, home = scene.home.world, scene.home
    forum = world.add_supergroup("Forum", scene.owner.account, home.bot, bob.account, forum=True)
    world.add_member(forum, home.bot, Role.ADMIN)
    topic = world.add_topic(forum, "Films", scene.owner.account)
    sent = [await scene.owner.send_file(forum, each, topic=topic) for each in scene.files]
    one, other = sent[0].id, sent[-1].id
    chat = forum.peer.id
    _, listed = await scene.batch(
        bob, f"https://t.me/c/{chat}/{topic}/{one}", f"https://t.me/c/{chat}/{other}?thread={topic}"
    )
    assert await scene.fetched(listed.text) == scene.bytes


async def test_where_membership_cannot_be_verified_it_is_refused(scene, bob):
    world = scene.home.world
    hidden = world.add_channel("Hidden", scene.owner.account, bob.account, scene.home.bot)
    await post(scene.owner, hidden, *scene.files)
    link = f"https://t.me/c/{hidden.peer.id}/"
    assert "no right to see" in await scene.refused(bob, f"{link}1 {link}3")


WRONG = [
    ("", "FIRST LAST"),
    ("https://t.me/films/1", "FIRST LAST"),
    ("one two", "FIRST LAST"),
    ("https://t.me/films/1 https://t.me/films/2 https://t.me/films/3", "FIRST LAST"),
    ("https://t.me/films/0 https://t.me/films/2", "FIRST LAST"),
    ("https://t.me/films/1 https://example.com/films/2", "FIRST LAST"),
    ("https://t.me/films/1 https://t.me/other/2", "two chats"),
    ("https://t.me/films/1 https://t.me/films/251", "251 messages; at most 250"),
    ("https://t.me/films/2147483647 https://t.me/films/1", "at most 250"),
    ("https://t.me/nobody_at_all/1 https://t.me/nobody_at_all/2", "cannot see that chat"),
    ("https://t.me/telpher_bot/1 https://t.me/telpher_bot/2", "cannot see that chat"),
    ("https://t.me/c/999/1 https://t.me/c/999/2", "cannot see that chat"),
    ("https://t.me/c/4503599627370495/1 https://t.me/c/4503599627370495/2", "cannot see that"),
    ("https://t.me/films/" + "9" * 3000 + " https://t.me/films/2", "FIRST LAST"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=range(len(WRONG)))
async def test_a_wrong_batch_gets_a_clear_answer_and_nothing_is_read(scene, bob, arguments, said):
    assert said in await scene.refused(bob, arguments)


async def test_a_private_channel_without_the_bot_cannot_be_seen(scene, bob):
    foreign = scene.home.world.add_channel("Foreign", bob.account)
    link = f"https://t.me/c/{foreign.peer.id}/"
    assert "cannot see that chat" in await scene.refused(bob, f"{link}1 {link}2")


async def test_messages_that_never_were(scene, bob):
    link = "https://t.me/films/"
    sent = await bob.send(scene.home.bot, f"/batch {link}900 {link}902")
    progress = await scene.home.answer(bob, sent)
    summed = await scene.home.shows(bob, progress, lambda now: "0 files" in now.text)
    assert "3 messages are deleted" in summed.text
    await scene.home.ask(bob, "/start")
    assert len([seen for seen in bob.history(scene.home.bot) if not seen.out]) == 2


async def test_the_playlist_plays(scene, bob):
    _, listed = await scene.batch(
        bob, f"t.me/films/{scene.first}", f"https://t.me/films/{scene.last}"
    )
    home = scene.home
    (address,) = [word for word in listed.text.split() if word.endswith(".m3u8")]
    assert listed.button("📃 Playlist").url == address
    for form in ("m3u8", "m3u"):
        answer = await home.http.get(home.at_home(address.replace("m3u8", form)))
        assert answer.status_code == 200
        lines = answer.text.splitlines()
        assert lines[0] == "#EXTM3U"
        links = [line for line in lines if not line.startswith("#")]
        assert links == links_in(listed.text)
    xspf = await home.http.get(home.at_home(address.replace("m3u8", "xspf")))
    space = {"x": "http://xspf.org/ns/0/"}
    playlist = ElementTree.fromstring(xspf.text)
    assert playlist.find("x:title", space).text == "Films <b>&"
    places = [each.text for each in playlist.findall(".//x:location", space)]
    assert places == links_in(listed.text)
    for link, file in zip(places, scene.files, strict=True):
        assert await home.get(home.at_home(link), 10, 500) == bytes_of(file, 10, 500)


async def test_a_hundred_messages_in_three_calls_and_as_a_text_file(scene, bob):
    files = [scene.home.add_file(size=10, name=f"{n}.bin", dc=4) for n in range(100)]
    many = scene.home.world.add_channel("Many", scene.owner.account, username="many_files")
    posted = await post(scene.owner, many, *files)
    counted = scene.home.cluster.counters.calls
    before = counted[READING] + counted["messages.getMessages"]
    progress, listed = await scene.batch(
        bob, f"t.me/many_files/{posted[-1].id}", f"t.me/many_files/{posted[0].id}"
    )
    assert progress.text == "100 files."
    assert counted[READING] + counted["messages.getMessages"] - before <= 3
    assert listed.file.spec.name == "Many.txt"
    lines = bytes_of(listed.file).decode().split("\n")
    assert lines[0::3] == [f"{n}.bin" for n in range(100)] + [""]
    assert set(lines[2::3]) == {""}
    assert lines[1::3] == links_in("\n".join(lines))
    assert await scene.home.get(scene.home.at_home(lines[-3])) == bytes_of(files[-1])
    await scene.home.counted()
    page = await scene.home.ask(bob, "/links")
    assert page.buttons


async def begun(scene: Scene, who: Person) -> Seen:
    """The progress of a batch whose messages are being read: what Telegram answers to that comes
    after whatever else the bot asks for next."""
    counters = scene.home.cluster.counters
    scene.home.cluster.faults.add(Fault(Kind.REORDER, method=READING, seconds=20))
    before = counters.calls[READING]
    sent = await who.send(scene.home.bot, "/batch t.me/films/1 t.me/films/250")
    progress = await scene.home.answer(who, sent)
    await counters.wait(lambda now: now.calls[READING] > before)
    return progress


@pytest.mark.parametrize("way", ["button", "command"])
async def test_a_batch_that_is_stopped_leaves_nothing(scene, bob, way):
    progress = await begun(scene, bob)
    assert "0 of 250" in progress.text
    if way == "button":
        assert (await scene.home.press(bob, progress, "✖️ Stop")).text == "Stopping."
    else:
        assert (await scene.home.ask(bob, "/cancel")).text == "Stopped."
    stopped = await scene.home.shows(bob, progress, lambda now: "No links were made" in now.text)
    assert stopped.buttons == ()
    await scene.home.counted()
    assert "no links here" in (await scene.home.ask(bob, "/links")).text
    assert "nothing to stop" in (await scene.home.ask(bob, "/cancel")).text


async def test_one_batch_at_a_time(scene, bob):
    progress = await begun(scene, bob)
    again = await bob.send(scene.home.bot, "/batch t.me/films/1 t.me/films/5")
    assert "still busy" in (await scene.home.answer(bob, again)).text
    await scene.home.shows(bob, progress, lambda now: "3 files" in now.text)


async def test_who_blocks_the_bot_amid_a_batch_can_begin_another_later(scene, bob):
    await begun(scene, bob)
    errors = scene.home.cluster.counters.errors
    before = errors["USER_IS_BLOCKED"]
    await bob.block(scene.home.bot)
    await scene.home.ask(scene.home.newcomer("Eve"), "/start")  # lets the answer go
    await scene.home.cluster.counters.wait(lambda now: now.errors["USER_IS_BLOCKED"] > before)
    await bob.unblock(scene.home.bot)
    progress, _ = await scene.batch(bob, "t.me/films/1", "t.me/films/5")
    assert "3 files" in progress.text


async def test_a_chat_that_goes_out_of_sight_amid_a_batch(scene, bob):
    going = scene.home.world.add_channel("Going", scene.owner.account, username="going_away")
    scene.home.cluster.faults.add(
        Fault(Kind.ERROR, method=READING, code=400, message="CHANNEL_PRIVATE")
    )
    await post(scene.owner, going, *scene.files)
    sent = await bob.send(scene.home.bot, "/batch t.me/going_away/1 t.me/going_away/3")
    progress = await scene.home.answer(bob, sent)
    await scene.home.shows(bob, progress, lambda now: "cannot see that chat" in now.text)
    scene.home.cluster.faults.add(
        Fault(Kind.ERROR, method=READING, code=400, message="SOMETHING_NEW")
    )
    sent = await bob.send(scene.home.bot, "/batch t.me/going_away/1 t.me/going_away/3")
    progress = await scene.home.answer(bob, sent)
    await scene.home.shows(bob, progress, lambda now: "That did not work" in now.text)


async def test_a_long_wait_for_a_name_is_told(scene, bob):
    flood = Fault(Kind.FLOOD_WAIT, method="contacts.resolveUsername", seconds=9000)
    scene.home.cluster.faults.add(flood)
    assert "did not work" in await scene.refused(bob, "t.me/another_name/1 t.me/another_name/2")


@pytest.mark.parametrize("protected", [False, True])
async def test_files_of_a_batch_are_copied(tmp_path, protected):
    world = World()
    bot = world.add_bot(TOKEN, "telpher_bot")
    owner = world.person("Owner")
    public = world.add_channel("Films", owner.account, username="films", protected=protected)
    copies = world.add_channel("Copies", owner.account)
    world.add_member(copies, bot, Role.ADMIN)
    async with house(tmp_path, world=world, bin_channel=copies.peer.marked, url=PUBLIC) as home:
        number = 1 if protected else 3  # one by one takes seconds for each, by Telegram's pace
        files = [home.world.add_file(FileSpec(size=100 + n, dc=4)) for n in range(number)]
        posted = await post(owner, public, *files)
        ends = f"t.me/films/{posted[0].id} t.me/films/{posted[-1].id}"
        sent = await home.ann.send(bot, f"/batch {ends}")
        listed = await home.ann.wait_for(lambda seen: "playlist" in seen.text, after=sent)
        for file in files:
            await owner.wait_for(lambda seen, file=file: seen.file is file, copies)
        await owner.delete(*posted)
        world.expire_references()
        got = [await home.get(home.at_home(each)) for each in links_in(listed.text)]
        assert got == [bytes_of(file) for file in files]
