"""Where Telegram's data centres are: the addresses and keys of one network of servers.

Telegram's own are built into the client library and completed by help.getConfig; another network
(the TELEGRAM_SERVERS setting, as tgfake writes it) is given whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from telpher.config.servers import TelegramServers

# Where a new account knocks first; Telegram answers with a migration when its home is elsewhere.
# The address is published (my.telegram.org, "Production configuration").
TELEGRAM_HOME_DC = 2
TELEGRAM_HOME_HOST = "149.154.167.51"
TELEGRAM_HOME_PORT = 443


@dataclass(frozen=True, slots=True)
class DcAddress:
    """One address of data centre `id`; a `media_only` one serves file traffic and nothing else."""

    id: int
    host: str
    port: int
    media_only: bool = False


@dataclass(frozen=True, slots=True)
class Servers:
    """A network of servers: the DC a new account logs in to, all addresses, RSA keys (PKCS#1 PEM).

    `complete` is False when the addresses are a start that help.getConfig must complete. Where
    `local_urls`, buttons may lead to addresses that are not public.
    """

    home_dc: int
    dcs: tuple[DcAddress, ...]
    public_keys: tuple[str, ...] = ()
    complete: bool = True
    local_urls: bool = False


TELEGRAM = Servers(
    TELEGRAM_HOME_DC,
    (DcAddress(TELEGRAM_HOME_DC, TELEGRAM_HOME_HOST, TELEGRAM_HOME_PORT),),
    complete=False,
)


def servers_of(setting: TelegramServers | None) -> Servers:
    """The network that the setting TELEGRAM_SERVERS names; Telegram's own without one."""
    if setting is None:
        return TELEGRAM
    dcs = tuple(DcAddress(each.id, each.host, each.port, each.media_only) for each in setting.dcs)
    keys, local = setting.public_keys, setting.local_urls
    return Servers(setting.home_dc, dcs, keys, local_urls=local)


@dataclass(slots=True)
class Directory:
    """The addresses one account goes by: those it was given, then those it was told.

    Kept per account, never shared: several networks may be in use in one process.
    """

    servers: Servers
    _dcs: tuple[DcAddress, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._dcs = self.servers.dcs

    def learn(self, dcs: Iterable[DcAddress]) -> None:
        """Takes over what help.getConfig says, unless the servers were given whole."""
        told = tuple(dcs)
        if told and not self.servers.complete:
            self._dcs = told

    def recall(self, address: DcAddress) -> None:
        """An address of an earlier run, for data centres that are not known yet."""
        known = self.main_address(address.id) is not None
        if address.host and not known and not self.servers.complete:
            self._dcs = (*self._dcs, address)

    def data_centres(self) -> list[int]:
        """Those an address is known of, in order."""
        return sorted({each.id for each in self._dcs})

    def main_address(self, dc: int) -> DcAddress | None:
        """An address of `dc` for everything but files; None when the DC is unknown."""
        return self._first(dc, media_only=False)

    def media_address(self, dc: int) -> DcAddress | None:
        """An address of `dc` for files: a media-only one where there is one [/api/files]."""
        return self._first(dc, media_only=True) or self._first(dc, media_only=False)

    def _first(self, dc: int, *, media_only: bool) -> DcAddress | None:
        found = (each for each in self._dcs if each.id == dc and each.media_only == media_only)
        return next(found, None)
