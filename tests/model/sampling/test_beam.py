"""Beam search: agreement with all transcriptions that there are, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tunetrace
from tests.indexer.search.test_figures import search
from tests.model.sampling.following import log2_following
from tests.model.sampling.test_copy_limit import longest_span
from tests.model.tiny import make_model
from tunetrace import Index, QueryError
from tunetrace.model.records import Hypothesis, Model, Tokens
from tunetrace.model.sampling.beam import search_beam
from tunetrace.model.sampling.copy_limit import CopyLimit
from tunetrace.model.sampling.prompt import Prompt, make_prompt

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = Tokens(("A", "</s>", "B", "<s>", "2"))


def begins(*numbers: int) -> Prompt:
    return Prompt(tuple((number,) for number in numbers), len(numbers))


def following_of(model: Model, numbers: list[int], temperature: float = 1.0) -> list[float]:
    """log2 of the probabilities of what follows, START being impossible: (tokens,)."""
    logs = log2_following(model, numbers, temperature)
    logs -= np.log2(1 - np.exp2(logs[model.tokens.start]))
    return list(logs.tolist())


def every(
    model: Model, beginning: list[int], max_tokens: int, temperature: float = 1.0
) -> Iterator[Hypothesis]:
    """All transcriptions with a note that end with fewer tokens than so many, one by one."""

    def from_here(numbers: list[int], log: float) -> Iterator[Hypothesis]:
        following = following_of(model, numbers, temperature)
        tokens = tuple(model.tokens.decode(numbers))
        if "A" in tokens or "B" in tokens:
            yield Hypothesis(0, tokens, True, log + following[model.tokens.end])
        for number in range(len(model.tokens)):
            is_frame = number in (model.tokens.start, model.tokens.end)
            if not is_frame and len(numbers) + 1 < max_tokens:
                yield from from_here([*numbers, number], log + following[number])

    yield from from_here(beginning, 0.0)


def best(hypotheses: Iterable[Hypothesis], count: int) -> list[Hypothesis]:
    return sorted(hypotheses, key=lambda some: -some.log2_probability)[:count]


def assert_same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [some.tokens for some in found] == [some.tokens for some in expected]
    assert [some.log2_probability for some in found] == pytest.approx(
        [some.log2_probability for some in expected], abs=1e-4
    )


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([[], [0], [2, 4]]))
def test_a_beam_as_wide_as_all_beginnings_finds_the_most_probable_transcriptions(
    seed: int, temperature: float, beginning: list[int]
) -> None:
    model = make_model(TOKENS.names, seed=seed)
    found = search_beam(
        model, 400, prompt=begins(*beginning), max_tokens=5, temperature=temperature
    )
    assert_same(
        [some for some in found if some.has_ended],
        best(every(model, beginning, 5, temperature), 400),
    )
    assert [some.number for some in found] == list(range(1, len(found) + 1))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_a_narrow_beam_finds_transcriptions_with_their_own_probabilities(
    seed: int, width: int
) -> None:
    model = make_model(TOKENS.names, seed=seed)
    found = search_beam(model, width, prompt=begins(0), max_tokens=6)
    assert 1 <= len(found) <= width
    assert len({some.tokens for some in found}) == len(found)
    for some in found:
        numbers = TOKENS.encode(some.tokens)
        log = sum(following_of(model, numbers[:k])[numbers[k]] for k in range(1, len(numbers)))
        if some.has_ended:
            log += following_of(model, numbers)[TOKENS.end]
        assert numbers[0] == 0
        assert some.log2_probability == pytest.approx(log, abs=1e-4)
        assert len(numbers) < 6 if some.has_ended else len(numbers) == 6
    logs = [some.log2_probability for some in found if some.has_ended]
    assert logs == sorted(logs, reverse=True)


@given(st.integers(0, 1000))
def test_a_beam_of_one_takes_the_most_probable_token_each_time(seed: int) -> None:
    model = make_model(TOKENS.names, seed=seed)
    (found,) = search_beam(model, 1, max_tokens=8)
    numbers = TOKENS.encode(found.tokens)
    for k, number in enumerate(numbers):
        following = np.array(following_of(model, numbers[:k]))
        following[[TOKENS.start, TOKENS.end]] = -np.inf
        assert number == following.argmax()


def test_what_is_left_open_in_a_beginning_is_chosen_among_what_may_stand_there() -> None:
    tokens = Tokens(("<s>", "</s>", "M:2/4", "M:6/8", "K:Cmaj", "A", "B"))
    model = make_model(tokens.names, seed=3)
    found = search_beam(model, 2, prompt=make_prompt(tokens, key="maj"), max_tokens=2 + 1)
    assert {some.tokens[0] for some in found} <= {"M:2/4", "M:6/8"}
    assert {some.tokens[1] for some in found} == {"K:Cmaj"}
    first = log2_following(model, [])
    meters = np.exp2(first[[2, 3]])
    for some in found:
        numbers = tokens.encode(some.tokens)
        chosen = np.log2(meters[numbers[0] - 2] / meters.sum())
        after = tokens.end if some.has_ended else numbers[2]
        rest = following_of(model, numbers[:2])[after]
        assert some.log2_probability == pytest.approx(chosen + rest, abs=1e-4)


def test_what_does_not_end_is_cut_off_and_comes_last() -> None:
    model = make_model(TOKENS.names)
    model.network.token_bias.data[TOKENS.end] -= 4
    found = search_beam(model, 12, max_tokens=5)
    states = [some.has_ended for some in found]
    assert set(states) == {True, False}
    assert states == sorted(states, reverse=True)
    assert all(len(some.tokens) == 5 for some in found if not some.has_ended)


def test_no_more_is_found_than_there_is_and_nothing_ends_without_a_note() -> None:
    found = search_beam(make_model(TOKENS.names), 500, max_tokens=2)
    assert [len(some.tokens) for some in found].count(2) == 9
    assert len(found) == 2 + 9  # A and B end; what is without a note does not


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 2), st.lists(st.sampled_from("AB2"), min_size=4))
@pytest.mark.slow
def test_with_a_limit_the_beam_finds_the_most_probable_of_those_that_do_not_copy_more(
    seed: int, notes: int, corpus: list[str]
) -> None:
    model = make_model(TOKENS.names, seed=seed)
    limit = CopyLimit(search([corpus]), TOKENS, notes)

    def is_within(tokens: tuple[str, ...]) -> bool:
        run = limit.begin()
        for number in TOKENS.encode(tokens):
            if not run.allows(number):
                return False
            run.push(number)
        return limit.holds_when_read(tokens)

    found = search_beam(model, 400, max_tokens=5, limit=limit)
    within = [some for some in every(model, [], 5) if is_within(some.tokens)]
    assert_same([some for some in found if some.has_ended], best(within, 400))
    for some in found:
        assert longest_span([corpus], some.tokens) <= notes


def test_where_a_limit_leaves_nothing_one_sentence_says_so() -> None:
    model = make_model(TOKENS.names)
    model.network.token_bias.data[:] = -60
    model.network.token_bias.data[0] = 0
    limit = CopyLimit(search([["A", "A", "A"]]), TOKENS, 2)
    with pytest.raises(
        QueryError, match=r"^with a limit of 2 copied notes nothing .* after 'A A', because"
    ):
        search_beam(model, 1, limit=limit)


def test_a_start_that_copies_more_is_refused(make_index: Callable[..., Index]) -> None:
    index = make_index("M:4/4\nK:Cmaj\nA A A |")
    with pytest.raises(QueryError, match=r"^3 notes in a row of the start are found in the index"):
        tunetrace.beam_search(3, make_model(), start="A A A", max_copy=2, index=index)


@pytest.mark.parametrize(
    ("start", "width", "temperature", "message"),
    [
        ("", 0, 1.0, "the width of the beam cannot be 0; give 1 to 1000"),
        ("", 1001, 1.0, "the width of the beam cannot be 1001"),
        ("", 1, 0.0, "the temperature cannot be 0; give a number from 0.01 to 100"),
        ("", 1, float("nan"), "the temperature cannot be nan; give a number from 0.01 to 100"),
        ("A A", 1, 1.0, "have 4 tokens together, but tunes are cut off after 4 tokens; allow more"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    start: str, width: int, temperature: float, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        tunetrace.beam_search(
            width, make_model(), start=start, max_tokens=4, temperature=temperature
        )
