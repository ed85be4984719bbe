"""The question for tunes that have several figures, and its answer.

All figures are searched first, without their places, which bounds the tunes that may be an answer.
Then the places are worked out in these tunes alone, beginning with the figure of fewest hits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain
from pathlib import Path

import numpy as np

from tunetrace.arguments import ViewName, none_or_more, public
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.find.placed import Placed, Together
from tunetrace.indexer.index import DEFAULT_LIMIT, Index, given_or_default
from tunetrace.indexer.queries.conditions import (
    And,
    Condition,
    Not,
    SamePart,
    Sought,
    at_column,
    figures_of,
    leaves_of,
    parse_conditions,
    written,
)
from tunetrace.indexer.queries.symbols import FigureQuery
from tunetrace.indexer.records import Found, FoundHit, FoundTune, SoughtFigure
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.text import listed


@public
def find(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
    view: ViewName = TOKENS.name,
    in_key: str | None = None,
) -> Found:
    """The tunes that have several figures, each at its place, with all hits of these figures.

    text: figures in quotes, joined by `and`, `or`, `not` and parentheses. Before each figure may be
    its place: `opening` (it begins on the first beat of bar 1 of part 1), `cadence` (its last note
    is the last of a part or of an ending), `part 2`, `bar 4`, `onset 3/2`; `"…" same part as "…"`
    is true if both are found in one part. filters: which tunes count; a place goes into the query.
    index: open, or its path; default: your own. limit: how many tunes to show. view: in which the
    figures are searched. in_key: the key in which they are written, if they do not say so.

    Raises QueryError for a query, a filter or a view that has no meaning, and for a query that
    tunes without any of its figures would answer (`not "…"` alone).
    """
    condition = parse_conditions(text)
    if filters.has_place:
        raise QueryError(
            "filters cannot have a part, a bar or an onset here; write them before each figure, "
            'such as part 2 bar 1 "G, C C 2"'
        )
    none_or_more(limit, "limit")
    chosen = view_named(view)
    with given_or_default(index) as opened:
        queries = _read_figures(condition, chosen, opened, in_key)
        admitted = opened.admitted(filters)
        search = _Finding(condition, queries, opened, chosen, admitted)
        tunes = search.answer()
        return Found(
            query=written(condition, lambda sought: queries[sought.figure].text),
            figures=tuple(
                _sought_figure(one, queries[one.sought.figure]) for one in search.figures
            ),
            tunes=len(tunes),
            families=opened.count_families(tunes),
            hits=sum(one.hits for one in search.figures),
            of=opened.tunes if admitted is None else int(admitted.sum()),
            results=search.shown(tunes[:limit]),
            view=chosen.name,
        )


def _sought_figure(one: Placed, query: FigureQuery) -> SoughtFigure:
    return SoughtFigure(
        figure=query.text,
        place=one.place,
        hits=one.hits,
        asked=one.sought.figure,
        read_as=query.read_as,
        in_key=query.key,
        remarks=query.remarks,
    )


def _read_figures(
    condition: Condition, view: View, index: Index, in_key: str | None
) -> dict[str, FigureQuery]:
    """What each text between quotes states; QueryError, with the column, if it states nothing."""
    queries: dict[str, FigureQuery] = {}
    for sought in chain.from_iterable(map(figures_of, leaves_of(condition))):
        if sought.figure not in queries:
            try:
                queries[sought.figure] = view.parse(sought.figure, index.vocabulary, in_key)
            except QueryError as error:
                raise at_column(sought.column, str(error)) from None
    return queries


class _Finding:
    """One query, asked of an index."""

    def __init__(
        self,
        condition: Condition,
        queries: Mapping[str, FigureQuery],
        index: Index,
        view: View,
        admitted: Mask | None,
    ) -> None:
        """queries: what each text between quotes states. admitted: the tunes that count, or all."""
        self._condition = condition
        self._index = index
        self._view = view
        search = index.in_view(view)
        found = {}
        for text, query in queries.items():
            some = search.occurrences(query, admitted=admitted)
            found[text] = [(one, one.segment.tunes_at(one.positions)) for one in some]
        self.figures: list[Placed] = []
        """The figures at their places, in the order of the query, each once."""
        self._leaves: dict[Sought | SamePart, Placed | Together] = {}
        for leaf in leaves_of(condition):
            if leaf in self._leaves:
                continue
            several = figures_of(leaf)
            first = len(self.figures) + 1
            for number, sought in enumerate(several, first):
                others = [str(n) for n in range(first, first + len(several)) if n != number]
                figures = "figure" if len(others) == 1 else "figures"
                same = f"same part as {figures} {listed(others)}" if others else ""
                place = ", ".join(filter(None, [sought.place, same]))
                self.figures.append(Placed(sought, place, found[sought.figure], search.last_id))
            mine = self.figures[first - 1 :]
            self._leaves[leaf] = Together(mine) if isinstance(leaf, SamePart) else mine[0]

    def answer(self) -> list[int]:
        """The ids of the tunes for which the query is true, ascending.

        The figures keep those of their hits that make it true.
        """
        leaves = self._leaves.values()
        tunes = self._bounds(self._condition)[1]
        open_leaves = [leaf for leaf in leaves if not leaf.is_settled]
        for leaf in open_leaves:
            leaf.keep(tunes)
        for leaf in sorted(open_leaves, key=lambda leaf: leaf.hits):
            leaf.settle(tunes, self._index, self._view)
            tunes = tunes & self._bounds(self._condition)[1]
        reasons = {leaf: np.zeros_like(tunes) for leaf in leaves}
        self._explain(self._condition, True, tunes, reasons)
        for leaf, true_by_it in reasons.items():
            leaf.keep(true_by_it)
        return np.flatnonzero(tunes).tolist()

    def _bounds(self, condition: Condition) -> tuple[Mask, Mask]:
        """Masks of the tunes for which a condition is surely true, and possibly."""
        if isinstance(condition, Sought | SamePart):
            leaf = self._leaves[condition]
            return leaf.surely, leaf.possibly
        if isinstance(condition, Not):
            surely, possibly = self._bounds(condition.of)
            return ~possibly, ~surely
        joined = np.logical_and if isinstance(condition, And) else np.logical_or
        bounds = [self._bounds(one) for one in condition.of]
        return reduce(joined, [low for low, _ in bounds]), reduce(joined, [up for _, up in bounds])

    def _explain(
        self,
        condition: Condition,
        is_wanted: bool,
        tunes: Mask,
        reasons: Mapping[Placed | Together, Mask],
    ) -> None:
        """Add to the tunes of each leaf those for which it makes a condition what is wanted.

        tunes: for which the condition is true, or if not is_wanted, false.
        """
        if isinstance(condition, Sought | SamePart):
            if is_wanted:
                reasons[self._leaves[condition]][tunes] = True
        elif isinstance(condition, Not):
            self._explain(condition.of, not is_wanted, tunes, reasons)
        else:
            for one in condition.of:
                is_true = self._bounds(one)[0]
                self._explain(one, is_wanted, tunes & (is_true == is_wanted), reasons)

    def shown(self, tunes: Sequence[int]) -> tuple[FoundTune, ...]:
        """Some tunes of the answer, with the hits that the figures keep."""
        records, wanted = self._index.catalogue.tunes(tunes), self._index.mask(tunes)
        places: dict[int, list[tuple[int, int, int]]] = {tune: [] for tune in tunes}
        for number, figure in enumerate(self.figures, 1):
            for some, tunes_of_hits in figure.found:
                chosen = some.select(wanted[tunes_of_hits])
                columns = (*chosen.segment.places(chosen.positions), chosen.lengths)
                for tune, at, length in zip(*(one.tolist() for one in columns), strict=True):
                    places[tune].append((at, number, length))
        return tuple(
            FoundTune(
                **records[tune].to_dict(),
                hits=tuple(self._hit(tune, *place) for place in sorted(places[tune])),
            )
            for tune in tunes
        )

    def _hit(self, tune: int, at: int, figure: int, length: int) -> FoundHit:
        layout = self._index.layout(tune)
        tokens = self._view.extent(layout, at, at + length)
        place, context = layout.position(*tokens), layout.context(*tokens)
        return FoundHit(figure, place.part, place.bar, place.ending, place.onset, *context)
