"""How fast messages may go out: in all, and into each group or channel (rule 32).

Telegram documents 30 messages a second in all, and 20 a minute into one group or channel. Beyond
that it answers with flood waits, which hold up the very messages that people wait for. So what can
wait (broadcasts, copies) leaves a part of the burst to answers: those go out ahead of it as long as
they are fewer than the rate.

Several messages of one request go out together and are owed afterwards. Pure; times are seconds of
one monotonic clock.
"""

from __future__ import annotations

from telpher.core.pace import Pace

# Messages a second, and how many at once after a pause: together as many in one second as leave
# room for what a network bunches up.
RATE = 30.0
BURST = 15

# What may wait leaves so many of the burst to answers.
KEPT = 5

# Messages a second into one group or channel, and how many at once: an album and its answers.
GROUP_RATE = 20 / 60
GROUP_BURST = 12

# More groups than this are swept for those that have their whole burst again.
_SWEEP_ABOVE = 1000


class Outflow:
    """One account's; `rate` and `group_rate` in messages a second."""

    def __init__(self, rate: float = RATE, group_rate: float = GROUP_RATE) -> None:
        self._rate = rate
        self._group_rate = group_rate
        self._all = Pace(rate, (BURST - 1) / rate)
        self._groups: dict[int, Pace] = {}

    def delay(self, chat_id: int, now: float, *, may_wait: bool = False) -> float:
        """Seconds until the next message into that chat may go out."""
        kept = KEPT / self._rate if may_wait else 0.0
        group = self._groups.get(chat_id)
        return max(self._all.delay(now, kept), group.delay(now) if group else 0.0)

    def sent(self, chat_id: int, messages: int, now: float) -> None:
        """So many go out into that chat, now or after the delay that was told now."""
        self._all.sent(messages, now)
        if chat_id < 0:
            self._group(chat_id, now).sent(messages, now)

    def _group(self, chat_id: int, now: float) -> Pace:
        known = self._groups.get(chat_id)
        if known is None:
            if len(self._groups) >= _SWEEP_ABOVE:
                self._groups = {k: each for k, each in self._groups.items() if not each.idle(now)}
            known = self._groups[chat_id] = Pace(
                self._group_rate, (GROUP_BURST - 1) / self._group_rate
            )
        return known
