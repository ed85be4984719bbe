"""Near copies as records: what each tune has in common with the asked one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from tunetrace.checker.similar.alignment.bars import bar_under_bar
from tunetrace.checker.similar.alignment.differences import Differences, Group
from tunetrace.checker.similar.alignment.in_time import InTime
from tunetrace.checker.similar.alignment.notes import Line, raised
from tunetrace.checker.similar.alignment.stretches import stretches
from tunetrace.checker.similar.keys import key_change, meant_key
from tunetrace.checker.similar.likeness import Likeness, likeness_of
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.checker.similar.words import (
    differences_in_words,
    interval_in_words,
    lengths_in_words,
)
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic, music_hashes
from tunetrace.indexer.near.search import Near
from tunetrace.tokenizer.keys import Key, named_key
from tunetrace.tokenizer.layout.bars import Layout, lay_out


def similar_tunes(
    layout: Layout,
    original_key: str | None,
    found: Sequence[Near],
    index: Index,
    same: Sequence[SameMusic] | None = None,
    *,
    alignment: bool = False,
    layout_of: Callable[[int], Layout] | None = None,
) -> Iterator[SimilarTune]:
    """What each near copy has in common with a tune, in their order.

    layout, original_key: of the asked tune. same: the tunes of the index that are the same music
    as it, as Index.same_music gives them; None to ask for them. alignment: also both tunes bar
    under bar. layout_of: lays out a tune of the index, given by its id; default: the index does.
    """
    if not found:
        return
    layout_of = index.layout if layout_of is None else layout_of
    same = index.same_music([layout]) if same is None else same
    own, own_key = Line(layout), named_key(original_key)
    ids = {near.tune for near in found} | {near.by_way_of for near in found if near.by_way_of}
    records = index.catalogue.tunes(ids)
    for near in found:
        tune, other = records[near.tune], Line(layout_of(near.tune))
        keys = own_key, named_key(tune.original_key)
        pairs = stretches(own, other, near.up)
        same_parts = {(one.own_part, one.part) for one in same if one.tune == near.tune}
        likeness = likeness_of(own, other, pairs, near.up, keys, same_parts)
        if likeness.steps and not likeness.higher:
            # Only their keys are octaves apart on C, as A and G are.
            same_parts = _same_music(own, other, likeness.steps)
            likeness = likeness_of(own, other, pairs, near.up, keys, same_parts)
        steps, ratio = likeness.steps, likeness.length_ratio
        in_time = InTime(own, other, steps, ratio).align(pairs)
        groups = Differences(own, other, steps, ratio).groups(in_time)
        yield SimilarTune(
            **tune.to_dict(),
            probability=near.probability,
            aspect=likeness.aspect,
            scope=likeness.scope,
            own_part=likeness.own_part,
            part=likeness.part,
            steps=likeness.higher,
            length_ratio=likeness.length_ratio,
            change=", ".join(filter(None, _changes(likeness, groups, *keys))),
            alignment=bar_under_bar(own, other, groups, steps) if alignment else None,
            by_way_of=records[near.by_way_of] if near.by_way_of else None,
        )


def same_first(found: Sequence[Near], same: Sequence[SameMusic]) -> list[Near]:
    """Near copies in their order; of equally probable ones, those that are the same music first.

    same: as for similar_tunes. A search reads pitches modulo an octave, and no accidentals.
    """
    wholes = {one.tune for one in same if not one.own_part and not one.part}
    ties = groupby(found, key=lambda near: near.probability)
    return [
        near for _, tied in ties for near in sorted(tied, key=lambda one: one.tune not in wholes)
    ]


def _same_music(own: Line, other: Line, steps: int) -> set[tuple[int, int]]:
    """The parts of two tunes that are the same music, 0 for a whole tune, if the other one is
    raised. steps: by how many steps, in whole octaves.
    """
    tokens = raised(other.layout.tokens, steps, other.key, own.key)
    forms = music_hashes([own.layout, lay_out(tokens)]).tolist()
    mine, theirs = ([row for row in forms if row[0] == tune] for tune in range(2))
    return {(one[1], two[1]) for one in mine for two in theirs if one[2] == two[2]}


def _changes(
    likeness: Likeness, groups: Sequence[Group], own_key: Key | None, key: Key | None
) -> Iterator[str]:
    """What is changed in the asked tune, in words."""
    if likeness.aspect in ("contour", "rhythm"):
        return  # too little is the same
    if likeness.is_reordered:
        yield "its parts in another order"
    meant = meant_key(likeness.steps, own_key, key)
    yield key_change(own_key, key, meant)
    if meant is None:
        yield interval_in_words(likeness.higher)
    yield lengths_in_words(likeness.length_ratio)
    if likeness.aspect != "exact":
        yield differences_in_words(groups)
