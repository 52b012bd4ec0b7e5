"""The limits that settings set. Part of the composition root."""

from __future__ import annotations

from telpher.clock import Clock
from telpher.config.settings import Settings
from telpher.crew.telephone import Telephone
from telpher.streaming.plays import PlayLimits
from telpher.web.limiting.rates import Rates
from telpher.web.limiting.shared import Counts, OwnCounts, SharedCounts
from telpher.web.limiting.siblings import SiblingCounts


def play_limits(settings: Settings) -> PlayLimits:
    """What the engine holds plays to."""
    return PlayLimits(
        settings.max_streams, settings.speed_limit_mbps, settings.max_streams_per_user
    )


def rates(settings: Settings, clock: Clock, telephone: Telephone) -> Rates | None:
    """The limits of requests, if there are to be any. Raises SettingsError."""
    if not settings.rate_limit_per_minute:
        return None
    own = OwnCounts(clock)
    shared: Counts | None = None
    if settings.redis_url is not None:
        shared = SharedCounts(settings.redis_url.get_secret_value(), clock, own)
    elif telephone.siblings:
        shared = SiblingCounts(telephone, own)
    return Rates(settings.rate_limit_per_minute, own, shared)
