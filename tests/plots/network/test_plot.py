"""plot_trace: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model.tiny import make_model, permuted
from tests.plots.network.traces import make_trace
from tunetrace import OutputError, QueryError, plot_trace
from tunetrace.model.trace import Trace
from tunetrace.plots.network.kinds import KINDS
from tunetrace.plots.network.plot import drawing

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
def test_the_same_trace_gives_the_same_picture(tmp_path: Path, name: str) -> None:
    drawn = []
    for _ in range(2):
        plot_trace("units", make_trace(title="$x$ & <b>"), tmp_path / name, force=True)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]


def test_a_png_is_1200_pixels_wide(tmp_path: Path) -> None:
    plot_trace("layer", make_trace(), tmp_path / "a.png")
    header = (tmp_path / "a.png").read_bytes()[:24]
    assert int.from_bytes(header[16:20], "big") == 1200


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("sonogram", {}, f"kind cannot be 'sonogram'; give one of {', '.join(KINDS)}"),
        ("softmax", {"layer": 1}, "the picture 'softmax' does not take --layer; leave it out, or "
         "draw layer, histogram, sorted, extremes, spectrum or units"),
        ("layer", {"unit_numbers": [1]},
         "the picture 'layer' does not take --units; leave it out, or draw units"),
        ("units", {"tokens": ["C"]},
         "the picture 'units' does not take --tokens; leave it out, or draw tokens"),
        ("layer", {"tune": 2}, "there is no tune 2 in a trace of 1 tune; give 1"),
        ("layer", {"tune": 0}, "there is no tune 0 in a trace of 1 tune; give 1"),
        ("layer", {"layer": 3},
         "there is no layer 3 in a model of 2 layers; give one from 1 to 2"),
        ("layer", {"part": "gate"}, "part cannot be 'gate'; give one of hidden, cell, input-gate, "
         "forget-gate, cell-gate, output-gate"),
        ("layer", {"part": "forget-gate"}, "the trace has no forget gate; make one that has the "
         "gates with: tunetrace model trace TUNE -o FILE.npz --gates"),
        ("units", {"unit_numbers": ["1"]},
         "one of unit_numbers cannot be '1'; give a whole number"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_sentence(
    tmp_path: Path, kind: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        plot_trace(kind, make_trace(), tmp_path / "a.png", **given)
    assert str(refused.value) == sentence
    assert not list(tmp_path.iterdir())


def test_a_picture_is_replaced_with_force_only(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    plot_trace("extremes", make_trace(), path)
    with pytest.raises(OutputError, match="there is a picture already; replace it with --force"):
        plot_trace("extremes", make_trace(), path)
    plot_trace("extremes", make_trace(), path, force=True)
    with pytest.raises(OutputError, match=r"must end in \.png, \.svg or \.pdf"):
        plot_trace("extremes", make_trace(), tmp_path / "a.gif")


def test_a_tune_may_be_too_long_for_a_gramian(tmp_path: Path) -> None:
    import numpy as np

    traced = make_trace(["C"] * 4000, hidden=np.zeros((1, 4001, 1)))
    with pytest.raises(QueryError, match="has 4,001 steps, and a Gramian shows at most 4,000"):
        plot_trace("gramian", traced, tmp_path / "a.png")


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["softmax", "layer", "sorted", "spectrum", "gramian"])
def test_permuting_units_with_their_weights_changes_no_picture_but_the_order(kind: str) -> None:
    model = make_model(units=9)
    order = np.random.default_rng(4).permutation(9)
    tokens = [
        "M:4/4",
        "K:Cmaj",
        "C",
        "D",
        "E",
        "F",
        "|",
        "G",
        "A",
        "G",
        "F",
        "|",
        "E",
        "D",
        "C",
        "D",
    ]
    before, after = (images(kind, one.trace(tokens)) for one in (model, permuted(model, order)))
    assert len(before) == len(after) > 0
    for one, other in zip(before, after, strict=True):
        expected = one[:, order] if kind in ("layer", "spectrum") else one
        np.testing.assert_allclose(other, expected, atol=1e-4)


def images(kind: str, traced: Trace) -> list[Any]:
    """The values of the images of a picture, NaN where nothing is drawn."""
    drawn = [image for axes in drawing(kind, traced)().axes for image in axes.get_images()]
    return [np.ma.filled(image.get_array().astype(float), np.nan) for image in drawn]
