"""The command line: the group of commands, and the program `tunetrace`.

Every mistake of a user ends in one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import Any, Final

import click

from tunetrace import __version__
from tunetrace.commands.lazy import LazyGroup
from tunetrace.errors import TunetraceError


class _Commands(LazyGroup):
    """Commands that end with 0 if their reader has gone, as with `tunetrace … | head`.

    click would exit with 1, which means here that a tune is a copy.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_output()
            return 0


@click.group(
    cls=_Commands,
    commands={
        "bar": "tunetrace.commands.bar.bar",
        "baseline": "tunetrace.commands.baseline.baseline",
        "beam": "tunetrace.commands.beam.beam",
        "certificate": "tunetrace.commands.certificate.certificate",
        "check": "tunetrace.commands.check.check",
        "corpus": "tunetrace.commands.corpus.corpus",
        "families": "tunetrace.commands.families.families",
        "figure": "tunetrace.commands.figure.figure",
        "find": "tunetrace.commands.find.find",
        "index": "tunetrace.commands.index.index",
        "leakage": "tunetrace.commands.leakage.leakage",
        "model": "tunetrace.commands.model.model",
        "next": "tunetrace.commands.next.next_",
        "ngrams": "tunetrace.commands.ngrams.ngrams",
        "report": "tunetrace.commands.report.report",
        "sample": "tunetrace.commands.sample.sample",
        "score": "tunetrace.commands.score.score",
        "serve": "tunetrace.commands.serve.serve",
        "similar": "tunetrace.commands.similar.similar",
        "tokenize": "tunetrace.commands.tokenize.tokenize",
        "tune": "tunetrace.commands.tune.tune",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, prog_name="tunetrace")
def cli() -> None:
    """Where does a folk tune come from?

    tunetrace searches a corpus for the figures and bars of an ABC transcription. It counts them,
    shows the tunes and the places, and says how much is copied. Begin with

    \b
        tunetrace index build
        tunetrace check tune.abc
    """


_NEW_OBJECTS: Final = 20_000
"""After this many new objects Python looks for garbage. Importing modules makes many objects and no
garbage, and to look at them after each 700, as usual, takes a twentieth of the time of `check`."""


def main() -> None:
    """Run the command line; print an error as one sentence."""
    gc.set_threshold(_NEW_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A title in letters that the terminal lacks must not end a command.
            stream.reconfigure(errors="replace")
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
        _drop_output()
        sys.exit(0)
    except OSError as error:
        _drop_output()
        where = error.filename or "standard output"
        _fail(
            f"{where}: cannot be used ({(error.strerror or 'unusable').lower()}); give another file"
        )


def _drop_output() -> None:
    """Send the rest of standard output nowhere, so that Python's exit does not write it."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> None:
    from tunetrace.text import plain

    # click begins each choice of a missing argument with a line end and a tab.
    line = message.replace("\n\t", " ").replace("\n", " ")
    click.echo(f"tunetrace: {plain(line)}", err=True)
    sys.exit(2)
