"""One tune shown whole: its bars worked out by hand, and the settings that belong to it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, index_of
from tunetrace import QueryError, TuneDetail

PICKUP = """X:1
T:Pickup
M:2/4
L:1/8
K:G
D|:G2 B2|A2 ^c2|1 G3 D:|2 G3|]
B|d2 e|
"""
"""On C: G, |: C 2 E 2 | D 2 ^F 2 |1 C 3 G, :| |2 C 3 | and a second part that falls short."""


def tune_of(folder: Path, reference: str, *tunes: str) -> TuneDetail:
    with tunetrace.open_index(index_of(folder, *tunes)) as index:
        return tunetrace.tune(reference, index)


def test_the_bars_are_given_with_their_signs_and_lengths(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, "Pickup", PICKUP)
    # part, bar, ending, left, text, right, eighths, adds up
    assert [
        (b.part, b.bar, b.ending, b.left, b.text, b.right, b.eighths, b.adds_up) for b in tune.bars
    ] == [
        (1, 0, None, (), "G,", (), 1, True),
        (1, 1, None, ("|:",), "C 2 E 2", ("|",), 4, True),
        (1, 2, None, (), "D 2 ^F 2", (), 4, True),
        (1, 3, 1, ("|1",), "C 3 G,", (":|",), 4, True),
        (1, 3, 2, ("|2",), "C 3", ("|",), 3, True),
        (2, 0, None, (), "E", ("|",), 1, True),
        (2, 1, None, (), "G 2 A", ("|",), 3, True),
    ]
    assert {bar.expected for bar in tune.bars} == {Fraction(4)}
    assert [" ".join(tune.tokens[b.token :][: len(b.text.split())]) for b in tune.bars] == [
        bar.text for bar in tune.bars
    ]


def test_a_tune_that_begins_with_a_repeat_sign_has_it_in_its_first_bar(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, "1", "X:1\nT:A\nM:2/4\nL:1/8\nK:C\n|:C4:||:D4:|\n")
    assert [(bar.left, bar.text, bar.right) for bar in tune.bars] == [
        (("|:",), "C 4", (":|",)),
        (("|:",), "D 4", (":|",)),
    ]


def test_bars_that_do_not_add_up_say_so_and_without_a_meter_none_does(tmp_path: Path) -> None:
    text = "X:1\nT:A\nM:2/4\nL:1/8\nK:C\nC4|D5|E4|\n"
    unmetered = text.replace("2/4", "none").replace("T:A", "T:B")
    with tunetrace.open_index(index_of(tmp_path, text, unmetered)) as index:
        bars = tunetrace.tune("A", index).bars
        assert [(bar.eighths, bar.adds_up) for bar in bars] == [(4, True), (5, False), (4, True)]
        bars = tunetrace.tune("B", index).bars
        assert [(bar.expected, bar.adds_up) for bar in bars] == [(None, None)] * 3


def test_range_and_final_notes_are_those_of_the_key(tmp_path: Path) -> None:
    # On C in the dorian mode B is flat: it is 2 semitones below C, and from that to c it is 24.
    text = "X:1\nT:A\nM:2/4\nL:1/8\nK:Ddor\nC,2 a2|D4:|A4:|=F4:|^F4:|\n"
    music = tune_of(tmp_path, "A", text).music
    assert (music.lowest and music.lowest.note, music.highest and music.highest.note) == (
        "B,,", "g",
    )  # fmt: skip
    assert music.range_semitones == 2 + 12 + 12 + 7
    # D is the tonic, A the fifth; F natural is the third, F sharp is altered against the key.
    assert [part.final_degree for part in music.parts] == [1, 5, 3, None]
    assert [part.ends_on_tonic for part in music.parts] == [True, False, False, False]


def test_a_tune_is_found_by_id_number_and_title_and_keeps_its_text(tmp_path: Path) -> None:
    with tunetrace.open_index(index_of(tmp_path, KESH, MORRISONS)) as index:
        named = [tunetrace.tune(name, index) for name in ("2", "session:7", "morrisons")]
        assert [tune.tune for tune in named] == [2, 2, 2]
        tune = named[0]
        assert (tune.corpus, tune.number, tune.meter) == ("session", 7, "6/8")
        assert (tune.key, tune.original_key, tune.link) == ("Cdor", "Edor", None)
        assert tune.text.strip() == MORRISONS.strip()
        assert tune.tokens[:2] == ("M:6/8", "K:Cdor")
        assert (tune.titles, tune.remarks, tune.settings) == (("Morrison's",), (), ())
        with pytest.raises(QueryError, match="there is no tune 'Nothing' in the index"):
            tunetrace.tune("Nothing", index)


def test_other_settings_are_those_that_share_a_title_each_with_its_first_bars(
    tmp_path: Path,
) -> None:
    other = "X:9\nT:Kesh Jig, The\nT:Kesh\nM:6/8\nL:1/8\nK:D\nA|d3 def|e3 efa|d6|\n"
    with tunetrace.open_index(index_of(tmp_path, KESH, MORRISONS, other)) as index:
        tune = tunetrace.tune("Kesh", index)
        assert (tune.tune, tune.named) == (1, 2)
        (setting,) = tune.settings
        assert (setting.tune, setting.number, setting.title) == (3, 9, "Kesh Jig, The")
        assert setting.begins == "G | c 3 c d e | d 3 d e g"
        again = tunetrace.tune("3", index)
        assert (again.named, again.titles) == (1, ("Kesh Jig, The", "Kesh"))
        assert [setting.tune for setting in again.settings] == [1]


def test_tunes_without_a_title_are_no_settings_of_one_another(tmp_path: Path) -> None:
    texts = ["X:1\nK:C\nC|\n", "X:2\nT:?\nK:C\nD|\n", "X:3\nT:!\nK:C\nE|\n"]
    with tunetrace.open_index(index_of(tmp_path, *texts)) as index:
        assert [tunetrace.tune(str(k), index).settings for k in (1, 2, 3)] == [(), (), ()]


def test_a_notebook_shows_the_bars_and_the_settings(tmp_path: Path) -> None:
    hostile = "X:1\nT:<script>\nM:2/4\nL:1/8\nK:C\n|:C4:|\n"
    shown = tune_of(tmp_path, "1", hostile, hostile.replace("X:1", "X:2"))._repr_html_()
    assert "<script>" not in shown
    assert "<b>&lt;script&gt;</b><br>session:1, 2/4, Cmaj" in shown
    assert "<td>1</td><td>1</td><td>|: C 4 :|</td>" in shown
    assert "<td>session:2</td><td>&lt;script&gt;</td><td>C 4</td>" in shown
