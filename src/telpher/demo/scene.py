"""Who and what there is in the demo's Telegram.

telpher      the bot
Ann          a user: whom the visitor of the chat page is at first
Ada          an admin of the bot (ADMINS): whom the visitor can be as well
Ben          has met the bot before, and has sent it every sample: the links that are printed
Film shelf   a public channel with every sample, to forward from and for /batch
Film club    a group with the bot in it, for /stream
telpher log  LOG_CHANNEL, which Ada reads
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telpher.demo.samples import Sample
from tgfake.person import Person
from tgfake.world import Account, Body, Chat, File, FileSpec, Role, World

TOKEN = "100200300:a-bot-that-lives-on-this-machine-only"  # noqa: S105 opens nothing real

_BOT = "telpher_demo_bot"
_SHELF = "film_shelf"
_DATA_CENTRES = 5
_CAPTION = "Reply to this film with /stream, and the bot answers here."


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody whom the visitor can be: a person, the chats on his list, what he is here."""

    key: str
    person: Person
    role: str
    chats: tuple[Account | Chat, ...]


class Scene:
    """The world, filled. `files` are the samples as Telegram keeps them, in the same order."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = tuple(samples)
        self.world = world = World(local_urls=True)
        self.bot = world.add_bot(TOKEN, _BOT, first_name="telpher")
        self.ann = world.person(world.add_user("Ann", username="ann"))
        self.ada = world.person(world.add_user("Ada", username="ada"))
        self.ben = world.person(world.add_user("Ben", username="ben"))
        self.files = tuple(
            world.add_file(_spec(sample, number % _DATA_CENTRES + 1))
            for number, sample in enumerate(samples)
        )
        self.shelf = self._fill_shelf()
        self.club = self._open_club()
        self.log = world.add_channel("telpher log", self.ada.account)
        world.add_member(self.log, self.bot, Role.ADMIN)

    def parts(self) -> tuple[Part, ...]:
        """Whom the visitor can be; the first is whom he is when he comes."""
        shared = (self.bot, self.shelf, self.club)
        return (
            Part("ann", self.ann, "user", shared),
            Part("ada", self.ada, "admin", (*shared, self.log)),
        )

    def sample(self, name: str) -> File:
        """The file of the sample called `name`. Raises LookupError."""
        for sample, file in zip(self.samples, self.files, strict=True):
            if sample.path.name == name:
                return file
        raise LookupError(f"no sample {name!r}")

    def _fill_shelf(self) -> Chat:
        members = (self.ben.account, self.ann.account, self.ada.account)
        shelf = self.world.add_channel("Film shelf", *members, username=_SHELF)
        for file in self.files:
            self.ben.post(shelf, Body(file=file))
        return shelf

    def _open_club(self) -> Chat:
        members = (self.ben.account, self.ann.account, self.ada.account, self.bot)
        club = self.world.add_supergroup("Film club", *members)
        if self.files:
            self.ben.post(club, Body(_CAPTION, file=self.files[0]))
        return club


def _spec(sample: Sample, dc: int) -> FileSpec:
    return FileSpec(
        kind=sample.kind,
        name=sample.name,
        mime=sample.mime,
        dc=dc,
        path=str(sample.path),
        duration=sample.duration,
        width=sample.width,
        height=sample.height,
        title=sample.title or None,
        performer=sample.performer or None,
        thumb=sample.picture.read_bytes() if sample.picture else False,
    )
