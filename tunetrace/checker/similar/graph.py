"""One step over the neighbour graph: a tune that is near to a near tune is near."""

from __future__ import annotations

from collections.abc import Sequence

from tunetrace.indexer.near.families import STEP
from tunetrace.indexer.near.graph import BOUND, NearGraph
from tunetrace.indexer.near.score import SURE
from tunetrace.indexer.near.search import Near
from tunetrace.indexer.near.sequences import STEPS
from tunetrace.indexer.search.segment import Mask


def over_graph(
    found: Sequence[Near],
    graph: NearGraph,
    admitted: Mask | None = None,
    own: int | None = None,
    threshold: float = 0.0,
) -> list[Near]:
    """What was found for a tune, and what is near to that, best first.

    found: best first, as NearSearch gives them. A tune has its own probability, or 0.7 times the
    product of the two probabilities over one tune between them, if that is more; by_way_of names
    this tune. admitted: which tunes count, as a mask by id; None for all. own: the id of the asked
    tune if it is one of the index; then it is also near to the tunes whose own search found it.
    threshold: tunes from this probability on come before all others.
    """
    best = {near.tune: near for near in found}
    for near in () if own is None else graph.neighbours(own):
        is_counted = admitted is None or admitted[near.tune]
        if is_counted and (near.tune not in best or near.probability > best[near.tune].probability):
            best[near.tune] = near
    for between in list(best.values()):
        reach = STEP * between.probability
        if reach < BOUND:
            continue
        for near in graph.neighbours(between.tune):
            probability = reach * near.probability
            if probability < BOUND:
                break  # the rest is less probable still
            if admitted is not None and not admitted[near.tune]:
                continue
            if near.tune not in best or probability > best[near.tune].probability:
                up = (between.up + near.up) % STEPS
                best[near.tune] = Near(near.tune, probability, up, between.tune)
    # Stable, so that those which are sure stay in the order in which they were found.
    sure = max(SURE, threshold)
    return sorted(best.values(), key=lambda near: -min(near.probability, sure))
