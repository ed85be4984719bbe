"""What a segment keeps for near copies: which tunes have each term, and the pitches to align."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.sequences import Pitches, Sequences, letters, sequences_of
from tunetrace.indexer.near.terms import FIRST_OF_SECOND, set_weights, terms_of
from tunetrace.tokenizer.layout.bars import Layout

ALIGNED: Final = ("notes", "quavers", "beats")
"""The sequences that are aligned."""

_HEADERS: Final = 4
"""The header is among this many tokens at the start of a tune."""

_POSITIVE: Final = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Melodies:
    """A sequence of pitches of each of some tunes."""

    letters: NDArray[np.uint8]
    """(n,) the pitches of all tunes modulo an octave, a letter from A to G each: `C` is A."""
    ends: NDArray[np.int32]
    """(tunes + 1,) where each tune begins, and the end of the last."""

    @cached_property
    def _ends(self) -> memoryview:
        return self.ends.data  # a number of it is faster than one of the array

    def __getitem__(self, tune: int) -> bytes:
        return self.letters[self._ends[tune] : self._ends[tune + 1]].tobytes()

    @classmethod
    def of(cls, pitches: Pitches, tunes: int) -> Melodies:
        """Those of some tunes, as sequences_of gives them."""
        ends = np.searchsorted(pitches.tunes, np.arange(tunes + 1)).astype(np.int32)
        return cls(np.frombuffer(letters(pitches.steps), np.uint8), ends)

    @classmethod
    def join(cls, pieces: Sequence[Melodies]) -> Melodies:
        """Those of the tunes of several, in their order."""
        lengths = [np.diff(piece.ends) for piece in pieces]
        ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths])).astype(np.int32)
        every = [np.empty(0, np.uint8), *(piece.letters for piece in pieces)]
        return cls(np.concatenate(every), ends)

    def select(self, tunes: Iterable[int]) -> Melodies:
        """Those of some of the tunes."""
        chosen = [self[tune] for tune in tunes]
        ends = np.cumsum([0, *map(len, chosen)]).astype(np.int32)
        return Melodies(np.frombuffer(b"".join(chosen), np.uint8), ends)


def melodies_in(sequences: Sequences, tunes: int) -> tuple[Melodies, ...]:
    """The pitches of some tunes in each of the sequences ALIGNED."""
    return tuple(Melodies.of(getattr(sequences, name), tunes) for name in ALIGNED)


@dataclass(frozen=True, eq=False)
class NearSegment:
    """The near-copy arrays of the tunes of one segment. A tune is its place in the segment."""

    terms: NDArray[np.uint32]
    """(terms,) the terms that its tunes have, ascending."""
    starts: NDArray[np.int32]
    """(terms + 1,) where the tunes of each term begin in `tunes`, and the end."""
    tunes: NDArray[np.unsignedinteger]
    """(n,) the tunes that have each term, term by term, ascending."""
    sizes: NDArray[np.float32]
    """(tunes, 2) the sum of the weights of each tune's terms, of the first sets and the second."""
    melodies: tuple[Melodies, ...]
    """The pitches of each of the sequences ALIGNED."""
    headers: NDArray[np.int32]
    """(tunes, 2) the meter and the mode that each tune begins in, as header_of gives them."""

    def __len__(self) -> int:
        return len(self.sizes)

    @classmethod
    def of(cls, layouts: Sequence[Layout]) -> NearSegment:
        """The arrays of some tunes."""
        sequences = sequences_of(layouts)
        terms, tunes = terms_of(sequences)
        headers = [header_of(layout.tokens) for layout in layouts]
        cut = int(np.searchsorted(terms, FIRST_OF_SECOND))
        sizes = [
            np.bincount(tunes[some], weights=set_weights(terms[some]), minlength=len(layouts))
            for some in (slice(cut), slice(cut, None))
        ]
        return cls(
            *_grouped(terms, tunes.astype(_place_type(len(layouts)))),
            np.stack(sizes, axis=1).astype(np.float32),
            melodies_in(sequences, len(layouts)),
            np.array(headers, np.int32).reshape(-1, 2),
        )

    @classmethod
    def join(cls, pieces: Sequence[NearSegment]) -> NearSegment:
        """One segment of the tunes of several, in their order."""
        firsts = np.cumsum([0, *map(len, pieces)])
        packed = np.empty(sum(len(piece.tunes) for piece in pieces), np.int64)
        at = 0
        for piece, first in zip(pieces, firsts, strict=False):
            some = packed[at : at + len(piece.tunes)]
            some[:] = np.repeat(piece.terms, np.diff(piece.starts))
            some <<= 32
            some |= piece.tunes.astype(np.int64) + first
            at += len(some)
        packed.sort()
        terms = np.empty(len(packed), np.uint32)
        tunes = np.empty(len(packed), _place_type(firsts[-1]))
        # Without an array of the size of `packed` in between, which is the largest of all.
        np.right_shift(packed, 32, out=terms, casting="unsafe")
        np.bitwise_and(packed, 0xFFFFFFFF, out=tunes, casting="unsafe")
        del packed
        return cls(
            *_grouped(terms, tunes),
            np.concatenate([np.empty((0, 2), np.float32), *(piece.sizes for piece in pieces)]),
            tuple(
                Melodies.join([piece.melodies[k] for piece in pieces]) for k in range(len(ALIGNED))
            ),
            np.concatenate([np.empty((0, 2), np.int32), *(piece.headers for piece in pieces)]),
        )

    def select(self, chosen: Sequence[int]) -> NearSegment:
        """A segment of some of its tunes, given in ascending order."""
        place = np.full(len(self), -1, dtype=np.int32)
        place[list(chosen)] = np.arange(len(chosen), dtype=np.int32)
        terms = np.repeat(self.terms, np.diff(self.starts))
        kept = place[self.tunes]
        is_kept = kept >= 0
        return NearSegment(
            *_grouped(terms[is_kept], kept[is_kept]),
            self.sizes[list(chosen)],
            tuple(one.select(chosen) for one in self.melodies),
            self.headers[list(chosen)],
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All as arrays of one dimension, by name."""
        arrays: dict[str, NDArray[Any]] = {
            "terms": self.terms,
            "starts": self.starts,
            "tunes": self.tunes.astype(_place_type(len(self)), copy=False),
            "sizes": self.sizes.ravel(),
            "headers": self.headers.ravel(),
        }
        for name, one in zip(ALIGNED, self.melodies, strict=True):
            arrays[name] = one.letters
            arrays[f"ends of {name}"] = one.ends
        return arrays

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]], ids: NDArray[np.int32]) -> NearSegment:
        """The segment of the tunes with these ids, from arrays as `arrays` gives them.

        ValueError if the arrays do not fit together.
        """
        tunes = len(ids)
        try:
            terms, starts, places = arrays["terms"], arrays["starts"], arrays["tunes"]
            sizes = arrays["sizes"].reshape(tunes, 2)
            melodies = tuple(Melodies(arrays[of], arrays[f"ends of {of}"]) for of in ALIGNED)
            headers = arrays["headers"].reshape(tunes, 2)
        except KeyError as error:
            raise ValueError(f"it has no array {error} of near copies") from None
        # What they hold has a checksum, and to look at all of it would read all of it.
        fits = (
            len(starts) == len(terms) + 1
            and starts[0] == 0
            and starts[-1] == len(places)
            and all(
                len(one.ends) == tunes + 1 and one.ends[-1] == len(one.letters) for one in melodies
            )
        )
        if not fits:
            raise ValueError("its arrays of near copies do not fit together")
        return cls(terms, starts, places, sizes, melodies, headers)


def header_of(tokens: Sequence[str]) -> tuple[int, int]:
    """The meter and the mode that a tune begins in, each as a number; 0 where it states none.

    The numbers are checksums of the tokens: they are only compared.
    """
    first = tokens[:_HEADERS]
    meter, mode = (next((one for one in first if one[0] == field), "") for field in "MK")
    return zlib.crc32(meter.encode()) & _POSITIVE, zlib.crc32(mode.encode()) & _POSITIVE


def _place_type(tunes: int) -> str:
    """The type of the places of this many tunes: most segments need two bytes for each."""
    return "<u2" if tunes <= 1 << 16 else "<u4"


def _grouped(
    terms: NDArray[np.uint32], tunes: NDArray[Any]
) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[Any]]:
    """Terms, each with a tune, as the distinct terms, where the tunes of each begin, and the tunes.

    terms: (n,) ascending.
    """
    is_first = np.ones(len(terms), dtype=bool)
    np.not_equal(terms[1:], terms[:-1], out=is_first[1:])
    firsts = np.flatnonzero(is_first)
    starts = np.append(firsts, len(terms)).astype(np.int32)
    return terms[firsts], starts, tunes
