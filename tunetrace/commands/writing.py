"""What `sample` and `beam` share: their options, and printing the tunes that a model writes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import PrintAs, print_json, print_jsonl
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.model.records import FIELD, Sampled, titled_abc
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import Hypothesis, Index
    from tunetrace.model.library.header import Header
    from tunetrace.model.records import Model
    from tunetrace.model.sampling.sampling import Sampling

Output = Literal["folkrnn", "abc", "json", "jsonl"]
Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that gives a command several options, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


tune_options = _together(
    click.option("-n", "n", type=int, default=1, show_default=True,
                 help="Number of tunes to write."),
    click.option("--model", "model_name", metavar="NAME|FILE", shell_complete=complete_files,
                 help="Name or file of the model (default: the one that ships)."),
    click.option("--meter", metavar="METER", help="Start with this meter, as 6/8."),
    click.option("--key", metavar="KEY", help="Start with this key, as Cdor or dor."),
    click.option("--start", default="", metavar="FIGURE",
                 help='Start the music with this figure, as "G, C C 2" or "K:G DGG2".'),
    click.option("--temperature", type=float, default=1.0, show_default=True,
                 help="Below 1, likely tokens become likelier; above 1, less likely."),
    click.option("--max-copy", type=int, metavar="NOTES",
                 help="Copy at most this many notes in a row from the index."),
    click.option("--max-tokens", type=int, default=1000, show_default=True,
                 help="Cut off longer tunes."),
)  # fmt: skip

output_options = _together(
    click.option("--format", "format", type=click.Choice(["folkrnn", "abc"]),
                 help="Output format.  [default: folkrnn; abc for a model that does not write "
                 "on C]"),
    click.option("--trace", "trace_file", metavar="FILE", shell_complete=complete_files,
                 help="Write each step's probabilities and states into this .npz file."),
    click.option("--gates", is_flag=True, help="Keep the gates in the trace too."),
    click.option("--force", is_flag=True, help="Replace a file that is there."),
)  # fmt: skip


def _output_for(
    model: Model | Header, format: Literal["folkrnn", "abc"] | None, print_as: PrintAs
) -> Output:
    """How to print the tunes of a model.

    Raises QueryError if the model has tokens that the format cannot express.
    """
    if print_as != "text":
        return print_as
    name, is_on_c = plain(model.name), model.tokens.stands_on_c
    foreign = [token for token in model.tokens.unread if not FIELD.fullmatch(token)]
    if format == "abc" and foreign:
        raise QueryError(
            f"{name} writes '{plain(foreign[0])[:20]}', which ABC cannot express; leave out "
            "--format abc"
        )
    if format == "folkrnn" and not is_on_c:
        raise QueryError(
            f"{name} writes its own keys and lengths, which would be misread as folk-rnn text; "
            "leave out --format folkrnn"
        )
    return format or ("folkrnn" if is_on_c or foreign else "abc")


class TunePrinter:
    """Prints tunes to standard output as they come, counts them, and writes their traces."""

    def __init__(
        self,
        model_name: str | None,
        n: int,
        origin: str,
        *,
        print_as: PrintAs,
        format: Literal["folkrnn", "abc"] | None,
        trace_file: str | None,
        gates: bool,
        index_path: str | None,
        force: bool,
    ) -> None:
        """n: how many tunes will come. origin: what writes the same tunes again, as `seed 7`.

        Raises QueryError if the format does not suit the model, and OutputError if the traces
        cannot be written. index_path: the index that the traces are compared with.
        """
        from tunetrace.model.inspect.tracefile import check_trace_place
        from tunetrace.model.library.models import open_header

        if trace_file is not None:
            check_trace_place(trace_file, force=force)
        elif gates:
            raise QueryError("--gates keeps the gates in a trace; add --trace FILE.npz")
        model = open_header(model_name)
        self._model_name = model_name
        self._n = n
        self._trace_file = trace_file
        self._gates = gates
        self._index_path = index_path
        self._force = force
        self._name = plain(model.name)
        self._origin = origin
        self._output = _output_for(model, format, print_as)
        self._unread = frozenset(model.tokens.unread)
        self._is_on_c = model.tokens.stands_on_c
        self._records: list[Sampled | Hypothesis] = []  # for JSON only
        self._tunes = self._ended = self._tokens = self._steered = self._tunes_steered = 0
        self._tunes_unread = 0

    def print_all(self, tunes: Iterable[Sampled | Hypothesis], facts: Mapping[str, Any]) -> None:
        """Print tunes as they come, with a progress bar. facts: what each trace tells of them."""
        self._started = time.perf_counter()
        if self._trace_file is None:
            for _ in self._printed(tunes):
                pass
        else:
            self._write_traces(self._printed(tunes), facts)
        if self._output == "json":
            print_json(self._records)

    def _printed(self, tunes: Iterable[Sampled | Hypothesis]) -> Iterator[Sampled | Hypothesis]:
        """The tunes, each after it was printed."""
        with progress_display(self._n, prints_lines=True) as progress:
            for done, tune in enumerate(tunes, 1):
                self._count(tune)
                self._print(tune)
                progress("sampling", done)
                yield tune

    def _write_traces(
        self, tunes: Iterable[Sampled | Hypothesis], facts: Mapping[str, Any]
    ) -> None:
        """Write the traces of all tunes into one file, with what an index has of them."""
        from tunetrace import open_model
        from tunetrace.model.inspect.memory import memory_of
        from tunetrace.model.inspect.tracefile import trace_writer
        from tunetrace.model.trace import TuneToTrace, trace_each

        assert self._trace_file is not None
        model = open_model(self._model_name)
        known = (
            TuneToTrace(tune.tokens, tune.has_ended, {"number": tune.number, **facts})
            for tune in tunes
        )
        # Only sampling has a precision, and its steps are taken again bit for bit.
        sampler = facts.get("precision")
        with (
            self._index() as index,
            trace_writer(self._trace_file, force=self._force) as writer,
        ):
            for traced in trace_each(model, known, gates=self._gates, sampler=sampler):
                memory = None if index is None else memory_of(traced, index, None)
                writer.add(replace(traced, memory=memory))

    def _index(self) -> AbstractContextManager[Index | None]:
        """The index that the traces are compared with: the one that was named, or one's own if it
        is there and the model writes on C, as the tunes of an index are."""
        from tunetrace import open_index
        from tunetrace.indexer.store.database.naming import storage_of

        if self._index_path is None and not (self._is_on_c and storage_of().exists()):
            return nullcontext()
        return open_index(self._index_path)

    def _count(self, tune: Sampled | Hypothesis) -> None:
        self._tunes += 1
        self._ended += tune.has_ended
        self._tokens += len(tune.tokens)
        if self._output == "folkrnn":
            self._tunes_unread += not self._unread.isdisjoint(tune.tokens)
        if isinstance(tune, Sampled):
            self._steered += tune.steered
            self._tunes_steered += tune.steered > 0

    def _print(self, tune: Sampled | Hypothesis) -> None:
        if self._output == "json":
            self._records.append(tune)
        elif self._output == "jsonl":
            print_jsonl([tune])
        else:
            is_abc = self._output == "abc"
            click.echo(titled_abc(tune, self._name, self._origin) if is_abc else _folkrnn(tune))
            sys.stdout.flush()

    def print_summary(
        self,
        max_tokens: int,
        *,
        max_copy: int | None = None,
        max_similar: float | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        """Print one line on standard error: how many tunes, how they ended, what repeats them.

        sampling: what drew them, if they were drawn.
        """
        parts = [
            f"{self._name} wrote {counted(self._tunes, 'tune')}, {self._origin}",
            f"{self._ended:,} ended by themselves",
            f"{self._tunes - self._ended:,} cut off after {counted(max_tokens, 'token')}",
        ]
        if max_copy is not None:
            tunes = counted(self._tunes_steered, "tune")
            steered = f"steered {self._steered:,} times in {tunes}"
            parts.append(f"{steered} to copy at most {counted(max_copy, 'note')} in a row")
        if sampling is not None and sampling.copied:
            more = counted(sampling.copied, "more tune was", "more tunes were")
            parts.append(f"{more} left out for copying more when read as ABC")
        if sampling is not None and max_similar is not None:
            more = counted(sampling.similar, "more tune was", "more tunes were")
            parts.append(f"{more} left out for a near copy of probability {max_similar:g} or more")
        if self._tunes_unread:
            parts.append(f"{self._tunes_unread:,} with tokens that tunetrace does not read")
        if sampling is not None:
            speed = self._tokens / (time.perf_counter() - self._started)
            parts.append(f"{speed:,.0f} tokens/s")
        click.echo("; ".join(parts), err=True)


def _folkrnn(tune: Sampled | Hypothesis) -> str:
    """A tune as folk-rnn's text: its number, its header and its tokens."""
    words = [plain(token) for token in tune.tokens]
    header = list(takewhile(lambda word: word.startswith(("M:", "K:")), words))
    return "\n".join([f"X:{tune.number}", *header, " ".join(words[len(header) :])]) + "\n"
