"""The verdict: what a check found, in one sentence that a musician understands.

It says where the same notes are found. It does not say who took them from whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.checker.measures import COPIED, LONGEST
from tunetrace.checker.records import (
    CheckedTune,
    LikeTune,
    SameTune,
    TuneName,
    Verdict,
    VerdictKind,
)
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.checker.similar.words import naming
from tunetrace.indexer.music.sameness import MOST_SAME
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.text import ORDINALS, counted, listed, part_in_words, share_in_words
from tunetrace.tokenizer.keys import MODES_IN_WORDS, named_key

COPY_SHARE: Final = 0.5
"""The default: from this share of notes in one corpus tune on, a verdict says most."""

NEARLY_ALL: Final = 0.9
"""From this share of notes in one corpus tune on, a verdict says nearly all."""

_USUAL: Final = 0.9
"""A transcription shares no more than real tunes do if at least a tenth of its peers share as much
or more."""

_PARTS_NAMED: Final = 4
_TUNES_NAMED: Final = 3


def verdict_on(tune: CheckedTune, copy_share: float = COPY_SHARE) -> Verdict:
    """The verdict on a checked transcription: the first of these that is true.

    It is a corpus tune as a whole. It is a part of one. At least copy_share of its notes are in one
    tune. A whole part is the same. It is a near copy. It shares more with the corpus than real
    tunes do. If a near copy has a part of it that no tune named before has, a second sentence names
    it.
    """
    kind, text = _found(tune, copy_share)
    if tune.view != TOKENS.name and kind in ("most", "pieces", "none"):
        # A whole and a part are the same music in every view.
        text = f"{text.removesuffix('.')}, in the view {tune.view}."
    return Verdict(kind, text)


def _found(tune: CheckedTune, copy_share: float) -> tuple[VerdictKind, str]:
    """The kind of a verdict, and its sentence as it is for tokens."""
    if tune.identical_to:
        return "whole", _whole(tune.identical_to, tune.near_copies or ())
    is_part = any(not same.own_part for same in tune.same_parts)
    is_most = tune.most_from is not None and tune.most_share >= copy_share
    if tune.same_parts and (is_part or not is_most):
        text = _parts(tune.same_parts)
        named = {some.tune for some in tune.same_parts}
        return "part", f"{text[0].upper()}{text[1:]}.{_also_near(tune, named)}"
    if tune.most_from is not None and is_most:
        also = _also_near(tune, {tune.most_from.tune, *(some.tune for some in tune.same_parts)})
        return "most", f"{_most(tune, tune.most_from)}{also}"
    if tune.near_copies:
        return "near", naming(tune.near_copies[0])
    if tune.most_from is not None and not _is_usual(tune):
        return "pieces", _pieces(tune, tune.most_from)
    return "none", _nothing(tune)


def differences(tune: LikeTune) -> str:
    """The other meter or mode of a corpus tune: `, which is in 6/8 and dorian`, or nothing.

    Its tonic is not named: on C it is not that of its source.
    """
    found = [f"in {tune.meter}"] if tune.meter is not None else []
    key = named_key(tune.key)
    if key is not None:
        found.append(MODES_IN_WORDS[key.mode])
    return f", which is {' and '.join(found)}" if found else ""


def _also_near(tune: CheckedTune, named: set[int]) -> str:
    """A sentence on the first near copy that has a part which no named tune has, if any."""
    near_copies = tune.near_copies or ()
    known = {near.own_part for near in near_copies if near.tune in named}
    if not known.isdisjoint((0, None)):
        return ""  # the whole tune, or several of its parts
    for near in near_copies:
        if near.tune not in named and (not known or near.own_part not in (0, None, *known)):
            return f" {naming(near)}"
    return ""


def _run(tune: CheckedTune) -> int:
    """From this many notes on a run counts as shared, in the view that was compared."""
    return VIEWS[tune.view].shared_notes


def _runs(tune: CheckedTune) -> str:
    return f"in runs of {_run(tune)} or more"


def _whole(same: Sequence[SameTune], near_copies: Sequence[SimilarTune]) -> str:
    """The first of some corpus tunes that are the same, and how the transcription differs."""
    first, *others = same
    changes = (near.change for near in near_copies if near.tune == first.tune and near.change)
    differs = next((f", {change}" for change in changes), differences(first))
    also = ""
    if len(others) == 1:
        also = f" It is also {others[0].label}."
    elif others:
        least = "At least " if len(same) >= MOST_SAME else ""
        also = f" {least}{len(others):,} more corpus tunes are the same."
    return f"This is {first.label}{differs}.{also}"


def _most(tune: CheckedTune, most_from: LikeTune) -> str:
    where = f"in {most_from.label}{differences(most_from)}"
    bounds = {"All": 1.0, "Nearly all": NEARLY_ALL, "Most": COPY_SHARE, "Much": 0.0}
    how_much = next(word for word, least in bounds.items() if tune.most_share >= least)
    notes = f"{share_in_words(tune.most_share)} of its notes are found there {_runs(tune)}"
    parts = f"; {_parts(tune.same_parts)}" if tune.same_parts else ""
    return f"{how_much} of it is {where}: {notes}{parts}."


def _parts(same: Sequence[SameTune]) -> str:
    """The tunes of the same parts: for each part, the tune that has most of the parts."""
    whole = [some for some in same if not some.own_part]
    if whole:
        return f"this is the {part_in_words(whole[0].part)} of {whole[0].label}"
    parts_of: dict[int, set[int]] = {}
    for some in same:
        parts_of.setdefault(some.tune, set()).add(some.own_part)
    best: dict[int, SameTune] = {}
    for some in sorted(same, key=lambda some: (-len(parts_of[some.tune]), some.tune, some.part)):
        best.setdefault(some.own_part, some)
    of_tune: dict[int, list[SameTune]] = {}
    for _, some in sorted(best.items()):
        of_tune.setdefault(some.tune, []).append(some)
    shown = [_parts_of_one(some) for some in list(of_tune.values())[:_TUNES_NAMED]]
    more = sum(map(len, list(of_tune.values())[_TUNES_NAMED:]))
    verb = "is" if more == 1 else "are"
    others = f"; {counted(more, 'more part')} {verb} in other tunes" if more else ""
    return listed(shown) + others


def _parts_of_one(same: Sequence[SameTune]) -> str:
    """The same parts of one corpus tune."""
    name = f"{same[0].label}{differences(same[0])}"
    if len(same) == 1:
        theirs = f"the {part_in_words(same[0].part)} of {name}" if same[0].part else name
        return f"its {part_in_words(same[0].own_part)} is {theirs}"
    if len(same) > _PARTS_NAMED or any(
        max(some.part, some.own_part) > len(ORDINALS) for some in same
    ):
        return f"{len(same):,} of its parts are parts of {name}"
    own = listed([ORDINALS[some.own_part - 1] for some in same])
    if not all(some.part for some in same):
        return f"its {own} parts are each {name}"
    theirs = listed([ORDINALS[some.part - 1] for some in same])
    return f"its {own} parts are the {theirs} of {name}"


def _is_usual(tune: CheckedTune) -> bool:
    """Whether a transcription shares no more than real tunes do, or than chance explains."""
    if not tune.is_beyond_chance:
        return True
    if tune.standing is None:
        return False
    below = tune.standing.below
    measures = LONGEST, COPIED[_run(tune)]
    return all(below.get(measure.name, 1.0) < _USUAL for measure in measures)


def _pieces(tune: CheckedTune, most_from: TuneName) -> str:
    copied = share_in_words(tune.copied_share[_run(tune)])
    text = f"Some of it is in the corpus: {copied} of its notes are found there {_runs(tune)}"
    if tune.copied_from == 1:
        return f"{text}, all in {most_from.label}."
    return (
        f"{text}, in {tune.copied_from} tunes together; {most_from.label} alone has "
        f"{share_in_words(tune.most_share)}."
    )


def _nothing(tune: CheckedTune) -> str:
    if not tune.longest_notes:
        return "Not in the corpus: none of its notes is found there."
    if tune.most_from is None:
        text = f"Not in the corpus: no run of {_run(tune)} of its notes is found there"
    elif not tune.is_beyond_chance:
        text = "Not in the corpus: it shares no more with corpus tunes than chance explains"
    else:
        text = "Not in the corpus: it shares no more with corpus tunes than real tunes do"
    if tune.sources:
        nearest = tune.sources[0]
        notes = counted(nearest.longest_span_notes, "note")
        text += f"; the nearest tune is {nearest.label}, with {notes} in a row"
    return f"{text}."
