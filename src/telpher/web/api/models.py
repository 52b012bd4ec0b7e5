"""What goes in and out of /api. A field that nobody knows is refused, not passed over: a misspelt
one would otherwise do nothing in silence.

Ids of links and files have 63 bits and are texts here: a JavaScript number holds 53. Times are
ISO 8601 in UTC, null for never.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from telpher.service.people import LARGEST_ID
from telpher.web.api import examples, paging

_MOST_ROWS: Final = 100
_LATEST: Final = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


def moment(at: float) -> datetime | None:
    """Unix seconds as a time, None for 0."""
    return datetime.fromtimestamp(min(at, _LATEST), UTC) if at else None


UserId = Annotated[int, Field(ge=1, le=LARGEST_ID, description="A Telegram user.")]
LinkId = Annotated[
    str, Field(pattern=r"^[1-9][0-9]{0,18}$", description="A link's id: 63 bits in decimal.")
]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


class Page(_Asked):
    """Which part of a list."""

    cursor: Annotated[
        str | None, Field(pattern=paging.PATTERN, description="`next` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS, description="Rows at most.")] = 50


class LinksAsked(Page):
    """Whose links."""

    owner: UserId


class AllLinks(_Asked):
    """That really all of them are meant: an address cut short must not end every link."""

    all: Annotated[Literal["true"], Field(description="Has to be said.", examples=["true"])]


class FilesAsked(_Asked):
    """Which files: the most played ones, or that of a link."""

    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS, description="Rows at most.")] = 50
    link: Annotated[LinkId | None, Field(description="The file of this link alone.")] = None


class LinkWanted(BaseModel):
    """A message with a file that the bot can see, and whose link it is to be: that user may revoke
    it, and it counts against their limits."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"chat_id": -1001234567890, "message_id": 42, "owner": 7}]},
    )

    chat_id: Annotated[
        int,
        Field(ge=-LARGEST_ID, le=LARGEST_ID, description="As in the Bot API: channels are -100…"),
    ]
    message_id: Annotated[int, Field(ge=1, lt=1 << 31)]
    owner: UserId

    @field_validator("*", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        """JSON has one kind of number, so that 1.0 is an integer, too; "1" and true are not."""
        if isinstance(value, str | bool):
            raise ValueError("a number is needed")
        return value


class File(_Told):
    """A file; `plays` and `bytes_served` are those of the link that was asked for, else of all."""

    document_id: str
    chat_id: int
    message_id: int
    name: str
    size: int
    plays: int
    bytes_served: int


class Files(_Told):
    """Files, the most played one first."""

    model_config = _like({"files": [examples.FILE]})

    files: list[File]


class Urls(_Told):
    """Where the file is. Whoever has these has the file. Its picture is a 404 where it has none."""

    stream: str
    download: str
    watch: str
    thumbnail: str


class Link(_Told):
    """A link; `live` says whether it opens: not expired, its owner not banned."""

    model_config = _like(examples.LINK)

    link_id: str
    owner: int
    chat_id: int
    message_id: int
    document_id: str
    name: str
    size: int
    kind: str
    duration: Annotated[int, Field(description="Seconds, 0 where it does not apply.")]
    playlist: Annotated[str, Field(description="The batch it came with; empty for none.")]
    created: datetime | None
    expires: datetime | None
    live: bool
    plays: int
    bytes_served: int
    last_play: datetime | None
    urls: Urls


class Links(_Told):
    """Links that are not revoked, newest first."""

    model_config = _like({"links": [examples.LINK], "next": examples.NEXT})

    links: list[Link]
    next: Annotated[str | None, Field(description="`cursor` of the next page; null at the end.")]


class User(_Told):
    """Somebody who has talked to the bot. The totals count what came of their links."""

    model_config = _like(examples.USER)

    user_id: int
    first_name: str
    last_name: str
    username: str
    language_code: str
    is_premium: bool
    role: str
    banned: bool
    blocked_bot: bool
    join_date: datetime | None
    first_seen: datetime | None
    last_seen: datetime | None
    total_streams: int
    total_files: int
    total_batch_requests: int
    bytes_served: int


class Users(_Told):
    """People, those who came last first."""

    model_config = _like({"users": [examples.USER], "next": examples.NEXT})

    users: list[User]
    next: Annotated[str | None, Field(description="`cursor` of the next page; null at the end.")]


class UserFigures(_Told):
    """People by what can be said of them; day, week and month are those seen in the last 1, 7 and
    30 days."""

    total: int
    day: int
    week: int
    month: int
    banned: int
    blocked: int
    reachable: int


class FileFigures(_Told):
    """Different files that were played, ever and in the last 1, 7 and 30 days."""

    total: int
    day: int
    week: int
    month: int


class WorkFigures(_Told):
    """What happened."""

    streams: int
    files: int
    bytes_served: int
    batches: int
    errors: int
    average_response_ms: Annotated[
        float | None, Field(description="Until the first byte of a file; null of no answers.")
    ]


class PeriodFigures(WorkFigures):
    """What happened in some time."""

    errors_by_key: Annotated[dict[str, int], Field(description="By `error` of the answer.")]


class Stats(_Told):
    """The server in figures."""

    model_config = _like(examples.STATS)

    active_streams: int
    unique_files: int
    users: UserFigures
    files_played: FileFigures
    total: WorkFigures
    last_24_hours: PeriodFigures
    last_7_days: PeriodFigures
    last_30_days: PeriodFigures


class Problem(_Told):
    """What is wrong with one value."""

    place: Annotated[str, Field(examples=["body.chat_id"])]
    message: Annotated[str, Field(examples=["Input should be a valid integer"])]


class ErrorDetail(_Told):
    """What went wrong. `error` is for programs and does not change; `message` is for people."""

    error: str
    message: str
    request_id: Annotated[str, Field(description="Also in X-Request-Id and in the server's log.")]
    retry_after: Annotated[int | None, Field(description="Seconds, as in Retry-After.")] = None
    problems: Annotated[list[Problem] | None, Field(description="With 422.")] = None


class Error(_Told):
    """Every error of every route has this shape; browsers get a page instead."""

    detail: ErrorDetail
