"""`tunetrace score`: what it writes in each format, what it says, and what it refuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring, parse

import mido
import pypdf
import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tests.score.book.conftest import GRACED, book, cairo
from tunetrace import (
    InputError,
    OutputError,
    Transcription,
    explain,
    read,
    save_scores,
    tune,
)

__all__ = ["book", "cairo"]

SVG = "{http://www.w3.org/2000/svg}"
BAD = "X:9\nT:Bad\nM:4/4\nL:1/8\nK:C\nCDE{F|\n"


def onsets(path: Path) -> list[tuple[int, int]]:
    """The onset, in 120ths of a quarter note, and the pitch of each note of a MIDI file."""
    file = mido.MidiFile(path)
    found = []
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                found.append((now * 120 // file.ticks_per_beat, message.note))
    return sorted(found)


def written(*arguments: str | Path) -> str:
    """What the command says when all went well."""
    ended = call("score", *arguments)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


# One tune


def test_a_tune_is_written_as_svg(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "kesh.svg"
    assert written(book(KESH), "-o", out) == f"{out}: The Kesh ({tmp_path}/book.abc:1)\n"
    root = parse(out).getroot()
    assert root.findtext(f"{SVG}title") == "The Kesh"
    notes = [one for one in root.iter(f"{SVG}g") if one.get("class") == "note"]
    assert len(notes) == 8


@pytest.mark.usefixtures("cairo")
def test_a_tune_is_written_as_png_at_300_dots_in_an_inch(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "kesh.png"
    written(book(KESH), "-o", out)
    image = pytest.importorskip("PIL.Image").open(out)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.info["Software"].startswith("tunetrace ")
    # 207 mm are 2,445 dots.
    assert image.width == 2445
    assert 300 < image.height < 800
    grey = image.convert("L").histogram()
    assert 10_000 < sum(grey[:64]) < image.width * image.height / 10


@pytest.mark.usefixtures("cairo")
def test_a_tune_is_written_as_pdf(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "kesh.pdf"
    said = written(book(KESH), "-o", out, "--paper", "letter")
    assert said == f"{out}: The Kesh ({tmp_path}/book.abc:1) on 1 page\n"
    (page,) = pypdf.PdfReader(out).pages
    # Letter is 8.5 by 11 inches.
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(
        (612, 792), abs=0.1
    )
    assert page.extract_text().startswith("The Kesh")


def test_a_tune_is_written_as_midi(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "kesh.mid"
    written(book(KESH), "-o", out)
    # G3 GAB|A3 ABd: an eighth is 60 of them.
    assert onsets(out) == [
        (0, 67), (180, 67), (240, 69), (300, 71), (360, 69), (540, 69), (600, 71), (660, 74),
    ]  # fmt: skip
    said = [message for message in mido.MidiFile(out).tracks[0] if message.type == "track_name"]
    assert [message.name for message in said] == ["The Kesh"]


def test_a_jig_with_swing_has_a_long_first_and_a_short_second_note(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "kesh.midi"
    written(book(KESH), "-o", out, "--swing")
    # Of a beat of 180, the second note begins after 40% and the third after 65%.
    assert [at for at, _ in onsets(out)] == [0, 180, 252, 297, 360, 540, 612, 657]


def test_a_hornpipe_with_swing_is_played_in_triplets(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "hornpipe.mid"
    written(book("X:1\nT:H\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n"), "-o", out, "--swing")
    assert [at for at, _ in onsets(out)] == [0, 80, 120, 200, 240, 320, 360, 440]


@pytest.mark.parametrize("ending", ["musicxml", "xml"])
def test_a_tune_is_written_as_musicxml(
    book: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"kesh.{ending}"
    written(book(KESH), "-o", out)
    root = parse(out).getroot()
    assert root.findtext("work/work-title") == "The Kesh"
    assert [one.text for one in root.iter("step")] == list("GGABAABD")


def test_a_tune_is_written_as_mei(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "kesh.mei"
    written(book(KESH), "-o", out)
    notes = [one.get("pname") for one in parse(out).getroot().iter() if one.tag.endswith("}note")]
    assert notes == list("ggabaabd")


def test_abc_keeps_the_grace_notes_and_ties_of_the_text(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.abc"
    written(book(GRACED), "-o", out, "--transpose", "C")
    text = out.read_text(encoding="utf-8")
    assert text.startswith("I:abc-creator tunetrace ")
    assert text.endswith("\nX:1\nT:Graced\nM:2/4\nL:1/8\nK:Cmaj\n{f}G2- G{ed}c | c2- c2 |\n")
    (again,) = read(out)
    (first,) = read(book(GRACED))
    assert isinstance(again, Transcription)
    assert isinstance(first, Transcription)
    assert (again.tokens, again.title) == (first.tokens, first.title)


def test_a_tune_is_moved_to_another_tonic_and_keeps_its_mode(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.mid"
    written(book(MORRISONS), "-o", out, "--transpose", "G")
    # E dorian E3 B3|EBE AFD| on G: G and D.
    assert [pitch for _, pitch in onsets(out)][:4] == [67, 74, 67, 74]
    refusal = call("score", book(KESH), "-o", tmp_path / "b.mid", "--transpose", "Em").refusal
    assert refusal == (
        "'Em' is not a tonic; write a letter from A to G, with b or # if needed, as G or Bb; the "
        "mode stays as it is"
    )


# Several tunes


def test_several_tunes_are_one_picture(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "two.svg"
    assert written(book(KESH, MORRISONS), "-o", out) == f"{out}: 2 tunes\n"
    root = fromstring(out.read_bytes())
    assert [one.text for one in root.findall(f"{SVG}text")] == ["The Kesh", "Morrison's"]
    places = [float(one.get("y", "0")) for one in root.findall(f"{SVG}svg")]
    assert places == sorted(places)
    assert len(places) == 2
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("cairo")
def test_several_tunes_are_a_tune_book_with_an_index(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "two.pdf"
    assert written(book(KESH, MORRISONS), "-o", out) == f"{out}: 2 tunes on 2 pages\n"
    tunes, index = (page.extract_text() for page in pypdf.PdfReader(out).pages)
    assert tunes.startswith("The Kesh")
    assert "Morrison's" in tunes
    assert index.startswith("Index")
    assert pypdf.PdfReader(out).metadata["/Title"] == "two"  # type: ignore[index]


def test_several_tunes_are_a_tunebook_in_abc(book: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "two.abc"
    written(book(KESH, MORRISONS), "-o", out)
    tunes = list(read(out))
    assert [one.title for one in tunes] == ["The Kesh", "Morrison's"]
    assert [one.number for one in tunes] == [1, 2]
    for mine, text in zip(tunes, (KESH, MORRISONS), strict=True):
        assert isinstance(mine, Transcription)
        assert mine.tokens == explain(text).tune.tokens


@pytest.mark.parametrize("ending", ["mid", "musicxml", "mei"])
def test_several_tunes_are_a_file_each_where_a_file_holds_one(
    book: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    folder = tmp_path / "new"
    said = written(book(*[KESH] * 9, MORRISONS), "-o", folder / f"out.{ending}")
    names = [f"out-{number:02}.{ending}" for number in range(1, 11)]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert said.splitlines()[-1] == f"{folder}/{names[-1]}: Morrison's ({tmp_path}/book.abc:64)"


# Where tunes are from


def test_a_tune_of_the_index_is_named_by_number_id_and_title_and_has_its_grace_notes(
    tmp_path: Path,
) -> None:
    index = index_of(tmp_path, KESH, GRACED)
    for number, name in enumerate(("session:4", "2", "graced", "Grac")):
        out = tmp_path / f"{number}.abc"
        said = written(name, "-o", out, "--index", index)
        assert said == f"{out}: Graced (session:4)\n"
        assert "{g}A2- A{fe}d" in out.read_text(encoding="utf-8")
    missing = call("score", "Morrison", "-o", tmp_path / "a.abc", "--index", index)
    assert missing.refusal.startswith("there is no tune 'Morrison' in the index")
    path = call("score", "none.abc", "-o", tmp_path / "a.abc", "--index", index)
    assert path.refusal == "none.abc: there is no such file; check the path"


def test_standard_input_a_folder_and_places_are_read(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name, text in (("a", KESH), ("b", MORRISONS), ("c", GRACED)):
        (tmp_path / "in" / f"{name}.abc").write_text(text)
    out = tmp_path / "out.abc"
    written(tmp_path / "in", "--only", "2-3", "-o", out)
    assert [one.title for one in read(out)] == ["Morrison's", "Graced"]
    ended = call("score", "-", "-o", tmp_path / "in.abc", stdin=KESH.encode())
    assert ended.out.endswith("in.abc: The Kesh (standard input:1)\n")
    none = call("score", tmp_path / "in", "--only", "8", "-o", tmp_path / "no.abc")
    assert none.refusal == "no tune is at these places of the input; give others"


# What is set aside, and what is refused


def test_tunes_that_cannot_be_read_or_engraved_are_listed_and_the_others_are_written(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.abc"
    sharp = "X:5\nT:Sharp\nM:4/4\nL:1/8\nK:C\n^^e4 E4|\n"
    said = written(book(BAD, KESH, sharp), "-o", out, "--transpose", "C#")
    lines = said.splitlines()
    assert lines[0] == f"{out}: The Kesh ({tmp_path}/book.abc:8)"
    assert lines[2] == "2 tunes set aside:"
    assert "the grace notes opened with '{' are never closed" in lines[3]
    assert lines[4].endswith("book.abc:15: in C# the note ^^e of Sharp would need three sharps or "
                             "flats; name the tonic otherwise, as Ab for G#")  # fmt: skip
    assert [one.title for one in read(out)] == ["The Kesh"]


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "mid", "musicxml", "mei", "abc"])
@pytest.mark.usefixtures("cairo")
def test_nothing_is_written_if_no_tune_is_left(
    book: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    refusal = call("score", book(BAD), "-o", out).refusal
    assert refusal.startswith(f"no tune can be written; {tmp_path}/book.abc:6:4: the grace notes")
    assert [path.name for path in tmp_path.iterdir()] == ["book.abc"]


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ([], "no file is named; add one that ends in .svg, .png, .pdf, .mid, .musicxml, .mei or "
         ".abc, such as -o tune.pdf"),
        (["-o", "a.doc"], "a.doc: the name of a score must end in .svg, .png, .pdf, .mid, "
         ".musicxml, .mei or .abc"),
        (["-o", "-"], "-: the name of a score must end in .svg, .png, .pdf, .mid, .musicxml, .mei "
         "or .abc"),
        (["-o", "a.svg", "--swing"], "only a .mid can have swing; write a .mid, or leave out the "
         "swing"),
        (["-o", "a.svg", "--paper", "a4"], "only a .pdf is on paper; write a .pdf, or leave out "
         "the paper"),
        (["-o", "a.svg", "--only", "0"], "'0' is not a place in the input; give a number from 1, "
         "or a range such as 5-9"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_a_sentence(
    book: Callable[..., Path], arguments: list[str], refusal: str
) -> None:
    assert call("score", book(KESH), *arguments).refusal == refusal


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "mid", "musicxml", "mei", "abc"])
@pytest.mark.usefixtures("cairo")
def test_a_score_is_replaced_only_with_force_and_other_files_never(
    book: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    written(book(KESH), "-o", out)
    before = out.read_bytes()
    assert call("score", book(MORRISONS), "-o", out).refusal == (
        f"{out}: there is a score already; replace it with --force"
    )
    assert out.read_bytes() == before
    written(book(MORRISONS), "-o", out, "--force")
    assert out.read_bytes() != before
    out.write_bytes(b"mine, and a thing of value")
    assert "is not a tunetrace score" in call("score", book(KESH), "-o", out, "--force").refusal
    assert out.read_bytes() == b"mine, and a thing of value"


def test_if_one_of_several_files_is_in_the_way_none_is_written(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "out-2.mid").write_bytes(b"mine")
    ended = call("score", book(KESH, MORRISONS), "-o", tmp_path / "out.mid", "--force")
    assert "out-2.mid: this file is not a tunetrace score" in ended.refusal
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.abc", "out-2.mid"]


def test_the_answer_as_json_has_the_files_and_the_pages(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.mei"
    answer: Any = call("score", book(KESH, BAD), "-o", out, "--json").json
    assert answer["files"] == [str(out)]
    assert answer["tunes"] == [
        {"title": "The Kesh", "place": f"{tmp_path}/book.abc:1", "file": str(out), "page": None}
    ]
    assert [one["title"] for one in answer["set_aside"]] == ["Bad"]
    assert answer["pages"] is None


# What may be missing


@pytest.mark.parametrize(
    ("package", "ending", "sentence"),
    [
        ("cairosvg", "png", "PNG and PDF need the Python package cairosvg"),
        ("cairosvg", "pdf", "PNG and PDF need the Python package cairosvg"),
        ("pypdf", "pdf", "a .pdf needs the Python package pypdf"),
        ("mido", "mid", "MIDI needs mido"),
        ("verovio", "svg", "notation needs verovio"),
    ],
)
@pytest.mark.usefixtures("cairo")
def test_a_missing_package_is_named_with_the_extra_that_has_it(
    book: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    ending: str,
    sentence: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    refusal = call("score", book(KESH), "-o", tmp_path / f"out.{ending}").refusal
    assert refusal.startswith(sentence)
    assert "install tunetrace[score]" in refusal


def test_the_missing_library_cairo_is_named_with_its_package(
    book: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        """cairocffi looks for the library when it is imported."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "cairocffi":
                raise OSError('no library called "cairo-2" was found')

    cairo = ("cairocffi", "cairosvg")
    for name in [name for name in sys.modules if name.partition(".")[0] in cairo]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    refusal = call("score", book(KESH), "-o", tmp_path / "out.png").refusal
    assert "the package libcairo2 of Debian and Ubuntu, cairo elsewhere" in refusal


# In Python


@pytest.mark.usefixtures("cairo")
def test_python_writes_transcriptions_tunes_of_an_index_and_names(tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH, MORRISONS)
    kesh = explain(KESH).tune
    saved = save_scores([kesh, tune(2, index), 1], tmp_path / "out.pdf", index)
    assert [(one.title, one.place, one.page) for one in saved.tunes] == [
        ("The Kesh", "the text:1", 1),
        ("Morrison's", "session:7", 1),
        ("The Kesh", "session:3", 1),
    ]
    assert (saved.pages, saved.set_aside) == (2, ())


def test_a_tune_of_more_than_20_000_tokens_is_refused(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    long = "X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n" + "CDEF GABc|\n" * 2223
    # Each bar has 9 tokens, and the header 2.
    with pytest.raises(InputError, match="Long has 20,009 tokens; at most 20,000 are engraved"):
        save_scores([book(long)], tmp_path / "out.svg")


@pytest.mark.slow
@pytest.mark.usefixtures("cairo")
def test_a_tune_of_2000_bars_is_written_whole(book: Callable[..., Path], tmp_path: Path) -> None:
    path = book("X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n" + "CDEF GABc|\n" * 2000)
    save_scores([path], tmp_path / "out.svg")
    assert (tmp_path / "out.svg").read_text().count('class="measure"') == 2000
    with pytest.raises(OutputError, match=r"can be drawn; write a \.pdf"):
        save_scores([path], tmp_path / "out.png")


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_a_file_of_any_name_gives_its_name_as_the_title(
    book: Callable[..., Path], cairo: None, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / os.fsdecode(b"a\xff\x01." + ending.encode())
    assert call("score", book(KESH, MORRISONS), "-o", out).code == 0
    if ending == "svg":
        assert fromstring(out.read_bytes()).findtext(f"{SVG}title") == "a\ufffd\ufffd"
    else:
        assert pypdf.PdfReader(out).metadata.title == "a\ufffd\ufffd"  # type: ignore[union-attr]
