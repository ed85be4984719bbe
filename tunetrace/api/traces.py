"""Traces: a network's probabilities and states, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunetrace.api.models import open_model
from tunetrace.model.needs import require_torch
from tunetrace.model.records import Model
from tunetrace.model.trace import Trace
from tunetrace.model.trace import trace as trace_network


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
    return trace_network(opened, tokens, has_ended=has_ended, facts=facts)
