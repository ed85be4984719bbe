"""What the pictures of a tune share: titles, tokens at the steps, bar lines and parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from tests.conftest import POST
from tests.model.networks import tiny_model
from tests.plots.network.test_predictions import memory_of, panels, tick_labels
from tests.plots.network.traces import NAMES, TUNE, make_trace
from tunetrace import read
from tunetrace.model.trace import Memory, Trace
from tunetrace.plots.network.kinds import KINDS
from tunetrace.plots.network.plot import drawing

pytest.importorskip("matplotlib")


def name_in(figure: Any) -> str:
    return str(figure.get_suptitle()).partition("\n")[2]


def lines(axes: Any, across: str) -> tuple[list[float], list[float]]:
    """The places of the lines at bar lines and at parts; across: `x` for vertical lines."""
    column = "xy".index(across)
    found = [
        [float(segment[0][column]) for segment in collection.get_segments()]
        for collection in axes.collections
        if collection.get_zorder() in (1.5, 1.6)
    ]
    bars, parts = found[:2] if across == "x" else found[-2:]
    return bars, parts


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, "a tune"),
        ({"title": "The Kesh"}, "The Kesh"),
        ({"title": "The Kesh", "number": 3}, "The Kesh"),
        ({"number": 3, "seed": 7}, "tune 3, seed 7"),
        ({"title": "k" * 80}, "k" * 47 + "…"),
        ({"title": "a\nb\x1b"}, "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_title_names_the_tune_and_the_model(facts: dict[str, Any], name: str) -> None:
    figure = drawing("histogram", make_trace(**facts))()
    assert name_in(figure) == f"{name}, 16 steps, model by hand"


def test_of_several_tunes_the_title_has_the_number() -> None:
    both = Trace.join([make_trace(), make_trace(["M:4/4", "K:Cmaj", "C"], title="Short")])
    assert name_in(drawing("layer", both)()) == "tune 1 of 2, 16 steps, model by hand"
    second = drawing("layer", both, tune=2)()
    assert name_in(second) == "Short (tune 2 of 2), 4 steps, model by hand"
    labels = tick_labels(panels(second)[0].yaxis)
    assert list(labels.values()) == ["M:4/4", "K:Cmaj", "C", "</s>"]


def test_bar_lines_and_parts_are_marked_beside_the_rows_of_an_image() -> None:
    axes = panels(drawing("layer", make_trace())())[0]
    # Lines are above the rows of bar lines, 3, 6, 9, 10 and 13, and below those of the first notes
    # of parts, 4 and 11; where both would be, there is the second only.
    assert lines(axes, "y") == ([6.5, 9.5, 13.5], [3.5, 10.5])
    (other,) = axes.child_axes
    assert tick_labels(other.yaxis, minor=True) == {4: "part 1", 11: "part 2"}
    assert list(tick_labels(other.yaxis).values()) == [str(step) for step in range(1, 17)]
    assert other.get_ylabel() == "step"


def test_in_curves_they_are_marked_at_the_steps_themselves() -> None:
    found = panels(drawing("units", make_trace(), unit_numbers=[1, 2])())
    for axes in found:
        assert lines(axes, "x") == ([3, 6, 9, 10, 13], [4, 11])
    (other,) = found[0].child_axes
    assert tick_labels(other.xaxis, minor=True) == {4: "part 1", 11: "part 2"}


def test_a_gramian_is_marked_in_both_directions() -> None:
    figure = drawing("gramian", make_trace())()
    *squares, scale = [axes for axes in panels(figure) if axes.axison]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in squares] == [
        "inputs", "softmax", "layer 1", "layer 2",
    ]  # fmt: skip
    for axes in squares:
        assert lines(axes, "x") == lines(axes, "y") == ([6.5, 9.5, 13.5], [3.5, 10.5])
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "step")
        assert axes.images[0].get_clim() == (-1, 1)
        assert axes.images[0].origin == "lower"
    same = np.array(["<s>", *TUNE])
    assert (squares[0].images[0].get_array() == (same[:, None] == same)).all()
    assert scale.get_xlabel() == "similarity (cosine)"


def test_in_a_long_tune_the_steps_are_numbered_instead_of_named() -> None:
    tokens = ["M:4/4", "K:Cmaj", *["C", "D", "|"] * 500]
    hidden = np.zeros((1, 1503, 3))
    axes = panels(drawing("layer", make_trace(tokens, hidden=hidden))())[0]
    assert axes.get_ylabel() == "step"
    assert tick_labels(axes.yaxis) == {n: f"{n:,}" for n in range(100, 1504, 100)}
    found = panels(drawing("units", make_trace(tokens, hidden=hidden))())
    assert found[-1].get_xlabel() == "step"
    assert list(tick_labels(found[-1].xaxis)) == list(range(100, 1504, 100))


def boxes(figure: Any) -> list[tuple[str, Any]]:
    """The text of a drawn picture, each with its place in pixels; none that is turned askew."""
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    figure.set_dpi(150)
    figure.draw_without_rendering()
    hidden = set()  # ticks beyond the ends of an axis are not drawn
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low <= tick.get_loc() <= high:
                hidden |= {tick.label1, tick.label2}
    found = []
    for text in set(figure.findobj(Text)) - hidden:
        if text.get_text().strip() and text.get_visible() and text.get_rotation() % 90 == 0:
            box = text.get_window_extent()
            if box.width and box.height:
                found.append((text.get_text(), box.padded(-1)))
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_of_the_posts_picture_overlaps_another_or_is_cut_off(kind: str) -> None:
    from matplotlib import rc_context

    from tunetrace.plots.picture import FILE_STYLE

    (tune,) = read(POST)
    traced = tiny_model().trace(tune.tokens, facts={"title": "The tune of the post"})  # type: ignore[union-attr]
    steps = len(traced.read)
    lengths = np.arange(steps, dtype=np.int32) % 9
    memory = Memory(lengths, lengths, traced.probabilities)
    with rc_context(FILE_STYLE):
        figure = drawing(kind, replace(traced, memory=memory))()
        found = boxes(figure)
    width, height = figure.bbox.size
    assert width == 1200
    assert [text for text, box in found
            if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height] == []  # fmt: skip
    assert [(one, other) for (one, a), (other, b) in combinations(found, 2)
            if a.overlaps(b)] == []  # fmt: skip


def test_every_kind_can_be_drawn_of_any_tune() -> None:
    for tokens in ([], ["C"], ["M:4/4", "K:Cmaj", "C", "2", "|"]):
        for has_ended in (True, False):
            written = [*tokens, "</s>"]
            traced = make_trace(tokens, memory=memory_of(written, {}), has_ended=has_ended)
            for kind in KINDS:
                figure = drawing(kind, traced)()
                assert figure.get_size_inches()[0] == 8
    assert set(NAMES) >= set(TUNE)


def test_long_and_odd_tokens_are_shortened_and_made_safe() -> None:
    names = (*NAMES[:4], "x" * 3000, "a\x1b\ud800", *NAMES[6:])
    traced = make_trace(["M:4/4", "K:Cmaj", names[4], names[5], "|"], names=names)
    expected = ["M:4/4", "K:Cmaj", "x" * 15 + "…", "a" + 2 * "\N{REPLACEMENT CHARACTER}", "|"]
    along = drawing("tokens", traced, tokens=list(names[4:6]))()
    assert [axes.get_ylabel() for axes in panels(along)] == expected[2:4]
    assert list(tick_labels(panels(along)[-1].xaxis).values()) == [*expected, "</s>"]
    of_softmax = tick_labels(panels(drawing("softmax", traced)())[0].xaxis)
    assert set(expected) < set(of_softmax.values())
