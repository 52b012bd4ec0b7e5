import pytest

from telpher.bot import keyboards
from telpher.bot.language import Texts
from telpher.core.model import MessageRef
from telpher.core.records import LinkRecord
from telpher.service.links import Links
from telpher.telegram.gateway import COPY_LIMIT
from tests.bot.fake_gateway import check_keyboard

TEXTS = Texts.load()
RECORD = LinkRecord(3, 7, MessageRef(1, 2), 0, 0, 0, 9, "film.mkv", 1)


def links(base="https://files.example.org", name="film.mkv"):
    return Links(
        record=RECORD,
        stream=f"{base}/stream/1/2/{name}?k=K",
        download=f"{base}/download/1/2/{name}?k=K",
        bare=f"{base}/stream/1/2?k=K",
        watch=f"{base}/watch/1/2?k=K",
        thumbnail=f"{base}/thumbnail/1/2?k=K",
    )


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://files.example.org", True),
        ("http://files.example.org:8080/a/b?c", True),
        ("HTTPS://FILES.EXAMPLE.ORG.", True),
        ("https://xn--bcher-kva.example.xn--p1ai/", True),
        ("https://bücher.рф/", True),
        ("http://8.8.8.8:8080", True),
        ("http://[2606:4700:4700::1111]/", True),
        ("http://localhost:8080", False),
        ("http://localhost.", False),
        ("http://server:8080", False),
        ("http://server.local", False),
        ("http://server.LAN/", False),
        ("http://server.home.arpa", False),
        ("http://a.localhost", False),
        ("http://127.0.0.1:8080", False),
        ("http://127.1", False),
        ("http://0x7f.0x1", False),
        ("http://2130706433", False),
        ("http://0.0.0.0:8080", False),
        ("http://10.1.2.3", False),
        ("http://192.168.1.2", False),
        ("http://100.64.0.1", False),
        ("http://169.254.1.1", False),
        ("http://[::1]:8080", False),
        ("http://[fe80::1%25eth0]/", False),
        ("http://[fd00::1]/", False),
        ("ftp://files.example.org", False),
        ("tg://resolve?domain=x", False),
        ("files.example.org", False),
        ("https://", False),
        ("https://[", False),
        ("https://files.example.org:x", False),
        ("", False),
    ],
)
def test_only_public_hosts_are_public(url, public):
    assert keyboards.is_public(url) is public


def test_a_file_has_play_download_vlc_copy_and_revoke():
    (play, download), (vlc, copy), (revoke,) = keyboards.for_file(TEXTS, "en", links())
    assert (play.url, download.url, vlc.url) == (
        "https://files.example.org/watch/1/2?k=K",
        "https://files.example.org/download/1/2/film.mkv?k=K",
        "https://files.example.org/watch/1/2?k=K&open=vlc",
    )
    assert copy.copy == "https://files.example.org/stream/1/2/film.mkv?k=K"
    assert revoke.data == b"revoke:3"


def test_a_link_exactly_at_the_limit_is_copied_whole():
    room = COPY_LIMIT - len(links(name="").stream)
    fits, too_long = links(name="n" * room), links(name="n" * (room + 1))
    assert keyboards.for_file(TEXTS, "en", fits)[1][1].copy == fits.stream
    assert keyboards.for_file(TEXTS, "en", too_long)[1][1].copy == too_long.bare


def test_a_link_too_long_even_without_the_name_has_no_copy_button():
    keyboard = keyboards.for_file(TEXTS, "en", links(base="https://files.example.org/" + "p" * 256))
    assert [len(row) for row in keyboard] == [2, 1, 1]


def test_local_links_can_be_revoked_and_no_more():
    ((only,),) = keyboards.for_file(TEXTS, "en", links(base="http://localhost:8080"))
    assert only.data == b"revoke:3"


@pytest.mark.parametrize("language", sorted(TEXTS.languages))
def test_telegram_takes_every_keyboard(language):
    check_keyboard(keyboards.for_file(TEXTS, language, links()))
    check_keyboard(keyboards.menu(TEXTS, language, "https://a.example.org", "https://t.me/b"))
    check_keyboard(keyboards.back(TEXTS, language))


def test_the_menu_shows_only_addresses_that_are_set_and_public():
    plain = keyboards.menu(TEXTS, "en")
    assert [len(row) for row in plain] == [2, 1]
    assert keyboards.menu(TEXTS, "en", "http://localhost/src", "") == plain
    both = keyboards.menu(TEXTS, "en", "https://a.example.org", "https://t.me/b")
    assert [button.url for button in both[2]] == ["https://a.example.org", "https://t.me/b"]
    one = keyboards.menu(TEXTS, "en", updates_url="https://t.me/b")
    assert [button.url for button in one[2]] == ["https://t.me/b"]


def test_data_is_what_areas_read_and_never_too_long():
    assert keyboards.data("page", "start") == b"page:start"
    assert keyboards.data("close") == b"close"
    assert len(keyboards.data("x", "y" * 62)) == 64
    with pytest.raises(ValueError, match="65 bytes"):
        keyboards.data("x", "y" * 63)
