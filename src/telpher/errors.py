"""Every error telpher raises on purpose.

    TelpherError                      status  retry_after  key
    ├── SettingsError                  -                   settings
    ├── NotFoundError                 404                  not_found
    │   ├── BadSignatureError         404                  not_found
    │   └── NoThumbnailError          404                  no_thumbnail
    ├── GoneError                     410                  gone
    │   ├── LinkExpiredError          410                  link_expired
    │   └── MessageDeletedError       410                  message_deleted
    ├── BusyError                     503     yes          busy
    ├── AllowanceError                429     yes
    │   ├── TooManyPlaysError         429     yes          too_many_plays
    │   └── QuotaSpentError           429     yes          quota_spent
    ├── RateLimitedError              429     yes          rate_limited
    ├── StorageError                  503     yes          storage
    └── TelegramError                 502                  telegram
        ├── TelegramUnavailableError  503     yes          telegram_unavailable
        │   └── ThrottledError        503     yes          telegram_unavailable
        ├── FloodWaitError            503     yes          flood_wait
        ├── ReferenceExpiredError      -                   reference_expired
        ├── MigrateError               -                   migrate
        ├── AuthorisationLostError     -                   authorisation_lost
        │   └── KeyDuplicatedError     -                   key_duplicated
        ├── ChunkTimeoutError          -                   chunk_timeout
        ├── AccountDeadError          503                  account_dead
        ├── OffDutyError               -                   off_duty
        └── RequestRejectedError      502                  telegram
            └── RecipientLostError    502                  telegram

Those without a status never leave the streaming engine: it acts on them (telegram.md, "Errors and
what to do"). An error's text is for the log; what a viewer reads comes from `key` through the
texts, so nothing internal and no secret can leak into a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final


class TelpherError(Exception):
    """Root of the tree.

    `status` is the HTTP status that answers it, `key` the short name that answers and texts use,
    `retry_after` the seconds after which a client may try again (None: it need not).
    """

    status: int = 500
    key: str = "internal"
    retry_after: int | None = None


class SettingsError(TelpherError):
    """One or more settings are wrong; `problems` has a complete sentence for each."""

    key = "settings"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NotFoundError(TelpherError):
    """There is no such file, or nothing that a stranger may know of."""

    status = 404
    key = "not_found"


class BadSignatureError(NotFoundError):
    """The link carries no signature or a wrong one: answered like an unknown file (rule 4)."""


class NoThumbnailError(NotFoundError):
    """There is the file, but no picture of it."""

    key = "no_thumbnail"


class GoneError(TelpherError):
    """The link was right once and is no longer (rules 5 and 6)."""

    status = 410
    key = "gone"


class LinkExpiredError(GoneError):
    """The link's time is over."""

    key = "link_expired"


class MessageDeletedError(GoneError):
    """The message that held the file was deleted."""

    key = "message_deleted"


class BusyError(TelpherError):
    """The instance carries as many plays as it may."""

    status = 503
    key = "busy"
    retry_after: int | None = 5


class AllowanceError(TelpherError):
    """The links of one user are played more than they may be (rule 18)."""

    status = 429

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class TooManyPlaysError(AllowanceError):
    """As many plays of one user's links as there may be are going on."""

    key = "too_many_plays"


class QuotaSpentError(AllowanceError):
    """As many bytes of one user's links went out today as may."""

    key = "quota_spent"


class RateLimitedError(TelpherError):
    """A client asks more often than it may (rule 17); `headers` tell it of the limit."""

    status = 429
    key = "rate_limited"

    def __init__(self, text: str, retry_after: int, headers: Mapping[str, str]) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.headers = dict(headers)


class StorageError(TelpherError):
    """What is kept on disk or in the database cannot be read or written at the moment.

    Nobody who plays a file is told: streaming goes on without it (rule 38). Whoever asks for
    something that is only there may ask again.
    """

    status = 503
    key = "storage"
    retry_after: int | None = 5


class TelegramError(TelpherError):
    """Telegram answered with an error, or not at all. `account` is the bot's that it befell."""

    status = 502
    key = "telegram"
    account: int | None = None


class TelegramUnavailableError(TelegramError):
    """No connection to Telegram (yet): not connected, refused, or reset."""

    status = 503
    key = "telegram_unavailable"
    retry_after: int | None = 5


class ThrottledError(TelegramUnavailableError):
    """Telegram closed a connection because there are too many, or too much is asked (-429).

    The fetch window falls to its least (`Window.throttled`), and fewer connections are opened.
    """


class FloodWaitError(TelegramError):
    """Telegram asks the account to pause for `seconds`; `premium` tells the two kinds apart."""

    status = 503
    key = "flood_wait"

    def __init__(self, seconds: int, *, premium: bool = False) -> None:
        super().__init__(f"flood wait of {seconds} s{', lifted by Premium' if premium else ''}")
        self.seconds = seconds
        self.premium = premium
        self.retry_after = seconds


class ReferenceExpiredError(TelegramError):
    """The file reference is no longer valid: fetch the message again."""

    key = "reference_expired"


class MigrateError(TelegramError):
    """The file lives in data centre `dc`."""

    key = "migrate"

    def __init__(self, dc: int) -> None:
        super().__init__(f"the file is in data centre {dc}")
        self.dc = dc


class AuthorisationLostError(TelegramError):
    """A data centre no longer knows the account's key: import the authorisation again."""

    key = "authorisation_lost"


class KeyDuplicatedError(AuthorisationLostError):
    """Telegram saw one key on two connections at once and ended its login everywhere.

    Either two processes share a session, or the rules for connections are broken: an alarm.
    """

    key = "key_duplicated"


class ChunkTimeoutError(TelegramError):
    """An answer did not come in time, or the data centre reported a passing fault (5xx, -503)."""

    key = "chunk_timeout"


class AccountDeadError(TelegramError):
    """The bot's token was refused: this account will not come back by itself."""

    status = 503
    key = "account_dead"
    retry_after: int | None = 60


class OffDutyError(TelegramError):
    """Another instance answers people now: what was to be said here, it says. Ends in the bot's
    router."""

    key = "off_duty"


class RequestRejectedError(TelegramError):
    """Telegram refused a request for a reason that a repeat does not change; `name` is its name."""

    def __init__(self, name: str, code: int = 400) -> None:
        super().__init__(f"{name} ({code})")
        self.name = name
        self.code = code


class RecipientLostError(RequestRejectedError):
    """A message cannot reach its recipient: they blocked the bot, deleted their account, or have
    never spoken to it."""


def _tree(root: type[TelpherError]) -> Iterator[type[TelpherError]]:
    yield root
    for each in root.__subclasses__():
        yield from _tree(each)


KEYS: Final = frozenset(each.key for each in _tree(TelpherError))
"""Every key of the tree."""
