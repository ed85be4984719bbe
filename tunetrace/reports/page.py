"""The report as one page of HTML that needs no network and no program but a browser.

Page takes the answers of a batch check one by one and keeps what the page shows of them: a short
row for each, and all of the few that are copied most. Whatever came from a file (titles, names,
links, reasons) is taken for hostile: it is put on one line, escaped, and never runs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tunetrace._version import __version__
from tunetrace.checker.compare.records import (
    SIGNIFICANT,
    BatchSummary,
    Difference,
    MeasureSummary,
    SourceCount,
)
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.verdict import NEARLY_ALL
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.reports.comparison_words import is_by_rank_alone, p_in_words
from tunetrace.reports.definitions import DEFINITIONS, NOVELTY_SOURCE
from tunetrace.reports.pictures import measure_of, pictures_of
from tunetrace.reports.rows import Most, Row, columns, order, row_of, shortened
from tunetrace.reports.worst import describe_worst
from tunetrace.text import counted, plain, share

if TYPE_CHECKING:
    from jinja2 import Environment

WORST: Final = 50
ROWS: Final = 100_000
SET_ASIDE: Final = 100
SOURCES: Final = 10
"""How many transcriptions are shown whole, how many in the table; how many of those set aside and
of the corpus tunes that most is found in."""

_DECILES_OF: Final = "creativity"
_ROOM: Final = Path(__file__).parent


class Page:
    """What the page shows of a batch, gathered while its answers come by."""

    def __init__(self, *, worst: int = WORST, rows: int = ROWS) -> None:
        """worst: how many transcriptions to show whole; rows: how many to list."""
        # No two transcriptions have one order, which ends in their place.
        self._worst = Most[CheckedTune](worst)
        self._rows = Most[Row](rows)
        self._deciles = [0] * 10
        self._set_aside: list[Rejected] = []

    def add(self, answer: CheckedTune | Rejected) -> None:
        """Take in what the check says of the next transcription."""
        if isinstance(answer, Rejected):
            if len(self._set_aside) < SET_ASIDE:
                self._set_aside.append(answer)
            return
        rank = order(answer)
        if self._rows.has_room_for(rank):
            self._rows.add(rank, row_of(answer))
        if self._worst.has_room_for(rank):
            self._worst.add(rank, answer)
        below = answer.standing.below.get(_DECILES_OF) if answer.standing else None
        if below is not None:
            self._deciles[min(int(below * 10), 9)] += 1

    def html(
        self,
        summary: BatchSummary,
        words: Sequence[str],
        index: Index,
        *,
        when: datetime,
        command: str,
        other: BatchSummary | None = None,
    ) -> str:
        """The page.

        summary: of the batch that was added; words: its summary in words, a paragraph each; index:
        what it was checked against; when: the time that the page says it is of; command: what
        checks one of its transcriptions again, before the place; other: the batch that it is
        compared with.
        """
        style = (_ROOM / "report.css").read_text(encoding="utf-8")
        script = (_ROOM / "report.js").read_text(encoding="utf-8")
        rows, worst = self._rows.in_order(), self._worst.in_order()
        return _environment().get_template("report.html.jinja").render(
            style=style,
            script=script,
            policy=_policy(style, script),
            version=__version__,
            when=when,
            summary=summary,
            other=other,
            info=index.info(),
            words=words,
            numbers=_key_numbers(summary),
            pictures=pictures_of(summary, other, self._deciles),
            measures=[_measure(measure, other) for measure in summary.measures],
            tests=sorted({m.to_other.test for m in summary.measures if m.to_other
                          and m.to_other.test}),
            significant=SIGNIFICANT,
            has_baseline=any(measure.baseline is not None for measure in summary.measures),
            definitions=[(m.label, *DEFINITIONS[m.name]) for m in summary.measures
                         if m.name in DEFINITIONS],
            novelty_source=NOVELTY_SOURCE,
            sources=_sources(summary),
            command=command,
            columns=columns(rows),
            rows=len(rows),
            worst=[describe_worst(tune, index) for tune in worst],
            set_aside=self._set_aside,
        )  # fmt: skip


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: the page's own style and script, and nothing from elsewhere."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src "
        f"'sha256-{digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_ROOM),
        autoescape=True,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    # What comes from files is made plain here too, since the JSON block never meets finalize.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    environment.filters |= {
        "counted": counted, "share": share, "short": shortened, "web": web_link,
    }  # fmt: skip
    return environment


def _harmless(value: Any) -> Any:
    """Text without line breaks and without what controls the direction of writing."""
    from markupsafe import Markup

    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)


def web_link(link: str | None) -> str | None:
    """A link that leads to a page of the web, None for all others (`javascript:`, `file:`)."""
    if link is None or plain(link) != link or len(link) > 2_000:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


def _key_numbers(summary: BatchSummary) -> list[tuple[str, str]]:
    """The few numbers that a reader looks for first, each with what it counts."""
    of = f"of {summary.transcriptions:,}"
    found = [
        (f"{summary.identical:,}", f"{of} are a corpus tune as a whole"),
        (
            f"{summary.nearly_of_one:,}",
            f"have at least {share(NEARLY_ALL)} of the notes in one tune",
        ),
        (f"{summary.mostly_of_one:,}", f"have {share(summary.copy_share)} or more"),
        (f"{summary.transcriptions:,}", "transcriptions checked"),
    ]
    if 16 in summary.with_span:
        found.append((f"{summary.with_span[16]:,}", f"{of} have a span of 16 notes or more"))
    longest = measure_of(summary, "longest_notes")
    if longest is not None and longest.batch.count:
        found.append((f"{longest.batch.median:,.3g}", "notes in the longest span (median)"))
    copied = measure_of(summary, "copied_12")
    if copied is not None and copied.batch.count:
        found.append((share(copied.batch.mean), "of the notes lie in spans of 12 or more (mean)"))
    repeats = summary.duplicates + summary.near_duplicates
    found.append((f"{repeats:,}", f"{of} repeat an earlier one, or nearly"))
    return found


def _sources(summary: BatchSummary) -> tuple[SourceCount, ...]:
    """The corpus tunes to list: one that a single transcription of many shares with is no news."""
    least = min(2, summary.transcriptions)
    return tuple(s for s in summary.sources[:SOURCES] if s.transcriptions >= least)


def _measure(measure: MeasureSummary, other: BatchSummary | None) -> dict[str, Any]:
    """One line of the table of measures, in words."""
    beside = measure_of(other, measure.name) if other else None
    has_values = measure.batch.count > 0
    return {
        "label": measure.label,
        "mean": _number(measure, measure.batch.mean) if has_values else "–",
        "median": _number(measure, measure.batch.median) if has_values else "–",
        "people": None if measure.baseline is None else _number(measure, measure.baseline),
        "to_people": _difference(measure, measure.to_baseline),
        "other": _number(measure, beside.batch.mean) if beside and beside.batch.count else None,
        "to_other": _difference(measure, measure.to_other),
    }


def _number(measure: MeasureSummary, value: float, *, sign: bool = False) -> str:
    """A value of a measure, shares in percent; with its sign, where it is a difference."""
    scaled = value * 100 if measure.is_share else value
    size = abs(scaled)
    # A difference whose interval leaves out 0 shall not read as 0.0.
    digits = 1 if size >= 0.1 or not sign else 2 if size >= 0.01 else 3
    text = f"{size:,.{digits}f}"
    if not float(text.replace(",", "")):
        return "0.0%" if measure.is_share and not sign else "0.0"
    mark = "−" if scaled < 0 else "+" if sign else ""
    return mark + text + ("%" if measure.is_share and not sign else "")


def _difference(measure: MeasureSummary, difference: Difference | None) -> dict[str, Any] | None:
    """A difference: how large, its interval, and what it means where one was shown."""
    if difference is None:
        return None
    low, high = difference.low, difference.high
    tone, verdict = "none", "no difference shown"
    if difference.verdict != "none":
        is_nearer = (difference.verdict == "more") == measure.more_is_copied
        tone = "more" if is_nearer else "less"
        verdict = f"{'nearer to' if is_nearer else 'further from'} the corpus"
        if is_by_rank_alone(difference):
            verdict += ", by rank alone"
    said = []
    if difference.p is not None:
        said.append(p_in_words(difference.p))
    if difference.superiority is not None:
        said.append(f"more in {share(difference.superiority)} of pairs")
    return {
        "mean": _number(measure, difference.mean, sign=True),
        "interval": None
        if low is None or high is None
        else f"({_number(measure, low, sign=True)} to {_number(measure, high, sign=True)})",
        "verdict": verdict,
        "tone": tone,
        "test": ", ".join(said),
    }
