"""An experiment: tunes and predictions with an intervention, without, and with controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public, refused
from tunetrace.checker.compare.intervals import CONFIDENCE, RESAMPLES, percentile_interval
from tunetrace.errors import IndexFileError, ModelFileError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.inspect.interventions.choose import control_units, traces_of, watch
from tunetrace.model.inspect.interventions.direction import Steering
from tunetrace.model.inspect.interventions.effects import (
    ADDING_UP,
    BAR_LINE_WRITTEN,
    OF_COPYING,
    OF_REAL_TUNES,
    OF_SAMPLES,
    EffectMeasure,
    Ratios,
    Unit,
    commonest_distance,
    header_measures,
    measure_copying,
    measure_headers,
    measure_readings,
    measure_samples,
)
from tunetrace.model.inspect.interventions.intervention import Intervention
from tunetrace.model.inspect.interventions.patching import Patching, patch
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model, Sampled
from tunetrace.model.sampling.sampling import random_seed, sample
from tunetrace.model.trace import TuneToTrace, trace_each
from tunetrace.model.training.tunes import LONGEST, held_out_ids, trained_on
from tunetrace.progress import Progress, silent
from tunetrace.records import Record

Intervening: TypeAlias = Intervention | Patching | Steering

CONTROLS: Final = 5
"""Controls of an experiment. Fewer say little about how much controls differ."""

REAL_TUNES: Final = 100

_WATCHED: Final = 100
"""Tunes of the baseline whose traces give the variance of units."""

_PROJECTION: Final = EffectMeasure("projection", "projection", "number")


@dataclass(frozen=True, slots=True, repr=False)
class EffectMean(Record):
    """A mean, or a difference of two, and its 95% interval."""

    mean: float | None
    """None where nothing could be measured, as the range of tunes without notes."""
    low: float | None
    """The lower end of the interval; None for a single tune."""
    high: float | None
    """The upper end."""


@dataclass(frozen=True, slots=True, repr=False)
class Effect(Record):
    """One measure without the intervention, with it, and with the controls."""

    name: str
    """Its name in files."""
    label: str
    """Its name in tables."""
    unit: Unit
    """What it counts in."""
    baseline: EffectMean
    """Without any change."""
    intervention: EffectMean
    """With the intervention, over tunes of the same seeds, or over the same tunes."""
    control: EffectMean | None
    """With the controls, in their mean; None if there is no control."""
    controls: tuple[float | None, ...]
    """With each control."""
    change: EffectMean
    """The intervention less the baseline."""
    control_change: EffectMean | None
    """The controls less the baseline."""
    beyond: EffectMean | None
    """The intervention less the controls."""


@dataclass(frozen=True, slots=True, repr=False)
class ControlUnits(Record):
    """The units of a control."""

    units: tuple[int, ...]
    """From 1, in increasing order."""
    variance: float
    """The mean of their variances in tunes of the baseline."""


@dataclass(frozen=True, slots=True, repr=False)
class Experiment(Record):
    """What an intervention changes, compared with controls."""

    model: str
    """Its name."""
    described: str
    """The intervention in words."""
    intervention: Intervention | None
    """The intervention on units; None for states that are put in and for a direction."""
    variance: float | None
    """The mean variance of these units in tunes of the baseline; None without units."""
    control_units: tuple[ControlUnits, ...]
    """The units of each control of an intervention on units."""
    controls: int
    """How many controls there are."""
    n: int
    """How many tunes were written with the intervention, and with each control."""
    seed: int
    """Of the tunes. The n tunes without the intervention have the same random numbers."""
    real_tunes: int
    """How many real tunes were read."""
    real_tunes_from: str | None
    """What they are: `held-out tunes`, or `tunes of the index`; None if none was read."""
    usual_distance: int
    """The commonest distance between bar lines without the intervention, in tokens."""
    classes: tuple[tuple[str, float], ...]
    """Of a direction: the two sets of tunes that it was learnt from, and the mean of each along
    it."""
    effects: tuple[Effect, ...]
    """All measures."""
    left_out: tuple[str, ...]
    """What was not measured, and why."""
    changes_bar_lines: bool | None
    """Whether the intervention changes bar lines more than the controls do; None without controls.
    That is so where the share of bars that add up, or the probability of bar lines where real tunes
    have them, differs from that under the controls beyond a 97.5% interval, and has changed more
    than under each of the controls."""

    def effect(self, name: str) -> Effect:
        """The effect on a measure; KeyError if it was not measured."""
        return {effect.name: effect for effect in self.effects}[name]


@public
def intervene(
    intervention: Intervention | Patching | Steering,
    model: Model | str | Path | None = None,
    n: int = 200,
    *,
    index: Index | str | Path | None = None,
    meter: str | None = None,
    key: str | None = None,
    temperature: float = 1.0,
    max_tokens: int = 1000,
    seed: int | None = None,
    controls: int = CONTROLS,
    real_tunes: int = REAL_TUNES,
    progress: Progress = silent,
) -> Experiment:
    """What an intervention changes in what a model writes, and in what it predicts of real tunes.

    intervention: on units (Intervention, ablate), states of a trace (patch) or a direction (steer).
    n tunes are written with it, as many without on the same random numbers, and as many with each
    control. A control of units is the same intervention on random other units of the layer, of like
    variance; of states, those of another step of the same trace; of a direction, its numbers given
    to other units of like variance. real_tunes: how many are read, those held out from the
    model if the index has them, else any. index: open, or its path (default: your own); without an
    index, neither copying nor real tunes are measured. The intervals are of the paired bootstrap
    (Efron 1979) over tunes, and over controls too where these count.
    The other arguments are as for sample. Raises QueryError and ModelFileError as sample does.
    """
    opened = open_model(model)
    if not isinstance(intervention, Intervention | Patching | Steering):
        right = "an Intervention, or what ablate, patch and steer give"
        raise refused("intervention", intervention, right)
    intervention.on(opened)  # a wrong one is refused before anything is written
    for name, number in (("controls", controls), ("real_tunes", real_tunes)):
        if number < 0:
            raise refused(name, number, "0 or more")
    seed = random_seed() if seed is None else seed
    with ExitStack() as stack:
        searched: Index | None = None
        left_out: list[str] = []
        try:
            searched = stack.enter_context(given_or_default(index))
        except IndexFileError as error:
            if index is not None:
                raise
            left_out.append(f"copying and real tunes: {str(error).split(';')[0]}")
        real: list[TuneToTrace] = []
        real_from: str | None = None
        if searched is not None:
            real, real_from = _real_tunes(opened, searched, real_tunes, seed)
            if not real and real_tunes:
                left_out.append("real tunes: the index has none that the model can read")
        if searched is not None and not opened.tokens.stands_on_c:
            left_out.append("copying: the model does not write on C, as the index does")

        def write(changes: Sequence[Intervening], what: str) -> list[Sampled]:
            written = []
            for one in sample(n, opened, meter=meter, key=key, temperature=temperature,
                              max_tokens=max_tokens, seed=seed, changes=changes):  # fmt: skip
                written.append(one)
                progress(f"writing, {what}", len(written))
            return written

        baseline = write([], "baseline")
        made = _Controls(opened, intervention, baseline[:_WATCHED], controls, seed)
        conditions: list[list[Intervening]] = [[], [intervention], *([one] for one in made.changes)]
        names = ["baseline", "intervention"]
        names += [f"control {number + 1}" for number in range(len(made.changes))]
        written = [baseline]
        written += [write(one, what) for one, what in zip(conditions[1:], names[1:], strict=True)]
        usual = commonest_distance(baseline)
        measures: list[EffectMeasure] = list(OF_SAMPLES)
        columns: list[dict[str, Ratios]] = [measure_samples(one, usual) for one in written]
        if searched is not None and opened.tokens.stands_on_c:
            measures += OF_COPYING
            for column, some, what in zip(columns, written, names, strict=True):
                progress(f"checking, {what}", 0)
                column.update(measure_copying(some, searched))
        if isinstance(intervention, Steering):
            headers = header_measures(written)
            measures += [*headers, _PROJECTION]
            for column, some in zip(columns, written, strict=True):
                column.update(measure_headers(some, [one.name for one in headers]))
                column["projection"] = _projections(opened, some, intervention)
        if real:
            measures += OF_REAL_TUNES
            for column, change, what in zip(columns, conditions, names, strict=True):
                progress(f"reading, {what}", 0)
                column.update(measure_readings(trace_each(opened, real, change)))
    if not made.changes and controls:
        left_out.append(f"controls: {made.reason}")
    comparison = _Comparison(columns, seed)
    effects = tuple(comparison.effect(measure) for measure in measures)
    return Experiment(
        model=opened.name,
        described=intervention.described,
        intervention=intervention if isinstance(intervention, Intervention) else None,
        variance=made.variance,
        control_units=tuple(made.units),
        controls=len(made.changes),
        n=n,
        seed=seed,
        real_tunes=len(real),
        real_tunes_from=real_from if real else None,
        usual_distance=usual,
        classes=_classes(intervention),
        effects=effects,
        left_out=tuple(left_out),
        changes_bar_lines=comparison.is_beyond(
            [one for one in (ADDING_UP, BAR_LINE_WRITTEN) if one in measures]
        ),
    )


def _real_tunes(model: Model, index: Index, most: int, seed: int) -> tuple[list[TuneToTrace], str]:
    """Tunes of an index for the model to read, and what they are: those held out from it if the
    index has them, else any; a random choice if there are more."""
    what = "held-out tunes"
    ids: list[int] = []
    if trained_on(model, "held_out"):
        with suppress(ModelFileError):  # of another index
            ids = held_out_ids(model, index)
    if not ids:
        what = "tunes of the index"
        ids = sorted(index.catalogue.setting_groups())
    known = set(model.tokens.names)
    found: list[TuneToTrace] = []
    for place in np.random.default_rng([seed, 4]).permutation(len(ids)).tolist():
        if len(found) == most:
            break
        tokens = index.tokens(ids[place])
        if 0 < len(tokens) <= LONGEST and known.issuperset(tokens):
            found.append(TuneToTrace(tokens))
    return found, what


def _projections(model: Model, tunes: Sequence[Sampled], steering: Steering) -> Ratios:
    """How far each tune lies along a direction, as the unchanged network reads it."""
    direction = steering.direction
    rows = [
        (float(direction.projection(one.values(direction.layer, direction.part)).mean()), 1.0)
        for one in traces_of(model, tunes, direction.part)
    ]
    return np.array(rows).reshape(len(rows), 2)


def _classes(intervention: Intervening) -> tuple[tuple[str, float], ...]:
    if not isinstance(intervention, Steering):
        return ()
    learnt = intervention.direction
    return (learnt.a, learnt.projections[0]), (learnt.b, learnt.projections[1])


class _Controls:
    """The controls of an intervention.

    changes: what is made; units: of each control of units; variance: of the units of the
    intervention; reason: why there is none.
    """

    def __init__(
        self, model: Model, intervention: Intervening, tunes: Sequence[Sampled], count: int,
        seed: int,
    ) -> None:  # fmt: skip
        self.changes: list[Intervening] = []
        self.units: list[ControlUnits] = []
        self.variance: float | None = None
        self.reason = ""
        if isinstance(intervention, Patching):
            self._patches(intervention, count, seed)
            return
        made = intervention.direction if isinstance(intervention, Steering) else intervention
        variance = watch(traces_of(model, tunes, made.part), made.layer, made.part).variance
        if isinstance(intervention, Steering):
            for number in range(count):
                vector = _shuffled(intervention.direction.vector, variance, [seed, 5, number])
                moved = replace(intervention.direction, vector=vector)
                self.changes.append(replace(intervention, direction=moved))
            return
        if not intervention.units:
            self.variance = None
            self.changes = [intervention] * count
            return
        self.variance = _mean_variance(variance, intervention.units)
        for units in control_units(variance, intervention.units, count, seed):
            self.changes.append(replace(intervention, units=units))
            self.units.append(ControlUnits(units, _mean_variance(variance, units)))
        self.reason = (
            f"only {model.sizes.units - len(intervention.units)} of the {model.sizes.units} units "
            "are left to choose them from"
        )

    def _patches(self, intervention: Patching, count: int, seed: int) -> None:
        """The states of other steps of the same tune."""
        traced = intervention.source
        steps = [step for step in range(1, len(traced.read) + 1) if step != intervention.step]
        drawn = np.random.default_rng([seed, 6]).permutation(steps)[:count].tolist()
        for step in drawn:
            self.changes.append(
                patch(traced, step, in_layers=intervention.layers, at=intervention.at)
            )
        self.reason = "the trace has no other step"


def _mean_variance(variance: NDArray[np.float64], units: Iterable[int]) -> float:
    return float(np.mean([variance[unit - 1] for unit in units]))


_NEIGHBOURS: Final = 8


def _shuffled(
    vector: Sequence[float], variance: NDArray[np.float64], seed: Sequence[int]
) -> tuple[float, ...]:
    """The numbers of a vector given to other units, of the eight with the nearest variance."""
    random = np.random.default_rng(seed)
    order = np.argsort(variance, kind="stable")
    found = np.array(vector)
    for first in range(0, len(order), _NEIGHBOURS):
        some = order[first : first + _NEIGHBOURS]
        found[random.permutation(some)] = np.array(vector)[some]
    return tuple(found.tolist())


class _Comparison:
    """Means and their intervals, by the bootstrap, in which all conditions share the tunes.

    columns: of the baseline, the intervention and each control: each measure's ratios.
    """

    def __init__(self, columns: Sequence[Mapping[str, Ratios]], seed: int) -> None:
        self._columns = columns
        self._controls = len(columns) - 2
        random = np.random.default_rng([seed, 7])
        every = max(self._controls, 1)
        drawn = random.multinomial(every, np.full(every, 1 / every), size=RESAMPLES)
        self._repeats = drawn / every
        self._seed = seed

    def _drawn(self, name: str) -> NDArray[np.float64]:
        """Of each condition, the measure of the tunes and then of resampled tunes: (conditions,
        1 + resamples), NaN where nothing can be measured."""
        ratios = np.stack([column[name] for column in self._columns])
        count = ratios.shape[1]
        random = np.random.default_rng([self._seed, 8, count])
        weights = np.ones((1 + RESAMPLES, count))
        weights[1:] = random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
        sums = np.einsum("rt,ctk->crk", weights, ratios, optimize=True)
        unknown = np.full(sums.shape[:2], np.nan)
        found = np.divide(sums[..., 0], sums[..., 1], out=unknown, where=sums[..., 1] > 0)
        if count < 2:
            found[:, 1:] = np.nan  # a single tune has no interval
        return np.asarray(found)

    def _mean(self, drawn: NDArray[np.float64], level: float = CONFIDENCE) -> EffectMean:
        """The mean, and the percentiles of its resamples. drawn: (1 + resamples,)."""
        if np.isnan(drawn[0]):
            return EffectMean(None, None, None)
        known = drawn[1:][~np.isnan(drawn[1:])]
        if not len(known):
            return EffectMean(float(drawn[0]), None, None)
        return EffectMean(float(drawn[0]), *percentile_interval(known, level))

    def _over_controls(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean over controls, and that over resampled controls."""
        controls = drawn[2:]
        resampled = np.einsum("rc,cr->r", self._repeats, controls[:, 1:])
        return np.concatenate([controls[:, :1].mean(axis=0), resampled])

    def effect(self, measure: EffectMeasure) -> Effect:
        """The effect on a measure."""
        drawn = self._drawn(measure.name)
        control = self._over_controls(drawn) if self._controls else None
        return Effect(
            name=measure.name,
            label=measure.label,
            unit=measure.unit,
            baseline=self._mean(drawn[0]),
            intervention=self._mean(drawn[1]),
            control=None if control is None else self._mean(control),
            controls=tuple(None if np.isnan(one) else float(one) for one in drawn[2:, 0]),
            change=self._mean(drawn[1] - drawn[0]),
            control_change=None if control is None else self._mean(control - drawn[0]),
            beyond=None if control is None else self._mean(drawn[1] - control),
        )

    def is_beyond(self, measures: Sequence[EffectMeasure]) -> bool | None:
        """Whether the intervention changes one of some measures more than the controls do."""
        if not self._controls:
            return None
        level = 1 - (1 - CONFIDENCE) / len(measures)  # Bonferroni
        for measure in measures:
            drawn = self._drawn(measure.name)
            beyond = self._mean(drawn[1] - self._over_controls(drawn), level)
            changes = np.abs(drawn[1:, 0] - drawn[0, 0])
            if (
                beyond.low is not None
                and beyond.high is not None
                and not beyond.low <= 0 <= beyond.high
                and changes[0] > changes[1:].max()
            ):
                return True
        return False
