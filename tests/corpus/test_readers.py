"""Where a tune begins and ends in a tunebook, and what is made of what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunetrace import InputError, Rejected, Transcription, read
from tunetrace.corpus.readers import read_sources, read_text, read_tunes
from tunetrace.corpus.registry import NAMED_CORPORA


def titles(text: str) -> list[str]:
    return [t.title for t in read_tunes(text, "text") if isinstance(t, Transcription)]


def test_a_tune_ends_at_an_empty_line_or_the_next_number() -> None:
    tune = "X:{0}\nT:T{0}\nK:G\nGAB|\n"
    for between in ("", "\n", "\n\nfree text, which is no tune\n\n"):
        assert titles(between.join(tune.format(n) for n in (1, 2, 3))) == ["T1", "T2", "T3"]


def test_empty_lines_before_the_music_are_passed_over() -> None:
    assert titles("X:1\n\nT:One\n\nK:G\n\nGAB|\n\nX:2\nT:Two\nK:G\nGAB|") == ["One", "Two"]


def test_a_tune_without_a_number_is_read_where_no_tune_has_one() -> None:
    assert titles("T:One\nK:G\nGAB|\n\nT:Two\nK:G\nGAB|") == ["One", "Two"]


def test_a_bad_tune_is_set_aside_and_the_others_are_read() -> None:
    text = "X:1\nT:One\nK:G\nGAB|\n\nX:2\nT:Two\nK:G\nG[AB|\n\nX:3\nT:Three\nK:G\nGAB|\n"
    one, two, three = read_tunes(text, "book.abc")
    assert isinstance(one, Transcription)
    assert isinstance(three, Transcription)
    assert isinstance(two, Rejected)
    assert (two.input, two.line, two.column) == ("book.abc", 9, 2)
    assert two.reason == "the chord opened with '[' is never closed; add ']' before the bar line"
    assert (two.number, two.title) == (2, "Two")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_files_are_read_in_the_encodings_that_tunebooks_have(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "book.abc"
    path.write_bytes("X:1\r\nT:Fáinne Geal an Lae\r\nK:G\r\nGAB|\r\n".encode(encoding))
    (tune,) = read(path)
    assert isinstance(tune, Transcription)
    assert tune.title == "Fáinne Geal an Lae"


def test_a_folder_is_its_tunebooks_in_order(tmp_path: Path) -> None:
    for name in ("b.abc", "a.ABC", "sub/c.txt", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"X:1\nT:{name}\nK:G\nGAB|\n")
    (tmp_path / "d.abc").write_text("")
    found = list(read(tmp_path))
    assert [t.title for t in found if isinstance(t, Transcription)] == [
        "a.ABC", "b.abc", "sub/c.txt",
    ]  # fmt: skip
    (empty,) = [t for t in found if isinstance(t, Rejected)]
    assert empty.input == str(tmp_path / "d.abc")
    assert "empty" in empty.reason


def test_of_several_inputs_those_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.abc", tmp_path / "bad.abc"
    good.write_text("X:1\nT:One\nK:G\nGAB|\n")
    bad.write_bytes(b"\0\1\2")
    tune, rejected = read_sources([good, bad])
    assert isinstance(tune, Transcription)
    assert isinstance(rejected, Rejected)
    assert (rejected.input, rejected.line) == (str(bad), None)
    assert "binary" in rejected.reason
    with pytest.raises(InputError, match="no such file"):
        list(read_sources([good, tmp_path / "absent.abc"]))


def test_what_holds_no_tune_is_refused(tmp_path: Path) -> None:
    for content, reason in (
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"\x89PNG\0\0", "binary"),
        (b"Dear reader,\n\nnothing here.\n", "no tune"),
    ):
        path = tmp_path / "file.abc"
        path.write_bytes(content)
        with pytest.raises(InputError, match=reason) as raised:
            list(read(path))
        assert str(path) in str(raised.value)
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path / "absent.abc")


def test_the_named_corpora_are_read_almost_whole() -> None:
    # X: fields in the files, counted with grep; the rejects were each looked at and are broken.
    numbers = {"oneills": (2009, 2), "airds": (1180, 0), "ryans": (1059, 31)}
    for name, (expected, broken) in numbers.items():
        found = list(NAMED_CORPORA[name].read())
        rejected = [tune for tune in found if isinstance(tune, Rejected)]
        assert len(found) == expected
        assert len(rejected) <= broken
        assert all(reject.line and reject.reason for reject in rejected)


def test_a_tune_of_oneills_reads_as_it_is_printed() -> None:
    tunes = {t.title: t for t in NAMED_CORPORA["oneills"].read()
             if isinstance(t, Transcription)}  # fmt: skip
    # X:2, in D with L:1/16: "f-g | a3-b g3-a | f4 e3-d | ..."
    tune = tunes["Fare You Well"]
    assert (tune.number, tune.meter, tune.key, tune.original_key) == (2, "2/4", "Cmaj", "Dmaj")
    assert " ".join(tune.body).startswith(
        "e /2 f /2 | g 3/2 a /2 f 3/2 g /2 | e 2 d 3/2 c /2 | c 3/2 B /2 G 3/2 A /2 |"
    )
