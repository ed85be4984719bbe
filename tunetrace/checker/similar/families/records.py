"""Families of tunes, as answers: in Python and, field for field, in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.checker.records import TuneName
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class FamilyTune(TuneName):
    """A tune of a family."""

    nearest: int | None
    """The id of the tune of the family that is nearest to it; None if it is in the family only by
    way of tunes of other families."""
    probability: float | None
    """That the two are the same melody, or have a part in common; None without `nearest`."""


@dataclass(frozen=True, slots=True, repr=False)
class Family(Record):
    """Tunes that are settings of one melody, whatever their titles."""

    family: int
    """Its number: the lowest id of its tunes in the index."""
    name: str
    """The commonest title; of several the one that comes first. Empty if no tune has a title."""
    titles: int
    """How many different titles its tunes have."""
    tunes: tuple[FamilyTune, ...]
    """Its tunes, two or more, in the order of the index."""


@dataclass(frozen=True, slots=True, repr=False)
class FamilyReport(Record):
    """The families of an index, or of one of its corpora."""

    path: str
    """The index."""
    corpus: str | None
    """The only corpus whose tunes are counted; None for all."""
    tunes: int
    """How many tunes are counted."""
    compared: int
    """How many tunes were compared with all others now; 0 if the index had the families already."""
    pairs: int
    """How many pairs of all its tunes have a probability of at least 0.05."""
    alone: int
    """How many of the tunes counted are in a family with no other tune that is counted."""
    sizes: dict[int, int]
    """How many families there are of each number of tunes, from two on."""
    families: tuple[Family, ...]
    """The families of two tunes or more, the largest first."""
