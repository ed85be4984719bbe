"""The page of a tune, the list of titles, and the page about the service, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
import requests
from playwright.sync_api import expect

from tests.reports.browser import Shown
from tests.reports.scores.conftest import LISTENING, wait_until_played
from tests.web.indexes import DROWSY
from tunetrace import open_index

Visit = Callable[[str], Shown]


@pytest.fixture
def tune(visit: Visit, reel_site: str) -> Shown:
    return visit(f"{reel_site}/tunes/reels:1").open(before=LISTENING)


def section(page: Shown, name: str) -> str:
    """The text of a section, with single spaces."""
    return " ".join((page.tab.locator(f"section#{name}").text_content() or "").split())


def test_a_tune_shows_its_names_facts_and_notation(tune: Shown) -> None:
    assert page_facts(tune) == {
        "Meter": "4/4", "Key": "E dorian", "Length": "16 bars, 1 part", "Range": "D to a"
    }  # fmt: skip
    assert tune.texts("h1") == ["Drowsy Maggie"]
    assert "Also called Maggie the Sleepy" in " ".join(tune.texts(".lead")[0].split())
    assert tune.tab.locator("figure.score .measure").count() == 16
    assert tune.console() == []


def page_facts(page: Shown) -> dict[str, str]:
    return dict(zip(page.texts(".facts-row dt"), page.texts(".facts-row dd"), strict=True))


def test_a_tune_is_played(tune: Shown) -> None:
    tune.tab.get_by_role("button", name="Play Drowsy Maggie").click()
    first = wait_until_played(tune, 3)[:3]
    notes = tune.run(
        "return [...document.querySelectorAll('figure.score .note')].slice(0, 3).map((n) => n.id)"
    )
    assert first == notes


@pytest.mark.parametrize("address", ["/tunes/reels:1", "/tunes/reels:1?beside=reels:2"])
def test_its_notation_is_laid_out_for_the_width_of_the_window(
    address: str, visit: Visit, reel_site: str
) -> None:
    page = visit(reel_site + address).open(width=360, before=LISTENING)
    page.tab.locator(".whole.is-fitted").wait_for()
    assert _reach(page) <= 0
    assert page.tab.locator(".whole .measure").count() == 16
    assert not page.tab.locator(".whole .hint").is_visible()
    page.tab.get_by_role("button", name="Play Drowsy Maggie").click()
    assert len(wait_until_played(page, 3)) >= 3
    page.tab.get_by_role("button", name="Stop").click()
    narrow = _lines(page)
    # In a wider window more bars are on a line. In the widest nothing is asked for.
    page.tab.set_viewport_size({"width": 700, "height": 900})
    page.tab.wait_for_function(
        "lines => document.querySelectorAll('.whole .system').length < lines", arg=narrow
    )
    assert _reach(page) <= 0
    assert page.tab.locator(".whole .player").count() == 1
    assert page.console() == []
    wide = visit(reel_site + address).open()
    assert not any("width=" in one for one in wide.requests())


def test_without_scripts_its_notation_scrolls_sideways_and_says_so(
    visit: Visit, reel_site: str
) -> None:
    page = visit(f"{reel_site}/tunes/reels:1").open(width=360, has_script=False)
    assert page.tab.locator(".whole .hint").is_visible()
    assert page.tab.locator(".whole .measure").count() == 16


def _lines(page: Shown) -> int:
    return page.tab.locator(".whole .system").count()


def _reach(page: Shown) -> float:
    """How many pixels of the notation are hidden at its right."""
    return float(
        page.run(
            "const frame = document.querySelector('.whole .notation');"
            "return frame.scrollWidth - frame.clientWidth;"
        )
    )


def test_its_family_is_listed_with_what_names_and_begins_it(tune: Shown) -> None:
    assert tune.texts("#family .card-title") == ["The Ragged Hank reels:2"]
    facts = "4/4, A dorian; compare with The Ragged Hank"
    assert tune.texts("#family .card-facts") == [facts]
    # Two bars of eight notes, less one for each quarter.
    assert tune.tab.locator("#family .card .note").count() == 14
    tune.tab.locator("#family .card-title a").click()
    tune.tab.wait_for_url("**/tunes/reels:2")
    assert tune.texts("#family .card-title") == ["Drowsy Maggie reels:1"]


def test_it_is_compared_with_a_tune_of_its_family_bar_under_bar(
    tune: Shown, visit: Visit, reel_site: str
) -> None:
    tune.tab.get_by_role("link", name="compare with The Ragged Hank").click()
    tune.tab.wait_for_url("**/tunes/reels:1?beside=reels%3A2")
    assert tune.tab.locator(".pair .measure").count() == 16
    # Each measure has a staff of both.
    assert tune.tab.locator(".pair .measure > .staff").count() == 32
    expect(tune.tab.get_by_role("button", name="Play Drowsy Maggie over")).to_be_enabled()
    page = visit(f"{reel_site}/tunes/reels:1?beside=session:12345").open()
    assert "The two have too little in common" in (page.tab.locator("main").text_content() or "")
    assert requests.get(f"{reel_site}/tunes/reels:1?beside=reels:77").status_code == 404


def test_its_bars_lead_to_where_they_are_found(tune: Shown, reels: Path) -> None:
    assert tune.texts(".bar-rows li >> nth=0 >> .abc") == ["E2BEdEBE"]
    tune.tab.locator(".bar-rows a").first.click()
    tune.tab.wait_for_url("**/figures?q=E2BEdEBE&in=Edor&whole=1#found")
    with open_index(reels) as index:
        found = index.bar("E2BE dEBE", in_key="Edor")
    assert (found.tunes, found.hits) == (1, 4)
    assert tune.texts("#found-title") == ["Found in 1 of 4 tunes, 4 times."]


def test_its_source_licence_and_citation_are_said(
    visit: Visit, reel_site: str, reels: Path
) -> None:
    page = visit(f"{reel_site}/tunes/session:12345").open()
    link = page.tab.get_by_role("link", name="Its page at its source")
    expect(link).to_have_attribute("href", "https://thesession.org/tunes/27#setting12345")
    assert page.texts(".source-facts dt") == ["Corpus", "From", "Licence"]
    assert page.texts(".source-facts dd")[2] == "not known"
    with open_index(reels) as index:
        fingerprint = index.info().fingerprint
    cited = page.texts("#citation")[0]
    assert cited.startswith("“Dusty Miller, The”, session:12345, in ")
    assert cited.endswith(f"in the index {fingerprint}.")
    assert "No other tune of the index is a setting" in section(page, "family")


def test_it_is_traced_by_a_link_that_holds_it(tune: Shown) -> None:
    link = tune.tab.get_by_role("link", name="Trace this tune")
    link.click()
    tune.tab.wait_for_url("**/#tune=*")
    expect(tune.tab.get_by_label("A tune in ABC")).to_have_value(DROWSY)
    tune.tab.locator("article.traced").wait_for()


VARIED = "X:1\nM:4/4\nL:1/8\nK:Edor\nE2BE dEBE|F2AF DFAF|E2BE dEBE|BABc dAFD|B2dB cBAG|FEDF AFDF|\n"
"""Drowsy Maggie varied so much that no near copy is named, and with other notes at its end."""


def test_a_tune_that_may_be_a_setting_of_another_is_said_to_be(
    visit: Visit, reel_site: str
) -> None:
    found = requests.post(f"{reel_site}/api/check", data=VARIED, timeout=60).json()["tunes"][0]
    assert found["near_copies"] == []
    assert found["verdict"]["kind"] == "none"
    share = round(100 * found["similarity"])
    assert 50 < share < 90
    page = visit(reel_site).open()
    page.tab.get_by_label("A tune in ABC").fill(VARIED)
    page.tab.get_by_role("button", name="Trace it").click()
    expect(page.tab.locator(".alike")).to_have_text(
        "It may be a setting of Drowsy Maggie reels:1: "
        f"with a probability of {share}% both are one melody."
    )
    page.tab.locator(".alike a").click()
    page.tab.wait_for_url("**/tunes/reels:1")


def test_what_it_can_be_saved_as_is_there(tune: Shown, reel_site: str) -> None:
    links = tune.tab.locator(".downloads-row a").all()
    names = [link.text_content() for link in links]
    assert names == ["SVG", "PDF", "MIDI", "MusicXML", "ABC", "JSON"]
    for link in links:
        answer = requests.get(reel_site + str(link.get_attribute("href")))
        assert answer.status_code == 200, link
    assert json.loads(answer.text)["titles"][0] == "Drowsy Maggie"


def test_a_tune_that_is_not_there_is_404_with_the_nearest_titles(
    visit: Visit, reel_site: str
) -> None:
    assert requests.get(f"{reel_site}/tunes/reels:99").status_code == 404
    answer = requests.get(f"{reel_site}/tunes/Drowsy%20Magie")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    page = visit(f"{reel_site}/tunes/Drowsy%20Magie").open()
    assert page.texts("h1") == ["There is no such tune"]
    page.tab.locator(".card-title a").first.click()
    page.tab.wait_for_url("**/tunes/reels:1")


@pytest.mark.parametrize(
    ("title", "references", "headings"),
    [
        ("the sleepy", ["reels:1"], ["Tunes with these words in a title"]),
        ("Dusty Miller", ["session:12345"], ["Tunes with this title"]),
        ("ragged", ["reels:2"], ["Tunes with these words in a title"]),
        ("Dusti Millar", ["session:12345"], ["The nearest titles"]),
        ("qqqq", [], []),
    ],
)
def test_tunes_are_found_by_a_title_or_a_part_of_one(
    title: str, references: list[str], headings: list[str], visit: Visit, reel_site: str
) -> None:
    page = visit(f"{reel_site}/figures").open()
    page.tab.get_by_label("Title of a tune").fill(title)
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_url("**/tunes?title=*")
    assert page.texts(".card-title .reference") == references
    assert page.texts("#tunes-title") == headings


def test_a_hostile_title_stays_text(visit: Visit, reel_site: str) -> None:
    page = visit(f"{reel_site}/tunes/reels:3").open()
    title = '</title><img src=x onerror="alert(1)"> & Sons'
    assert page.texts("h1") == [title]
    assert page.tab.title() == f"{title} – tunetrace"
    assert page.tab.locator("img").count() == 0
    assert page.console() == []
    # In lists, too.
    page = visit(f"{reel_site}/figures?q=G3+GAB&in=G").open()
    assert page.texts(".card-title a") == [title]
    assert page.console() == []


def test_what_is_asked_stays_text(visit: Visit, reel_site: str) -> None:
    hostile = "%3Cscript%3Ealert(1)%3C/script%3E%22%20autofocus%20x="
    for address in (f"/figures?q={hostile}&in={hostile}&meter={hostile}", f"/tunes/{hostile}",
                    f"/tunes?title={hostile}"):  # fmt: skip
        page = visit(reel_site + address).open()
        assert [one for one in page.console() if "status of 4" not in one] == [], address
        assert page.run("return document.activeElement === document.body")
        assert unquote(hostile) in page.tab.locator("main input").first.input_value()


def test_about_names_the_corpora_and_the_fingerprint(
    visit: Visit, reel_site: str, reels: Path
) -> None:
    page = visit(f"{reel_site}/about").open()
    with open_index(reels) as index:
        info = index.info()
    assert page.texts(".fingerprint") == [info.fingerprint]
    assert page.texts(".corpora .reference") == [corpus.name for corpus in info.corpora]
    assert page.texts(".corpora dl div:first-child dd") == ["3", "1"]
    answer = requests.get(
        reel_site + str(page.tab.get_by_role("link", name="OpenAPI").get_attribute("href"))
    )
    assert answer.json()["openapi"].startswith("3.")
