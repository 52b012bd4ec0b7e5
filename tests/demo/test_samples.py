"""The sample files: what they are, byte by byte where it matters, and that they are kept."""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from telpher.demo import pattern, samples, titles
from telpher.demo.samples import Sample

pytestmark = pytest.mark.slow
MP4S = [titles.MOOV_AT_THE_END, titles.FAST_START, titles.FRAGMENTED]


def boxes(path: Path) -> Iterator[str]:
    """The types of an MP4's outermost boxes."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        yield kind.decode()
        at += size


def test_all_are_there_and_measured(files: dict[str, Sample]) -> None:
    assert len(files) == 7
    for sample in files.values():
        data = sample.path.read_bytes()
        assert sample.size == len(data)
        assert sample.sha256 == hashlib.sha256(data).hexdigest()


def test_each_mp4_has_its_index_where_its_name_says(files: dict[str, Sample]) -> None:
    at_the_end = list(boxes(files[titles.MOOV_AT_THE_END].path))
    assert at_the_end.index("moov") > at_the_end.index("mdat")
    in_front = list(boxes(files[titles.FAST_START].path))
    assert in_front.index("moov") < in_front.index("mdat")
    in_pieces = list(boxes(files[titles.FRAGMENTED].path))
    assert in_pieces.count("moof") >= pattern.SECONDS - 1


@pytest.mark.parametrize("name", [*MP4S, titles.MATROSKA])
def test_films_decode_to_the_end(files: dict[str, Sample], name: str) -> None:
    with av.open(str(files[name].path)) as film:
        video = film.streams.video[0]
        assert (video.width, video.height) == (pattern.WIDTH, pattern.HEIGHT)
        assert video.codec_context.name == "h264"
        assert film.streams.audio[0].codec_context.name == "aac"
        pictures = sum(1 for _ in film.decode(video))
    assert pictures == pattern.SECONDS * pattern.FRAME_RATE


@pytest.mark.parametrize("name", [*MP4S, titles.MATROSKA])
def test_a_seek_lands_close_by(files: dict[str, Sample], name: str) -> None:
    with av.open(str(files[name].path)) as film:
        film.seek(30 * av.time_base)
        picture = next(film.decode(film.streams.video[0]))
        assert 28.5 < float(picture.time) <= 30


def test_the_matroska_has_two_languages_and_subtitles(files: dict[str, Sample]) -> None:
    with av.open(str(files[titles.MATROSKA].path)) as film:
        assert [track.language for track in film.streams.audio] == ["eng", "deu"]
        words = [packet for packet in film.demux(film.streams.subtitles[0]) if packet.size]
    assert len(words) == pattern.SECONDS
    assert bytes(words[7]) == b"Second 7"


def test_the_song_has_tags_and_a_cover(files: dict[str, Sample]) -> None:
    sample = files[titles.SONG]
    with av.open(str(sample.path)) as song:
        assert song.metadata["title"] == sample.title
        assert song.metadata["artist"] == sample.performer
        assert song.duration is not None
        assert abs(song.duration / av.time_base - sample.duration) < 1
        cover = next(song.decode(song.streams.video[0]))
        assert (cover.width, cover.height) == (pattern.WIDTH, pattern.HEIGHT)


def test_films_and_song_have_thumbnails_that_differ(files: dict[str, Sample]) -> None:
    pictured = {name: sample.picture for name, sample in files.items() if sample.picture}
    assert set(pictured) == {*MP4S, titles.MATROSKA, titles.SONG}
    pictures = {path.read_bytes() for path in pictured.values()}
    assert len(pictures) == len(pictured)
    for path in pictured.values():
        with av.open(str(path)) as picture:
            frame = next(picture.decode(video=0))
        assert (frame.width, frame.height) == (pattern.WIDTH // 2, pattern.HEIGHT // 2)
        assert path.stat().st_size < 64 << 10


def test_the_binary_is_large_and_awkward_and_the_empty_file_empty(
    files: dict[str, Sample],
) -> None:
    assert files["awkward.bin"].size == 8 << 20
    assert set("\"';%/\u202e\U0001f3ac") <= set(files["awkward.bin"].name)
    assert files["empty.txt"].size == 0


def test_they_are_kept(files: dict[str, Sample], cache: Path) -> None:
    before = {sample.path: sample.path.stat().st_mtime_ns for sample in files.values()}
    assert samples.are_there(cache)
    again = samples.collect(cache)
    assert again == list(files.values())
    assert {sample.path: sample.path.stat().st_mtime_ns for sample in again} == before
    assert [path.name for path in cache.iterdir()] == [f"samples-{samples.VERSION}"]


@pytest.mark.parametrize("index", ["", "{", "[1]", '[{"path": "x"}]', '[{"name": "x"}]'])
def test_a_damaged_index_counts_as_nothing(tmp_path: Path, index: str) -> None:
    folder = tmp_path / f"samples-{samples.VERSION}"
    folder.mkdir()
    (folder / "samples.json").write_text(index)
    assert not samples.are_there(tmp_path)


def test_a_file_cut_off_counts_as_nothing(files: dict[str, Sample], tmp_path: Path) -> None:
    source = files["empty.txt"].path.parent
    folder = tmp_path / source.name
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).symlink_to(path)
    assert samples.are_there(tmp_path)
    (folder / titles.SONG).unlink()
    (folder / titles.SONG).write_bytes(b"ID3")
    assert not samples.are_there(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        samples.collect(tmp_path / "file")
