"""A ValueStore in memory."""

from telpher.core.records import Value
from telpher.errors import StorageError


class FakeValues:
    def __init__(self):
        self.kept = {}
        self.away = False
        self.reads = 0

    async def get(self, name):
        self.reads += 1
        self._check()
        return self.kept.get(name)

    async def put(self, name, data, at):
        self._check()
        self.kept[name] = Value(data, at)

    async def drop(self, name):
        self._check()
        self.kept.pop(name, None)

    def _check(self):
        if self.away:
            raise StorageError("away")
