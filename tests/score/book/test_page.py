"""Pages as SVG, and titles that fit on them."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from tests.score.book.conftest import KESH
from tunetrace import engrave
from tunetrace.score.book.page import (
    BookPage,
    PlacedDrawing,
    PlacedText,
    cut,
    title_lines,
    to_svg,
    width_of,
)

SVG = "{http://www.w3.org/2000/svg}"


def test_a_page_is_an_svg_of_its_size_with_its_words_and_its_music_at_their_places() -> None:
    drawing = engrave(KESH).drawing()
    page = BookPage(
        2100, 500, [PlacedDrawing(50, 100, drawing, 0.5)], [PlacedText(1050, 60, "<Ó>", 52)]
    )
    root = fromstring(to_svg(page, "a & b").encode())
    assert (root.get("width"), root.get("height")) == ("210mm", "50mm")
    assert root.get("viewBox") == "0 0 2100 500"
    assert root.findtext(f"{SVG}title") == "a & b"
    (words,) = root.findall(f"{SVG}text")
    assert (words.text, words.get("x"), words.get("y")) == ("<Ó>", "1050", "60")
    (music,) = root.findall(f"{SVG}svg")
    assert (music.get("x"), music.get("y")) == ("50", "100")
    assert float(music.get("width", "0")) == drawing.width / 2
    # Eight notes, each a glyph that the document defines.
    notes = [one for one in music.iter(f"{SVG}g") if one.get("class") == "note"]
    assert len(notes) == 8
    defined = {one.get("id") for one in root.iterfind(f"{SVG}defs/{SVG}g")}
    used = {one.get("href", "")[1:] for one in music.iter(f"{SVG}use")}
    assert used
    assert used <= defined


def test_a_title_is_broken_between_words_and_its_fourth_line_is_left_out() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    width = width_of("one two three", 10)
    lines = title_lines(" ".join(words), width, 10)
    assert lines[0] == "one two three"
    assert len(lines) == 3
    assert lines[2].endswith("…")
    assert all(width_of(line, 10) <= width for line in lines)
    assert title_lines("one two", width, 10) == ["one two"]
    assert title_lines("", width, 10) == []


def test_a_word_that_is_wider_than_the_page_is_broken_too() -> None:
    lines = title_lines("W" * 300, 1000, 50)  # a W is one em: 20 are 1000 wide
    assert lines[:2] == ["W" * 20, "W" * 20]
    assert lines[2] == "W" * 19 + "…"


def test_a_title_as_long_as_a_book_is_cut_at_once() -> None:
    # Line by line to its end, this would take hours.
    assert title_lines("W" * 1_000_000, 1000, 50) == ["W" * 20, "W" * 20, "W" * 19 + "…"]
    assert cut("W" * 1_000_000, 1000, 50) == "W" * 19 + "…"


@pytest.mark.parametrize(("text", "shown"), [("WWW", "WWW"), ("WWWW", "WW…"), ("", "")])
def test_a_text_is_cut_to_a_width(text: str, shown: str) -> None:
    assert cut(text, 30, 10) == shown
