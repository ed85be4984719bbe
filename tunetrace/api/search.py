"""Asking an index: figures, bars, and checks of transcriptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunetrace.arguments import many_paths, public
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.inputs import admitted_without
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.corpus.readers import Format, read_sources, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index, given_or_default

if TYPE_CHECKING:
    from tunetrace.checker.post import PostSearch


@public
def check(
    text: str,
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    format: Format | None = None,
) -> CheckReport:
    """What of the transcriptions in a text is in an index (the default one if none is given).

    index: open, or its path. exclude_tunes and exclude_titles leave tunes of the index out: by id,
    `corpus:number` or title; by title. Raises InputError where the text holds no tune, QueryError,
    with the nearest titles, for a name that excludes none.
    """
    with given_or_default(index) as opened:
        admitted = admitted_without(opened, exclude_tunes, exclude_titles)
        tunes = read_tunes(text, "the text", format)
        return _reported(check_transcriptions(tunes, opened, admitted, details=True))


@public
def check_files(
    paths: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    format: Format | None = None,
) -> CheckReport:
    """As check, for files, folders, and standard input for `-`."""
    with given_or_default(index) as opened:
        admitted = admitted_without(opened, exclude_tunes, exclude_titles)
        tunes = read_sources(many_paths(paths, "paths"), format)
        return _reported(check_transcriptions(tunes, opened, admitted, details=True))


def _reported(answers: Iterable[CheckedTune | Rejected]) -> CheckReport:
    every = list(answers)
    return CheckReport(
        tuple(answer for answer in every if not isinstance(answer, Rejected)),
        tuple(answer for answer in every if isinstance(answer, Rejected)),
    )


@public
def post_search(index: Index | str | Path | None = None) -> PostSearch:
    """What the blog post on the folk-rnn v2 model says of its corpus, beside what an index says.

    index: the default one if none is given. Only the corpus folkrnn-v2 can give the post's numbers;
    where the index has it, it alone is asked.
    """
    from tunetrace.checker.post import search_post

    with given_or_default(index) as opened:
        return search_post(opened)
