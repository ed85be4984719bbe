"""The page of figures in a real browser: typed, entered on its piano, continued, and followed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.reports.browser import Shown
from tunetrace import Filters, Index, continuations, open_index
from tunetrace.web.page.corpus.address import AskedFigure
from tunetrace.web.page.corpus.figures import figures_page
from tunetrace.web.page.corpus.spelling import Spelling

Visit = Callable[[str], Shown]

FIGURE, KEY = "E2BE dEBE", "Edor"


@pytest.fixture
def index(reels: Path) -> Iterator[Index]:
    with open_index(reels) as opened:
        yield opened


@pytest.fixture
def page(visit: Visit, reel_site: str) -> Shown:
    return visit(f"{reel_site}/figures").open()


def search(page: Shown, figure: str, key: str = "") -> None:
    page.tab.get_by_label("Figure", exact=True).fill(figure)
    page.tab.get_by_label("Key", exact=True).fill(key)
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_url("**/figures?q=*")


def said(index: Index, figure: str, key: str) -> str:
    """What the page is to say of a figure, by what the index finds."""
    found = index.figure(figure, in_key=key)
    tunes = f"Found in {found.tunes} of {found.of} tunes"
    families = f", of {found.families} {'family' if found.families == 1 else 'families'}"
    times = {1: "once", 2: "twice"}.get(found.hits, f"{found.hits} times")
    return f"{tunes}{families if found.tunes > 1 else ''}, {times}."


def shown_figure(page: Shown) -> tuple[str, str]:
    """The figure and its key in the address."""
    asked = parse_qs(urlsplit(page.tab.url).query)
    return asked["q"][0], asked["in"][0]


def coloured(page: Shown, card: int) -> int:
    return page.tab.locator(f".card >> nth={card}").locator(".note.level-3").count()


def test_a_figure_that_is_typed_is_found_as_the_index_finds_it(page: Shown, index: Index) -> None:
    search(page, FIGURE, KEY)
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    assert said(index, FIGURE, KEY) == "Found in 1 of 4 tunes, 4 times."
    assert page.texts(".chance") == ["Expected by chance: 2.4 (common)."]
    # One card for the tune, with its first hit; the other three are named.
    assert page.texts(".card-title") == ["Drowsy Maggie reels:1"]
    assert page.texts(".card-facts") == [
        "4/4, E dorian; part 1, bar 1; also part 1, bar 3; part 1, bar 5; part 1, bar 7"
    ]
    assert coloured(page, 0) == 7
    assert page.tab.locator("#staff .note").count() == 7
    # The figure goes on, so no bar line ends it. In E dorian there are two sharps.
    assert page.tab.locator("#staff .barLine path").count() == 0
    assert page.tab.locator("#staff .keyAccid").count() == 2
    assert page.console() == []


def test_a_figure_in_another_key_is_the_same_figure(page: Shown, index: Index) -> None:
    search(page, "D2AD cDAD", "Ddor")
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    search(page, "GAB", "G")
    expect(page.tab.locator("#found-title")).to_have_text(said(index, "GAB", "G"))
    assert sorted(page.texts(".card-title .reference")) == ["reels:3", "session:12345"]


def test_a_figure_is_entered_by_clicks_on_the_piano(page: Shown, index: Index) -> None:
    tab = page.tab
    tab.get_by_label("Key", exact=True).fill("Edor")
    tab.get_by_title("Quarter", exact=True).click()
    tab.get_by_role("button", name="E 4", exact=True).click()
    tab.get_by_title("Eighth", exact=True).click()
    for note in ("B 4", "E 4", "D 5", "E 4", "B 4", "E 4", "E 4"):
        tab.get_by_role("button", name=note, exact=True).click()
    expect(tab.get_by_label("Figure", exact=True)).to_have_value("E2BEdEBEE")
    tab.get_by_role("button", name="Undo", exact=True).click()
    expect(tab.get_by_label("Figure", exact=True)).to_have_value("E2BEdEBE")
    expect(tab.locator("#staff .note")).to_have_count(7)
    tab.locator("#piano").get_by_role("button", name="Search").click()
    expect(tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    assert page.console() == []
    # What is of the piano alone, and what is empty, is not in the address.
    assert urlsplit(tab.url).query == "q=E2BEdEBE&in=Edor"


@pytest.mark.parametrize(
    ("key", "keys", "written"),
    [
        # An accidental holds to the bar line, so F has a sign, and so has the F sharp after it.
        ("G", ("F sharp 4", "F 4", "F sharp 4", "B flat 4"), "F=F^F_B"),
        ("F", ("B flat 4", "B 4", "F sharp 4", "E flat 5"), "B=B^F_e"),
        ("Dm", ("C sharp 5", "C 5", "B flat 4", "E flat 5", "F sharp 4"), "^c=cB_e^F"),
        ("Eb", ("A flat 4", "A 4"), "A=A"),
        ("Edor", ("C sharp 5", "D sharp 5", "G 3"), "c^dG,"),
        ("", ("C 6", "B 5", "G 3"), "c'bG,"),
    ],
)
def test_the_piano_spells_notes_in_the_key(
    key: str, keys: tuple[str, ...], written: str, page: Shown
) -> None:
    page.tab.get_by_label("Key", exact=True).fill(key)
    for name in keys:
        page.tab.get_by_role("button", name=name, exact=True).click()
    expect(page.tab.get_by_label("Figure", exact=True)).to_have_value(written)


def focus_by_tab(page: Shown, selector: str, most: int = 40) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most):
        page.tab.keyboard.press("Tab")
        if page.run("return document.activeElement.matches(arguments[0])", selector):
            return
    pytest.fail(f"Tab does not lead to {selector}")


def test_a_figure_is_entered_searched_continued_and_followed_by_keyboard_alone(
    page: Shown, index: Index
) -> None:
    press = page.tab.keyboard.press
    focus_by_tab(page, "#in")
    page.tab.keyboard.type("Edor")
    focus_by_tab(page, "#lengths input")
    press("ArrowRight")  # a dotted eighth
    press("ArrowRight")  # a quarter
    focus_by_tab(page, "#keys-row button")  # the G above middle C
    for _ in range(3):
        press("ArrowLeft")
    press("Enter")
    expect(page.tab.locator("#piano-said")).to_have_text("E 4 entered")
    press("ArrowUp")
    press("ArrowUp")  # it stays on the highest
    press("Space")
    press("Backspace")
    press("|")
    expect(page.tab.get_by_label("Figure", exact=True)).to_have_value("E2 | ")
    press("Backspace")
    page.run("document.getElementById('q').focus()")  # where Shift and Tab lead to
    press("End")
    page.tab.keyboard.type("BE dEBE")
    press("Enter")
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    focus_by_tab(page, "a.step")
    press("Enter")
    page.tab.wait_for_url("**#found")
    figure, key = shown_figure(page)
    assert (figure, key) == ("E2BE dEBE | E2", KEY)
    expect(page.tab.locator("#found-title")).to_have_text(said(index, figure, key))
    focus_by_tab(page, ".card-title a")
    press("Enter")
    page.tab.wait_for_url("**/tunes/reels:1")


def test_a_button_continues_the_figure_and_another_undoes_it(page: Shown, index: Index) -> None:
    search(page, FIGURE, KEY)
    first = page.tab.locator("a.step").first
    assert page.texts("a.step >> nth=0 >> .hits") == ["2 hits"]
    first.click()
    page.tab.wait_for_url("**#found")
    figure, key = shown_figure(page)
    assert index.figure(figure, in_key=key).hits == 2
    expect(page.tab.locator("#found-title")).to_have_text(said(index, figure, key))
    page.tab.get_by_role("link", name="Undo one note").click()
    page.tab.wait_for_url("**/figures?q=E2BE+dEBE&in=Edor#found")
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))


def test_a_figure_that_is_not_found_leads_to_where_it_is(page: Shown, index: Index) -> None:
    search(page, "E,2B,E, DE,B,E,", KEY)
    expect(page.tab.locator("#found-title")).to_have_text("Found in none of 4 tunes.")
    page.tab.get_by_role("link", name="an octave higher: in 1 tune").click()
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    search(page, "G3 GAB")
    link = page.tab.get_by_role("link", name="read in G: in 1 tune")
    link.click()
    expect(page.tab.locator("#found-title")).to_have_text(said(index, "G3 GAB", "G"))


def test_a_mistake_is_said_at_the_field_and_can_be_mended(page: Shown, index: Index) -> None:
    search(page, "f#ab", "D")
    field = page.tab.get_by_label("Figure", exact=True)
    expect(field).to_have_value("f#ab")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert page.texts("[role=alert]") == [
        "The figure cannot be read: ABC writes accidentals as ^, _ and = before the note; write ^f "
        "for f#."
    ]
    search(page, FIGURE, KEY)
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    assert page.tab.get_by_label("Figure", exact=True).get_attribute("aria-invalid") is None


def test_without_scripts_the_page_works_by_its_form_and_links(
    visit: Visit, reel_site: str, index: Index
) -> None:
    page = visit(f"{reel_site}/figures").open(has_script=False)
    assert not page.tab.locator("#piano").is_visible()
    search(page, FIGURE, KEY)
    expect(page.tab.locator("#found-title")).to_have_text(said(index, FIGURE, KEY))
    page.tab.locator("a.step").first.click()
    assert page.texts("#found-title") == ["Found in 1 of 4 tunes, twice."]


def test_a_hit_leads_to_its_tune_and_is_heard(page: Shown) -> None:
    search(page, FIGURE, KEY)
    hear = page.tab.get_by_role("button", name="Play these bars of Drowsy Maggie")
    hear.click()
    expect(hear).to_have_class(re.compile("is-playing"))
    hear.click()
    expect(hear).not_to_have_class(re.compile("is-playing"))
    page.tab.get_by_role("link", name="Drowsy Maggie").click()
    page.tab.wait_for_url("**/tunes/reels:1")
    assert page.texts("h1") == ["Drowsy Maggie"]


# What the page says, beside what the index says


@pytest.mark.parametrize(
    ("figure", "key", "view"),
    [
        ("EBE", "Edor", "tokens"), ("G3 GAB", "G", "tokens"), ("BAG", "G", "tokens"),
        ("K:D\nL:1/16\nd4 f2e2", "", "tokens"), ("(3Bcd e2", "Em", "tokens"),
        ("C 2 G C", "", "tokens"), ("A>B", "A", "tokens"), ("0 4 7", "", "melody"),
        ("=c2 B", "D", "tokens"), ("{c C} G", "", "tokens"), ("| 1 1", "", "rhythm"),
    ],
)  # fmt: skip
def test_each_step_leads_to_a_figure_with_its_hits(
    figure: str, key: str, view: str, v2_index: Index
) -> None:
    spelling = Spelling(v2_index, AskedFigure(figure, key, view))
    steps = 0
    for backward in (False, True):
        options = {"in_key": key or None, "view": view, "backward": backward, "limit": 30}
        found = continuations(figure, index=v2_index, notes=1, **options)  # type: ignore[arg-type]
        longer = spelling.preceded_by if backward else spelling.followed_by
        for one in found.results:
            if not one.text or one.is_end:
                continue
            address = longer(one.text)
            if address is None:  # the key or the meter changes there
                assert re.search(r"[KM]:", one.text), one.text
                continue
            asked = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
            again = v2_index.figure(asked["q"], in_key=asked.get("in"), view=view)  # type: ignore[arg-type]
            if backward:  # `F E` is also where a tuplet begins with F: `(3 F E`
                assert again.hits >= one.hits, (asked, one.text)
            else:
                assert again.hits == one.hits, (asked, one.text)
            steps += 1
    assert steps > 3


@pytest.mark.parametrize(
    ("figure", "key", "shorter"),
    [
        ("E2BE dEBE", "Edor", "E2BE dEB"), ("GAB | c2", "G", "GAB"), ("G (3ABc", "G", "G (3AB"),
        ("G (3A", "G", "G"), ("G [Bd]2", "G", "G"), ("C 2 G C", "", "C 2 G"), ("G", "G", None),
        ("A>B", "A", None),
    ],
)  # fmt: skip
def test_a_figure_is_shortened_as_it_was_written(
    figure: str, key: str, shorter: str | None, v2_index: Index
) -> None:
    address = Spelling(v2_index, AskedFigure(figure, key)).shorter()
    if shorter is None:
        assert address is None or ">" in parse_qs(urlsplit(address).query)["q"][0]
        return
    assert address is not None
    assert parse_qs(urlsplit(address).query)["q"] == [shorter]


def test_all_hits_are_paged_through(v2_index: Index) -> None:
    asked = AskedFigure("GBd", "G", meter="6/8")
    found = v2_index.figure(asked.q, Filters(meter="6/8"), in_key="G", limit=1000)
    tunes: list[str] = []
    offsets: list[int] = []
    while True:
        html = figures_page(v2_index, asked).body.decode()
        tunes += re.findall(r'class="reference">([^<]+)</span>', html)
        later = re.search(r'href="([^"]+)" rel="next"', html)
        if later is None:
            break
        query = parse_qs(urlsplit(later[1].replace("&amp;", "&").split("#")[0]).query)
        offsets.append(int(query["offset"][0]))
        asked = AskedFigure(asked.q, "G", meter="6/8", offset=offsets[-1])
    assert tunes == list(dict.fromkeys(hit.reference for hit in found.results))
    assert offsets == sorted(set(offsets))
    assert len(tunes) > 10
