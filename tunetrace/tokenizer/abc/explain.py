"""Where each token of a tune comes from in its text, and what of the text gave none.

The reader is the one that reads every tune; here it is only watched: the generator that hands it
the lexemes of a line looks, whenever it is asked for the next, at what became of the one before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tunetrace.text import lines_of
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.dropped import what_is
from tunetrace.tokenizer.abc.header import Header
from tunetrace.tokenizer.abc.lexicon import pattern_for
from tunetrace.tokenizer.folkrnn import TIE, is_left_out, words_of
from tunetrace.tokenizer.layout.pitches import semitones
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.transpose import Interval

_DROPPED: Final = re.compile(r"y[0-9]*|\S")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a line: its column from 1, its text, its tokens.

    first: the place of the first of them among the tune's. dropped: what it is, where it gave no
    token (`a chord symbol`); else empty.
    """

    column: int
    text: str
    first: int
    tokens: tuple[str, ...]
    dropped: str


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line of a tune: its number in its input, its text as it was read, its lexemes."""

    line: int
    text: str
    lexemes: tuple[Lexeme, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a token comes from: its place among the tune's, the line, the column, the text."""

    index: int
    token: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a tune became tokens.

    steps and semitones: how far it was moved to come to C. unit_length: what a note without a
    length lasts, as a fraction of a whole note (`1/8`).
    """

    tune: Transcription
    steps: int
    semitones: int
    unit_length: str
    lines: tuple[ExplainedLine, ...]

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Every token with where it comes from, in the order of the tokens."""
        found = (
            Origin(lexeme.first + k, token, line.line, lexeme.column, lexeme.text)
            for line in self.lines
            for lexeme in line.lexemes
            for k, token in enumerate(lexeme.tokens)
        )
        return tuple(sorted(found, key=lambda origin: origin.index))


@dataclass(slots=True)
class _Piece:
    """A lexeme while the tune is read: its tokens are those at places, which may still change."""

    column: int
    text: str
    places: list[int] = field(default_factory=list)
    dropped: str = ""


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    pieces: list[_Piece] = field(default_factory=list)

    def drop(self, start: int, stop: int) -> None:
        """Note what of the text is passed over: slurs, ties, decorations."""
        for match in _DROPPED.finditer(self.text, start, stop):
            self.pieces.append(_Piece(match.start() + 1, match[0], [], what_is(match[0])))


class Watcher:
    """Watches the reading of one tune after another: give make_reader to what reads them."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._unit = "1/8"
        self._interval = Interval(0, 0)
        self._header = Header()

    def make_reader(self, header: Header, body: Sequence[str]) -> Reader:
        """The reader of the next tune, watched."""
        self._lines, self._header = [], header
        reader = _WatchedReader(header, body, self._lines)
        self._unit, self._interval = str(reader.unit / 8), reader.interval
        return reader

    def explain(self, tune: Transcription) -> Explanation:
        """The explanation of the tune that was read last."""
        lines, self._lines = self._lines, []
        if not lines:
            return Explanation(tune, 0, 0, "1/8", tuple(_folkrnn_lines(tune)))
        explained = [
            ExplainedLine(
                line.number,
                line.text,
                tuple(_lexeme(piece, tune.tokens) for piece in line.pieces),
            )
            for line in lines
        ]
        header = _header_lines(tune, self._header)
        return Explanation(
            tune, self._interval.steps, semitones(self._interval), self._unit,
            (*header, *explained),
        )  # fmt: skip


class _WatchedReader(Reader):
    """A reader that notes what becomes of every lexeme."""

    def __init__(self, header: Header, body: Sequence[str], lines: list[_Line]) -> None:
        super().__init__(header, body)
        self.lexemes: Callable[[str], Iterable[str]] = self._watch
        self._lines = lines
        self._is_inside_line = False

    def line(self, text: str) -> None:
        self._lines.append(_Line(self.number, text))
        self._is_inside_line = True
        super().line(text)
        self._is_inside_line = False
        if not self._lines[-1].pieces:
            self._lines[-1].pieces.append(_Piece(1, text, [], "another voice"))

    def field(self, letter: str, text: str) -> None:
        if self._is_inside_line:
            super().field(letter, text)
            return
        before = len(self.tokens)
        super().field(letter, text)
        line = _Line(self.number, f"{letter}:{text}")
        places = list(range(before, len(self.tokens)))
        line.pieces.append(_Piece(1, line.text, places, "" if places else "a field"))
        self._lines.append(line)

    def end_line(self) -> None:
        before = len(self.tokens)
        super().end_line()
        if len(self.tokens) > before and self._lines:
            line = self._lines[-1]
            line.pieces.append(_Piece(len(line.text) + 1, "", [before]))

    def _watch(self, text: str) -> Iterator[str]:
        line, tokens = self._lines[-1], self.tokens
        for match in pattern_for(text).finditer(text):
            line.drop(match.start(), match.start(1))
            was_silent = self.is_silent
            before, last = len(tokens), tokens[-1]
            yield match[1]
            # A bar line takes the place of the one before an empty bar, a broken rhythm of the
            # length before it.
            is_changed = len(tokens) < before or tokens[before - 1] != last
            first = before - 1 if is_changed else before
            if is_changed:
                self._take_back(first)
            if match[1]:
                places = list(range(first, len(tokens)))
                silent = was_silent and self.is_silent
                what = "another voice" if silent else what_is(match[1])
                line.pieces.append(
                    _Piece(match.start(1) + 1, match[1], places, "" if places else what)
                )

    def _take_back(self, place: int) -> None:
        """A token belongs to a later lexeme than the one that had it."""
        for line in reversed(self._lines):
            for piece in reversed(line.pieces):
                if place in piece.places:
                    piece.places.remove(place)
                    piece.dropped = "" if piece.places else what_is(piece.text)
                    return


def _lexeme(piece: _Piece, tokens: Sequence[str]) -> Lexeme:
    first = piece.places[0] if piece.places else 0
    return Lexeme(
        piece.column, piece.text, first, tuple(tokens[place] for place in piece.places),
        piece.dropped,
    )  # fmt: skip


def _header_lines(tune: Transcription, header: Header) -> Iterator[ExplainedLine]:
    """The fields before the music that the tokens `M:` and `K:` come from, in their order."""
    first = tune.tokens[: 1 if tune.meter is None else 2]
    stated = [(*header.stated[token[0]], index, token) for index, token in enumerate(first)]
    for number, text, index, token in sorted(stated):
        yield ExplainedLine(number, text, (Lexeme(1, text, index, (token,), ""),))


def _folkrnn_lines(tune: Transcription) -> Iterator[ExplainedLine]:
    """The lines of folk-rnn text, whose words are the tokens."""
    frames = {0} if tune.text.lstrip().startswith("<s>") and tune.tokens[0] != "<s>" else set()
    place, seen = 0, 0
    for number, line in enumerate(lines_of(tune.text), tune.line):
        if is_left_out(line) or not line.strip():
            continue
        lexemes = []
        for match in re.finditer(r"<s>|\S+", line):
            words = [word for word in words_of(match[0]) or () if word != TIE]
            own = sum(k not in frames for k in range(seen, seen + len(words)))
            tokens = tune.tokens[place : place + own]  # the </s> that ends a tune is none of it
            seen += len(words)
            dropped = "" if tokens else what_is(TIE) if match[0] == TIE else "the tune's frame"
            lexemes.append(Lexeme(match.start() + 1, match[0], place, tokens, dropped))
            place += len(tokens)
        yield ExplainedLine(number, line, tuple(lexemes))
