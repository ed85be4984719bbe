"""Ten thousand tunebooks that went wrong, read one after another."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from benchmarks.fuzz import mutated, run

BOOKS = 10_000
PATIENCE = 300
"""Seconds after which the run is held to be stuck; it takes some ten."""

SLOWEST = 20.0
"""Seconds for one tunebook, on however busy a machine; `python -m benchmarks.fuzz` asks for one."""

KINDS = {
    "no key", "bad key", "bad meter", "bad unit length", "bad note length", "bad tuplet",
    "open bracket", "stray sign", "no notes", "too long", "outside the tokens",
}  # fmt: skip
"""All kinds of mistakes there are (docs/commands.md)."""


@pytest.fixture
def alarm() -> Iterator[None]:
    def stuck(signum: int, frame: FrameType | None) -> None:
        pytest.fail("a mutated tunebook is not read to its end")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stuck)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
@pytest.mark.slow
def test_no_mutation_of_a_tunebook_gives_anything_but_tunes_and_reasons() -> None:
    outcome = run(BOOKS)
    assert outcome.failures == []
    assert outcome.books == BOOKS
    assert outcome.read > 0.5 * BOOKS
    assert set(outcome.kinds) <= KINDS
    assert outcome.slowest[0] < SLOWEST
    before, after = outcome.memory
    assert after < before + 50 * 2**20  # the tables of what was read before fill, to a bound


def test_a_seed_makes_a_run_again() -> None:
    assert list(mutated(50, seed=1)) == list(mutated(50, seed=1))
    assert list(mutated(50, seed=1)) != list(mutated(50, seed=2))
