"""Grace notes and ties in ABC that is written: they are read again as they were."""

from __future__ import annotations

import pytest

from tunetrace.tokenizer.abc.ornaments import Ornaments, ornaments_of
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.write import to_abc

HEAD = "X:1\nM:4/4\nL:1/8\nK:C\n"


@pytest.mark.parametrize(
    ("music", "written"),
    [
        ("{g}A4 A4|", "{g}A4A4 |"),
        ("{gf}A>B {g}[Ac]2 z4|", "{gf}A>B{g}[Ac]2z4 |"),
        ("(3{g}ABc z2 z4|", "(3{g}ABcz2z4 |"),
        ("A4-A4-|A8|", "A4-A4- | A8 |"),
        ("A-A A2->B2 A-A A|", "A-AA2->B2A-AA |"),
        ("[A-c]2[Ac]2 [Ac]2-[Ac]2|", "[A-c]2[Ac]2[A-c-]2[Ac]2 |"),
        ("^f8-|f8|", "^f8- | ^f8 |"),
        ("A8:|2 B8|", "A8 :|2 B8 |"),
    ],
)
def test_what_the_text_has_is_written_and_read_again(music: str, written: str) -> None:
    tune = tokenize_abc(HEAD + music)
    ornaments = ornaments_of(tune)
    text = to_abc(tune.tokens, ornaments=ornaments)
    assert text.splitlines()[-1] == written
    again = tokenize_abc(text)
    assert again.tokens == tune.tokens
    assert ornaments_of(again) == ornaments


def test_grace_notes_are_moved_to_the_tonic() -> None:
    tokens = ["M:4/4", "K:Cmaj", "C", "8", "|"]
    text = to_abc(tokens, tonic="D", ornaments=Ornaments({2: ("^F", "B,")}, {2}))
    assert text.splitlines()[-1] == "{^GC}D8- |"


def test_of_tokens_that_are_mended_no_ornaments_are_written() -> None:
    tokens = ["M:4/4", "K:Cmaj", "2", "C", "8", "|"]  # the first length has no note
    text = to_abc(tokens, ornaments=Ornaments({3: ("F",)}, {3}))
    assert text.splitlines()[-1] == "C8 |"


def test_a_line_has_four_bars_and_a_second_ending_stays_with_its_repeat_sign() -> None:
    bars = ["C", "|", "D", "|", "E", "|1", "F", ":|", "|2", "G", "|", "A", "|", "B", "|", "c", "|"]
    lines = to_abc(["K:Cmaj", *bars]).splitlines()[-2:]
    assert lines == ["C | D | E |1 F :|2 G |", "A | B | c |"]
