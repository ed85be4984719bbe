"""The jobs that need a process of their own: python -m benchmarks.jobs NAME [ARGUMENT]...

Each prints one JSON object. In a new process nothing is remembered from the job before, and its
peak memory is that of the job alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.corpus import read_tokens
from benchmarks.measure import peak_memory, processor_seconds, seconds
from benchmarks.peers import build_fts5, write_lines

Report = Mapping[str, float]


def build_with_tunetrace(corpus: str, place: str) -> Report:
    """Build an index of the corpus's file."""
    import tunetrace

    return _built(lambda: tunetrace.build_index([corpus], place), place)


def build_with_fts5(corpus: str, place: str) -> Report:
    """Read the corpus's file and make an FTS5 table of it."""
    return _built(lambda: build_fts5(Path(place), read_tokens(Path(corpus))), place)


def write_for_grep(corpus: str, place: str) -> Report:
    """Read the corpus's file and write it with one tune a line."""
    return _built(lambda: write_lines(Path(place), read_tokens(Path(corpus))), place)


def _built(build: Callable[[], object], place: str) -> Report:
    begin = time.perf_counter()
    used = processor_seconds(build)
    elapsed = time.perf_counter() - begin
    cached = Path(f"{place}.arrays").glob("*")
    return {
        "seconds": elapsed,
        "processor_seconds": used,
        "peak_bytes": peak_memory(),
        "file_bytes": Path(place).stat().st_size,
        "cached_bytes": sum(one.stat().st_size for one in cached),
    }


def read_collection(path: str) -> Report:
    """Read the tunes of a file and keep none."""
    import tunetrace

    count = 0

    def read_all() -> None:
        nonlocal count
        for _ in tunetrace.read(path):
            count += 1

    elapsed = seconds(read_all)
    return {"seconds": elapsed, "peak_bytes": peak_memory(), "tunes": count}


def tokenize_tunebooks(folder: str) -> Report:
    """Tokenize the tunes of a folder, beside music21 and abcnotes."""
    from benchmarks.tunebooks import tokenize_all

    return tokenize_all(Path(folder))


def ask_scaled(place: str, checked: str, batch: str) -> Report:
    """Ask an index of `benchmarks.scale`."""
    from benchmarks.scaled import ask

    return ask(place, checked, batch)


def ask_peer(name: str, place: str) -> Report:
    """Build a peer's index of the tokens of an index, and ask it."""
    from benchmarks.scaled import peer

    return peer(name, place)


JOBS: Final[dict[str, Callable[..., Report]]] = {
    "tunetrace": build_with_tunetrace,
    "fts5": build_with_fts5,
    "grep": write_for_grep,
    "read": read_collection,
    "tunebooks": tokenize_tunebooks,
    "ask": ask_scaled,
    "peer": ask_peer,
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(JOBS[name](*arguments)))
