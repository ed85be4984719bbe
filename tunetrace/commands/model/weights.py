"""`tunetrace model weights`: what a model's weights say by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.options import PrintAs, json_option, show
from tunetrace.text import share

if TYPE_CHECKING:
    from tunetrace import ColumnCorrelations, TokenWeight, UnitPair, WeightsReport

_NAMED: Final = 4
"""Tokens that are named at either end of a vector."""


@click.command()
@click.argument("model", required=False)
@json_option
def weights(model: str | None, print_as: PrintAs) -> None:
    """Show what a model's weights say by themselves.

    The singular vectors of the softmax matrix with the tokens that they favour, how alike its
    columns are, the tokens that the bias alone makes likely or unlikely, and how near each gate of
    the first layer places octaves, enharmonics, durations and other kinds of tokens. MODEL is a
    name from `model list` or a file. Default: the model that ships with tunetrace.

    \b
        tunetrace model weights
        tunetrace model weights folkrnn-v2 --json
    """
    from tunetrace import inspect_weights

    show(inspect_weights(model), _print_weights, print_as)


def _print_weights(found: WeightsReport) -> None:
    out = console()
    out.print(found.model, style="bold", soft_wrap=True)
    out.print("\nSingular vectors of the softmax matrix\n")
    columns = (">vector", ">value", ">share", "raises", "lowers")
    rows = [
        (
            one.number,
            f"{one.value:.2f}",
            share(one.share),
            _tokens(one.raised[:_NAMED]),
            _tokens(one.lowered[:_NAMED]),
        )
        for one in found.vectors
    ]
    out.print(make_table(columns, rows))
    _print_correlations(found.correlations)
    out.print("\nProbabilities if the last layer gives zeros, by the bias alone\n")
    sides = zip(found.likeliest, found.unlikeliest, strict=True)
    pairs = [(a.token, f"{a.weight:.2%}", b.token, f"{b.weight:.2%}") for a, b in sides]
    out.print(make_table(("most probable", ">", "least probable", ">"), pairs))
    _print_gates(found)


def _tokens(tokens: Sequence[TokenWeight]) -> str:
    return " ".join(one.token for one in tokens)


def _print_correlations(found: ColumnCorrelations) -> None:
    out = console()
    out.print("\nCorrelations of the softmax matrix's columns, one for each unit\n")
    lines = [f"two columns: {found.mean:.2f} in magnitude on average"]
    if found.most_alike is not None and found.most_opposite is not None:
        lines.append(f"the most alike: {_pair(found.most_alike)}")
        lines.append(f"the most opposite: {_pair(found.most_opposite)}")
    lines.append(
        f"a column and the bias: {found.bias_mean:.2f} in magnitude on average, at most "
        f"{found.bias_most:.2f} (unit {found.bias_unit})"
    )
    for line in lines:
        out.print(f"  {line}", soft_wrap=True)


def _pair(pair: UnitPair) -> str:
    first, second = pair.units
    return f"units {first} and {second}, {pair.correlation:+.2f}"


def _print_gates(found: WeightsReport) -> None:
    """For each kind of pairs how often a gate places a partner nearer than others."""
    out = console()
    out.print("\nLayer 1: how often two tokens of a kind are nearer than others (0.50 is chance)\n")
    names = [gate.gate for gate in found.gates]
    rows = []
    for kinds in zip(*(gate.kinds for gate in found.gates), strict=True):
        rows.append((kinds[0].kind, kinds[0].pairs, *(f"{one.nearer:.2f}" for one in kinds)))
    columns = ("kind", ">pairs", *(f">{name}" for name in names))
    out.print(make_table(columns, rows))
