"""Filters: which tunes of an index are counted, and which places in them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Final

from tunetrace.arguments import many_references, one_text, refused, whole_number
from tunetrace.errors import AbcError, QueryError
from tunetrace.records import Record
from tunetrace.tokenizer.keys import MODES, not_a_key, parse_key, parse_meter
from tunetrace.tokenizer.layout.bars import Position


@dataclass(frozen=True, slots=True, repr=False)
class Filters(Record):
    """Which tunes are counted, and which places in them. None admits all."""

    part: int | None = None
    """The part, from 1."""
    bar: int | None = None
    """The bar in its part, from 1. A pickup is bar 0."""
    onset: Fraction | None = None
    """Eighths from the start of the bar."""
    meter: str | None = None
    """As written: `6/8`, `C`."""
    key: str | None = None
    """As indexed: a mode (`dor`, `dorian`), or a key on C (`Cdor`)."""
    original_key: str | None = None
    """As written in its source: `G`, `Em`, `Ador`."""
    corpus: str | None = None
    """The name of a corpus."""
    title: str | None = None
    """A title, or a part of one that only settings of one tune have."""
    exclude_families: tuple[str | int, ...] = ()
    """Tunes, by id, `corpus:number` or title, whose families are left out (`find_families`)."""

    def __post_init__(self) -> None:
        """QueryError for a value of another type."""
        for name in ("part", "bar"):
            if getattr(self, name) is not None:
                whole_number(getattr(self, name), name)
        for name in ("meter", "key", "original_key", "corpus", "title"):
            if getattr(self, name) is not None:
                one_text(getattr(self, name), name)
        families = tuple(many_references(self.exclude_families, "exclude_families"))
        object.__setattr__(self, "exclude_families", families)
        if not isinstance(self.onset, Real | None):
            raise refused("onset", self.onset, "a number of eighths, such as Fraction(3, 2)")

    @property
    def has_place(self) -> bool:
        """Whether they choose among the places in a tune."""
        return (self.part, self.bar, self.onset) != (None, None, None)

    @property
    def chooses_tunes(self) -> bool:
        """Whether they choose among the tunes by what the tunes state."""
        asked = (self.meter, self.key, self.original_key, self.corpus, self.title)
        return any(one is not None for one in asked)

    def admits(self, place: Position) -> bool:
        """Whether a place in a tune is counted."""
        return (
            (self.part is None or place.part == self.part)
            and (self.bar is None or place.bar == self.bar)
            and (self.onset is None or place.onset == self.onset)
        )


NO_FILTERS = Filters()

_METERS_OF_DANCES: Final = {
    "jig": "6/8", "double jig": "6/8", "single jig": "6/8 or 12/8", "slip jig": "9/8",
    "hop jig": "9/8", "slide": "12/8", "reel": "4/4 or C|", "hornpipe": "4/4 or C|",
    "strathspey": "4/4", "polka": "2/4", "waltz": "3/4", "mazurka": "3/4",
}  # fmt: skip


def meter_of(text: str) -> str:
    """The meter as indexed that a filter means."""
    try:
        return parse_meter(text.removeprefix("M:"))
    except AbcError as error:
        dance = text.strip().lower()
        usual = _METERS_OF_DANCES.get(dance) or _METERS_OF_DANCES.get(dance.removesuffix("s"))
        if usual is None:
            raise QueryError(error.reason) from None
        raise QueryError(
            f"'{text.strip()}' is not a meter, but a dance; its meter is {usual}"
        ) from None


def keys_of(text: str) -> list[str]:
    """The keys as indexed that a filter means. folk-rnn v3's files write a mode alone."""
    name = text.removeprefix("K:").strip()
    # A mode alone is one on C: `dor`, `minor`. No mode begins with a tonic and its mode.
    for stated in (f"C {name}", name) if name else ():
        with suppress(AbcError):
            key = parse_key(stated)
            if key.tonic == "C" and not key.changes:
                return [key.name, key.mode]
            raise QueryError(
                f"'{text}' is not a key on C; tunes are indexed on C, so give a mode "
                f"({', '.join(MODES)}), or give the key in its source (--original-key)"
            )
    raise QueryError(
        f"'{text}' is not a key; tunes are indexed on C, so give a mode: {', '.join(MODES)}"
    )


def onset_of(text: str) -> Fraction:
    """The number of eighths that a text states: 3, 3/2 or 1.5."""
    if not re.fullmatch(r"[0-9]{1,4}(/[1-9][0-9]{0,3}|\.[0-9]{1,4})?", text, re.ASCII):
        raise QueryError(f"'{text}' is not a number of eighths; give a number such as 3 or 3/2")
    return Fraction(text)


def original_key_of(text: str) -> str:
    """The key in its source, by its name, that a filter means."""
    name = text.removeprefix("K:").strip()
    with suppress(AbcError):
        key = parse_key(name)
        if name and not key.changes:
            return key.name
    raise QueryError(not_a_key(name, "write it as G, Em, Edor or Bb"))
