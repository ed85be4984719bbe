"""The answers of a check: each is printed as it comes, and at the end those set aside or failed."""

from __future__ import annotations

from typing import Any, Literal

import click

from tunetrace.checker.measures import FAIL_LENGTH
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.commands.check.brief import print_line
from tunetrace.commands.check.whole import print_tune, title_of
from tunetrace.commands.console import SHOWN_REJECTS, print_set_aside
from tunetrace.commands.options import PrintAs, print_json, print_jsonl
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.records import to_plain
from tunetrace.text import counted, share


class AnswerPrinter:
    """Prints the answers of a check as they come, and counts them."""

    def __init__(self, print_as: PrintAs | Literal["brief"], fail_over: float | None) -> None:
        """fail_over: the share of notes in runs of 12 or more above which a tune fails."""
        self._print_as = print_as
        self._fail_over = fail_over
        self._tunes = 0
        self._rejected: list[Rejected] = []
        self._records: list[CheckedTune] = []  # for JSON only
        self._failed: list[str] = []

    def add(self, place: int, answer: CheckedTune | Rejected) -> None:
        """Count an answer, and print it unless it belongs into one JSON document.

        place: that of the tune in the input.
        """
        if isinstance(answer, Rejected):
            self._rejected.append(answer)
            if self._print_as == "jsonl":
                print_jsonl([{"place": place, **to_plain(answer)}])
            return
        self._tunes += 1
        copied = answer.copied_share[FAIL_LENGTH]
        if self._fail_over is not None and copied > self._fail_over:
            self._failed.append(
                f"{answer.transcription.place} {title_of(answer)} ({share(copied)})"
            )
        if self._print_as == "json":
            self._records.append(answer)
        elif self._print_as == "jsonl":
            print_jsonl([_row(answer)])
        elif self._print_as == "brief":
            print_line(answer, is_first=self._tunes == 1)
        else:
            print_tune(answer)

    @property
    def has_failed(self) -> bool:
        """Whether a tune copies more than is allowed."""
        return bool(self._failed)

    def end(self) -> None:
        """Print which tunes were set aside and which failed; InputError if none was checked."""
        if self._print_as == "json":
            print_json(CheckReport(tuple(self._records), tuple(self._rejected)))
        if not self._tunes:
            rejected = self._rejected[0]
            raise InputError(f"no tune can be checked; {rejected.place}: {rejected.reason}")
        if self._print_as in ("text", "brief"):
            print_set_aside(self._rejected, "--json lists them all")
        if self._failed and self._fail_over is not None:
            more = len(self._failed) - SHOWN_REJECTS
            first = "; ".join(self._failed[:SHOWN_REJECTS])
            first += f"; {more:,} more" if more > 0 else ""
            have = counted(len(self._failed), "tune has", "tunes have")
            click.echo(
                f"tunetrace: {have} more than {share(self._fail_over)} of the notes in copied runs "
                f"of {FAIL_LENGTH} or more: {first}",
                err=True,
            )


def _row(tune: CheckedTune) -> dict[str, Any]:
    """A checked tune as a flat object: the columns of a report's tables, and its bars if known."""
    from tunetrace.checker.tables import TUNE_COLUMNS, TuneRow

    found = TuneRow("", tune)
    fields = {c.name: c.value(found) for c in TUNE_COLUMNS if c.name != "batch"}
    return fields if tune.bars is None else {**fields, "each_bar": tune.bars}
