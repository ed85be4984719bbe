"""The forms of the tunes of a segment, by their hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import ranges
from tunetrace.indexer.music.sameness import MOST_SAME, SameMusic, music_hashes
from tunetrace.tokenizer.layout.bars import Layout


@dataclass(frozen=True, eq=False)
class SegmentMusic:
    """The forms of the tunes of one segment, and of their parts: by hash, tune and part."""

    ids: NDArray[np.int32]
    """(tunes,) the ids of all its tunes, ascending; some have no form."""
    hashes: NDArray[np.int64]
    """(forms,) the hash of each, ascending."""
    tunes: NDArray[np.int32]
    """(forms,) the id of its tune."""
    parts: NDArray[np.int32]
    """(forms,) its part; 0 is the whole tune."""

    @classmethod
    def of(cls, ids: Sequence[int], layouts: Sequence[Layout]) -> SegmentMusic:
        """The forms of some tunes, given by their ids and layouts."""
        places, parts, hashes = music_hashes(layouts).T
        every = np.array(ids, np.int32)
        return _in_order(every, hashes, every[places], parts.astype(np.int32))

    @classmethod
    def join(cls, pieces: Sequence[SegmentMusic]) -> SegmentMusic:
        """The forms of the tunes of several."""
        return _in_order(
            np.concatenate([np.empty(0, np.int32), *(piece.ids for piece in pieces)]),
            np.concatenate([np.empty(0, np.int64), *(piece.hashes for piece in pieces)]),
            np.concatenate([np.empty(0, np.int32), *(piece.tunes for piece in pieces)]),
            np.concatenate([np.empty(0, np.int32), *(piece.parts for piece in pieces)]),
        )

    def select(self, places: Sequence[int]) -> SegmentMusic:
        """The forms of some of its tunes, given by their places in ascending order."""
        ids = self.ids[np.asarray(places, np.int64)]
        chosen = np.isin(self.tunes, ids)
        return SegmentMusic(ids, self.hashes[chosen], self.tunes[chosen], self.parts[chosen])

    def numbered(self, ids: NDArray[np.int32]) -> SegmentMusic:
        """The same tunes by other ids: (tunes,) ascending."""
        return SegmentMusic(ids, self.hashes, ids[self.ids.searchsorted(self.tunes)], self.parts)

    def has_order(self) -> bool:
        """Whether the forms are of its tunes, and in order."""
        in_order = _in_order(self.ids, self.hashes, self.tunes, self.parts)
        mine, own = self.arrays(), in_order.arrays()
        are_same = all(np.array_equal(mine[name], own[name]) for name in own)
        return are_same and bool(np.isin(self.tunes, self.ids).all())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is stored, by name. The ids of all tunes are stored with the segment."""
        return {"hashes": self.hashes, "tunes": self.tunes, "parts": self.parts}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]], ids: NDArray[np.int32]) -> SegmentMusic:
        """The forms of the tunes with these ids, from what is stored.

        ValueError if the arrays do not fit together.
        """
        try:
            read = cls(ids, arrays["hashes"], arrays["tunes"], arrays["parts"])
        except KeyError as error:
            raise ValueError(f"it has no array {error} of music") from None
        if not len(read.hashes) == len(read.tunes) == len(read.parts):
            raise ValueError("its arrays of music do not fit together")
        return read


def same_music(
    segments: Sequence[SegmentMusic],
    forms: NDArray[np.int64],
    admitted: NDArray[np.bool_] | None = None,
) -> list[SameMusic]:
    """Which admitted tunes and parts have one of some forms, in the order of SameMusic's fields.

    forms: of transcriptions, as from music_hashes. admitted: whether each tune counts, by its id;
    None for all. Of a form that many tunes have, the first MOST_SAME are given.
    """
    found = [np.empty((0, 4), dtype=np.int64)]
    left = np.full(len(forms), MOST_SAME)  # how many more each form may have
    for segment in segments:
        first = segment.hashes.searchsorted(forms[:, 2])
        count = segment.hashes.searchsorted(forms[:, 2], side="right") - first
        of_form = np.repeat(np.arange(len(forms)), count)
        at = ranges(first, count)
        if admitted is not None:
            is_in = admitted[segment.tunes[at]]
            of_form, at = of_form[is_in], at[is_in]
        # The place of each among those of its form.
        nth = np.arange(len(of_form)) - of_form.searchsorted(of_form)
        is_named = nth < left[of_form]
        of_form, at = of_form[is_named], at[is_named]
        left -= np.bincount(of_form, minlength=len(forms))
        found.append(np.column_stack([forms[of_form, :2], segment.tunes[at], segment.parts[at]]))
    return sorted({SameMusic(*pair) for pair in np.concatenate(found).tolist()})


def _in_order(
    ids: NDArray[np.int32],
    hashes: NDArray[np.int64],
    tunes: NDArray[np.int32],
    parts: NDArray[np.int32],
) -> SegmentMusic:
    order = np.lexsort((parts, tunes, hashes))
    return SegmentMusic(ids, hashes[order], tunes[order], parts[order])
