"""The infinite-gram, against counts in lists of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import corpora
from tunetrace import Index
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.infinite import Following, InfiniteGram
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import suffix_array
from tunetrace.indexer.store.streams import joined
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
        ids = np.arange(first, first + len(tunes), dtype="<i4")
        found.append(Segment(ids.tobytes(), stream, suffix_array(stream).astype("<i4").tobytes()))
        first += len(tunes)
    return FigureSearch(found, vocabulary)


def told(following: Following, vocabulary: Vocabulary) -> tuple[int, int, dict[str, int]]:
    counts = {
        END if symbol == SEPARATOR else vocabulary.tokens[symbol]: int(count)
        for symbol, count in enumerate(following.counts)
        if count
    }
    return following.length, following.tunes, counts


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
