"""Files that nobody means well with: they are read or set aside, in time, and other tunes go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.commands import KESH, Ended, call, index_of, run
from tunetrace import Transcription
from tunetrace.arguments import Reading
from tunetrace.corpus.readers import read_tunes
from tunetrace.records import to_plain
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.music import describe_music

PATIENCE = 40
"""Seconds after which a command is held to be stuck; those below take one or two."""

HEAD = "X:1\nT:Hostile\nM:4/4\nL:1/8\nK:C\n"
FOLKRNN = "T:Hostile\nM:4/4\nK:Cmaj\n"
GOOD = "T:Good\nM:6/8\nK:Cmaj\nC 3 C D E | D 3 D E G |\n"
"""The Kesh as folk-rnn text."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of The Kesh alone."""
    return index_of(tmp_path_factory.mktemp("session"), KESH)


def checked(index: Path, text: str | bytes) -> tuple[list[str], list[str]]:
    """The titles of the tunes that a process checks in a text, and the reasons of the others."""
    data = text.encode() if isinstance(text, str) else text
    report = run("check", "--json", "--index", index, stdin=data, timeout=PATIENCE).json
    return (
        [tune["title"] for tune in report["tunes"]],
        [reject["reason"] for reject in report["set_aside"]],
    )


# Size


@pytest.mark.parametrize("sign", ["(", "[", '"', " ", "{", "[A:", "|", ">", "[1,1"])
def test_a_million_of_one_sign_is_set_aside_and_the_next_tune_checked(
    index: Path, sign: str
) -> None:
    titles, reasons = checked(index, f"{HEAD}{sign * (1_000_000 // len(sign))}\n\n{KESH}")
    assert titles == ["The Kesh"]
    assert len(reasons) == 1


@pytest.mark.parametrize(
    ("sign", "times"), [("| ", 500_000), ("[ ", 100_000), ("{", 1_000_000), ("C9 ", 50_000)]
)
@pytest.mark.slow
def test_a_run_of_one_token_of_folk_rnn_is_read_or_set_aside(
    index: Path, sign: str, times: int
) -> None:
    titles, reasons = checked(index, f"{FOLKRNN}C {sign * times}\n\n{GOOD}")
    assert titles[-1] == "Good"
    assert len(titles) + len(reasons) == 2


def test_lines_without_a_bar_line_that_fill_no_bar_are_read_in_time(index: Path) -> None:
    titles, _ = checked(index, HEAD + "c3\n" * 20_000 + f"\n{KESH}")
    assert titles == ["Hostile", "The Kesh"]


@pytest.mark.slow
def test_two_megabytes_in_a_line_are_built_and_searched(tmp_path: Path) -> None:
    (tmp_path / "long.abc").write_text(HEAD + "CDEF GABc|" * 200_000 + "\n")
    place = ("--index", tmp_path / "i.db", "--json")
    built = run("index", "build", tmp_path / "long.abc", *place, timeout=PATIENCE).json
    assert (built["tokens"], built["bars"], built["distinct_bars"]) == (1_800_000, 200_000, 1)
    assert run("figure", "G A B", *place, timeout=PATIENCE).json["hits"] == 200_000


def test_two_megabytes_of_text_in_a_line_are_passed_over(index: Path) -> None:
    lines = ("w:" + "la " * 700_000, "%" + "x" * 2_000_000, '"' + "Am " * 700_000 + '"')
    text = "\n".join(f"{HEAD}C8|\n{line}\nC8|\n" for line in lines)
    assert checked(index, f"{text}\n{KESH}") == (["Hostile"] * 3 + ["The Kesh"], [])


@pytest.mark.parametrize("kind", ["equal", "different"])
@pytest.mark.slow
def test_a_tune_of_20_000_bars_is_checked_in_time(tmp_path: Path, index: Path, kind: str) -> None:
    def bar(n: int) -> str:
        digits = [n // 8**k % 8 for k in range(5)]
        return "".join("CDEFGABc"[digit] for digit in digits) + "CDE|"

    music = "".join(bar(n if kind == "different" else 0) for n in range(20_000))
    (tmp_path / "long.abc").write_text(f"{HEAD}{music}\n")
    build = ("index", "build", tmp_path / "long.abc", "--index", tmp_path / "i.db", "--json")
    built = run(*build, timeout=PATIENCE).json
    assert (built["bars"], built["distinct_bars"]) == (20_000, 1 if kind == "equal" else 20_000)
    ended = run("check", tmp_path / "long.abc", "--brief", "--index", index, timeout=PATIENCE)
    assert (ended.code, ended.err) == (0, "")
    assert "160000" in ended.out  # notes


def test_a_long_tune_is_found_in_an_index_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "long.abc").write_text(HEAD + "CDEF GABc|cBAG FEDC|" * 1_500 + "\n")
    place = ("--index", tmp_path / "i.db")
    assert run("index", "build", tmp_path / "long.abc", *place, timeout=PATIENCE).code == 0
    ended = run("check", tmp_path / "long.abc", "--json", *place, timeout=PATIENCE)
    (tune,) = ended.json["tunes"]
    assert tune["longest_span"]["notes"] == 24_000


def test_tunes_of_one_note_alone_are_compared_in_time(tmp_path: Path) -> None:
    """Each of 20,000 places of the one meets each of the other's."""
    drone = FOLKRNN + "C " * 20_000
    drones = index_of(tmp_path, *(drone.replace("Hostile", f"Drone {k}") for k in range(3)))
    text = FOLKRNN + "C " * 30_000 + "D\n"
    lines = run("check", "--jsonl", "--index", drones, stdin=text.encode(), timeout=PATIENCE).out
    tune = json.loads(lines)
    assert tune["copied_8"] == pytest.approx(30_000 / 30_001)
    assert tune["longest_notes"] == 20_000
    assert tune["nearest_title"] == "Drone 0"


def test_ten_thousand_tunes_of_one_note_are_checked_in_time(tmp_path: Path) -> None:
    texts = "\n".join(f"T:{k}\nM:4/4\nK:Cmaj\nC |\n" for k in range(10_000))
    source = tmp_path / "short.txt"
    source.write_text(texts, encoding="utf-8")
    assert run("index", "build", source, "--index", tmp_path / "x.db", timeout=PATIENCE).code == 0
    ended = run("check", source, "--jsonl", "--index", tmp_path / "x.db", timeout=PATIENCE)
    lines = ended.out.splitlines()
    assert len(lines) == 10_000
    assert json.loads(lines[-1])["longest_tunes"] == 10_000


def test_rests_of_many_bars_take_no_memory(index: Path) -> None:
    # 20 KB that state four million bars of rest.
    titles, reasons = checked(index, f"{HEAD}C8|{'Z999|' * 4_000}\n\n{KESH}")
    assert titles[-1] == "The Kesh"
    assert len(titles) + len(reasons) == 2


# Numbers


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}CDEF GABc|{'1' * 5000} CDEF GABc|\n\n{KESH}",
        f"{HEAD}CDEF GABc|[1,{'1' * 5000} CDEF GABc|\n\n{KESH}",
        f"{HEAD}C{'>' * 20_000}D EF GABc|\n\n{KESH}",
        f"{HEAD}C{'/' * 20_000} D EF GABc|\n\n{KESH}",
        f"{FOLKRNN}C {'9' * 5000} D |\n\n{GOOD}",
        f"{FOLKRNN}C /{'9' * 5000} D |\n\n{GOOD}",
        f"{FOLKRNN}C {'9999 ' * 1500} D |\n\n{GOOD}",
        f"{FOLKRNN}C {'/9999 ' * 1500} D |\n\n{GOOD}",
        f"{FOLKRNN}C {'> ' * 20_000} D |\n\n{GOOD}",
        f"{FOLKRNN}(3:{'9' * 5000}:3 C D E |\n\n{GOOD}",
        f"{FOLKRNN}C |{'1' * 5000} D |\n\n{GOOD}",
        f"T:Hostile\nM:{'4' * 5000}/4\nK:Cmaj\nC D |\n\n{GOOD}",
        f"T:Hostile\nM:{'4' * 4300}/4\nK:Cmaj\nC D |\n\n{GOOD}",
        f"X:{'1' * 5000}\nT:Hostile\nM:4/4\nK:C\nCDEF|\n\n{KESH}",
        f"X:1\nT:Hostile\nM:{'4' * 5000}/4\nK:C\nCDEF|\n\n{KESH}",
        f"X:1\nT:Hostile\nM:4/4\nL:1/{'8' * 5000}\nK:C\nCDEF|\n\n{KESH}",
        f"X:1\nT:Hostile\nM:9999+9999/9999\nK:C\nCDEF|\n\n{KESH}",
        f"{HEAD}CDEF|[M:1000/4]CDEF|\n\n{KESH}",
        f"X:1\nT:Hostile\nM:9999/1\nL:9999/1\nK:C\nC9999|\n\n{KESH}",
    ],
    ids=["ending", "endings", "broken rhythm", "slashes", "length", "divisor", "lengths",
         "divisors", "broken rhythms", "tuplet", "ending of folk-rnn", "meter of folk-rnn",
         "meter of 4,300 digits", "number", "meter", "unit", "sum of beats", "change of meter",
         "long unit"],
)  # fmt: skip
def test_numbers_of_thousands_of_digits_stop_no_other_tune(
    tmp_path: Path, index: Path, text: str
) -> None:
    book = tmp_path / "book.txt"
    book.write_text(text)
    good = "Good" if "Good" in text else "The Kesh"
    report = call("check", book, "--json", "--index", index).json
    assert [tune["title"] for tune in report["tunes"]][-1] == good
    assert len(report["tunes"]) + len(report["set_aside"]) == 2
    for options in ((), ("--brief",)):
        ended = call("check", book, *options, "--index", index)
        assert (ended.code, ended.err) == (0, "")
    built = call("index", "build", book, "--index", tmp_path / "i.db", "--json").json
    assert built["tunes"] + len(built["set_aside"]) == 2


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        ("0", "'C0' is not a note length"),
        ("/0", "'C/0' is not a note length"),
        ("1/0", "'C1/0' is not a note length"),
        ("0/4", "'C0/4' is not a note length"),
        ("999999999", "length"),
    ],
)
def test_a_length_that_is_none_is_set_aside_with_its_place(
    index: Path, length: str, reason: str
) -> None:
    text = f"{HEAD}D2 C{length} D|\n\n{KESH}"
    report = call("check", "--json", "--index", index, stdin=text.encode()).json
    assert [tune["title"] for tune in report["tunes"]] == ["The Kesh"]
    (reject,) = report["set_aside"]
    assert reason in reject["reason"]
    assert (reject["line"], reject["column"]) == (6, 4)


def test_a_note_longer_than_any_bar_is_counted_as_it_stands(index: Path) -> None:
    text = f"{HEAD}C99999 D|\n"
    (tune,) = call("check", "--json", "--index", index, stdin=text.encode()).json["tunes"]
    (bar,) = tune["music"]["bars_not_adding_up"]
    assert (bar["eighths"], bar["expected"]) == ("100000", "8")


def test_a_tune_number_that_no_database_holds_is_numbered_on(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text(KESH.replace("X:3", "X:" + "9" * 30) + "\n" + KESH)
    place = ("--index", tmp_path / "i.db", "--json")
    assert call("index", "build", tmp_path / "book.abc", *place).json["tunes"] == 2
    results = call("figure", "C D E", *place).json["results"]
    assert [hit["number"] for hit in results] == [4, 3]


# Signs in any order

ATOMS = [
    *"abgABGzxZX^_=,'/0123489<>()[]|:{}\"!+&~.-\\*%yV \t\u00a0\u0085\u2028²٣é",
    "|:", ":|", "::", "[1", "|2", "(3", "(9:9:9", "(2::", "K:G", "[K:F#m]", "[M:9999/1]", "M:C|",
    "[L:9999/1]", "[V:2]", "[r:", "C9999", "C99999999", "9999/9999", ">>>>", "Z999", "__b''",
    "|1,2-9", "<s>", "</s>", "M:4/4", "K:Cdor", "\n", "\nw:", "\nX:", "\nL:", "\nK:",
]  # fmt: skip


@given(st.lists(st.sampled_from(ATOMS), max_size=25).map("".join), st.sampled_from([HEAD, FOLKRNN]))
@settings(max_examples=1000, deadline=None)
@example("[0C]", HEAD)
@example("[٣1]", HEAD)
@example("[M:1000/9999]C", HEAD)
def test_no_signs_in_any_order_stop_the_tunes_around_them(music: str, head: str) -> None:
    tunes = list(
        read_tunes(f"{head}{music}\n\n{KESH}", "book", Reading("abc" if head is HEAD else None))
    )
    for tune in tunes:
        if isinstance(tune, Transcription):
            layout = lay_out(tune.tokens)
            json.dumps(to_plain(describe_music(layout, tune.key)))
            for token in range(len(tune.tokens)):
                layout.position(token)
    if head is HEAD:
        assert isinstance(tunes[-1], Transcription)
        assert tunes[-1].title == "The Kesh"


# Bytes


def test_a_nul_byte_makes_a_file_binary(tmp_path: Path, index: Path) -> None:
    (tmp_path / "nul.abc").write_bytes(KESH.replace("GAB", "G\0AB").encode())
    assert "binary" in call("check", tmp_path / "nul.abc", "--index", index).refusal


def test_lone_carriage_returns_end_lines(index: Path) -> None:
    titles, reasons = checked(index, (KESH + "\n" + KESH).replace("\n", "\r"))
    assert (titles, reasons) == (["The Kesh", "The Kesh"], [])


def test_bytes_of_no_encoding_stop_no_other_tune(tmp_path: Path, index: Path) -> None:
    noise = bytes(range(1, 256))
    data = HEAD.encode() + noise + b"\n\n" + KESH.encode() + b"\n\nX:4\nT:" + noise[31:]
    report = call("check", "--json", "--index", index, stdin=data).json
    assert [tune["title"] for tune in report["tunes"]] == ["The Kesh"]
    assert len(report["set_aside"]) == 2


# Titles

MARKUP = ["[red]x[/red]", "[/]", "[bold", "a\\", "\\[b]", ":smile:", "[b]y[/b]", "[]"]


def shown(tmp_path: Path, title: str) -> list[Ended]:
    """What the commands print for people of a tune of a title in a file and a corpus of it."""
    name = title.replace("/", "|")
    book = tmp_path / f"{name}.abc"
    book.write_text(KESH.replace("The Kesh", title) + "\nX:4\nT:Bad\nK:" + title + "\nC|\n")
    place = ("--index", tmp_path / "i.db")
    return [
        call("index", "build", book, *place),
        call("figure", "C 3", *place),
        call("bar", "C 3 C D E", *place),
        call("check", book, *place),
        call("check", book, "--brief", *place),
    ]


@pytest.mark.parametrize("title", MARKUP)
def test_a_title_of_markup_is_printed_as_it_stands(tmp_path: Path, title: str) -> None:
    built, figure, bar, check, brief = shown(tmp_path, title)
    name = title.replace("/", "|")
    corpus = name.replace(":", "_")  # a colon stands before a tune's number
    for ended in (built, figure, bar, check, brief):
        assert (ended.code, ended.err) == (0, "")
    for ended in (figure, bar, brief):
        cells = [line.split("  ") for line in ended.out.splitlines()]
        assert any(title in (cell.strip() for cell in row) for row in cells), ended.out
    assert f" {title} ─" in check.out
    assert f"{title} ({corpus}:3)" in check.out
    for ended in (built, check, brief):
        assert f"{name}.abc:10: '{title}' is not a key" in ended.out
    assert any(line.split("  ")[0] == corpus for line in built.out.splitlines())


@pytest.mark.parametrize("title", ["\x1b[2J", "\x1b]0;owned\x07", "\x9b2J", "a\x08\x08b\x0c"])
def test_no_control_character_of_a_file_reaches_the_terminal(tmp_path: Path, title: str) -> None:
    for ended in shown(tmp_path, f"x{title}y"):
        assert ended.code == 0
        assert [c for c in ended.out if not c.isprintable() and c != "\n"] == []


def test_no_control_character_of_a_file_reaches_the_terminal_in_a_refusal(index: Path) -> None:
    for text in ("X:1\nK:\x1b[2J\nC|\n", "X:1\nK:C\n\x1b[2J C|\n", "M:4/4\nK:Cmaj\nC \x1b[2J\n"):
        refusal = call("check", "--index", index, stdin=text.encode()).refusal
        assert refusal.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        "`" * 200_000, "> " * 100_000, "**" * 100_000, "![" * 100_000, "!a" * 100_000 + " part",
        '"' * 200_000 + "part", "A 2 /" * 40_000, "A" + " " * 200_000, "A " + "/" * 200_000,
        "| " + " " * 200_000 + "]", "[ " * 100_000, "[A:" * 70_000, "[L:1/8]" * 30_000,
        "(3" + " " * 200_000, "part " * 40_000, "</s" * 70_000, "<|" * 100_000, "~" * 200_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", [HEAD, "", "```abc\n", "> ```\n> X:1\n> K:C\n"])
def test_signs_of_chats_without_end_are_passed_over_in_time(line: str, head: str) -> None:
    found = list(read_tunes(f"{head}{line}\n\n{KESH}\n", "book"))
    assert any(isinstance(tune, Transcription) and tune.title == "The Kesh" for tune in found)
