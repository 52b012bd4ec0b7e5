"""Worlds described in JSON, and the one of a demonstration."""

import json
from pathlib import Path

import pytest

from tgfake.world.script import DEMO_TOKEN, demo, from_file


def write(path: Path, script: object) -> Path:
    path.write_text(json.dumps(script), encoding="utf-8")
    return path


def test_a_world_from_json(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    script = {
        "bots": [{"token": "123:abc", "username": "some_bot", "privacy": False}],
        "users": [{"first_name": "Ann", "user_id": 9, "username": "ann_example"}],
        "chats": [
            {"kind": "channel", "title": "Films", "username": "films", "creator": "Ann"},
            {"kind": "supergroup", "title": "F", "forum": True, "members": ["some_bot"]},
            {"kind": "group", "title": "G", "creator": "Ann", "admins": ["some_bot"]},
        ],
        "messages": [
            {"from": "Ann", "to": "films", "text": "post", "file": {"path": "film.mp4", "dc": 5}},
            {"from": "ann_example", "to": "some_bot", "file": {"kind": "photo"}},
            {"from": "Ann", "to": "G", "text": "hello"},
        ],
    }
    world = from_file(write(tmp_path / "world.json", script), home_dc=4)
    bot = world.account_for_token("123:abc")
    assert bot is not None
    assert bot.privacy is False
    ann = world.person("Ann")
    post = ann.last_message("films")
    assert post is not None
    assert post.file is not None
    assert (ann.user_id, post.text, post.file.dc, post.file.size) == (9, "post", 5, 4)
    assert [m.file.dc for m in ann.history(bot) if m.file is not None] == [4]
    assert [chat.title for chat in world.directory.chats.values()] == ["Films", "F", "G"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([], "bots"),
        ({}, "bots"),
        ({"bots": [{"token": "1:a", "username": "b"}], "messages": [{"from": "Ann"}]}, "to"),
        ({"bots": [{"username": "b"}]}, "token"),
        ({"bots": [{"token": "1:a", "username": 5}]}, "wrong type"),
        ({"bots": [{"token": "1:a", "username": "b", "colour": 1}]}, "colour"),
        (
            {
                "bots": [{"token": "1:a", "username": "b"}],
                "chats": [{"kind": "group", "title": "G", "members": ["nobody"]}],
            },
            "nobody",
        ),
    ],
)
def test_a_script_that_is_wrong_says_where(tmp_path: Path, script: object, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        from_file(write(tmp_path / "world.json", script))


def test_a_script_that_is_no_json_says_so(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"world\.json"):
        from_file(path)


def test_settings_of_a_script_yield_to_those_of_the_caller(tmp_path: Path) -> None:
    bots = [{"token": "1:a", "username": "b"}]
    path = write(tmp_path / "world.json", {"bots": bots, "home_dc": 3, "limits": True})
    world = from_file(path)
    assert (world.home_dc, world.limits.enabled) == (3, True)
    assert from_file(path, limits=False).limits.enabled is False


def test_the_demo_world_has_files_in_several_data_centres() -> None:
    world = demo()
    bot = world.account_for_token(DEMO_TOKEN)
    assert bot is not None
    files = [seen.file for seen in world.person("Ann").history(bot) if seen.file is not None]
    assert len({file.dc for file in files}) >= 4
    assert max(file.size for file in files) == 4 << 30
