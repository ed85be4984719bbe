"""The bars of the tunes of a segment: which bars there are, and where each of them is found."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

Numbers = NDArray[np.int32]

STORED: Final = (
    "symbols", "starts", "hashes", "firsts", "hits", "of", "tokens", "parts", "numbers", "tunes",
)  # fmt: skip
"""The arrays that are stored, in their order."""

_END: Final = bytes([SEPARATOR])


def bytes_hash(content: bytes) -> int:
    """The first 64 bits of the BLAKE2b of bytes, as a signed integer."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


def ranges(firsts: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """The numbers of half-open ranges, one range after another: of each its first and its size."""
    ends = np.cumsum(counts, dtype=np.int64)
    size = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(size) + np.repeat(firsts - ends + counts, counts)
    return found


@dataclass(frozen=True, eq=False)
class SegmentBars:
    """The bars of the tunes of one segment.

    A tune is its place in the segment, a bar its place among all bars in the order of tunes. Bars
    of the same text are one distinct bar.
    """

    ids: Numbers
    """(tunes,) the ids of the tunes, ascending."""
    symbols: NDArray[np.uint8]
    """The distinct bars as symbols of tokens, without headers, each followed by a SEPARATOR."""
    starts: Numbers
    """(distinct + 1,) where each begins in `symbols`, and the end."""
    hashes: NDArray[np.int64]
    """(distinct,) the bytes_hash of its text, ascending."""
    firsts: Numbers
    """(distinct + 1,) where the hits of each begin in `hits`, and the end."""
    hits: Numbers
    """(bars,) the bars, by distinct bar, ascending within each."""
    of: Numbers
    """(bars,) the distinct bar of each bar."""
    tokens: Numbers
    """(bars,) the first token of each bar, counted in its tune."""
    parts: Numbers
    """(bars,) the part of each bar."""
    numbers: Numbers
    """(bars,) the number of each bar in its part."""
    tunes: Numbers
    """(tunes + 1,) where the bars of each tune begin, and the end."""

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, tune: int) -> bool:
        at = self.ids.searchsorted(tune)
        return bool(at < len(self.ids) and self.ids[at] == tune)

    @classmethod
    def of_layouts(
        cls, ids: Sequence[int], layouts: Iterable[Layout], vocabulary: Vocabulary
    ) -> SegmentBars:
        """The bars of some tunes, whose tokens the vocabulary has."""
        taken = OpenBars()
        for layout in layouts:
            taken.add(layout)
        return taken.close(ids, vocabulary)

    @classmethod
    def of_keys(
        cls, tunes: SegmentBars, bars: NDArray[np.integer], keys: Sequence[bytes]
    ) -> SegmentBars:
        """Some of the bars of tunes, each distinct by another key than its text.

        bars: (m,) which, ascending. keys: (m,) symbols without SEPARATOR, as asked_keys takes them.
        """
        known: dict[bytes, int] = {}
        of = np.array([known.setdefault(key, len(known)) for key in keys], np.int32)
        counts = np.diff(np.searchsorted(bars, tunes.tunes))
        return _arranged(
            tunes.ids,
            list(known),
            [bytes_hash(key) for key in known],
            of,
            [tunes.tokens[bars], tunes.parts[bars], tunes.numbers[bars]],
            _ends(counts),
        )

    @classmethod
    def join(cls, pieces: Sequence[SegmentBars]) -> SegmentBars:
        """The bars of the tunes of several, in their order."""
        known: dict[bytes, int] = {}
        hashes: list[int] = []
        of = [np.empty(0, np.int32)]
        for piece in pieces:
            own = []
            for symbols, hashed in zip(piece.distinct(), piece.hashes.tolist(), strict=True):
                number = known.setdefault(symbols, len(known))
                if number == len(hashes):
                    hashes.append(hashed)
                own.append(number)
            of.append(np.array(own, np.int32)[piece.of])
        counts = [np.diff(piece.tunes) for piece in pieces]
        return _arranged(
            _together([piece.ids for piece in pieces]),
            list(known),
            hashes,
            np.concatenate(of),
            [_together([getattr(piece, name) for piece in pieces])
             for name in ("tokens", "parts", "numbers")],
            _ends(_together(counts)),
        )  # fmt: skip

    def select(self, places: Sequence[int] | NDArray[np.integer]) -> SegmentBars:
        """The bars of some of its tunes, given in ascending order."""
        chosen = np.asarray(places, dtype=np.int64)
        counts = np.diff(self.tunes)[chosen]
        bars = ranges(self.tunes[:-1][chosen], counts)
        of = self.of[bars]
        is_used = np.zeros(len(self.hashes), dtype=bool)
        is_used[of] = True
        used = np.flatnonzero(is_used)
        sizes = np.diff(self.starts)[used]
        of = (np.cumsum(is_used, dtype=np.int32) - 1)[of]
        return SegmentBars(
            self.ids[chosen],
            self.symbols[ranges(self.starts[:-1][used], sizes)],
            _ends(sizes),
            self.hashes[used],
            *_by_distinct(of, len(used)),
            of,
            self.tokens[bars],
            self.parts[bars],
            self.numbers[bars],
            _ends(counts),
        )

    def recoded(self, table: bytes) -> SegmentBars:
        """The same bars in other symbols. table: 256 bytes, what becomes of each symbol."""
        symbols = np.frombuffer(table, np.uint8)[self.symbols]
        others = {name: getattr(self, name) for name in STORED if name != "symbols"}
        return SegmentBars(ids=self.ids, symbols=symbols, **others)

    def has_order(self) -> bool:
        """Whether the arrays fit together: each says what follows from the others."""
        ends = self.starts[1:] - 1
        is_in_range = len(self.of) == 0 or (self.of.min() >= 0 and self.of.max() < len(self.hashes))
        if not is_in_range or len(self.symbols) != self.starts[-1]:
            return False
        firsts, hits = _by_distinct(self.of, len(self.hashes))
        return bool(
            np.array_equal(np.flatnonzero(self.symbols == SEPARATOR), ends)
            and np.array_equal(firsts, self.firsts)
            and np.array_equal(hits, self.hits)
            and (np.diff(firsts) > 0).all()
            and (self.hashes[1:] >= self.hashes[:-1]).all()
            and (np.diff(self.tunes) >= 0).all()
        )

    # What is asked of it

    @cached_property
    def tune_of_bars(self) -> Numbers:
        """(bars,) the id of the tune of each bar."""
        return np.repeat(self.ids, np.diff(self.tunes))

    @cached_property
    def _placed(self) -> NDArray[np.int64]:
        """Every bar as one number made of its distinct bar, its part and its number, ascending."""
        placed = packed_places(self.of, self.parts, self.numbers)
        placed.sort()
        return placed

    def find(self, asked: AskedBars) -> NDArray[np.int64]:
        """The distinct bar that each asked bar is; -1 if it is not there: (distinct asked,)."""
        found = np.full(len(asked.hashes), -1, dtype=np.int64)
        at = self.hashes.searchsorted(asked.hashes)
        which = np.flatnonzero(at < len(self.hashes))
        which = which[self.hashes[at[which]] == asked.hashes[which]]
        is_same = self._are_equal(at[which], asked, which)
        found[which[is_same]] = at[which[is_same]]
        for k in which[~is_same].tolist():  # as good as never: another text has the same hash
            own = at[k] + 1
            while own < len(self.hashes) and self.hashes[own] == asked.hashes[k]:
                if self._are_equal(np.array([own]), asked, np.array([k]))[0]:
                    found[k] = own
                own += 1
        return found

    def _are_equal(
        self, own: NDArray[np.integer], asked: AskedBars, which: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Whether distinct bars have the symbols of asked ones: (m,), of (m,) and (m,)."""
        firsts, sizes = self.starts[own], self.starts[own + 1] - self.starts[own]
        asked_firsts = asked.starts[which]
        is_same: NDArray[np.bool_] = sizes == asked.starts[which + 1] - asked_firsts
        if is_same.any():
            sizes = sizes[is_same]
            mine = self.symbols[ranges(firsts[is_same], sizes)]
            theirs = asked.symbols[ranges(asked_firsts[is_same], sizes)]
            # No bar is empty: each ends with a SEPARATOR.
            is_same[is_same] = np.logical_and.reduceat(mine == theirs, np.cumsum(sizes) - sizes)
        return is_same

    def matching(self, pattern: re.Pattern[bytes]) -> NDArray[np.int64]:
        """The distinct bars that a pattern finds in `symbols`, ascending: it matches whole bars."""
        firsts = np.array(
            [match.start() for match in pattern.finditer(self.symbols.data)], np.int64
        )
        return self.starts.searchsorted(firsts)

    def hits_of(self, distinct: NDArray[np.integer]) -> tuple[NDArray[np.int64], Numbers]:
        """How many hits distinct bars have, (m,), and the bars that are their hits, (hits,)."""
        firsts = self.firsts[distinct]
        counts = self.firsts[distinct + 1] - firsts
        return counts, self.hits[ranges(firsts, counts)]

    def are_placed(
        self,
        distinct: NDArray[np.integer],
        parts: NDArray[np.integer],
        numbers: NDArray[np.integer],
    ) -> NDArray[np.bool_]:
        """Whether distinct bars are somewhere at these parts and numbers: (m,), each of (m,).

        A distinct bar that is -1 is nowhere.
        """
        return are_in(packed_places(distinct, parts, numbers), self._placed)

    def are_in_tunes(
        self, distinct: NDArray[np.integer], ids: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Whether distinct bars are in tunes, given by their ids: (m,), of (m,) and (m,).

        A distinct bar that is -1 is nowhere, and a tune of another segment has none.
        """
        place = self.ids.searchsorted(ids)
        is_own: NDArray[np.bool_] = np.append(self.ids, -1)[place] == ids
        is_own &= distinct >= 0
        # The hits of a distinct bar ascend: is there one from the tune's first bar to its last?
        known = np.repeat(np.arange(len(self.hashes)), np.diff(self.firsts)) << 32 | self.hits
        wanted, place = distinct[is_own].astype(np.int64) << 32, place[is_own]
        at = known.searchsorted(wanted | self.tunes[place])
        known = np.append(known, np.iinfo(np.int64).max)
        is_own[is_own] = known[at] < wanted | self.tunes[place + 1]
        return is_own

    def bars_at(self, ids: NDArray[np.integer], tokens: NDArray[np.integer]) -> NDArray[np.int64]:
        """The last bar that begins at or before a token of a tune: (m,), of (m,) and (m,).

        ids: of tunes of this segment. Before the first bar of a tune, that of another tune or -1.
        """
        place = self.ids.searchsorted(ids)
        low, high = self.tunes[place].astype(np.int64), self.tunes[place + 1].astype(np.int64)
        while (is_open := low < high).any():
            middle = (low + high) >> 1
            is_before = is_open & (self.tokens[np.minimum(middle, len(self.tokens) - 1)] <= tokens)
            low = np.where(is_before, middle + 1, low)
            high = np.where(is_open & ~is_before, middle, high)
        return low - 1

    def distinct(self) -> list[bytes]:
        """The symbols of each distinct bar."""
        return self.symbols.tobytes().split(_END)[:-1]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is stored, by name. The ids of the tunes are stored with the segment."""
        return {name: getattr(self, name) for name in STORED}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]], ids: Numbers) -> SegmentBars:
        """The bars of the tunes with these ids, from what is stored.

        ValueError if the arrays do not fit together.
        """
        try:
            read = cls(ids, *(arrays[name] for name in STORED))
        except KeyError as error:
            raise ValueError(f"it has no array {error} of bars") from None
        # What they hold has a checksum, and to look at all of it would read all of it.
        bars, distinct = len(read.of), len(read.hashes)
        fits = (
            {len(read.hits), len(read.tokens), len(read.parts), len(read.numbers)} == {bars}
            and len(read.starts) == len(read.firsts) == distinct + 1
            and len(read.tunes) == len(ids) + 1
            and (read.starts[0], read.starts[-1]) == (0, len(read.symbols))
            and (read.firsts[0], read.firsts[-1]) == (0, bars)
            and (read.tunes[0], read.tunes[-1]) == (0, bars)
        )
        if not fits:
            raise ValueError("its arrays of bars do not fit together")
        return read


@dataclass(frozen=True, eq=False)
class AskedBars:
    """Bars that segments are asked for. Bars that are equal are one distinct bar."""

    of: Numbers
    """(bars,) the distinct bar of each bar."""
    symbols: NDArray[np.uint8]
    """The distinct bars, each followed by a SEPARATOR."""
    starts: Numbers
    """(distinct + 1,) where each begins in `symbols`, and the end."""
    hashes: NDArray[np.int64]
    """(distinct,) the hash of each, by which segments have them in order."""

    @property
    def distinct(self) -> int:
        return len(self.hashes)


def asked_texts(texts: Iterable[str], vocabulary: Vocabulary) -> AskedBars:
    """Bars by their texts. vocabulary: that of the index, which has no bar with another token."""
    known: dict[str, int] = {}
    of = [known.setdefault(text, len(known)) for text in texts]
    symbols = [vocabulary.encode_known(text.split()) for text in known]
    return _asked(of, symbols, [bytes_hash(text.encode()) for text in known])


def asked_keys(keys: Iterable[bytes]) -> AskedBars:
    """Bars by other keys than their texts, as SegmentBars.of_keys has them."""
    known: dict[bytes, int] = {}
    of = [known.setdefault(key, len(known)) for key in keys]
    return _asked(of, list(known), [bytes_hash(key) for key in known])


def _asked(of: Sequence[int], symbols: Sequence[bytes], hashes: Sequence[int]) -> AskedBars:
    return AskedBars(
        np.array(of, np.int32),
        np.frombuffer(b"".join(one + _END for one in symbols), np.uint8),
        _ends([len(one) + 1 for one in symbols]),
        np.array(hashes, np.int64),
    )


def packed_places(
    bars: NDArray[np.integer], parts: NDArray[np.integer], numbers: NDArray[np.integer]
) -> NDArray[np.int64]:
    """A bar, a part and a number in the part as one number each.

    It is unique up to 65,536 parts of 65,536 bars, which no music has.
    """
    return (bars.astype(np.int64) << 32) | (parts.astype(np.int64) << 16) | numbers


def are_in(wanted: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether numbers are among known ones: (m,). known: ascending."""
    if not len(known):
        return np.zeros(len(wanted), dtype=bool)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[at] == wanted)


class OpenBars:
    """Takes the bars of tunes, one by one or many at once, in their order."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._hashes = array("q")
        self._of, self._tokens, self._parts, self._numbers, self._tunes = (
            array("i") for _ in range(5)
        )
        self._tunes.append(0)

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self._of)

    def add(self, layout: Layout) -> None:
        """Take the bars of the next tune."""
        known, hashes = self._known, self._hashes
        for bar in layout.bars:
            number = known.setdefault(bar.text, len(hashes))
            if number == len(hashes):
                hashes.append(bytes_hash(bar.text.encode()))
            self._of.append(number)
            self._tokens.append(bar.start)
            self._parts.append(bar.part)
            self._numbers.append(bar.number)
        self._tunes.append(len(self._of))

    def take(self, other: OpenBars, tunes: Sequence[int]) -> None:
        """Take the bars of some tunes from another one. tunes: their places there, ascending."""
        ends = np.array(other._tunes, np.int64)
        places = np.array(tunes, np.int64)
        counts = np.diff(ends)[places]
        bars = ranges(ends[places], counts)
        of = np.array(other._of, np.int32)[bars]
        is_used = np.zeros(len(other._known), dtype=bool)
        is_used[of] = True
        numbers = []
        known, hashes = self._known, self._hashes
        for text, hashed in compress(zip(other._known, other._hashes, strict=True), is_used):
            number = known.setdefault(text, len(hashes))
            if number == len(hashes):
                hashes.append(hashed)
            numbers.append(number)
        own = np.full(len(is_used), -1, np.int32)
        own[is_used] = numbers
        _extend(self._of, own[of])
        for mine, theirs in zip(self._places, other._places, strict=True):
            _extend(mine, np.array(theirs, np.int32)[bars])
        _extend(self._tunes, self._tunes[-1] + np.cumsum(counts))

    def close(self, ids: Sequence[int], vocabulary: Vocabulary) -> SegmentBars:
        """All that was taken. ids: of the tunes. vocabulary: has all their tokens."""
        return _arranged(
            np.array(ids, np.int32),
            vocabulary.encode_texts(list(self._known)).split(_END)[:-1],
            self._hashes,
            np.array(self._of, np.int32),
            [np.array(some, np.int32) for some in self._places],
            np.array(self._tunes, np.int32),
        )

    @property
    def _places(self) -> tuple[array[int], array[int], array[int]]:
        return self._tokens, self._parts, self._numbers


def _extend(to: array[int], by: NDArray[np.integer]) -> None:
    to.frombytes(by.astype(np.int32).tobytes())


def _arranged(
    ids: Numbers,
    distinct: Sequence[bytes],
    hashes: Sequence[int],
    of: Numbers,
    places: Sequence[Numbers],
    tunes: Numbers,
) -> SegmentBars:
    """The arrays of distinct bars in any order. places: tokens, parts and numbers of the bars."""
    hashed = np.array(hashes, np.int64)
    tokens, parts, numbers = places
    order = np.argsort(hashed, kind="stable")
    if (np.diff(hashed[order]) == 0).any():  # as good as never, but the order is always the same
        order = np.array(sorted(order.tolist(), key=lambda k: (hashes[k], distinct[k])))
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    in_order = [distinct[k] for k in order.tolist()]
    of = rank[of]
    return SegmentBars(
        ids,
        np.frombuffer(b"".join(symbols + _END for symbols in in_order), np.uint8),
        _ends([len(symbols) + 1 for symbols in in_order]),
        hashed[order],
        *_by_distinct(of, len(order)),
        of,
        tokens,
        parts,
        numbers,
        tunes,
    )


def _by_distinct(of: Numbers, distinct: int) -> tuple[Numbers, Numbers]:
    """Where the hits of each distinct bar begin, and the end; and the bars in their order."""
    counts = np.bincount(of, minlength=distinct)
    return _ends(counts), np.argsort(of, kind="stable").astype(np.int32)


def _ends(counts: Sequence[int] | NDArray[np.integer]) -> Numbers:
    """Where each of some runs of these sizes begins, and the end of the last."""
    ends = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=ends[1:])
    return ends


def _together(arrays: Sequence[Numbers]) -> Numbers:
    return np.concatenate([np.empty(0, np.int32), *arrays])
