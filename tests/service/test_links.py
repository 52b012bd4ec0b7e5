from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from telpher.clock import FakeClock
from telpher.core.links import LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.core.tally import LinkMade
from telpher.errors import BadSignatureError, GoneError, LinkExpiredError
from telpher.service.denials import Denials
from telpher.service.links import LinkService
from telpher.service.register import Register

CHANNEL = MessageRef(-1001234567890123, 42)
SIGNER = LinkSigner(b"s" * 32)


def file_info(name="film.mkv"):
    return FileInfo(1, 1000, "video/x-matroska", name, Kind.VIDEO, date=0)


def service(base="https://files.example.org", clock=None, ttl_hours=0, epoch=0):
    return LinkService(SIGNER, base, clock or FakeClock(), ttl_hours, denials=Denials(epoch))


def key_of(url):
    (key,) = parse_qs(urlsplit(url).query, strict_parsing=True)["k"]
    return key


def test_the_links_name_chat_message_and_file():
    links = service().make(CHANNEL, file_info())
    key = links.stream.partition("?k=")[2]
    base = "https://files.example.org"
    assert links.stream == f"{base}/stream/-1001234567890123/42/film.mkv?k={key}"
    assert links.download == f"{base}/download/-1001234567890123/42/film.mkv?k={key}"
    assert links.bare == f"{base}/stream/-1001234567890123/42?k={key}"


@pytest.mark.parametrize(
    ("base", "start"),
    [
        ("http://localhost:8080", "http://localhost:8080/stream/"),
        ("http://localhost:8080/", "http://localhost:8080/stream/"),
        ("https://example.org/telpher", "https://example.org/telpher/stream/"),
        ("https://example.org/a/b//", "https://example.org/a/b/stream/"),
    ],
)
def test_the_base_keeps_its_path_and_loses_the_slash_at_its_end(base, start):
    assert service(base).make(CHANNEL, file_info()).stream.startswith(start)


@pytest.mark.parametrize(
    "name",
    [
        "a b?c#d&e=f%20.mkv",
        "../../etc/passwd",
        'quote".mkv',
        "line\r\nbreak.mkv",
        "\u202egpj.exe",
        "кино 🎬.mkv",
        "<b>.mkv",
        "",
    ],
)
def test_no_name_leaves_its_place_in_the_address(name):
    url = service().make(CHANNEL, file_info(name)).stream
    assert url.isascii()
    assert url.isprintable()
    assert not set('<>"\\ ') & set(url)
    parts = urlsplit(url)
    assert parts.path.count("/") == 4
    assert unquote(parts.path.rpartition("/")[2]) not in ("", ".", "..")
    assert service().check(CHANNEL, key_of(url)).ref == CHANNEL


def test_a_name_that_makes_the_address_too_long_is_left_out():
    base = "https://example.org/" + "p" * 1950
    links = service(base).make(CHANNEL, file_info("n" * 100))
    assert links.stream == links.bare
    assert "/download/" in links.download


def test_a_link_that_comes_back_says_what_was_signed():
    links = service(epoch=3).make(CHANNEL, file_info())
    claims = service(epoch=3).check(CHANNEL, key_of(links.download))
    assert claims == links.claims
    assert (claims.ref, claims.epoch, claims.expires) == (CHANNEL, 3, 0)


def test_a_new_epoch_ends_the_links_of_the_old_one():
    key = key_of(service(epoch=3).make(CHANNEL, file_info()).stream)
    with pytest.raises(GoneError):
        service(epoch=4).check(CHANNEL, key)


def test_every_link_has_an_id_of_its_own():
    links = service()
    ids = {links.make(CHANNEL, file_info()).claims.link_id for _ in range(64)}
    assert len(ids) == 64
    assert max(ids) > 2**48, "63 bits are drawn"
    assert 0 < min(ids) < max(ids) < 2**63


def test_on_one_occasion_a_link_is_made_once():
    """A message that comes again after a crash has been answered with it already."""

    file = file_info()
    another = replace(file, document_id=file.document_id + 1)

    def made(once="7 sent 42", ref=CHANNEL, info=file):
        return service().make(ref, info, once=once).claims.link_id

    others = {
        made("7 sent 43"),
        made(ref=MessageRef(CHANNEL.chat_id, CHANNEL.message_id + 1)),
        made(info=another),
        made(""),
    }
    assert made() == made()
    assert len({made(), *others}) == 5
    assert all(0 < each < 2**63 for each in others)


@pytest.mark.parametrize("key", [None, "", "x", "é", "A" * 10_000])
def test_a_wrong_key_is_refused(key):
    with pytest.raises(BadSignatureError):
        service().check(CHANNEL, key)


@pytest.mark.parametrize(
    "other", [MessageRef(CHANNEL.chat_id, 43), MessageRef(CHANNEL.chat_id + 1, 42)]
)
def test_a_key_opens_no_other_message(other):
    key = key_of(service().make(CHANNEL, file_info()).stream)
    with pytest.raises(BadSignatureError):
        service().check(other, key)


def test_a_link_lives_for_the_given_hours():
    clock = FakeClock()
    links = service(clock=clock, ttl_hours=2)
    key = key_of(links.make(CHANNEL, file_info()).stream)
    clock.advance(2 * 3600 - 1)
    assert links.check(CHANNEL, key).expires == int(FakeClock().now()) + 7200
    clock.advance(2)
    with pytest.raises(LinkExpiredError):
        links.check(CHANNEL, key)


def test_without_hours_a_link_lives_for_ever():
    clock = FakeClock()
    links = service(clock=clock)
    key = key_of(links.make(CHANNEL, file_info()).stream)
    clock.advance(100 * 365 * 86400)
    assert links.check(CHANNEL, key).expires == 0


def test_the_record_makes_the_same_addresses_again():
    made = service(ttl_hours=1, epoch=3).make(CHANNEL, file_info("a b.mkv"), 7, "list")
    record = made.record
    assert (record.owner, record.playlist, record.name, record.size) == (7, "list", "a b.mkv", 1000)
    assert (record.kind, record.document_id, record.epoch) == (Kind.VIDEO, 1, 3)
    assert record.created == FakeClock().now()
    assert service().rewrite(record) == made
    nameless = service().make(CHANNEL, file_info(""))
    assert service().rewrite(nameless.record) == nameless


def test_a_link_that_is_denied_is_gone_and_others_live():
    denials = Denials()
    links = LinkService(SIGNER, "http://localhost", FakeClock(), denials=denials)
    dead, living = links.make(CHANNEL, file_info()), links.make(CHANNEL, file_info())
    denials.deny(dead.record.link_id)
    with pytest.raises(GoneError):
        links.check(CHANNEL, key_of(dead.stream))
    assert links.check(CHANNEL, key_of(living.stream)) == living.claims


def test_a_rising_epoch_ends_all_links_and_new_ones_live():
    denials = Denials()
    links = LinkService(SIGNER, "http://localhost", FakeClock(), denials=denials)
    old = links.make(CHANNEL, file_info())
    denials.epoch += 1
    with pytest.raises(GoneError):
        links.check(CHANNEL, key_of(old.stream))
    links.check(CHANNEL, key_of(links.make(CHANNEL, file_info()).stream))


async def test_an_issued_link_is_entered_first():
    kept = []

    class Journal:
        async def kept(self, *events):
            kept.extend(events)

    class NoLinks:
        async def get(self, link_id):
            return None

    register = Register(Journal(), NoLinks())
    links = LinkService(SIGNER, "http://localhost", FakeClock(), register=register)
    issued = await links.issue(CHANNEL, file_info(), 7)
    assert kept == [LinkMade(issued.record)]
    assert register.known_owner(issued.record.link_id) == 7
