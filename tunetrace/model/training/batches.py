"""Transcriptions in batches, laid out as the network takes them: step by step, without padding.

Nothing is computed for a transcription that has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunetrace.model.records import Tokens

Value = TypeVar("Value", bound=np.generic)


class Packed(NamedTuple):
    """B transcriptions laid out for Network.forward, N tokens in all.

    inputs: (N,) int64, a transcription's START and its tokens. targets: (N,) int64, what follows
    each: its tokens and END. rows: for each step how many transcriptions have a token there. order:
    (B,) which of the given transcriptions is in each row, the longest first.
    """

    inputs: Tensor
    targets: Tensor
    rows: list[int]
    order: list[int]


def pack(sequences: Sequence[Sequence[int]], tokens: Tokens) -> Packed:
    """Lay out transcriptions, given by their tokens' numbers without START and END.

    tokens: the model's, which know the numbers of START and END. Of equally long transcriptions
    the first given comes first. ValueError where there is none.
    """
    if not sequences:
        raise ValueError("there is no transcription to lay out")
    order = sorted(range(len(sequences)), key=lambda place: -len(sequences[place]))
    steps = len(sequences[order[0]]) + 1
    inputs = np.full((len(order), steps), tokens.start, dtype=np.int64)
    targets = np.full((len(order), steps), tokens.end, dtype=np.int64)
    for row, place in enumerate(order):
        length = len(sequences[place])
        inputs[row, 1 : length + 1] = targets[row, :length] = sequences[place]
    lengths = np.array([len(sequences[place]) + 1 for place in order])
    is_there = np.arange(steps)[:, None] < lengths
    return Packed(
        torch.from_numpy(inputs.T[is_there]),
        torch.from_numpy(targets.T[is_there]),
        is_there.sum(axis=1).tolist(),
        order,
    )


def unpack(values: NDArray[Value], packed: Packed) -> list[NDArray[Value]]:
    """Values (N,), one for each token of a batch, by transcription, as these were given.

    Each (its tokens + 1,): the last one is that of END.
    """
    found = [values[:0]] * len(packed.order)
    starts = np.cumsum([0, *packed.rows[:-1]])
    for row, place in enumerate(packed.order):
        steps = sum(count > row for count in packed.rows)
        found[place] = values[starts[:steps] + row]
    return found


def by_length(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """The places of transcriptions in batches of like length, the longest first.

    A batch has at most `most_tokens` tokens, each transcription counted as long as the longest of
    its batch, and at least one transcription.
    """
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        longest = lengths[batches[-1][0]] if batches else 0
        if not batches or (len(batches[-1]) + 1) * longest > most_tokens:
            batches.append([])
        batches[-1].append(place)
    return batches
