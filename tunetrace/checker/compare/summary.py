"""Summing up a batch: only a few numbers of each transcription are kept, so it may be of any size.

A summary needs the meter, the length and the measures of a transcription.
"""

from __future__ import annotations

from array import array
from bisect import insort
from collections import Counter
from collections.abc import Sequence
from math import log2
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import ViewName
from tunetrace.checker.batch.spans import LONGEST_CURVE
from tunetrace.checker.compare.records import (
    BatchSummary,
    Copy,
    Difference,
    Distribution,
    MeasureSummary,
    SourceCount,
)
from tunetrace.checker.compare.statistics import compare_batches, compare_with_baseline
from tunetrace.checker.measures import COPIED_LENGTHS, MEASURES, SIMILARITY, Measure
from tunetrace.checker.records import CHANCE, CheckedTune, TuneName, names_of
from tunetrace.checker.similar.search import FALSE_ALARMS
from tunetrace.checker.verdict import COPY_SHARE, NEARLY_ALL
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.store.arrays.baseline import BaselineTunes

SOURCES: Final = 20
"""A summary names at most this many sources."""

COPIES: Final = 20
"""A summary names at most this many transcriptions that are mostly in one corpus tune."""

_SHARES: Final = frozenset(m.name for m in (*MEASURES, SIMILARITY) if m.is_share)
_COUNTED: Final = (
    "identical", "nearly_of_one", "mostly_of_one", "duplicates", "near_duplicates",
    "beyond_chance", "bars", "bars_in_corpus", "bars_same_position",
)  # fmt: skip
_SHARE_BINS: Final = 20
_HALF_BITS: Final = 30
_LOW_HALF: Final = (1 << _HALF_BITS) - 1
_UNIT: Final = float(1 << 2 * _HALF_BITS)
_NOTE_BINS: Final = 32
_NOTES_IN_BIN: Final = 2


class BatchTally:
    """A batch that is being summed up; `add` takes the answers of its check, one by one.

    name: the name of the batch. inputs: the files that it is read from. view: what was compared.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[str] = (),
        copy_share: float = COPY_SHARE,
        named_from: float | None = None,
        view: ViewName = "tokens",
    ) -> None:
        """named_from: the probability from which on near copies are named; None if none are
        sought."""
        self.name = name
        self.view = view
        self.inputs = tuple(inputs)
        self._copy_share = copy_share
        self._named_from = named_from
        self._values = {measure.name: array("d") for measure in self._listed}
        self._meters: list[str | None] = []
        self._notes = array("q")
        self._set_aside: Counter[str] = Counter()
        self._with_span = dict.fromkeys(COPIED_LENGTHS, 0)
        self._counts: Counter[str] = Counter()
        self._copies: list[Copy] = []  # sorted, the most copied first
        self._uniqueness = _Curve()
        self._novelty = _Curve()
        self._sources: Counter[int] = Counter()
        self._names: dict[int, TuneName] = {}

    @property
    def _listed(self) -> Sequence[Measure]:
        return MEASURES if self._named_from is None else (*MEASURES, SIMILARITY)

    @property
    def transcriptions(self) -> int:
        """The number of transcriptions so far."""
        return len(self._notes)

    @property
    def set_aside(self) -> int:
        """The number of tunes set aside so far."""
        return self._set_aside.total()

    def add(self, record: CheckedTune | Rejected) -> None:
        """Count the next transcription, or a tune that was set aside."""
        if isinstance(record, Rejected):
            self._set_aside[record.kind] += 1
            return
        for measure in self._listed:
            self._values[measure.name].append(measure.value(record))
        self._meters.append(record.meter)
        self._notes.append(record.notes)
        for least in COPIED_LENGTHS:
            self._with_span[least] += record.longest_notes >= least
        self._uniqueness.add(record.uniqueness)
        self._novelty.add(record.novelty)
        counts = self._counts
        counts["identical"] += bool(record.identical_to)
        counts["nearly_of_one"] += record.share_of_one >= NEARLY_ALL
        one = record.identical_to[0] if record.identical_to else record.most_from
        if one is not None and record.share_of_one >= self._copy_share:
            counts["mostly_of_one"] += 1
            self._add_copy(record, one)
        counts["near_copies"] += bool(record.near_copies)
        counts["near_copies_only"] += bool(
            record.near_copies and record.share_of_one < self._copy_share
        )
        counts["duplicates"] += record.duplicate_of is not None
        counts["near_duplicates"] += (
            record.duplicate_of is None and record.near_duplicate_of is not None
        )
        counts["beyond_chance"] += record.is_beyond_chance
        counts["bars"] += record.bar_count
        counts["bars_in_corpus"] += record.bars_in_corpus
        counts["bars_same_position"] += record.bars_same_position
        # A single span of more bits is beyond chance in a tune of this length.
        least_bits = log2(max(record.notes, 1) / CHANCE)
        for source in record.sources:
            if source.bits > least_bits:
                self._sources[source.tune] += 1
                if source.tune not in self._names:
                    self._names[source.tune] = TuneName.of(source)

    def merge(self, later: BatchTally) -> None:
        """Count what another tally has counted of the transcriptions after these."""
        for name, values in self._values.items():
            values.extend(later._values[name])
        self._meters += later._meters
        self._notes.extend(later._notes)
        self._set_aside.update(later._set_aside)
        self._counts.update(later._counts)
        for least, count in later._with_span.items():
            self._with_span[least] += count
        self._copies = sorted((*self._copies, *later._copies), key=_most_copied)[:COPIES]
        self._uniqueness.merge(later._uniqueness)
        self._novelty.merge(later._novelty)
        self._sources.update(later._sources)
        self._names = {**later._names, **self._names}

    def summary(
        self, baseline: BaselineTunes | None = None, other: BatchTally | None = None
    ) -> BatchSummary:
        """The batch in numbers, compared with real tunes and another batch if given."""
        # Of equally frequent sources, the first of the index comes first.
        most = sorted(self._sources.items(), key=lambda source: (-source[1], source[0]))[:SOURCES]
        return BatchSummary(
            name=self.name,
            inputs=self.inputs,
            transcriptions=len(self._notes),
            set_aside=self._set_aside.total(),
            set_aside_by=dict(sorted(self._set_aside.items(), key=lambda kind: (-kind[1], kind))),
            notes=sum(self._notes),
            copy_share=self._copy_share,
            copies=tuple(self._copies),
            with_span=dict(self._with_span),
            measures=self._measures(baseline, other),
            uniqueness=self._uniqueness.means(),
            novelty=self._novelty.means(),
            sources=tuple(SourceCount(*names_of(self._names[tune]), count) for tune, count in most),
            **self._near_copies(),
            view=self.view,
            **{name: self._counts[name] for name in _COUNTED},
        )

    def _near_copies(self) -> dict[str, Any]:
        """The fields on near copies."""
        if self._named_from is None:
            return dict.fromkeys(("near_copies", "near_copies_only", "named_from", "false_alarms"))
        return {
            "near_copies": self._counts["near_copies"],
            "near_copies_only": self._counts["near_copies_only"],
            "named_from": self._named_from,
            "false_alarms": FALSE_ALARMS * len(self._notes),
        }

    def _add_copy(self, record: CheckedTune, tune: TuneName) -> None:
        """Keep a transcription if it is among the most copied ones; of equal ones the earlier.

        tune: the corpus tune that it is, or that has most of it.
        """
        copy = Copy(
            record.place,
            record.input,
            record.line,
            record.title,
            TuneName.of(tune),
            record.share_of_one,
            bool(record.identical_to),
        )
        insort(self._copies, copy, key=_most_copied)
        del self._copies[COPIES:]

    @property
    def _columns(self) -> dict[str, NDArray[np.float64]]:
        # Copies, since an array cannot grow while NumPy has a view of it.
        return {name: np.array(values) for name, values in self._values.items()}

    def _measures(
        self, baseline: BaselineTunes | None, other: BatchTally | None
    ) -> tuple[MeasureSummary, ...]:
        ours = self._columns
        to_baseline: dict[str, tuple[float, Difference]] = {}
        to_other: dict[str, Difference] = {}
        if baseline is not None and self._notes:
            notes = np.array(self._notes)
            known = {name: column for name, column in ours.items() if name in baseline.values}
            to_baseline = compare_with_baseline(self._meters, notes, known, baseline, _SHARES)
        if other is not None and self._notes and other._notes:
            to_other = compare_batches(ours, other._columns, _SHARES)
        return tuple(
            MeasureSummary(
                name=measure.name,
                label=measure.label,
                is_share=measure.is_share,
                more_is_copied=measure.more_is_copied,
                batch=distribution(ours[measure.name], measure.is_share),
                baseline=expected,
                to_baseline=difference,
                to_other=to_other.get(measure.name),
            )
            for measure in self._listed
            for expected, difference in [to_baseline.get(measure.name, (None, None))]
        )


def _most_copied(copy: Copy) -> tuple[bool, float, int]:
    """What copies are sorted by: the most copied first, of equal ones the earlier."""
    return not copy.is_whole, -copy.share, copy.place


def distribution(values: NDArray[np.float64], is_share: bool) -> Distribution:
    """The distribution of a measure. values: one for each transcription.

    Shares are counted in bins of 5%, notes in bins of two up to 64. The bins are the same for every
    batch, so that two histograms can share axes. Quantiles are interpolated: the median of 1 and 2
    is 1.5.
    """
    bins, width = (_SHARE_BINS, 1 / _SHARE_BINS) if is_share else (_NOTE_BINS, _NOTES_IN_BIN)
    if not len(values):
        return Distribution(0, 0.0, 0.0, (0.0,) * 9, 0.0, 0.0, 0.0, bins * width, (0,) * bins)
    # A share on the edge of a bin may fall below it by a rounding error. Shares are fractions of
    # small numbers, so no other share is as close to an edge.
    places = np.clip(np.floor(values / width + 1e-9), 0, bins - 1).astype(np.int64)
    deciles = np.quantile(values, np.arange(1, 10) / 10).tolist()
    return Distribution(
        count=len(values),
        mean=float(values.mean()),
        median=float(np.median(values)),
        deciles=tuple(deciles),
        least=float(values.min()),
        most=float(values.max()),
        low=0.0,
        high=float(bins * width),
        histogram=tuple(np.bincount(places, minlength=bins).tolist()),
    )


class _Curve:
    """The mean of curves of different lengths; each point is a mean of the curves that reach it.

    The values are shares, from 0 to 1. They are summed as whole numbers of _UNIT, in two halves,
    so that the sum does not depend on the order in which they come.
    """

    def __init__(self) -> None:
        self._high = np.zeros(LONGEST_CURVE, dtype=np.int64)
        self._low = np.zeros(LONGEST_CURVE, dtype=np.int64)
        self._counts = np.zeros(LONGEST_CURVE, dtype=np.int64)

    def add(self, curve: Sequence[float]) -> None:
        whole = np.rint(np.array(curve, dtype=np.float64) * _UNIT).astype(np.int64)
        self._high[: len(whole)] += whole >> _HALF_BITS
        self._low[: len(whole)] += whole & _LOW_HALF
        self._counts[: len(whole)] += 1

    def merge(self, other: _Curve) -> None:
        self._high += other._high
        self._low += other._low
        self._counts += other._counts

    def means(self) -> tuple[float, ...]:
        sums = zip(self._high.tolist(), self._low.tolist(), self._counts.tolist(), strict=True)
        return tuple(
            ((high << _HALF_BITS) + low) / (count << 2 * _HALF_BITS)
            for high, low, count in sums
            if count
        )
