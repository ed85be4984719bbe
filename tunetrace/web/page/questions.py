"""What the page asks: answers as parts of a page, made in the processes that have the index."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tunetrace._version import __version__
from tunetrace.arguments import Reading
from tunetrace.indexer.index import Index
from tunetrace.reports.markup import environment
from tunetrace.reports.scores.checked import checked_block
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.score.marks import DASHES
from tunetrace.web.page.files import FOLDER, page_files
from tunetrace.web.work import questions
from tunetrace.web.work.answers import File

if TYPE_CHECKING:
    from jinja2 import Environment

HTML: Final = "text/html; charset=utf-8"


@cache
def templates() -> Environment:
    """The templates of the page."""
    made = environment(FOLDER)
    made.filters["file"] = lambda name: f"/files/{name}?{page_files()[name].tag}"
    made.globals["version"] = __version__
    return made


def checked(index: Index, data: bytes, reading: Reading, **options: Any) -> File:
    """What of the tunes in a text or file is in the index, with their scores."""
    report = questions.check(index, data, reading, **options)
    sheet = PageScores()
    articles = [checked_block(tune, index, sheet) for tune in report.tunes]
    html = templates().get_template("answer.html.jinja").render(
        articles=articles, shapes=sheet.shapes(), dashes=DASHES
    )  # fmt: skip
    corpora = {
        corpus for tune in report.tunes for corpus in (source.corpus for source in tune.sources)
    }
    return File(html.encode(), HTML, tuple(corpora))
