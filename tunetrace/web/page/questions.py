"""What the page asks: answers as parts of a page, made in the processes that have the index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tunetrace._version import __version__
from tunetrace.arguments import Reading
from tunetrace.checker.records import CheckedTune, TuneName
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.indexer.index import Index
from tunetrace.reports.markup import environment
from tunetrace.reports.scores.checked import others_of
from tunetrace.score.marks import DASHES
from tunetrace.text import share_in_words
from tunetrace.web.page.files import page_files
from tunetrace.web.page.traced import sheet_for, traced
from tunetrace.web.work import questions
from tunetrace.web.work.answers import File, without_folders

if TYPE_CHECKING:
    from jinja2 import Environment

HTML: Final = "text/html; charset=utf-8"

_TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def templates() -> Environment:
    """The templates of the page."""
    made = environment(_TEMPLATES)
    made.filters["address"] = lambda name: f"/tunes/{quote(name.corpus)}:{name.number}"
    made.filters["file"] = lambda name: f"/files/{name}?{page_files()[name].tag}"
    made.filters["origin"] = without_folders
    made.filters["share"] = share_in_words
    made.globals["version"] = __version__
    return made


def checked(
    index: Index, data: bytes, reading: Reading, *, place: int, width: int, **options: Any
) -> File:
    """What of the tunes in a text is in the index, and one of them with its score.

    place: which of the checked tunes that is, from 1; the last if there are fewer. width: of the
    view, in pixels. options: those of questions.check. Raises ProblemError as it does. The scores
    of its sources come later, by `others`.
    """
    report = questions.check(index, data, reading, **options)
    chosen = report.tunes[min(place, len(report.tunes)) - 1]
    shown = traced(chosen, width)
    quoted = {name.corpus for name in _quoted(chosen)}
    html = templates().get_template("answer.html.jinja").render(
        shown=shown,
        tune=shown.block,
        chosen=chosen,
        tunes=report.tunes,
        set_aside=report.set_aside,
        corpora=[corpus for corpus in index.catalogue.corpora() if corpus.name in quoted],
        dashes=DASHES,
    )  # fmt: skip
    return File(html.encode(), HTML, tuple(quoted))


def others(
    index: Index, data: bytes, reading: Reading, *, place: int, width: int, **options: Any
) -> File:
    """The near copies and the sources of a tune that `checked` shows, with their scores."""
    report = questions.check(index, data, reading, **options)
    chosen = report.tunes[min(place, len(report.tunes)) - 1]
    sheet = sheet_for(width)
    parts = others_of(chosen, index, sheet)
    html = templates().get_template("others.html.jinja").render(
        tune={"id": f"tune-{chosen.place}", "parts": parts}, shapes=sheet.shapes()
    )  # fmt: skip
    return File(html.encode(), HTML, tuple({name.corpus for name in _quoted(chosen)}))


def _quoted(tune: CheckedTune) -> Iterator[TuneName | SimilarTune]:
    """The corpus tunes that are named in what is shown of a tune."""
    for bar in tune.bars or ():
        yield from bar.examples
    for span in tune.spans:
        yield from span.examples
    yield from (*tune.sources, *tune.identical_to, *tune.same_parts)
    yield from tune.near_copies or ()
