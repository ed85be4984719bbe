"""MusicXML and MIDI files wherever tunes are read: told from others, packed, and in a batch."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import KESH, call, environment, index_of, run
from tests.notation.files import key, meter, midi_file, musicxml_of, off, on
from tunetrace import InputError, Rejected, Transcription, check, read, tokenize
from tunetrace.corpus.readers import detect_format, estimate_tunes, files_in

TOKENS = tokenize(KESH)
XML = musicxml_of(TOKENS, "The Kesh")
MIDI = midi_file([[(0, meter(6, 3)), (0, key(0)), (0, on(60)), (720, off(60)), (0, on(62)),
                   (720, off(62))]])  # fmt: skip
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def mxl(path: Path, score: str = XML, container: str = CONTAINER.format("score.xml")) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.recordare.musicxml")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.xml", score)
    return path


def only(path: Path) -> Transcription | Rejected:
    (tune,) = read(path)
    return tune


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_content_tells_the_format_whatever_the_name_and_the_encoding(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "tune.txt"
    declared = XML.replace("UTF-8", encoding.removesuffix("-sig")).replace("The Kesh", "Céilí")
    path.write_bytes(declared.encode(encoding))
    tune = only(path)
    assert isinstance(tune, Transcription)
    assert (list(tune.tokens), tune.title) == (TOKENS, "Céilí")


def test_midi_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "tune.abc"
    path.write_bytes(MIDI)
    tune = only(path)
    assert isinstance(tune, Transcription)
    assert tune.tokens == ("M:6/8", "K:Cmaj", "C", "3", "D", "3", "|")


def test_a_text_is_read_as_a_file_is() -> None:
    assert detect_format(XML) == "musicxml"
    assert tokenize(XML) == tokenize(XML, "musicxml") == TOKENS
    page = f"<html><body><pre>\n{KESH}</pre></body></html>"
    assert detect_format(page) == "abc"


def test_a_given_format_must_be_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(MIDI)
    (tmp_path / "a.abc").write_text(KESH)
    (tmp_path / "a.musicxml").write_text(XML)
    for name, format, sentence in (
        ("a.mid", "abc", "this is a MIDI file, not abc; leave --format out"),
        ("a.musicxml", "midi", "this is a MusicXML file, not midi; leave --format out"),
        ("a.abc", "midi", "this is not a MIDI file; leave --format out"),
        ("a.abc", "musicxml", "this is not a MusicXML file; leave --format out"),
    ):
        refusal = call("tokenize", tmp_path / name, "--format", format).refusal
        assert refusal == f"{tmp_path / name}: {sentence}"
    assert call("tokenize", tmp_path / "a.mid", "--format", "midi").code == 0
    refusal = call("tokenize", tmp_path / "a.mid", "--column", "abc").refusal
    assert "this is not a table, so it has no column 'abc'" in refusal


def test_compressed_musicxml_is_read_alone_and_in_an_archive(tmp_path: Path) -> None:
    path = mxl(tmp_path / "kesh.mxl")
    tune = only(path)
    assert isinstance(tune, Transcription)
    assert list(tune.tokens) == TOKENS
    with zipfile.ZipFile(tmp_path / "book.zip", "w") as archive:
        archive.write(path, "a.mxl")
        archive.writestr("b.musicxml", XML)
        archive.writestr("c.mid", MIDI)
    assert [tune.input.removeprefix(f"{tmp_path}/") for tune in read(tmp_path / "book.zip")] == [
        "book.zip/a.mxl", "book.zip/b.musicxml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        (CONTAINER.format("other.xml"), "this compressed MusicXML file has no score in it"),
        ("<container>", "this XML file is damaged or cut off in line 1"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><container/>', "declares entities"),
        (" " * 70_000, "the file has more than 65,536 bytes"),
    ],
)
def test_a_container_that_leads_nowhere_is_told(
    tmp_path: Path, container: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        only(mxl(tmp_path / "a.mxl", container=container))


def test_a_bomb_of_musicxml_does_not_go_off(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        only(mxl(tmp_path / "a.mxl", XML + " " * 50_000_000))
    (tmp_path / "a.xml").write_text(XML + " " * 10_000_000)
    with pytest.raises(InputError, match="the file has more than 10,000,000 bytes"):
        only(tmp_path / "a.xml")


def test_a_folder_is_read_in_the_format_that_says_most(tmp_path: Path) -> None:
    for name in ("a.mid", "a.musicxml", "a.abc"):
        (tmp_path / name).write_bytes(b"")
    for gone, expected in (("", "a.abc"), ("a.abc", "a.musicxml"), ("a.musicxml", "a.mid")):
        if gone:
            (tmp_path / gone).unlink()
        assert files_in(tmp_path) == [tmp_path / expected]


def test_in_a_batch_a_bad_file_is_set_aside(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH)
    folder = tmp_path / "scores"
    folder.mkdir()
    (folder / "a.musicxml").write_text(XML)
    (folder / "b.musicxml").write_text(XML[:900])
    (folder / "c.xml").write_text("<?xml version='1.0'?><mei/>")
    (folder / "d.xml").write_text("<score-partwise/>")
    report = call("check", folder, "--index", index, "--json").json
    assert [tune["verdict"]["kind"] for tune in report["tunes"]] == ["whole"]
    assert {Path(one["input"]).name: one["kind"] for one in report["set_aside"]} == {
        "b.musicxml": "unreadable file", "c.xml": "unreadable file", "d.xml": "no notes",
    }  # fmt: skip
    assert estimate_tunes([folder]) == 4


def test_an_index_is_built_from_scores(tmp_path: Path) -> None:
    (tmp_path / "kesh.musicxml").write_text(XML)
    place = ("--index", tmp_path / "i.db")
    assert call("index", "build", tmp_path / "kesh.musicxml", *place, "--json").json["tunes"] == 1
    assert call("index", "verify", *place).code == 0
    shown = call("tune", "kesh:1", *place, "--json").json
    assert shown["title"] == "The Kesh"
    assert shown["text"].startswith("X:1\nT:The Kesh\nM:6/8\nL:1/8\nK:C\n")
    (checked,) = check(XML, index=tmp_path / "i.db").tunes
    assert checked.verdict.kind == "whole"


def test_the_origin_of_each_token_is_in_the_abc_that_was_made(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(MIDI)
    shown = call("tokenize", tmp_path / "a.mid", "--explain").out
    assert shown.startswith(f"a, {tmp_path / 'a.mid'}\n")
    assert "line 6: C3 D3 |]" in shown


def test_standard_input_has_no_title(tmp_path: Path) -> None:
    ended = run("tokenize", "-", "--json", stdin=MIDI)
    assert [tune["title"] for tune in ended.json["tunes"]] == [""]


# music21


def test_without_music21_a_sentence_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "music21", None)  # as if it were not installed
    (tmp_path / "a.mid").write_bytes(MIDI)
    (tmp_path / "a.xml").write_text(XML)
    for name, kind in (("a.mid", "MIDI"), ("a.xml", "MusicXML")):
        assert call("tokenize", tmp_path / name).refusal == (
            f"{tmp_path / name}: this is a {kind} file, and reading it needs the Python package "
            "music21, which is not installed; install it with: pip install 'tunetrace[notation]'"
        )


def test_music21_prints_nothing_and_leaves_the_home_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "a.xml").write_text(XML)
    (tmp_path / "a.mid").write_bytes(midi_file([[(0, on(60)), (240, off(60))]]))
    ended = subprocess.run(
        [sys.executable, "-m", "tunetrace", "tokenize", "a.xml", "a.mid"], cwd=tmp_path,
        env={**environment(), "HOME": str(home), "TMPDIR": str(home)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert list(home.rglob("*")) == []


def test_abc_alone_does_not_load_the_reader_of_notation(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text(KESH)
    code = (
        "import sys, tunetrace; list(tunetrace.read(sys.argv[1])); "
        "print('music21' in sys.modules, 'tunetrace.notation.read' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.abc")],
        env=environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ended.stdout == "False False\n"


@given(st.integers(0, len(XML) - 1), st.text(max_size=6), st.integers(0, 40))
def test_no_musicxml_is_too_broken_to_be_refused(at: int, there: str, gone: int) -> None:
    from tunetrace.corpus.readers import read_tunes

    with suppress(InputError):
        for tune in read_tunes(XML[:at] + there + XML[at + gone :], "a.musicxml"):
            assert isinstance(tune, Transcription | Rejected)


def test_answers_can_be_printed_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(XML)
    index = index_of(tmp_path, KESH)
    line = call("check", tmp_path / "a.xml", "--index", index, "--jsonl").out
    assert json.loads(line)["line"] is None
