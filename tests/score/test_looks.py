"""How notation looks: beams, grace notes, rests, endings and titles, as a hand would write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tunetrace import Transcription, engrave, read
from tunetrace.score.marks import Mark, in_lanes
from tunetrace.score.staff.records import Signs
from tunetrace.score.staff.values import Value, values_of

Tune = Callable[..., Transcription]

MEI = "{http://www.music-encoding.org/ns/mei}"


@pytest.fixture
def tune(tmp_path: Path) -> Tune:
    """Reads a tune from ABC, in C major with eighths as its unit."""

    def make(body: str, meter: str = "4/4", title: str = "A tune", key: str = "C") -> Transcription:
        path = tmp_path / "tune.abc"
        path.write_text(f"X:1\nT:{title}\nM:{meter}\nL:1/8\nK:{key}\n{body}\n", encoding="utf-8")
        found = next(iter(read(path)))
        assert isinstance(found, Transcription)
        return found

    return make


def beams(tune: Transcription) -> list[str]:
    """The notes of each beam, and each note that stands alone, by their letters."""
    found: list[str] = []
    for measure in engrave(tune).staff.measures:
        before = None
        for event in measure.events:
            name = event.notes[0].letter if event.notes else "z"
            if event.beam is not None and event.beam == before:
                found[-1] += name
            else:
                found.append(name)
            before = event.beam
        found.append("|")
    return found[:-1]


def layer(tune: Transcription, measure: int = 0) -> str:
    """What a measure holds, as `beam(n8 n8) r4`; grace notes as `g8`."""
    root = ET.fromstring(engrave(tune).mei())
    element = root.findall(f".//{MEI}layer")[measure]

    def told(node: ET.Element) -> str:
        tag = node.tag.removeprefix(MEI)
        if tag in ("note", "rest"):
            letter = "g" if "grace" in node.attrib else tag[0]
            return letter + node.attrib["dur"] + "." * int(node.get("dots", 0))
        inside = " ".join(told(child) for child in node)
        return f"{tag}({inside})" if inside else tag

    return " ".join(told(child) for child in element)


@pytest.mark.parametrize(
    ("meter", "body", "expected"),
    [
        ("4/4", "CDEFGABc|", "CDEF GABC"),
        ("4/4", "C>DEFGABc|", "CD EF GABC"),
        ("2/2", "C/D/E/F/G/A/B/c/ C2D2|", "CDEF GABC C D"),
        ("2/2", "C>DE>FG2A2|", "CD EF G A"),
        ("3/4", "CDEFGA|", "CD EF GA"),
        ("6/8", "CDEFGA|", "CDE FGA"),
        ("9/8", "CDEFGABcd|", "CDE FGA BCD"),
        ("9/16", "C/D/E/F/G/A/B/c/d/|", "CDE FGA BCD"),
        ("5/8", "CDEFG|", "CD EFG"),
        ("7/8", "CDEFGAB|", "CD EF GAB"),
        ("5/8", "C>DE/F/GA|", "CD EFGA"),
        ("4/4", "(3CDE (3FGA B2c2|", "CDE FGA B C"),
        ("4/4", "CD (3EFG A2B2|", "CD EFG A B"),
        ("4/4", "(3C/D/E/ (3F/G/A/ B2c2z2|", "CDEFGA B C z"),
        ("2/4", "CD (4EFGA|", "CD EFGA"),
        ("4/4", "(4CDEF G A3 z|", "CDEF G A z"),
        ("4/4", "CzDE FGA2|", "C z DE FG A"),
    ],
)
def test_beams_follow_the_meter_and_keep_tuplets_whole(
    tune: Tune, meter: str, body: str, expected: str
) -> None:
    assert beams(tune(body, meter)) == expected.split()


def test_a_change_of_key_divides_a_beam(tune: Tune) -> None:
    assert beams(tune("CD[K:G]EF GABc|")) == ["CD", "EF", "GABC"]


def test_an_accidental_is_not_written_twice_for_a_note_of_a_bar(tune: Tune) -> None:
    measures = engrave(tune("_BA_B_b =B_B_BB|_BB=A=A F4|")).staff.measures
    assert [[event.notes[0].shown for event in m.events] for m in measures] == [
        [-1, None, None, -1, 0, -1, None, None],
        [-1, None, 0, None, None],
    ]


def test_grace_notes_stand_before_the_beam_that_their_note_begins(tune: Tune) -> None:
    assert layer(tune("{g}ag f2 {ef}e>d c2|")) == (
        "graceGrp(g8) beam(n8 n8) n4 graceGrp(beam(g16 g16)) beam(n8. n16) n4"
    )


def test_grace_notes_stand_before_the_tuplet_and_the_beam_around_it(tune: Tune) -> None:
    assert layer(tune("{g}(3agf e2 {g}c(3{a}d/e/f/ g2|")) == (
        "graceGrp(g8) tuplet(beam(n8 n8 n8)) n4 "
        "graceGrp(g8) beam(n8 graceGrp(g8) tuplet(n16 n16 n16)) n4"
    )


def test_a_rest_of_a_whole_bar_is_a_bar_rest_whatever_the_meter(tune: Tune) -> None:
    assert [layer(tune("c6|z6|z3z3|", "6/8"), k) for k in range(3)] == ["n2.", "mRest", "r4. r4."]
    assert layer(tune("z8|c8|", "3/4")) == "r1"


def test_a_rest_of_three_whole_notes_has_no_dot_that_is_not_drawn(tune: Tune) -> None:
    assert layer(tune("z24 c8|", "4/1")) == "rbreve r1 n1"


def test_notes_of_several_breves_are_written_in_breves() -> None:
    breve = Value(0, 0)
    assert values_of(Fraction(32)) == (breve, breve)
    assert values_of(Fraction(40)) == (Value(0, 1), breve)
    assert values_of(Fraction(50)) == (breve, breve, breve, Value(4, 0))


def test_a_later_ending_repeats_the_signs_that_the_first_changed(tune: Tune) -> None:
    measures = engrave(tune("c8|1 [M:2/4][K:G] c4:|2 d4|e4|]")).staff.measures
    assert [measure.signs for measure in measures[1:]] == [
        Signs("Gmaj", 1, (2, 4)),
        Signs("Gmaj", 1, (2, 4)),
        Signs(),
    ]


def test_a_later_ending_with_the_signs_from_before_has_none(tune: Tune) -> None:
    measures = engrave(tune("[M:2/4]c4|1 c4:|2 d4|]")).staff.measures
    assert [measure.signs for measure in measures[1:]] == [Signs(), Signs()]


def test_a_long_title_has_several_lines(tune: Tune) -> None:
    title = "The Frankish Bishop's Favourite " * 4
    mei = engrave(tune("c8|", title=title)).mei()
    heading = ET.fromstring(mei).find(f".//{MEI}rend")
    assert heading is not None
    lines = list(heading.itertext())
    assert " ".join(lines) == title.strip()
    assert len(lines) == 2
    assert all(len(line) <= 70 for line in lines)


def test_a_band_is_below_the_ties_of_its_line(tune: Tune) -> None:
    drawing = engrave(tune("C4-C4|")).drawing([Mark(2, 6, 1, 3, "a span", "#span-1")])
    tie = re.search(r'class="tie"[^>]*><path d="([^"]+)"', drawing.svg)
    band = re.search(r'class="mark.*?<path d="M[\d.]+ ([\d.]+) H', drawing.svg)
    assert tie is not None
    assert band is not None
    lowest = max(float(y) for y in re.findall(r",([\d.]+)", tie[1]))
    assert float(band[1]) > lowest + 100


def test_bands_of_a_lane_have_room_for_a_number_between_them() -> None:
    def mark(first: int, stop: int) -> Mark:
        return Mark(first, stop, 1, 1, "", "#")

    first, near, far = mark(0, 20), mark(20, 30), mark(34, 44)
    assert in_lanes([first, near, far]) == {0: [first, far], 1: [near]}
