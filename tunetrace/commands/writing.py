"""What `sample` and `beam` share: their options, and printing the tunes that a model writes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import print_json, print_jsonl
from tunetrace.commands.progress import tunes_progress
from tunetrace.errors import QueryError
from tunetrace.progress import Progress, silent
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import Hypothesis, Model, Sampled
    from tunetrace.model.header import Header

Output = Literal["folkrnn", "abc", "json", "jsonl"]
Command = TypeVar("Command", bound=Callable[..., Any])


def tune_options(command: Command) -> Command:
    """How many tunes, from what model, and what they are like."""
    options = (
        click.option("-n", "n", type=int, default=1, show_default=True,
                     help="Number of tunes to write."),
        click.option("--model", "model_name", metavar="NAME|FILE", shell_complete=complete_files,
                     help="Name or file of the model (default: the one that ships)."),
        click.option("--meter", metavar="METER", help="Start with this meter, as 6/8."),
        click.option("--key", metavar="KEY", help="Start with this key, as Cdor or dor."),
        click.option("--start", default="", metavar="TOKENS",
                     help='Start the music with these tokens, as "G, C C 2".'),
        click.option("--temperature", type=float, default=1.0, show_default=True,
                     help="Below 1, likely tokens become likelier; above 1, less likely."),
        click.option("--max-copy", type=int, metavar="NOTES",
                     help="Copy at most this many notes in a row from the index."),
        click.option("--max-tokens", type=int, default=1000, show_default=True,
                     help="Cut off longer tunes."),
    )  # fmt: skip
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def output_options(command: Command) -> Command:
    """How tunes are printed, and where their traces go."""
    options = (
        click.option("--format", "format", type=click.Choice(["folkrnn", "abc"]),
                     help="Output format.  [default: folkrnn; abc for a model that does not write "
                     "on C]"),
        click.option("--trace", "trace_file", metavar="FILE", shell_complete=complete_files,
                     help="Write each step's probabilities and states into this .npz file."),
        click.option("--force", is_flag=True, help="Replace trace files that are there."),
    )  # fmt: skip
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def print_tunes(
    write: Callable[[], Iterable[Sampled | Hypothesis]],
    n: int,
    model_name: str | None,
    origin: str,
    options: Mapping[str, Any],
    *,
    is_drawn: bool,
    format: Literal["folkrnn", "abc"] | None,
    trace_file: str | None,
    force: bool,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Print n tunes as they are written, and one line about them on standard error.

    write: gives the tunes. origin: what writes the same tunes again, as `seed 7`. options: those
    that they are written with. is_drawn: they are samples, whose speed and steering are printed.
    """
    from tunetrace import open_model
    from tunetrace.model.models import open_header
    from tunetrace.model.sampling.trace import check_traces, with_traces

    if trace_file is not None:
        check_traces(trace_file, n, force=force)
    model = open_header(model_name)
    output = _output_for(model, format, as_json, as_jsonl)
    tunes = write()
    if trace_file is not None:
        opened = open_model(model_name)
        tunes = with_traces(tunes, opened, trace_file, n, facts=options, force=force)
    printer = _TunePrinter(model, output, origin)
    with _progress(n) as progress:
        for done, tune in enumerate(tunes, 1):
            printer.print(tune)
            progress("sampling", done)
    max_copy = options["max_copy"] if is_drawn else None
    printer.finish(options["max_tokens"], max_copy, shows_speed=is_drawn)


def _output_for(
    model: Model | Header, format: Literal["folkrnn", "abc"] | None, as_json: bool, as_jsonl: bool
) -> Output:
    """How to print the tunes of a model; QueryError for a format that cannot express its tokens."""
    from tunetrace.model.records import FIELD

    if as_json or as_jsonl:
        return "json" if as_json else "jsonl"
    name, is_on_c = plain(model.name), model.tokens.stands_on_c
    foreign = [token for token in model.tokens.unread if not FIELD.fullmatch(token)]
    if format == "abc" and foreign:
        raise QueryError(
            f"{name} writes '{plain(foreign[0])[:20]}', which ABC cannot express; leave out "
            "--format abc"
        )
    if format == "folkrnn" and not is_on_c:
        raise QueryError(
            f"{name} writes keys and lengths of its own, which would be misread as folk-rnn's "
            "text; leave out --format folkrnn"
        )
    return format or ("folkrnn" if is_on_c or foreign else "abc")


class _TunePrinter:
    """Prints tunes to standard output, and counts them."""

    def __init__(self, model: Model | Header, output: Output, origin: str) -> None:
        self._name = plain(model.name)
        self._origin = origin
        self._output = output
        self._unread = frozenset(model.tokens.unread)
        self._records: list[Sampled | Hypothesis] = []  # for JSON only
        self._started = time.perf_counter()
        self._tunes = self._ended = self._tokens = self._steered = self._tunes_steered = 0
        self._left_out = self._tunes_unread = 0

    def print(self, tune: Sampled | Hypothesis) -> None:
        """Count a tune, and print it unless it is part of one JSON document."""
        self._tunes += 1
        self._left_out = tune.number - self._tunes  # the numbers that are missing
        self._ended += tune.has_ended
        self._tokens += len(tune.tokens)
        steered: int = getattr(tune, "steered", 0)
        self._steered += steered
        self._tunes_steered += steered > 0
        if self._output == "json":
            self._records.append(tune)
        elif self._output == "jsonl":
            print_jsonl([tune])
        else:
            is_abc = self._output == "abc"
            self._tunes_unread += not is_abc and not self._unread.isdisjoint(tune.tokens)
            click.echo(self._abc(tune) if is_abc else _folkrnn(tune))
            sys.stdout.flush()

    def _abc(self, tune: Sampled | Hypothesis) -> str:
        from tunetrace.model.records import FIELD
        from tunetrace.tokenizer.write import to_abc

        cut_off = "" if tune.has_ended else ", cut off"
        title = f"{self._name}, {self._origin}, {tune.number}{cut_off}"
        tokens = [FIELD.sub(r"\1", token) for token in tune.tokens]
        return to_abc(tokens, title=title, number=tune.number)

    def finish(self, max_tokens: int, max_copy: int | None, *, shows_speed: bool) -> None:
        """Print the JSON document, and a line on standard error: how tunes ended, and so on."""
        if self._output == "json":
            print_json(self._records)
        parts = [
            f"{self._name} wrote {counted(self._tunes, 'tune')}, {self._origin}",
            f"{self._ended:,} ended by themselves",
            f"{self._tunes - self._ended:,} cut off after {counted(max_tokens, 'token')}",
        ]
        if max_copy is not None:
            tunes = counted(self._tunes_steered, "tune")
            steered = f"steered {self._steered:,} times in {tunes}"
            parts.append(f"{steered} to copy at most {counted(max_copy, 'note')} in a row")
        if self._left_out:
            more = counted(self._left_out, "more tune was", "more tunes were")
            parts.append(f"{more} left out, which would copy more once read as ABC")
        if self._tunes_unread:
            parts.append(f"{self._tunes_unread:,} with tokens that tunetrace does not read")
        if shows_speed:
            speed = self._tokens / (time.perf_counter() - self._started)
            parts.append(f"{speed:,.0f} tokens/s")
        click.echo("; ".join(parts), err=True)


def _folkrnn(tune: Sampled | Hypothesis) -> str:
    """A tune as folk-rnn's text: its number, its header and its tokens."""
    words = [plain(token) for token in tune.tokens]
    header = list(takewhile(lambda word: word.startswith(("M:", "K:")), words))
    return "\n".join([f"X:{tune.number}", *header, " ".join(words[len(header) :])]) + "\n"


def _progress(tunes: int) -> AbstractContextManager[Progress]:
    """A bar on standard error if that is a terminal and the tunes go elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext(silent)
    return tunes_progress(tunes)
