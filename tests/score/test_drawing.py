"""Drawings: their ids and glyphs, spans marked under the notes, and two tunes bar under bar."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace import Engraving, engrave
from tunetrace.score.aligned import Over, Under, draw_aligned
from tunetrace.score.engraver import Drawing, Engraver
from tunetrace.score.marks import MOST_LANES, Mark, in_lanes
from tunetrace.score.staff.written import write_under
from tunetrace.tokenizer.layout.pitches import sounding

SVG = "{http://www.w3.org/2000/svg}"
TEXT = "X:1\nT:A <b> & tune\nM:6/8\nL:1/8\nK:G\nD|:GAB c3|{e}d2c [GB]3:|" + "GAB cde|" * 20


def heads(svg: str, prefix: str = "s1-") -> dict[int, tuple[int, float, float]]:
    """The line, the x and the y of each note head, by its token."""
    found = {}
    for line, system in enumerate(ET.fromstring(svg).iterfind(f".//{SVG}g[@class='system']")):
        for group in system.iter(f"{SVG}g"):
            name = re.fullmatch(rf"{prefix}n(\d+)", group.get("id", ""))
            head = group.find(f"{SVG}g[@class='notehead']/{SVG}use")
            if name and head is not None:
                place = re.match(r"translate\(([-\d.]+), ([-\d.]+)\)", head.get("transform", ""))
                assert place is not None
                found[int(name[1])] = line, float(place[1]), float(place[2])
    return found


def bands(drawing: Drawing) -> list[tuple[int, int, float, float, float]]:
    """The line, number, left and right end and height of each band."""
    found = []
    systems = ET.fromstring(drawing.svg).iterfind(f".//{SVG}g[@class='system']")
    for line, system in enumerate(systems):
        for mark in system.iterfind(f"{SVG}a"):
            path = mark.find(f"{SVG}path")
            assert path is not None
            ends = re.fullmatch(r"M([-\d.]+) ([-\d.]+) H([-\d.]+)", path.get("d", ""))
            assert ends is not None
            left, y, right = map(float, ends.groups())
            found.append((line, int(mark.get("data-span", "")), left, right, y))
    return found


def test_a_drawing_is_xml_whose_ids_are_those_of_its_notes_bars_and_sections() -> None:
    engraved = engrave(TEXT, id="t7")
    drawing = engraved.drawing()
    ids = [one.get("id") for one in ET.fromstring(drawing.svg).iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(name).startswith("t7-") for name in ids)
    notes = sounding(engraved.staff.layout.tokens)
    assert {f"t7-n{k}" for k in notes} == {name for name in ids if "-n" in str(name)}
    assert sum(str(name).startswith("t7-b") for name in ids) == len(engraved.staff.measures)


def test_the_same_tune_gives_the_same_drawing() -> None:
    assert engrave(TEXT).svg() == engrave(TEXT).svg()


def test_every_glyph_that_is_used_is_defined() -> None:
    drawing = engrave(TEXT).drawing()
    used = {one.get("href") for one in ET.fromstring(drawing.svg).iter(f"{SVG}use")}
    assert used == {f"#{name}" for name in drawing.glyphs}
    root = ET.fromstring(drawing.standalone())
    defined = {one.get("id") for one in root.iterfind(f"{SVG}defs/{SVG}g")}
    assert used == {f"#{name}" for name in defined}


def test_a_title_is_text_and_not_markup() -> None:
    svg = engrave(TEXT).svg()
    assert "<b>" not in svg
    texts = ["".join(one.itertext()) for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert "A <b> & tune" in texts


def test_a_title_that_looks_like_an_attribute_is_kept() -> None:
    root = ET.fromstring(engrave('X:1\nT:A id="abc" b -root"\nK:C\nCDE|').svg())
    assert 'A id="abc" b -root"' in {"".join(one.itertext()) for one in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("title", ["]]><script>alert(1)</script>", "\u202egnp.exe", "a\x00b\x1bc"])
def test_a_hostile_title_is_harmless(title: str) -> None:
    root = ET.fromstring(engrave(f"X:1\nT:{title}\nK:C\nCDE|").svg())
    assert not list(root.iter(f"{SVG}script"))
    assert not set("\u202e\x00\x1b") & set("".join(root.itertext()))


# Marks


def test_a_mark_is_under_its_notes_and_no_others_in_every_line() -> None:
    engraved = engrave(TEXT)
    tokens = len(engraved.staff.layout.tokens)
    mark = Mark(8, tokens - 20, 3, 2, "Span <3>", "#span-3")
    drawing = engraved.drawing([mark])
    found = heads(drawing.svg)
    lines = {line for line, _, _ in found.values()}
    assert len(lines) > 2
    drawn = bands(drawing)
    assert [(line, number) for line, number, *_ in drawn] == [(line, 3) for line in sorted(lines)]
    for line, _, left, right, y in drawn:
        for token, (of, x, height) in found.items():
            if of == line:
                assert (left <= x < right) == (mark.first <= token < mark.stop)
                assert height < y
    titles = {one.text for one in ET.fromstring(drawing.svg).iter(f"{SVG}title")}
    assert titles == {"Span <3>"}


def test_notes_have_the_class_of_their_most_telling_mark() -> None:
    marks = [Mark(4, 8, 1, 1, "", "#1"), Mark(5, 7, 2, 3, "", "#2")]
    svg = engrave(TEXT).drawing(marks).svg
    classes = dict(re.findall(r'id="s1-(n\d+)" class="note ?([^"]*)"', svg))
    expected = {"n2": "", "n5": "level-3", "n6": "level-3", "n7": "level-1"}
    assert {name: classes[name] for name in expected} == expected


def test_bands_in_the_same_line_do_not_touch() -> None:
    marks = [Mark(5 + k, 30 + k, k, 1 + k % 3, "", f"#{k}") for k in range(4)]
    drawn = bands(engrave(TEXT).drawing(marks))
    heights = sorted({(line, y) for line, _, _, _, y in drawn})
    assert len(heights) == len(drawn)
    for (line, y), (other_line, other) in pairwise(heights):
        assert line != other_line or other - y >= 200


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(1, 3)), max_size=12))
def test_lanes_hold_marks_apart_and_prefer_those_that_tell_more(
    places: list[tuple[int, int, int]],
) -> None:
    marks = [Mark(at, at + size, k, level, "", "") for k, (at, size, level) in enumerate(places)]
    lanes = in_lanes(marks)
    assert list(lanes) == list(range(len(lanes)))
    assert len(lanes) <= MOST_LANES
    for some in lanes.values():
        tokens = [token for mark in some for token in range(mark.first, mark.stop)]
        assert len(tokens) == len(set(tokens))
    drawn = {mark for some in lanes.values() for mark in some}
    for mark in set(marks) - drawn:  # every lane has one in its way that tells as much
        rivals = [m for m in drawn if m.level >= mark.level]
        room = 4  # tokens, for a number
        in_the_way = [
            m for m in rivals if m.first < mark.stop + room and mark.first < m.stop + room
        ]
        assert len(in_the_way) >= MOST_LANES


# Two tunes


def two(body: str = "GAB c3|d2c B3|G3 G3|") -> Engraving:
    return engrave(f"X:1\nM:6/8\nL:1/8\nK:G\n{body}", id="a1")


def test_two_tunes_are_on_two_staves_and_both_are_played() -> None:
    staff = two().staff
    rows = [
        Under(0, ["G", "A", "B", "c", "3"], frozenset(), {}),
        Under(1, ["d", "3", "|", "B", "2", "A"], {0, 5}, {0: "joined"}),
        Under(2, (), frozenset(), {}),
    ]
    drawing, playback = draw_aligned(staff, Over({8}, {}), rows, "a1")
    assert [note[:3] for note in playback.notes] == [
        (0, 0.5, 67), (0.5, 0.5, 69), (1, 0.5, 71), (1.5, 1.5, 72),
        (3, 1, 74), (4, 0.5, 72), (4.5, 1.5, 71), (6, 1.5, 67), (7.5, 1.5, 67),
    ]  # fmt: skip
    assert [note[:3] for note in playback.under] == [
        (0, 0.5, 67), (0.5, 0.5, 69), (1, 0.5, 71), (1.5, 1.5, 72),
        (3, 1.5, 74), (4.5, 1, 71), (5.5, 0.5, 69),
    ]  # fmt: skip
    assert [bar.name for bar in playback.bars] == [f"part 1, bar {k}" for k in (1, 2, 3)]
    root = ET.fromstring(drawing.svg)
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert {note[3] for note in (*playback.notes, *playback.under)} <= set(ids)
    differ = {one.get("id") for one in root.iter() if "differs" in one.get("class", "").split()}
    assert differ == {"a1-n8", "a1u1-n0", "a1u1-n5"}
    assert "joined" in {"".join(one.itertext()) for one in root.iter(f"{SVG}text")}


@pytest.mark.parametrize(
    "body",
    [
        "GAB c3|[K:D][M:9/8]f9|f9|",
        "GAB [K:D] c3|[M:9/8]f9|f9|",
        "GAB c3|[K:C]f3 [K:D][M:9/8] f6|f9|",
    ],
)
def test_bars_from_the_middle_have_the_key_and_the_meter_in_force(body: str) -> None:
    staff = two(body).staff
    drawing, playback = draw_aligned(
        staff, Over(frozenset(), {}), [Under(2, ["f", "9"], frozenset(), {})], "a1"
    )
    assert [note[:3] for note in playback.notes] == [(0, 4.5, 78)]
    assert [note[:3] for note in playback.under] == [(0, 4.5, 78)]
    # two sharps at the beginning of each staff
    assert drawing.svg.count('class="keyAccid"') == 4


@pytest.mark.parametrize(("sharps", "shown"), [(0, None), (2, 0)])
def test_a_note_under_a_bar_sounds_as_in_its_own_key_whatever_the_signature_is(
    sharps: int, shown: int | None
) -> None:
    """A C of a tune in C has a natural where the staff has the two sharps of D."""
    under = write_under(["c", "6"], "Cmaj", sharps, two().staff.measures[0])
    assert under is not None
    (note,) = under.events[0].notes
    assert (note.midi, note.shown) == (72, shown)


@pytest.mark.parametrize("body", ["g6|[K:A]g6|g6|", "g3 [K:A]g3|g6|g6|"])
def test_a_key_that_began_in_a_bar_that_is_left_out_is_on_both_staves(body: str) -> None:
    rows = [Under(place, ["g", "6"], frozenset(), {}) for place in (0, 2)]
    drawing, _ = draw_aligned(two(body).staff, Over(frozenset(), {}), rows, "a1")
    last = drawing.svg.partition('id="a1-b2"')[2]
    _, upper, lower = last.split('class="staff"')
    # the three sharps of A
    assert [part.count('class="keyAccid"') for part in (upper, lower)] == [3, 3]


def test_the_engraver_draws_several_pages_where_a_height_is_asked_for() -> None:
    mei = engrave(TEXT).mei()
    pages = list(Engraver(mei, height=600).drawings())
    assert len(pages) > 1
    assert len(list(Engraver(mei).drawings())) == 1


def test_a_tune_of_two_thousand_bars_is_drawn_whole_and_marked_to_its_end() -> None:
    """It needs more than the highest page of verovio."""
    tokens = " ".join(["C D E F G A |"] * 2000)
    engraved = engrave(f"M:6/8\nK:Cmaj\n{tokens}")
    last = len(engraved.staff.layout.tokens)
    drawing = engraved.drawing([Mark(last - 8, last, 1, 1, "", "#1")])
    root = ET.fromstring(drawing.svg)
    assert drawing.svg.count('class="measure"') == 2000
    *_, height = map(float, root.get("viewBox", "").split())
    pages = root.findall(f"{SVG}svg")
    assert len(pages) > 1
    ends = [float(page.get("y", "")) + float(page.get("height", "")) for page in pages]
    assert [float(page.get("y", "")) for page in pages] == [0, *ends[:-1]]
    assert ends[-1] == height == drawing.height
    assert len(bands(drawing)) in (1, 2)
