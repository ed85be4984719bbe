"""What goes on in a network while it writes or reads transcriptions, step by step.

At each step the network reads a token, its layers change their states, and it says how probable
each token is to come next. A trace keeps all of it, of one transcription or of several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.model.hooks import (
    PLACES,
    Change,
    Changes,
    Hook,
    Part,
    Planned,
    UnitPart,
    Where,
    changes_of,
)
from tunetrace.text import counted, one_up_to

if TYPE_CHECKING:
    from torch import Tensor

    from tunetrace.model.records import Model, Precision

FORMAT: Final = 2
CUT_OFF: Final = -1
"""In the place of the token that never came."""

_MOST_AT_ONCE: Final = 128
"""Transcriptions that take their steps together."""

_FEW: Final = 16
"""Up to so many transcriptions take their steps on one thread."""

_MOST_VALUES: Final = 1 << 25
"""Values of all layers that are kept before they are given away: 128 MB."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Memory:
    """What the corpus has of the tokens that were read up to each of S steps."""

    lengths: NDArray[np.int32]
    """(S,) int32, how many of the tokens just read, START included, the corpus has in a row."""
    tunes: NDArray[np.int32]
    """(S,) int32, in how many tunes it has them."""
    probabilities: Floats
    """(S, tokens) float32, how often each token follows them there, as a share: the infinite-gram
    (Liu et al. 2024). What the model has no token for is missing from the sum."""

    @staticmethod
    def join(memories: Sequence[Memory]) -> Memory:
        """Those of several transcriptions, one after another."""
        return Memory(
            np.concatenate([one.lengths for one in memories]),
            np.concatenate([one.tunes for one in memories]),
            np.concatenate([one.probabilities for one in memories]),
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trace:
    """A network's probabilities and states over transcriptions, S steps in all.

    A transcription of n tokens takes n + 1 steps: at the first the network reads START.
    """

    read: NDArray[np.int32]
    """(S,) int32, the number of the token that is read at each step; START begins each tune."""
    written: NDArray[np.int32]
    """(S,) int32, the token that came next; END, or CUT_OFF if none came, is the last of each."""
    probabilities: Floats
    """(S, tokens) float32, of each token to come next, at temperature 1 and with no token left
    out."""
    hidden: Floats
    """(layers, S, units) float32, the hidden states after each step; layer 3 is hidden[2]."""
    cell: Floats
    """(layers, S, units) float32, the cell states after each step."""
    offsets: NDArray[np.int64]
    """(tunes + 1,) int64: tune k has the steps from offsets[k] up to offsets[k + 1]."""
    header: dict[str, Any]
    """`tokens` (the names in the order of their numbers), `sizes`, `model`, `tunes` (what is known
    of each, such as its title or its seed)."""
    gates: Floats | None = None
    """(layers, S, 4, units) float32, the input, forget, cell and output gate; None if they were
    not kept."""
    memory: Memory | None = None
    """What the corpus has; None if no index was asked."""

    def __repr__(self) -> str:
        layers, steps, units = self.hidden.shape
        several = f"{len(self)} tunes, " if len(self) > 1 else ""
        return f"Trace({several}{steps} steps, {layers} layers of {units} units)"

    def __len__(self) -> int:
        """How many transcriptions there are."""
        return len(self.offsets) - 1

    @property
    def names(self) -> list[str]:
        """The tokens of the model, in the order of their numbers."""
        names: list[str] = self.header["tokens"]
        return names

    @property
    def tokens(self) -> list[str]:
        """The transcription, or several one after another: the tokens without START and END."""
        names = self.names
        starts = set(self.offsets[:-1].tolist())
        return [names[n] for step, n in enumerate(self.read.tolist()) if step not in starts]

    @property
    def title(self) -> str:
        """The title of the first transcription, else where it is from, or its number among those of
        a seed; empty if nothing is known."""
        facts = self.header["tunes"][0]
        for name in ("title", "tune", "source"):
            if facts.get(name):
                return str(facts[name])
        if facts.get("number") is None:
            return ""
        seed = facts.get("seed")
        return f"tune {facts['number']}" + ("" if seed is None else f", seed {seed}")

    @property
    def has_ended(self) -> bool:
        """Whether END came after the last token."""
        return int(self.written[-1]) != CUT_OFF

    @property
    def surprisal(self) -> Floats:
        """(S,) float32, -log2 of the probability of each token that came, in bits; NaN where none
        came."""
        return surprisals(self.probabilities, self.written)

    @property
    def entropy(self) -> Floats:
        """(S,) float32, the entropy of each step's probabilities, in bits."""
        return entropies(self.probabilities)

    def values(self, layer: int, part: UnitPart = "hidden") -> Floats:
        """What a part of the units of a layer was at each step: (S, units). layer: from 1.

        QueryError for a layer that the model lacks, another part, and gates that were not kept.
        """
        check_part(len(self.hidden), layer, part)
        seen, gate = PLACES[part]
        if seen != "gates":
            return np.asarray((self.hidden if seen == "hidden" else self.cell)[layer - 1])
        if self.gates is None:
            raise QueryError(
                f"the trace has no {part.replace('-', ' ')}; make one that has the gates with: "
                "tunetrace model trace TUNE -o FILE.npz --gates"
            )
        return np.asarray(self.gates[layer - 1, :, gate])

    @property
    def cache(self) -> dict[str, Floats]:
        """Each part of each layer by name, (S, units): `layer3.hidden`, `layer3.cell`, and with the
        gates `layer3.input-gate` and the others. Layers count from 1 in the names."""
        kept = [part for part in PLACES if self.gates is not None or PLACES[part][0] != "gates"]
        layers = range(1, len(self.hidden) + 1)
        return {f"layer{n}.{part}": self.values(n, part) for n in layers for part in kept}

    def tune(self, k: int) -> Trace:
        """The trace of one transcription, counted from 0; IndexError if there is none."""
        k = range(len(self))[k]
        start, stop = self.offsets[k : k + 2].tolist()
        here = slice(start, stop)
        memory = self.memory
        return Trace(
            self.read[here],
            self.written[here],
            self.probabilities[here],
            self.hidden[:, here],
            self.cell[:, here],
            np.array([0, stop - start], dtype=np.int64),
            {**self.header, "tunes": self.header["tunes"][k : k + 1]},
            None if self.gates is None else self.gates[:, here],
            memory and Memory(memory.lengths[here], memory.tunes[here], memory.probabilities[here]),
        )

    def __iter__(self) -> Iterator[Trace]:
        """The trace of each transcription."""
        return map(self.tune, range(len(self)))

    @staticmethod
    def join(traces: Sequence[Trace]) -> Trace:
        """One trace of several. They are of the same model and keep the same arrays."""
        first = traces[0]

        def joined(name: str, axis: int = 0) -> Any:
            return np.concatenate([getattr(trace, name) for trace in traces], axis)

        sizes = [size for trace in traces for size in np.diff(trace.offsets).tolist()]
        memories = [trace.memory for trace in traces if trace.memory is not None]
        memory = Memory.join(memories) if memories else None
        return Trace(
            joined("read"),
            joined("written"),
            joined("probabilities"),
            joined("hidden", 1),
            joined("cell", 1),
            np.cumsum([0, *sizes], dtype=np.int64),
            {**first.header, "tunes": [one for t in traces for one in t.header["tunes"]]},
            None if first.gates is None else joined("gates", 1),
            memory,
        )


def surprisals(probabilities: Floats, written: NDArray[np.int32]) -> Floats:
    """-log2 of the probability of each token that came, in bits: (S,) float32.

    probabilities: (S, tokens), those of the network or of Memory. It is infinite for what has no
    probability, and NaN where none came (CUT_OFF).
    """
    came = np.where(written == CUT_OFF, 0, written)
    with np.errstate(divide="ignore"):
        bits = -np.log2(probabilities[np.arange(len(came)), came])
    return np.where(written == CUT_OFF, np.float32(np.nan), bits)


def entropies(probabilities: Floats) -> Floats:
    """The entropy of each row in bits, after its sum is made 1: (S,) float32; 0 for a row of zeros.

    probabilities: (S, tokens).
    """
    values = probabilities.astype(np.float64)
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)  # 0 log 0 is 0
    return np.asarray(np.abs((shares * logs).sum(axis=1)), dtype=np.float32)


def check_part(layers: int, layer: int, part: str) -> None:
    """QueryError unless a layer, from 1, is one of so many, and part is a part of its units."""
    if not 1 <= layer <= layers:
        raise QueryError(
            f"there is no layer {layer} in a model of {counted(layers, 'layer')}; give "
            f"{one_up_to(layers)}"
        )
    if part not in PLACES:
        raise QueryError(f"part cannot be '{part}'; give one of {', '.join(PLACES)}")


def numbered_tune(traced: Trace, number: int) -> Trace:
    """The trace of one tune by its number, from 1; QueryError if there is none."""
    if not 1 <= number <= len(traced):
        raise QueryError(
            f"there is no tune {number} in a trace of {counted(len(traced), 'tune')}; give "
            f"{one_up_to(len(traced))}"
        )
    return traced.tune(number - 1)


@dataclass(frozen=True, slots=True)
class TuneToTrace:
    """A transcription whose tokens a network reads."""

    tokens: Sequence[str]
    """Without START and END."""
    has_ended: bool = True
    """Whether the end follows."""
    facts: Mapping[str, Any] | None = None
    """What the header says of it."""


def trace_each(
    model: Model,
    tunes: Iterable[TuneToTrace],
    changes: Sequence[Change | Planned] = (),
    *,
    gates: bool = False,
    sampler: Precision | None = None,
) -> Iterator[Trace]:
    """The trace of each transcription, in their order and in bounded memory.

    changes: to make in the network on the way. gates: keep the gates too. sampler: take the
    sampler's steps in this precision, whose bits are those of the sampling, and not the network's
    own, which are faster for a few transcriptions.
    Raises QueryError for a token, layer or unit that the model lacks, ModelFileError if its weights
    are too large.
    """
    kept = model.sizes.layers * model.sizes.units * (6 if gates else 2) + model.sizes.tokens
    begin = _sampler_steps(model, sampler) if sampler else _network_steps(model)
    made = changes_of(model, changes)
    together: list[TuneToTrace] = []
    values = 0
    first = 1  # the number of the first of them
    for tune in tunes:
        size = (len(tune.tokens) + 1) * kept
        if together and (values + size > _MOST_VALUES or len(together) == _MOST_AT_ONCE):
            yield from _trace(model, together, made, gates, begin(len(together)), first)
            first += len(together)
            together, values = [], 0
        together.append(tune)
        values += size
    if together:
        yield from _trace(model, together, made, gates, begin(len(together)), first)


def _numbers(model: Model, tokens: Sequence[str]) -> list[int]:
    """What the network reads of a transcription: START and the numbers of its tokens."""
    known = model.tokens
    numbers = known.encode(tokens)
    framed = {known.start, known.end}.intersection(numbers)
    if framed:
        raise QueryError(
            f"'{known.names[framed.pop()]}' begins or ends every transcription; leave it out of "
            "the tokens"
        )
    return [known.start, *numbers]


def _trace(
    model: Model,
    tunes: Sequence[TuneToTrace],
    changes: Changes,
    gates: bool,
    step: Steps,
    first: int,
) -> list[Trace]:
    """The traces of some transcriptions that take their steps together, the first of them number
    `first`."""
    import torch

    read = [_numbers(model, tune.tokens) for tune in tunes]
    # The longest come first, so that the rows of a step are the first ones of the step before.
    order = sorted(range(len(read)), key=lambda k: -len(read[k]))
    rows = [sum(len(one) > step for one in read) for step in range(len(read[order[0]]))]
    starts = np.cumsum([0, *rows])
    kept = _Kept(model, int(starts[-1]), gates)
    # With a few rows a second thread does not pay, and on a busy machine it is waited for.
    with torch.inference_mode(), _threads(1 if len(read) <= _FEW else None):
        for number, (start, stop) in enumerate(pairwise(starts.tolist())):
            active = order[: stop - start]
            tokens = np.array([read[k][number] for k in active], dtype=np.int64)
            where = Where(
                np.array(active, dtype=np.int64) + first,
                np.full(len(active), number + 1, dtype=np.int64),
            )
            kept.logits[start:stop] = step(
                tokens, where, replace(changes, keep=kept.at(start, stop))
            )
    if not np.isfinite(kept.logits).all():
        raise model.overflow()
    row_of = {k: row for row, k in enumerate(order)}
    return [
        kept.trace(model, tune, read[k], starts[: len(read[k])] + row_of[k])
        for k, tune in enumerate(tunes)
    ]


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """PyTorch with so many threads meanwhile; None for those that it has."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Kept:
    """What n steps give: the first step of all transcriptions, then the second, and so on."""

    def __init__(self, model: Model, n: int, gates: bool) -> None:
        layers, units = model.sizes.layers, model.sizes.units
        self.logits = np.empty((n, model.sizes.tokens), dtype=np.float32)
        self.parts: dict[Part, Floats] = {
            "hidden": np.empty((layers, n, units), dtype=np.float32),
            "cell": np.empty((layers, n, units), dtype=np.float32),
        }
        if gates:
            self.parts["gates"] = np.empty((layers, n, 4, units), dtype=np.float32)

    def at(self, start: int, stop: int) -> Hook:
        """The hook that keeps the first rows of the values of a step at these places."""

        def keep(layer: int, part: Part, values: Tensor) -> None:
            if part in self.parts:
                self.parts[part][layer, start:stop] = values[: stop - start].cpu().numpy()

        return keep

    def trace(
        self, model: Model, tune: TuneToTrace, read: list[int], places: NDArray[np.int64]
    ) -> Trace:
        """The trace of the transcription whose steps are at these places."""
        known = model.tokens
        logits = self.logits[places].astype(np.float64)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        after = known.end if tune.has_ended else CUT_OFF
        return Trace(
            read=np.array(read, dtype=np.int32),
            written=np.array([*read[1:], after], dtype=np.int32),
            probabilities=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
            hidden=self.parts["hidden"][:, places],
            cell=self.parts["cell"][:, places],
            offsets=np.array([0, len(read)], dtype=np.int64),
            header={
                "format": FORMAT,
                "model": model.name,
                "sizes": asdict(model.sizes),
                "tokens": list(known.names),
                "tunes": [dict(tune.facts or {})],
            },
            gates=self.parts["gates"][:, places] if "gates" in self.parts else None,
        )


Steps = Callable[[NDArray[np.int64], Where, Changes], Floats]
"""The logits after one more token of each transcription; the last ones may have ended."""


def _network_steps(model: Model) -> Callable[[int], Steps]:
    """Steps by the network itself, for batches of a size."""
    import torch

    network = model.network
    device = network.to_tokens.device

    def begin(batch: int) -> Steps:
        state = network.initial_state(batch)

        def step(tokens: NDArray[np.int64], where: Where, changes: Changes) -> Floats:
            nonlocal state
            before = type(state)(*(one[:, : len(tokens)] for one in state))
            numbers = torch.from_numpy(tokens).to(device)
            logits, state = network.step(numbers, before, changes.hook(where))
            if changes.wait:
                found = logits.cpu().numpy()
                logits, state = network.step(numbers, before, changes.hook(where, found))
            return np.asarray(logits.cpu().numpy())

        return step

    return begin


def _sampler_steps(model: Model, precision: Precision) -> Callable[[int], Steps]:
    """Steps by the sampler."""
    from tunetrace.model.stepper import ROWS, Stepper

    stepper = Stepper(model.network, precision)

    def begin(batch: int) -> Steps:
        rows = stepper.rows()

        def step(tokens: NDArray[np.int64], where: Where, changes: Changes) -> Floats:
            every = np.zeros(ROWS, dtype=np.int64)
            every[: len(tokens)] = tokens
            rows.where.tunes[: len(tokens)] = where.tunes
            with _threads(1):  # as sampling does; more threads round in another way
                return rows.step(every, changes)[: len(tokens)]

        return step

    return begin
