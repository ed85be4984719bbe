"""Answers in notebooks: each shows its notation, as an image that changes nothing around it."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from tests.score.test_drawing import bands, heads
from tunetrace import Index, check, engrave, similar, tune
from tunetrace.score.engraver import Drawing

KESH = "X:1\nT:The <Kesh>\nM:6/8\nL:1/8\nK:G\n{a}G3 GAB|A3 ABd|edd gdd|edB dBA|"


def picture(html: str) -> tuple[str, str]:
    """The alternative text of the image of a notebook's answer, and its SVG."""
    (found,) = re.findall(
        r'<img alt="([^"]*)" style="[^"]*" src="data:image/svg\+xml;base64,([^"]*)">', html
    )
    return unescape(found[0]), base64.b64decode(found[1]).decode("utf-8")


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index(KESH)


def test_a_tune_of_an_index_shows_its_notation_with_its_grace_notes(index: Index) -> None:
    said, svg = picture(tune(1, index)._repr_html_())
    assert said == "Notation of The <Kesh>"
    assert set(heads(svg)) == set(heads(engrave(KESH).svg()))
    assert svg.count('class="graceGrp"') == 1


def test_a_check_shows_its_spans(index: Index) -> None:
    report = check("X:1\nM:6/8\nL:1/8\nK:G\ng3 f3|G3 GAB|A3 ABd|g3 f3|", index)
    (checked,) = report.tunes
    (span,) = checked.spans
    said, svg = picture(report._repr_html_())
    assert said == "Notation of the tune"
    ((line, number, left, right, _),) = bands(Drawing(svg, {}, 0, 0))
    marked = {token for token, (_, x, _) in heads(svg).items() if left <= x < right}
    assert (line, number) == (0, 1)
    assert marked == {t for t in heads(svg) if span.first_token <= t < span.stop_token}
    assert len(marked) == span.notes


def test_a_similar_answer_shows_the_tune(index: Index) -> None:
    answer = similar(KESH, index)
    _, svg = picture(answer._repr_html_())
    assert set(heads(svg)) == set(heads(engrave(KESH).svg()))


def test_an_engraving_shows_itself_with_its_title() -> None:
    said, svg = picture(engrave(KESH)._repr_html_())
    assert said == "Notation of The <Kesh>"
    assert "The <Kesh>" in "".join(ET.fromstring(svg).itertext())


def test_without_verovio_an_answer_is_shown_without_notation(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "verovio", None)
    shown = tune(1, index)._repr_html_()
    assert "<img" not in shown
    assert "The &lt;Kesh&gt;" in shown
