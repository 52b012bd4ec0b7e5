"""Playlists as players read them: M3U and XSPF. Pure.

    M3U   [RFC 8216, 4.3 for its lines; the extended form as VLC, mpv and Kodi read it]: UTF-8, a
          line "#EXTINF:<seconds>,<title>" before each address; -1 seconds where it is not known
    XSPF  [https://xspf.org/spec]: XML, durations in milliseconds

.m3u8 and .m3u are the same text: the first is UTF-8 by its name, the second by custom.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from telpher.core import display

# Of both. As application/vnd.apple.mpegurl, which is that of HLS, VLC 3.0 expects HLS, and plays
# nothing of a list of files.
M3U_TYPE = "audio/x-mpegurl"
XSPF_TYPE = "application/xspf+xml"

_MOST = 300  # characters of a title: players show one line


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: an absolute URL, a title as its sender chose it, seconds (0: not known)."""

    url: str
    title: str
    duration: int = 0


def m3u(title: str, items: Iterable[Item]) -> str:
    """The playlist `title` as M3U."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_line(title)}"]
    for item in items:
        lines += (f"#EXTINF:{item.duration or -1},{_line(item.title)}", item.url)
    return "\n".join(lines) + "\n"


def xspf(title: str, items: Iterable[Item]) -> str:
    """The playlist `title` as XSPF."""
    tracks = "".join(map(_track, items))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<playlist version="1" xmlns="http://xspf.org/ns/0/">\n'
        f"  <title>{escape(_line(title))}</title>\n"
        f"  <trackList>\n{tracks}  </trackList>\n"
        "</playlist>\n"
    )


def _track(item: Item) -> str:
    duration = f"<duration>{item.duration * 1000}</duration>" if item.duration else ""
    location = f"<location>{escape(item.url)}</location>"
    return f"    <track>{location}<title>{escape(_line(item.title))}</title>{duration}</track>\n"


def _line(text: str) -> str:
    """Without anything that could begin a line of its own."""
    return display.one_line(text, _MOST)
