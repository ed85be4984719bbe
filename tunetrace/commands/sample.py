"""`tunetrace sample`: new transcriptions from a model."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

import click
from click.core import ParameterSource

from tunetrace.commands.options import index_option, json_options, print_json, print_jsonl


def sampling_options(command: Any) -> Any:
    """How to sample, handed on by the names that `tunetrace.sample` has for it."""
    options = (
        click.option("--meter", metavar="METER", help="Begin with this meter, as 6/8."),
        click.option("--key", metavar="KEY", help="Begin with this key, as Cdor or dor."),
        click.option("--start", default="", metavar="TOKENS",
                     help='Go on with these tokens, as "G, C C 2".'),
        click.option("--temperature", type=float, default=1.0, show_default=True,
                     help="Below 1 likely tokens become likelier, above 1 less likely."),
        click.option("--top-p", type=float, default=1.0, show_default=True,
                     help="Draw from the likeliest tokens that have this share of probability."),
        click.option("--seed", type=int,
                     help="The same seed writes the same tunes; else a random one."),
        click.option("--max-copy", type=int, metavar="NOTES",
                     help="Copy no more than so many notes in a row from the index."),
        click.option("--max-tokens", type=int, default=1000, show_default=True,
                     help="Cut longer tunes off."),
        click.option("--batch-size", type=int,
                     help="Write so many at once, else 128 a thread; the tunes are the same."),
        click.option("--precision", type=click.Choice(["float32", "bfloat16"]),
                     default="float32", show_default=True,
                     help="Of the matrix products; bfloat16 is faster on some processors."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.option("-n", "n", type=int, default=1, show_default=True, help="Write so many tunes.")
@click.option("--model", "model_name", metavar="NAME|FILE",
              help="A model's name or file; else the one that ships.")  # fmt: skip
@sampling_options
@click.option("--format", "format", type=click.Choice(["folkrnn", "abc"]),
              help="Write folk-rnn's text, or ABC with titles.  [default: folkrnn, "
              "for a model that does not write on C abc]")  # fmt: skip
@click.option("--beam", type=int, metavar="WIDTH",
              help="Write the most probable tunes, which a beam so wide finds.")  # fmt: skip
@click.option("--trace", "trace_file", metavar="FILE",
              help="Keep each step's probabilities and states in this .npz file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace traces that are there.")
@index_option
@json_options
def sample(
    n: int,
    model_name: str | None,
    format: Any,
    beam: int | None,
    trace_file: str | None,
    force: bool,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
    **options: Any,
) -> None:
    """Write new tunes with a model, as they come.

    What is printed is read by check and report. At the end one line on standard error says how many
    tunes ended by themselves and with which seed they can be written again.

    \b
        tunetrace sample
        tunetrace sample -n 1000 --seed 7 > generated.txt
        tunetrace sample --meter 4/4 --key Cmaj --start "G, C C 2" --format abc
        tunetrace sample -n 100 --max-copy 12
        tunetrace sample -n 100 --jsonl
        tunetrace sample --meter 6/8 --key Cdor --beam 28
        tunetrace sample --seed 7 --trace tune7.npz
    """
    from tunetrace import beam_search, open_index, open_model
    from tunetrace import sample as write_tunes
    from tunetrace.model.models import open_header
    from tunetrace.model.sampling.beam import check_beam
    from tunetrace.model.sampling.sampling import check_sampling, random_seed
    from tunetrace.model.sampling.trace import check_traces, with_traces
    from tunetrace.terminal.sample import SamplePrinter, format_for

    if beam is not None:
        options = _without_drawing(options)
    elif options["seed"] is None:
        options["seed"] = random_seed()
    if trace_file is not None:
        check_traces(trace_file, n, force=force)
    known = open_header(model_name)
    printed = None if as_json or as_jsonl else format_for(known, format)
    origin = f"seed {options['seed']}" if beam is None else f"beam {beam}"
    records: list[Any] = []
    take_record: Any = None
    if as_json:
        take_record = records.append
    elif as_jsonl:
        take_record = _print_line
    needs_index = options["max_copy"] is not None
    tunes: Any
    with open_index(index_path) if needs_index else nullcontext() as index:
        # Before PyTorch is imported, which takes longer than to see what is wrong.
        if beam is None:
            check_sampling(n, known, index=index, **options)
        else:
            check_beam(beam, known, n, index=index, **options)
        model = open_model(model_name)
        printer = SamplePrinter(model, printed, origin, take_record)
        if beam is None:
            tunes = write_tunes(n, model, index=index, **options)
        else:
            tunes = beam_search(beam, model, index=index, **options)[:n]
    if trace_file is not None:
        tunes = with_traces(tunes, model, trace_file, n, facts=options, force=force)
    with _progress(n) as progress:
        for done, tune in enumerate(tunes, 1):
            printer.show(tune)
            progress("sampling", done)
    if as_json:
        print_json(records)
    printer.say_at_the_end(None if beam else options["max_copy"], options["max_tokens"])


def _print_line(tune: Any) -> None:
    print_jsonl([tune])


def _without_drawing(options: dict[str, Any]) -> dict[str, Any]:
    """The options without those that say how to draw; QueryError where one of them was given."""
    from tunetrace.errors import QueryError

    context = click.get_current_context()
    drawing = ("top_p", "seed", "batch_size", "precision")
    for name in drawing:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = f"--{name.replace('_', '-')}"
            raise QueryError(f"a beam draws nothing, so {option} says nothing to it; leave it out")
    return {name: value for name, value in options.items() if name not in drawing}


def _progress(tunes: int) -> Any:
    """A bar on standard error where that is a terminal and the tunes go elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext(lambda what, done: None)
    from tunetrace.commands.console import batch_progress

    return batch_progress(tunes)
