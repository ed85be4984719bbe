"""Tune-books: how tunes are laid out on pages, the index, and what a PDF has besides its pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pypdf
import pytest

from tests.score.book.conftest import KESH
from tunetrace import engrave
from tunetrace.arguments import Paper
from tunetrace.score.book.cairo import to_pdfs
from tunetrace.score.book.page import BookPage
from tunetrace.score.book.pdf import joined
from tunetrace.score.book.tunebook import PAPERS, Tunebook
from tunetrace.score.engraving import Engraving


def tune(title: str, bars: int = 2, key: str = "G") -> Engraving:
    """A tune in 6/8 with this number of bars."""
    return engrave(f"X:1\nT:{title}\nM:6/8\nL:1/8\nK:{key}\n{'GAB c2d|' * bars}\n")


def laid_out(tunes: Sequence[Engraving], paper: Paper = "a4") -> tuple[Tunebook, list[BookPage]]:
    book = Tunebook(paper)
    return book, list(book.pages(tunes))


def texts(page: BookPage) -> list[str]:
    return [words.text for words in page.words]


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_tunes_are_one_below_the_other_and_none_is_broken(paper: Paper) -> None:
    lengths = [4, 30, 8, 50, 16, 4, 60, 60, 4]
    tunes = [tune(f"Tune {k}", bars) for k, bars in enumerate(lengths)]
    book, pages = laid_out(tunes, paper)
    assert [entry.title for entry in book.entries] == [f"Tune {k}" for k in range(9)]
    music = pages[: book.entries[-1].page]
    assert sum(len(page.music) for page in music) == 9  # each is whole
    for number, page in enumerate(pages, 1):
        assert (page.width, page.height) == PAPERS[paper]
        assert texts(page)[-1] == str(number)
        lowest = page.words[-1].y - page.words[-1].size
        for placed in page.music:
            assert placed.x >= 100
            assert placed.x + placed.drawing.width * placed.scale <= page.width - 100
            assert placed.y + placed.drawing.height * placed.scale <= lowest
    for page in music:
        for above, below in pairwise(page.music):
            assert above.y + above.drawing.height <= below.y
    # A tune that would have had room on the page before is there.
    for before, after in pairwise(music):
        used = before.music[-1].y + before.music[-1].drawing.height
        assert used + after.music[0].drawing.height + 100 > PAPERS[paper][1] - 300


def test_a_tune_that_is_longer_than_a_page_begins_on_a_new_one_and_goes_on() -> None:
    book, pages = laid_out([tune("Short"), tune("Long", 200), tune("After")])
    short, long, after = book.entries
    assert (short.page, long.page) == (1, 2)
    assert after.page > 2
    ids = [part for page in pages[: after.page] for placed in page.music
           for part in placed.drawing.svg.split('class="measure"')[1:]]  # fmt: skip
    assert len(ids) == 2 + 200 + 2
    assert texts(pages[1])[0] == "Long"
    assert texts(pages[2])[0] != "Long"


def test_the_index_is_in_alphabetical_order_with_two_bars_of_each_tune() -> None:
    titles = ["The Zulu", "Ápple", "banana", "A Cat", "", "banana"]
    book, pages = laid_out([tune(title, 3) for title in titles])
    assert book.index_page == 2 == len(pages)
    index = pages[-1]
    assert texts(index) == [
        "Index", "Ápple", "1", "banana", "1", "banana", "1", "A Cat", "1", "The Zulu", "1",
        "(untitled)", "1", "2",
    ]  # fmt: skip
    assert [placed.drawing.svg.count('class="measure"') for placed in index.music] == [2] * 6
    assert [link.target.title for link in book.links] == [
        "Ápple", "banana", "banana", "A Cat", "The Zulu", "(untitled)",
    ]  # fmt: skip
    assert all(link.page == 2 for link in book.links)
    # Two tunes of a title come in the order of the book.
    first, second = (link.target for link in book.links if link.target.title == "banana")
    assert first.y < second.y


def test_an_incipit_has_the_pickup_besides_its_two_bars_and_no_open_tie() -> None:
    text = "X:1\nT:T\nM:6/8\nL:1/8\nK:G\nD|G3 GAB|A6-|A3 A3|G6|\n"
    _, pages = laid_out([engrave(text), tune("Other")])
    svg = pages[-1].music[1].drawing.svg
    assert svg.count('class="measure"') == 3
    assert 'class="tie"' not in svg


def test_a_long_index_has_two_columns_and_several_pages() -> None:
    book, pages = laid_out([tune(f"Tune {k:02}") for k in range(50)])
    assert book.index_page is not None
    index = pages[book.index_page - 1 :]
    assert len(index) > 1
    found = [text for page in index for text in texts(page) if text.startswith("Tune")]
    assert found == [f"Tune {k:02}" for k in range(50)]
    lefts = {round(link.left) for link in book.links}
    assert len(lefts) == 2
    for page, links in ((page, [one for one in book.links if one.page == page.number])
                        for page in map(_Numbered, index)):  # fmt: skip
        assert links
        assert all(0 < link.top < link.bottom < page.page.height for link in links)


class _Numbered:
    """A page of a book with its number."""

    def __init__(self, page: BookPage) -> None:
        self.page = page
        self.number = int(texts(page)[-1])


def test_one_tune_has_no_index() -> None:
    book, pages = laid_out([engrave(KESH)])
    assert (len(pages), book.index_page, book.links) == (1, None, [])


# As PDF


@pytest.mark.usefixtures("cairo")
def test_a_pdf_has_titles_bookmarks_and_links_that_lead_to_the_tunes() -> None:
    book = Tunebook()
    tunes = [tune("The Zulu", 40), tune("Ápple", 40), tune("Middle", 4)]
    pdf = joined(to_pdfs(book.pages(tunes)), book, "My tunes")
    read = pypdf.PdfReader(io.BytesIO(pdf), strict=True)
    assert len(read.pages) == 3
    assert read.metadata is not None
    assert read.metadata.title == "My tunes"
    assert (read.metadata.creator or "").startswith("tunetrace ")
    assert [page.extract_text().splitlines()[0] for page in read.pages] == [
        "The Zulu", "Ápple", "Index",
    ]  # fmt: skip
    outline: list[Any] = list(read.outline)
    assert [one.title for one in outline] == ["The Zulu", "Ápple", "Middle", "Index"]
    numbers = [read.get_destination_page_number(one) for one in outline]
    assert numbers == [0, 1, 1, 2]
    # A4 is 841.9 points high. A tune at the top begins 13 mm below the edge.
    assert float(outline[0].top) == pytest.approx(841.9 - 13 / 25.4 * 72, abs=0.1)
    assert float(outline[2].top) < float(outline[1].top)
    links = [one.get_object() for one in read.pages[2]["/Annots"]]  # type: ignore[attr-defined]
    assert [link["/Subtype"] for link in links] == ["/Link"] * 3
    targets = [read.get_page_number(link["/Dest"][0].get_object()) for link in links]
    assert targets == [1, 1, 0]  # Ápple, Middle, The Zulu
    for link in links:
        left, bottom, right, top = map(float, link["/Rect"])
        assert 0 < left < right < 595.4
        assert 0 < bottom < top < 842


@pytest.mark.usefixtures("cairo")
def test_the_same_tunes_give_the_same_bytes() -> None:
    def pdf() -> bytes:
        book = Tunebook()
        return joined(to_pdfs(book.pages([engrave(KESH), tune("B")])), book, "Tunes")

    assert pdf() == pdf()
