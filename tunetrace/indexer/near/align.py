"""How well two melodies fit on one another, and which notes do: alignment of their pitches.

Method: the best local alignment of two sequences (Smith and Waterman 1981), or that of all of them
(Needleman and Wunsch 1970), with affine gaps, by parasail (Daily 2016). Pitches count modulo an
octave, so there are seven letters.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from tunetrace.indexer.near.sequences import LETTERS, STEPS

MATCH: Final = 5
"""What two equal pitches add to a score."""

_MISMATCH: Final = (MATCH, -2, -3, -4)
"""What two pitches add, by their distance in steps around the octave."""

_OPEN, _EXTEND = 8, 4
"""What the first note of a gap costs, and each further one."""

_RAISED: Final = [bytes.maketrans(LETTERS, LETTERS[up:] + LETTERS[:up]) for up in range(STEPS)]
"""For each number of steps, the letter that each letter becomes when it is raised."""


@cache
def _matrix() -> Any:
    import parasail

    matrix = parasail.matrix_create(LETTERS.decode(), MATCH, _MISMATCH[1])
    for left in range(STEPS):
        for right in range(STEPS):
            apart = min((left - right) % STEPS, (right - left) % STEPS)
            matrix[left, right] = _MISMATCH[apart]
    return matrix


class Profile:
    """A sequence of pitches, to be aligned with many others, raised by any number of steps."""

    def __init__(self, letters: bytes) -> None:
        """letters: (n,) the pitches as LETTERS."""
        self._letters = letters or LETTERS[:1]  # parasail takes no empty sequence
        self._profiles: dict[int, Any] = {}

    def score(self, other: bytes, up: int) -> int:
        """The score of the best local alignment with another sequence when this one is raised by
        some steps."""
        import parasail

        profile = self._profiles.get(up)
        if profile is None:
            raised = self._letters.translate(_RAISED[up]).decode()
            profile = self._profiles[up] = parasail.profile_create_sat(raised, _matrix())
        other = other or LETTERS[:1]
        return int(parasail.sw_striped_profile_sat(profile, other, _OPEN, _EXTEND).score)


def pairs(
    own: bytes, other: bytes, up: int, *, whole: bool = False
) -> tuple[int, list[tuple[int, int]]]:
    """The best alignment of two sequences of pitches when the first is raised by some steps.

    own, other: (n,) the pitches as LETTERS, at most 6,500 in own, so that the score fits into 16
    bits. whole: of all pitches; otherwise the best local one. Returns its score, and the pairs of
    places that lie under one another, ascending, whether their pitches are equal or not.
    """
    import parasail

    if not own or not other:
        return 0, []
    raised = own.translate(_RAISED[up % STEPS]).decode()
    trace = parasail.nw_trace_striped_16 if whole else parasail.sw_trace_striped_16
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
