"""Disks, files, memory and rights, at their real limits."""

import contextlib
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.observe.diagnosis.produced.child import complaint


@contextlib.contextmanager
def limited(what: int, limit: int):
    """The process may have so much of it."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


@pytest.mark.produces("disk-full")
def test_a_full_disk(diagnosed):
    with pytest.raises(OSError, match="No space") as caught:
        Path("/dev/full").write_bytes(b"x")
    diagnosed(caught.value)


@pytest.mark.produces("file-size-limit")
def test_a_file_that_may_not_grow(tmp_path, diagnosed):
    with limited(resource.RLIMIT_FSIZE, 10), pytest.raises(OSError, match="large") as caught:
        (tmp_path / "file").write_bytes(b"x" * 100)
    diagnosed(caught.value)


@pytest.mark.system
@pytest.mark.produces("disk-read-only")
def test_a_disk_mounted_read_only(tmp_path, diagnosed):
    """In a name space of its own, where anybody may mount."""
    unshare = shutil.which("unshare")
    assert unshare
    mount = f"mount -t tmpfs -o ro none {tmp_path} && touch {tmp_path}/file"
    done = subprocess.run([unshare, "-rm", "sh", "-c", mount], capture_output=True, text=True)
    diagnosed(text=done.stderr)


@pytest.mark.produces("disk-failing")
def test_a_disk_that_cannot_be_read(diagnosed):
    """Nothing is at the beginning of a process's memory: the kernel says so as of a bad disk."""
    with (
        open("/proc/self/mem", "rb", buffering=0) as memory,
        pytest.raises(OSError, match="Input/output") as caught,
    ):
        memory.read(1)
    diagnosed(caught.value)


@pytest.mark.produces("no-permission")
def test_what_this_user_may_not_do(tmp_path, diagnosed):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(PermissionError) as caught:
        subprocess.run([str(program)])
    diagnosed(caught.value)


def open_many(stack: contextlib.ExitStack) -> None:
    for _ in range(100):
        stack.callback(os.close, os.open("/dev/null", os.O_RDONLY))


@pytest.mark.produces("too-many-files")
def test_too_many_open_files(diagnosed):
    with (
        contextlib.ExitStack() as stack,
        limited(resource.RLIMIT_NOFILE, 64),
        pytest.raises(OSError, match="open files") as caught,
    ):
        open_many(stack)
    diagnosed(caught.value)


@pytest.mark.produces("out-of-memory")
def test_more_memory_than_there_is(diagnosed):
    with pytest.raises(MemoryError) as caught:
        bytearray(1 << 56)
    diagnosed(caught.value)


@pytest.mark.produces("too-many-processes")
def test_more_threads_than_there_may_be(diagnosed):
    """The stacks of threads take what address space the limit leaves."""
    said = complaint(
        "import resource, threading\n"
        "stay = threading.Event()\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)\n"
        "while True: threading.Thread(target=stay.wait, daemon=True).start()\n"
    )
    diagnosed(text=said)


@pytest.mark.produces("not-a-folder")
def test_a_path_that_leads_through_a_file(tmp_path, diagnosed):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError) as caught:
        (tmp_path / "file" / "inside").write_text("x")
    diagnosed(caught.value)


@pytest.mark.produces("part-missing")
def test_an_installation_that_is_not_whole(diagnosed):
    said = complaint("import sys; sys.modules['orjson'] = None; import telpher.cli")
    diagnosed(text=said)


@pytest.mark.produces("ffmpeg-missing")
def test_a_program_that_is_not_there(diagnosed):
    with pytest.raises(FileNotFoundError) as caught:
        subprocess.run(["ffprobe"], env={"PATH": "/nowhere"})
    diagnosed(caught.value)
