"""`tunetrace model tunes`: the tunes that a model was trained on, or that were held out."""

from __future__ import annotations

import click

from tunetrace.commands.options import PrintAs, index_option, json_options, print_json, print_jsonl


@click.command()
@click.argument("model", required=False)
@click.option("--held-out", "kind", flag_value="held-out",
              help="Print the tunes that were held out from training.")  # fmt: skip
@click.option("--training", "kind", flag_value="training",
              help="Print the tunes that the model was trained on.")  # fmt: skip
@index_option
@json_options
def tunes(model: str | None, kind: str | None, index_path: str | None, print_as: PrintAs) -> None:
    """Print a model's training tunes or its held-out tunes.

    They are printed as folk-rnn's text. Default MODEL: the one that ships with tunetrace. The index
    must be the one that the model was trained on.

    \b
        tunetrace model tunes --held-out > heldout.txt
        tunetrace model tunes --training > training.txt
        tunetrace model tunes --training --jsonl
        tunetrace index build training.txt --index training.db
        tunetrace report heldout.txt --index training.db -o heldout
    """
    from tunetrace import held_out_tunes, training_tunes
    from tunetrace.tokenizer.folkrnn import to_folkrnn

    if kind is None:
        raise click.UsageError("say which tunes to print: --held-out or --training")
    find = held_out_tunes if kind == "held-out" else training_tunes
    found = find(model, index_path)
    if print_as == "json":
        print_json(list(found))
    elif print_as == "jsonl":
        print_jsonl(found)
    else:
        for tune in found:
            click.echo(to_folkrnn(tune.tokens, title=tune.title, number=tune.number))
