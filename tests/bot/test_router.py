import pytest
from structlog.testing import capture_logs

from telpher.bot.language import Texts
from telpher.core.model import FileInfo, Kind, MessageRef, Person
from telpher.errors import (
    BadSignatureError,
    FloodWaitError,
    RecipientLostError,
    RequestRejectedError,
    TelegramUnavailableError,
)
from telpher.service.people import Access
from telpher.telegram.gateway import ButtonPress, IncomingMessage
from tests.bot.stage import ADA, FILM, GROUP, URL, stage

TEXTS = Texts.load()


@pytest.fixture
async def home(tmp_path):
    async with stage(tmp_path) as each:
        yield each


def message(text="", *, ref=None, private=True, sender=ADA, **fields):
    return IncomingMessage(ref or MessageRef(7, 33), sender, private, text, **fields)


def press(data, sender=ADA):
    return ButtonPress(MessageRef(7, 1000), sender, query_id=99, data=data)


async def test_a_file_is_answered_with_its_link_as_a_reply(home):
    await home.bot.router(message(file=FILM))
    (sent,) = home.gateway.sent
    assert (sent.ref.chat_id, sent.reply_to) == (7, 33)
    (link,) = sent.marked("code")
    assert link.startswith(f"{URL}/stream/7/33/film.mp4?k=")
    for part in ("film.mp4", "1.50 KB", "01:30", "video/mp4"):
        assert part in sent.text
    assert sent.button("Play").url == link.replace("/stream/", "/watch/").replace("/film.mp4", "")
    assert sent.button("Copy").copy == link
    assert sent.button("Download").url == link.replace("/stream/", "/download/")


async def test_a_copy_is_wanted_of_each_message_that_a_link_was_made_to(home):
    home.gateway.failures = [TelegramUnavailableError("not connected")]
    for number in (33, 34):
        await home.bot.router(message(file=FILM, ref=MessageRef(7, number)))
    await home.bot.router(message("hello"))
    await home.bot.router(message(file=FILM, ref=GROUP, private=False))
    # Also of the one whose answer failed: its link may have arrived all the same.
    assert home.wanted == [MessageRef(7, 33), MessageRef(7, 34)]


async def test_a_link_that_was_sent_opens_that_message_and_no_other(home):
    await home.bot.router(message(file=FILM))
    key = home.gateway.sent[0].marked("code")[0].partition("?k=")[2]
    assert home.links.check(MessageRef(7, 33), key).ref == MessageRef(7, 33)
    with pytest.raises(BadSignatureError):
        home.links.check(MessageRef(7, 34), key)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("text", ["", "a caption", "/start"])
async def test_every_kind_of_file_gets_a_link_whatever_its_caption(home, kind, text):
    file = FileInfo(1, 10, "", "", kind, date=0)
    await home.bot.router(message(text, file=file, command=text.removeprefix("/").lower()))
    assert f"{URL}/stream/7/33/" in home.gateway.sent[0].text


async def test_with_a_local_address_nothing_but_revoke_is_a_button(tmp_path):
    async with stage(tmp_path, url="http://localhost:8080") as home:
        sent = await home.say(file=FILM)
    assert [bool(button.data) for button in sent.buttons] == [True]
    assert "http://localhost:8080/stream/7/101/film.mp4?k=" in sent.text


@pytest.mark.parametrize("command", ["start", "help", "about", "START"])
async def test_commands_are_answered_with_their_pages(home, command):
    await home.bot.router(message(f"/{command}", command=command))
    (sent,) = home.gateway.sent
    expected = {"start": "Hello, Ada!", "help": "How to play", "about": "telpher 1.0"}
    assert expected[command.lower()] in sent.text
    assert sent.buttons
    assert sent.reply_to == 0


async def test_start_greets_a_name_full_of_markup(home):
    stranger = Person(8, "<b>&\n\u202e*_`😀", language_code="xx")
    await home.bot.router(message("/start", command="start", sender=stranger))
    assert "Hello, <b>& *_`😀!" in home.gateway.sent[0].text


@pytest.mark.parametrize("text", ["hello", "", "https://t.me/c/1/2", "/start@other_bot", "<b>"])
async def test_what_is_not_understood_gets_a_short_hint(home, text):
    await home.bot.router(message(text))
    (sent,) = home.gateway.sent
    assert sent.text.startswith("Send or forward me a file")


async def test_an_unknown_command_gets_a_hint_of_its_own(home):
    await home.bot.router(message("/frobnicate", command="frobnicate"))
    assert "do not know this command" in home.gateway.sent[0].text


@pytest.mark.parametrize(
    "fields",
    [
        {"file": FILM},
        {"text": "hello"},
        {"text": "/start", "command": "start"},
        {"text": "/frobnicate", "command": "frobnicate"},
        {"text": "/start@other_bot"},
    ],
)
async def test_groups_are_left_in_peace(home, fields):
    await home.bot.router(message(ref=GROUP, private=False, **fields))
    await home.bot.router(message(ref=GROUP, private=False, sender=None, **fields))
    assert home.gateway.silent


async def test_other_bots_are_not_answered(home):
    await home.bot.router(message("hello", sender=Person(9, "Bot", is_bot=True)))
    assert home.gateway.silent


async def test_who_is_not_allowed_gets_no_link(tmp_path):
    async with stage(tmp_path, access=Access(admins={1}, allowed={2})) as home:
        sent = await home.say(file=FILM)
        assert "allowed" in sent.text
        assert "/stream/" not in sent.text
        assert sent.buttons == []
        assert "How to play" in (await home.say("/help")).text


@pytest.mark.parametrize("user_id", [1, 2])
async def test_who_is_allowed_gets_one_even_without_a_shown_sender(tmp_path, user_id):
    async with stage(tmp_path, access=Access(admins={1}, allowed={2})) as home:
        await home.bot.router(message(file=FILM, ref=MessageRef(user_id, 5), sender=None))
        assert f"{URL}/stream/{user_id}/5/" in home.gateway.sent[0].text


@pytest.mark.parametrize(
    ("page", "shown"),
    [("help", "How to get a link"), ("about", "telpher 1.0"), ("start", "Hello, Ada!")],
)
async def test_a_press_shows_its_page_in_place_of_the_old_one(home, page, shown):
    await home.bot.router(press(f"page:{page}".encode()))
    assert home.gateway.pressed == [(99, "")]
    (edited,) = home.gateway.edited
    assert edited.ref == MessageRef(7, 1000)
    assert shown in edited.text
    assert home.gateway.sent == []


@pytest.mark.parametrize("data", [b"", b"page:", b"page:admin", b"\xff\xfe", b"x" * 64])
async def test_a_stale_or_forged_press_ends_the_spinner_with_a_note(home, data):
    await home.bot.router(press(data))
    ((query_id, note),) = home.gateway.pressed
    assert query_id == 99
    assert note
    assert home.gateway.edited == home.gateway.sent == []


@pytest.mark.parametrize(
    "failure",
    [
        FloodWaitError(3600),
        RecipientLostError("USER_IS_BLOCKED", 403),
        RequestRejectedError("MESSAGE_ID_INVALID"),
        TelegramUnavailableError("not connected"),
    ],
    ids=lambda failure: type(failure).__name__,
)
@pytest.mark.parametrize(
    "incoming",
    [message(file=FILM), message("/start", command="start"), message("hello")],
    ids=["file", "command", "text"],
)
async def test_a_failure_is_logged_and_the_next_update_answered(home, incoming, failure):
    home.gateway.failures += [failure, failure]
    answering = home.bot.router
    with capture_logs() as logs:
        await answering(incoming)
    lost = isinstance(failure, RecipientLostError)
    assert len(logs) == (1 if lost else 2)  # the answer, and that there is none
    for entry in logs:
        assert entry["log_level"] == "warning"
        assert entry["chat_id"] == 7
        assert type(failure).__name__ in entry["error"]
    assert home.gateway.silent
    home.gateway.failures.clear()
    await answering(incoming)
    assert not home.gateway.silent


async def test_what_telegram_does_not_do_is_said(home):
    home.gateway.failures.append(FloodWaitError(3600))
    await home.bot.router(message("/start", command="start"))
    assert home.gateway.sent[-1].text == "That did not work. Please try again in a minute."


@pytest.mark.parametrize(
    ("failure", "shown"),
    [(RequestRejectedError("QUERY_ID_INVALID"), True), (FloodWaitError(3600), False)],
    ids=["too old", "flood wait"],
)
async def test_a_press_too_old_to_be_answered_still_shows_its_page(home, failure, shown):
    home.gateway.failures.append(failure)
    with capture_logs() as logs:
        await home.bot.router(press(b"page:help"))
    assert home.gateway.pressed == []
    assert bool(home.gateway.edited) is shown
    assert len(logs) == 1


async def test_a_page_that_cannot_be_shown_is_logged_after_the_spinner_ended(home):
    home.gateway.failures = [None, RequestRejectedError("MESSAGE_ID_INVALID")]
    with capture_logs() as logs:
        await home.bot.router(press(b"page:help"))
    assert home.gateway.pressed == [(99, "")]
    assert [entry["event"] for entry in logs] == ["update not answered"]


async def test_buttons_that_telegram_refuses_are_left_out(home):
    home.gateway.failures.append(RequestRejectedError("BUTTON_URL_INVALID"))
    with capture_logs() as logs:
        await home.bot.router(message(file=FILM))
    (sent,) = home.gateway.sent
    assert sent.buttons == []
    assert (sent.reply_to, len(sent.marked("code"))) == (33, 1)
    assert [entry["event"] for entry in logs] == ["buttons refused"]


async def test_no_secret_is_logged(home):
    home.gateway.failures.append(FloodWaitError(3600))
    with capture_logs() as logs:
        await home.bot.router(message("my secret", file=FILM))
    assert not any(word in str(logs) for word in ("my secret", "film", "k=", "Ada"))


async def test_the_commands_are_published(home):
    await home.bot.router.publish_commands(home.gateway)
    assert [name for name, _ in home.gateway.commands[""]][:3] == ["start", "help", "about"]
    assert home.gateway.commands["de"][1] == ("help", TEXTS.plain("command.help", "de"))


async def test_commands_that_cannot_be_published_stop_nothing(home):
    home.gateway.failures.append(FloodWaitError(60))
    with capture_logs() as logs:
        await home.bot.router.publish_commands(home.gateway)
    assert [entry["event"] for entry in logs] == ["commands not published"]


async def test_whoever_acts_is_seen_but_no_bot(home):
    bot = Person(9, "Bot", is_bot=True)
    for incoming in (message("hello"), press(b"page:help"), message("x", sender=bot)):
        await home.bot.router(incoming)
    assert [each.person for each in home.notes.events] == [ADA, ADA]


async def test_who_is_banned_is_told_so_in_private_and_nowhere_else(home):
    await home.database.users.set_banned(7, True, 0)
    sent = await home.say(file=FILM)
    await home.bot.router(message("/stream", command="stream", ref=GROUP, private=False))
    assert await home.press_data(b"page:help") is None
    assert home.gateway.sent == [sent]
    assert "banned" in sent.text
    assert "banned" in home.note


async def test_an_admin_cannot_be_locked_out(tmp_path):
    async with stage(tmp_path, access=Access(admins={7})) as home:
        await home.database.users.set_banned(7, True, 0)
        assert "Send or forward" in (await home.say("hi")).text


async def test_with_the_database_away_everybody_is_answered(home):
    await home.away()
    assert f"{URL}/stream/7/101/" in (await home.say(file=FILM)).text
    assert "Hello, Ada!" in (await home.say("/start")).text
    assert "database does not answer" in (await home.say("/links")).text
    await home.press_data(b"links")
    assert "database does not answer" in home.note


async def test_what_was_said_of_a_failure_is_not_in_the_way_of_the_answer(home):
    """Handled again, or by an instance that has the database, it is answered all the same."""
    asked = message("/links", command="links")
    await home.away()
    await home.bot.router(asked)
    assert "database does not answer" in home.gateway.sent[-1].text
    failure = home.gateway.sent[-1].message.once
    await home.bot.router(message(file=FILM))
    answer = home.gateway.sent[-1].message.once
    assert answer != failure
    assert answer.rpartition(" ")[2] == "1", "an answer's name is its number"
    assert not failure.rpartition(" ")[2].isdigit()


async def test_the_same_update_again_sends_nothing_again(home):
    for _ in range(2):
        await home.bot.router(message(file=FILM))
    assert len(home.gateway.sent) == 1
