"""Beam search: the most probable transcriptions of a model instead of random ones.

How probable a transcription is, is the product of its tokens' probabilities. Nothing makes up for
length, so that what is found is often short and repeats itself (Holtzman et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.model.library.models import open_header, open_model
from tunetrace.model.records import Hypothesis, Model
from tunetrace.model.sampling.copy_limit import MIN_PROBABILITY_LEFT, CopiedRun, CopyLimit, kind_of
from tunetrace.model.sampling.prompt import Prompt
from tunetrace.model.sampling.sampling import check_writing, limit_copying
from tunetrace.tokenizer.vocabulary import NOTE

if TYPE_CHECKING:
    from tunetrace.model.network import State

MAX_WIDTH: Final = 1000
"""Each transcription that is kept has its own states."""


@public
def beam_search(
    width: int,
    model: Model | str | Path | None = None,
    *,
    meter: str | None = None,
    key: str | None = None,
    start: str = "",
    temperature: float = 1.0,
    max_copy: int | None = None,
    index: Index | str | Path | None = None,
    max_tokens: int = 1000,
) -> list[Hypothesis]:
    """The most probable transcriptions of a model that a beam of this width finds, the best first.

    Nothing is drawn at random. All other arguments are those of `sample`, and it raises the same
    errors.

    >>> for tune in beam_search(4, meter="6/8", max_tokens=12)[:2]:
    ...     print(tune.number, tune.tokens[0], tune.has_ended)
    1 M:6/8 False
    2 M:6/8 False
    """
    if not 1 <= width <= MAX_WIDTH:
        raise QueryError(f"the width of the beam cannot be {width}; give 1 to {MAX_WIDTH}")
    header = open_header(model)
    prompt = check_writing(
        header, meter=meter, key=key, start=start, temperature=temperature, max_tokens=max_tokens
    )
    limit = limit_copying(header, prompt, max_copy, index)
    return search_beam(open_model(model), width, prompt, max_tokens, temperature, limit)


def search_beam(
    model: Model,
    width: int,
    prompt: Prompt | None = None,
    max_tokens: int = 1000,
    temperature: float = 1.0,
    limit: CopyLimit | None = None,
) -> list[Hypothesis]:
    """The most probable transcriptions, at most `width`, the best first; raises as beam_search.

    `width` transcriptions go on at each token. One ends where END is among the `width` most
    probable tokens of all that go on, and is kept beside them. None ends without a note. The search
    is over when `width` have ended and nothing that goes on is more probable than the least of
    them. What is cut off after max_tokens comes after all that have ended.

    prompt: what is settled there is certain and costs no probability. limit: the tokens that it
    refuses are left out, and the probabilities of the others stay as they are.

    Method: Lowerre, The HARPY Speech Recognition System, 1976; its end as in Huang et al., When to
    Finish? Optimal Beam Search for Neural Text Generation, 2017.
    """
    import torch

    is_note = np.array([kind_of(name) == NOTE for name in model.tokens.names])
    penalties = (prompt or Prompt()).penalties(model.tokens)
    search = _Search(model, width, max_tokens, temperature, limit, penalties, is_note)
    with torch.inference_mode():
        beam, ended = _search(search)
    found = [(log, numbers, True) for log, numbers in ended]
    if beam.length == max_tokens:
        cut_off = zip(beam.logs.tolist(), map(tuple, beam.numbers.tolist()), strict=True)
        found += [(log, numbers, False) for log, numbers in cut_off if search.may_end(numbers)]
    return [
        Hypothesis(rank, tuple(model.tokens.decode(numbers)), has_ended, log)
        for rank, (log, numbers, has_ended) in enumerate(found[:width], 1)
    ]


@dataclass(frozen=True, slots=True)
class _Search:
    """What to search for."""

    model: Model
    width: int
    max_tokens: int
    temperature: float
    limit: CopyLimit | None
    penalties: NDArray[np.float64]
    """What is added to the logits at each place, see Prompt."""
    is_note: NDArray[np.bool_]
    """(tokens,), which tokens are names of notes."""

    def may_end(self, numbers: tuple[int, ...]) -> bool:
        """Whether a transcription keeps the copy limit also once it is read as ABC."""
        return self.limit is None or self.limit.holds_when_read(self.model.tokens.decode(numbers))


@dataclass(frozen=True, slots=True)
class _Beam:
    """L transcriptions that go on, all of one length, the most probable first."""

    numbers: NDArray[np.int32]
    """(L, length)"""
    logs: NDArray[np.float64]
    """(L,) log2 probabilities."""
    logits: NDArray[np.float64]
    """(L, tokens), of what follows."""
    state: State
    runs: list[CopiedRun]
    """What each has copied of late, where there is a limit."""

    @property
    def length(self) -> int:
        return int(self.numbers.shape[1])


_Ended = tuple[float, tuple[int, ...]]
"""A log2 probability and the tokens' numbers."""


def _search(search: _Search) -> tuple[_Beam, list[_Ended]]:
    """The last transcriptions that went on, and those that have ended, the best first."""
    beam, end = _begin(search), search.model.tokens.end
    ended: list[_Ended] = []
    while beam.length < search.max_tokens:
        totals = _totals(search, beam)
        chosen = _most_probable(totals, search.width)
        for row in chosen[0][chosen[1] == end].tolist():
            numbers_so_far = tuple(beam.numbers[row].tolist())
            if search.may_end(numbers_so_far):
                ended.append((float(totals[row, end]), numbers_so_far))
        ended = sorted(ended, key=lambda some: -some[0])[: search.width]
        totals[:, end] = -np.inf
        rows, numbers = _most_probable(totals, search.width)
        if not len(rows):
            if not ended and search.limit is not None:
                raise search.limit.nothing_left(beam.numbers[0].tolist())
            break
        if len(ended) == search.width and totals[rows[0], numbers[0]] <= ended[-1][0]:
            break
        beam = _go_on(search.model, beam, totals[rows, numbers], rows, numbers)
    return beam, ended


def _begin(search: _Search) -> _Beam:
    """One transcription that has no token yet."""
    model = search.model
    start = np.array([model.tokens.start])
    logits, state = _step(model, start, model.network.initial_state(1))
    runs = [] if search.limit is None else [search.limit.begin()]
    return _Beam(np.empty((1, 0), dtype=np.int32), np.zeros(1), logits, state, runs)


def _totals(search: _Search, beam: _Beam) -> NDArray[np.float64]:
    """log2 of the probabilities with one more token: (L, tokens), -inf for what is not allowed.

    If a limit leaves hardly anything, nothing is allowed.
    """
    place = min(beam.length, len(search.penalties) - 1)
    logits = beam.logits / search.temperature + search.penalties[place]
    logits -= logits.max(axis=1, keepdims=True)
    logs = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))) / np.log(2)
    if place == len(search.penalties) - 1:
        for row, run in enumerate(beam.runs):
            logs[row, run.forbidden()] = -np.inf
            if np.exp2(logs[row]).sum() < MIN_PROBABILITY_LEFT:
                logs[row] = -np.inf
    has_note = search.is_note[beam.numbers].any(axis=1)
    logs[~has_note, search.model.tokens.end] = -np.inf
    return np.asarray(beam.logs[:, None] + logs)


def _most_probable(
    totals: NDArray[np.float64], width: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and the tokens of the highest totals, at most width, none that is impossible.

    The highest comes first; equal ones keep their order.
    """
    order = np.argsort(-totals, axis=None, kind="stable")[:width]
    rows, numbers = np.divmod(order, totals.shape[1])
    is_possible = np.isfinite(totals[rows, numbers])
    return rows[is_possible], numbers[is_possible]


def _go_on(
    model: Model,
    beam: _Beam,
    logs: NDArray[np.float64],
    rows: NDArray[np.intp],
    numbers: NDArray[np.intp],
) -> _Beam:
    """Some transcriptions of a beam, each with one more token. rows, numbers, logs: (L,)."""
    import torch

    from tunetrace.model.network import State

    parents = torch.from_numpy(rows)
    state = State(beam.state.hidden[:, parents], beam.state.cell[:, parents])
    logits, state = _step(model, numbers, state)
    runs = [beam.runs[row].copy() for row in rows.tolist()] if beam.runs else []
    for run, number in zip(runs, numbers.tolist(), strict=False):
        run.push(number)
    longer = np.column_stack([beam.numbers[rows], numbers.astype(np.int32)])
    return _Beam(longer, logs, logits, state, runs)


def _step(
    model: Model, numbers: NDArray[np.intp], state: State
) -> tuple[NDArray[np.float64], State]:
    """The logits (L, tokens) after one more token (L,) of each transcription, and the state."""
    import torch

    logits, state = model.network.step(torch.from_numpy(numbers), state)
    if not logits.isfinite().all():
        raise model.overflow()
    return logits.double().numpy(), state
