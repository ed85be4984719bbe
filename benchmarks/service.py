"""The service under load: 50 clients on this machine, during a report, and while the index changes.

python -m benchmarks.service [--seconds SECONDS] [--index FILE]

FILE is an index. In its folder are the files corpus.txt, of which it was built, and batch.txt;
without FILE all three are made. With the default of 60 seconds all of it takes about five minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import tunetrace
from benchmarks.corpus import ROOT, SEED, make_batch, make_corpus, read_tokens, write_tunes
from benchmarks.load import (
    Client,
    Load,
    again_and_again,
    ask_for,
    for_seconds,
    request,
    wait_until_ready,
)
from benchmarks.measure import percentile
from benchmarks.output import duration, megabytes, say, show_table
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out

CLIENTS: Final = 50
WORKERS: Final = 2
TRANSCRIPTIONS: Final = 30_000

_TOKENS: Final = range(125, 156)
"""The lengths of the checked tunes: about 140 tokens."""
_CHECKED: Final = 20_000
_FIGURES: Final = 20_000
_BEFORE_SECONDS: Final = 3.0
"""How long clients ask before anything is counted."""
_ALONE_SECONDS: Final = 8.0
"""How long each of the other ways to the same answers is measured."""
_READY_SECONDS: Final = 60.0
_COMMAND: Final = (sys.executable, "-m", "tunetrace")


@dataclass(frozen=True)
class Inputs:
    """What is served and what is asked."""

    corpus: Path
    batch: Path
    index: Path
    tunes: list[str]
    """Transcriptions of about 140 tokens."""
    figures: list[str]
    """Bars of the batch, and two bars in a row."""

    def checks(self, **options: bool) -> Iterator[bytes]:
        """Requests for checks of these tunes."""
        asked = [request("POST", "/api/check", one.encode(), **options) for one in self.tunes]
        return again_and_again(asked)

    def searches(self) -> Iterator[bytes]:
        """Requests for these figures."""
        return again_and_again([request("GET", "/api/figure", q=one) for one in self.figures])


@dataclass
class Memory:
    """The memory of a service: (the moment, its bytes) again and again."""

    session: int
    found: list[tuple[float, int]]

    async def watch(self, goes_on: Callable[[], bool]) -> None:
        """Look once a second."""
        while goes_on():
            self.found.append((time.perf_counter(), memory_of(self.session)))
            await asyncio.sleep(1)

    def between(self, first: float, last: float) -> float:
        """The mean of what was found between two moments."""
        return statistics.mean(size for at, size in self.found if first <= at <= last)


def main() -> None:
    """Measure everything, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--index", type=Path)
    given = parser.parse_args()
    begun = time.perf_counter()
    with TemporaryDirectory(prefix="tunetrace-service-") as name:
        folder = Path(name)
        inputs = make_inputs(folder, given.index)
        say(f"{CLIENTS} clients, {WORKERS} processes that answer, {os.cpu_count()} cores; tunes of "
            f"about 140 tokens, {len(inputs.tunes):,} different ones")  # fmt: skip
        with service(inputs.index) as (port, session):
            checks, figures = asyncio.run(measure_alone(port, session, inputs, given.seconds))
            asyncio.run(measure_during_report(port, inputs, given.seconds))
        measure_others(inputs, folder, checks.each_second, figures.each_second)
        changed = folder / "changed.db"
        shutil.copy(inputs.index, changed)
        with service(changed) as (port, _):
            asyncio.run(measure_changes(port, inputs, changed, folder, given.seconds))
        verified = run_command("index", "verify", "--index", changed)
        say(f"tunetrace index verify afterwards: {'no fault' if not verified else 'damaged'}.")
    say(f"All of this took {time.perf_counter() - begun:.0f} s; the load average of the last "
        f"minute is {os.getloadavg()[0]:.1f}.")  # fmt: skip


# What is asked


def make_inputs(folder: Path, index: Path | None) -> Inputs:
    """Read or make what is served and asked."""
    place = folder if index is None else index.parent
    corpus, batch = place / "corpus.txt", place / "batch.txt"
    if index is None:
        made = make_corpus(folder, 0)
        write_tunes(batch, make_batch(made, TRANSCRIPTIONS)[0])
        index = folder / "index.db"
        tunetrace.build_index([corpus], index)
    read = tunetrace.read(batch)
    tokens = [
        one.tokens
        for one in read
        if not isinstance(one, tunetrace.Rejected) and one.tokens[0].startswith("M:")
    ]
    chance = random.Random(SEED)
    chance.shuffle(tokens)
    tunes = [to_folkrnn(one) for one in tokens if len(one) in _TOKENS][:_CHECKED]
    figures: list[str] = []
    for one in tokens:
        bars = [bar.text for bar in lay_out(one).bars if 3 <= len(bar.text.split()) <= 16]
        figures += [*bars[1:3], *(" | ".join(two) for two in [*pairwise(bars)][4:5])]
        if len(figures) >= _FIGURES:
            break
    return Inputs(corpus, batch, index, tunes, list(dict.fromkeys(figures)))


# The service


@contextmanager
def service(index: Path) -> Iterator[tuple[int, int]]:
    """`tunetrace serve` with this index; gives its port and the session of its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--port", str(port), "--workers", str(WORKERS), "--index", str(index)]
    with subprocess.Popen(
        [*_COMMAND, *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            asyncio.run(wait_until_ready(port, _READY_SECONDS))
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def memory_of(session: int) -> int:
    """The memory of all processes of a session, in bytes; shared memory counts once (PSS)."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; then come state, parent, group and session.
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != session:
                continue
            for line in (process / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it has ended meanwhile
    return total


def run_command(*words: str | Path) -> int:
    """Run a command of tunetrace; gives its exit code."""
    command = [*_COMMAND, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode


# The measurements

_COLUMNS: Final = ("", "a second", "median", "99th percentile", "errors", "clients' CPU")


def row(name: str, load: Load) -> tuple[str, ...]:
    """What clients met, as a row of a table."""
    return (
        name,
        f"{load.each_second:,.0f}",
        duration(load.percentile(50)),
        duration(load.percentile(99)),
        f"{load.errors.total():,}",
        f"{load.processor_seconds / load.seconds:.0%}",
    )


def tell_errors(*loads: Load) -> None:
    """Print what went wrong."""
    for load in loads:
        for what, count in load.errors.most_common(3):
            say(f"{count:,} times: {what}")


async def measure_alone(
    port: int, session: int, inputs: Inputs, seconds: float
) -> tuple[Load, Load]:
    """Figures and checks with nothing else going on, and the memory during the checks.

    Gives what clients met with verbatim checks, and with figures.
    """
    verbatim = inputs.checks(verbatim=True)
    await ask_for(port, verbatim, CLIENTS, for_seconds(_BEFORE_SECONDS))
    memory = Memory(session, [])
    goes_on = for_seconds(seconds)
    checks, _ = await asyncio.gather(
        ask_for(port, verbatim, CLIENTS, goes_on), memory.watch(goes_on)
    )
    plain = inputs.checks(verbatim=True, details=False)
    others = [
        await ask_for(port, requests, CLIENTS, for_seconds(seconds / 6))
        for requests in (plain, inputs.checks(), inputs.searches())
    ]
    show_table(
        "1. Nothing else going on",
        _COLUMNS,
        [
            row("verbatim checks", checks),
            row("… without details", others[0]),
            row("checks with near copies", others[1]),
            row("figures", others[2]),
        ],
    )
    tell_errors(checks, *others)
    say("Wanted: 150 verbatim checks a second, 99% within 1 s; 500 figures a second; no error.")
    early = min(15.0, seconds / 4)
    before = memory.between(checks.begun + early - 2, checks.begun + early + 2)
    last = memory.between(checks.begun + seconds - min(10.0, seconds / 4), checks.begun + seconds)
    say(f"Memory of the service: {megabytes(before)} after {early:.0f} s of verbatim checks, "
        f"{megabytes(last)} in the last seconds, {last / before - 1:+.1%} (wanted: 5% at most). "
        "Memory that processes share counts once.")  # fmt: skip
    return checks, others[2]


async def measure_during_report(port: int, inputs: Inputs, seconds: float) -> None:
    """Verbatim checks while a report is made."""
    batch = inputs.batch.read_bytes()
    client = Client(port)
    reply = await client.send(request("POST", "/api/report", batch, verbatim=True))
    if reply.status != 202:
        raise SystemExit(f"the report was refused: {reply.body.decode()}")
    address = f"/api/report/{json.loads(reply.body)['id']}"
    begun = time.perf_counter()
    shown: dict[str, Any] = {}

    async def follow() -> None:
        while goes_on():
            shown.update(json.loads((await client.send(request("GET", address))).body))
            await asyncio.sleep(0.5)

    within = for_seconds(seconds)

    def goes_on() -> bool:
        return within() and shown.get("state") not in ("done", "failed")

    checks, _ = await asyncio.gather(
        ask_for(port, inputs.checks(verbatim=True), CLIENTS, goes_on), follow()
    )
    took = time.perf_counter() - begun
    await client.send(request("DELETE", address))
    client.close()
    show_table(
        f"2. While a report on {batch.count(b'M:'):,} transcriptions is made",
        _COLUMNS,
        [row("verbatim checks", checks)],
    )
    tell_errors(checks)
    say(f"After {took:.0f} s the report was '{shown.get('state')}', at {shown.get('tunes', '?')} "
        "transcriptions. Wanted: 99% of the checks within 2 s.")  # fmt: skip


async def measure_changes(
    port: int, inputs: Inputs, index: Path, folder: Path, seconds: float
) -> None:
    """Verbatim checks and figures while commands change the index.

    seconds: no command is begun later than twice so long after the first.
    """
    added = folder / "added.txt"
    write_tunes(added, [one for one, _ in zip(read_tokens(inputs.batch), range(500), strict=False)])
    at = ("--index", index)
    commands: list[tuple[str | Path, ...]] = [
        ("index", "add", added, *at),
        ("baseline", *at),
        ("index", "remove", "added", *at),
        ("index", "compact", *at),
        ("index", "build", inputs.corpus, "--force", *at),
    ]
    checks = inputs.checks(verbatim=True)
    await ask_for(port, checks, CLIENTS, for_seconds(_BEFORE_SECONDS))
    spans: list[tuple[str, float, float, int]] = []

    async def change() -> None:
        is_time = for_seconds(2 * seconds)
        for words in commands:
            if not is_time():
                say(f"No time is left for: tunetrace {' '.join(map(str, words))}")
                continue
            begun = time.perf_counter()
            code = await asyncio.to_thread(run_command, *words)
            await asyncio.sleep(2)  # a change is met only when it is done
            spans.append((" ".join(map(str, words[:-2])), begun, time.perf_counter(), code))

    changing = asyncio.create_task(change())
    load, searched, _ = await asyncio.gather(
        ask_for(port, checks, CLIENTS - 10, lambda: not changing.done()),
        ask_for(port, inputs.searches(), 10, lambda: not changing.done()),
        changing,
    )
    rows = []
    for name, first, last, code in spans:
        times = load.between(first, last)
        name = " ".join(word.rpartition("/")[2] for word in name.split())
        rows.append(
            (name + ("" if code == 0 else f" (failed: {code})"), duration(last - first - 2),
             f"{len(times) / (last - first):,.0f}", duration(statistics.median(times)),
             duration(percentile(times, 99)), duration(max(times)))
        )  # fmt: skip
    show_table(
        "3. While the index is changed",
        ("tunetrace …", "takes", "checks a second", "median", "99%", "slowest"),
        rows,
    )
    show_table(
        "   All of that time",
        _COLUMNS,
        [row("40 check", load), row("10 search figures", searched)],
    )
    tell_errors(load, searched)


# Other ways to the same answers


def measure_others(inputs: Inputs, folder: Path, checks: float, figures: float) -> None:
    """The same questions without a service: in processes that are there, and one by one.

    checks, figures: how many the service answered in a second.
    """
    lines = folder / "lines.txt"
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(" ".join(one) + "\n" for one in read_tokens(inputs.corpus))
    tune = folder / "tune.txt"
    tune.write_text(inputs.tunes[0], encoding="utf-8")
    check = [*_COMMAND, "check", str(tune), "--verbatim", "--json", "--index", str(inputs.index)]
    ways = [
        ("tunetrace.check in a loop", _each_second(inputs, "check"), checks),
        ("tunetrace.figure in a loop", _each_second(inputs, "figure"), figures),
        ("a command 'tunetrace check' for each", _commands_each_second(lambda _: check), checks),
        (
            "a command 'grep -c' for each figure",
            _commands_each_second(lambda k: ["grep", "-cF", "--", inputs.figures[k], str(lines)]),
            figures,
        ),
    ]
    show_table(
        "   The same without a service, in two processes at a time",
        ("", "a second", "the service answers"),
        [(name, f"{each:,.1f}", f"{served / each:.2f}x as many") for name, each, served in ways],
    )
    say("The loops are the most that a service could reach. grep counts lines that have the text: "
        "no hits, no place, no key, and no tune by name.")  # fmt: skip


def _each_second(inputs: Inputs, question: str) -> float:
    """How many questions processes answer in a second that have the index open."""
    asked = inputs.tunes if question == "check" else inputs.figures
    with ProcessPoolExecutor(WORKERS) as pool:
        ask = partial(_loop, inputs.index, question)
        counts = list(pool.map(ask, [asked[k::WORKERS] for k in range(WORKERS)]))
    return sum(counts) / _ALONE_SECONDS


def _loop(index: Path, question: str, asked: Sequence[str]) -> int:
    """How many questions one process answers in the time."""
    with tunetrace.open_index(index) as opened:

        def ask(text: str) -> object:
            if question == "figure":
                return opened.figure(text).to_dict()
            return tunetrace.check(text, opened, verbatim=True).to_dict()

        ask(asked[-1])
        goes_on, count = for_seconds(_ALONE_SECONDS), 0
        while goes_on():
            ask(asked[count % len(asked)])
            count += 1
    return count


def _commands_each_second(command: Callable[[int], Sequence[str]]) -> float:
    """How many commands end in a second, two at a time."""
    goes_on, begun, count = for_seconds(_ALONE_SECONDS), time.perf_counter(), 0
    while goes_on():
        running = [
            subprocess.Popen(command(count + k), cwd=ROOT, stdout=subprocess.DEVNULL)
            for k in range(WORKERS)
        ]
        for process in running:
            process.wait()
        count += WORKERS
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
