"""Whether the statements of the post hold for other tunes: their distribution over many.

Each tune is inspected by itself and then forgotten, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import public
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.hooks import UnitPart, needs_gates
from tunetrace.model.inspect.measures.groups import BAR_LINES, METER_AND_KEY, OTHER, group_of
from tunetrace.model.inspect.statements.inspection import (
    Inspection,
    TrainingShares,
    inspect_one,
    shares_for,
    training_shares,
    values_of,
)
from tunetrace.model.inspect.statements.mass import GroupMass, group_sums
from tunetrace.model.inspect.statements.rhythm import Shape
from tunetrace.model.inspect.statements.shifts import FEWEST_TUNES, ShiftTest, UnitTest
from tunetrace.model.inspect.statements.spikes import ANY
from tunetrace.model.inspect.statements.steps import steps_of
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.model.sampling.sampling import sample
from tunetrace.model.trace import CUT_OFF, Trace, TuneToTrace, check_part, trace_each
from tunetrace.model.training.tunes import LONGEST
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import counted

SAMPLE: Final = "sample"
"""In the place of a corpus: tunes that the model writes itself."""

_TARGETS: Final = 12
"""The most frequent tokens that units are tested against, besides all bar lines together."""

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class StatementOverTunes(Record):
    """How a number of the post is distributed over tunes."""

    statement: str
    """What the number is."""
    tunes: int
    """The tunes that have it."""
    median: float
    """Its median over tunes."""
    low: float
    """A tenth of the tunes have less."""
    high: float
    """A tenth of the tunes have more."""
    median_low: float | None
    """Lower end of the interval of the median, 95% or more, by order statistics (Conover 1999);
    None with fewer than six tunes, which have none."""
    median_high: float | None
    """Upper end of that interval."""


@dataclass(frozen=True, slots=True, repr=False)
class UnitOverTunes(Record):
    """In how many tunes a unit does what the post tells of some."""

    unit: int
    """From 1."""
    off: int
    """The tunes in which it never exceeds 0.004."""
    saturated: int
    """The tunes in which it exceeds 0.9998."""
    one_spike: int
    """The tunes in which its spectrum is nearly flat."""
    few_spikes: int
    """The tunes in which it has two to four short spikes."""
    regular_spikes: int
    """The tunes in which it has regular spikes."""
    periodic: int
    """The tunes in which it has a period."""
    period: int | None
    """Its most frequent period, in steps; None if it never has one."""
    with_that_period: int
    """The tunes in which it has that one."""
    before: int
    """The tunes in which it spikes before bar lines of any kind."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenOverTunes(Record):
    """A token that is likely in some tunes which do not have it."""

    token: str
    """The token."""
    tunes: int
    """The tunes in which it gets 0.01 or more somewhere and is never written."""
    writing: int
    """The tunes in which it is written."""


@dataclass(frozen=True, slots=True, repr=False)
class TunesInspection(Record):
    """What the post states of one transcription, over many tunes."""

    model: str
    """The name of the model."""
    source: str
    """The corpus, `sample`, or `trace` for the tunes of a trace."""
    meter: str | None
    """The meter of the tunes; None if any."""
    key: str | None
    """The key of the tunes; None if any."""
    seed: int
    """Of the choice of tunes, of the sampling, and of the shifts."""
    layer: int
    """The layer, from 1."""
    part: UnitPart
    """Which values of its units: `hidden`, `cell`, or a gate."""
    tunes: int
    """How many were inspected."""
    set_aside: tuple[Rejected, ...]
    """The tunes that came up and that the model cannot read, or that are too long."""
    statements: tuple[StatementOverTunes, ...]
    """The distribution of each number over the tunes."""
    groups: tuple[GroupMass, ...]
    """The probability by group of tokens, over all steps of all tunes."""
    training_tunes: int | None
    """The tunes that `groups` are compared with; None if they are not known."""
    training_missing: str
    """Why they are not known; empty if they are."""
    units: tuple[UnitOverTunes, ...]
    """Every unit of the layer."""
    unwritten: tuple[TokenOverTunes, ...]
    """The tokens that are likely and unwritten in a tune; in most tunes first."""
    tested: int
    """How many pairs of a unit and a token were tested; 0 if there are too few tunes."""
    test_missing: str
    """Why there is no test; empty if there is."""
    tests: tuple[UnitTest, ...]
    """The units that go with a token, q up to 0.05; by token, the largest r first."""


@public
def inspect_over(
    corpus: str,
    n: int = 200,
    model: Model | str | Path | None = None,
    *,
    meter: str | None = None,
    key: str | None = None,
    seed: int = 1,
    layer: int | None = None,
    part: UnitPart = "hidden",
    index: Index | str | Path | None = None,
    progress: Progress = silent,
) -> TunesInspection:
    """The statements of the post over n tunes, each with its distribution.

    corpus: a corpus of the index, of which n tunes are drawn at random, or `sample` for tunes that
    the model writes. meter, key: of these tunes (`6/8`; `Cdor` or `dor`). seed: the same draws the
    same tunes. layer: from 1 (default: the last one). index: open, or its path (default: your own).
    Tunes with a token that the model lacks are set aside, and others are drawn. With fewer than 50
    tunes, units are not tested against tokens, and the answer says so. Raises QueryError for a
    corpus that the index lacks and for other arguments, ModelFileError for the model.
    """
    if not 1 <= n <= _MOST:
        raise QueryError(f"the number of tunes cannot be {n}; give 1 to {_MOST:,}")
    if seed < 0:
        raise QueryError(f"the seed cannot be {seed}; give a whole number from 0")
    opened = open_model(model)
    layers = opened.sizes.layers
    check_part(layers, layers if layer is None else layer, part)  # before tunes, which take a while
    set_aside: list[Rejected] = []
    if corpus == SAMPLE:
        progress("sampling", 0)
        written = sample(n, opened, meter=meter, key=key, seed=seed)
        tunes = [TuneToTrace(one.tokens, one.has_ended) for one in written]
    else:
        with given_or_default(index) as searched:
            filters = Filters(corpus=corpus, meter=meter, key=key)
            tunes = _drawn(searched, filters, opened, n, seed, set_aside)
        if not tunes:
            raise QueryError(
                f"the model {opened.name} cannot read any of these tunes of {corpus}; give another "
                "corpus or model"
            )
    shares = training_shares(list(opened.tokens.names), opened, index)
    of_tokens = Counter(token for tune in tunes for token in set(tune.tokens))
    every = Counter(token for tune in tunes for token in tune.tokens)
    made = _Gathered(_targets(of_tokens, every), shares, layer, part, seed, progress)
    found = made.gather(trace_each(opened, tunes, gates=needs_gates(part)), "inspecting")
    return found.record(corpus, meter, key, set_aside)


@public
def inspect_tunes(
    traced: Trace,
    *,
    layer: int | None = None,
    part: UnitPart = "hidden",
    model: Model | str | Path | None = None,
    index: Index | str | Path | None = None,
    seed: int = 1,
    progress: Progress = silent,
) -> TunesInspection:
    """The statements of the post over the tunes of a trace, each with its distribution.

    The arguments are those of inspect_trace; seed is that of the shifts. With fewer than 50 tunes,
    units are not tested against tokens, and the answer says so. Raises as inspect_trace.
    """
    if seed < 0:
        raise QueryError(f"the seed cannot be {seed}; give a whole number from 0")
    values_of(traced, layer, part)  # which refuses what the trace lacks
    of_tokens, every = Counter[str](), Counter[str]()
    for tune in traced:
        written = [traced.names[n] for n in tune.written.tolist() if n != CUT_OFF]
        of_tokens.update(set(written))
        every.update(written)
    shares = shares_for(traced, model, index)
    made = _Gathered(_targets(of_tokens, every), shares, layer, part, seed, progress)
    return made.gather(traced, "inspecting").record("trace", None, None, ())


def _targets(of_tokens: Counter[str], every: Counter[str]) -> tuple[str, ...]:
    """What units are tested against: bar lines, and the most frequent tokens of music.

    of_tokens: the tunes that have each. every: how often each is written.
    """
    frequent = [
        token
        for token, _ in every.most_common()
        if of_tokens[token] >= FEWEST_TUNES and group_of(token) not in (METER_AND_KEY, OTHER)
    ]
    lines = [token for token in frequent if group_of(token) == BAR_LINES]
    others = [token for token in frequent if group_of(token) != BAR_LINES]
    return (ANY, *lines[:_TARGETS], *others[: max(_TARGETS - len(lines), 0)])


def _drawn(
    index: Index, filters: Filters, model: Model, n: int, seed: int, set_aside: list[Rejected]
) -> list[TuneToTrace]:
    """n tunes at random, or all that there are, that the model can read.

    The others that came up are added to set_aside.
    """
    ids = np.array(index.catalogue.admitted(filters) or [], dtype=np.int64)
    np.random.default_rng(seed).shuffle(ids)
    known = set(model.tokens.names) - {model.tokens.names[model.tokens.start],
                                       model.tokens.names[model.tokens.end]}  # fmt: skip
    drawn: list[TuneToTrace] = []
    refused: dict[int, tuple[str, str]] = {}
    for tune in ids.tolist():
        if len(drawn) == n:
            break
        tokens = index.tokens(tune)
        foreign = next((token for token in tokens if token not in known), None)
        if foreign is not None:
            refused[tune] = (f"the model has no token '{foreign}'", "unknown token")
        elif not 0 < len(tokens) <= LONGEST:
            refused[tune] = (f"it has more than {LONGEST:,} tokens", "too long")
        else:
            drawn.append(TuneToTrace(tokens, facts={"id": tune}))
    records = index.catalogue.tunes(list(refused))
    for tune, (reason, kind) in refused.items():
        record = records[tune]
        set_aside.append(
            Rejected(record.reference, None, None, reason, kind, record.number, record.title)
        )
    return drawn


@dataclass
class _Gathered:
    """The sums over tunes."""

    targets: tuple[str, ...]
    training: TrainingShares
    layer: int | None
    part: UnitPart
    seed: int
    progress: Progress
    numbers: dict[str, list[float]] = field(default_factory=dict)
    units: Counter[tuple[int, str]] = field(default_factory=Counter)
    periods: dict[int, Counter[int]] = field(default_factory=dict)
    unwritten: Counter[str] = field(default_factory=Counter)
    writing: Counter[str] = field(default_factory=Counter)
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)
    steps: int = 0
    tunes: int = 0
    last: Inspection | None = None
    test: ShiftTest | None = None

    def gather(self, traces: Iterable[Trace], what: str) -> _Gathered:
        """Add every tune."""
        for traced in traces:
            self._add(traced)
            self.progress(what, self.tunes)
        return self

    def _add(self, traced: Trace) -> None:
        found = inspect_one(traced, self.layer, self.part, TrainingShares({}, None, ""))
        self.last = found
        self.tunes += 1
        self.steps += found.steps
        for name, number in numbers_of(found):
            self.numbers.setdefault(name, []).append(number)
        steps = steps_of(traced)
        for group, (mass, count) in group_sums(traced, steps).items():
            before = self.sums.get(group, (0.0, 0))
            self.sums[group] = (before[0] + mass, before[1] + count)
        self.unwritten.update(one.token for one in found.unwritten)
        self.writing.update(set(steps.tokens))
        self._add_units(found)
        values = values_of(traced, self.layer, self.part)
        if self.test is None:
            self.test = ShiftTest(values.shape[1], self.targets, self.seed)
        music = np.flatnonzero(steps.is_music)
        if len(music):
            targets = np.stack(
                [steps.is_bar_line if name == ANY else steps.writes(name) for name in self.targets],
                axis=1,
            )
            self.test.add(values[music], targets[music].astype(np.float64))

    def _add_units(self, found: Inspection) -> None:
        saturated = set(found.saturated)
        for unit in found.units:
            self.units[unit.unit, unit.shape] += 1
            self.units[unit.unit, "saturated"] += unit.unit in saturated
            self.units[unit.unit, "before"] += ANY in unit.before
            if unit.period is not None:
                self.periods.setdefault(unit.unit, Counter())[unit.period] += 1

    def record(
        self, source: str, meter: str | None, key: str | None, set_aside: Sequence[Rejected]
    ) -> TunesInspection:
        """What came of it."""
        assert self.last is not None
        assert self.test is not None
        missing = ""
        tested, tests = self.test.results()
        if not tested:
            missing = (
                f"a token is tested if at least {FEWEST_TUNES} tunes have it, and there are only "
                f"{counted(self.tunes, 'tune')}"
            )
        unwritten = [
            TokenOverTunes(token, tunes, self.writing[token])
            for token, tunes in self.unwritten.most_common()
        ]
        return TunesInspection(
            model=self.last.model,
            source=source,
            meter=meter,
            key=key,
            seed=self.seed,
            layer=self.last.layer,
            part=self.part,
            tunes=self.tunes,
            set_aside=tuple(set_aside),
            statements=tuple(distribution(name, some) for name, some in self.numbers.items()),
            groups=self.training.of(self.sums, self.steps),
            training_tunes=self.training.tunes,
            training_missing=self.training.missing,
            units=tuple(self._unit(unit.unit) for unit in self.last.units),
            unwritten=tuple(unwritten),
            tested=tested,
            test_missing=missing,
            tests=tests,
        )

    def _unit(self, unit: int) -> UnitOverTunes:
        def tunes(what: Shape) -> int:
            return self.units[unit, what]

        periods = self.periods.get(unit, Counter())
        # Of two that are as frequent, the shorter.
        most = min(periods.items(), key=lambda one: (-one[1], one[0]), default=(None, 0))
        return UnitOverTunes(
            unit=unit,
            off=tunes("off"),
            saturated=self.units[unit, "saturated"],
            one_spike=tunes("one spike"),
            few_spikes=tunes("few spikes"),
            regular_spikes=tunes("regular spikes"),
            periodic=periods.total(),
            period=most[0],
            with_that_period=most[1],
            before=self.units[unit, "before"],
        )


def numbers_of(found: Inspection) -> Iterator[tuple[str, float]]:
    """The numbers of the post's statements on a tune, by what they are, where it has them."""
    small, large = found.small, found.large
    yield "share of activations under 0.07", small.share
    yield "share of activations over 0.8", large.share
    yield "units over 0.8 at a step (mean)", large.units
    yield "units over 0.8 at a step (most)", large.most_units
    yield "units that never exceed 0.004", len(found.off)
    yield "units over 0.9998", len(found.saturated)
    yield "units with a nearly flat spectrum", len(found.one_spike)
    yield "units with a few spikes", len(found.few_spikes)
    yield "units with regular spikes", len(found.regular_spikes)
    yield "units with a period", sum(len(one.units) for one in found.periodic)
    if found.periodic:
        yield "period of most units", found.periodic[0].period
        yield "units with that period", len(found.periodic[0].units)
    if found.bar_line_distances:
        most = found.bar_line_distances[0]
        every = sum(one.count for one in found.bar_line_distances)
        yield "most frequent distance of bar lines", most.distance
        yield "share of distances that equal it", most.count / every
    for group in found.groups:
        yield f"probability of {group.group}", group.probability
    yield "likely tokens that are never written", len(found.unwritten)
    for token in found.broken_rhythm:
        if token.token in ("<", ">"):
            yield f"slope of {token.token} (log10 in 100 steps)", token.slope
    if found.accidentals is not None:
        yield "accidentals and naturals, correlation", found.accidentals.median
        yield "the same by chance (95% of shifts)", found.accidentals.chance
    at_parts, elsewhere = found.entropy.at_parts, found.entropy.elsewhere
    if at_parts is not None and elsewhere is not None:
        yield "entropy over pitches, part starts", at_parts
        yield "entropy over pitches, elsewhere", elsewhere
        yield "difference of the two", at_parts - elsewhere
    for unit in found.before:
        if unit.rank == 1:
            line = "any bar line" if unit.bar_line == ANY else unit.bar_line
            yield f"F1 of the best unit before {line}", unit.f1


def distribution(statement: str, numbers: Sequence[float]) -> StatementOverTunes:
    """The distribution of a number over tunes. numbers: one of each tune, at least one."""
    ordered = np.sort(np.array(numbers, dtype=np.float64))
    low, median, high = np.quantile(ordered, (0.1, 0.5, 0.9)).tolist()
    place = median_place(len(ordered))
    return StatementOverTunes(
        statement,
        len(ordered),
        median,
        low,
        high,
        None if place is None else float(ordered[place]),
        None if place is None else float(ordered[-1 - place]),
    )


def median_place(n: int) -> int | None:
    """The place, from 0, of the lower end of the 95% interval of a median among n sorted values.

    The upper end is as far from the other end. The interval covers the median with a probability of
    1 - 2 P(X <= place), X binomial with n and 1/2 (Conover 1999). None if no interval has 95%.
    """
    below = 0
    for place in range(n):
        below += comb(n, place)
        if 2 * below > 0.05 * 2**n:
            return place - 1 if place else None
    return None
