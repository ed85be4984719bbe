"""The views of a tune: each is a stream of symbols that is indexed and searched.

To declare a view, fill in the form `View` and add it to VIEWS. The code that builds, stores,
verifies and searches an index asks the form, and knows no view by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tunetrace.arguments import ViewName, one_text, one_view
from tunetrace.errors import QueryError
from tunetrace.indexer.queries.spelling import Ways, read_query, without_bar_lines
from tunetrace.indexer.queries.symbols import (
    TOKEN_NOTATION,
    FigureQuery,
    Notation,
    parse_bar,
    parse_figure,
    parse_symbols,
    refuse_bar_lines,
)
from tunetrace.indexer.search import projections
from tunetrace.indexer.search.projections import BAR, CONTOUR_NAMES, OTHER
from tunetrace.tokenizer.abc.figure import WrittenFigure
from tunetrace.tokenizer.keys import Key
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import (
    FRAME,
    LENGTH_SIGN,
    MEANINGS,
    SEPARATOR,
    Vocabulary,
    is_bar_line,
)


@dataclass(frozen=True)
class Alphabet:
    """The symbols of a view."""

    names: Sequence[str]
    """What each symbol is called in queries and answers; a symbol is its place in this list."""
    boundaries: bytes
    """The symbols that no figure contains or crosses; SEPARATOR is one of them."""
    continuing: bytes
    """The symbols that lengthen the note before them. A figure does not end before one."""

    @cached_property
    def _symbols(self) -> dict[str, int]:
        return {name: symbol for symbol, name in enumerate(self.names)}

    def encode(self, names: Sequence[str]) -> bytes:
        """One byte a name; SEPARATOR for a name that is not in the alphabet."""
        return bytes([self._symbols.get(name, SEPARATOR) for name in names])


@dataclass(frozen=True, slots=True)
class Units:
    """How the symbols of a view stand for the events of a tune: its notes and its rests."""

    has_rests: bool
    """Whether rests and bar lines have symbols. Otherwise only notes have."""
    of_note: int
    """1 if a note is a symbol, 0 if a symbol is what is between two successive notes."""


@dataclass(frozen=True)
class View:
    """A projection of a tune to a stream of symbols, in which figures are searched."""

    name: ViewName
    """How the view is called in the index file and by users."""
    forgives: str
    """What two passages may differ in and still match, in words that follow `the view forgives`."""
    alphabet: Callable[[Vocabulary], Alphabet]
    """Its symbols in an index with this vocabulary."""
    symbols: Callable[[Layout, bytes], bytes]
    """The symbols of a tune, one byte each, without SEPARATOR.

    It takes the tune's layout, and the tune's tokens as the vocabulary of the index encodes them.
    """
    units: Units | None
    """How symbols stand for events; None if they stand for tokens."""
    shared_notes: int
    """From this many notes on, a stretch that two tunes share counts however common it is.

    Eight notes in tokens. In the other views it is the first of COPIED_LENGTHS at which runs of
    generated tunes are found in a corpus as seldom as runs of eight notes are in tokens, and for
    the rhythm the last: `python -m benchmarks.views CORPUS GENERATED` counts them.
    """
    extent: Callable[[Layout, int, int], tuple[int, int]]
    """The tokens of a tune that its symbols from one up to another stand for.

    It takes the tune's layout, the first symbol and the one past the last, which is how a hit maps
    back to notes. It gives the first token and the one past the last. All count from 0.
    """
    notation: Notation
    """How its symbols are written in a query."""
    of_symbols: Callable[[str, Vocabulary], FigureQuery]
    """The query that a text of symbols states; QueryError if none."""
    bar_of_symbols: Callable[[str, Vocabulary], FigureQuery]
    """The same for all the symbols of one bar."""

    def parse(self, text: str, vocabulary: Vocabulary, in_key: str | None = None) -> FigureQuery:
        """The query that a user's text states, in symbols or in ABC; QueryError if none.

        in_key: the key in which it is written (`G`, `Edor`); None if the text says so, or if it
        is on C.
        """
        ways = Ways(
            self.notation,
            lambda text: self.of_symbols(text, vocabulary),
            lambda figure: self._names(figure.tokens, figure.key, vocabulary),
        )
        return read_query(text, in_key, ways)

    def parse_bar(
        self, text: str, vocabulary: Vocabulary, in_key: str | None = None
    ) -> FigureQuery:
        """The same for all of one bar. Bar lines before it and after it are left out."""

        def of_symbols(text: str) -> FigureQuery:
            return self.bar_of_symbols(" ".join(without_bar_lines(text.split())), vocabulary)

        def of_notes(figure: WrittenFigure) -> Sequence[str]:
            tokens = without_bar_lines(figure.tokens)
            refuse_bar_lines(tokens)
            return self._names(tokens, figure.key, vocabulary)

        return read_query(text, in_key, Ways(self.notation, of_symbols, of_notes))

    def _names(self, tokens: Sequence[str], key: Key, vocabulary: Vocabulary) -> Sequence[str]:
        """The symbols of the tokens of a figure on C, by name; QueryError if they have none.

        key: in which the figure was written. Its mode says how notes without an accidental sound.
        """
        if self.units is None:
            return tokens
        alphabet = self.alphabet(vocabulary)
        symbols = self.symbols(lay_out([f"K:C{key.mode}", *tokens]), b"")
        names = [alphabet.names[symbol] for symbol in symbols]
        if self.units.has_rests:
            # The view has a bar line at either end of a tune, which the figure need not have.
            names = names[not is_bar_line(tokens[0]) : len(names) - (not is_bar_line(tokens[-1]))]
        if not names:
            raise QueryError(f"a figure in the view {self.name} needs two notes; add a note")
        if any(symbol in alphabet.boundaries for symbol in symbols):
            raise QueryError(
                f"the figure has a note that the view {self.name} has no symbol for; leave it out"
            )
        return names


def _token_alphabet(vocabulary: Vocabulary) -> Alphabet:
    kinds = [MEANINGS[token].kind for token in vocabulary.tokens]
    frames = [symbol for symbol, kind in enumerate(kinds) if kind == FRAME]
    return Alphabet(
        names=tuple(vocabulary.tokens),
        boundaries=bytes([*vocabulary.headers, *frames, SEPARATOR]),
        continuing=bytes(symbol for symbol, kind in enumerate(kinds) if kind == LENGTH_SIGN),
    )


TOKENS: Final = View(
    name="tokens",
    forgives="nothing: all tokens must be the same",
    alphabet=_token_alphabet,
    symbols=lambda layout, encoded: encoded,
    units=None,
    shared_notes=8,
    extent=lambda layout, first, stop: (first, stop),
    notation=TOKEN_NOTATION,
    of_symbols=parse_figure,
    bar_of_symbols=parse_bar,
)
"""The tune as it is written. The index keeps each tune's tokens in this view."""


def _always(names: Sequence[str]) -> Callable[[Vocabulary], Alphabet]:
    """The alphabet of these names for every vocabulary. No figure contains OTHER."""
    others = [symbol for symbol, name in enumerate(names) if name == OTHER]
    alphabet = Alphabet(names, boundaries=bytes([*others, SEPARATOR]), continuing=b"")
    return lambda vocabulary: alphabet


def _parser(notation: Notation) -> Callable[[str, Vocabulary], FigureQuery]:
    return lambda text, vocabulary: parse_symbols(text, notation)


_NOT_PITCHES: Final = (
    "other lengths, rests, bar lines and repeat signs, other spellings of the same pitches, and "
    "other lower notes in chords"
)
_MELODY: Final = Notation(
    symbols="semitones",
    example="0 2 4 5",
    wildcards="* for any note, {0 7} for either of two",
    name=projections.melody_name,
    right="give semitones from the tonic, -100 to 120, such as 0, 7 or -5",
)
MELODY: Final = View(
    name="melody",
    forgives=_NOT_PITCHES,
    alphabet=_always(projections.MELODY_NAMES),
    symbols=lambda layout, encoded: projections.projected(layout).melody,
    units=Units(has_rests=False, of_note=1),
    shared_notes=12,
    extent=projections.extent_of_notes,
    notation=_MELODY,
    of_symbols=_parser(_MELODY),
    bar_of_symbols=_parser(_MELODY),
)
"""The pitch of each note against the tonic."""

_INTERVALS: Final = Notation(
    symbols="intervals",
    example="+2 -1 0",
    wildcards="* for any interval, {+3 +4} for either of two",
    name=projections.interval_name,
    right="give semitones up or down, -100 to +100, such as +2, -1 or 0",
)
INTERVALS: Final = View(
    name="intervals",
    forgives=f"another tonic and octave, {_NOT_PITCHES}",
    alphabet=_always(projections.INTERVAL_NAMES),
    symbols=lambda layout, encoded: projections.projected(layout).intervals,
    units=Units(has_rests=False, of_note=0),
    shared_notes=12,
    extent=projections.extent_of_steps,
    notation=_INTERVALS,
    of_symbols=_parser(_INTERVALS),
    bar_of_symbols=_parser(_INTERVALS),
)
"""The semitones between successive notes."""

_RHYTHM: Final = Notation(
    symbols="lengths",
    example="| 3 2 1 |",
    wildcards="* for any length or bar line, {2 3} for either of two",
    name=projections.rhythm_name,
    right="give a usual length in eighths such as 1 or 3/2, a rest such as z1, or a bar line |",
)


def _parse_rhythm(text: str, vocabulary: Vocabulary) -> FigureQuery:
    query = parse_symbols(text, _RHYTHM)
    if all(element.names and set(element.names) == {BAR} for element in query.elements):
        raise QueryError(f"the figure '{query.text}' has no note; add a length such as 1")
    return query


def _parse_rhythm_of_bar(text: str, vocabulary: Vocabulary) -> FigureQuery:
    query = _parse_rhythm(text, vocabulary)
    if any(BAR in element.names for element in query.elements):
        raise QueryError(
            f"'{BAR}' is a bar line, but a bar is searched without its bar lines; leave out "
            f"'{BAR}', or use 'tunetrace figure'"
        )
    return query


RHYTHM: Final = View(
    name="rhythm",
    forgives="other pitches, and other signs at the same bar lines",
    alphabet=_always(projections.RHYTHM_NAMES),
    symbols=lambda layout, encoded: projections.projected(layout).rhythm,
    units=Units(has_rests=True, of_note=1),
    shared_notes=32,
    extent=projections.extent_of_rhythm,
    notation=_RHYTHM,
    of_symbols=_parse_rhythm,
    bar_of_symbols=_parse_rhythm_of_bar,
)
"""The length of each note and rest, with bar lines."""

_CONTOUR: Final = Notation(
    symbols="directions",
    example="U U D R",
    wildcards="* for any direction, {U R} for either of two",
    name=projections.contour_name,
    right="give U (up), D (down) or R (repeat), or a Parsons code such as *UUDR",
)
_PARSONS: Final = re.compile(
    r"""
    (?P<choice> \{ [^}]* \} )
    | (?P<begin> (?<!\S) \* (?=[UDRudr]) )  # of a Parsons code, where its first note is
    | (?P<code> [UDRudr]{2,} )
    """,
    re.VERBOSE,
)


def _parse_contour(text: str, vocabulary: Vocabulary) -> FigureQuery:
    """A figure of directions, which may be joined to Parsons codes."""

    def apart(found: re.Match[str]) -> str:
        return found["choice"] or " ".join(found["code"] or "")

    return parse_symbols(_PARSONS.sub(apart, one_text(text, "the figure")), _CONTOUR)


CONTOUR: Final = View(
    name="contour",
    forgives="all but whether each note is higher than the note before, lower, or the same",
    alphabet=_always(CONTOUR_NAMES),
    symbols=lambda layout, encoded: projections.projected(layout).contour,
    units=Units(has_rests=False, of_note=0),
    shared_notes=24,
    extent=projections.extent_of_steps,
    notation=_CONTOUR,
    of_symbols=_parse_contour,
    bar_of_symbols=_parse_contour,
)
"""Up, down or the same, from each note to the next."""

VIEWS: Final[dict[str, View]] = {
    view.name: view for view in (TOKENS, MELODY, INTERVALS, RHYTHM, CONTOUR)
}
"""The views of every index, by name."""


def view_named(name: ViewName) -> View:
    """The view of this name; QueryError if there is none."""
    return VIEWS[one_view(name, "view")]
