"""The answers of a check: each is printed as it comes, and at the end those set aside or failed."""

from __future__ import annotations

from typing import Any, Literal

import click

from tunetrace.checker.measures import FAIL_LENGTH
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.commands.check.brief import print_line
from tunetrace.commands.check.whole import print_tune, title_of
from tunetrace.commands.console import SHOWN_REJECTS, print_set_aside
from tunetrace.commands.options import print_json, print_jsonl
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.records import to_plain
from tunetrace.text import counted, share


class AnswerPrinter:
    """Prints the answers of a check as they come, and counts them."""

    def __init__(
        self, kind: Literal["whole", "brief", "json", "jsonl"], fail_over: float | None = None
    ) -> None:
        """fail_over: the share of notes in runs of 12 or more above which a tune fails."""
        self._kind = kind
        self._fail_over = fail_over
        self._tunes = 0
        self._set_aside = 0
        self._rejected: list[Rejected] = []  # all for JSON, else the first few
        self._records: list[CheckedTune] = []  # for JSON only
        self._failed = 0
        self._first_failed: list[str] = []

    def add(self, place: int, answer: CheckedTune | Rejected) -> None:
        """Count an answer, and print it unless it belongs into one JSON document.

        place: that of the tune in the input.
        """
        if isinstance(answer, Rejected):
            self._set_aside += 1
            if self._kind == "json" or len(self._rejected) <= SHOWN_REJECTS:
                self._rejected.append(answer)
            if self._kind == "jsonl":
                print_jsonl([{"place": place, **to_plain(answer)}])
            return
        self._tunes += 1
        self._judge(answer)
        if self._kind == "json":
            self._records.append(answer)
        elif self._kind == "jsonl":
            print_jsonl([_row(answer)])
        elif self._kind == "brief":
            print_line(answer, is_first=self._tunes == 1)
        else:
            print_tune(answer)

    def _judge(self, tune: CheckedTune) -> None:
        copied = tune.copied_share[FAIL_LENGTH]
        if self._fail_over is not None and copied > self._fail_over:
            self._failed += 1
            if len(self._first_failed) < SHOWN_REJECTS:
                where = tune.transcription.place
                self._first_failed.append(f"{where} {title_of(tune)} ({share(copied)})")

    @property
    def has_failed(self) -> bool:
        """Whether a tune copies more than is allowed."""
        return self._failed > 0

    def end(self) -> None:
        """Print which tunes were set aside and which failed; InputError if none was checked."""
        if self._kind == "json":
            print_json(CheckReport(tuple(self._records), tuple(self._rejected)))
        if not self._tunes:
            rejected = self._rejected[0]
            raise InputError(f"no tune can be checked; {rejected.place}: {rejected.reason}")
        if self._kind in ("whole", "brief"):
            print_set_aside(self._rejected, "--json lists them all", self._set_aside)
        if self._failed and self._fail_over is not None:
            more = self._failed - len(self._first_failed)
            first = "; ".join(self._first_failed) + (f"; {more:,} more" if more else "")
            have = counted(self._failed, "tune has", "tunes have")
            click.echo(
                f"tunetrace: {have} more than {share(self._fail_over)} of the notes in copied runs "
                f"of {FAIL_LENGTH} or more: {first}",
                err=True,
            )


def _row(tune: CheckedTune) -> dict[str, Any]:
    """A checked tune as a flat object: the columns of a report's tables, and its bars if known."""
    from tunetrace.checker.columns import TUNE_COLUMNS, TuneRow

    found = TuneRow("", tune)
    fields = {c.name: c.value(found) for c in TUNE_COLUMNS if c.name != "batch"}
    return fields if tune.bars is None else {**fields, "each_bar": tune.bars}
