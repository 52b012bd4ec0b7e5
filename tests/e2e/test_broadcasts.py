"""/broadcast as an admin and everybody else sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from telethon.tl import types

from tests.e2e.house import PUBLIC, House, house
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec, World
from tgfake.world.messages import Body
from tgfake.world.person import Person, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYBOARD = types.ReplyInlineMarkup(
    [
        types.KeyboardInlineButtonRow(
            [types.KeyboardInlineButton("Site", types.InlineButtonTypeUrl("https://example.org/"))]
        )
    ]
)


@dataclass
class Hall:
    """A telpher with two admins and some people, all of whom have said /start."""

    home: House
    ada: Person
    alan: Person
    people: list[Person] = field(default_factory=list)

    async def preview(self, ada: Person, *given: Seen) -> Seen:
        """The question under the preview of what an admin has given."""
        last = given[-1]
        return await ada.wait_for(lambda seen: "Send it?" in seen.text, last.chat, after=last)

    async def offered(self, body: Body, who: Person | None = None) -> Seen:
        """The question after an interactive /broadcast of that body."""
        ada = who or self.ada
        asked = await self.home.ask(ada, "/broadcast")
        assert "everybody shall get" in asked.text
        return await self.preview(ada, ada.post(self.home.bot, body))

    async def sent(self, question: Seen, who: Person | None = None) -> str:
        """Presses Send; the report."""
        ada = who or self.ada
        await self.home.press(ada, question, "📣 Send to all")
        report = await ada.wait_for(
            lambda seen: seen.text.startswith("Broadcast ") and "Total" in seen.text,
            self.home.bot,
            after=question,
        )
        return report.text

    def received(self, who: Person, text: str) -> list[Seen]:
        """What somebody got with that text."""
        return [s for s in who.history(self.home.bot) if not s.out and s.text == text]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory):
    world = World()
    ada, alan = world.person("Ada"), world.person("Alan")
    admins = frozenset({ada.user_id, alan.user_id})
    work_dir = tmp_path_factory.mktemp("home")
    async with house(work_dir, world=world, admins=admins, url=PUBLIC) as home:
        made = Hall(home, ada, alan)
        made.people = [ada, alan, *(home.newcomer(f"P{n}") for n in range(6))]
        for each in made.people:
            await home.ask(each, "/start")
        yield made


PHOTO = FileSpec("photo")
VIDEO = FileSpec("video", 5000, "clip.mp4", duration=9)
BODIES = [
    ("text", "Hello <b>all</b> & *everybody* _now_ {name}", None),
    ("photo", "a photo", PHOTO),
    ("video", "a video", VIDEO),
    ("audio", "a song", FileSpec("audio", 5000, "song.mp3")),
    ("voice", "a voice", FileSpec("voice", 500)),
    ("video_note", "", FileSpec("video_note", 500)),
    ("animation", "an animation", FileSpec("animation", 500, "cat.mp4")),
    ("document", "a document", FileSpec("document", 5000, "notes.pdf")),
]


@pytest.mark.parametrize(("kind", "text", "spec"), BODIES, ids=[each[0] for each in BODIES])
async def test_every_kind_arrives_as_it_was_written(hall, kind, text, spec):
    file = hall.home.world.add_file(spec) if spec else None
    entities = (types.MessageEntityItalic(0, 3),) if text else ()
    before = {who.user_id: len(who.history(hall.home.bot)) for who in hall.people}
    report = await hall.sent(await hall.offered(Body(text, entities, file, KEYBOARD)))
    assert f"Total: {len(hall.people)}" in report
    assert f"Sent: {len(hall.people)}" in report
    for who in hall.people:
        news = who.history(hall.home.bot)[before[who.user_id] :]
        got = [each for each in news if not each.out and each.text == text and each.file is file]
        assert len(got) == (2 if who is hall.ada else 1), kind  # hers is the preview
        assert got[-1].entities == entities
        assert got[-1].button("Site").url == "https://example.org/"
        assert got[-1].message.origin is None
        if who is not hall.ada and who is not hall.alan:
            assert len(news) == 1, "a broadcast is no file to be answered with a link"


async def test_an_album_arrives_as_one(hall):
    files = [hall.home.add_file(kind="video", size=100 + n, name=f"{n}.mp4") for n in range(3)]
    await hall.home.ask(hall.ada, "/broadcast")
    given = await hall.ada.send_album(hall.home.bot, files, "all three")
    report = await hall.sent(await hall.preview(hall.ada, *given))
    assert f"Sent: {len(hall.people)}" in report
    for who in hall.people[1:]:
        got = [each for each in who.history(hall.home.bot) if each.file in files]
        assert [each.file for each in got] == files
        assert len({each.grouped_id for each in got}) == 1
        assert got[0].text == "all three"


@pytest.mark.parametrize("which", [0, 2])
async def test_an_album_by_reply_to_any_of_it(hall, which):
    files = [hall.home.add_file(kind="video", size=200 + n, name=f"{n}.mp4") for n in range(3)]
    given = await hall.alan.send_album(hall.home.bot, files, "by reply")
    await hall.home.answer(hall.alan, given[-1])
    command = await hall.alan.reply(given[which], "/broadcast")
    await hall.sent(await hall.preview(hall.alan, command), hall.alan)
    got = [each for each in hall.people[-1].history(hall.home.bot) if each.file in files]
    assert [each.file for each in got] == files


async def test_by_reply_to_a_message(hall):
    words = await hall.ada.send(hall.home.bot, "said before")
    await hall.home.answer(hall.ada, words)
    command = await hall.ada.reply(words, "/broadcast")
    await hall.sent(await hall.preview(hall.ada, command))
    for who in hall.people[1:]:
        assert len(hall.received(who, "said before")) == 1


async def test_who_cannot_be_reached_is_counted_and_marked(hall):
    home = hall.home
    gone, blocking = home.newcomer("Gone"), home.newcomer("Blocking")
    for each in (gone, blocking):
        await home.ask(each, "/start")
    await gone.delete_account()
    await blocking.block(home.bot)
    number = len(hall.people)
    report = await hall.sent(await hall.offered(Body("is anybody there?")))
    for line in (f"Sent: {number}", "Failed: 0", "Blocked the bot: 2", f"Total: {number + 2}"):
        assert line in report
    report = await hall.sent(await hall.offered(Body("once more")))
    assert "Blocked the bot: 0" in report
    await blocking.unblock(home.bot)
    await home.ask(blocking, "/start")
    await hall.home.counted()
    report = await hall.sent(await hall.offered(Body("welcome back")))
    assert f"Sent: {number + 1}" in report
    assert len(hall.received(blocking, "welcome back")) == 1
    await blocking.block(home.bot)
    await hall.sent(await hall.offered(Body("and gone again")))


async def test_a_flood_wait_is_obeyed_and_nobody_is_left_out(hall):
    question = await hall.offered(Body("through a flood"))
    flood = Fault(Kind.FLOOD_WAIT, method="messages.sendMessage", nth=3, times=3, seconds=1)
    lost = Fault(Kind.TIMEOUT, method="messages.sendMessage", nth=6, times=1)
    for fault in (flood, lost):
        hall.home.cluster.faults.add(fault)
    report = await hall.sent(question)
    hall.home.cluster.faults.clear()
    assert flood.struck == 3
    assert f"Sent: {len(hall.people)}" in report
    assert "Failed: 0" in report
    for who in hall.people[1:]:
        assert len(hall.received(who, "through a flood")) == 1


async def test_sends_whose_answer_is_lost_are_not_made_twice(hall):
    question = await hall.offered(Body("once and only once"))
    reset = Fault(Kind.RESET, method="messages.sendMessage", nth=4)
    hall.home.cluster.faults.add(reset)
    report = await hall.sent(question)
    hall.home.cluster.faults.clear()
    assert reset.struck == 1
    assert f"Sent: {len(hall.people)}" in report
    for who in hall.people[1:]:
        assert len(hall.received(who, "once and only once")) == 1


async def test_send_pressed_twice_is_one_broadcast(hall):
    question = await hall.offered(Body("pressed twice"))
    await hall.sent(question)
    again = await hall.home.forge(hall.ada, question, question.button("📣 Send to all").data)
    assert again.alert
    report = await hall.sent(await hall.offered(Body("the next")))
    assert f"Sent: {len(hall.people)}" in report
    assert len(hall.received(hall.people[-1], "pressed twice")) == 1


async def test_what_is_dropped_or_stale_is_not_sent(hall):
    old = await hall.offered(Body("the draft"))
    new = await hall.preview(hall.ada, await hall.ada.send(hall.home.bot, "the better draft"))
    stale = await hall.home.press(hall.ada, old, "📣 Send to all")
    assert stale.alert
    await hall.home.press(hall.ada, new, "✖️ Do not send")
    await hall.home.shows(hall.ada, new, lambda now: "Nothing was sent" in now.text)
    asked = await hall.home.ask(hall.ada, "/broadcast")
    assert (await hall.home.ask(hall.ada, "/cancel")).text == "Stopped."
    assert "Send or forward me a file" in (await hall.home.ask(hall.ada, "not a broadcast")).text
    assert asked
    await hall.sent(await hall.offered(Body("the last word")))
    last = hall.people[-1]
    assert not hall.received(last, "the draft") + hall.received(last, "the better draft")


async def test_two_admins_do_not_get_into_each_others_way(hall):
    hers = await hall.offered(Body("Ada's news"))
    his = await hall.offered(Body("Alan's news"), hall.alan)
    refused = await hall.home.forge(hall.alan, his, hers.button("📣 Send to all").data)
    assert refused.alert
    await hall.sent(his, hall.alan)
    await hall.sent(hers)
    for who in hall.people[2:]:
        assert len(hall.received(who, "Ada's news")) == 1
        assert len(hall.received(who, "Alan's news")) == 1


async def test_it_is_for_admins_alone(hall):
    bob = hall.people[-1]
    question = await hall.offered(Body("from above"))
    assert "for the admins" in (await hall.home.ask(bob, "/broadcast")).text
    menu = await hall.home.ask(bob, "/start")
    for name in ("📣 Send to all", "✖️ Do not send"):
        refused = await hall.home.forge(bob, menu, question.button(name).data)
        assert "for the admins" in refused.text
    for data in (b"broadcast", b"bstop:" + question.button("📣 Send to all").data[6:]):
        assert "for the admins" in (await hall.home.forge(bob, menu, data)).text
    await hall.home.press(hall.ada, question, "✖️ Do not send")


async def test_what_is_gone_cannot_be_sent(hall):
    words = await hall.ada.send(hall.home.bot, "to be deleted")
    await hall.home.answer(hall.ada, words)
    command = await hall.ada.reply(words, "/broadcast")
    await hall.ada.delete(words)
    answer = await hall.ada.wait_for(lambda seen: not seen.out, hall.home.bot, after=command)
    assert "cannot be sent on" in answer.text


async def test_edited_or_deleted_after_the_preview(hall):
    asked = await hall.home.ask(hall.ada, "/broadcast")
    given = await hall.ada.send(hall.home.bot, "first words")
    question = await hall.preview(hall.ada, given)
    await hall.ada.delete(given)
    await hall.home.press(hall.ada, question, "📣 Send to all")
    report = await hall.ada.wait_for(
        lambda seen: "Broadcast failed" in seen.text, asked.chat, after=question
    )
    assert "Sent: 0" in report.text


async def test_a_broadcast_can_be_stopped(tmp_path):
    world = World()
    ada = world.person("Ada")
    settings = {"admins": frozenset({ada.user_id}), "broadcast_per_second": 10.0}
    async with house(tmp_path, world=world, **settings) as home:
        hall = Hall(home, ada, ada, [ada, *(home.newcomer(f"P{n}") for n in range(24))])
        for each in hall.people:
            await home.ask(each, "/start")
        question = await hall.offered(Body("slowly"))
        await home.press(ada, question, "📣 Send to all")
        going = await home.shows(ada, question, lambda now: "going on" in now.text)
        assert (await home.press(ada, going, "✖️ Stop")).text == "Stopping."
        stopped = await home.shows(ada, question, lambda now: "Broadcast stopped" in now.text)
        assert stopped.buttons == ()
        got = [len(hall.received(who, "slowly")) for who in hall.people]
        assert sum(got) - 1 < len(hall.people)
        assert f"Sent: {sum(got) - 1}" in stopped.text
