"""What the demo prints, as a shell would take it."""

import shlex
from pathlib import Path

from telpher.demo.samples import Sample
from telpher.demo.shown import Shown, for_people


def test_the_command_to_play_can_be_pasted_into_a_shell() -> None:
    link = "http://127.0.0.1:8080/stream/1/2/a%27b.mp4?k=AQ"
    shown = [Shown(Sample("a'b.mp4", Path("a"), "video", "video/mp4"), link)]
    text = for_people("http://127.0.0.1:8081/", shown)
    (line,) = [each for each in text.splitlines() if "vlc" in each]
    assert f"'{link}'" in line
    assert shlex.split(line.partition("vlc")[2]) == [link]


def test_the_chat_page_is_told_of_last_where_eyes_are() -> None:
    link = "http://127.0.0.1:8080/stream/1/2/a.mp4?k=AQ"
    shown = [Shown(Sample("a.mp4", Path("a"), "video", "video/mp4"), link)]
    text = for_people("http://127.0.0.1:8081/", shown)
    assert "Open http://127.0.0.1:8081/ in a browser" in text
    assert text.index("8081") > text.index(link)
