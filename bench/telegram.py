"""Telegram for the systems under test: tgfake in a process of its own, directed from here.

Every system is a bot with a private chat; Ann sends it files and takes the link from its answer, as
a user would. Data centre 2 is everybody's home; all but 4 have a media address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench.machine import Cores
from bench.process import Child, started
from bench.profile import Profile
from tgfake.control import RemoteControl

HOME_DC: Final = 2
FOREIGN_DC: Final = 5
PLAIN_DC: Final = 4
"""Without a media address: more than one connection needs more than one login."""
MEDIA_DCS: Final = (1, 2, 3, 5)
BIN_CHANNEL: Final = "bench_bin"
PERSON: Final = "Ann"

_LINK = re.compile(r"https?://\S+")
_QUIET_POLLS = 2
_POLL = 0.05
_POLLS_MOST = 200  # some 25 s; a MiB left in flight is a fraction of one


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot's name and token in tgfake's world."""

    name: str
    token: str


TELPHER: Final = Bot("telpher_bot", "4200000001:bench-telpher-no-secret-at-all-00")
TELPHER_SECOND: Final = Bot("telpher_two_bot", "4200000002:bench-telpher-no-secret-at-all-01")
TELETHON: Final = Bot("telethon_bot", "4200000003:bench-telethon-no-secret-at-all")
TELETHON_1MIB: Final = Bot("telethon_big_bot", "4200000004:bench-telethon-no-secret-at-all")
KURIGRAM: Final = Bot("kurigram_bot", "4200000005:bench-kurigram-no-secret-at-all")
_BOTS: Final = (TELPHER, TELPHER_SECOND, TELETHON, TELETHON_1MIB, KURIGRAM)


@dataclass(frozen=True, slots=True)
class Link:
    """A file as one system serves it."""

    path: str
    document: int
    size: int
    message: int
    """Ann's message with the file, as she numbers it."""


class Telegram:
    """A running tgfake."""

    def __init__(
        self, profile: Profile, child: Child, control: RemoteControl, servers: Path
    ) -> None:
        self.profile = profile
        self.control = control
        self.servers = servers
        self._child = child
        self._files = 0

    def cpu_seconds(self) -> float:
        """What it has used so far."""
        return self._child.cpu_seconds()

    async def counters(self) -> dict[str, Any]:
        """See tgfake.counters."""
        counted: dict[str, Any] = await self.control("counters")
        return counted

    async def served(self, document: int) -> int:
        """Bytes of a file that were answered so far."""
        return int((await self.counters())["bytes_served"].get(str(document), 0))

    async def written(self) -> int:
        """Bytes of every kind put on the wire so far."""
        return int((await self.counters())["bytes_written"])

    async def make_file(self, size: int, dc: int = HOME_DC) -> int:
        """A video that nobody has been sent yet; its document id."""
        self._files += 1
        name = f"film{self._files:06}.mp4"
        made = await self.control(
            "file", kind="video", size=size, name=name, dc=dc, duration=60, width=1280, height=720
        )
        return int(made["id"])

    async def links(self, bot: Bot, documents: Sequence[int]) -> list[Link]:
        """Ann sends files to a bot and gets their links."""
        sent = [
            await self.control("send", person=PERSON, to=bot.name, file=each) for each in documents
        ]
        return [await self._link(bot, each) for each in sent]

    async def _link(self, bot: Bot, sent: dict[str, Any]) -> Link:
        file = sent["file"]
        # Every file has a name of its own, which is in the answer.
        answer = await self.control("wait", person=PERSON, chat=bot.name, contains=file["name"])
        found = _LINK.search(answer["text"])
        if found is None:
            raise ValueError(f"no link in what {bot.name} answered: {answer['text']!r}")
        where = urlsplit(found[0])
        path = f"{where.path}?{where.query}" if where.query else where.path
        return Link(path, file["id"], file["size"], sent["id"])

    async def settle(self) -> None:
        """Returns when no file bytes are on their way any more, whoever asked for them."""
        quiet, before = 0, -1
        for _ in range(_POLLS_MOST):
            if quiet == _QUIET_POLLS:
                return
            await asyncio.sleep(_POLL + self.profile.rtt)
            counted = await self.counters()
            served = sum(counted["bytes_served"].values())
            idle = counted["in_flight"] == 0 and served == before
            quiet, before = quiet + 1 if idle else 0, served
        raise TimeoutError("somebody goes on fetching though nobody listens")


def _world() -> dict[str, Any]:
    """All systems' bots, somebody to send them files, a channel for telpher's copies."""
    return {
        "home_dc": HOME_DC,
        "bots": [{"token": bot.token, "username": bot.name} for bot in _BOTS],
        "users": [{"first_name": PERSON}],
        "chats": [
            {
                "kind": "channel",
                "title": "Copies",
                "username": BIN_CHANNEL,
                "creator": PERSON,
                "admins": [TELPHER.name, TELPHER_SECOND.name],
            }
        ],
    }


@contextlib.asynccontextmanager
async def telegram(profile: Profile, folder: Path, cores: Cores) -> AsyncIterator[Telegram]:
    """tgfake with this network, for the length of the block."""
    world, servers = folder / "world.json", folder / "servers.json"
    world.write_text(json.dumps(_world()), encoding="utf-8")
    arguments = ["--uvloop", "--control-port", "0", *profile.arguments()]
    arguments += ["--world", str(world), "--servers-file", str(servers)]
    arguments += [word for dc in MEDIA_DCS for word in ("--media-dc", str(dc))]
    async with started("tgfake", arguments, folder / "tgfake.log", cores.others) as child:
        port = int((await child.line("control ")).rpartition(":")[2])
        async with RemoteControl.connected(port) as control:
            if profile.bucket is not None:
                rate, burst = profile.bucket
                await control("limit", rate=rate, burst=burst)
            with _explained(child):
                yield Telegram(profile, child, control, servers)


@contextlib.contextmanager
def _explained(child: Child) -> Iterator[None]:
    """Whatever tgfake's end looked like from outside: says why it ended."""
    try:
        yield
    except Exception as error:
        if child.ended:
            raise child.failure() from error
        raise
