"""The transcriptions that share most with the corpus, as the page shows each beside its sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.measures import LONGEST
from tunetrace.checker.records import CheckedTune, Source, Span
from tunetrace.indexer.index import Index
from tunetrace.reports.page.marks import (
    MOST_TOKENS,
    ShownPart,
    Stretch,
    find_stretches,
    show,
)
from tunetrace.text import counted, share, times, tunes_and_families
from tunetrace.tokenizer.transpose import in_own_key

SHOWN_SOURCES: Final = 3
"""Sources that are shown with their music; the others are only named."""

SHOWN_SPANS: Final = 12


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A source with the bars that it shares with the transcription."""

    name: Source
    key: str | None
    """The key in which it was written; None if it is shown in that key."""
    parts: tuple[ShownPart, ...]


@dataclass(frozen=True, slots=True)
class ShownTune:
    """A transcription with its spans marked, and its sources."""

    tune: CheckedTune
    facts: str
    """Meter, key and length."""
    copied: str | None
    """How much of it is found in the corpus; None if it is a corpus tune."""
    standing: str | None
    """How that compares with real tunes; None if it is a corpus tune or there is no baseline."""
    parts: tuple[ShownPart, ...]
    spans: tuple[tuple[int, Span], ...]
    """The longest spans with their numbers, in the order of the tune."""
    sources: tuple[ShownSource, ...]
    is_cut: bool
    """It is too long, and only its beginning is shown."""


def describe(tune: CheckedTune, index: Index) -> ShownTune:
    """What the page shows of a transcription that was checked against an index."""
    tokens, own_key = tune.transcription.tokens, tune.original_key
    stretches = [
        Stretch(span.first_token, span.stop_token, number, span.level)
        for number, span in enumerate(tune.spans, 1)
    ]
    return ShownTune(
        tune=tune,
        facts=facts_of(tune),
        copied=None if tune.identical_to else copied_in_words(tune),
        standing=None if tune.identical_to else standing_in_words(tune),
        parts=show(tokens, in_own_key(list(tokens), own_key), stretches),
        spans=listed_spans(tune),
        sources=tuple(_source(source, tune, index) for source in tune.sources[:SHOWN_SOURCES]),
        is_cut=len(tokens) > MOST_TOKENS,
    )


def listed_spans(tune: CheckedTune) -> tuple[tuple[int, Span], ...]:
    """Its longest spans with their numbers, in the order of the tune."""
    longest = sorted(enumerate(tune.spans, 1), key=lambda one: -one[1].notes)[:SHOWN_SPANS]
    return tuple(sorted(longest, key=lambda one: one[0]))


def facts_of(tune: CheckedTune) -> str:
    """Its meter, key and length."""
    facts = (tune.meter or "no meter", tune.original_key or tune.key or "no key",
             counted(tune.notes, "note"), counted(tune.bar_count, "bar"))  # fmt: skip
    return ", ".join(facts)


def copied_in_words(tune: CheckedTune) -> str:
    """How much of it is found in the corpus."""
    longest = tune.longest_span
    if longest is None:
        return "No note of it is found in the corpus."
    (least, most), *longer = tune.copied_share.items()
    rest = "".join(f", {share(value)} in spans of {n} or more" for n, value in longer if value)
    return (
        f"Its longest span has {counted(longest.notes, 'note')} and is found in "
        f"{tunes_and_families(longest.tunes, longest.families)}. {share(most)} of its notes lie in "
        f"spans of {least} notes or more{rest}. Its Creativity Index is {share(tune.creativity)}."
    )


def standing_in_words(tune: CheckedTune) -> str | None:
    """How its longest span compares with real tunes; None if there is no baseline."""
    standing = tune.standing
    below = standing.below.get(LONGEST.name) if standing else None
    if standing is None or below is None:
        return None
    whose = f"{share(below)} of {peers_in_words(standing)}"
    return f"Its longest span is longer than that of {whose}."


def peers_in_words(standing: Percentiles) -> str:
    """The real tunes that a transcription is compared with: their number, meter and length."""
    peers = counted(standing.peers, "real tune")
    if standing.meter:
        peers += f" in {standing.meter}"
    if standing.least_notes is not None and standing.most_notes is not None:
        peers += f" with {standing.least_notes:,} to {standing.most_notes:,} notes"
    return peers


def span_in_words(span: Span) -> str:
    """Its length and place, and in how many tunes it is found."""
    return (
        f"{counted(span.notes, 'note')} from part {span.part}, bar {span.bar}; found "
        f"{times(span.hits)} in {tunes_and_families(span.tunes, span.families)}; by chance "
        f"{chance(span.by_chance)}"
    )


def chance(spans: float) -> str:
    """How many spans chance gives, in words: `1 in 20,000 transcriptions`."""
    if spans >= 2 / 3:
        return f"{spans:,.0f} in every transcription"
    if spans < 1e-9:
        return "less than 1 in a billion transcriptions"
    return f"1 in {float(f'{1 / spans:.1g}'):,.0f} transcriptions"


def _source(source: Source, tune: CheckedTune, index: Index) -> ShownSource:
    """A source, shown in the transcription's key so that the same music looks the same."""
    layout = index.layout(source.tune)
    corpus_tune = layout.tokens
    own_key = tune.original_key
    stretches = find_stretches(source, tune, layout)
    written_in = index.catalogue.tunes([source.tune])[source.tune].original_key
    return ShownSource(
        name=source,
        key=written_in if written_in != (own_key or tune.key) else None,
        parts=show(corpus_tune, in_own_key(list(corpus_tune), own_key), stretches,
                   marked_bars_only=True),
    )  # fmt: skip
