"""The page's section of near copies, in a browser: two tunes bar under bar, what differs named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import tunetrace
from tests.checker.batches import checked, near, same
from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, parts, written
from tests.commands import KESH, MORRISONS, index_of
from tests.reports.browser import Shown
from tests.reports.conftest import html_of
from tunetrace import CheckedTune, Index, open_index
from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.records import TuneName
from tunetrace.checker.similar.records import DifferenceKind
from tunetrace.reports.page.near_copies import NAMES, describe_near, near_order

Show = Callable[[str], Shown]

NOTHING = "X:9\nT:Nothing\nM:4/4\nL:1/8\nK:C\nC8|B,8|\n"


@pytest.fixture(scope="module")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = index_of(tmp_path_factory.mktemp("near"), WASHERWOMAN, MAGGIE, KESH, MORRISONS)
    with open_index(path) as opened:
        yield opened


def checked_as(index: Index, *texts: str, **options: bool) -> list[CheckedTune]:
    """Tunes as a batch, in this order."""
    named = [re.sub(r"^X:\d+\n", f"X:{k}\nT:Number {k}\n", t) for k, t in enumerate(texts, 1)]
    return list(tunetrace.check("\n".join(named), index, **options).tunes)


@pytest.fixture(scope="module")
def batch(tunes: Index) -> list[CheckedTune]:
    """An octave higher; with another ending; nothing; the same; in another key and mode."""
    return checked_as(
        tunes,
        written(WASHERWOMAN, higher(7)),
        written(WASHERWOMAN, lambda line: line.replace("BGG G3", "AFD G3")),
        NOTHING,
        MAGGIE.replace("T:Drowsy Maggie\n", ""),
        written(MAGGIE, str, key="D"),
    )


def near_page(answers: Sequence[CheckedTune], index: Index, show: Show, **limits: int) -> Shown:
    return show(html_of(answers, index, named_from=0.9, **limits)).open()


def rows_of(page: Shown, article: str) -> list[list[tuple[str, str, str]]]:
    """The bars of an article: for each group of notes the upper and lower text, and its name."""
    script = """return [...document.querySelectorAll(arguments[0] + ' .bar')].map(bar =>
        [...bar.querySelectorAll('.notes')].map(n => [n.children[0].textContent,
        n.children[1].tagName === 'SMALL' ? '' : n.children[1].textContent,
        n.querySelector('small')?.textContent ?? '']))"""
    return [[tuple(group) for group in bar] for bar in page.run(script, article)]


def test_the_most_probable_come_first_and_the_same_tunes_last(
    batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    page = near_page(batch, tunes, show)
    order = sorted((t for t in batch if t.near_copies), key=near_order, reverse=True)
    places = [f"no. {tune.place}" for tune in order]
    assert page.texts("#near-copies article .place") == places
    assert sorted(places[:-1]) == ["no. 1", "no. 2", "no. 5"]
    assert places[-1] == "no. 4"  # which is a corpus tune
    first = near_page(batch, tunes, show, near_copies=2)
    assert first.texts("#near-copies article .place") == places[:2]
    said = re.sub(r"\s+", " ", first.texts("#near-copies > p")[0])
    assert "Of the 4 transcriptions with a near copy, the 2 with the most probable ones" in said


def test_of_equally_probable_ones_the_earlier_comes_first() -> None:
    copies = (near(1),)
    found = [
        checked(place=1, near_copies=copies, similarity=0.97),
        checked(place=2, near_copies=copies, similarity=0.98),
        checked(place=3, near_copies=copies, similarity=0.98),
        checked(place=4, near_copies=copies, similarity=1.0, identical_to=(same(1),)),
    ]
    in_order = sorted(found, key=near_order, reverse=True)
    assert [tune.place for tune in in_order] == [2, 3, 1, 4]


def test_an_octave_higher_every_note_lies_over_the_same_note(
    batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    page = near_page(batch, tunes, show)
    article = "#near-1"
    assert page.texts(f"{article} .said") == [
        "This is The Irish Washerwoman (session:1), an octave higher."
    ]
    assert "raised by an octave" in page.texts(f"{article} .facts")[-1]
    bars = rows_of(page, article)
    assert len(bars) == 16
    assert bars[0] == [(note, note, "") for note in ("b", "g", "g", "d", "g", "g")]
    assert all(above == below and not name for bar in bars for above, below, name in bar)
    assert not page.texts(f"{article} mark")
    shown = "return document.querySelector(arguments[0]).dataset.under"
    assert page.run(shown, f"{article} .bar") == ""  # the same bar of the same part


def test_what_differs_is_marked_underlined_and_named(
    batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    page = near_page(batch, tunes, show)
    marked = [
        (k, group) for k, bar in enumerate(rows_of(page, "#near-2"), 1) for group in bar if group[2]
    ]
    assert [(k, "".join(g[0].split()), "".join(g[1].split())) for k, g in marked] == [
        (8, "AFD", "BGG"),
        (16, "AFD", "BGG"),
    ]
    assert {group[2] for _, group in marked} == {"ending"}
    line = "const s = getComputedStyle(document.querySelector('#near-2 mark')); return "
    assert page.run(f"{line}s.borderBottomStyle") == "solid"
    assert page.run(f"{line}parseFloat(s.borderBottomWidth)") >= 2
    names, meanings = (page.texts(f".differences {tag}") for tag in ("dt", "dd"))
    assert dict(zip(names, meanings, strict=True))["ending"] == NAMES["ending"][1]
    used = {name for k in (1, 2, 4, 5) for bar in rows_of(page, f"#near-{k}") for *_, name in bar}
    assert set(names) == used - {""}


def test_parts_in_another_order_lie_over_their_own_bars(tunes: Index, show: Show) -> None:
    one, two = parts(WASHERWOMAN)
    swapped = written(WASHERWOMAN, {one: two, two: one}.__getitem__)
    page = near_page(checked_as(tunes, swapped), tunes, show)
    script = "return [...document.querySelectorAll('#near-1 .bar')].map(b => b.dataset.under)"
    assert page.run(script) == [
        *(f"2.{bar}" for bar in range(1, 9)),
        *(f"1.{bar}" for bar in range(1, 9)),
    ]


def test_what_lies_under_nothing_is_said(tunes: Index, show: Show) -> None:
    """The second part of the tune is missing, and there is one that it does not have."""
    one, two = parts(MAGGIE)
    new = "|:cBAc BGBd|fedf ecAc|dAFA GBdg|fafd ecAc:|"
    text = written(MAGGIE, {one: higher(7)(one), two: new}.__getitem__)
    (answer,) = checked_as(tunes, text)
    assert answer.near_copies
    page = near_page([answer], tunes, show)
    bars = rows_of(page, "#near-1")
    assert all(name == "" for bar in bars[:8] for *_, name in bar)
    assert all(group[1:] == ("", "not in it") for bar in bars[8:] for group in bar)
    assert "not below the transcription (part.bar): 2.1" in page.texts("#near-1 .note")[-1]


def test_the_table_has_the_probability_and_leads_to_the_bars(
    batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    page = near_page(batch, tunes, show)
    heads = page.texts("th[data-field] button")
    column = heads.index("near copy") + 1
    rows = dict(
        zip(
            page.texts(".rows td:nth-child(1)"),
            page.texts(f".rows td:nth-child({column})"),
            strict=True,
        )
    )
    for tune in batch:
        assert tune.similarity is not None
        assert rows[str(tune.place)].startswith(tunetrace.text.share(tune.similarity))
    links = page.run(
        "return [...document.querySelectorAll('.rows td.named a')].map(a => a.hash).sort()"
    )
    assert links == ["#near-1", "#near-2", "#near-4", "#near-5"]
    page.run("document.querySelector('th[data-field=similarity] button').click()")
    shares = page.texts(f".rows td:nth-child({column})")
    assert shares[-1].startswith(rows["3"])


def test_a_most_similar_tune_that_is_not_the_nearest_is_named_in_the_table(
    tunes: Index, show: Show
) -> None:
    """The nearest tune has the same part; the near copy is a tune of the index too."""
    both = checked(
        near_copies=(near(2, "Drowsy Maggie", part=0),),
        same_parts=(same(1, "The Irish Washerwoman"),),
        similarity=0.97,
        most_similar=TuneName.of(near(2, "Drowsy Maggie", part=0)),
    )
    page = near_page([both], tunes, show, near_copies=0)
    assert page.texts(".rows td.named .reference") == ["session:102"]
    filtered = (
        "const filter = document.getElementById('filter'); filter.value = arguments[0]; "
        "filter.dispatchEvent(new Event('input')); "
        "return document.querySelectorAll('.rows tbody tr').length"
    )
    assert page.run(filtered, "drowsy") == 1
    assert page.run(filtered, "maggie of another") == 0


def test_it_is_said_how_similar_real_tunes_are(tunes: Index) -> None:
    (tune,) = checked_as(tunes, written(WASHERWOMAN, higher(7)))

    def said(**below: float) -> str | None:
        standing = Percentiles(120, "6/8", 72, 128, below)
        return describe_near(replace(tune, standing=standing), tunes).standing

    assert said(similarity=0.975) == (
        "It is more similar to a corpus tune than 98% of 120 real tunes in 6/8 with 72 to 128 "
        "notes are to another tune."
    )
    assert said(longest_notes=0.5) is None
    assert describe_near(tune, tunes).standing is None


def test_every_kind_of_difference_has_a_name() -> None:
    assert set(NAMES) == set(get_args(DifferenceKind))
    assert len({name for name, _ in NAMES.values()}) == len(NAMES)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_two_tunes_lie_under_one_another_on_every_screen(
    width: int, batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    page = show(html_of(batch, tunes, named_from=0.9)).open(width=width)
    assert page.run("return document.documentElement.scrollWidth") <= width
    wrong = page.run(
        """return [...document.querySelectorAll('#near-copies .notes')].filter(n => {
        const [a, b] = [...n.children].map(c => c.getBoundingClientRect());
        const bar = n.closest('.bar').getBoundingClientRect();
        return Math.abs(a.left - b.left) > 0.5 || b.top < a.bottom - 0.5 || a.right > bar.right + 1;
        }).length"""
    )
    assert wrong == 0
    assert page.console() == []
    assert all(url.startswith("file:") for url in page.requests())


@pytest.mark.parametrize("is_dark", [False, True])
def test_axe_finds_nothing_serious(
    is_dark: bool, batch: list[CheckedTune], tunes: Index, show: Show
) -> None:
    html = html_of(batch, tunes, named_from=0.9, most_copied=0)
    assert show(html).open(is_dark=is_dark, width=360).serious() == []


def test_a_verbatim_report_has_nothing_of_it(tunes: Index, show: Show) -> None:
    answers = checked_as(tunes, written(WASHERWOMAN, higher(7)), verbatim=True)
    html = html_of(answers, tunes)
    page = show(html).open()
    assert page.texts("#near-copies") == []
    assert "near copy" not in page.run("return document.body.innerText").lower()
    assert "near copies" not in page.run("return document.body.innerText").lower()
    assert "similarity" not in page.run("return document.getElementById('rows').textContent")


def test_without_any_near_copy_the_page_says_so(tunes: Index, show: Show) -> None:
    page = near_page(checked_as(tunes, NOTHING), tunes, show)
    assert page.texts("#near-copies > p")[-1] == (
        "None: no transcription has a near copy of this probability."
    )


def test_names_from_files_are_shown_as_they_are(tmp_path: Path, show: Show) -> None:
    """Titles may look like markup, here and in the index."""
    title = "<script>alert(1)</script>\u202e"
    path = index_of(tmp_path, WASHERWOMAN.replace("The Irish Washerwoman", title), MAGGIE)
    with open_index(path) as opened:
        answers = checked_as(opened, written(WASHERWOMAN, higher(7)))
        page = near_page(answers, opened, show)
        shown = title.replace("\u202e", "\ufffd")
        assert page.texts("#near-1 .said") == [f"This is {shown} (session:1), an octave higher."]
        assert page.console() == []


def test_a_long_tune_is_cut_with_its_near_copy(tmp_path: Path) -> None:
    """Some thousand bars: the page shows the first of them."""
    body = "|".join(line for k in range(300) for line in (parts(MAGGIE)[k % 2][2:-2],))
    path = index_of(tmp_path, MAGGIE, f"X:2\nT:Long\nM:4/4\nL:1/8\nK:Edor\n{body}|\n")
    with open_index(path) as opened:
        text = f"X:1\nM:4/4\nL:1/8\nK:Edor\n{higher(7)(body)}|\n"
        (answer,) = tunetrace.check(text, opened).tunes
        assert answer.near_copies
        found = describe_near(answer, opened)
        assert found.is_cut
        tokens = sum(
            len(notes.text.split()) + len(notes.other.split())
            for part in found.parts
            for bar in part.bars
            for notes in bar.notes
        )
        assert 4_000 < tokens <= 5_000
