"""nginx with its cache in front of telpher: the files of deploy/, with other ports and folders."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bench.machine import Cores, pin
from bench.process import EndedError
from bench.viewer import HOST

_DEPLOY: Final = Path(__file__).parents[1] / "deploy"
_UP_WITHIN: Final = 30.0  # seconds
_POLL: Final = 0.05

_WHOLE: Final = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {upstream}
    {outside}
    server {{
        listen {host}:{port};
        access_log off;
        {inside}
    }}
}}
"""


@contextlib.asynccontextmanager
async def nginx(
    folder: Path, port: int, behind: int, log: int, cores: Cores
) -> AsyncIterator[None]:
    """On `port`, in front of telpher on `behind`, whose EDGE_LOG is at `log`."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise EndedError("nginx is not installed")
    config = _written(folder, port, behind, log)
    process = await asyncio.create_subprocess_exec(program, "-c", str(config))
    pin(cores.others, process.pid)
    try:
        async with asyncio.timeout(_UP_WITHIN):
            while not await _listens(port):  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(_POLL)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()
        return True
    return False


def _written(folder: Path, port: int, behind: int, log: int) -> Path:
    folder.mkdir()
    upstream = _text("nginx.conf").partition("# The addresses of")[0]
    outside, _, inside = _text("nginx-edge.conf").partition("# --- in the server of port 443 ---")
    settings = {
        "user": f"user {getpass.getuser()};",
        "folder": folder,
        "host": HOST,
        "port": port,
        "upstream": _with(upstream, "127.0.0.1:8080", f"{HOST}:{behind}"),
        "outside": _with(outside, "/var/cache/nginx/telpher", f"{folder}/cache"),
        "inside": _with(inside, "127.0.0.1:5514", f"{HOST}:{log}"),
    }
    config = folder / "nginx.conf"
    config.write_text(_WHOLE.format(**settings), encoding="utf-8")
    return config


def _text(name: str) -> str:
    return (_DEPLOY / name).read_text(encoding="utf-8")


def _with(text: str, there: str, here: str) -> str:
    changed, found = re.subn(re.escape(there), here, text)
    if not found:
        raise LookupError(f"deploy/ has no {there} any more")
    return changed
