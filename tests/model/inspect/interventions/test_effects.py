"""The measures of tunes that were written and of tunes that were read, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import KESH, index_of
from tests.model.networks import tiny_model
from tunetrace import Sampled, open_index
from tunetrace.model.inspect.interventions.effects import (
    bar_distances,
    commonest_distance,
    header_measures,
    measure_copying,
    measure_headers,
    measure_readings,
    measure_samples,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def tune(text: str, number: int = 1, *, has_ended: bool = True) -> Sampled:
    return Sampled(number, tuple(text.split()), has_ended)


GOOD = tune("M:4/4 K:Cmaj |: C D E F G A B c | c 4 ^F 2 G 2 :| |: c 4 c 4 | C 8 :|")
BAD = tune("M:4/4 K:Cmaj C D E | ^F ^F G 2 z 4 | C 9", 2, has_ended=False)
NONE = tune("M:6/8 K:Cdor", 3)


def test_what_is_measured_of_tunes() -> None:
    # Bar lines of GOOD: `|:` at 2, `|` at 11, `:|` at 18, `|:` at 19, `|` at 24, `:|` at 27.
    assert bar_distances(GOOD.tokens) == [9, 7, 1, 5, 3]
    # Of BAD at 5 and 12.
    assert bar_distances(BAD.tokens) == [7]
    assert commonest_distance([GOOD, BAD, NONE]) == 7
    assert commonest_distance([NONE]) == 0
    found = measure_samples([GOOD, BAD, NONE], 7)
    assert {name: ratios.tolist() for name, ratios in found.items()} == {
        # A short first bar is a pickup, which adds up. The last bar of BAD has 9 eighths.
        "bars_adding_up": [[4, 4], [2, 3], [0, 0]],
        "bar_distance": [[25, 5], [7, 1], [0, 0]],
        "commonest_distance": [[1, 5], [1, 1], [0, 0]],
        "ended": [[1, 1], [0, 1], [1, 1]],
        "parts": [[2, 1], [1, 1], [0, 1]],
        "repeating": [[1, 1], [0, 1], [0, 1]],
        # From C to c, and from C to G.
        "range": [[12, 1], [7, 1], [0, 0]],
        "accidentals": [[1, 14], [2, 7], [0, 0]],
    }


def test_a_token_that_is_unknown_counts_as_a_rest() -> None:
    found = measure_samples([tune("M:4/4 K:Cmaj C 4 strange 4 |")], 3)
    assert found["bars_adding_up"].tolist() == [[1, 1]]
    assert found["accidentals"].tolist() == [[0, 1]]


def test_what_is_copied_of_an_index(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    copied = tune("M:6/8 K:Cmaj C 3 C D E | D 3 D E G |")
    other = tune("M:6/8 K:Cmaj B, 3 A, 3 | B, 3 A, 3 | C D")
    broken = tune("M:6/8 K:Cmaj strange")
    with open_index(path) as index:
        found = measure_copying([copied, other, broken], index)
    assert found["copied_8"].tolist() == [[1, 1], [0, 1], [0, 0]]
    assert found["longest_notes"][0].tolist() == [8, 1]
    assert found["longest_notes"][1, 0] < 8
    assert found["longest_notes"][2].tolist() == [0, 0]


def test_what_is_measured_of_a_tune_that_is_read() -> None:
    model = tiny_model(None)  # which finds all 137 tokens equally probable
    lines = sum(name in ("|", "|:", ":|", "||", "|1", "|2") for name in model.tokens.names)
    ended = model.trace(["M:4/4", "K:Cmaj", "C", "|", "D", ":|"])
    cut = model.trace(["M:4/4", "K:Cmaj", "C"], has_ended=False)
    found = measure_readings([ended, cut])
    bits = np.log2(137)
    for name, expected in (
        ("bits_per_token", [[7 * bits, 7], [3 * bits, 3]]),
        ("bar_line_written", [[2 * lines / 137, 2], [0, 0]]),
        ("bar_line_elsewhere", [[5 * lines / 137, 5], [3 * lines / 137, 3]]),
    ):
        np.testing.assert_allclose(found[name], expected, rtol=1e-5)


def test_what_has_no_probability_costs_no_more_bits_than_float32_can_tell() -> None:
    model = tiny_model(None)
    model.network.token_bias.data[model.tokens.numbers["C"]] = -1e4
    (row,) = measure_readings([model.trace(["C"], has_ended=False)])["bits_per_token"]
    assert row.tolist() == [150.0, 1.0]


def test_the_share_of_tunes_with_each_meter_and_key() -> None:
    batches = [[GOOD, NONE], [BAD]]
    measures = header_measures(batches)
    assert [(one.name, one.label) for one in measures] == [
        ("M:4/4", "meter 4/4"),
        ("M:6/8", "meter 6/8"),
        ("K:Cdor", "key Cdor"),
        ("K:Cmaj", "key Cmaj"),
    ]
    found = measure_headers([GOOD, NONE], ["M:4/4", "K:Cdor"])
    assert found["M:4/4"].tolist() == [[1, 1], [0, 1]]
    assert found["K:Cdor"].tolist() == [[0, 1], [1, 1]]
