"""How much a sampled transcription may copy: the most notes in a row that an index may have.

A run is what a check calls a span: whole notes whose tokens are found verbatim in the corpus. A
chord is one note, and a rest is none. While a transcription is written, its CopiedRun keeps the
interval of its last notes in the suffix array, and refuses the token that would make one too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import AbcError, QueryError
from tunetrace.model.records import Tokens
from tunetrace.text import counted
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    FRAME,
    HEADER,
    MEANINGS,
    NOTE,
    SEPARATOR,
    is_token,
)
from tunetrace.tokenizer.write import to_abc

if TYPE_CHECKING:
    from tunetrace.indexer.search.figures import FigureSearch
    from tunetrace.indexer.search.suffix import SuffixIndex

MIN_PROBABILITY_LEFT: Final = 1e-12
"""If a limit leaves less of the probability than this, nothing is left that is worth writing."""

FOREIGN: Final = -1
"""The kind of a token that tunetrace does not know."""


class CopyLimit:
    """The tunes of an index, the tokens of a model, and how many notes in a row may be copied.

    A transcription of allowed tokens has no span of more than `notes` notes. The note that would be
    one too many is refused whatever its length in the corpus, since its length is not written yet.
    So a few runs end that a check would not count.
    """

    def __init__(self, figures: FigureSearch, tokens: Tokens, notes: int) -> None:
        """figures: of the index. notes: how many may be copied; QueryError for less than 1."""
        if notes < 1:
            raise QueryError(
                f"the limit of copied notes cannot be {notes}, because every note is in some tune; "
                "give 1 or more, such as 12"
            )
        self.notes = notes
        self.tokens = tokens
        self._figures = figures
        self.segments: Sequence[SuffixIndex] = figures.segments
        self.kinds = [kind_of(name) for name in tokens.names]
        known = figures.vocabulary
        self.symbols = [
            # No run goes on over a header, or over a token that the index lacks.
            known.symbol(name) if name in known and kind not in (HEADER, FRAME) else SEPARATOR
            for name, kind in zip(tokens.names, self.kinds, strict=True)
        ]
        is_note = np.array(self.kinds) == NOTE
        self.note_symbols = np.where(is_note, self.symbols, SEPARATOR)

    def begin(self) -> CopiedRun:
        """The run of a transcription that has no token yet."""
        return CopiedRun(self, self.notes)

    def longest_run(self, numbers: Iterable[int]) -> int:
        """The most notes in a row that some tokens share with the index.

        The last note may be longer or shorter there.
        """
        numbers = list(numbers)
        run, longest = CopiedRun(self, len(numbers)), 0
        for number in numbers:
            run.push(number)
            longest = max(longest, run.notes)
        return longest

    def holds_when_read(self, tokens: Sequence[str]) -> bool:
        """Whether a transcription keeps the limit also once it is written as ABC and read back.

        An empty bar keeps two copied runs apart in the tokens. In ABC it is gone, and the two are
        one run.
        """
        read = as_read(tokens)
        if read == tuple(tokens):
            return True
        known = Tokens(tuple(dict.fromkeys(read)))
        limit = CopyLimit(self._figures, known, self.notes)
        return limit.longest_run(known.encode(read)) <= self.notes

    def check_start(self, numbers: Iterable[int]) -> None:
        """QueryError if the tokens that a transcription begins with copy more than is allowed."""
        numbers = list(numbers)
        longest = self.longest_run(numbers)
        if longest > self.notes:
            raise QueryError(
                f"{longest} notes in a row of the start are found in the index, but at most "
                f"{self.notes} are allowed; give a shorter start or allow {longest} copied notes"
            )

    def nothing_left(self, written: Sequence[int]) -> QueryError:
        """The error when the limit leaves hardly any probability to what may come next."""
        last = " ".join(self.tokens.decode(written[-8:]))
        return QueryError(
            f"with a limit of {self.notes} copied notes nothing can be written after '{last}', "
            "because the index has nearly all that the model would write next; allow more copied "
            "notes, such as 12"
        )

    def all_left_out(self, count: int) -> QueryError:
        """The error when one transcription after another is left out."""
        return QueryError(
            f"each of {count:,} tunes in a row would copy more than {counted(self.notes, 'note')} "
            "when read as ABC; allow more copied notes, such as 12"
        )


class CopiedRun:
    """The last notes of a transcription that is being written, as far back as the index has them.

    Tokens are given by their number in the model.
    """

    def __init__(self, limit: CopyLimit, most: int) -> None:
        self._limit = limit
        self._most = most
        self._written = bytearray()  # all symbols so far
        self._begins: list[int] = []  # of the run's notes, in the order of the transcription
        self._found: list[tuple[SuffixIndex, tuple[int, int]]] = []  # where the run is found
        self._is_in_chord = False
        self._chord_begin: int | None = None  # of an open chord in which nothing sounds so far

    @property
    def notes(self) -> int:
        """How many notes the run has, never more than the limit."""
        return len(self._begins)

    def copy(self) -> CopiedRun:
        """Another run that goes on from here."""
        other = copy(self)
        other._written = self._written[:]
        other._begins = self._begins[:]
        return other

    def allows(self, number: int) -> bool:
        """Whether a token may be written next."""
        if len(self._begins) < self._most or self._limit.kinds[number] != NOTE:
            return True
        if not self._may_begin_note():
            return True
        symbol, depth = self._limit.symbols[number], len(self._written) - self._begins[0]
        return not _narrowed(self._found, depth, symbol)

    def forbidden(self) -> NDArray[np.bool_]:
        """Which tokens may not be written next: (tokens,)."""
        limit = self._limit
        follows = np.zeros(SEPARATOR + 1, dtype=bool)
        if len(self._begins) >= self._most and self._may_begin_note():
            depth = len(self._written) - self._begins[0]
            for segment, (low, high) in self._found:
                follows[segment.symbols[segment.suffixes[low:high] + depth]] = True
        follows[SEPARATOR] = False
        forbidden: NDArray[np.bool_] = follows[limit.note_symbols]
        return forbidden

    def push(self, number: int) -> None:
        """Write a token, allowed or not."""
        kind, symbol = self._limit.kinds[number], self._limit.symbols[number]
        at = len(self._written)
        self._written.append(symbol)
        if symbol == SEPARATOR:
            self._begins.clear()
            self._found = []
            self._chord_begin = None
        begin = self._note_begun(kind, at)
        if self._begins:
            self._found = _narrowed(self._found, at - self._begins[0], symbol)
        if begin is not None and symbol != SEPARATOR:
            self._begins.append(begin)
            if len(self._begins) == 1:
                self._search()
        while self._begins and (not self._found or len(self._begins) > self._most):
            del self._begins[0]
            self._search()

    def _may_begin_note(self) -> bool:
        """Whether a note's name, if it came next, would begin another note."""
        return not self._is_in_chord or self._chord_begin is not None

    def _note_begun(self, kind: int, at: int) -> int | None:
        """Where the note begins that a token makes; None if it makes none.

        A chord is a note as soon as it has a name, and begins at its bracket. It ends at the other
        bracket or at a bar line.
        """
        if kind == NOTE:
            begin = self._chord_begin if self._is_in_chord else at
            self._chord_begin = None
            return begin
        if kind == CHORD_OPEN:
            self._is_in_chord, self._chord_begin = True, at
        elif kind in (CHORD_CLOSE, BAR_LINE):
            self._is_in_chord, self._chord_begin = False, None
        return None

    def _search(self) -> None:
        """Find the run in all segments."""
        if not self._begins:
            self._found = []
            return
        figure = bytes(self._written[self._begins[0] :])
        intervals = ((segment, segment.interval(figure)) for segment in self._limit.segments)
        self._found = [(segment, (low, high)) for segment, (low, high) in intervals if low < high]


def _narrowed(
    found: list[tuple[SuffixIndex, tuple[int, int]]], depth: int, symbol: int
) -> list[tuple[SuffixIndex, tuple[int, int]]]:
    """Where a run of depth symbols is found with one more symbol after it."""
    narrowed = []
    for segment, interval in found:
        low, high = segment.narrow(interval, depth, symbol)
        if low < high:
            narrowed.append((segment, (low, high)))
    return narrowed


def as_read(tokens: Sequence[str]) -> tuple[str, ...]:
    """The tokens of a transcription as they are read back once it is written as ABC.

    They are as they were if it cannot be written as ABC, or has no notes.
    """
    if not all(map(is_token, tokens)):
        return tuple(tokens)
    try:
        return tokenize_abc(to_abc(tokens)).tokens
    except AbcError:
        return tuple(tokens)


def kind_of(name: str) -> int:
    """The kind of a token, as the tokenizer has it; FOREIGN if it does not know the token."""
    try:
        return MEANINGS[name].kind
    except KeyError:
        return FOREIGN
