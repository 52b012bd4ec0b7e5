from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telpher.core.forwarded import address_of, client_behind, limit_key, within

PROXY = ip_address("10.0.0.1")
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def behind(*claimed, peer=PROXY, trusted=TRUSTED):
    return str(client_behind(peer, claimed, trusted))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:51234", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_read_in_every_form_that_proxies_write(text, address):
    assert address_of(text) == ip_address(address)


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[::1", "::1]", "1" * 5000, "٣.1.1.1"]
)
def test_what_is_no_address_is_none(text):
    assert address_of(text) in (None, ip_address("::1") if text == "[::1" else None)


def test_the_client_is_the_last_hop_that_no_trusted_proxy_is():
    assert behind("203.0.113.7") == "203.0.113.7"
    assert behind("203.0.113.7, 10.0.0.2, 10.0.0.3") == "203.0.113.7"
    assert behind("203.0.113.7", "10.0.0.2") == "203.0.113.7"  # two header lines are one list


def test_what_a_client_made_up_is_left_of_its_own_address():
    assert behind("6.6.6.6, 203.0.113.7") == "203.0.113.7"
    assert behind("10.0.0.9, 203.0.113.7, 10.0.0.2") == "203.0.113.7"


def test_the_header_of_one_who_is_not_trusted_is_not_read():
    stranger = ip_address("198.51.100.1")
    assert behind("203.0.113.7", peer=stranger) == "198.51.100.1"
    assert behind("203.0.113.7", trusted=()) == "10.0.0.1"


def test_where_the_list_says_nothing_the_nearest_known_hop_is_the_client():
    assert behind() == "10.0.0.1"
    assert behind("") == "10.0.0.1"
    assert behind("203.0.113.7, unknown") == "10.0.0.1"
    assert behind("unknown, 10.0.0.2") == "10.0.0.2"
    assert behind("10.0.0.3, 10.0.0.2") == "10.0.0.3"


def test_only_so_many_hops_are_read():
    assert behind(", ".join(["203.0.113.7", *["10.0.0.2"] * 10_000])) == "10.0.0.2"


@given(st.lists(st.text(max_size=30), max_size=5))
def test_whatever_a_stranger_writes_before_a_proxys_entry_changes_nothing(texts):
    made_up = ",".join(texts).encode("latin-1", "replace").decode("latin-1")
    assert behind(f"{made_up}, 203.0.113.7") == "203.0.113.7"


def test_one_client_is_an_address_of_ipv4_or_a_network_of_ipv6():
    assert limit_key(ip_address("203.0.113.7")) == "203.0.113.7"
    assert limit_key(ip_address("2001:db8:0:1::7")) == "2001:db8:0:1::/64"
    assert limit_key(ip_address("2001:db8:0:1:ffff::1")) == "2001:db8:0:1::/64"
    assert limit_key(ip_address("2001:db8:0:2::7")) != "2001:db8:0:1::/64"


def test_networks_of_both_kinds_stand_in_one_list():
    assert within(ip_address("fd00::1"), TRUSTED)
    assert not within(ip_address("2001:db8::1"), TRUSTED)
