"""What it takes to serve many viewers: a model of demand and caches, and a simulation beside it.

    python -m bench.scale                      the tables
    python -m bench.scale --docs               writes them into docs/scale.md
    python -m bench.scale --zipf 0.7 ...       with other assumptions (--help lists them)

Demand: sessions begin at random; which file is Zipf's law; a session plays from the beginning and
ends at any moment with the same chance, or with the file. A cache keeps the slices asked for last
(LRU), whole ones. In the model a slice stays for the same time whichever it is (Che, Tung and Wang,
2002): that time is what makes the slices present as large as the cache, and a request misses when
nobody asked for the slice within it. The simulation draws sessions and keeps a real LRU; a test
holds them to each other.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import math
import random
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1 << 20
_MEGABIT: Final = 125_000

# Parts of a file that are asked for equally often, in the model; and ranks taken together, as a
# share of the rank, beyond the first ones.
_PARTS: Final = 12
_TOGETHER: Final = 0.05


@dataclass(frozen=True)
class Assumptions:
    """Everything that is not telpher's own doing. Money is in euros a month."""

    # People.
    viewers: int = 1_000  # at the busiest moment
    average_load: float = 0.4  # of the busiest moment's, over the month
    files: int = 100_000
    zipf: float = 0.9
    watched_minutes: float = 25.0
    file_minutes: float = 60.0
    fresh: float = 0.02  # share of the files that are new each day, and in no cache
    # Megabits a second, and how many of the files: phone, SD, HD, UHD.
    bitrates: tuple[tuple[float, float], ...] = ((1.0, 0.2), (2.5, 0.3), (5.0, 0.4), (15.0, 0.1))

    # Telegram: calls a second, of 1 MiB, that a bot makes before it is told to pause.
    calls_per_bot: float = 15.0

    # One instance: a small server. CPU as bench/README.md has it, for bytes that come from Telegram
    # and for those in its caches; processors may be busy for so much of the time.
    cores: int = 4
    busy: float = 0.6
    cpu_fetched: float = 2.1  # seconds per GiB
    cpu_cached: float = 0.35
    memory_cache_gib: float = 1.0
    disk_cache_gib: float = 100.0
    instance_gbit: float = 1.0
    instance_price: float = 15.0

    # One cache node: nginx with a large disk, in front of the instances.
    edge_cache_gib: float = 4_000.0
    edge_gbit: float = 10.0
    edge_price: float = 120.0
    network_busy: float = 0.7

    egress_per_tb: float = 1.0


@dataclass(frozen=True)
class Class:
    """Slices that are asked for equally often: how many requests a second of each, how many bytes
    they have together, and how many requests reach them together."""

    rate: float
    size: float
    requests: float


@dataclass(frozen=True)
class Need:
    """What a number of viewers takes; bytes are MB (10^6) a second at the busiest moment."""

    demand: float
    hit_rate: float
    upstream: float
    bots: int
    instances: int
    edge_nodes: int
    egress_tb: float
    price: float


def bit_rate(about: Assumptions) -> float:
    """Megabits a second, of the files on average."""
    return sum(rate * share for rate, share in about.bitrates)


def demand(about: Assumptions) -> float:
    """Bytes a second at the busiest moment: people watch as fast as the film runs."""
    return about.viewers * bit_rate(about) * _MEGABIT


def classes(about: Assumptions) -> Iterator[Class]:
    """What is asked for, in groups of slices."""
    per_second = about.viewers / seconds_watched(about)
    weights = list(_ranks(about))
    total = sum(count * weight for count, weight in weights)
    part_seconds = about.file_minutes * 60 / _PARTS
    for count, weight in weights:
        sessions = per_second * weight / total
        for part in range(_PARTS):
            middle = (part + 0.5) * part_seconds
            rate = sessions * math.exp(-middle / (about.watched_minutes * 60))
            for megabits, share in about.bitrates:
                size = count * share * megabits * _MEGABIT * part_seconds
                yield Class(rate, size, rate * size)


def seconds_watched(about: Assumptions) -> float:
    """How long a session lasts on average; files end."""
    mean, end = about.watched_minutes * 60, about.file_minutes * 60
    return mean * (1 - math.exp(-end / mean))


def _ranks(about: Assumptions) -> Iterator[tuple[int, float]]:
    """How many files, and how popular each of them is."""
    rank = 1
    while rank <= about.files:
        count = min(max(1, int(rank * _TOGETHER)), about.files - rank + 1)
        yield count, (rank + (count - 1) / 2) ** -about.zipf
        rank += count


def hit_rate(about: Assumptions, cache: float) -> float:
    """Which share of the bytes comes from an LRU cache of so many bytes."""
    asked = list(classes(about))
    if sum(each.size for each in asked) <= cache:
        return 1.0
    low, high = 0.0, 1.0
    while _present(asked, high) < cache:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _present(asked, middle) < cache else (low, middle)
    missed = sum(each.requests * math.exp(-each.rate * high) for each in asked)
    return 1 - missed / sum(each.requests for each in asked)


def _fresh(about: Assumptions) -> float:
    """Bytes a second that nobody can have kept, because they are new."""
    size = about.files * about.file_minutes * 60 * bit_rate(about) * _MEGABIT
    return about.fresh * size / 86_400


def _present(asked: list[Class], seconds: float) -> float:
    """The bytes asked for within so many seconds."""
    return sum(each.size * -math.expm1(-each.rate * seconds) for each in asked)


def need(about: Assumptions, *, edge: bool) -> Need:
    """What it takes, with or without cache nodes in front."""
    wanted = demand(about)
    gbit = 1e9 / 8 * about.network_busy
    nodes = math.ceil(wanted / (about.edge_gbit * gbit)) if edge else 0
    instances = 0
    enough = 1.0
    # More machines have more cache, which needs fewer machines: it settles from below.
    while instances < enough:
        instances = max(instances + 1, math.floor((instances + enough) / 2))
        gib = instances * (about.memory_cache_gib + about.disk_cache_gib)
        hits = hit_rate(about, (nodes * about.edge_cache_gib if edge else gib) * (1 << 30))
        upstream = max(wanted * (1 - hits), min(wanted, _fresh(about)))
        out = upstream if edge else wanted
        cpu = upstream * about.cpu_fetched + (out - upstream) * about.cpu_cached
        cores = cpu / (1 << 30) / about.busy
        enough = max(cores / about.cores, out / (about.instance_gbit * gbit))
    egress = wanted * about.average_load * 30 * 86_400 / 1e12
    machines = instances * about.instance_price + nodes * about.edge_price
    return Need(
        demand=wanted / 1e6,
        hit_rate=1 - upstream / wanted,
        upstream=upstream / 1e6,
        bots=math.ceil(upstream / (about.calls_per_bot * MIB)),
        instances=instances,
        edge_nodes=nodes,
        egress_tb=egress,
        price=machines + egress * about.egress_per_tb,
    )


def limits(about: Assumptions) -> list[tuple[str, float]]:
    """How many viewers one bot and one instance carry by each limit, the first to bind first."""
    each = bit_rate(about) * _MEGABIT
    one = need(dataclasses.replace(about, viewers=1_000), edge=False)
    missed = 1 - one.hit_rate
    cpu = each * (missed * about.cpu_fetched + one.hit_rate * about.cpu_cached) / (1 << 30)
    found = [
        ("Telegram's pace for one bot, nothing cached", about.calls_per_bot * MIB / each),
        ("the same, with its caches", about.calls_per_bot * MIB / (each * missed)),
        ("network", about.instance_gbit * 1e9 / 8 * about.network_busy / each),
        ("processors", about.cores * about.busy / cpu),
    ]
    return sorted(found, key=lambda limit: limit[1])


def simulate(about: Assumptions, cache: float, sessions: int, seed: int = 1) -> float:
    """The share of slices found in a real LRU of `cache` bytes; slices are those of the model.

    The first half of the sessions fills the cache and is not counted.
    """
    random_ = random.Random(seed)  # noqa: S311 - no secret
    weights = [rank**-about.zipf for rank in range(1, about.files + 1)]
    part_seconds = about.file_minutes * 60 / _PARTS
    rates, shares = zip(*about.bitrates, strict=True)
    megabits = random_.choices(rates, shares, k=about.files)
    chosen = random_.choices(range(about.files), weights, k=sessions)
    pace = about.viewers / seconds_watched(about)
    now, asked = 0.0, []
    for number, file in enumerate(chosen):
        now += random_.expovariate(pace)
        length = random_.expovariate(1 / (about.watched_minutes * 60))
        for part in range(_PARTS):
            if length < (part + 0.5) * part_seconds:
                break
            asked.append((now + part * part_seconds, number, file, part))
    heapq.heapify(asked)
    kept: OrderedDict[tuple[int, int], float] = OrderedDict()
    held = hits = counted = 0.0
    while asked:
        _, number, file, part = heapq.heappop(asked)
        size = megabits[file] * _MEGABIT * part_seconds
        found = (file, part) in kept
        if number >= sessions // 2:
            counted += size
            hits += size * found
        if found:
            kept.move_to_end((file, part))
            continue
        kept[file, part] = size
        held += size
        while held > cache:
            held -= kept.popitem(last=False)[1]
    return hits / counted


DOCS: Final = Path(__file__).parents[1] / "docs" / "scale.md"
_BEGIN: Final = "<!-- python -m bench.scale -->"
_END: Final = "<!-- end -->"

SCALES: Final = (1_000, 100_000, 10_000_000)


def tables(about: Assumptions) -> str:
    """What docs/scale.md shows, in Markdown."""
    lines = [
        "| viewers at once | cache nodes | out, Gbit/s | from caches | from Telegram, MB/s | bots "
        "| instances | out in a month, TB | € a month |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for viewers in SCALES:
        for edge in (False, True):
            if edge and viewers == SCALES[0]:
                continue
            this = need(dataclasses.replace(about, viewers=viewers), edge=edge)
            lines.append(
                f"| {viewers:,} | {this.edge_nodes or 'none'} | {this.demand / 125:,.1f} | "
                f"{this.hit_rate:.0%} | {this.upstream:,.0f} | {this.bots:,} | {this.instances:,} "
                f"| {this.egress_tb:,.0f} | {this.price:,.0f} |"
            )
    lines += ["", "| one bot, one instance: limit | viewers at once |", "|---|---|"]
    lines += [f"| {name} | {viewers:,.0f} |" for name, viewers in limits(about)]
    return "\n".join(lines) + "\n"


def into_docs(text: str) -> str:
    """The page with the tables as they are now."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n{tables(Assumptions())}{_END}{tail}"


def _asked() -> Assumptions | None:
    """None to write the page."""
    parser = argparse.ArgumentParser("bench.scale", description="What many viewers take.")
    simple = [each for each in dataclasses.fields(Assumptions) if each.name != "bitrates"]
    for each in simple:
        name = "--" + each.name.replace("_", "-")
        parser.add_argument(name, type=type(each.default), default=each.default)
    parser.add_argument("--docs", action="store_true", help="write docs/scale.md instead")
    options = vars(parser.parse_args())
    return None if options.pop("docs") else Assumptions(**options)


def _main() -> None:
    about = _asked()
    if about is None:
        DOCS.write_text(into_docs(DOCS.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(tables(about))


if __name__ == "__main__":
    _main()
