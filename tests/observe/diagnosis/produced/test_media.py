"""Videos that cannot be read, and FFmpeg that is not there."""

import av
import pytest

from tests.observe.diagnosis.produced.child import complaint


@pytest.mark.produces("video-unreadable")
def test_a_file_that_is_no_video(tmp_path, diagnosed):
    file = tmp_path / "film.mp4"
    file.write_bytes(b"not a film " * 1000)
    with pytest.raises(av.FFmpegError) as caught:
        av.open(str(file))
    diagnosed(caught.value)


@pytest.mark.produces("video-decoder-missing")
def test_a_codec_that_nobody_built_in(diagnosed):
    with pytest.raises(av.codec.codec.UnknownCodecError) as caught:
        av.CodecContext.create("no-such-codec", "r")
    diagnosed(caught.value)


@pytest.mark.produces("pyav-missing")
def test_no_ffmpeg(tmp_path, diagnosed):
    said = complaint(
        "import sys, pathlib; sys.modules['av'] = None\n"
        "from telpher.demo import samples\n"
        f"samples.collect(pathlib.Path({str(tmp_path)!r}))\n"
    )
    diagnosed(text=said)
