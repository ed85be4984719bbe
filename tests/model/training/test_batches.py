"""Transcriptions laid out for the network, against layouts written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.model.records import Tokens
from tunetrace.model.training.batches import by_length, pack, unpack

TOKENS = Tokens(("<s>", "</s>", "A", "B", "C"))
SEQUENCES = st.lists(st.lists(st.integers(2, 4), max_size=12), min_size=1, max_size=9)


def test_steps_come_one_after_another_the_longest_transcription_first():
    packed = pack([[2], [3, 4, 2], [4, 4]], TOKENS)
    assert packed.order == [1, 2, 0]
    assert packed.rows == [3, 3, 2, 1]
    assert packed.inputs.tolist() == [0, 0, 0, 3, 4, 2, 4, 4, 2]
    assert packed.targets.tolist() == [3, 4, 2, 4, 4, 1, 2, 1, 1]


def test_a_transcription_without_tokens_is_its_frame():
    packed = pack([[]], TOKENS)
    assert (packed.inputs.tolist(), packed.targets.tolist(), packed.rows) == ([0], [1], [1])


def test_no_transcription_is_no_batch():
    with pytest.raises(ValueError, match="no transcription"):
        pack([], TOKENS)


@given(SEQUENCES)
def test_what_is_laid_out_comes_back(sequences):
    packed = pack(sequences, TOKENS)
    inputs = unpack(packed.inputs.numpy(), packed)
    targets = unpack(packed.targets.numpy(), packed)
    assert [values.tolist() for values in inputs] == [[0, *some] for some in sequences]
    assert [values.tolist() for values in targets] == [[*some, 1] for some in sequences]
    assert sum(packed.rows) == len(packed.inputs)
    assert packed.rows == sorted(packed.rows, reverse=True)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 120))
def test_batches_hold_every_transcription_once_and_no_more_than_they_may(lengths, most):
    batches = by_length(lengths, most)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= most
    ends = [lengths[place] for batch in batches for place in batch]
    assert ends == sorted(ends, reverse=True)


def test_values_keep_their_kind():
    packed = pack([[2], [3, 4]], TOKENS)
    values = unpack(np.linspace(0, 1, 5), packed)
    assert [len(some) for some in values] == [2, 3]
    assert values[1].tolist() == [0.0, 0.5, 1.0]
