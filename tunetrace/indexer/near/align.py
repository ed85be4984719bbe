"""How well two melodies fit on one another, and which notes do: alignment of their pitches.

Method: the best local alignment of two sequences (Smith and Waterman 1981), or that of all of them
(Needleman and Wunsch 1970), with affine gaps, by parasail (Daily 2016). Pitches count modulo an
octave, so there are seven letters.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tunetrace.indexer.near.segment import MIDDLE

if TYPE_CHECKING:
    pass

STEPS: Final = 7
"""The steps of an octave."""

MATCH: Final = 5
"""What two equal pitches add to a score."""

_MISMATCH: Final = (MATCH, -2, -3, -4)
"""What two pitches add, by their distance in steps around the octave."""

_OPEN, _EXTEND = 8, 4
"""What the first note of a gap costs, and each further one."""

_LETTERS: Final = "ABCDEFG"
_ALPHABET: Final = bytes(ord(_LETTERS[(step - MIDDLE) % STEPS]) for step in range(256))
"""The letter of each pitch, as bytes.translate takes it."""

_RAISED: Final = [
    bytes.maketrans(_LETTERS.encode(), (_LETTERS[up:] + _LETTERS[:up]).encode())
    for up in range(STEPS)
]
"""For each number of steps, the letter that each letter becomes when it is raised."""


def letters(steps: bytes) -> str:
    """A sequence of pitches, (n,) bytes, as letters for parasail. An empty one is one letter, which
    parasail asks for."""
    return (steps.translate(_ALPHABET) or b"A").decode()


@cache
def _matrix() -> Any:
    import parasail

    matrix = parasail.matrix_create(_LETTERS, MATCH, _MISMATCH[1])
    for left in range(STEPS):
        for right in range(STEPS):
            apart = min((left - right) % STEPS, (right - left) % STEPS)
            matrix[left, right] = _MISMATCH[apart]
    return matrix


class Profile:
    """A sequence of pitches, to be aligned with many others, raised by any number of steps."""

    def __init__(self, steps: bytes) -> None:
        self._letters = letters(steps).encode()
        self._profiles: dict[int, Any] = {}

    def score(self, other: str, up: int) -> int:
        """The score of the best local alignment with another sequence, as letters, when this one is
        raised by some steps."""
        import parasail

        profile = self._profiles.get(up)
        if profile is None:
            raised = self._letters.translate(_RAISED[up]).decode()
            profile = self._profiles[up] = parasail.profile_create_sat(raised, _matrix())
        return int(parasail.sw_striped_profile_sat(profile, other, _OPEN, _EXTEND).score)


def pairs(
    own: bytes, other: bytes, up: int, *, whole: bool = False
) -> tuple[int, list[tuple[int, int]]]:
    """The best alignment of two sequences of pitches when the first is raised by some steps.

    whole: of all pitches; otherwise the best local one. The first has at most 6,500 pitches, whose
    score fits into 16 bits. Returns the score, and the pairs of places that lie under one another,
    ascending, whether their pitches are equal or not.
    """
    import parasail

    if not own or not other:
        return 0, []
    raised = letters(own).encode().translate(_RAISED[up % STEPS]).decode()
    trace = parasail.nw_trace_striped_16 if whole else parasail.sw_trace_striped_16
    result = trace(raised, letters(other), _OPEN, _EXTEND, _matrix())
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
