"""What the commands have in common: option types, options, and how an answer is printed."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from fractions import Fraction
from functools import wraps
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from tunetrace.errors import QueryError

_MANY_TUNES = 3000
"""A smaller batch is done before another process has begun."""

Command = TypeVar("Command", bound=Callable[..., Any])
Answer = TypeVar("Answer")


class _Fraction(click.ParamType):  # type: ignore[type-arg]
    name = "eighths"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if not re.fullmatch(r"[0-9]{1,4}(/[1-9][0-9]{0,3}|\.[0-9]{1,4})?", str(value)):
            self.fail(f"'{value}' is no number of eighths; write 3 or 3/2", param, ctx)
        return Fraction(value)


class Share(click.FloatRange):
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"'{value}' is no share; write 0.25", param, ctx)
        return share


def index_option(command: Command) -> Command:
    """`--index`, of every command that asks an index."""
    return click.option(
        "--index",
        "index_path",
        metavar="FILE",
        help="The index to use (default: $TUNETRACE_INDEX, else your own index).",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`, of every command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def json_options(command: Command) -> Command:
    """`--json` and `--jsonl`, of every command that may have many answers."""

    @json_option
    @click.option("--jsonl", "as_jsonl", is_flag=True, help="Print JSON, one object a line.")
    @wraps(command)
    def with_one_of_both(as_json: bool, as_jsonl: bool, **given: Any) -> Any:
        if as_json and as_jsonl:
            raise click.UsageError(
                "--json prints one document and --jsonl one object a line; give one of them"
            )
        return command(as_json=as_json, as_jsonl=as_jsonl, **given)

    return with_one_of_both  # type: ignore[return-value]


def format_option(command: Command) -> Command:
    """`--format`, of every command that reads transcriptions."""
    return click.option(
        "--format",
        "format",
        type=click.Choice(["abc", "folkrnn", "thesession"]),
        help="Input format (default: detected).",
    )(command)


def copy_share_option(command: Command) -> Command:
    """`--copy-share`, of the commands that say what is most of a tune."""
    return click.option(
        "--copy-share",
        type=Share(0, 1, min_open=True),
        default=0.5,
        show_default=True,
        metavar="SHARE",
        help="Say that most of a tune is in one corpus tune from this share of its notes on, "
        "counted in runs of 8 or more.",
    )(command)


def name_option(command: Command) -> Command:
    """`--name`, of the commands that make corpora."""
    return click.option(
        "--name",
        metavar="NAME",
        help="Call the corpus of the only SOURCE so; else it has its file's name.",
    )(command)


def filter_options(command: Command) -> Command:
    """The options of figure and bar, handed on as one Filters."""

    @click.option("--part", type=click.IntRange(min=1), help="In this part, from 1.")
    @click.option("--bar", type=click.IntRange(min=0), help="In this bar, from 1; 0 the pickup.")
    @click.option("--onset", type=_Fraction(), help="At so many eighths into the bar, as 3/2.")
    @click.option("--meter", help="In tunes of this meter, as 6/8.")
    @click.option("--key", help="In tunes of this mode, as dor or Cdor.")
    @click.option("--corpus", help="In tunes of this corpus.")
    @click.option("--title", help="In tunes of this title.")
    @click.option(
        "--limit", type=click.IntRange(min=0), default=10, show_default=True,
        help="Show so many hits.",
    )  # fmt: skip
    @wraps(command)
    def with_filters(**given: Any) -> Any:
        from tunetrace.indexer.filters import Filters

        names = ("part", "bar", "onset", "meter", "key", "corpus", "title")
        return command(filters=Filters(**{name: given.pop(name) for name in names}), **given)

    return with_filters  # type: ignore[return-value]


def goes_only_with(option: str, *names: str) -> None:
    """See that no file, and of the other options only those of these names, were given with one.

    QueryError, which says what to leave out, if not.
    """
    context = click.get_current_context()
    for param in context.command.params:
        is_given = context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if is_given and option not in param.opts and param.name not in names:
            if isinstance(param, click.Argument):
                raise QueryError(f"{option} reads no files; leave out {context.params['files'][0]}")
            raise QueryError(f"{option} is used without {param.opts[-1]}; leave it out")


def show(record: Answer, print_for_people: Callable[[Answer], None], as_json: bool) -> None:
    """Print a record: as JSON, or with the function that prints it for people."""
    if as_json:
        print_json(record)
    else:
        print_for_people(record)


def print_json(record: Any) -> None:
    """Print one JSON document."""
    click.echo(_as_json(record, indent=2))


def print_jsonl(records: Iterable[Any]) -> None:
    """Print each record as a line of JSON, at once, as they come."""
    for record in records:
        click.echo(_as_json(record))
        sys.stdout.flush()


def _as_json(record: Any, indent: int | None = None) -> str:
    """A record as JSON that standard output can take."""
    import json

    from tunetrace.records import to_plain

    is_utf8 = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    return json.dumps(to_plain(record), ensure_ascii=not is_utf8, indent=indent)


def batch_progress(paths: Sequence[str]) -> Any:
    """A bar on standard error where that is a terminal, as long as these inputs seem to be."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(lambda what, tunes: None)
    from tunetrace.commands.console import batch_progress as display
    from tunetrace.corpus.readers import estimate_tunes

    return display(estimate_tunes(paths))


def lines_progress(paths: Sequence[str]) -> Any:
    """As batch_progress, where what is printed goes elsewhere than to a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        return nullcontext(lambda what, tunes: None)
    return batch_progress(paths)


def workers_for(paths: Sequence[str]) -> int:
    """Extra processes to match a batch with: one, where it is large and there is a core for it."""
    from tunetrace.corpus.readers import estimate_tunes

    is_large = (estimate_tunes(paths) or 0) >= _MANY_TUNES
    return 1 if is_large and (os.cpu_count() or 1) > 1 else 0


def progress_display() -> Any:
    """A progress display on standard error where that is a terminal, else none."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(lambda what, tunes: None)
    from tunetrace.commands.console import build_progress

    return build_progress()
