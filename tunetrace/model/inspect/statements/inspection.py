"""The statements of the post on one traced transcription."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tunetrace.arguments import public
from tunetrace.errors import ModelFileError, QueryError, TunetraceError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.hooks import UnitPart
from tunetrace.model.inspect.measures.activity import FULL
from tunetrace.model.inspect.measures.groups import GROUPS, OTHER, group_of
from tunetrace.model.inspect.statements.mass import (
    AccidentalsFollow,
    DistanceCount,
    GroupMass,
    PitchEntropy,
    TokenDecay,
    UnwrittenToken,
    accidentals_follow,
    bar_line_distances,
    group_sums,
    pitch_entropy,
    token_decay,
    unwritten_tokens,
)
from tunetrace.model.inspect.statements.rhythm import (
    PeriodUnits,
    Shape,
    UnitShape,
    by_period,
    shapes_of,
)
from tunetrace.model.inspect.statements.sparsity import (
    LARGE,
    SMALL,
    ActivityShare,
    activity_share,
)
from tunetrace.model.inspect.statements.spikes import UnitBeforeBarLine, units_before
from tunetrace.model.inspect.statements.steps import Floats, steps_of
from tunetrace.model.library.header import Header
from tunetrace.model.library.models import open_header
from tunetrace.model.records import Model
from tunetrace.model.trace import Trace, numbered_tune
from tunetrace.model.training.tunes import training_ids
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class Inspection(Record):
    """What the post states of a transcription, for one layer of any model."""

    model: str
    """The name of the model."""
    title: str
    """The title of the tune, or what else its trace says of it: `Trace.title`."""
    steps: int
    """How many tokens are read, START among them."""
    layer: int
    """The layer, from 1."""
    part: UnitPart
    """Which values of its units: `hidden`, `cell`, or a gate."""
    small: ActivityShare
    """The activations with a magnitude below 0.07."""
    large: ActivityShare
    """The activations with a magnitude above 0.8."""
    off: tuple[int, ...]
    """The units, from 1, whose magnitude never exceeds 0.004."""
    saturated: tuple[int, ...]
    """The units whose magnitude exceeds 0.9998 at some step. The largest comes last."""
    one_spike: tuple[int, ...]
    """The units with a nearly flat spectrum."""
    few_spikes: tuple[int, ...]
    """The units with two to four short spikes."""
    regular_spikes: tuple[int, ...]
    """The units with five short spikes or more at like distances."""
    periodic: tuple[PeriodUnits, ...]
    """The units with a fundamental period. The period of most units comes first."""
    units: tuple[UnitShape, ...]
    """Every unit of the layer."""
    bar_line_distances: tuple[DistanceCount, ...]
    """The distances between peaks of the probability of a bar line; the most frequent first."""
    groups: tuple[GroupMass, ...]
    """The probability by group of tokens."""
    training_tunes: int | None
    """The tunes that `groups` are compared with; None if they are not known."""
    training_missing: str
    """Why they are not known; empty if they are."""
    unwritten: tuple[UnwrittenToken, ...]
    """The tokens that are likely somewhere and are never written."""
    broken_rhythm: tuple[TokenDecay, ...]
    """How `>` and `<` decay."""
    accidentals: AccidentalsFollow | None
    """How accidentals follow their naturals; None if the tune has too few notes for that."""
    entropy: PitchEntropy
    """The entropy over pitches where parts begin, and elsewhere."""
    before: tuple[UnitBeforeBarLine, ...]
    """The units that spike before bar lines, ranked for each. There is no p for a single tune."""


@dataclass(frozen=True, slots=True)
class TrainingShares:
    """What the tunes that a model was trained on consist of."""

    shares: dict[str, float]
    """The share of each group among their tokens, ends included; empty if they are not known."""
    tunes: int | None
    missing: str
    """Why they are not known."""

    def of(self, sums: dict[str, tuple[float, int]], steps: int) -> tuple[GroupMass, ...]:
        """The groups with these shares. sums: as group_sums. steps: how many were summed."""
        written = sum(count for _, count in sums.values())
        return tuple(
            GroupMass(
                group,
                sums[group][0] / steps,
                sums[group][1] / max(written, 1),
                self.shares.get(group, 0.0) if self.shares else None,
            )
            for group in GROUPS
            if group in sums
        )


def training_shares(
    names: list[str], model: Model | Header, index: Index | str | Path | None
) -> TrainingShares:
    """What a model was trained on, by groups of tokens. names: the tokens of the trace.

    Where the index or the model does not tell, the answer says why. Raises IndexFileError for an
    index that was named and cannot be opened.
    """
    try:
        if list(model.tokens.names) != names:
            raise ModelFileError(f"the tokens of the trace are not those of the model {model.name}")
        with given_or_default(index) as opened:
            ids = training_ids(model, opened)
            counts = np.zeros(256, dtype=np.int64)
            for tune in ids:
                symbols = np.frombuffer(opened.symbols(tune), dtype=np.uint8)
                counts += np.bincount(symbols, minlength=256)
            found: Counter[str] = Counter({OTHER: len(ids)})  # the end of each
            for symbol in np.flatnonzero(counts).tolist():
                found[group_of(opened.vocabulary.tokens[symbol])] += int(counts[symbol])
    except TunetraceError as error:
        if index is not None and not isinstance(error, ModelFileError):
            raise
        return TrainingShares({}, None, str(error))
    return TrainingShares(
        {group: count / found.total() for group, count in found.items()}, len(ids), ""
    )


@public
def inspect_trace(
    traced: Trace,
    *,
    tune: int | None = None,
    layer: int | None = None,
    part: UnitPart = "hidden",
    model: Model | str | Path | None = None,
    index: Index | str | Path | None = None,
) -> Inspection:
    """What the post states of a transcription, as numbers.

    traced: a trace of one tune, or of several with `tune`, the number of one of them, from 1.
    layer: from 1 (default: the last one). part: which values of its units. model: whose training
    tunes the probabilities are compared with (default: the one that the trace names). index: the
    index of that training (default: your own); without it the comparison is left out and the answer
    says why. Raises QueryError for a tune, a layer or a part that the trace lacks.

    >>> found = inspect_trace(open_model().trace(["M:4/4", "K:Cmaj", "C", "2"]))
    >>> found.layer, len(found.units), found.entropy.notes
    (3, 288, 0)
    """
    one = _only_tune(traced, tune)
    shares = shares_for(traced, model, index)
    return inspect_one(one, layer, part, shares)


def shares_for(
    traced: Trace, model: Model | str | Path | None, index: Index | str | Path | None
) -> TrainingShares:
    """What the model of a trace was trained on; `model` is asked for if it is given."""
    if model is not None:
        return training_shares(traced.names, open_header(model), index)
    try:
        header = open_header(str(traced.header.get("model", "")))
    except TunetraceError as error:
        return TrainingShares({}, None, str(error))
    return training_shares(traced.names, header, index)


def _only_tune(traced: Trace, tune: int | None) -> Trace:
    """The trace of one tune, by its number from 1; QueryError unless there is that one."""
    if tune is None:
        if len(traced) > 1:
            raise QueryError(
                f"the trace has {len(traced):,} tunes; give the number of one, from 1 to "
                f"{len(traced):,}"
            )
        return traced
    return numbered_tune(traced, tune)


def values_of(traced: Trace, layer: int | None, part: UnitPart) -> Floats:
    """(S, units) float64: a layer, counted from 1, the last one for None. Raises as
    Trace.values."""
    number = len(traced.hidden) if layer is None else layer
    return traced.values(number, part).astype(np.float64)


def inspect_one(
    traced: Trace, layer: int | None, part: UnitPart, training: TrainingShares
) -> Inspection:
    """The inspection of the trace of one tune. layer: from 1; None is the last one."""
    steps = steps_of(traced)
    values = values_of(traced, layer, part)
    units = shapes_of(values, steps)

    def shaped(shape: Shape) -> tuple[int, ...]:
        return tuple(unit.unit for unit in units if unit.shape == shape)

    full = sorted((unit for unit in units if unit.largest > FULL), key=lambda u: u.largest)
    return Inspection(
        model=str(traced.header.get("model", "")),
        title=traced.title,
        steps=len(values),
        layer=len(traced.hidden) if layer is None else layer,
        part=part,
        small=activity_share(values, SMALL, is_above=False),
        large=activity_share(values, LARGE, is_above=True),
        off=shaped("off"),
        saturated=tuple(unit.unit for unit in full),
        one_spike=shaped("one spike"),
        few_spikes=shaped("few spikes"),
        regular_spikes=shaped("regular spikes"),
        periodic=by_period(units),
        units=units,
        bar_line_distances=bar_line_distances(traced),
        groups=training.of(group_sums(traced, steps), len(values)),
        training_tunes=training.tunes,
        training_missing=training.missing,
        unwritten=unwritten_tokens(traced, steps),
        broken_rhythm=token_decay(traced, steps),
        accidentals=accidentals_follow(traced, steps),
        entropy=pitch_entropy(traced, steps),
        before=units_before(values, steps),
    )
