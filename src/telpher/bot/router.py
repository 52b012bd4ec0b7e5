"""From what comes in to who answers it.

    press of a button          the area that its data names; else a short note
    command                    the area that has it, in groups only where it is meant for groups
    amid a conversation        the step where the conversation stands, in private; admins' only
    file, in private           `files`
    anything else, in private  a hint
    anything else in a group   silence

Whoever is banned is told so, in private, and nothing else; what is for admins is refused to others,
at every press anew, for a role can be lost. The decision what to answer is the areas'; the router
holds no state between updates, so any number of calls may run at once. It starts no tasks: the
account's dispatcher runs each update in a task of its own, within a bound, because one answer may
wait long for Telegram and must not hold up the other chats.

What goes wrong is said to whoever caused the update, in a sentence without anything internal. Where
that cannot be said either (a user who blocked the bot, a flood wait longer than the gateway holds,
Telegram away) it is logged and done with; the error ends here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from telpher.bot.areas import Area, Handler, Step, Table, Who, split_data
from telpher.bot.commands import published
from telpher.bot.dialogues import Dialogues
from telpher.bot.language import Texts
from telpher.bot.turn import Turn
from telpher.errors import (
    OffDutyError,
    RecipientLostError,
    StorageError,
    TelegramError,
    TelpherError,
)
from telpher.service.people import Access, People
from telpher.telegram.gateway import BotGateway, ButtonPress, Incoming, IncomingMessage

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Guards:
    """What the router asks before it lets somebody in."""

    people: People
    access: Access
    dialogues: Dialogues


class Router:
    """Answers updates by `gateway`; a `telpher.telegram.gateway.Listener`. `files` answers files in
    private."""

    def __init__(
        self,
        gateway: BotGateway,
        texts: Texts,
        guards: Guards,
        areas: Sequence[Area],
        files: Handler,
    ) -> None:
        self._gateway = gateway
        self._texts = texts
        self._guards = guards
        self.table = Table.of(areas)
        self._files = files
        self.failures: Counter[str] = Counter()
        """Updates that could not be answered as they should, by the error's key."""

    async def __call__(self, incoming: Incoming) -> None:
        """Answers one update; what Telegram refuses or fails to do is logged, not raised."""
        turn = Turn(self._gateway, self._texts, incoming)
        try:
            await self._answer(turn, incoming)
        except StorageError as error:
            await self._apologise(turn, error, "storage")
        except OffDutyError:
            _log.info("an update is left to the instance on duty", chat_id=turn.chat_id)
        except RecipientLostError as error:
            self.failures["recipient_lost"] += 1
            _log_failure(turn, error)
        except TelpherError as error:
            await self._apologise(turn, error, "trouble")
        finally:
            await _quietly_end_spinner(turn)

    async def publish_commands(self, gateway: BotGateway) -> None:
        """Gives Telegram the menus of commands, once after connecting; failures are logged."""
        try:
            for language, commands in published(self.table, self._texts):
                await gateway.set_commands(commands, language)
        except TelpherError as error:
            _log.warning("commands not published", error=f"{type(error).__name__}: {error}")

    async def _answer(self, turn: Turn, incoming: Incoming) -> None:
        person = incoming.sender
        if person is not None and not person.is_bot:
            self._guards.people.seen(person)
        if isinstance(incoming, ButtonPress):
            await self._answer_press(turn, incoming)
        elif not (person and person.is_bot):
            await self._answer_message(turn, incoming)

    async def _answer_press(self, turn: Turn, press: ButtonPress) -> None:
        name, argument = split_data(press.data)
        wanted = self.table.presses.get(name)
        refusal = "stale" if wanted is None else await self._refusal(turn, wanted.who)
        if wanted is None or refusal:
            await turn.end_spinner(turn.plain(f"press.{refusal}"), alert=True)
        else:
            await wanted.handler(turn, argument)

    async def _answer_message(self, turn: Turn, message: IncomingMessage) -> None:
        # A file is a file, whatever its caption says.
        command = None if message.file else self.table.commands.get(message.command.lower())
        if not message.private:
            if command and command.in_groups and not await self._refusal(turn, command.who):
                await command.handler(turn)
            return
        wanted = command or await self._going_on(turn, message)
        refusal = await self._refusal(turn, wanted.who if wanted else Who.EVERYBODY)
        if refusal:
            await turn.say(turn.render(f"refused.{refusal}"))
        elif wanted:
            await wanted.handler(turn)
        elif message.file:
            await self._files(turn)
        else:
            hint = "hint.unknown_command" if message.command else "hint.send_file"
            await turn.say(turn.render(hint))

    async def _going_on(self, turn: Turn, message: IncomingMessage) -> Step | None:
        """The step of the sender's conversation; only admins have conversations."""
        if not self._guards.access.is_admin(turn.user_id):
            return None
        standing = await self._guards.dialogues.of(turn.user_id)
        return self.table.steps.get(standing.step) if standing else None

    async def _refusal(self, turn: Turn, who: Who) -> str:
        """Why this is not for them: the name of a text in "refused" and "press"; empty if it is."""
        if self._guards.access.is_admin(turn.user_id):
            return ""
        if await self._guards.people.banned(turn.user_id):
            return "banned"
        return "admins_only" if who is Who.ADMINS else ""

    async def _apologise(self, turn: Turn, error: TelpherError, key: str) -> None:
        self.failures[error.key] += 1
        _log_failure(turn, error)
        try:
            await turn.sorry(key)
        except TelegramError as another:
            _log_failure(turn, another)


async def _quietly_end_spinner(turn: Turn) -> None:
    try:
        await turn.end_spinner()
    except OffDutyError:
        pass  # whoever is on duty ends it
    except TelegramError as error:
        _log_failure(turn, error)


def _log_failure(turn: Turn, error: TelpherError) -> None:
    _log.warning(
        "update not answered", chat_id=turn.chat_id, error=f"{type(error).__name__}: {error}"
    )
