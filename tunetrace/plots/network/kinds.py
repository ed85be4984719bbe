"""The kinds of pictures of a trace, and what each can be asked for."""

from __future__ import annotations

from typing import Final, NamedTuple


class PictureKind(NamedTuple):
    """A kind of picture."""

    shows: str
    takes: tuple[str, ...] = ()
    """The arguments of plot_trace that belong to it, besides the tune."""


KINDS: Final = {
    "softmax": PictureKind("the probability of every token at each step"),
    "tokens": PictureKind("the probability of some tokens along the tune", ("tokens",)),
    "layer": PictureKind("the activations of a layer at each step", ("layer", "part")),
    "histogram": PictureKind("how the activations are distributed, with a Laplace fit",
                             ("layer", "part")),
    "sorted": PictureKind("the activations sorted within each step", ("layer", "part")),
    "extremes": PictureKind("the largest magnitude of each unit, sorted", ("layer", "part")),
    "spectrum": PictureKind("at which periods each unit repeats", ("layer", "part")),
    "units": PictureKind("some units along the tune", ("layer", "part", "unit_numbers")),
    "gramian": PictureKind("how similar each step is to each other step"),
    "memory": PictureKind("what the network predicts beside what the corpus has"),
}  # fmt: skip
