"""Spans marked in a tune's bars: by hand, and for any tokens and any spans."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.checker.batches import checked, source, span, transcription
from tests.strategies import bodies, heaps
from tunetrace.checker.records import SharedStretch
from tunetrace.reports.page.marks import MOST_TOKENS, Run, Stretch, find_stretches, show
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.vocabulary import is_header


def split(text: str) -> list[str]:
    return text.split()


@st.composite
def marked(draw: st.DrawFn) -> tuple[list[str], list[Stretch]]:
    """A tune and stretches of it, which overlap as they will."""
    tokens = ["M:6/8", "K:Cmaj", *draw(st.one_of(bodies, heaps))]
    stretches = []
    for number in range(1, draw(st.integers(0, 5)) + 1):
        first = draw(st.integers(2, len(tokens) - 1))
        stop = draw(st.integers(first + 1, len(tokens)))
        stretches.append(Stretch(first, stop, number, draw(st.integers(1, 3))))
    return tokens, stretches


def runs_of(tokens: list[str], stretches: list[Stretch]) -> list[Run]:
    parts = show(tokens, tokens, stretches)
    return [run for part in parts for bar in part.bars for run in bar.runs]


@given(marked())
def test_every_token_is_in_just_the_spans_that_cover_it(
    tune: tuple[list[str], list[Stretch]],
) -> None:
    tokens, stretches = tune
    first = next((k for k, token in enumerate(tokens) if not is_header(token)), len(tokens))
    expected = [
        (token, tuple(s.number for s in stretches if s.first <= at < s.stop))
        for at, token in enumerate(tokens)
        if at >= first
    ]
    runs = runs_of(tokens, stretches)
    # A tune without a note has no bar, and nothing is shown of it.
    assert [(token, run.spans) for run in runs for token in run.text.split()] in (expected, [])


@given(marked())
def test_a_mark_has_the_highest_level_of_its_spans(
    tune: tuple[list[str], list[Stretch]],
) -> None:
    tokens, stretches = tune
    levels = {stretch.number: stretch.level for stretch in stretches}
    for run in runs_of(tokens, stretches):
        assert run.level == max((levels[number] for number in run.spans), default=0)


def test_bar_lines_go_to_the_bar_that_they_close_or_open() -> None:
    tokens = split("M:4/4 K:Cmaj G |: C 8 | D 8 |1 E 8 :| |2 F 8 |: A 8 | M:3/4 B 6 :|")
    bars = [
        (part.number, bar.number, "".join(run.text for run in bar.runs))
        for part in show(tokens, tokens, [])
        for bar in part.bars
    ]
    assert bars == [
        (1, 0, "G"),
        (1, 1, "|: C 8 |"),
        (1, 2, "D 8"),
        (1, 3, "|1 E 8 :|"),
        (1, 3, "|2 F 8"),
        (2, 1, "|: A 8 |"),
        (2, 2, "M:3/4 B 6 :|"),
    ]


def test_a_span_is_found_wherever_it_stands_but_inside_a_longer_note() -> None:
    tokens = split("M:4/4 C D E")
    corpus_tune = split("M:4/4 C D E F | C D E 2 | C D E |")
    tune = checked(
        transcription=transcription(tokens=tokens), spans=(span(1, 4, notes=3, tokens=tokens),)
    )
    layout = lay_out(corpus_tune)
    whole = replace(source(1, 9.0), stretches=(SharedStretch(1, 4, 0, 3, 1),))
    assert find_stretches(whole, tune, layout) == [
        Stretch(1, 4, 1, 2),
        Stretch(11, 14, 1, 2),
    ]
    part = replace(source(1, 9.0), stretches=(SharedStretch(2, 4, 1, 3, 2),))
    assert find_stretches(part, tune, layout) == [
        Stretch(2, 4, 1, 2),
        Stretch(12, 14, 1, 2),
    ]


def test_bars_without_a_mark_can_be_left_out() -> None:
    tokens = split("M:4/4 C 8 | D 8 | E 8 |")
    (part,) = show(tokens, tokens, [Stretch(4, 6, 1, 1)], marked_bars_only=True)
    assert [bar.number for bar in part.bars] == [2]
    assert part.bars[0].runs == (Run("D 8", (1,), 1, (1,)), Run("|", (), 0, ()))


def test_a_tune_that_never_ends_is_shown_in_part() -> None:
    tokens = ["M:4/4", *(["C", "8", "|"] * MOST_TOKENS)]
    assert sum(len(run.text.split()) for run in runs_of(tokens, [])) < MOST_TOKENS


def test_the_level_says_how_far_a_span_is_beyond_chance() -> None:
    assert [span(expected=expected).level for expected in (2.0, 1e-3, 1e-5, 1e-7)] == [
        1,
        2,
        2,
        3,
    ]
