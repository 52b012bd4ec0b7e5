import pytest
from structlog.testing import capture_logs

from telpher.bot.build import BotDeps, create_router
from telpher.bot.language import Texts
from telpher.bot.menu import About
from telpher.clock import FakeClock
from telpher.core.links import LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef, Person
from telpher.errors import FloodWaitError, RequestRejectedError, TelegramUnavailableError
from telpher.service.links import LinkService
from telpher.service.people import Access, People
from telpher.telegram.gateway import ButtonPress, IncomingMessage
from tests.bot.fake_gateway import FakeGateway
from tests.bot.fake_stores import FakeDialogues, FakeUsers, Notebook

ADA = Person(7, "Ada", language_code="en")
FILM = FileInfo(1, 1536, "video/mp4", "film.mp4", Kind.VIDEO, date=0, duration=90)
GROUP = MessageRef(-1001234567890, 5)
TEXTS = Texts.load()
URL = "https://files.example.org"


@pytest.fixture
def gateway():
    return FakeGateway()


def router(gateway, *, url=URL, access=None, users=None, notes=None, **more):
    links = LinkService(LinkSigner(b"s" * 32), url, FakeClock())
    clock = FakeClock()
    people = People(users or FakeUsers(), notes or Notebook(), clock)
    dialogues, about = FakeDialogues(), About("1.0")
    return create_router(
        BotDeps(gateway, links, people, access or Access(), dialogues, clock, about, **more)
    )


def message(text="", *, ref=None, private=True, sender=ADA, **fields):
    return IncomingMessage(ref or MessageRef(7, 33), sender, private, text, **fields)


def press(data, sender=ADA):
    return ButtonPress(MessageRef(7, 1000), sender, query_id=99, data=data)


async def test_a_file_is_answered_with_its_link_as_a_reply(gateway):
    await router(gateway)(message(file=FILM))
    (sent,) = gateway.sent
    assert (sent.ref.chat_id, sent.reply_to) == (7, 33)
    (link,) = sent.marked("code")
    assert link.startswith(f"{URL}/stream/7/33/film.mp4?k=")
    for part in ("film.mp4", "1.50 KB", "01:30", "video/mp4"):
        assert part in sent.text
    assert sent.button("Play").url == link
    assert sent.button("Copy").copy == link
    assert sent.button("Download").url == link.replace("/stream/", "/download/")


async def test_whoever_wants_to_know_is_told_of_each_link_that_is_made(gateway):
    told = []
    listening = router(gateway, access=Access(allowed={7}), link_made=told.append)
    gateway.failures = [TelegramUnavailableError("not connected")]
    for number in (33, 34):
        await listening(message(file=FILM, ref=MessageRef(7, number)))
    await listening(message("hello"))
    await listening(message(file=FILM, ref=MessageRef(8, 35), sender=Person(8, "Bob")))
    await listening(message(file=FILM, ref=GROUP, private=False))
    # Also of the one whose answer failed: its link may have arrived all the same.
    assert told == [MessageRef(7, 33), MessageRef(7, 34)]


async def test_a_link_that_was_sent_opens_that_message_and_no_other(gateway):
    await router(gateway)(message(file=FILM))
    key = gateway.sent[0].marked("code")[0].partition("?k=")[2]
    links = LinkService(LinkSigner(b"s" * 32), URL, FakeClock())
    assert links.check(MessageRef(7, 33), key).ref == MessageRef(7, 33)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("text", ["", "a caption", "/start"])
async def test_every_kind_of_file_gets_a_link_whatever_its_caption(gateway, kind, text):
    file = FileInfo(1, 10, "", "", kind, date=0)
    await router(gateway)(message(text, file=file, command=text.removeprefix("/").lower()))
    assert f"{URL}/stream/7/33/" in gateway.sent[0].text


async def test_with_a_local_address_there_are_no_buttons(gateway):
    await router(gateway, url="http://localhost:8080")(message(file=FILM))
    (sent,) = gateway.sent
    assert sent.buttons == []
    assert "http://localhost:8080/stream/7/33/film.mp4?k=" in sent.text


@pytest.mark.parametrize("command", ["start", "help", "about", "START"])
async def test_commands_are_answered_with_their_pages(gateway, command):
    await router(gateway)(message(f"/{command}", command=command))
    (sent,) = gateway.sent
    expected = {"start": "Hello, Ada!", "help": "/about:", "about": "telpher 1.0"}
    assert expected[command.lower()] in sent.text
    assert sent.buttons
    assert sent.reply_to == 0


async def test_start_greets_a_name_full_of_markup(gateway):
    stranger = Person(8, "<b>&\n\u202e*_`😀", language_code="xx")
    await router(gateway)(message("/start", command="start", sender=stranger))
    assert "Hello, <b>& *_`😀!" in gateway.sent[0].text


@pytest.mark.parametrize("text", ["hello", "", "https://t.me/c/1/2", "/start@other_bot", "<b>"])
async def test_what_is_not_understood_gets_a_short_hint(gateway, text):
    await router(gateway)(message(text))
    (sent,) = gateway.sent
    assert sent.text.startswith("Send or forward me a file")


async def test_an_unknown_command_gets_a_hint_of_its_own(gateway):
    await router(gateway)(message("/frobnicate", command="frobnicate"))
    assert "do not know this command" in gateway.sent[0].text


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
async def test_groups_are_left_in_peace(gateway, fields):
    await router(gateway)(message(ref=GROUP, private=False, **fields))
    await router(gateway)(message(ref=GROUP, private=False, sender=None, **fields))
    assert gateway.silent


async def test_other_bots_are_not_answered(gateway):
    await router(gateway)(message("hello", sender=Person(9, "Bot", is_bot=True)))
    assert gateway.silent


async def test_who_is_not_allowed_gets_no_link(gateway):
    closed = router(gateway, access=Access(admins={1}, allowed={2}))
    await closed(message(file=FILM))
    (sent,) = gateway.sent
    assert "allowed" in sent.text
    assert "/stream/" not in sent.text
    assert sent.buttons == []
    await closed(message("/help", command="help", ref=MessageRef(7, 34)))
    assert "How to play" in gateway.sent[1].text


@pytest.mark.parametrize("user_id", [1, 2])
async def test_who_is_allowed_gets_one_even_without_a_shown_sender(gateway, user_id):
    closed = router(gateway, access=Access(admins={1}, allowed={2}))
    await closed(message(file=FILM, ref=MessageRef(user_id, 3), sender=None))
    assert f"/stream/{user_id}/3/" in gateway.sent[0].text


@pytest.mark.parametrize(
    ("page", "shown"),
    [("help", "How to get a link"), ("about", "telpher 1.0"), ("start", "Hello, Ada!")],
)
async def test_a_press_shows_its_page_in_place_of_the_old_one(gateway, page, shown):
    await router(gateway)(press(f"page:{page}".encode()))
    assert gateway.pressed == [(99, "")]
    (edited,) = gateway.edited
    assert edited.ref == MessageRef(7, 1000)
    assert shown in edited.text
    assert gateway.sent == []


@pytest.mark.parametrize("data", [b"", b"page:", b"page:admin", b"\xff\xfe", b"x" * 64])
async def test_a_stale_or_forged_press_ends_the_spinner_with_a_note(gateway, data):
    await router(gateway)(press(data))
    ((query_id, note),) = gateway.pressed
    assert query_id == 99
    assert note
    assert gateway.edited == gateway.sent == []


@pytest.mark.parametrize(
    "failure",
    [
        FloodWaitError(3600),
        RequestRejectedError("USER_IS_BLOCKED", 403),
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
async def test_a_failure_is_logged_and_the_next_update_answered(gateway, incoming, failure):
    gateway.failures.append(failure)
    answering = router(gateway)
    with capture_logs() as logs:
        await answering(incoming)
    (entry,) = logs
    assert entry["log_level"] == "warning"
    assert entry["chat_id"] == 7
    assert type(failure).__name__ in entry["error"]
    assert gateway.silent
    await answering(incoming)
    assert not gateway.silent


@pytest.mark.parametrize(
    ("failure", "shown"),
    [(RequestRejectedError("QUERY_ID_INVALID"), True), (FloodWaitError(3600), False)],
    ids=["too old", "flood wait"],
)
async def test_a_press_too_old_to_be_answered_still_shows_its_page(gateway, failure, shown):
    gateway.failures.append(failure)
    with capture_logs() as logs:
        await router(gateway)(press(b"page:help"))
    assert gateway.pressed == []
    assert bool(gateway.edited) is shown
    assert len(logs) == 1


async def test_a_page_that_cannot_be_shown_is_logged_after_the_spinner_ended(gateway):
    class WithoutEdit(FakeGateway):
        async def edit(self, ref, message):
            raise RequestRejectedError("MESSAGE_ID_INVALID")

    refusing = WithoutEdit()
    with capture_logs() as logs:
        await router(refusing)(press(b"page:help"))
    assert refusing.pressed == [(99, "")]
    assert "MESSAGE_ID_INVALID" in logs[0]["error"]


async def test_buttons_that_telegram_refuses_are_left_out(gateway):
    gateway.failures.append(RequestRejectedError("BUTTON_URL_INVALID"))
    with capture_logs() as logs:
        await router(gateway)(message(file=FILM))
    (sent,) = gateway.sent
    assert sent.buttons == []
    assert (sent.reply_to, len(sent.marked("code"))) == (33, 1)
    assert [entry["event"] for entry in logs] == ["buttons refused"]


async def test_no_secret_is_logged(gateway):
    gateway.failures.append(FloodWaitError(3600))
    with capture_logs() as logs:
        await router(gateway)(message("my secret", file=FILM))
    assert not any(word in str(logs) for word in ("my secret", "film", "k=", "Ada"))


async def test_the_commands_are_published(gateway):
    await router(gateway).publish_commands()
    assert [name for name, _ in gateway.commands[""]] == ["start", "help", "about"]
    assert gateway.commands["de"][1] == ("help", TEXTS.plain("command.help", "de"))


async def test_commands_that_cannot_be_published_stop_nothing(gateway):
    gateway.failures.append(FloodWaitError(60))
    with capture_logs() as logs:
        await router(gateway).publish_commands()
    assert [entry["event"] for entry in logs] == ["commands not published"]


async def test_whoever_acts_is_seen_but_no_bot(gateway):
    notes, bot = Notebook(), Person(9, "Bot", is_bot=True)
    listening = router(gateway, notes=notes)
    for incoming in (message("hello"), press(b"page:help"), message("x", sender=bot)):
        await listening(incoming)
    assert [each.person for each in notes.events] == [ADA, ADA]


async def test_who_is_banned_is_told_so_in_private_and_nowhere_else(gateway):
    closed = router(gateway, users=FakeUsers(banned={7}))
    await closed(message(file=FILM))
    await closed(message("/start", command="start", ref=GROUP, private=False))
    await closed(press(b"page:help"))
    (sent,) = gateway.sent
    assert "banned" in sent.text
    assert "banned" in gateway.pressed[0][1]
    assert gateway.edited == []


async def test_an_admin_cannot_be_locked_out(gateway):
    await router(gateway, users=FakeUsers(banned={7}), access=Access(admins={7}))(message("hi"))
    assert "Send or forward" in gateway.sent[0].text


async def test_with_the_database_away_everybody_is_answered(gateway):
    users = FakeUsers(away=True)
    await router(gateway, users=users)(message(file=FILM))
    assert users.asked
    assert f"{URL}/stream/7/33/" in gateway.sent[0].text


async def test_the_same_update_again_sends_nothing_again(gateway):
    for _ in range(2):
        await router(gateway)(message(file=FILM))
    assert len(gateway.sent) == 1
