"""Tables of tunes: each as its collection writes it, and what is made of a record that is none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.commands import call
from tunetrace import InputError, Rejected, Transcription, read, tokenize
from tunetrace.arguments import Reading
from tunetrace.corpus.readers import detect_format, estimate_tunes, read_tunes

KESH = "X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:G\n|: G3 GAB | A3 ABd :|"
KESH_TOKENS = "M:6/8 K:Cmaj |: C 3 C D E | D 3 D E G :|"
IRISHMAN = [
    {
        "control code": "S:2\nB:5\nE:5\nB:6\n",
        "abc notation": "X:1\nL:1/8\nM:6/8\nK:G\n|: G3 GAB | A3 ABd :|",
    },
    {
        "control code": "S:1\nB:4\n",
        "abc notation": 'X:2\nL:1/8\nM:4/4\nK:Emin\n"Em" E2 BE dEBE | [E2 |]',
    },
]
"""The columns and the look of IrishMAN's JSON: no titles, chord symbols in some tunes."""


def found(text: str) -> list[Transcription | Rejected]:
    return list(read_tunes(text, "tunes"))


def told(tune: Transcription | Rejected) -> tuple[object, ...]:
    """A tune that was read: its place and tokens; one that was set aside: its place and reason."""
    if isinstance(tune, Rejected):
        return (tune.place, tune.reason)
    return (tune.place, " ".join(tune.tokens))


def lines_of(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def list_of(*records: Any) -> str:
    return json.dumps(records)


def indented(*records: Any) -> str:
    return json.dumps(records, indent=2, ensure_ascii=False)


def csv_of(*records: Any, separator: str = ",") -> str:
    out = io.StringIO(newline="")
    columns = list(dict.fromkeys(column for record in records for column in record))
    writer = csv.DictWriter(out, columns, delimiter=separator)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def parquet(path: Path, *records: Any, **options: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(list(records)), path, **options)
    return path


# Collections as they are written


@pytest.mark.parametrize(
    ("written", "first", "second"),
    [(indented, 2, 6), (lines_of, 1, 2), (csv_of, 6, 17)],
)
def test_irishman_is_read_in_every_format(
    written: Callable[..., str], first: int, second: int
) -> None:
    text = written(*IRISHMAN)
    one, two = found(text)
    assert isinstance(one, Transcription)
    assert told(one) == (f"tunes:{first}", KESH_TOKENS)
    assert (one.number, one.titles, one.original_key) == (1, (), "Gmaj")
    assert one.text == IRISHMAN[0]["abc notation"]
    assert isinstance(two, Rejected)
    reason = "the chord opened with '[' is never closed; add ']' before the bar line"
    inside = "" if written is csv_of else " (line 5 of the text)"
    assert told(two) == (f"tunes:{second}", reason + inside)
    assert (two.number, two.column, two.kind) == (2, None, "open bracket")


def test_a_record_in_a_list_of_one_line_is_named_by_its_number() -> None:
    one, two, three = found(list_of(*IRISHMAN, 5))
    assert told(one) == ("tunes:1", KESH_TOKENS)
    assert told(two) == (
        "tunes:1",
        "the chord opened with '[' is never closed; add ']' before the bar line (record 2, line 5 "
        "of the text)",
    )
    assert told(three) == (
        "tunes:1",
        "the record is not an object; write the tune into an object, by a key such as 'abc' "
        "(record 3)",
    )


def test_irishman_is_read_from_parquet(tmp_path: Path) -> None:
    path = parquet(tmp_path / "train-00000-of-00001.parquet", *IRISHMAN)
    one, two = read(path)
    assert told(one) == (f"{path}:1", KESH_TOKENS)
    assert isinstance(two, Rejected)
    assert (two.place, two.number) == (f"{path}:2", 2)
    assert estimate_tunes([path]) == 2


CHATS = [
    {  # OpenAI's and Hugging Face's messages
        "messages": [
            {"role": "system", "content": "You write ABC."},
            {"role": "user", "content": "A jig like\n```abc\nX:9\nK:D\nDEF|\n```"},
            {"role": "assistant", "content": f"Here it is:\n\n```abc\n{KESH}\n```\n\nEnjoy!"},
        ]
    },
    {  # ShareGPT's
        "conversations": [
            {"from": "human", "value": "A jig, please"},
            {"from": "gpt", "value": f"Sure.\n\n{KESH}"},
        ]
    },
    {"prompt": "Write a jig", "completion": KESH},
    {"prompt": "Write a jig in K:G", "response": KESH},
    {"instruction": "Write a jig", "input": "", "output": KESH},  # Alpaca's
    {  # parts of a message
        "messages": [{"role": "assistant", "content": [{"type": "text", "text": KESH}]}]
    },
    {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": KESH}}]},
    {"prompt": "K:G", "samples": [KESH]},
    {"model": "m", "result": {"abc": KESH}},
]


@pytest.mark.parametrize("record", CHATS)
def test_of_a_conversation_what_the_model_said_is_read(record: Any) -> None:
    (tune,) = found(lines_of(record))
    assert told(tune) == ("tunes:1", KESH_TOKENS)
    assert isinstance(tune, Transcription)
    assert tune.title == "The Kesh"


def test_a_message_may_hold_several_tunes_or_none() -> None:
    several = {"messages": [
        {"role": "assistant", "content": f"```\n{KESH}\n```\nor\n```\n{KESH}\n```"},
        {"role": "user", "content": "Another"},
        {"role": "assistant", "content": KESH.replace("K:G", "K:A")},
    ]}  # fmt: skip
    none = {"messages": [{"role": "user", "content": KESH}, {"role": "assistant", "content": "No"}]}
    silent = {"messages": [{"role": "user", "content": KESH}]}
    *tunes, no_tune, nothing = found(lines_of(several, none, silent))
    assert [tune.place for tune in tunes] == ["tunes:1"] * 3
    assert [t.original_key for t in tunes if isinstance(t, Transcription)] == ["Gmaj", "Gmaj",
                                                                              "Amaj"]  # fmt: skip
    assert isinstance(no_tune, Rejected)
    assert isinstance(nothing, Rejected)
    assert (no_tune.place, no_tune.kind) == ("tunes:2", "no tune")
    assert "has no tune" in no_tune.reason
    assert (nothing.place, nothing.reason) == ("tunes:3", "the text is empty; give a tune")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_may_have_other_separators(separator: str) -> None:
    one, two = found(csv_of({"title": "A, B; C", "abc": KESH.replace("T:The Kesh\n", "")},
                            {"title": "Two", "abc": KESH}, separator=separator))  # fmt: skip
    assert told(one) == ("tunes:2", KESH_TOKENS)
    assert isinstance(one, Transcription)
    assert isinstance(two, Transcription)
    assert (one.title, two.title) == ("A, B; C", "The Kesh")


def test_titles_and_numbers_of_columns_are_taken_where_the_abc_has_none() -> None:
    bare = "M:6/8\nL:1/8\nK:G\n|: G3 GAB | A3 ABd :|"
    first, second, third, fourth = found(lines_of(
        {"id": 17, "name": "Kesh  Jig", "abc": bare},
        {"id": "18", "name": None, "abc": KESH},
        {"id": "x-19", "name": "Bad", "abc": bare + "[A"},
        {"id": 20, "name": "Unread", "abc": None},
    ))  # fmt: skip
    assert isinstance(first, Transcription)
    assert isinstance(second, Transcription)
    assert (first.number, first.titles) == (17, ("Kesh Jig",))
    assert (second.number, second.titles) == (1, ("The Kesh",))
    assert isinstance(third, Rejected)
    assert isinstance(fourth, Rejected)
    assert (third.number, third.title, third.line) == (None, "Bad", 3)
    assert (fourth.number, fourth.title) == (20, "Unread")
    assert fourth.reason == "the record has no text in 'abc'; add it"


def test_folkrnn_text_may_stand_in_a_table() -> None:
    assert told(*found(lines_of({"text": f"{KESH_TOKENS[:5]}\n{KESH_TOKENS[6:]}"}))) == (
        "tunes:1", KESH_TOKENS,
    )  # fmt: skip


def test_a_list_of_texts_is_a_table_too() -> None:
    assert [told(tune) for tune in found(list_of(KESH, KESH))] == [("tunes:1", KESH_TOKENS)] * 2
    (_, tune) = found(lines_of({"text": KESH}, KESH))
    assert told(tune) == ("tunes:2", KESH_TOKENS)


def test_line_ends_may_be_written_out() -> None:
    assert told(*found('abc,n\n"X:1\\nM:6/8\\nK:G\\nG3 GAB |",1\n')) == (
        "tunes:2", "M:6/8 K:Cmaj C 3 C D E |",
    )  # fmt: skip


# The column


def test_a_column_may_be_named(tmp_path: Path) -> None:
    other = KESH.replace("K:G", "K:A")
    record = {"abc": KESH, "abc notation": other, "deep": {"er": [{"x.y": 1}, {"tune": other}]}}
    for name in ("abc notation", "ABC_Notation", "deep.er.1.tune"):
        tune = next(read_tunes(lines_of(record), "tunes", Reading(column=name)))
        assert isinstance(tune, Transcription)
        assert tune.original_key == "Amaj"
    path = parquet(tmp_path / "tunes.parquet", record)
    for name in ("abc notation", "deep.er.1.tune"):
        (tune,) = read(path, column=name)
        assert isinstance(tune, Transcription)
        assert tune.original_key == "Amaj"


@pytest.mark.parametrize(
    ("record", "column", "reason"),
    [
        ({"a": KESH, "b": KESH}, None,
         "tunes: several columns may hold the tunes; name one with --column: its columns are "
         "'a', 'b'"),
        ({"a": "x", "n": 1}, None,
         "tunes: no column with tunes is found; name one with --column: its columns are 'a', 'n'"),
        ({"a": KESH}, "abc", "tunes: there is no column 'abc'; its columns are 'a'"),
        ({"a": {"b": KESH}}, "a.c", "tunes: there is no column 'a.c'; its columns are 'a'"),
        ({}, None,
         "tunes: no column with tunes is found; name one with --column: its columns are none"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_told_is_one_sentence(
    record: Any, column: str | None, reason: str
) -> None:
    with pytest.raises(InputError) as raised:
        list(read_tunes(lines_of(record), "tunes", Reading(column=column)))
    assert str(raised.value) == reason


def test_the_column_with_keys_is_taken_if_the_names_say_nothing() -> None:
    for record in (
        {"file": "a.abc", "melody_in_letters": KESH},
        {"text": "A lively jig", "tune": KESH},
        {"text": KESH, "abc": KESH},
        {"prompt": KESH, "output": KESH},
        {"prompt": KESH[:20] + "K:G", "output": KESH},
    ):
        assert told(*found(lines_of(record))) == ("tunes:1", KESH_TOKENS)


def test_a_column_of_what_is_no_table_is_refused() -> None:
    with pytest.raises(InputError, match="the text: this is not a table, so it has no column 'x'"):
        tokenize(KESH, column="x")


# Formats


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (lines_of(*IRISHMAN), "json"),
        (list_of(*IRISHMAN), "json"),
        (csv_of(*IRISHMAN), "csv"),
        ("[]", "json"),
        ("{}", "json"),
        ('{"abc": "X:1', "json"),
        ("abc\n" + f'"{KESH}"\n', "csv"),
        ("title,abc\n", "csv"),
        # No tables: chords and grace notes, words, titles with commas.
        ('["G"GB]2 c', "abc"),
        ('{"', "abc"),
        ("{ab}c\nX:1", "abc"),
        ("tune, text by Burns\n\n" + KESH, "abc"),
        ("abc\n\n" + KESH, "abc"),
        ("Tunes\nX:1\nT:a, b\nK:G\nGAB", "abc"),
        (f"title;text\n{KESH}", "abc"),
        (f"{KESH_TOKENS[:5]}\n{KESH_TOKENS[6:]}", "folkrnn"),
    ],
)
def test_a_table_is_told_from_its_beginning(text: str, format: str) -> None:
    assert detect_format(text) == format


def test_a_format_that_is_given_holds_for_the_fields_if_a_column_is(tmp_path: Path) -> None:
    text = lines_of({"abc": KESH})
    for given_format in ("json", None):
        assert told(*read_tunes(text, "tunes", Reading(format=given_format))) == (
            "tunes:1", KESH_TOKENS,
        )  # fmt: skip
    (tune,) = read_tunes(text, "tunes", Reading(format="abc", column="abc"))
    assert told(tune) == ("tunes:1", KESH_TOKENS)
    (tune,) = read(parquet(tmp_path / "t.parquet", {"abc": KESH}), "folkrnn")
    assert isinstance(tune, Rejected)  # L: is no token
    for wrong, format in ((" ", "json"), ("\n", "csv"), ("a,a\n1,2\n", "csv")):
        with pytest.raises(InputError):
            list(read_tunes(wrong, "tunes", Reading(format=format)))


# Records that are bad


def test_a_broken_line_is_set_aside_and_reading_goes_on() -> None:
    text = lines_of({"abc": KESH}) + '{"abc": "X:1\n\n[1]\nnull\n' + lines_of({"abc": KESH})
    one, broken, number, null, last = found(text)
    assert told(one) == ("tunes:1", KESH_TOKENS)
    assert told(broken) == (
        "tunes:2",
        "the line is not JSON (Unterminated string starting at); write one whole object on each "
        "line",
    )
    for line, wrong in ((4, number), (5, null)):
        assert told(wrong) == (
            f"tunes:{line}",
            "the record is not an object; write the tune into an object, by a key such as 'abc'",
        )
    assert told(last) == ("tunes:6", KESH_TOKENS)


def test_a_row_with_other_columns_is_set_aside() -> None:
    text = f'title,abc\nOne,"{KESH}"\nTwo,a,b\n\nThree,"{KESH}"\n'
    one, wrong, last = found(text)
    assert told(one) == ("tunes:2", KESH_TOKENS)
    assert told(wrong) == (
        "tunes:8",
        "the record has 3 columns and the first line names 2; enclose a text with a separator or a "
        "line end in quotation marks",
    )
    assert told(last) == ("tunes:10", KESH_TOKENS)


def test_a_field_without_an_end_loses_what_it_swallows_and_no_more() -> None:
    row = '{0},"X:1\nK:G\n' + "GABc dedc|" * 20 + '"\n'
    text = "n,abc\n" + "".join(map(row.format, range(1500)))
    broken = text.replace('\n3,"', '\n3,"" "', 1)
    tunes = found(broken)
    good = [tune for tune in tunes if isinstance(tune, Transcription)]
    assert len(good) > 700
    assert isinstance(tunes[-1], Transcription)
    assert tunes[-1].line == broken.count("\n") - 2


def test_signs_that_are_none_are_kept_out() -> None:
    (tune,) = found('{"title": "\\ud800 x", "abc": "X:1\\nK:G\\n\\"\\ud800\\"GAB|"}\n')
    assert isinstance(tune, Transcription)
    tune.text.encode()
    assert tune.title == "? x"
    (reject,) = found('{"abc": "X:1\\nK:G\\nG\\u0000AB|"}\n')
    assert isinstance(reject, Rejected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "tunes: the table has no record; give one that holds tunes"),
        ("title,abc\n", "tunes: the table has no record; give one that holds tunes"),
        ('[{"abc" "GAB"}]', "tunes:1:9: this is not JSON (Expecting ':' delimiter); the file may "
                            "be cut off there; get the file again"),
        ('[{"abc": 1}, ' + "[" * 100_000, "too large"),
        ('{\n"abc": "X:1', "this is not JSON"),
        ("[1]" + "\n" * 9, "no tune"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(InputError) as raised:
        found(text)
    assert reason in str(raised.value)


def test_a_tunebook_is_no_csv() -> None:
    with pytest.raises(InputError, match=r"^tunes:1: this line does not name the columns"):
        list(read_tunes("X:1\nK:G\nGAB|\n", "tunes", Reading("csv")))


@pytest.mark.parametrize("cut", [5, 40, 300, -1])
def test_parquet_that_is_cut_off_is_one_sentence(tmp_path: Path, cut: int) -> None:
    path = parquet(tmp_path / "tunes.parquet", *IRISHMAN)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError) as raised:
        list(read(path))
    assert str(raised.value).startswith(f"{path}: this Parquet file cannot be read (")
    assert estimate_tunes([path]) is None


def test_parquet_with_damaged_pages_gives_what_is_whole(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", *({"abc": f"X:{k}\n{KESH[4:]}"} for k in range(1, 3001)),
                   row_group_size=1000, compression="gzip")  # fmt: skip
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    numbers: list[int | None] = []
    with pytest.raises(InputError, match="this Parquet file cannot be read"):
        numbers.extend(tune.number for tune in read(path))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 1000


def test_parquet_without_pyarrow_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    path = parquet(tmp_path / "t.parquet", *IRISHMAN)
    for module in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    with pytest.raises(InputError, match=r"pip install 'tunetrace\[parquet\]'"):
        list(read(path))


def test_parquet_from_a_pipe_is_one_sentence(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = parquet(tmp_path / "t.parquet", *IRISHMAN)
    command = f"cat {path} | {sys.executable} -m tunetrace tokenize -"
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        "tunetrace: standard input: a Parquet file or a ZIP archive cannot be read from a pipe; "
        "give the file by its name\n"
    )


# Round trips

TUNE = st.builds(
    lambda key, notes: f"X:1\nM:4/4\nL:1/8\nK:{key}\nG {' '.join(notes)} |",
    st.sampled_from(["G", "Ador", "Bb", "F#m"]),
    st.lists(st.sampled_from(["A2", "^c", "d/", '"Am"e', "=F3", "z", "[CEG]", "(3abc"]),
             min_size=1, max_size=12),
)  # fmt: skip
TITLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first titles take their time
@given(st.lists(st.tuples(TITLE, TUNE), min_size=1, max_size=5))
def test_tunes_that_are_written_as_a_table_are_read_again(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "tables"
    folder.mkdir(exist_ok=True)
    expected = [(tuple(tokenize(tune)), (title,) if title else ()) for title, tune in written]
    records = [{"title": title, "abc notation": tune} for title, tune in written]
    for tunes in (
        found(lines_of(*records)),
        found(list_of(*records)),
        found(indented(*records)),
        found(csv_of(*records)),
        found(csv_of(*records, separator="\t")),
        list(read(parquet(folder / "t.parquet", *records))),
    ):
        assert [(t.tokens, t.titles) for t in tunes if isinstance(t, Transcription)] == expected


@given(st.recursive(st.none() | st.integers() | st.text() | st.just(KESH),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["abc", "messages", "role", "content", "a"]),
                                      inner, max_size=3)))  # fmt: skip
def test_no_record_is_too_strange_to_be_set_aside(value: Any) -> None:
    for record in (value, {"abc": value}):
        for column in (None, "abc", "abc.0.a"):
            text = lines_of({"abc": KESH}, record)
            tunes = read_or_refused(text, Reading(column=column))
            assert all(isinstance(tune, Transcription | Rejected) for tune in tunes)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for start in ('{"abc": "', "title,abc\n", '[{"abc": "', ""):
        for format in (None, "csv", "json"):
            read_or_refused(start + text, Reading(format=format))


def read_or_refused(text: str, as_what: Any) -> list[Transcription | Rejected]:
    """The tunes of a text; none if it is refused."""
    tunes = []
    with suppress(InputError):
        tunes = list(read_tunes(text, "tunes", as_what))
    return tunes


# As a source


def test_tables_are_sources_like_others(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(lines_of(*IRISHMAN))
    (tmp_path / "c.tsv").write_text(csv_of(*IRISHMAN, separator="\t"))
    parquet(tmp_path / "p.parquet", *IRISHMAN)
    index = tmp_path / "i.db"
    built = call("index", "build", tmp_path / "l.jsonl", tmp_path / "c.tsv",
                 tmp_path / "p.parquet", "--column", "abc notation", "--index", index,
                 "--json").json  # fmt: skip
    assert [corpus["tunes"] for corpus in built["corpora"]] == [1, 1, 1]
    assert len(built["set_aside"]) == 3
    checked = call("check", tmp_path / "p.parquet", "--index", index, "--json").json
    assert [tune["verdict"]["kind"] for tune in checked["tunes"]] == ["whole"]
    assert [tune["line"] for tune in checked["set_aside"]] == [2]
    refused = call("check", tmp_path / "p.parquet", "--column", "x", "--index", index)
    assert "there is no column 'x'; its columns are 'control code', 'abc notation'" in (
        refused.refusal
    )


def test_a_folder_of_tables_is_read_if_it_has_no_tunebook(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(lines_of({"abc": KESH}))
    (tmp_path / "a.csv").write_text(csv_of({"abc": KESH, "n": 1}))
    assert [t.place for t in read(tmp_path)] == [f"{tmp_path}/a.csv:2", f"{tmp_path}/b.jsonl:1"]
    (tmp_path / "book.abc").write_text(KESH)
    assert [t.place for t in read(tmp_path)] == [f"{tmp_path}/book.abc:1"]


def test_a_quotation_mark_that_is_not_closed_costs_no_record_far_from_it() -> None:
    """Nor is the file taken for ABC then, though most of it looks like one record."""
    rows = [f'"{KESH}",a\n', f'"{KESH},b\n', f'"{KESH}",c\n', f'"{KESH}",d\n']
    read = found("abc,title\n" + "".join(rows))
    # The open quotation mark takes the beginning of the third record; the fourth is whole.
    assert [told(one) for one in read if isinstance(one, Transcription)] == [
        ("tunes:2", KESH_TOKENS), ("tunes:20", KESH_TOKENS),
    ]  # fmt: skip
    assert read[1].place == "tunes:8"


def test_a_message_on_a_column_is_short() -> None:
    for text in (lines_of({"abc": KESH}), KESH):
        with pytest.raises(InputError) as raised:
            list(read_tunes(text, "tunes", Reading(column="x" * 5000)))
        assert len(str(raised.value)) < 200


def test_a_date_that_python_lacks_costs_no_tune(tmp_path: Path) -> None:
    path = tmp_path / "tunes.parquet"
    far = pa.array([2**52], pa.timestamp("ms"))
    pq.write_table(pa.table({"abc": [KESH], "title": far, "added": far}), path)
    assert [told(tune) for tune in read(path)] == [(f"{path}:1", KESH_TOKENS)]
    pq.write_table(pa.table({"abc": [KESH], "of": pa.StructArray.from_arrays([far], ["at"])}), path)
    with pytest.raises(InputError, match=r"this Parquet file cannot be read \(date value out of"):
        list(read(path))
