"""The picture of a network's weights: its panels, axes and legends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.networks import tiny_model
from tests.model.tiny import make_model
from tests.plots.test_training import texts
from tunetrace import OutputError, plot_weights

pytest.importorskip("matplotlib")


def test_every_panel_has_its_title_axes_and_legend(tmp_path: Path) -> None:
    plot_weights(tiny_model(), tmp_path / "weights.svg")
    shown = texts((tmp_path / "weights.svg").read_text(encoding="utf-8"))
    assert {
        "tiny: 2 layers of 6 units, 137 tokens",
        "Singular values of the softmax matrix", "number", "singular value",
        "Probability by the bias alone", "probability if the last layer gives zeros",
        "Left singular vectors over the tokens: red is raised, blue is lowered", "vector",
        "Right singular vectors over the units of the last layer",
        "units, sorted by their weight in vector 1",
        "Correlation of the columns", "units, clustered", "correlation",
        "How often each correlation occurs", "of two columns", "of a column with the bias", "share",
        "input gate", "forget gate", "cell gate", "output gate", "tokens, clustered",
        "distance: 1 − cosine",
        "Layer 1: how often two tokens of a kind are nearer than others",
        "share of comparisons; 0.5 is chance", "octaves: C, c", "enharmonics: ^C, _D",
    } <= set(shown)  # fmt: skip
    # Of the axis of tokens, of the legend of groups, and of the kinds.
    for group in ("meter and key", "pitch", "accidental", "duration", "bar line"):
        assert shown.count(group) == 3
    assert not any("$" in text for text in shown)


@pytest.mark.parametrize("model", [tiny_model(None), make_model(units=1, layers=1)])
def test_weights_of_zeros_and_a_single_unit_are_drawn_too(model, tmp_path: Path) -> None:
    plot_weights(model, tmp_path / "weights.svg")
    assert "Correlation of the columns" in texts((tmp_path / "weights.svg").read_text())


def test_names_of_a_hostile_model_are_shortened_and_made_safe(tmp_path: Path) -> None:
    model = make_model(("<s>", "</s>", "C", "a\x1b\ud800", "x" * 3000))
    model.provenance["name"] = "n\x1b" * 40
    plot_weights(model, tmp_path / "weights.svg")
    shown = texts((tmp_path / "weights.svg").read_text(encoding="utf-8"))
    replaced = "\N{REPLACEMENT CHARACTER}"
    assert f"{(f'n{replaced}' * 15)[:29]}…: 2 layers of 12 units, 5 tokens" in shown
    assert {"a" + 2 * replaced, "x" * 15 + "…"} <= set(shown)


def test_the_picture_is_1200_pixels_wide(tmp_path: Path) -> None:
    plot_weights(tiny_model(), tmp_path / "weights.png")
    header = (tmp_path / "weights.png").read_bytes()[:24]
    assert int.from_bytes(header[16:20], "big") == 1200


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "weights.png").write_text("mine")
    with pytest.raises(OutputError):
        plot_weights(tiny_model(), tmp_path / "weights.png", force=True)
    assert (tmp_path / "weights.png").read_text() == "mine"
