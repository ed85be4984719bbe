"""What is measured of tunes under an intervention: those that a network writes, and real ones.

Each measure is a ratio of sums over tunes: a numerator and a denominator for each tune. A mean over
tunes has the denominator 1 for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.measures import COPIED, COPIED_LENGTHS, LONGEST
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.errors import AbcError
from tunetrace.indexer.index import Index
from tunetrace.model.inspect.measures.groups import BAR_LINES, grouped
from tunetrace.model.inspect.measures.marks import marks_of, with_rests
from tunetrace.model.records import Sampled
from tunetrace.model.trace import CUT_OFF, Trace
from tunetrace.tokenizer.folkrnn import to_folkrnn, tokenize_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.music import describe_music
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, is_token

Unit = Literal["share", "number", "bits", "tokens", "semitones", "notes"]
"""What a measure counts in."""

Ratios: TypeAlias = NDArray[np.float64]
"""(tunes, 2), the numerator and the denominator of each tune."""

_COPIED: Final = COPIED[COPIED_LENGTHS[0]]


@dataclass(frozen=True, slots=True)
class EffectMeasure:
    """A measure: its name in files, its label in tables, and what it counts in."""

    name: str
    label: str
    unit: Unit


ADDING_UP: Final = EffectMeasure("bars_adding_up", "bars that add up", "share")
BAR_LINE_WRITTEN: Final = EffectMeasure("bar_line_written", "p(bar) if written", "share")

OF_SAMPLES: Final = (
    ADDING_UP,
    EffectMeasure("bar_distance", "bar line distance", "tokens"),
    EffectMeasure("commonest_distance", "usual distance", "share"),
    EffectMeasure("ended", "tunes that end", "share"),
    EffectMeasure("parts", "parts", "number"),
    EffectMeasure("repeating", "tunes with repeat", "share"),
    EffectMeasure("range", "range, semitones", "semitones"),
    EffectMeasure("accidentals", "accidentals/note", "share"),
)
"""Of tunes that a network writes."""

OF_COPYING: Final = (
    EffectMeasure(_COPIED.name, f"copied, {COPIED_LENGTHS[0]}+ notes", "share"),
    EffectMeasure(LONGEST.name, "longest copy", "notes"),
)
"""Of the same, where there is an index to check them against."""

OF_REAL_TUNES: Final = (
    EffectMeasure("bits_per_token", "bits per token", "bits"),
    BAR_LINE_WRITTEN,
    EffectMeasure("bar_line_elsewhere", "p(bar) elsewhere", "share"),
)
"""Of real tunes that a network reads. The probability of a bar line is that of all bar lines
together, at steps at which one comes next, and at the others."""


def bar_distances(tokens: Sequence[str]) -> list[int]:
    """How many tokens lie from each bar line to the next one."""
    return [int(distance) for distance in np.diff(marks_of(tokens).bar_lines)]


def commonest_distance(tunes: Iterable[Sampled]) -> int:
    """The commonest distance between bar lines, the shorter one of equals; 0 if there is none."""
    counts = Counter(distance for tune in tunes for distance in bar_distances(tune.tokens))
    return min(counts, key=lambda distance: (-counts[distance], distance), default=0)


def measure_samples(tunes: Sequence[Sampled], usual: int) -> dict[str, Ratios]:
    """The measures OF_SAMPLES of each tune. usual: the commonest distance of the baseline."""
    rows: dict[str, list[tuple[float, float]]] = {one.name: [] for one in OF_SAMPLES}
    for tune in tunes:
        known = with_rests(tune.tokens)
        layout = lay_out(known)
        key = next((token[2:] for token in known if token.startswith("K:")), None)
        music = describe_music(layout, key)
        adds_up = [bar.adds_up for bar in layout.bars if bar.adds_up is not None]
        distances = bar_distances(tune.tokens)
        notes = sum(MEANINGS[token].kind == NOTE for token in known)
        has_range = music.range_semitones is not None
        found: Mapping[str, tuple[float, float]] = {
            "bars_adding_up": (sum(adds_up), len(adds_up)),
            "bar_distance": (sum(distances), len(distances)),
            "commonest_distance": (distances.count(usual), len(distances)),
            "ended": (tune.has_ended, 1),
            "parts": (len(music.parts), 1),
            "repeating": (any(part.is_repeated for part in music.parts), 1),
            "range": (music.range_semitones or 0, has_range),
            "accidentals": (sum(one.hits for one in music.accidentals), notes),
        }
        for name, row in found.items():
            rows[name].append(row)
    return {name: _ratios(of_tunes) for name, of_tunes in rows.items()}


def measure_copying(tunes: Sequence[Sampled], index: Index) -> dict[str, Ratios]:
    """The measures OF_COPYING of each tune; 0 of 0 for one that cannot be read."""
    rows: dict[str, list[tuple[float, float]]] = {one.name: [] for one in OF_COPYING}
    for answer in check_transcriptions(map(_read, tunes), index, is_prompt=False, verbatim=True):
        is_checked = isinstance(answer, CheckedTune)
        for measure in (_COPIED, LONGEST):
            row = (float(measure.value(answer)), 1.0) if is_checked else (0.0, 0.0)
            rows[measure.name].append(row)
    return {name: _ratios(of_tunes) for name, of_tunes in rows.items()}


def measure_readings(traces: Iterable[Trace]) -> dict[str, Ratios]:
    """The measures OF_REAL_TUNES of the trace of each tune."""
    rows: dict[str, list[tuple[float, float]]] = {one.name: [] for one in OF_REAL_TUNES}
    for traced in traces:
        came = traced.written != CUT_OFF
        lines = grouped(traced.names).get(BAR_LINES, [])
        probability = traced.probabilities[:, lines].sum(axis=1, dtype=np.float64)
        is_line = np.isin(traced.written, lines)
        # What has no probability in float32 has about 2 to the power of -149 at most.
        bits = np.minimum(traced.surprisal[came], _MOST_BITS).astype(np.float64)
        elsewhere = came & ~is_line
        rows["bits_per_token"].append((bits.sum(), came.sum()))
        rows["bar_line_written"].append((probability[is_line].sum(), is_line.sum()))
        rows["bar_line_elsewhere"].append((probability[elsewhere].sum(), elsewhere.sum()))
    return {name: _ratios(of_tunes) for name, of_tunes in rows.items()}


_MOST_BITS: Final = 150.0


def header_measures(batches: Iterable[Sequence[Sampled]]) -> list[EffectMeasure]:
    """A measure for each meter and key that tunes have: the share of tunes with it."""
    found = {token for tunes in batches for tune in tunes for token in _header(tune)}
    names = sorted(found, key=lambda token: (token[0] != "M", token))
    return [EffectMeasure(token, f"{_WHAT[token[0]]} {token[2:]}", "share") for token in names]


def measure_headers(tunes: Sequence[Sampled], names: Iterable[str]) -> dict[str, Ratios]:
    """Of each tune, whether it has a meter or a key: `M:6/8`, `K:Cdor`."""
    return {name: _ratios([(name in _header(tune), 1.0) for tune in tunes]) for name in names}


_WHAT: Final = {"M": "meter", "K": "key"}


def _header(tune: Sampled) -> set[str]:
    """The first meter and the first key of a tune."""
    first: dict[str, str] = {}
    for token in tune.tokens:
        if token[:2] in ("M:", "K:"):
            first.setdefault(token[0], token)
    return set(first.values())


def _ratios(rows: Sequence[tuple[float, float]]) -> Ratios:
    return np.array(rows, dtype=np.float64).reshape(len(rows), 2)


def _read(tune: Sampled) -> Transcription | Rejected:
    """A tune as a transcription; set aside where it is none."""
    name = f"tune {tune.number}"
    unread = next((token for token in tune.tokens if not is_token(token)), None)
    if unread is not None:
        return Rejected(name, None, None, f"'{unread}' is unknown", "unknown token")
    try:
        return tokenize_folkrnn(to_folkrnn(tune.tokens), input=name)
    except AbcError as error:
        return Rejected(name, error.line, error.column, error.reason, error.kind)
