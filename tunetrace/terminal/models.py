"""What `tunetrace model` prints of models."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from tunetrace.commands.console import console, make_table
from tunetrace.model.models import ModelInfo
from tunetrace.text import counted, plain

_LABEL = 12
_WIDTH = 79
_SHOWN = 10
_LISTED, _FIRST = 12, 3
"""How long a list may be to be shown whole, and how many stand for a longer one."""


def print_list(models: Sequence[ModelInfo]) -> None:
    """A line for each model."""
    out = console()
    table = make_table("name", "what", "network", "tokens", "here", right=("tokens",))
    for model in models:
        here = "wrong" if model.problem else "yes" if model.is_here else "no"
        tokens = f"{len(model.tokens)}" if model.tokens else ""
        table.add_row(plain(model.name), plain(model.title), _network(model), tokens, here)
    out.print(table)


def print_model(model: ModelInfo) -> None:
    """All that is known of one model."""
    out = console()
    out.print(f"{plain(model.name)}: {plain(model.title)}\n", soft_wrap=True)
    facts = [("place", model.path), ("here", _whether_here(model))]
    if model.parameters is not None:
        size = f"{_network(model)}, {model.parameters:,} parameters, {model.precision}"
        facts += [("network", size), ("tokens", _about_tokens(model)), ("", " ".join(model.tokens))]
    facts += _facts(model.provenance)
    for label, fact in facts:
        # Places and addresses stay whole, so that they can be copied.
        lines = [fact]
        if label not in ("url", "place"):
            lines = textwrap.wrap(
                fact, _WIDTH - _LABEL, break_on_hyphens=False, break_long_words=False
            )
        for k, line in enumerate(lines):
            head = "" if k else plain(label)
            out.print(f"{head:{_LABEL}}{plain(line)}", soft_wrap=True)


def print_places(models: Sequence[ModelInfo]) -> None:
    """Where models that were fetched lie."""
    for model in models:
        console().print(plain(f"{model.name} is at {model.path}"), soft_wrap=True)


def print_import(model: ModelInfo) -> None:
    """What was imported, and where it lies."""
    out = console()
    network = f"{_network(model)}, {counted(model.parameters or 0, 'parameter')}"
    out.print(f"{plain(model.name)}: {network}", soft_wrap=True)
    out.print(f"tokens: {_about_tokens(model)}", soft_wrap=True)
    print_places([model])


def _network(model: ModelInfo) -> str:
    return f"{model.layers} × {model.units}" if model.units else ""


def _about_tokens(model: ModelInfo) -> str:
    """How many, and how they compare with those that tunetrace reads."""
    words = f"{len(model.tokens)}"
    if model.has_v2_tokens:
        return f"{words}, those of folk-rnn v2"
    unread = model.unread_tokens
    if not unread:
        return f"{words}, all of which tunetrace reads"
    more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
    return f"{words}, of which tunetrace does not read {' '.join(unread[:_SHOWN])}{more}"


def _whether_here(model: ModelInfo) -> str:
    if model.is_here:
        return "yes"
    return model.problem or f"no; fetch it with: tunetrace model fetch {model.name}"


def _facts(provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is said of a model's making, a fact a line; what is in a dict under its name."""
    for name, value in provenance.items():
        if name in ("name", "title") or value is None:
            continue
        if not isinstance(value, dict):
            yield name, _in_words(name, value)
            continue
        for inner, part in value.items():
            if part is not None:
                yield name, f"{inner.replace('_', ' ')}: {_in_words(inner, part)}"
                name = ""


def _in_words(name: str, value: Any) -> str:
    """A fact of any kind; of a long list how many there are, and the first few."""
    if isinstance(value, float):
        # Losses are kept in nats a token.
        return f"{value / math.log(2):.3f} bits a token" if "loss" in name else f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if name == "seed" else f"{value:,}"
    if isinstance(value, list):
        parts = [_in_words(name, part) for part in value]
        if len(parts) <= _LISTED:
            return ", ".join(parts) or "none"
        first = ", ".join(parts[:_FIRST])
        return f"{len(parts):,}, namely {first} and {len(parts) - _FIRST:,} more"
    if isinstance(value, dict):
        words = [_fact(inner, part) for inner, part in value.items()]
        return "; ".join(words) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _fact(name: str, value: Any) -> str:
    """A fact with its name before it, set apart where it is more than a word."""
    words = _in_words(name, value)
    return f"{name.replace('_', ' ')}{':' if ' ' in words else ''} {words}"
