"""Where each token of a tune comes from in its text, and what in the text gave no token.

The same reader reads every tune. Here the generator that gives it the lexemes of a line also looks,
before each next lexeme, at which tokens the last one gave.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tunetrace.records import Record
from tunetrace.text import lines_of
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.dropped import what_is
from tunetrace.tokenizer.abc.header import TuneHeader
from tunetrace.tokenizer.abc.lexicon import pattern_for
from tunetrace.tokenizer.folkrnn import TIE, is_left_out, words_of
from tunetrace.tokenizer.layout.pitches import semitones
from tunetrace.tokenizer.transcription import Transcription

_DROPPED: Final = re.compile(r"y[0-9]*|\S")


@dataclass(frozen=True, slots=True, repr=False)
class Lexeme(Record):
    """A piece of a line that has a meaning of its own, as a note or a bar line."""

    column: int
    """Counted from 1."""
    text: str
    first: int
    """The place of its first token among the tune's tokens, counted from 0."""
    tokens: tuple[str, ...]
    dropped: str
    """What it is, if it gave no token (`a chord symbol`); empty otherwise."""


@dataclass(frozen=True, slots=True, repr=False)
class ExplainedLine(Record):
    """A line of a tune, cut into lexemes."""

    line: int
    """Its number in the input."""
    text: str
    """The line as it was read."""
    lexemes: tuple[Lexeme, ...]


@dataclass(frozen=True, slots=True, repr=False)
class TokenOrigin(Record):
    """Where a token comes from."""

    index: int
    """The place of the token among the tune's tokens, counted from 0."""
    token: str
    line: int
    column: int
    text: str
    """The piece of the line that gave the token."""


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Record):
    """How a tune became tokens."""

    tune: Transcription
    steps: int
    """How many steps of the scale the tune was moved to come to C."""
    semitones: int
    """How many semitones the tune was moved to come to C."""
    unit_length: str
    """The length of a note that states none, as a fraction of a whole note (`1/8`)."""
    lines: tuple[ExplainedLine, ...]

    @property
    def origins(self) -> tuple[TokenOrigin, ...]:
        """Where each token comes from, in the order of the tokens."""
        found = (
            TokenOrigin(lexeme.first + k, token, line.line, lexeme.column, lexeme.text)
            for line in self.lines
            for lexeme in line.lexemes
            for k, token in enumerate(lexeme.tokens)
        )
        return tuple(sorted(found, key=lambda origin: origin.index))


@dataclass(slots=True)
class _Piece:
    """A lexeme while the tune is read. Its tokens, at these places, may still change."""

    column: int
    text: str
    places: list[int] = field(default_factory=list)
    dropped: str = ""


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    pieces: list[_Piece] = field(default_factory=list)


class Explainer:
    """Explains tunes, one after another, while they are read.

    Pass make_reader to the function that reads the tunes, and call explain after each tune.
    """

    def __init__(self) -> None:
        self._reader: _ObservedReader | None = None

    def make_reader(self, header: TuneHeader, body: Sequence[str]) -> Reader:
        """The reader of the next tune."""
        self._reader = _ObservedReader(header, body)
        return self._reader

    def explain(self, tune: Transcription) -> Explanation:
        """The explanation of the last tune that was read."""
        reader, self._reader = self._reader, None
        if reader is None:
            return Explanation(tune, 0, 0, "1/8", tuple(_folkrnn_lines(tune)))
        explained = [
            ExplainedLine(
                line.number,
                line.text,
                tuple(
                    Lexeme(
                        piece.column,
                        piece.text,
                        piece.places[0] if piece.places else 0,
                        tuple(tune.tokens[place] for place in piece.places),
                        piece.dropped,
                    )
                    for piece in line.pieces
                ),
            )
            for line in reader.lines
        ]
        interval, unit = reader.interval, reader.header.unit_length()
        return Explanation(
            tune, interval.steps, semitones(interval), str(unit / 8),
            (*_header_lines(tune, reader.header), *explained),
        )  # fmt: skip


class _ObservedReader(Reader):
    """A reader that notes which tokens every lexeme gives."""

    def __init__(self, header: TuneHeader, body: Sequence[str]) -> None:
        super().__init__(header, body)
        self.lexemes: Callable[[str], Iterable[str]] = self._observe
        self.lines: list[_Line] = []
        self._is_inside_line = False

    def line(self, text: str) -> None:
        self.lines.append(_Line(self.number, text))
        self._is_inside_line = True
        super().line(text)
        self._is_inside_line = False
        if not self.lines[-1].pieces:
            self.lines[-1].pieces.append(_Piece(1, text, [], "another voice"))

    def field(self, letter: str, text: str) -> None:
        if self._is_inside_line:
            super().field(letter, text)
            return
        before = len(self.tokens)
        super().field(letter, text)
        line = _Line(self.number, f"{letter}:{text}")
        places = list(range(before, len(self.tokens)))
        line.pieces.append(_Piece(1, line.text, places, "" if places else "a field"))
        self.lines.append(line)

    def end_line(self) -> None:
        before = len(self.tokens)
        super().end_line()
        if len(self.tokens) > before:
            line = self.lines[-1]
            line.pieces.append(_Piece(len(line.text) + 1, "", [before]))

    def _observe(self, text: str) -> Iterator[str]:
        line, tokens = self.lines[-1], self.tokens
        for match in pattern_for(text).finditer(text):
            for sign in _DROPPED.finditer(line.text, match.start(), match.start(1)):
                line.pieces.append(_Piece(sign.start() + 1, sign[0], [], what_is(sign[0])))
            was_silent = self.is_silent
            before, last = len(tokens), tokens[-1]
            yield match[1]
            # A bar line may replace the one before an empty bar; a broken rhythm may replace the
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
        """Take a token away from an earlier lexeme: it belongs to a later one."""
        for line in reversed(self.lines):
            for piece in reversed(line.pieces):
                if place in piece.places:
                    piece.places.remove(place)
                    piece.dropped = "" if piece.places else what_is(piece.text)
                    return


def _header_lines(tune: Transcription, header: TuneHeader) -> Iterator[ExplainedLine]:
    """The fields before the music that gave the tokens `M:` and `K:`, in their order."""
    first = tune.tokens[: 1 if tune.meter is None else 2]
    stated = [(*header.stated[token[0]], index, token) for index, token in enumerate(first)]
    for number, text, index, token in sorted(stated):
        yield ExplainedLine(number, text, (Lexeme(1, text, index, (token,), ""),))


def _folkrnn_lines(tune: Transcription) -> Iterator[ExplainedLine]:
    """The lines of folk-rnn text. Its words are the tokens."""
    frames = {0} if tune.text.lstrip().startswith("<s>") and tune.tokens[0] != "<s>" else set()
    place, seen = 0, 0
    for number, line in enumerate(lines_of(tune.text), tune.line or 1):
        if is_left_out(line) or not line.strip():
            continue
        lexemes = []
        for match in re.finditer(r"<s>|\S+", line):
            words = [word for word in words_of(match[0]) or () if word != TIE]
            own = sum(k not in frames for k in range(seen, seen + len(words)))
            tokens = tune.tokens[place : place + own]  # the closing </s> is not a token of the tune
            seen += len(words)
            dropped = "" if tokens else what_is(TIE) if match[0] == TIE else "the tune's frame"
            lexemes.append(Lexeme(match.start() + 1, match[0], place, tokens, dropped))
            place += len(tokens)
        yield ExplainedLine(number, line, tuple(lexemes))
