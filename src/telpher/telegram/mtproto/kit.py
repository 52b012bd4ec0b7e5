"""What connections are given: a key, and what those of one account share; memory, all do."""

from __future__ import annotations

from dataclasses import dataclass, field

from telpher.telegram.mtproto.decryption import Decryptor
from telpher.telegram.mtproto.frames import Frames
from telpher.telegram.mtproto.session import ServerTime


@dataclass(slots=True)
class AuthKey:
    """An authorisation key, and the salt that the server wanted last with it (0: not known).

    Its connections share it, so that a salt is told to one of them only.
    """

    key: bytes = field(repr=False)
    salt: int = field(default=0, repr=False)


@dataclass(slots=True)
class Traffic:
    """Bytes received, in all and of answers that nobody waited for any more."""

    received: int = 0
    wasted: int = 0


@dataclass(frozen=True, slots=True)
class Kit:
    """Shared by the connections of one account.

    `silence` is how many seconds of it are answered by a ping, and then by giving up.
    `acknowledge_after` is how long acknowledgements wait for something to go out with; TDLib has
    them wait up to 30 s.
    """

    time: ServerTime
    frames: Frames
    decryptor: Decryptor
    traffic: Traffic
    silence: float = 3.0
    acknowledge_after: float = 5.0
