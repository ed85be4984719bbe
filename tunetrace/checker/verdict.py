"""The verdict: what a check found, in one sentence that a musician understands.

It says where the same notes stand, and leaves it to the reader who took what from whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.checker.records import CheckedTune, SameTune, TuneName, Verdict
from tunetrace.phrases import counted, listed, share

COPY_SHARE: Final = 0.5
"""Most of a transcription is in a corpus tune that has so many of its notes, unless asked else."""

NEARLY_ALL: Final = 0.9
"""Nearly all of it is in a tune that has so many."""

_USUAL: Final = 0.9
"""A transcription shares no more than real tunes do while at least a tenth of its peers share as
much or more."""

_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")


def verdict_on(tune: CheckedTune, copy_share: float = COPY_SHARE) -> Verdict:
    """The verdict on a checked transcription, in the order of what says most.

    It is a corpus tune as a whole; a whole part is the same; copy_share of its notes or more are in
    one tune; pieces of it are in the corpus, beyond what real tunes share; or nothing is.
    """
    if tune.identical_to:
        return Verdict("whole", _whole(tune.identical_to))
    if tune.same_parts:
        return Verdict("part", _parts(tune.same_parts))
    if tune.most_from is not None and tune.most_share >= copy_share:
        how_much = "Nearly all" if tune.most_share >= NEARLY_ALL else "Most"
        if tune.most_share < COPY_SHARE:
            how_much = "Much"
        return Verdict(
            "most",
            f"{how_much} of it is in {named(tune.most_from)}: {share(tune.most_share)} of its "
            "notes, in runs of 8 or more.",
        )
    if tune.most_from is not None and not _is_usual(tune):
        return Verdict("pieces", _pieces(tune, tune.most_from))
    return Verdict("none", _nothing(tune))


def named(tune: TuneName) -> str:
    """A corpus tune in a sentence: `The Kesh (oneills:12)`."""
    title = tune.title.removesuffix(".") or "(untitled)"
    return f"{title} ({tune.reference})"


def part_in_words(part: int) -> str:
    """A part in a sentence: `first part`, `part 7`."""
    return f"{_ORDINALS[part - 1]} part" if part <= len(_ORDINALS) else f"part {part}"


def _whole(same: Sequence[SameTune]) -> str:
    first, *others = same
    also = f" So are {counted(len(others), 'more tune')} of the corpus." if others else ""
    if len(others) == 1:
        also = f" So is {named(others[0])}."
    return f"This is {named(first)}{_differences(first)}.{also}"


def _parts(same: Sequence[SameTune]) -> str:
    """For each part the tune that has it; of several the one that has most of the parts."""
    if not same[0].own_part:
        return f"This is the {part_in_words(same[0].part)} of {named(same[0])}."
    parts_of: dict[int, set[int]] = {}
    for some in same:
        parts_of.setdefault(some.tune, set()).add(some.own_part)
    best: dict[int, SameTune] = {}
    for some in sorted(same, key=lambda some: (-len(parts_of[some.tune]), some.tune, some.part)):
        best.setdefault(some.own_part, some)
    said = [
        f"its {part_in_words(own)} is "
        + (f"the {part_in_words(some.part)} of " if some.part else "")
        + named(some)
        for own, some in sorted(best.items())
    ]
    text = listed(said)
    return f"{text[0].upper()}{text[1:]}."


def _differences(same: SameTune) -> str:
    """In what other meter or mode a tune stands in the corpus."""
    found = [some for some in (same.meter, same.key) if some is not None]
    return f", there in {' '.join(found)}" if found else ""


def _is_usual(tune: CheckedTune) -> bool:
    """Whether a transcription shares no more than real tunes do, or than chance gives."""
    if not tune.is_beyond_chance:
        return True
    if tune.standing is None:
        return False
    below = tune.standing.below
    return all(below.get(name, 1.0) < _USUAL for name in ("longest_notes", "copied_8"))


def _pieces(tune: CheckedTune, most_from: TuneName) -> str:
    copied = share(tune.copied_share[8])
    if tune.copied_from == 1:
        return (
            f"A piece of it is in the corpus: {copied} of its notes, in runs of 8 or more, all in "
            f"{named(most_from)}."
        )
    return (
        f"Pieces of it are in the corpus: {copied} of its notes, in runs of 8 or more, from "
        f"{tune.copied_from} tunes together; the most in one is {share(tune.most_share)}, in "
        f"{named(most_from)}."
    )


def _nothing(tune: CheckedTune) -> str:
    if not tune.longest_notes:
        return "Not in the corpus: not one of its notes is there."
    if tune.most_from is None:
        text = "Not in the corpus: no run of 8 of its notes is there"
    elif not tune.is_beyond_chance:
        text = "Not in the corpus: it shares no more with it than chance gives"
    else:
        text = "Not in the corpus: it shares no more with it than real tunes do with one another"
    if tune.sources:
        nearest = tune.sources[0]
        notes = counted(nearest.longest_span_notes, "note")
        text += f"; the nearest is {named(nearest)}, with {notes} in a row"
    return f"{text}."
