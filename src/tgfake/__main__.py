"""`python -m tgfake`: a cluster in a process of its own, until SIGTERM or SIGINT."""

import argparse
import asyncio
import contextlib
import importlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tgfake.cluster import HOST, Cluster, Layout
from tgfake.control import controlled
from tgfake.keys import DC_KEYS
from tgfake.network import Shape
from tgfake.world import World
from tgfake.world.script import demo, from_file

_MEGABYTE = 1_000_000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tgfake", description="A Telegram on loopback.")
    add = parser.add_argument
    add("--port", type=int, default=0, help="first port; the others follow (default: any free)")
    add("--world", type=Path, help="JSON file with users, bots, chats and files (default: a demo)")
    add("--servers-file", type=Path, help="write the addresses and public keys here, as JSON")
    add("--ready-file", type=Path, help="create this file once connections are accepted")
    add("--media-dc", type=int, action="append", default=[], choices=sorted(DC_KEYS), metavar="DC")
    add("--tmp-sessions", type=int, default=1, help="connections a key may have beside media ones")
    add("--latency-ms", type=float, default=0, help="round trip")
    add("--jitter-ms", type=float, default=0, help="added at random to a round trip")
    add("--bandwidth", type=float, help="megabytes a second towards one connection")
    add("--dc-bandwidth", type=float, help="megabytes a second towards all of one data centre")
    add("--accept-delay-ms", type=float, default=0, help="before a new connection is served")
    add("--control-port", type=int, help="be directed from here (0: any free port); see control.py")
    add("--uvloop", action="store_true", help="run on uvloop, for benchmarks")
    add("--verbose", action="store_true")
    return parser


def _shape(options: argparse.Namespace) -> Shape:
    def rate(megabytes: float | None) -> float | None:
        return None if megabytes is None else megabytes * _MEGABYTE

    return Shape(
        latency=options.latency_ms / 1000,
        jitter=options.jitter_ms / 1000,
        bandwidth=rate(options.bandwidth),
        dc_bandwidth=rate(options.dc_bandwidth),
        accept_delay=options.accept_delay_ms / 1000,
    )


async def _serve(world: World, options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    layout = Layout(options.port, options.media_dc, options.tmp_sessions)
    async with contextlib.AsyncExitStack() as stack:
        shape = _shape(options)
        cluster = await stack.enter_async_context(Cluster(world, layout=layout, shape=shape))
        if options.servers_file is not None:
            cluster.write_servers_file(options.servers_file)
        control = ""
        if options.control_port is not None:
            port = await stack.enter_async_context(controlled(cluster, options.control_port))
            control = f"control {HOST}:{port}\n"
        # Before anything is said: whoever reads a line may look for the file.
        if options.ready_file is not None:
            options.ready_file.touch()
        for a in cluster.addresses:
            media = " media_only" if a.media_only else ""
            home = " home" if a.dc == cluster.home_dc else ""
            sys.stdout.write(f"DC {a.dc} {a.host}:{a.port}{media}{home}\n")
        sys.stdout.write(control)
        sys.stdout.flush()
        await stop.wait()


def _loop_factory(options: argparse.Namespace) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not options.uvloop:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop]
    factory = importlib.import_module("uvloop").new_event_loop
    return factory


def main(arguments: Sequence[str] | None = None) -> None:
    """Run with these options (None: the command line's); exit 2 with a reason when it cannot."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING)
    try:
        world = demo() if options.world is None else from_file(options.world)
    except (OSError, ValueError) as error:
        parser.error(f"--world: {error}")
    try:
        with asyncio.Runner(loop_factory=_loop_factory(options)) as runner:
            runner.run(_serve(world, options))
    except OSError as error:  # a port that is taken, a file that cannot be written
        parser.error(str(error))


if __name__ == "__main__":
    main()
