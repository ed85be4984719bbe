"""Traces: a network's probabilities and states, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tunetrace.api.models import open_model
from tunetrace.arguments import many_texts, public
from tunetrace.model.needs import require_torch
from tunetrace.model.records import Hypothesis, Model, Sampled
from tunetrace.sampler.trace import Trace, check_name, save_trace
from tunetrace.sampler.trace import trace as trace_network

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
    require_torch()
    opened = model if isinstance(model, Model) else open_model(model)
    return trace_network(opened, many_texts(tokens, "tokens"), has_ended=has_ended, facts=facts)


def with_traces(
    tunes: Iterable[Written],
    model: Model,
    path: str | Path,
    *,
    is_only_one: bool,
    facts: Mapping[str, Any],
) -> Iterator[Written]:
    """Sampled transcriptions as they come, after the trace of each has been written.

    path: of the only one's trace; of several that of number 7 is `trace-7.npz` for `trace.npz`.
    facts: what each header has beside the number. OutputError where a file cannot be written.
    """
    path = Path(path)
    check_name(path)

    def traced(tune: Written) -> Written:
        own = path if is_only_one else path.with_stem(f"{path.stem}-{tune.number}")
        known = {"number": tune.number, **facts}
        save_trace(
            trace_transcription(tune.tokens, model, has_ended=tune.has_ended, facts=known), own
        )
        return tune

    return map(traced, tunes)
