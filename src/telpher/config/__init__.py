"""The settings: one model, read once at the start, every mistake reported at once.

environment, .env --load--> Settings --> every room, handed in by `app`

settings    the model: names, types, bounds, defaults, what each is for
values      how the text of a variable becomes a value (lists, ids, channels, URLs, tokens)
servers     the file that TELEGRAM_SERVERS names
checks      what only several settings together, or the outside world, can show
problems    pydantic's findings in plain sentences that never repeat a secret
load        the only code of telpher that reads the environment
"""

from telpher.config.load import cache_dir, credentials_given, load, malloc_given, port_given
from telpher.config.servers import ServerAddress, TelegramServers
from telpher.config.settings import Settings

__all__ = [
    "ServerAddress",
    "Settings",
    "TelegramServers",
    "cache_dir",
    "credentials_given",
    "load",
    "malloc_given",
    "port_given",
]
