"""What was planted is found, nothing else is, and the truth that this is held against is one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corpus import write_tunes
from benchmarks.judging import Answer, FoundSpan, judge
from benchmarks.planted import answers, hold_out
from benchmarks.planting import (
    BAR,
    COPY,
    FEW,
    HALVES,
    KINDS,
    NOTHING,
    PART,
    Planted,
    Planting,
    plant,
    write_batch,
)
from benchmarks.shuffled import random_walk, shuffled
from benchmarks.text_search import Corpus, bounds, notes_in, whole_notes
from tests import brute
from tests.conftest import V2_SAMPLE
from tests.strategies import bodies
from tunetrace import Index, build_index, check, check_batch, open_index, read
from tunetrace.tokenizer.transcription import Transcription

Tunes = list[tuple[str, ...]]

TRANSCRIPTIONS = 500
SEED = 7


# The truth


@given(st.lists(bodies, min_size=1, max_size=4), bodies, st.data())
def test_the_spans_around_a_stretch_are_those_that_brute_force_finds(
    tunes: list[list[str]], tune: list[str], data: st.DataObject
) -> None:
    tunes = [*tunes, tune[len(tune) // 3 :]]
    begins, ends = bounds(tune)
    stretches = [(begin, end) for begin in begins for end in ends if begin < end]
    if not stretches:
        return
    first, stop = data.draw(st.sampled_from(stretches))
    found = Corpus(tunes).spans_around(tune, (first, stop))
    spans = brute.spans(tunes, tune, brute.notes(tune))
    assert found == [(a, b) for a, b in spans if a <= first and stop <= b]


@given(st.lists(bodies, min_size=1, max_size=4), bodies)
def test_the_tunes_of_a_figure_are_those_that_brute_force_finds(
    tunes: list[list[str]], tune: list[str]
) -> None:
    for begin, end in brute.notes(tune):
        figure = tune[begin:end]
        expected = sorted({number for number, _ in brute.figure_hits(tunes, figure)})
        assert Corpus(tunes).tunes(figure) == expected


def test_a_stretch_is_cut_to_whole_notes_and_may_begin_with_a_tuplet_sign() -> None:
    text = "M:4/4 K:Cmaj z C 2 | (3 D E F z | G > z"
    tokens = text.split()
    assert whole_notes(tokens, (2, len(tokens))) == (3, 14)
    assert whole_notes(tokens, (4, 12)) == (6, 10)
    assert whole_notes(tokens, (7, 10)) == (7, 10)
    assert whole_notes(tokens, (10, 12)) is None
    assert notes_in(tokens, (4, 12)) == [7, 8, 9]


# Hosts


@given(bodies, st.randoms(use_true_random=False))
def test_a_host_has_the_pairs_of_pitches_of_its_tune_and_its_rhythm(
    tune: list[str], chance: random.Random
) -> None:
    host = list(shuffled(tune, chance))
    assert Counter(_pairs(host)) == Counter(_pairs(tune))
    assert _rhythm(host) == _rhythm(tune)


def _pitches(tokens: list[str]) -> list[tuple[str, ...]]:
    starts = [start for start, _ in brute.notes(tokens)]
    return [
        tuple(tokens[start : tokens.index("]", start) + 1]) if tokens[start] == "["
        else (tokens[start],)
        for start in starts
    ]  # fmt: skip


def _pairs(tokens: list[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    pitches = _pitches(tokens)
    return list(pairwise(pitches))


def _rhythm(tokens: list[str]) -> list[list[str]]:
    """What stands before, between and after the pitches."""
    rest, at = [], 0
    for (start, _), pitch in zip(brute.notes(tokens), _pitches(tokens), strict=True):
        rest.append(tokens[at:start])
        at = start + len(pitch)
    return [*rest, tokens[at:]]


def test_every_order_of_the_same_pairs_is_as_likely() -> None:
    # From a to a over a-b b-a a-c c-a a-a: the loops ab, ac and aa in any order.
    pitches = [(letter,) for letter in "abacaa"]
    chance = random.Random(SEED)
    walks = Counter("".join(p for (p,) in random_walk(pitches, chance)) for _ in range(6000))
    assert set(walks) == {"abacaa", "abaaca", "acabaa", "acaaba", "aabaca", "aacaba"}
    # 1,000 each with a standard deviation of 29.
    assert all(850 < count < 1150 for count in walks.values())


# The batch


@pytest.fixture(scope="module")
def sample(shared: Path) -> tuple[Tunes, Tunes]:
    """The tunes of the sample: those that are indexed, and those held out."""
    tunes = [tune.tokens for tune in read(shared / V2_SAMPLE) if isinstance(tune, Transcription)]
    left_out = set(hold_out(len(tunes)))
    return (
        [tokens for k, tokens in enumerate(tunes) if k not in left_out],
        [tunes[k] for k in sorted(left_out)],
    )


@pytest.fixture(scope="module")
def batch(sample: tuple[Tunes, Tunes]) -> list[Planted]:
    indexed, held_out = sample
    return plant(indexed, range(1, len(indexed) + 1), held_out, TRANSCRIPTIONS, SEED)


@pytest.fixture(scope="module")
def index(
    storage: str,
    sample: tuple[Tunes, Tunes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Index]:
    """An index of the tunes of the sample that are not held out."""
    folder = tmp_path_factory.mktemp("planted")
    write_tunes(folder / "indexed.txt", sample[0])
    build_index([folder / "indexed.txt"], folder / "indexed.db")
    with open_index(folder / "indexed.db") as index:
        yield index


def test_a_batch_has_all_kinds_in_equal_parts(batch: list[Planted]) -> None:
    planted = {NOTHING: 0, BAR: 1, PART: 1, HALVES: 2, COPY: 1}
    assert Counter(some.kind for some in batch) == dict.fromkeys(KINDS, TRANSCRIPTIONS // 5)
    assert all(len(some.plantings) == planted[some.kind] for some in batch)
    assert len({some.title for some in batch}) == TRANSCRIPTIONS


def test_the_same_seed_gives_the_same_batch_and_another_gives_another(
    sample: tuple[Tunes, Tunes],
) -> None:
    indexed, held_out = sample[0][:300], sample[1]
    first, again, other = (plant(indexed, range(1, 301), held_out, 10, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_planted_stretch_stands_in_its_source_and_ends_where_it_was_cut(
    batch: list[Planted], sample: tuple[Tunes, Tunes]
) -> None:
    for planted in batch:
        tokens, notes = planted.tokens, brute.notes(planted.tokens)
        for planting in planted.plantings:
            source = [sample[0][planting.source - 1]]
            first, stop = planting.first, planting.stop
            assert brute.figure_hits(source, tokens[first:stop])
            before = [begin for begin, _ in notes if begin < first]
            after = [end for _, end in notes if end > stop]
            if before:
                assert not brute.figure_hits(source, tokens[before[-1] : stop])
            if after:
                assert not brute.figure_hits(source, tokens[first : after[0]])
            assert planting.source in planting.tunes
            assert len(planting.tunes) <= FEW


def test_planted_bars_and_parts_are_of_their_size(batch: list[Planted]) -> None:
    for planted in batch:
        for planting in planted.plantings:
            inside = planted.tokens[planting.first : planting.stop]
            lines = sum(token in ("|", "|1", "|2", ":|", "|:") for token in inside)
            if planted.kind == BAR:
                assert (lines, planting.notes >= 8) == (0, True)
            elif planted.kind == PART:
                assert lines in (6, 7)  # a bar of rests at the edge is cut off


def test_tunes_with_nothing_to_plant_are_refused(
    sample: tuple[Tunes, Tunes],
) -> None:
    short = ("M:4/4", "K:Cmaj", "C", "D", "|", "E", "|")
    with pytest.raises(ValueError, match="no tunes to plant"):
        plant([short], [1], sample[1], 1, SEED)
    # One tune in two bars' space has no second tune to make halves with.
    tune = sample[0][0]
    with pytest.raises(ValueError, match="nothing to plant as 'halves'"):
        plant([tune], [1], [tune], 4, SEED)


# What is found


def test_a_check_finds_every_planted_stretch_with_its_bounds(
    batch: list[Planted], index: Index
) -> None:
    judgement = judge(batch, map(partial(answer_of_check, index), batch))
    for counts in judgement.counts.values():
        assert counts.exact == counts.found == counts.planted
    assert judgement.counts[COPY].identical == TRANSCRIPTIONS // 5
    # Sources are looked for in windows of eight notes.
    assert all(wrong.kind == BAR and wrong.notes < 8 for wrong in judgement.misses)


def answer_of_check(index: Index, planted: Planted) -> Answer:
    """What the check of one transcription says; it reports every span, and no chance."""
    (tune,) = check(planted.text, index).tunes
    return Answer(
        [FoundSpan(span.first_token, span.stop_token, inf) for span in tune.spans],
        [source.tune for source in tune.sources],
        [name.tune for name in tune.identical_to],
    )


def test_a_batch_check_tells_what_was_planted_from_chance(
    batch: list[Planted], index: Index, tmp_path: Path
) -> None:
    write_batch(tmp_path / "batch.txt", batch)
    found = answers(check_batch([tmp_path / "batch.txt"], index))
    judgement = judge(batch, found)
    for kind in (PART, HALVES, COPY):
        counts = judgement.counts[kind]
        assert counts.exact == counts.beyond_chance == counts.sources == counts.planted
    assert judgement.counts[COPY].identical == TRANSCRIPTIONS // 5
    assert judgement.misses == []
    # One transcription in a hundred may have a span that is beyond chance by chance.
    assert sum(counts.with_false for counts in judgement.counts.values()) <= 5


# The judge

_TEXT = "M:4/4 K:Cmaj C D E F | G A B c | d e f g |"
_STRETCH = (7, 11)
_PLANTING = Planting(*_STRETCH, notes=4, source=3, tunes=(3,))
_BAR_PLANTED = Planted(BAR, "", tuple(_TEXT.split()), (_PLANTING,))


def answer(*spans: tuple[int, int, float], sources: Sequence[int] = (3,)) -> Answer:
    return Answer([FoundSpan(*span) for span in spans], sources, ())


def test_a_planted_stretch_that_is_reported_as_it_is_counts_everywhere() -> None:
    judgement = judge([_BAR_PLANTED], [answer((2, 5, 3.0), (7, 11, 0.001))])
    counts = judgement.counts[BAR]
    assert (counts.transcriptions, counts.planted, counts.found, counts.exact) == (1, 1, 1, 1)
    assert (counts.beyond_chance, counts.sources, counts.false_spans) == (1, 1, 0)
    assert (judgement.misses, judgement.false_spans) == ([], [])
    assert (judgement.planted_by_notes, judgement.found_by_notes) == ({4: 1}, {4: 1})


@pytest.mark.parametrize(
    ("given_answer", "found", "exact", "beyond", "what"),
    [
        (answer((7, 10, 1e-3), (8, 11, 1e-3)), 0, 0, 0, "no span covers it"),
        (answer((7, 12, 1e-3)), 1, 0, 1, "its spans have other bounds"),
        (answer((7, 11, 1e-3), (5, 11, 1e-3)), 1, 0, 1, "its spans have other bounds"),
        (answer((7, 11, 0.5), sources=(1, 2)), 1, 1, 0, "its source, tune 3, is not named"),
    ],
)
def test_what_a_check_misses_is_said(
    given_answer: Answer, found: int, exact: int, beyond: int, what: str
) -> None:
    judgement = judge([_BAR_PLANTED], [given_answer])
    counts = judgement.counts[BAR]
    assert (counts.found, counts.exact, counts.beyond_chance) == (found, exact, beyond)
    (wrong,) = judgement.misses
    assert (wrong.place, wrong.what, wrong.notes, wrong.text) == (1, what, 4, "G A B c")


def test_a_source_may_be_named_with_the_span_alone() -> None:
    answered = Answer([FoundSpan(7, 11, 1e-3, (5, 3))], (), ())
    assert judge([_BAR_PLANTED], [answered]).counts[BAR].sources == 1


def test_a_span_beyond_chance_is_false_where_less_than_half_of_it_was_planted() -> None:
    spans = ((2, 5, 1e-3), (5, 8, 1e-3), (5, 9, 1e-3), (9, 14, 1e-3), (12, 15, 0.5))
    judgement = judge([_BAR_PLANTED], [answer(*spans)])
    # F | G and B c | d e have half; F | G A more; d e f is no more than chance.
    assert [wrong.text for wrong in judgement.false_spans] == ["C D E"]
    assert (judgement.counts[BAR].false_spans, judgement.counts[BAR].with_false) == (1, 1)
    assert judge([_BAR_PLANTED], [answer(*spans)], 1.0).counts[BAR].false_spans == 2


def test_a_copy_is_to_be_named_as_the_tune_it_is() -> None:
    planted = replace(_BAR_PLANTED, kind=COPY)
    named = Answer([FoundSpan(7, 11, 1e-9)], (3,), (1, 3))
    assert judge([planted], [named]).counts[COPY].identical == 1
    judgement = judge([planted], [replace(named, identical_to=(1,))])
    assert judgement.counts[COPY].identical == 0
    assert [wrong.what for wrong in judgement.misses] == ["not named as a copy"]


def test_each_transcription_needs_an_answer() -> None:
    with pytest.raises(ValueError, match="zip"):
        judge([_BAR_PLANTED], [])
