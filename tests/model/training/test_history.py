"""The history of a training as JSON lines: what is written comes back, what is none is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.model.training.history import (
    Copying,
    EpochOriginality,
    EpochRecord,
    best_epoch,
    from_line,
    to_line,
)

NUMBERS = st.floats(-1e9, 1e9)
COPYING = st.builds(Copying, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
ORIGINALITY = st.builds(
    EpochOriginality, st.integers(0, 9999), st.integers(0, 9999), COPYING, st.none() | COPYING,
    NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS,
)  # fmt: skip
RECORDS = st.builds(
    EpochRecord, st.integers(1, 9999), NUMBERS, st.none() | NUMBERS, NUMBERS,
    st.integers(0, 10**12), st.none() | ORIGINALITY,
)  # fmt: skip
PLAIN = EpochRecord(1, 2.5, 2.25, 10.0, 1000)


@given(RECORDS)
def test_an_epoch_comes_back_from_its_line(record):
    line = to_line(record)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert from_line(line) == record


def test_a_line_names_its_numbers():
    assert json.loads(to_line(PLAIN)) == {
        "epoch": 1, "training_loss": 2.5, "validation_loss": 2.25, "seconds": 10.0,
        "tokens": 1000, "originality": None,
    }  # fmt: skip


def test_a_loss_that_is_no_number_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        to_line(replace(PLAIN, training_loss=float("nan")))


@pytest.mark.parametrize(
    "line",
    [
        "", "7", "[]", "null", '"epoch"', "{", "{}", "[" * 100_000, "\0", '{"epoch": 1}',
        to_line(PLAIN).replace("2.5", "NaN"),
        to_line(PLAIN).replace("2.5", "Infinity"),
        to_line(PLAIN).replace("2.5", "1e999"),
        to_line(PLAIN).replace("2.5", "9" * 4000),
        to_line(PLAIN).replace("2.5", '"2.5"'),
        to_line(PLAIN).replace("2.5", "true"),
        to_line(PLAIN).replace("2.5", "null"),
        to_line(PLAIN).replace("1000", "1000.5"),
        to_line(PLAIN).replace("null", "{}"),
        to_line(PLAIN).replace("null", "[1]"),
        to_line(PLAIN).replace("}", ', "more": 1}'),
    ],
)  # fmt: skip
def test_a_line_that_is_no_epoch_is_refused(line):
    with pytest.raises((ValueError, RecursionError)):
        from_line(line)


def test_the_best_epoch_has_the_least_validation_loss_the_first_of_equals():
    losses = [2.0, 1.5, None, 1.5, 1.75]
    history = [replace(PLAIN, epoch=k, validation_loss=loss) for k, loss in enumerate(losses, 1)]
    assert best_epoch(history).epoch == 2
    assert best_epoch(history[2:3]) is None
    assert best_epoch([]) is None


def test_a_history_is_read_without_torch():
    code = "import sys, tunetrace.model.training.history; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
