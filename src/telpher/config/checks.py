"""What only several settings together show, or a look at where they lead: problems and warnings.

A problem keeps telpher from starting, a warning is logged. Each is a sentence or two: the
variable, what is wrong, what to do; never the value of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from telpher.config.settings import Settings

REQUIRED = ("api_id", "api_hash", "bot_token")

# As Telegram makes them. Another server (TELEGRAM_SERVERS) may have a form of its own.
_API_HASH = re.compile(r"[0-9a-fA-F]{32}")
# Names that only a local network or a set of containers knows.
_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".localdomain")


def _edge(settings: Settings, wrong: frozenset[str]) -> Iterator[str]:
    if settings.edge_log is None:
        return
    if not settings.trusted_proxies and "trusted_proxies" not in wrong:
        yield (
            "EDGE_LOG is set, but TRUSTED_PROXIES is not, so nobody may ask for viewers. "
            "Name the proxy's address there."
        )


def missing(settings: Settings) -> list[str]:
    """The fields that must be set and are not."""
    return [name for name in REQUIRED if getattr(settings, name) is None]


def problems(settings: Settings, wrong: frozenset[str]) -> Iterator[str]:
    """What does not fit together; `wrong` are the fields whose own value was refused already."""
    if settings.telegram_servers is None and "telegram_servers" not in wrong:
        yield from _not_telegrams_form(settings.api_hash)
    tokens = [token.get_secret_value() for token in settings.extra_bot_tokens]
    if tokens and settings.bin_channel is None and "bin_channel" not in wrong:
        yield (
            "EXTRA_BOT_TOKENS is set, but BIN_CHANNEL is not: the extra bots read files there. "
            "Set BIN_CHANNEL to a channel that all the bots administrate."
        )
    if settings.bot_token is not None:
        tokens.append(settings.bot_token.get_secret_value())
    if len(set(tokens)) < len(tokens):
        yield (
            "EXTRA_BOT_TOKENS: one bot is named twice, here or as BOT_TOKEN. "
            "Name every bot once: one bot cannot be logged in twice."
        )
    if settings.port == 0 and settings.url is None and "url" not in wrong:
        yield (
            "PORT is 0, any free one, so links would not know where to lead. "
            "Choose a port, or set URL."
        )
    yield from _edge(settings, wrong)
    if settings.diagnosis_api_url and settings.diagnosis_api_model is None:
        yield (
            "DIAGNOSIS_API_URL is set, but DIAGNOSIS_API_MODEL is not. "
            "Name the model to ask there, or leave both empty."
        )


def _not_telegrams_form(api_hash: SecretStr | None) -> Iterator[str]:
    if api_hash is not None and not _API_HASH.fullmatch(api_hash.get_secret_value()):
        yield (
            "API_HASH: must be 32 hexadecimal digits. "
            "Copy it from https://my.telegram.org, API development tools."
        )


def warnings(settings: Settings) -> Iterator[str]:
    """A sentence for each setting that works, but hardly as intended."""
    yield from _about_url(settings.base_url)
    if settings.database_url is not None and _unprotected(settings.database_url):
        yield (
            "DATABASE_URL leads to a public host without TLS: everyone on the way can read it. "
            "Add tls=true to its options."
        )
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield (
            "TRUSTED_PROXIES trusts every address, so anyone can pretend to be another client. "
            "List only your reverse proxies."
        )
    if settings.open_links:
        yield (
            "OPEN_LINKS is on: whoever guesses a chat and a message number can read the file. "
            "Switch it off once the old links are no longer needed."
        )
    if settings.diagnosis_api_url is None and (
        settings.diagnosis_api_key or settings.diagnosis_api_model
    ):
        yield (
            "DIAGNOSIS_API_KEY and DIAGNOSIS_API_MODEL do nothing without DIAGNOSIS_API_URL. "
            "Set it, or leave all three empty."
        )
    if _key_in_the_open(settings):
        yield (
            "DIAGNOSIS_API_URL begins with http:// and leads to a public host, so everyone on the "
            "way can read DIAGNOSIS_API_KEY. Use its https:// address."
        )
    if settings.session_dir is not None:
        yield "SESSION_DIR is unused: sessions are kept with the other data. Remove it."
    yield from misspelt(settings.misspelt)


def misspelt(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Warnings for (name found in .env, setting it resembles)."""
    for found, meant in pairs:
        yield f"{found} in .env is not a setting. If {meant} is meant, rename it."


def _about_url(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_this_machine(host):
        yield (
            f"URL is {url}: links play on this machine alone. "
            "Set the address under which players reach it."
        )
    elif parts.scheme == "http" and _is_public(host):
        yield (
            f"URL is {url}: public, but without https, so everyone on the way can read the links. "
            "Put a reverse proxy with a certificate in front and set the https address."
        )


def _key_in_the_open(settings: Settings) -> bool:
    parts = urlsplit(settings.diagnosis_api_url or "")
    given = settings.diagnosis_api_key is not None
    return given and parts.scheme == "http" and _is_public(parts.hostname or "")


def _unprotected(database_url: SecretStr) -> bool:
    scheme, _, rest = database_url.get_secret_value().partition("://")
    hosts, _, options = rest.rpartition("@")[2].partition("?")
    given = {key.lower(): values[-1].lower() for key, values in parse_qs(options).items()}
    tls = given.get("tls", given.get("ssl", "true" if scheme == "mongodb+srv" else "false"))
    names = (each.rpartition(":")[0] or each for each in hosts.split("/")[0].split(","))
    return tls != "true" and any(_is_public(name.strip("[]")) for name in names)


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_LOCAL_ENDINGS)
