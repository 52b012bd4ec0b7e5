"""The inline buttons under the bot's messages, inside Telegram's limits (rules 26 and 32). Pure.

Telegram refuses a whole message for one wrong button: URLs must name a public host, data holds at
most 64 bytes, a copied text at most 256 characters. What does not fit is therefore left out here,
and the message's text carries the link in any case.

Data is "name:argument" (`areas`). Nobody but the chat's members can press, but a modified client
can send any bytes: whoever reads an argument trusts nothing.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from telpher.bot.language import Texts
from telpher.service.links import Links
from telpher.telegram.gateway import COPY_LIMIT, DATA_LIMIT, Button, Keyboard

# Top-level names that never resolve in the public DNS: RFC 6761, 6762, 7686, 8375, ICANN's
# "internal", and the ones home routers hand out.
_PRIVATE_SUFFIXES = frozenset(
    {
        *("localhost", "localdomain", "local", "test", "example", "invalid", "onion", "alt"),
        *("arpa", "internal", "intranet", "private", "corp", "home", "lan"),
    }
)

PAGE = "page"  # the press that shows a page of the menu
REVOKE = "revoke"  # the press that asks whether a link is to end


def is_public(url: str) -> bool:
    """Whether Telegram takes `url` in a button: http or https, and a host that anybody can reach.

    Nothing is looked up: a public name that points to a private address counts as public, as it
    does for Telegram.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a port that is none raises ValueError
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and _is_public_host(host.rstrip("."))


def _is_public_host(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        last = host.rpartition(".")[2]
        # With digits in the last label it is an unusual form of an address ("127.1", "0x7f.1").
        named = last.isalpha() or last.startswith("xn--")
        return "." in host and named and last not in _PRIVATE_SUFFIXES


def for_file(texts: Texts, language: str, links: Links, *, local: bool = False) -> Keyboard:
    """Play, Download, Open in VLC, Copy link, Revoke; only the last where the links are local,
    unless `local` ones are taken.

    Telegram opens http addresses alone, so VLC is opened by way of the player page.
    """
    link_id = str(links.record.link_id)
    revoke = Button(texts.plain("button.revoke", language), data=data(REVOKE, link_id))
    if not (local or is_public(links.stream)):
        return ((revoke,),)
    copied = _copyable(links)
    copy = (Button(texts.plain("button.copy", language), copy=copied),) if copied else ()
    return (
        (
            Button(texts.plain("button.play", language), url=links.watch),
            Button(texts.plain("button.download", language), url=links.download),
        ),
        (Button(texts.plain("button.vlc", language), url=f"{links.watch}&open=vlc"), *copy),
        (revoke,),
    )


def _copyable(links: Links) -> str:
    """The link for the copy button: with the file's name if that fits, without it if not."""
    return next((link for link in (links.stream, links.bare) if len(link) <= COPY_LIMIT), "")


def menu(texts: Texts, language: str, source_url: str = "", updates_url: str = "") -> Keyboard:
    """What /start shows; an address that is empty or local has no button."""
    addresses = (("button.source", source_url), ("button.updates", updates_url))
    outside = tuple(
        Button(texts.plain(key, language), url=url) for key, url in addresses if is_public(url)
    )
    inside = (
        (_page_button(texts, language, "help"), _page_button(texts, language, "about")),
        (_page_button(texts, language, "info"),),
    )
    return (*inside, outside) if outside else inside


def back(texts: Texts, language: str, beside: str = "") -> Keyboard:
    """The way back to the menu, and to the page `beside` where there is one."""
    menu = Button(texts.plain("button.menu", language), data=data(PAGE, "start"))
    return ((_page_button(texts, language, beside), menu) if beside else (menu,),)


def _page_button(texts: Texts, language: str, page: str) -> Button:
    return Button(texts.plain(f"button.{page}", language), data=data(PAGE, page))


def data(name: str, argument: str = "") -> bytes:
    """What a button carries to the press `name` (areas.Press). ValueError above 64 bytes."""
    whole = (f"{name}:{argument}" if argument else name).encode("ascii")
    if len(whole) > DATA_LIMIT:
        raise ValueError(f"{len(whole)} bytes of data")
    return whole
