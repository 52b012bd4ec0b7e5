"""Tokens: their text, what is kept of them, what they open."""

from __future__ import annotations

import pytest

from telpher.core.tokens import ApiToken, Scope, digest, pack, read, unpack, write

ID, SECRET = "0123456789abcdef", "s" * 43


def token(expires: float = 0, revoked: float = 0) -> ApiToken:
    return ApiToken(ID, "x", digest(SECRET), frozenset(), 1.0, expires, revoked)


def test_what_is_written_is_read() -> None:
    assert read(write(ID, SECRET)) == (ID, SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tlp_",
        f"tlp_{ID}_{SECRET}x",
        f"tlp_{ID}_{SECRET}\n",
        f"tlp_{ID.upper()}_{SECRET}",
        f"tlp_{ID}_{SECRET[:-1]}",
        f"tlp_{ID}_{SECRET[:-1]}é",
        f" tlp_{ID}_{SECRET}",
    ],
)
def test_what_is_none_is_none(text: str) -> None:
    assert read(text) is None


def test_the_secret_cannot_be_read_from_what_is_kept() -> None:
    kept = token()
    assert SECRET not in repr(kept)
    assert len(kept.digest) == 32


def test_it_opens_by_its_secret_alone() -> None:
    assert token().opens(SECRET, 10)
    assert not token().opens("t" * 43, 10)


def test_it_opens_until_its_time_is_over_or_it_is_revoked() -> None:
    assert token(expires=10).opens(SECRET, 9.9)
    assert not token(expires=10).opens(SECRET, 10)
    assert not token(revoked=5).opens(SECRET, 6)


def test_scopes_as_text() -> None:
    assert unpack(pack(Scope)) == frozenset(Scope)
    assert pack([]) == ""
    assert unpack("links:read of:tomorrow") == frozenset({Scope.LINKS_READ})
