"""A person to act and to read, for tests and demonstrations: see `tgfake.world.person`."""

from tgfake.world.callbacks import Answer
from tgfake.world.person import Button, Person, Seen
from tgfake.world.reading import Mark

__all__ = ["Answer", "Button", "Mark", "Person", "Seen"]
