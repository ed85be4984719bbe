"""The player of a page in a real browser: what it plays, lights and says, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.reports.browser import Shown
from tests.reports.scores.conftest import REEL, notes_of, page_of, tune, wait_until_played

Open = Callable[..., Shown]

NOTES = [3, 5, 8, 10, 13, 15, 18, 20]
"""The tokens of the notes of REEL."""


IS_IN_SIGHT = """() => {
    const box = document.querySelector("rect.cursor").getBoundingClientRect();
    return box.top >= 0 && box.bottom <= innerHeight;
}"""


def press(page: Shown, *keys: str) -> None:
    for key in keys:
        page.tab.keyboard.press(key)


def focus_notation(page: Shown, number: int = 0) -> None:
    page.tab.locator(".notation").nth(number).focus()


def fast(page: Shown, number: int = 0) -> None:
    """Twice as fast, to wait less."""
    page.tab.locator("[data-do=tempo]").nth(number).fill("200")


def cursor(page: Shown) -> str | None:
    """The bar that has the cursor."""
    bar: str | None = page.run("return document.querySelector('rect.cursor')?.parentNode.id")
    return bar


def status(page: Shown) -> str:
    return page.texts("[role=status]")[-1]


def test_it_plays_with_repeats_and_the_cursor_moves(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    page.tab.get_by_role("button", name="Play The Reel").click()
    assert wait_until_played(page, 3) == notes_of("s1", NOTES[:3])
    assert page.run("return window.contexts.map(context => context.state)") == ["running"]
    assert cursor(page) == "s1-b1"
    assert page.tab.get_by_role("button", name="Pause The Reel").is_visible()
    assert wait_until_played(page, 10) == notes_of("s1", [*NOTES, *NOTES[:2]])
    page.tab.wait_for_function("() => !document.querySelector('.is-playing')")  # it ends
    assert page.run("return window.played") == notes_of("s1", [*NOTES, *NOTES])
    assert page.run("return document.querySelectorAll('.playing').length") == 0
    assert page.console() == []


def test_one_note_at_a_time_is_lit(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    page.tab.get_by_role("button", name="Play The Reel").click()
    for _ in range(10):
        page.tab.wait_for_timeout(60)
        assert page.run("return document.querySelectorAll('.playing').length") <= 1


def test_pause_goes_on_where_it_was_and_stop_goes_to_the_beginning(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    button = page.tab.locator("[data-do=play]")
    button.click()
    wait_until_played(page, 3)
    button.click()
    before = page.run("return window.played")
    page.tab.wait_for_timeout(400)
    assert page.run("return window.played") == before
    assert page.run("return document.querySelectorAll('.playing').length") == 0
    button.click()
    at = NOTES.index(int(before[-1].removeprefix("s1-n")))
    again = wait_until_played(page, len(before) + 2)[len(before) :]
    # On a busy machine the next note may have begun before it could be lit.
    assert again in [notes_of("s1", NOTES[k : k + 2]) for k in (at, at + 1)]
    page.tab.locator("[data-do=stop]").click()
    assert cursor(page) == "s1-b0"
    page.run("window.played.length = 0")
    button.click()
    assert wait_until_played(page, 1) == notes_of("s1", NOTES[:1])


def test_a_click_on_a_note_or_a_bar_plays_from_there(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    page.tab.locator(f"#s1-n{NOTES[3]} .notehead").click()
    assert wait_until_played(page, 1) == notes_of("s1", NOTES[3:4])
    page.tab.locator("[data-do=stop]").click()
    page.run("window.played.length = 0")
    box = page.tab.locator("#s1-b2").bounding_box()
    assert box is not None
    page.tab.mouse.click(box["x"] + 6, box["y"] + box["height"] / 2)  # between the notes
    assert wait_until_played(page, 2) == notes_of("s1", NOTES[4:6])


def test_two_bars_are_looped_by_keys_alone(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    focus_notation(page)
    press(page, "ArrowRight", "l")
    assert status(page) == (
        "The loop begins with part 1, bar 2. Choose its last bar in the same way."
    )
    press(page, "ArrowRight", "L")
    assert status(page) == "Repeats part 1, bar 2 to part 1, bar 3"
    assert page.run("return document.querySelectorAll('rect.loop').length") == 2
    press(page, "Home", " ")
    two = NOTES[2:6]
    assert wait_until_played(page, 10) == notes_of("s1", [*two, *two, *two[:2]])
    press(page, "l")  # switches it off; the tune goes on
    assert status(page) == "Repeats no bars"
    page.run("window.played.length = 0")
    later = {int(name.removeprefix("s1-n")) for name in wait_until_played(page, 5)}
    assert later - set(two)


def test_bars_are_looped_by_the_mouse_and_by_the_two_lists(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    for bar in (3, 2):  # in any order
        page.tab.locator(f"#s1-b{bar} .notehead").first.click(modifiers=["Shift"])
    page.tab.locator("summary", has_text="Loop, count-in").click()
    first, last = (page.tab.locator(f"[data-do={end}]") for end in ("first", "last"))
    last.locator("option").nth(3).wait_for(state="attached")
    assert (first.input_value(), last.input_value()) == ("2", "3")
    assert page.tab.locator("[data-do=loop]").is_checked()
    first.select_option("3")
    page.tab.locator("[data-do=play]").click()
    assert wait_until_played(page, 4) == notes_of("s1", [*NOTES[6:], *NOTES[6:]])


def test_the_list_of_bars_plays_and_says_what_is_in_them(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    page.tab.get_by_text("The bars as a list").click()
    assert page.texts(".bar-list li")[:2] == ["Part 1, bar 1: C 2 D 2", "Part 1, bar 2: E 2 F 2"]
    page.tab.get_by_role("button", name="Part 1, bar 3: G 2 A 2").click()
    assert wait_until_played(page, 1) == notes_of("s1", NOTES[4:5])


def test_only_one_score_plays_at_a_time(listen: Open) -> None:
    page = listen(page_of(tune(REEL), tune(REEL, "Another")))
    page.tab.get_by_role("button", name="Play The Reel").click()
    wait_until_played(page, 1)
    page.tab.get_by_role("button", name="Play Another").click()
    page.tab.wait_for_function("() => window.played.at(-1).startsWith('s2')")
    heard = page.run("return window.played.length")
    after = wait_until_played(page, heard + 3)[heard - 1 :]
    assert all(name.startswith("s2-n") for name in after)
    assert page.texts("[data-do=play]") == ["Play The Reel", "Pause Another"]


def test_it_counts_in_before_it_plays(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    fast(page)
    page.tab.get_by_text("Loop, count-in and keys").click()
    page.tab.get_by_label("Count-in").check()
    started = page.run("return performance.now()")
    page.tab.locator("[data-do=play]").click()
    wait_until_played(page, 1)
    # Two quarters at twice 112 a minute last 0.536 s.
    assert page.run("return performance.now()") - started > 536


def test_another_tempo_or_swing_takes_hold_while_it_plays(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    tempo = page.tab.locator("[data-do=tempo]")
    assert tempo.get_attribute("aria-valuetext") == "100%, 112 beats a minute"
    tempo.fill("40")
    page.tab.locator("[data-do=play]").click()
    wait_until_played(page, 1)
    tempo.fill("200")
    assert tempo.get_attribute("aria-valuetext") == "200%, 224 beats a minute"
    assert page.texts("[data-do=tempo-said]") == ["224 a minute (200%)"]
    page.run("""
        window.at = [];
        new MutationObserver(() => window.at.push(performance.now())).observe(
            document, {subtree: true, attributeFilter: ["class"]});
    """)
    page.tab.get_by_text("Loop, count-in and keys").click()
    page.tab.get_by_label("Swing").check()
    assert wait_until_played(page, 8) == notes_of("s1", NOTES)


@pytest.mark.parametrize(("tokens", "has_swing"), [(REEL, 1), ("M:3/2 K:Cmaj C 4 D 4 E 4", 1),
                                                   ("M:5/8 K:Cmaj C 2 D E 2", 0)])  # fmt: skip
def test_only_tunes_that_are_swung_have_a_switch_for_it(
    tokens: str, has_swing: int, listen: Open
) -> None:
    page = listen(page_of(tune(tokens)))
    assert page.tab.locator("[data-do=swing]").count() == has_swing


def test_keys_are_left_to_fields_and_to_other_elements(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    tempo = page.tab.locator("[data-do=tempo]")
    tempo.focus()
    press(page, "ArrowRight")
    assert tempo.input_value() == "105"
    press(page, "l", "Home")
    assert tempo.input_value() == "40"
    assert cursor(page) is None
    focus_notation(page)
    press(page, "Control+l")
    assert page.run("return document.querySelectorAll('[role=status]')[0].textContent") == ""


def test_all_is_reached_by_tab_and_played_by_space(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    reached = []
    for _ in range(6):
        press(page, "Tab")
        reached.append(
            page.run("const e = document.activeElement; return e.dataset.do || e.className")
        )
    assert reached[:3] == ["play", "stop", "tempo"]
    assert reached[4] == "notation"
    focus_notation(page)
    press(page, " ")
    wait_until_played(page, 1)
    press(page, " ")
    assert page.run("return document.querySelectorAll('.is-playing').length") == 0


def test_bars_are_said_only_when_asked_for_and_not_too_often(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    page.run("""
        window.said = [];
        new MutationObserver(() => window.said.push(
            [performance.now(), document.querySelector("[role=status]").textContent])).observe(
            document.querySelector("[role=status]"), {childList: true, characterData: true});
    """)
    page.tab.locator("[data-do=tempo]").fill("200")
    page.tab.locator("[data-do=play]").click()
    wait_until_played(page, 4)
    assert page.run("return window.said") == []
    page.tab.get_by_text("Loop, count-in and keys").click()
    page.tab.get_by_label("Say each bar").check()
    page.tab.wait_for_function("() => window.said.length >= 2", timeout=10_000)
    said = page.run("return window.said")
    assert all(text.startswith("Playing part 1, bar ") for _, text in said)
    assert all(later - sooner >= 995 for (sooner, _), (later, _) in pairwise(said))


def test_arrows_move_by_bars_and_say_what_is_in_them(listen: Open) -> None:
    page = listen(page_of(tune(REEL)))
    focus_notation(page)
    press(page, "ArrowRight")
    assert (cursor(page), status(page)) == ("s1-b1", "part 1, bar 2: E 2 F 2")
    press(page, "End")  # of what is played: the repeat
    assert cursor(page) == "s1-b3"
    press(page, "ArrowLeft")
    assert cursor(page) == "s1-b2"
    press(page, "Home", "ArrowLeft")
    assert cursor(page) == "s1-b0"


def test_the_page_scrolls_to_what_is_played_unless_one_has_scrolled_away(listen: Open) -> None:
    page = listen(page_of(tune("M:2/4 K:Cmaj " + " | ".join(["C 2 D 2"] * 120))))
    fast(page)
    focus_notation(page)
    for key in ("End", "Home"):
        press(page, key)
        page.tab.wait_for_function(IS_IN_SIGHT)
    press(page, " ")
    wait_until_played(page, 1)
    page.run("scrollTo(0, document.body.scrollHeight)")
    page.tab.wait_for_timeout(200)
    low = page.run("return scrollY")
    wait_until_played(page, 6)
    assert page.run("return scrollY") == low
