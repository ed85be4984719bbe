"""`tunetrace tune`: what it prints for people and for programs, hostile text among it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of

OTHER = """X:9
T:Kesh Jig, The
T:The Kesh
M:6/8
L:1/8
K:D
A|:d3 def|e3 e2a|d3 def|1 e3 e2A:|2 d6||
f6|
"""
"""A pickup, two endings, a bar too long, and a second part; bar 3 is bar 1 again."""


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("tune"), KESH, MORRISONS,
                    OTHER.replace("e3 e2a", "e3 e3a"))  # fmt: skip


def lines(*arguments: str | Path) -> list[str]:
    """What the command shows in a terminal, each line with single spaces."""
    ended = call_in_terminal("tune", *arguments)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    return [" ".join(line.split()) for line in ended.out.splitlines()]


def test_a_tune_is_shown_in_its_own_key_with_its_text_and_its_tokens_on_c(index: Path) -> None:
    shown = lines("session:3", "--index", index)
    assert "Tune session:3 (id 1 in this index)" in shown
    assert "Key Gmaj, indexed as Cmaj" in shown
    assert "Also called Kesh Jig, The" not in shown
    for line in KESH.splitlines():
        assert line in shown
    assert "Part 1: 2 bars, not repeated, ends on d (the fifth)" in shown
    assert "1 G 3 G A B" in shown
    assert "2 A 3 A B d" in shown
    highest, lowest = "highest note d in part 1, bar 2", "lowest G in part 1, bar 1"
    assert f"• {highest}; {lowest}; 7 semitones apart" in shown
    assert "M:6/8 K:Cmaj C 3 C D E | D 3 D E G |" in shown


def test_bars_are_numbered_and_say_what_is_to_be_said_of_them(index: Path) -> None:
    shown = lines("session:9", "--index", index)
    assert "Also called The Kesh" in shown
    bars = [
        "Part 1: 5 bars, pickup A, 2 endings, repeated, ends on f (the third)",
        "0 A pickup, 1 of 6 eighths",
        "1 |: d 3 d e f",
        "2 e 3 e 3 a 7 of 6 eighths: does not add up",
        "3 d 3 d e f same as bar 1",
        "4/1 |1 e 3 e 2 A :|",
        "4/2 |2 d 6",
    ]
    at = shown.index(bars[1]) - 1
    assert shown[at + 1 : at + 7] == bars[1:]
    assert "• 1 bar does not add up" in shown


def test_a_title_of_several_settings_shows_the_first_and_lists_the_others(index: Path) -> None:
    shown = lines("kesh", "--index", index)
    assert "the first of 2 tunes with this title; the others are below" in shown
    assert "session:9 Kesh Jig, The 6/8 Dmaj G | c 3 c d e | d 3 d 3 g" in shown
    assert "the first of" not in "".join(lines("1", "--index", index))


def test_as_json_bars_are_on_c_and_lengths_are_exact(index: Path) -> None:
    tune = call("tune", "session:9", "--index", index, "--json").json
    assert (tune["tune"], tune["named"], tune["titles"]) == (3, 1, ["Kesh Jig, The", "The Kesh"])
    assert tune["bars"][0] == {
        "part": 1, "bar": 0, "ending": None, "token": 2, "left": [], "text": "G", "right": [],
        "eighths": "1", "expected": "6", "adds_up": True,
    }  # fmt: skip
    assert [setting["tune"] for setting in tune["settings"]] == [1]
    assert tune["music"]["adds_up"] is False


@pytest.mark.parametrize("reference", ["99", "Nothing", "", ":", "session:"])
def test_what_names_no_tune_is_one_sentence(index: Path, reference: str) -> None:
    refusal = call("tune", reference, "--index", index).refusal
    assert refusal == (
        f"there is no tune '{reference}' in the index; give an id, corpus:number or a title"
    )


def test_a_number_that_a_corpus_has_not_gets_those_that_it_has(index: Path) -> None:
    assert call("tune", "session:99", "--index", index).refusal == (
        "there is no tune 'session:99' in the index; the numbers of session are from 3 to 9"
    )
    for name in ("other", "Session"):
        assert call("tune", f"{name}:3", "--index", index).refusal == (
            f"there is no tune '{name}:3' in the index; its corpora are session"
        )


def test_hostile_titles_and_text_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    hostile = (
        "X:1\nT:\x1b[31mRed [bold]$x_1^2$ \u202eabc\nT::smile: [/]\nN:\x07 a bell\ta tab\n"
        "M:2/4\nL:1/8\nK:C\n  C4|D4|\n"
    )
    ended = call("tune", "1", "--index", index_of(tmp_path, hostile))
    assert (ended.code, ended.err) == (0, "")
    assert not {c for c in ended.out if not c.isprintable()} - {"\n"}
    assert "�[31mRed [bold]$x_1^2$ �abc" in ended.out
    assert ":smile: [/]" in ended.out
    assert "\n  C4|D4|\n" in ended.out
    assert "N:� a bell      a tab" in ended.out


def test_a_long_tune_keeps_its_bars_whole_in_80_columns(tmp_path: Path) -> None:
    long = "X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n" + "^C/2D/2_E/2=F/2 GABc defg|" * 9 + "\n"
    ended = call_in_terminal("tune", "1", "--index", index_of(tmp_path, long))
    tokens = ended.out.partition("search them\n")[2]
    assert {line.rstrip()[-1] for line in tokens.splitlines()} == {"|"}
    assert max(map(len, tokens.splitlines())) <= 80


def test_halves_of_a_bar_and_ends_with_a_pickup_are_told_apart(tmp_path: Path) -> None:
    text = "X:1\nT:A\nM:2/4\nL:1/8\nK:C\nC|D4|E2:|\n|:F2|G4|A2||B2|c3:|\n"
    shown = lines("1", "--index", index_of(tmp_path, text))
    # The E of part 1 is completed by the F of part 2, its c by none.
    for line in (
        "0 C pickup, 1 of 4 eighths",
        "2 E 2 :| 2 of 4 eighths, completed by a pickup",
        "0 |: F 2 pickup, 2 of 4 eighths",
        "2 A 2 2 of 4 eighths, completed by another bar 2",
        "2 B 2 2 of 4 eighths, completed by another bar 2",
        "3 c 3 :| 3 of 4 eighths: does not add up",
    ):
        assert line in shown


def test_lines_of_tokens_begin_with_the_sign_of_an_ending_and_not_end_with_it(
    tmp_path: Path,
) -> None:
    bar = "C D E F G A B c | "
    book = tmp_path / "book.txt"
    book.write_text(f"M:4/4\nK:Cmaj\n{bar * 4}|1 {bar * 2}:| |2 {bar * 9}", encoding="utf-8")
    call("index", "build", book, "--index", tmp_path / "book.db")
    ended = call("tune", "1", "--index", tmp_path / "book.db")
    tokens = [line.rstrip() for line in ended.out.partition("search them\n")[2].splitlines()]
    assert " ".join(tokens).split()[2:] == book.read_text().split()[2:]
    assert all(line.endswith(" |") or line.endswith(":|") for line in tokens)


def test_other_settings_keep_to_their_line_and_ten_are_shown(tmp_path: Path) -> None:
    bar = "C/2D/2E/2F/2 G/2A/2B/2c/2|"
    tunes = [f"X:{n}\nT:A Tune of a Very Long Title\nM:2/4\nL:1/8\nK:D\n{bar * 3}\n"
             for n in range(1, 14)]  # fmt: skip
    shown = lines("1", "--index", index_of(tmp_path, *tunes))
    rows = [line for line in shown if line.startswith("session:") and "…" in line]
    assert [row.split()[0] for row in rows] == [f"session:{n}" for n in range(2, 12)]
    assert shown[-1] == "… and 2 more; --json lists them all"


def test_a_tune_of_ten_thousand_bars_is_shown_in_seconds(tmp_path: Path) -> None:
    long = "X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n" + ("CDE|" * 50 + "\n") * 200
    ended = call("tune", "1", "--index", index_of(tmp_path, long))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n9999 ") == 1


def test_a_setting_of_the_session_leads_to_its_page_and_to_the_other_settings(
    tmp_path: Path,
) -> None:
    columns = "tune_id,setting_id,name,type,meter,mode,abc,date,username,composer"
    rows = (
        "1,5,Cooley's,reel,4/4,Edorian,EBBA B2EB|,2001-05-14,x,",
        "1,12,Luttrell's Pass,reel,4/4,Edorian,EBBA BdBA|,2002-05-14,x,",
        "2,7,The Kesh,jig,6/8,Gmajor,G3 GAB|,2003-05-14,x,",
    )
    (tmp_path / "tunes.csv").write_text("\n".join([columns, *rows]) + "\n")
    index = tmp_path / "i.db"
    call("index", "build", tmp_path / "tunes.csv", "--index", index, "--name", "thesession")
    page = "https://thesession.org/tunes/1#setting5"
    shown = call("tune", "thesession:5", "--index", index, "--json").json
    assert (shown["link"], shown["work"]) == (page, "1")
    assert [setting["number"] for setting in shown["settings"]] == [12]
    printed = call("tune", "thesession:5", "--index", index).out
    assert page in printed
    assert "Luttrell's Pass" in printed
    (hit,) = call("figure", "C G G F G 2", "--index", index, "--json").json["results"]
    assert (hit["corpus"], hit["number"], hit["link"]) == ("thesession", 5, page)
    report = call("check", "--index", index, "--json", stdin=b"X:1\nK:Edor\nEBBA B2EB|\n").json
    (tune,) = report["tunes"]
    assert tune["identical_to"][0]["link"] == page
    assert {source["link"] for source in tune["sources"]} >= {page}
