"""What a segment keeps for near copies: which tunes have each term, and the pitches to align."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
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

_TOGETHER: Final = 1 << 22
"""About this many tunes of terms are sorted together when segments are joined: 32 MB."""

_STEP: Final = 1 << 16
"""The terms that may be cut between are this many tunes of terms apart in each segment."""


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

    @cached_property
    def roots(self) -> NDArray[np.float32]:
        """The square roots of the sizes, each raised by 1: (2, tunes)."""
        roots: NDArray[np.float32] = np.sqrt(self.sizes.T + 1, order="C")
        return roots

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
        """One segment of the tunes of several, in their order.

        It takes little more memory than the pieces and what is made of them.
        """
        firsts = np.cumsum([0, *map(len, pieces)])
        places = [
            np.arange(first, stop, dtype=np.int64) for first, stop in pairwise(firsts.tolist())
        ]
        return cls(
            *_merged(pieces, places, int(firsts[-1])),
            np.concatenate([np.empty((0, 2), np.float32), *(piece.sizes for piece in pieces)]),
            tuple(
                Melodies.join([piece.melodies[k] for piece in pieces]) for k in range(len(ALIGNED))
            ),
            np.concatenate([np.empty((0, 2), np.int32), *(piece.headers for piece in pieces)]),
        )

    def select(self, chosen: Sequence[int]) -> NearSegment:
        """A segment of some of its tunes, given in ascending order."""
        places = np.full(len(self), -1, dtype=np.int64)
        places[list(chosen)] = np.arange(len(chosen))
        return NearSegment(
            *_merged([self], [places], len(chosen)),
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


def _merged(
    pieces: Sequence[NearSegment], places: Sequence[NDArray[np.int64]], tunes: int
) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[Any]]:
    """The tunes that each term has in several segments: the terms, where the tunes of each begin,
    and the tunes.

    places: for each piece, the place of each of its tunes in what is made; -1 for a tune that is
    left out. tunes: how many tunes are made. Range after range of terms is sorted, so that no array
    of eight bytes for each tune of each term is needed.
    """
    merged = np.empty(sum(len(piece.tunes) for piece in pieces), _place_type(tunes))
    of_ranges = [(np.empty(0, np.uint32), np.empty(0, np.int64))]
    at = 0
    for low, high in pairwise(_cuts(pieces)):
        packed = np.concatenate(
            [_packed(piece, own, low, high) for piece, own in zip(pieces, places, strict=True)]
        )
        packed.sort()
        terms, starts, _ = _grouped((packed >> 32).astype(np.uint32), packed)
        of_ranges.append((terms, starts[:-1].astype(np.int64) + at))
        merged[at : at + len(packed)] = packed & 0xFFFFFFFF
        at += len(packed)
    terms = np.concatenate([terms for terms, _ in of_ranges])
    starts = np.empty(len(terms) + 1, np.int32)
    np.concatenate([starts for _, starts in of_ranges], out=starts[:-1], casting="unsafe")
    starts[-1] = at
    return terms, starts, merged if at == len(merged) else merged[:at].copy()


def _packed(
    piece: NearSegment, places: NDArray[np.int64], low: int, high: int
) -> NDArray[np.int64]:
    """The terms of a segment from low to below high, each above the place of a tune, as one number.

    places: (tunes,) of its tunes; -1 for one that is left out.
    """
    first, stop = np.searchsorted(piece.terms, np.array([low, high], np.int64)).tolist()
    starts = piece.starts[first : stop + 1]
    own = places[piece.tunes[starts[0] : starts[-1]]]
    packed = np.repeat(piece.terms[first:stop].astype(np.int64) << 32, np.diff(starts))
    packed |= own
    is_kept = own >= 0
    return packed if is_kept.all() else packed[is_kept]


def _cuts(pieces: Sequence[NearSegment]) -> list[int]:
    """Terms between which segments have about _TOGETHER tunes of terms, and a term above all."""
    some = [
        piece.terms[np.searchsorted(piece.starts, range(0, len(piece.tunes), _STEP), "right") - 1]
        for piece in pieces
    ]
    cuts = np.unique(np.concatenate([np.zeros(1, np.uint32), *some]))
    before = np.zeros(len(cuts), np.int64)
    for piece in pieces:
        before += piece.starts[np.searchsorted(piece.terms, cuts)]
    is_cut = np.diff(before // _TOGETHER, prepend=-1) > 0
    return [*cuts[is_cut].tolist(), 1 << 32]
