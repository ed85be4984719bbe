"""Where the softmax puts its probability mass: bar lines, groups of tokens, unlikely pitches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.inspect.measures.groups import (
    ACCIDENTAL,
    BAR_LINES,
    BROKEN_RHYTHM,
    PITCH,
    grouped,
)
from tunetrace.model.inspect.measures.marks import marks_of
from tunetrace.model.inspect.statements.shifts import at_all_shifts, transformed
from tunetrace.model.inspect.statements.steps import Floats, TuneSteps, peaks_of
from tunetrace.model.trace import Trace, entropies
from tunetrace.records import Record

PEAK: Final = 0.5
"""The probability of a bar line has a peak where it exceeds this."""

LIKELY: Final = 0.01
"""A token that gets this much at some step is likely there; the post says about 0.01."""

FLOOR: Final = -10
"""log10 of the smallest probability that counts, as in the post's picture."""

_FEWEST_NOTES: Final = 8
"""With fewer notes nothing is said of accidentals and their naturals."""

_CHANCE: Final = 0.95


@dataclass(frozen=True, slots=True, repr=False)
class DistanceCount(Record):
    """How often two neighbouring peaks are so far apart."""

    distance: int
    """In steps."""
    count: int
    """How often."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupMass(Record):
    """The probability of a group of tokens."""

    group: str
    """`pitch`, `accidental`, `duration` …"""
    probability: float
    """Its mean over all steps."""
    written: float
    """The share of the group among the tokens that are written, ends among them."""
    training: float | None
    """The same share in the tunes that the model was trained on; None if they are not known."""


@dataclass(frozen=True, slots=True, repr=False)
class UnwrittenToken(Record):
    """A token that is likely somewhere and is never written."""

    token: str
    """The token."""
    largest: float
    """Its largest probability where music or the end is written."""
    largest_step: int
    """The first step, from 1, at which it has it."""
    steps: int
    """At how many of these steps it has 0.01 or more."""
    median: float
    """Its median probability over these steps."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenDecay(Record):
    """How the probability of a token changes along the tune, without its meter and key."""

    token: str
    """The token."""
    slope: float
    """The change of log10 of its probability in 100 steps: the median of the slopes of all pairs of
    steps (Theil 1950, Sen 1968)."""
    first_quarter: float
    """The mean of log10 of its probability in the first quarter of the steps."""
    last_quarter: float
    """The same in the last quarter."""
    written: int
    """How often it is written."""


@dataclass(frozen=True, slots=True, repr=False)
class AccidentalToken(Record):
    """How the probability of an accidental follows that of its natural."""

    token: str
    """The accidental, as `^F`."""
    natural: str
    """The note without its sign."""
    correlation: float
    """Rank correlation (Spearman 1904) of their probabilities, over the steps that write notes."""


@dataclass(frozen=True, slots=True, repr=False)
class AccidentalsFollow(Record):
    """How the probabilities of accidentals follow those of their naturals."""

    median: float
    """The median correlation over the accidentals."""
    chance: float
    """95% of all circular shifts of the naturals against their accidentals have a median below
    this."""
    tokens: tuple[AccidentalToken, ...]
    """The accidentals whose natural the model has. The highest correlation comes first."""


@dataclass(frozen=True, slots=True, repr=False)
class PartEntropy(Record):
    """The entropy over pitches where a part begins."""

    step: int
    """The step, from 1, that writes the first note of the part."""
    bits: float
    """The entropy there."""


@dataclass(frozen=True, slots=True, repr=False)
class PitchEntropy(Record):
    """The entropy over pitches, accidentals included, at the steps that write notes."""

    parts: tuple[PartEntropy, ...]
    """Where parts begin."""
    at_parts: float | None
    """Its mean there, in bits; None in a tune without notes."""
    elsewhere: float | None
    """Its mean at the other notes, in bits; None if there are none."""
    notes: int
    """How many other notes there are."""


def bar_line_distances(traced: Trace) -> tuple[DistanceCount, ...]:
    """The distances between neighbouring peaks of the probability of bar lines of any kind.

    A peak is the highest step of a run of steps above PEAK. The most frequent distance comes first.
    """
    numbers = grouped(traced.names).get(BAR_LINES, [])
    mass = traced.probabilities[:, numbers].astype(np.float64).sum(axis=1)
    distances, counts = np.unique(np.diff(peaks_of(mass, PEAK)), return_counts=True)
    found = zip(distances.tolist(), counts.tolist(), strict=True)
    ordered = sorted(found, key=lambda one: (-one[1], one[0]))
    return tuple(DistanceCount(distance, count) for distance, count in ordered)


def group_sums(traced: Trace, steps: TuneSteps) -> dict[str, tuple[float, int]]:
    """The summed probability of each group over the steps, and how often it is written."""
    return {
        group: (
            float(traced.probabilities[:, numbers].sum(dtype=np.float64)),
            steps.groups.count(group),
        )
        for group, numbers in grouped(traced.names).items()
    }


def unwritten_tokens(traced: Trace, steps: TuneSteps) -> tuple[UnwrittenToken, ...]:
    """The tokens that get LIKELY or more somewhere and are never written, the likeliest first.

    The steps that write meter and key are left out: there other meters and keys are likely.
    """
    where = np.flatnonzero(~steps.is_head)
    if not len(where):
        return ()
    probabilities = traced.probabilities[where]
    written = set(steps.tokens)
    largest, places = probabilities.max(axis=0), probabilities.argmax(axis=0)
    found = [
        UnwrittenToken(
            name,
            float(largest[number]),
            int(where[places[number]]) + 1,
            int((probabilities[:, number] >= LIKELY).sum()),
            float(np.median(probabilities[:, number])),
        )
        for number, name in enumerate(traced.names)
        if name not in written and largest[number] >= LIKELY
    ]
    return tuple(sorted(found, key=lambda one: -one.largest))


def log10_of(probabilities: NDArray[np.float32]) -> Floats:
    """log10 of probabilities, at least FLOOR."""
    return np.asarray(np.log10(np.maximum(probabilities.astype(np.float64), 10.0**FLOOR)))


def token_decay(traced: Trace, steps: TuneSteps) -> tuple[TokenDecay, ...]:
    """How the probabilities of broken rhythms change along the tune; nothing of fewer than four
    tokens of music."""
    where = np.flatnonzero(steps.is_music)
    if len(where) < 4:
        return ()
    quarter = len(where) // 4
    found = []
    for number in grouped(traced.names).get(BROKEN_RHYTHM, []):
        values = log10_of(traced.probabilities[where, number])
        found.append(
            TokenDecay(
                traced.names[number],
                100 * median_slope(where.astype(np.float64), values),
                float(values[:quarter].mean()),
                float(values[-quarter:].mean()),
                steps.tokens.count(traced.names[number]),
            )
        )
    return tuple(found)


def median_slope(places: Floats, values: Floats) -> float:
    """The median slope over all pairs (Theil 1950, Sen 1968). places, values: (n,), places rise."""
    slopes = [
        (values[k:] - values[:-k]) / (places[k:] - places[:-k]) for k in range(1, len(values))
    ]
    return float(np.median(np.concatenate(slopes)))


def accidentals_follow(traced: Trace, steps: TuneSteps) -> AccidentalsFollow | None:
    """How accidentals follow their naturals; None without such tokens or with too few notes."""
    names = traced.names
    numbers = {name: number for number, name in enumerate(names)}
    pairs = [
        (number, numbers[natural])
        for number in grouped(names).get(ACCIDENTAL, [])
        if (natural := names[number].lstrip("^_=")) in numbers
    ]
    where = np.flatnonzero(steps.is_note)
    if not pairs or len(where) < _FEWEST_NOTES:
        return None
    probabilities = traced.probabilities[where]
    signed, plain = (
        transformed(np.stack([ranks_of(probabilities[:, pair[k]]) for pair in pairs], axis=1))
        for k in (0, 1)
    )
    shifted = at_all_shifts(signed, plain, len(where))
    medians = np.median(shifted, axis=1)
    tokens = [
        AccidentalToken(names[accidental], names[natural], float(r))
        for (accidental, natural), r in zip(pairs, shifted[0], strict=True)
    ]
    return AccidentalsFollow(
        float(medians[0]),
        float(np.quantile(medians[1:], _CHANCE)),
        tuple(sorted(tokens, key=lambda one: -one.correlation)),
    )


def ranks_of(values: NDArray[np.float32]) -> Floats:
    """The ranks of values from 1; equal values share the mean of their ranks. values: (n,)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places])


def pitch_entropy(traced: Trace, steps: TuneSteps) -> PitchEntropy:
    """The entropy over pitches where parts begin, and at all other notes."""
    by_group = grouped(traced.names)
    numbers = by_group.get(PITCH, []) + by_group.get(ACCIDENTAL, [])
    starts = set(marks_of(traced.tokens).part_starts.tolist())
    notes = np.flatnonzero(steps.is_note).tolist()
    bits = dict(zip(notes, entropies(traced.probabilities[notes][:, numbers]), strict=True))
    begin = [PartEntropy(step + 1, float(bits[step])) for step in notes if step in starts]
    others = [float(bits[step]) for step in notes if step not in starts]
    return PitchEntropy(
        tuple(begin),
        float(np.mean([one.bits for one in begin])) if begin else None,
        float(np.mean(others)) if others else None,
        len(others),
    )
