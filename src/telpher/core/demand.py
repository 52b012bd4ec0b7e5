"""How badly a chunk is wanted, and by whom: asked when it is queued, and again whenever it changes.

Several viewers may want one chunk, each with an urgency of its own; the chunk counts as the most
urgent of them, on the account of the viewer who wants it so. As viewers move on, read-ahead turns
into what somebody waits for; the queue that holds the chunk is told, and gives it its new place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import IntEnum

Viewer = Hashable


class Urgency(IntEnum):
    """Served in this order (engine.md, "Fairness")."""

    HEAD = 0  # a viewer has nothing to send until it comes
    NEAR = 1  # within the next 2 MiB of a viewer
    AHEAD = 2  # read-ahead


class Demand:
    """Who wants one chunk. Empty, it counts as read-ahead of nobody."""

    def __init__(self) -> None:
        self._wishes: dict[Viewer, Urgency] = {}
        self._changed: Callable[[], None] | None = None

    @property
    def urgency(self) -> Urgency:
        """That of the most urgent wish."""
        return min(self._wishes.values(), default=Urgency.AHEAD)

    @property
    def viewer(self) -> Viewer:
        """Who has the most urgent wish; the first of several."""
        return min(self._wishes, key=lambda viewer: self._wishes[viewer], default=None)

    def want(self, viewer: Viewer, urgency: Urgency) -> None:
        """`viewer` wants it now with this urgency."""
        if self._wishes.get(viewer) is not urgency:
            self._wishes[viewer] = urgency
            self._tell()

    def forget(self, viewer: Viewer) -> None:
        """`viewer` does not want it any more; no error when it never did."""
        if self._wishes.pop(viewer, None) is not None:
            self._tell()

    def watch(self, changed: Callable[[], None] | None) -> None:
        """Has `changed` called after every change; None ends that. One watcher at a time."""
        self._changed = changed

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed()
