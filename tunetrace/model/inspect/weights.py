"""What the weights of a network say by themselves, before it reads a token.

The softmax matrix V has a row for each token and a column for each unit of the last layer, as in
parts 2 and 3 of Sturm's series on folk-rnn v2 (2017). Its singular vectors are the directions in
which the last layer moves the softmax. Its columns are the shapes over the tokens that single units
add to the logits.

The gates of the first layer have a weight vector for each token. How near two of these are says how
alike a gate treats the tokens (the talk at ICML 2018). The distance is 1 minus the cosine of the
angle between them, after the mean of all tokens was taken away. That mean is taken away because a
vector that is added to all tokens acts like the bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.model.hooks import PLACES
from tunetrace.model.inspect.measures.groups import ACCIDENTAL, PITCH, grouped
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.records import Record
from tunetrace.tokenizer.layout.pitches import sounding
from tunetrace.tokenizer.transpose import Pitch

Floats = NDArray[np.float64]

_GATES: Final = tuple(
    part.removesuffix("-gate") for part, (seen, _) in PLACES.items() if seen == "gates"
)

VECTORS: Final = 8
"""Singular vectors that are described."""

FAVOURED: Final = 6
"""Tokens that are named at either end of a vector or of the bias."""

OCTAVES: Final = "octave"
ENHARMONICS: Final = "enharmonic"


@dataclass(frozen=True, slots=True, repr=False)
class TokenWeight(Record):
    """A token and a number of it."""

    token: str
    """The token."""
    weight: float
    """Its weight in a vector, or its probability."""


@dataclass(frozen=True, slots=True, repr=False)
class SingularVector(Record):
    """A singular vector of the softmax matrix: what the last layer can do to the logits at once."""

    number: int
    """Its place, from 1, by the singular value."""
    value: float
    """The singular value."""
    share: float
    """Its square as a share of the sum of all squares."""
    raised: tuple[TokenWeight, ...]
    """The tokens with the greatest weights, the greatest first. The greatest weight in magnitude
    is made positive, since the sign of a singular vector is free."""
    lowered: tuple[TokenWeight, ...]
    """The tokens with the lowest weights, the lowest first."""
    units: tuple[int, ...]
    """The units with the most weight in the right singular vector, from 1, the greatest first."""


@dataclass(frozen=True, slots=True, repr=False)
class UnitPair(Record):
    """Two units and the correlation of their columns of the softmax matrix."""

    units: tuple[int, int]
    """Their numbers, from 1."""
    correlation: float
    """Pearson's, over the tokens."""


@dataclass(frozen=True, slots=True, repr=False)
class ColumnCorrelations(Record):
    """How alike the columns of the softmax matrix are, and how like the bias.

    Correlations are Pearson's, over the tokens. That of a column of equal numbers counts as 0.
    """

    mean: float
    """The magnitude of the correlation of two columns, on average; 0 for a single unit."""
    most_alike: UnitPair | None
    """The pair with the highest correlation; None for a single unit."""
    most_opposite: UnitPair | None
    """The pair with the lowest."""
    bias_mean: float
    """The magnitude of the correlation of a column with the bias, on average."""
    bias_most: float
    """The greatest such magnitude."""
    bias_unit: int
    """The unit that has it, from 1."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenDistances(Record):
    """How near a gate of the first layer places tokens of one kind.

    Each token of a pair is compared with other tokens too: for octaves and enharmonics the other
    notes of its partner's group (with or without an accidental), for a group all tokens outside.
    """

    kind: str
    """`octave` (as C and c), `enharmonic` (as ^C and _D), or a group of tokens, as `duration`."""
    pairs: int
    """How many pairs there are."""
    distance: float
    """Of a pair, on average, from 0 (the same direction) over 1 to 2 (the opposite)."""
    others: float
    """The distance of a token of a pair from the others that it is compared with, on average."""
    nearer: float
    """How often a token's partner is nearer than one of these, ties half: 0.5 is chance, 1 is
    always."""


@dataclass(frozen=True, slots=True, repr=False)
class GateDistances(Record):
    """How a gate of the first layer places the tokens."""

    gate: str
    """`input`, `forget`, `cell` or `output`."""
    mean: float
    """The distance of two tokens, on average."""
    kinds: tuple[TokenDistances, ...]
    """For each kind of pairs that the model's tokens have."""


@dataclass(frozen=True, slots=True, repr=False)
class WeightsReport(Record):
    """What the weights of a network say by themselves."""

    model: str
    """Its name."""
    singular_values: tuple[float, ...]
    """Of the softmax matrix, the greatest first."""
    vectors: tuple[SingularVector, ...]
    """The first singular vectors."""
    correlations: ColumnCorrelations
    """Of the columns of the softmax matrix."""
    likeliest: tuple[TokenWeight, ...]
    """The most probable tokens if the last layer gives zeros, so that the bias alone decides."""
    unlikeliest: tuple[TokenWeight, ...]
    """The least probable tokens then, the least probable first."""
    gates: tuple[GateDistances, ...]
    """How the gates of the first layer place the tokens."""


@public
def inspect_weights(model: Model | str | Path | None = None) -> WeightsReport:
    """What the weights of a network say by themselves: of its softmax and of its first layer.

    model: as for open_model, or one that is open. Raises ModelFileError as open_model.
    Method: Sturm, "Making sense of the folk-rnn v2 model", parts 2 and 3 (2017).

    >>> report = inspect_weights()
    >>> len(report.singular_values), report.gates[0].gate
    (152, 'input')
    """
    opened = open_model(model)
    names = opened.tokens.names
    softmax, bias = softmax_of(opened)
    left, values, right = singular_vectors(softmax)
    squares = float((values**2).sum())
    vectors = tuple(
        SingularVector(
            k + 1,
            float(values[k]),
            float(values[k] ** 2) / squares if squares else 0.0,
            _extremes(names, left[:, k], highest=True),
            _extremes(names, left[:, k], highest=False),
            tuple((np.argsort(-np.abs(right[:, k]), kind="stable")[:FAVOURED] + 1).tolist()),
        )
        for k in range(min(VECTORS, len(values)))
    )
    probabilities = bias_probabilities(bias)
    kinds = _kinds(names)
    return WeightsReport(
        opened.name,
        tuple(values.tolist()),
        vectors,
        column_correlations(softmax, bias),
        _extremes(names, probabilities, highest=True),
        _extremes(names, probabilities, highest=False),
        tuple(
            _placed(gate, distances, kinds)
            for gate, distances in zip(_GATES, gate_distances(opened), strict=True)
        ),
    )


# The softmax


def softmax_of(model: Model) -> tuple[Floats, Floats]:
    """The softmax matrix V (tokens, units) and its bias (tokens,), in float64."""
    network = model.network
    weights, bias = (
        one.detach().cpu().double().numpy() for one in (network.to_tokens, network.token_bias)
    )
    return weights.T, bias


def singular_vectors(matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """Left vectors (rows, n), values (n,) and right vectors (columns, n), n the smaller size.

    The greatest weight in magnitude of each left vector is positive.
    """
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    greatest = np.abs(left).argmax(axis=0)
    signs = np.where(left[greatest, np.arange(len(values))] < 0, -1.0, 1.0)
    return np.asarray(left * signs), values, np.asarray(right.T * signs)


def bias_probabilities(bias: Floats) -> Floats:
    """The softmax of the bias alone, (tokens,)."""
    weights = np.exp(bias - bias.max())
    return np.asarray(weights / weights.sum())


def _extremes(names: Sequence[str], values: Floats, *, highest: bool) -> tuple[TokenWeight, ...]:
    """The tokens with the highest or the lowest values; of equal ones the first."""
    order = np.argsort(-values if highest else values, kind="stable")[:FAVOURED]
    return tuple(TokenWeight(names[k], float(values[k])) for k in order)


def correlations(columns: Floats) -> Floats:
    """Pearson's correlation of all pairs of columns: (n, n) of (rows, n).

    That of a column of equal numbers is 0.
    """
    unit = _directions((columns - columns.mean(axis=0)).T)
    return np.asarray(np.clip(unit @ unit.T, -1, 1))


def column_correlations(softmax: Floats, bias: Floats) -> ColumnCorrelations:
    """How alike the columns of a matrix (tokens, units) are, and how like the bias (tokens,)."""
    found = correlations(np.column_stack((softmax, bias)))
    units = softmax.shape[1]
    with_bias = np.abs(found[:-1, -1])
    rows, columns = np.triu_indices(units, 1)
    of_pairs = found[rows, columns]
    alike = opposite = None
    if len(of_pairs):
        alike, opposite = (
            UnitPair((int(rows[k]) + 1, int(columns[k]) + 1), float(of_pairs[k]))
            for k in (of_pairs.argmax(), of_pairs.argmin())
        )
    return ColumnCorrelations(
        float(np.abs(of_pairs).mean()) if len(of_pairs) else 0.0,
        alike,
        opposite,
        float(with_bias.mean()),
        float(with_bias.max()),
        int(with_bias.argmax()) + 1,
    )


# The gates of the first layer


def gate_distances(model: Model) -> Floats:
    """How far each gate of the first layer places the tokens from each other.

    Returns: (4, tokens, tokens), the gates in the order of _GATES: 1 minus the cosine of the angle
    between the weights of two tokens, after the mean of all tokens was taken away. A token whose
    weights are that mean is at 1 from all others.
    """
    layer = model.network.layers[0]
    weights = layer.from_input.detach().cpu().double().numpy()
    found = np.empty((len(_GATES), len(weights), len(weights)))
    for gate, rows in enumerate(np.split(weights, len(_GATES), axis=1)):
        unit = _directions(rows - rows.mean(axis=0))
        found[gate] = np.clip(1 - unit @ unit.T, 0, 2)
        np.fill_diagonal(found[gate], 0)
    return found


def _directions(rows: Floats) -> Floats:
    """Rows as unit vectors; a row of zeros, but for rounding, stays zero."""
    rows = rows / max(float(np.abs(rows).max(initial=0)), np.finfo(float).tiny)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    is_one = lengths > 1e-12
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=is_one))


@dataclass(frozen=True, slots=True)
class _Kind:
    """Pairs of tokens of one kind, by their numbers."""

    name: str
    partners: dict[int, list[int]]
    """The tokens that each token is paired with; a pair is in it twice."""
    others: dict[int, list[int]]
    """What each token is compared with."""


def _kinds(names: Sequence[str]) -> list[_Kind]:
    """The kinds of pairs that tokens have: octaves, enharmonics, and groups."""
    groups = grouped(names)
    notes = [number for group in (PITCH, ACCIDENTAL) for number in groups.get(group, [])]
    group_of = {number: group for group, numbers in groups.items() for number in numbers}
    pitches = {number: Pitch.parse(names[number]) for number in notes}
    heights = {number: sounding([names[number]])[0] for number in notes}

    def is_octave(a: int, b: int) -> bool:
        one, other = pitches[a], pitches[b]
        is_same = (one.letter, one.alteration) == (other.letter, other.alteration)
        return is_same and abs(one.octave - other.octave) == 1

    def is_enharmonic(a: int, b: int) -> bool:
        return heights[a] == heights[b] and pitches[a].letter != pitches[b].letter

    kinds = []
    for name, is_pair in ((OCTAVES, is_octave), (ENHARMONICS, is_enharmonic)):
        partners = {a: [b for b in notes if a != b and is_pair(a, b)] for a in notes}
        others = {
            a: [
                b
                for b in notes
                if b != a and b not in paired and group_of[b] in {group_of[p] for p in paired}
            ]
            for a, paired in partners.items()
        }
        kinds.append(_Kind(name, partners, others))
    for name, numbers in groups.items():
        outside = [number for number in range(len(names)) if group_of[number] != name]
        partners = {a: [b for b in numbers if b != a] for a in numbers}
        kinds.append(_Kind(name, partners, dict.fromkeys(numbers, outside)))
    return kinds


def _placed(gate: str, distances: Floats, kinds: Sequence[_Kind]) -> GateDistances:
    """How a gate places the tokens. distances: (tokens, tokens)."""
    found = []
    for kind in kinds:
        used = [a for a, paired in kind.partners.items() if paired and kind.others[a]]
        if not used:
            continue
        own, others, nearer = [], [], []
        for a in used:
            of_partners = distances[a, kind.partners[a]]
            apart = np.sort(distances[a, kind.others[a]])
            own.append(of_partners)
            others.append(np.full(len(of_partners), apart.mean()))
            farther = [len(apart) - np.searchsorted(apart, of_partners, side)
                       for side in ("left", "right")]  # fmt: skip
            nearer.append(np.mean(farther, axis=0) / len(apart))
        pairs = {frozenset((a, b)) for a in used for b in kind.partners[a]}
        means = (float(np.concatenate(some).mean()) for some in (own, others, nearer))
        found.append(TokenDistances(kind.name, len(pairs), *means))
    rows, columns = np.triu_indices(len(distances), 1)
    mean = float(distances[rows, columns].mean()) if len(rows) else 0.0
    return GateDistances(gate, mean, tuple(found))


# Clusters


def clustered(distances: Floats) -> list[int]:
    """An order in which neighbours are near, by average linkage (Sokal and Michener 1958).

    distances: (n, n), symmetric. The two clusters of each merger are turned so that the nearest of
    their ends meet. Method: nearest-neighbour chains (Murtagh 1983), in time n squared.
    """
    n = len(distances)
    between = distances.astype(np.float64, copy=True)
    np.fill_diagonal(between, np.inf)
    clusters: dict[int, list[int]] = {k: [k] for k in range(n)}
    chain: list[int] = []
    while len(clusters) > 1:
        if not chain:
            chain.append(next(iter(clusters)))
        last = chain[-1]
        nearest = int(between[last].argmin())
        if len(chain) > 1 and between[last, chain[-2]] <= between[last, nearest]:
            nearest = chain[-2]
        if len(chain) < 2 or nearest != chain[-2]:
            chain.append(nearest)
            continue
        del chain[-2:]
        first, second = clusters.pop(last), clusters.pop(nearest)
        weights = len(first), len(second)
        merged = (weights[0] * between[last] + weights[1] * between[nearest]) / sum(weights)
        between[last] = between[:, last] = merged
        between[last, last] = np.inf
        between[nearest] = between[:, nearest] = np.inf
        turns = [(a, b) for a in (first, first[::-1]) for b in (second, second[::-1])]
        left, right = min(turns, key=lambda turn: distances[turn[0][-1], turn[1][0]])
        clusters[last] = [*left, *right]
    return next(iter(clusters.values()), [])
