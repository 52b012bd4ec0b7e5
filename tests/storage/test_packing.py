"""Entries of playlists as bytes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.core.records import PlaylistEntry
from telpher.storage.packing import packed, unpacked
from telpher.storage.scalars import LARGEST, SMALLEST
from tests.storage.contract.makers import entry

numbers = st.integers(SMALLEST, LARGEST)
texts = st.text(st.characters(exclude_categories=["Cs"]))
infos = st.builds(
    FileInfo, numbers, numbers, texts, texts, st.sampled_from(Kind), numbers, numbers, texts, texts
)
refs = st.builds(MessageRef, numbers, numbers)
entries = st.builds(PlaylistEntry, numbers, refs, numbers, numbers, infos)


@settings(deadline=None)
@given(st.lists(entries, max_size=5))
def test_everything_comes_back(some: list[PlaylistEntry]):
    assert unpacked(packed(some)) == some


def test_what_is_no_text_becomes_replacement_characters():
    [found] = unpacked(packed([entry(1, name="a\ud800b")]))
    assert found == replace(entry(1), info=replace(entry(1).info, name="a\ufffdb"))


def test_ten_thousand_entries_are_far_below_any_databases_limit():
    assert len(packed([entry(number) for number in range(10_000)])) < 1 << 20
