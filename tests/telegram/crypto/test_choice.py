from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from telpher.telegram import crypto
from tests.telegram.crypto.reference import AUTH_KEY


def unused(*_: Any) -> Any:
    raise AssertionError("only looked at")


def not_built() -> Any:
    raise ImportError("no module named _fast")


def without_sha() -> Any:
    return SimpleNamespace(decrypt_ige=unused)


def with_everything() -> Any:
    return SimpleNamespace(decrypt_ige=unused, decrypt_ige_sha256=unused)


@pytest.mark.parametrize(
    ("load", "names"),
    [
        (not_built, ["cryptg"]),
        (without_sha, ["aes-ni", "cryptg"]),
        (with_everything, ["aes-ni+sha-ni", "aes-ni", "cryptg"]),
    ],
)
def test_the_best_of_what_there_is_comes_first(load: Any, names: list[str]):
    assert [cipher.name for cipher in crypto.ciphers(load)] == names
    assert crypto.choose(load).name == names[0]


def test_other_errors_of_the_extension_are_not_hidden():
    def broken() -> Any:
        raise SystemError("initialization of _fast raised unreported exception")

    with pytest.raises(SystemError):
        crypto.choose(broken)


def test_the_package_decrypts_what_it_encrypts_with_what_it_says():
    assert crypto.choose().name == crypto.IMPLEMENTATION
    for server in (False, True):
        frame = bytearray(crypto.encrypt(AUTH_KEY, b"message." * 6, from_client=not server))
        crypto.decrypt(AUTH_KEY, frame, from_server=server)
        assert frame[crypto.HEADER :] == b"message." * 6


def test_the_package_works_in_a_process_that_cannot_load_the_extension():
    """The import of the real extension fails: a module that is None cannot be imported."""
    program = """
import sys
sys.modules["telpher.telegram.crypto._fast"] = None
from telpher.telegram import crypto
frame = bytearray(crypto.encrypt(bytes(256), bytes(48)))
crypto.decrypt(bytes(256), frame, from_server=False)
sys.stdout.write(f"{crypto.IMPLEMENTATION} {frame[crypto.HEADER:] == bytes(48)}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("cryptg True", "")
