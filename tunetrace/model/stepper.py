"""One token further in many transcriptions at once, as fast as the processor multiplies.

The network's weights are laid out once for oneDNN, the library in PyTorch that multiplies matrices
on the CPU. A step is then one product a layer. Every product has the same number of rows, and
threads do not share one. So what is computed of a transcription is the same to the last bit,
whatever its row and its neighbours, and whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunetrace.model.hooks import Changes, Hook, Where
from tunetrace.model.network import CELL, Network

if TYPE_CHECKING:
    from tunetrace.model.records import Precision

ROWS: Final = 128
"""The rows of every product. A thread writes a tenth more tokens a second than with 64."""

_LANES: Final = 32
"""Units are filled up to a multiple of it. PyTorch rounds a sigmoid differently, in the last bit,
if fewer numbers are left over. With this none are."""

_NO_CHANGES: Final = Changes()

Product = Callable[[Tensor], Tensor]


class Stepper:
    """A network's weights, ready for steps of ROWS transcriptions.

    precision: of the products inside the layers. Cell states, sums, the product before the softmax
    and the logits are float32 either way. The network must not change afterwards.

    Both tanh of a layer are computed as sigmoids, tanh(x) = 2 sigmoid(2x) - 1, which are six times
    as fast here. So the weights of the cell gate are doubled beforehand. A cell is kept as twice
    its state and a hidden state as half of it, and the weights that read it are doubled.
    """

    def __init__(self, network: Network, precision: Precision = "float32") -> None:
        with torch.inference_mode():
            self.network_units = network.sizes.units
            self.units = -(-network.sizes.units // _LANES) * _LANES
            self.dtype = torch.float32 if precision == "float32" else torch.bfloat16
            first, *others = network.layers
            # A token's row: what its one-hot vector brings to the gates, bias included.
            self.table = self._gates(first.from_input) + self._gates(first.bias[None])
            self.device = self.table.device
            self.products = [_product(self._from_hidden(first.from_hidden), None, self.dtype)]
            for layer in others:
                weights = torch.cat(
                    [self._from_hidden(layer.from_input), self._from_hidden(layer.from_hidden)]
                )
                bias = self._gates(layer.bias[None])[0]
                self.products.append(_product(weights, bias, self.dtype))
            self.to_tokens = _product(
                2 * self._padded(network.to_tokens, 0), network.token_bias.clone(), torch.float32
            )
            self.first_half = [self._padded(layer.initial_hidden) / 2 for layer in network.layers]
            self.first_cell = [self._padded(layer.initial_cell) * 2 for layer in network.layers]

    def rows(self) -> Rows:
        """The states of ROWS transcriptions, none of which has a token yet."""
        return Rows(self)

    def _padded(self, weights: Tensor, axis: int = -1) -> Tensor:
        """Zeros after the units along an axis: such a unit stays at zero and is read as zero."""
        size = list(weights.shape)
        size[axis] = self.units - size[axis]
        return torch.cat([weights, weights.new_zeros(size)], axis)

    def _gates(self, weights: Tensor) -> Tensor:
        """(n, 4 x units) filled up gate by gate, the cell gate's doubled."""
        gates = self._padded(weights.view(len(weights), 4, -1))
        gates[:, CELL] *= 2
        return gates.flatten(1)

    def _from_hidden(self, weights: Tensor) -> Tensor:
        """(units, 4 x units) for hidden states that are halved."""
        return 2 * self._padded(self._gates(weights), 0)


class Rows:
    """What the layers remember of ROWS transcriptions, and the step by one token."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        units, device = stepper.units, stepper.device
        self.where = Where(np.zeros(ROWS, dtype=np.int64), np.zeros(ROWS, dtype=np.int64))
        """Which transcription each row is, for what changes the layers, and its last step."""
        with torch.inference_mode():
            self._halves = [half.expand(ROWS, units).clone() for half in stepper.first_half]
            self._cells = [cell.expand(ROWS, units).clone() for cell in stepper.first_cell]
            # What the products read: hidden states in their precision.
            self._read = [half.to(stepper.dtype, copy=True) for half in self._halves]
            self._both = torch.empty(ROWS, 2 * units, dtype=stepper.dtype, device=device)
            self._gates = torch.empty(ROWS, 4 * units, device=device)

    @torch.inference_mode()
    def step(
        self, tokens: NDArray[np.int64], changes: Changes = _NO_CHANGES
    ) -> NDArray[np.float32]:
        """The logits (ROWS, tokens) of what follows one more token (ROWS,) of each.

        changes: to make in the layers. Without any, the bits are the same as with one that changes
        nothing.
        """
        self.where.steps[:] += 1
        if not changes.wait:
            return self._step(tokens, changes.hook(self.where))
        states = (*self._halves, *self._cells, *self._read)
        before = [state.clone() for state in states]
        logits = self._step(tokens, changes.hook(self.where))
        for state, earlier in zip(states, before, strict=True):
            state.copy_(earlier)
        return self._step(tokens, changes.hook(self.where, logits))

    def _step(self, tokens: NDArray[np.int64], hook: Hook | None) -> NDArray[np.float32]:
        stepper = self._stepper
        numbers = torch.from_numpy(tokens).to(stepper.device)
        for layer, product in enumerate(stepper.products):
            gates = self._gates
            if layer == 0:
                torch.index_select(stepper.table, 0, numbers, out=gates)
                gates.add_(product(self._read[0]))
            else:
                torch.cat([self._read[layer - 1], self._read[layer]], 1, out=self._both)
                gates = product(self._both)
                if gates.dtype != torch.float32:
                    gates = self._gates.copy_(gates)
            if hook is None:
                _cell_step(gates, self._cells[layer], self._halves[layer])
            else:
                self._hooked_step(gates, layer, hook)
            self._read[layer].copy_(self._halves[layer])
        return cast("NDArray[np.float32]", stepper.to_tokens(self._halves[-1]).cpu().numpy())

    @torch.inference_mode()
    def copy(self, rows: Sequence[int], other: Rows, tunes: Sequence[int] = ()) -> None:
        """Set some rows to the state of the first row of others. tunes: which they are then."""
        self.where.tunes[list(rows)] = tunes or 0
        self.where.steps[list(rows)] = other.where.steps[0]
        places = torch.tensor(rows, device=self._stepper.device)
        own = (*self._halves, *self._cells, *self._read)
        others = (*other._halves, *other._cells, *other._read)
        for mine, theirs in zip(own, others, strict=True):
            mine.index_copy_(0, places, theirs[0].expand(len(rows), -1))

    def _hooked_step(self, gates: Tensor, layer: int, hook: Hook) -> None:
        """The same as _cell_step with a hook between its parts, which sees the values themselves.

        To double and to halve is exact, so that the bits are those of _cell_step.
        """
        units = self._stepper.network_units
        cell, half = self._cells[layer], self._halves[layer]
        every = gates.sigmoid_().view(len(cell), 4, -1)
        i, f, g, o = every.unbind(1)
        g.sub_(0.5).mul_(2)
        hook(layer, "gates", every[..., :units])
        cell.mul_(f).add_(g.mul_(i), alpha=2)
        cell.div_(2)
        hook(layer, "cell", cell[:, :units])
        torch.sigmoid(cell.mul_(2), out=half)
        half.sub_(0.5).mul_(o).mul_(2)
        hook(layer, "hidden", half[:, :units])
        half.div_(2)


def _cell_step(gates: Tensor, cell: Tensor, half: Tensor) -> None:
    """Take doubled cells and halved hidden states (n, units) one step further, in place.

    gates: (n, 4 x units), before the sigmoid, the cell gate's doubled; used up.
    """
    i, f, g, o = gates.sigmoid_().view(len(cell), 4, -1).unbind(1)
    # 2 c' = f 2c + 2 i tanh, where tanh = 2 sigmoid - 1.
    cell.mul_(f).add_(g.sub_(0.5).mul_(i), alpha=4)
    # h' / 2 = o tanh(c') / 2
    torch.sigmoid(cell, out=half)
    half.sub_(0.5).mul_(o)


def _product(weights: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Product:
    """x (ROWS, in) -> x @ weights (in, out) + bias, in this precision."""
    by_output = weights.t().to(dtype).contiguous()
    bias = None if bias is None else bias.to(dtype)
    onednn: Any = torch.ops.mkldnn
    has_bfloat16: Any = getattr(onednn, "_is_mkldnn_bf16_supported", lambda: False)
    if dtype == torch.float32 or has_bfloat16():  # or it would be emulated
        try:
            packed = onednn._reorder_linear_weight(by_output, ROWS)
            onednn._linear_pointwise(by_output[:1].expand(ROWS, -1), packed, bias, "none", [], "")
        except (RuntimeError, AttributeError):
            pass  # a GPU, another PyTorch, or a processor that oneDNN does not know
        else:
            return lambda x: cast(Tensor, onednn._linear_pointwise(x, packed, bias, "none", [], ""))
    return lambda x: torch.nn.functional.linear(x, by_output, bias)
