"""The first page in a real browser: a tune is pasted, seen, heard, kept as a link, and saved."""

from __future__ import annotations

import json
import os
import re
import signal
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import mido
import pytest
import requests
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.reports.browser import Shown
from tests.reports.scores.conftest import LISTENING, wait_until_played
from tests.web.indexes import SEVERAL
from tests.web.running import many_tunes, running, until
from tunetrace import Index, check
from tunetrace.checker.post import TRANSCRIPTION

Visit = Callable[[str], Shown]

ROOT = Path(__file__).parents[2]

MISTAKE = "X:1\nT:A Mistake\nM:4/4\nL:1/8\nK:C\nG,CC2 G,CEC|G,CEG FDB,D|\n[GABc dedB|\n"
MENDED = MISTAKE.replace("[GABc", "GABc")


GOES_BACK = """() => {
    const tokens = window.played.map((id) => Number(id.split("-n")[1]));
    return tokens.some((token, k) => k > 0 && token < tokens[k - 1]);
}"""
"""Whether an earlier note was lit after a later one."""


def paste(page: Shown, text: str) -> None:
    """Put a text into the field, and trace it."""
    page.tab.get_by_label("A tune in ABC").fill(text)
    page.tab.get_by_role("button", name="Trace it").click()


def traced(page: Shown, text: str = TRANSCRIPTION) -> Shown:
    """The page once a text was traced on it."""
    paste(page, text)
    page.tab.locator("article.traced").wait_for()
    expect(page.tab.locator("#answer")).to_have_attribute("aria-busy", "false")
    expect(page.tab.locator(".others > .state")).to_have_count(0)
    return page


@pytest.fixture
def page(visit: Visit, site: str) -> Shown:
    """The page, opened."""
    return visit(site).open(before=LISTENING)


@pytest.fixture
def answered(page: Shown) -> Shown:
    """The page with the tune of the blog post."""
    return traced(page)


def focused(page: Shown) -> str:
    text: str = page.run("return document.activeElement.textContent")
    return " ".join(text.split())


def lit_notes(page: Shown) -> set[int]:
    """The tokens of the coloured notes that keep their colour."""
    found: list[str] = page.run(
        "return [...document.querySelectorAll(\".whole .note[class*='level-']:not(.unlit)\")]"
        ".map(note => note.id)"
    )
    return {int(id.rpartition("-n")[2].partition("-")[0]) for id in found}


def names_in(page: Shown, selector: str) -> list[str]:
    return page.texts(f"{selector} bdi")


def seen_sources(page: Shown) -> list[str]:
    """The sources whose scores are on the page now."""
    headings = page.tab.locator(".source h4 bdi:visible")
    return [text.strip() for text in headings.all_text_contents()]


def test_the_notation_comes_before_the_numbers_and_what_is_left_out_is_one_sentence(
    page: Shown,
) -> None:
    traced(page, 'X:1\nM:4/4\nL:1/8\nK:C\n"C"G,CC2 {c}G,CEC|~G,CEG FDB,D|\n')
    assert page.tab.locator("ol.spans > li").count() > 0
    facts = page.run(
        "return [...document.querySelectorAll('.traced .facts')].map(one => ["
        "one.textContent.trim(), Boolean(one.compareDocumentPosition("
        "document.querySelector('.whole')) & Node.DOCUMENT_POSITION_FOLLOWING)])"
    )
    above = [text for text, is_above in facts if is_above]
    below = [text for text, is_above in facts if not is_above]
    assert len(above) == 2
    assert "notes" in above[0]
    assert above[1].startswith("As it is compared: 1 chord symbol was left out; 1 grace note was")
    assert below[0].startswith("Its longest span has ")


# The whole story


def test_a_musician_traces_the_tune_of_the_post(page: Shown, site: str, tmp_path: Path) -> None:
    tab = page.tab
    paste(page, TRANSCRIPTION)
    verdict = tab.locator("h2.verdict")
    verdict.wait_for()
    assert tab.locator(".whole .notation .measure").count() == 18
    assert tab.locator(".whole .note.level-1, .whole .note.level-2").count() > 0

    # Click bar 1, read its sources.
    tab.locator("#s1-b1 .notehead").first.click()
    panel = tab.get_by_role("region", name="What you chose")
    expect(panel.get_by_role("heading")).to_contain_text("Part 1, bar 1")
    assert "Found in 3 tunes, 5 times; in 3 of them as the same bar." in panel.inner_text()
    links = panel.get_by_role("link")
    assert [link.get_attribute("href") for link in links.all()[:3]] == [
        "/tunes/post:10", "/tunes/post:11", "/tunes/post:12",
    ]  # fmt: skip
    assert page.run("return window.played") == []  # a click is no playing

    # Play from there, and see the cursor move.
    tab.locator("[data-do=tempo]").first.fill("200")
    tab.get_by_role("button", name="Play from here").click()
    first = [int(name.rpartition("-n")[2]) for name in wait_until_played(page, 9)]
    assert first[:1] == [4]  # M:4/4 K:Cmaj B, | G,
    assert page.run("return document.querySelector('rect.cursor').parentNode.id") == "s1-b2"
    tab.locator(".whole [data-do=stop]").click()

    # Loop two bars.
    tab.locator(".whole summary", has_text="Loop").click()
    tab.locator(".whole [data-do=first]").select_option("1")
    tab.locator(".whole [data-do=last]").select_option("2")
    tab.locator(".whole [data-do=loop]").check()
    page.run("window.played.length = 0")
    tab.locator(".whole [data-do=play]").click()
    tab.wait_for_function(GOES_BACK)
    heard = {int(name.rpartition("-n")[2]) for name in page.run("return window.played")}
    assert heard <= set(range(4, 21))  # the tokens of bars 1 and 2
    tab.locator(".whole [data-do=stop]").click()

    # Search the bar, and continue it.
    onward = open_in_new_tab(page, panel.get_by_role("link", name="What comes next"))
    expect(onward.get_by_role("heading", name="What comes next")).to_be_visible()
    assert onward.get_by_label("Figure", exact=True).input_value() == "G, C C 2 G, C E C"
    onward.locator("a.step").first.click()
    onward.wait_for_url("**/figures?*")
    longer = onward.get_by_label("Figure", exact=True).input_value()
    assert longer.startswith("G, C C 2 G, C E C ")
    onward.close()

    # A permanent link in a new tab.
    other = tab.context.new_page()
    other.goto(tab.url)
    expect(other.locator("h2.verdict")).to_have_text(verdict.inner_text())
    assert other.get_by_label("A tune in ABC").input_value() == TRANSCRIPTION
    other.close()

    # Drop a file.
    drop(page, ROOT / "examples" / "duet.musicxml")
    expect(tab.locator(".eyebrow")).to_have_text("The Two Brooks")
    assert "T:The Two Brooks" in tab.get_by_label("A tune in ABC").input_value()
    expect(tab.locator("#remarks")).to_contain_text("Voice Fiddle (4 bars) was left out.")

    # Meet an error, and mend it.
    paste(page, MISTAKE)
    said = tab.get_by_role("alert")
    expect(said).to_have_text(
        "Line 7, column 1: the chord opened with '[' is never closed; add ']' before the bar line."
    )
    assert selected(page) == "[GABc dedB|"
    paste(page, MENDED)
    expect(tab.locator(".eyebrow")).to_have_text("A Mistake")
    expect(said).to_have_text("")

    assert page.console() == []
    assert [address for address in page.requests() if not address.startswith((site, "blob:"))] == []
    assert tab.context.cookies() == []
    assert page.run("return localStorage.length + sessionStorage.length") == 0


def test_all_of_it_by_keyboard_alone(page: Shown) -> None:
    tab, keys = page.tab, page.tab.keyboard
    tab_to(page, "A tune in ABC")
    keys.insert_text(MISTAKE)
    keys.press("Control+Enter")
    expect(tab.get_by_role("alert")).to_contain_text("Line 7, column 1")
    assert selected(page) == "[GABc dedB|"
    keys.insert_text("GABc dedB|")  # in place of the selected line
    keys.press("Control+Enter")
    expect(tab.locator(".eyebrow")).to_have_text("A Mistake")
    assert page.run("return document.activeElement.className") == "verdict"

    keys.press("Tab")
    assert focused(page) == "Two"  # the tune that it may be a setting of
    keys.press("Tab")
    assert focused(page) == "Copy link"
    assert tab.title() == "A Mistake – Where does a tune come from? – tunetrace"
    tab_to(page, "Notation of A Mistake")
    keys.press("ArrowRight")
    keys.press("Enter")
    panel = tab.get_by_role("region", name="What you chose")
    expect(panel.get_by_role("heading")).to_contain_text("Part 1, bar 2")
    keys.press("ArrowLeft")
    keys.press("Enter")
    expect(panel.get_by_role("heading")).to_contain_text("Part 1, bar 1")
    keys.press("l")
    keys.press("ArrowRight")
    keys.press("l")
    assert page.texts("[role=status]")[-1] == "Repeats part 1, bar 1 to part 1, bar 2"
    keys.press(" ")
    wait_until_played(page, 2)
    keys.press(" ")
    tab_to(page, "Play from here")
    keys.press("Enter")
    wait_until_played(page, 4)
    tab_to(page, "Show all")
    keys.press("Enter")
    expect(panel).to_contain_text("Click a note or a bar")
    assert page.run("return document.activeElement.className") == "notation"
    assert page.console() == []


def open_in_new_tab(page: Shown, link: Locator) -> Page:
    """The page that a link leads to, in a tab of its own."""
    with page.tab.context.expect_page() as opening:
        link.click(modifiers=["Control"])
    opened: Page = opening.value
    opened.wait_for_load_state()
    return opened


def tab_to(page: Shown, name: str) -> None:
    """Press Tab until the element that has this name has the focus."""
    for _ in range(80):
        page.tab.keyboard.press("Tab")
        has = page.run(
            """const e = document.activeElement;
               const name = e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent;
               return name.trim().startsWith(arguments[0]);""",
            name,
        )
        if has:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def selected(page: Shown) -> str:
    """What is selected in the field, which has the focus."""
    text: str = page.run("""
        const field = document.activeElement;
        return field.id === "tune" && field.value.slice(field.selectionStart, field.selectionEnd);
    """)
    return text


def drop(page: Shown, file: Path) -> None:
    """Drop a file on the page."""
    page.run(
        """const given = new DataTransfer();
           given.items.add(new File([new Uint8Array(arguments[0])], arguments[1]));
           for (const name of ["dragover", "drop"]) {
             const options = {dataTransfer: given, bubbles: true, cancelable: true};
             document.body.dispatchEvent(new DragEvent(name, options));
           }""",
        list(file.read_bytes()),
        file.name,
    )


# Linked both ways


def test_a_coloured_note_leads_to_its_passage_and_only_its_sources_stay(answered: Shown) -> None:
    page = answered
    every = seen_sources(page)
    assert len(every) > 1
    everywhere = lit_notes(page)
    note = min(everywhere)
    page.tab.locator(f"[id='s1-n{note}'] .notehead").first.click()
    stay = seen_sources(page)
    assert 0 < len(stay) <= len(every)
    numbers = page.run("""return [...document.querySelectorAll(".spans .chosen")]
        .map(item => [item.dataset.span, Number(item.dataset.first), Number(item.dataset.stop)])""")
    assert all(first <= note < stop for _, first, stop in numbers)
    inside = {n for n in everywhere if any(first <= n < stop for _, first, stop in numbers)}
    assert lit_notes(page) == inside < everywhere
    spans = {number for number, *_ in numbers}
    assert stay == [
        name
        for name, has in page.run("""
            const sources = [...document.querySelectorAll(".source[data-spans]")];
            const name = (source) => source.querySelector("h4 bdi").textContent.trim();
            return sources.map((source) => [name(source), source.dataset.spans.split(" ")]);
        """)
        if spans & set(has)
    ]
    page.tab.keyboard.press("Escape")
    assert (seen_sources(page), lit_notes(page)) == (every, everywhere)


def test_a_source_lights_its_passages_alone(answered: Shown) -> None:
    page = answered
    source = page.tab.locator(".source[data-spans]").nth(1)
    name = source.locator("h4 bdi").inner_text()
    numbers = set((source.get_attribute("data-spans") or "").split())
    button = source.get_by_role("button", name="Show its passages")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert seen_sources(page) == [name]
    lit = page.run("""return [...document.querySelectorAll("a.mark.chosen")]
        .map(mark => mark.dataset.span)""")
    assert set(lit) <= numbers
    assert lit
    panel = page.tab.get_by_role("region", name="What you chose")
    expect(panel.get_by_role("heading")).to_contain_text(name)
    panel.get_by_role("button", name="Go to its score").click()
    assert focused(page).startswith(name)
    button.click()
    assert len(seen_sources(page)) > 1
    expect(panel).to_contain_text("Click a note or a bar")


def test_a_bar_of_the_list_is_the_same_choice_as_one_of_the_staff(answered: Shown) -> None:
    page = answered
    page.tab.get_by_role("button", name="Part 1, bar 2:").click()
    panel = page.tab.get_by_role("region", name="What you chose")
    expect(panel.get_by_role("heading")).to_contain_text("Part 1, bar 2 G, C E G F D B, D")
    assert "Found in 3 tunes, 4 times." in panel.inner_text()
    assert page.run("return document.querySelector('rect.cursor').parentNode.id") == "s1-b2"
    assert page.run("return window.played") == []


def test_a_double_click_plays_from_a_note(answered: Shown) -> None:
    answered.tab.locator("#s1-b3 .notehead").nth(2).dblclick()
    tokens = [int(name.rpartition("-n")[2]) for name in wait_until_played(answered, 1)]
    assert (
        answered.run("return document.querySelector('.playing').closest('.measure').id") == "s1-b3"
    )
    assert tokens == [24]


def test_the_bars_are_listed_with_their_counts(answered: Shown, post_db: Path) -> None:
    (tune,) = check(TRANSCRIPTION, post_db).tunes
    assert tune.bars is not None
    counts = [f"in {bar.tunes} tune{'s' * (bar.tunes != 1)}" if bar.tunes else "in no tune"
              for bar in tune.bars]  # fmt: skip
    assert answered.texts(".whole .bar-count") == counts
    assert answered.texts("h2.verdict") == [tune.verdict.text]


def test_a_bar_is_searched_in_the_key_that_it_is_written_in(page: Shown, post_db: Path) -> None:
    traced(page, "X:1\nM:4/4\nL:1/8\nK:G\nDGG2 DGBG|[GB]4 (3GABz2|z8|\n")
    page.tab.locator("#s1-b0 .notehead").first.click()
    link = page.tab.get_by_role("link", name="Search this bar").get_attribute("href")
    assert link == "/figures?q=DGG2DGBG&in=Gmaj"
    with Index(post_db) as index:
        assert index.figure("DGG2DGBG", in_key="Gmaj").tunes == 3
    page.tab.get_by_role("button", name="Part 1, bar 3:").click()
    assert page.tab.get_by_role("link", name="Search this bar").count() == 0


# Several tunes, links, files


def test_one_of_several_tunes_is_chosen(page: Shown) -> None:
    traced(page, SEVERAL)
    assert page.texts(".picker h2") == ["2 tunes. Choose one to see it."]
    assert page.texts(".aside li") == [
        "The Second, line 13: the chord opened with '[' is never closed; add ']' before the bar "
        "line"
    ]
    assert page.texts(".eyebrow") == ["The First"]
    page.tab.locator(".picker button").nth(1).click()
    title = "The Third <img src=x onerror=alert(1)>"
    expect(page.tab.locator(".eyebrow")).to_have_text(title)
    assert page.tab.locator(".picker button").nth(1).get_attribute("aria-current") == "true"
    assert page.console() == []


def test_the_address_holds_the_tune_and_the_history_leads_back(page: Shown, site: str) -> None:
    traced(page, MENDED)
    first = page.tab.url
    assert first.startswith(f"{site}/#tune=")
    traced(page)
    assert page.tab.url != first
    assert len(page.tab.url) < len(TRANSCRIPTION)
    page.tab.go_back()
    expect(page.tab.locator(".eyebrow")).to_have_text("A Mistake")
    assert page.tab.get_by_label("A tune in ABC").input_value() == MENDED
    page.tab.go_back()
    expect(page.tab.locator("article")).to_have_count(0)
    page.tab.go_forward()
    expect(page.tab.locator(".eyebrow")).to_have_text("A Mistake")


_DEFLATE = zlib.compressobj(9, wbits=-15)
BOMB = "#tune=" + urlsafe_b64encode(
    _DEFLATE.compress(b"X:1\nK:C\n" + b"C" * 50_000_000 + b"|\n") + _DEFLATE.flush()
).decode().rstrip("=")
"""A link of 65 kB that holds 50 MB."""


@pytest.mark.parametrize(
    "fragment",
    ["#tune=%%%", "#tune=AAAA", "#tune=q1bKLEnNVbJSKs9ILVLSUcpLzE1VsgLR", "#tune=", BOMB],
)
def test_a_damaged_link_is_said(fragment: str, visit: Visit, site: str) -> None:
    page = visit(f"{site}/{fragment}").open()
    expect(page.tab.get_by_role("alert")).to_contain_text("This link is damaged")
    paste(page, MENDED)
    expect(page.tab.locator(".eyebrow")).to_have_text("A Mistake")
    assert page.console() == []


def test_a_place_in_the_page_leaves_the_tune_in_the_address(answered: Shown) -> None:
    before = answered.tab.url
    answered.tab.locator("a.skip").focus()
    answered.tab.keyboard.press("Enter")
    assert answered.tab.url == before
    assert answered.run("return document.activeElement.id") == "main"


def test_the_link_is_copied(answered: Shown) -> None:
    answered.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answered.tab.get_by_role("button", name="Copy link").click()
    expect(answered.tab.locator(".saved")).to_contain_text("The link is copied")
    assert answered.tab.evaluate("navigator.clipboard.readText()") == answered.tab.url


def test_a_link_that_cannot_be_copied_is_shown(answered: Shown) -> None:
    answered.run("navigator.clipboard.writeText = () => Promise.reject(new Error())")
    answered.tab.get_by_role("button", name="Copy link").click()
    field = answered.tab.get_by_label("The link to this tune")
    assert field.input_value() == answered.tab.url


@pytest.mark.parametrize(
    ("format", "ending"),
    [("SVG", "svg"), ("PDF", "pdf"), ("MIDI", "mid"), ("MusicXML", "musicxml"), ("ABC", "abc"),
     ("JSON", "json")],
)  # fmt: skip
def test_the_tune_is_saved_as_a_file(format: str, ending: str, page: Shown, tmp_path: Path) -> None:
    traced(page, MENDED.replace("A Mistake", "Ríl / na gCat"))
    page.tab.get_by_text("Download").click()
    with page.tab.expect_download() as saving:
        page.tab.get_by_role("button", name=format, exact=format != "JSON").click()
    assert saving.value.suggested_filename == f"Ríl-na-gCat.{ending}"
    path = tmp_path / f"tune.{ending}"
    saving.value.save_as(path)
    if ending == "pdf":
        assert "Ríl / na gCat" in PdfReader(path).pages[0].extract_text()
    elif ending == "mid":
        notes = [m for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity]
        assert [note.note for note in notes[:3]] == [55, 60, 60]
    elif ending == "json":
        assert json.loads(path.read_text())["tunes"][0]["title"] == "Ríl / na gCat"
    else:
        begins = {"svg": "<svg ", "musicxml": "<score-partwise", "abc": "X:1\nT:Ríl / na gCat\n"}
        assert begins[ending] in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["kesh.abc", "post.txt", "duet.musicxml", "played.mid"])
def test_a_file_is_opened(name: str, page: Shown) -> None:
    with page.tab.expect_file_chooser() as choosing:
        page.tab.get_by_role("button", name="Open a file").click()
    choosing.value.set_files(ROOT / "examples" / name)
    page.tab.locator("h2.verdict").wait_for()
    assert page.console() == []


def test_a_tune_is_drawn_from_the_model(page: Shown) -> None:
    page.tab.get_by_role("button", name="Draw a tune from the model").click()
    page.tab.locator("h2.verdict").wait_for(timeout=60_000)
    assert "T:" in page.tab.get_by_label("A tune in ABC").input_value()
    assert page.console() == []


def test_a_file_of_the_page_is_kept_until_it_changes(site: str) -> None:
    tagged = re.findall(r'src="(/files/trace\.js\?\w+)"', requests.get(site, timeout=60).text)
    kept = requests.get(site + tagged[0], timeout=60)
    assert "immutable" in kept.headers["Cache-Control"]
    # A module that it imports has no tag in its address, and is asked for again.
    other = requests.get(f"{site}/files/trace-link.js", timeout=60)
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    same = {"If-None-Match": other.headers["ETag"]}
    assert requests.get(f"{site}/files/trace-link.js", headers=same, timeout=60).status_code == 304
    assert requests.get(f"{site}/files/..%2Froutes.py", timeout=60).status_code == 404


def test_an_example_is_traced(page: Shown) -> None:
    page.tab.get_by_role("button", name="the tune of the blog post").click()
    page.tab.locator("h2.verdict").wait_for()
    assert page.tab.get_by_label("A tune in ABC").input_value() == TRANSCRIPTION


# What goes wrong


def test_an_empty_field_is_said_without_asking(page: Shown) -> None:
    paste(page, "  \n")
    expect(page.tab.get_by_role("alert")).to_have_text(
        "Paste or type a tune first, or open a file."
    )
    assert not [address for address in page.requests() if "/view/" in address]


def is_told(page: Shown, said: str | re.Pattern[str]) -> None:
    """The page says this of what it asked, and waits no longer."""
    expect(page.tab.get_by_role("alert")).to_have_text(said)
    assert page.tab.locator("#answer").get_attribute("aria-busy") == "false"


def test_a_tune_that_is_too_long_is_said(page: Shown) -> None:
    paste(page, many_tunes(1, bars=1300).decode())
    is_told(page, re.compile(r"The tune has 11,\d{3} tokens; give one of at most 10,000\."))


def test_a_question_that_takes_too_long_is_said(visit: Visit, post_db: Path) -> None:
    with running(post_db, "--most-seconds", "0.0001") as service:
        page = visit(service.url).open()
        paste(page, TRANSCRIPTION)
        is_told(page, "This took too long. Send a shorter tune, or fewer at once.")


def test_a_service_that_is_busy_is_said(visit: Visit, post_db: Path) -> None:
    with running(post_db, "--most-waiting", "1") as service, service.connect() as other:
        page = visit(service.url).open()
        (worker,) = service.workers()
        os.kill(worker, signal.SIGSTOP)
        other.sendall(b"GET /api/figure?q=C HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: b"\ntunetrace_questions_waiting 1.0" in service.ask("/metrics").body)
        paste(page, TRANSCRIPTION)
        is_told(page, "The service is busy. Ask again in a few seconds.")
        os.kill(worker, signal.SIGCONT)


def test_a_service_that_has_gone_is_said(visit: Visit, post_db: Path) -> None:
    with running(post_db) as service:
        page = visit(service.url).open()
    paste(page, TRANSCRIPTION)
    expect(page.tab.get_by_role("alert")).to_have_text(
        "The service cannot be reached. Look at your connection, and ask again."
    )
    assert page.tab.get_by_label("A tune in ABC").input_value() == TRANSCRIPTION


def test_a_newer_question_cancels_the_older_one(page: Shown) -> None:
    slow = "X:1\nT:Slow\nM:4/4\nL:1/8\nK:C\n" + "GABc d2ef|gfed cBAG|\n" * 200
    paste(page, slow)
    assert page.tab.locator("#state").inner_text() == "Tracing the tune …"
    traced(page, MENDED)
    page.tab.wait_for_timeout(300)
    assert page.texts(".eyebrow") == ["A Mistake"]
    assert page.texts("#state") == [""]
    assert page.console() == []
