"""The command line: each command parses, calls one function of the API and prints.

Whatever a user can get wrong ends in one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import io
import math
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from fractions import Fraction
from functools import wraps
from typing import Any, TypeVar

import click

from tunetrace import __version__
from tunetrace.errors import InputError, QueryError, TunetraceError

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="tunetrace")
def cli() -> None:
    """Where does a folk tune come from?

    tunetrace finds the figures and bars of an ABC transcription in a corpus, counts them, shows
    the tunes and the places, and says how much is copied. Begin with

    \b
        tunetrace index build
        tunetrace check tune.abc
    """


class _Fraction(click.ParamType):  # type: ignore[type-arg]
    name = "eighths"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if not re.fullmatch(r"[0-9]{1,4}(/[1-9][0-9]{0,3}|\.[0-9]{1,4})?", str(value)):
            self.fail(f"'{value}' is no number of eighths; write 3 or 3/2", param, ctx)
        return Fraction(value)


class _Share(click.FloatRange):
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"'{value}' is no share; write 0.25", param, ctx)
        return share


def index_option(command: Command) -> Command:
    return click.option(
        "--index",
        "index_path",
        metavar="FILE",
        help="The index to use; else TUNETRACE_INDEX names it, else it is your own.",
    )(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def format_option(command: Command) -> Command:
    return click.option(
        "--format",
        "format",
        type=click.Choice(["abc", "folkrnn"]),
        help="Read the input as this; else its keys tell.",
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


def show(record: Any, print_for_people: str, as_json: bool, **options: Any) -> None:
    """Print a record: as JSON, or by the function of the terminal room that is named."""
    if as_json:
        import json

        from tunetrace.indexer.records import to_json

        is_utf8 = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
        click.echo(json.dumps(to_json(record), ensure_ascii=not is_utf8, indent=2))
        return
    import importlib

    getattr(importlib.import_module("tunetrace.terminal"), print_for_people)(record, **options)


@cli.group()
def index() -> None:
    """Build an index, or see what is in it."""


@index.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--force", is_flag=True, help="Replace the index that is there.")
@format_option
@index_option
@json_option
def build(
    sources: tuple[str, ...], force: bool, format: Any, index_path: str | None, as_json: bool
) -> None:
    """Build an index of SOURCES: files, folders, - for standard input, corpora by name.

    Without a SOURCE it holds O'Neill's Music of Ireland (oneills), Aird's Airs (airds) and Ryan's
    Mammoth Collection (ryans).

    \b
        tunetrace index build
        tunetrace index build oneills my_tunes.abc --index mine.db
    """
    from tunetrace import build_index

    with _progress() as progress:
        report = build_index(sources, index_path, force=force, format=format, progress=progress)
    if as_json:
        from tunetrace.indexer.records import to_json

        record = {**to_json(report.info), "set_aside": to_json(report.set_aside)}
        show(record, "", as_json=True)
    else:
        show(report, "print_build", as_json=False)


def _progress() -> Any:
    """A progress display on standard error where that is a terminal, else none."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(None)
    from tunetrace.terminal import build_progress

    return build_progress()


@index.command()
@index_option
@json_option
def info(index_path: str | None, as_json: bool) -> None:
    """What is in an index: its corpora, tunes, tokens and bars.

    \b
        tunetrace index info
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        show(opened.info(), "print_info", as_json)


@cli.command()
@click.argument("figure")
@filter_options
@click.option("--open-end", is_flag=True, help="Count it inside a longer last note too.")
@index_option
@json_option
def figure(
    figure: str, filters: Any, limit: int, open_end: bool, index_path: str | None, as_json: bool
) -> None:
    """Where a figure stands: in how many tunes, how often, and the places.

    A FIGURE is tokens set apart by spaces; * is any one token, {c C} either of them, c? the note
    c of any length.

    \b
        tunetrace figure "G, C C 2"
        tunetrace figure "G, C C 2" --bar 1 --onset 0
        tunetrace figure "{c C} 2 B? c" --meter 4/4 --key maj
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.figure(figure, filters, open_end=open_end, limit=limit)
    show(found, "print_matches", as_json)


@cli.command()
@click.argument("bar_text", metavar="BAR")
@filter_options
@index_option
@json_option
def bar(bar_text: str, filters: Any, limit: int, index_path: str | None, as_json: bool) -> None:
    """Where a whole bar stands, from one bar line to the next.

    Wildcards are as for figure.

    \b
        tunetrace bar "G, C C 2 G, C E C"
        tunetrace bar "C 3 C 3" --meter 6/8
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.bar(bar_text, filters, limit=limit)
    show(found, "print_matches", as_json)


@cli.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--exclude-tune", multiple=True, metavar="TUNE",
              help="Leave out a tune: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", multiple=True, metavar="TITLE",
              help="Leave out all tunes of this title.")  # fmt: skip
@click.option("--fail-over", type=_Share(0, 1), metavar="SHARE",
              help="Exit 1 if more than this share of a tune's notes, as 0.25, lies in spans of "
              "12 notes or more.")  # fmt: skip
@click.option("--brief", is_flag=True, help="Print one line for each tune.")
@format_option
@index_option
@json_option
def check(
    files: tuple[str, ...],
    exclude_tune: tuple[str, ...],
    exclude_title: tuple[str, ...],
    fail_over: float | None,
    brief: bool,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """What of the transcriptions in FILES stands in the corpus, and where.

    FILES are ABC tunebooks or folk-rnn's text; - or nothing is standard input. Tunes that cannot
    be read are listed and the others checked.

    \b
        tunetrace check tune.abc
        tunetrace check generated.txt --brief --fail-over 0.25
        tunetrace check tune.abc --exclude-title "The Kesh"
    """
    from tunetrace import check_files, open_index
    from tunetrace.checker.inputs import exceeds

    if not files and sys.stdin is not None and sys.stdin.isatty():
        raise QueryError("there is nothing to check; give a file, or a tune on standard input")
    with open_index(index_path) as opened:
        report = check_files(
            files or ["-"],
            opened,
            exclude_tunes=exclude_tune,
            exclude_titles=exclude_title,
            format=format,
        )
    if report.tunes or as_json:
        show(report, "print_check", as_json, brief=brief)
    if not report.tunes:
        first = report.set_aside[0]
        raise InputError(f"no tune can be checked; {_place(first)}: {first.reason}")
    if fail_over is not None and exceeds(report, fail_over):
        sys.exit(1)


def _place(rejected: Any) -> str:
    parts = [rejected.input, rejected.line, rejected.column]
    return ":".join(str(part) for part in parts if part is not None)


def main() -> None:
    """The tunetrace command: cli with its errors printed as one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a narrow terminal must not end a command
    try:
        code = cli.main(prog_name="tunetrace", standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
        sys.exit(code)
    except TunetraceError as error:
        _fail(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tunetrace"
        _fail(f"{error.format_message().rstrip('.')}; see '{command} --help'")
    except click.ClickException as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        _silence()
        sys.exit(0)
    except OSError as error:
        _silence()
        where = error.filename or "standard output"
        _fail(f"{where}: cannot be used ({(error.strerror or 'unusable').lower()})")


def _silence() -> None:
    """Nothing more to standard output, not even what is left to write at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> None:
    from tunetrace.tokenizer.transcription import plain

    click.echo(f"tunetrace: {plain(message.replace(chr(10), ' '))}", err=True)
    sys.exit(2)
