"""The network: LSTM layers over one-hot tokens and a softmax, as in folk-rnn (Sturm et al. 2016).

Transcriptions are laid out without padding. They are sorted from the longest to the shortest, and
the first tokens of all of them come first, then the second tokens of those that have one, and so
on: N tokens in all. `rows` says how many transcriptions have a token at each step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import torch
from torch import Tensor, nn

from tunetrace.model.hooks import Hook

INPUT, FORGET, CELL, OUTPUT = range(4)
"""The order of the gates in a layer's weights, which is Lasagne's and PyTorch's."""

MAX_TOKENS: Final = 4096
MAX_UNITS: Final = 8192
MAX_LAYERS: Final = 32
"""The limits of a file; the published networks have 137 tokens, 512 units and 3 layers."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many tokens the network knows, units a layer has, and layers there are."""

    tokens: int = 137
    units: int = 512
    layers: int = 3

    @property
    def parameters(self) -> int:
        """How many numbers are trained: 5,599,881 with folk-rnn's sizes."""
        gates = 4 * self.units
        first = gates * (self.tokens + self.units + 1)
        others = (self.layers - 1) * gates * (2 * self.units + 1)
        return first + others + self.units * self.tokens + self.tokens


class State(NamedTuple):
    """What the layers remember of each of B transcriptions: each (layers, B, units) float32."""

    hidden: Tensor
    cell: Tensor


class Layer(nn.Module):
    """One LSTM layer (Hochreiter and Schmidhuber 1997, with forget gates, without peepholes).

    from_input: (inputs, 4 x units), from_hidden: (units, 4 x units), bias: (4 x units,), each with
    the gates side by side. The states that it begins with belong to the model and are not trained.
    """

    initial_hidden: Tensor
    initial_cell: Tensor

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.from_input = nn.Parameter(torch.empty(inputs, 4 * units))
        self.from_hidden = nn.Parameter(torch.empty(units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        self.register_buffer("initial_hidden", torch.zeros(units))
        self.register_buffer("initial_cell", torch.zeros(units))

    def forward(
        self, from_input: Tensor, rows: Sequence[int], gate_clip: float = math.inf
    ) -> Tensor:
        """The hidden states (N, units) of N tokens. from_input: (N, 4 x units), without bias."""
        dtype = from_input.dtype
        hidden: Tensor = _Recurrence.apply(  # type: ignore[no-untyped-call]
            from_input + self.bias.to(dtype),
            self.from_hidden.to(dtype),
            self.initial_hidden,
            self.initial_cell,
            rows,
            gate_clip,
        )
        return hidden


class Network(nn.Module):
    """The layers and the softmax.

    dropout: the share of a layer's output that training hides. gate_clip: the bound of derivatives
    by the gates at each step, as in Lasagne's LSTM layer; infinite unless it is set.
    """

    def __init__(self, sizes: Sizes, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes = sizes
        self.dropout = dropout
        self.gate_clip = math.inf
        inputs = [sizes.tokens] + [sizes.units] * (sizes.layers - 1)
        layers = nn.ModuleList(Layer(size, sizes.units) for size in inputs)
        self.layers = cast(Sequence[Layer], layers)
        self.to_tokens = nn.Parameter(torch.empty(sizes.units, sizes.tokens))
        self.token_bias = nn.Parameter(torch.zeros(sizes.tokens))

    def initialize(self, generator: torch.Generator) -> None:
        """Random weights to train from: uniform, with the width of Glorot and Bengio (2010).

        Recurrent weights are orthogonal (Saxe et al. 2013), and forget gates begin open
        (Jozefowicz et al. 2015).
        """
        with torch.no_grad():
            for layer in self.layers:
                units = layer.from_hidden.shape[0]
                for gate in range(4):
                    part = slice(gate * units, (gate + 1) * units)
                    nn.init.xavier_uniform_(layer.from_input[:, part], generator=generator)
                    nn.init.orthogonal_(layer.from_hidden[:, part], generator=generator)
                layer.bias.zero_()
                layer.bias[FORGET * units : (FORGET + 1) * units] = 1.0
            nn.init.xavier_uniform_(self.to_tokens, generator=generator)
            self.token_bias.zero_()

    def forward(
        self, tokens: Tensor, rows: Sequence[int], precision: torch.dtype = torch.float32
    ) -> Tensor:
        """The logits (N, tokens), float32, of what follows each of N tokens (N,) int64.

        precision: of the matrix products; states and sums are float32 all the same.
        """
        hidden = tokens
        for number, layer in enumerate(self.layers):
            if number == 0:
                # A one-hot vector times a matrix is one of its rows. embedding sums their
                # derivatives in float32 and in one order, which weights[tokens] does not.
                from_input = nn.functional.embedding(tokens, layer.from_input).to(precision)
            else:
                from_input = hidden @ layer.from_input.to(precision)
            hidden = layer(from_input, rows, self.gate_clip)
            hidden = nn.functional.dropout(hidden, self.dropout, self.training)
        return (hidden @ self.to_tokens.to(precision)).float() + self.token_bias

    def initial_state(self, batch: int) -> State:
        """What the layers remember of each of `batch` transcriptions before their first token."""
        hidden = torch.stack([layer.initial_hidden for layer in self.layers])
        cell = torch.stack([layer.initial_cell for layer in self.layers])
        units = self.sizes.units
        return State(
            hidden[:, None].expand(-1, batch, units).clone(),
            cell[:, None].expand(-1, batch, units).clone(),
        )

    def step(self, tokens: Tensor, state: State, hook: Hook | None = None) -> tuple[Tensor, State]:
        """The logits (B, tokens) after one more token (B,) of each transcription, and the state.

        hook: sees the gates, the cell and the hidden states of each layer, and may change them.
        """
        hidden, cell = list(state.hidden), list(state.cell)
        for number, layer in enumerate(self.layers):
            weights = layer.from_input
            from_input = weights[tokens] if number == 0 else hidden[number - 1] @ weights
            gates = from_input + layer.bias + hidden[number] @ layer.from_hidden
            if hook is None:
                hidden[number], cell[number] = _cell_step(gates, cell[number])
            else:
                hidden[number], cell[number] = _hooked_step(gates, cell[number], hook, number)
        logits = hidden[-1] @ self.to_tokens + self.token_bias
        return logits, State(torch.stack(hidden), torch.stack(cell))


def _cell_step(
    sums: Tensor, cell: Tensor, gates: Tensor | None = None, cells: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The new hidden and cell states (B, units) of a layer.

    sums: (B, 4 x units), what the layer below, the hidden state and the bias bring to the gates.
    gates, cells: where to keep the gates and the new cell states, for the derivatives.
    """
    i, f, g, o = torch.sigmoid(sums, out=gates).chunk(4, dim=1)
    proposed = torch.tanh(sums.chunk(4, dim=1)[CELL], out=None if gates is None else g)
    cell = torch.add(f * cell, i * proposed, out=cells)
    return o * torch.tanh(cell), cell


def _hooked_step(sums: Tensor, cell: Tensor, hook: Hook, layer: int) -> tuple[Tensor, Tensor]:
    """The same as _cell_step with a hook between its parts. layer: what the hook is told."""
    gates = torch.sigmoid(sums).view(len(cell), 4, -1)
    i, f, g, o = gates.unbind(1)
    torch.tanh(sums.chunk(4, dim=1)[CELL], out=g)
    hook(layer, "gates", gates)
    cell = f * cell + i * g
    hook(layer, "cell", cell)
    hidden = o * torch.tanh(cell)
    hook(layer, "hidden", hidden)
    return hidden, cell


class _Recurrence(torch.autograd.Function):
    """The recurrence of one layer, and its derivatives.

    The derivatives are written out, since autograd would record a dozen small operations for each
    step. Here a step is one matrix product and a few operations in either direction, and the
    derivatives of the weights are one product over all steps (Werbos 1990).
    """

    @staticmethod
    def forward(
        ctx: Any,
        from_input: Tensor,
        weights: Tensor,
        initial_hidden: Tensor,
        initial_cell: Tensor,
        rows: Sequence[int],
        gate_clip: float,
    ) -> Tensor:
        """(N, units) hidden states; from_input: (N, 4 x units) with the bias."""
        tokens, units = from_input.shape[0], weights.shape[0]
        gates = torch.empty_like(from_input)
        cells = from_input.new_empty(tokens, units, dtype=torch.float32)
        hiddens = from_input.new_empty(tokens, units)
        hidden = initial_hidden.to(from_input.dtype).expand(rows[0], units)
        cell = initial_cell.expand(rows[0], units)
        start = 0
        for count in rows:
            here = slice(start, start + count)
            sums = torch.addmm(from_input[here], hidden[:count], weights)
            opened, cell = _cell_step(sums, cell[:count], gates[here], cells[here])
            hidden = hiddens[here]
            hidden.copy_(opened)
            start += count
        ctx.save_for_backward(weights, initial_hidden, initial_cell, gates, cells, hiddens)
        ctx.rows, ctx.gate_clip = rows, gate_clip
        return hiddens

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> tuple[Tensor | None, ...]:
        weights, initial_hidden, initial_cell, gates, cells, hiddens = ctx.saved_tensors
        (by_hidden,) = upstream
        rows: Sequence[int] = ctx.rows
        units = weights.shape[0]
        before = _places_before(rows, hiddens.device)
        cells_before = _with_first(cells, initial_cell, before, rows[0])
        # What does not depend on later steps, for all steps at once.
        i, f, g, o = gates.view(-1, 4, units).unbind(1)
        squashed = torch.tanh(cells)
        by_input, by_forget = g * i * (1 - i), cells_before * f * (1 - f)
        by_proposed, by_output = i * (1 - g * g), squashed * o * (1 - o)
        factors = torch.stack((by_input, by_forget, by_proposed, by_output), 1).to(gates.dtype)
        to_cell = o * (1 - squashed * squashed)
        by_gates = torch.empty_like(factors)
        by_cell = torch.zeros_like(cells[: rows[0]])
        from_later = torch.zeros_like(by_cell)
        transposed = weights.t().contiguous()
        stop = len(gates)
        for count in reversed(rows):
            here = slice(stop - count, stop)
            by_state = by_hidden[here] + from_later[:count]
            carried = by_cell[:count]
            carried.addcmul_(by_state, to_cell[here])
            torch.mul(factors[here, :OUTPUT], carried[:, None], out=by_gates[here, :OUTPUT])
            torch.mul(factors[here, OUTPUT], by_state, out=by_gates[here, OUTPUT])
            if ctx.gate_clip < math.inf:
                by_gates[here].clamp_(-ctx.gate_clip, ctx.gate_clip)
            carried.mul_(f[here])
            from_later[:count] = by_gates[here].view(count, -1) @ transposed
            stop -= count
        flat = by_gates.view(-1, 4 * units)
        hidden_before = _with_first(hiddens, initial_hidden.to(hiddens.dtype), before, rows[0])
        return flat, hidden_before.t() @ flat, None, None, None, None


def _places_before(rows: Sequence[int], device: torch.device) -> Tensor:
    """The place of the token before each token of a second or later step, (N - rows[0],)."""
    counts = torch.tensor(rows, device=device)
    # A step's rows are the first ones of the step before, which is rows[t - 1] places back.
    places = torch.arange(rows[0], int(counts.sum()), device=device)
    return places - torch.repeat_interleave(counts[:-1], counts[1:])


def _with_first(states: Tensor, first: Tensor, before: Tensor, count: int) -> Tensor:
    """The states before each of N tokens: (N, units)."""
    return torch.cat((first.expand(count, -1), states[before]))
