"""Traces: a network's probabilities and states, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from tunetrace.api.models import open_model
from tunetrace.arguments import many_texts, public
from tunetrace.files import check_place
from tunetrace.model.records import Hypothesis, Model, Sampled
from tunetrace.model.sampling.trace import TRACE_FILE, Trace, check_name, save_trace
from tunetrace.model.sampling.trace import trace as trace_network

Written = TypeVar("Written", Sampled, Hypothesis)


@public
def trace_transcription(
    tokens: Sequence[str],
    model: Model | str | Path | None = None,
    *,
    has_ended: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> Trace:
    """What goes on in a model's network while it reads a transcription: each step's probabilities
    and states.

    tokens: M: and K: first, without `<s>` and `</s>`. model: open, or as open_model has it.
    has_ended: whether the end follows. facts: what to add to the trace's header, as JSON has it.
    Raises QueryError for a token that the model lacks, ModelFileError for the model.
    """
    return trace_network(
        open_model(model), many_texts(tokens, "tokens"), has_ended=has_ended, facts=facts
    )


def with_traces(
    tunes: Iterable[Written],
    model: Model,
    path: str | Path,
    n: int,
    *,
    facts: Mapping[str, Any],
    force: bool = False,
) -> Iterator[Written]:
    """n sampled transcriptions as they come, after the trace of each has been written.

    path: of the only one's trace; of several that of number 7 is `trace-7.npz` for `trace.npz`.
    facts: what each header has beside the number. force: replace traces that are there. OutputError
    where something is in the way or a file cannot be written.
    """
    path = Path(path)

    def traced(tune: Written) -> Written:
        own = path if n == 1 else path.with_stem(f"{path.stem}-{tune.number}")
        known = {"number": tune.number, **facts}
        found = trace_transcription(tune.tokens, model, has_ended=tune.has_ended, facts=known)
        save_trace(found, own, force=force)
        return tune

    return map(traced, tunes)


def check_traces(path: str | Path, n: int, *, force: bool) -> None:
    """See that the traces of n transcriptions may be written, as with_traces names their files.

    OutputError where the name is another or something is in the way.
    """
    path = Path(path)
    check_name(path)
    if n == 1:
        check_place(path, TRACE_FILE, force=force)
        return
    numbered = re.compile(rf"{re.escape(path.stem)}-([1-9][0-9]*){re.escape(path.suffix)}")
    with suppress(OSError):  # of a folder that is not there yet, or cannot be read
        for own in sorted(path.parent.iterdir()):
            found = numbered.fullmatch(own.name)
            if found and int(found[1]) <= n:
                check_place(own, TRACE_FILE, force=force)
