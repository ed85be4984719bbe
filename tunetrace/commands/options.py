"""What commands share: their options, and printing a record as text or as JSON."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, Literal, TypeVar, get_args

import click
from click.core import ParameterSource

from tunetrace.arguments import Format, ViewName
from tunetrace.commands.completion import complete_files
from tunetrace.errors import QueryError

_MANY_TUNES: Final = 3000
"""A smaller batch is checked before another process has started."""

_MOST_WORKERS: Final = 4
"""Each process that matches takes some 400 MB."""

PrintAs = Literal["text", "json", "jsonl"]
Command = TypeVar("Command", bound=Callable[..., Any])
Answer = TypeVar("Answer")


class Share(click.FloatRange):
    """A share of a tune, from 0 to 1."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"'{value}' is not a share; give a number such as 0.25", param, ctx)
        return share


index_option = click.option(
    "--index", "index_path", metavar="FILE|URL", shell_complete=complete_files,
    help="Index: a file, or the URL of a PostgreSQL database (default: $TUNETRACE_INDEX, else your "
    "own index).",
)  # fmt: skip

view_option = click.option(
    "--view", type=click.Choice(get_args(ViewName)), default="tokens", show_default=True,
    help="What is compared: tokens as they are, or the melody, intervals, rhythm or contour alone.",
)  # fmt: skip

in_option = click.option(
    "--in", "in_key", metavar="KEY",
    help="The key in which you write it, such as G or Edor (default: C).",
)  # fmt: skip

exclude_family_option = click.option(
    "--exclude-family", "exclude_families", multiple=True, metavar="TUNE|TITLE",
    help="Leave out a tune of the index with all settings of its melody (needs "
    "'tunetrace families').",
)  # fmt: skip

copy_share_option = click.option(
    "--copy-share", type=Share(0, 1, min_open=True), default=0.5, show_default=True,
    metavar="SHARE",
    help="Say that most of a tune is copied if one corpus tune has at least this share of its "
    "notes, in runs of 8 or more.",
)  # fmt: skip

verbatim_option = click.option(
    "--verbatim", is_flag=True,
    help="Seek no near copies (the same melody transposed or varied), which takes less time.",
)  # fmt: skip


def cluster_options(command: Command) -> Command:
    """`--scheduler` and `--workers`, for commands that can work on a cluster; gives `cluster`."""

    @click.option("--workers", type=click.IntRange(min=1), metavar="N",
                  help="Work on a Dask cluster of N processes on this machine (needs the extra "
                  "`cluster`).")  # fmt: skip
    @click.option("--scheduler", metavar="ADDRESS",
                  help="Work on the Dask cluster of this scheduler, such as "
                  "tcp://127.0.0.1:8786.")  # fmt: skip
    @wraps(command)
    def with_cluster(scheduler: str | None, workers: int | None, **given: Any) -> Any:
        if scheduler is not None and workers is not None:
            raise QueryError(
                "--scheduler and --workers cannot be combined, since the workers of a scheduler "
                "are started with 'dask worker'; remove --workers"
            )
        if scheduler is not None and "://" not in scheduler:
            raise QueryError(
                f"--scheduler cannot be {scheduler!r}; give its whole address, such as "
                "tcp://127.0.0.1:8786"
            )
        return command(cluster=workers if scheduler is None else scheduler, **given)

    return with_cluster  # type: ignore[return-value]


def slices_options(command: Command) -> Command:
    """`--resume` and `--data-set`, for commands whose slices are kept on disk."""
    for option in (
        click.option("--data-set", metavar="DIR", shell_complete=complete_files,
                     help="On a cluster, keep the rows of each slice in this folder, as a "
                     "partitioned Parquet data set."),
        click.option("--resume", is_flag=True,
                     help="On a cluster, go on with the slices that were finished when the same "
                     "command was cut off."),
    ):  # fmt: skip
        command = option(command)
    return command


shards_option = click.option(
    "--shards", type=click.IntRange(min=1), metavar="N",
    help="On a cluster, cut the index into N shards, each of which one worker looks at (default: "
    "chosen by the size of the index and the memory of the machines).",
)  # fmt: skip

name_option = click.option(
    "--name", metavar="NAME",
    help="Name of the corpus, if there is one SOURCE (default: its file's name).",
)  # fmt: skip


def reading_options(command: Command) -> Command:
    """How inputs are read: `--format`, `--voice` and `--column`, named as in the library."""
    for option in (
        click.option("--column", metavar="NAME",
                     help="Column or key that has the tunes in a file of records (default: "
                     "found)."),
        click.option("--voice", metavar="NAME|NUMBER",
                     help="Voice or part to read (default: the first that has music)."),
        click.option("--format", type=click.Choice(get_args(Format)),
                     help="Input format (default: detected)."),
    ):  # fmt: skip
        command = option(command)
    return command


def json_option(command: Command) -> Command:
    """`--json`, for every command, which gets `print_as`."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @wraps(command)
    def with_print_as(as_json: bool, as_jsonl: bool = False, **given: Any) -> Any:
        if as_json and as_jsonl:
            raise click.UsageError("--json and --jsonl cannot be combined; remove one of them")
        return command(print_as="json" if as_json else "jsonl" if as_jsonl else "text", **given)

    return with_print_as  # type: ignore[return-value]


def json_options(command: Command) -> Command:
    """`--json` and `--jsonl`, for every command that may have many answers."""
    help = "Print one JSON object per line."
    return json_option(click.option("--jsonl", "as_jsonl", is_flag=True, help=help)(command))


html_option = click.option(
    "--html", "page", metavar="FILE", shell_complete=complete_files,
    help="Also write a page that shows notation and plays it.",
)  # fmt: skip


def html_options(command: Command) -> Command:
    """`--html` and `--force`, for commands whose answer can be a page with scores."""
    help = "With --html: replace a page that is there."
    return click.option("--force", is_flag=True, help=help)(html_option(command))


def goes_only_with(option: str, *names: str) -> None:
    """Raise QueryError if files or other options than `names` were given together with `option`."""
    context = click.get_current_context()
    for param in context.command.params:
        is_given = context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if is_given and option not in param.opts and param.name not in names:
            if isinstance(param, click.Argument):
                given = context.params[param.name or ""][0]
                raise QueryError(f"{option} reads no {param.name}; remove {given}")
            raise QueryError(
                f"{option} cannot be combined with {param.opts[-1]}; remove {param.opts[-1]}"
            )


def show(
    record: Answer,
    print_for_people: Callable[[Answer], None],
    print_as: PrintAs,
    lines: Iterable[Any] = (),
) -> None:
    """Print a record as JSON, or with the function that prints it for people.

    lines: what `--jsonl` prints, one object a line.
    """
    if print_as == "json":
        print_json(record)
    elif print_as == "jsonl":
        print_jsonl(lines)
    else:
        print_for_people(record)


def print_json(record: Any) -> None:
    """Print one JSON document."""
    click.echo(_as_json(record, indent=2))


def print_jsonl(records: Iterable[Any]) -> None:
    """Print each record as a line of JSON as soon as it comes."""
    for record in records:
        click.echo(_as_json(record))
        sys.stdout.flush()


def _as_json(record: Any, indent: int | None = None) -> str:
    """A record as JSON, in ASCII if standard output cannot print all characters."""
    import json

    from tunetrace.records import to_plain

    is_utf8 = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    return json.dumps(to_plain(record), ensure_ascii=not is_utf8, indent=indent)


def workers_for(tunes: int | None, *, near_copies: bool) -> int:
    """Extra processes for a batch: none if it is small or there is no second core.

    Without near_copies one is enough, since this process has as much to do. Near copies take the
    longest, so they are sought on as many cores as there are, up to _MOST_WORKERS.
    """
    cores = os.cpu_count() or 1
    if (tunes or 0) < _MANY_TUNES or cores < 2:
        return 0
    return min(cores, _MOST_WORKERS) if near_copies else 1
