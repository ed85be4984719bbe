"""What a check finds of what was planted: python -m benchmarks.planted [TRANSCRIPTIONS].

A batch of known truth is checked and its answers are held against that: whether each planted
stretch is reported with its very bounds, whether its source is named, and what is said to be beyond
chance where nothing was planted.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import tunetrace
from benchmarks.corpus import SEED, make_corpus, write_tunes
from benchmarks.judging import Answer, Counts, FoundSpan, Judgement, judge
from benchmarks.output import say, show_table
from benchmarks.planting import BAR, COPY, NOTHING, PART, Planted, plant, write_batch
from tunetrace.checker.records import CHANCE, CheckedTune
from tunetrace.corpus.records import Rejected

_HELD_OUT: Final = 10
"""One of this many real tunes is held out of the index."""

TRANSCRIPTIONS: Final = 30_000

_LONGEST_BAR: Final = 16
_LINE: Final = 76
_THRESHOLDS: Final = (0.1, 0.01, 1e-3, 1e-4)
_SHOWN: Final = 10


def answers(checked: Iterable[CheckedTune | Rejected]) -> Iterator[Answer]:
    """What a batch check says, as the judge takes it; of what it cannot read, nothing."""
    for tune in checked:
        if isinstance(tune, Rejected):
            yield Answer((), (), ())
            continue
        yield Answer(
            [FoundSpan(s.first_token, s.stop_token, s.by_chance, s.examples) for s in tune.spans],
            [source.tune for source in tune.sources],
            [name.tune for name in tune.identical_to],
        )


def hold_out(real: int) -> list[int]:
    """The places, from 0, of the tunes to hold out: every tenth of so many real ones."""
    return list(range(_HELD_OUT // 2, real, _HELD_OUT))


def main(transcriptions: int) -> None:
    """Plant a batch in tunes held out of the benchmark's corpus, check it, print what was found."""
    with TemporaryDirectory(prefix="tunetrace-planted-") as name:
        corpus = make_corpus(Path(name), 0)
        left_out = set(hold_out(corpus.real))
        indexed = [tokens for k, tokens in enumerate(corpus.tunes) if k not in left_out]
        sources = range(1, corpus.real - len(left_out) + 1)
        held_out = [corpus.tunes[k] for k in sorted(left_out)]
        batch = plant(indexed, sources, held_out, transcriptions, SEED)
        write_tunes(Path(name) / "indexed.txt", indexed)
        write_batch(Path(name) / "batch.txt", batch)
        tunetrace.build_index([Path(name) / "indexed.txt"], Path(name) / "indexed.db")
        with tunetrace.open_index(Path(name) / "indexed.db") as index:
            found = list(answers(tunetrace.check_batch([Path(name) / "batch.txt"], index)))
    _show(batch, found, len(indexed))


def _show(batch: Sequence[Planted], found: Sequence[Answer], indexed: int) -> None:
    judgement = judge(batch, found)
    show_table(
        f"{len(batch):,} transcriptions with planted music, against {indexed:,} tunes",
        ("", "planted", "covered", "exact", "beyond chance", "source", "identical", "false spans"),
        [_row(kind, counts) for kind, counts in judgement.counts.items()],
    )
    say(
        "Covered: a span holds the planted stretch; exact: one span does, with the bounds that a "
        "slow search finds; beyond chance: fewer than "
        f"{CHANCE:g} spans as improbable as one of them are to be expected in the transcription; "
        "source: the tune it is from is named, among the sources of the transcription or with the "
        "span. False spans are beyond chance and were not planted; "
        "behind them, in how many transcriptions."
    )
    _show_notes(judgement)
    _show_thresholds(batch, found)
    for title, wrong in (("Missed", judgement.misses), ("Falsely found", judgement.false_spans)):
        say(f"{title}: {len(wrong):,}. The first:" if wrong else f"{title}: none.")
        for some in wrong[:_SHOWN]:
            chance = "" if some.by_chance is None else f", {some.by_chance:.1g} by chance"
            say(f"{some.place} ({some.kind}): {some.what}, {some.notes} notes{chance}:")
            say(f"    {some.text[:_LINE]}")
        say()


def _row(kind: str, counts: Counts) -> tuple[str, ...]:
    if not counts.planted:
        found = [""] * 5
    else:
        numbers = (counts.planted, counts.found, counts.exact, counts.beyond_chance, counts.sources)
        found = [f"{number:,}" for number in numbers]
    identical = f"{counts.identical:,}" if kind == COPY else ""
    false = f"{counts.false_spans:,} in {counts.with_false:,}"
    return (kind, *found, identical, false)


def _show_notes(judgement: Judgement) -> None:
    """How long a planted bar must be for it to be told from chance, and how long chance gets."""
    false = Counter(wrong.notes for wrong in judgement.false_spans)
    planted = judgement.planted_by_notes
    rows = []
    for notes in sorted(notes for notes in planted | false if notes <= _LONGEST_BAR):
        share = f"{judgement.found_by_notes[notes] / planted[notes]:.0%}" if planted[notes] else ""
        rows.append((f"{notes}", f"{planted[notes]:,}", share, f"{false[notes]:,}"))
    show_table("   By their notes", ("notes", "planted", "beyond chance", "false spans"), rows)


def _show_thresholds(batch: Sequence[Planted], found: Sequence[Answer]) -> None:
    """What another threshold would find: more of what was planted, or less by chance."""
    rows = []
    for threshold in _THRESHOLDS:
        counts = judge(batch, found, threshold).counts
        hosts = counts[NOTHING]
        bars, parts = counts[BAR], counts[PART]
        rows.append(
            (
                f"{threshold:g}",
                f"{bars.beyond_chance / max(bars.planted, 1):.1%}",
                f"{parts.beyond_chance / max(parts.planted, 1):.1%}",
                f"{hosts.false_spans / max(hosts.transcriptions, 1):.4f}",
                f"{hosts.with_false / max(hosts.transcriptions, 1):.2%}",
            )
        )
    columns = ("fewer by chance than", "bars", "parts", "false spans a host", "hosts with one")
    show_table("   By where chance ends", columns, rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRANSCRIPTIONS)
