"""Measuring how much people borrow: every tune of an index against all other tunes.

Generated transcriptions are compared with this baseline. Settings of a tune are left out: what two
settings have in common is not borrowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
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
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.tasks import Task
from tunetrace.errors import IndexFileError
from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import melodies_of
from tunetrace.indexer.search.joint import Barred, LongestSearch
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.store.arrays.baseline import store_baseline
from tunetrace.indexer.store.database.connection import changing
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.tokenizer.layout.bars import lay_out

_TOGETHER: Final = 2000
"""How many tunes are measured together."""

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
    path: str | Path | None = None,
    *,
    similar: bool = False,
    cluster: ClusterName | None = None,
    progress: Progress = silent,
) -> BaselineReport:
    """Measure every tune of an index against all others, and store that as its baseline.

    path: the index; the default one if none is given. similar: also how probable it is that the
    most similar other tune is a near copy, which takes some milliseconds for each tune. Settings of
    the same tune are left out. cluster: measure on a Dask cluster: the address of its scheduler, or
    how many workers to start on this machine. The index cannot be changed meanwhile. Raises
    IndexFileError if there is no index, it cannot be written, or it has no two different tunes;
    ClusterError if the cluster cannot do the work.
    """
    storage = storage_of(path)
    with changing(storage) as connection, Index(storage, connection) as index:
        tunes = _TunesInGroups.of_index(index)
        different = len(set(tunes.groups.tolist()))
        if different < 2:
            raise IndexFileError(
                f"{storage.shown}: the index has fewer than two different tunes, so tunes cannot "
                "be compared; add a corpus with 'tunetrace index add'"
            )
        if cluster is None:
            blocks = list(_measured(tunes, similar, progress))
        else:
            blocks = _measured_on_cluster(cluster, tunes, similar, progress)
        progress("comparing their bars", len(tunes.ids))
        measures = tunes.with_bars(join([block.measures for block in blocks]))
        values = dict(measures.by_name())
        if similar:
            values[SIMILARITY.name] = np.concatenate([block.similarity for block in blocks])
        store_baseline(connection, tunes.ids, measures.notes, values)
    return BaselineReport(
        path=storage.shown,
        tunes=len(tunes.ids),
        groups=different,
        quantiles={name: _quantiles(column) for name, column in values.items()},
    )


def _quantiles(values: NDArray[np.float32]) -> tuple[float, float, float]:
    """What 10%, 50% and 90% of the tunes have at most. These are values of actual tunes."""
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf").tolist()
    return low, median, high


@dataclass(frozen=True, slots=True)
class _MeasuredTunes:
    """What was measured of some tunes in a row, except for their bars."""

    measures: SliceMeasures
    similarity: NDArray[np.float32]
    """The probability of the most probable near copy of each in another group: (tunes,); empty if
    none was sought."""


@dataclass(frozen=True, slots=True, eq=False)
class _TunesInGroups:
    """The tunes of an index, to be measured each against those of other groups."""

    index: Index
    ids: Numbers
    """(tunes,) ascending."""
    groups: Numbers
    """(tunes,) settings of one tune are a group."""
    of: Numbers
    """(last id + 1,) the group of each tune by its id; -1 where there is none."""

    @classmethod
    def of_index(cls, index: Index) -> _TunesInGroups:
        """All tunes of an index."""
        groups = index.catalogue.setting_groups()
        ids = np.array(sorted(groups), dtype=np.int32)
        of_ids = np.array([groups[tune] for tune in ids.tolist()], dtype=np.int32)
        of = np.full(index.figures.last_id + 1, -1, dtype=np.int32)
        of[ids] = of_ids
        return cls(index, ids, of_ids, of)

    def measured(self, first: int, stop: int, *, similar: bool) -> _MeasuredTunes:
        """Measure tunes in a row. similar: also seek near copies of them."""
        index, search = self.index, self.index.figures
        layouts = [lay_out(index.tokens(tune)) for tune in self.ids[first:stop].tolist()]
        groups = self.groups[first:stop]
        stream = join_layouts(layouts, index.vocabulary)
        barred = Barred(self.of, np.repeat(groups, np.diff(stream.starts)))
        asked = LongestSearch(stream.text, ends_of(stream, search.goes_on), barred)
        matches = JointLongest(asked.among(search.segments))
        spans = find_spans(stream, matches)
        unknown = np.zeros(len(stream.bar_keys), dtype=bool)
        measures = measure_slice(stream, spans, matches.longest, (unknown, unknown))
        melodies = melodies_of(layouts) if similar else ()
        similarity = [
            max((one.probability for one in index.near.near(melody, self.of != group)), default=0.0)
            for melody, group in zip(melodies, groups.tolist(), strict=False)
        ]
        return _MeasuredTunes(measures, np.array(similarity, dtype=np.float32))

    def with_bars(self, measures: SliceMeasures) -> SliceMeasures:
        """The measures of all tunes, with those of their bars."""
        of = np.repeat(np.arange(len(self.ids)), measures.bar_count)
        in_others = _bars_in_others(self.index.bars_in(TOKENS), self.of)
        in_corpus, same_position = (
            np.bincount(of[is_there], minlength=len(self.ids)).astype(np.int32)
            for is_there in in_others
        )
        return replace(measures, bars_in_corpus=in_corpus, bars_same_position=same_position)


def _measured(tunes: _TunesInGroups, similar: bool, progress: Progress) -> Iterator[_MeasuredTunes]:
    """All tunes, measured in this process."""
    for first in range(0, len(tunes.ids), _TOGETHER):
        progress("matching the tunes with one another", first)
        yield tunes.measured(first, first + _TOGETHER, similar=similar)


def _measured_on_cluster(
    cluster: ClusterName, tunes: _TunesInGroups, similar: bool, progress: Progress
) -> list[_MeasuredTunes]:
    """All tunes, measured by the workers of a cluster."""
    elsewhere = IndexElsewhere.of(tunes.index)
    firsts = range(0, len(tunes.ids), _TOGETHER)
    tasks = (
        Task(
            number,
            f"tunes {tunes.ids[first]} to {tunes.ids[stop - 1]} of the index",
            stop - first,
            (elsewhere, first, stop, similar),
        )
        for number, first in enumerate(firsts)
        for stop in [min(first + _TOGETHER, len(tunes.ids))]
    )
    with connected(cluster) as workers:
        blocks = {
            task.number: block
            for task, block in workers.run(_measure_elsewhere, tasks, "measuring", progress)
        }
    return [blocks[number] for number in range(len(firsts))]


_tunes_of = lru_cache(maxsize=1)(_TunesInGroups.of_index)
"""The tunes of the index that a worker has open."""


def _measure_elsewhere(
    index: IndexElsewhere, first: int, stop: int, similar: bool
) -> _MeasuredTunes:
    return _tunes_of(index.opened()).measured(first, stop, similar=similar)


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
