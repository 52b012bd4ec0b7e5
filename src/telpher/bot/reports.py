"""LOG_CHANNEL: #NEW_USER, #NEW_FILE_REQUEST and #ERROR, for whoever runs the bot (rule 46).

What is to be reported is noted at once and sent when its turn has come: Telegram takes some twenty
messages a minute into one channel. What comes faster than that for long is left out, and counted.
Each report has a name, so that one that was sent is not sent again. Without LOG_CHANNEL, or with
one that the bot cannot write into, the log has them alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Final

import structlog

from telpher.bot.language import FALLBACK, Html, Texts
from telpher.clock import Clock
from telpher.core import display
from telpher.core.model import Person
from telpher.core.records import LinkRecord
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.observe.troubles import Trouble
from telpher.telegram.chats import ChatGateway
from telpher.telegram.gateway import BotGateway, Outgoing

# Reports that wait: ten minutes' worth.
MOST_WAITING: Final = 200

# Seconds within which the same trouble is reported once (rule 47).
ALARM_AGAIN: Final = 600.0

# Troubles that are told apart.
_MOST_ALARMS: Final = 100

_LONGEST: Final = 200  # characters of a name
_LONGEST_PROBLEM: Final = 500

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Reports:
    """See the module. `channel` is a chat id or a public name without @, None for no reports."""

    def __init__(
        self,
        gateway: BotGateway,
        chats: ChatGateway,
        channel: int | str | None,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._chats = chats
        self._channel = channel
        self._texts = texts
        self._clock = clock
        self._waiting: deque[tuple[str, Html]] = deque()
        self._left_out = 0
        self._news = asyncio.Event()
        self._alarms: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def new_user(self, person: Person) -> None:
        """Somebody talks to the bot for the first time."""
        _log.info("new user", user_id=person.user_id)
        text = self._render("report.new_user", **_named(person), language=person.language_code)
        self._note(f"new user {person.user_id}", text)

    def new_link(self, person: Person, link: LinkRecord, address: str) -> None:
        """Somebody got a link."""
        text = self._render(
            "report.new_file",
            **_named(person),
            file=display.one_line(link.name, _LONGEST),
            size=display.size(link.size),
            link=address,
        )
        self._note(f"new link {link.link_id}", text)

    def alarm(self, problem: str) -> None:
        """Something must be put right by whoever runs the bot; the same thing at most once in ten
        minutes, with how often it came."""
        now = self._clock.monotonic()
        last, count = self._alarms.get(problem, (-ALARM_AGAIN, 0))
        if now - last < ALARM_AGAIN:
            self._alarms[problem] = last, count + 1
            return
        _log.error("needs a hand", problem=problem, times=count + 1)
        self._alarms[problem] = now, 0
        self._alarms.move_to_end(problem)
        if len(self._alarms) > _MOST_ALARMS:
            self._alarms.popitem(last=False)
        said = display.one_line(problem, _LONGEST_PROBLEM)
        text = self._render("report.alarm", problem=said, times=count + 1)
        self._note(f"alarm {self._clock.now()!r} {problem}", text)

    def trouble(self, trouble: Trouble, times: int) -> None:
        """Something went wrong so many times since this was told last."""
        said = display.one_line(trouble.summary, _LONGEST_PROBLEM)
        known, guess = trouble.diagnosis, trouble.guess
        if known is not None:
            told = {"title": known.title, "cause": known.cause, "remedy": known.remedy}
            text = self._render("report.known", problem=said, times=times, **told)
        elif guess is not None:
            told = {"where": trouble.where, "guess": display.one_line(guess, _LONGEST_PROBLEM)}
            text = self._render("report.guessed", problem=said, times=times, **told)
        else:
            text = self._render("report.unknown", problem=said, times=times, where=trouble.where)
        self._note(f"trouble {trouble.key} {trouble.last!r}", text)

    async def run(self) -> None:
        """Sends reports until cancelled. Raises TelegramError in passing trouble: a job."""
        if self._channel is None:
            return
        chat_id = await self._address(self._channel)
        while chat_id is not None:
            self._news.clear()
            while self._waiting:
                await self._send(chat_id, *self._waiting[0])
                self._waiting.popleft()
            await self._news.wait()

    async def _address(self, channel: int | str) -> int | None:
        try:
            return (await self._chats.chat(channel)).chat_id
        except NotFoundError:
            _log.error(
                "LOG_CHANNEL cannot be seen",
                remedy="Make the bot an admin of that channel, then restart.",
            )
            self._channel = None
            return None

    async def _send(self, chat_id: int, name: str, text: Html) -> None:
        if self._left_out:
            text = Html(f"{text}\n\n{self._render('report.left_out', number=self._left_out)}")
        try:
            await self._gateway.send(chat_id, Outgoing(text, once=name))
        except RequestRejectedError as error:
            _log.error("LOG_CHANNEL refuses a report", reason=error.name)
        self._left_out = 0

    def _note(self, name: str, text: Html) -> None:
        if self._channel is None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append((name, text))
        self._news.set()

    def _render(self, key: str, **values: object) -> Html:
        return self._texts.render(key, FALLBACK, **values)


def _named(person: Person) -> dict[str, object]:
    full = f"{person.first_name} {person.last_name}"
    return {
        "name": display.one_line(full, _LONGEST) or "?",
        "username": f"@{person.username}" if person.username else "no name",
        "user_id": person.user_id,
    }
