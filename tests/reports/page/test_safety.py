"""The page of a report made of hostile files, in a real browser: what they hold stays text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.checker.batches import checked, same, source, span, transcription
from tests.reports.browser import Shown
from tests.reports.conftest import html_of
from tunetrace import Index
from tunetrace.checker.records import Verdict
from tunetrace.corpus.records import Rejected
from tunetrace.reports.markup import web_link

Show = Callable[[str], Shown]

HOSTILE = (
    "<script>document.title = 'ran'</script>",
    "</script><img src=x onerror=\"document.title = 'ran'\">",
    "\" onmouseover='document.title = 1' x=\"",
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }} \u202etxt.exe\u2028 \x00\x1b[31m & &lt;",
)


def hostile_page(index: Index) -> str:
    tunes = [
        checked(
            place=place,
            transcription=replace(transcription(text, meter=text), original_key=text),
            identical_to=(
                replace(same(1, text), corpus=text, link="javascript:document.title='ran'"),
            ),
            verdict=Verdict("whole", text),
            sources=(replace(source(1, 5.0, text), corpus=text, link=f"https://e.org/{place}"),),
            spans=(span(),),
        )
        for place, text in enumerate(HOSTILE, 1)
    ]
    rejected = [Rejected(text, 1, 2, text, text, 3, text) for text in HOSTILE]
    name = "</title><script>document.title = 'ran'</script>"
    return html_of([*tunes, *rejected], index, name=name, words=HOSTILE, other=tunes)


def test_what_files_hold_stays_text_and_runs_nothing(index: Index, show: Show) -> None:
    page = show(hostile_page(index)).open()
    assert page.tab.title().startswith("</title><script>document.title = 'ran'</script>: what")
    assert page.run("return document.querySelectorAll('img, iframe, object, base').length") == 0
    scripts = page.run("return [...document.scripts].map(s => s.type)")
    assert scripts == ["application/json", ""]
    handlers = (
        "return [...document.querySelectorAll('*')].filter(e => [...e.attributes]"
        ".some(a => a.name.startsWith('on') || a.name == 'style')).length"
    )
    assert page.run(handlers) == 0
    assert page.console() == []
    # The titles are read as they are, what is no character aside.
    assert page.texts(".rows td.title")[:4] == [text.strip() for text in HOSTILE[:4]]
    words = page.texts(".lead, .words p")
    assert words[:4] == list(HOSTILE[:4])
    plain = "{{ 7 * 7 }} \ufffdtxt.exe\ufffd \ufffd\ufffd[31m & &lt;"
    assert words[4] == plain
    assert page.texts(".rows td.title")[4] == plain


def test_only_links_to_the_web_are_links(index: Index, show: Show) -> None:
    page = show(hostile_page(index)).open()
    links = page.run("return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    leading_out = {link for link in links if not link.startswith("#")}
    assert leading_out == {f"https://e.org/{place}" for place in range(1, 6)}


@pytest.mark.parametrize(
    ("link", "is_link"),
    [
        ("https://thesession.org/tunes/2", True),
        ("HTTP://thesession.org/tunes/2", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" https://thesession.org", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//thesession.org", False),
        ("https:", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_a_link_is_http_or_none(link: str | None, is_link: bool) -> None:
    assert web_link(link) == (link if is_link else None)
