"""Two tunes bar under bar, on two staves, with what differs marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tunetrace.checker.records import Source
from tunetrace.checker.similar.records import Alignment
from tunetrace.reports.page.near_copies import NAMES
from tunetrace.score.engraver import Drawing, Engraver, Timemap
from tunetrace.score.engraving import Engraving, engrave
from tunetrace.score.mei import Look, aligned_mei
from tunetrace.score.playback import Playback, playback_of
from tunetrace.score.written import Signs, Staff, StaffBar, sharps_of
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, is_header

ALONE: Final = "not shared"
"""The word below notes that a source does not have, or that only the source has."""


@dataclass(frozen=True, slots=True)
class Row:
    """A bar of a tune, and what is under it."""

    bar: int
    """The bar of the tune, by its place."""
    under: tuple[str, ...]
    """The tokens of the other tune, on C; empty if nothing is under the bar."""
    differs: Mapping[int, str]
    """The notes of the bar that differ, by their tokens, and in what: a word, or nothing if the
    word is at a note before."""
    under_differs: Mapping[int, str]
    """The same for the notes under it, by their place in `under`."""


def shared_rows(layout: Layout, source: Source, other: Layout) -> list[Row]:
    """The bars of a checked tune that have notes of a source, each with the bar that has most of
    them. layout, other: of the tune and of the source, on C."""
    own, theirs = _notes(layout), _notes(other)
    pairs: dict[int, int] = {}
    for shared in source.stretches:
        first = next((k for k, note in enumerate(theirs) if note.token >= shared.source_token), 0)
        for k in range(shared.stop_note - shared.first_note):
            if first + k < len(theirs):
                pairs.setdefault(shared.first_note + k, first + k)
    found = []
    given = set(pairs.values())
    for place in range(len(layout.bars)):
        mine = [k for k, note in enumerate(own) if note.bar == place]
        under = Counter(theirs[pairs[k]].bar for k in mine if k in pairs)
        if not under:
            continue
        most = other.bars[max(under, key=lambda bar: (under[bar], -bar))]
        tokens = other.tokens[most.start : most.stop]
        headers = [is_header(token) for token in tokens]
        kept = [k for k, header in enumerate(headers) if not header]
        place_of = {most.start + k: at for at, k in enumerate(kept)}
        alone = [k for k, note in enumerate(theirs)
                 if most.start <= note.token < most.stop and k not in given]  # fmt: skip
        found.append(
            Row(
                place,
                tuple(tokens[k] for k in kept),
                _named([own[k].notes for k in mine], [k not in pairs for k in mine], ALONE),
                _named(
                    [tuple(place_of[token] for token in theirs[k].notes) for k in alone],
                    [True] * len(alone),
                    ALONE,
                ),
            )
        )
    return found


def aligned_rows(layout: Layout, alignment: Alignment) -> list[Row]:
    """The bars of a tune over those of a near copy. layout: of the tune."""
    found = []
    for place, (bar, aligned) in enumerate(zip(layout.bars, alignment.bars, strict=True)):
        own = [k for k in range(bar.start, bar.stop) if not is_header(layout.tokens[k])]
        at, under = 0, list[str]()
        differs: dict[int, str] = {}
        under_differs: dict[int, str] = {}
        for notes in aligned.notes:
            word = NAMES[notes.difference][0] if notes.difference else ""
            tokens = notes.text.split()
            mine = [k for k, token in zip(own[at : at + len(tokens)], tokens, strict=True)
                    if MEANINGS[token].kind == NOTE]  # fmt: skip
            at += len(tokens)
            first = len(under)
            under += [token for token in notes.other.split() if token != "|"]
            theirs = [k for k in range(first, len(under)) if MEANINGS[under[k]].kind == NOTE]
            if notes.difference is None:
                continue
            differs.update(dict.fromkeys(mine, ""))
            under_differs.update(dict.fromkeys(theirs, ""))
            if theirs:
                under_differs[theirs[0]] = word
            elif mine:
                differs[mine[0]] = word
        found.append(Row(place, tuple(under), differs, under_differs))
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """Bars of two tunes, drawn and as they are played."""

    drawing: Drawing
    playback: Playback
    voices: tuple[str, str]
    """What the ids of the notes of each tune begin with."""


def engrave_pair(
    own: Engraving, rows: Sequence[Row], id: str, *, key: str | None, meter: str | None
) -> Pair:
    """Two tunes bar under bar.

    own: the tune above. id: what the ids of the pair begin with. key, meter: of what is under it,
    on C.
    """
    prefixes = f"{id}-", f"{id}u-"
    staff = own.staff
    lower, looks = _lower(rows, staff, key, meter)
    mine = Look(
        {token: "differs" for row in rows for token in row.differs},
        {token: word for row in rows for token, word in row.differs.items() if word},
    )
    upper = _with_signs(staff, [row.bar for row in rows])
    below = iter(lower.measures if lower else ())
    under = [next(below) if _sounds(row.under) else None for row in rows]
    engraver = Engraver(aligned_mei(list(zip(upper, under, strict=True)), prefixes, (mine, looks)))
    played = _played(engraver.timemap(), staff, lower, prefixes)
    return Pair(next(iter(engraver.drawings())), played, prefixes)


def _lower(
    rows: Sequence[Row], staff: Staff, key: str | None, meter: str | None
) -> tuple[Staff | None, Look]:
    """What is under the rows as a tune of its own, a bar for each row that has something."""
    tokens = [f"M:{meter}"] if meter else []
    tokens += [f"K:{key}"] if key else []
    classes: dict[int, str] = {}
    words: dict[int, str] = {}
    for row in rows:
        if not _sounds(row.under):
            continue
        for place, word in row.under_differs.items():
            classes[len(tokens) + place] = "differs"
            if word:
                words[len(tokens) + place] = word
        tokens += [*row.under, "|"]
    if not classes and all(is_header(token) for token in tokens):
        return None, Look()
    tonic = staff.key[:-3] if staff.key else None
    mode = key[-3:] if key else ""
    written = Transcription((), None, meter, key, f"{tonic}{mode}" if tonic else key,
                            tuple(tokens), "")  # fmt: skip
    return engrave(written).staff, Look(classes, words)


def _sounds(tokens: Sequence[str]) -> bool:
    """Whether tokens make a bar: whether there is a note or a rest among them."""
    return bool(lay_out(tokens).bars)


def _with_signs(staff: Staff, places: Sequence[int]) -> list[StaffBar]:
    """Some bars of a tune in a row, the first with the key and the meter that it is in."""
    key, found = staff.key, []
    for bar in staff.measures:
        key = bar.signs.key or key
        if bar.place == places[0]:
            bar = replace(bar, signs=Signs(key, sharps_of(key), bar.meter))
        if bar.place in places:
            found.append(bar)
    return [replace(bar, opens_repeat=False, closes_repeat=False) for bar in found]


def _played(
    timemap: Timemap, staff: Staff, lower: Staff | None, prefixes: tuple[str, str]
) -> Playback:
    """How both tunes are played together."""

    def of(prefix: str) -> Timemap:
        notes = tuple(note for note in timemap.notes if note.name.startswith(prefix))
        return Timemap(notes, timemap.measures)

    mine = playback_of(staff, of(prefixes[0]), prefixes[0])
    theirs = playback_of(lower, of(prefixes[1]), prefixes[1]).notes if lower else ()
    return replace(
        mine,
        notes=tuple(sorted((*mine.notes, *theirs))),
        bars=tuple(bar for bar in mine.bars if bar.at),
    )


@dataclass(frozen=True, slots=True)
class _Note:
    """A note or a chord."""

    bar: int
    token: int
    """Its first token."""
    notes: tuple[int, ...]
    """The tokens of its notes."""


def _notes(layout: Layout) -> list[_Note]:
    return list(_notes_of(layout))


def _notes_of(layout: Layout) -> Iterator[_Note]:
    for place, bar in enumerate(layout.bars):
        for start, stop, sounds in zip(
            bar.events.starts, bar.events.stops, bar.events.sounds, strict=True
        ):
            if sounds:
                tokens = range(bar.start + start, bar.start + stop)
                notes = tuple(k for k in tokens if MEANINGS[layout.tokens[k]].kind == NOTE)
                yield _Note(place, bar.start + start, notes)


def _named(
    notes: Sequence[tuple[int, ...]], are_alone: Sequence[bool], word: str
) -> dict[int, str]:
    """The notes that differ, the first of each run with a word."""
    found: dict[int, str] = {}
    for (was_alone, is_alone), tokens in zip(pairwise([False, *are_alone]), notes, strict=True):
        for k, token in enumerate(tokens if is_alone else ()):
            found[token] = word if k == 0 and not was_alone else ""
    return found
