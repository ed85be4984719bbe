"""Where a tune begins and ends in a tunebook, and what is made of what is none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tunetrace import InputError, Rejected, Transcription, read
from tunetrace.corpus.readers import detect_format, read_sources, read_tunes
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


def test_what_is_read_and_what_is_set_aside_say_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text("\nX:1\nK:G\nGAB|\n\nX:2\nK:G\nG[AB|\n")
    (tmp_path / "more.txt").write_text("M:4/4\nK:Cmaj\nC D |\n\nM:4/4\nK:Cmaj\nC D |\n")
    assert [tune.place for tune in read(tmp_path)] == [
        f"{tmp_path}/book.abc:2", f"{tmp_path}/book.abc:8:2",
        f"{tmp_path}/more.txt:1", f"{tmp_path}/more.txt:5",
    ]  # fmt: skip
    assert [tune.place for tune in read_tunes("X:1\nK:G\nGAB|", "the text")] == ["the text:1"]


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
        next(read(tmp_path / "absent.abc"))


def test_a_tune_of_oneills_reads_as_it_is_printed() -> None:
    tunes = {t.title: t for t in NAMED_CORPORA["oneills"].read()
             if isinstance(t, Transcription)}  # fmt: skip
    # X:2, in D with L:1/16: "f-g | a3-b g3-a | f4 e3-d | ..."
    tune = tunes["Fare You Well"]
    assert (tune.number, tune.meter, tune.key, tune.original_key) == (2, "2/4", "Cmaj", "Dmaj")
    assert " ".join(tune.body).startswith(
        "e /2 f /2 | g 3/2 a /2 f 3/2 g /2 | e 2 d 3/2 c /2 | c 3/2 B /2 G 3/2 A /2 |"
    )


def tunes(text: str) -> list[Transcription]:
    return [t for t in read_tunes(text, "text") if isinstance(t, Transcription)]


def test_what_a_file_says_before_its_first_tune_holds_for_all() -> None:
    text = (
        "%abc-2.1\nL:1/16 % short\nM:2/4\nfree text\n\nX:1\nK:G\nG2|\n\nX:2\nL:1/8\nM:C\nK:G\nG2|\n"
    )
    one, two = tunes(text)
    assert " ".join(one.tokens) == "M:2/4 K:Cmaj C |"
    assert one.remarks == (
        "L:1/16 is taken from the file's header",
        "M:2/4 is taken from the file's header",
    )
    assert " ".join(two.tokens) == "M:4/4 K:Cmaj C 2 |"
    assert two.remarks == ()


def test_a_tune_before_the_first_number_gives_no_file_header() -> None:
    (tune,) = tunes("T:No number\nL:1/16\nK:G\nG2|\n\nX:1\nK:G\nG2|\n")
    assert " ".join(tune.tokens) == "K:Cmaj C 2 |"


def test_a_file_header_that_cannot_be_read_is_named_by_its_own_line() -> None:
    (rejected, tune) = read_tunes("\nL:x\nX:1\nT:A\nK:G\nG\n\nX:2\nL:1/8\nK:G\nG\n", "text")
    assert isinstance(rejected, Rejected)
    assert (rejected.line, rejected.kind, rejected.title) == (2, "bad unit length", "A")
    assert isinstance(tune, Transcription)


def test_numbers_and_keys_may_be_set_in() -> None:
    text = " X:1\n T:One\n K:G\n GAB|\n\n\n\fX: 2\nT:Two\nK : G\n\nGAB|\n\nX : 3\nT:Three\nK:G\nG"
    assert titles(text) == ["One", "Two", "Three"]
    # A rest of a bar is no number.
    assert titles("X:1\nT:One\nM:4/4\nK:G\nGAB|\nX | G\n") == ["One"]


def test_form_feeds_and_lone_carriage_returns_end_lines_or_tunes() -> None:
    assert titles("X:1\rT:One\rK:G\rGAB|\r\rX:2\rT:Two\rK:G\rG") == ["One", "Two"]
    assert titles("X:1\nT:One\nK:G\nGAB|\n\f\nX:2\nT:Two\nK:G\nG") == ["One", "Two"]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("latin-1", ""),
        ("iso-8859-2", "I:abc-charset iso-8859-2\n"),
    ],
)
def test_other_encodings_are_read(tmp_path: Path, encoding: str, declared: str) -> None:
    path = tmp_path / "book.abc"
    bom = "\ufeff" if encoding == "utf-16-le" else ""
    path.write_bytes(f"{bom}{declared}X:1\nT:Séamus Ó\nK:G\nGAB|\n".replace(
        "Ó", "Ő" if declared else "Ó").encode(encoding))  # fmt: skip
    (tune,) = read(path)
    assert isinstance(tune, Transcription)
    assert tune.title == ("Séamus Ő" if declared else "Séamus Ó")


def test_an_escaped_title_is_readable_where_the_tune_is_set_aside() -> None:
    (rejected,) = read_tunes("X:1\nT:Se\\'an\nK:H\nG", "text")
    assert isinstance(rejected, Rejected)
    assert (rejected.title, rejected.kind) == ("Seán", "bad key")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("M:4/4\nK:Cmaj\nC 2 | K:Gmaj D\n", "folkrnn"),  # a change of key inside a tune
        ("M:4/4\nK:Cphr\nC 2 |\n", "folkrnn"),
        ("X:1\nK:Cphrygian\nC2|", "abc"),
        ("X:1\n L:1/16\nK:Cmaj\nC2|", "abc"),
    ],
)
def test_the_first_key_of_a_line_tells_the_format(text: str, format: str) -> None:
    assert detect_format(text) == format


@pytest.mark.parametrize(
    "text", [" " * 50_000 + "x", "K:" + " " * 50_000, "<s>" * 20_000, "| " * 50_000]
)
def test_telling_the_format_takes_no_time_of_its_own(text: str) -> None:
    assert detect_format(text) == "abc"  # hours, were each run of spaces tried in every way


def test_the_five_collections_are_read_almost_whole() -> None:
    # X: fields in the files, counted with grep. Every reject was looked at: keys and meters that
    # are none (Bn, H, Es, FREI4/4), lost notes (`| 4=A2`), stray signs, chords never closed.
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    counts = {
        "oneills1850": (2009, {"bad key": 2}),
        "airdsAirs": (1180, {}),
        "ryansMammoth": (1059, {"stray sign": 10, "open bracket": 1}),
        "essenFolksong": (8514, {"bad meter": 5, "bad key": 3, "stray sign": 3}),
        "miscFolk": (185, {"stray sign": 1, "open bracket": 1}),
    }
    for name, (numbers, kinds) in counts.items():
        found = [t for path in sorted((corpus / name).rglob("*.abc")) for t in read(path)]
        rejected = [tune for tune in found if isinstance(tune, Rejected)]
        assert len(found) == numbers
        assert Counter(reject.kind for reject in rejected) == kinds
        assert all(reject.line and reject.reason for reject in rejected)


def test_a_text_given_as_a_path_is_refused() -> None:
    with pytest.raises(InputError, match="file name too long"):
        next(iter(read("X:1\nK:C\n" + 2_000 * "CDEF|")))
