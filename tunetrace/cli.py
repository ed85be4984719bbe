"""The command line: each command parses, calls one function of the API and prints.

Whatever a user can get wrong ends in one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from tunetrace import __version__
from tunetrace.commands.lazy import LazyGroup
from tunetrace.errors import TunetraceError


class _Commands(LazyGroup):
    """Commands that end well where their reader has gone.

    click would exit with 1, which says that a tune is a copy.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _silence()
            return 0


@click.group(
    cls=_Commands,
    commands={
        name: f"tunetrace.commands.{name}.{name}"
        for name in (
            "bar",
            "baseline",
            "check",
            "corpus",
            "figure",
            "index",
            "model",
            "ngrams",
            "report",
            "sample",
            "tokenize",
            "tune",
        )
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, prog_name="tunetrace")
def cli() -> None:
    """Where does a folk tune come from?

    tunetrace finds the figures and bars of an ABC transcription in a corpus, counts them, shows
    the tunes and the places, and says how much is copied. Begin with

    \b
        tunetrace index build
        tunetrace check tune.abc
    """


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
    from tunetrace.text import plain

    click.echo(f"tunetrace: {plain(message.replace(chr(10), ' '))}", err=True)
    sys.exit(2)
