import pytest

from telpher.core.model import MessageRef
from telpher.web.admittance import parse_ref


@pytest.mark.parametrize(
    ("path", "ref"),
    [
        ("-1001234567890/42", MessageRef(-1001234567890, 42)),
        ("5/6/name", MessageRef(5, 6)),
        ("0/0", MessageRef(0, 0)),
        ("-9223372036854775808/9223372036854775807", MessageRef(-(2**63), 2**63 - 1)),
        ("9223372036854775808/1", None),
        ("1/-9223372036854775809", None),
        ("1", None),
        ("1/", None),
        ("/1/2", None),
        ("1 /2", None),
        ("1/2\n", None),
        ("1/2\n/x", None),
        ("1_0/2", None),
        ("--1/2", None),
    ],
)
def test_parse_ref(path: str, ref: MessageRef | None) -> None:
    assert parse_ref(path) == ref
