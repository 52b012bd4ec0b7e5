"""How fast a bot may send, and FLOOD_WAIT_X beyond that.

Telegram documents three rates: about 30 messages a second in all, 1 a second into one chat ("short
bursts" are tolerated), 20 a minute into one group or channel
(https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). Each is a bucket
of tokens that refills at its rate; a message takes one. Several messages of one request are let
through together and may leave a debt, which the next request waits for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tgfake.clock import Clock
from tgfake.errors import RpcError

# Above this many buckets, those that are full again are forgotten: they mean nothing.
_MANY = 4096
_ALL = 0  # in the place of a chat id: all chats of the bot together


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` messages at once, `per_second` in the long run."""

    burst: float
    per_second: float


BOT = Rate(30, 30)
CHAT = Rate(5, 1)  # the size of the tolerated burst is not documented
GROUP = Rate(20, 20 / 60)


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    tokens: float
    at: float

    def refill(self, now: float) -> None:
        rate = self.rate
        self.tokens = min(rate.burst, self.tokens + (now - self.at) * rate.per_second)
        self.at = now

    def wait(self) -> float:
        return max(0.0, (1 - self.tokens) / self.rate.per_second)


class Limits:
    """The buckets of a world; with `enabled` False everything passes."""

    def __init__(self, clock: Clock, enabled: bool) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[int, int], _Bucket] = {}

    def check(self, bot: int, chat_id: int, messages: int = 1) -> None:
        """Count `messages` from `bot` into a chat, or raise FLOOD_WAIT_X and count nothing.

        `chat_id` is marked: negative for groups and channels.
        """
        if not self.enabled:
            return
        chat_rate = CHAT if chat_id > 0 else GROUP
        buckets = [self._bucket((bot, _ALL), BOT), self._bucket((bot, chat_id), chat_rate)]
        wait = max(bucket.wait() for bucket in buckets)
        if wait > 0:
            raise RpcError(420, f"FLOOD_WAIT_{math.ceil(wait)}")
        for bucket in buckets:
            bucket.tokens -= messages

    def _bucket(self, key: tuple[int, int], rate: Rate) -> _Bucket:
        now = self._clock.monotonic()
        if key not in self._buckets:
            self._forget_full(now)
            self._buckets[key] = _Bucket(rate, rate.burst, now)
        bucket = self._buckets[key]
        bucket.refill(now)
        return bucket

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) < _MANY:
            return
        for bucket in self._buckets.values():
            bucket.refill(now)
        kept = {k: b for k, b in self._buckets.items() if b.tokens < b.rate.burst}
        self._buckets = kept
