"""Files and their links: sent or forwarded in private, or pointed at by /stream (rules 24 to 26).

one file in private    its name, size, duration, type and link, as a reply
an album               one answer with a link to each of its files
/stream as a reply     the same for the file that it answers, in groups too
"I have joined"        what was refused before, where FORCE_SUB_CHANNEL asks for it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from telpher.bot import keyboards
from telpher.bot.albums import Albums
from telpher.bot.areas import Command, Offer, Press
from telpher.bot.gate import JOINED, Gate
from telpher.bot.language import Html
from telpher.bot.listing import listing
from telpher.bot.turn import Answer, Turn
from telpher.core.model import FileInfo, MessageRef, Person
from telpher.errors import NotFoundError
from telpher.service.batches import Entry
from telpher.service.files import describe
from telpher.service.links import Links, LinkService
from telpher.telegram.chats import ChatGateway


class LinkMade(Protocol):
    """Told of each link that is made for somebody, before it is sent; neither waits nor fails."""

    def __call__(self, links: Links, person: Person | None) -> None: ...


class FileFinder(Protocol):
    """What is known of a message's file; see MediaGateway."""

    async def find_file(self, ref: MessageRef) -> FileInfo: ...


@dataclass(frozen=True, slots=True)
class FileSources:
    """Where messages are looked up."""

    chats: ChatGateway
    files: FileFinder


class Files:
    """The area of files."""

    def __init__(
        self, links: LinkService, gate: Gate, albums: Albums, sources: FileSources, told: LinkMade
    ) -> None:
        self._links = links
        self._gate = gate
        self._albums = albums
        self._sources = sources
        self._told = told

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("stream", self._stream, in_groups=True),),
            presses=(Press(JOINED, self._joined),),
        )

    async def answer(self, turn: Turn) -> None:
        """Answers a file in private; of an album all files, when the first comes."""
        items = await self._albums.gather(turn.message)
        found = [(item.ref, item.file) for item in items if item.file]
        if found and await self._gate.lets_in(turn):
            await self._hand_out(turn, found)

    async def _stream(self, turn: Turn) -> None:
        message = turn.message
        replied = await self._sources.chats.replied_to(message.ref) if message.reply_to else None
        if replied is None or replied.file is None:
            await turn.say(turn.render("stream.usage"), as_reply=True)
        elif await self._gate.lets_in(turn):
            await self._hand_out(turn, [(replied.ref, replied.file)])

    async def _joined(self, turn: Turn, argument: str) -> None:
        message_id = await self._gate.let_in_now(turn, argument)
        if not message_id:
            return
        await turn.show(turn.render("gate.welcome"))
        ref = MessageRef(turn.chat_id, message_id)
        try:
            found = await self._sources.files.find_file(ref)
        except NotFoundError:
            return
        await self._hand_out(turn, [(ref, found)])

    async def _hand_out(self, turn: Turn, found: Sequence[tuple[MessageRef, FileInfo]]) -> None:
        once = f"{turn.chat_id} {turn.name}"
        made = [self._links.make(ref, file, turn.user_id, once=once) for ref, file in found]
        entries = [Entry(file, links) for (_, file), links in zip(found, made, strict=True)]
        await self._links.enter(each.links for each in entries)
        for each in entries:
            self._told(each.links, turn.person)
        if len(entries) == 1:
            (entry,) = entries
            answer = file_answer(turn, entry.info, entry.links)
        else:
            number = turn.texts.count("file.album", turn.reader.language, len(entries))
            answer = listing(turn, entries, "album", Answer(number))
        await turn.say(answer, as_reply=True)


def file_answer(turn: Turn, info: FileInfo, links: Links) -> Answer:
    """The answer to a file; the text carries the link whether there are buttons or not."""
    shown = describe(info)
    body = turn.render(
        "file.answer",
        name=shown.name,
        size=shown.size,
        duration=shown.duration,
        type=shown.type,
        link=links.stream,
    )
    parts = (body, *_notes(turn, links))
    texts, language, local = turn.texts, turn.reader.language, turn.local_urls
    keyboard = keyboards.for_file(texts, language, links, local=local)
    return Answer(Html("\n\n".join(parts)), keyboard)


def _notes(turn: Turn, links: Links) -> Iterator[Html]:
    if links.record.expires:
        time = datetime.fromtimestamp(links.record.expires, UTC).strftime("%Y-%m-%d %H:%M")
        yield turn.render("file.expires", time=time)
    if not (turn.local_urls or keyboards.is_public(links.stream)):
        yield turn.render("file.local")
