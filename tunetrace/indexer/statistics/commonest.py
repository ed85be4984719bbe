"""The commonest figures of so many notes, counted exactly.

Every figure of n notes is a window on the stream. Windows of one length are sorted as strings, so
that equal ones are neighbours; nothing is hashed or sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.tokenizer.vocabulary import SEPARATOR

Positions = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Notes:
    """Every note of some tunes: its first token in their stream, the one past its last, its tune.

    (n,) int32 each, in the order of the stream. A chord is one note, a rest none; lengths belong
    to the note before them.
    """

    starts: Positions
    stops: Positions
    tunes: Positions


def commonest_figures(
    stream: bytes, notes: Notes, count: int, walls: bytes, top: int
) -> list[tuple[bytes, int, int]]:
    """The figures of so many notes that stand in most tunes: (symbols, tunes, hits).

    A figure begins at a note and ends where its last note ends; what stands between two notes,
    bar lines and rests too, is part of it. walls: the symbols that no figure crosses, SEPARATOR
    among them. Of figures in as many tunes the one with more hits comes first, then the one that
    is met first.
    """
    last = len(notes.starts) - count + 1
    if last <= 0 or top <= 0:
        return []
    starts, stops, tunes = notes.starts[:last], notes.stops[count - 1 :], notes.tunes[:last]
    symbols = np.frombuffer(stream, dtype=np.uint8)
    is_wall = np.zeros(256, dtype=bool)
    is_wall[list(walls)] = True
    walls_before = np.cumsum(is_wall[symbols], dtype=np.int32)
    is_whole = walls_before[starts] == walls_before[stops - 1]
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
    symbols: NDArray[np.uint8], starts: Positions, tunes: Positions, length: int, top: int
) -> list[tuple[int, int, int, int]]:
    """The commonest of the windows of one length: (-tunes, -hits, first position, length)."""
    windows = np.lib.stride_tricks.sliding_window_view(symbols, length)[starts]
    # As strings, which NumPy strips of zeros at the end; one more than SEPARATOR is the only zero.
    assert SEPARATOR == 255, "symbols must leave room for one more"
    texts = (windows + np.uint8(1)).view(f"S{length}").ravel()
    _, first, figure, hits = np.unique(
        texts, return_index=True, return_inverse=True, return_counts=True
    )
    in_order = np.argsort(figure, kind="stable")  # then those of one tune are neighbours
    figure, tune = figure[in_order], tunes[in_order]
    is_new = np.ones(len(figure), dtype=bool)
    is_new[1:] = (figure[1:] != figure[:-1]) | (tune[1:] != tune[:-1])
    in_tunes = np.bincount(figure[is_new], minlength=len(hits))
    chosen = np.arange(len(hits))
    if len(hits) > top:
        chosen = np.flatnonzero(in_tunes >= np.partition(in_tunes, -top)[-top])
    best = chosen[np.lexsort((first[chosen], -hits[chosen], -in_tunes[chosen]))[:top]]
    return [(-int(in_tunes[k]), -int(hits[k]), int(starts[first[k]]), int(length)) for k in best]
