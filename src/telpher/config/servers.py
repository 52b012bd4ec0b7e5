"""The file that TELEGRAM_SERVERS names: another MTProto server than Telegram's own.

    {"home_dc": 2,
     "dcs": [{"id": 2, "host": "127.0.0.1", "port": 40002, "media_only": false}, ...],
     "public_keys": ["-----BEGIN RSA PUBLIC KEY-----..."],
     "local_urls": true}

`tgfake` writes such a file. Where `local_urls` is true, buttons may lead to addresses that only
this machine or its network knows; Telegram itself refuses them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from telpher.config.values import Host

_PEM = re.compile(
    r"\s*-----BEGIN RSA PUBLIC KEY-----(?P<body>[A-Za-z0-9+/=\s]+)-----END RSA PUBLIC KEY-----\s*"
)


# RSAPublicKey of PKCS#1 (RFC 8017, A.1.1): a SEQUENCE, the modulus of 2048 bits (the only length
# that the key exchange knows), and after it the exponent.
_DER = re.compile(
    rb"\x30\x82..\x02\x82\x01\x01\x00[\x80-\xff].{255}\x02(?:\x01.|\x02..|\x03...|\x04....)",
    re.DOTALL,
)


def _pem(text: str) -> str:
    found = _PEM.fullmatch(text)
    try:
        der = base64.b64decode("".join(found["body"].split()), validate=True) if found else b""
    except binascii.Error:
        der = b""
    if not _DER.fullmatch(der):
        raise ValueError(
            "must be a 2048-bit key that begins with -----BEGIN RSA PUBLIC KEY----- (PKCS#1, PEM)"
        )
    return text


class ServerAddress(BaseModel):
    """One address of data centre `id`; a `media_only` one serves file traffic and nothing else."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(ge=1, le=1000)
    host: Host
    port: int = Field(ge=1, le=65535)
    media_only: bool = False


class TelegramServers(BaseModel):
    """A network of servers: where a new account logs in, all addresses, RSA keys as PKCS#1 PEM."""

    model_config = ConfigDict(frozen=True)

    home_dc: int
    dcs: tuple[ServerAddress, ...]
    public_keys: tuple[Annotated[str, AfterValidator(_pem)], ...]
    local_urls: bool = False

    @model_validator(mode="after")
    def _can_be_logged_in_to(self) -> Self:
        if not self.public_keys:
            raise ValueError("public_keys has no key")
        if not any(dc.id == self.home_dc and not dc.media_only for dc in self.dcs):
            raise ValueError(f"dcs has no address for home_dc {self.home_dc}")
        return self


def read_servers(path: Path) -> TelegramServers:
    """The file's content; raises ValueError for one that cannot be used."""
    return TelegramServers.model_validate(_read(path))


def _read(value: object) -> object:
    """The JSON in the file that a path names; anything but a path is left as it is."""
    if not isinstance(value, str | Path):
        return value
    try:
        return json.loads(Path(value).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file cannot be read ({error.strerror})") from None
    except ValueError:
        raise ValueError("the file is not JSON") from None


ServersFile = Annotated[TelegramServers, BeforeValidator(_read)]
