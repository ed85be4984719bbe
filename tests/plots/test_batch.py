"""The pictures of a batch: what is drawn where, and that they are fit for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.reports.test_words import measuring, summary
from tunetrace.checker.compare.records import Distribution
from tunetrace.checker.compare.summary import distribution
from tunetrace.plots.batch import curve, histogram, percentiles, pictures_of


def spread(values: Sequence[float], is_share: bool = True) -> Distribution:
    return distribution(np.array(values, dtype=float), is_share)


def drawn(svg: str, name: str) -> list[list[tuple[float, float]]]:
    """The points of every line and area of a class."""
    paths = [e for e in ElementTree.fromstring(svg).iter() if name in e.get("class", "").split()]
    return [
        [(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", path.get("d", ""))]
        for path in paths
        if path.tag.endswith("path")
    ]


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]


def heights(points: Sequence[tuple[float, float]]) -> list[float]:
    """How far the tops of bars lie above the lowest point, from left to right, each once a bar."""
    floor = max(y for _, y in points)
    return [floor - y for _, y in points]


def test_a_histogram_is_as_high_as_its_bins_are_full() -> None:
    # Of six shares three lie in the first bin of twenty, two in the second and one in the last.
    svg = histogram(spread([0, 0, 0.01, 0.05, 0.06, 1.0]), label="shares", is_share=True)
    (area,) = drawn(svg, "fill-batch")
    lefts = {x for x, _ in area}
    low, high = min(lefts), max(lefts)
    tops = {}
    for (x, y), (next_x, next_y) in pairwise(area):
        if y == next_y:
            tops[round((x - low) / (high - low) * 20)] = heights([*area, (next_x, y)])[-1]
    assert tops[0] == pytest.approx(3 * tops[19])
    assert tops[1] == pytest.approx(2 * tops[19])
    assert tops[5] == 0


def test_both_batches_are_drawn_as_shares_of_their_own() -> None:
    # Twice as many transcriptions, distributed alike, draw the same outline.
    svg = histogram(spread([0, 0, 0.3]), spread([0, 0, 0, 0, 0.3, 0.3]), label="s", is_share=True)
    (batch,), (other,) = drawn(svg, "fill-batch"), drawn(svg, "stroke-other")
    assert {round(y, 3) for _, y in batch} == {round(y, 3) for _, y in other}


def test_the_mean_of_peoples_tunes_stands_where_the_scale_has_it() -> None:
    svg = histogram(spread([0.0, 1.0]), None, 0.25, label="shares", is_share=True)
    (area,), (line,) = drawn(svg, "fill-batch"), drawn(svg, "stroke-real")
    left, right = min(x for x, _ in area), max(x for x, _ in area)
    assert {round((x - left) / (right - left), 4) for x, _ in line} == {0.25}


def test_a_scale_of_notes_ends_where_the_longest_span_does() -> None:
    svg = histogram(spread([3, 8, 8, 9], False), label="notes", is_share=False)
    (area,) = drawn(svg, "fill-batch")
    # Bins are two notes wide: 2 to 4 and 8 to 10, and the scale is 10 notes long.
    assert len({x for x, _ in area}) == 6
    assert "10" in texts(svg)
    assert "12" not in texts(svg)


def test_a_curve_goes_through_its_points() -> None:
    svg = curve([0.0, 0.5, 1.0], label="n", title="shares")
    (line,) = drawn(svg, "stroke-batch")
    (first, second, third) = line
    assert third[0] - second[0] == pytest.approx(second[0] - first[0])
    assert first[1] - second[1] == pytest.approx(second[1] - third[1])
    assert first[1] > third[1]


def test_the_area_of_the_index_lies_between_its_lengths() -> None:
    values = [1 - k / 40 for k in range(32)]
    svg = curve(values, label="L", title="shares", shaded=range(5, 13))
    (line,), (area,) = drawn(svg, "stroke-batch"), drawn(svg, "fill-batch")
    assert min(x for x, _ in area) == pytest.approx(line[4][0])
    assert max(x for x, _ in area) == pytest.approx(line[11][0])
    assert {(round(x, 2), round(y, 2)) for x, y in line[4:12]} <= {
        (round(x, 2), round(y, 2)) for x, y in area
    }


def test_percentiles_have_a_bar_a_tenth_and_a_line_at_the_tenth() -> None:
    counts = [10, 20, 0, 0, 0, 0, 0, 0, 0, 70]
    svg = percentiles(counts)
    bars = drawn(svg, "fill-batch")
    (line,) = drawn(svg, "stroke-real")
    floor = max(y for bar in bars for _, y in bar)
    found = [floor - min(y for _, y in bar) for bar in bars]
    assert [height / found[0] for height in found] == pytest.approx([1, 2, *[0] * 7, 7], abs=1e-3)
    assert floor - line[0][1] == pytest.approx(found[0], abs=1e-3)


@pytest.mark.parametrize(
    "svg",
    [
        histogram(spread([]), label="nothing", is_share=True),
        histogram(spread([0.0]), spread([]), 0.0, label="$ <b> & _B", is_share=True),
        histogram(
            spread([0.0, 400.0], False), spread([0.0], False), 3.0, label="n", is_share=False
        ),
        curve([1.0], label="n", title="one point", shaded=range(5, 13)),
        percentiles([0] * 10),
    ],
)
def test_a_picture_is_small_and_leaves_its_looks_to_the_page(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert len(svg) < 40_000
    assert root.get("viewBox")
    for element in root.iter():
        assert not {"style", "id", "clip-path", "font-family"} & set(element.attrib)
        assert element.tag.rpartition("}")[2] in ("svg", "g", "path", "text")
        coloured = {element.get("fill"), element.get("stroke")} - {None, "none"}
        assert bool(coloured) == ("class" in element.attrib)


def test_the_same_batch_makes_the_same_picture() -> None:
    one, two = (histogram(spread([0.1, 0.4]), label="s", is_share=True) for _ in range(2))
    assert one == two
    assert "$ <b> & _B" in texts(
        histogram(spread([0.1], False), label="$ <b> & _B", is_share=False)
    )


@pytest.mark.parametrize(
    ("values", "caption"),
    [
        ([0] * 10, "No transcription has any."),
        ([0] * 19 + [0.4], "At least nine in ten transcriptions have none; the maximum is 40%."),
        ([0] * 17 + [0.003] * 2 + [0.4],
         "Half of the transcriptions have none, nine in ten have less than 1%; the maximum is "
         "40%."),
        ([0.2] * 5 + [0.5] * 5,
         "Half of the transcriptions have 35% or more, a tenth have 50% or more; the maximum is "
         "50%."),
    ],
)  # fmt: skip
def test_a_caption_has_the_median_the_highest_tenth_and_the_maximum(
    values: Sequence[float], caption: str
) -> None:
    batch = measuring(summary(), copied_12={"batch": spread(values)})
    (longest, copied) = pictures_of(batch, None, [0] * 10)
    assert (longest.title, copied.title) == ("The longest span", "Notes in spans of 12 or more")
    assert copied.caption == caption


def test_a_caption_names_the_other_batch_and_real_tunes() -> None:
    batch = measuring(summary(), longest_notes={"batch": spread([8, 9], False), "baseline": 8.09})
    other = measuring(summary(), longest_notes={"batch": spread([7, 7], False)})
    assert pictures_of(batch, other, [0] * 10)[0].caption == (
        "Half of the transcriptions have 8.5 or more, a tenth have 8.9 or more; the maximum is 9. "
        "Half of the other batch have 7 or more. Real tunes have 8.1 on average."
    )


def test_a_caption_says_how_a_batch_ranks_among_real_tunes() -> None:
    *_, ranks = pictures_of(summary(), None, [1, 0, 0, 0, 0, 0, 0, 0, 0, 3])
    assert ranks.title == "Rank among real tunes"
    assert ranks.caption.endswith(
        "Here 25% are in the tenth that shares most, and 75% in the tenth that shares least."
    )
