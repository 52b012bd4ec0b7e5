"""/cancel: ends the sender's conversation, and stops what is being done for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from telpher.bot.areas import Command, Offer
from telpher.bot.dialogues import Dialogues
from telpher.bot.turn import Turn
from telpher.errors import StorageError


class Undertaking:
    """Something that is being done for somebody; `stopped` once they want it no more."""

    def __init__(self) -> None:
        self.stopped = False


class Undertakings:
    """What is being done, at most one thing for each person."""

    def __init__(self) -> None:
        self._going_on: dict[int, Undertaking] = {}

    @contextmanager
    def begin(self, user_id: int) -> Iterator[Undertaking | None]:
        """Something new for the user, over with the context; None while there is another."""
        if user_id in self._going_on:
            yield None
            return
        undertaking = self._going_on[user_id] = Undertaking()
        try:
            yield undertaking
        finally:
            del self._going_on[user_id]

    def stop(self, user_id: int) -> bool:
        """Asks for the end of what is done for the user; False when there is nothing."""
        undertaking = self._going_on.get(user_id)
        if undertaking is None or undertaking.stopped:
            return False
        undertaking.stopped = True
        return True


class Cancel:
    """The area of /cancel."""

    def __init__(self, dialogues: Dialogues, undertakings: Undertakings) -> None:
        self._dialogues = dialogues
        self._undertakings = undertakings

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(commands=(Command("cancel", self._cancel),))

    async def _cancel(self, turn: Turn) -> None:
        stopped = self._undertakings.stop(turn.user_id)
        try:
            stopped |= await self._dialogues.end(turn.user_id)
        except StorageError:
            if not stopped:
                raise
        await turn.say(turn.render("cancel.done" if stopped else "cancel.nothing"))
