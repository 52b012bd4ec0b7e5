"""Introductions, addresses and keys."""

import pytest
from telethon.crypto import rsa
from telethon.tl import types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions import InvokeWithLayerRequest, InvokeWithoutUpdatesRequest
from telethon.tl.functions.help import GetConfigRequest

from telpher.errors import SettingsError
from telpher.telegram.adapter.network import (
    addresses,
    encrypt_for_server,
    introduced,
    require_fast_crypto,
    trust_keys,
)
from telpher.telegram.servers import DcAddress
from tgfake.keys import DC_KEYS


def test_addresses_that_can_be_used() -> None:
    option = types.DcOption
    options = [
        option(2, "192.0.2.1", 443),
        option(2, "192.0.2.2", 443, media_only=True),
        option(2, "2001:db8::1", 443, ipv6=True),
        option(2, "192.0.2.3", 443, cdn=True),
        option(2, "192.0.2.4", 443, tcpo_only=True),
        option(2, "192.0.2.5", 443, secret=b"s"),
    ]

    assert addresses(options) == (
        DcAddress(2, "192.0.2.1", 443),
        DcAddress(2, "192.0.2.2", 443, media_only=True),
    )


def test_only_the_main_connection_gets_updates() -> None:
    main = introduced(5, GetConfigRequest(), updates=True)
    media = introduced(5, GetConfigRequest(), updates=False)

    for request in (main, media):
        assert isinstance(request, InvokeWithLayerRequest)
        assert request.layer == LAYER
    assert isinstance(media.query, InvokeWithoutUpdatesRequest)
    assert bytes(media.query.query) == bytes(main.query)
    assert main.query.api_id == 5


def test_keys_are_trusted_by_their_fingerprint() -> None:
    pem = next(iter(DC_KEYS.values())).public_pem()
    before = len(rsa._server_keys)
    trust_keys([pem, pem])

    assert len(rsa._server_keys) in (before, before + 1)


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN RSA PUBLIC KEY-----"])
def test_what_is_no_key_is_a_settings_error(pem: str) -> None:
    with pytest.raises(SettingsError, match="TELEGRAM_SERVERS"):
        trust_keys([pem])


def test_cryptg_is_there() -> None:
    require_fast_crypto()


def test_nothing_is_encrypted_for_a_server_nobody_knows() -> None:
    assert encrypt_for_server(1, b"data") is None
