"""The banners above the menu's pages: seen, replaced by sending a photo, and set back (rule 31).

banners              which page has its own
banner:PAGE          what may be done with one
banner_see:PAGE      sends what the page shows
banner_new:PAGE      asks for a photo; the conversation's next message is to be one
banner_reset:PAGE    back to the default
"""

from __future__ import annotations

from typing import Final

import structlog

from telpher.bot.admin import shown
from telpher.bot.areas import Offer, Press, Step, Who
from telpher.bot.dialogues import Dialogues
from telpher.bot.language import Html
from telpher.bot.turn import Answer, Turn
from telpher.core import display
from telpher.errors import NotFoundError, RequestRejectedError
from telpher.service.banners import LARGEST, PAGES, Banners, is_picture
from telpher.telegram.gateway import BotGateway

_LIST: Final = "banners"
_STEP: Final = "banner"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class BannerDesk:
    """The area of the banners."""

    def __init__(self, banners: Banners, dialogues: Dialogues, gateway: BotGateway) -> None:
        self._banners = banners
        self._dialogues = dialogues
        self._gateway = gateway

    def offer(self) -> Offer:
        """See areas.Area."""
        return Offer(
            presses=(
                Press(_LIST, self._list, Who.ADMINS),
                Press("banner", self._one, Who.ADMINS),
                Press("banner_see", self._see, Who.ADMINS),
                Press("banner_new", self._ask, Who.ADMINS),
                Press("banner_reset", self._reset, Who.ADMINS),
            ),
            steps=(Step(_STEP, self._take),),
        )

    async def _list(self, turn: Turn, _argument: str) -> None:
        replaced = await self._banners.replaced()
        lines = [
            turn.render(
                "banner.line", page=_page_name(turn, page), state=_state(turn, page in replaced)
            )
            for page in PAGES
        ]
        rows = [(shown.button(turn, f"banner_{page}", "banner", page),) for page in PAGES]
        text = Html("\n".join((turn.render("banner.heading"), "", *lines)))
        await turn.show(Answer(text, (*rows, (shown.to_panel(turn),))))

    async def _one(self, turn: Turn, page: str) -> None:
        if await self._known(turn, page):
            await self._dialogues.leave(turn.user_id, _STEP)
            await turn.show(await self._page(turn, page))

    async def _see(self, turn: Turn, page: str) -> None:
        if await self._known(turn, page):
            await turn.end_spinner()
            caption = turn.render("banner.seen", page=_page_name(turn, page))
            await turn.say(Answer(caption, picture=await self._banners.of(page)))

    async def _ask(self, turn: Turn, page: str) -> None:
        if await self._known(turn, page):
            await self._dialogues.go_on(turn.user_id, _STEP, page=page)
            text = turn.render(
                "banner.ask", page=_page_name(turn, page), size=display.size(LARGEST)
            )
            await turn.show(Answer(text, ((shown.button(turn, "back", "banner", page),),)))

    async def _reset(self, turn: Turn, page: str) -> None:
        if await self._known(turn, page):
            await self._banners.reset(page)
            _log.info("a banner was set back", page=page, by=turn.user_id)
            await turn.end_spinner(turn.plain("press.reset"))
            await turn.show(await self._page(turn, page))

    async def _take(self, turn: Turn) -> None:
        standing = await self._dialogues.of(turn.user_id)
        page = str(standing.data.get("page")) if standing else ""
        picture = await self._picture(turn)
        if page not in PAGES or not picture:
            await turn.say(turn.render("banner.no_picture", size=display.size(LARGEST)))
            return
        # Only Telegram knows which pictures it takes: it is shown before it is kept.
        caption = turn.render("banner.seen", page=_page_name(turn, page))
        try:
            await turn.say(Answer(caption, picture=picture), strict=True)
        except RequestRejectedError as error:
            await turn.say(turn.render("banner.refused", problem=error.name))
            return
        await self._banners.replace(page, picture)
        _log.info("a banner was replaced", page=page, by=turn.user_id, size=len(picture))
        await self._dialogues.end(turn.user_id)
        buttons = (shown.button(turn, "banners", _LIST), shown.to_panel(turn))
        await turn.say(Answer(turn.render("banner.taken"), (buttons,)))

    async def _picture(self, turn: Turn) -> bytes:
        """The picture that was sent; empty where there is none that can be a banner."""
        file = turn.message.file
        if file is None or file.size > LARGEST:
            return b""
        try:
            data = await self._gateway.read_picture(turn.message.ref)
        except NotFoundError:
            return b""
        return data if is_picture(data) else b""

    async def _page(self, turn: Turn, page: str) -> Answer:
        replaced = page in await self._banners.replaced()
        new = shown.button(turn, "banner_new", "banner_new", page)
        see = shown.button(turn, "banner_see", "banner_see", page)
        reset = (shown.button(turn, "banner_reset", "banner_reset", page),) if replaced else ()
        back = (shown.button(turn, "banners", _LIST), shown.to_panel(turn))
        text = turn.render("banner.card", page=_page_name(turn, page), state=_state(turn, replaced))
        return Answer(text, [row for row in ((see, new), reset, back) if row])

    async def _known(self, turn: Turn, page: str) -> bool:
        if page in PAGES:
            return True
        await turn.end_spinner(turn.plain("press.stale"), alert=True)
        return False


def _page_name(turn: Turn, page: str) -> str:
    return turn.plain(f"button.banner_{page}")


def _state(turn: Turn, replaced: bool) -> Html:
    return turn.render("banner.own" if replaced else "banner.default")
