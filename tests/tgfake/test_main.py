"""The command's options; that it runs is shown by the clients' own tests."""

import pytest

from tgfake.__main__ import _parser, _shape
from tgfake.network import Shape


def test_without_options_the_network_is_loopback():
    options = _parser().parse_args([])
    assert _shape(options) == Shape()
    assert (options.port, options.media_dc, options.tmp_sessions) == (0, [], 1)


def test_the_shape_of_the_network():
    words = "--latency-ms 80 --jitter-ms 10 --bandwidth 8 --dc-bandwidth 20 --accept-delay-ms 5"
    shape = _shape(_parser().parse_args(words.split()))
    assert shape == Shape(0.08, 0.01, 8_000_000, 20_000_000, 0.005)


def test_media_addresses():
    assert _parser().parse_args(["--media-dc", "2", "--media-dc", "4"]).media_dc == [2, 4]
    with pytest.raises(SystemExit):
        _parser().parse_args(["--media-dc", "9"])
