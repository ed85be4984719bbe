"""Looking at what the layers compute at a step, and changing it before they go on.

The words are those of TransformerLens (Nanda 2022) and pyvene (Wu et al. 2024): a hook sees the
values of one part of one layer, and may write others in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, runtime_checkable

from tunetrace.arguments import refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from tunetrace.model.records import Model

Part = Literal["gates", "cell", "hidden"]
"""What a layer computes at a step, in this order: its gates (B, 4, units) as they act, that is,
after the sigmoid or the tanh, in the order of network.INPUT and the others; then its cell states
and its hidden states (B, units)."""

UnitPart = Literal["hidden", "cell", "input-gate", "forget-gate", "cell-gate", "output-gate"]
"""What a unit has at each step, as users name it. The cell gate is what is proposed to the cell."""

PLACES: Final[dict[UnitPart, tuple[Part, int | None]]] = {
    "hidden": ("hidden", None),
    "cell": ("cell", None),
    "input-gate": ("gates", 0),
    "forget-gate": ("gates", 1),
    "cell-gate": ("gates", 2),
    "output-gate": ("gates", 3),
}
"""Where each is found: the part that a hook sees, and which of its gates."""


def needs_gates(part: UnitPart) -> bool:
    """Whether a trace must keep the gates to have this part of the units."""
    return part in PLACES and PLACES[part][0] == "gates"


Hook = Callable[[int, Part, "Tensor"], None]
"""Called with the number of a layer, from 0, a part of it and its values, which it may change in
place."""


class Where(NamedTuple):
    """Which transcriptions take a step, and which step it is for each: (B,) int64 each.

    Both count from 1. At step 1 the network reads START. A transcription is 0 while several have
    their first tokens in common.
    """

    tunes: NDArray[np.int64]
    steps: NDArray[np.int64]


class Change(Protocol):
    """What changes the values of some units at some steps."""

    @property
    def before(self) -> Sequence[int]:
        """Change a step only if the network would write one of these tokens next: they are the most
        probable ones without this change. Empty: change every step."""

    def __call__(self, layer: int, part: Part, values: Tensor, where: Where) -> None:
        """Change the values of a part of a layer in place. layer: from 0."""


@runtime_checkable
class Planned(Protocol):
    """A change that does not know its model yet, as one that was read from a file."""

    def on(self, model: Model) -> Change:
        """The change of this model; QueryError where the model lacks the layer, a unit or a token
        that it names."""


def changes_of(model: Model, changes: Sequence[Change | Planned]) -> Changes:
    """The changes of a model, checked against its sizes and tokens; QueryError for another type."""
    made: list[Any] = []
    for change in changes if isinstance(changes, Sequence) else [changes]:
        if not isinstance(change, Planned) and not callable(change):
            raise refused("changes", change, "changes of a model, such as ablate(3, [60, 97])")
        made.append(change.on(model) if isinstance(change, Planned) else change)
    return Changes(tuple(made))


@dataclass(frozen=True)
class Changes:
    """Changes that are made together, in their order, and at the end what keeps the values."""

    made: tuple[Change, ...] = ()
    keep: Hook | None = None
    """Sees what is left after the changes; it changes nothing."""

    def __bool__(self) -> bool:
        return bool(self.made) or self.keep is not None

    @cached_property
    def wait(self) -> bool:
        """Whether some depend on what the network would write, so that a step is taken twice."""
        return any(change.before for change in self.made)

    def hook(self, where: Where, logits: NDArray[np.float32] | None = None) -> Hook | None:
        """The hook for a step. logits: (B, tokens), what the step gave without the changes that
        wait; None in the step that gives it."""
        import numpy as np

        if not self:
            return None
        rows: list[NDArray[np.intp] | None] = []  # of each change; None for all
        for change in self.made:
            if not change.before:
                rows.append(None)
            elif logits is None:
                rows.append(np.empty(0, dtype=np.intp))
            else:
                rows.append(np.flatnonzero(np.isin(logits.argmax(axis=1), change.before)))

        def hook(layer: int, part: Part, values: Tensor) -> None:
            for change, some in zip(self.made, rows, strict=True):
                if some is None:
                    change(layer, part, values, where)
                elif len(some):
                    chosen = values[some]
                    change(layer, part, chosen, Where(where.tunes[some], where.steps[some]))
                    values[some] = chosen
            if self.keep is not None:
                self.keep(layer, part, values)

        return hook
