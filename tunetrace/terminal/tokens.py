"""What `tunetrace tokenize` prints: folk-rnn's text, or where each token of it comes from."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from tunetrace.commands.console import console, cut
from tunetrace.corpus.records import Rejected
from tunetrace.text import counted, plain
from tunetrace.tokenizer.abc.explain import ExplainedLine, Explanation
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.transcription import Transcription

_WIDEST_LEXEME = 30
_STEPS = ("", "a second", "a third", "a fourth", "a fifth", "a sixth", "a seventh")


def print_reject(reject: Rejected) -> None:
    """Name a tune that cannot be read on standard error."""
    click.echo(f"tunetrace: {reject.place}: {reject.reason}", err=True)


def print_tune(tune: Transcription, explanation: Explanation | None, *, is_first: bool) -> None:
    """Print one tune as folk-rnn's text, or its explanation; an empty line sets tunes apart."""
    if not is_first:
        click.echo()
    if explanation is None:
        click.echo(to_folkrnn(tune.tokens, title=tune.title, number=tune.number), nl=False)
    else:
        _print_explanation(explanation)


def to_record(tune: Transcription, explanation: Explanation | None) -> dict[str, Any]:
    """A tune for JSON; with an explanation, the origin of each token too."""
    record: dict[str, Any] = {
        "input": tune.input,
        "line": tune.line,
        "number": tune.number,
        "title": tune.title,
        "meter": tune.meter,
        "key": tune.key,
        "original_key": tune.original_key,
        "remarks": tune.remarks,
        "tokens": tune.tokens,
    }
    if explanation is not None:
        record["unit_length"] = explanation.unit_length
        record["semitones"] = explanation.semitones
        record["origins"] = explanation.origins
    return record


def _print_explanation(explanation: Explanation) -> None:
    out = console()
    tune = explanation.tune
    number = "" if tune.number is None else f" (X:{tune.number})"
    out.print(f"{tune.title or 'untitled'}{number}, {tune.input}:{tune.line}", soft_wrap=True)
    out.print(f"{_transposition(explanation)}; {_unit(explanation.unit_length)}")
    for remark in tune.remarks:
        out.print(f"Note: {remark}")
    for line in explanation.lines:
        out.print()
        _print_line(line)


def _print_line(line: ExplainedLine) -> None:
    out = console()
    out.print(Text.assemble(f"line {line.line}: ", plain(line.text)), overflow="fold")
    texts = [plain(lexeme.text) or "end of line" for lexeme in line.lexemes]
    width = min(max(map(len, texts), default=0), _WIDEST_LEXEME)
    for lexeme, text in zip(line.lexemes, texts, strict=True):
        # A field without a token may all the same change what follows.
        what = "no token of its own" if lexeme.dropped == "a field" else "dropped"
        meaning = " ".join(lexeme.tokens) if lexeme.tokens else f"({lexeme.dropped}, {what})"
        shown = cut(text, width)
        shown.pad_right(max(0, width - shown.cell_len))
        out.print(Text.assemble(f"{lexeme.column:>6}  ", shown, f"  {meaning}"))


def _transposition(explanation: Explanation) -> str:
    """From which key to which, and how far: `Gmaj to Cmaj, a fifth down (7 semitones)`."""
    tune, steps = explanation.tune, explanation.steps
    if not explanation.semitones:
        return f"{tune.key or 'no key'}, not moved"
    way = "up" if explanation.semitones > 0 else "down"
    how_far = f"{_STEPS[abs(steps)]} {way}" if steps else way
    semitones = counted(abs(explanation.semitones), "semitone")
    return f"{tune.original_key} to {tune.key}, {how_far} ({semitones})"


def _unit(unit_length: str) -> str:
    return f"a note without a length lasts {unit_length}"
