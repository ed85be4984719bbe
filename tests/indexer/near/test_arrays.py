"""What near copies are found by: worked out by hand, and by plain definitions."""

from __future__ import annotations

from collections import Counter
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import V2_SAMPLE
from tests.indexer.near import plain
from tests.strategies import bodies
from tunetrace.corpus.readers import read
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.near.align import scores
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.score import MEASURES
from tunetrace.indexer.near.search import NearSearch, melodies_of
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.near.sequences import letters, sequences_of
from tunetrace.indexer.near.terms import FIRST_SETS, SETS, Terms, terms_of
from tunetrace.tokenizer.layout.bars import lay_out

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


@given(st.lists(tunes, min_size=1, max_size=8), st.data())
def test_scores_are_those_of_the_formula(
    some: list[tuple[str, tuple[str, ...]]], data: st.DataObject
) -> None:
    """Over segments of any sizes: the sum of ln(N / df) + 0.1, over the sizes of both."""
    layouts = [lay_out(tokens) for _, tokens in some]
    cut = data.draw(st.integers(0, len(some)))
    segments = [NearSegment.of(piece) for piece in (layouts[:cut], layouts[cut:]) if piece]
    index = Candidates(segments)
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
    found = index.scores(terms)
    for row, wanted in zip(found.tolist(), expected, strict=True):
        assert row == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    # All that share a term of either list are candidates, as long as they are few.
    assert set(index.best(terms).tolist()) == {
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
    index = Candidates([NearSegment.of([of["common"]] * 21 + [of["rare"]] * 20)])
    terms = {name: tune_terms([layout])[0] for name, layout in of.items()}
    found = index.scores(terms["both"])
    assert not found[:, :21].any()
    assert (found[0, 21:] > 0).all()
    # Where most terms of a melody are such, its own copies are many, and all count.
    assert (index.scores(terms["common"])[0, :21] > 0).all()


def in_full(segment: NearSegment) -> dict[str, tuple[str, list[Any]]]:
    """The type and the numbers of each array of a segment."""
    return {name: (one.dtype.str, one.tolist()) for name, one in segment.arrays().items()}


@given(st.lists(tunes, min_size=1, max_size=6), st.data())
def test_segments_joined_cut_and_stored_are_those_of_their_tunes(
    some: list[tuple[str, tuple[str, ...]]], data: st.DataObject
) -> None:
    layouts = [lay_out(tokens) for _, tokens in some]
    whole = NearSegment.of(layouts)
    cut = data.draw(st.integers(0, len(some)))
    pieces = [NearSegment.of(piece) for piece in (layouts[:cut], layouts[cut:]) if piece]
    assert in_full(NearSegment.join(pieces)) == in_full(whole)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(some) - 1), min_size=1)))
    expected = NearSegment.of([layouts[k] for k in chosen])
    assert in_full(whole.select(chosen)) == in_full(expected)
    assert in_full(NearSegment.read(whole.arrays(), len(some))) == in_full(whole)
    with pytest.raises(ValueError, match="do not fit together"):
        NearSegment.read(whole.arrays() | {"starts": np.ones(1, np.int32)}, len(some))


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
        Candidates([NearSegment.of([lay_out(other.split())])]), np.array([7], dtype=np.int32)
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
    search = NearSearch(Candidates([NearSegment.of([tune])]), np.array([1], dtype=np.int32))
    (melody,) = melodies_of([tune])
    _, _, measures = search.measures(melody)
    assert measures[0, MEASURES.index("length")] == pytest.approx(log(2 * 4 + 1))


def test_letters_are_steps_of_the_octave() -> None:
    assert letters([0, 1, 6, 7, -1, -7]) == b"ABGAGA"


def test_a_segment_of_more_tunes_than_two_bytes_count_is_stored_whole() -> None:
    one = NearSegment.of([lay_out(["M:4/4", "K:Cmaj", "C", "D", "E", "F", "G", "A", "B", "|"])])
    many = NearSegment.join([one] * (2**16 + 1))
    read_back = NearSegment.read(many.arrays(), 2**16 + 1)
    assert read_back.terms.tolist() == one.terms.tolist()
    assert read_back.tunes[: 2**16 + 1].tolist() == list(range(2**16 + 1))
    assert in_full(read_back) == in_full(many)
