"""Where the bar lines and the parts of a traced transcription are, as steps of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.records import FIELD
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS, NOTE, is_token


@dataclass(frozen=True, slots=True)
class Marks:
    """The steps, from 0, at which a network writes the bar lines and first notes of a tune."""

    bar_lines: NDArray[np.int64]
    """The steps whose next token is a bar line, of any kind."""
    part_starts: NDArray[np.int64]
    """The step whose next token is the first note of each part."""


def with_rests(tokens: Sequence[str]) -> list[str]:
    """Tokens with a rest in the place of each that tunetrace does not know."""
    return [token if is_token(token) else "z" for token in tokens]


def layout_of(tokens: Sequence[str]) -> Layout | None:
    """The bars of a transcription, with rests for unknown tokens; None if it is written with fields
    such as `[M:4/4]`, whose bars tunetrace does not lay out."""
    if any(map(FIELD.fullmatch, tokens)):
        return None
    return lay_out(with_rests(tokens))


def marks_of(tokens: Sequence[str]) -> Marks:
    """The marks of a transcription, given by its tokens without START and END.

    The network writes token i at step i, since at step 0 it has read START alone. A transcription
    with a token that tunetrace does not know, as some models write, has bar lines and one part.
    """
    known = with_rests(tokens)
    is_line = [MEANINGS[token].kind == BAR_LINE for token in known]
    notes = [i for i, token in enumerate(known) if MEANINGS[token].kind == NOTE]
    layout = layout_of(tokens)
    starts: dict[int, int] = {} if layout is not None else {1: 0}
    for bar in () if layout is None else layout.bars:
        starts.setdefault(bar.part, bar.start)
    first = [next((note for note in notes if note >= start), None) for start in starts.values()]
    return Marks(
        np.flatnonzero(is_line),
        np.array(sorted({note for note in first if note is not None}), dtype=np.int64),
    )
