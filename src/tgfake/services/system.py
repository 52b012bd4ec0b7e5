"""help.*: what a client asks about the service itself before anything else."""

from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call, Handler

_CONFIG_LIFETIME = 3600
"""Seconds after which clients ask for the configuration again."""


async def get_config(call: Call) -> Any:
    """The data centres' addresses, and limits as Telegram announces them."""
    now = int(call.cluster.clock.now())
    return types.Config(
        date=datetime.fromtimestamp(now, UTC),
        expires=datetime.fromtimestamp(now + _CONFIG_LIFETIME, UTC),
        test_mode=False,
        this_dc=call.dc,
        dc_options=call.cluster.dc_options(),
        dc_txt_domain_name="tgfake.invalid",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1024,
        message_length_max=4096,
        webfile_dc_id=4,
        tmp_sessions=call.cluster.tmp_sessions if call.cluster.tmp_sessions > 1 else None,
    )


async def get_nearest_dc(call: Call) -> Any:
    """The home data centre is the nearest."""
    return types.NearestDc(country="DE", this_dc=call.dc, nearest_dc=call.cluster.home_dc)


async def get_app_config(call: Call) -> Any:
    """An application configuration without entries."""
    return types.help.AppConfig(hash=1, config=types.JsonObject(value=[]))


async def get_cdn_config(call: Call) -> Any:
    """There are no CDN data centres."""
    return types.CdnConfig(public_keys=[])


async def get_terms_of_service_update(call: Call) -> Any:
    """Nothing new to agree to."""
    expires = datetime.fromtimestamp(call.cluster.clock.now() + _CONFIG_LIFETIME, UTC)
    return types.help.TermsOfServiceUpdateEmpty(expires=expires)


OPEN_HANDLERS: dict[Any, Handler] = {
    functions.help.GetConfigRequest: get_config,
    functions.help.GetNearestDcRequest: get_nearest_dc,
    functions.help.GetAppConfigRequest: get_app_config,
    functions.help.GetCdnConfigRequest: get_cdn_config,
}
HANDLERS: dict[Any, Handler] = {
    functions.help.GetTermsOfServiceUpdateRequest: get_terms_of_service_update,
}
