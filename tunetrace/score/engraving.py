"""A tune as staff notation: the public class that engraves it, plays it and exports it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from tunetrace.arguments import public
from tunetrace.errors import InputError, OutputError, QueryError
from tunetrace.score.engraver import PAGE_WIDTH, Drawing, Engraver
from tunetrace.score.mei import PLAIN_LOOK, Look, to_mei
from tunetrace.score.musicxml import to_musicxml
from tunetrace.score.playback import Playback, playback_of
from tunetrace.score.written import Staff, write_staff
from tunetrace.text import plain
from tunetrace.tokenizer.abc.ornaments import Ornaments, ornaments_of
from tunetrace.tokenizer.keys import MODES
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transpose import TooFarAlteredError, interval_from_c, move_token
from tunetrace.tokenizer.write import to_abc

if TYPE_CHECKING:
    import mido

MOST_TOKENS: Final = 20_000
"""A tune with more tokens is not engraved: it would take minutes."""

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}")
_TONIC: Final = re.compile(r"[A-G][b#]?")


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


@dataclass(eq=False, repr=False)
class Engraving:
    """A tune as staff notation. In a notebook it is shown."""

    staff: Staff
    """The tune as it is written."""
    id: str
    """The ids of all its notes and bars begin with it."""

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

    def abc(self) -> str:
        """The tune as ABC that any program reads, without grace notes and ties."""
        return to_abc(self.staff.layout.tokens, title=self.staff.title)

    def svg(self) -> str:
        """The tune as an SVG document, on one page as high as it needs."""
        return self.drawing(has_title=True).standalone()

    def drawing(
        self, look: Look = PLAIN_LOOK, *, width: int = PAGE_WIDTH, has_title: bool = False
    ) -> Drawing:
        """The tune as a part of a page. width: as for Engraver."""
        engraver = Engraver(self.mei(look, has_title=has_title), width=width)
        return next(iter(engraver.drawings()))

    @cached_property
    def playback(self) -> Playback:
        """How the tune is played."""
        return playback_of(self.staff, Engraver(self.mei()).timemap(), self.prefix)

    def midi(self, *, is_swung: bool = False) -> bytes:
        """The tune as a MIDI file, with repeats unfolded. is_swung: as a hornpipe or jig is."""
        straight = Engraver(self.mei()).midi()
        return _swung(straight, self.playback) if is_swung else straight

    def _repr_html_(self) -> str:
        """The notation, for notebooks."""
        return self.svg()


@public
def engrave(written: Written, tonic: str | None = None, *, id: str = "s1") -> Engraving:
    """A tune as staff notation.

    written: a transcription, or a tune of an index. tonic: of the key to write it in, as `G` or
    `Bb`; by default the key that it was written in. id: what the ids of its notes begin with, a
    letter and then letters and digits.
    Raises InputError if the tune has no notes, or too many, and QueryError for a tonic that there
    is not, or in which a note would need three sharps or flats.

    >>> engraving = engrave(next(read("tune.abc")))
    >>> Path("tune.svg").write_text(engraving.svg())
    """
    if not _ID.fullmatch(id):
        raise QueryError(
            f"'{plain(id)[:40]}' is not an id; write a letter, and then letters and digits"
        )
    name = plain(written.title) or "the tune"
    if len(written.tokens) > MOST_TOKENS:
        raise InputError(
            f"{name} has {len(written.tokens):,} tokens; at most {MOST_TOKENS:,} are engraved"
        )
    tokens, key, ornaments = _in_key(written, tonic)
    layout = lay_out(tokens)
    if not layout.bars:
        raise InputError(f"{name} has no notes to engrave")
    return Engraving(write_staff(layout, key, ornaments, plain(written.title)), id)


def _in_key(tune: Written, tonic: str | None) -> tuple[list[str], str | None, Ornaments]:
    """The tokens, the key and the ornaments of a tune, moved to the key it is to be written in."""
    tokens, key, ornaments = list(tune.tokens), tune.key, ornaments_of(tune)
    mode = next((k[-3:] for k in (key, tune.original_key) if k and k[-3:] in MODES), "maj")
    if tonic is not None and not _TONIC.fullmatch(tonic):
        raise QueryError(
            f"'{plain(tonic)[:40]}' is not a tonic; write a letter from A to G, with b or # if "
            "needed, as G or Bb"
        )
    target = tune.original_key if tonic is None else tonic + mode
    if target is None or target[:-3] in ("", "C") or target[-3:] not in MODES:
        return tokens, key, ornaments
    interval = interval_from_c(target)
    try:
        moved = [move_token(token, interval) for token in tokens]
        graces = {
            place: tuple(move_token(note, interval) for note in notes)
            for place, notes in ornaments.graces.items()
        }
    except TooFarAlteredError as error:
        if tonic is None:
            return tokens, key, ornaments
        raise QueryError(
            f"in {tonic} the note {error} of {plain(tune.title) or 'the tune'} would need three "
            "sharps or flats; name the tonic otherwise, as Ab for G#"
        ) from None
    return moved, target, Ornaments(graces, ornaments.ties)


def _swung(midi: bytes, playback: Playback) -> bytes:
    """A MIDI file with each event at its swung time."""
    try:
        import mido
    except ImportError as error:
        raise OutputError(
            "swing needs mido, which is not installed; install tunetrace[score]"
        ) from error
    file = mido.MidiFile(file=io.BytesIO(midi))
    for track in file.tracks:
        _swing_track(track, file.ticks_per_beat, playback)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _swing_track(track: mido.MidiTrack, ticks_per_quarter: int, playback: Playback) -> None:
    now, before = 0, 0
    for message in track:
        now += message.time
        # A bar that does not add up may end within a beat, later than the next one begins.
        swung = max(before, round(playback.swung(now / ticks_per_quarter) * ticks_per_quarter))
        message.time = swung - before
        before = swung
