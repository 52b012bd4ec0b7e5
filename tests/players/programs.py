"""Real players, run without picture or sound, telling what they do line by line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

# A user without rights: VLC refuses to run as root.
NOBODY = 65534

# Far beyond what playing a minute of video at eightfold speed takes; only a fault waits so long.
PATIENCE = 120.0


def program(name: str) -> str:
    """The path of a player; fails where it is missing, and says what to install."""
    found = shutil.which(name)
    assert found, f"{name} is not installed: run ./test, or see scripts/system-packages"
    return found


async def output_of(*command: str) -> str:
    """What a program prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    finally:
        await _end(process)
    assert process.returncode == 0, err.decode(errors="replace")
    return out.decode()


class Vlc:
    """VLC under its remote control interface, which answers commands and tells nothing else."""

    # Often enough to see several places of a film, seldom enough to leave the processor to VLC.
    ASK_EVERY = 0.1

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, command: str) -> None:
        """Sends a command, such as `seek 45`."""
        assert self._process.stdin
        with contextlib.suppress(ConnectionError):  # it has left: `times` will see that
            self._process.stdin.write(f"{command}\n".encode())
            await self._process.stdin.drain()

    async def times(self) -> AsyncIterator[int]:
        """The second it is at, again and again; ends when it has left by itself."""
        assert self._process.stdout
        while True:
            try:
                async with asyncio.timeout(self.ASK_EVERY):
                    line = await self._process.stdout.readline()
            except TimeoutError:
                await self.say("get_time")
                continue
            if not line:
                return
            if line.strip().isdigit():
                yield int(line)

    async def ended_well(self) -> None:
        """Waits for its end, which must not be an error."""
        errors = await self._process.stderr.read() if self._process.stderr else b""
        assert await self._process.wait() == 0, errors.decode(errors="replace")


@contextlib.asynccontextmanager
async def vlc(url: str, *options: str) -> AsyncIterator[Vlc]:
    """VLC playing `url` at eightfold speed, to leave by itself at the end."""
    with tempfile.TemporaryDirectory(prefix="vlc-home-") as home:
        command = [
            *("env", f"HOME={home}", program("stdbuf"), "-oL", program("cvlc")),
            *("--no-color", "--intf", "oldrc", "--rc-fake-tty"),
            *("--vout", "vdummy", "--aout", "adummy", "--rate", "8", "--play-and-exit"),
            *options,
            url,
        ]
        if os.getuid() == 0:
            os.chown(home, NOBODY, NOBODY)
            ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
            command = [program("setpriv"), *ids, *command]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(PATIENCE):
                yield Vlc(process)
        finally:
            await _end(process)


class Mpv:
    """mpv under its JSON IPC."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *command: object) -> None:
        """Sends a command, such as ("seek", 45, "absolute")."""
        self._writer.write(json.dumps({"command": command}).encode() + b"\n")
        await self._writer.drain()

    async def events(self) -> AsyncIterator[dict[str, object]]:
        """What it tells until it leaves."""
        async for line in self._reader:
            yield json.loads(line)


@contextlib.asynccontextmanager
async def mpv(url: str, *options: str) -> AsyncIterator[Mpv]:
    """mpv playing `url` as fast as it can, telling `time-pos`, to leave at the end."""
    with tempfile.TemporaryDirectory(prefix="mpv-") as folder:
        # mpv makes its socket itself, at some time: it is told to play once we are connected.
        socket = Path(folder) / "ipc"
        process = await asyncio.create_subprocess_exec(
            program("mpv"),
            *("--no-config", "--vo=null", "--ao=null", "--untimed", "--speed=8", "--idle=yes"),
            *("--no-terminal", f"--input-ipc-server={socket}", *options),
        )
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await _connect(socket)
                player = Mpv(reader, writer)
                await player.say("observe_property", 1, "time-pos")
                await player.say("loadfile", url)
                yield player
                writer.close()
        finally:
            await _end(process)


async def _connect(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_unix_connection(socket)
        except (FileNotFoundError, ConnectionRefusedError):
            await asyncio.sleep(0)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
    # The pipes' transports close with the process; a turn of the loop lets them.
    await asyncio.sleep(0)
