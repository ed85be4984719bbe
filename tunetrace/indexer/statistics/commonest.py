"""The commonest figures of n notes, counted exactly.

Every figure of n notes is a window of the stream. Windows of the same length are sorted as strings,
so that equal ones are neighbours; nothing is hashed or sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunetrace.indexer.search.suffix import Positions, Symbols
from tunetrace.tokenizer.vocabulary import SEPARATOR


@dataclass(frozen=True, slots=True)
class NotesOfStream:
    """The n notes of a stream, in its order: (n,) int32 each.

    A chord is one note, a rest is none; a length belongs to the note before it.
    """

    starts: Positions
    """The position of the first token of each note."""
    stops: Positions
    """The position past its last token."""
    tunes: Positions
    """The id of its tune."""


def commonest_figures(
    stream: bytes, notes: NotesOfStream, count: int, boundaries: bytes, top: int
) -> list[tuple[bytes, int, int]]:
    """The figures of `count` notes that most tunes have: (symbols, tunes, hits).

    A figure starts at a note and ends where its last note ends. All tokens between its notes are
    part of it, also bar lines and rests. boundaries: the symbols that no figure crosses, SEPARATOR
    among them. Figures in equally many tunes come by hits, then by their first position.
    """
    last = len(notes.starts) - count + 1
    if last <= 0 or top <= 0:
        return []
    starts, stops, tunes = notes.starts[:last], notes.stops[count - 1 :], notes.tunes[:last]
    symbols = np.frombuffer(stream, dtype=np.uint8)
    is_boundary = np.zeros(256, dtype=bool)
    is_boundary[list(boundaries)] = True
    boundaries_before = np.cumsum(is_boundary[symbols], dtype=np.int32)
    is_whole = boundaries_before[starts] == boundaries_before[stops - 1]
    starts, tunes = starts[is_whole], tunes[is_whole]
    lengths = stops[is_whole] - starts
    by_length = np.argsort(lengths, kind="stable")
    ends = np.flatnonzero(np.diff(lengths[by_length])) + 1
    found: list[tuple[int, int, int, int]] = []
    for windows in np.split(by_length, ends):
        if len(windows):
            found += _counted(symbols, starts[windows], tunes[windows], lengths[windows[0]], top)
    best = sorted(found)[:top]
    return [(stream[at : at + length], -tunes, -hits) for tunes, hits, at, length in best]


def _counted(
    symbols: Symbols, starts: Positions, tunes: Positions, length: int, top: int
) -> list[tuple[int, int, int, int]]:
    """The commonest windows of one length: (-tunes, -hits, first position, length)."""
    windows = np.lib.stride_tricks.sliding_window_view(symbols, length)[starts]
    # NumPy strips zeros at the end of strings, so 1 is added; only SEPARATOR becomes zero then.
    assert SEPARATOR == 255, "symbols must be below 255"
    texts = (windows + np.uint8(1)).view(f"S{length}").ravel()
    _, first, figure, hits = np.unique(
        texts, return_index=True, return_inverse=True, return_counts=True
    )
    in_order = np.argsort(figure, kind="stable")  # now the hits of one tune are neighbours
    figure, tune = figure[in_order], tunes[in_order]
    is_new = np.ones(len(figure), dtype=bool)
    is_new[1:] = (figure[1:] != figure[:-1]) | (tune[1:] != tune[:-1])
    in_tunes = np.bincount(figure[is_new], minlength=len(hits))
    chosen = np.arange(len(hits))
    if len(hits) > top:
        chosen = np.flatnonzero(in_tunes >= np.partition(in_tunes, -top)[-top])
    best = chosen[np.lexsort((first[chosen], -hits[chosen], -in_tunes[chosen]))[:top]]
    return [(-int(in_tunes[k]), -int(hits[k]), int(starts[first[k]]), int(length)) for k in best]
