"""The infinite-gram, against counts in lists of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import corpora
from tunetrace import Index
from tunetrace.indexer.search import infinite
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.infinite import Following, InfiniteGram
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.store.arrays.streams import joined
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

START, END = "START", "END"


def by_hand(tunes: Sequence[Sequence[str]], read: Sequence[str]) -> tuple[int, int, dict[str, int]]:
    """The length of the longest end of what was read that is in a tune and is followed there, in
    how many tunes it is, and how often each token follows it."""
    framed = [[START, *tune, END] for tune in tunes]
    for length in range(len(read), -1, -1):
        wanted = list(read[len(read) - length :])
        following: Counter[str] = Counter()
        having = 0
        for tune in framed:
            # Nothing has START after it, but START follows nothing either.
            here = [
                tune[at + length]
                for at in range(0 if length else 1, len(tune) - length)
                if tune[at : at + length] == wanted
            ]
            following.update(here)
            having += bool(here)
        if following:
            return length, having, dict(following)
    return 0, 0, {}


def search_in(*segments: Sequence[Sequence[str]]) -> FigureSearch:
    """Tunes in segments, with ids from 1 on."""
    vocabulary = Vocabulary()
    found = []
    first = 1
    for tunes in segments:
        stream = joined([vocabulary.learn(tune) for tune in tunes])
        found.append(Segment.of(range(first, first + len(tunes)), stream))
        first += len(tunes)
    return FigureSearch(found, vocabulary)


def told(following: Following, vocabulary: Vocabulary) -> tuple[int, int, dict[str, int]]:
    counts = {
        END if symbol == SEPARATOR else vocabulary.tokens[symbol]: int(count)
        for symbol, count in enumerate(following.counts)
        if count
    }
    return following.length, following.tunes, counts


def smoothed_by_hand(
    tunes: Sequence[Sequence[str]], read: Sequence[str], vocabulary: Vocabulary
) -> dict[str, float]:
    """The formula of Witten and Bell over counts in lists of tokens, for all tokens and the end."""
    names = [*vocabulary.tokens, END]
    probabilities = dict.fromkeys(names, 1 / len(names))
    framed = [[START, *tune, END] for tune in tunes]
    for length in range(len(read) + 1):
        wanted = list(read[len(read) - length :])
        following = Counter(
            tune[at + length]
            for tune in framed
            for at in range(0 if length else 1, len(tune) - length)
            if tune[at : at + length] == wanted
        )
        if not following:
            break
        hits, kinds = following.total(), len(following)
        probabilities = {
            name: (following[name] + kinds * shorter) / (hits + kinds)
            for name, shorter in probabilities.items()
        }
    return probabilities


@st.composite
def tunes_and_what_was_read(
    draw: st.DrawFn,
) -> tuple[list[list[str]], list[list[str]], list[str], list[bool] | None]:
    """Two segments of tunes, some of them several times, the beginning of another, and which of the
    tunes count."""
    first, second = (draw(corpora) * draw(st.sampled_from([1, 1, 20])) for _ in range(2))
    tunes = [*first, *second]
    asked = draw(st.sampled_from(tunes))
    cut = draw(st.integers(0, len(asked)))
    tune = [*asked[:cut], *draw(st.lists(st.sampled_from(asked), max_size=6))]
    booleans = st.lists(st.booleans(), min_size=len(tunes), max_size=len(tunes))
    return first, second, tune, draw(st.none() | booleans)


@settings(max_examples=100)
@given(tunes_and_what_was_read(), st.booleans(), st.booleans())
def test_smoothed_probabilities_are_those_of_the_formula(
    given_: tuple[list[list[str]], list[list[str]], list[str], list[bool] | None],
    is_one_segment: bool,
    is_planted: bool,
) -> None:
    first, second, tune, is_admitted = given_
    tunes = [*first, *second]
    search = search_in(tunes) if is_one_segment else search_in(first, second)
    if is_planted:
        search.plant()
    mask = None if is_admitted is None else np.array([False, *is_admitted])
    admitted = [tune for k, tune in enumerate(tunes) if is_admitted is None or is_admitted[k]]
    model = InfiniteGram(search, mask)
    symbols = search.vocabulary.encode(tune)
    for context, read in ((symbols, tune), (bytes([SEPARATOR]) + symbols, [START, *tune])):
        for stop in range(len(read) + 1):
            found = model.smoothed(context[:stop])
            expected = smoothed_by_hand(admitted, read[:stop], search.vocabulary)
            count = len(search.vocabulary.tokens)
            names = [*expected.values()]
            assert found[:count] == pytest.approx(names[:-1], rel=1e-9)
            assert found[SEPARATOR] == pytest.approx(names[-1], rel=1e-9)
            assert not found[count:SEPARATOR].any()
            assert abs(found.sum() - 1) < 1e-12
            following, hand = model.after(context[:stop]), by_hand(admitted, read[:stop])
            assert told(following, search.vocabulary) == hand


def test_smoothed_probabilities_worked_out_by_hand() -> None:
    # Of C D and C C: after nothing come C 3 times, D once and the end twice; after C come D, C and
    # the end once each; after the beginning and C come D and C once each.
    search = search_in([["C", "D"], ["C", "C"]])
    c, d = search.vocabulary.encode(["C", "D"])
    v = len(search.vocabulary.tokens) + 1
    nothing = {c: (3 + 3 / v) / 9, d: (1 + 3 / v) / 9, SEPARATOR: (2 + 3 / v) / 9}
    after_c = {symbol: (1 + 3 * nothing[symbol]) / 6 for symbol in nothing}
    model = InfiniteGram(search)
    assert [model.smoothed(b"")[one] for one in nothing] == pytest.approx([*nothing.values()])
    assert [model.smoothed(bytes([c]))[one] for one in after_c] == pytest.approx(
        [*after_c.values()]
    )
    begun = model.smoothed(bytes([SEPARATOR, c]))
    assert begun[d] == pytest.approx((1 + 2 * after_c[d]) / 4)
    assert begun[SEPARATOR] == pytest.approx((0 + 2 * after_c[SEPARATOR]) / 4)


@settings(max_examples=60)
@given(corpora, corpora, st.data())
def test_each_step_is_what_counting_by_hand_gives(
    first: list[list[str]], second: list[list[str]], data: st.DataObject
) -> None:
    tunes = [*first, *second]
    search = search_in(first, second)
    asked = data.draw(st.sampled_from(tunes))
    cut = data.draw(st.integers(0, len(asked)))
    tune = [*asked[:cut], *data.draw(st.lists(st.sampled_from(asked), max_size=6))]
    is_admitted = data.draw(
        st.none() | st.lists(st.booleans(), min_size=len(tunes), max_size=len(tunes))
    )
    mask = None if is_admitted is None else np.array([False, *is_admitted])
    admitted = [tune for k, tune in enumerate(tunes) if is_admitted is None or is_admitted[k]]
    model = InfiniteGram(search, mask)
    symbols = bytes([SEPARATOR]) + search.vocabulary.encode(tune)
    found = list(model.along(symbols))
    assert len(found) == len(symbols)
    for stop, following in enumerate(found):
        read = [START, *tune[:stop]]
        assert told(following, search.vocabulary) == by_hand(admitted, read)
        assert told(model.after(symbols[: stop + 1]), search.vocabulary) == by_hand(admitted, read)
        if admitted:
            assert abs(following.probabilities.sum() - 1) < 1e-12


def test_a_symbol_that_the_corpus_lacks_ends_every_context() -> None:
    search = search_in([["C", "D", "E"], ["C", "D", "F"]])
    c, d = search.vocabulary.encode(["C", "D"])
    found = list(InfiniteGram(search).along(bytes([SEPARATOR, c, d, SEPARATOR, c])))
    assert [one.length for one in found] == [1, 2, 3, 0, 1]
    assert [one.tunes for one in found] == [2, 2, 2, 2, 2]
    everything = {"C": 2, "D": 2, "E": 1, "F": 1, END: 2}
    assert told(found[3], search.vocabulary) == (0, 2, everything)
    assert told(found[4], search.vocabulary) == (1, 2, {"D": 2})


def test_it_is_exact_on_an_index(make_index: Callable[..., Index]) -> None:
    index = make_index(
        "M:4/4\nK:Cmaj\nC D E F |", "M:4/4\nK:Cmaj\nC D E G |", "M:6/8\nK:Cmaj\nC D E F G A |"
    )
    symbols = bytes([SEPARATOR]) + index.vocabulary.encode(["M:4/4", "K:Cmaj", "C", "D", "E"])
    *_, last = InfiniteGram(index.figures).along(symbols)
    assert told(last, index.vocabulary) == (6, 2, {"F": 1, "G": 1})
    *_, last = InfiniteGram(index.figures, index.mask([2, 3])).along(symbols)
    assert told(last, index.vocabulary) == (6, 1, {"G": 1})
    *_, last = InfiniteGram(index.figures, index.mask([3])).along(symbols)
    assert told(last, index.vocabulary) == (4, 1, {"F": 1})


@given(tunes_and_what_was_read())
def test_what_follows_many_places_is_counted_as_what_follows_few(
    given_: tuple[list[list[str]], list[list[str]], list[str], list[bool] | None],
) -> None:
    first, second, tune, _ = given_
    search = search_in(first, second)
    symbols = search.vocabulary.encode(tune)
    for start in (b"", bytes([SEPARATOR])):
        contexts = [start + symbols[:stop] for stop in range(len(symbols) + 1)]
        one_by_one = [InfiniteGram(search).counts(context).tolist() for context in contexts]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(infinite, "_MANY", 0)
            by_ranges = [InfiniteGram(search).counts(context).tolist() for context in contexts]
        assert by_ranges == one_by_one
