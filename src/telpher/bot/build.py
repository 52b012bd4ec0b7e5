"""Everything the bot can do on one screen: its areas, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telpher.bot.areas import Area
from telpher.bot.dialogues import Dialogues
from telpher.bot.files import Files, LinkMade, nobody
from telpher.bot.language import Texts
from telpher.bot.menu import About, Menu
from telpher.bot.router import Guards, Router
from telpher.clock import Clock
from telpher.service.links import LinkService
from telpher.service.people import Access, People
from telpher.storage.base import DialogueStore
from telpher.telegram.gateway import BotGateway


@dataclass(frozen=True, slots=True)
class BotDeps:
    """Everything the bot needs. `link_made` is told of each message that a link was made to."""

    gateway: BotGateway
    links: LinkService
    people: People
    access: Access
    dialogues: DialogueStore
    clock: Clock
    about: About
    link_made: LinkMade = nobody


def create_router(deps: BotDeps) -> Router:
    """Makes the areas and connects them."""
    texts = Texts.load()
    guards = Guards(deps.people, deps.access, Dialogues(deps.dialogues, deps.clock))
    files = Files(deps.links, deps.access, deps.link_made)
    areas: Sequence[Area] = (files,)
    menu = Menu(texts, deps.about, areas)
    return Router(deps.gateway, texts, guards, (menu, *areas), files.answer)
