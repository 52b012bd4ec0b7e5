"""The settings themselves: docs/settings.md is this table for people, and a test compares the two.

A field's name is the variable's in lower case. Every field has a default, so that a value that
cannot be used never keeps the others from being checked (load.py); what must be given is for
checks.py to say. Units are in the names, or else in the description.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from telpher.config.servers import ServersFile
from telpher.config.values import (
    BaseUrl,
    ChannelName,
    Host,
    Listener,
    Lower,
    MongoUrl,
    Networks,
    Origins,
    RedisUrl,
    Secret,
    Token,
    Tokens,
    Upper,
    UserIds,
    WebUrl,
)

PROJECT_PAGE = "https://github.com/telpher/telpher"


def _setting(default: Any, meaning: str, remedy: str, **bounds: Any) -> Any:
    """A field; `remedy` is the sentence that follows when its value is wrong."""
    return Field(
        default,
        description=meaning,
        json_schema_extra={"remedy": remedy},
        allow_inf_nan=False if isinstance(default, float) else None,
        **bounds,
    )


def _limit(default: float, meaning: str) -> Any:
    """A limit that 0 switches off; whole numbers where the default is one."""
    return _setting(default, meaning, "Set 0 to switch it off, or a positive number.", ge=0)


class Settings(BaseSettings):
    """All settings. Building one by hand reads nothing but the arguments; `load` reads the rest."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # Telegram
    api_id: int | None = _setting(
        None,
        "the application's id",
        "Copy it from https://my.telegram.org, API development tools.",
        gt=0,
        lt=2**31,
    )
    api_hash: SecretStr | None = _setting(
        None,
        "the application's hash",
        "Copy it from https://my.telegram.org, API development tools.",
    )
    bot_token: Token | None = _setting(
        None, "the bot's token", "Copy the whole token from @BotFather."
    )
    extra_bot_tokens: Tokens = _setting(
        (),
        "more bots, for bandwidth; they read from BIN_CHANNEL",
        "Copy whole tokens from @BotFather, separated by spaces or commas.",
    )
    telegram_servers: ServersFile | None = _setting(
        None,
        "a file that names another MTProto server",
        "Name the file that tgfake wrote, or leave it empty for Telegram itself.",
    )

    # Where it listens, how it is reached
    host: Host = _setting(
        "0.0.0.0",  # noqa: S104 a server: players reach it from outside
        "address to listen on",
        "Set 0.0.0.0 for every network, or 127.0.0.1 for this machine alone.",
    )
    port: int = _setting(
        8080,
        "port to listen on",
        "Choose a free port up to 65535, for example 8080.",
        ge=0,
        le=65535,
    )
    url: BaseUrl | None = _setting(
        None,
        "public address used in links",
        "Set the address under which players reach this machine, for example https://example.org.",
    )
    workers: int = _setting(
        1, "processes", "Set 1, or at most the number of processors.", ge=1, le=64
    )
    trusted_proxies: Networks = _setting(
        (),
        "whose X-Forwarded-For is believed",
        "List the reverse proxies' addresses or networks, separated by spaces or commas.",
    )
    edge_log: Listener | None = _setting(
        None,
        "where a cache in front reports what it sent",
        "Set an address and a port, for example 127.0.0.1:5514, or leave it empty.",
    )
    # What platforms allow between SIGTERM and SIGKILL (Kubernetes, Koyeb: 30 s), less the time that
    # saving and closing take.
    drain_seconds: float = _setting(
        28.0,
        "seconds that plays have to end when it is stopped",
        "Set a number of seconds, up to 86400.",
        ge=0,
        le=86_400,
    )
    cors_origins: Origins = _setting(
        ("*",),
        "origins whose pages may read files, thumbnails and playlists",
        "Set *, or list origins, separated by spaces or commas.",
    )

    # Who may do what
    admins: UserIds = _setting(
        frozenset(),
        "ids of the users who may administrate",
        "List the ids, separated by spaces or commas.",
    )
    allowed_users: UserIds = _setting(
        frozenset(),
        "when set, only these users and the admins may make links",
        "List the ids, separated by spaces or commas.",
    )
    force_sub_channel: ChannelName | None = _setting(
        None,
        "only members of this channel get links",
        "Set the channel's @name or id.",
    )

    # Channels
    log_channel: ChannelName | None = _setting(
        None, "where reports go", "Set the channel's @name or id."
    )
    bin_channel: ChannelName | None = _setting(
        None, "where copies of files are kept", "Set the channel's @name or id."
    )

    # Storage
    database_url: MongoUrl | None = _setting(
        None,
        "MongoDB; SQLite in WORK_DIR when empty",
        "Set mongodb://HOST/NAME or mongodb+srv://HOST/NAME, or leave it empty for SQLite.",
    )
    redis_url: RedisUrl | None = _setting(
        None,
        "needed only for several instances",
        "Set redis://HOST, or leave it empty.",
    )
    work_dir: Path = _setting(
        Path("work_dir"), "folder of database and disk cache", "Name a folder."
    )
    session_dir: Path | None = _setting(
        None, "accepted, unused: sessions are kept with the other data", "Remove it."
    )
    retention_days: int = _setting(
        400, "how long statistics are kept", "Set a number of days, 1 or more.", ge=1
    )

    # The bot
    source_url: WebUrl = _setting(
        PROJECT_PAGE, "the menu's source button", "Set a URL, or leave it empty."
    )
    updates_url: WebUrl | None = _setting(
        None, "the menu's updates button", "Set a URL, or leave it empty."
    )
    max_batch_size: int = _setting(
        100, "messages in one /batch", "Set a number from 1 to 10000.", ge=1, le=10_000
    )
    # Telegram lets a bot send about 30 messages a second; the rest is for answers.
    broadcast_per_second: float = _setting(
        25.0, "messages a second of a broadcast", "Set a number up to 30.", gt=0, le=30
    )

    # Caches
    cache_ttl_hours: float = _setting(
        1.0,
        "how long a file's properties are believed",
        "Set a number of hours above 0.",
        gt=0,
    )
    max_cache_size: int = _setting(
        1000, "files whose properties are remembered", "Set 1 or more.", ge=1
    )
    chunk_cache_mb: int = _setting(
        256,
        "MiB of file bytes in memory, at most a quarter of the memory",
        "Set a number of MiB, 1 or more.",
        ge=1,
    )
    disk_cache_gb: float = _limit(0.0, "GiB of file bytes on disk")

    # Limits
    max_streams: int = _limit(0, "plays at once, whole instance")
    max_streams_per_user: int = _limit(0, "plays at once of one user's links")
    daily_quota_gb: float = _limit(0.0, "GiB a day of one user's links")
    rate_limit_per_minute: int = _limit(60, "requests a minute of one client")
    speed_limit_mbps: float = _limit(0.0, "megabits per second of one play")

    # Links
    link_secret: Secret | None = _setting(
        None,
        "signs links; derived from BOT_TOKEN when empty",
        "Set a long random text, for example the output of: openssl rand -hex 32",
    )
    # In a link an expiry has 40 bits, and a date that people read four digits for the year.
    link_ttl_hours: float = _setting(
        0.0,
        "after how many hours a new link expires",
        "Set 0 to switch it off, or a positive number up to 876000 (a hundred years).",
        ge=0,
        le=876_000,
    )
    open_links: bool = _setting(
        False,
        "also accept the original's unsigned links; unsafe",
        "Set true or false.",
    )

    # Watching it
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Upper] = (
        _setting("INFO", "least level that is logged", "Set INFO, or DEBUG to see more.")
    )
    log_format: Annotated[Literal["json", "console"], Lower] | None = _setting(
        None,
        "json or console; when empty, json unless on a terminal",
        "Set json or console.",
    )
    metrics_token: Secret | None = _setting(
        None,
        "opens /metrics and the full /stats",
        "Set a long random text, for example the output of: openssl rand -hex 32",
    )
    diagnosis_api_url: WebUrl | None = _setting(
        None,
        "OpenAI-compatible service for unknown errors",
        "Set the service's URL, or leave it empty.",
    )
    diagnosis_api_key: SecretStr | None = _setting(None, "its key", "Copy the key.")
    diagnosis_api_model: str | None = _setting(None, "its model", "Name the model.")

    _misspelt: tuple[tuple[str, str], ...] = PrivateAttr(())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments alone: `load` reads environment and .env, and checks them as a whole."""
        return (init_settings,)

    @property
    def base_url(self) -> str:
        """What links begin with, without a slash at the end."""
        return self.url or f"http://localhost:{self.port}"

    def chunk_cache_bytes(self, memory_limit: int) -> int:
        """The budget for file bytes in memory, given the memory there is, in bytes."""
        return min(self.chunk_cache_mb << 20, memory_limit // 4)

    def secrets(self) -> list[str]:
        """Every secret among the values, for whoever must keep them out of what is written."""
        values = [getattr(self, name) for name in type(self).model_fields]
        several = [value if isinstance(value, tuple) else (value,) for value in values]
        flat = itertools.chain.from_iterable(several)
        return [value.get_secret_value() for value in flat if isinstance(value, SecretStr)]

    @property
    def misspelt(self) -> tuple[tuple[str, str], ...]:
        """(name found in .env, setting it resembles), for `checks.warnings` to tell of."""
        return self._misspelt

    def note_misspelt(self, pairs: tuple[tuple[str, str], ...]) -> None:
        """Keeps what `misspelt` gives; `load` alone knows it."""
        self._misspelt = pairs
