"""auth.*: logging in with a bot's token, and carrying the login to other data centres."""

from typing import Any

from telethon.tl import functions, types

from tgfake.dispatch import Call, Handler
from tgfake.errors import RpcError


async def import_bot_authorization(call: Call) -> Any:
    """Log in; raises ACCESS_TOKEN_INVALID, and USER_MIGRATE_X away from the home data centre."""
    account = call.world.account_for_token(call.request.bot_auth_token)
    if account is None:
        raise RpcError(400, "ACCESS_TOKEN_INVALID")
    site = call.cluster
    if call.dc != site.home_dc:
        raise RpcError(303, f"USER_MIGRATE_{site.home_dc}")
    site.keys.log_in(site.keys.get(call.dc, call.session.auth_key_id), account)
    site.counters.logins += 1
    site.counters.changed()
    return types.auth.Authorization(
        user=call.world.self_user(account),
        tmp_sessions=site.tmp_sessions if site.tmp_sessions > 1 else None,
    )


async def export_authorization(call: Call) -> Any:
    """Bytes with which the login can be imported on another data centre, once."""
    site, target = call.cluster, call.request.dc_id
    if target == call.dc or target not in {a.dc for a in site.addresses}:
        raise RpcError(400, "DC_ID_INVALID")
    login = site.keys.get(call.dc, call.session.auth_key_id).login
    if login is None:
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")
    site.counters.exports += 1
    site.counters.changed()
    secret = site.keys.export(login, target)
    return types.auth.ExportedAuthorization(id=call.me.user_id, bytes=secret)


async def import_authorization(call: Call) -> Any:
    """Join a login that was exported for this data centre; raises AUTH_BYTES_INVALID."""
    site = call.cluster
    login = site.keys.redeem(call.request.bytes, call.dc)
    if login is None or login.account.user_id != call.request.id:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    site.keys.carry(login, site.keys.get(call.dc, call.session.auth_key_id))
    site.counters.imports += 1
    site.counters.changed()
    return types.auth.Authorization(user=call.world.self_user(login.account))


async def log_out(call: Call) -> Any:
    """End the login on all data centres."""
    site = call.cluster
    login = site.keys.get(call.dc, call.session.auth_key_id).login
    if login is not None:
        site.keys.end(login)
    return types.auth.LoggedOut()


async def bind_temp_auth_key(call: Call) -> Any:
    """Refused: temporary keys can be made but not bound."""
    raise RpcError(400, "ENCRYPTED_MESSAGE_INVALID")


HANDLERS: dict[Any, Handler] = {
    functions.auth.ExportAuthorizationRequest: export_authorization,
    functions.auth.LogOutRequest: log_out,
}
OPEN_HANDLERS: dict[Any, Handler] = {
    functions.auth.ImportBotAuthorizationRequest: import_bot_authorization,
    functions.auth.ImportAuthorizationRequest: import_authorization,
    functions.auth.BindTempAuthKeyRequest: bind_temp_auth_key,
}
"""Asked by clients that are not logged in."""
