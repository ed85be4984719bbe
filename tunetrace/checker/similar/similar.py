"""The tunes of an index that are like one tune: the same melody, or a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

from tunetrace.arguments import Format, Reading, many_references, public
from tunetrace.checker.check import admitted_without
from tunetrace.checker.similar.answers import same_first, similar_tunes
from tunetrace.checker.similar.graph import over_graph
from tunetrace.checker.similar.records import SimilarPart, SimilarTune, SimilarTunes
from tunetrace.checker.similar.search import SimilarSearch, named_first
from tunetrace.checker.similar.words import sentence
from tunetrace.corpus.readers import is_of_index, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.errors import AbcError, InputError, QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.search import Near
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.tune import transcriptions_of
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

LIMIT: Final = 50
"""The most tunes that are given by default."""


@public
def similar(
    asked: Transcription | str | int,
    index: Index | str | Path | None = None,
    *,
    limit: int = LIMIT,
    least: float = 0.0,
    parts: bool = False,
    alignment: bool = False,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    exclude_families: str | int | Sequence[str | int] = (),
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
) -> SimilarTunes:
    """The tunes of an index that are like a tune, however it was transposed or varied.

    asked: a transcription, the text of one, or a tune of the index as its id or `corpus:number`,
    which is not among its own answers. index: open, or its path; default: your own. limit: the most
    tunes to give; without a neighbour graph there are 32 at most. least: the least probability of a
    tune that is given. parts: also ask about each part. alignment: also give both tunes bar under
    bar. exclude_tunes, exclude_titles, exclude_families: as for check. format: of a text.

    If the index has a neighbour graph (`find_families`), tunes are also found by way of others: a
    tune that is near to a near tune is near.

    InputError for a text without a tune or with several, and for a tune without notes. AbcError for
    a text that cannot be tokenized. QueryError for a tune that the index lacks.

    >>> found = similar("X:1\\nM:6/8\\nL:1/8\\nK:D\\nd3 def|e3 efa|")
    >>> print(found.tunes[0].title, found.tunes[0].aspect, found.tunes[0].change)
    The Kesh exact in D instead of G
    """
    if limit < 1:
        raise QueryError(f"limit cannot be {limit}; give the number of tunes to show, 1 or more")
    with given_or_default(index) as opened:
        tune, own = _asked(asked, opened, Reading(format, voice, column))
        layout = lay_out(tune.tokens)
        if not any(any(bar.events.sounds) for bar in layout.bars):
            raise InputError(f"{tune.place}: the tune has no notes; give a tune with notes")
        excluded = [*many_references(exclude_tunes, "exclude_tunes"), *own]
        admitted = admitted_without(opened, excluded, exclude_titles, exclude_families)
        search = SimilarSearch(opened)
        of_parts = list(_parts_of(layout)) if parts else []
        layouts = [layout, *(one for _, one in of_parts)]
        asked_id = next(iter(own), None)
        answers = []
        for one, near in zip(
            layouts, _near(search, layouts, opened.graph, admitted, asked_id), strict=True
        ):
            same = opened.same_music([one])
            best = same_first(near, same)
            # The sentence names the first one, however little it is alike.
            shown = [*best[:1], *(some for some in best[1:limit] if some.probability >= least)]
            found = similar_tunes(one, tune.original_key, shown, opened, same, alignment=alignment)
            answers.append(tuple(found))
        whole, *of_each_part = answers
        return SimilarTunes(
            transcription=tune,
            title=tune.title,
            key=tune.key,
            original_key=tune.original_key,
            text=sentence(whole, search.default_threshold),
            of=opened.tunes - (0 if admitted is None else int((~admitted).sum())),
            threshold=search.default_threshold,
            has_graph=opened.graph is not None,
            tunes=_at_least(least, whole),
            parts=tuple(
                _part(*one, _at_least(least, some))
                for one, some in zip(of_parts, of_each_part, strict=True)
            )
            if parts
            else None,
        )


def similar_to_each(
    tunes: Iterable[Transcription | Rejected], index: Index, **options: Any
) -> Iterator[SimilarTunes | Rejected]:
    """What is like each of some tunes, in their order; a tune without notes is set aside.

    options: as for similar.
    """
    for tune in tunes:
        if isinstance(tune, Rejected):
            yield tune
            continue
        try:
            yield similar(tune, index, **options)
        except InputError as error:  # it has no notes
            reason = str(error).removeprefix(f"{tune.place}: ")
            yield Rejected(tune.input, tune.line, None, reason, "no notes", tune.number, tune.title)


def _near(
    search: SimilarSearch,
    layouts: Sequence[Layout],
    graph: NearGraph | None,
    admitted: Mask | None,
    own: int | None,
) -> Iterator[list[Near]]:
    """What is like each of some tunes, best first: by alignment, and one step over the graph.

    own: the id of the first one if it is a tune of the index; the others are its parts.
    """
    for found in search.near(layouts, admitted):
        if graph is not None:
            found = over_graph(found, graph, admitted, own)
        yield named_first(found, search.default_threshold)
        own = None


def _asked(
    asked: Transcription | str | int, index: Index, reading: Reading
) -> tuple[Transcription, list[int]]:
    """The tune that is asked about, and its ids if it is one of the index."""
    if isinstance(asked, Transcription):
        return asked, []
    if isinstance(asked, int) or is_of_index(asked):
        ids = index.resolve(asked)
        return next(transcriptions_of(ids, index)), ids
    tunes = islice(read_tunes(asked, "the text", reading), 2)
    first, *others = tunes
    if isinstance(first, Rejected):
        raise AbcError(first.reason, first.line, first.column, kind=first.kind)
    if others:
        raise InputError(
            "the text has more than one tune; give one at a time, as tunetrace.read gives them"
        )
    return first, []


def _parts_of(layout: Layout) -> Iterator[tuple[int, Layout]]:
    """The parts of a tune, each as a tune of its own."""
    for part, group in groupby(layout.bars, key=lambda bar: bar.part):
        bars = list(group)
        before = layout.tokens[: bars[0].start]
        headers = {token[0]: token for token in before if is_header(token)}  # the last of each
        tokens = layout.tokens[bars[0].start : bars[-1].stop]
        yield part, lay_out([*headers.values(), *tokens])


def _at_least(least: float, tunes: Sequence[SimilarTune]) -> tuple[SimilarTune, ...]:
    return tuple(tune for tune in tunes if tune.probability >= least)


def _part(part: int, layout: Layout, found: Sequence[SimilarTune]) -> SimilarPart:
    """What is like a part. As an answer on a tune, all of the part is the part."""
    text = " ".join(token for token in layout.tokens if not is_header(token))
    return SimilarPart(part, text, tuple(_of_part(part, tune) for tune in found))


def _of_part(part: int, tune: SimilarTune) -> SimilarTune:
    if tune.own_part is None:
        return tune
    return replace(tune, own_part=part, scope="part")
