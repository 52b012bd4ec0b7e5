"""Methods that carry another method inside, and say how it is to be invoked.

invokeWithLayer, initConnection, invokeWithoutUpdates, invokeAfterMsg and invokeAfterMsgs, in any
order and depth: https://core.telegram.org/api/invoking.
"""

from dataclasses import dataclass, field
from typing import Any

from telethon.tl import functions
from telethon.tl.core import GzipPacked

from tgfake.tl import read


@dataclass(slots=True)
class Asked:
    """A query and what its wrappers said."""

    query: Any
    layer: int | None = None
    updates: bool = True
    after: list[int] = field(default_factory=list)


def unwrap(request: Any) -> Asked:
    """Take a query out of invokeWithLayer and its like."""
    asked = Asked(request)
    while True:
        match asked.query:
            case functions.InvokeWithLayerRequest(layer=layer):
                asked.layer = layer
            case functions.InvokeWithoutUpdatesRequest():
                asked.updates = False
            case functions.InvokeAfterMsgRequest(msg_id=msg_id):
                asked.after.append(msg_id)
            case functions.InvokeAfterMsgsRequest(msg_ids=msg_ids):
                asked.after.extend(msg_ids)
            case GzipPacked(data=data):
                asked.query = read(data)
                continue
            case functions.InitConnectionRequest():
                pass
            case _:
                return asked
        asked.query = asked.query.query
