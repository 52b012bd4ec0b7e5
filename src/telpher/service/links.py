"""Links: what the bot hands out and the web lets in (rules 3 to 5).

A link names the message the file was sent in and carries one signed value, `k`:

    {URL}/stream/{chat_id}/{message_id}/{file name}?k=...
    {URL}/download/...                                        the same bytes as an attachment
    {URL}/stream/{chat_id}/{message_id}?k=...                 without the name: short
    {URL}/watch/{chat_id}/{message_id}?k=...                  the page with a player

The file's name is decoration: players show it and save by it, the signature does not cover it.
Each call of `make` draws a new link id, so that one link can be revoked and counted by itself while
another to the same file lives on; `Links.record` is what the database keeps of it, and `rewrite`
makes the same addresses out of that again, character by character. What is made on an occasion that
has a name is made once: when a message comes again after a crash, its answer stands in the chat
already, and a link with another id would be one that nobody has seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from telpher.clock import Clock
from telpher.core import names
from telpher.core.links import Claims, LinkSigner
from telpher.core.model import FileInfo, MessageRef
from telpher.core.records import LinkRecord
from telpher.errors import GoneError
from telpher.service.denials import Denials
from telpher.service.register import Register

# Random, so that ids drawn by several instances without a common counter do not meet; databases
# count with signed numbers of 64 bits. 0 is none.
_LINK_IDS = (1 << 63) - 1

# Longer addresses are cut or refused by some players, proxies and chat clients (the usual limit is
# 2048); only the name can make one so long, and it can be missed.
_MAX_URL = 2000


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs of one file under one signature; `bare` is `stream` without the file's name,
    `watch` the page with a player, `thumbnail` its picture, if there is any."""

    record: LinkRecord
    stream: str
    download: str
    bare: str
    watch: str
    thumbnail: str

    @property
    def claims(self) -> Claims:
        """What is signed."""
        made = self.record
        return Claims(made.ref, made.link_id, made.expires, made.epoch)


class LinkService:
    """Makes links for files and checks those that come back."""

    def __init__(
        self,
        signer: LinkSigner,
        base_url: str,
        clock: Clock,
        ttl_hours: float = 0,
        *,
        denials: Denials | None = None,
        register: Register | None = None,
    ) -> None:
        """`base_url` is the public address, with any path prefix; `ttl_hours` 0 means for ever.
        Without a register links are remembered nowhere: they play, but nobody can revoke one."""
        self._signer = signer
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._ttl = round(ttl_hours * 3600)
        self._denials = Denials() if denials is None else denials
        self._register = register

    async def issue(self, ref: MessageRef, info: FileInfo, owner: int, playlist: str = "") -> Links:
        """New links to the file of `ref`, entered in the register: to be handed out."""
        links = self.make(ref, info, owner, playlist)
        await self.enter([links])
        return links

    def make(
        self,
        ref: MessageRef,
        info: FileInfo,
        owner: int = 0,
        playlist: str = "",
        once: str = "",
    ) -> Links:
        """New links to the file of `ref`, owned by nobody (0) or by a user; `enter` has to follow
        before they are handed out. On the occasion called `once` they always have the same id."""
        now = self._clock.now()
        return self.rewrite(
            LinkRecord(
                link_id=_id_of(once, ref, info) if once else _new_id(),
                owner=owner,
                ref=ref,
                created=now,
                expires=int(now) + self._ttl if self._ttl else 0,
                epoch=self._denials.epoch,
                document_id=info.document_id,
                name=names.safe_name(info),
                size=info.size,
                kind=info.kind,
                duration=info.duration,
                playlist=playlist,
            )
        )

    async def enter(self, links: Iterable[Links]) -> None:
        """Enters links in the register, all at once."""
        if self._register is not None:
            await self._register.enter(*(each.record for each in links))

    def rewrite(self, record: LinkRecord) -> Links:
        """The links that `record` was made for."""
        ref = record.ref
        key = self._signer.sign(Claims(ref, record.link_id, record.expires, record.epoch))
        name = names.path_segment(record.name)
        return Links(
            record=record,
            stream=self._url("stream", ref, key, name),
            download=self._url("download", ref, key, name),
            bare=self._url("stream", ref, key),
            watch=self._url("watch", ref, key),
            thumbnail=self._url("thumbnail", ref, key),
        )

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        """What the link with signature `key` says of `ref`.

        Raises BadSignatureError for a missing, forged or misplaced one; for one that was right,
        LinkExpiredError when its time is over, GoneError when its epoch is, or when it was revoked
        or its owner banned. Answers at once, from memory.
        """
        claims = self._signer.verify(ref, key, self._clock.now(), self._denials.epoch)
        if claims.link_id in self._denials:
            raise GoneError("the link was revoked")
        return claims

    def lives(self, record: LinkRecord) -> bool:
        """Whether the links that `record` was made for still open."""
        over = record.expires and self._clock.now() >= record.expires
        current = record.epoch == self._denials.epoch
        return current and not over and record.link_id not in self._denials

    def _url(self, route: str, ref: MessageRef, key: str, name: str = "") -> str:
        place = f"{self._base}/{route}/{ref.chat_id}/{ref.message_id}"
        named = f"{place}/{name}?k={key}"
        return named if name and len(named) <= _MAX_URL else f"{place}?k={key}"


def _new_id() -> int:
    return secrets.randbelow(_LINK_IDS) + 1


def _id_of(once: str, ref: MessageRef, info: FileInfo) -> int:
    """As good as drawn, and the same each time."""
    named = f"{once} {ref.chat_id} {ref.message_id} {info.document_id}"
    digest = blake2b(named.encode(), digest_size=8, person=b"telpher link")
    return int.from_bytes(digest.digest()) >> 1 or 1
