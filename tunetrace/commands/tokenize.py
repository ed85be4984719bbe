"""`tunetrace tokenize`: transcriptions as tokens, without an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, cut
from tunetrace.commands.options import (
    PrintAs,
    index_option,
    json_options,
    print_json,
    print_jsonl,
    reading_options,
)
from tunetrace.errors import InputError, QueryError
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import Explanation, Rejected, Transcription

_WIDEST_LEXEME: Final = 30
_INTERVALS: Final = ("", "a second", "a third", "a fourth", "a fifth", "a sixth", "a seventh")


@click.command()
@click.argument("tunes", nargs=-1, required=True, metavar="TUNE...", shell_complete=complete_files)
@click.option("--explain", is_flag=True, help="Show where each token comes from.")
@reading_options
@index_option
@json_options
def tokenize(
    tunes: tuple[str, ...],
    explain: bool,
    index_path: str | None,
    print_as: PrintAs,
    **reading: Any,
) -> None:
    """Print tunes as folk-rnn tokens, transposed to C.

    TUNE is a file, an ABC tunebook or folk-rnn's text, a folder of them, - for standard input, or a
    tune of the index, as corpus:number or its id. Every other command reads what is printed.
    Tunes that cannot be read are named on standard error, and the others are printed. With --jsonl
    they are lines too, with a reason and no tokens.

    \b
        tunetrace tokenize tune.abc
        tunetrace tokenize tune.abc --explain
        tunetrace tokenize oneills:2
        tunetrace tokenize tunes --jsonl
        cat tunes.abc | tunetrace tokenize - | tunetrace check
    """
    from tunetrace import Rejected
    from tunetrace.arguments import Reading
    from tunetrace.corpus.readers import is_of_index, read_sources
    from tunetrace.tokenizer.abc.body import Reader
    from tunetrace.tokenizer.abc.explain import Explainer

    of_index = next(filter(is_of_index, tunes), None)
    if explain and of_index is not None:
        raise QueryError(
            f"--explain shows how a text is read, but {of_index} is a tune of the index; give its "
            "text in a file, or remove --explain"
        )
    explainer = Explainer()
    records: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    printed = 0
    if of_index is None:  # no need of an index
        make_reader = explainer.make_reader if explain else Reader
        given = read_sources(tunes, Reading(**reading), make_reader)
    else:
        from tunetrace.indexer.tune import named_tunes

        given = named_tunes(tunes, index_path, Reading(**reading))
    for tune in given:
        if isinstance(tune, Rejected):
            rejected.append(tune)
            if print_as == "jsonl":
                print_jsonl([tune])
            elif printed and print_as == "text":
                _print_reject(tune)
            continue
        explanation = explainer.explain(tune) if explain else None
        if print_as == "jsonl":
            print_jsonl([_to_record(tune, explanation)])
        elif print_as == "json":
            records.append(_to_record(tune, explanation))
        else:
            if not printed:  # Until here they were held back: if all fail, one sentence is enough.
                for reject in rejected:
                    _print_reject(reject)
            _print_tune(tune, explanation, is_first=not printed)
        printed += 1
    if print_as == "json":
        print_json({"tunes": records, "set_aside": rejected})
    if not printed:
        first = rejected[0]
        raise InputError(f"no tune can be read; {first.place}: {first.reason}")


def _to_record(tune: Transcription, explanation: Explanation | None) -> dict[str, Any]:
    """A tune for JSON; with an explanation, the origin of each token too."""
    names = ("input", "line", "number", "title", "meter", "key", "original_key", "remarks",
             "tokens")  # fmt: skip
    record = {name: getattr(tune, name) for name in names}
    if explanation is not None:
        record["unit_length"] = explanation.unit_length
        record["semitones"] = explanation.semitones
        record["origins"] = explanation.origins
    return record


def _print_reject(reject: Rejected) -> None:
    """Name a tune that cannot be read on standard error."""
    click.echo(f"tunetrace: {reject.place}: {reject.reason}", err=True)


def _print_tune(tune: Transcription, explanation: Explanation | None, *, is_first: bool) -> None:
    """Print one tune as folk-rnn's text, or its explanation, after an empty line between tunes."""
    from tunetrace.tokenizer.folkrnn import to_folkrnn

    if not is_first:
        click.echo()
    if explanation is None:
        click.echo(to_folkrnn(tune.tokens, title=tune.title, number=tune.number), nl=False)
    else:
        _print_explanation(explanation)


def _print_explanation(explanation: Explanation) -> None:
    out = console()
    tune = explanation.tune
    number = "" if tune.number is None else f" (X:{tune.number})"
    out.print(f"{tune.title or 'untitled'}{number}, {tune.place}", soft_wrap=True)
    out.print(
        f"{_transposition(explanation)}; a note without a length lasts {explanation.unit_length}"
    )
    for remark in tune.remarks:
        out.print(f"Note: {remark}")
    for line in explanation.lines:
        texts = [plain(lexeme.text) or "end of line" for lexeme in line.lexemes]
        width = min(max(map(len, texts), default=0), _WIDEST_LEXEME)
        out.print()
        out.print(f"line {line.line}: {plain(line.text)}", overflow="fold")
        for lexeme, text in zip(line.lexemes, texts, strict=True):
            # A field without a token may still change the notes after it.
            what = "no token of its own" if lexeme.dropped == "a field" else "dropped"
            meaning = " ".join(lexeme.tokens) if lexeme.tokens else f"({lexeme.dropped}, {what})"
            shown = cut(text, width)
            shown.pad_right(max(0, width - shown.cell_len))
            out.print(Text.assemble(f"{lexeme.column:>6}  ", shown, f"  {meaning}"))


def _transposition(explanation: Explanation) -> str:
    """From which key to which, and how far: `Gmaj to Cmaj, a fifth down (7 semitones)`."""
    tune, steps = explanation.tune, explanation.steps
    if not explanation.semitones:
        return f"{tune.key or 'no key'}, not transposed"
    way = "up" if explanation.semitones > 0 else "down"
    how_far = f"{_INTERVALS[abs(steps)]} {way}" if steps else way
    semitones = counted(abs(explanation.semitones), "semitone")
    return f"{tune.original_key} to {tune.key}, {how_far} ({semitones})"
