"""A tune in pieces, so that it can be changed and written again: notes, and the signs between them.

A changed tune is written as ABC and read by tunetrace's reader. So whatever comes out is a tune
that a user could have typed, with the tokens that the reader gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import takewhile

from tunetrace.tokenizer.abc.lexicon import length_token
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.keys import LETTERS
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.pitches import signature_of
from tunetrace.tokenizer.layout.timeline import Bar, eighths
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.transpose import Pitch
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, is_header
from tunetrace.tokenizer.write import to_abc, well_formed

_MOST_ALTERED = 2


@dataclass(frozen=True, slots=True)
class Note:
    """A note, a chord or a rest, with its length."""

    pitch: tuple[str, ...]
    """Its token; of a chord all from bracket to bracket; `z`."""
    length: Fraction
    """As it is written behind it, in eighths."""
    time: Fraction
    """How long it lasts, in eighths: other than its length in tuplets and in broken rhythm."""
    broken: str = ""
    """`>` or `<` behind it."""
    before: tuple[str, ...] = ()
    """The sign of a tuplet that begins with it."""

    @property
    def sounds(self) -> bool:
        return self.pitch != ("z",)

    @property
    def is_free(self) -> bool:
        """Whether it can be split or joined: no part of a tuplet or of a broken rhythm."""
        return not (self.before or self.broken) and self.length == self.time

    def lasting(self, length: Fraction) -> Note:
        """The same note, free, with another length."""
        return Note(self.pitch, length, length)

    def tokens(self) -> Iterator[str]:
        """The note as tokens."""
        yield from (*self.before, *self.pitch)
        number = length_token(self.length)
        # v2 has one token for these; every other length stands apart from its broken rhythm.
        if self.broken and number + self.broken in ("2>", "2<", "/2>", "/2<", "4>"):
            yield number + self.broken
        else:
            yield from filter(None, (number, self.broken))


Piece = Note | str
"""A note, or a bar line or a header as it is, or the sign of a tuplet without a note after it."""


def take_apart(tokens: Sequence[str]) -> list[Piece]:
    """The pieces of a tune's tokens, headers and bar lines with them."""
    tokens = well_formed(tokens)
    pieces: list[Piece] = []
    at = 0
    for bar in lay_out(tokens).bars:
        for start, stop, ticks in zip(*bar.events[:3], strict=True):
            before = tokens[at : bar.start + start]
            signs = tuple(takewhile(lambda token: token.startswith("("), reversed(before)))
            pieces += before[: len(before) - len(signs)]
            note = _note(tokens[bar.start + start : bar.start + stop], eighths(ticks))
            pieces.append(replace(note, before=signs[::-1]))
            at = bar.start + stop
    return [*pieces, *tokens[at:]]


def _note(tokens: Sequence[str], time: Fraction) -> Note:
    stop = tokens.index("]") + 1 if tokens[0] == "[" else 1
    length, broken = Fraction(1), ""
    for token in tokens[stop:]:
        number = token.rstrip("<>")
        broken += token[len(number) :]
        if number:
            top, _, bottom = number.partition("/")
            length *= Fraction(int(top or 1), int(bottom or 1))
    return Note(tuple(tokens[:stop]), length, time, broken)


def put_together(tune: Transcription, pieces: Iterable[Piece]) -> Transcription:
    """The pieces as a transcription, with the titles of the tune that they are from."""
    tokens: list[str] = []
    for piece in pieces:
        tokens += piece.tokens() if isinstance(piece, Note) else [piece]
    return read_again(tune, to_abc(tokens))


def read_again(tune: Transcription, abc: str) -> Transcription:
    """ABC as a transcription, with the titles of the tune that it is from."""
    return replace(tokenize_abc(abc), titles=tune.titles)


def notes_in(pieces: Iterable[Piece]) -> list[int]:
    """The places of the pieces that sound."""
    return [k for k, piece in enumerate(pieces) if isinstance(piece, Note) and piece.sounds]


def moved(pitch: Sequence[str], steps: int, key: str | None) -> tuple[str, ...]:
    """A note or a chord some steps of the scale higher; lower for less than 0.

    key: whose signature tells how far a note with an accidental is from the scale, as `Cdor`.
    """
    signature = signature_of(key)
    return tuple(_moved(token, steps, signature) for token in pitch)


def _moved(token: str, steps: int, signature: dict[str, int]) -> str:
    if MEANINGS[token].kind != NOTE:
        return token
    old = Pitch.parse(token)
    octave, step = divmod(LETTERS.index(old.letter) + steps, len(LETTERS))
    letter, alteration = LETTERS[step], None
    if old.alteration is not None:
        alteration = signature[letter] + old.alteration - signature[old.letter]
        if abs(alteration) > _MOST_ALTERED:
            alteration = None
    return str(Pitch(letter, old.octave + octave, alteration))


def head_of(tokens: Sequence[str]) -> list[str]:
    """The headers before the music."""
    return list(takewhile(is_header, tokens))


def full_bars(tokens: Sequence[str]) -> list[Bar]:
    """The bars that are as long as the meter asks."""
    return [bar for bar in lay_out(tokens).bars if bar.full == bar.duration]
