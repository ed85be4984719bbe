"""`tunetrace tokenize`: what is asked of transcriptions alone, without an index."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import format_option, json_options, print_json, print_jsonl
from tunetrace.errors import InputError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--explain", is_flag=True, help="Show where each token comes from.")
@format_option
@json_options
def tokenize(
    files: tuple[str, ...], explain: bool, format: Any, as_json: bool, as_jsonl: bool
) -> None:
    """Print the tunes of FILES as folk-rnn's tokens, rooted on C.

    FILES are ABC tunebooks, folders of them, folk-rnn's text, or - for standard input. What is
    printed is read by every other command. Tunes that cannot be read are named on standard error
    and the others printed; with --jsonl each is a line too, which has a reason in place of tokens.

    \b
        tunetrace tokenize tune.abc
        tunetrace tokenize tune.abc --explain
        tunetrace tokenize tunes --jsonl
        cat tunes.abc | tunetrace tokenize - | tunetrace check
    """
    from tunetrace.corpus.readers import read_sources
    from tunetrace.corpus.records import Rejected
    from tunetrace.terminal import tokens
    from tunetrace.tokenizer.abc.explain import Explainer

    explainer = Explainer()
    make_reader = {"make_reader": explainer.make_reader} if explain else {}
    records: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    tunes = 0
    for tune in read_sources(files, format, **make_reader):
        if isinstance(tune, Rejected):
            # Held back until a tune is read: where there is none, one sentence says all.
            if as_json or not tunes:
                rejected.append(tune)
            elif not as_jsonl:
                tokens.print_reject(tune)
            if as_jsonl:
                print_jsonl([tune])
            continue
        explanation = explainer.explain(tune) if explain else None
        if as_jsonl:
            print_jsonl([tokens.to_record(tune, explanation)])
        elif as_json:
            records.append(tokens.to_record(tune, explanation))
        else:
            if not tunes:
                for reject in rejected:
                    tokens.print_reject(reject)
            tokens.print_tune(tune, explanation, is_first=not tunes)
        tunes += 1
    if as_json:
        print_json({"tunes": records, "set_aside": rejected})
    if not tunes:
        first = rejected[0]
        raise InputError(f"no tune can be read; {first.place}: {first.reason}")
