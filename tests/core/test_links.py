"""Signed links: every bit counts, every odd key is refused, one set of claims has one key."""

from __future__ import annotations

import base64
import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.links import Claims, LinkSigner, derive_secret
from telpher.core.model import MessageRef
from telpher.errors import BadSignatureError, GoneError, LinkExpiredError

SECRET = bytes(range(32))
SIGNER = LinkSigner(SECRET)
REF = MessageRef(-1_002_345_678_901, 42)
CLAIMS = Claims(REF, link_id=0x0123_4567_89AB_CDEF, expires=1_700_000_000, epoch=7)
KEY = SIGNER.sign(CLAIMS)
NOW = 1_600_000_000.0

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

int64s = st.integers(-(1 << 63), (1 << 63) - 1)
refs = st.builds(MessageRef, int64s, int64s)
claims = st.builds(
    Claims,
    ref=refs,
    link_id=st.integers(0, (1 << 64) - 1),
    expires=st.integers(0, (1 << 40) - 1),
    epoch=st.integers(0, (1 << 32) - 1),
)


def is_refused(ref: MessageRef, key: str | None, signer: LinkSigner = SIGNER) -> bool:
    """Refused as unknown, which LinkExpiredError and GoneError are not."""
    try:
        signer.verify(ref, key, NOW, CLAIMS.epoch)
    except BadSignatureError:
        return True
    return False


def test_the_format_is_pinned() -> None:
    """Links live for years: a change here breaks every one that was handed out."""
    assert KEY.startswith("AQAAAAcAZVPxAAEjRWeJq83v")
    body = base64.urlsafe_b64decode(KEY + "==")[:18]
    message = b"telpher link 1\0" + body + REF.chat_id.to_bytes(8, signed=True)
    message += REF.message_id.to_bytes(8, signed=True)
    tag = hmac.digest(SECRET, message, "sha256")[:16]
    assert base64.urlsafe_b64encode(body + tag).decode() == KEY + "=="


def test_the_derived_secret_is_pinned() -> None:
    assert derive_secret("123456:ABC-DEF").hex() == (
        "33e0cc4058221eb19c15b2f5bd3dd8e61e817d31e518a708df23a306fa1c1654"
    )


@given(claims=claims)
def test_what_was_signed_verifies(claims: Claims) -> None:
    key = SIGNER.sign(claims)
    assert len(key) == 46
    assert set(key) <= set(ALPHABET)
    assert SIGNER.verify(claims.ref, key, 0.0, claims.epoch) == claims


@given(one=claims, other=claims)
def test_other_claims_have_another_key(one: Claims, other: Claims) -> None:
    assert (SIGNER.sign(one) == SIGNER.sign(other)) == (one == other)


def test_every_bit_counts() -> None:
    raw = base64.urlsafe_b64decode(KEY + "==")
    for bit in range(len(raw) * 8):
        tampered = bytearray(raw)
        tampered[bit // 8] ^= 1 << bit % 8
        assert is_refused(REF, base64.urlsafe_b64encode(tampered).decode().rstrip("="))


def test_every_character_counts() -> None:
    for at in range(len(KEY)):
        for char in ALPHABET:
            key = KEY[:at] + char + KEY[at + 1 :]
            assert is_refused(REF, key) == (key != KEY)


def test_the_spare_bits_are_zero() -> None:
    """Four bits of the last character are not needed; other values decode to the same bytes."""
    last = ALPHABET.index(KEY[-1])
    spellings = [KEY[:-1] + ALPHABET[last & 0b110000 | spare] for spare in range(16)]
    decoded = {base64.urlsafe_b64decode(spelling + "==") for spelling in spellings}
    assert len(decoded) == 1
    assert [spelling for spelling in spellings if not is_refused(REF, spelling)] == [KEY]


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "A",
        KEY[:-1],
        KEY + "A",
        KEY + "=",
        KEY + "==",
        KEY + "\n",
        " " + KEY,
        KEY[:20] + "\n" + KEY[20:],
        KEY[:20] + " " + KEY[21:],
        KEY[:20] + "+" + KEY[21:],
        KEY[:20] + "/" + KEY[21:],
        KEY[:20] + "\0" + KEY[21:],
        KEY[:20] + "\u0661" + KEY[21:],
        KEY[:20] + "\udc80" + KEY[21:],
        KEY.swapcase(),
        "A" * 46,
        "_" * 45 + "w",
        "A" * 1_000_000,
    ],
)
def test_malformed_keys(key: str | None) -> None:
    assert is_refused(REF, key)


@given(key=st.text() | st.text(ALPHABET, min_size=46, max_size=46))
def test_any_text_is_refused(key: str) -> None:
    assert is_refused(REF, key)


@pytest.mark.parametrize(
    "ref",
    [
        MessageRef(REF.chat_id, 43),
        MessageRef(REF.chat_id + 1, 42),
        MessageRef(-REF.chat_id, 42),
        MessageRef(42, REF.chat_id),
        MessageRef(REF.chat_id, -42),
        MessageRef(REF.chat_id + (1 << 64), 42),
        MessageRef(10**4000, 42),
        MessageRef(REF.chat_id, -(10**4000)),
        MessageRef(0, 0),
    ],
)
def test_a_key_for_another_message(ref: MessageRef) -> None:
    assert is_refused(ref, KEY)


def test_another_secret() -> None:
    assert is_refused(REF, KEY, LinkSigner(SECRET[::-1]))
    assert is_refused(REF, KEY, LinkSigner(SECRET[:31]))


def test_another_version_rightly_signed() -> None:
    body = b"\x02" + bytes(17)
    message = b"telpher link 1\0" + body + REF.chat_id.to_bytes(8, signed=True)
    message += REF.message_id.to_bytes(8, signed=True)
    tag = hmac.digest(SECRET, message, "sha256")[:16]
    assert is_refused(REF, base64.urlsafe_b64encode(body + tag).decode().rstrip("="))


@pytest.mark.parametrize(
    ("expires", "now", "expired"),
    [
        (1_700_000_000, 1_699_999_999.9, False),
        (1_700_000_000, 1_700_000_000.0, True),
        (1_700_000_000, 1_800_000_000.0, True),
        (1, 0.0, False),
        (0, 1_700_000_000.0, False),
        (0, 1e15, False),
        ((1 << 40) - 1, 1.0e12, False),
    ],
)
def test_expiry(expires: int, now: float, expired: bool) -> None:
    claims = Claims(REF, 1, expires, 7)
    key = SIGNER.sign(claims)
    if expired:
        with pytest.raises(LinkExpiredError):
            SIGNER.verify(REF, key, now, 7)
    else:
        assert SIGNER.verify(REF, key, now, 7) == claims


@pytest.mark.parametrize("epoch", [0, 6, 8, (1 << 32) + 7])
def test_another_epoch_is_gone(epoch: int) -> None:
    with pytest.raises(GoneError) as caught:
        SIGNER.verify(REF, KEY, NOW, epoch)
    assert caught.type is GoneError
    assert caught.value.status == 410


def test_a_wrong_signature_tells_nothing_of_expiry_or_epoch() -> None:
    """A stranger who guesses must not learn more than one who does not (rule 4)."""
    expired = SIGNER.sign(Claims(REF, 1, 1, 99))
    with pytest.raises(BadSignatureError):
        SIGNER.verify(MessageRef(1, 1), expired, NOW, 7)


def test_errors_hold_no_secret_and_no_key() -> None:
    with pytest.raises(BadSignatureError) as caught:
        SIGNER.verify(MessageRef(1, 1), KEY, NOW, 7)
    assert KEY not in str(caught.value)
    assert repr(SECRET)[2:-1] not in repr(SIGNER)


@pytest.mark.parametrize(
    "numbers",
    [
        {"link_id": -1},
        {"link_id": 1 << 64},
        {"expires": -1},
        {"expires": 1 << 40},
        {"epoch": -1},
        {"epoch": 1 << 32},
    ],
)
def test_claims_that_do_not_fit(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="bits"):
        Claims(REF, **{"link_id": 1, "expires": 0, "epoch": 0} | numbers)


@pytest.mark.parametrize("ref", [MessageRef(1 << 63, 1), MessageRef(1, -(1 << 63) - 1)])
def test_ids_that_do_not_fit(ref: MessageRef) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        SIGNER.sign(Claims(ref, 1, 0, 0))


@pytest.mark.parametrize("secret", [b"", b"x" * 15])
def test_short_secrets(secret: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        LinkSigner(secret)


def test_derived_secrets() -> None:
    assert len(derive_secret("1:a")) == 32
    assert derive_secret("1:a") != derive_secret("1:b")
    assert len(derive_secret("\udc80")) == 32  # an undecodable byte of the environment
    with pytest.raises(ValueError, match="nothing"):
        derive_secret("")
