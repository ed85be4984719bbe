"""Reads the music of a tune, line by line, to tokens.

keys.py has the grammar of the fields, lexicon.py the lexemes of the music.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import islice
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.tokenizer.abc.accidentals import sign_changes, sign_held
from tunetrace.tokenizer.abc.dropped import left_out, voices_left_out
from tunetrace.tokenizer.abc.header import TuneHeader
from tunetrace.tokenizer.abc.lexicon import (
    JOINED,
    Apart,
    BarLine,
    Broken,
    Field,
    RestBars,
    Tied,
    is_apart,
    length_token,
    lexemes_of,
    lexicon,
    pattern_for,
)
from tunetrace.tokenizer.keys import (
    OCTAVE_REMARK,
    Key,
    moves_octave,
    parse_key,
    parse_meter,
    parse_unit_length,
)
from tunetrace.tokenizer.layout.timeline import split_bars
from tunetrace.tokenizer.transpose import interval_to_c
from tunetrace.tokenizer.vocabulary import BAR_LINE, HEADER, MEANINGS, NOTE, is_token

_LONGEST_BAR: Final = 500
"""Tokens. No bar is longer, and looking further back at every line would be slow."""

_TURNS: Final = re.compile(r"\[V:\s*([^\s\]]*)[^\[\]]*\]")

_MOST_REST_BARS: Final = 999

APART_REMARK: Final = "a length after a space is taken as the length of the note before it"
TUPLET_REMARK: Final = "a number after the sign of a tuplet, as in (3 2, is taken as its notes"


class Reader:
    """Reads one tune's music. Its state is the key, meter, unit and voice in force.

    header: the fields before the music, with a key. body: the lines from the first line of music
    on. number: the line that is being read.
    """

    lexemes: Callable[[str], Iterable[str]] = staticmethod(lexemes_of)
    """Cuts a line of music into its lexemes. explain.py has another one."""

    def __init__(self, header: TuneHeader, body: Sequence[str]) -> None:
        assert header.key is not None, "the music begins after the key"
        self.header = header
        self.number = 0
        self.own_key = header.key
        self.interval = interval_to_c(header.key)
        self.unit = header.unit_length()
        self.meter = header.meter
        self.key = self.interval.move_key(header.key)
        self.tokens: list[str] = [] if self.meter is None else [f"M:{self.meter}"]
        self.tokens.append(f"K:{self.key.name}")
        self.voice = header.chosen_voice(body)
        self.voices = dict.fromkeys(header.voices)
        now = header.voice if header.asked_voice is None else header.voice_at_start(body)
        self.is_silent = now not in (None, self.voice)  # inside a voice that is left out
        self._voice_now = now or ""
        self._heard: list[str] = []  # the music of the voice that is read
        self._unheard: defaultdict[str, list[str]] = defaultdict(list)  # of the other voices
        self.lexicon = lexicon(self.interval, self.unit)
        self._is_overlaid = False  # an overlay continues in the next line
        self._put_in: set[int] = set()  # where the end of a line became a bar line
        self._tied: set[int] = set()  # the notes that are tied over a bar line
        self._signed_from = len(self.tokens)
        self._rest_bars_read = 0

    def line(self, text: str) -> None:
        """Read a line of music. AbcError has the column of the mistake."""
        turns_voice = "[V:" in text
        if self.is_silent and not turns_voice:
            self._unheard[self._voice_now].append(text)
            return
        if self._is_overlaid:
            text = self._after_overlay(text)
        voice, is_silent = self._voice_now, self.is_silent
        tokens = self.tokens
        meanings = self.lexicon
        place = 0
        try:
            for place, lexeme in enumerate(self.lexemes(text)):  # noqa: B007 - for the error
                if turns_voice and self.is_silent and lexeme[:3] != "[V:":
                    continue  # a mistake in a voice that is left out does not matter
                meaning = meanings[lexeme]
                if meaning.__class__ is tuple:
                    tokens += meaning
                elif isinstance(meaning, BarLine):
                    if tokens[-1] == "|":
                        tokens.pop()  # an empty bar, `| |:` or `||` across a line end
                        self._put_in.discard(len(tokens))
                    tokens += meaning
                elif isinstance(meaning, Field):
                    self.field(meaning[0], meaning[2:])
                    meanings = self.lexicon
                elif isinstance(meaning, Broken):
                    joined = tokens[-1] + meaning
                    if joined in JOINED:
                        tokens[-1] = joined
                    else:
                        tokens.append(meaning)
                elif isinstance(meaning, Apart):
                    self.header.remark(TUPLET_REMARK if lexeme[0] == "(" else APART_REMARK)
                    tokens.extend(meaning)
                elif isinstance(meaning, Tied):
                    if is_apart(lexeme):
                        self.header.remark(APART_REMARK)
                    self._tied.add(len(tokens))
                    tokens.extend(meaning)
                elif isinstance(meaning, RestBars):
                    self._rest_bars(meaning)
        except AbcError as error:
            cut = pattern_for(text).finditer(text)
            error.column = next(islice(cut, place, None)).start(1) + 1
            raise
        if turns_voice:
            self._share_out(text, voice, is_silent)
        else:
            self._heard.append(text)

    def field(self, letter: str, text: str) -> None:
        """Apply a field between or inside lines of music, or an overlay (`&`)."""
        if letter == "V":
            self._turn_to((text.split() or [""])[0])
        elif self.is_silent:
            return
        elif letter == "L":
            self.unit = parse_unit_length(text)
        elif letter == "M":
            meter = parse_meter(text)
            if meter != self.meter:
                self.meter = meter
                self.tokens.append(f"M:{meter}")
        elif letter == "K":
            self.own_key = parse_key(text, self.own_key)
            if moves_octave(text):
                self.header.remark(OCTAVE_REMARK)
            self._change_key(self.own_key)
        elif letter == "&":
            self.header.remark("the music after & is left out: it sounds with the music before it")
            self._is_overlaid = text.endswith("\\")
        elif letter == "m":
            self.header.remark("macros (m:) are not expanded")
        self.lexicon = lexicon(self.interval, self.unit)

    def end_line(self) -> None:
        """Add a bar line at the end of a line if the current bar is exactly full.

        Collections such as Essen's write one phrase on a line, without a bar line at its end.
        """
        if self.meter is None or MEANINGS[self.tokens[-1]].kind in (BAR_LINE, HEADER):
            return
        start, least = len(self.tokens), max(len(self.tokens) - _LONGEST_BAR, 0)
        while start > least and MEANINGS[self.tokens[start - 1]].kind != BAR_LINE:
            start -= 1
        if start == least > 0:
            return  # longer than any bar
        bars, _ = split_bars([f"M:{self.meter}", *self.tokens[start:]])
        if bars and bars[-1].adds_up:
            self._put_in.add(len(self.tokens))
            self.tokens.append("|")

    def finish(self, *, needs_note: bool = True) -> tuple[str, ...]:
        """The tokens. AbcError if there is no note among them, if they need one."""
        self._sign_changes()
        if needs_note and not any(MEANINGS[token].kind == NOTE for token in self.tokens):
            raise AbcError("the tune has no notes after its K: field", kind="no notes")
        if self._unheard:
            order = [*self.voices, *self._unheard]
            unheard = {v: self._unheard[v] for v in order if v in self._unheard}
            self.header.remarks += voices_left_out(unheard)
        self.header.remarks += left_out(self._heard)
        return tuple(self.tokens)

    def _share_out(self, text: str, voice: str, is_silent: bool) -> None:
        """Add the music of a line with several voices to the music of each voice.

        voice, is_silent: as they were at the start of the line.
        """
        first, *rest = _TURNS.split(text)
        (self._unheard[voice] if is_silent else self._heard).append(first)
        for name, music in zip(rest[::2], rest[1::2], strict=True):
            is_taken = name in ("*", self.voice)
            (self._heard if is_taken else self._unheard[name]).append(music)

    def _turn_to(self, voice: str) -> None:
        """Go on in another voice; `*` means all voices."""
        self._voice_now = voice
        if voice == "*":
            self.is_silent = False
            return
        if voice not in self.voices:
            if not self.voices and self._has_music():
                self.voice = "1"  # the voice without a name
                self.voices[self.voice] = None
            self.voices[voice] = None
        if self.voice is None and not self._has_music():
            self.voice = voice
        self.is_silent = voice != self.voice

    def _after_overlay(self, text: str) -> str:
        """A line that begins with the rest of an overlay; spaces replace the overlay."""
        end = text.find("|")
        self._is_overlaid = end < 0 and text.rstrip().endswith("\\")
        end = len(text) if end < 0 else end - (text[end - 1 : end] == ":")
        return " " * end + text[end:]

    def _has_music(self) -> bool:
        return len(self.tokens) > 2 or (self.meter is None and len(self.tokens) > 1)

    def _change_key(self, key: Key) -> None:
        moved = self.interval.move_key(key)
        if moved == self.key:
            return
        self._sign_changes()
        token = f"K:{moved.name}"
        if not is_token(token):
            raise AbcError(
                f"the change to the key {key.name} is too far from the first key",
                kind="outside the tokens",
            )
        if moved.name != self.key.name:
            self.tokens.append(token)
        self.key = moved

    def _sign_changes(self) -> None:
        """Write the accidentals that hold in the text but would not hold in the tokens."""
        if self._put_in or self._tied:
            sign_held(self.tokens, self._signed_from, self.key, self._put_in, self._tied)
        if self.key.changes:
            sign_changes(self.tokens, self._signed_from, self.key)
        self._signed_from = len(self.tokens)

    def _rest_bars(self, bars: int) -> None:
        if self.meter is None or self.meter == "none":
            raise AbcError(
                "a rest of whole bars needs a meter; write M: as 4/4", kind="bad note length"
            )
        token = length_token(8 * Fraction(self.meter))
        rest = ["z", token] if token else ["z"]
        self._rest_bars_read += bars
        if self._rest_bars_read > _MOST_REST_BARS:
            raise AbcError(
                f"the tune rests for more than {_MOST_REST_BARS} bars; Z4 rests for four bars",
                kind="too long",
            )
        for k in range(bars):
            self.tokens.extend(["|", *rest] if k else rest)
