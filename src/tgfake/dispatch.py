"""From a request's class to the function that answers it.

A *call* is one request, freed of its wrappers (invokeWithLayer and its like), with what the server
knows of whoever sent it. A *handler* is an async function from a call to a result; what it raises
as RpcError goes to the client as rpc_error. Every service module offers `HANDLERS`, a mapping from
request class to handler, and `tgfake.services` merges them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tgfake.errors import RpcError
from tgfake.site import Site
from tgfake.world import Account, World
from tgfake.world.delivery import SessionHandle

_log = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True)
class Call:
    """One request and its circumstances."""

    request: Any
    """The TL request, without wrappers."""
    account: Account | None
    """None until the authorisation key is bound to a user."""
    dc: int
    """The data centre that was asked."""
    media: bool
    """Whether it was asked over a media_only address."""
    layer: int
    """The layer named in invokeWithLayer; decides how answers are written."""
    session: SessionHandle
    world: World
    cluster: Site
    """What all data centres share: home_dc, clock, counters, faults, keys, addresses."""

    @property
    def me(self) -> Account:
        """The account, for handlers that need a login; raises the 401 of a missing one."""
        if self.account is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        return self.account


Handler = Callable[[Call], Awaitable[Any]]
"""Returns a TL object, a list (Vector), a bool, an int, or bytes already serialised."""


class Dispatcher:
    """The table of handlers, and the check that a login came first."""

    def __init__(self) -> None:
        self._handlers: dict[type, Handler] = {}
        self._open: set[type] = set()

    def register(self, request: type, handler: Handler, *, needs_login: bool = True) -> None:
        """Answer `request` with `handler`; a second handler for one class is a mistake."""
        if request in self._handlers:
            raise ValueError(f"two handlers for {request.__name__}")
        self._handlers[request] = handler
        if not needs_login:
            self._open.add(request)

    def register_all(self, handlers: Mapping[Any, Handler], *, needs_login: bool = True) -> None:
        """Register a service module's `HANDLERS`."""
        for request, handler in handlers.items():
            self.register(request, handler, needs_login=needs_login)

    async def __call__(self, call: Call) -> Any:
        """The result of `call`; raises RpcError."""
        kind = type(call.request)
        if call.account is None and kind not in self._open:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        handler = self._handlers.get(kind)
        if handler is None:
            _log.warning("no service answers %s", kind.__name__)
            raise RpcError(400, f"INPUT_METHOD_INVALID_{call.request.CONSTRUCTOR_ID}")
        return await handler(call)
