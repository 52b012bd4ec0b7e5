from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.playlist import Item, m3u, xspf

FILM = Item("https://files.example.org/stream/7/33/film.mkv?k=K&x=1", "film.mkv", 90)
PHOTO = Item("https://files.example.org/stream/7/34?k=K", "photo")
NAMESPACE = "{http://xspf.org/ns/0/}"

AWKWARD = [
    "two\nlines\r\n#EXTINF:1,forged\nhttps://evil.example",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "<b>&amp;\"'</b> ]]>",
    "\x00\x01\x7f\ud800\ufffe",
    "ملف 👨‍👩‍👧",
    "",
]


def test_m3u_has_a_title_and_seconds_before_each_address():
    assert m3u("Films", [FILM, PHOTO]).split("\n") == [
        "#EXTM3U",
        "#PLAYLIST:Films",
        "#EXTINF:90,film.mkv",
        FILM.url,
        "#EXTINF:-1,photo",
        PHOTO.url,
        "",
    ]


def test_xspf_has_titles_addresses_and_milliseconds():
    root = ElementTree.fromstring(xspf("Films", [FILM, PHOTO]))
    assert root.findtext(f"{NAMESPACE}title") == "Films"
    tracks = root.findall(f"{NAMESPACE}trackList/{NAMESPACE}track")
    assert [each.findtext(f"{NAMESPACE}location") for each in tracks] == [FILM.url, PHOTO.url]
    assert [each.findtext(f"{NAMESPACE}duration") for each in tracks] == ["90000", None]


@pytest.mark.parametrize("title", AWKWARD)
def test_no_title_can_add_a_line_or_a_tag(title):
    _check(title)


@given(st.text())
def test_any_title_is_one_title(title):
    _check(title)


def _check(title):
    text = m3u(title, [Item(FILM.url, title, 1)])
    assert len(text.splitlines()) == 4
    assert text.splitlines()[3] == FILM.url
    root = ElementTree.fromstring(xspf(title, [Item(FILM.url, title, 1)]).encode())
    (track,) = root.iter(f"{NAMESPACE}track")
    assert [child.tag for child in track] == [
        f"{NAMESPACE}{name}" for name in ("location", "title", "duration")
    ]


def test_an_empty_playlist_is_one_too():
    assert m3u("", []) == "#EXTM3U\n#PLAYLIST:\n"
    assert ElementTree.fromstring(xspf("", [])) is not None
