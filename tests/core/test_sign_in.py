"""Invitations and sessions as texts."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.sign_in import Invitation, Session, Signet

SIGNET = Signet(b"s" * 32)
INVITATION = Invitation(7, 1_700_000_000, b"n" * 16)
SESSION = Session(7, 1_700_000_000, b"n" * 16, b"x" * 16)

numbers = st.integers(0, (1 << 64) - 1)
nonces = st.binary(min_size=16, max_size=16)


@given(numbers, numbers, nonces)
def test_an_invitation_is_read_as_it_was_written(user_id, expires, nonce):
    written = Invitation(user_id, expires, nonce)
    assert SIGNET.read_invitation(SIGNET.invitation(written)) == written


@given(numbers, numbers, nonces, nonces)
def test_a_session_is_read_as_it_was_written(user_id, began, nonce, secret):
    written = Session(user_id, began, nonce, secret)
    assert SIGNET.read_session(SIGNET.session(written)) == written


def test_neither_is_the_other():
    assert SIGNET.read_session(SIGNET.invitation(INVITATION)) is None
    assert SIGNET.read_invitation(SIGNET.session(SESSION)) is None


def test_another_secret_reads_nothing():
    other = Signet(b"t" * 32)
    assert other.read_invitation(SIGNET.invitation(INVITATION)) is None
    assert other.read_session(SIGNET.session(SESSION)) is None


@pytest.mark.parametrize("write", [lambda: SIGNET.session(SESSION)])
def test_every_bit_counts(write):
    text = write()
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        forged = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
        assert SIGNET.read_session(forged) is None


def test_there_is_one_spelling_of_each():
    # 65 bytes are 86.7 characters: the last one holds two bits of nothing.
    text = SIGNET.invitation(INVITATION)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + each for each in letters if each != text[-1]]
    assert [each for each in others if SIGNET.read_invitation(each)] == []
    assert SIGNET.read_invitation(text + "=") is None


@pytest.mark.parametrize("text", ["", "x", "=" * 87, "A" * 87, "A" * 108, "ä" * 87, "A" * 10_000])
def test_nonsense_is_nothing(text):
    assert SIGNET.read_invitation(text) is None
    assert SIGNET.read_session(text) is None
    assert not SIGNET.is_form(SESSION, text)


def test_a_form_is_of_its_session_alone():
    assert SIGNET.is_form(SESSION, SIGNET.form(SESSION))
    for other in (replace(SESSION, secret=b"y" * 16), replace(SESSION, user_id=8)):
        assert not SIGNET.is_form(other, SIGNET.form(SESSION))


def test_what_the_database_holds_opens_nothing():
    assert SESSION.secret.hex() not in SESSION.holder + SESSION.name
    assert replace(SESSION, secret=b"y" * 16).holder != SESSION.holder
    assert replace(SESSION, secret=b"y" * 16).name == SESSION.name
