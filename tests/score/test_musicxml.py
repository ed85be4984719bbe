"""MusicXML: whole measures by hand, its signs of repeats, and its schema."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.score.played import difference, from_tokens, musicxml_unfolded
from tests.score.schema import musicxml_mistakes
from tests.strategies import bodies, heaps
from tunetrace import engrave
from tunetrace.tokenizer.transcription import Transcription

HEAD = "X:1\nT:A <b> & tune\nM:2/4\nL:1/8\nK:D\n"


def written(body: str, head: str = HEAD) -> Element:
    text = engrave(head + body).musicxml()
    assert musicxml_mistakes(text) == ""
    return fromstring(text[text.index("<score-partwise") :])


def plain(element: Element) -> str:
    """An element without what every note has."""
    inside = "".join(plain(child) for child in element if child.tag != "voice")
    attributes = "".join(f" {name}={value}" for name, value in element.attrib.items())
    return f"<{element.tag}{attributes}>{element.text or ''}{inside}"


def signs(body: str, head: str = HEAD) -> list[str]:
    """The bar lines of each measure that has any: | the end, ]1 [1 of endings, :| |: of repeats."""
    found = []
    for measure in written(body, head).iter("measure"):
        said = []
        for line in measure.iter("barline"):
            for child in line:
                if child.tag == "repeat":
                    said.append("|:" if child.get("direction") == "forward" else ":|")
                elif child.tag == "ending":
                    is_start = child.get("type") == "start"
                    said.append(
                        f"[{child.get('number')}" if is_start else f"{child.get('number')}]"
                    )
        found.append(" ".join(said))
    return found


def test_the_first_measure_has_key_meter_and_clef() -> None:
    root = written("D2F2|")
    assert root.findtext("work/work-title") == "A <b> & tune"
    attributes = root.find("part/measure/attributes")
    assert attributes is not None
    assert plain(attributes) == (
        "<attributes><divisions>1<key><fifths>2<mode>major<time><beats>2<beat-type>4"
        "<clef><sign>G<line>2"
    )


def test_notes_have_pitch_length_ties_accidentals_and_beams() -> None:
    first, second = written("^A3-A|^A4|").iter("measure")
    assert [plain(note) for note in first.iter("note")] == [
        "<note id=n2><pitch><step>A<alter>1<octave>4<duration>3<tie type=start><type>quarter<dot>"
        "<accidental>sharp<notations><tied type=start>",
        "<note id=n4><pitch><step>A<alter>1<octave>4<duration>1<tie type=stop><type>eighth"
        "<notations><tied type=stop>",
    ]
    (note,) = second.iter("note")
    assert plain(note) == (
        "<note id=n6><pitch><step>A<alter>1<octave>4<duration>4<type>half<accidental>sharp"
    )


def test_tuplets_have_their_ratio_and_their_ends() -> None:
    (measure,) = written("(3DEF z2|").iter("measure")
    notes = [plain(note) for note in measure.iter("note")]
    ratio = "<time-modification><actual-notes>3<normal-notes>2"
    assert notes == [
        "<note id=n3><pitch><step>D<octave>4<duration>1<type>eighth"
        f"{ratio}<beam number=1>begin<notations><tuplet type=start>",
        f"<note id=n4><pitch><step>E<octave>4<duration>1<type>eighth{ratio}<beam number=1>continue",
        "<note id=n5><pitch><step>F<alter>1<octave>4<duration>1<type>eighth"
        f"{ratio}<beam number=1>end<notations><tuplet type=stop>",
        "<note id=r6><rest><duration>3<type>quarter",
    ]


def test_chords_and_grace_notes() -> None:
    (measure,) = written("{f}[DA]4|").iter("measure")
    assert [plain(note) for note in measure.iter("note")] == [
        "<note id=g2-0><grace slash=yes><pitch><step>F<alter>1<octave>5<type>eighth",
        "<note id=n3><pitch><step>D<octave>4<duration>2<type>half",
        "<note id=n4><chord><pitch><step>A<octave>4<duration>2<type>half",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("|:D4:|", ["|: :|"]),
        ("D4:|E4|", [":|", ""]),
        ("D4|:E4:|", ["", "|: :|"]),
        ("D4:|E4:|", [":|", "|: :|"]),  # the sign that opens the second repeat is missing
        ("|:D4|1 E4:|2 F4|", ["|:", "[1 :| 1]", "[2 2]"]),
        ("|:D4|1 E4:|F4|", ["|:", "[1 :| 1]", "[2 2]"]),  # so is that of the second ending
        ("|:D4|1 E4|F4|", ["", "", ""]),  # an ending without a repeat
        ("|:D4|E4|", ["", ""]),  # nothing is repeated
    ],
)
def test_the_signs_are_those_of_what_is_played(body: str, expected: list[str]) -> None:
    found = signs(body)
    assert [sorted(one.split()) for one in found] == [sorted(one.split()) for one in expected]


def test_a_pickup_and_a_bar_that_does_not_add_up_are_not_counted() -> None:
    numbers = [(m.get("number"), m.get("implicit")) for m in written("D|E4|F3|G4|").iter("measure")]
    assert numbers == [("0", "yes"), ("1", None), ("2", "yes"), ("3", None)]


@settings(max_examples=60)
@given(st.one_of(bodies, heaps), st.sampled_from(["C", "Eb", "F#"]))
def test_any_tokens_are_valid_musicxml_and_are_played_by_music21(
    tokens: list[str], tonic: str
) -> None:
    tune = Transcription((), None, "4/4", "Cmaj", "Cmaj", ("M:4/4", "K:Cmaj", *tokens), "")
    assume(any(token[0] in "^CDEFcz" for token in tokens))
    engraved = engrave(tune, tonic)
    text = engraved.musicxml()
    assert musicxml_mistakes(text) == ""
    if "|1" in tokens or "|2" in tokens:
        return  # music21 refuses endings that lead nowhere
    assert difference(from_tokens(engraved), musicxml_unfolded(text), 1e-3) == ""


def test_a_tune_with_everything_is_played_alike() -> None:
    text = (
        "X:1\nT:All\nM:9/8\nL:1/8\nK:Ador\nE|:A2B c>de- e^fg|[Ec]3 (3ABc (2de z|1 A9:|2 A6 z2E||\n"
        "K:D\nM:2/4\n|:d/2e/2f ^g/3a/3b/3 a|[K:G]f5/2 z/ [M:3/4]|d2 d2-d2:|"
    )
    engraved = engrave(text)
    assert difference(from_tokens(engraved), musicxml_unfolded(engraved.musicxml()), 1e-3) == ""
