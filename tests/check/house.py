"""A Telegram with a bot in it, and what the check finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telpher.check.doctor import Doctor, own_folder
from telpher.check.explain import from_catalogue
from telpher.check.report import Finding, Status
from telpher.clock import Clock, SystemClock
from telpher.config.settings import Settings
from telpher.observe.diagnosis.catalogue import Catalogue
from tests.e2e.house import TOKEN, settings_for
from tgfake.cluster import Cluster
from tgfake.world import World
from tgfake.world.chats import Chat, Role

BOT = "telpher_bot"


class Calm(SystemClock):
    """The time of day; nothing takes any, however busy the machine is."""

    def monotonic(self) -> float:
        return 1000.0


@dataclass
class Patient:
    """Settings that lead into tgfake, and how to have them looked at."""

    world: World
    cluster: Cluster
    servers: Path
    folder: Path

    def settings(self, **others: object) -> Settings:
        return settings_for(self.servers, self.folder / "work", **others)

    async def examined(self, clock: Clock | None = None, **others: object) -> Findings:
        return await examined(self.settings(**others), self.folder / "cache", clock)

    def channel(self, *rights: str, title: str = "Channel", **fields: object) -> Chat:
        """One that the bot administrates with these rights."""
        channel = self.world.add_channel(title, self.world.add_user("Owner"), **fields)
        bot = self.world.account_for_token(TOKEN)
        self.world.add_member(channel, bot, Role.ADMIN)
        self.world.set_rights(channel, bot, *rights)
        return channel


class Findings:
    """By the names of their lines."""

    def __init__(self, found: Sequence[Finding]) -> None:
        self.all = list(found)

    def __getitem__(self, name: str) -> Finding:
        """The worst line of that name."""
        named = [each for each in self.all if each.name == name]
        assert named, self.lines
        return max(named, key=lambda each: list(Status).index(each.status))

    def __contains__(self, name: str) -> bool:
        return any(each.name == name for each in self.all)

    @property
    def lines(self) -> str:
        return "\n".join(each.line() for each in self.all)

    @property
    def failed(self) -> set[str]:
        return {each.name for each in self.all if each.status is Status.FAILED}


async def examined(settings: Settings, cache: Path, clock: Clock | None = None) -> Findings:
    told: list[Finding] = []
    with own_folder(settings.work_dir, cache) as own:
        explain = from_catalogue(Catalogue.shipped())
        doctor = Doctor(settings, clock or Calm(), own, explain)
        found = await doctor.examine(told.append)
    assert told == found
    return Findings(found)
