"""A peer: MMseqs2 on melodies written as proteins, as TheSessionEvo (2026) searches The Session.

A tune is the pitch class at each quaver, counted from the tonic, and each of the twelve is a letter
(github.com/jomimc/TheSessionEvo). Debian has the program in its package mmseqs2.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from shutil import which
from typing import Final

from benchmarks.measure import processor_seconds
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.pitches import sounding
from tunetrace.tokenizer.layout.timeline import TICKS_PER_EIGHTH, Ticks

AMINO_ACIDS: Final = "ACDEFGHIKLMNPQRSTVWY"
_UNKNOWN: Final = "X"
_CLASSES: Final = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """How MMseqs2 scores and searches."""

    name: str
    match: int
    mismatch: int
    gap_open: int
    gap_extend: int
    options: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The settings in words."""
        scores = f"match {self.match}, mismatch {self.mismatch}"
        gaps = f"gaps {self.gap_open} and {self.gap_extend}"
        return ", ".join(filter(None, (scores, gaps, " ".join(self.options))))


PUBLISHED: Final = Settings("MMseqs2 as published", 6, -4, 4, 3)
"""As TheSessionEvo calls it: everything else is MMseqs2's default."""

_UNMASKED: Final = ("-e", "1000", "--mask", "0", "--comp-bias-corr", "0")

UNMASKED: Final = Settings("MMseqs2, unmasked", 5, -2, 8, 4, _UNMASKED)
"""By default MMseqs2 leaves out what repeats itself, which is most of a dance tune, and tunes that
a protein search takes for chance. Of the settings tried these find most for their time."""

SENSITIVE: Final = Settings(
    "MMseqs2, sensitive", 5, -2, 8, 4, (*_UNMASKED, "-s", "7.5", "--max-seqs", "1000")
)
"""Of the settings tried these find most."""


def is_installed() -> bool:
    """Whether there is an mmseqs to run."""
    return which("mmseqs") is not None


def letters(tokens: Sequence[str]) -> str:
    """A tune as a protein: the pitch class at each quaver, from its first note on.

    A note goes on through the rests after it. Of a chord the highest note counts.
    """
    heights = sounding(tokens)
    starts: list[tuple[Ticks, int]] = []
    bars = lay_out(tokens).bars
    for bar, begin in zip(bars, accumulate((b.duration for b in bars), initial=0), strict=False):
        at = begin
        for start, stop, ticks in zip(*bar.events[:3], strict=True):
            within = range(bar.start + start, bar.start + stop)
            if pitches := [heights[i] for i in within if i in heights]:
                starts.append((at, max(pitches) % _CLASSES))
            at += ticks
    if not starts:
        return ""
    end = sum(bar.duration for bar in bars)
    written: list[str] = []
    note, now = 0, starts[0][0]
    while now < end:
        while note + 1 < len(starts) and starts[note + 1][0] <= now:
            note += 1
        written.append(AMINO_ACIDS[starts[note][1]])
        now += TICKS_PER_EIGHTH
    return "".join(written)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and how long it took."""

    near: dict[int, list[int]]
    """For each tune, by its place from 0, the nearest, best first, itself among them."""
    seconds: float
    """Processor time of the search alone, not of reading and writing its database."""


def search_all(melodies: Sequence[str], settings: Settings, folder: Path) -> Found:
    """Look for each melody among all. folder: empty, for MMseqs2's files."""
    sequences = "".join(f">{place}\n{melody}\n" for place, melody in enumerate(melodies))
    (folder / "tunes.fasta").write_text(sequences, encoding="ascii")
    (folder / "matrix.out").write_text(_matrix(settings), encoding="ascii")
    run = partial(_run, folder)
    run("createdb", "tunes.fasta", "tunes")
    search = (
        "search", "tunes", "tunes", "found", "scratch", "--threads", "1",
        "--sub-mat", "matrix.out", "--gap-open", str(settings.gap_open),
        "--gap-extend", str(settings.gap_extend), *settings.options,
    )  # fmt: skip
    elapsed = processor_seconds(lambda: run(*search))
    wanted = ("--format-output", "query,target,bits")
    run("convertalis", "tunes", "tunes", "found", "found.tsv", "--threads", "1", *wanted)
    scored: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for line in (folder / "found.tsv").read_text(encoding="ascii").splitlines():
        query, target, bits = line.split()
        scored[int(query)].append((-float(bits), int(target)))
    near = {place: [one for _, one in sorted(scored[place])] for place in range(len(melodies))}
    return Found(near, elapsed)


def _matrix(settings: Settings) -> str:
    """The scores of letters against letters in MMseqs2's format. All classes are as likely."""
    names = AMINO_ACIDS + _UNKNOWN
    likely = " ".join(f"{(k < _CLASSES) / _CLASSES:.5f}" for k in range(len(names)))
    rows = [
        " ".join([name, *(str(settings.match if name == x else settings.mismatch) for x in names)])
        for name in names
    ]
    header = f"# Background (precomputed optional): {likely}\n"
    header += "# Lambda     (precomputed optional): 0.34657\n"
    return header + f"  {' '.join(names)}\n" + "\n".join(rows) + "\n"


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run(["mmseqs", *arguments], cwd=folder, check=True, capture_output=True)
