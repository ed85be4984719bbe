"""How much people borrow: every tune of an index measured against all others.

That is the baseline with which generated transcriptions are compared. Settings are left out: tunes
that share a title or a work are one tune written down more than once, and what they have in
common is not borrowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.joint import JointLongest, SymbolOrder, packed_places
from tunetrace.checker.batch.measures import SliceMeasures, measure_slice
from tunetrace.checker.batch.spans import find_spans
from tunetrace.checker.batch.stream import BatchStream, Numbers, join_layouts
from tunetrace.errors import IndexFileError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.joint import JointArrays
from tunetrace.indexer.store.baseline import store_baseline
from tunetrace.indexer.store.connection import changing
from tunetrace.progress import Progress, silent
from tunetrace.text import printable
from tunetrace.tokenizer.bars import lay_out

LEAST_GROUPS = 2
"""So many different tunes there must be for one to borrow from another."""


@dataclass(frozen=True, slots=True)
class BaselineReport:
    """What a baseline was measured of.

    tunes: how many were measured; groups: how many different ones these are, settings of one tune
    counted once. quantiles: for each measure by its name what a tenth, a half and nine tenths of
    the tunes have at most.
    """

    path: str
    tunes: int
    groups: int
    quantiles: dict[str, tuple[float, float, float]]


def measure_baseline(path: Path, progress: Progress = silent) -> BaselineReport:
    """Measure every tune of the index at path against all others, and store it there.

    Nothing else may change the index meanwhile. Raises IndexFileError where it has no two different
    tunes, or cannot be written.
    """
    with changing(path) as connection, Index(path, connection) as index:
        groups = index.catalogue.setting_groups()
        different = len(set(groups.values()))
        if different < LEAST_GROUPS:
            raise IndexFileError(
                f"{path}: the index has no two different tunes, so that none can be measured "
                "against others; add a corpus with 'tunetrace index add'"
            )
        tunes = np.array(sorted(groups), dtype=np.int32)
        measured = _measure(index, tunes, groups, progress)
        values = measured.by_name()
        store_baseline(connection, tunes, measured.notes, values)
    return BaselineReport(
        path=printable(str(path)),
        tunes=len(tunes),
        groups=different,
        quantiles={name: _quantiles(column) for name, column in values.items()},
    )


def _quantiles(values: NDArray[np.float32]) -> tuple[float, float, float]:
    """What a tenth, a half and nine tenths have at most: values that tunes do have."""
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf").tolist()
    return low, median, high


def _measure(
    index: Index, tunes: Numbers, groups: Mapping[int, int], progress: Progress
) -> SliceMeasures:
    """Measure tunes, given by their ids, each against those of other groups."""
    progress("laying out the tunes", 0)
    layouts = (lay_out(index.tokens(tune)) for tune in tunes.tolist())
    stream = join_layouts(layouts, index.vocabulary)
    progress("matching them with one another", len(tunes))
    order = SymbolOrder(index.vocabulary)
    joint = JointArrays(order.places[stream.symbols])
    group = np.array([groups[tune] for tune in tunes.tolist()], dtype=np.int32)
    everywhere = slice(0, len(joint.symbols))
    lengths = joint.matches(np.repeat(group, np.diff(stream.starts)), everywhere)
    matches = JointLongest(joint, lengths, order)
    spans = find_spans(stream, matches)
    progress("measuring them", len(tunes))
    return measure_slice(stream, spans, matches.longest, _bars_of_others(stream, group))


def _bars_of_others(
    stream: BatchStream, group: Numbers
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which bars stand in a tune of another group, and which there at the same position."""
    numbers: dict[str, int] = {}
    bars = np.array(
        [numbers.setdefault(text, len(numbers)) for text in stream.bar_texts], dtype=np.int64
    )
    of = np.repeat(group, stream.bars)
    places = packed_places(bars, stream.bar_parts, stream.bar_numbers)
    return _in_several(bars, of), _in_several(places, of)


def _in_several(keys: NDArray[np.int64], groups: Numbers) -> NDArray[np.bool_]:
    """Which keys occur in more than one group: (n,)."""
    _, key = np.unique(keys, return_inverse=True)
    pairs = np.unique(key.astype(np.int64) << 32 | groups)
    return np.asarray(np.bincount(pairs >> 32)[key] > 1)
