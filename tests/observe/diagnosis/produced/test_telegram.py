"""The bot's account and its files, with a Telegram that refuses, fails, or is not there."""

import asyncio
import contextlib
import json
from dataclasses import replace

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from telethon.crypto import rsa as telethon_keys

from telpher.app import running
from telpher.core.model import MessageRef, Person
from telpher.errors import TelegramError
from telpher.telegram.dispatcher import Dispatcher
from telpher.telegram.gateway import ButtonPress, Outgoing
from telpher.telegram.timing import Timing
from tests.e2e.house import QUICK, TOKEN, Time, house, settings_for, telegram
from tests.observe.diagnosis.produced.child import complaint
from tests.observe.diagnosis.produced.test_network import listening
from tests.ports import free_ports
from tests.telegram.adapter.conftest import _forget_keys  # noqa: F401
from tests.telegram.adapter.stage import Stage
from tgfake.faults import Fault, Kind
from tgfake.world import World

SIZE = 3 << 20

# What fails is not tried again here: the test is long over by then.
CALM = Timing(backoff_first=60.0)


@contextlib.asynccontextmanager
async def beginning(tmp_path, edit=None, fault=None):
    """A telpher that will not get as far as being connected; `edit` changes the servers' file."""
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    async with telegram(world, tmp_path) as (cluster, servers):
        if fault is not None:
            cluster.faults.add(fault)
        if edit is not None:
            servers.write_text(json.dumps(edit(json.loads(servers.read_text()))))
        async with running(settings_for(servers, tmp_path), timing=CALM):
            yield cluster


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param(400, "ACCESS_TOKEN_INVALID", marks=pytest.mark.produces("token-refused")),
        pytest.param(400, "API_ID_INVALID", marks=pytest.mark.produces("api-id-wrong")),
        pytest.param(400, "API_ID_PUBLISHED_FLOOD", marks=pytest.mark.produces("api-id-published")),
        pytest.param(401, "USER_DEACTIVATED_BAN", marks=pytest.mark.produces("account-banned")),
    ],
)
async def test_logins_that_are_refused(tmp_path, diagnosed, code, name):
    method = "auth.importBotAuthorization"
    fault = Fault(Kind.ERROR, method=method, code=code, message=name, times=None)
    async with beginning(tmp_path, fault=fault):
        await diagnosed.logged()


@pytest.mark.produces("telegram-refused")
async def test_nobody_listens(tmp_path, diagnosed):
    def elsewhere(servers):
        for each in servers["dcs"]:
            each["port"] = free_ports()
        return servers

    async with beginning(tmp_path, elsewhere):
        await diagnosed.logged()


@pytest.mark.produces("telegram-unreachable")
async def test_somebody_hangs_up(tmp_path, diagnosed):
    async with listening(lambda writer: writer.close()) as port:

        def there(servers):
            for each in servers["dcs"]:
                each["port"] = port
            return servers

        async with beginning(tmp_path, there):
            await diagnosed.logged()


@pytest.fixture
def no_keys():
    """As in a process that begins: other tests have made the library trust tgfake."""
    keys = dict(telethon_keys._server_keys)
    telethon_keys._server_keys.clear()
    yield
    telethon_keys._server_keys.update(keys)


@pytest.mark.usefixtures("no_keys")
@pytest.mark.produces("foreign-server", "telegram-unreachable")
async def test_a_server_with_another_key(tmp_path, diagnosed):
    """The second entry is that it cannot connect then: until that is said it is still trying."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    form = serialization.PublicFormat.PKCS1
    pem = key.public_bytes(serialization.Encoding.PEM, form).decode()
    async with beginning(tmp_path, lambda servers: {**servers, "public_keys": [pem]}):
        await diagnosed.logged()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Kind.DUPLICATED), marks=pytest.mark.produces("login-used-twice")),
        pytest.param(Fault(Kind.UNREGISTERED), marks=pytest.mark.produces("login-forgotten")),
        pytest.param(Fault(Kind.TOO_MANY), marks=pytest.mark.produces("too-many-connections")),
        pytest.param(Fault(Kind.MIGRATE, code=5), marks=pytest.mark.produces("file-elsewhere")),
        pytest.param(
            Fault(Kind.REFERENCE_EXPIRED), marks=pytest.mark.produces("reference-refused")
        ),
        pytest.param(Fault(Kind.CDN_REDIRECT), marks=pytest.mark.produces("file-on-cdn")),
    ],
    ids=lambda fault: fault.kind.name.lower(),
)
async def test_files_that_do_not_come(tmp_path, diagnosed, fault):
    """Whoever plays is told no, and the log has the reason."""
    timing = replace(QUICK, chunk=1.0)
    async with house(tmp_path, time=Time(timing=timing)) as home:
        file = home.add_file(size=SIZE, dc=4)
        url = await home.share(file)
        home.cluster.faults.add(replace(fault, method="upload.getFile", times=None))

        async def play_again_and_again() -> None:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    await home.http.get(url)

        playing = asyncio.create_task(play_again_and_again())
        await diagnosed.logged()
        playing.cancel()
        await asyncio.wait([playing])


async def sending(tmp_path, fault) -> TelegramError:
    """What the bot meets when it wants to say something."""
    stage = Stage(World(), tmp_path)
    async with stage.cluster() as cluster, stage.connected(cluster, chunk=0.2) as at:
        await stage.ann.send(stage.bot, "hi")
        await at.inbox.get()
        cluster.faults.add(replace(fault, method="messages.sendMessage", times=None))
        with pytest.raises(TelegramError) as caught:
            await at.account.bot.send(stage.ann.user_id, Outgoing("hello"))
    return caught.value


@pytest.mark.produces("flood-wait")
async def test_a_pause_that_is_asked_for(tmp_path, diagnosed):
    diagnosed(await sending(tmp_path, Fault(Kind.FLOOD_WAIT, seconds=86_400)))


@pytest.mark.produces("premium-flood")
async def test_a_pause_for_those_without_premium(tmp_path, diagnosed):
    diagnosed(await sending(tmp_path, Fault(Kind.FLOOD_PREMIUM_WAIT, seconds=86_400)))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(Kind.SILENT, marks=pytest.mark.produces("telegram-slow")),
        pytest.param(Kind.INTERNAL, marks=pytest.mark.produces("telegram-fault")),
    ],
)
async def test_a_chunk_that_does_not_come(tmp_path, diagnosed, kind):
    stage = Stage(World(), tmp_path)
    async with stage.cluster() as cluster, stage.connected(cluster, chunk=0.2) as at:
        await stage.send_document(dc=2)
        message = await at.inbox.get()
        found = await at.account.find_file(message.ref)
        cluster.faults.add(Fault(kind, method="upload.getFile", times=None))
        with pytest.raises(TelegramError) as caught:
            await at.get_chunk(found.location, 0, 65536)
    diagnosed(caught.value)


@pytest.mark.produces("session-unreadable")
async def test_another_api_hash_than_before(tmp_path, diagnosed):
    world = World()
    async with house(tmp_path, world=world):
        pass
    async with house(tmp_path, world=world, api_hash="f" * 32):
        await diagnosed.logged()


@pytest.mark.produces("too-many-updates")
async def test_somebody_who_writes_without_pause(diagnosed):
    dispatcher = Dispatcher()
    while not diagnosed.known():
        dispatcher.offer(ButtonPress(MessageRef(7, 1), Person(7, "Ann"), 1, b""))
    await diagnosed.logged()


@pytest.mark.produces("crypto-missing")
def test_a_part_that_decrypts_is_missing(diagnosed):
    said = complaint(
        "import sys; sys.modules['cryptg'] = None\n"
        "from telpher.telegram.adapter import network\n"
        "network.require_fast_crypto()\n"
    )
    diagnosed(text=said)
