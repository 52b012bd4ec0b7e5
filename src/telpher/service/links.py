"""Links: what the bot hands out and the web lets in (rules 3 to 5).

A link names the message the file was sent in and carries one signed value, `k`:

    {URL}/stream/{chat_id}/{message_id}/{file name}?k=...
    {URL}/download/...                                        the same bytes as an attachment
    {URL}/stream/{chat_id}/{message_id}?k=...                 without the name: short

The file's name is decoration: players show it and save by it, the signature does not cover it.
Each call of `make` draws a new link id, so that one link can be revoked and counted by itself while
another to the same file lives on; `Links.claims` is what a store of links needs to know of it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from telpher.clock import Clock
from telpher.core import names
from telpher.core.links import Claims, LinkSigner
from telpher.core.model import FileInfo, MessageRef

# Random, so that ids drawn by several instances without a common counter do not meet; databases
# count with signed numbers of 64 bits.
_LINK_ID_BITS = 63

# Longer addresses are cut or refused by some players, proxies and chat clients (the usual limit is
# 2048); only the name can make one so long, and it can be missed.
_MAX_URL = 2000


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs of one file under one signature; `bare` is `stream` without the file's name.

    `claims.expires` is in Unix seconds, 0 for never.
    """

    claims: Claims
    stream: str
    download: str
    bare: str


class LinkService:
    """Makes links for files and checks those that come back."""

    def __init__(
        self,
        signer: LinkSigner,
        base_url: str,
        clock: Clock,
        ttl_hours: float = 0,
        epoch: int = 0,
    ) -> None:
        """`base_url` is the public address, with any path prefix; `ttl_hours` 0 means for ever."""
        self._signer = signer
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._ttl = round(ttl_hours * 3600)
        self._epoch = epoch

    def make(self, ref: MessageRef, info: FileInfo) -> Links:
        """New links to the file of `ref`."""
        claims = Claims(
            ref=ref,
            link_id=secrets.randbits(_LINK_ID_BITS),
            expires=int(self._clock.now()) + self._ttl if self._ttl else 0,
            epoch=self._epoch,
        )
        key = self._signer.sign(claims)
        name = names.path_segment(names.safe_name(info))
        return Links(
            claims=claims,
            stream=self._url("stream", ref, key, name),
            download=self._url("download", ref, key, name),
            bare=self._url("stream", ref, key),
        )

    def check(self, ref: MessageRef, key: str | None) -> Claims:
        """What the link with signature `key` says of `ref`.

        Raises BadSignatureError for a missing, forged or misplaced one; for one that was right,
        LinkExpiredError when its time is over, GoneError when its epoch is. Looks nothing up.
        """
        return self._signer.verify(ref, key, self._clock.now(), self._epoch)

    def _url(self, route: str, ref: MessageRef, key: str, name: str = "") -> str:
        place = f"{self._base}/{route}/{ref.chat_id}/{ref.message_id}"
        named = f"{place}/{name}?k={key}"
        return named if name and len(named) <= _MAX_URL else f"{place}?k={key}"
