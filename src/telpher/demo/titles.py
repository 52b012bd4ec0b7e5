"""What the recordings are called: agreed between who records them and who lists them."""

MOOV_AT_THE_END = "moov-at-the-end.mp4"
FAST_START = "fast-start.mp4"
FRAGMENTED = "fragmented.mp4"
MATROSKA = "two-languages.mkv"
SONG = "song.mp3"

TITLE, PERFORMER = "A minute of ticks", "telpher"
