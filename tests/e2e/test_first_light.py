"""A file sent to the bot plays: every kind, every name, by link, over real MTProto and HTTP."""

from __future__ import annotations

import random
from email.message import Message

import pytest

from tests.e2e.house import bytes_of
from tgfake.world import FileSpec

MIB = 1 << 20
GIB = 1 << 30

KINDS = [
    FileSpec("video", 3 * MIB + 17, "a film.mp4", "video/mp4", duration=61, thumb=True),
    FileSpec("audio", 70_001, "song.mp3", "audio/mpeg", title="Song", performer="Band"),
    FileSpec("voice", 20_000, None, "audio/ogg", duration=9),
    FileSpec("video_note", 200_000, None, "video/mp4", duration=5),
    FileSpec("animation", 150_000, "cat.mp4", "video/mp4"),
    FileSpec("photo", 123_456),
    FileSpec("document", 65_536, "notes.txt", "text/plain"),
    FileSpec("document", 1, "one.bin"),
]


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: f"{spec.kind}-{spec.size}")
async def test_every_kind_of_file_comes_out_of_its_link(home, spec):
    file = home.world.add_file(spec)
    url = await home.share(file)
    answer = await home.http.get(url)
    assert answer.status_code == 200
    assert answer.content == bytes_of(file)
    assert answer.headers["content-length"] == str(file.size)
    head = await home.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "content-disposition", "last-modified"):
        assert head.headers[name] == answer.headers[name]


async def test_an_empty_file(home):
    url = await home.share(home.add_file(size=0, name="empty.txt"))
    answer = await home.http.get(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "0"
    refused = await home.http.get(url, headers={"Range": "bytes=0-"})
    assert refused.status_code == 416
    assert refused.headers["content-range"] == "bytes */0"


async def test_a_forwarded_file_gets_a_link_too(home):
    file = home.add_file(name="from a friend.bin", size=100_000, dc=1)
    bob = home.world.person(home.world.add_user("Bob"))
    sent = await bob.send_file(home.ann.account, file)
    received = await home.ann.wait_for(lambda seen: seen.file is file, bob.account)
    (forwarded,) = await home.ann.forward(home.bot, received)
    assert sent.file is file
    answer = await home.answer_to(forwarded)
    url = answer.text.split("http", 1)[1].split()[0]
    assert await home.get("http" + url) == bytes_of(file)


async def test_random_ranges_of_a_file_of_four_gib_on_a_foreign_dc(home):
    file = home.add_file(kind="document", size=4 * GIB, name="huge.mkv", dc=5)
    url = await home.share(file)
    dice = random.Random(4)
    edges = [0, MIB - 1, MIB, 2 * GIB - 1, 2 * GIB, 2**32 - MIB - 3, file.size - 1]
    starts = edges + [dice.randrange(file.size) for _ in range(25)]
    for start in starts:
        stop = min(file.size, start + dice.choice([1, 2, 1000, 65_536, 70_000, MIB + 1]))
        assert await home.get(url, start, stop) == bytes_of(file, start, stop)
    suffix = await home.http.get(url, headers={"Range": "bytes=-1000"})
    assert suffix.content == bytes_of(file, file.size - 1000)
    assert suffix.headers["content-range"].startswith(f"bytes {file.size - 1000}-")
    beyond = await home.http.get(url, headers={"Range": f"bytes={file.size}-"})
    assert beyond.status_code == 416
    assert home.cluster.counters.imports <= 4  # one for each connection, however many ranges


NAMES = [
    'quotes " and \\ backslash.mp4',
    "line\r\nSet-Cookie: evil=1\r\n.mp4",
    "../../etc/passwd",
    "\u202egnp.exe",
    "смотри 🎬 фильм.mkv",
    "semi;colon, comma=100%.mp3",
    "x" * 300 + ".mp4",
    " ",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_awkward_names_are_safe_and_still_play(home, name):
    file = home.add_file(kind="document", size=1000, name=name)
    url = await home.share(file)
    answer = await home.http.get(url)
    assert answer.content == bytes_of(file)
    assert "set-cookie" not in answer.headers
    header = answer.headers["content-disposition"]
    parsed = Message()
    parsed["content-disposition"] = header
    shown = parsed.get_filename()
    assert shown
    assert not set(shown) & set('/\\"\r\n\u202e')
    download = await home.http.get(url.replace("/stream/", "/download/"))
    assert download.headers["content-disposition"].startswith("attachment")


async def test_a_range_costs_no_second_look_at_the_message(home):
    url = await home.share(home.add_file(size=2 * MIB))
    for start in range(0, 10_000, 1000):
        await home.get(url, start, start + 1000)
        await home.http.head(url)
    calls = home.cluster.counters.calls
    assert calls["messages.getMessages"] + calls["channels.getMessages"] == 1
    assert home.cluster.counters.get_file_calls == 1
