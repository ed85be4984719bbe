"""How well a check finds what was planted: its answers held against a batch of known truth.

It does not matter who answers. A planted stretch should be reported with its very bounds and its
source be named; what was not planted should not be taken for more than chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.planting import COPY, KINDS, Planted, Planting
from benchmarks.text_search import notes_in
from tunetrace.checker.records import CHANCE


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A span that a check reports: its tokens from first up to stop.

    by_chance: how many spans as improbable such a transcription would have by chance. tunes: the
    corpus tunes that are named for it, by their places from 1.
    """

    first: int
    stop: int
    by_chance: float
    tunes: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check says of one transcription.

    sources and identical_to: tunes of the corpus by their places from 1, which are their ids in an
    index of one file.
    """

    spans: Sequence[FoundSpan]
    sources: Sequence[int]
    identical_to: Sequence[int]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that a check does not say, or says wrongly, with what is needed to look at it.

    place: the transcription's in the batch, from 1; notes: those of the stretch in question;
    by_chance: that of a span.
    """

    place: int
    kind: str
    what: str
    notes: int
    text: str
    by_chance: float | None = None


@dataclass(slots=True)
class Counts:
    """What was found in the transcriptions of one kind.

    planted: how many stretches; found: of them, those that a reported span covers; exact: those
    that one span covers which has their very bounds; beyond_chance: those that a span beyond chance
    covers; sources: those whose source is named, for the transcription or for its span; identical:
    how many copies are named as the tune they are. false_spans: how many spans are said to be
    beyond chance and were not planted; with_false: how many transcriptions have one.
    """

    transcriptions: int = 0
    planted: int = 0
    found: int = 0
    exact: int = 0
    beyond_chance: int = 0
    sources: int = 0
    identical: int = 0
    false_spans: int = 0
    with_false: int = 0


@dataclass(slots=True)
class Judgement:
    """What a check found of a batch, kind by kind.

    misses: what it did not find; false_spans: what it took for copied. planted_by_notes
    and found_by_notes: how many planted stretches have so many notes, and how many of those are
    covered by a span beyond chance.
    """

    counts: dict[str, Counts] = field(default_factory=lambda: {kind: Counts() for kind in KINDS})
    misses: list[Wrong] = field(default_factory=list)
    false_spans: list[Wrong] = field(default_factory=list)
    planted_by_notes: Counter[int] = field(default_factory=Counter)
    found_by_notes: Counter[int] = field(default_factory=Counter)


def judge(
    batch: Iterable[Planted], answers: Iterable[Answer], threshold: float = CHANCE
) -> Judgement:
    """Hold the answers, one for each transcription in their order, against what was planted.

    threshold: a span is beyond chance where there would be fewer than so many by chance.
    """
    judgement = Judgement()
    for place, (planted, answer) in enumerate(zip(batch, answers, strict=True), 1):
        verdict = _Verdict(judgement, place, planted, answer, threshold)
        for planting in planted.plantings:
            verdict.on_planting(planting)
        verdict.on_identity()
        verdict.on_false_spans()
    return judgement


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one answer adds to the judgement."""

    judgement: Judgement
    place: int
    planted: Planted
    answer: Answer
    threshold: float

    @property
    def counts(self) -> Counts:
        return self.judgement.counts[self.planted.kind]

    def on_planting(self, planting: Planting) -> None:
        covering = [
            span
            for span in self.answer.spans
            if span.first <= planting.first and planting.stop <= span.stop
        ]
        is_beyond_chance = any(span.by_chance < self.threshold for span in covering)
        bounds = [(span.first, span.stop) for span in covering]
        is_exact = bounds == [(planting.first, planting.stop)]
        named = [*self.answer.sources, *(tune for span in covering for tune in span.tunes)]
        has_source = planting.source in named
        self.counts.planted += 1
        self.counts.found += bool(covering)
        self.counts.exact += is_exact
        self.counts.beyond_chance += is_beyond_chance
        self.counts.sources += has_source
        self.judgement.planted_by_notes[planting.notes] += 1
        self.judgement.found_by_notes[planting.notes] += is_beyond_chance
        for is_right, what in (
            (bool(covering), "no span covers it"),
            (is_exact or not covering, "its spans have other bounds"),
            (has_source, f"its source, tune {planting.source}, is not named"),
        ):
            if not is_right:
                self.judgement.misses.append(self._wrong(what, planting.first, planting.stop))

    def on_identity(self) -> None:
        self.counts.transcriptions += 1
        if self.planted.kind != COPY:
            return
        is_named = self.planted.plantings[0].source in self.answer.identical_to
        self.counts.identical += is_named
        if not is_named:
            wrong = self._wrong("not named as a copy", 0, len(self.planted.tokens))
            self.judgement.misses.append(wrong)

    def on_false_spans(self) -> None:
        false = [
            self._wrong("beyond chance", span.first, span.stop, span.by_chance)
            for span in self.answer.spans
            if span.by_chance < self.threshold and not self._is_planted(span)
        ]
        self.counts.false_spans += len(false)
        self.counts.with_false += bool(false)
        self.judgement.false_spans += false

    def _is_planted(self, span: FoundSpan) -> bool:
        """Whether half of a span's notes or more were planted; the rest is what chance adds."""
        begins = notes_in(self.planted.tokens, (span.first, span.stop))
        inside = sum(
            any(planting.first <= begin < planting.stop for planting in self.planted.plantings)
            for begin in begins
        )
        return 2 * inside >= len(begins)

    def _wrong(self, what: str, first: int, stop: int, by_chance: float | None = None) -> Wrong:
        tokens = self.planted.tokens
        notes = len(notes_in(tokens, (first, stop)))
        text = " ".join(tokens[first:stop])
        return Wrong(self.place, self.planted.kind, what, notes, text, by_chance)
