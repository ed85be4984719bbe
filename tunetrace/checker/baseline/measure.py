"""Measuring how much people borrow: every tune of an index against all other tunes.

Generated transcriptions are compared with this baseline. Settings of a tune are left out: what two
settings have in common is not borrowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.checker.batch.arrays import Numbers, changes, join
from tunetrace.checker.batch.joint import JointLongest, ends_of
from tunetrace.checker.batch.spans import SliceMeasures, find_spans, measure_slice
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.measures import SIMILARITY
from tunetrace.errors import IndexFileError
from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import melodies_of
from tunetrace.indexer.search.joint import Barred, LongestSearch
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.store.baseline import store_baseline
from tunetrace.indexer.store.connection import changing
from tunetrace.indexer.store.storage import storage_of
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.tokenizer.layout.bars import lay_out

_TOGETHER: Final = 1000
"""So many tunes are laid out together to be compared as near copies,"""

_MEASURED_TOGETHER: Final = 5000
"""and so many to be matched."""

_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""The golden ratio as a fraction of 2⁶⁴: multiplied by it, neighbouring numbers are far apart."""


@dataclass(frozen=True, slots=True, repr=False)
class BaselineReport(Record):
    """What a baseline was measured from, and how the measures are distributed."""

    path: str
    """The index."""
    tunes: int
    """The tunes that were measured."""
    groups: int
    """The different tunes among them; the settings of a tune count once."""
    quantiles: dict[str, tuple[float, float, float]]
    """For each measure, by its name: what 10%, 50% and 90% of the tunes have at most."""


@public
def measure_baseline(
    path: str | Path | None = None, *, similar: bool = False, progress: Progress = silent
) -> BaselineReport:
    """Measure every tune of an index against all others, and store that as its baseline.

    path: the index; the default one if none is given. similar: also how probable it is that the
    most similar other tune is a near copy, which takes some milliseconds for each tune. Settings of
    the same tune are left out. The index cannot be changed meanwhile. Raises IndexFileError if
    there is no index, it cannot be written, or it has no two different tunes.
    """
    storage = storage_of(path)
    with changing(storage) as connection, Index(storage, connection) as index:
        groups = index.catalogue.setting_groups()
        different = len(set(groups.values()))
        if different < 2:
            raise IndexFileError(
                f"{storage.shown}: the index has fewer than two different tunes, so tunes cannot "
                "be compared; add a corpus with 'tunetrace index add'"
            )
        tunes = np.array(sorted(groups), dtype=np.int32)
        measured = _measure(index, tunes, groups, progress)
        values = dict(measured.by_name())
        if similar:
            values[SIMILARITY.name] = _similarity(index, tunes, groups, progress)
        store_baseline(connection, tunes, measured.notes, values)
    return BaselineReport(
        path=storage.shown,
        tunes=len(tunes),
        groups=different,
        quantiles={name: _quantiles(column) for name, column in values.items()},
    )


def _quantiles(values: NDArray[np.float32]) -> tuple[float, float, float]:
    """What 10%, 50% and 90% of the tunes have at most. These are values of actual tunes."""
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf").tolist()
    return low, median, high


def _measure(
    index: Index, tunes: Numbers, groups: Mapping[int, int], progress: Progress
) -> SliceMeasures:
    """Measure tunes, given by their ids, each against the tunes of other groups."""
    numbered = np.array([groups[tune] for tune in tunes.tolist()], dtype=np.int32)
    search = index.figures
    of_tunes = np.zeros(search.last_id + 1, dtype=np.int32)
    of_tunes[tunes] = numbered
    found = []
    for first in range(0, len(tunes), _MEASURED_TOGETHER):
        progress("matching the tunes with one another", first)
        some = slice(first, first + _MEASURED_TOGETHER)
        layouts = (lay_out(index.tokens(tune)) for tune in tunes[some].tolist())
        stream = join_layouts(layouts, index.vocabulary)
        barred = Barred(of_tunes, np.repeat(numbered[some], np.diff(stream.starts)))
        asked = LongestSearch(stream.text, ends_of(stream, search.goes_on), barred)
        matches = JointLongest(asked.among(search.segments))
        spans = find_spans(stream, matches)
        unknown = np.zeros(len(stream.bar_keys), dtype=bool)
        found.append(measure_slice(stream, spans, matches.longest, (unknown, unknown)))
    progress("comparing their bars", len(tunes))
    measures = join(found)
    of = np.repeat(np.arange(len(tunes)), measures.bar_count)
    in_others = _bars_in_others(index.bars_in(TOKENS), of_tunes)
    in_corpus, same_position = (
        np.bincount(of[is_there], minlength=len(tunes)).astype(np.int32) for is_there in in_others
    )
    return replace(measures, bars_in_corpus=in_corpus, bars_same_position=same_position)


def _similarity(
    index: Index, tunes: Numbers, groups: Mapping[int, int], progress: Progress
) -> NDArray[np.float32]:
    """The probability of the most probable near copy of each tune in another group: (tunes,)."""
    group = np.full(int(tunes.max()) + 1, -1)
    group[tunes] = [groups[tune] for tune in tunes.tolist()]
    found = np.zeros(len(tunes), dtype=np.float32)
    for first in range(0, len(tunes), _TOGETHER):
        progress("seeking similar tunes", first)
        some = tunes[first : first + _TOGETHER]
        melodies = melodies_of([lay_out(index.tokens(tune)) for tune in some.tolist()])
        for place, (tune, melody) in enumerate(zip(some.tolist(), melodies, strict=True), first):
            near = index.near.near(melody, group != group[tune])
            found[place] = max((one.probability for one in near), default=0.0)
    return found


def _bars_in_others(
    segments: Sequence[SegmentBars], groups: Numbers
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each bar is in a tune of another group, and whether at the same position.

    segments: in the order of their tunes, as the bars of the answer are. groups: (last id + 1,) the
    group of each tune, by its id. Bars are told apart by their hashes.
    """
    hashes = np.concatenate([some.hashes[some.of] for some in segments]).view(np.uint64)
    of = np.concatenate([groups[some.tune_of_bars] for some in segments])
    parts = np.concatenate([some.parts for some in segments]).astype(np.uint64)
    numbers = np.concatenate([some.numbers for some in segments]).astype(np.uint64)
    places = hashes ^ ((parts << np.uint64(32)) + numbers + np.uint64(1)) * _ODD
    return _in_several(hashes, of), _in_several(places, of)


def _in_several(keys: NDArray[np.uint64], groups: Numbers) -> NDArray[np.bool_]:
    """Whether each key is found in more than one group: (n,). Keys are compared in sixteen parts,
    which takes a sixteenth of the memory."""
    found = np.zeros(len(keys), dtype=bool)
    part = (keys >> np.uint64(60)).astype(np.uint8)
    for number in range(16):
        some = np.flatnonzero(part == number)
        some = some[np.argsort(keys[some], kind="stable")]
        first = np.flatnonzero(changes(keys[some])) if len(some) else some
        if len(first):
            least, most = (how.reduceat(groups[some], first) for how in (np.minimum, np.maximum))
            found[some] = np.repeat(least != most, np.diff(first, append=len(some)))
    return found
