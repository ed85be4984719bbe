"""Finding the families of an index: its tunes compared with one another and grouped by melody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tunetrace.arguments import public
from tunetrace.checker.records import names_of
from tunetrace.checker.similar.families.comparing import (
    compared,
    compared_on_cluster,
    parts_of_families,
)
from tunetrace.checker.similar.families.records import Family, FamilyReport, FamilyTune
from tunetrace.cluster.connecting import ClusterName
from tunetrace.cluster.owners import see_shards
from tunetrace.cluster.parts import check_cluster
from tunetrace.errors import IndexFileError, QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.records import Tune
from tunetrace.indexer.store.arrays.streams import store_graph
from tunetrace.indexer.store.database.connection import changing
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.progress import Progress, silent


@public
def find_families(
    path: str | Path | None = None,
    *,
    corpus: str | None = None,
    again: bool = False,
    workers: int = 0,
    cluster: ClusterName | None = None,
    shards: int | None = None,
    resume: bool = False,
    data_set: str | Path | None = None,
    progress: Progress = silent,
) -> FamilyReport:
    """The families of an index: settings of one melody, whatever their titles.

    The first time, every tune is compared with all others, and the neighbour graph is stored in the
    index, which cannot be changed meanwhile. Later the stored graph is read. path: the index; the
    default one if none is given. corpus: count only the tunes of this corpus. again: compare all
    tunes even if the index has the graph. workers: extra processes that compare; the program's main
    module must then be importable. cluster: compare on a Dask cluster: the address of its
    scheduler, or how many workers to start on this machine. shards: on a cluster, how many shards
    the index is cut into; default: chosen by its size. resume: on a cluster, go on with the slices
    that were finished before the same call was cut off. data_set: on a cluster, keep what is found
    for each slice in this folder, as Parquet; by default it is in the folder of the index
    until all is done.

    Raises IndexFileError if there is no index, it cannot be written, or it has no tune; QueryError
    for a corpus that it lacks, if shards or slices are asked for without a cluster, or if slices
    are to be kept though the index has the graph; ClusterError if the cluster cannot do the work;
    OutputError if the slices cannot be written or gone on with.
    """
    check_cluster(cluster, resume=resume, data_set=data_set)
    see_shards(cluster, shards)
    storage = storage_of(path)
    parts = None
    with Index(storage) as index:
        index.catalogue.admitted(Filters(corpus=corpus))  # before all tunes are compared
        if not again and index.graph is not None:
            if data_set is not None:
                raise QueryError(
                    f"{storage.shown}: the tunes of this index were compared before, so there is "
                    "nothing to keep; compare them anew with 'tunetrace families --again'"
                )
            return _report(index, index.graph, corpus, 0)
    with changing(storage) as connection, Index(storage, connection) as index:
        tunes = [tune for some in index.figures.segments for tune in some.tune_ids.tolist()]
        if not tunes:
            raise IndexFileError(
                f"{storage.shown}: the index has no tune, so there are no families; add a corpus "
                "with 'tunetrace index add'"
            )
        if cluster is None:
            rows = list(compared(index, tunes, workers=workers, progress=progress))
        else:
            parts = parts_of_families(index, resume=resume, data_set=data_set)
            found = compared_on_cluster(
                cluster, index, tunes, parts, shards=shards, progress=progress
            )
            rows = list(found)
        progress("grouping the tunes", len(tunes))
        graph = NearGraph.of(tunes, np.concatenate(rows))
        store_graph(connection, graph)
        report = _report(index, graph, corpus, len(tunes))
    if parts is not None:
        parts.end()  # now that the graph is stored
    return report


def _report(index: Index, graph: NearGraph, corpus: str | None, compared: int) -> FamilyReport:
    admitted = index.admitted(Filters(corpus=corpus))
    counted = [tune for tune in graph.tunes.tolist() if admitted is None or bool(admitted[tune])]
    members: dict[int, list[int]] = {}
    for tune, family in zip(counted, graph.family_of[counted].tolist(), strict=True):
        members.setdefault(family, []).append(tune)
    several = {family: tunes for family, tunes in members.items() if len(tunes) > 1}
    records = index.catalogue.tunes(tune for tunes in several.values() for tune in tunes)
    families = [
        family_record([records[tune] for tune in tunes], graph) for tunes in several.values()
    ]
    families.sort(key=lambda family: (-len(family.tunes), family.family))
    sizes = Counter(len(family.tunes) for family in families)
    return FamilyReport(
        path=index.named,
        corpus=corpus,
        tunes=len(counted),
        compared=compared,
        pairs=len(graph.pairs),
        alone=len(members) - len(several),
        sizes=dict(sorted(sizes.items())),
        families=tuple(families),
    )


def family_record(tunes: Sequence[Tune], graph: NearGraph) -> Family:
    """The record of a family, of which these tunes count."""
    titles = [tune.title for tune in tunes if tune.title]
    keys = Counter(map(title_key, titles))
    commonest = max(keys, key=keys.__getitem__, default="")  # of several the first
    return Family(
        family=int(graph.family_of[tunes[0].tune]),
        name=next((title for title in titles if title_key(title) == commonest), ""),
        titles=len(keys),
        tunes=tuple(_member(tune, graph) for tune in tunes),
    )


def _member(tune: Tune, graph: NearGraph) -> FamilyTune:
    families = graph.family_of
    own = families[tune.tune]
    near = next((one for one in graph.neighbours(tune.tune) if families[one.tune] == own), None)
    if near is None:
        return FamilyTune(*names_of(tune), None, None)
    return FamilyTune(*names_of(tune), near.tune, near.probability)
