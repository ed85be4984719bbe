"""Beam search: agreement with all transcriptions that there are, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.indexer.test_figures import search
from tests.model.networks import log2_following, make_model
from tests.model.test_copy_limit import Corpus, longest_span
from tunetrace import QueryError
from tunetrace.model.beam import Hypothesis, beam_search
from tunetrace.model.copy_limit import CopyLimit
from tunetrace.model.records import Model, Tokens

TOKENS = Tokens(("A", "</s>", "B", "<s>", "2"))


def every(
    model: Model, beginning: list[int], max_tokens: int, temperature: float = 1.0
) -> Iterator[Hypothesis]:
    """All transcriptions that end within so many tokens, one by one."""

    def from_here(numbers: list[int], log: float) -> Iterator[Hypothesis]:
        following = log2_following(model, numbers, temperature)
        yield Hypothesis(tuple(numbers), log + float(following[model.tokens.end]), has_ended=True)
        for number in range(len(model.tokens)):
            is_frame = number in (model.tokens.start, model.tokens.end)
            if not is_frame and len(numbers) < max_tokens:
                yield from from_here([*numbers, number], log + float(following[number]))

    yield from from_here(beginning, 0.0)


def best(hypotheses: Iterator[Hypothesis], count: int) -> list[Hypothesis]:
    return sorted(hypotheses, key=lambda some: -some.log2_probability)[:count]


def assert_same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [some.numbers for some in found] == [some.numbers for some in expected]
    assert [some.log2_probability for some in found] == pytest.approx(
        [some.log2_probability for some in expected], abs=1e-4
    )
    assert [some.has_ended for some in found] == [some.has_ended for some in expected]


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([[], [0], [2, 4]]))
def test_a_beam_as_wide_as_all_beginnings_finds_the_most_probable_transcriptions(
    seed: int, temperature: float, beginning: list[int]
) -> None:
    model = make_model(TOKENS, seed=seed)
    found = beam_search(model, beginning, 400, 4, temperature=temperature)
    expected = best(every(model, beginning, 4, temperature), 400)
    assert_same(found[: len(expected)], expected)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_a_narrow_beam_finds_transcriptions_with_their_own_probabilities(
    seed: int, width: int
) -> None:
    model = make_model(TOKENS, seed=seed)
    found = beam_search(model, [0], width, 6)
    assert 1 <= len(found) <= width
    assert len({some.numbers for some in found}) == len(found)
    for some in found:
        log = sum(
            float(log2_following(model, list(some.numbers[:k]))[some.numbers[k]])
            for k in range(1, len(some.numbers))
        )
        if some.has_ended:
            log += float(log2_following(model, list(some.numbers))[TOKENS.end])
        assert some.numbers[0] == 0
        assert some.log2_probability == pytest.approx(log, abs=1e-4)
        assert some.has_ended or len(some.numbers) == 6
    logs = [some.log2_probability for some in found if some.has_ended]
    assert logs == sorted(logs, reverse=True)


@given(st.integers(0, 1000))
def test_a_beam_of_one_takes_the_most_probable_token_each_time(seed: int) -> None:
    model = make_model(TOKENS, seed=seed)
    (found,) = beam_search(model, [], 1, 8)
    for k, number in enumerate(found.numbers):
        following = log2_following(model, list(found.numbers[:k]))
        following[[TOKENS.start, TOKENS.end]] = -np.inf
        assert number == following.argmax()


def test_what_does_not_end_is_cut_off_and_comes_last() -> None:
    model = make_model(TOKENS)
    model.network.token_bias.data[TOKENS.end] = -60
    found = beam_search(model, [], 4, 5)
    assert all(len(some.numbers) == 5 for some in found if not some.has_ended)
    states = [some.has_ended for some in found]
    assert not all(states)
    assert states == sorted(states, reverse=True)


def test_a_beam_is_as_wide_as_there_are_transcriptions() -> None:
    found = beam_search(make_model(TOKENS), [], 500, 2)
    assert len(found) == 1 + 3 + 9


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 2), st.lists(st.sampled_from("AB2"), min_size=4))
def test_with_a_limit_the_beam_finds_the_most_probable_of_those_that_do_not_copy_more(
    seed: int, notes: int, corpus: list[str]
) -> None:
    model = make_model(TOKENS, seed=seed)
    limit = CopyLimit(Corpus(search([corpus])), TOKENS, notes)

    def is_within(numbers: tuple[int, ...]) -> bool:
        run = limit.begin()
        for number in numbers:
            if not run.allows(number):
                return False
            run.push(number)
        return True

    found = beam_search(model, [], 400, 4, limit=limit)
    within = [some for some in every(model, [], 4) if is_within(some.numbers)]
    assert_same([some for some in found if some.has_ended], best(iter(within), 400))
    for some in found:
        assert longest_span([corpus], TOKENS.decode(some.numbers)) <= notes


def test_where_a_limit_leaves_nothing_one_sentence_says_so() -> None:
    model = make_model(TOKENS)
    model.network.token_bias.data[:] = -60
    model.network.token_bias.data[0] = 0
    limit = CopyLimit(Corpus(search([["A", "A", "A"]])), TOKENS, 2)
    with pytest.raises(
        QueryError, match=r"^a limit of 2 copied notes leaves .* after 'A A', since"
    ):
        beam_search(model, [], 1, 9, limit=limit)


def test_a_start_that_copies_more_is_refused() -> None:
    limit = CopyLimit(Corpus(search([["A", "A", "A"]])), TOKENS, 2)
    with pytest.raises(QueryError, match=r"^3 notes of the start stand together in the index"):
        beam_search(make_model(TOKENS), [0, 0, 0], 3, 9, limit=limit)


@pytest.mark.parametrize(
    ("beginning", "width", "temperature", "message"),
    [
        ([], 0, 1.0, "a beam of 0 cannot be searched; it may be 1 to 1000 wide"),
        ([], 1001, 1.0, "a beam of 1001 cannot"),
        ([], 1, 0.0, "a temperature of 0.0 is none"),
        ([], 1, float("nan"), "a temperature of nan is none"),
        ([0, 0, 0, 0, 0], 1, 1.0, "the start has 5 tokens and a transcription at most 4"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    beginning: list[int], width: int, temperature: float, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        beam_search(make_model(TOKENS), beginning, width, 4, temperature=temperature)
