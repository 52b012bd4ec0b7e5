"""Worlds described in JSON, for `python -m tgfake --world FILE`.

    {
      "home_dc":  2, "limits": false, "local_urls": false,
      "bots":     [{"token": "123456:abc", "username": "example_bot", "privacy": true}],
      "users":    [{"first_name": "Ann", "user_id": 6100000001, "lang_code": "en"}],
      "chats":    [{"kind": "channel", "title": "Films", "username": "films", "forum": false,
                    "creator": "Ann", "admins": ["example_bot"], "members": ["Bob"]}],
      "messages": [{"from": "Ann", "to": "example_bot", "text": "Hello", "file": {...}}]
    }

Only bots are required. Bots and chats are named by `username` or title, people by first name. A
file takes the fields of FileSpec: `kind` (document, video, audio, voice, video_note, animation,
photo), `name`, `mime`, `dc`, `duration`, `width`, `height`, `title`, `performer`, `thumb` (true or
false), and either `path`, relative to the JSON file, or `size` for computed bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tgfake.world.accounts import Account
from tgfake.world.chats import Chat, Role
from tgfake.world.files import FileSpec
from tgfake.world.messages import Body
from tgfake.world.world import World

DEMO_TOKEN = "123456789:tgfake-demo-bot-token"  # noqa: S105  nothing real opens with it


def from_file(path: Path, **options: Any) -> World:
    """The world that a file describes.

    `options` as of `World`; they win over those in the file. Raises OSError or ValueError.
    """
    script = _load(path)
    world = World(**(_settings(script) | options))
    _build(world, script, path.parent)
    return world


def demo(**options: Any) -> World:
    """One bot, one user and a few computed files in different data centres; rates limited."""
    world = World(**({"limits": True} | options))
    _build(world, _demo_script(), Path())
    return world


def _load(path: Path) -> dict[str, Any]:
    """The script in a file; raises OSError or ValueError."""
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(script, dict) or not script.get("bots"):
        raise ValueError(f"{path}: a world needs an object with at least one of 'bots'")
    return script


def _settings(script: dict[str, Any]) -> dict[str, Any]:
    """What the script says of the world as a whole: its home, whether rates are limited and
    whether buttons may lead to this machine."""
    return {name: script[name] for name in ("home_dc", "limits", "local_urls") if name in script}


def _build(world: World, script: dict[str, Any], base: Path) -> None:
    """Fill `world` by `script`; relative paths start at `base`.

    Raises ValueError for what cannot be made, OSError for a file that cannot be read.
    """
    try:
        _fill(world, script, base)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing, unknown or of a wrong type: {error}") from error


def _fill(world: World, script: dict[str, Any], base: Path) -> None:
    for bot in script["bots"]:
        world.add_bot(**bot)
    for user in script.get("users", ()):
        world.add_user(**user)
    for chat in script.get("chats", ()):
        _add_chat(world, dict(chat))
    for message in script.get("messages", ()):
        _post(world, message, base)


def _add_chat(world: World, fields: dict[str, Any]) -> None:
    add = {
        "group": world.add_group,
        "supergroup": world.add_supergroup,
        "channel": world.add_channel,
    }[fields.pop("kind")]
    creator = fields.pop("creator", None)
    admins, members = fields.pop("admins", ()), fields.pop("members", ())
    founders = [] if creator is None else [_account(world, creator)]
    chat = add(fields.pop("title"), *founders, **fields)
    for name in admins:
        world.add_member(chat, _account(world, name), Role.ADMIN, announce=False)
    for name in members:
        world.add_member(chat, _account(world, name), announce=False)


def _post(world: World, entry: dict[str, Any], base: Path) -> None:
    file = None
    if "file" in entry:
        fields = dict(entry["file"])
        if "path" in fields:
            fields["path"] = str(base / fields["path"])
        file = world.add_file(FileSpec(**fields))
    target = _find(world, entry["to"])
    body = Body(entry.get("text", ""), file=file)
    world.person(_account(world, entry["from"])).post(target, body)


def _account(world: World, name: str) -> Account:
    found = _find(world, name)
    if isinstance(found, Chat):
        raise ValueError(f"{name} is a chat, not a user or bot")
    return found


def _find(world: World, name: str) -> Account | Chat:
    directory = world.directory
    people = (a for a in directory.accounts.values() if a.first_name == name)
    chats = (c for c in directory.chats.values() if c.title == name)
    found = directory.by_name(name) or next(people, None) or next(chats, None)
    if found is None:
        raise ValueError(f"there is nobody called {name}")
    return found


def _demo_script() -> dict[str, Any]:
    bot = "tgfake_demo_bot"
    files: list[dict[str, Any]] = [
        {"kind": "video", "name": "small.mp4", "size": 8 << 20, "duration": 60, "dc": 2},
        {"kind": "video", "name": "film.mp4", "size": 4 << 30, "duration": 7200, "dc": 4},
        {"kind": "audio", "name": "song.mp3", "size": 5 << 20, "title": "Song", "dc": 1},
        {"kind": "document", "name": "backup.zip", "size": 700 << 20, "dc": 5},
        {"kind": "photo"},
    ]
    return {
        "bots": [{"token": DEMO_TOKEN, "username": bot}],
        "users": [{"first_name": "Ann", "username": "ann"}],
        "messages": [{"from": "Ann", "to": bot, "file": file} for file in files],
    }
