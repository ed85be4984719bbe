"""A direction in the space of a layer's states that two sets of tunes differ along.

It is the difference of the mean states of the two sets (Marks and Tegmark 2023). Added to the
states while a network writes, it steers what is written (activation addition: Turner et al. 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import AS_FOUND, many_paths, public, refused
from tunetrace.corpus.records import Rejected
from tunetrace.documents import (
    foreign,
    is_number,
    kind_of_document,
    load_document,
    save_document,
)
from tunetrace.errors import InputError, QueryError
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.hooks import PLACES, Part, UnitPart, Where, needs_gates
from tunetrace.model.inspect.interventions.intervention import (
    LARGEST,
    check_units,
)
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.model.trace import Trace, TuneToTrace, trace_each
from tunetrace.model.training.tunes import LONGEST
from tunetrace.progress import Progress, silent
from tunetrace.records import Record, to_plain
from tunetrace.text import counted, printable

if TYPE_CHECKING:
    from torch import Tensor

Tunes = str | Path | Sequence[str | Path] | Filters
"""A set of tunes: files, folders, `-` and named corpora, or those of the index that have a meter,
a key or a corpus."""

DIRECTION_FILE: Final = kind_of_document("direction")

_FEWEST: Final = 4
"""Tunes of each set, so that either half has two."""

_SIZES: Final = ("tokens", "units", "layers")


@dataclass(frozen=True, slots=True, repr=False)
class LearntDirection(Record):
    """The difference of the mean states of two sets of tunes, A less B."""

    layer: int
    """From 1."""
    part: UnitPart
    """Which values of the units."""
    vector: tuple[float, ...]
    """One number for each unit. Added to the mean state of B, it gives that of A."""
    a: str
    """What the tunes of A are."""
    b: str
    """What the tunes of B are."""
    tunes: tuple[int, int]
    """How many of A and of B it was learnt from."""
    projections: tuple[float, float]
    """The means of A and of B along the direction. They differ by 1."""
    auc: float
    """How well a direction from one half of the tunes tells A from B in the other half: the
    probability that a tune of A lies further along it than one of B. 0.5 is chance, 1 perfect."""
    model: str
    """The name of the model."""
    identity: str
    """The SHA-256 of its weights."""
    sizes: dict[str, int]
    """The tokens, units and layers of the model."""

    def projection(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """How far states (..., units) lie along the direction, in its own length."""
        vector = np.array(self.vector)
        return np.asarray(values.astype(np.float64) @ vector / (vector @ vector))


@dataclass(frozen=True)
class Steering:
    """A direction that is added to the states at every step."""

    direction: LearntDirection
    by: float

    @property
    def before(self) -> tuple[int, ...]:
        """No token: every step is changed."""
        return ()

    @property
    def described(self) -> str:
        """What is done, in words."""
        learnt = self.direction
        return f"layer {learnt.layer}: {learnt.part} plus {self.by:g} times {learnt.a} - {learnt.b}"

    def on(self, model: Model) -> Steering:
        """Itself; QueryError for another model than the one that it was learnt from."""
        sizes = asdict(model.sizes)
        for name in _SIZES:
            if self.direction.sizes[name] != sizes[name]:
                raise QueryError(
                    f"the direction is of a model with {self.direction.sizes[name]} {name}, but "
                    f"'{model.name}' has {sizes[name]}; give the model '{self.direction.model}'"
                )
        if model.identity != self.direction.identity:
            raise QueryError(
                f"the direction was learnt from '{self.direction.model}', whose weights are not "
                f"those of '{model.name}'; learn one from this model with 'tunetrace model "
                "direction'"
            )
        return self

    def __call__(self, layer: int, part: Part, values: Tensor, where: Where) -> None:
        """Add the direction in every row."""
        import torch

        hooked, gate = PLACES[self.direction.part]
        if layer != self.direction.layer - 1 or part != hooked:
            return
        places = values if gate is None else values[:, gate]
        added = torch.tensor(self.direction.vector, dtype=torch.float64) * self.by
        places.add_(added.to(places)).clamp_(-LARGEST, LARGEST)


@public
def steer(direction: LearntDirection | str | Path, by: float = 1.0) -> Steering:
    """A direction, or its file, to be added to the states of a network at every step.

    by: how many times; 1 is the distance of the means of the two sets, and less than 0 steers away
    from A. Raises InputError for the file, QueryError for a number that is too large.
    """
    if isinstance(direction, str | Path):
        direction = load_direction(direction)
    if not isinstance(direction, LearntDirection):
        raise refused("direction", direction, "a direction, as learn_direction gives, or its file")
    if not is_number(by) or abs(by) > LARGEST:
        raise refused("by", by, f"a number from -{LARGEST:,.0f} to {LARGEST:,.0f}")
    return Steering(direction, float(by))


@public
def learn_direction(
    a: Tunes,
    b: Tunes,
    model: Model | str | Path | None = None,
    *,
    layer: int | None = None,
    part: UnitPart = "hidden",
    n: int = 200,
    index: Index | str | Path | None = None,
    seed: int = 1,
    progress: Progress = silent,
) -> LearntDirection:
    """The direction from tunes B to tunes A among the states of a layer.

    a, b: files, folders, `-` and named corpora, or Filters of the index, such as
    Filters(meter="6/8"). layer: from 1 (default: the last). part: of its units. n: at most so many
    tunes of each set, drawn by the seed. A tune counts by the mean over its steps.
    Raises InputError where a set has too few tunes that the model can read, QueryError for another
    argument.
    """
    opened = open_model(model)
    layer = opened.sizes.layers if layer is None else layer
    if layer < 1:
        raise refused("layer", layer, "a whole number from 1")
    check_units(opened, layer, ())
    if part not in PLACES:
        raise refused("part", part, f"one of {', '.join(PLACES)}")
    if n < _FEWEST:
        raise refused("n", n, f"{_FEWEST} tunes or more")
    means = []
    for number, tunes in enumerate((a, b)):
        tokens = _tokens_of(tunes, opened, index, "ab"[number], progress)
        random = np.random.default_rng([seed, number])
        chosen = [tokens[place] for place in sorted(random.permutation(len(tokens))[:n].tolist())]
        traces = trace_each(opened, map(TuneToTrace, chosen), gates=needs_gates(part))
        means.append(_means(traces, layer, part, progress))
    vector = means[0].mean(axis=0) - means[1].mean(axis=0)
    square = float(vector @ vector)
    if not square:
        raise InputError(
            "the mean states of the two sets are the same, so that there is no direction; give "
            "sets of other tunes"
        )
    return LearntDirection(
        layer=layer,
        part=part,
        vector=tuple(vector.tolist()),
        a=_named(a),
        b=_named(b),
        tunes=(len(means[0]), len(means[1])),
        projections=(
            float(means[0].mean(axis=0) @ vector / square),
            float(means[1].mean(axis=0) @ vector / square),
        ),
        auc=_held_out_auc(means[0], means[1], seed),
        model=opened.name,
        identity=opened.identity,
        sizes=asdict(opened.sizes),
    )


def _tokens_of(
    tunes: Tunes, model: Model, index: Index | str | Path | None, name: str, progress: Progress
) -> list[Sequence[str]]:
    """The tokens of the tunes of a set that the model can read; InputError if they are too few."""
    known = set(model.tokens.names)
    found: list[Sequence[str]] = []
    for number, tokens in enumerate(_read(tunes, index, name, progress), 1):
        progress("reading", number)
        if tokens and len(tokens) <= LONGEST and known.issuperset(tokens):
            found.append(tokens)
    if len(found) < _FEWEST:
        raise InputError(
            f"{_named(tunes)} has {counted(len(found), 'tune')} that '{model.name}' can read; give "
            f"{_FEWEST} tunes or more"
        )
    return found


def _read(
    tunes: Tunes, index: Index | str | Path | None, name: str, progress: Progress
) -> Iterator[Sequence[str]]:
    if isinstance(tunes, Filters):
        if tunes.has_place:
            raise QueryError(
                "a direction is learnt from whole tunes; give filters of the meter, the key, the "
                "corpus or the title alone"
            )
        with given_or_default(index) as opened:
            ids = opened.catalogue.admitted(tunes)
            every = opened.catalogue.setting_groups() if ids is None else ids
            yield from (opened.tokens(tune) for tune in sorted(every))
        return
    found = find_sources(many_paths(tunes, name), AS_FOUND, progress)
    for source in found:
        for tune in source.read(is_only=len(found) == 1):
            if not isinstance(tune, Rejected):
                yield tune.tokens


def _named(tunes: Tunes) -> str:
    """What a set of tunes is called: the names of its files, or its filters."""
    if isinstance(tunes, Filters):
        chosen = {name: getattr(tunes, name) for name in ("meter", "key", "corpus", "title")}
        text = ",".join(f"{name}={value}" for name, value in chosen.items() if value is not None)
        return f"index:{text}"
    several = [tunes] if isinstance(tunes, str | Path) else tunes
    return " ".join(printable(str(one)) for one in several)


def _means(
    traces: Iterator[Trace], layer: int, part: UnitPart, progress: Progress
) -> NDArray[np.float64]:
    """The mean state of each tune: (tunes, units)."""
    found = []
    for traced in traces:
        found.append(traced.values(layer, part).mean(axis=0, dtype=np.float64))
        progress("tracing", len(found))
    return np.array(found)


def _held_out_auc(a: NDArray[np.float64], b: NDArray[np.float64], seed: int) -> float:
    """The area under the ROC curve over halves that the direction was not learnt from, the mean of
    both ways. a, b: (tunes, units)."""
    random = np.random.default_rng([seed, 3])
    orders = [random.permutation(len(one)) for one in (a, b)]
    halves = [
        (one[order[: len(one) // 2]], one[order[len(one) // 2 :]])
        for one, order in zip((a, b), orders, strict=True)
    ]
    areas = []
    for learnt, tested in ((0, 1), (1, 0)):
        vector = halves[0][learnt].mean(axis=0) - halves[1][learnt].mean(axis=0)
        ours, theirs = (half[tested] @ vector for half in halves)
        above = (ours[:, None] > theirs).mean() + (ours[:, None] == theirs).mean() / 2
        areas.append(float(above))
    return float(np.mean(areas))


@public
def save_direction(direction: LearntDirection, path: str | Path, *, force: bool = False) -> None:
    """Write a direction as JSON. force: replace one that is there; OutputError if it cannot."""
    if not isinstance(direction, LearntDirection):
        raise refused("direction", direction, "a direction, as learn_direction gives")
    save_document(path, DIRECTION_FILE, to_plain(direction), force=force)


@public
def load_direction(path: str | Path) -> LearntDirection:
    """Read a direction's file; InputError where it is absent, damaged or foreign."""
    content = load_document(path, DIRECTION_FILE, set(LearntDirection.__dataclass_fields__))
    sizes = content["sizes"]
    texts = ("a", "b", "model", "identity", "part")
    pairs = {"tunes": 2, "projections": 2, "vector": None}
    is_whole = (
        all(isinstance(content[name], str) for name in texts)
        and content["part"] in PLACES
        and isinstance(sizes, dict)
        and set(sizes) == set(_SIZES)
        and all(isinstance(size, int) and is_number(size) for size in sizes.values())
        and isinstance(content["layer"], int)
        and 1 <= content["layer"] <= sizes["layers"]
        and is_number(content["auc"])
        and all(
            isinstance(content[name], list)
            and all(map(is_number, content[name]))
            and len(content[name]) == (length or sizes["units"])
            for name, length in pairs.items()
        )
        and any(content["vector"])
    )
    if not is_whole:
        raise foreign(path, DIRECTION_FILE, "its numbers are damaged or do not go together")
    return LearntDirection(**{**content, **{name: tuple(content[name]) for name in pairs}})
