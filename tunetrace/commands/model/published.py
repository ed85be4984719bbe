"""`tunetrace model list`, `show`, `fetch` and `import`: which models there are, and more."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_option,
    json_options,
    print_jsonl,
    progress_display,
    show,
)


@click.command("list")
@json_options
def list_models(as_json: bool, as_jsonl: bool) -> None:
    """Every model that goes by a name: the one that ships, the published ones, your own.

    \b
        tunetrace model list
    """
    from tunetrace import models

    if as_jsonl:
        print_jsonl(models())
    else:
        show(models(), "models.print_list", as_json)


@click.command("show")
@click.argument("model", required=False)
@json_option
def show_model(model: str | None, as_json: bool) -> None:
    """All that is known of a MODEL: its network, its tokens, where it is from.

    MODEL is a name that `model list` has, a file, or the folder of a training; without one it is
    the model that ships.

    \b
        tunetrace model show
        tunetrace model show folkrnn-v2
    """
    from tunetrace import model_info

    show(model_info(model), "models.print_model", as_json)


@click.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--refresh", is_flag=True, help="Fetch a model anew that is there already.")
@json_options
def fetch_models(names: tuple[str, ...], refresh: bool, as_json: bool, as_jsonl: bool) -> None:
    """Fetch published models, and say where they are.

    Each is a pickle of folk-rnn's, which is verified and read as `model import` reads it.

    \b
        tunetrace model fetch folkrnn-v2
    """
    from tunetrace import fetch_model
    from tunetrace.model.registry import find_published

    for name in names:
        find_published(name)  # before anything is fetched
    with progress_display() as progress:
        fetched = [
            fetch_model(name, refresh=refresh, progress=lambda what: progress(what, 0))
            for name in names
        ]
    if as_jsonl:
        print_jsonl(fetched)
    else:
        show(fetched, "models.print_places", as_json)


@click.command("import")
@click.argument("file")
@click.option("--name", metavar="NAME", help="Call the model so; else it has its file's name.")
@click.option("-o", "--output", metavar="FILE",
              help="Write the model to this file; else it is put among your models.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the model that is there.")
@json_option
def import_pickle(
    file: str, name: str | None, output: str | None, force: bool, as_json: bool
) -> None:
    """Make a model of FILE, a pickle of folk-rnn's training.

    Neither Theano nor Lasagne is needed, and nothing that the pickle names is run: it is read for
    NumPy's arrays and plain containers, and refused where it asks for more.

    \b
        tunetrace model import folkrnn_v2.pkl
        tunetrace model import folkrnn_v2.pkl --name v2 -o v2.safetensors
    """
    from tunetrace import import_model

    imported = import_model(file, name=name, output=output, force=force)
    show(imported, "models.print_import", as_json)
