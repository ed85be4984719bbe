"""The back-off model: by hand on two tunes, and as its formula over dictionaries says on any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import brute
from tests.indexer.search.test_figures import VOCABULARY, search
from tests.strategies import LENGTHS, NOTES, corpora, heaps
from tunetrace import Index
from tunetrace.indexer.search import views
from tunetrace.indexer.statistics.backoff import ORDER, BackoffModel, ExpectedHits
from tunetrace.tokenizer.vocabulary import SEPARATOR

ALPHABET = views.TOKENS.alphabet(VOCABULARY)
TOKENS = [token for token in VOCABULARY.tokens if not brute.is_wall(token)]
"""Those that a figure may have."""


def model_of(tunes: list[list[str]], tunes_in_segment: int = 100) -> BackoffModel:
    return BackoffModel.counted(search(tunes, tunes_in_segment).segments, ALPHABET)


def probabilities(model: BackoffModel, tokens: list[str]) -> list[list[float]]:
    """Row by row, from the symbol alone to all the context there can be."""
    rows: list[list[float]] = (2 ** model.log2_probabilities(VOCABULARY.encode(tokens))).tolist()
    return rows


# By hand


def test_probabilities_and_expected_counts_of_a_tiny_corpus() -> None:
    # C D C 2 and C D: after nothing C stands 3 times, D 2 times, 2 once; after C D twice and 2
    # once; after D C once. A length follows C once in three times, which the closed figure lacks.
    model = model_of([["M:4/4", "K:Cmaj", "C", "D", "C", "2"], ["M:4/4", "C", "D"]])
    v = len(TOKENS)
    c, d, two = ((n + 3 / v) / (6 + 3) for n in (3, 2, 1))
    d_after_c = (2 + 2 * d) / (3 + 2)
    two_after_c = (1 + 2 * two) / (3 + 2)
    assert model.symbols == 6
    shown = probabilities(model, ["C", "D", "C", "2"])
    assert shown[0] == pytest.approx([c, d, c, two])
    c_after_d = (1 + 1 * c) / (1 + 1)
    assert shown[1] == pytest.approx([c, d_after_c, c_after_d, two_after_c])
    assert shown[2][2] == pytest.approx((1 + 1 * c_after_d) / (1 + 1))  # after C D
    assert shown[2][:2] == pytest.approx(shown[1][:2])  # where the tune begins there is no more
    figure = VOCABULARY.encode(["C", "D"])
    assert model.expected(figure, open_end=True) == pytest.approx(6 * c * d_after_c)
    goes_on = sum(token[0] in "<>/123456789" for token in TOKENS)
    lengthens = (1 + 3 * goes_on / v) / (6 + 3)  # after nothing
    lengthens_c = (1 + 2 * lengthens) / (3 + 2)  # after C, where 2 of 3 go on with D
    expected = 6 * c * (1 - lengthens_c)
    assert model.expected(VOCABULARY.encode(["C"])) == pytest.approx(expected)


def test_a_token_by_itself_is_expected_about_as_often_as_it_stands(v2_index: Index) -> None:
    model = BackoffModel.counted(v2_index.figures.segments, v2_index.figures.alphabet)
    for token in ("c", "|", "=B", ">", "(3"):
        symbol = v2_index.vocabulary.encode([token])
        _, hits = v2_index.figures.count(symbol, open_end=True)
        # The uniform distribution has a part of some hundred in half a million.
        assert model.expected(symbol, open_end=True) == pytest.approx(hits, rel=1e-3, abs=1)


def test_all_that_is_a_token_and_no_wall_can_begin_a_figure(v2_index: Index) -> None:
    model = BackoffModel.counted(v2_index.figures.segments, v2_index.figures.alphabet)
    assert model.symbols == v2_index.info().tokens


def test_a_wall_has_no_probability_and_ends_the_context() -> None:
    model = model_of([["M:4/4", "C", "D", "M:3/4", "C", "D", "<s>", "E"]])
    assert model.symbols == 5
    symbols = VOCABULARY.encode(["C", "M:3/4", "D"]) + bytes([SEPARATOR, 200])
    rows = model.log2_probabilities(symbols)
    assert (rows[:, [1, 3, 4]] == 0).all()
    # D after C is likely; D after a wall is as likely as D after nothing.
    assert (rows[:, 2] == rows[0, 2]).all()
    assert model.expected(VOCABULARY.encode(["C", "M:3/4"])) == 0
    assert model.expected(bytes([200])) == 0


def test_a_corpus_without_a_tune_finds_all_tokens_equally_probable() -> None:
    model = BackoffModel.counted([], ALPHABET)
    assert model.symbols == 0
    assert model.expected(VOCABULARY.encode(["C", "D"])) == 0
    rows = model.log2_probabilities(VOCABULARY.encode(["C", "D"]))
    assert rows == pytest.approx(-np.log2(len(TOKENS)))
    assert model.log2_probabilities(b"").shape == (ORDER, 0)
    bounds = np.array([[0], [2]], dtype=np.int32)
    assert ExpectedHits(model, VOCABULARY.encode(["C", "D"])).log2(*bounds).tolist() == [-np.inf]


# By brute force

figures = st.lists(st.sampled_from([*NOTES, *NOTES, *LENGTHS, "|", "|:", "(3"]), min_size=1,
                   max_size=8)  # fmt: skip


@given(corpora, heaps, st.integers(1, 3))
def test_probabilities_are_those_of_the_formula_however_the_corpus_is_segmented(
    tunes: list[list[str]], checked: list[str], tunes_in_segment: int
) -> None:
    rows = probabilities(model_of(tunes, tunes_in_segment), checked)
    slow = brute.BackoffModel(tunes, TOKENS)
    start = 0
    for at, token in enumerate(checked):
        if brute.is_wall(token):
            start = at + 1
            assert [row[at] for row in rows] == [1] * ORDER
            continue
        for length, row in enumerate(rows):
            context = checked[max(start, at - length) : at]
            assert row[at] == pytest.approx(slow.probability(token, context))


@given(corpora, figures, st.booleans(), st.integers(1, 3))
def test_expected_counts_are_those_of_the_formula(
    tunes: list[list[str]], figure: list[str], open_end: bool, tunes_in_segment: int
) -> None:
    model = model_of(tunes, tunes_in_segment)
    slow = brute.BackoffModel(tunes, TOKENS).expected(figure, open_end=open_end)
    expected = model.expected(VOCABULARY.encode(figure), open_end=open_end)
    assert expected == pytest.approx(slow)


@given(corpora, st.lists(figures, min_size=1, max_size=4))
def test_stretches_of_a_stream_are_expected_as_often_as_the_figures_that_they_are(
    tunes: list[list[str]], pieces: list[list[str]]
) -> None:
    model = model_of(tunes)
    stream = bytes([SEPARATOR]).join(VOCABULARY.encode(piece) for piece in pieces)
    bounds = [
        (first, stop)
        for first in range(len(stream))
        for stop in range(first + 1, len(stream) + 1)
        if SEPARATOR not in stream[first:stop]
    ]
    firsts, stops = np.array(bounds, dtype=np.int32).T
    one_by_one = [model.expected(stream[first:stop]) for first, stop in bounds]
    assert 2 ** ExpectedHits(model, stream).log2(firsts, stops) == pytest.approx(one_by_one)


@given(corpora, st.lists(st.sampled_from([*NOTES, *LENGTHS, "|"]), max_size=ORDER - 1))
def test_the_probabilities_of_all_tokens_after_a_context_sum_to_one(
    tunes: list[list[str]], context: list[str]
) -> None:
    each = [VOCABULARY.encode([*context, token]) for token in TOKENS]
    rows = 2 ** model_of(tunes).log2_probabilities(bytes([SEPARATOR]).join(each))
    last = rows[:, len(context) :: len(context) + 2]
    assert last.shape == (ORDER, len(TOKENS))
    assert last.sum(axis=1) == pytest.approx(1)


@given(corpora, st.lists(st.sampled_from(NOTES), min_size=1, max_size=6))
def test_a_figure_is_expected_as_often_with_an_open_end_as_closed_and_going_on_together(
    tunes: list[list[str]], figure: list[str]
) -> None:
    model = model_of(tunes)
    symbols = VOCABULARY.encode(figure)
    going_on = sum(
        model.expected(symbols + bytes([one]), open_end=True) for one in ALPHABET.continuing
    )
    whole = model.expected(symbols, open_end=True)
    assert model.expected(symbols) + going_on == pytest.approx(whole)


def test_where_a_stream_begins_does_not_matter_to_the_tunes_in_it(v2_index: Index) -> None:
    model = BackoffModel.counted(v2_index.figures.segments, v2_index.figures.alphabet)
    (segment,) = v2_index.figures.segments
    stream = segment.symbols.tobytes()
    whole = model.log2_probabilities(stream)
    start = stream.index(segment.symbols_of(500))
    assert np.array_equal(whole[:, start:], model.log2_probabilities(stream[start:]))
