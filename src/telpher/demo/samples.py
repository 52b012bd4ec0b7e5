"""The demo's sample files: what is awkward to stream, one of each. Made once, then kept.

They are made in a folder beside the final one, which is renamed when all are whole, so that
whatever interrupts the making leaves nothing that looks finished.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from telpher.demo import pattern, titles
from telpher.errors import SettingsError

# Part of the folder's name: raise it when what is made changes.
VERSION = 2

_INDEX = "samples.json"
_BINARY_SIZE = 8 << 20
# Whatever a header, a URL, a shell or a terminal could stumble over: quotes of every kind, a
# semicolon, percent signs, a slash-like character, Hebrew, an emoji, a mark that turns the writing
# direction.
AWKWARD_NAME = (
    'it\'s "awkward"; filename=x.exe, 100%25 / \u05e9\u05dc\u05d5\u05dd \U0001f3ac \u202etxt.bin'
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file on disk and what Telegram is told of it; `duration` is in seconds. `picture` is the
    thumbnail that a sender's client would send along, `about` what is awkward about the file."""

    name: str
    path: Path
    kind: str
    mime: str
    duration: int = 0
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""
    size: int = 0
    sha256: str = ""
    picture: Path | None = None
    about: str = ""


def collect(cache: Path) -> list[Sample]:
    """The samples, from a folder in `cache`, made now if need be (some five seconds).

    Raises OSError when `cache` cannot be written, SettingsError when PyAV is missing.
    """
    folder = cache / f"samples-{VERSION}"
    return _kept(folder) or _make(folder)


def are_there(cache: Path) -> bool:
    """Whether `collect` has nothing to make."""
    return bool(_kept(cache / f"samples-{VERSION}"))


def _kept(folder: Path) -> list[Sample]:
    """What an earlier call left; empty when there is nothing, or a file is missing or cut off."""
    try:
        entries = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        found = [_placed(Sample(**entry), folder) for entry in entries]
        whole = all(sample.path.stat().st_size == sample.size for sample in found)
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return found if whole else []


def _make(folder: Path) -> list[Sample]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent) as name:
        new = Path(name) / folder.name
        new.mkdir()
        made = [_measured(sample) for sample in _record(new)]
        entries = [dataclasses.asdict(_placed(sample, Path())) for sample in made]
        (new / _INDEX).write_text(json.dumps(entries, indent=1, default=str), encoding="utf-8")
        # Whatever is there is not whole, or another process has just put its own there.
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    return [_placed(sample, folder) for sample in made]


def _placed(sample: Sample, folder: Path) -> Sample:
    """The sample with its files in `folder`."""
    picture = folder / Path(sample.picture).name if sample.picture else None
    return dataclasses.replace(sample, path=folder / Path(sample.path).name, picture=picture)


def _record(folder: Path) -> list[Sample]:
    _run_studio(folder)
    return [
        _film("Moov at the end.mp4", folder / titles.MOOV_AT_THE_END, "Its index comes last."),
        _film("Fast start.mp4", folder / titles.FAST_START, "Its index comes first."),
        _film("Fragmented.mp4", folder / titles.FRAGMENTED, "In pieces of a second."),
        _film(
            "Subtitles and two languages.mkv",
            folder / titles.MATROSKA,
            "Two sound tracks, subtitles.",
            "video/x-matroska",
        ),
        _song("Song with a cover.mp3", folder / titles.SONG),
        *_binaries(folder),
    ]


def _run_studio(folder: Path) -> None:
    if importlib.util.find_spec("av") is None:
        raise SettingsError(
            [
                "PyAV is not installed; the demo needs it to make its sample films. "
                "Install it: pip install 'telpher[demo]'"
            ]
        )
    command = [sys.executable, "-m", "telpher.demo.studio", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 our own module and our own folder


def _film(name: str, path: Path, about: str, mime: str = "video/mp4") -> Sample:
    return Sample(
        name,
        path,
        "video",
        mime,
        duration=pattern.SECONDS,
        width=pattern.WIDTH,
        height=pattern.HEIGHT,
        picture=titles.picture_of(path),
        about=about,
    )


def _song(name: str, path: Path) -> Sample:
    return Sample(
        name,
        path,
        "audio",
        "audio/mpeg",
        duration=pattern.SECONDS,
        title=titles.TITLE,
        performer=titles.PERFORMER,
        picture=titles.picture_of(path),
        about="An MP3 with a cover.",
    )


def _binaries(folder: Path) -> list[Sample]:
    awkward, empty = folder / "awkward.bin", folder / "empty.txt"
    awkward.write_bytes(hashlib.shake_128(b"telpher").digest(_BINARY_SIZE))
    empty.touch()
    return [
        Sample(
            AWKWARD_NAME,
            awkward,
            "document",
            "application/octet-stream",
            about="Its name is what is awkward.",
        ),
        Sample("Empty.txt", empty, "document", "text/plain", about="Not a single byte."),
    ]


def _measured(sample: Sample) -> Sample:
    with sample.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return dataclasses.replace(sample, size=sample.path.stat().st_size, sha256=digest)
