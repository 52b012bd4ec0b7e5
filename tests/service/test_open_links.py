"""Links without a signature, where they are let in."""

from __future__ import annotations

import pytest

from telpher.clock import FakeClock
from telpher.core.links import LinkSigner, unsigned
from telpher.core.model import FileInfo, Kind, MessageRef
from telpher.errors import BadSignatureError
from telpher.service.links import LinkService
from telpher.service.open_links import OpenLinks

REF = MessageRef(-1001234567890, 42)
SIGNED = LinkService(LinkSigner(b"secret of sixteen bytes"), "https://a.example", FakeClock())


def test_no_signature_is_let_in_with_an_id_of_the_message_alone() -> None:
    claims = OpenLinks(SIGNED).check(REF, None)
    assert (claims.ref, claims.signed, claims.expires) == (REF, False, 0)
    assert claims == unsigned(REF)
    assert claims.link_id != unsigned(MessageRef(REF.chat_id, 43)).link_id
    assert 0 < claims.link_id < 1 << 63, "databases count so far"


@pytest.mark.parametrize("key", ["", "wrong", "A" * 46])
def test_a_wrong_signature_stays_wrong(key: str) -> None:
    with pytest.raises(BadSignatureError):
        OpenLinks(SIGNED).check(REF, key)


def test_a_right_signature_is_what_it_says() -> None:
    links = SIGNED.make(REF, FileInfo(1, 1, "", "", Kind.VIDEO, 0))
    claims = OpenLinks(SIGNED).check(REF, links.bare.rpartition("k=")[2])
    assert claims == links.claims
    assert claims.signed


def test_it_is_off_unless_asked_for() -> None:
    with pytest.raises(BadSignatureError):
        SIGNED.check(REF, None)


@pytest.mark.parametrize("ref", [MessageRef(1 << 63, 1), MessageRef(1, -(1 << 63) - 1)])
def test_ids_beyond_64_bits_name_nothing(ref: MessageRef) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        unsigned(ref)
