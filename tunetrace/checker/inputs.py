"""The check of a whole input: every transcription in it, those that cannot be read set aside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tunetrace.arguments import many_references, many_texts
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.corpus.readers import Rejected
from tunetrace.indexer.index import Index
from tunetrace.indexer.segment import Mask
from tunetrace.tokenizer.transcription import Transcription

FAIL_LENGTH: Final = 12
"""A check fails on what is copied in spans of at least so many notes."""


def admitted_without(
    index: Index,
    exclude_tunes: str | int | Iterable[str | int] = (),
    exclude_titles: str | Iterable[str] = (),
) -> Mask | None:
    """The tunes of an index without those that are to be left out; None for all.

    Titles are whole ones. QueryError, with the nearest titles, for one that excludes nothing.
    """
    references = many_references(exclude_tunes, "exclude_tunes")
    titles = many_texts(exclude_titles, "exclude_titles")
    left_out = [tune for reference in references for tune in index.resolve(reference)]
    left_out += [tune for title in titles for tune in index.catalogue.titled(title)]
    return ~index.mask(left_out) if left_out else None


def check_all(
    tunes: Iterable[Transcription | Rejected], index: Index, admitted: Mask | None
) -> CheckReport:
    """Check every transcription with its details. admitted: which tunes of the index count."""
    checked: list[CheckedTune] = []
    rejected: list[Rejected] = []
    for answer in check_transcriptions(tunes, index, admitted, details=True):
        if isinstance(answer, Rejected):
            rejected.append(answer)
        else:
            checked.append(answer)
    return CheckReport(tuple(checked), tuple(rejected))


def exceeds(report: CheckReport, share: float) -> bool:
    """Whether some tune has more than this share of its notes in spans of 12 notes or more."""
    return any(tune.copied_share[FAIL_LENGTH] > share for tune in report.tunes)
