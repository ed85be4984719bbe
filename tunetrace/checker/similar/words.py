"""Tunes that are alike in sentences that a musician understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from tunetrace.checker.similar.alignment.differences import Group
from tunetrace.checker.similar.records import DifferenceKind, SimilarTune
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.indexer.records import Tune
from tunetrace.text import part_in_words, share_below

_INTERVALS: Final = ("", "a second", "a third", "a fourth", "a fifth", "a sixth", "a seventh")
_COUNTS: Final = ("", "an octave", "two octaves", "three octaves")


def naming(tune: SimilarTune) -> str:
    """A near copy in a sentence: `This is The Kesh (oneills:12), first part, a fourth higher.`"""
    change = f", {tune.change}" if tune.change else ""
    if tune.aspect in ("contour", "rhythm"):
        whose = label(tune) if tune.scope == "whole" else f"a passage of {label(tune)}"
        return f"It has the {tune.aspect} of {whose}{change}."
    return f"{_subject(tune)}{_object(tune)}{change}."


def sentence(tunes: Sequence[SimilarTune], threshold: float) -> str:
    """What was found, in one sentence. tunes: those that are alike; if any is named, the first."""
    if not tunes:
        return "No near copy; no tune of the index is like it."
    first = tunes[0]
    if first.probability >= threshold:
        return naming(first)
    return (
        f"No near copy; the most alike is {label(first)}, at "
        f"{share_below(first.probability, threshold)}."
    )


def label(tune: Tune) -> str:
    """A tune in a sentence: `The Kesh (oneills:12)`."""
    return f"{tune.title.removesuffix('.') or '(untitled)'} ({tune.reference})"


def scope_in_words(tune: SimilarTune) -> str:
    """How much two tunes share, and which parts: `whole`, `part 1 = part 2`, `all = some`."""
    if tune.scope != "part":
        return tune.scope
    if tune.own_part is None and tune.part is None:
        return "parts"
    return " = ".join(
        "some" if part is None else f"part {part}" if part else "all"
        for part in (tune.own_part, tune.part)
    )


def _subject(tune: SimilarTune) -> str:
    if tune.scope == "bars":
        return "Some of its bars are in "
    if tune.own_part == 0:
        return "This is " if tune.part is not None else "This is a part of "
    if tune.own_part is None:
        return "A part of it is " if tune.part is not None else "Parts of it are in "
    verb = "is" if tune.part is not None else "is in"
    return f"Its {part_in_words(tune.own_part)} {verb} "


def _object(tune: SimilarTune) -> str:
    if not tune.part:
        return label(tune)
    part = part_in_words(tune.part)
    return f"{label(tune)}, {part}" if tune.own_part == 0 else f"the {part} of {label(tune)}"


def interval_in_words(steps: int, up: str = "{} higher", down: str = "{} lower") -> str:
    """A distance: `a fourth higher` for 3, `an octave and a third lower` for -9; empty for 0.

    up, down: what is said around a distance upwards, and around one downwards.
    """
    octaves, rest = divmod(abs(steps), OCTAVE)
    whole = _COUNTS[octaves] if octaves < len(_COUNTS) else f"{octaves} octaves"
    distance = " and ".join(filter(None, (whole, _INTERVALS[rest])))
    return (up if steps > 0 else down).format(distance) if distance else ""


def lengths_in_words(ratio: Fraction) -> str:
    """Longer or shorter notes: `in doubled lengths` for 2; empty for 1."""
    if ratio == 1:
        return ""
    return {
        Fraction(2): "in doubled lengths",
        Fraction(1, 2): "in halved lengths",
        Fraction(4): "in fourfold lengths",
        Fraction(1, 4): "in quartered lengths",
    }.get(ratio, f"in notes {ratio} times as long")


_DIFFERENCES: Final[dict[DifferenceKind, tuple[str, str]]] = {
    "joined": ("repeated notes joined", "repeated notes joined"),
    "split": ("notes repeated", "notes repeated"),
    "triplet": ("with triplets", "without triplets"),
    "passing": ("with passing notes", "without passing notes"),
    "ornament": ("with ornaments", "without ornaments"),
    "octave": ("some notes in another octave",) * 2,
    "accidental": ("with other accidentals",) * 2,
    "rhythm": ("in another rhythm",) * 2,
    "ending": ("with another ending",) * 2,
    "note": ("with other notes",) * 2,
    "added": ("with notes added",) * 2,
    "left out": ("with notes left out",) * 2,
}
"""What is said of differences: where the asked tune has more notes, and where it has fewer."""

_NAMED: Final = 2
"""Up to this many kinds of differences are named."""

_NEARLY_ALL: Final = 0.8
"""They are named if they are this share of the differences."""


def differences_in_words(groups: Iterable[Group]) -> str:
    """What is changed in the notes of a tune: `repeated notes joined`, `varied`; empty for nothing.

    groups: all notes of the asked tune, as Differences gives them.
    """
    found: dict[DifferenceKind, list[Group]] = {}
    for group in groups:
        if group.kind is not None and group.kind != "absent":
            found.setdefault(group.kind, []).append(group)
    kinds = sorted(found, key=lambda kind: -len(found[kind]))[:_NAMED]
    if sum(len(found[kind]) for kind in kinds) < _NEARLY_ALL * sum(map(len, found.values())):
        return "varied"
    return ", ".join(
        _DIFFERENCES[kind][sum(_more(group) for group in found[kind]) < 0] for kind in kinds
    )


def _more(group: Group) -> int:
    """How many notes more a group has in the asked tune."""
    return len(group.own) - len(group.other)
