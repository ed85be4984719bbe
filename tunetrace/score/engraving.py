"""A tune as staff notation: the public class that engraves it, plays it and exports it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Protocol

from tunetrace.arguments import public
from tunetrace.corpus.readers import first_tune
from tunetrace.errors import InputError, QueryError
from tunetrace.score.engraver import PAGE_WIDTH, Drawing, Engraver, stack
from tunetrace.score.marks import Mark, classes_of, draw_marks, in_lanes, spacing
from tunetrace.score.mei import PLAIN_LOOK, Look, to_mei
from tunetrace.score.midi import to_midi
from tunetrace.score.musicxml import to_musicxml
from tunetrace.score.playback import Playback, playback_of
from tunetrace.score.staff.beams import spaces_of
from tunetrace.score.staff.records import Staff
from tunetrace.score.staff.written import write_staff
from tunetrace.text import plain
from tunetrace.tokenizer.abc.ornaments import Ornaments, ornaments_of
from tunetrace.tokenizer.keys import MODES
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import eighths
from tunetrace.tokenizer.transpose import Interval, TooFarAlteredError, interval_to, move_token
from tunetrace.tokenizer.write import to_abc

MOST_TOKENS: Final = 20_000
"""A tune with more tokens is not engraved: it would take minutes."""

MOST_IN_BAR: Final = 1_000
"""Notes and rests of a bar. verovio's time grows with their square: these take some seconds."""

LONGEST_NOTE: Final = 64
LONGEST_TUNE: Final = 20_000
"""In whole notes. What is longer is a mistake, and needs note values without number."""

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}")
_TONIC: Final = re.compile(r"[A-G][b#]?")
_NO_MOVE: Final = Interval(0, 0)


class Written(Protocol):
    """What a tune must have to be engraved: a transcription or a tune of an index."""

    @property
    def title(self) -> str: ...
    @property
    def key(self) -> str | None: ...
    @property
    def original_key(self) -> str | None: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def text(self) -> str: ...


class Engraving:
    """A tune as staff notation. In a notebook it is shown."""

    def __init__(self, staff: Staff, id: str) -> None:
        """staff: the tune as it is written. id: what the ids of its notes and bars begin with."""
        self.staff = staff
        self.id = id

    @property
    def prefix(self) -> str:
        """What the ids in its MEI begin with."""
        return f"{self.id}-"

    def mei(self, look: Look = PLAIN_LOOK, *, has_title: bool = True) -> str:
        """The tune as MEI. look: how its notes look."""
        return to_mei(self.staff, self.prefix, look, title=self.staff.title if has_title else "")

    def musicxml(self) -> str:
        """The tune as MusicXML."""
        return to_musicxml(self.staff)

    def abc(self, number: int = 1) -> str:
        """The tune as ABC that any program reads. number: of its X: field."""
        staff = self.staff
        return to_abc(
            staff.layout.tokens,
            title=staff.title,
            number=number,
            ornaments=staff.ornaments,
            spaces=spaces_of(staff),
        )

    def svg(self) -> str:
        """The tune as an SVG document, on one page as high as it needs."""
        return self.drawing(has_title=True).standalone()

    def drawing(
        self,
        marks: Sequence[Mark] = (),
        *,
        width: int = PAGE_WIDTH,
        has_title: bool = False,
        is_line: bool = False,
    ) -> Drawing:
        """The tune as a part of a page, with stretches marked. width, is_line: as for Engraver."""
        engraver = self._engraver(marks, width, has_title=has_title, is_line=is_line)
        return self._drawn(engraver, marks)

    def drawn_and_played(
        self, marks: Sequence[Mark] = (), *, width: int = PAGE_WIDTH
    ) -> tuple[Drawing, Playback]:
        """The tune as a part of a page that plays it, in half the time of both apart."""
        engraver = self._engraver(marks, width, has_title=False)
        played = playback_of(self.staff, self.staff.measures, engraver.timemap(), self.prefix)
        return self._drawn(engraver, marks), played

    def _engraver(
        self, marks: Sequence[Mark], width: int, *, has_title: bool, is_line: bool = False
    ) -> Engraver:
        look = Look(classes_of(marks, len(self.staff.layout.tokens)))
        space = spacing(len(in_lanes(marks))) if marks else 0
        mei = self.mei(look, has_title=has_title)
        return Engraver(mei, width=width, space_below=space, is_line=is_line)

    def _drawn(self, engraver: Engraver, marks: Sequence[Mark]) -> Drawing:
        return draw_marks(stack(engraver.drawings()), marks, self.prefix)

    @cached_property
    def playback(self) -> Playback:
        """How the tune is played."""
        timemap = Engraver(self.mei()).timemap()
        return playback_of(self.staff, self.staff.measures, timemap, self.prefix)

    def midi(self, *, is_swung: bool = False) -> bytes:
        """The tune as a MIDI file, with repeats unfolded. is_swung: as a hornpipe or jig is."""
        return to_midi(self.staff, self.playback, is_swung=is_swung)

    def _repr_html_(self) -> str:
        """The notation, for notebooks."""
        return self.drawing(has_title=True).as_image(self.staff.title)


@public
def engrave(written: Written | str, tonic: str | None = None, *, id: str = "s1") -> Engraving:
    """A tune as staff notation.

    written: a transcription, the text of one, or a tune of an index. tonic: of the key to write it
    in, as `G` or `Bb`, up or down by a fourth at most; by default the key that it was written in.
    id: what the ids of its notes begin with, a letter and then letters and digits.
    Raises InputError if the tune has no notes, or too many, and QueryError for a tonic that there
    is not, or in which a note would need three sharps or flats.

    >>> kesh = engrave("X:1\\nT:The Kesh\\nM:6/8\\nL:1/8\\nK:G\\nG3 GAB|A3 ABd|")
    >>> kesh.playback.notes[0]  # start, duration, MIDI number and id
    (0, 1.5, 67, 's1-n2')
    """
    if not _ID.fullmatch(id):
        raise QueryError(
            f"'{plain(id)[:40]}' is not an id; write a letter, and then letters and digits"
        )
    if isinstance(written, str):
        written = first_tune(written)
    name = plain(written.title) or "the tune"
    if len(written.tokens) > MOST_TOKENS:
        raise InputError(
            f"{name} has {len(written.tokens):,} tokens; at most {MOST_TOKENS:,} are engraved"
        )
    tokens, key, ornaments = _in_key(written, tonic)
    layout = lay_out(tokens)
    if not layout.bars:
        raise InputError(f"{name} has no notes to engrave")
    fullest = max(len(bar.events.durations) for bar in layout.bars)
    if fullest > MOST_IN_BAR:
        raise InputError(
            f"{name} has a bar of {fullest:,} notes; at most {MOST_IN_BAR:,} are engraved; add bar "
            "lines"
        )
    for what, ticks, most in (
        ("a note", max(t for bar in layout.bars for t in bar.events.durations), LONGEST_NOTE),
        ("music", sum(bar.duration for bar in layout.bars), LONGEST_TUNE),
    ):
        wholes = eighths(ticks) / 8
        if wholes > most:
            raise InputError(
                f"{name} has {what} of {float(wholes):,.0f} whole notes; at most {most:,} are "
                "engraved"
            )
    return Engraving(write_staff(layout, key, ornaments, plain(written.title)), id)


def check_tonic(tonic: str | None) -> None:
    """Raise QueryError for what is no tonic."""
    if tonic is not None and not _TONIC.fullmatch(tonic):
        raise QueryError(
            f"'{plain(tonic)[:40]}' is not a tonic; write a letter from A to G, with b or # if "
            "needed, as G or Bb; the mode stays as it is"
        )


def _in_key(tune: Written, tonic: str | None) -> tuple[list[str], str | None, Ornaments]:
    """The tokens, the key and the ornaments of a tune, moved to the key it is to be written in."""
    tokens, key, ornaments = list(tune.tokens), tune.key, ornaments_of(tune)
    mode = next((k[-3:] for k in (key, tune.original_key) if k and k[-3:] in MODES), "maj")
    check_tonic(tonic)
    target = tune.original_key if tonic is None else tonic + mode
    interval = interval_to(target)
    if tonic is not None and target is not None:
        interval = _nearest(interval or _NO_MOVE, tune.original_key)
    if interval is None or interval == _NO_MOVE:
        return tokens, key, ornaments
    try:
        moved = [move_token(token, interval) for token in tokens]
        return moved, target, ornaments.moved(interval)
    except TooFarAlteredError as error:
        if tonic is None:
            return tokens, key, ornaments
        raise QueryError(
            f"in {tonic} the note {error} of {plain(tune.title) or 'the tune'} would need three "
            "sharps or flats; name the tonic otherwise, as Ab for G#"
        ) from None


def _nearest(from_c: Interval, own: str | None) -> Interval:
    """The interval from C to another key in the octave nearest to the tune's own, at most a fourth
    away. A tune that is on C itself keeps folk-rnn's octave."""
    to_own = interval_to(own)
    if to_own is None:
        return from_c
    steps = from_c.steps - to_own.steps
    return Interval(from_c.steps - 7 * round(steps / 7), from_c.fifths)
