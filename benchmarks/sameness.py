"""Which real tunes are the same music in another notation: the counts in the docs, and the pairs.

python -m benchmarks.sameness FILE_OR_CORPUS...
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations

from benchmarks.rules import read_all
from tunetrace import Transcription
from tunetrace.indexer.music.sameness import music_hashes
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.tokenizer.layout.bars import Layout, lay_out

_Owner = tuple[int, int]
"""A tune, from 0, and its part, 0 for the whole."""


def main(sources: Sequence[str]) -> None:
    """Print how many pairs of tunes are the same, of parts by their notes, and the new ones."""
    tunes = [tune for tune in read_all(sources) if isinstance(tune, Transcription)]
    layouts = [lay_out(tune.tokens) for tune in tunes]
    owners: dict[int, set[_Owner]] = defaultdict(set)
    for tune, part, form in music_hashes(layouts, least_notes=1).tolist():
        owners[form].add((tune, part))
    pairs = {pair for some in owners.values() for pair in combinations(sorted(some), 2)}
    whole = {(one[0], two[0]) for one, two in pairs if one[1] == two[1] == 0}
    bodies: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, tune in enumerate(tunes):
        bodies[tune.body].append(place)
    verbatim = {pair for some in bodies.values() for pair in combinations(some, 2)}
    new = sorted(whole - verbatim)
    print(f"{len(tunes):,} tunes; {len(whole):,} pairs are the same music")
    print(f"{len(whole & verbatim):6,} of them have the same tokens, {len(new):,} have not")
    print(f"{_sharing_title(tunes, new):6,} of the latter share a title")
    scaled = [pair for pair in whole if _bars_ratio(layouts, *pair) != 1]
    print(f"{len(scaled):6,} of them differ in how many notes a bar holds")
    print(f"{len(verbatim - whole):6,} more have the same tokens and sound differently")
    parts = {
        (one, two)
        for one, two in pairs
        if (one[1] or two[1]) and one[0] != two[0] and (one[0], two[0]) not in whole
    }
    by_notes = Counter(_notes(layouts[one[0]], one[1]) for one, _ in parts)
    said = ", ".join(f"{count:,} of {notes}" for notes, count in sorted(by_notes.items()))
    print(f"{len(parts):,} pairs of parts of other tunes are the same, by their notes: {said}")
    for one, two in new:
        print(f"{_named(tunes[one])} = {_named(tunes[two])}")


def _notes(layout: Layout, part: int) -> int:
    return sum(sum(bar.events.sounds) for bar in layout.bars if part in (0, bar.part))


def _bars_ratio(layouts: Sequence[Layout], one: int, two: int) -> Fraction:
    """How long the notes of a tune are, in bars, against those of the same music."""
    full = [layouts[k].bars[0].full or lay_out(["M:4/4", "z"]).bars[0].full for k in (one, two)]
    first, second = (_first_length(layouts[k]) for k in (one, two))
    return first / second * Fraction(full[1] or 1, full[0] or 1)


def _first_length(layout: Layout) -> Fraction:
    """The length of the first note."""
    events = (bar.events for bar in layout.bars)
    notes = (zip(some.durations, some.sounds, strict=True) for some in events)
    return next(Fraction(length) for some in notes for length, sounds in some if sounds)


def _sharing_title(tunes: Sequence[Transcription], pairs: Iterable[tuple[int, int]]) -> int:
    keys = [set(map(title_key, tune.titles)) for tune in tunes]
    return sum(not keys[one].isdisjoint(keys[two]) for one, two in pairs)


def _named(tune: Transcription) -> str:
    return f"{tune.title} ({tune.meter} {tune.key})"


if __name__ == "__main__":
    main(sys.argv[1:])
