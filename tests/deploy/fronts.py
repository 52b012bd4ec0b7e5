"""nginx and Caddy, real ones, with the files of deploy/ and other ports than those they name."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import make_certificate
from tests.plain_http import PATIENCE
from tests.players.programs import program
from tests.ports import free_ports

DEPLOY = Path(__file__).parents[2] / "deploy"

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/telpher.conf;
}}
"""

# Ports that a test may have, nobody's trust store changed, nothing kept.
CADDY = """{{
	http_port {plain}
	https_port {port}
	default_bind 127.0.0.1
	admin off
	local_certs
	skip_install_trust
"""


@dataclass(frozen=True)
class Got:
    """What curl got; `code` is curl's own status: 0 when the answer was whole."""

    code: int
    status: int
    version: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Front:
    """A proxy that listens on `port` with TLS, and without on `plain`."""

    port: int
    plain: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def command(self, url: str, *options: str) -> list[str]:
        """For curl: certificates signed by themselves are accepted, proxies not asked."""
        there = re.sub(r"^https?://[^/]+", self.url, url)
        return [program("curl"), "-sk", "--noproxy", "*", *options, there]

    async def get(self, url: str, *options: str) -> Got:
        """One question."""
        head, body = self.folder / "head", self.folder / "answer"
        for each in (head, body):
            each.unlink(missing_ok=True)
        files = ("-D", str(head), "-o", str(body), "-w", "%{http_code} %{http_version}")
        process = await asyncio.create_subprocess_exec(
            *self.command(url, *files, *options), stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(PATIENCE):
            told, _ = await process.communicate()
        status, version = told.decode().split()
        lines = head.read_text().splitlines() if head.exists() else []
        pairs = (line.partition(": ") for line in lines if ": " in line)
        headers = {name.lower(): value for name, _, value in pairs}
        content = body.read_bytes() if body.exists() else b""
        return Got(process.returncode or 0, int(status), version, headers, content)


@contextlib.asynccontextmanager
async def nginx(folder: Path, *behind: int, read_timeout: str = "60s") -> AsyncIterator[Front]:
    """deploy/nginx.conf in front of ports of this machine."""
    front = _front(folder)
    config = write_nginx(folder, front, *behind, read_timeout=read_timeout)
    async with _running(front, program("nginx"), "-c", str(config)):
        yield front


def write_nginx(folder: Path, front: Front, *behind: int, read_timeout: str = "60s") -> Path:
    """The configuration of a whole nginx that includes the file of deploy/."""
    certificate = make_certificate(folder)
    text = behind_nginx(*behind)
    for there, here in (
        (r"listen 80;\n +listen \[::\]:80;", f"listen 127.0.0.1:{front.plain};"),
        (
            r"listen 443 ssl http2;\n +listen \[::\]:443 ssl http2;",
            f"listen 127.0.0.1:{front.port} ssl http2;",
        ),
        (r"/etc/letsencrypt/live/films\.example\.org/fullchain\.pem", str(certificate.chain)),
        (r"/etc/letsencrypt/live/films\.example\.org/privkey\.pem", str(certificate.key)),
        (r"/var/log/nginx/telpher\.log", str(folder / "access.log")),
        (r"/var/log/nginx/telpher-error\.log", str(folder / "error.log")),
        (r"films\.example\.org;", "localhost;"),
        (r"proxy_read_timeout 60s;", f"proxy_read_timeout {read_timeout};"),
    ):
        text, found = re.subn(there, here, text)
        assert found, there
    (folder / "telpher.conf").write_text(text)
    whole = folder / "nginx.conf"
    whole.write_text(NGINX.format(folder=folder))
    return whole


def behind_nginx(*ports: int) -> str:
    """deploy/nginx.conf with a line for each instance."""
    line = re.compile(r"( *server )127\.0\.0\.1:8080( .*\n)")
    text = (DEPLOY / "nginx.conf").read_text()
    lines = "".join(f"\\g<1>127.0.0.1:{port}\\g<2>" for port in ports)
    text, found = line.subn(lines, text)
    assert found == 1
    return text


def _front(folder: Path) -> Front:
    folder.mkdir()
    return Front(free_ports(), free_ports(), folder)


def write_caddy(folder: Path, front: Front) -> Path:
    """The file of deploy/ with a test's options."""
    text = (DEPLOY / "Caddyfile").read_text()
    options = CADDY.format(plain=front.plain, port=front.port)
    text, found = re.subn(r"^\{\n", options, text, count=1, flags=re.MULTILINE)
    assert found
    config = folder / "Caddyfile"
    config.write_text(text)
    return config


@contextlib.asynccontextmanager
async def caddy(folder: Path, behind: int) -> AsyncIterator[Front]:
    """deploy/Caddyfile in front of a port of this machine."""
    front = _front(folder)
    config = write_caddy(folder, front)
    env = {
        "DOMAIN": "localhost",
        "TELPHER": f"127.0.0.1:{behind}",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    command = ("run", "--adapter", "caddyfile", "--config", str(config))
    async with _running(front, program("caddy"), *command, env=env):
        yield front


FRONTS = {"nginx": nginx, "caddy": caddy}


@contextlib.asynccontextmanager
async def _running(
    front: Front, *command: str, env: dict[str, str] | None = None
) -> AsyncIterator[None]:
    log = (front.folder / "log").open("wb")
    server = await asyncio.create_subprocess_exec(*command, env=env, stdout=log, stderr=log)
    log.close()
    try:
        async with asyncio.timeout(PATIENCE):
            while (await front.get("https://localhost/")).code not in (0, 22):
                assert server.returncode is None, (front.folder / "log").read_text()
        yield
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()
