"""A check as HTML for notebooks. All text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from tunetrace.checker.measures import MEASURES, Measure
from tunetrace.text import counted, plain, share

if TYPE_CHECKING:
    from tunetrace.checker.records import CheckedTune, CheckReport

_MOST_TUNES: Final = 50
"""A report shows at most this many tunes."""


def tune_html(tune: CheckedTune) -> str:
    """The verdict, a table of measures and a table of sources."""
    heads = ["measure", "value"]
    rows = [[measure.label, _value(measure, tune)] for measure in MEASURES]
    if tune.standing is not None:
        heads.append(f"more than … of {tune.standing.peers:,} real tunes like it")
        for measure, row in zip(MEASURES, rows, strict=True):
            row.append(share(tune.standing.below[measure.name]))
    text = f"<p><b>{_text(tune.title or '(untitled)')}</b><br>{_text(tune.verdict.text)}</p>"
    text += _table(heads, rows)
    if tune.sources:
        text += _table(
            ["source", "notes shared", "longest run", "bars shared"],
            [
                [source.label, f"{source.notes_shared:,}", f"{source.longest_span_notes:,}",
                 f"{source.bars_shared:,}"]
                for source in tune.sources
            ],
        )  # fmt: skip
    return text


def report_html(report: CheckReport) -> str:
    """One tune in full; more of them, and what was set aside, as tables."""
    if len(report.tunes) == 1:
        text = tune_html(report.tunes[0])
    else:
        text = _table(
            ["place", "title", "notes", *(measure.label for measure in MEASURES[:2]), "verdict"],
            [
                [f"{tune.place:,}", tune.title, f"{tune.notes:,}",
                 *(_value(measure, tune) for measure in MEASURES[:2]), tune.verdict.text]
                for tune in report.tunes[:_MOST_TUNES]
            ],
        )  # fmt: skip
    if len(report.tunes) > _MOST_TUNES:
        text += f"<p>{counted(len(report.tunes) - _MOST_TUNES, 'more tune')}</p>"
    if report.set_aside:
        text += _table(
            ["set aside", "reason"],
            [[aside.place, aside.reason] for aside in report.set_aside[:_MOST_TUNES]],
        )
    return text


def _value(measure: Measure, tune: CheckedTune) -> str:
    value = measure.value(tune)
    return share(value) if measure.is_share else f"{value:,}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(plain(text))
