"""The picture of an extraction: its axes, its legend, and what is drawn where."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.plots.test_training import lines, texts
from tunetrace import Continued, Extraction, OutputError, plot_extraction

pytest.importorskip("matplotlib")


def row(prompt: int, tunes: int, extracted: int, tokens: float) -> Continued:
    share = extracted / tunes
    return Continued(
        prompt, tunes, extracted, share, share / 2, share + 0.1, 0, tokens / 5, tokens, tokens, 0.0
    )


def extraction(held_out: tuple[Continued, ...]) -> Extraction:
    training = (row(1, 100, 10, 4.0), row(2, 100, 20, 8.0), row(4, 80, 40, 16.0))
    return Extraction("mine", ("session",), True, 8, 1000, 1, training, held_out, (), (), None, 0)


HELD_OUT = (row(1, 10, 1, 2.0), row(2, 10, 0, 4.0), row(4, 10, 1, 2.0))


def svg_of(found: Extraction, folder: Path) -> str:
    plot_extraction(found, folder / "extraction.svg", force=True)
    return (folder / "extraction.svg").read_text(encoding="utf-8")


def test_the_axes_and_the_legend_say_what_is_drawn(tmp_path: Path) -> None:
    shown = texts(svg_of(extraction(HELD_OUT), tmp_path))
    assert {
        "mine: tunes continued verbatim for 8 bars", "share of tunes, 95% interval",
        "How far tunes are continued verbatim", "tokens after the prompt, on average",
        "bars of the prompt", "training tunes (80 to 100)", "held-out tunes (10)", "1", "2", "4",
    } <= set(shown)  # fmt: skip


def test_shares_and_tokens_are_drawn_at_their_heights(tmp_path: Path) -> None:
    svg = svg_of(extraction(HELD_OUT), tmp_path)
    drawn = [line for line in lines(svg, "#0072b2") if line[-1][0] - line[0][0] > 100]
    for line, heights in zip(drawn, ((0.1, 0.2, 0.5), (4, 8, 16)), strict=True):
        assert line[1][0] - line[0][0] == pytest.approx(line[2][0] - line[1][0])
        unit = (line[0][1] - line[1][1]) / (heights[1] - heights[0])
        assert line[0][1] - line[2][1] == pytest.approx(unit * (heights[2] - heights[0]), rel=1e-3)
    # The first interval of the share goes from 0.05 to 0.2.
    unit = (drawn[0][0][1] - drawn[0][1][1]) / 0.1
    (_, low), (_, high) = next(line for line in lines(svg, "#0072b2") if len(line) == 2
                               and line[0][0] == pytest.approx(drawn[0][0][0]))  # fmt: skip
    assert abs(low - high) == pytest.approx(0.15 * unit, rel=1e-3)


def test_without_held_out_tunes_and_with_too_short_ones_the_rest_is_drawn(tmp_path: Path) -> None:
    empty = Continued(8, 0, 0, None, None, None, 0, None, None, None, None)
    found = extraction(())
    short = Extraction(
        **{name: getattr(found, name) for name in found.to_dict()} | {"training": (
            *found.training, empty)}
    )  # fmt: skip
    svg = svg_of(short, tmp_path)
    assert not any(text.startswith("held-out") for text in texts(svg))
    assert "8" in texts(svg)
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_picture_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must end in \.png, \.svg or \.pdf"):
        plot_extraction(extraction(()), tmp_path / "a.jpg")
