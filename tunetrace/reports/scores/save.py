"""Answers as a page with their scores: one file of HTML that needs a browser and no network."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tunetrace.arguments import public
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.checker.similar.records import SimilarTunes
from tunetrace.errors import OutputError, QueryError
from tunetrace.files import Kind, check_folder, check_place, write_whole
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.tune import TuneDetail
from tunetrace.reports.folder import is_page
from tunetrace.reports.scores.checked import checked_html
from tunetrace.reports.scores.found import similar_html, tune_html
from tunetrace.score.engraver import check_verovio

MOST_TUNES: Final = 100
"""Tunes on a page at most; a report is for more of them."""

Shown = CheckReport | CheckedTune | TuneDetail | SimilarTunes | Sequence[SimilarTunes]
"""Answers that a page can show."""


def check_page(file: str | Path, *, force: bool = False) -> None:
    """Raise OutputError if a page cannot be written to a file.

    force: it may replace an older page.
    """
    if importlib.util.find_spec("jinja2") is None:
        raise OutputError(
            "a page needs the Python package jinja2, which is not installed; install "
            "tunetrace[score]"
        )
    check_verovio()
    check_place(Path(file), Kind("page", is_page), force=force)
    check_folder(Path(file), "the page")


@public
def save_page(
    answer: Shown,
    file: str | Path,
    index: Index | str | Path | None = None,
    *,
    force: bool = False,
) -> None:
    """Write a page that shows an answer as notation, which can be played.

    answer: of check, tune or similar, or several of similar. A check should have details, and
    similar answers an alignment. Spans are marked by how telling they are; sources, near copies and
    similar tunes are bar under bar. index: that which was asked, open or its path; default: your
    own. force: the page may replace an older one. Raises QueryError for an answer without tunes or
    with more than 100, and OutputError if the page cannot be written or verovio is missing.

    >>> report = check("X:1\\nM:6/8\\nL:1/8\\nK:G\\nG3 GAB|A3 ABd|gag fed|")
    >>> save_page(report, "check.html")
    """
    check_page(file, force=force)
    if isinstance(answer, TuneDetail):
        html = tune_html(answer)
    elif isinstance(answer, CheckReport | CheckedTune):
        tunes = answer.tunes if isinstance(answer, CheckReport) else (answer,)
        _check_number(len(tunes))
        with given_or_default(index) as opened:
            html = checked_html(tunes, opened)
    else:
        answers = [answer] if isinstance(answer, SimilarTunes) else list(answer)
        _check_number(len(answers))
        html = similar_html(answers)
    write_whole(Path(file), html.encode("utf-8"), "the page")


def _check_number(tunes: int) -> None:
    if not tunes:
        raise QueryError("the answer has no tune to show on a page")
    if tunes > MOST_TUNES:
        raise QueryError(
            f"a page shows at most {MOST_TUNES} tunes, and these are {tunes:,}; show some of them, "
            "or write a report with scores"
        )
