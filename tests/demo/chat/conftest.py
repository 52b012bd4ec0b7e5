"""A scene with small files, and nothing else running: nobody speaks for the bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from telpher.demo.chat.cast import Cast
from telpher.demo.samples import Sample
from telpher.demo.scene import Scene
from tgfake.world.files import TINY_JPEG


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    picture = tmp_path / "film.jpg"
    picture.write_bytes(TINY_JPEG)
    samples = []
    for name, kind in (("film.mp4", "video"), ("other.mp4", "video"), ("song.mp3", "audio")):
        path = tmp_path / name
        path.write_bytes(name.encode() * 100)
        shown = picture if kind == "video" else None
        samples.append(Sample(name, path, kind, "x/y", 60, size=800, picture=shown, about="?"))
    return Scene(samples)


@pytest.fixture
def cast(scene: Scene) -> Cast:
    return Cast(scene)
