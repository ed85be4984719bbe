"""The numbers that the post and its series publish, and the same numbers of a model.

"Making sense of the folk-rnn v2 model" (B. L. Sturm, 2017-2019): parts 2 and 3 on the softmax
matrix, part 5 on one transcription, parts 11 and 12 on the probability that a search leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tunetrace.arguments import public
from tunetrace.checker.post import TRANSCRIPTION
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.model.hooks import UnitPart, needs_gates
from tunetrace.model.inspect.statements.inspection import (
    Inspection,
    inspect_one,
    training_shares,
    values_of,
)
from tunetrace.model.inspect.statements.mass import LIKELY
from tunetrace.model.inspect.statements.rhythm import UnitShape
from tunetrace.model.inspect.statements.steps import Floats
from tunetrace.model.inspect.weights import column_correlations, softmax_of
from tunetrace.model.library.models import open_model
from tunetrace.model.library.published import PUBLISHED_MODELS
from tunetrace.model.records import Model
from tunetrace.model.trace import Trace
from tunetrace.records import Record
from tunetrace.text import counted, listed

THE_POSTS: Final = "folkrnn-v2"
"""The model of the post."""

_SHOWN: Final = 8
"""Units that a row names."""

_BEST: Final = 3
"""Units whose missed bar lines a row names."""


@dataclass(frozen=True, slots=True, repr=False)
class PostRow(Record):
    """A statement of the post or its series, and the same of a model."""

    subject: str
    """`activations`, `units`, `spectra`, `probabilities`, `softmax` …"""
    statement: str
    """What is stated."""
    post: str
    """What the post has."""
    here: str
    """What the model has, as text."""
    number: float | None
    """What the model has, if it is one number."""
    units: tuple[int, ...]
    """The units of the model, from 1, for which the statement is true."""
    post_units: tuple[int, ...]
    """The units that the post names. It does not say whether it counts them from 0 or from 1."""
    from_one: tuple[int, ...]
    """Those of post_units for which the statement is true if they are counted from 1."""
    from_zero: tuple[int, ...]
    """Those of post_units for which it is true if they are counted from 0."""


@dataclass(frozen=True, slots=True, repr=False)
class PostInspection(Record):
    """The statements of the post on the inside of its model, and those of a model."""

    model: str
    """The name of the model."""
    is_the_posts: bool
    """Whether it is folk-rnn v2, which should confirm the numbers."""
    layer: int
    """The layer, from 1."""
    part: UnitPart
    """Which values of its units: `hidden`, `cell`, or a gate."""
    transcription: str
    """The transcription of the post."""
    rows: tuple[PostRow, ...]
    """The statements."""
    inspection: Inspection
    """Everything on this transcription."""


@public
def inspect_post(
    model: Model | str | Path | None = None,
    *,
    layer: int | None = None,
    part: UnitPart = "hidden",
    index: Index | str | Path | None = None,
) -> PostInspection:
    """Run the transcription of the post through a model, and compare what the post states.

    model: open, or as open_model has it. layer: from 1 (default: the last one; the post looks at
    the third of three). index: for the share of each group in the training tunes, as in
    inspect_trace. Raises QueryError where the model lacks a token of the transcription, or the
    layer; ModelFileError for the model.
    """
    opened = open_model(model)
    known = set(opened.tokens.names)
    foreign = next((token for token in TRANSCRIPTION.split() if token not in known), None)
    if foreign is not None:
        raise QueryError(
            f"the model {opened.name} has no token '{foreign}', so it cannot read the "
            "transcription of the post; give a model with the tokens of folk-rnn v2"
        )
    traced = opened.trace(TRANSCRIPTION.split(), gates=needs_gates(part))
    values_of(traced, layer, part)  # which refuses what the trace lacks
    shares = training_shares(traced.names, opened, index)
    found = inspect_one(traced, layer, part, shares)
    rows = [*_of_activations(found), *_of_units(found), *_of_mass(traced, found)]
    rows += _of_softmax(opened, traced)
    return PostInspection(
        opened.name, _is_the_posts(opened), found.layer, part, TRANSCRIPTION, tuple(rows), found
    )


def _is_the_posts(model: Model) -> bool:
    published = PUBLISHED_MODELS[THE_POSTS].origin.git_blob
    return model.provenance.get("git_blob") == published


def _row(
    subject: str, statement: str, post: str, here: str, number: float | None = None
) -> PostRow:
    return PostRow(subject, statement, post, here, number, (), (), (), ())


def _unit_row(
    subject: str, statement: str, units: Sequence[int], post_units: Sequence[int]
) -> PostRow:
    """A statement on some units. units: those of the model, from 1, in their order."""
    true = set(units)
    shown = ", ".join(map(str, units[:_SHOWN])) + (" …" if len(units) > _SHOWN else "")
    return PostRow(
        subject=subject,
        statement=statement,
        post=", ".join(map(str, post_units)),
        here=f"{counted(len(units), 'unit')}: {shown}" if units else "none",
        number=float(len(units)),
        units=tuple(units),
        post_units=tuple(post_units),
        from_one=tuple(unit for unit in post_units if unit in true),
        from_zero=tuple(unit for unit in post_units if unit + 1 in true),
    )


def _of_activations(found: Inspection) -> Iterator[PostRow]:
    """Part 5: how sparse the layer is."""
    subject = "activations"
    yield _row(subject, "magnitude below 0.07", "about 80%", f"{found.small.share:.1%}",
               found.small.share)  # fmt: skip
    yield _row(subject, "magnitude above 0.8", "about 2%", f"{found.large.share:.1%}",
               found.large.share)  # fmt: skip
    large = found.large
    here = f"{large.units:.1f} ({large.fewest_units} to {large.most_units})"
    yield _row(subject, "units above 0.8 at a step", "about 10", here, large.units)


def _of_units(found: Inspection) -> Iterator[PostRow]:
    """Part 5: what single units do."""
    units = found.units
    yield _unit_row("units", "never above 0.004", found.off, (139, 219))
    yield _unit_row("units", "above 0.9998 at some step", found.saturated,
                    (445, 509, 227, 300, 169, 2, 187, 361))  # fmt: skip
    yield _unit_row("spectra", "nearly flat: one large spike", found.one_spike, (208, 327))
    yield _unit_row("spectra", "narrow comb: a few large spikes", found.few_spikes, (289, 440))
    yield _unit_row("spectra", "wide comb: regular spikes", found.regular_spikes, (34, 148, 188))
    of_nine = next((one.units for one in found.periodic if one.period == 9), ())
    yield _unit_row("spectra", "fundamental period of 9 steps", of_nine, (60, 97, 156, 203))
    yield _unit_row("spikes", "before nearly every |", _spiking(units, "|"), (156, 203))
    best = [one for one in found.before if one.bar_line == "|"][:_BEST]
    missed = [
        f"unit {one.unit}: {', '.join(str(line.step) for line in one.missed) or 'none'}"
        for one in best
    ]
    yield _row(
        "spikes", "the | that the best units miss, by step", "the first, and the one after |:",
        "; ".join(missed) or "no unit spikes before |",
        float(len(best[0].missed)) if best else None,
    )  # fmt: skip


def _spiking(units: Sequence[UnitShape], bar_line: str) -> list[int]:
    return [unit.unit for unit in units if bar_line in unit.before]


def _of_mass(traced: Trace, found: Inspection) -> Iterator[PostRow]:
    """Part 5: what the softmax gives."""
    subject = "probabilities"
    counts = found.bar_line_distances  # the most frequent first
    distances = ", ".join(f"{one.distance} ({one.count})" for one in counts[:4])
    yield _row(subject, "steps from bar line to bar line", "9, sometimes 8", distances or "none",
               float(counts[0].distance) if counts else None)  # fmt: skip
    for token in ("(3", "/2"):
        yield _token_row(traced, token, "about 0.01, never written", _median_text)
    for token in (">", "<"):
        decay = next((one for one in found.broken_rhythm if one.token == token), None)
        here, number = "no such token", None
        if decay is not None:
            here = f"{decay.slope:+.2f} in log10 in 100 steps"
            number = decay.slope
        yield _row(subject, f"{token} along the tune", "decays", here, number)
    yield _token_row(traced, "^F", "likely several times, written", _largest_text)
    yield _token_row(traced, "_B", "likely several times, never written", _largest_text)
    follow = found.accidentals
    here, number = "too few notes", None
    if follow is not None:
        number = follow.median
        here = f"rank correlation {follow.median:.2f}, by chance below {follow.chance:.2f}"
    yield _row(subject, "accidentals follow their naturals", "yes", here, number)
    entropy = found.entropy
    here, number = "no notes", None
    if entropy.at_parts is not None and entropy.elsewhere is not None:
        at = listed([f"step {one.step}: {one.bits:.1f}" for one in entropy.parts])
        here = f"{at}; elsewhere {entropy.elsewhere:.1f} bits"
        number = entropy.at_parts - entropy.elsewhere
    yield _row(subject, "pitches where parts begin", "broader at steps 3 and 74", here, number)


def _token_row(
    traced: Trace, token: str, post: str, shown: Callable[[Floats], tuple[str, float]]
) -> PostRow:
    names = traced.names
    if token not in names:
        return _row("probabilities", token, post, "no such token")
    music = traced.probabilities[2:, names.index(token)].astype(np.float64)
    written = traced.tokens.count(token)
    text, number = shown(music)
    times = f"written {written} times" if written != 1 else "written once"
    return _row("probabilities", token, post, f"{text}, {times if written else 'never written'}",
                number)  # fmt: skip


def _median_text(values: Floats) -> tuple[str, float]:
    median = float(np.median(values))
    return f"median {median:.2g}, most {values.max():.2g}", median


def _largest_text(values: Floats) -> tuple[str, float]:
    likely = int((values >= LIKELY).sum())
    return f"{LIKELY} or more at {likely} steps, most {values.max():.2g}", float(likely)


def _of_softmax(model: Model, traced: Trace) -> Iterator[PostRow]:
    """Parts 1 to 3, 11 and 12: the size of the network and its softmax."""
    subject = "softmax"
    sizes = model.sizes
    parameters = sizes.parameters
    yield _row(subject, "parameters of the network", "about 6,000,000", f"{parameters:,}",
               float(parameters))  # fmt: skip
    yield _row(
        subject, "its matrix: tokens × units", "137 × 512", f"{sizes.tokens} × {sizes.units}"
    )
    matrix, bias = softmax_of(model)
    largest = float(np.linalg.svd(matrix, compute_uv=False)[0])
    yield _row(subject, "its largest singular value", "about 509", f"{largest:.1f}", largest)
    r = column_correlations(matrix, bias)
    yield _row(subject, "a column's |r| with the bias, most", "about 0.8", f"{r.bias_most:.2f}",
               r.bias_most)  # fmt: skip
    yield _row(subject, "the same, mean", "about 0.4", f"{r.bias_mean:.2f}", r.bias_mean)
    names = model.tokens.names
    least = [names[number] for number in np.argsort(bias, kind="stable")[:6].tolist()]
    yield _row(subject, "least likely by the bias alone", "<s> =f' 16 (7 ^f' =C,", " ".join(least))
    for kept, post in ((7, "about 1%"), (14, "about 0.1%"), (28, "about 0.01%")):
        lost = _lost(traced, kept)
        yield _row(subject, f"lost in 2 steps with {kept} tokens kept", post, f"{lost:.2%}", lost)


def _lost(traced: Trace, kept: int) -> float:
    """The probability that two steps in a row lose if only the likeliest tokens are kept: the mean
    over the steps of the tune."""
    ordered = np.sort(traced.probabilities.astype(np.float64), axis=1)[:, ::-1]
    share = np.minimum(ordered[:, :kept].sum(axis=1) / ordered.sum(axis=1), 1.0)
    return float((1 - share[:-1] * share[1:]).mean())
