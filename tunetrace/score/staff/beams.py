"""Which notes a beam joins, by the meter."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from tunetrace.score.staff.records import NO_SIGNS, Event, Meter, Staff, StaffBar
from tunetrace.score.staff.tempo import beat_of
from tunetrace.tokenizer.vocabulary import MEANINGS, TUPLET

_LONGEST_BEAM: Final = 4  # in eighths


def _stretch(meter: Meter | None, at: Fraction, *, is_short: bool) -> tuple[int, int]:
    """Which stretch of a bar a moment is in. A beam joins notes of one stretch only.

    at: in eighths from the start of a whole bar. A stretch is half a bar of 4/4, a beat of 6/8, a
    quarter otherwise; in 5/8 and 7/8 the last three eighths are one. is_short: that 4/4 and 2/2 are
    divided into quarters as well, as shorter notes and tuplets need it.
    """
    if meter is None:
        return 0, int(at // 2)
    beats, unit = meter
    if unit == 8 and beats % 2 and beats % 3:
        whole, rest = divmod(at, beats)
        return int(whole), min(int(rest // 2), max(beats // 2 - 1, 0))
    if beats % 3 == 0 and unit >= 8:
        return 0, int(at // beat_of(meter))
    is_long = not is_short and (unit <= 2 or meter == (4, 4))
    return 0, int(at // (4 if is_long else 2))


def set_beams(measure: StaffBar) -> None:
    """Join the notes shorter than a quarter by beams, by the meter.

    In 4/4 two beats of eighths are joined; with shorter notes or tuplets among them each beat has
    its own. A tuplet has one beam, unless it is longer than a half note.
    """
    groups: dict[tuple[int, tuple[int, int]], list[tuple[Event, Fraction]]] = {}
    row = 0  # a rest, a longer note or a sign ends a beam
    for event, place in zip(measure.events, _beam_places(measure.events), strict=True):
        event.beam = None
        row += event.signs != NO_SIGNS
        if not event.notes or len(event.values) > 1 or event.values[0].part < 8:
            row += 1
            continue
        at = measure.phase + place
        stretch = _stretch(measure.meter, at, is_short=False)
        groups.setdefault((row, stretch), []).append((event, at))
    number = 0
    for joined in groups.values():
        is_short = any(e.values[0].part > 8 or e.tuplet is not None for e, _ in joined)
        parts: dict[tuple[int, int], list[Event]] = {}
        for event, at in joined:
            stretch = _stretch(measure.meter, at, is_short=is_short)
            parts.setdefault(stretch, []).append(event)
        for part in parts.values():
            for run in _beside_tuplets(part, measure.events):
                if len(run) > 1:
                    for event in run:
                        event.beam = number
                    number += 1


def spaces_of(staff: Staff) -> set[int]:
    """The places of tokens before which ABC has a space: `B2B d2d` in 6/8, `EBBA B2 EB` in 4/4.

    They are where a beam ends and at each beat that no beam crosses, but not inside a tuplet or a
    dotted pair.
    """
    tokens = staff.layout.tokens
    places: set[int] = set()
    for measure in staff.measures:
        is_in_halves = measure.meter is not None and measure.meter[1] <= 2
        beat = Fraction(2) if is_in_halves else beat_of(measure.meter)
        for before, event in pairwise(measure.events):
            is_new_beam = event.beam is not None and before.beam is not None
            is_on_beat = (measure.phase + event.onset) % beat == 0
            if event.beam == before.beam and event.beam is not None:
                continue
            if event.tuplet == before.tuplet and event.tuplet is not None:
                continue
            place = event.token
            while MEANINGS[tokens[place - 1]].kind == TUPLET:
                place -= 1
            if (is_new_beam or is_on_beat) and tokens[place - 1][-1] not in "<>":
                places.add(place)
    return places


def _beam_places(events: Sequence[Event]) -> list[Fraction]:
    """Where in the measure each event counts for beams, in eighths: where its tuplet begins, unless
    that is longer than a half note."""
    starts: dict[int, Fraction] = {}
    lengths: dict[int, Fraction] = {}
    for event in events:
        if event.tuplet is not None:
            starts.setdefault(event.tuplet, event.onset)
            lengths[event.tuplet] = lengths.get(event.tuplet, Fraction(0)) + event.eighths
    return [
        event.onset
        if event.tuplet is None or lengths[event.tuplet] > _LONGEST_BEAM
        else starts[event.tuplet]
        for event in events
    ]


def _beside_tuplets(part: Sequence[Event], events: Sequence[Event]) -> list[list[Event]]:
    """The events of a beam, divided so that no tuplet is partly inside of it."""
    sizes: dict[int | None, int] = {}
    for event in events:
        sizes[event.tuplet] = sizes.get(event.tuplet, 0) + 1
    inside: dict[int | None, int] = {}
    for event in part:
        inside[event.tuplet] = inside.get(event.tuplet, 0) + 1

    def group(event: Event) -> int | None:
        is_whole = event.tuplet is not None and inside[event.tuplet] == sizes[event.tuplet]
        return None if is_whole else event.tuplet

    runs: list[list[Event]] = []
    for event in part:
        if not runs or group(event) != group(runs[-1][-1]):
            runs.append([])
        runs[-1].append(event)
    return runs
