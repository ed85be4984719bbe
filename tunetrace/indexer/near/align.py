"""How well two melodies fit on one another, and which notes do: alignment of their pitches.

Method: the best local alignment of two sequences (Smith and Waterman 1981), or that of all of them
(Needleman and Wunsch 1970), with affine gaps, by parasail (Daily 2016). Pitches count modulo an
octave, so there are seven letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from tunetrace.indexer.near.sequences import LETTERS, OCTAVE

MATCH: Final = 5
"""What two equal pitches add to a score."""

MOST: Final = 6_500
"""The score of sequences of up to this many pitches fits into 16 bits. No real tune has more."""

_MISMATCH: Final = (MATCH, -2, -3, -4)
"""What two pitches add, by their distance in steps around the octave."""

_OPEN, _EXTEND = 8, 4
"""What the first note of a gap costs, and each further one."""

_RAISED: Final = [bytes.maketrans(LETTERS, LETTERS[up:] + LETTERS[:up]) for up in range(OCTAVE)]
"""For each number of steps, the letter that each letter becomes when it is raised."""


@cache
def _matrix() -> Any:
    import parasail

    matrix = parasail.matrix_create(LETTERS.decode(), MATCH, _MISMATCH[1])
    for left in range(OCTAVE):
        for right in range(OCTAVE):
            apart = min((left - right) % OCTAVE, (right - left) % OCTAVE)
            matrix[left, right] = _MISMATCH[apart]
    return matrix


def scores(own: Sequence[bytes], others: Sequence[bytes], ups: Sequence[int]) -> list[int]:
    """The scores of the best local alignments of pairs of sequences of pitches: (pairs,).

    own, others: (pairs,) the pitches as LETTERS, at most MOST each. ups: (pairs,) by how many
    steps the sequence of own is raised. Pairs with the same own and the same steps take less time.
    """
    import parasail

    empty = LETTERS[:1]  # parasail takes no empty sequence
    profiles = {
        (one, up): parasail.profile_create_16(
            (one or empty).translate(_RAISED[up]).decode(), _matrix()
        )
        for one, up in set(zip(own, ups, strict=True))
    }
    align = parasail.sw_striped_profile_16  # their scores fit, by MOST
    return [
        align(profiles[one, up], other or empty, _OPEN, _EXTEND).score
        for one, other, up in zip(own, others, ups, strict=True)
    ]


def pairs(
    own: bytes, other: bytes, up: int, *, whole: bool = False
) -> tuple[int, list[tuple[int, int]]]:
    """The best alignment of two sequences of pitches when the first is raised by some steps.

    own, other: (n,) the pitches as LETTERS; own has at most MOST. whole: of all pitches; otherwise
    the best local one. Returns its score, and the pairs of places that lie under one another,
    ascending, whether their pitches are equal or not.
    """
    import parasail

    if not own or not other:
        return 0, []
    raised = own.translate(_RAISED[up % OCTAVE]).decode()
    # A gap of thousands of notes costs more than 16 bits hold.
    trace = parasail.nw_trace_striped_32 if whole else parasail.sw_trace_striped_16
    result = trace(raised, other.decode(), _OPEN, _EXTEND, _matrix())
    if not whole and result.score <= 0:
        return 0, []  # parasail gives the least number of 16 bits
    cigar = result.cigar
    i, j = int(cigar.beg_query), int(cigar.beg_ref)
    found: list[tuple[int, int]] = []
    for code in cigar.seq.tolist():
        length, kind = code >> 4, _OPERATIONS[code & 15]
        if kind in "=X":
            found += zip(range(i, i + length), range(j, j + length), strict=True)
        i += length * (kind in "=XI")
        j += length * (kind in "=XD")
    return int(result.score), found


_OPERATIONS: Final = "MIDNSHP=XB"
"""What the four lower bits of a number of a CIGAR string mean."""
