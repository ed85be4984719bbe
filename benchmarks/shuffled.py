"""Hosts: tunes whose music is nobody's and yet goes as tunes go.

A tune keeps its rhythm, rests and bar lines, and its pitches change places so that each goes on to
the next as often as before. Such a host has a tune's steps and leaps, and what it shares with a
corpus it shares by chance: drawing the pitches in any order makes it too easy, since hardly six
notes then stand anywhere, and shuffling notes with their lengths leaves some phrases as they were.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tests.brute import notes

Pitch = tuple[str, ...]
"""A note's token, or a chord's from bracket to bracket."""


def shuffled(tokens: Sequence[str], chance: random.Random) -> tuple[str, ...]:
    """A well-formed tune with its pitches in another order, all else in its place."""
    places = []
    for start, stop in notes(tokens):
        is_chord = tokens[start] == "["
        places.append((start, tokens.index("]", start, stop) + 1 if is_chord else start + 1))
    pitches = random_walk([tuple(tokens[start:stop]) for start, stop in places], chance)
    result: list[str] = []
    at = 0
    for (start, stop), pitch in zip(places, pitches, strict=True):
        result += [*tokens[at:start], *pitch]
        at = stop
    return (*result, *tokens[at:])


def random_walk(pitches: Sequence[Pitch], chance: random.Random) -> list[Pitch]:
    """The pitches in an order that has the same pairs of neighbours, each as likely as any.

    Method: a random Eulerian path over the pairs (Altschul and Erickson 1985), for which the last
    way out of each pitch must lead to the last one; those are a random tree (Wilson 1996).
    """
    if not pitches:
        return []
    ways: defaultdict[Pitch, list[Pitch]] = defaultdict(list)
    for pitch, following in pairwise(pitches):
        ways[pitch].append(following)
    last_way: dict[Pitch, Pitch] = {}
    joined = {pitches[-1]}
    for pitch in list(ways):
        at = pitch
        while at not in joined:
            last_way[at] = chance.choice(ways[at])
            at = last_way[at]
        at = pitch
        while at not in joined:  # once more, without the loops that were walked
            joined.add(at)
            at = last_way[at]
    for pitch, out in ways.items():
        kept = [last_way[pitch]] if pitch in last_way else []
        for way in kept:
            out.remove(way)
        chance.shuffle(out)
        out += kept
    walk = [pitches[0]]
    onward = {pitch: iter(out) for pitch, out in ways.items()}
    for _ in pitches[1:]:
        walk.append(next(onward[walk[-1]]))
    return walk
