"""How far near copies agree with titles: ours, TF-IDF and MMseqs2 in one run."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure import processor_seconds
from benchmarks.output import duration, ratio, say, show_table
from benchmarks.similar import mmseqs
from benchmarks.similar.ours import Answer, Ours
from benchmarks.similar.tfidf import LENGTHS, TfIdf
from benchmarks.similar.titles import LIMIT, Titles
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.write import to_abc

FITTED: Final = 1_500
"""The probability was fitted on this many tunes, the first ones."""

_BOUNDS: Final = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0)
_SHOWN: Final = 50
_JUDGED: Final = Path(__file__).with_name("judged.csv")


@dataclass(frozen=True, slots=True)
class _Method:
    """What a method answers for each tune, by places, and how long it takes for one."""

    name: str
    answers: dict[int, Sequence[int]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What our search answers for each tune by its place, and the seconds for one tune."""

    answers: dict[int, list[Answer]]
    seconds: float


def ask_all(ours: Ours, tunes: Sequence[Transcription]) -> Asked:
    """The near copies of each tune among the others."""
    layouts = [lay_out(tune.tokens) for tune in tunes]
    ours.near_others(layouts[:20])  # what is made once
    answers: dict[int, list[Answer]] = {}
    elapsed = processor_seconds(lambda: answers.update(ours.near_others(layouts)))
    return Asked(answers, elapsed / len(tunes))


def measure(tunes: Sequence[Transcription], alone: Asked, over_graph: Asked) -> None:
    """Print the tables. alone: from ask_all; over_graph: the same with the neighbour graph."""
    titles = Titles(tunes)
    ours = _Method("tunetrace", _places(alone.answers), alone.seconds)
    with_graph = _Method("tunetrace, graph", _places(over_graph.answers), over_graph.seconds)
    methods = [ours, with_graph, _tfidf(tunes), *_mmseqs(tunes)]
    everything, late = titles.asked(), titles.asked(FITTED)
    rows: list[tuple[str, ...]] = [("target", "0.930", "0.870", "", "", "", "8x faster")]
    for method in methods:
        scores = [titles.scores(method.answers, asked) for asked in (everything, late)]
        shares = [f"{x:.3f}" for s in scores for x in (s.first_right, s.mean_average_precision)]
        is_own = method in (ours, with_graph)
        compared = "" if is_own else ratio(with_graph.seconds, method.seconds)
        rows.append((method.name, *shares, duration(method.seconds), compared))
    show_table(
        f"{len(tunes):,} tunes, each asked against all others: the same title as truth",
        ("", "first", "MAP", "first*", "MAP*", "a tune", "tunetrace is"),
        rows,
    )
    say(
        f"Asked are the {len(everything):,} tunes whose title another tune has; *: of those, the "
        f"{len(late):,} after the first {FITTED:,} tunes, on which the probability was fitted. "
        "First: the share whose first answer has the title; MAP: mean average precision of "
        f"{LIMIT} answers. Graph: one step over the neighbour graph, and the method that the peers "
        "are compared with. Times are processor time. tunetrace and MMseqs2 search for all tunes "
        "at once, TF-IDF for one after another. Before that, tunes are laid out in bars for "
        "tunetrace and written as letters for MMseqs2; that does not count. TF-IDF: cosines over "
        f"n-grams of {LENGTHS[0]} to {LENGTHS[-1]} tokens, bar lines with them. MMseqs2: the pitch "
        "class at each quaver as a letter; as published: with TheSessionEvo's scores and "
        f"MMseqs2's defaults; sensitive: what finds most of the settings that were tried "
        f"({mmseqs.SENSITIVE.said}); unmasked: the same without the last two options."
    )
    _show_calibration(titles, {place: alone.answers[place] for place in late})


def show_disagreements(
    tunes: Sequence[Transcription], answers: dict[int, list[Answer]], *, with_music: bool
) -> None:
    """Print the most probable pairs of other titles, with what they were judged to be.

    Of several settings of two titles the most probable pair is shown. with_music: the two tunes
    under the table, pair by pair.
    """
    titles = Titles(tunes)
    pairs: dict[frozenset[str], tuple[float, int, int]] = {}
    for place, found in answers.items():
        for one in found:
            if one.place in titles.settings(place):
                continue
            named = frozenset(title_key(tunes[k].title) for k in (place, one.place))
            low, high = min(place, one.place), max(place, one.place)
            if "" not in named:
                known = pairs.get(named, (0.0, 0, 0))
                pairs[named] = max((one.probability, low, high), known)
    best = sorted(pairs.items(), key=lambda pair: (-pair[1][0], pair[1]))[:_SHOWN]
    verdicts = _judged()
    print("\n| | probability | tune | tune | judged |")
    print("|---|---|---|---|---|")
    for number, (named, (probability, *pair)) in enumerate(best, 1):
        titled = [f"{tunes[k].title.replace('|', '/')} ({k + 1})" for k in pair]
        cells = (f"{number}", f"{probability:.4f}", *titled, verdicts.get(named, ""))
        print(f"| {' | '.join(cells)} |")
    counts = Counter(verdicts.get(named, "not yet judged") for named, _ in best)
    said = ", ".join(f"{verdict} {count}" for verdict, count in counts.most_common())
    print()
    say(f"Judged: {said}. Behind the titles are the numbers of the tunes in their file.")
    say()
    for number, (_, (_, *pair)) in enumerate(best if with_music else (), 1):
        print(f"{number}.")
        for k in pair:
            print(to_abc(tunes[k].tokens, title=tunes[k].title, number=k + 1))


def _judged() -> dict[frozenset[str], str]:
    """What two tunes were judged to be, by their titles' keys.

    same: one tune; part: they share a part; bars: some bars; other: no more than many tunes do.
    """
    with _JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {frozenset(map(title_key, (row["title"], row["other"]))): row["verdict"] for row in rows}


def _places(answers: dict[int, list[Answer]]) -> dict[int, Sequence[int]]:
    return {place: [one.place for one in found] for place, found in answers.items()}


def _tfidf(tunes: Sequence[Transcription]) -> _Method:
    peer = TfIdf([tune.body for tune in tunes])
    found: dict[int, list[int]] = {}

    def ask() -> None:
        for place, tune in enumerate(tunes):
            found[place] = peer.near(tune.body, LIMIT + 1)

    elapsed = processor_seconds(ask)
    return _Method("TF-IDF", _without_itself(found), elapsed / len(tunes))


def _mmseqs(tunes: Sequence[Transcription]) -> list[_Method]:
    if not mmseqs.is_installed():
        say("There is no program mmseqs (Debian: mmseqs2), so that MMseqs2 is left out.")
        return []
    melodies = [mmseqs.letters(tune.tokens) for tune in tunes]
    methods = []
    for settings in (mmseqs.PUBLISHED, mmseqs.UNMASKED, mmseqs.SENSITIVE):
        with TemporaryDirectory(prefix="tunetrace-mmseqs-") as folder:
            found = mmseqs.search_all(melodies, settings, Path(folder))
        answers = _without_itself(found.near)
        methods.append(_Method(settings.name, answers, found.seconds / len(tunes)))
    return methods


def _without_itself(found: dict[int, list[int]]) -> dict[int, Sequence[int]]:
    return {place: [one for one in near if one != place] for place, near in found.items()}


def _show_calibration(titles: Titles, answers: dict[int, list[Answer]]) -> None:
    """How many of the pairs of a probability share a title."""
    pairs = [
        (one.probability, one.place in titles.settings(place))
        for place, found in answers.items()
        for one in found
    ]
    rows = []
    for low, high in pairwise(_BOUNDS):
        within = [right for p, right in pairs if low <= p < high or p == high == 1]
        share = f"{sum(within) / len(within):.0%}" if within else ""
        rows.append((f"{low:g} to {high:g}", f"{len(within):,}", share))
    show_table("   Pairs by their probability", ("probability", "pairs", "same title"), rows)
