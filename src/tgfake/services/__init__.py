"""The API's methods, a module per group, and the table of all of them."""

from tgfake.dispatch import Dispatcher
from tgfake.services import (
    auth,
    bots,
    callbacks,
    channels,
    contacts,
    media,
    messages,
    send,
    system,
    updates,
    upload,
    users,
)

_MODULES = (
    auth,
    bots,
    callbacks,
    channels,
    contacts,
    media,
    messages,
    send,
    system,
    updates,
    upload,
    users,
)


def dispatcher() -> Dispatcher:
    """A dispatcher that knows every method tgfake has."""
    table = Dispatcher()
    for module in _MODULES:
        table.register_all(module.HANDLERS)
    table.register_all(auth.OPEN_HANDLERS, needs_login=False)
    table.register_all(system.OPEN_HANDLERS, needs_login=False)
    return table
