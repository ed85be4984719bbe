"""Tokenizing real ABC tunebooks, O'Neill's, beside music21's and abcnotes' reading of ABC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import tunetrace
from benchmarks.measure import run_job
from benchmarks.output import duration, ratio, say, show_table
from tunetrace.corpus.readers import files_in
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.corpus.streams import blocks_of, opened, texts_of

_REPETITIONS: Final = 3
_PEERS: Final = ("music21", "abcnotes")

_TUNE: Final = re.compile(r"^X:.*?(?=^X:|\Z)", re.MULTILINE | re.DOTALL)


def text_of(path: Path) -> str:
    """The text of a file, decoded as tunetrace decodes it."""
    with opened(path, str(path)) as file:
        return "".join(texts_of(blocks_of(file), str(path)))


def measure() -> None:
    """Print the table."""
    runs = [run_job("tunebooks", NAMED_CORPORA["oneills"].locate()) for _ in range(_REPETITIONS)]
    tunes = runs[0]["tunes"]
    own = median(run["tunetrace_seconds"] for run in runs)
    rows = [("budget", "2,000", "", ""), ("tunetrace", *_speed(tunes, own), "")]
    for name in _PEERS:
        peer = median(run[f"{name}_seconds"] for run in runs)
        rows.append((name, *_speed(tunes, peer), ratio(own, peer)))
    show_table(
        f"6. Tokenize ABC tunebooks: the {tunes:,} tunes of O'Neill's, on one core",
        ("", "tunes/s", "time", "tunetrace is"),
        rows,
    )
    refused = {name: f"{runs[0][f'{name}_refused']:.0f}" for name in ("tunetrace", *_PEERS)}
    say(
        "Tune by tune: tunetrace.tokenize(text), which also transposes to C; "
        "music21.abcFormat.ABCFile().readstr(text), which is tokenize and tokenProcess (the pitch "
        "and the length of each note) and no conversion to a Stream; abcnotes.Tune(abc=text). "
        f"Imports do not count. Refused: tunetrace {refused['tunetrace']} tunes, music21 "
        f"{refused['music21']}, abcnotes {refused['abcnotes']}. Medians of {_REPETITIONS} "
        "processes, none of which has read a tune before."
    )


def _speed(tunes: float, elapsed: float) -> tuple[str, str]:
    return f"{tunes / elapsed:,.0f}", duration(elapsed)


def tokenize_all(folder: Path) -> dict[str, float]:
    """Time tunetrace and its peers on all tunes of a folder, in this process."""
    from abcnotes import Tune
    from music21.abcFormat import ABCFile
    from music21.exceptions21 import Music21Exception

    books = list(map(text_of, files_in(folder)))
    tunes = [tune for book in books for tune in _TUNE.findall(book)]
    readers: dict[str, tuple[Callable[[str], object], type[Exception]]] = {
        "tunetrace": (tunetrace.tokenize, tunetrace.AbcError),
        "music21": (ABCFile().readstr, Music21Exception),
        "abcnotes": (lambda text: Tune(abc=text), Exception),
    }
    report: dict[str, float] = {"tunes": len(tunes)}
    for name, (read, refusal) in readers.items():
        began = perf_counter()
        report[f"{name}_refused"] = _refused(read, tunes, refusal)
        report[f"{name}_seconds"] = perf_counter() - began
    return report


def _refused(read: Callable[[str], object], tunes: Sequence[str], refusal: type[Exception]) -> int:
    """Read tunes; how many are refused."""
    refused = 0
    for tune in tunes:
        try:
            read(tune)
        except refusal:
            refused += 1
    return refused
