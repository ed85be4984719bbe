"""`tunetrace model show`: all that is known of a model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from tunetrace.commands.console import console, print_facts
from tunetrace.commands.options import PrintAs, json_option, show
from tunetrace.text import plain

if TYPE_CHECKING:
    from tunetrace import ModelInfo

_SHOWN_TOKENS: Final = 10
_SHORT_LIST: Final = 12
"""A longer list is printed as its length and its first few items."""
_FIRST_ITEMS: Final = 3


@click.command("show")
@click.argument("model", required=False)
@json_option
def show_model(model: str | None, print_as: PrintAs) -> None:
    """Show a model's network, tokens and origin.

    MODEL is a name from `model list`, a file, or the folder of a training. Default: the model that
    ships with tunetrace.

    \b
        tunetrace model show
        tunetrace model show folkrnn-v2
    """
    from tunetrace import model_info

    show(model_info(model), _print_model, print_as)


def _print_model(model: ModelInfo) -> None:
    console().print(f"{plain(model.name)}: {plain(model.title)}\n", soft_wrap=True)
    facts = [("path", model.path), ("here", _whether_here(model))]
    if model.parameters is not None:
        size = f"{network_size(model)}, {model.parameters:,} parameters, {model.precision}"
        facts += [("network", size), ("tokens", token_count(model)), ("", " ".join(model.tokens))]
    facts += _provenance_facts(model.provenance)
    print_facts(((plain(label), fact) for label, fact in facts), 12)


def network_size(model: ModelInfo) -> str:
    """The layers and units of a network: `3 × 512`."""
    return f"{model.layers} × {model.units}" if model.units else ""


def token_count(model: ModelInfo) -> str:
    """How many tokens a model has, and which of them tunetrace does not read."""
    count = f"{len(model.tokens)}"
    if model.has_v2_tokens:
        return f"{count}, the tokens of folk-rnn v2"
    unread = model.unread_tokens
    if not unread:
        return f"{count}, all of which tunetrace reads"
    more = f" and {len(unread) - _SHOWN_TOKENS} more" if len(unread) > _SHOWN_TOKENS else ""
    return f"{count}; tunetrace does not read {' '.join(unread[:_SHOWN_TOKENS])}{more}"


def _whether_here(model: ModelInfo) -> str:
    if model.is_here:
        return "yes"
    return model.problem or f"no; fetch it with: tunetrace model fetch {model.name}"


def _provenance_facts(provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each fact with its label. The facts of a dict are listed under the name of the dict."""
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
    """A fact of any kind; a long list as its length and its first few items."""
    if isinstance(value, float):
        # Losses are stored in nats per token.
        return f"{value / math.log(2):.3f} bits per token" if "loss" in name else f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if name == "seed" else f"{value:,}"
    if isinstance(value, list):
        parts = [_in_words(name, part) for part in value]
        if len(parts) <= _SHORT_LIST:
            return ", ".join(parts) or "none"
        first = ", ".join(parts[:_FIRST_ITEMS])
        return f"{len(parts):,}: {first} and {len(parts) - _FIRST_ITEMS:,} more"
    if isinstance(value, dict):
        words = [_named_fact(inner, part) for inner, part in value.items()]
        return "; ".join(words) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _named_fact(name: str, value: Any) -> str:
    """A fact after its name, with a colon between them if the fact is more than a word."""
    words = _in_words(name, value)
    return f"{name.replace('_', ' ')}{':' if ' ' in words else ''} {words}"
