"""Writing many transcriptions at once, in the order of their numbers.

They are written in blocks of ROWS, one token each in every step, and each block by one thread.
When one has ended, the next takes its row. Transcription 7 of a seed is always the same: with any
n, any batch size, any number of threads, and in any row.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.model.hooks import Changes
from tunetrace.model.records import Model, Precision, Sampled
from tunetrace.model.sampling.copy_limit import MIN_PROBABILITY_LEFT, CopiedRun, CopyLimit
from tunetrace.model.sampling.draw import (
    BLOCK,
    Floats,
    draw,
    steering_uniforms,
    uniforms,
    weights_of,
)
from tunetrace.model.sampling.prompt import Prompt
from tunetrace.model.sampling.records import Tally
from tunetrace.model.sampling.similar_limit import DRAWS_FOR_EACH, SimilarLimit
from tunetrace.model.stepper import ROWS, Rows, Stepper

_STEPS: Final = 16
"""Tokens that a block writes before its transcriptions are taken from it."""

_MAX_LEFT_OUT: Final = 1000
"""Sampling is given up after so many transcriptions in a row that copy too much once read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to sample."""

    seed: int
    prompt: Prompt = field(default_factory=Prompt)
    temperature: float = 1.0
    """What logits are divided by."""
    top_p: float = 1.0
    """See draw.weights_of."""
    max_tokens: int = 1000
    """Longer transcriptions are cut off."""
    batch_size: int | None = None
    """How many are written at once (default: ROWS for each of PyTorch's threads)."""
    precision: Precision = "float32"
    """Of the matrix products."""
    limit: CopyLimit | None = None
    """How much of an index may be copied (default: anything)."""
    similar: SimilarLimit | None = None
    """How near to a tune of an index one may be (default: as near as may be)."""
    changes: Changes = field(default_factory=Changes)
    """What is changed in the network while it writes (default: nothing)."""


def sample_many(model: Model, n: int, plan: Plan, tally: Tally | None = None) -> Iterator[Sampled]:
    """n transcriptions, one by one as they are written.

    One that would copy more than the limit once it is read as ABC is left out, and its number with
    it. So is one that is too near to a tune of an index; with such a limit no more than
    DRAWS_FOR_EACH are drawn for each that is wanted, so that fewer than n may come. tally: counts
    what becomes of each. Raises QueryError where the copy limit leaves nothing to write,
    ModelFileError where the weights are too large to be summed.
    """
    tally = Tally() if tally is None else tally
    threads = torch.get_num_threads()
    most = None if plan.similar is None else n * DRAWS_FOR_EACH
    # A step costs as much with idle rows. So those that may be needed are written as well.
    useful = n if most is None else min(max(n, ROWS), most)
    at_once = min(useful, threads * ROWS if plan.batch_size is None else plan.batch_size)
    uses = [min(ROWS, at_once - first) for first in range(0, at_once, ROWS)]
    numbers = _Numbers(useful)
    waiting: dict[int, Sampled | None] = {}
    count = min(threads, len(uses))
    with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        start = pool.submit(_Start, model, plan).result()
        torch.set_num_threads(threads)  # of this thread, and of any that is new
        blocks = list(pool.map(lambda used: _Block(start, used, numbers), uses))
        while tally.given < n and tally.drawn != most:
            for ended in pool.map(_Block.advance, blocks):
                waiting.update(ended)
            yield from _in_order(waiting, n, plan, tally)
            numbers.last = n + tally.copied + tally.similar
            if most is not None:
                numbers.last = min(most, max(numbers.last, tally.drawn + at_once))


def _in_order(
    waiting: dict[int, Sampled | None], n: int, plan: Plan, tally: Tally
) -> Iterator[Sampled]:
    """The next transcriptions that are finished and kept, until n were given or one is missing.

    waiting: those that are finished, by number; None for one that copies too much. They are
    compared with the index in order, and none that is not needed.
    """
    while tally.given < n and tally.drawn + 1 in waiting:
        following = range(tally.drawn + 1, tally.drawn + 1 + n - tally.given)
        drawn = [waiting.pop(number) for number in takewhile(waiting.__contains__, following)]
        written = [sampled for sampled in drawn if sampled is not None]
        admitted = iter(
            [True] * len(written)
            if plan.similar is None
            else plan.similar.admits([sampled.tokens for sampled in written])
        )
        for sampled in drawn:
            tally.drawn += 1
            if sampled is None:
                tally.copied += 1
            elif next(admitted):
                tally.given += 1
                tally.last = tally.drawn
                yield sampled
            else:
                tally.similar += 1
            in_a_row = tally.drawn - tally.last
            if plan.limit is not None and plan.similar is None and in_a_row == _MAX_LEFT_OUT:
                raise plan.limit.all_left_out(in_a_row)


class _Numbers:
    """The numbers of transcriptions from 1 to `last`, handed out to several threads.

    When `last` rises, there are more.
    """

    def __init__(self, last: int) -> None:
        self.last = last
        self._next = 1
        self._lock = threading.Lock()

    def take(self, most: int) -> range:
        """The next numbers, at most so many."""
        with self._lock:
            taken = range(self._next, min(self._next + most, self.last + 1))
            self._next += len(taken)
        return taken


class _Start:
    """What all transcriptions have in common: the weights, the prompt, the state after it."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self.model, self.plan = model, plan
        self.stepper = stepper = Stepper(model.network, plan.precision)
        self.penalties = plan.prompt.penalties(model.tokens)
        self.settled = np.array(plan.prompt.settled, dtype=np.int64)
        self.rows = stepper.rows()
        for number in (model.tokens.start, *plan.prompt.settled):
            self.logits = self.rows.step(np.full(ROWS, number, dtype=np.int64), plan.changes)


class _Block:
    """At most ROWS transcriptions that are being written; the other rows are idle.

    For each row it keeps the transcription's number (0 if it is idle), its tokens and how many they
    are, the uniform numbers for its next tokens, and the logits of the next one.
    """

    def __init__(self, start: _Start, used: int, numbers: _Numbers) -> None:
        self._start, self._plan, self._waiting = start, start.plan, numbers
        self._used = used
        self._end = start.model.tokens.end
        self._rows: Rows = start.stepper.rows()
        self._logits = start.logits.copy()
        self._numbers = np.zeros(ROWS, dtype=np.int64)
        self._lengths = np.zeros(ROWS, dtype=np.int64)
        self._tokens = np.zeros((ROWS, BLOCK), dtype=np.int16)
        self._uniforms: Floats = np.zeros((ROWS, BLOCK))
        self._streams: dict[int, Iterator[Floats]] = {}
        self._steering: dict[int, Iterator[float]] = {}
        self._steered = np.zeros(ROWS, dtype=np.int64)
        self._runs: dict[int, CopiedRun] = {}
        self._every = np.arange(ROWS)

    def advance(self) -> dict[int, Sampled | None]:
        """Write some tokens in each row; gives the transcriptions that this ends, by number.

        It is None for one that breaks the copy limit once it is read as ABC.
        """
        ended: list[Sampled] = []
        self._fill(np.flatnonzero(self._numbers[: self._used] == 0).tolist())
        for _ in range(_STEPS):
            if self._streams:
                ended += self._step()
        limit = self._plan.limit
        return {
            sampled.number: sampled
            if limit is None or limit.holds_when_read(sampled.tokens)
            else None
            for sampled in ended
        }

    def _step(self) -> list[Sampled]:
        """Write one token in each row."""
        drawn = self._draw()
        self._make_room()
        self._tokens[self._every, self._lengths] = drawn
        has_ended = drawn == self._end
        self._lengths += ~has_ended & (self._numbers > 0)
        is_done = has_ended | (self._lengths >= self._plan.max_tokens)
        done = np.flatnonzero(is_done & (self._numbers > 0)).tolist()
        sampled = [self._sampled(row, bool(has_ended[row])) for row in done]
        for row in done:
            self._clear(row)
        if self._streams:
            self._logits = self._rows.step(drawn, self._plan.changes)
        self._fill(done)
        for row in np.flatnonzero(self._lengths % BLOCK == 0).tolist():
            if row in self._streams and row not in done:
                self._uniforms[row] = next(self._streams[row])
        return sampled

    def _draw(self) -> NDArray[np.int64]:
        plan, penalties = self._plan, self._start.penalties
        places = np.minimum(self._lengths, len(penalties) - 1)
        if not np.isfinite(self._logits[self._numbers > 0]).all():
            raise self._start.model.overflow()
        logits = self._logits + penalties[places]
        weights = weights_of(logits, plan.temperature, plan.top_p)
        drawn = draw(weights, self._uniforms[self._every, self._lengths % BLOCK])
        if plan.limit is not None:
            for row, run in self._runs.items():
                number = int(drawn[row])
                if places[row] == len(penalties) - 1 and not run.allows(number):
                    number = self._steer(row, logits[row], weights[row])
                    drawn[row] = number
                run.push(number)
        return drawn

    def _steer(self, row: int, logits: Floats, weights: Floats) -> int:
        """Another token than one that the copy limit refuses.

        To draw again from what is allowed is the same as to draw from that alone: a token x that is
        allowed has p(x) + p(refused) p(x) / p(allowed) = p(x) / p(allowed).
        """
        plan = self._plan
        is_forbidden = self._runs[row].forbidden()
        left = np.where(is_forbidden, -np.inf, logits)
        highest = logits.max()
        if np.exp(left - highest).sum() < MIN_PROBABILITY_LEFT * np.exp(logits - highest).sum():
            assert plan.limit is not None
            raise plan.limit.nothing_left(self._tokens[row, : self._lengths[row]].tolist())
        allowed = np.where(is_forbidden, 0.0, weights)
        if not allowed.any():  # top-p keeps the likeliest alone, and all of them are forbidden
            allowed = weights_of(left[None], plan.temperature, plan.top_p)[0]
        self._steered[row] += 1
        uniform = np.array([next(self._steering[row])])
        return int(draw(allowed[None], uniform)[0])

    def _fill(self, rows: list[int]) -> None:
        """Begin the next transcriptions, if there are any, in rows that are free."""
        start, limit = self._start, self._plan.limit
        settled = len(start.settled)
        taken = self._waiting.take(len(rows))
        filled = rows[: len(taken)]
        for row, number in zip(filled, taken, strict=True):
            self._numbers[row] = number
            self._streams[row] = uniforms(self._plan.seed, number)
            for _ in range(settled // BLOCK + 1):
                self._uniforms[row] = next(self._streams[row])
            if limit is not None:
                self._steering[row] = steering_uniforms(self._plan.seed, number)
                self._runs[row] = limit.begin()
                for token in start.settled.tolist():
                    self._runs[row].push(token)
        if filled:
            self._make_room(settled)
            self._tokens[filled, :settled] = start.settled
            self._lengths[filled] = settled
            self._logits[filled] = start.logits[0]
            self._rows.copy(filled, start.rows, taken)

    def _clear(self, row: int) -> None:
        self._numbers[row] = self._lengths[row] = self._steered[row] = 0
        self._streams.pop(row)
        self._steering.pop(row, None)
        self._runs.pop(row, None)

    def _sampled(self, row: int, has_ended: bool) -> Sampled:
        numbers = self._tokens[row, : self._lengths[row]].tolist()
        tokens = self._start.model.tokens.decode(numbers)
        return Sampled(int(self._numbers[row]), tuple(tokens), has_ended, int(self._steered[row]))

    def _make_room(self, least: int = 0) -> None:
        """Make room for one more token in each row."""
        needed = max(int(self._lengths.max()), least) + 1
        if needed > self._tokens.shape[1]:
            self._tokens = np.pad(self._tokens, ((0, 0), (0, needed)))
