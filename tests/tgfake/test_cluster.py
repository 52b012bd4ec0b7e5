"""Five data centres: addresses, logins across them, and the rule of one connection per key."""

import asyncio
import contextlib
import json

import pytest
from telethon.tl import functions, types

from tests.tgfake.raw_client import TransportError, new_key, raw_client
from tests.tgfake.small_world import (
    LONG,
    OTHER_TOKEN,
    TOKEN,
    SmallWorld,
    file_request,
    small_services,
)
from tgfake.cluster import Cluster, Layout
from tgfake.keys import DC_KEYS

SECONDS = 30
NEAREST = functions.help.GetNearestDcRequest()


def cluster_of(world: SmallWorld, **layout) -> Cluster:
    return Cluster(world, layout=Layout(**layout), services=small_services())


@pytest.fixture
async def cluster():
    async with asyncio.timeout(SECONDS), cluster_of(SmallWorld(), media_dcs=[2, 4]) as cluster:
        yield cluster


async def export(client, dc: int):
    return await client.call(functions.auth.ExportAuthorizationRequest(dc))


async def carry(exported):
    return functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)


async def test_the_servers_file(cluster, tmp_path):
    cluster.write_servers_file(tmp_path / "servers.json")
    servers = json.loads((tmp_path / "servers.json").read_text())
    assert servers["home_dc"] == 2
    assert [(dc["id"], dc["media_only"]) for dc in servers["dcs"]] == [
        *((n, False) for n in range(1, 6)),
        (2, True),
        (4, True),
    ]
    assert {dc["host"] for dc in servers["dcs"]} == {"127.0.0.1"}
    assert len({dc["port"] for dc in servers["dcs"]}) == 7
    assert servers["public_keys"] == [k.public_pem() for k in DC_KEYS.values()]


async def test_the_configuration_names_every_address(cluster):
    async with raw_client(cluster, 4) as client:
        config = await client.call(functions.help.GetConfigRequest())
    assert config.this_dc == 4
    told = [(o.id, o.ip_address, o.port, bool(o.media_only)) for o in config.dc_options]
    assert told == [(a.dc, a.host, a.port, a.media_only) for a in cluster.addresses]
    assert config.tmp_sessions is None


async def test_given_ports_are_used():
    async with cluster_of(SmallWorld()) as anywhere:
        start = anywhere.address(1).port
    # Ports near a free one are most likely free too; where not, further down.
    for first in range(start - 40, start - 400, -40):
        with contextlib.suppress(OSError):
            async with cluster_of(SmallWorld(), first_port=first) as cluster:
                assert [a.port for a in cluster.addresses] == list(range(first, first + 5))
                return
    pytest.fail("no five ports in a row")


async def test_a_port_that_is_taken():
    async with cluster_of(SmallWorld()) as cluster:
        with pytest.raises(OSError, match="in use"):
            async with cluster_of(SmallWorld(), first_port=cluster.address(3).port):
                pass


async def test_login(cluster):
    async with raw_client(cluster, 2) as client:
        assert (await client.log_in("7:wrong")).error_message == "ACCESS_TOKEN_INVALID"
        assert (await client.log_in(TOKEN)).user.id == 7
        assert len(await client.call(LONG)) == 100
    assert cluster.counters.logins == 1


async def test_login_away_from_home(cluster):
    async with raw_client(cluster, 3) as client:
        error = await client.log_in(TOKEN)
    assert (error.error_code, error.error_message) == (303, "USER_MIGRATE_2")


async def test_logout_ends_the_login_everywhere(cluster):
    async with raw_client(cluster, 2) as home, raw_client(cluster, 4) as foreign:
        await home.log_in(TOKEN)
        await foreign.call(await carry(await export(home, 4)))
        assert len(await foreign.call(LONG)) == 100
        await home.call(functions.auth.LogOutRequest())
        assert (await foreign.call(LONG)).error_code == 401


async def test_a_foreign_data_centre_wants_an_import_first(cluster):
    async with raw_client(cluster, 2) as home, raw_client(cluster, 4) as foreign:
        await home.log_in(TOKEN)
        assert (await foreign.call(file_request(1))).error_message == "AUTH_KEY_UNREGISTERED"
        answer = await foreign.call(await carry(await export(home, 4)))
        assert answer.user.id == 7
        assert len((await foreign.call(file_request(1))).bytes) == 64 * 1024
    assert (cluster.counters.exports, cluster.counters.imports) == (1, 1)


async def test_exported_bytes_work_once_and_there_only(cluster):
    async with raw_client(cluster, 2) as home, raw_client(cluster, 4) as foreign:
        await home.log_in(TOKEN)
        exported = await export(home, 5)
        assert (await foreign.call(await carry(exported))).error_message == "AUTH_BYTES_INVALID"
        exported = await export(home, 4)
        await foreign.call(await carry(exported))
        assert (await foreign.call(await carry(exported))).error_message == "AUTH_BYTES_INVALID"
        assert (await export(home, 2)).error_message == "DC_ID_INVALID"
        assert (await export(home, 6)).error_message == "DC_ID_INVALID"


async def test_two_connections_of_one_key_end_the_login(cluster):
    async with raw_client(cluster, 2) as one:
        await one.log_in(TOKEN)
        async with raw_client(cluster, 2, key=one.key) as two:
            error = await two.call(NEAREST)
            assert (error.error_code, error.error_message) == (406, "AUTH_KEY_DUPLICATED")
            assert (await one.call(LONG)).error_message == "AUTH_KEY_UNREGISTERED"
        await one.log_in(TOKEN)
        assert len(await one.call(LONG)) == 100


async def test_media_addresses_may_be_used_at_once(cluster):
    async with (
        raw_client(cluster, 2) as one,
        raw_client(cluster, 2, key=one.key, media=True) as two,
        raw_client(cluster, 2, key=one.key, media=True) as three,
    ):
        await one.log_in(TOKEN)
        for client in (one, two, three):
            assert len((await client.call(file_request(1))).bytes) == 64 * 1024


async def test_tmp_sessions_allow_more():
    async with (
        cluster_of(SmallWorld(), tmp_sessions=2) as cluster,
        raw_client(cluster, 2) as one,
        raw_client(cluster, 2, key=one.key) as two,
        raw_client(cluster, 2, key=one.key) as three,
    ):
        await one.log_in(TOKEN)
        config = await two.call(functions.help.GetConfigRequest())
        assert config.tmp_sessions == 2
        assert (await three.call(NEAREST)).error_message == "AUTH_KEY_DUPLICATED"


async def test_two_logins_have_a_connection_each(cluster):
    async with raw_client(cluster, 2) as one, raw_client(cluster, 2) as two:
        for client in (one, two):
            await client.log_in(TOKEN)
        for client in (one, two):
            assert len(await client.call(LONG)) == 100
    assert cluster.counters.logins == 2


async def test_coming_back_after_a_lost_connection_is_no_second_one(cluster):
    key = new_key(cluster, 2)
    async with raw_client(cluster, 2, key=key) as client:
        await client.log_in(TOKEN)
    for _ in range(5):
        async with raw_client(cluster, 2, key=key) as client:
            assert len(await client.call(LONG)) == 100


async def test_coming_back_while_the_old_connection_is_still_open_at_the_servers_end(cluster):
    async with raw_client(cluster, 2) as client:
        await client.log_in(TOKEN)
        client.writer.write_eof()
        async with raw_client(cluster, 2, key=client.key) as again:
            assert len(await again.call(LONG)) == 100


async def test_updates_go_to_sessions_that_want_them(cluster):
    world, updates = cluster.world, types.UpdatesTooLong()
    ours, other = world.accounts[TOKEN], world.accounts[OTHER_TOKEN]
    assert world.on_update(ours, updates, None) is False
    async with (
        raw_client(cluster, 2) as wants,
        raw_client(cluster, 2) as silent,
        raw_client(cluster, 2) as stranger,
    ):
        await wants.log_in(TOKEN)
        await wants.call(NEAREST)
        await stranger.log_in(OTHER_TOKEN)
        login = functions.auth.ImportBotAuthorizationRequest(0, 1, "hash", TOKEN)
        for request in (login, NEAREST):
            await silent.call(functions.InvokeWithoutUpdatesRequest(request))
        await silent.call(file_request(1))
        assert world.on_update(ours, updates, None) is True
        message, found = await wants.next()
        assert isinstance(found, types.UpdatesTooLong)
        assert message.msg_id % 4 == 3
        assert message.seqno % 2 == 1
        assert cluster.counters.updates_pushed == 1
        origin = cluster.site.keys.session(wants.key, wants.session_id)
        assert world.on_update(ours, updates, origin) is True
        assert cluster.counters.updates_pushed == 1
        assert world.on_update(other, updates, None) is True
        assert isinstance((await stranger.next(types.UpdatesTooLong))[1], types.UpdatesTooLong)


async def test_nothing_is_left_when_the_cluster_ends():
    world = SmallWorld()
    before = asyncio.all_tasks()
    async with cluster_of(world) as cluster:
        address = cluster.address(2)
        async with raw_client(cluster, 2) as client:
            await client.call(NEAREST)
            assert len(asyncio.all_tasks()) > len(before)
            cluster.disconnect(2)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.packet()
        assert world.on_update is not None
    assert asyncio.all_tasks() == before
    assert world.on_update is None
    assert cluster.counters.connections_open == 0
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(address.host, address.port)


async def test_the_blocks_own_exception_comes_out_as_it_is():
    with pytest.raises(LookupError):
        async with cluster_of(SmallWorld()) as cluster, raw_client(cluster, 2):
            raise LookupError


async def test_rubbish_does_not_end_the_cluster(cluster):
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xef\x02" + bytes(8), b"\xee" * 4 + bytes(30)):
        a = cluster.address(1)
        reader, writer = await asyncio.open_connection(a.host, a.port)
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
    async with raw_client(cluster, 1) as client:
        assert isinstance(await client.call(NEAREST), types.NearestDc)


async def test_a_client_of_another_key_learns_nothing(cluster):
    async with raw_client(cluster, 5, key=new_key(cluster, 1)) as client:
        client.send(NEAREST)
        with pytest.raises(TransportError):
            await client.packet()
