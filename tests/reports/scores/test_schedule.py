"""When notes, clicks and bars are due, by the page's own script; times are worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import V2_SAMPLE
from tunetrace import engrave, read
from tunetrace.score.playback import Playback
from tunetrace.tokenizer.layout.bars import lay_out

Ask = Callable[..., dict[str, Any]]

HORNPIPE = [[0, 0], [0.5, 0.75], [1, 1]]
"""The first half of a beat lasts three quarters of it."""


def score(
    notes: list[list[Any]], bars: list[tuple[list[float], float, float]], **changes: Any
) -> dict[str, Any]:
    """A score at 60 beats a minute, a quarter each: a second is a quarter.

    bars: of each where it is played, its length, and its phase.
    """
    return {
        "bpm": 60, "beat": 1, "swing": HORNPIPE, "notes": notes,
        "bars": [{"id": f"b{k}", "at": at, "length": length, "phase": phase}
                 for k, (at, length, phase) in enumerate(bars)],
        **changes,
    }  # fmt: skip


def with_pickup() -> dict[str, Any]:
    """An eighth before a bar of 4/4: an eighth, a dotted quarter and a half."""
    notes = [[0, 0.5, 62, "n0"], [0.5, 0.5, 67, "n1"], [1, 1.5, 69, "n2"], [2.5, 2, 71, "n3"]]
    return score(notes, [([0], 0.5, 3.5), ([0.5], 4, 0)])


def notes(answer: dict[str, Any]) -> list[tuple[str, float, float]]:
    return [(e["id"], round(e["time"], 6), round(e["duration"], 6))
            for e in answer["events"] if e["kind"] == "note"]  # fmt: skip


def times(answer: dict[str, Any], kind: str) -> list[tuple[float, str]]:
    return [(round(e["time"], 6), e["id"]) for e in answer["events"] if e["kind"] == kind]


def test_notes_bars_and_clicks_of_a_tune_with_a_pickup(scheduled: Ask) -> None:
    answer = scheduled(with_pickup())
    assert notes(answer) == [("n0", 0, 0.5), ("n1", 0.5, 0.5), ("n2", 1, 1.5), ("n3", 2.5, 2)]
    assert times(answer, "bar") == [(0, "b0"), (0.5, "b1")]
    # The pickup has none: it is the second half of the fourth beat.
    assert times(answer, "click") == [(0.5, "first"), (1.5, "beat"), (2.5, "beat"), (3.5, "beat")]
    assert answer["end"] == 4.5


def test_at_twice_the_tempo_all_lasts_half_as_long(scheduled: Ask) -> None:
    answer = scheduled(with_pickup(), tempo=2)
    assert notes(answer)[1:3] == [("n1", 0.25, 0.25), ("n2", 0.5, 0.75)]
    assert answer["end"] == 2.25


def test_a_beat_of_six_eight_is_three_eighths(scheduled: Ask) -> None:
    jig = score([[0, 0.5, 60, "n0"], [0.5, 2.5, 62, "n1"]], [([0], 3, 0)], beat=1.5, bpm=120)
    answer = scheduled(jig)
    # 120 beats of three eighths are 180 quarters a minute: a quarter is a third of a second.
    assert notes(answer) == [("n0", 0, 0.166667), ("n1", 0.166667, 0.833333)]
    assert times(answer, "click") == [(0, "first"), (0.5, "beat")]


def test_it_plays_from_the_middle_of_a_bar(scheduled: Ask) -> None:
    answer = scheduled(with_pickup(), **{"from": 1})
    assert notes(answer) == [("n2", 0, 1.5), ("n3", 1.5, 2)]
    assert times(answer, "bar") == [(0, "b1")]
    assert answer["end"] == 3.5


def test_swing_makes_the_first_half_of_a_beat_longer(scheduled: Ask) -> None:
    answer = scheduled(with_pickup(), swing=True)
    # The pickup is the short half of a beat; n2 begins on a short half and ends with a beat.
    assert notes(answer) == [("n0", 0, 0.25), ("n1", 0.25, 0.75), ("n2", 1, 1.25), ("n3", 2.25, 2)]
    assert answer["end"] == 4.25


def test_a_tune_that_is_never_swung_stays_straight(scheduled: Ask) -> None:
    straight = {**with_pickup(), "swing": None}
    assert scheduled(straight, swing=True) == scheduled(straight)


def test_a_beat_is_swung_over_a_repeat_if_both_bars_make_it_up(scheduled: Ask) -> None:
    # The last bar lacks the eighth of the pickup; it is followed by the pickup again.
    halves = [[0, 0.5, 60, "p"], [0.5, 3, 62, "x"], [3.5, 0.5, 64, "y"]]
    again = [[4 + start, *rest] for start, *rest in halves]
    answer = scheduled(score([*halves, *again], [([0, 4], 0.5, 3.5), ([0.5, 4.5], 3.5, 0)]),
                       swing=True)  # fmt: skip
    found = notes(answer)
    assert found[2:4] == [("y", 3.25, 0.75), ("p", 4, 0.25)]
    assert answer["end"] == 8  # and the last note is the long half of a beat


def test_a_beat_that_a_bar_line_cuts_short_stays_straight(scheduled: Ask) -> None:
    broken = [[0, 1, 60, "a"], [1, 0.5, 62, "b"], [1.5, 0.5, 64, "c"], [2, 0.5, 65, "d"]]
    answer = scheduled(score(broken, [([0], 1.5, 0), ([1.5], 1, 0)]), swing=True)
    assert notes(answer) == [("a", 0, 1), ("b", 1, 0.5), ("c", 1.5, 0.75), ("d", 2.25, 0.25)]


def test_swing_never_changes_the_order_nor_opens_a_gap(scheduled: Ask) -> None:
    source = random.Random(4)
    for _ in range(40):
        bars, at = [], 0.0
        for _ in range(source.randint(1, 6)):
            length, phase = source.choice([0.25, 0.5, 1, 1.5, 2, 3.5]), source.choice([0, 0.5, 1.5])
            bars.append(([at], length, phase))
            at += length
        row = [[k / 4, 0.25, 60, f"n{k}"] for k in range(round(at * 4))]
        answer = scheduled(score(row, bars), swing=True)
        found = notes(answer)
        assert [name for name, _, _ in found] == [name for *_, name in row]
        for (_, start, duration), (_, following, _) in pairwise(found):
            assert duration > 0
            assert start + duration == pytest.approx(following, abs=1e-5)


def test_it_counts_in_one_bar(scheduled: Ask) -> None:
    whole = score([[0, 4, 60, "n0"]], [([0], 4, 0)])
    answer = scheduled(whole, countIn=True)
    assert times(answer, "count") == [(0, "first"), (1, "beat"), (2, "beat"), (3, "beat")]
    assert notes(answer) == [("n0", 4, 4)]
    assert answer["end"] == 8


def test_a_pickup_comes_in_at_its_place_in_the_bar_that_is_counted(scheduled: Ask) -> None:
    answer = scheduled(with_pickup(), countIn=True)
    assert times(answer, "count") == [(0, "first"), (1, "beat"), (2, "beat"), (3, "beat")]
    assert notes(answer)[:2] == [("n0", 3.5, 0.5), ("n1", 4, 0.5)]
    swung = scheduled(with_pickup(), countIn=True, swing=True)
    assert notes(swung)[:2] == [("n0", 3.75, 0.25), ("n1", 4, 0.75)]


def test_before_a_long_pickup_a_bar_more_is_counted(scheduled: Ask) -> None:
    long = score([[0, 3, 60, "n0"], [3, 4, 62, "n1"]], [([0], 3, 1), ([3], 4, 0)])
    answer = scheduled(long, countIn=True)
    assert [time for time, _ in times(answer, "count")] == [0, 1, 2, 3, 4]
    assert times(answer, "count")[4] == (4, "first")
    assert notes(answer)[0] == ("n0", 5, 3)


def test_a_loop_plays_bars_as_written(scheduled: Ask) -> None:
    # Two bars, played twice; the second is tied to the first when they are repeated.
    row = [[0, 1, 60, "a"], [1, 1, 62, "b"], [2, 1, 60, "a"], [3, 1, 62, "b"]]
    twice = score(row, [([0, 2], 1, 0), ([1, 3], 1, 0)])
    assert [name for name, _, _ in notes(scheduled(twice))] == ["a", "b", "a", "b"]
    answer = scheduled(twice, loop=[1, 1])
    assert notes(answer) == [("b", 0, 1)]
    assert answer["end"] == 1
    assert notes(scheduled(twice, loop=[0, 1])) == [("a", 0, 1), ("b", 1, 1)]


def test_a_tied_note_ends_with_the_loop(scheduled: Ask) -> None:
    tied = score([[0, 1, 60, "a"], [1, 2, 62, "b"], [3, 1, 64, "c"]],
                 [([0], 2, 0), ([2], 2, 0)])  # fmt: skip
    assert notes(scheduled(tied, loop=[0, 0])) == [("a", 0, 1), ("b", 1, 1)]
    assert notes(scheduled(tied, loop=[0, 1])) == [("a", 0, 1), ("b", 1, 2), ("c", 3, 1)]


def test_a_loop_that_lacks_its_pickup_is_swung_where_it_is_whole(scheduled: Ask) -> None:
    answer = scheduled(with_pickup(), loop=[1, 1], swing=True)
    assert notes(answer) == [("n1", 0, 0.75), ("n2", 0.75, 1.25), ("n3", 2, 2)]
    assert answer["end"] == 4


def test_a_tune_of_no_bars_is_silence(scheduled: Ask) -> None:
    assert scheduled(score([], [])) == {"events": [], "end": 0, "length": 0}


def test_real_tunes_are_played_when_python_says(shared: Path, scheduled: Ask) -> None:
    compared = 0
    for tune in read(shared / V2_SAMPLE):
        bars = lay_out(tune.tokens).bars
        if compared == 25 or not bars or not all(bar.adds_up for bar in bars):
            continue
        playback: Playback = engrave(tune).playback
        if playback.swing is None:
            continue
        compared += 1
        a_quarter = 60 / (playback.bpm * playback.beat)
        begins = playback.swung(playback.notes[0][0])
        expected = [((playback.swung(start) - begins) * a_quarter) for start, *_ in playback.notes]
        answer = scheduled(playback.to_dict(), swing=True)
        assert [time for _, time, _ in notes(answer)] == pytest.approx(expected, abs=1e-5)
    assert compared == 25
