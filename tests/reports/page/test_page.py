"""The page of a report in a real browser: what it shows, sorts, marks, and never runs or loads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.checker.batches import checked, name, same, source, span, transcription
from tests.reports.browser import Shown
from tests.reports.conftest import WORDS, html_of
from tunetrace import Index
from tunetrace.checker.records import CheckedTune, SharedStretch, Verdict
from tunetrace.corpus.records import Rejected
from tunetrace.text import share

MakeIndex = Callable[..., Index]
Show = Callable[[str], Shown]

MUSIC = "M:6/8 K:Cmaj |: C 3 C D E | D 3 D E G | E 3 E 3 | C 3 C 3 :|"
"""Begins as the corpus tune does, and ends as it does but for the third bar."""

TITLES = ("gamma 10", "alpha", "", "Beta", "gamma 2", "<b>bold</b>")
SORTED_TITLES = ["<b>bold</b>", "alpha", "Beta", "gamma 2", "gamma 10", "(untitled)"]
SHARES = (0.25, 1.0, 0.0, 0.004, 0.5, 0.999)
SORTED_SHARES = ["100%", ">99%", "50%", "25%", "<1%", "0%"]


def batch() -> list[CheckedTune]:
    return [
        checked(k, share, place=k + 1, transcription=transcription(title))
        for k, (title, share) in enumerate(zip(TITLES, SHARES, strict=True))
    ]


def marked_tune(**changes: object) -> CheckedTune:
    """Two spans that overlap, of which the corpus tune has the first, and a third that it has too,
    though chance explains it."""
    has = (SharedStretch(3, 14, 0, 8, 3), SharedStretch(20, 24, 10, 12, 21))
    return checked(
        place=7,
        transcription=replace(transcription("Marked", tokens=MUSIC.split()), original_key="Gmaj"),
        spans=(
            span(3, 14, 8, 1e-9, (name(1),)),
            replace(span(12, 18, 4, 0.001, (name(1),)), first_note=6, stop_note=10),
            replace(span(20, 24, 2, 0.5, (name(1),)), first_note=10, stop_note=12),
        ),
        sources=(replace(source(1, 30.0), stretches=has),),
        **changes,
    )


def column(page: Shown, number: int) -> list[str]:
    return page.texts(f".rows tbody td:nth-child({number})")


def width(page: Shown) -> tuple[int, int]:
    wide, seen = page.run(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return wide, seen


# The table


def test_the_most_copied_stand_first(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index)).open()
    assert column(page, 5) == SORTED_SHARES
    assert page.texts("#status") == ["1 to 6 of 6"]


@pytest.mark.parametrize(
    ("field", "number", "first", "second"),
    [
        ("copied_12", 5, SORTED_SHARES, SORTED_SHARES[::-1]),
        ("longest", 3, list("543210"), list("012345")),
        # Words begin with A, and what has no title stays last.
        ("title", 2, SORTED_TITLES, [*SORTED_TITLES[-2::-1], SORTED_TITLES[-1]]),
    ],
)
def test_the_head_of_a_column_sorts_by_it_and_back(
    field: str, number: int, first: list[str], second: list[str], index: Index, show: Show
) -> None:
    page = show(html_of(batch(), index)).open()
    head = f"th[data-field={field}]"
    orders = ["descending", "ascending"] if field != "title" else ["ascending", "descending"]
    for order, expected in zip(orders, (first, second), strict=True):
        page.tab.click(f"{head} button")
        assert column(page, number) == expected
        assert page.run("return document.querySelector(arguments[0]).ariaSort", head) == order
    assert page.run("return document.querySelectorAll('[aria-sort]').length") == 1


def test_shares_read_as_they_do_in_the_text(index: Index, show: Show) -> None:
    shares = [0.125, 0.135, 0.4545, 0.005, 0.0051, 0.995, 0.9949, 1 / 3, 5 / 8]
    tunes = [checked(1, some, place=k) for k, some in enumerate(shares, 1)]
    page = show(html_of(tunes, index)).open()
    page.tab.click("th[data-field=place] button")
    assert column(page, 5) == [share(some) for some in shares[::-1]]


def test_a_column_is_sorted_by_the_keyboard(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index)).open()
    page.tab.press("th[data-field=place] button", "Enter")
    assert column(page, 1) == list("654321")


def test_the_filter_looks_at_titles_sources_and_remarks(index: Index, show: Show) -> None:
    tunes = batch()
    silver = source(1, 9.0, "The Silver Spear")
    tunes[1] = replace(tunes[1], spans=(span(),), sources=(silver,))
    tunes[2] = replace(tunes[2], duplicate_of=1)
    page = show(html_of(tunes, index)).open()
    for typed, found in [("GAMMA", {"1", "5"}), ("silver", {"2"}), ("same as no. 1", {"3"})]:
        page.tab.fill("#filter", "")
        page.tab.locator("#filter").press_sequentially(typed)
        assert set(column(page, 1)) == found
    page.tab.fill("#filter", "no such tune")
    assert column(page, 1) == []
    assert page.texts("#status") == ["none, out of 6"]
    page.tab.fill("#filter", " ")
    assert len(column(page, 1)) == 6


def test_a_hundred_rows_are_shown_at_a_time(index: Index, show: Show) -> None:
    tunes = [checked(place=place) for place in range(1, 251)]
    page = show(html_of(tunes, index)).open()
    places = [str(place) for place in range(1, 251)]
    assert column(page, 1) == places[:100]
    page.tab.click("#next")
    assert column(page, 1) == places[100:200]
    page.tab.click("#last")
    assert (column(page, 1), page.texts("#status")) == (places[200:], ["201 to 250 of 250"])
    page.tab.click("#previous")
    page.tab.click("#first")
    assert column(page, 1) == places[:100]


def test_rows_of_the_worst_lead_to_them(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index, most_copied=2)).open()
    links = page.run("return [...document.querySelectorAll('.rows a')].map(a => a.hash)")
    assert links == ["#tune-2", "#tune-6"]
    page.tab.click(".rows a[href='#tune-6']")
    top = page.run("return document.getElementById('tune-6').getBoundingClientRect().top")
    assert 0 <= top < 900
    assert page.run("return location.hash") == "#tune-6"


def test_beyond_so_many_rows_the_page_says_what_it_leaves_out(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index, rows=4, most_copied=2)).open()
    assert column(page, 5) == SORTED_SHARES[:4]
    note = page.texts("#transcriptions .note")[-1]
    assert note.startswith("The table lists the 4 transcriptions that share most with the corpus.")


# The music


def test_marks_stand_where_the_spans_are(index: Index, show: Show) -> None:
    page = show(html_of([marked_tune()], index)).open()
    marks = page.run(
        "return [...document.querySelectorAll('.transcription mark')]"
        ".map(m => [m.textContent, m.dataset.spans, m.className])"
    )
    texts = {
        number: " ".join(text for text, spans, _ in marks if number in spans.split())
        for number in "123"
    }
    # Tokens 3 to 14, 12 to 18 and 20 to 24 of MUSIC as they read in G, a fifth up.
    assert texts == {"1": "G 3 G A B | A 3 A B d", "2": "B d | B 3 B", "3": "G 3 G 3"}
    # Where they overlap the less probable one decides.
    assert [(spans, name) for _, spans, name in marks] == [
        ("1", "level-3"), ("1", "level-3"), ("1 2", "level-3"), ("2", "level-2"),
        ("2", "level-2"), ("3", "level-1"),
    ]  # fmt: skip


def test_a_source_has_the_same_marks_in_the_same_key(index: Index, show: Show) -> None:
    page = show(html_of([marked_tune()], index)).open()
    marks = page.run(
        "return [...document.querySelectorAll('.source mark')]"
        ".map(m => [m.textContent, m.dataset.spans])"
    )
    # The corpus tune has the first span and the last; its third bar has neither and is left out.
    assert marks == [["G 3 G A B |", "1"], ["A 3 A B d", "1"], ["G 3 G 3", "3"]]
    assert page.texts(".source .bar") == ["|: G 3 G A B |", "A 3 A B d |", "G 3 G 3 :|"]


def test_a_span_that_is_chosen_stands_out_on_both_sides(index: Index, show: Show) -> None:
    page = show(html_of([marked_tune()], index)).open()
    page.tab.click(".spans li[data-span='3'] button")
    assert page.texts("mark.chosen") == ["G 3 G 3", "G 3 G 3"]
    page.tab.click(".spans li[data-span='3'] button")
    assert page.texts("mark.chosen") == []


def test_the_worst_are_told_by_what_they_copy(index: Index, show: Show) -> None:
    whole = checked(
        8, 1.0, place=9, identical_to=(same(1),), verdict=Verdict("whole", "This is Morrison's.")
    )
    page = show(html_of([*batch(), whole], index, most_copied=3)).open()
    assert page.texts("article .place") == ["no. 9", "no. 2", "no. 6"]
    assert page.texts("article .identical") == ["This is Morrison's."]
    said = re.sub(r"\s+", " ", page.texts("article .examples")[0])
    assert said == "The same music: Morrison's session:101"
    assert page.texts("article code") == [
        f"tunetrace check generated.txt --only {place}" for place in (9, 2, 6)
    ]


def test_each_row_has_the_command_that_checks_it_again(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index)).open()
    places = column(page, 1)
    assert column(page, 13) == [f"tunetrace check generated.txt --only {place}" for place in places]


def test_where_chance_explains_all_spans_no_source_is_named(index: Index, show: Show) -> None:
    by_chance = checked(8, 1.0, spans=(span(expected=2.0),), place=1)
    nowhere = checked(0, 0.0, place=2)
    page = show(html_of([by_chance, nowhere], index)).open()
    assert page.texts("article .sources > p") == [
        "None: every span of it is expected in the corpus once or more by chance.",
        "None: no span of it is found in the corpus.",
    ]


@pytest.mark.parametrize(
    ("of", "shown"), [([1], ["1"]), ([1, 1], ["1"]), ([1, 2], []), ([1, 2, 1], ["1"])]
)
def test_a_tune_that_one_of_many_shares_spans_with_is_not_listed(
    index: Index, show: Show, of: list[int], shown: list[str]
) -> None:
    tunes = [
        checked(8, 1.0, place=place, sources=(source(tune, 30.0, f"Tune {tune}"),))
        for place, tune in enumerate(of, 1)
    ]
    # The index has one tune only, so that none is shown whole beside its sources.
    listed = show(html_of(tunes, index, most_copied=0)).open().texts(".sources-count li")
    assert [text.split()[1] for text in listed] == shown


# The network


def test_nothing_is_asked_of_the_network(index: Index, show: Show) -> None:
    tunes = [*batch(), marked_tune()]
    page = show(html_of(tunes, index, other=tunes[:3])).open()
    page.tab.click("th[data-field=title] button")
    assert page.requests() == [page.address]
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert page.console() == []


def test_the_policy_forbids_what_is_not_the_pages_own(index: Index, show: Show) -> None:
    page = show(html_of(batch(), index)).open()
    page.run(
        "const s = document.createElement('script'); s.textContent = \"document.title = 'ran'\";"
        "document.body.append(s); const i = new Image(); i.src = 'https://example.org/x.png';"
        "document.body.append(i);"
    )
    assert page.tab.title() != "ran"
    complaints = page.console()
    assert len(complaints) == 2
    assert any("script-src" in complaint for complaint in complaints)
    assert any("img-src" in complaint for complaint in complaints)


# The looks


@pytest.mark.parametrize("width_asked", [375, 1200])
def test_the_page_never_scrolls_sideways(width_asked: int, index: Index, show: Show) -> None:
    long = checked(place=8, transcription=transcription("unbroken" * 40))
    html = html_of([*batch(), marked_tune(), long], index, name="a" * 200, other=batch())
    page = show(html).open(width=width_asked)
    wide, seen = width(page)
    assert wide <= seen <= width_asked


def test_without_javascript_all_but_the_table_is_there(index: Index, show: Show) -> None:
    page = show(html_of([*batch(), marked_tune()], index)).open(has_script=False)
    seen = page.tab.inner_text("main")
    assert WORDS[0] in seen
    assert "This table needs JavaScript" in seen
    assert "Marked" in seen
    assert page.tab.locator("figure svg").count() == 4
    assert page.tab.locator(".transcription mark").count() == 6
    assert page.tab.is_hidden("#table")


@pytest.mark.parametrize("is_dark", [False, True])
def test_texts_stand_out_from_their_ground(is_dark: bool, index: Index, show: Show) -> None:
    linked = replace(same(1, "A"), link="https://e.org")
    tunes = [*batch(), marked_tune(identical_to=(linked,))]
    page = show(html_of(tunes, index, other=batch())).open(is_dark=is_dark)
    colours = page.run(
        """
        return [...document.querySelectorAll(
          "p, a, mark, h1, h2, h3, h4, td, th, dt, dd, li, button:not(:disabled), label, figcaption"
        )].map(e => {
          let ground = e;
          while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)")
            ground = ground.parentElement;
          return [e.tagName + "." + e.className, getComputedStyle(e).color,
                  getComputedStyle(ground ?? document.body).backgroundColor];
        })
        """
    )
    assert len(colours) > 100
    faint = {name for name, ink, ground in colours if contrast(ink, ground) < 4.5}
    assert faint == set()
    ground = page.run("return getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) < 0.1) == is_dark


def luminance(colour: str) -> float:
    """The relative luminance of `rgb(r, g, b)`, as WCAG 2.1 defines it."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, ground: str) -> float:
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_what_is_there_has_a_name_for_those_who_listen(index: Index, show: Show) -> None:
    page = show(html_of([*batch(), marked_tune()], index)).open()
    assert page.run("return document.documentElement.lang") == "en"
    assert page.run("return ['main', 'header', 'nav', 'footer']"
                    ".map(t => document.querySelectorAll(t).length)") == [1, 1, 1, 1]  # fmt: skip
    ids = page.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    references = (
        "return ['aria-labelledby', 'aria-describedby'].flatMap(name =>"
        " [...document.querySelectorAll(`[${name}]`)].map(e => e.getAttribute(name)))"
    )
    named = page.run(references)
    assert len(named) > 6
    assert set(named) <= set(ids)
    assert all(page.texts("figure figcaption"))
    targets = page.run("return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash)")
    assert {target[1:] for target in targets} <= set(ids)


@pytest.mark.parametrize("width_asked", [360, 1280])
@pytest.mark.parametrize("is_dark", [False, True])
def test_axe_finds_nothing_serious(
    is_dark: bool, width_asked: int, index: Index, show: Show
) -> None:
    linked = replace(same(1, "A"), link="https://e.org")
    tunes = [*batch(), marked_tune(identical_to=(linked,)), Rejected("a.abc", 3, None, "no", "no")]
    page = show(html_of(tunes, index, other=batch())).open(is_dark=is_dark, width=width_asked)
    page.tab.click("details summary")
    assert page.serious() == []
    page.tab.click("th[data-field=title] button")
    page.tab.fill("#filter", "Marked")
    page.tab.click(".spans li[data-span='1'] button")
    assert page.serious() == []


# Its size and its limits


@pytest.mark.slow
def test_a_batch_of_thirty_thousand_makes_a_page_of_less_than_six_megabytes(index: Index) -> None:
    tunes = [
        checked(
            k % 40,
            (k % 1000) / 1000,
            place=k + 1,
            transcription=transcription(f"Some title of a tune {k}"),
            sources=(source(k, 9.0, f"Some tune of the corpus {k}"),),
        )
        for k in range(30_000)
    ]
    html = html_of(tunes, index, most_copied=0)
    assert len(html.encode()) < 6_000_000
    block = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert block is not None
    assert len(json.loads(block[1])["place"]) == 30_000


def test_a_batch_of_nothing_has_a_page(index: Index, show: Show) -> None:
    page = show(html_of([Rejected("a.abc", 3, None, "no key", "no key")], index)).open()
    assert page.console() == []
    assert page.texts("#status") == ["none"]
    assert page.texts("#set-aside td")[0] == "a.abc:3"
    assert page.texts("#most-copied p")[-1] == "None: no transcription was checked."
