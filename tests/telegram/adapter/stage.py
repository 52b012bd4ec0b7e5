"""A cluster, a bot, a person, and accounts of telpher's on it: what the tests here play on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from telpher.clock import Clock, SystemClock
from telpher.config.servers import TelegramServers
from telpher.core.demand import Demand
from telpher.core.model import FileInfo, Kind, Location, MessageRef
from telpher.errors import ReferenceExpiredError
from telpher.telegram.adapter.account import BotAccount
from telpher.telegram.adapter.identity import Credentials
from telpher.telegram.custody.base import Database, Vault
from telpher.telegram.fleet import Fleet
from telpher.telegram.gateway import AccountState, Incoming
from telpher.telegram.servers import Servers, servers_of
from telpher.telegram.sources import Source
from telpher.telegram.timing import Timing
from tests.telegram.custody.fakes import MemoryDatabase, vault
from tgfake.cluster import Cluster, Layout
from tgfake.world import World
from tgfake.world.files import FileSpec

TOKEN = "5000000001:telpher"
BOT_ID = 5000000001
BOT_NAME = "telpher_bot"

# Far more than anything here needs, on the slowest machine.
SECONDS = 60

# Waits that a test must live through are cut short; time-outs stay generous.
QUICK = Timing(backoff_first=0.01, backoff_most=0.05, media_backoff_most=0.05, export_again=0.01)


class Places(dict[MessageRef, Location]):
    """Sources that know one place of each file and cannot find another."""

    async def of(self, ref, info, without):
        return [Source(ref, self[ref])]

    async def refresh(self, source):
        raise ReferenceExpiredError

    def rest(self, source, error):
        pass

    async def close(self):
        pass


@dataclass
class Running:
    """An account at work, what came in for it, and how it fetches files."""

    account: BotAccount
    inbox: asyncio.Queue[Incoming]
    fleet: Fleet
    places: Places

    async def get_chunk(self, location: Location, offset: int, limit: int) -> memoryview:
        """One chunk of the file at `location`."""
        ref = MessageRef(0, location.document_id)
        self.places[ref] = location
        info = FileInfo(location.document_id, 1 << 40, "", "", Kind.DOCUMENT, 0)
        return await self.fleet.get_chunk(ref, info, offset, limit, Demand())

    def connections(self) -> dict[int, int]:
        """Open file connections by data centre."""
        return self.fleet.connections(self.account.user_id)


@dataclass
class Stage:
    """The world, and what accounts keep between runs."""

    world: World
    folder: Path
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock)
        self.vault = self.vault_of("first")
        self.bot = self.world.add_bot(TOKEN, BOT_NAME)
        self.ann = self.world.person("Ann")

    @contextlib.asynccontextmanager
    async def cluster(self, **layout: object) -> AsyncIterator[Cluster]:
        async with Cluster(self.world, layout=Layout(**layout)) as cluster:
            yield cluster

    def vault_of(self, instance: str, database: Database | None = None) -> Vault:
        """What an instance with a folder of that name keeps."""
        return vault(database or self.database, self.folder / instance, self.clock)

    def account(self, cluster: Cluster, token: str = TOKEN, **timing: float) -> BotAccount:
        return self.account_at(servers(cluster), token, **timing)

    def account_at(self, where: Servers, token: str = TOKEN, **timing: float) -> BotAccount:
        credentials = Credentials(1, "hash", token)
        waits = replace(QUICK, **timing)
        return BotAccount(credentials, self.vault, where, waits)

    @contextlib.asynccontextmanager
    async def running(self, account: BotAccount) -> AsyncIterator[Running]:
        """Lets an account work; it is not connected yet."""
        inbox: asyncio.Queue[Incoming] = asyncio.Queue()
        places = Places()
        async with asyncio.TaskGroup() as tasks:
            fleet = Fleet([account], places, SystemClock(), account._timing, tasks)
            task = asyncio.create_task(account.run(inbox.put))
            try:
                async with asyncio.timeout(SECONDS):
                    yield Running(account, inbox, fleet, places)
            finally:
                await fleet.close()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @contextlib.asynccontextmanager
    async def connected(self, cluster: Cluster, **timing: float) -> AsyncIterator[Running]:
        """A new account on the kept session, once it is connected."""
        async with self.running(self.account(cluster, **timing)) as running:
            await running.account.reached(AccountState.CONNECTED)
            yield running

    async def send_document(self, size: int = 3 << 20, dc: int = 2, **fields: object):
        """Ann sends the bot a document; its File and the message's ref as the bot sees it."""
        file = self.world.add_file(FileSpec(size=size, dc=dc, **fields))
        await self.ann.send_file(self.bot, file)
        return file


def servers(cluster: Cluster) -> Servers:
    return servers_of(TelegramServers.model_validate(cluster.server_list()))
