"""Measuring how much people borrow: every tune of an index against all other tunes.

Generated transcriptions are compared with this baseline. Settings of a tune are left out: what two
settings have in common is not borrowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.checker.batch.arrays import Numbers, changes
from tunetrace.checker.batch.joint import JointLongest, ends_of
from tunetrace.checker.batch.spans import find_spans, measure_slice
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.measures import MEASURES, SIMILARITY, Measure
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.checker.remote.tunes import parts_of, tasks_of
from tunetrace.checker.tables import NUMBER, WHOLE, Column, batch_of_arrays
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.parts import Parts, check_cluster, parquet_of
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

_Measured: TypeAlias = dict[str, NDArray[Any]]
"""What was measured of some tunes, by name: their ids (`tune`), `notes`, `bars` and all measures
but those _OF_BARS. (tunes,) each."""

_OF_BARS: Final = ("bars_in_corpus", "bars_same_position")
"""The measures of bars, for which the bars of all tunes are compared at once."""

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
    resume: bool = False,
    data_set: str | Path | None = None,
    progress: Progress = silent,
) -> BaselineReport:
    """Measure every tune of an index against all others, and store that as its baseline.

    path: the index; the default one if none is given. similar: also how probable it is that the
    most similar other tune is a near copy, which takes some milliseconds for each tune. Settings of
    the same tune are left out. cluster: measure on a Dask cluster: the address of its scheduler, or
    how many workers to start on this machine. resume: on a cluster, go on with the slices that were
    finished before the same call was cut off. data_set: on a cluster, keep the measures of each
    slice in this folder, as Parquet; by default they are in the folder of the index until
    all is done. The index cannot be changed meanwhile.

    Raises IndexFileError if there is no index, it cannot be written, or it has no two different
    tunes; ClusterError if the cluster cannot do the work; OutputError if the slices cannot be
    written or gone on with, and QueryError if they are asked for without a cluster.
    """
    check_cluster(cluster, resume=resume, data_set=data_set)
    parts = None
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
            asked = {"command": "baseline", "--similar": similar, "size of slices": _TOGETHER}
            parts = parts_of(index, asked, _TABLE, resume=resume, data_set=data_set)
            blocks = list(_measured_on_cluster(cluster, tunes, similar, parts, progress))
        progress("comparing their bars", len(tunes.ids))
        columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        columns |= tunes.in_bars(columns["bars"])
        values = {
            measure.name: columns[measure.name].astype(np.float32)
            for measure in (*MEASURES, SIMILARITY)
            if measure.name in columns
        }
        store_baseline(connection, tunes.ids, columns["notes"], values)
    if parts is not None:
        parts.end()  # now that the baseline is stored
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

    def measured(self, tunes: Sequence[int], *, similar: bool) -> _Measured:
        """Measure tunes, given by their ids. similar: also seek near copies of them."""
        index, search = self.index, self.index.figures
        layouts = [lay_out(index.tokens(tune)) for tune in tunes]
        ids = np.array(tunes, dtype=np.int32)
        groups = self.of[ids]
        stream = join_layouts(layouts, index.vocabulary)
        barred = Barred(self.of, np.repeat(groups, np.diff(stream.starts)))
        asked = LongestSearch(stream.text, ends_of(stream, search.goes_on), barred)
        matches = JointLongest(asked.among(search.segments))
        spans = find_spans(stream, matches)
        unknown = np.zeros(len(stream.bar_keys), dtype=bool)
        measures = measure_slice(stream, spans, matches.longest, (unknown, unknown))
        columns = {
            "tune": ids,
            "notes": measures.notes,
            "bars": measures.bar_count,
            **{name: some for name, some in measures.by_name().items() if name not in _OF_BARS},
        }
        if similar:
            similarity = [
                max(
                    (one.probability for one in index.near.near(melody, self.of != group)),
                    default=0.0,
                )
                for melody, group in zip(melodies_of(layouts), groups.tolist(), strict=True)
            ]
            columns[SIMILARITY.name] = np.array(similarity, dtype=np.float32)
        return columns

    def in_bars(self, bars: Numbers) -> dict[str, NDArray[np.float32]]:
        """The shares of bars that are in others and at the same position, by their names.

        bars: (tunes,) the number of bars of each.
        """
        of = np.repeat(np.arange(len(self.ids)), bars)
        shares = (
            np.bincount(of[is_there], minlength=len(self.ids)) / np.maximum(bars, 1)
            for is_there in _bars_in_others(self.index.bars_in(TOKENS), self.of)
        )
        return dict(zip(_OF_BARS, (share.astype(np.float32) for share in shares), strict=True))


def _measured(tunes: _TunesInGroups, similar: bool, progress: Progress) -> Iterator[_Measured]:
    """All tunes, measured in this process."""
    for first in range(0, len(tunes.ids), _TOGETHER):
        progress("matching the tunes with one another", first)
        some = tunes.ids[first : first + _TOGETHER].tolist()
        yield tunes.measured(some, similar=similar)


def _measured_on_cluster(
    cluster: ClusterName, tunes: _TunesInGroups, similar: bool, parts: Parts, progress: Progress
) -> Iterator[_Measured]:
    """All tunes, measured by the workers of a cluster."""
    tasks = tasks_of(IndexElsewhere.of(tunes.index), tunes.ids.tolist(), _TOGETHER, similar)
    for number in parts.finish(cluster, _measure_elsewhere, lambda _: tasks, "measuring", progress):
        table = parts.table(_TABLE, number)
        yield {name: table[name].to_numpy() for name in table.column_names}


_tunes_of = lru_cache(maxsize=1)(_TunesInGroups.of_index)
"""The tunes of the index that a worker has open."""


def _measure_elsewhere(
    index: IndexElsewhere, tunes: Sequence[int], similar: bool
) -> dict[str, bytes]:
    measured = _tunes_of(index.opened()).measured(tunes, similar=similar)
    columns = [column for column in _COLUMNS if similar or column.name != SIMILARITY.name]
    return {_TABLE: parquet_of(batch_of_arrays(measured, columns))}


def _column(measure: Measure) -> Column[_Measured]:
    kind = NUMBER if measure.is_share else WHOLE
    return Column(measure.name, kind, measure.label, itemgetter(measure.name))


_TABLE: Final = "measures"
"""The folder of what is measured on a cluster."""

_COLUMNS: Final[tuple[Column[_Measured], ...]] = (
    Column("tune", WHOLE, "its id in the index", itemgetter("tune")),
    Column("notes", WHOLE, "its notes; a chord counts as one note", itemgetter("notes")),
    Column("bars", WHOLE, "its bars", itemgetter("bars")),
    *(_column(one) for one in (*MEASURES, SIMILARITY) if one.name not in _OF_BARS),
)


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
