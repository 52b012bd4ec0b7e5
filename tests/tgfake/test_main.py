"""The command's options and refusals; that it runs is shown by the clients' own tests."""

import socket
from pathlib import Path

import pytest

from tgfake.__main__ import _parser, _shape, main
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


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says instead of serving."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_a_world_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "nowhere.json" in refusal(capsys, "--world", str(tmp_path / "nowhere.json"))
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"bots": [{"token": "1:a"}]}')
    said = refusal(capsys, "--world", str(wrong))
    assert "username" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "in use" in refusal(capsys, "--port", str(other.getsockname()[1]))


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "folder" in refusal(capsys, "--servers-file", str(tmp_path / "folder" / "file"))
