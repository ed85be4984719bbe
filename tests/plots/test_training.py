"""The picture of a training: what is drawn of it, and what it takes to draw."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from math import log
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tunetrace import OutputError, plot_training
from tunetrace.model.training.history import Copying, EpochOriginality, EpochRecord

pytest.importorskip("matplotlib")

PEOPLE = Copying(0.25, 0.1, 0.05, 12.0)


def epoch(number: int, training: float, validation: float | None, copied: float | None = None):
    """An epoch by its losses in bits, and the share that its samples copy in spans of 8 notes."""
    originality = None
    if copied is not None:
        copying = Copying(copied, copied / 2, copied / 4, 40 * copied)
        originality = EpochOriginality(100, 0, copying, PEOPLE, 0.1, 0.0, 0.0, 0.8, 0.9)
    of_nats = None if validation is None else validation * log(2)
    return EpochRecord(number, training * log(2), of_nats, 10.0, 1000, originality)


HISTORY = [epoch(1, 4, 4, 0.1), epoch(2, 3, 2, 0.2), epoch(3, 2, 3, 0.4)]


def svg_of(history, folder: Path) -> str:
    plot_training(history, folder / "training.svg", force=True)
    return (folder / "training.svg").read_text(encoding="utf-8")


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]


def lines(svg: str, color: str, dashes: bool = False) -> list[list[tuple[float, float]]]:
    """The points of the lines of a colour, those in full or those in dashes."""
    found = []
    for path in ElementTree.fromstring(svg).iter():
        style = path.get("style", "")
        is_line = path.tag.endswith("path") and "fill: none" in style
        if is_line and f"stroke: {color}" in style and ("dasharray" in style) == dashes:
            points = re.findall(r"[ML] (\S+) (\S+)", path.get("d", ""))
            found.append([(float(x), float(y)) for x, y in points])
    return found


def test_losses_are_drawn_in_bits_each_at_its_epoch(tmp_path):
    svg = svg_of(HISTORY, tmp_path)
    training = lines(svg, "#0072b2")[0]
    validation = lines(svg, "#d55e00")[0]
    (x1, y4), (x2, y3), (x3, y2) = training
    assert x2 - x1 == pytest.approx(x3 - x2)
    assert y3 - y4 == pytest.approx(y2 - y3)  # a bit is a bit, downwards
    assert [y for _, y in validation] == pytest.approx([y4, y2, y3])
    assert {"bits per token", "perplexity", "training tunes", "held-out tunes"} <= set(texts(svg))


def test_copying_is_drawn_beside_peoples_level_on_the_same_scale(tmp_path):
    svg = svg_of(HISTORY, tmp_path)
    copied = [y for _, y in lines(svg, "#0072b2")[2]]  # after the losses and their legend
    (people,) = [y[0][1] for y in lines(svg, "#0072b2", dashes=True)]
    zero = 2 * copied[0] - copied[1]  # 0.1 and 0.2 give where 0 is
    assert (zero - people) / (zero - copied[1]) == pytest.approx(0.25 / 0.2, rel=1e-3)
    assert {"8 notes or more", "12 or more", "16 or more", "longest span (right)",
            "real tunes"} <= set(texts(svg))  # fmt: skip


def test_the_epoch_that_is_kept_is_marked_in_both_panels(tmp_path):
    svg = svg_of(HISTORY, tmp_path)
    assert "kept: epoch 2" in texts(svg)
    middle = lines(svg, "#0072b2")[0][1][0]
    grey = lines(svg, "#595959", dashes=True)
    assert sum(line[0][0] == line[-1][0] == pytest.approx(middle) for line in grey) == 2


def test_without_validation_samples_or_baseline_the_rest_is_drawn(tmp_path):
    plain = svg_of([epoch(1, 4, None), epoch(2, 3, None)], tmp_path)
    assert "no samples were checked" in texts(plain)
    assert not any(text.startswith("kept") for text in texts(plain))
    alone = [replace(one, originality=replace(one.originality, people=None)) for one in HISTORY]
    assert "real tunes" not in texts(svg_of(alone, tmp_path))
    assert not lines(svg_of(alone, tmp_path), "#0072b2", dashes=True)


def test_one_epoch_is_a_picture_too(tmp_path):
    svg = svg_of([epoch(7, 4, 5, 0.0)], tmp_path)
    assert texts(svg).count("7") == 1
    assert "kept: epoch 7" in texts(svg)


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
def test_the_same_training_gives_the_same_picture(tmp_path, name):
    drawn = []
    for _ in range(2):
        plot_training(HISTORY, tmp_path / name, force=True)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]


def test_a_training_of_any_losses_can_be_drawn(tmp_path):
    wild = [epoch(1, 1e9, 0.0, 1.0), epoch(900, 0.0, 1e-9, 0.0), epoch(2000, -1.0, 5e4)]
    assert "kept: epoch 1" in texts(svg_of(wild, tmp_path))


def test_what_cannot_be_drawn_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match="the picture cannot be drawn yet"):
        plot_training([], tmp_path / "a.png")
    with pytest.raises(OutputError, match=r"must end in \.png, \.svg or \.pdf"):
        plot_training(HISTORY, tmp_path / "a.jpg")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"the picture cannot be written \(not a directory\)"):
        plot_training(HISTORY, tmp_path / "file" / "a.png")


def test_a_picture_that_cannot_be_finished_leaves_the_older_one(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    place = tmp_path / "a.png"
    plot_training(HISTORY, place)
    older = place.read_bytes()

    def broken(figure, path, **options):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(OutputError) as raised:
        plot_training(HISTORY, place, force=True)
    assert str(raised.value) == (
        f"{place}: the picture cannot be written (no space left on device); give another file name "
        "or folder"
    )
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.png", older)]
