"""A server that speaks MongoDB's protocol, as a process of its own: SecantusDB, a test tool."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.ports import free_ports

PROGRAM = Path(sys.executable).parent / "secantusd-py"

# Seconds. It needs less than one; a busy machine may need more.
PATIENCE = 120


class Mongod:
    """One server on a port of its own, with its data in `folder` (":memory:" keeps none)."""

    def __init__(
        self, folder: str = ":memory:", *, log: Path, options: tuple[str, ...] = ()
    ) -> None:
        self.port = free_ports()
        self._command = [
            *(str(PROGRAM), "--standalone", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--storage-path", folder, *options),
        ]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, without a database's name."""
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + PATIENCE
        while not self._accepts():
            told = self._log.read_text(errors="replace")
            assert self._process.poll() is None, f"the server ended at once: {told}"
            assert time.monotonic() < give_up, f"the server does not listen: {told}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it in order; what it keeps on disk is whole."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """It takes connections and answers nothing, until `thaw`."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            os.kill(process.pid, signal.SIGCONT)
            os.kill(process.pid, number)
            process.wait(PATIENCE)

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        except OSError:
            return False
        return True
