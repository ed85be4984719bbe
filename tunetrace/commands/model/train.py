"""`tunetrace model train`: a model of your own, from the tunes of an index."""

from __future__ import annotations

import click

from tunetrace.commands.options import Share, index_option, json_option, show


@click.command()
@click.option("-o", "--output", "folder", required=True, metavar="DIR",
              help="Keep the model, the history and the checkpoint in this folder.")  # fmt: skip
@click.option("--corpus", "corpora", multiple=True, metavar="NAME",
              help="Train on this corpus of the index; may be given again. All, if none is "
              "named.")  # fmt: skip
@click.option("--recipe", type=click.Choice(["modern", "original"]), default="modern",
              show_default=True, help="How to train; original is folk-rnn's.")  # fmt: skip
@click.option("--layers", type=int, default=3, show_default=True, help="So many LSTM layers.")
@click.option("--units", type=int, default=512, show_default=True,
              help="So many units in each.")  # fmt: skip
@click.option("--epochs", type=int, help="Show each tune so often.  [default: the recipe's]")
@click.option("--rate", type=float, help="The learning rate.  [default: the recipe's]")
@click.option("--batch", type=int, help="Show so many tunes at once.  [default: the recipe's]")
@click.option("--dropout", type=float,
              help="Hide this share of each layer's output.  [default: the recipe's]")  # fmt: skip
@click.option("--validation", type=Share(0, 0.5),
              help="Hold out this share of the tunes.  [default: 0.05]")  # fmt: skip
@click.option("--patience", type=int,
              help="Stop after so many epochs without a lower validation loss.  [default: the "
              "recipe's]")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="Where all random numbers come from.")  # fmt: skip
@click.option("--report-every", type=click.IntRange(min=1), metavar="K",
              help="After every K epochs sample tunes and see how much they copy.")  # fmt: skip
@click.option("--samples", type=int, default=200, show_default=True,
              help="How many tunes to sample for that.")  # fmt: skip
@click.option("--half", is_flag=True, help="Keep the model in half precision, at half the size.")
@click.option("--resume", is_flag=True,
              help="Go on with the training in DIR, as it was begun.")  # fmt: skip
@index_option
@json_option
@click.pass_context
def train(
    context: click.Context,
    /,
    folder: str,
    corpora: tuple[str, ...],
    recipe: str,
    layers: int,
    units: int,
    seed: int,
    report_every: int | None,
    samples: int,
    half: bool,
    resume: bool,
    index_path: str | None,
    as_json: bool,
    **changes: float | None,
) -> None:
    """Train a model on the tunes of an index.

    DIR gets model.safetensors, the model of the epoch that predicts the held-out tunes best;
    history.jsonl, an epoch a line; training.png, a picture of them; and a checkpoint, from which
    --resume goes on, after a power cut too, to the very weights that it would have reached.

    \b
        tunetrace model train -o reels --corpus oneills --units 256 --epochs 20
        tunetrace model train -o reels --resume
    """
    from dataclasses import replace

    from tunetrace import open_index, resume_training, train_model
    from tunetrace.model.training.recipe import RECIPES
    from tunetrace.terminal.training import watching

    if resume:
        _refuse_beside_resume(context)
    with open_index(index_path) as opened, watching(as_json) as watcher:
        if resume:
            report = resume_training(folder, index=opened, watcher=watcher)
        else:
            given = {name: value for name, value in changes.items() if value is not None}
            report = train_model(
                folder,
                corpora=corpora,
                index=opened,
                recipe=replace(RECIPES[recipe], **given),  # type: ignore[arg-type]
                layers=layers,
                units=units,
                seed=seed,
                report_every=report_every,
                samples=samples,
                half=half,
                watcher=watcher,
            )
    from tunetrace.terminal.training import print_training

    show(report, print_training, as_json)


def _refuse_beside_resume(context: click.Context) -> None:
    """A training goes on as it was begun: what shapes it cannot be said again."""
    allowed = {"folder", "resume", "index_path", "as_json"}
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name not in allowed and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[-1]} cannot be given with --resume, which goes on with what the "
                "training was begun with"
            )
