"""Tracing tunes into a file: what a model computes while it reads them, and what the corpus has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tunetrace.arguments import Format, Reading, many_tunes, public
from tunetrace.checker.check import admitted_without
from tunetrace.corpus.readers import is_of_index
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.build.writer import nothing_usable
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.tune import named_tunes
from tunetrace.model.inspect.memory import check_on_c, memory_of
from tunetrace.model.inspect.tracefile import check_trace_place, trace_writer
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.model.trace import TuneToTrace, trace_each
from tunetrace.model.training.evaluation import predictable
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import listed, printable
from tunetrace.tokenizer.transcription import Transcription


@dataclass(frozen=True, slots=True, repr=False)
class TracedTunes(Record):
    """What was traced into a file."""

    path: str
    """The file."""
    model: str
    """The model's name."""
    tunes: int
    """How many tunes it has."""
    steps: int
    """Steps of all tunes together: for each one more than its tokens."""
    bits_per_token: float
    """The mean surprisal of a token, headers and ends included."""
    index: str | None
    """The index that was asked what memory alone predicts; None if none was."""
    longest_match: int | None
    """The most tokens in a row, START included, that the index has of a tune; None without one."""
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read or have a token that the model lacks."""


@public
def trace_tunes(
    tunes: str | int | Path | Sequence[str | int | Path],
    path: str | Path,
    model: Model | str | Path | None = None,
    index: Index | str | Path | None = None,
    *,
    gates: bool = False,
    memory: bool = True,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> TracedTunes:
    """Trace tunes into one .npz file: each step's probabilities and states, and what an index has.

    tunes: each `corpus:number` or a number for a tune of the index, `-` for standard input,
    anything else for a file or a folder. gates: keep the four gates too. index: open, or its path
    (default: your own). memory: ask it for the longest match that ends at each step and for what
    follows it. A tune of the index is compared with the others; exclude_tunes and exclude_titles
    leave out more, as for check. force: replace a trace that is there.
    Raises InputError where no tune can be traced, QueryError for a tune that the index lacks,
    OutputError for the file, and what open_model and open_index raise.
    """
    path = Path(path)
    names = many_tunes(tunes, "tunes")
    check_trace_place(path, force=force)
    if not names:
        raise InputError("no tune is given to trace; give a file, or a tune such as oneills:2")
    opened = open_model(model)
    if memory:
        check_on_c(opened.tokens, opened.name)
    reading = Reading(format, voice, column)
    set_aside: list[Rejected] = []
    steps, longest = 0, 0
    bits = 0.0
    with ExitStack() as stack:
        asked = stack.enter_context(given_or_default(index)) if memory else None
        admitted = admitted_without(asked, exclude_tunes, exclude_titles) if asked else None
        given = _to_trace(named_tunes(names, asked or index, reading), opened, set_aside)
        first = next(given, None)
        if first is None:
            raise _nothing(names, set_aside)
        writer = stack.enter_context(trace_writer(path, force=force))
        for done, traced in enumerate(trace_each(opened, chain([first], given), gates=gates), 1):
            if asked is not None:
                found = memory_of(traced, asked, admitted)
                longest = max(longest, int(found.lengths.max()))
                traced = replace(traced, memory=found)
            writer.add(traced)
            steps += len(traced.read)
            bits += float(traced.surprisal.sum(dtype=float))
            progress("tracing", done)
    return TracedTunes(
        path=printable(str(path)),
        model=opened.name,
        tunes=done,
        steps=steps,
        bits_per_token=bits / steps,
        index=None if asked is None else asked.named,
        longest_match=None if asked is None else longest,
        set_aside=tuple(set_aside),
    )


def _nothing(names: Sequence[str], set_aside: Sequence[Rejected]) -> InputError:
    """The error for inputs without a tune that can be traced."""
    if set_aside:
        return nothing_usable(set_aside)
    given = listed([printable(name) for name in names])
    return InputError(f"{given}: there is no tune to trace; give files with tunes")


def _to_trace(
    tunes: Iterator[Transcription | Rejected], model: Model, set_aside: list[Rejected]
) -> Iterator[TuneToTrace]:
    """The tunes that the model can read; the others are added to set_aside."""
    for tune in tunes:
        usable = predictable(tune, model.tokens.numbers)
        if isinstance(usable, Rejected):
            set_aside.append(usable)
        else:
            facts = {"title": usable.title, "source": usable.place}
            if is_of_index(usable.input):
                facts = {"title": usable.title, "tune": usable.input}
            yield TuneToTrace(usable.tokens, facts=facts)
