"""The transcriptions that are copied most, each as the page shows it beside its sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunetrace.checker.records import CheckedTune, Source, Span, TuneName
from tunetrace.indexer.index import Index
from tunetrace.reports.marks import (
    MOST_TOKENS,
    ShownPart,
    find_stretches,
    level_of,
    show,
    stretches_of,
)
from tunetrace.text import counted, share, times
from tunetrace.tokenizer.transpose import in_own_key

SHOWN_SOURCES: Final = 3
"""So many sources are shown with the music that they share; the others by their names."""

SHOWN_SPANS: Final = 12


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """A span in words. number: that of its marks; level: how improbable, 1 to 3."""

    number: int
    level: int
    said: str
    examples: tuple[TuneName, ...]


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source with the bars of it that hold something of the transcription.

    key: the one it was written in, where that is not the one it is shown in.
    """

    name: Source
    key: str | None
    parts: tuple[ShownPart, ...]


@dataclass(frozen=True, slots=True)
class WorstTune:
    """A transcription with its spans marked, and its sources.

    facts: what it is, in a few words; compared_on: the key it was checked in, where it is shown in
    another; copied and standing: how much of it
    stands in the corpus, and where that lies among people's tunes, None where all of it is a corpus
    tune; spans: the longest few; more_spans: how many there are beyond these; is_cut: whether
    it is too long to be shown whole.
    """

    tune: CheckedTune
    facts: str
    copied: str | None
    standing: str | None
    compared_on: str | None
    parts: tuple[ShownPart, ...]
    spans: tuple[ShownSpan, ...]
    more_spans: int
    sources: tuple[ShownSource, ...]
    more_sources: tuple[Source, ...]
    is_cut: bool


def describe_worst(tune: CheckedTune, index: Index) -> WorstTune:
    """All that the page shows of a transcription; index: what it was checked against."""
    tokens, own_key = tune.transcription.tokens, tune.original_key
    shown = in_own_key(list(tokens), own_key)
    spans = _spans(tune)
    return WorstTune(
        tune=tune,
        facts=_facts(tune),
        copied=None if tune.identical_to else _copied(tune),
        standing=None if tune.identical_to else _standing(tune),
        compared_on=tune.key if own_key not in (None, tune.key) else None,
        parts=show(tokens, shown, stretches_of(tune.spans)),
        spans=spans,
        more_spans=len(tune.spans) - len(spans),
        sources=tuple(_source(source, tune, index) for source in tune.sources[:SHOWN_SOURCES]),
        more_sources=tune.sources[SHOWN_SOURCES:],
        is_cut=len(tokens) > MOST_TOKENS,
    )


def _facts(tune: CheckedTune) -> str:
    key = tune.original_key or tune.key
    return ", ".join([
        tune.meter or "no meter", key or "no key", counted(tune.notes, "note"),
        counted(tune.bar_count, "bar"),
    ])  # fmt: skip


def _copied(tune: CheckedTune) -> str:
    longest = tune.longest_span
    if longest is None:
        return "No note of it stands in the corpus."
    (least, most), *longer = tune.copied_share.items()
    rest = "".join(f", {share(value)} of {n}" for n, value in longer if value)
    return (
        f"Its longest span has {counted(longest.notes, 'note')} and stands in "
        f"{counted(longest.tunes, 'tune')}. {share(most)} of its notes lie in spans of {least} "
        f"or more{rest}; its Creativity Index is {share(tune.creativity)}."
    )


def _standing(tune: CheckedTune) -> str | None:
    standing = tune.standing
    below = standing.below.get("longest_notes") if standing else None
    if standing is None or below is None:
        return None
    peers = f"{standing.peers:,} of people's tunes"
    if standing.meter:
        peers += f" in {standing.meter}"
    if standing.least_notes is not None and standing.most_notes is not None:
        peers += f", of {standing.least_notes:,} to {standing.most_notes:,} notes"
    return f"Of {peers}, {share(below)} have a shorter longest span."


def _spans(tune: CheckedTune) -> tuple[ShownSpan, ...]:
    """The longest spans, in the order of the tune, with the corpus tunes that have them."""
    numbered = sorted(enumerate(tune.spans, 1), key=lambda some: -some[1].notes)[:SHOWN_SPANS]
    return tuple(
        ShownSpan(
            number=number,
            level=level_of(span),
            said=_said(span),
            examples=span.examples,
        )
        for number, span in sorted(numbered, key=lambda some: some[0])
    )


def _said(span: Span) -> str:
    return (
        f"{counted(span.notes, 'note')} from part {span.part}, bar {span.bar} on; in "
        f"{counted(span.tunes, 'tune')}, {times(span.hits)}; by chance {chance(span.by_chance)}"
    )


def chance(spans: float) -> str:
    """How many spans chance gives, in words: `one such in 20,000 transcriptions`."""
    if spans >= 2 / 3:
        return f"{spans:,.0f} such in every transcription" if spans >= 1.5 else "one such in each"
    if spans < 1e-9:
        return "less than one such in a billion transcriptions"
    return f"one such in {float(f'{1 / spans:.1g}'):,.0f} transcriptions"


def _source(source: Source, tune: CheckedTune, index: Index) -> ShownSource:
    """A source, shown in the transcription's key so that the same music looks the same."""
    corpus_tune = index.layout(source.tune).tokens
    own_key = tune.original_key
    stretches = find_stretches(source, tune, corpus_tune)
    written_in = index.catalogue.tunes([source.tune])[source.tune].original_key
    return ShownSource(
        name=source,
        key=written_in if written_in != (own_key or tune.key) else None,
        parts=show(corpus_tune, in_own_key(list(corpus_tune), own_key), stretches,
                   marked_bars_only=True),
    )  # fmt: skip
