"""The forms of the tunes of a segment, by their hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class FoundForms(NamedTuple):
    """Where some forms are found, by form: (n,) each, at most MOST_SAME for each form."""

    forms: NDArray[np.int64]
    """The form, by its place among those asked about, ascending."""
    tunes: NDArray[np.int32]
    """The id of the tune."""
    parts: NDArray[np.int32]
    """Its part; 0 is the whole."""

    @classmethod
    def merged(cls, found: Sequence[FoundForms]) -> FoundForms:
        """What is found in several segments, given in the order of their tunes."""
        none = np.empty(0, np.int32)
        columns = zip((np.empty(0, np.int64), none, none), *found, strict=True)
        return cls(*map(np.concatenate, columns)).first()

    def first(self) -> FoundForms:
        """The first MOST_SAME of each form, in the order of forms."""
        order = self.forms.argsort(kind="stable")
        forms = self.forms[order]
        order = order[np.arange(len(forms)) - forms.searchsorted(forms) < MOST_SAME]
        return FoundForms(self.forms[order], self.tunes[order], self.parts[order])


def find_forms(
    segment: SegmentMusic,
    hashes: NDArray[np.int64],
    admitted: NDArray[np.bool_] | None = None,
) -> FoundForms:
    """The admitted tunes and parts of a segment that have each of some forms.

    hashes: (forms,) those of the forms. admitted: whether each tune counts, by its id; None for
    all.
    """
    first = segment.hashes.searchsorted(hashes)
    count = segment.hashes.searchsorted(hashes, side="right") - first
    if admitted is None:
        count = np.minimum(count, MOST_SAME)  # a form may be that of very many tunes
    of_form = np.repeat(np.arange(len(hashes)), count)
    at = ranges(first, count)
    if admitted is not None:
        is_in = admitted[segment.tunes[at]]
        of_form, at = of_form[is_in], at[is_in]
    found = FoundForms(of_form, segment.tunes[at], segment.parts[at])
    return found if admitted is None else found.first()


def same_music(forms: NDArray[np.int64], found: FoundForms) -> list[SameMusic]:
    """What is the same music as transcriptions, in the order of SameMusic's fields.

    forms: of the transcriptions, as from music_hashes. found: where these are found.
    """
    rows = np.column_stack([forms[found.forms, :2], found.tunes, found.parts])
    return sorted({SameMusic(*pair) for pair in rows.tolist()})


def _in_order(
    ids: NDArray[np.int32],
    hashes: NDArray[np.int64],
    tunes: NDArray[np.int32],
    parts: NDArray[np.int32],
) -> SegmentMusic:
    order = np.lexsort((parts, tunes, hashes))
    return SegmentMusic(ids, hashes[order], tunes[order], parts[order])
