"""What the demo tells: people on standard output, scripts in the ready file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telpher.demo.samples import Sample
from telpher.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Shown:
    """A sample and the link that the bot answered with."""

    sample: Sample
    link: str


def say(text: str) -> None:
    """Prints a line, at once; what the terminal's encoding cannot say becomes a question mark."""
    encoding = sys.stdout.encoding
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the server is, and the chat page."""

    server: str
    chat: str


def for_people(chat: str, shown: Sequence[Shown]) -> str:
    """Where the chat page is, the links, how to play one, and in two lines how to go live."""
    links = "\n".join(f"  {_harmless(each.sample.name)}\n    {each.link}\n" for each in shown)
    return (
        "telpher runs, with a Telegram of its own. Somebody there has sent these files to the bot,"
        f"\nand the bot answered with these links:\n\n{links}\n"
        # In quotes: shells take the question mark for a pattern.
        f"Play one:  vlc '{shown[0].link}'\n\n"
        f"  >>> Open {chat} in a browser to try everything: a chat with the bot.\n\n"
        "Ctrl-C ends the demo.\n\n"
        "To go live: get API_ID and API_HASH from https://my.telegram.org, BOT_TOKEN from "
        "@BotFather;\n"
        "write them into .env (cp .env.example .env), then start ./run again."
    )


def write_ready_file(
    path: Path, addresses: Addresses, shown: Sequence[Shown], servers: Path
) -> None:
    """Writes {"url", "chat", "links", "servers"} as JSON; whoever sees the file sees all of it.

    Raises SettingsError when the file cannot be written.
    """
    links = [
        {
            "name": each.sample.name,
            "url": each.link,
            "size": each.sample.size,
            "sha256": each.sample.sha256,
            "path": str(each.sample.path),
        }
        for each in shown
    ]
    told = {"url": addresses.server, "chat": addresses.chat, "links": links}
    text = json.dumps(told | {"servers": str(servers)}, indent=1)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise SettingsError(
            [f"The ready file {path} cannot be written ({error.strerror})."]
        ) from None


def _harmless(name: str) -> str:
    """The name without characters that would turn a terminal's writing around."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)
