"""Checked tunes with their scores: what each shares with the corpus, and its sources below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tunetrace.checker.records import CheckedBar, CheckedTune, Source, TuneName
from tunetrace.checker.similar.alignment.rows import bars_in_words
from tunetrace.checker.similar.answers import similar_tunes
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.checker.similar.words import naming
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.views import VIEWS
from tunetrace.reports.page.most_copied import (
    SHOWN_SOURCES,
    copied_in_words,
    facts_of,
    listed_spans,
    span_in_words,
    standing_in_words,
)
from tunetrace.reports.page.near_copies import NAMES, moved_in_words, similarity_in_words
from tunetrace.reports.scores.page import (
    ListedSpan,
    OtherTune,
    OtherTunes,
    ScoreBlock,
    TuneBlock,
    html,
)
from tunetrace.reports.scores.pairs import AlignedRows, aligned_rows, shared_rows
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.score.engraving import Engraving
from tunetrace.score.marks import Mark
from tunetrace.text import counted, plain, share_in_words, tunes_and_families
from tunetrace.tokenizer.layout.bars import Layout, lay_out

_SOURCES: Final = (
    "A source shares {notes} notes in a row or more with this tune, or fewer that are expected "
    "less than once by chance. Still, the tune need not be from there: short passages are common "
    "property. Only the bars with shared notes are shown, in the key of this tune: above this "
    "tune, below the source. Notes that only one of them has are coloured and say “not shared”."
)
_NEAR: Final = (
    "A near copy is the same melody, or a part of it, in another key, octave, rhythm or version. "
    "It is shown below this tune, on its degree. Notes that differ are coloured, and a word says "
    "how."
)


def checked_html(tunes: Sequence[CheckedTune], index: Index) -> str:
    """The page of checked tunes.

    index: that which they were checked against. Raises OutputError without verovio.
    """
    sheet = PageScores()
    shown = [checked_block(tune, index, sheet) for tune in tunes]
    what = plain(tunes[0].title) or "this tune" if len(tunes) == 1 else f"{len(tunes):,} tunes"
    info = index.info()
    corpora = ", ".join(corpus.name for corpus in info.corpora)
    return html(
        shown,
        sheet.shapes(),
        title=f"What the corpus has of {what}",
        about=f"Checked against {counted(info.tunes, 'tune')} of {corpora}.",
    )


def checked_block(tune: CheckedTune, index: Index, sheet: PageScores) -> TuneBlock:
    """What a page shows of a checked tune. index: that which it was checked against."""
    engraving = sheet.engraved(tune.transcription)
    parts = tuple(_parts(tune, engraving, index, sheet)) if engraving else ()
    return replace(_alone(tune, engraving, sheet), parts=parts)


def checked_alone(tune: CheckedTune, sheet: PageScores) -> TuneBlock:
    """The same without its near copies and its sources, which take most of the time."""
    return _alone(tune, sheet.engraved(tune.transcription), sheet)


def others_of(tune: CheckedTune, index: Index, sheet: PageScores) -> tuple[OtherTunes, ...]:
    """The near copies and the sources of a checked tune, to be shown after `checked_alone`.

    No id of their drawings is one of those.
    """
    engraving = sheet.engraved(tune.transcription)
    return tuple(_parts(tune, engraving, index, sheet)) if engraving else ()


def _alone(tune: CheckedTune, engraving: Engraving | None, sheet: PageScores) -> TuneBlock:
    listed = tuple(
        ListedSpan(
            number,
            span.level,
            span_in_words(span),
            span.examples,
            span.first_token,
            span.stop_token,
        )
        for number, span in listed_spans(tune)
    )
    said = [tune.verdict.text]
    if not tune.identical_to:
        said += filter(None, (copied_in_words(tune), standing_in_words(tune)))
    return TuneBlock(
        id=f"tune-{tune.place}",
        title=tune.title,
        name=None,
        lead=said[0],
        facts=(*said[1:], facts_of(tune), *tune.remarks),
        score=score_of(tune, engraving, sheet) if engraving else None,
        spans=listed,
        unlisted_spans=len(tune.spans) - len(listed),
    )


def score_of(tune: CheckedTune, engraving: Engraving, sheet: PageScores) -> ScoreBlock:
    """Its score with its spans, which lead to `#tune-7-span-2`, the second span of tune 7."""
    marks = [
        Mark(span.first_token, span.stop_token, number, span.level,
             f"Span {number}: {span_in_words(span)}", f"#tune-{tune.place}-span-{number}")
        for number, span in listed_spans(tune)
    ]  # fmt: skip
    return sheet.score(engraving, tune.title, marks=marks, remarks=map(_remark, tune.bars or ()))


def _remark(bar: CheckedBar) -> str:
    return f"in {tunes_and_families(bar.tunes, bar.families)}" if bar.tunes else "in no tune"


def _parts(
    tune: CheckedTune, engraving: Engraving, index: Index, sheet: PageScores
) -> Iterator[OtherTunes]:
    """Its near copies, and its sources."""
    layout = lay_out(tune.transcription.tokens)
    if tune.near_copies:
        others = tuple(_near_copies(tune, layout, engraving, index, sheet))
        more = similarity_in_words(tune)
        yield OtherTunes("Near copies", f"{_NEAR} {more}" if more else _NEAR, others)
    if tune.sources:
        shown = tune.sources[:SHOWN_SOURCES]
        yield OtherTunes(
            "Its sources",
            _SOURCES.format(notes=VIEWS[tune.view].shared_notes),
            tuple(_source(source, tune, layout, engraving, index, sheet) for source in shown),
            tuple(map(TuneName.of, tune.sources[SHOWN_SOURCES:])),
        )


def _source(
    source: Source,
    tune: CheckedTune,
    layout: Layout,
    engraving: Engraving,
    index: Index,
    sheet: PageScores,
) -> OtherTune:
    record = index.catalogue.tunes([source.tune])[source.tune]
    rows = shared_rows(layout, source, index.layout(source.tune))
    said = [f"Longest shared run: {counted(source.longest_span_notes, 'note')}."]
    if source.notes_shared:
        runs = f"runs of {VIEWS[tune.view].shared_notes} or more"
        said.insert(0, f"{counted(source.notes_shared, 'note')} shared in {runs}.")
    if record.original_key and record.original_key != tune.original_key:
        said.append(f"Written in {record.original_key}.")
    spans = {
        next(
            number
            for number, span in enumerate(tune.spans, 1)
            if span.first_token <= shared.first_token and shared.stop_token <= span.stop_token
        )
        for shared in source.stretches
    }
    title = f"{tune.title or '(untitled)'} over {source.label}"
    return OtherTune(
        name=source,
        said=" ".join(said),
        facts=(),
        score=sheet.pair(engraving, rows, title),
        spans=tuple(sorted(spans)),
    )


def _near_copies(
    tune: CheckedTune, layout: Layout, engraving: Engraving, index: Index, sheet: PageScores
) -> Iterator[OtherTune]:
    near_copies = tune.near_copies or ()
    search = SimilarSearch(index)
    (found,) = search.near([layout], index.mask([near.tune for near in near_copies]))
    aligned = {
        near.tune: near
        for near in similar_tunes(layout, tune.original_key, found, index, alignment=True)
    }
    for near in near_copies:
        yield shown_similar(aligned.get(near.tune, near), layout, engraving, sheet)


def shown_similar(
    near: SimilarTune, layout: Layout, engraving: Engraving, sheet: PageScores
) -> OtherTune:
    """A tune that is like another one, below it if it is aligned with it.

    layout, engraving: of the other one.
    """
    facts = [
        f"Probability that both are one melody: {share_in_words(near.probability)} "
        f"({near.aspect}, {near.scope})."
    ]
    rows: AlignedRows | None = None
    if near.alignment is not None:
        rows = aligned_rows(layout, near.alignment)
        moved = moved_in_words(near.alignment)
        facts += [f"It is shown {moved}."] if moved else []
        missing = bars_in_words(near.alignment.unmatched)
        facts += [f"Bars of it that are under no bar (part.bar): {missing}."] if missing else []
    name = TuneName.of(near)
    title = f"{engraving.staff.title or '(untitled)'} over {name.label}"
    return OtherTune(
        name=name,
        said=naming(near),
        facts=tuple(facts),
        score=sheet.pair(engraving, rows, title) if rows else None,
        differences=tuple(n for n in NAMES.values() if rows and n[0] in rows.words),
    )
