"""What `tunetrace report` prints: the summary in words, and where to read on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunetrace.commands.console import console
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace.reports.write import Report

_SHOWN_REJECTS = 5


def print_report(report: Report) -> None:
    """The words of a report, the first that were set aside, and its files."""
    out = console()
    for paragraph in report.words:
        out.print(paragraph)
        out.print()
    aside = report.batch.set_aside + (report.versus.set_aside if report.versus else 0)
    if aside:
        out.print(f"{counted(aside, 'tune')} set aside:")
        for reject in report.set_aside[:_SHOWN_REJECTS]:
            out.print(f"  {reject.place}: {reject.reason}", soft_wrap=True)
        if aside > _SHOWN_REJECTS:
            out.print(f"  … and {aside - _SHOWN_REJECTS:,} more; set-aside.csv lists them all")
        out.print()
    if not report.index.has_baseline:
        out.print(
            "The index does not know how much people's tunes share with one another; "
            "'tunetrace baseline' measures it, and a report then says how this compares."
        )
        out.print()
    page, *others = report.files
    out.print(f"{Path(report.path) / page}", soft_wrap=True, style="bold")
    out.print(f"with {', '.join(others)}")
