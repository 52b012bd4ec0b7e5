"""The commands. Each gathers what it needs and hands over; no logic of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer
import uvloop

from telpher import __version__, app, config, ending, heap, workers
from telpher.check import run as check
from telpher.clock import SystemClock
from telpher.config import checks
from telpher.core.respawn import BEGIN_ANEW
from telpher.core.tokens import Scope
from telpher.crew.board import Board
from telpher.crew.place import Place
from telpher.demo import stage
from telpher.errors import SettingsError
from telpher.jobs import takeover
from telpher.jobs.takeover import Sources
from telpher.observe import logs
from telpher.observe.troubles import Troubles
from telpher.service.token_desk import TokenDesk
from telpher.storage.folder import claimed

# Seconds that the one before needs to save and to close once its streams have ended.
_PREDECESSOR_LEAVES_WITHIN = 10
_WAITING = "another telpher uses WORK_DIR; waiting for it to end"

_Result = TypeVar("_Result")

Descriptor = Annotated[int, typer.Option()]
Meeting = Annotated[Path, typer.Option()]

commands = typer.Typer(
    name="telpher",
    help="Turns any file that a Telegram bot can see into a link that plays at once.",
    no_args_is_help=True,
    add_completion=False,
    # Plain tracebacks: the other kind shows local variables, secrets among them.
    pretty_exceptions_enable=False,
)

tokens = typer.Typer(help="Tokens of the API under /api.", no_args_is_help=True)
commands.add_typer(tokens, name="token")


@commands.command()
def start() -> None:
    """Runs the bot when credentials are given, in the environment or in .env; else the demo."""
    if config.credentials_given():
        run()
    else:
        demonstrate()


@commands.command()
def run(
    processes: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="WORKERS; else as it is set.")
    ] = None,
) -> None:
    """Runs the bot and the server until SIGTERM or Ctrl-C; an admin of the bot may restart it."""
    settings, troubles = config.load(), Troubles()
    if processes is not None:
        settings = settings.model_copy(update={"workers": processes})
    logs.setup(settings.log_level, settings.log_format, settings.secrets(), troubles=troubles)
    log = structlog.stdlib.get_logger(__name__)
    for warning in checks.warnings(settings):
        log.warning(warning)
    _hold_memory()
    patience = settings.drain_seconds + _PREDECESSOR_LEAVES_WITHIN
    with claimed(settings.work_dir, patience, lambda: log.warning(_WAITING)) as claim:
        if settings.workers > 1:
            status = _until_stopped(lambda: workers.supervise(settings, claim, patience)) or 0
        else:
            again = _until_stopped(lambda: app.serve(settings, troubles=troubles))
            status = BEGIN_ANEW if again else 0
    if status == BEGIN_ANEW:
        ending.restart()
        status = ending.FAILED_RESTART
    raise typer.Exit(status)


@commands.command("worker", hidden=True)
def work(
    of: int,
    listener: Descriptor,
    meeting: Meeting,
    leash: Descriptor,
    edge_log: Annotated[int | None, typer.Option()] = None,
) -> None:
    """One of several workers, as the supervisor starts it; which one comes by standard input."""
    number = _which()
    if number is None:
        return
    settings, troubles = config.load(), Troubles()
    logs.setup(settings.log_level, settings.log_format, settings.secrets(), troubles=troubles)
    structlog.contextvars.bind_contextvars(worker=number)
    _hold_memory()
    board = Board(meeting / workers.BOARD, of, SystemClock(), number)
    place = Place(number, of, listener, meeting, leash, board, edge_log)
    again = _until_stopped(lambda: app.serve(settings, troubles=troubles, place=place))
    raise typer.Exit(BEGIN_ANEW if again else 0)


def _which() -> int | None:
    """Which worker this is to be; None when none is needed any more."""
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return None
    if not line:
        return None
    number = int(line)
    # What `ps` and `top` call it.
    Path("/proc/self/comm").write_text(f"telpher-{number}")
    return number


@commands.command("demo")
def demonstrate(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="PORT; else 8080, or a free one.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = stage.HOST,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the links there, as JSON, once they play.")
    ] = None,
) -> None:
    """Shows telpher at work without an account: a Telegram of its own, with sample files."""
    troubles = Troubles()
    logs.setup("WARNING", troubles=troubles)
    chosen = config.port_given() if port is None else port
    options = stage.Options(host, chosen, ready_file, troubles)
    _hold_memory()
    _until_stopped(lambda: stage.run(options, stage.prepare()))


@commands.command("check")
def check_up(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Looks whether all that telpher needs is there, also while it runs: a line each, with what to
    do. Status 0: well; 1: something failed; 2: the settings are wrong."""
    try:
        settings = config.load()
    except SettingsError as error:
        raise typer.Exit(check.refused(error.problems, typer.echo, json=as_json)) from None
    # What fails is said in the report.
    logs.setup("CRITICAL", settings.log_format, settings.secrets())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(check.run(settings, config.cache_dir(), typer.echo, json=as_json))
    raise typer.Exit(status)


@commands.command("import")
def import_people(
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="Files like users.json."),
    ] = None,
    mongo: Annotated[
        str, typer.Option(help="The original's MongoDB: mongodb://HOST/DATABASE.")
    ] = "",
    collection: Annotated[str, typer.Option(help="Its collection of users.")] = "users",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it, change nothing.")
    ] = False,
) -> None:
    """Takes over the users of the original bot, from its MongoDB, its users.json, or both."""
    if not files and not mongo:
        raise typer.BadParameter("Name a file, or a database with --mongo.")
    settings = config.load()
    logs.setup(settings.log_level, settings.log_format, settings.secrets())
    sources = Sources(files or (), mongo, collection)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        whole = runner.run(takeover.run(settings, sources, typer.echo, dry_run=dry_run))
    raise typer.Exit(0 if whole else 1)


@commands.command()
def version() -> None:
    """Prints the version."""
    typer.echo(__version__)


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for; for yourself.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; give it several times.")],
    days: Annotated[float, typer.Option(min=0, help="Days it is good for; 0: no end.")] = 0,
) -> None:
    """Makes a token and prints it, this once."""
    _at_the_desk(lambda desk: desk.create(name, scope, days))


@tokens.command("list")
def list_tokens() -> None:
    """Prints id, state, scopes and name of every token."""
    _at_the_desk(lambda desk: desk.list())


@tokens.command("revoke")
def revoke_token(token_id: Annotated[str, typer.Argument(help="As `list` prints it.")]) -> None:
    """Ends a token at once."""
    _at_the_desk(lambda desk: desk.revoke(token_id))


def _at_the_desk(wish: Callable[[TokenDesk], Coroutine[Any, Any, bool]]) -> None:
    settings = config.load()
    logs.setup("WARNING", settings.log_format, settings.secrets())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(wish(TokenDesk(settings, typer.echo)))
    raise typer.Exit(0 if done else 1)


def _hold_memory() -> None:
    if not config.malloc_given():
        heap.hold()


def _until_stopped(begin: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result | None:
    """Runs what `begin` gives; its result. Ctrl-C is how it is meant to end, however early it
    comes: None then."""
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(begin())
    return None
