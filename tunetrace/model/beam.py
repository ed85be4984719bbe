"""Beam search: the most probable transcriptions of a model instead of random ones.

Transcriptions are written side by side, token by token, and after each token only the most probable
ones are kept. How probable one is, is the product of its tokens' probabilities and nothing else:
nothing makes up for length, so that what is found is often short and repeats itself, as the most
probable texts of such models do (Holtzman et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.model.copy_limit import LEAST_LEFT, CopyLimit, Run
from tunetrace.model.network import State
from tunetrace.model.records import Model

MOST_WIDE: Final = 1000
"""Each transcription that is kept has its own states."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A transcription that was found: its tokens by number, without START and END.

    log2_probability: of all that follows the beginning which it was given, END included where it
    has_ended; where it has not, it was cut off at the most tokens allowed.
    """

    numbers: tuple[int, ...]
    log2_probability: float
    has_ended: bool


@dataclass(slots=True)
class _Beam:
    """The transcriptions that go on, L of them, all of one length and the most probable first.

    numbers: (L, length). logs: (L,) log2 probabilities. runs: what each has copied of late.
    """

    numbers: NDArray[np.int32]
    logs: NDArray[np.float64]
    state: State
    runs: list[Run] = field(default_factory=list)


def beam_search(
    model: Model,
    beginning: Sequence[int],
    width: int,
    max_tokens: int,
    *,
    temperature: float = 1.0,
    limit: CopyLimit | None = None,
) -> list[Hypothesis]:
    """The most probable transcriptions that begin with some tokens, at most `width`, best first.

    beginning: token numbers after START, of no probability of their own. width: how many
    transcriptions go on at each token. One ends where END is among the `width` most probable
    tokens of all that go on, and is kept beside them; the search is over when `width` have ended
    and nothing that goes on is more probable than the least of them, since no token makes a
    transcription more probable. What has not ended after max_tokens tokens, the beginning among
    them, is cut off and comes after all that have. limit: tokens that it refuses are left out; the
    probabilities of the others stay as the model has them. Without a limit, and with a width of
    all continuations that there are, the answer is exact.

    Method: Lowerre, The HARPY Speech Recognition System, 1976; the end of it as Huang et al., When
    to Finish? Optimal Beam Search for Neural Text Generation, 2017. Raises QueryError where the
    beginning is itself a longer copy, where the limit leaves nothing, for a width or a temperature
    of 0 or less and for a beginning longer than max_tokens.
    """
    _check(beginning, width, max_tokens, temperature, limit)
    with torch.inference_mode():
        beam, following = _begin(model, beginning, limit, temperature)
        ended: list[Hypothesis] = []
        while True:
            totals = _possible(model, beam, following)
            ended = _best([*ended, *_ended(model, beam, totals, width)], width)
            if beam.numbers.shape[1] == max_tokens:
                return _with_cut_off(ended, beam, width)
            totals[:, model.tokens.end] = -np.inf
            chosen = _most_probable(totals, width)
            if limit is not None and not len(chosen) and not ended:
                raise limit.nothing_left(beam.numbers[0].tolist())
            most = totals.flat[chosen[0]] if len(chosen) else -np.inf
            if most == -np.inf or (len(ended) == width and most <= ended[-1].log2_probability):
                return ended
            beam, following = _go_on(model, beam, chosen, totals, temperature)


def _check(
    beginning: Sequence[int],
    width: int,
    max_tokens: int,
    temperature: float,
    limit: CopyLimit | None,
) -> None:
    """See that a search can begin; QueryError where it cannot."""
    if not 1 <= width <= MOST_WIDE:
        raise QueryError(f"a beam of {width} cannot be searched; it may be 1 to {MOST_WIDE} wide")
    if not 0 < temperature < float("inf"):
        raise QueryError(f"a temperature of {temperature} is none; give one above 0, such as 1")
    if len(beginning) > max_tokens:
        raise QueryError(
            f"the start has {len(beginning)} tokens and a transcription at most {max_tokens}; give "
            "a shorter start or allow more tokens"
        )
    if limit is not None:
        limit.check_start(beginning)


def _begin(
    model: Model, beginning: Sequence[int], limit: CopyLimit | None, temperature: float
) -> tuple[_Beam, NDArray[np.float64]]:
    """The one transcription that is begun, and the log2 probabilities (1, tokens) of what
    follows."""
    state = model.network.initial_state(1)
    for number in (model.tokens.start, *beginning):
        logits, state = model.network.step(torch.tensor([number]), state)
    runs = [] if limit is None else [limit.begin()]
    for run in runs:
        for number in beginning:
            run.push(number)
    numbers = np.array([beginning], dtype=np.int32).reshape(1, -1)
    return _Beam(numbers, np.zeros(1), state, runs), _log2(logits, temperature)


def _go_on(
    model: Model,
    beam: _Beam,
    chosen: NDArray[np.intp],
    totals: NDArray[np.float64],
    temperature: float,
) -> tuple[_Beam, NDArray[np.float64]]:
    """The chosen transcriptions, each one token longer, and what may follow: (L, tokens).

    chosen: places in totals (L, tokens), which has the probabilities.
    """
    parents, numbers = np.divmod(chosen, totals.shape[1])
    rows = torch.from_numpy(parents)
    state = State(beam.state.hidden[:, rows], beam.state.cell[:, rows])
    logits, state = model.network.step(torch.from_numpy(numbers), state)
    runs = []
    if beam.runs:
        for parent, number in zip(parents.tolist(), numbers.tolist(), strict=True):
            run = beam.runs[parent].copy()
            run.push(number)
            runs.append(run)
    longer = np.column_stack([beam.numbers[parents], numbers.astype(np.int32)])
    return _Beam(longer, totals.flat[chosen], state, runs), _log2(logits, temperature)


def _log2(logits: torch.Tensor, temperature: float) -> NDArray[np.float64]:
    """log2 of the softmax of logits (L, tokens), in float64."""
    logs: NDArray[np.float64] = torch.log_softmax(logits.double() / temperature, 1).numpy()
    return np.asarray(logs / np.log(2))


def _possible(model: Model, beam: _Beam, following: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log2 probabilities (L, tokens) of transcriptions one token longer; -inf for no others.

    following: (L, tokens), the log2 probabilities of the tokens. Where a limit leaves hardly
    anything, the transcription does not go on at all.
    """
    possible = following.copy()
    possible[:, model.tokens.start] = -np.inf
    for row, run in enumerate(beam.runs):
        possible[row, run.forbidden()] = -np.inf
        if np.exp2(possible[row]).sum() < LEAST_LEFT:
            possible[row] = -np.inf
    return np.asarray(beam.logs[:, None] + possible)


def _most_probable(totals: NDArray[np.float64], width: int) -> NDArray[np.intp]:
    """Where in totals, flattened, the highest stand, at most width and none that is impossible.

    The highest comes first; of equal ones that which stands first.
    """
    order = np.argsort(-totals, axis=None, kind="stable")[:width]
    return order[np.isfinite(totals.flat[order])]


def _ended(model: Model, beam: _Beam, totals: NDArray[np.float64], width: int) -> list[Hypothesis]:
    """The transcriptions of a beam that may end: where END is among the most probable of all.

    totals: (L, tokens) log2 probabilities with one more token.
    """
    rows, numbers = np.divmod(_most_probable(totals, width), totals.shape[1])
    return [
        Hypothesis(
            tuple(beam.numbers[row].tolist()), float(totals[row, model.tokens.end]), has_ended=True
        )
        for row in rows[numbers == model.tokens.end].tolist()
    ]


def _best(hypotheses: list[Hypothesis], width: int) -> list[Hypothesis]:
    """The most probable ones, at most width, the best first."""
    return sorted(hypotheses, key=lambda some: -some.log2_probability)[:width]


def _with_cut_off(ended: list[Hypothesis], beam: _Beam, width: int) -> list[Hypothesis]:
    """Those that have ended, and after them those of a beam that have not, at most width."""
    found = {some.numbers for some in ended}
    cut_off = [
        Hypothesis(tuple(row), log, has_ended=False)
        for row, log in zip(beam.numbers.tolist(), beam.logs.tolist(), strict=True)
    ]
    return [*ended, *(some for some in cut_off if some.numbers not in found)][:width]
