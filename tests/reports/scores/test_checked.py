"""The page of a checked tune in a real browser: its spans, its sources, and how they lead about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reports.browser import Shown
from tunetrace import Index, check, similar, tune
from tunetrace.reports.scores.checked import checked_html
from tunetrace.reports.scores.found import similar_html, tune_html
from tunetrace.tokenizer.transpose import in_own_key

Show = Callable[[str], Shown]

BARS = ("C 3 C D E", "D 3 D E G", "G 3 G E D", "F 3 F E F", "A 3 B A G", "c 3 B A G", "E 3 D E F",
        "C 3 G 3")  # fmt: skip
"""Eight bars; no two are alike."""

FIRST = "T:The First\nM:6/8\nK:Cmaj\n" + " | ".join((*BARS[:4], "E 6"))
SECOND = "T:The Second\nM:6/8\nK:Cmaj\n" + " | ".join(("e 6", *BARS[4:]))
IN_G = " ".join(in_own_key(" | ".join(BARS).split(), "Gmaj"))
CHECKED = f"T:Made Of Two\nM:6/8\nK:Gmaj\n{IN_G}"
"""The first four bars of one tune, and the last four of another, a fifth higher."""


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index(FIRST, SECOND)


@pytest.fixture
def page(index: Index, show: Show) -> Shown:
    report = check(CHECKED, index)
    assert [(span.notes, span.tunes) for span in report.tunes[0].spans] == [(16, 1), (14, 1)]
    return show(checked_html(report.tunes, index)).open()


def lit(page: Shown, selector: str) -> list[str]:
    """The spans of the elements that are lit."""
    found: list[str] = page.run(
        "return [...document.querySelectorAll(arguments[0])].map(e => e.dataset.span)",
        f"{selector}.chosen",
    )
    return found


def focused(page: Shown) -> str:
    text: str = page.run("return document.activeElement.textContent")
    return text.strip()


def test_each_span_is_marked_and_listed_with_its_level(page: Shown) -> None:
    said = page.texts(".spans .said")
    assert [text.split(";")[0] for text in said] == [
        "16 notes from part 1, bar 1",
        "14 notes from part 1, bar 5",
    ]
    marks = page.run("""return [...document.querySelectorAll('a.mark')].map(
        mark => [mark.dataset.span, mark.querySelector('text').textContent])""")
    assert {tuple(mark) for mark in marks} == {("1", "1"), ("2", "2")}
    # Three ways to tell them apart: in colour, in dashes and in words.
    levels = page.run("""return [...document.querySelectorAll('a.mark')].map(
        mark => mark.classList[1])""")
    words = {"level-1": "may be chance", "level-2": "; beyond chance", "level-3": "far beyond"}
    for number, text in enumerate(said, 1):
        level = levels[[mark[0] for mark in marks].index(str(number))]
        assert words[level] in text


def test_a_span_leads_to_its_source_and_escape_leads_back(page: Shown) -> None:
    page.tab.locator(".spans button").nth(1).click()
    assert focused(page).startswith("The Second")
    assert set(lit(page, ".mark")) == {"2"}
    assert page.texts(".source.faded h4")[0].startswith("The First")
    assert page.tab.locator(".source.faded").count() == 1
    page.tab.keyboard.press("Escape")
    assert focused(page).startswith("14 notes from part 1, bar 5")
    assert lit(page, ".mark") == []
    assert page.tab.locator(".source.faded").count() == 0


def test_a_span_in_the_score_is_a_link_for_mouse_and_keys(page: Shown) -> None:
    page.tab.locator("a.mark[data-span='1'] text").first.click()
    assert focused(page).startswith("The First")
    page.tab.keyboard.press("Escape")
    mark = page.tab.locator("a.mark[data-span='2']").first
    mark.focus()
    page.tab.keyboard.press("Enter")
    assert focused(page).startswith("The Second")
    assert set(lit(page, ".spans li")) == {"2"}


def test_each_span_is_one_stop_of_the_tab_key(page: Shown) -> None:
    stops = page.run("""return [...document.querySelectorAll('a.mark')]
        .filter(mark => mark.tabIndex === 0).map(mark => mark.dataset.span)""")
    assert sorted(stops) == ["1", "2"]


def test_a_source_lights_its_passages(page: Shown) -> None:
    button = page.tab.locator(".source[data-spans]", has_text="The Second").get_by_role(
        "button", name="Show its passages"
    )
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert set(lit(page, ".mark")) == {"2"}
    button.click()
    assert lit(page, ".mark") == []


def test_a_source_is_below_the_bars_that_it_has(page: Shown) -> None:
    source = page.tab.locator(".source[data-spans]:has(h4:has-text('The First'))")
    assert source.locator(".measure").count() == 4
    # All their notes are shared, and G major has its sharp above and below.
    assert source.locator(".differs").count() == 0
    assert source.locator(".keySig").count() == 2


def test_both_tunes_of_a_source_are_heard_or_one_alone(page: Shown) -> None:
    source = page.tab.locator(".source[data-spans]:has(h4:has-text('The First'))")
    voices = source.locator("[data-do=voice]")
    assert voices.locator("option").all_text_contents() == [
        "both tunes",
        "the tune",
        "what is under it",
    ]
    voices.select_option("under")
    source.locator("[data-do=play]").click()
    playing = source.locator(".note.playing")
    playing.first.wait_for()
    ids = playing.evaluate_all("notes => notes.map(note => note.id)")
    assert len(ids) == 1
    assert "u0-" in ids[0]


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_keeps_people_out(
    width: int, is_dark: bool, index: Index, show: Show, tmp_path: Path
) -> None:
    page = show(checked_html(check(CHECKED, index).tunes, index))
    page.open(width=width, is_dark=is_dark)
    for details in page.tab.locator("summary").all():
        details.click()
    assert page.serious() == []
    page.tab.locator(".spans button").first.click()
    wide, seen = page.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
    assert page.console() == []
    page.picture(tmp_path / "page.png")


def test_nothing_is_asked_of_the_network(page: Shown) -> None:
    page.tab.locator("[data-do=play]").first.click()
    page.tab.wait_for_timeout(300)
    assert page.requests() == [page.address]
    assert page.console() == []


def test_without_scripts_the_notation_and_the_lists_are_there(index: Index, show: Show) -> None:
    page = show(checked_html(check(CHECKED, index).tunes, index)).open(has_script=False)
    assert page.tab.locator(".whole .note").count() == 30
    assert page.tab.locator(".player").count() == 0
    page.tab.locator("summary", has_text="The bars as a list").first.click()
    bars = page.texts(".whole .bar-list li")
    assert bars[0] == "Part 1, bar 1: G 3 G A B; in 1 tune"
    assert page.tab.locator(".spans li").count() == 2
    link = page.tab.locator("a.mark").first.get_attribute("href")
    assert link is not None
    assert page.tab.locator(f".spans li{link}").count() == 1


def test_paper_has_the_notation_and_no_buttons(page: Shown) -> None:
    page.tab.emulate_media(media="print")
    assert not page.tab.locator(".player").first.is_visible()
    assert not page.tab.locator(".passages").first.is_visible()
    assert page.tab.locator(".whole svg").first.is_visible()


HOSTILE = "</script><img src=x onerror=\"document.title = 'ran'\"> \u202etxt.exe {{ 7 * 7 }}"


def test_hostile_titles_stay_text(make_index: Callable[..., Index], show: Show) -> None:
    hostile = FIRST.replace("The First", HOSTILE)
    index = make_index(hostile)
    report = check(CHECKED.replace("Made Of Two", HOSTILE), index)
    pages = [
        checked_html(report.tunes, index),
        tune_html(tune(1, index)),
        similar_html([similar(CHECKED.replace("Made Of Two", HOSTILE), index, alignment=True)]),
    ]
    for html in pages:
        page = show(html).open()
        shown = page.texts("h2")[0]
        assert shown.startswith("</script><img src=x onerror=\"document.title = 'ran'\">")
        assert "\u202e" not in page.run("return document.documentElement.textContent")
        assert page.run("return document.querySelectorAll('img').length") == 0
        assert "ran" not in page.tab.title().split("'")[::2]
        play = page.tab.locator("[data-do=play]").first
        play.click()
        assert play.text_content().startswith("Pause </script>")  # type: ignore[union-attr]
        assert page.console() == []
        assert page.requests() == [page.address]


def test_a_tune_of_the_index_has_its_score_and_its_settings(index: Index, show: Show) -> None:
    page = show(tune_html(tune("The Second", index))).open()
    assert page.texts("h2")[0].startswith("The Second")
    assert page.tab.locator(".whole .measure").count() == 5
    assert page.serious() == []


def test_a_similar_tune_is_below_the_one_that_is_asked_about(index: Index, show: Show) -> None:
    varied = FIRST.replace("G 3 G E D", "G 2 A G E D").replace("The First", "The Variation")
    page = show(similar_html([similar(varied, index, alignment=True, limit=1)])).open()
    assert page.texts(".source h4")[0].startswith("The First")
    assert page.tab.locator(".source .measure").count() == 5
    assert page.tab.locator(".source .differs").count() >= 1
    assert page.texts(".source .dir text")
    assert page.serious() == []


def test_a_tune_without_notes_has_no_score(index: Index, show: Show) -> None:
    report = check("M:6/8\nK:Cmaj\n|: z 6 :|", index)
    page = show(checked_html(report.tunes, index)).open()
    assert page.tab.locator("h2").count() == len(report.tunes)
    assert page.console() == []
