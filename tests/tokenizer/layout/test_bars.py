"""Bars, parts and durations, worked out by hand."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given

from tests.conftest import POST, V2_SAMPLE
from tests.strategies import bodies, heaps
from tunetrace import Transcription, read
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import eighths

F = Fraction


def numbered(text: str) -> list[tuple[int, int, int | None, str]]:
    """(part, bar, ending, text) of each bar."""
    layout = lay_out(text.split())
    return [(bar.part, bar.number, bar.ending, bar.text) for bar in layout.bars]


def places(text: str) -> str:
    """The bars in short: part.bar, /ending, and ! where a bar does not add up."""
    return " ".join(
        f"{bar.part}.{bar.number}"
        + (f"/{bar.ending}" if bar.ending else "")
        + ("!" if bar.adds_up is False else "")
        for bar in lay_out(text.split()).bars
    )


def durations(text: str) -> list[Fraction]:
    layout = lay_out(text.split())
    return [eighths(length) for bar in layout.bars for length in bar.events.durations]


def test_the_posts_transcription_has_two_parts_of_eight_bars_with_pickups() -> None:
    layout = lay_out(POST.read_text().split())
    for part, pickup in ((1, "B,"), (2, "D")):
        bars = [bar for bar in layout.bars if bar.part == part]
        assert [bar.number for bar in bars] == list(range(9))
        assert bars[0].text == pickup
    assert all(bar.adds_up for bar in layout.bars)
    assert layout.bars[1].text == "G, C C 2 G, C E C"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C 2 C /2 C 3/2 C", [2, F(1, 2), F(3, 2), 1]),
        ("C 3 /2", [F(3, 2)]),  # successive lengths multiply
        ("C > D", [F(3, 2), F(1, 2)]),
        ("C < D", [F(1, 2), F(3, 2)]),
        ("C >> D", [F(7, 4), F(1, 4)]),
        ("C 2> D 2", [3, 1]),
        ("C 2 > D 2", [3, 1]),
        ("C /2< D /2", [F(1, 4), F(3, 4)]),
        ("(3 C D E F", [F(2, 3)] * 3 + [1]),
        ("(3 C 2 D E", [F(4, 3), F(2, 3), F(2, 3)]),
        ("(2 C D", [F(3, 2)] * 2),
        ("(4 C D E F", [F(3, 4)] * 4),
        ("M:4/4 (5 C D E F G", [F(2, 5)] * 5),
        ("M:6/8 (5 C D E F G", [F(3, 5)] * 5),
        ("(3:2:2 C 2 D E", [F(4, 3), F(2, 3), 1]),
        ("(3 [ C E ] D [ E G ] F", [F(2, 3)] * 3 + [1]),
        ("(3 C > D E", [1, F(1, 3), F(2, 3)]),
        ("[ C E ] 2 D", [2, 1]),
        ("[ C 2 E 2 ] D", [2, 1]),
        ("[ C 2 E ] 2 D", [4, 1]),
        ("[ C E ] > D", [F(3, 2), F(1, 2)]),
        ("z 2 C", [2, 1]),
        ("C | 2 D", [1, 1]),  # a length after a bar line belongs to no note
        ("(3 C D | E F", [F(2, 3), F(2, 3), 1, 1]),  # a bar line ends a tuplet
        ("[ C E | D ] 2", [1, 2]),  # and a chord
        ("C /11 D /7", [F(1, 11), F(1, 7)]),
    ],
)
def test_durations_are_exact(text: str, expected: list[Fraction]) -> None:
    assert durations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # pickups
        ("M:2/4 C | C 4 | C 3 :|", "1.0 1.1 1.2"),
        ("M:2/4 C |: C 4 | C 3 :|", "1.0 1.1 1.2"),
        ("M:2/4 C 4 | C 3 |: D | D 4 | D 3 :|", "1.1 1.2 2.0 2.1 2.2"),
        ("M:2/4 C 4 | C 3 | D |: D 4 | D 3 :|", "1.1 1.2 2.0 2.1 2.2"),
        ("M:2/4 C 4 :| D |: D 4 | D 3 :|", "1.1 2.0 2.1 2.2"),
        ("M:3/4 C |: D 2 | D 6 | D 4 :|", "1.0 1.0 1.1 1.2"),
        # parts
        ("M:2/4 C 4 | C 4 :| D 4 | D 4 :|", "1.1 1.2 2.1 2.2"),
        ("M:2/4 |: C 4 | C 4 :| |: D 4 :|", "1.1 1.2 2.1"),
        ("M:2/4 C 4 | C 4 | D 4 | D 4 |", "1.1 1.2 1.3 1.4"),
        # endings
        ("M:2/4 |: C 4 |1 D 4 :| |2 E 4 |: F 4 :|", "1.1 1.2/1 1.2/2 2.1"),
        ("M:2/4 |: C 4 |1 D 4 :| |2 E 4 | F 4 |", "1.1 1.2/1 1.2/2 2.1"),
        ("M:2/4 |: C 4 |1 D 4 | D 4 :| |2 E 4 | E 4 | F 4 |", "1.1 1.2/1 1.3/1 1.2/2 1.3/2 2.1"),
        ("M:2/4 |: C 4 |1 D 4 :| |2 E 4 :| |3 F 4 | G 4 |", "1.1 1.2/1 1.2/2 1.2/3 2.1"),
        ("M:2/4 |: C 4 |1,3 D 4 :| |2 E 4 | G 4 |", "1.1 1.2/1 1.2/2 2.1"),
        ("M:2/4 c |: C 4 |1 D 3 :| |2 E 3 |", "1.0 1.1 1.2/1 1.2/2"),
        # a bar that an ending cuts in two
        ("M:2/4 |: C 4 | D 2 |1 E 2 :| |2 F 2 |", "1.1 1.2 1.2/1 1.2/2"),
        # two halves of one bar
        ("M:2/4 C 4 | C 2 | D 2 | E 4 |", "1.1 1.2 1.2 1.3"),
        # what does not add up
        ("M:2/4 C 4 | C 3 | D 4 | D 5 |", "1.1 1.2! 1.3 1.4!"),
        ("M:2/4 C 4 | C 3 :|", "1.1 1.2!"),
        # the meter changes; without one nothing is short
        ("M:2/4 C 4 | M:3/4 C 6 | C 4 | D 6 |", "1.1 1.2 1.3! 1.4"),
        ("C | C 4 |: D 3 :|", "1.1 1.2 2.1"),
        ("M:none C | C 4 |", "1.1 1.2"),
    ],
)
def test_bars_and_parts_are_numbered_by_the_rules(text: str, expected: str) -> None:
    assert places(text) == expected


def test_headers_are_no_part_of_a_bars_text() -> None:
    assert numbered("M:2/4 K:Cmaj C 4 | M:3/4 D 6 | E 2 K:Cmin F 4 |") == [
        (1, 1, None, "C 4"),
        (1, 2, None, "D 6"),
        (1, 3, None, "E 2 F 4"),
    ]


def position(text: str, token: int) -> tuple[int, int, Fraction]:
    found = lay_out(text.split()).position(token)
    return found.part, found.bar, found.onset


def test_onsets_are_counted_from_the_start_of_the_bar() -> None:
    text = "M:2/4 B, | C > D (3 E F G | A 3 :|"
    assert position(text, 1) == (1, 0, 0)
    assert position(text, 3) == (1, 1, 0)
    assert position(text, 5) == (1, 1, F(3, 2))
    assert position(text, 6) == (1, 1, 2)  # the sign of a triplet: its first note
    assert position(text, 9) == (1, 1, F(10, 3))
    assert position(text, 10) == (1, 2, 0)  # a bar line: the first note after it


def test_the_second_half_of_a_bar_goes_on_counting() -> None:
    assert position("M:2/4 C 4 | C 2 | D 2 | E 4 |", 8) == (1, 2, 2)


@given(heaps)
def test_any_heap_of_tokens_is_laid_out_and_every_note_stands_in_one_bar(
    tokens: list[str],
) -> None:
    layout = lay_out(tokens)
    stops = [bar.stop for bar in layout.bars]
    starts = [bar.start for bar in layout.bars]
    assert all(stop <= start for stop, start in zip(stops, starts[1:], strict=False))
    for at, token in enumerate(tokens):
        if token in ("C", "D", "E", "c", "^F", "z"):
            assert sum(bar.start <= at < bar.stop for bar in layout.bars) == 1


@given(bodies)
def test_onsets_and_durations_of_a_bar_follow_on(tokens: list[str]) -> None:
    layout = lay_out(["M:4/4", *tokens])
    for bar in layout.bars:
        assert sum(bar.events.durations) == bar.duration
        expected = eighths(bar.offset)
        for start, length in zip(bar.events.starts, bar.events.durations, strict=True):
            if bar.events.sounds[bar.events.starts.index(start)]:
                assert layout.position(bar.start + start).onset == expected
            expected += eighths(length)


def test_a_bar_of_plain_notes_and_lengths_lasts_what_its_lengths_sum_to(shared: Path) -> None:
    """Against a sum that knows nothing of bars, chords, tuplets and rhythms."""
    tunes = [t for t in read(shared / V2_SAMPLE) if isinstance(t, Transcription)]
    compared = 0
    for tune in tunes[:500]:
        layout = lay_out(tune.tokens)
        for bar in layout.bars:
            text = bar.text
            if not set(text) & set("<>([") and len(text.split()) == bar.stop - bar.start:
                notes = re.findall(r"[A-Ga-gz][,']*((?: [\d/]+)?)", text)
                lengths = [length.strip() for length in notes]
                total = sum(
                    Fraction("1" + length if length[:1] == "/" else length or "1")
                    for length in lengths
                )
                assert eighths(bar.duration) == total, text
                compared += 1
    assert compared > 5000
