"""The Session's CSV and JSON: what becomes of a record, and of what is none."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import call
from tunetrace import InputError, Rejected, Transcription, read, tokenize
from tunetrace.arguments import Reading
from tunetrace.corpus.readers import detect_format, read_tunes

COLUMNS = ("tune_id", "setting_id", "name", "type", "meter", "mode", "abc", "date", "username",
           "composer")  # fmt: skip


def record(**values: Any) -> dict[str, Any]:
    """A record as they are published, with some values of its own."""
    usual = {
        "tune_id": "11", "setting_id": "22", "name": "The Kesh", "type": "jig", "meter": "6/8",
        "mode": "Gmajor", "abc": "|:G3 GAB|A3 ABd:|", "date": "2001-05-15 21:11:03",
        "username": "somebody", "composer": "",
    }  # fmt: skip
    return {**usual, **values}


def csv_of(*records: dict[str, Any], line_end: str = "\n") -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def json_of(*records: Any) -> str:
    return json.dumps(records, indent=4)


BOTH = pytest.mark.parametrize("written", [csv_of, json_of])


def found(text: str) -> list[Transcription | Rejected]:
    return list(read_tunes(text, "tunes"))


def only(text: str) -> Transcription:
    (tune,) = found(text)
    assert isinstance(tune, Transcription), tune
    return tune


def rejected(text: str) -> Rejected:
    (tune,) = found(text)
    assert isinstance(tune, Rejected), tune
    return tune


# A record


@BOTH
def test_a_setting_is_read_as_the_abc_that_it_stands_for(written: Any) -> None:
    tune = only(written(record()))
    assert tune.text == "X:22\nT:The Kesh\nM:6/8\nL:1/8\nK:Gmajor\n|:G3 GAB|A3 ABd:|"
    assert " ".join(tune.tokens) == "M:6/8 K:Cmaj |: C 3 C D E | D 3 D E G :|"
    assert (tune.number, tune.work, tune.titles) == (22, "11", ("The Kesh",))
    assert tune.link == "https://thesession.org/tunes/11#setting22"
    assert (tune.meter, tune.key, tune.original_key) == ("6/8", "Cmaj", "Gmaj")


@pytest.mark.parametrize(
    ("mode", "key"),
    [("Gmajor", "Cmaj"), ("Edorian", "Cdor"), ("Aminor", "Cmin"), ("Dmixolydian", "Cmix"),
     ("Bbmajor", "Cmaj"), ("F#minor", "Cmin"), ("Clydian", "Clyd"), ("Ephrygian", "Cphr")],
)  # fmt: skip
def test_modes_are_read_as_the_session_names_them(mode: str, key: str) -> None:
    assert only(csv_of(record(mode=mode))).key == key


@BOTH
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "!\n", "!\r\n", "! "])
def test_a_body_has_lines_however_they_end(written: Any, line_end: str) -> None:
    # The first line's bar is full and has no bar line; at a line's end there is one all the same.
    tune = only(written(record(abc=f"G3 GAB{line_end}A3 !trill!ABd|")))
    assert " ".join(tune.body) == "C 3 C D E | D 3 D E G |"


def test_exclamation_marks_in_texts_and_decorations_are_no_line_ends() -> None:
    tune = only(csv_of(record(abc='"play!"G3 !slide!GAB|A3 !f!ABd|')))
    assert tune.text.endswith('\n"play!"G3 !slide!GAB|A3 !f!ABd|')


def test_a_name_is_a_title_whatever_stands_in_it() -> None:
    for name, title in (
        ("100% Irish, The", "100% Irish, The"),
        ('The "Wild" Geese', 'The "Wild" Geese'),
        ("Two\nLines", "Two Lines"),
        ("Fáinne Geal An Lae", "Fáinne Geal An Lae"),
        ("K:D", "K:D"),
    ):
        tune = only(csv_of(record(name=name)))
        assert tune.titles == (title,)
        assert tune.original_key == "Gmaj"
        assert tokenize(tune.text) == list(tune.tokens)
    assert only(csv_of(record(name=""))).titles == ()


def test_the_columns_of_older_files_are_known() -> None:
    old = csv_of(record()).replace("tune_id,setting_id", "tune,setting").replace(",composer", "")
    tune = only(old.replace(",somebody,", ",somebody"))
    assert (tune.number, tune.work) == (22, "11")
    values = record()
    values["tune"], values["setting"] = int(values.pop("tune_id")), int(values.pop("setting_id"))
    tune = only(json_of(values))
    assert (tune.number, tune.work) == (22, "11")


def test_settings_keep_their_order_and_the_line_they_begin_on() -> None:
    text = csv_of(
        record(setting_id=5, abc="G3 GAB|\nA3 ABd|"), record(setting_id=4), record(setting_id=6)
    )
    assert [(t.number, t.line) for t in found(text)] == [(5, 2), (4, 4), (6, 5)]


# Records that are bad


@BOTH
def test_a_bad_setting_is_set_aside_and_the_others_are_read(written: Any) -> None:
    first, bad, last = found(
        written(record(abc="G3|\nA3|"), record(abc="G3|\nA[B|", setting_id="7"), record())
    )
    assert isinstance(first, Transcription)
    assert isinstance(last, Transcription)
    assert isinstance(bad, Rejected)
    assert (bad.input, bad.number, bad.title) == ("tunes", 7, "The Kesh")
    # The bracket stands on the fifth line of the CSV, in a record that begins on JSON's fourteenth.
    assert bad.line == (5 if written is csv_of else 14)
    assert bad.reason.startswith("the chord opened with '['")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"setting_id": "x"}, "the setting_id 'x' of the record is not a number"),
        ({"setting_id": ""}, "the setting_id '' of the record is not a number"),
        (
            {"tune_id": "9" * 30},
            "the tune_id '99999999999999999999…' of the record is not a number",
        ),
        ({"mode": ""}, "the mode of the record is empty; write it as Gmajor"),
        ({"mode": "Hmajor"}, "H"),
        ({"meter": "1/0"}, "1/0"),
        ({"meter": ""}, ""),
        ({"abc": ""}, "no notes"),
        ({"abc": "\n\n"}, "no notes"),
        ({"abc": "G3 \x01|"}, "has no meaning in ABC"),
    ],
)
@BOTH
def test_a_mistake_in_a_column_is_named(written: Any, values: dict[str, str], reason: str) -> None:
    if values == {"meter": ""}:
        assert isinstance(only(written(record(**values))), Transcription)  # a tune may have none
        return
    reject = rejected(written(record(**values)))
    assert reason in reject.reason
    assert reject.line == 2


@pytest.mark.parametrize("value", [None, True, 1.5, [], {"abc": "GAB"}, 10**40])
def test_json_values_that_are_no_text_are_set_aside(value: object) -> None:
    for column in ("abc", "mode", "name", "setting_id"):
        assert f"'{column}'" in rejected(json_of(record(**{column: value}))).reason


def test_json_records_that_are_no_records_are_set_aside() -> None:
    text = json_of({}, record(), None, [record()], "abc")
    assert [isinstance(tune, Rejected) for tune in found(text)] == [True, False, True, True, True]


def test_characters_that_are_none_are_kept_out() -> None:
    text = json_of(record(name="\ud800x", abc='"\ud800"G3 GAB|'))
    tune = only(text)
    tune.text.encode()
    tune.title.encode()
    assert "NUL" in rejected(json_of(record(abc="G3\0|"))).reason


def test_a_record_with_columns_missing_is_set_aside() -> None:
    text = csv_of(record(), record(), record()).split("\n")
    text[2] = text[2][:25]
    first, short, last = found("\n".join(text))
    assert isinstance(first, Transcription)
    assert isinstance(last, Transcription)
    assert isinstance(short, Rejected)
    assert (short.line, short.number, short.title) == (3, 22, "The Kesh")
    assert short.reason.startswith("the record has 6 columns and the first line names 10")


def test_a_file_that_is_cut_off_gives_what_is_whole() -> None:
    text = csv_of(record(), record(abc="G3 GAB|\nA3 ABd|"))
    header = text.index("\n") + 1
    with pytest.raises(InputError, match="no setting"):
        found(text[:header])
    for end in range(header + 1, len(text)):
        tunes = found(text[:end])
        assert len(tunes) <= 2
        assert isinstance(tunes[0], Transcription) == (end >= text.index(",\n11") + 1)
    text = json_of(record(), record())
    for end in range(1, len(text)):
        with pytest.raises(InputError):
            found(text[:end])


def test_a_field_without_an_end_loses_what_it_swallows_and_no_more() -> None:
    body = "|".join(["GABc dedc"] * 20)
    records = [record(setting_id=k, abc=body) for k in range(2000)]
    text = csv_of(*records)
    broken = text.replace(",Gmajor,GABc", ',Gmajor,"GABc', 1)
    tunes = found(broken)
    assert sum(isinstance(tune, Rejected) for tune in tunes) <= 3
    assert isinstance(tunes[-1], Transcription)
    assert len(tunes) > 1000


def test_a_huge_body_is_set_aside() -> None:
    huge, after = found(csv_of(record(abc="GAB|\n" * 100_000), record(setting_id=9)))
    assert isinstance(huge, Rejected)
    assert (huge.line, "longer than" in huge.reason) == (2, True)
    assert isinstance(after, Transcription)


# Files that are bad as a whole


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (",".join(COLUMNS) + "\n", "the file has no setting"),
        ("tune_id,setting_id,abc\n1,2,GAB\n", "the columns name, meter, mode are missing"),
        ('[{"setting_id": 1, "abc": "GAB', "this is not JSON"),
        ('[{"setting_id": 1}, ' + "[" * 100_000, "too large"),
        ('[{"setting_id": ' + "1" * 5000 + "}]", "too large"),
        ('[{"setting": 1, "abc" "GAB"}]', "tunes:1:23: this is not JSON"),
    ],
)
def test_what_is_no_collection_is_one_sentence(text: str, reason: str) -> None:
    assert detect_format(text) == "thesession"
    with pytest.raises(InputError, match=reason):
        found(text)


def test_the_format_that_is_asked_for_may_be_without_settings() -> None:
    with pytest.raises(InputError, match="the file has no setting"):
        list(read_tunes("[]", "tunes", Reading("thesession")))


def test_a_format_that_was_asked_for_and_is_not_there_is_one_sentence() -> None:
    for text in ('{"abc": "GAB"}', "X:1\nK:G\nGAB|\n", '"', "tune_id,abc", "x" * 10**6):
        with pytest.raises(InputError):
            list(read_tunes(text, "tunes", Reading("thesession")))


@given(st.lists(st.text() | st.integers() | st.none(), max_size=8), st.booleans())
def test_no_record_is_too_strange_to_be_set_aside(values: list[Any], as_json: bool) -> None:
    strange = {**record(), **dict(zip(("abc", "mode", "name", "meter", "setting_id", "tune_id"),
                                      values, strict=False))}  # fmt: skip
    if as_json:
        (tune,) = found(json_of(strange))
        assert isinstance(tune, Transcription | Rejected)
    else:
        list(read_tunes(csv_of(strange, record()), "tunes", Reading("thesession")))


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for beginning in (csv_of(record())[:-20], "[" + json.dumps(record())[:-9], ""):
        with suppress(InputError):
            list(read_tunes(beginning + text, "tunes", Reading("thesession")))


# As a source


@BOTH
def test_its_files_are_sources_like_others(tmp_path: Path, written: Any) -> None:
    path = tmp_path / ("tunes.csv" if written is csv_of else "tunes.json")
    path.write_text(written(record(), record(setting_id=23)), encoding="utf-8-sig", newline="")
    assert [tune.number for tune in read(path)] == [22, 23]
    index = tmp_path / "i.db"
    for options in ((), ("--format", "thesession")):
        built = call("index", "build", path, "--index", index, "--json", "--force", *options).json
        assert (built["tunes"], built["set_aside"]) == (2, [])
    checked = call("check", path, "--index", index, "--json").json
    assert [tune["title"] for tune in checked["tunes"]] == ["The Kesh", "The Kesh"]


def test_tunebooks_and_folkrnn_text_are_not_taken_for_it() -> None:
    for text in ("X:1\nT:abc, setting_id\nK:G\nGAB|", "[GB]2 abc", "M:4/4\nK:Cmaj\n[ C E ] |"):
        assert detect_format(text) != "thesession"
