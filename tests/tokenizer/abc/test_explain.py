"""Where each token comes from, and what of a line gave none."""

from __future__ import annotations

import pytest
from hypothesis import given

import tunetrace
from tests.strategies import heaps
from tunetrace.tokenizer.abc.explain import Explanation, Lexeme
from tunetrace.tokenizer.folkrnn import to_folkrnn

HEAD = "X:1\nM:6/8\nL:1/8\nK:G\n"


def lexemes(explanation: Explanation, line: int) -> list[tuple[int, str, str]]:
    """Column, text, and tokens or what was dropped, of one line."""
    (found,) = [explained for explained in explanation.lines if explained.line == line]

    def said(lexeme: Lexeme) -> str:
        return " ".join(lexeme.tokens) or f"({lexeme.dropped})"

    return [(lexeme.column, lexeme.text, said(lexeme)) for lexeme in found.lexemes]


def test_each_token_is_shown_with_its_place_and_what_is_dropped_with_what_it_is() -> None:
    explained = tunetrace.explain(HEAD + '"Am"G3 ~{a}(GA-!trill!B)|y2 [GB]2')
    assert lexemes(explained, 5) == [
        (1, '"Am"', "(a chord symbol)"),
        (5, "G3", "C 3"),
        (8, "~", "(a decoration)"),
        (9, "{a}", "(grace notes)"),
        (12, "(", "(a slur)"),
        (13, "G", "C"),
        (14, "A", "D"),
        (15, "-", "(a tie)"),
        (16, "!trill!", "(a decoration)"),
        (23, "B", "E"),
        (24, ")", "(a slur)"),
        (25, "|", "|"),
        (26, "y2", "(space)"),
        (29, "[GB]2", "[ C E ] 2"),
    ]
    assert (explained.steps, explained.semitones, explained.unit_length) == (-4, -7, "1/8")


def test_a_sign_that_joins_what_stands_before_it_takes_that_over() -> None:
    explained = tunetrace.explain(HEAD + "G2>A | |: B")
    assert lexemes(explained, 5) == [
        (1, "G2", "C"),
        (3, ">", "2>"),
        (4, "A", "D"),
        (6, "|", "(an empty bar)"),
        (8, "|:", "|:"),
        (11, "B", "E"),
    ]


def test_fields_and_line_ends_that_gave_a_token_are_shown() -> None:
    explained = tunetrace.explain(HEAD + "G3G3\nK:D\nw:la\nD[M:3/4]E")
    assert lexemes(explained, 4) == [(1, "K:G", "K:Cmaj")]
    assert lexemes(explained, 5)[-1] == (5, "", "|")
    assert lexemes(explained, 6) == [(1, "K:D", "K:Gmaj")]
    assert lexemes(explained, 8)[1] == (2, "[M:3/4]", "M:3/4")
    assert [line.line for line in explained.lines] == [2, 4, 5, 6, 8]


def test_what_other_voices_and_overlays_play_is_shown_as_left_out() -> None:
    explained = tunetrace.explain(HEAD + "V:1\nG3 & D3|\nV:2\nB3|\n")
    assert lexemes(explained, 6)[1] == (4, "& D3", "(an overlay)")
    assert lexemes(explained, 8) == [(1, "B3|", "(another voice)")]


def test_accidentals_of_the_key_show_on_the_notes_that_take_them() -> None:
    explained = tunetrace.explain("X:1\nK:D =c\nc d")
    assert [origin.token for origin in explained.origins] == ["K:Cmaj", "_B", "c"]


@pytest.mark.parametrize(
    "music",
    [
        HEAD + "|:G>A [GB]2 (3GAB | | c2<d2 Z2 & E |1 [K:Am]e :|2\\\nf ]|" [:-2],
        HEAD + "V:1\nGAB GAB\n[V:2]D3|[V:1]GAB|\nK:D exp _b\nB3 ||\n|: D3 \n",
        HEAD + "G\n3A|\n",
    ],
)  # fmt: skip
def test_every_token_has_one_origin(music: str) -> None:
    explained = tunetrace.explain(music)
    origins = explained.origins
    assert [origin.index for origin in origins] == list(range(len(origins)))
    assert [origin.token for origin in origins] == tunetrace.tokenize(music)
    lines = music.split("\n")
    for origin in origins:
        assert 1 <= origin.line <= len(lines)
        assert 1 <= origin.column <= len(lines[origin.line - 1]) + 1


@given(heaps)
def test_every_token_of_folk_rnns_text_has_one_origin(tokens: list[str]) -> None:
    text = to_folkrnn(["M:4/4", "K:Cmaj", "C", *tokens, "C"], title="A title")
    origins = tunetrace.explain(text).origins
    assert [origin.token for origin in origins] == tunetrace.tokenize(text)
    for origin in origins:
        line = text.split("\n")[origin.line - 1]
        assert line[origin.column - 1 :].startswith(origin.token)


def test_a_frame_is_dropped() -> None:
    explained = tunetrace.explain("<s> M:4/4 K:Cmaj C D | </s>\n")
    assert [said for _, _, said in lexemes(explained, 1)] == [
        "(the tune's frame)", "M:4/4", "K:Cmaj", "C", "D", "|", "(the tune's frame)",
    ]  # fmt: skip


def test_what_cannot_be_explained_says_why() -> None:
    with pytest.raises(tunetrace.AbcError) as raised:
        tunetrace.explain(HEAD + "G[A|")
    assert (raised.value.line, raised.value.column, raised.value.kind) == (5, 2, "open bracket")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("X:1\nM : 4/4\nK:C\nCDEF|", [(0, 2, "M: 4/4"), (1, 3, "K:C")]),
        ("M:4/4\n\nX:1\nK:C\nCDEF|", [(0, 1, "M:4/4"), (1, 4, "K:C")]),
        ("X:1\nK:C\nM:4/4\nCDEF|", [(0, 3, "M:4/4"), (1, 2, "K:C")]),
        ("X:1\nM:4/4\nK:C\nV:1\nM:3/4\nCDE|", [(0, 5, "M:3/4"), (1, 3, "K:C")]),
    ],
)
def test_header_tokens_come_from_the_field_that_counts(
    text: str, lines: list[tuple[int, int, str]]
) -> None:
    origins = tunetrace.explain(text).origins
    assert [(o.index, o.line, o.text) for o in origins[:2]] == lines
    assert [o.index for o in origins] == list(range(len(origins)))


def test_fields_and_bar_lines_without_a_token_are_called_what_they_are() -> None:
    explained = tunetrace.explain(HEAD + "G3| [| G3|\nM:6/8\nK:G =f\nf3|")
    assert (5, "[|", "(an empty bar)") in lexemes(explained, 5) or (
        3, "|", "(an empty bar)") in lexemes(explained, 5)  # fmt: skip
    assert lexemes(explained, 6) == [(1, "M:6/8", "(a field)")]
    assert lexemes(explained, 7) == [(1, "K:G =f", "(a field)")]
