"""What the recordings are called: agreed between who records them and who lists them."""

from pathlib import Path

MOOV_AT_THE_END = "moov-at-the-end.mp4"
FAST_START = "fast-start.mp4"
FRAGMENTED = "fragmented.mp4"
MATROSKA = "two-languages.mkv"
SONG = "song.mp3"

TITLE, PERFORMER = "A minute of ticks", "telpher"

# Which second of a recording its thumbnail shows: each another, so that they can be told apart.
PICTURED_AT = {MOOV_AT_THE_END: 4, FAST_START: 18, FRAGMENTED: 30, MATROSKA: 42, SONG: 0}


def picture_of(recording: Path) -> Path:
    """The thumbnail beside a recording, a JPEG."""
    return recording.with_suffix(".jpg")
