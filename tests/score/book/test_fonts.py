"""Which font a title is drawn in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.score.book.conftest import KESH
from tunetrace import explain, save_scores
from tunetrace.score.book import fonts
from tunetrace.score.book.fonts import family_for

pytestmark = pytest.mark.usefixtures("cairo")


@pytest.fixture(autouse=True)
def _forgets() -> None:
    family_for.cache_clear()


def test_titles_are_in_the_usual_font_if_it_has_their_letters() -> None:
    assert family_for("The Kesh") == (fonts.SERIF, "")
    assert family_for("") == (fonts.SERIF, "")


def test_the_first_font_that_lacks_least_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {fonts.SERIF: "琵琶", "DejaVu Serif": "琵", "Noto Serif": "琵琶"}
    monkeypatch.setattr(fonts, "_lacking", lambda family, _: lacking.get(family, "琶"))
    assert family_for("琵琶") == ("DejaVu Serif", "琵")
    family_for.cache_clear()
    monkeypatch.setattr(fonts, "_lacking", lambda family, _: lacking.get(family, ""))
    assert family_for("琵琶") == ("DejaVu Sans", "")


def test_letters_that_no_font_has_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_lacking", lambda _, text: "h" if "K" in text else "")
    saved = save_scores([explain(KESH).tune], tmp_path / "out.png")
    assert saved.remarks == (
        "no font here has 'h', which titles need; install one that has, such as fonts-noto-cjk of "
        "Debian for Chinese and Japanese",
    )
    assert save_scores([explain(KESH).tune], tmp_path / "out.svg").remarks == ()


def test_a_letter_that_is_in_no_font_is_lacking() -> None:
    family, lacking = family_for("a\U0010fffd")  # a code point that nobody has assigned
    assert lacking == "\U0010fffd"
    assert family in fonts._FAMILIES
