"""Users: all of them page by page, and one by id or @name (rule 31).

users[:PLACE]    a page of users, newest first
user:ID          one of them
find_user        asks whom to look for
"""

from __future__ import annotations

from typing import Final

from telpher.bot import paging
from telpher.bot.admin import shown
from telpher.bot.admin.card import USER, card
from telpher.bot.areas import Command, Offer, Press, Step, Who
from telpher.bot.dialogues import Dialogues
from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.clock import Clock
from telpher.core.records import User
from telpher.service.people import Access, People, user_id_in
from telpher.storage.base import PageKey, UserStore
from telpher.telegram.gateway import Button

ON_A_PAGE: Final = 8

_LIST: Final = "users"
_FIND: Final = "find_user"


class Users:
    """The area of the users."""

    def __init__(
        self, people: People, store: UserStore, dialogues: Dialogues, access: Access, clock: Clock
    ) -> None:
        self._people = people
        self._store = store
        self._dialogues = dialogues
        self._access = access
        self._clock = clock

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            commands=(Command("user", self._command, Who.ADMINS),),
            presses=(
                Press(_LIST, self._page, Who.ADMINS),
                Press(USER, self._one, Who.ADMINS),
                Press(_FIND, self._ask, Who.ADMINS),
            ),
            steps=(Step(_FIND, self._found),),
        )

    def card(self, turn: Turn, user: User) -> Answer:
        """One user, as they are now."""
        is_admin = self._access.is_admin(user.person.user_id)
        return card(turn, user, self._clock.now(), is_admin=is_admin)

    async def _command(self, turn: Turn) -> None:
        if turn.message.arguments:
            await self._say(turn, turn.message.arguments)
        else:
            await turn.say(turn.render("user.usage"))

    async def _ask(self, turn: Turn, _argument: str) -> None:
        await self._dialogues.go_on(turn.user_id, _FIND)
        back = shown.button(turn, "all_users", _LIST)
        await turn.show(Answer(turn.render("user.whom"), ((back,),)))

    async def _found(self, turn: Turn) -> None:
        if await self._say(turn, turn.message.text):
            await self._dialogues.end(turn.user_id)

    async def _say(self, turn: Turn, named: str) -> bool:
        """Answers with the user of that name or id; False when there is none."""
        user = await self._people.find(named.strip())
        await turn.say(turn.render("user.nobody") if user is None else self.card(turn, user))
        return user is not None

    async def _one(self, turn: Turn, argument: str) -> None:
        user_id = user_id_in(argument)
        user = None if user_id is None else await self._store.get(user_id)
        if user is None:
            await turn.end_spinner(turn.plain("press.nobody"), alert=True)
        else:
            await turn.show(self.card(turn, user))

    async def _page(self, turn: Turn, place: str) -> None:
        await self._dialogues.leave(turn.user_id, _FIND)
        before = paging.read(place)
        found = await self._store.page(ON_A_PAGE + 1, before)
        users = found[:ON_A_PAGE]
        lines = [turn.render("user.heading"), *(_line(turn, each) for each in users)]
        rows = [
            (Button(shown.name(each.person), data=f"{USER}:{each.person.user_id}".encode()),)
            for each in users
        ]
        turning = []
        if before is not None:
            turning.append(shown.button(turn, "newest", _LIST))
        if len(found) > ON_A_PAGE:
            last = users[-1]
            key = PageKey(last.join_date, last.person.user_id)
            turning.append(shown.button(turn, "older", _LIST, paging.written(key)))
        away = (shown.button(turn, _FIND, _FIND), shown.to_panel(turn))
        keyboard = [row for row in (*rows, tuple(turning), away) if row]
        await turn.show(Answer(Html("\n".join(lines)), keyboard))


def _line(turn: Turn, user: User) -> Html:
    person = user.person
    return turn.render(
        "user.line",
        name=shown.name(person),
        username=shown.handle(person),
        user_id=person.user_id,
        sign="🚫 " if user.banned else "",
        time=shown.time(user.last_seen),
    )
