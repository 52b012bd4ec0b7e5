"""Making the copies that are wanted: one chat after the other, up to twenty messages at a time.

    forward        all of a batch in one request
    by reference   one by one, what the forward passed over or was refused for: protected content,
                   or to find out which messages are to blame
    give up        a message that is gone, or that Telegram refuses by itself; the link then lives
                   with the original
    postpone       a message that makes Telegram stumble: the others go first
    wait           where nothing can be copied: a flood wait, the channel closed to us

A copy that was made, but whose place was not written down before a crash, is asked for again, and
Telegram names the first one (CopyGateway).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import structlog

from telpher.core.model import MessageRef
from telpher.errors import (
    ChunkTimeoutError,
    FloodWaitError,
    NotFoundError,
    ReferenceExpiredError,
    RequestRejectedError,
)
from telpher.storage.base import CopyStore
from telpher.telegram.gateway import CopyGateway
from telpher.telegram.timing import Sleep

# Messages in one forward; Telegram takes 100 [/api/forwarding]. Whether those count as one is
# nowhere written: they are counted as what they are, and the outbox keeps the pace (core/outflow),
# some twenty a minute after a first burst. More at once would only hold up the bot's answers.
BATCH = 20

# Between two attempts while the channel is closed to us: somebody has to change something there.
CLOSED_PAUSE = 60.0

# Refusals that begin so are about the channel, or us in it; the others about the message.
_OF_THE_CHANNEL: Final = ("CHANNEL_", "CHAT_", "PEER_", "USER_")

NOT_SEEN: Final = MappingProxyType(
    {"remedy": "Make the bot an administrator of the channel, and check BIN_CHANNEL's name or id."}
)
_CLOSED: Final = MappingProxyType(
    {"remedy": "Give the bot the right to post messages in BIN_CHANNEL, as an administrator."}
)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Copying:
    """See the module. `learn` is told the place of each copy, once it is written down."""

    def __init__(
        self,
        store: CopyStore,
        bot: CopyGateway,
        channel: int | str,
        learn: Callable[[Mapping[MessageRef, MessageRef]], None],
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._bot = bot
        self._named = channel
        self._learn = learn
        self._sleep = sleep
        self._channel: int | None = None
        self._closed = ""  # why nothing can be copied; empty while it can
        self._work = asyncio.Event()

    def wake(self) -> None:
        """There is something new in the store."""
        self._work.set()

    async def run(self) -> None:
        """Copies until cancelled. Raises StorageError and, in lasting trouble, TelegramError."""
        while True:
            self._work.clear()
            try:
                idle = await self._step(await self._open())
            except FloodWaitError as error:
                _log.info("copies wait for Telegram", seconds=error.seconds)
                await self._sleep(error.seconds)
            except (NotFoundError, RequestRejectedError) as error:
                self._note_closed(error)
                await self._sleep(CLOSED_PAUSE)
            else:
                if idle:
                    await self._work.wait()

    async def _open(self) -> int:
        """The channel's id, looked up once: look-ups of names are what Telegram floods first."""
        if self._channel is None:
            self._channel = await self._bot.resolve(self._named)
        return self._channel

    async def _step(self, channel: int) -> bool:
        """Copies one batch; True when there is none."""
        batch = await self._store.wanted(BATCH)
        if not batch:
            return True
        places = await self._forward(channel, batch)
        made = {ref: place for ref, place in zip(batch, places, strict=True) if place}
        if made:
            await self._keep(made)
        for ref in batch:
            if ref not in made:
                await self._by_reference(channel, ref)
        return False

    async def _forward(
        self, channel: int, batch: Sequence[MessageRef]
    ) -> Sequence[MessageRef | None]:
        numbers = [ref.message_id for ref in batch]
        try:
            return await self._bot.forward(channel, batch[0].chat_id, numbers)
        except (RequestRejectedError, ChunkTimeoutError) as error:
            _log.info("messages cannot be forwarded; one by one", problem=str(error))
            return [None] * len(batch)

    async def _by_reference(self, channel: int, ref: MessageRef) -> None:
        try:
            place = await self._bot.send_by_reference(channel, ref)
        except NotFoundError:
            await self._give_up(ref, "the message is gone")
        except RequestRejectedError as error:
            if error.name.startswith(_OF_THE_CHANNEL):
                raise
            await self._give_up(ref, error.name)
        except (ChunkTimeoutError, ReferenceExpiredError):
            await self._store.postpone(ref)
            raise
        else:
            await self._keep({ref: place})

    async def _keep(self, made: Mapping[MessageRef, MessageRef]) -> None:
        await self._store.keep(made)
        self._learn(made)
        if self._closed:
            self._closed = ""
            _log.info("copies are made in BIN_CHANNEL again")

    async def _give_up(self, ref: MessageRef, reason: str) -> None:
        await self._store.give_up(ref, reason)
        _log.warning(
            "a file gets no copy in BIN_CHANNEL",
            chat_id=ref.chat_id,
            message_id=ref.message_id,
            reason=reason,
        )

    def _note_closed(self, error: NotFoundError | RequestRejectedError) -> None:
        """One line for each reason; what was wanted stays in the queue."""
        if self._closed != str(error):
            self._closed = str(error)
            remedy = NOT_SEEN if isinstance(error, NotFoundError) else _CLOSED
            _log.error("no copies can be made in BIN_CHANNEL", reason=str(error), **remedy)
