"""`python -m bench`: measures, prints the table, writes the result file. README.md explains it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import uvloop

from bench.database import USERS, measure
from bench.machine import Cores
from bench.plan import FULL, QUICK, TINY, Plan
from bench.ratios import ratios
from bench.results import table, write
from bench.run import acts, run
from bench.soak import soak

RESULTS: Final = Path(__file__).with_name("results.json")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench", description="telpher beside its like.")
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_true", help="the main rows, under five minutes")
    how_much.add_argument("--tiny", action="store_true", help="some seconds: shows that it works")
    how_much.add_argument(
        "--soak",
        type=float,
        nargs="?",
        const=10.0,
        metavar="MINUTES",
        help="instead: many viewers and all faults; compares memory, sockets, tasks (10 minutes)",
    )
    how_much.add_argument(
        "--database",
        nargs="?",
        const="sqlite",
        metavar="URL",
        help="instead: what a database with a million users answers in (SQLite, or mongodb://...)",
    )
    parser.add_argument("--users", type=int, default=USERS, help="in that database")
    parser.add_argument("--viewers", type=int, default=200, help="of the soak")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    return parser


def _measure(plan: Plan, path: Path) -> None:
    cores = Cores.split()
    results, report = uvloop.run(run(plan, acts(plan, cores), cores))
    write(path, report)
    sys.stdout.write(table(results) + "\n")
    sys.stdout.write("".join(f"{ratio.told()}\n" for ratio in ratios(results)))
    sys.stdout.write("".join(f"FAILED {trouble}\n" for trouble in report["troubles"]))


def main() -> None:
    """Always exits with 0, unless the harness itself is broken: being slow is no failure."""
    options = _parser().parse_args()
    if options.soak is not None:
        uvloop.run(soak(options.soak * 60, options.viewers, Cores.split()))
        return
    if options.database is not None:
        uvloop.run(measure(options.database, options.users))
        return
    plan = TINY if options.tiny else QUICK if options.quick else FULL
    _measure(plan, options.results)


if __name__ == "__main__":
    main()
