"""Marks: the steps of bar lines and parts, counted by hand."""

from __future__ import annotations

from tests.conftest import POST
from tunetrace import Transcription, read
from tunetrace.model.inspect.measures.marks import marks_of


def test_the_marks_of_the_posts_transcription() -> None:
    (tune,) = read(POST)
    assert isinstance(tune, Transcription)
    marks = marks_of(tune.tokens)
    # The post says that the melodies begin at steps 3 and 74, counted from 1. There the network
    # writes the first note, and the `|:` before the first note of the second part.
    assert tune.tokens[73:75] == ("|:", "D")
    assert (marks.part_starts + 1).tolist() == [3, 75]
    lines = [i for i, token in enumerate(tune.tokens) if token in ("|", "|:", ":|")]
    assert marks.bar_lines.tolist() == lines
    assert len(lines) == 19


def test_steps_are_counted_from_the_beginning() -> None:
    # Step:             0    1      2  3 4  5 6  7  8  9 10
    tokens = ["M:4/4", "K:Cmaj", "|:", "G,", "C", "2", "|", "C", ":|", "|:", "z", "E", "|"]
    marks = marks_of(tokens)
    assert marks.bar_lines.tolist() == [2, 6, 8, 9, 12]
    assert marks.part_starts.tolist() == [3, 11]


def test_a_tune_without_notes_has_no_part() -> None:
    assert marks_of(["M:4/4", "K:Cmaj"]).part_starts.tolist() == []
    assert marks_of([]).bar_lines.tolist() == []


def test_tokens_that_are_not_known_are_passed_over() -> None:
    marks = marks_of(["[L:1/8]", "[M:4/4]", "C", "!trill!", "|", "D"])
    assert marks.bar_lines.tolist() == [4]
    assert marks.part_starts.tolist() == [2]
