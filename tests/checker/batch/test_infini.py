"""Longest matches by infini-gram, which has a suffix array of its own, and by tunetrace."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from benchmarks.infini import InfiniGram, build_infini_gram, checked_symbols
from tests import brute
from tests.conftest import GENERATED
from tests.strategies import bodies
from tunetrace import Index, read
from tunetrace.indexer.search.longest import longest_matches
from tunetrace.indexer.store.arrays.streams import joined
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR, V2_TOKENS, Vocabulary

pytest.importorskip("infini_gram", reason="infini-gram has no wheel for this platform")

CHECKED = 300
TUNES = [
    ["M:4/4", "C", "D", "E", "2", "|", "(3", "C", "D", "E", ":|"],
    ["D", ">", "E", "|", "c", "c", "|", "D", ">", "E", "2"],
    [V2_TOKENS[0], V2_TOKENS[1]],
]


@pytest.fixture(scope="module")
def infini_gram(storage: str, tmp_path_factory: pytest.TempPathFactory) -> InfiniGram:
    """infini-gram's index of a few small tunes."""
    folder = tmp_path_factory.mktemp("infini-gram")
    build_infini_gram(joined([Vocabulary().encode(tune) for tune in TUNES]), folder)
    return InfiniGram(folder)


@settings(deadline=None)
@given(bodies)
def test_infini_gram_finds_the_matches_that_a_slow_search_finds(
    infini_gram: InfiniGram, checked: list[str]
) -> None:
    found = infini_gram.longest_matches(checked_symbols(checked, Vocabulary()))
    assert found.tolist() == brute.longest_matches(TUNES, checked)


def test_a_match_that_comes_before_all_of_the_corpus_is_found(infini_gram: InfiniGram) -> None:
    # Symbol 0 twice is less than every suffix of the tunes; one 0 of it stands there.
    assert infini_gram.longest_matches(bytes(2)).tolist() == [1, 1]


def test_headers_and_unknown_tokens_stop_a_match(infini_gram: InfiniGram) -> None:
    checked = ["M:4/4", "C", "D", "K:Cmaj", "E", "2", "_F", "|", "(3"]
    symbols = checked_symbols(checked, Vocabulary())
    assert [k for k, symbol in enumerate(symbols) if symbol == SEPARATOR] == [0, 3, 6]
    assert infini_gram.longest_matches(symbols).tolist() == [0, 2, 1, 0, 2, 1, 0, 2, 1]


def test_a_full_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the vocabulary is full"):
        build_infini_gram(joined([bytes([SEPARATOR - 1])]), tmp_path)


def test_infini_gram_and_tunetrace_find_the_same_in_real_tunes(
    v2_index: Index, shared: Path, tmp_path: Path
) -> None:
    (segment,) = v2_index.figures.segments
    build_infini_gram(segment.symbols.tobytes(), tmp_path)
    peer = InfiniGram(tmp_path)
    tokens = 0
    for tune in islice(read(shared / GENERATED), CHECKED):
        assert isinstance(tune, Transcription)
        symbols = checked_symbols(tune.tokens, v2_index.vocabulary)
        own, _ = longest_matches(symbols, [segment])
        np.testing.assert_array_equal(peer.longest_matches(symbols), own, err_msg=tune.text)
        tokens += np.count_nonzero(own)
    assert tokens > 100 * CHECKED  # 100 tokens or more of a tune stand there, one by one
