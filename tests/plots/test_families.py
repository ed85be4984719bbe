"""The picture of a family: which tunes and lines it has, and where they are."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.commands import index_of
from tunetrace import OutputError, QueryError, find_families, plot_family
from tunetrace.plots.families import _apart, _placed

pytest.importorskip("matplotlib")

HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
REEL = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SETTING = REEL.replace("CEGc", "CEGB")
OTHER = "c2cd e2ed|g2ge c2GE|C2G2 c2G2|E2c2 G2E2|"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bodies = {"The Reel": REEL, "Its Setting": SETTING, "Other": OTHER}
    tunes = [f"X:{k}\nT:{title}\n{HEADER}{bodies[title]}" for k, title in enumerate(bodies, 5)]
    path = index_of(tmp_path_factory.mktemp("plot"), *tunes)
    find_families(path)
    return path


def test_each_tune_has_its_title_and_its_number(index: Path, tmp_path: Path) -> None:
    plot_family("session:6", tmp_path / "family.svg", index)
    svg = (tmp_path / "family.svg").read_text(encoding="utf-8")
    texts = [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]
    assert "The Reel: 2 tunes" in texts
    assert {"The Reel", "session:5", "Its Setting", "session:6"} <= set(texts)
    assert "Other" not in texts
    lines = re.findall(r"M [\d.]+ [\d.]+ \nL [\d.]+ [\d.]+ \n\" clip-path", svg)
    assert len(lines) == 1


def test_what_has_no_picture_is_refused_in_a_sentence(index: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="'Other' has no near copy in the index"):
        plot_family("Other", tmp_path / "family.svg", index)
    with pytest.raises(QueryError, match="there is no tune 'None'"):
        plot_family("None", tmp_path / "family.svg", index)
    with pytest.raises(OutputError, match="must end in"):
        plot_family("The Reel", tmp_path / "family.txt", index)
    bare = index_of(tmp_path, f"X:1\nT:A\n{HEADER}{REEL}")
    with pytest.raises(QueryError, match="find them with 'tunetrace families'"):
        plot_family("A", tmp_path / "family.svg", bare)


@pytest.mark.parametrize("count", [2, 3, 9, 40])
def test_tunes_that_are_alike_are_near_and_none_overlap(count: int) -> None:
    likeness = np.eye(count)
    for one, two in combinations(range(count), 2):
        likeness[one, two] = likeness[two, one] = 0.9 if one % 2 == two % 2 else 0.0
    placed = _placed(likeness)
    places = _apart(placed * 3)
    same, other = [], []
    for one, two in combinations(range(count), 2):
        apart = float(np.linalg.norm(places[one] - places[two]))
        assert apart >= 2**0.5 - 0.01
        (same if one % 2 == two % 2 else other).append(apart)
    assert not same or np.mean(same) < np.mean(other)
