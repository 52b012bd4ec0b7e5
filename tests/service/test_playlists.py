import pytest

from telpher.clock import FakeClock
from telpher.core.links import LinkSigner
from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.core.records import Playlist, PlaylistEntry
from telpher.errors import GoneError, NotFoundError, StorageError
from telpher.service.denials import Denials
from telpher.service.links import LinkService
from telpher.service.playlists import Playlists

FILM = FileInfo(1, 10, "video/mp4", "film.mp4", Kind.VIDEO, 0, duration=9)
REF = MessageRef(-1, 5)


class Store:
    def __init__(self):
        self.there = {}
        self.asked = 0

    async def get(self, playlist_id):
        self.asked += 1
        found = self.there.get(playlist_id)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def stage():
    clock, denials, store = FakeClock(), Denials(), Store()
    links = LinkService(LinkSigner(b"s" * 32), "https://x.example", clock, 1, denials=denials)
    return clock, denials, store, links, Playlists(store, links)


def kept(store, *links):
    entries = [
        PlaylistEntry(each.record.link_id, each.record.ref, each.record.expires, 0, FILM)
        for each in links
    ]
    store.there["abc"] = Playlist("abc", 7, "Films", 0, entries)


async def test_each_entry_is_the_link_that_was_handed_out(stage):
    _, _, store, links, playlists = stage
    made = [links.make(REF, FILM, 7, "abc") for _ in range(2)]
    kept(store, *made)
    listed = await playlists.get("abc")
    assert (listed.title, [each.url for each in listed.items]) == (
        "Films",
        [each.stream for each in made],
    )
    assert (listed.items[0].title, listed.items[0].duration) == ("film.mp4", 9)


async def test_revoked_links_are_left_out_and_with_none_left_it_is_gone(stage):
    _, denials, store, links, playlists = stage
    made = [links.make(REF, FILM, 7, "abc") for _ in range(2)]
    kept(store, *made)
    denials.deny(made[0].record.link_id)
    assert [each.url for each in (await playlists.get("abc")).items] == [made[1].stream]
    denials.deny(made[1].record.link_id)
    with pytest.raises(GoneError):
        await playlists.get("abc")


@pytest.mark.parametrize("end", ["expiry", "epoch"])
async def test_it_ends_with_its_links(stage, end):
    clock, denials, store, links, playlists = stage
    kept(store, links.make(REF, FILM, 7, "abc"))
    assert await playlists.get("abc")
    if end == "expiry":
        clock.advance(3601)
    else:
        denials.epoch += 1
    with pytest.raises(GoneError):
        await playlists.get("abc")


async def test_what_is_unknown_is_not_found_and_nonsense_asks_nobody(stage):
    _, _, store, _, playlists = stage
    for playlist_id in ("", "xyz", "x" * 1000):
        with pytest.raises(NotFoundError):
            await playlists.get(playlist_id)
    assert store.asked == 2


async def test_a_database_that_is_away_is_no_answer(stage):
    _, _, store, _, playlists = stage
    store.there["abc"] = StorageError("away")
    with pytest.raises(StorageError):
        await playlists.get("abc")
