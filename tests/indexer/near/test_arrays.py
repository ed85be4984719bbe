"""What near copies are found by: worked out by hand, and by plain definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import V2_SAMPLE
from tests.indexer.near import plain
from tests.strategies import bodies
from tunetrace.corpus.readers import read
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.near import segment
from tunetrace.indexer.near.align import scores
from tunetrace.indexer.near.candidates import (
    Best,
    Candidates,
    best_of,
    merged,
    postings_of,
    scores_of,
    weights_of,
)
from tunetrace.indexer.near.score import MEASURES
from tunetrace.indexer.near.search import NearSearch, melodies_of
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.near.sequences import letters, sequences_of
from tunetrace.indexer.near.terms import FIRST_SETS, SETS, Terms, terms_of
from tunetrace.tokenizer.layout.bars import Layout, lay_out

METERS = ("4/4", "2/4", "6/8", "3/4", "9/8", "12/8", "3/2")

tunes = st.tuples(st.sampled_from(METERS), bodies).map(
    lambda pair: (pair[0], (f"M:{pair[0]}", "K:Cmaj", *pair[1]))
)


def unpacked(term: int) -> tuple[int, tuple[int, ...]]:
    """The set of a term, and its differences."""
    number, rest = 0, term
    while rest >= SETS[number].terms:
        rest -= SETS[number].terms
        number += 1
    one, items = SETS[number], []
    for _ in one.offsets:
        rest, item = divmod(rest, one.base)
        items.append(item - 15 if one.of == "leaps" else item)
    return number, tuple(reversed(items))


def terms_by_tune(texts: list[tuple[str, ...]]) -> list[set[tuple[int, tuple[int, ...]]]]:
    terms, of = terms_of(sequences_of([lay_out(tokens) for tokens in texts]))
    found: list[set[tuple[int, tuple[int, ...]]]] = [set() for _ in texts]
    for term, tune in zip(terms.tolist(), of.tolist(), strict=True):
        assert unpacked(term) not in found[tune]
        found[tune].add(unpacked(term))
    return found


def test_the_sets_are_those_of_the_plain_definition() -> None:
    assert tuple((one.sequence, one.of, one.offsets) for one in SETS) == plain.SETS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A crotchet and two quavers, a dotted pair made even, a rest that lengthens the note.
        (
            "M:4/4 K:Cmaj C 2 D E F 3/2 G /2 z 2 |",
            {"notes": "CDEFG", "quavers": "CCDEFGGG", "beats": "CDFG", "pulses": "CF"},
        ),
        # A pickup is no bar; a chord is its highest note; a triplet has its beats.
        (
            "M:6/8 K:Cmaj G | [ C E ] 3 (3 c d e F | C 6 |",
            {"notes": "GEcdeFC", "quavers": "GEEEcdFCCCCCC", "beats": "EcCC", "pulses": "EcCC"},
        ),
        ("M:2/4 K:Cmaj C D E F |", {"notes": "CDEF", "quavers": "CDEF", "beats": "CDEF",
                                    "pulses": "CE"}),
        ("M:3/2 K:Cmaj C 2 D 2 E 2 F 2 G 2 A 2 |", {"notes": "CDEFGA", "quavers": "CCDDEEFFGGAA",
                                                    "beats": "CDEFGA", "pulses": "CEG"}),
    ],
)  # fmt: skip
def test_sequences_of_tunes_worked_out_by_hand(text: str, expected: dict[str, str]) -> None:
    found = sequences_of([lay_out(text.split())])
    for name, notes in expected.items():
        assert getattr(found, name).steps.tolist() == list(map(plain.step, notes)), name


@given(st.lists(tunes, min_size=1, max_size=4))
def test_sequences_and_terms_agree_with_plain_ones(some: list[tuple[str, tuple[str, ...]]]) -> None:
    texts = [tokens for _, tokens in some]
    found = sequences_of([lay_out(tokens) for tokens in texts])
    for name in ("notes", "changes", "quavers", "beats", "pulses"):
        pitches = getattr(found, name)
        of = [pitches.steps[pitches.tunes == k].tolist() for k in range(len(some))]
        assert of == [plain.sequences(tokens, meter)[name] for meter, tokens in some], name
    assert terms_by_tune(texts) == [plain.terms(tokens, meter) for meter, tokens in some]


def test_real_tunes_agree_with_plain_ones(shared) -> None:  # type: ignore[no-untyped-def]
    every = [tune for tune in read(shared / V2_SAMPLE) if not isinstance(tune, Rejected)]
    some = [tune for tune in every if tune.meter in METERS][::15]
    meters = {tune.meter for tune in some}
    assert meters >= {"4/4", "6/8", "3/4", "9/8", "2/4"}
    expected = [plain.terms(tune.tokens, tune.meter or "") for tune in some]
    assert terms_by_tune([tune.tokens for tune in some]) == expected


def test_a_tune_of_absurd_lengths_has_short_sequences() -> None:
    tokens = ["M:4/4", "K:Cmaj", "C", "/11", "D", *["999999"] * 12, "|", "E", "|"]
    found = sequences_of([lay_out(tokens)])
    assert found.notes.steps.tolist() == [0, 1, 2]
    assert len(found.quavers.steps) < 100


def tune_terms(layouts) -> list[Terms]:  # type: ignore[no-untyped-def]
    terms, of = terms_of(sequences_of(layouts))
    return [terms[of == k] for k in range(len(layouts))]


def found_in(segments: Sequence[NearSegment], terms: Terms) -> tuple[list[Best], np.ndarray]:
    """The best of each segment, as places among all tunes, and the scores of all: (2, tunes)."""
    postings = [postings_of(segment, terms) for segment in segments]
    counts = sum((one.counts.astype(np.int64) for one in postings), np.zeros(len(terms), np.int64))
    count = sum(map(len, segments))
    weights = weights_of(terms, counts, count)
    best, scores, first = [], [np.empty((2, 0), np.float32)], 0
    for some, own in zip(segments, postings, strict=True):
        one = best_of(some, terms, own, weights)
        best.append(one._replace(first=one.first + first, second=one.second + first))
        scores.append(scores_of(some, terms, own, weights))
        first += len(some)
    return best, np.concatenate(scores, axis=1)


@given(st.lists(tunes, min_size=1, max_size=8), st.data())
def test_scores_are_those_of_the_formula(
    some: list[tuple[str, tuple[str, ...]]], data: st.DataObject
) -> None:
    """Over segments of any sizes: the sum of ln(N / df) + 0.1, over the sizes of both."""
    layouts = [lay_out(tokens) for _, tokens in some]
    cut = data.draw(st.integers(0, len(some)))
    segments = [NearSegment.of(piece) for piece in (layouts[:cut], layouts[cut:]) if piece]
    has = [set(terms.tolist()) for terms in tune_terms(layouts)]
    counts = Counter(term for terms in has for term in terms)
    weight = {term: SETS[unpacked(term)[0]].weight for term in counts}

    def size(terms: set[int]) -> float:
        return sum(weight[term] for term in terms) + 1

    asked = data.draw(st.integers(0, len(some) - 1))

    def in_sets(terms: set[int], *, are_first: bool) -> set[int]:
        return {t for t in terms if (unpacked(t)[0] < len(FIRST_SETS)) == are_first}

    expected = []
    for are_first in (True, False):
        own, *others = (in_sets(terms, are_first=are_first) for terms in (has[asked], *has))
        expected.append([
            sum(weight[term] * (log(len(some) / counts[term]) + 0.1) for term in own & other)
            / sqrt(size(own) * size(other))
            for other in others
        ])  # fmt: skip
    terms = tune_terms(layouts)[asked]
    _, found = found_in(segments, terms)
    for row, wanted in zip(found.tolist(), expected, strict=True):
        assert row == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    # All that share a term of either list are candidates, as long as they are few.
    assert set(Candidates(segments).best(terms).tolist()) == {
        k for k, scores in enumerate(zip(*expected, strict=True)) if max(scores) > 0
    }


def test_a_term_that_many_tunes_have_says_nothing() -> None:
    common = [*"CDEFGABc", "|"]
    rare = [*"CcDbEaFg", "|", *"GfAeBdc", "c'", "|", *"CfDgEaFb", "|"]
    header = ["M:4/4", "K:Cmaj"]
    of = {
        "common": lay_out([*header, *common]),
        "rare": lay_out([*header, *rare]),
        "both": lay_out([*header, *common, *rare]),
    }
    segments = [NearSegment.of([of["common"]] * 21 + [of["rare"]] * 20)]
    terms = {name: tune_terms([layout])[0] for name, layout in of.items()}
    _, found = found_in(segments, terms["both"])
    assert not found[:, :21].any()
    assert (found[0, 21:] > 0).all()
    # Where most terms of a melody are such, its own copies are many, and all count.
    _, found = found_in(segments, terms["common"])
    assert (found[0, :21] > 0).all()


def best_by_sorting(scores: np.ndarray, counted: np.ndarray) -> list[int]:
    """The candidates, from the scores of all tunes, (2, tunes), by sorting each tune."""
    by_first, by_second = (
        sorted(
            (tune for tune in range(scores.shape[1]) if row[tune] > 0 and counted[tune]),
            key=lambda tune: (-row[tune], tune),
        )
        for row in scores
    )
    first = by_first[:24]
    return [*first, *[tune for tune in by_second if tune not in first][:8]]


@pytest.fixture(scope="module")
def real(shared) -> list[Layout]:  # type: ignore[no-untyped-def]
    every = [tune for tune in read(shared / V2_SAMPLE) if not isinstance(tune, Rejected)]
    return [lay_out(tune.tokens) for tune in every[:1500]]


def test_candidates_are_the_best_of_all_tunes_however_they_are_cut(real: list[Layout]) -> None:
    # Real tunes have copies, so that many scores are equal.
    cuts = [0, 1, 40, 41, 700, len(real)]
    segments = [NearSegment.of(real[a:b]) for a, b in pairwise(cuts)]
    ways = [segments, [NearSegment.join(segments)]]
    counted = np.arange(len(real)) % 3 != 1
    of_segments = [np.split(counted, cuts[1:-1]), [counted]]
    for melody in melodies_of(real[::30]):
        _, scores = found_in(segments, melody.terms)
        expected = best_by_sorting(scores, np.ones(len(real), bool))
        among_counted = best_by_sorting(scores, counted)
        for some, masks in zip(ways, of_segments, strict=True):
            index = Candidates(some)
            assert index.best(melody.terms).tolist() == expected
            assert index.best(melody.terms, masks).tolist() == among_counted


def test_what_segments_gave_may_be_merged_in_any_order(real: list[Layout]) -> None:
    segments = [NearSegment.of(real[first : first + 100]) for first in range(0, 600, 100)]
    for melody in melodies_of(real[:600:25]):
        best, _ = found_in(segments, melody.terms)
        whole = merged(best)
        pairs = [merged([best[4], best[1]]), merged([best[0], best[5], best[3]]), best[2]]
        for one, other in zip(whole, merged(pairs), strict=True):
            assert one.tolist() == other.tolist()
        assert whole.tunes.tolist() == Candidates(segments).best(melody.terms).tolist()


def assert_same(one: NearSegment, other: NearSegment) -> None:
    """Both have the same arrays, of the same types."""
    left, right = one.arrays(), other.arrays()
    assert list(left) == list(right)
    for name, array in left.items():
        assert array.dtype == right[name].dtype, name
        np.testing.assert_array_equal(array, right[name], name)


@given(st.lists(tunes, min_size=1, max_size=6), st.data())
def test_segments_joined_cut_and_stored_are_those_of_their_tunes(
    some: list[tuple[str, tuple[str, ...]]], data: st.DataObject
) -> None:
    layouts = [lay_out(tokens) for _, tokens in some]
    whole = NearSegment.of(layouts)
    cut = data.draw(st.integers(0, len(some)))
    pieces = [NearSegment.of(piece) for piece in (layouts[:cut], layouts[cut:]) if piece]
    assert_same(NearSegment.join(pieces), whole)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(some) - 1), min_size=1)))
    expected = NearSegment.of([layouts[k] for k in chosen])
    assert_same(whole.select(chosen), expected)
    ids = np.arange(len(some), dtype=np.int32)
    assert_same(NearSegment.read(whole.arrays(), ids), whole)
    with pytest.raises(ValueError, match="do not fit together"):
        NearSegment.read(whole.arrays() | {"starts": np.array([1], np.int32)}, ids)


def local_alignment(left: str, right: str) -> int:
    """Smith and Waterman's best score, by Gotoh's recurrences (1982), cell by cell."""
    score = {0: 5, 1: -2, 2: -3, 3: -4}
    low = -(10**6)
    best = 0
    above = [0] * (len(right) + 1)
    gap_above = [low] * (len(right) + 1)
    for one in left:
        row, gap_left = [0], low
        for k, other in enumerate(right, 1):
            gap_left = max(row[k - 1] - 8, gap_left - 4)
            gap_above[k] = max(above[k] - 8, gap_above[k] - 4)
            apart = (ord(one) - ord(other)) % 7
            diagonal = above[k - 1] + score[min(apart, 7 - apart)]
            row.append(max(0, diagonal, gap_left, gap_above[k]))
            best = max(best, row[k])
        above = row
    return best


pitches = st.lists(st.integers(-10, 14), min_size=1, max_size=40)


@given(pitches, pitches, st.integers(0, 6))
def test_alignments_have_the_best_score(left: list[int], right: list[int], up: int) -> None:
    other, raised = letters(right), letters([step + up for step in left])
    (found,) = scores([letters(left)], [other], [up])
    assert found == local_alignment(raised.decode(), other.decode())


@pytest.mark.parametrize("is_asked_longer", [False, True])
def test_quavers_are_aligned_at_the_pace_of_the_other_tune(is_asked_longer: bool) -> None:
    short = "M:4/4 K:Cmaj C D E F G A B c | c B A G F E D C |"
    long = "M:4/4 K:Cmaj C 2 D 2 E 2 F 2 | G 2 A 2 B 2 c 2 | c 2 B 2 A 2 G 2 | F 2 E 2 D 2 C 2 |"
    asked, other = (long, short) if is_asked_longer else (short, long)
    search = NearSearch(
        Candidates([NearSegment.of([lay_out(other.split())])]), [np.array([7], dtype=np.int32)]
    )
    (melody,) = melodies_of([lay_out(asked.split())])
    ids, ups, measures = search.measures(melody)
    # Notes and quavers agree. The points at the crotchets of a bar are other ones.
    beats = local_alignment("CEGBcAFD".upper(), "CDEFGABccBAGFEDC".upper()) / 5 / sqrt(8 * 16)
    assert (ids.tolist(), ups.tolist()) == ([7], [0])
    assert dict(zip(MEASURES, measures[0].tolist(), strict=True)) == pytest.approx(
        {"shorter": 0.4, "mean": (1 + 1 + beats) / 3, "length": log(17), "same_meter": 1,
         "same_mode": 1}
    )  # fmt: skip


def test_many_notes_in_a_quaver_say_no_more_than_two() -> None:
    # 64 notes fill four quavers.
    tune = lay_out(["M:4/4", "K:Cmaj", *["C", "/16", "E", "/16", "G", "/16", "B", "/16"] * 16, "|"])
    search = NearSearch(Candidates([NearSegment.of([tune])]), [np.array([1], dtype=np.int32)])
    (melody,) = melodies_of([tune])
    _, _, measures = search.measures(melody)
    assert measures[0, MEASURES.index("length")] == pytest.approx(log(2 * 4 + 1))


@pytest.mark.parametrize(("together", "step"), [(5_000, 300), (100, 7)])
def test_segments_are_joined_in_ranges_of_terms(
    real: list[Layout], monkeypatch: pytest.MonkeyPatch, together: int, step: int
) -> None:
    monkeypatch.setattr(segment, "_TOGETHER", together)
    monkeypatch.setattr(segment, "_STEP", step)
    some = real[:200]
    whole = NearSegment.of(some)
    pieces = [NearSegment.of(some[first : first + 30]) for first in range(0, len(some), 30)]
    assert_same(NearSegment.join(pieces), whole)
    chosen = range(10, 180, 3)
    assert_same(whole.select(chosen), NearSegment.of([some[place] for place in chosen]))


def test_letters_are_steps_of_the_octave() -> None:
    assert letters([0, 1, 6, 7, -1, -7]) == b"ABGAGA"


def test_a_segment_of_more_tunes_than_two_bytes_count_is_stored_whole() -> None:
    one = NearSegment.of([lay_out(["M:4/4", "K:Cmaj", "C", "D", "E", "F", "G", "A", "B", "|"])])
    many = NearSegment.join([one] * (2**16 + 1))
    read_back = NearSegment.read(many.arrays(), np.arange(2**16 + 1, dtype=np.int32))
    assert read_back.terms.tolist() == one.terms.tolist()
    assert read_back.tunes[: 2**16 + 1].tolist() == list(range(2**16 + 1))
    assert_same(read_back, many)
