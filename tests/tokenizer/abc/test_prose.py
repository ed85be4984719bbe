"""Which lines of a tune are words: no music is lost, and no word becomes notes."""

from __future__ import annotations

import pytest

from tunetrace import explain, tokenize
from tunetrace.corpus.readers import read_tunes
from tunetrace.tokenizer.abc.prose import is_prose, music_before_words
from tunetrace.tokenizer.abc.tune import tokenize_abc

HEADER = "X:1\nU:t=!trill!\nM:4/4\nL:1/8\nK:C\n"


@pytest.mark.parametrize(
    "line",
    [
        "tAtBtctd|tetftgta|",  # ABC 2.1, 4.16: letters that a tune defines
        "hG=hA|kGkAkBk_c|",
        "p(A2 p.B2)|mAmBmcmd|",
        "GABc | % a comment is much longer than the music in front of it",
        "GABc [r:and so is a remark]|",
        '"^a long instruction, slower and softer"G4|',
    ],
)
def test_music_is_no_prose(line: str) -> None:
    assert not is_prose(line)


@pytest.mark.parametrize("line", ["Här är en låt", "Конец", "Voilà, là-bas", "祝你玩得开心"])
def test_letters_that_no_music_has_are_words(line: str) -> None:
    assert is_prose(line)
    read = tokenize_abc(HEADER + f"GABc dedB|\n{line}")
    assert read.tokens[2:] == ("G", "A", "B", "c", "d", "e", "d", "B", "|")
    assert read.remarks == ("1 line of text was left out",)


@pytest.mark.parametrize(
    ("line", "music"),
    [
        ("|: GABc dedB :| repeat 4 times", "|: GABc dedB :|"),
        ("GABc | d4 |] D.C. al Fine", "GABc | d4 |]"),
        ("GABc dedB |", None),
        ("GABc | tAtBtctd", None),
        ("GABc | !trill!d4", None),
        ("The first | part is here", None),
    ],
)
def test_words_after_the_last_bar_line_are_no_music(line: str, music: str | None) -> None:
    assert music_before_words(line) == music


def test_a_line_of_music_with_words_after_it_keeps_its_music() -> None:
    text = HEADER + "|: GABc dedB :| repeat 4 times\nc8 |] D.C. al Fine\n"
    tokens = ["|:", "G", "A", "B", "c", "d", "e", "d", "B", ":|", "c", "8", "|"]
    assert tokenize(text)[2:] == tokens
    assert [one.token for one in explain(text).origins][2:] == tokens
    assert tokenize_abc(text).remarks == ("2 lines of text were left out",)


def test_a_comment_after_the_music_does_not_join_two_tunes() -> None:
    tune = "M:4/4\nL:1/8\nK:C\nGABc dedB | % this is the whole of the music of this tune\n"
    assert len(list(read_tunes(f"{tune}\n{tune}", "the text"))) == 2
