"""Faults to script: what goes wrong, for whom, and when.

    cluster.faults.add(Fault(Kind.FLOOD_WAIT, dc=2, document=doc_id, nth=3, seconds=5))

A fault counts the requests that fit all of its conditions, strikes from the `nth` one on, at most
`times` times (None: always), each time with `probability`. The first fault that strikes decides;
which one that is, is decided here, synchronously. What happens then is up to the server.

A token bucket floods by itself: `cluster.faults.limit(RateLimit(rate=15, burst=5))`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from enum import StrEnum

from tgfake.clock import Clock
from tgfake.errors import RpcError


class Kind(StrEnum):
    """What can go wrong."""

    FLOOD_WAIT = "flood wait"  # 420 FLOOD_WAIT_{seconds}
    FLOOD_PREMIUM_WAIT = "flood premium wait"  # 420 FLOOD_PREMIUM_WAIT_{seconds}
    REFERENCE_EXPIRED = "reference expired"  # 400 FILE_REFERENCE_EXPIRED
    MIGRATE = "migrate"  # 303 FILE_MIGRATE_{code}
    TIMEOUT = "timeout"  # -503 Timeout
    INTERNAL = "internal"  # 500
    AUTH_BYTES_INVALID = "auth bytes invalid"  # 400, to auth.importAuthorization
    UNREGISTERED = "unregistered"  # 401 AUTH_KEY_UNREGISTERED; the key has lost its login
    DUPLICATED = "duplicated"  # 406 AUTH_KEY_DUPLICATED; the login is over everywhere
    ERROR = "error"  # any other rpc_error: `code` and `message`
    SILENT = "silent"  # acknowledged, never answered
    LATE = "late"  # answered after `seconds`
    REORDER = "reorder"  # answered after the next answer, or after `seconds` if none comes
    SHORT = "short"  # the second half of a file part is missing
    TWICE = "twice"  # answered twice
    CDN_REDIRECT = "cdn redirect"  # upload.fileCdnRedirect
    RESET = "reset"  # TCP reset in the middle of the answer's packet
    HALF_OPEN = "half open"  # the socket stays open, nothing more flows either way
    NO_KEY = "no key"  # transport error -404
    TOO_MANY = "too many"  # transport error -429
    BAD_SALT = "bad salt"  # bad_server_salt
    BAD_MESSAGE = "bad message"  # bad_msg_notification with `code`


_ONLY_METHOD = {
    Kind.REFERENCE_EXPIRED: "upload.getFile",
    Kind.MIGRATE: "upload.getFile",
    Kind.SHORT: "upload.getFile",
    Kind.CDN_REDIRECT: "upload.getFile",
    Kind.AUTH_BYTES_INVALID: "auth.importAuthorization",
}
"""Kinds that make sense for one method only."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fault can be aimed at: one request and where it came from."""

    method: str
    dc: int
    connection: int
    account: int | None
    """User id of whoever is logged in."""
    document: int | None
    """Document id, in upload.getFile."""
    media: bool = False


@dataclass(eq=False, slots=True)
class Fault:
    """One scripted fault; conditions left at None fit everything."""

    kind: Kind
    method: str | None = None
    dc: int | None = None
    connection: int | None = None
    account: int | None = None
    document: int | None = None
    media: bool | None = None
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 1.0
    code: int = 0
    message: str = ""
    seen: int = 0
    """Requests that fitted so far."""
    struck: int = 0
    """How often it happened so far."""

    def fits(self, subject: Subject) -> bool:
        """Whether the request is one this fault is aimed at."""
        method = self.method or _ONLY_METHOD.get(self.kind)
        if method is None and self.document is not None:
            method = "upload.getFile"
        wanted = (method, self.dc, self.connection, self.account, self.document, self.media)
        actual = (
            subject.method,
            subject.dc,
            subject.connection,
            subject.account,
            subject.document,
            subject.media,
        )
        return all(w is None or w == a for w, a in zip(wanted, actual, strict=True))

    def strikes(self, chance: random.Random) -> bool:
        """Count one fitting request; whether the fault happens to it."""
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.struck >= self.times):
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def error(self) -> RpcError | None:
        """The rpc_error of this fault, for the kinds that are just that."""
        wait = math.ceil(self.seconds)
        match self.kind:
            case Kind.FLOOD_WAIT:
                return RpcError(420, f"FLOOD_WAIT_{wait}")
            case Kind.FLOOD_PREMIUM_WAIT:
                return RpcError(420, f"FLOOD_PREMIUM_WAIT_{wait}")
            case Kind.MIGRATE:
                return RpcError(303, f"FILE_MIGRATE_{self.code}")
            case Kind.ERROR:
                return RpcError(self.code, self.message)
        fixed = _FIXED.get(self.kind)
        return RpcError(*fixed) if fixed is not None else None


_FIXED = {
    Kind.REFERENCE_EXPIRED: (400, "FILE_REFERENCE_EXPIRED"),
    Kind.TIMEOUT: (-503, "Timeout"),
    Kind.INTERNAL: (500, "RPC_CALL_FAIL"),
    Kind.AUTH_BYTES_INVALID: (400, "AUTH_BYTES_INVALID"),
    Kind.UNREGISTERED: (401, "AUTH_KEY_UNREGISTERED"),
    Kind.DUPLICATED: (406, "AUTH_KEY_DUPLICATED"),
}


@dataclass(eq=False, slots=True)
class RateLimit:
    """A token bucket per account and data centre; a call without a token gets FLOOD_WAIT."""

    rate: float
    """Calls a second in the long run."""
    burst: float = 1.0
    """Calls that may come at once."""
    method: str = "upload.getFile"
    premium: bool = False
    """Whether to call it FLOOD_PREMIUM_WAIT."""
    _buckets: dict[tuple[int | None, int], tuple[float, float]] = field(default_factory=dict)

    def take(self, subject: Subject, now: float) -> RpcError | None:
        """Spend a token, or say how long to wait for one."""
        if subject.method != self.method:
            return None
        key = (subject.account, subject.dc)
        tokens, since = self._buckets.get(key, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        if tokens >= 1:
            self._buckets[key] = (tokens - 1, now)
            return None
        self._buckets[key] = (tokens, now)
        wait = max(1, math.ceil((1 - tokens) / self.rate))
        return RpcError(420, f"FLOOD_{'PREMIUM_' if self.premium else ''}WAIT_{wait}")


class Faults:
    """The faults of a cluster; add and remove them at any time."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._clock = clock
        self._chance = random.Random(seed)  # noqa: S311  # repeatable, guards nothing
        self._faults: list[Fault] = []
        self._limits: list[RateLimit] = []

    def add(self, fault: Fault) -> Fault:
        """Arm a fault; returns it, to be watched or removed."""
        self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Disarm one."""
        self._faults.remove(fault)

    def limit(self, limit: RateLimit) -> RateLimit:
        """Arm a token bucket."""
        self._limits.append(limit)
        return limit

    def clear(self) -> None:
        """Disarm everything."""
        self._faults.clear()
        self._limits.clear()

    def choose(self, subject: Subject) -> Fault | None:
        """The fault that strikes this request, if one does."""
        for fault in self._faults:
            if fault.fits(subject) and fault.strikes(self._chance):
                return fault
        return None

    def throttle(self, subject: Subject) -> None:
        """Raise the RpcError of the first token bucket that is empty for this request."""
        for limit in self._limits:
            error = limit.take(subject, self._clock.monotonic())
            if error is not None:
                raise error
