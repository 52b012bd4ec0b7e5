"""A whole telpher at its most talkative, with everything going wrong that can: no secret is in what
it writes or answers, and no telephone number (rule 2)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests import plain_http
from tests.e2e.house import LINK, PATIENCE, TOKEN, telegram
from tests.e2e.process import environment
from tests.observe.diagnosis.service import says, standing_in
from tests.ports import free_ports
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec, World

pytestmark = pytest.mark.slow

API_HASH = "0123456789abcdef0123456789abcdef"
LINK_SECRET = "a secret that signs links: 3f9a"
METRICS = "a-token-for-metrics-7c1e"
MODEL_KEY = "sk-a-key-of-a-model-55aa"
PASSWORD = "pass/word@of a database"
REDIS = "password-of-redis-9d"
PHONE = "+49 170 5550123"

# Seconds between two looks at what was written.
LOOK = 0.05

SIGN_IN = re.compile(r"https?://\S+/dashboard/sign-in\?link=([^\s&]+)")


@dataclass
class Run:
    """What a process wrote and what it answered, and the secrets that were made meanwhile."""

    output: Path
    answers: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    def written(self) -> str:
        return self.output.read_text(errors="replace")

    async def says(self, part: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while part not in self.written():  # noqa: ASYNC110  another process has no events here
                await asyncio.sleep(LOOK)


@contextlib.asynccontextmanager
async def telpher(tmp_path: Path, env: dict[str, str], *arguments: str):
    """`telpher ARGUMENTS`; all of its output goes into a file. Ends as an operator ends it."""
    run = Run(tmp_path / "output")
    with run.output.open("wb") as out:
        command = [sys.executable, "-m", "telpher", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=tmp_path, stdout=out, stderr=out
        )
        try:
            yield run
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def secrets_of(env: dict[str, str]) -> set[str]:
    """What was given, as it is and as URLs write it."""
    plain = {TOKEN, API_HASH, LINK_SECRET, METRICS, MODEL_KEY, PASSWORD, REDIS}
    plain |= {env.get("DATABASE_URL", ""), env.get("REDIS_URL", "")} - {""}
    return plain | {quote(each, safe="") for each in plain} | {TOKEN.partition(":")[2]}


def leaks(secrets: set[str], text: str) -> set[str]:
    return {each for each in secrets if each in text}


class Visitor:
    """Asks over HTTP, and keeps every answer."""

    def __init__(self, http, run: Run) -> None:
        self._http, self._run = http, run

    async def ask(self, method: str, path: str, *, keep: bool = True, **more):
        answer = await self._http.request(method, path, **more)
        if keep:
            self._run.answers.append(f"{answer.headers}\n{answer.text}")
        return answer


async def look_around(visitor: Visitor, link: str) -> None:
    """Every page and route, as a stranger, and as a program with a right and a wrong token."""
    path = urlsplit(link).path
    for each in ("/", "/health", "/health/ready", "/stats", "/metrics", "/dashboard", "/docs"):
        for kind in ("text/html", "application/json"):
            await visitor.ask("GET", each, headers={"Accept": kind})
    for token in (METRICS, METRICS + "x", "tlp_0123456789abcdef_" + "x" * 43):
        for each in ("/metrics", "/stats", "/api/links", "/api/stats"):
            await visitor.ask("GET", each, headers={"Authorization": f"Bearer {token}"})
    for each in (path, f"{path}?k=wrong", "/stream/0/0", "/watch/1/1?k=wrong", "/thumbnail/1/1"):
        await visitor.ask("GET", each)
    # What people try who take it for Telegram's own API: the log has every path.
    for each in (f"/bot{TOKEN}/getMe", f"/find/{PHONE.replace(' ', '')}", f"/{METRICS}"):
        await visitor.ask("GET", each)
    await visitor.ask("POST", "/dashboard/sign-in", data={"link": "wrong"})


async def play_and_fail(home, visitor: Visitor, link: str) -> None:
    """Some bytes; then Telegram has all kinds of trouble with the rest."""
    await visitor.ask("GET", link, headers={"Range": "bytes=0-99"}, keep=False)
    troubles = [
        Fault(Kind.DUPLICATED, method="upload.getFile"),
        Fault(Kind.FLOOD_WAIT, method="upload.getFile"),
        Fault(Kind.RESET, method="upload.getFile"),
        Fault(Kind.CDN_REDIRECT, nth=2, times=None),
    ]
    for fault in troubles:
        home.faults.add(fault)
    with contextlib.suppress(plain_http.httpx.HTTPError):
        await visitor.ask("GET", link, keep=False)
    home.faults.clear()


async def sign_in(world: World, visitor: Visitor, run: Run) -> None:
    """An admin opens the dashboard by the bot's link."""
    root = world.person("Root")
    panel = await root.reply_to(await root.send("telpher_bot", "/admin"))
    await root.press(
        panel, next(b.text for row in panel.buttons for b in row if "ashboard" in b.text)
    )
    shown = await root.wait_for(lambda now: SIGN_IN.search(now.text) is not None, "telpher_bot")
    found = SIGN_IN.search(shown.text)
    assert found
    run.made.add(found[1])
    await visitor.ask("GET", found[0], keep=False)
    answer = await visitor.ask(
        "POST", found[0].partition("?")[0], data={"link": found[1]}, keep=False
    )
    run.made |= {
        value.split(";")[0].partition("=")[2] for value in answer.headers.get_list("set-cookie")
    }
    for page in ("/dashboard", "/dashboard/troubles", "/dashboard/users", "/metrics", "/stats"):
        await visitor.ask("GET", page)


@pytest.fixture
def world():
    world = World()
    world.add_bot(TOKEN, "telpher_bot")
    return world


async def test_nothing_secret_is_written_or_answered(tmp_path, world):
    ann, root = world.person("Ann"), world.person("Root")
    async with telegram(world, tmp_path) as (cluster, servers), standing_in(says("x")) as service:
        port = free_ports()
        env = environment(
            servers,
            tmp_path / "work",
            PORT=str(port),
            URL=f"http://127.0.0.1:{port}",
            ADMINS=str(root.user_id),
            LOG_LEVEL="DEBUG",
            LINK_SECRET=LINK_SECRET,
            METRICS_TOKEN=METRICS,
            REDIS_URL=f"redis://:{REDIS}@127.0.0.1:{free_ports()}/0",
            DIAGNOSIS_API_URL=service.url,
            DIAGNOSIS_API_KEY=MODEL_KEY,
            DIAGNOSIS_API_MODEL="a-model",
        )
        async with telpher(tmp_path, env, "run") as run, plain_http.client(env["URL"]) as http:
            await run.says("connected to Telegram")
            visitor = Visitor(http, run)
            async with asyncio.timeout(PATIENCE):
                await ann.reply_to(await ann.send("telpher_bot", f"/start call me: {PHONE}"))
                file = FileSpec(kind="video", size=3 << 20, dc=4, name=f"{PHONE}.mp4")
                answer = await ann.reply_to(await ann.send_file("telpher_bot", file))
                link = LINK.search(answer.text)[0]
                run.made |= set(parse_qs(urlsplit(link).query)["k"])
                await look_around(visitor, link)
                await play_and_fail(cluster, visitor, link)
                await sign_in(world, visitor, run)
        written = run.written()
        secrets = secrets_of(env) | run.made
        assert leaks(secrets | {PHONE, PHONE.replace(" ", "")}, written) == set()
        assert leaks(secrets, "\n".join(run.answers)) == set()
        # It did all that: there was something to be said.
        assert "/bot[redacted]/getMe" in written
        assert "Redis does not answer" in written
        assert '"level":"debug"' in written
        assert '"diagnosis":"file-on-cdn"' in written
        assert "/dashboard/sign-in" in written
        keys = {key for line in written.splitlines() if line[:1] == "{" for key in json.loads(line)}
        assert {"request_id", "chat_id", "message_id", "user_id", "job", "remedy"} <= keys


async def test_a_database_with_a_password_that_is_away(tmp_path, world):
    ann = world.person("Ann")
    async with telegram(world, tmp_path) as (_, servers):
        port = free_ports()
        login = f"ann:{quote(PASSWORD, safe='')}"
        env = environment(
            servers,
            tmp_path / "work",
            PORT=str(port),
            URL=f"http://127.0.0.1:{port}",
            LOG_LEVEL="DEBUG",
            LOG_FORMAT="console",
            DATABASE_URL=f"mongodb://{login}@127.0.0.1:{free_ports()}/films",
        )
        async with telpher(tmp_path, env, "run") as run, plain_http.client(env["URL"]) as http:
            await run.says("the database is away")
            await run.says("connected to Telegram")
            visitor = Visitor(http, run)
            for each in ("/health", "/metrics", "/stats"):
                await visitor.ask("GET", each)
            await ann.send("telpher_bot", "/start")
            await run.says("mongodb-")
        assert leaks(secrets_of(env), run.written() + "\n".join(run.answers)) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"BOT_TOKEN": f"{TOKEN} and more"},
        {"DATABASE_URL": f"mongodb:/ann:{quote(PASSWORD, safe='')}@host/films"},
        {"DATABASE_URL": f"mongodb://ann:{PASSWORD}@host/films"},
        {"REDIS_URL": f"rediss//:{REDIS}@host"},
        {"METRICS_TOKEN": "short-7c1e", "LINK_SECRET": "short-3f9a"},
        {"PORT": TOKEN},
        {"ADMINS": TOKEN},
    ],
    ids=lambda wrong: "-".join(wrong),
)
async def test_wrong_settings(tmp_path, wrong):
    env = {**environment(tmp_path / "nowhere", tmp_path / "work"), "LOG_LEVEL": "DEBUG", **wrong}
    async with telpher(tmp_path, env, "run") as run:
        await run.says("telpher cannot start")
    given = {*wrong.values(), "short-7c1e", "short-3f9a"}
    assert leaks(secrets_of(env) | given, run.written()) == set()
