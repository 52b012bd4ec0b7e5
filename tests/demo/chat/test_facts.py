"""What the page is told of messages: everything that it draws, and nothing that could harm it."""

import json

import pytest
from telethon.tl import types

from telpher.demo.chat.cast import Cast
from telpher.demo.chat.facts import facts, picture_of, web_address
from telpher.demo.scene import Scene
from tgfake.world import Body, FileSpec
from tgfake.world.files import TINY_JPEG


def last(scene: Scene, cast: Cast, who: str = "ann", chat: int = 0) -> dict:
    place = cast.place(who, chat or scene.bot.user_id)
    return facts(place.seen()[-1], who, place, cast.directory)


def by_the_bot(scene: Scene, body: Body) -> None:
    """The bot says something to Ann, who has spoken to it."""
    scene.world.person(scene.bot).post(scene.ann.account, body)


async def met(scene: Scene) -> None:
    await scene.ann.send(scene.bot, "/start")


async def test_a_text_and_its_marks(scene: Scene, cast: Cast) -> None:
    await met(scene)
    text = "🎬 bold https://example.com/x /help"
    by_the_bot(scene, Body(text, (types.MessageEntityBold(3, 4),)))
    told = last(scene, cast)
    assert told["text"] == text
    # UTF-16 code units: the emoji counts two. Links and commands are found beside what is given.
    assert told["marks"] == [
        ["bold", 3, 4, None],
        ["url", 8, 21, None],
        ["botcommand", 30, 5, None],
    ]
    assert (told["out"], told["from"]) == (False, "telpher")


async def test_what_is_marked_as_code_is_not_marked_as_a_link_too(scene: Scene, cast: Cast) -> None:
    await met(scene)
    by_the_bot(scene, Body("https://a.example", (types.MessageEntityCode(0, 17),)))
    assert last(scene, cast)["marks"] == [["code", 0, 17, None]]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "vbscript:x",
        "//attacker.example",
        "http://[bad/",
        "http:",
        "",
        None,
    ],
)
async def test_addresses_that_a_browser_may_not_be_sent_to(scene, cast, url) -> None:
    assert web_address(url) is None
    await met(scene)
    by_the_bot(scene, Body("here", (types.MessageEntityTextUrl(0, 4, url or ""),)))
    assert last(scene, cast)["marks"] == [["texturl", 0, 4, None]]


def test_addresses_that_it_may() -> None:
    for url in ("http://127.0.0.1:8080/watch/1/2?k=x", "https://t.me/film_shelf/3"):
        assert web_address(url) == url


async def test_buttons_without_their_data(scene: Scene, cast: Cast) -> None:
    await met(scene)
    natures = [
        types.InlineButtonTypeCallback(b"page:help"),
        types.InlineButtonTypeUrl("https://example.com"),
        types.InlineButtonTypeCopy("copied"),
        types.InlineButtonTypeUrl("tg://user?id=1"),
    ]
    row = types.KeyboardInlineButtonRow([types.KeyboardInlineButton("b", each) for each in natures])
    by_the_bot(scene, Body("?", markup=types.ReplyInlineMarkup([row])))
    assert last(scene, cast)["buttons"] == [
        [
            {"text": "b"},
            {"text": "b", "url": "https://example.com"},
            {"text": "b", "copy": "copied"},
            {"text": "b", "url": None},
        ]
    ]


async def test_names_lose_what_turns_them_around(scene: Scene, cast: Cast) -> None:
    spec = FileSpec(name="\u202egpj.exe\n<img src=x>", title="a\u2067b", performer="x" * 5000)
    await scene.ann.send_file(scene.bot, spec, "<script>alert(1)</script>")
    told = last(scene, cast)
    assert told["file"]["name"] == "gpj.exe <img src=x>"
    assert told["file"]["title"] == "ab"
    assert len(told["file"]["by"]) == 100
    # A text is a text: the page never takes one for HTML.
    assert told["text"] == "<script>alert(1)</script>"
    assert json.loads(json.dumps(told)) == told


async def test_replies_forwards_albums_and_service_messages(scene: Scene, cast: Cast) -> None:
    place = cast.place("ann", scene.shelf.peer.marked)
    film = place.seen()[0]
    assert facts(film, "ann", place, cast.directory)["link"] == "https://t.me/film_shelf/1"
    assert facts(film, "ann", place, cast.directory)["from"] == "Film shelf"
    await scene.ann.forward(scene.bot, film)
    told = last(scene, cast)
    assert (told["origin"], told["file"]["name"], told["link"]) == ("Film shelf", "film.mp4", None)
    await scene.ann.send_album(scene.bot, scene.files[:2])
    first, second = cast.place("ann", scene.bot.user_id).seen()[-2:]
    assert first.grouped_id == second.grouped_id
    assert last(scene, cast)["group"] == str(second.grouped_id)
    scene.world.add_member(scene.club, scene.world.add_user("Eve"))
    assert last(scene, cast, chat=scene.club.peer.marked)["note"] == "Eve joined"


async def test_pictures(scene: Scene, cast: Cast) -> None:
    photo = scene.world.add_file(FileSpec("photo", data=b"\x89PNG\r\n\x1a\n12"))
    assert picture_of(photo) == b"\x89PNG\r\n\x1a\n12"
    assert picture_of(scene.files[0]) == TINY_JPEG
    assert picture_of(scene.files[2]) is None
    assert picture_of(scene.world.add_file(FileSpec("photo", data=bytes(11 << 20)))) is None
    place = cast.place("ada", scene.shelf.peer.marked)
    told = [facts(seen, "ada", place, cast.directory)["file"] for seen in place.seen()]
    assert [each["picture"] for each in told] == [
        f"picture/ada/{place.id}/1",
        f"picture/ada/{place.id}/2",
        None,
    ]
    assert (told[0]["size"], told[0]["duration"]) == ("800.00 B", "01:00")
