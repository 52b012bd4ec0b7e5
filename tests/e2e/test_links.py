"""Files and their links as somebody in a private chat sees them, with a public address."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from telethon.tl import types

from telpher.core import display
from tests.e2e.house import PUBLIC, bytes_of, house, links_in
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec
from tgfake.world.messages import utf16_len

pytestmark = pytest.mark.asyncio(loop_scope="module")

GIB = 1 << 30


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory):
    async with house(tmp_path_factory.mktemp("home"), url=PUBLIC) as each:
        yield each


@pytest.fixture
def bob(home):
    return home.newcomer()


KINDS = [
    (FileSpec("video", 70_000, "film.mp4", duration=3661), "film.mp4", "01:01:01", "video/mp4"),
    (FileSpec("audio", 70_001, "song.mp3", duration=61), "song.mp3", "01:01", "audio/mpeg"),
    (FileSpec("voice", 20_000, duration=9), ".ogg", "00:09", "audio/ogg"),
    (FileSpec("video_note", 20_001, duration=5), ".mp4", "00:05", "video/mp4"),
    (FileSpec("animation", 15_000, "cat.mp4"), "cat.mp4", "N/A", "video/mp4"),
    (FileSpec("photo"), ".jpg", "N/A", "image/jpeg"),
    (FileSpec("document", 1536, "notes.txt", "text/plain"), "notes.txt", "N/A", "text/plain"),
    (FileSpec("document", 0, "empty.bin"), "empty.bin", "N/A", "application/octet-stream"),
]


@pytest.mark.parametrize(("spec", "name", "duration", "kind"), KINDS, ids=lambda each: str(each))
async def test_every_kind_is_told_and_plays(home, bob, spec, name, duration, kind):
    file = home.world.add_file(spec)
    sent = await bob.send_file(home.bot, file)
    answer = await home.answer(bob, sent)
    assert answer.reply_to == sent.id
    first, *facts = answer.text.split("\n")
    assert first.endswith(name)
    for fact in (display.size(file.size), duration, kind):
        assert any(fact in line for line in facts), (fact, answer.text)
    (link,) = links_in(answer.text)
    got = await home.http.get(home.at_home(link))
    assert (got.status_code, got.content) == (200, bytes_of(file))


NAMES = [
    "<b>bold</b> & <a href='http://evil.example/'>x</a>.mp4",
    "&lt;already&gt; &amp;.mp4",
    "*star* _under_ `code` [link](http://evil.example) ~x~ ||y||.mkv",
    "{name} {0} {link!r} %s %(x)s $HOME.mp4",
    "line\nbreak\r\n/start\ttab.mp4",
    "\u202egnp.exe \u200b\ufeff",
    "смотри 🎬 фильм \U0001d54f 👩\u200d👩\u200d👧.mkv",
    "</code></pre><code>.mp4",
    "@somebody #tag /command https://evil.example/x.mp4",
    "n" * 5000 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_no_name_and_no_caption_does_more_than_be_read(home, bob, name):
    file = home.add_file(kind="document", size=1000, name=name, duration=1)
    sent = await bob.send_file(home.bot, file, caption=f"/start {name}"[:1000])
    answer = await home.answer(bob, sent)
    (link,) = [each for each in links_in(answer.text) if each.startswith(PUBLIC)]
    bold, code = answer.entities
    shown = answer.text.split("\n")[0]
    assert isinstance(bold, types.MessageEntityBold)
    assert (bold.offset, bold.length) == (0, utf16_len(shown))
    assert isinstance(code, types.MessageEntityCode)
    text = answer.text.encode("utf-16-le")
    assert text[2 * code.offset : 2 * (code.offset + code.length)].decode("utf-16-le") == link
    got = await home.http.get(home.at_home(link))
    assert got.content == bytes_of(file)
    await home.counted()
    listed = await home.ask(bob, "/links")
    assert listed.buttons[0][0].data


async def test_a_file_above_four_gib(home, bob):
    file = home.add_file(kind="video", size=4 * GIB + 123_457, name="long.mkv", dc=4)
    answer = await home.answer(bob, await bob.send_file(home.bot, file))
    assert "Size: 4.00 GB" in answer.text
    (link,) = links_in(answer.text)
    last = await home.get(home.at_home(link), file.size - 10, file.size)
    assert last == bytes_of(file, file.size - 10)


async def test_the_buttons_of_a_public_address(home, bob):
    file = home.add_file(kind="video", size=5000, name="film.mp4")
    answer = await home.answer(bob, await bob.send_file(home.bot, file))
    (link,) = links_in(answer.text)
    urls = {button.text: button.url for row in answer.buttons for button in row if button.url}
    (play,) = [url for name, url in urls.items() if "Play" in name]
    (download,) = [url for name, url in urls.items() if "Download" in name]
    (vlc,) = [url for name, url in urls.items() if "VLC" in name]
    page = await home.http.get(home.at_home(play))
    assert page.status_code == 200
    assert "<video" in page.text
    saved = await home.http.get(home.at_home(download))
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.content == bytes_of(file)
    opened = await home.http.get(home.at_home(vlc))
    assert f"vlc://{link}" in opened.text.replace("&amp;", "&")
    (copy,) = [button.copy for row in answer.buttons for button in row if button.copy]
    assert copy == link


async def test_a_link_too_long_for_the_copy_button_loses_its_name_there(home, bob):
    file = home.add_file(size=10, name="я" * 100 + ".mkv")
    answer = await home.answer(bob, await bob.send_file(home.bot, file))
    (link,) = links_in(answer.text)
    (copy,) = [button.copy for row in answer.buttons for button in row if button.copy]
    assert len(copy) <= 256 < len(link)
    assert await home.get(home.at_home(copy)) == await home.get(home.at_home(link))


async def test_buttons_that_telegram_refuses_are_left_out(home, bob):
    refused = Fault(
        Kind.ERROR, method="messages.sendMessage", code=400, message="BUTTON_URL_INVALID"
    )
    home.cluster.faults.add(refused)
    answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=10)))
    assert refused.struck == 1
    assert answer.buttons == ()
    (link,) = links_in(answer.text)
    assert await home.status(link) == 206


async def test_with_a_local_address_the_text_alone_carries_the_link(tmp_path):
    async with house(tmp_path) as home:
        file = home.add_file(kind="video", size=100, name="film.mp4")
        answer = await home.answer(home.ann, await home.ann.send_file(home.bot, file))
        assert [[button.url for button in row] for row in answer.buttons] == [[None]]
        (link,) = links_in(answer.text)
        assert await home.get(link) == bytes_of(file)
        await home.ask(home.ann, "/start")


async def test_an_album_gets_one_answer(home, bob):
    files = [home.add_file(kind="video", size=100 + n, name=f"part {n}.mp4") for n in range(4)]
    *_, last = await bob.send_album(home.bot, files, "<b>all of it</b>")
    answer = await home.answer(bob, last)
    links = links_in(answer.text)
    assert [await home.get(home.at_home(each)) for each in links] == [bytes_of(f) for f in files]
    assert "4 files" in answer.text
    await home.ask(bob, "/about")
    assert len([seen for seen in bob.history(home.bot) if not seen.out]) == 2


async def test_an_album_with_long_names_is_answered_with_a_document(home, bob):
    names = [f"{n} " + "серия" * 30 + ".mkv" for n in range(10)]
    files = [home.add_file(size=10 + n, name=name) for n, name in enumerate(names)]
    *_, last = await bob.send_album(home.bot, files)
    answer = await home.answer(bob, last)
    assert answer.file.spec.name.endswith(".txt")
    links = links_in(bytes_of(answer.file).decode())
    assert [await home.get(home.at_home(each)) for each in links] == [bytes_of(f) for f in files]


async def test_a_forwarded_album_is_an_album(home, bob):
    channel = home.world.add_channel("Elsewhere", bob.account)
    files = [home.add_file(size=10 + n, name=f"{n}.bin") for n in range(3)]
    posted = await bob.send_album(channel, files)
    *_, last = await bob.forward(home.bot, *posted)
    answer = await home.answer(bob, last)
    links = links_in(answer.text)
    assert [await home.get(home.at_home(each)) for each in links] == [bytes_of(f) for f in files]


async def test_stream_as_a_reply_in_private(home, bob):
    file = home.add_file(size=77, name="again.bin")
    sent = await bob.send_file(home.bot, file)
    first = await home.answer(bob, sent)
    again = await home.answer(bob, await bob.reply(sent, "/stream"))
    one, other = links_in(first.text) + links_in(again.text)
    assert one != other
    assert await home.get(home.at_home(other)) == bytes_of(file)


async def test_stream_without_a_file_says_how_it_goes(home, bob):
    text = await bob.send(home.bot, "just words")
    await home.answer(bob, text)
    gone = await bob.send_file(home.bot, FileSpec(size=5))
    await home.answer(bob, gone)
    about_text = await bob.reply(text, "/stream")
    alone = await bob.send(home.bot, "/stream")
    about_gone = await bob.reply(gone, "/stream")
    await bob.delete(gone)
    for command in (about_text, alone, about_gone):
        answer = await home.reply(bob, command)
        assert "/stream" in answer.text
        assert not links_in(answer.text)


# Revoking.


async def test_links_are_paged_newest_first(home, bob):
    names = [f"file {n:02}.bin" for n in range(15)]
    for name in names:
        await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=10, name=name)))
    await home.counted()
    page = await home.ask(bob, "/links")
    seen = []
    while True:
        found = re.findall(r"file \d\d\.bin", page.text)
        seen += found
        older = [b.text for row in page.buttons for b in row if "Older" in b.text]
        if not older:
            break
        assert found
        await home.press(bob, page, older[0])
        page = await home.shows(bob, page, lambda now, old=found: old[0] not in now.text)
    assert seen == names[::-1]
    (newest,) = [b.text for row in page.buttons for b in row if "Newest" in b.text]
    await home.press(bob, page, newest)
    await home.shows(bob, page, lambda now: names[-1] in now.text)


async def test_revoke_ends_a_link_at_once_and_no_other(home, bob):
    sent = await bob.send_file(home.bot, FileSpec(size=10, name="mine.bin"))
    answer = await home.answer(bob, sent)
    other = await home.answer(bob, await bob.reply(sent, "/stream"))
    (link,), (kept,) = links_in(answer.text), links_in(other.text)
    assert await home.status(link) == 206
    await home.counted()
    await home.press(bob, answer, "🗑 Revoke")
    asked = await home.shows(bob, answer, lambda now: "End the link" in now.text)
    await home.press(bob, asked, "Keep it")
    back = await home.shows(bob, answer, lambda now: bool(links_in(now.text)))
    assert links_in(back.text) == [link]
    await home.press(bob, back, "🗑 Revoke")
    asked = await home.shows(bob, answer, lambda now: "End the link" in now.text)
    await home.press(bob, asked, "🗑 Yes, end it")
    assert await home.status(link) == 410
    for route in ("download", "watch"):
        gone = await home.http.get(home.at_home(link.replace("/stream/", f"/{route}/")))
        assert gone.status_code == 410
    assert await home.status(kept) == 206
    await home.counted()
    listed = await home.ask(bob, "/links")
    assert len([row for row in listed.buttons if row[0].text == "mine.bin"]) == 1
    stale = await home.press(bob, asked, "🗑 Yes, end it")
    assert not stale.alert or "no such link" in stale.text
    assert "no such link" in (await home.press(bob, asked, "Keep it")).text


async def test_nobody_sees_or_ends_the_link_of_another(home, bob):
    answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=10)))
    (link,) = links_in(answer.text)
    (data,) = [b.data for row in answer.buttons for b in row if b.data]
    number = data.partition(b":")[2]
    eve = home.newcomer("Eve")
    menu = await home.ask(eve, "/start")
    for name in (b"revoke", b"end", b"link"):
        refused = await home.forge(eve, menu, name + b":" + number)
        assert refused.alert
        assert "no such link" in refused.text
    assert eve.refresh(menu).text == menu.text
    assert await home.status(link) == 206


FORGED = [
    b"",
    b"\xff\xfe\x00",
    b"no_such_button",
    b"page",
    b"page:admin",
    b"page:../../etc",
    b"revoke",
    b"revoke:-1",
    b"revoke:" + b"9" * 50,
    b"end:0",
    b"link:x",
    b"links:nan,nan",
    b"links:inf,9",
    b"links:1e400,-5",
    b"links:1,99999999999999999999999999",
    b"stop",
    b"joined:1",
    b"joined:99999999999",
    b"joined:-1",
    b"broadcast",
    b"bsend:x",
    b"bstop:x",
    b"bdrop:" + b"x" * 50,
]


@pytest.mark.parametrize("data", FORGED, ids=repr)
async def test_forged_buttons_do_no_harm(home, data):
    eve = home.newcomer("Eve")
    menu = await home.ask(eve, "/start")
    await home.forge(eve, menu, data)
    assert "Hello" in (await home.ask(eve, "/start")).text


# What changes in the middle.


async def test_blocked_in_the_middle_of_an_answer(home, bob):
    file = home.add_file(size=10, name="unheard.bin")
    before = home.cluster.counters.errors["USER_IS_BLOCKED"]
    await bob.send_file(home.bot, file)
    await bob.block(home.bot)
    await home.cluster.counters.wait(lambda now: now.errors["USER_IS_BLOCKED"] > before)
    await bob.unblock(home.bot)
    await home.counted()
    assert "unheard.bin" in (await home.ask(bob, "/links")).text


async def test_a_file_deleted_meanwhile(home, bob):
    sent = await bob.send_file(home.bot, FileSpec(size=10))
    await bob.delete(sent)
    answer = await home.answer(bob, sent)
    (link,) = links_in(answer.text)
    assert await home.status(link) == 410


async def test_edits_are_no_messages(home, bob):
    sent = await bob.send_file(home.bot, FileSpec(size=10), "caption")
    await home.answer(bob, sent)
    text = await bob.send(home.bot, "/start")
    await home.answer(bob, text)
    await bob.edit(sent, "another caption")
    await bob.edit(text, "/about")
    await home.ask(bob, "/help")
    assert len([seen for seen in bob.history(home.bot) if not seen.out]) == 3


async def test_the_answer_deleted_before_its_button_is_pressed(home, bob):
    answer = await home.answer(bob, await bob.send_file(home.bot, FileSpec(size=10)))
    await bob.delete(answer)
    await home.press(bob, answer, "🗑 Revoke")
    assert "Hello" in (await home.ask(bob, "/start")).text
